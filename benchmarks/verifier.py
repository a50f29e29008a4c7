"""The independent verifier on a bundle of some 20,000 actions: actions per second, reading included."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import workload
from dao_app.app.bundles import export_bundle
from dao_app.app.organisation import Organisation
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import FakeClock

ACTIONS = 20_000
TOOL = Path(__file__).parents[1] / "tools" / "guildhall_verify.py"


async def _go_on() -> None:
    """Nobody else waits for this process."""


def bundle_of(folder: Path) -> Path:
    """The workload as a bundle, made if it is not there yet; ``folder`` is a store with it."""
    import trio

    path = folder / "org.car"
    if not path.exists():
        org_id = bytes.fromhex((folder / "org").read_text())
        clock = FakeClock(workload.END_MS)
        org = Organisation(org_id, SqlStore(folder / "log.db"), SodiumVerifier(), clock, SystemRandom())
        trio.run(export_bundle, org, path, _go_on, lambda done, whole: None)
        org.store.close()
    return path


def measure(folder: Path, verify_rate: float) -> dict[str, float]:
    """Run the tool as anybody would; ``verify_rate`` is of bare verifications per second in the same run."""
    path = bundle_of(folder)
    started = time.perf_counter()
    subprocess.run([sys.executable, str(TOOL), str(path), "--json"], check=True, stdout=subprocess.DEVNULL)
    rate = ACTIONS / (time.perf_counter() - started)
    return {"verifier_per_s": rate, "verifier_verify_ratio": rate / verify_rate}
