"""``make bench``: prints a table and writes benchmarks/results/latest.json; medians of several runs.

Every ratio compares with bare single-thread PyNaCl verifications per second measured in the same run. Each
measurement that reports memory or start-up runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
ACTIONS = 100_000
RUNS = 3
TARGETS = {
    "ingest_verify_ratio": (">=", 0.8),
    "catchup_verify_ratio": (">=", 0.7),
    "catchup_full_wire_ratio": ("<=", 1.15),
    "live_latency_ms": ("<", 150),
    "open_100k_s": ("<=", 1.0),
    "window_start_s": ("<=", 2.0),
    "disk_bytes_per_action": ("<=", 650),
    "node_peak_mib": ("<=", 250),
    "window_peak_mib": ("<=", 400),
    "tally_parse_ratio": ("<=", 6),
    "final_latency_ms_4": ("<", 500),
    "snapshot_ratio": ("<=", 0.2),
    "certificate_bytes": ("<=", 10_000),
    "hostile_ratio": (">=", 0.5),
    "hostile_growth_mib": ("<=", 64),
    "resync_heads_0_bytes": ("<=", 200),
    "resync_heads_10_bytes": ("<=", 2_000),
    "resync_heads_1000_bytes": ("<=", 80_000),
    "resync_heads_1000_side_cpu_ms": ("<=", 50),
}


def verify_rate() -> float:
    """Bare single-thread PyNaCl verifications per second."""
    import nacl.bindings
    import nacl.signing

    key = nacl.signing.SigningKey.generate()
    public, message = bytes(key.verify_key), b"guildhall/action/1\0" + bytes(32)
    signed = key.sign(message).signature + message
    count = 4_000
    started = time.perf_counter()
    for _ in range(count):
        nacl.bindings.crypto_sign_open(signed, public)
    return count / (time.perf_counter() - started)


def ingest() -> dict[str, Any]:
    """Foreign actions: decoded strictly, verified, stored durably, ordered, applied, rooted; as a node does it."""
    runs = [_child("ingest") for _ in range(RUNS)]
    found = _medians(runs)
    found["ingest_verify_ratio"] = statistics.median(r["ingest_per_s"] / r["verify_per_s"] for r in runs)
    return found


def _ingest_once() -> dict[str, float]:
    import trio

    from benchmarks import workload
    from dao_app.app.organisation import Organisation
    from dao_app.bootstrap.engine import judge_with
    from dao_app.crypto.pool import VerifierPool
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.random import SystemRandom
    from dao_app.store.log import SqlStore
    from tests.fakes.world import FakeClock

    load = workload.load(ACTIONS)
    rate = verify_rate()
    folder = Path(tempfile.mkdtemp(dir=workload.WORK))
    verifier = SodiumVerifier()
    pool = VerifierPool(verifier)
    pool.submit(load.envelopes[:10]).result()  # the worker's start is not part of the work
    org = Organisation(
        load.org_id,
        SqlStore(folder / "log.db"),
        verifier,
        FakeClock(workload.END_MS),
        SystemRandom(),
        judge=judge_with(pool),
    )

    async def play() -> float:
        started = time.perf_counter()
        await org.admit_certificates(load.certificates)
        report = await org.admit(load.envelopes)
        spent = time.perf_counter() - started
        assert report.stored == len(load.envelopes) and org.height() == len(load.certificates) and not org.conflict
        return spent

    spent = trio.run(play)
    rejected = sum(len(org.store.verdicts(org.store.order(h))) for h in range(1, org.height() + 1))
    org.store.close()
    pool.close()
    size = sum(p.stat().st_size for p in folder.iterdir())
    shutil.rmtree(folder)
    count = len(load.envelopes)
    return {
        "ingest_per_s": count / spent, "verify_per_s": rate, "disk_bytes_per_action": size / count,
        "envelope_bytes": sum(map(len, load.envelopes)) / count, "checkpoints": len(load.certificates),
        "rejected_share": rejected / count, "ingest_peak_mib": _peak_mib(),
    }  # fmt: skip


def local() -> dict[str, Any]:
    """Own actions one by one: drafted, judged, signed, durably stored."""
    return _medians([_child("local") for _ in range(RUNS)])


def _local_once() -> dict[str, float]:
    from tests.fakes.world import World

    folder = Path(tempfile.mkdtemp(dir=_work()))
    world = World(folder)
    world.seal()
    count = 1_000
    started = time.perf_counter()
    for number in range(count):
        world.main.write("contribution.claim", {"title": f"Helped with item {number}"})
    spent = time.perf_counter() - started
    world.main.store.close()
    shutil.rmtree(folder)
    return {"local_actions_per_s": count / spent}


def opening() -> dict[str, Any]:
    """Opening a folder with 100,000 sealed actions and showing its tasks' number, in a fresh process."""
    folder = _folder_with(ACTIONS)
    runs = [_child("open", str(folder)) for _ in range(RUNS)]
    return _medians(runs)


