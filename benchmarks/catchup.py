"""An empty peer joins and gets 100,000 actions from another process over libp2p on loopback: by a snapshot, and all of
the history instead (``full``: snapshots switched off), which it derives itself.

The clock starts when the request to join is made and stops when state root and height are equal, so joining
itself (sealing the request, about 1.5 s) is in it.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PASSPHRASE = "benchmark passphrase"
LIMIT_S = 300.0
ASK_EVERY_S = 0.1


def measure(actions: int, runs: int, verify_rate: Callable[[], float]) -> dict[str, Any]:
    """Medians over ``runs``; the ratio, of the whole history, against verifications per second measured before each
    run."""
    from benchmarks.workload import load

    own = sum(map(len, load(actions).envelopes)) / actions
    found = []
    for _ in range(runs):
        one = _once(actions, "snapshot")
        rate = verify_rate()
        full = _once(actions, "full")
        one["catchup_full_s"] = full["catchup_s"]
        one["catchup_full_peak_mib"] = full["catchup_peak_mib"]
        one["catchup_full_wire_ratio"] = full["catchup_wire_bytes_per_action"] / own
        one["catchup_verify_ratio"] = actions / full["catchup_s"] / rate
        found.append(one)
    return {name: statistics.median(run[name] for run in found) for name in found[0]}


def _once(actions: int, how: str) -> dict[str, float]:
    from benchmarks.workload import WORK, load

    folder = WORK / "catchup"
    shutil.rmtree(folder, ignore_errors=True)
    server = make_home(folder / "server", actions)
    (folder / "client").mkdir(parents=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    workload = load(actions)
    size = str(len(workload.envelopes)), str(len(workload.certificates))
    words = [sys.executable, "-m", "benchmarks.catchup"]
    serving = subprocess.Popen([*words, "serve", str(server)], stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT)
    assert serving.stdout is not None
    try:
        told = json.loads(serving.stdout.readline())
        done = subprocess.run(
            [*words, "fetch", str(folder / "client"), told["link"], *size, how],
            capture_output=True, text=True, env=env, cwd=ROOT, check=False, timeout=LIMIT_S,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"catch-up failed:\n{done.stderr[-3_000:]}")
        found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return found
    finally:
        serving.kill()
        serving.wait()
        serving.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def make_home(home: Path, actions: int) -> Path:
    """A founder's data folder with the workload in it."""
    from benchmarks.run import _folder_with
    from benchmarks.workload import load
    from dao_app.bootstrap.home import FolderHome
    from dao_app.core.encoding import encode
    from dao_app.core.envelope import device_message
    from dao_app.crypto.keys import SeedSigner

    workload = load(actions)
    name = workload.org_id.hex()
    target = home / "orgs" / name
    target.mkdir(parents=True)
    for path in _folder_with(actions).glob("log.db*"):
        shutil.copy(path, target)
    folder = FolderHome(home, vault_cost="least")
    vault = folder.create_vault(PASSPHRASE)
    root, device = SeedSigner(workload.founder[0]), SeedSigner(workload.founder[1])
    vault.put("identity", bytes(32))
    vault.put(f"{name}.device", workload.founder[1])
    vault.put(f"{name}.witness", encode([workload.founder[2]]))
    vault.put(f"{name}.keys", encode([[0, bytes(range(32))]]))
    certificate = root.sign(device_message(workload.org_id, device.public))
    vault.put(f"{name}.cert", encode([root.public, device.public, certificate]))
    folder.save_profile({"member": root.public.hex(), "name": "Founder", "words_confirmed": True})
    return home


def _engine(home: Path) -> Any:
    from dao_app.bootstrap.engine import EngineThread, Options

    engine = EngineThread(Options(home, listen=("/ip4/127.0.0.1/tcp/0",), mdns=False, socket=False, vault_cost="least"))
    engine.wait_ready()
    return engine


def _call(engine: Any, method: str, **params: Any) -> Any:
    from dao_app.platform.callers import HandleCaller

    return HandleCaller(engine).call(method, params)


def serve(home: Path) -> None:
    engine = _engine(home)
    _call(engine, "identity_unlock", passphrase=PASSPHRASE)
    while True:
        made = _call(engine, "invite_create", org="", uses=5)
        if _call(engine, "invite_read", link=made["link"])["addresses"]:
            break
        time.sleep(0.1)
    print(json.dumps({"link": made["link"]}), flush=True)
    while True:
        time.sleep(3_600)


def fetch(home: Path, link: str, actions: int, height: int, how: str) -> None:
    import psutil

    from dao_app.app import snapshots

    if how == "full":
        snapshots.BEHIND_MIN = 1 << 40  # never so far behind that the state itself is fetched

    engine = _engine(home)
    _call(engine, "identity_create", name="Newcomer", passphrase=PASSPHRASE)
    before = psutil.net_io_counters(pernic=True)["lo"].bytes_recv
    started = time.perf_counter()
    _call(engine, "join", link=link)
    while not _has(engine, actions, height):
        time.sleep(ASK_EVERY_S)
    spent = time.perf_counter() - started
    wire = psutil.net_io_counters(pernic=True)["lo"].bytes_recv - before
    told = {"catchup_s": spent, "catchup_wire_bytes_per_action": wire / actions, "catchup_peak_mib": _peak()}
    print(json.dumps(told))
    sys.stdout.flush()
    engine.close()


def _has(engine: Any, actions: int, height: int) -> bool:
    """What is asked is work for the engine too: the dear question only once the answer may be yes."""
    reached = _call(engine, "status", org="")["height"] >= height
    return bool(reached and _call(engine, "trust", org="")["actions_final"] >= actions)


def _peak() -> float:
    from benchmarks.run import _peak_mib

    return _peak_mib()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        fetch(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
