"""A node with 20 members connected to it while nothing happens, over loopback; and the memory of one more organisation.

The members' hosts run in one other process. Bytes are the sessions' own, both ways, without Noise and TCP; gossip's
heartbeats are outside. Extrapolated from ``SECONDS``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from dao_app.app.organisation import Organisation
from dao_app.store.log import SqlStore
from tests.fakes.world import ORG_KEY, World
from tests.net.worlds import LOOPBACK, networks, until
from tools.crowd import _line, _say, make

PEERS = 20
SECONDS = 60
SETTLE_S = 60  # until so many are connected; figures are of those that are then
MORE_ORGS = 20


def measure(folder: Path) -> dict[str, float]:
    with TemporaryDirectory(dir=folder) as name:
        return trio.run(_measure, Path(name))


def _start_crowd() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


async def _measure(folder: Path) -> dict[str, float]:
    world, members = make(folder, PEERS + 1)
    org, org_id = world.main, world.org_id
    org.certificate_of_device = bytes.fromhex(members[0]["certificate"])
    org.ring.hold(0, ORG_KEY)
    others = _start_crowd()
    try:
        async with networks(1) as (net,):
            await net.start(org, world.founder.device, LOOPBACK, False)
            _say(others, {"org": org_id.hex(), "now": world.clock.now, "members": members[1:]})
            await trio.to_thread.run_sync(_line, others)
            address = net.addresses(org_id)[0]

            def connected() -> int:
                return sum(bool(p.connected and p.agrees) for p in net.peers(org_id))

            _say(others, {"dials": [[address]] * PEERS, "actions": org.store.counts().actions})
            with suppress(trio.TooSlowError):
                await until(lambda: connected() == PEERS, SETTLE_S)
            peers = connected()
            before, spent = sum(net.traffic(org_id)), time.process_time()
            await trio.sleep(SECONDS)
            sent, busy = sum(net.traffic(org_id)) - before, time.process_time() - spent
    finally:
        others.kill()
        others.communicate()
    return {
        "idle_peers": float(peers), "idle_bytes_per_hour": sent * 3_600 / SECONDS,
        "idle_cpu_percent": 100 * busy / SECONDS, "org_memory_kib": _memory(folder),
    }  # fmt: skip


def _memory(folder: Path) -> float:
    """Resident memory of one more small organisation that is open."""
    worlds = [World(folder / f"more{number}", seed=number) for number in range(MORE_ORGS)]
    for world in worlds:
        world.main.store.close()
    before = _resident_kib()
    found = [
        Organisation(world.org_id, SqlStore(world.folders[0] / "log.db"), world.verifier, world.clock, world.random)
        for world in worlds
    ]
    return (_resident_kib() - before) / len(found)


def _resident_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0