def _open_once(folder: str) -> dict[str, float]:
    from dao_app.app.organisation import Organisation
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.clock import SystemClock
    from dao_app.platform.random import SystemRandom
    from dao_app.store.log import SqlStore

    org_id = bytes.fromhex((Path(folder) / "org").read_text())
    started = time.perf_counter()
    org = Organisation(org_id, SqlStore(Path(folder) / "log.db"), SodiumVerifier(), SystemClock(), SystemRandom())
    org.replay.derive()
    assert org.height() > 0 and org.store.of_type("task.open")
    spent = time.perf_counter() - started
    return {"open_100k_s": spent, "open_peak_mib": _peak_mib()}


def node() -> dict[str, Any]:
    """Peak memory of `guildhall node run` on a folder with 100,000 actions, all views asked for once."""
    return _medians([_child("node", str(_folder_with(ACTIONS))) for _ in range(1)])


def _node_once(folder: str) -> dict[str, float]:
    from dao_app.bootstrap.engine import EngineThread, Options
    from dao_app.platform.callers import HandleCaller

    home = Path(tempfile.mkdtemp(dir=_work())) / "home"
    org_id = (Path(folder) / "org").read_text()
    target = home / "orgs" / org_id
    target.mkdir(parents=True)
    for path in Path(folder).glob("log.db*"):
        shutil.copy(path, target)
    engine = EngineThread(Options(home, network=True, mdns=False, vault_cost="least"))
    service = engine.wait_ready()
    caller = HandleCaller(engine)
    for method in ("trust", "log_list", "state_root", "token_ledger", "member_list"):
        caller.call(method, {"org": org_id})
    assert service.org_list()
    engine.close()
    shutil.rmtree(home.parent)
    return {"node_peak_mib": _peak_mib()}


def window() -> dict[str, Any]:
    """From the start of the process to the first painted window, on a folder with 20,000 actions; its peak
    memory with 100,000, every page shown once."""
    from benchmarks.catchup import make_home

    found: dict[str, Any] = {}
    for actions, name, runs in ((20_000, "window_start_s", RUNS), (ACTIONS, "window_peak_mib", 1)):
        home = _work() / f"home-{actions}"
        shutil.rmtree(home, ignore_errors=True)
        make_home(home, actions)
        found[name] = _medians([_child("window", str(home)) for _ in range(runs)])[name]
        shutil.rmtree(home)
    return found


def _window_once(home: str) -> dict[str, float]:
    from benchmarks.window_start import measure

    return measure(Path(home))


def catchup() -> dict[str, Any]:
    """An empty peer fetches everything from another process over libp2p on loopback."""
    from benchmarks.catchup import measure

    return measure(ACTIONS, RUNS, verify_rate)


def live() -> dict[str, Any]:
    """From a gesture in one process to the change in another's engine."""
    from benchmarks.live import measure

    return measure()


def idle() -> dict[str, Any]:
    """Bytes and processor time of a node with 20 connected members while nothing happens; memory of an organisation."""
    return _child("idle")


def _idle_once() -> dict[str, float]:
    from benchmarks.idle import measure

    return measure(_work())


def resync() -> dict[str, Any]:
    """Bytes and turns of meeting again: small sessions as a whole, and the comparison of 10,000 heads."""
    return _child("resync")


def _resync_once() -> dict[str, float]:
    from benchmarks import reconcile, resync

    return {**resync.measure(), **reconcile.measure()}


def snapshot() -> dict[str, Any]:
    """The certified state of 100,000 actions instead of deriving them; the replay is measured beside it."""
    folder = _folder_with(ACTIONS)
    runs = []
    for _ in range(RUNS):
        replay = ACTIONS / _child("ingest")["ingest_per_s"]
        runs.append(_child("snapshot", str(folder), repr(replay)))
    return _medians(runs)


