"""Milliseconds from a gesture on one member's engine to the change on another's, in another process over loopback.

The clock starts when the use case is called (drafting, signing and syncing to disk are in it) and stops when the other
engine hands its window a change that names the action's organisation and the action is in its log. Both processes read
one monotonic clock. Hints and sessions are as in the program; nothing is sealed meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.catchup import PASSPHRASE, ROOT, _call, _engine, make_home

ACTIONS = 2_000  # that both hold before
SAMPLES = 60
PAUSE_S = 0.25  # between two gestures: more than the windows' coalescing


def measure() -> dict[str, float]:
    from benchmarks.workload import WORK

    folder = WORK / "live"
    shutil.rmtree(folder, ignore_errors=True)
    server = make_home(folder / "server", ACTIONS)
    (folder / "client").mkdir(parents=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "benchmarks.live"]
    serving = subprocess.Popen(
        [*words, "serve", str(server)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    assert serving.stdout is not None and serving.stdin is not None
    try:
        link = json.loads(serving.stdout.readline())["link"]
        watching = subprocess.Popen(
            [*words, "watch", str(folder / "client"), link], stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
        )
        assert watching.stdout is not None
        try:
            assert json.loads(watching.stdout.readline())["ready"]
            serving.stdin.write("go\n")
            serving.stdin.flush()
            begun = json.loads(serving.stdout.readline())["begun"]
            seen = json.loads(watching.stdout.readline())["seen"]
        finally:
            watching.kill()
            watching.wait()
            watching.stdout.close()
        spent = sorted(1_000 * (seen[entry] - at) for entry, at in begun.items())
        last = spent[max(0, len(spent) * 99 // 100 - 1)]
        return {"live_latency_ms": statistics.median(spent), "live_latency_ms_p99": last}
    finally:
        serving.kill()
        serving.wait()
        serving.stdout.close()
        serving.stdin.close()
        shutil.rmtree(folder, ignore_errors=True)


def serve(home: Path) -> None:
    engine = _engine(home)
    _call(engine, "identity_unlock", passphrase=PASSPHRASE)
    while True:
        made = _call(engine, "invite_create", org="", uses=5)
        if _call(engine, "invite_read", link=made["link"])["addresses"]:
            break
        time.sleep(0.1)
    print(json.dumps({"link": made["link"]}), flush=True)
    sys.stdin.readline()
    begun = {}
    for number in range(SAMPLES):
        at = time.monotonic()
        begun[_call(engine, "contribution_claim", org="", title=f"gesture {number}")["id"]] = at
        time.sleep(PAUSE_S)
    print(json.dumps({"begun": begun}), flush=True)
    time.sleep(3_600)


def watch(home: Path, link: str) -> None:
    engine = _engine(home)
    _call(engine, "identity_create", name="Newcomer", passphrase=PASSPHRASE)
    _call(engine, "join", link=link)
    while _call(engine, "trust", org="")["actions_final"] < ACTIONS:
        time.sleep(0.1)
    time.sleep(2)
    changed = threading.Event()
    at = [0.0]

    def sink(_: Any) -> None:
        at[0] = time.monotonic()
        changed.set()

    engine.subscribe(sink)
    print(json.dumps({"ready": True}), flush=True)
    seen: dict[str, float] = {}
    while len(seen) < SAMPLES:
        if not changed.wait(30):
            break
        changed.clear()
        when = at[0]
        for row in _call(engine, "log_list", org="", limit=8):
            if row["type"] == "contribution.claim":
                seen.setdefault(row["id"], when)
    print(json.dumps({"seen": seen}), flush=True)
    time.sleep(3_600)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        watch(Path(sys.argv[2]), sys.argv[3])
