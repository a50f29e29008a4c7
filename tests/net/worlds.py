"""Networks over loopback for tests: hosts with real replicas, real signatures and real libp2p."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import trio

from dao_app.app.organisation import Organisation
from dao_app.app.ports import NetworkEvents, Random
from dao_app.core.encoding import encode
from dao_app.core.envelope import device_message
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net.network import LibNetwork, open_network
from dao_app.platform.clock import SystemClock
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import ORG_KEY, Person, World

LOOPBACK = ("/ip4/127.0.0.1/tcp/0",)
WAIT_S = 20.0  # ample for a busy machine; a test that reaches it fails


class Told(NetworkEvents):
    """What the network told the engine."""

    def __init__(self) -> None:
        self.progress_seen: list[tuple[int, int]] = []
        self.refused: list[str] = []

    def peers_changed(self, org_id: bytes) -> None: ...
    def join_refused(self, org_id: bytes, code: str) -> None:
        self.refused.append(code)

    def progress(self, org_id: bytes, done: int, total: int) -> None:
        self.progress_seen.append((done, total))


class LateClock(SystemClock):
    """The machine's clock, set wrong."""

    def __init__(self, late_ms: int) -> None:
        self._late_ms = late_ms

    def now_ms(self) -> int:
        return super().now_ms() - self._late_ms


def equip(world: World, person: Person, org: Organisation, key: bool = True) -> None:
    """Give a replica what its hello needs: certificate and, for members, the organisation's key."""
    device = person.device.public
    signature = person.root.sign(device_message(world.org_id, device))
    org.certificate_of_device = encode([person.root.public, device, signature])
    if key:
        org.ring.hold(0, ORG_KEY)


def empty_replica(world: World, person: Person) -> Organisation:
    """The replica of somebody who knows the organisation's id alone."""
    folder = world.folder / f"empty-{person.device.public.hex()[:12]}"
    return Organisation(
        world.org_id, SqlStore(folder / "log.db"), world.verifier, world.clock, world.random, person.device
    )


@asynccontextmanager
async def networks(
    count: int, random: Random | None = None, told: Told | None = None, relays: bool = False,
    late_ms: Sequence[int] = (),
) -> AsyncIterator[list[LibNetwork]]:
    """So many networks, as if each ran in a program of its own. ``relays``: the first may be gone through by members;
    ``late_ms``: how far the clock of each is behind."""
    random = random or SystemRandom()
    verifier = SodiumVerifier()
    async with trio.open_nursery() as nursery:
        found: list[LibNetwork] = []
        done = trio.Event()

        async def one(place: int, task_status: trio.TaskStatus[LibNetwork]) -> None:
            clock = LateClock(late_ms[place] if place < len(late_ms) else 0)
            async with open_network(
                told or Told(), clock, random, verifier, SodiumSealer(random), SeedSigner, relays=relays and not place
            ) as network:
                task_status.started(network)
                await done.wait()

        for place in range(count):
            found.append(await nursery.start(one, place))
        try:
            yield found
        finally:
            done.set()
            nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool], seconds: float = WAIT_S) -> None:
    """Wait until it holds; fail after a time that no working machine needs."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110  (a state of several parties; nobody signals it)
            await trio.sleep(0.02)


async def reach(net: LibNetwork, org_id: bytes, address: str) -> None:
    """Dial until greeted; a busy machine may need more than one attempt."""
    with trio.fail_after(WAIT_S):
        while not await net.dial(org_id, address):  # noqa: ASYNC110
            await trio.sleep(0.1)


def in_step(orgs: Sequence[Organisation]) -> bool:
    return len({org.heads_digest() for org in orgs}) == 1