def _snapshot_once(folder: str, replay_s: str) -> dict[str, float]:
    from benchmarks.snapshot import measure

    return measure(Path(folder), _work(), float(replay_s))


def finality() -> dict[str, Any]:
    """Action to final at 150 ms there and back, and with witnesses that are never on together; simulated."""
    return _child("finality")


def _finality_once() -> dict[str, float]:
    from benchmarks.finality import measure

    return measure()


def tally() -> dict[str, Any]:
    """Tally files of every method, by the time that parsing the same bytes takes."""
    return _child("tally")


def _tally_once() -> dict[str, float]:
    from benchmarks.tally import measure

    return measure()


def witnesses() -> dict[str, Any]:
    """Latency of finality over processes, bytes of checkpoints and proofs, cost of sealing by the state's size."""
    from benchmarks.witnesses import measure

    return measure()


def verifier() -> dict[str, Any]:
    """The independent verifier derives a bundle of 20,000 actions again, in a process of its own."""
    from benchmarks.verifier import ACTIONS as SOME
    from benchmarks.verifier import measure

    folder = _folder_with(SOME)
    return _medians([measure(folder, verify_rate()) for _ in range(RUNS)])


def _folder_with(actions: int) -> Path:
    """A store with the workload in it, kept between runs."""
    from benchmarks import workload
    from dao_app.app.organisation import Organisation
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.random import SystemRandom
    from dao_app.store.log import SqlStore
    from tests.fakes.world import FakeClock

    folder = _work() / f"store-{actions}"
    if (folder / "org").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    load = workload.load(actions)
    org = Organisation(
        load.org_id, SqlStore(folder / "log.db"), SodiumVerifier(), FakeClock(workload.END_MS), SystemRandom()
    )
    org.admit_certificates_now(load.certificates)
    for start in range(0, len(load.envelopes), 2_000):
        org.admit_now(load.envelopes[start : start + 2_000])
    assert org.height() == len(load.certificates)
    org.store.close()
    (folder / "org").write_text(load.org_id.hex())
    return folder


def _work() -> Path:
    from benchmarks import workload

    workload.WORK.mkdir(exist_ok=True)
    return workload.WORK


def _peak_mib() -> float:
    """Of this process alone: getrusage would count what it was before exec as well."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def hostile() -> dict[str, Any]:
    """Honest throughput under each attack of the kit, against the same without."""
    from benchmarks.hostile import measure

    return measure()


def _child(name: str, *args: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "BENCH_STARTED": repr(time.time())}
    command = [sys.executable, "-m", "benchmarks.run", "--child", name, *args]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4_000:]}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _medians(runs: list[dict[str, float]]) -> dict[str, Any]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


CHILDREN: dict[str, Callable[..., dict[str, float]]] = {
    "ingest": _ingest_once, "local": _local_once, "open": _open_once, "node": _node_once, "window": _window_once,
    "tally": _tally_once, "snapshot": _snapshot_once,
    "finality": _finality_once, "resync": _resync_once, "idle": _idle_once,
}  # fmt: skip
ALL: dict[str, Callable[[], dict[str, Any]]] = {
    "ingest": ingest, "local": local, "open": opening, "node": node, "start": window, "catchup": catchup,
    "tally": tally, "witnesses": witnesses, "verifier": verifier, "snapshot": snapshot,
    "finality": finality, "resync": resync, "live": live, "idle": idle, "hostile": hostile,
}  # fmt: skip


def machine() -> dict[str, Any]:
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else ""
    return {
        "processor": model, "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system(),
        "measured": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="|".join(ALL))
    parser.add_argument("--child", nargs="+")
    given = parser.parse_args()
    if given.child:
        print(json.dumps(CHILDREN[given.child[0]](*given.child[1:])))
        return
    wanted = given.only.replace(",", "|").split("|") if given.only else list(ALL)
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    figures: dict[str, Any] = kept.get("figures", {})
    for name in wanted:
        figures.update(ALL[name]())
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=1, sort_keys=True) + "\n")
    for name, value in sorted(figures.items()):
        if not isinstance(value, (int, float)):
            print(f"{name:28} {value}")
            continue
        target = TARGETS.get(name)
        said = "" if target is None else f"  target {target[0]} {target[1]}"
        print(f"{name:28} {value:14,.3f}{said}")


if __name__ == "__main__":
    main()
