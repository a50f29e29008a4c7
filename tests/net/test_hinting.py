"""Who is left out of gossip, and when: a removed device before the next hint goes, whatever its session does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
import trio.testing
from libp2p.peer.id import ID
from libp2p.pubsub.pubsub import Pubsub

from dao_app.app.errors import StorageError
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip
from dao_app.net.hinting import Hints
from dao_app.net.host_parts import peer_id_of
from dao_app.net.host_pubsub import MembersPubsub
from dao_app.platform.random import SystemRandom
from tests.fakes.replica import ORG_KEY, Device, FakeReplica

FRIEND, LOST = b"f" * 32, b"l" * 32
SEALER = SodiumSealer(SystemRandom())


class FakeHost:
    """Who is dismissed and when something is published, in the order in which that happens."""

    def __init__(self) -> None:
        self.calls: list[str | bytes] = []

    def dismiss(self, device: bytes) -> None:
        self.calls.append(device)

    async def publish(self, message: bytes) -> None:
        self.calls.append("published")


class Gossiping:
    """A member with links to a friend and to a device that is lost in the course of each test."""

    def __init__(self) -> None:
        self.replica = FakeReplica(Device("here"))
        self.replica.members = {FRIEND: "active", LOST: "active"}
        self.host = FakeHost()
        link = SimpleNamespace(session=SimpleNamespace(content_wanted=lambda: None))
        links = {FRIEND: link, LOST: link}
        self.hints = Hints(cast(Any, SimpleNamespace(sealer=SEALER)), self.replica, cast(Any, links), lambda: None)

    def lose(self) -> None:
        """A checkpoint removes it."""
        self.replica.members[LOST] = "refused"
        self.replica.held_certificates.append(b"one more")

    async def say(self) -> None:
        self.hints.announce([b"an action"], [])
        await trio.testing.wait_all_tasks_blocked()

    async def pass_on(self) -> bool:
        (message,) = gossip.sealed_hints(SEALER, ORG_KEY, [b"an action"], [])
        return await self.hints.came(FRIEND, message)


def play(work: Callable[[Gossiping], Awaitable[None]]) -> Gossiping:
    made = Gossiping()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(made.hints.run, cast(Any, made.host))
            await trio.testing.wait_all_tasks_blocked()
            await work(made)
            nursery.cancel_scope.cancel()

    trio.run(main)
    return made


def test_a_removed_device_is_left_out_before_the_next_hint_goes() -> None:
    async def work(made: Gossiping) -> None:
        await made.say()
        made.lose()
        await made.say()
        await made.say()

    assert play(work).host.calls == ["published", LOST, "published", "published"]


def test_a_removed_device_is_left_out_before_anything_is_passed_on() -> None:
    async def work(made: Gossiping) -> None:
        assert await made.pass_on()
        made.lose()
        assert await made.pass_on()

    assert play(work).host.calls == [LOST]


def test_who_is_removed_while_its_hello_is_under_way_is_left_out_too() -> None:
    async def work(made: Gossiping) -> None:
        made.lose()
        await made.say()
        made.hints.linked()
        await made.say()

    assert play(work).host.calls == [LOST, "published", LOST, "published"]


def test_nothing_is_published_while_nobody_can_say_who_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: FakeReplica, device: bytes) -> None:
        raise StorageError("database_away", path="here")

    async def work(made: Gossiping) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(FakeReplica, "standing", away)
            await made.say()
            assert not await made.pass_on()
            assert not made.host.calls
        await made.say()

    assert play(work).host.calls == ["published"]


def test_who_is_dismissed_while_its_stream_is_being_opened_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = peer_id_of(LOST)
    pubsub = MembersPubsub.__new__(MembersPubsub)
    pubsub.members = {peer}
    dead: list[ID] = []

    async def opening(self: Pubsub, peer_id: ID) -> None:
        pubsub.dismiss(peer_id)  # meanwhile
        dead.clear()

    monkeypatch.setattr(Pubsub, "_handle_new_peer", opening)
    monkeypatch.setattr(Pubsub, "_handle_dead_peer", lambda self, peer_id: dead.append(peer_id))
    trio.run(pubsub._handle_new_peer, peer)
    assert dead == [peer]
