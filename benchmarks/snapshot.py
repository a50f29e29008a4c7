"""A certified snapshot of 100,000 actions against deriving them: bytes, and time until the state stands.

The serving side's work (reading and encoding buckets) is counted too, although another machine does it; the
network is not. What follows afterwards (history, derived again in the background) is told apart.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import trio


def measure(folder: Path, work: Path, replay_s: float) -> dict[str, float]:
    """``folder`` holds the store to serve from; ``replay_s``: what taking in and deriving all of it costs here."""
    from benchmarks import workload
    from dao_app.app.organisation import Organisation
    from dao_app.app.snapshots import Intake, served_buckets, served_head
    from dao_app.core.finality.snapshot import SLOTS
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.random import SystemRandom
    from dao_app.store.log import SqlStore
    from tests.fakes.world import FakeClock

    org_id = bytes.fromhex((folder / "org").read_text())
    verifier, clock, random = SodiumVerifier(), FakeClock(workload.END_MS), SystemRandom()
    source = Organisation(org_id, SqlStore(folder / "log.db"), verifier, clock, random)
    home = Path(tempfile.mkdtemp(dir=work))
    org = Organisation(org_id, SqlStore(home / "log.db"), verifier, clock, random)
    started = time.perf_counter()
    intake, size = Intake(org), 0
    served = served_head(source, 0)
    assert served is not None
    size += len(served[0]) + sum(map(len, served[1]))
    intake.take_head(*served)
    while wanted := intake.wanted(SLOTS):
        rows = list(served_buckets(source, wanted, 1024 * 1024))
        size += sum(len(raw) for _, raw in rows)
        intake.take_buckets(source.height(), rows)
    intake.install()
    spent = time.perf_counter() - started
    assert org.replay.final.root == source.replay.final.root and org.height() == source.height()
    history_s = _history(source, org)
    for one in (source, org):
        one.store.close()
    shutil.rmtree(home)
    return {
        "snapshot_s": spent, "snapshot_ratio": spent / replay_s, "snapshot_bytes": size, "history_s": history_s,
    }  # fmt: skip


def _history(source: object, org: object) -> float:
    """Fetching the whole history and deriving it again, which goes on beside all else."""
    from dao_app.app.organisation import Organisation

    assert isinstance(source, Organisation) and isinstance(org, Organisation)

    async def play() -> float:
        started = time.perf_counter()
        while not org.history.is_fetched:
            ranges, ids, certificates = org.history.wants(10_000, 50_000)
            for device, first, last in ranges:
                await org.admit(source.envelopes(device, first, last, 1 << 30))
            await org.admit(source.envelopes_of(ids, 1 << 30))
            if certificates:
                await org.admit_certificates(source.certificates(certificates, 1 << 30))
        assert await org.history.fill(trio.lowlevel.checkpoint, lambda done, total: None)
        return time.perf_counter() - started

    return trio.run(play)
