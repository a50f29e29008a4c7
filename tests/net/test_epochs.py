"""Removed devices and absent members over real libp2p: who gets what after the organisation's key has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from dao_app.app.organisation import Organisation
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip
from dao_app.net.network import LibNetwork
from dao_app.net.session import Session
from dao_app.platform.random import SystemRandom
from tests.fakes.epochs import Duties, newest, revoke
from tests.fakes.world import ORG_KEY, Person, World
from tests.net.worlds import LOOPBACK, empty_replica, equip, in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")


class Party:
    """A founder (0), two members, and a second device (3) of the first of them."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.seal()
        self.people, self.orgs = [self.world.founder], [self.world.main]
        for _ in range(2):
            self._add(*self.world.add_member())
        self._add(*self.world.add_device(self.people[1]))
        self.world.everywhere()
        self.duties = Duties(self.world)
        for person, org in zip(self.people, self.orgs, strict=True):
            equip(self.world, person, org)
        self.org_id = self.world.org_id

    def _add(self, person: Person, org: Organisation) -> None:
        self.people.append(person)
        self.orgs.append(org)

    async def start(self, net: LibNetwork, place: int) -> str:
        org = self.orgs[place]
        org.ring.on_change = lambda: net.keys_changed(self.org_id)
        await net.start(org, self.people[place].device, LOOPBACK, False)
        return net.addresses(self.org_id)[0]

    def rekey(self) -> None:
        """The founder makes the epoch's key and seals it, as it would within seconds."""
        world, main = self.world, self.orgs[0]
        for _ in range(30):
            if self.duties.one(main):
                break
            world.clock.forward(1_000)
        world.seal()

    def away(self, place: int) -> None:
        """What the founder does meanwhile does not reach this replica by ``everywhere``."""
        del self.world.replicas[self.people[place].device.public]


def run(work: Callable[[], Awaitable[None]]) -> None:
    trio.run(work)


async def refused(net: LibNetwork, org_id: bytes, address: str) -> None:
    for _ in range(2):
        assert not await net.dial(org_id, address)


def announce(net: LibNetwork, org: Organisation, title: str) -> bytes:
    action = org.write("contribution.claim", {"title": title})
    net.announce(org.org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])
    return action.id


def test_a_removed_device_gets_nothing_that_is_written_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threat 32: neither by its session, nor by a new hello, nor by gossip, nor by a snapshot."""
    party = Party(tmp_path)
    hints: list[bytes] = []
    seal = SodiumSealer.seal

    def kept(self: SodiumSealer, key: bytes, purpose: bytes, data: bytes) -> bytes:
        hints.append(seal(self, key, purpose, data))
        return hints[-1]

    monkeypatch.setattr(SodiumSealer, "seal", kept)
    served: list[bytes] = []
    for method in ("served_head", "served_buckets"):
        serve = getattr(type(party.orgs[0].snapshots), method)

        def noted(self: Any, *args: Any, serve: Any = serve) -> Any:
            served.append(self._org.org_id)
            return serve(self, *args)

        monkeypatch.setattr(type(party.orgs[0].snapshots), method, noted)

    async def main() -> None:
        async with networks(3) as (founder, member, lost):
            address = await party.start(founder, 0)
            await party.start(member, 1)
            lost_address = await party.start(lost, 3)
            await reach(member, party.org_id, address)
            await reach(lost, party.org_id, address)
            await until(lambda: in_step([party.orgs[0], party.orgs[1], party.orgs[3]]))
            removed = party.people[3].device.public
            party.away(3)
            party.orgs[0].write("device.revoke", party.world.revocation(party.people[3], removed))
            party.world.seal()
            founder.announce(party.org_id, [], party.orgs[0].certificates(party.orgs[0].height(), 1))
            await until(lambda: not any(p.connected for p in lost.peers(party.org_id)))  # its session ends
            party.rekey()
            hints.clear()
            secret = announce(founder, party.orgs[0], "after the removal")
            await until(lambda: party.orgs[1].store.record(secret) is not None)
            await until(lambda: newest(party.orgs[1]) == newest(party.orgs[0]) != (0, ORG_KEY))
            announce(founder, party.orgs[0], "under the new key")
            await until(lambda: in_step(party.orgs[:2]) and len(hints) >= 1)
            assert {newest(org) for org in party.orgs[:2]} == {newest(party.orgs[0])}
            await refused(lost, party.org_id, address)
            await refused(member, party.org_id, lost_address)
            sealer = SodiumSealer(SystemRandom())
            keys = [key for _, key in party.orgs[3].org_keys()]
            assert keys == [ORG_KEY]
            assert all(gossip.open_hint(sealer, key, hint) is None for hint in hints for key in keys)
            assert any(gossip.open_hint(sealer, newest(party.orgs[0])[1], hint) for hint in hints)
            assert party.orgs[3].store.record(secret) is None and served == []

    run(main)


def test_a_removed_member_is_left_by_everybody(tmp_path: Path) -> None:
    """Threat 32, of a member who was expelled or left: all devices."""
    party = Party(tmp_path)

    async def main() -> None:
        async with networks(2) as (founder, gone):
            address = await party.start(founder, 0)
            await party.start(gone, 2)
            await reach(gone, party.org_id, address)
            await until(lambda: in_step([party.orgs[0], party.orgs[2]]))
            action = party.orgs[2].write("member.leave", {})
            gone.announce(party.org_id, party.orgs[2].envelopes(action.by, action.seq, action.seq, 1 << 20), [])
            await until(lambda: party.orgs[0].store.record(action.id) is not None)
            party.away(2)
            party.world.seal()
            founder.announce(party.org_id, [], party.orgs[0].certificates(party.orgs[0].height(), 1))
            await until(lambda: not any(p.connected for p in gone.peers(party.org_id)))
            party.rekey()
            later = announce(founder, party.orgs[0], "not for who left")
            await refused(gone, party.org_id, address)
            assert party.orgs[2].store.record(later) is None

    run(main)


def test_an_absent_member_with_an_older_key_is_let_in_and_gets_the_newest(tmp_path: Path) -> None:
    """Threat 36; a removed device with the same older key is not."""
    party = Party(tmp_path)
    party.away(2)
    party.away(3)
    for _ in range(3):
        other, _ = party.world.add_device(party.people[0])
        revoke(party.world, other)
        party.rekey()
    revoke(party.world, party.people[3])
    party.rekey()
    assert len(party.orgs[0].org_keys()) == 5
    for place in (2, 3):
        assert list(party.orgs[place].org_keys()) == [(0, ORG_KEY)]

    async def main() -> None:
        async with networks(3) as (founder, absent, removed):
            address = await party.start(founder, 0)
            await party.start(absent, 2)
            await party.start(removed, 3)
            await refused(removed, party.org_id, address)
            await reach(absent, party.org_id, address)
            await until(lambda: in_step([party.orgs[0], party.orgs[2]]))
            await until(lambda: newest(party.orgs[2]) == newest(party.orgs[0]))
            assert party.orgs[3].height() < party.orgs[0].height()

    run(main)


def test_an_absent_member_gets_the_key_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    party = Party(tmp_path)
    party.away(2)
    revoke(party.world, party.people[3])
    party.rekey()
    said: list[type[Any]] = []
    receive = Session.receive

    def heard(self: Session, raw: bytes, now_ms: int) -> Any:
        from dao_app.net.messages import decode_message

        if self._replica is party.orgs[2]:
            said.append(type(decode_message(raw)))
        return receive(self, raw, now_ms)

    monkeypatch.setattr(Session, "receive", heard)

    async def main() -> None:
        async with networks(2) as (founder, absent):
            address = await party.start(founder, 0)
            await party.start(absent, 2)
            await reach(absent, party.org_id, address)
            await until(lambda: newest(party.orgs[2]) == newest(party.orgs[0]))
            assert said[0].__name__ == "Keys"

    run(main)


def test_a_new_device_comes_in_by_the_root_through_any_peer(tmp_path: Path) -> None:
    party = Party(tmp_path)
    revoke(party.world, party.people[3])
    party.rekey()
    party.world.everywhere()
    party.world.seal()
    party.world.everywhere()
    fresh = Person(party.world.random)
    fresh.root = party.people[2].root
    org = empty_replica(party.world, fresh)
    equip(party.world, fresh, org, key=False)
    org.store.set_meta("join", party.world.certify_envelope(fresh))

    async def main() -> None:
        async with networks(3) as (founder, peer, restored):
            address = await party.start(founder, 0)
            at = await party.start(peer, 1)
            await reach(peer, party.org_id, address)
            org.ring.on_change = lambda: restored.keys_changed(party.org_id)
            await restored.start_restoring(fresh.root, (at,), org, fresh.device, LOOPBACK, False)
            await until(lambda: fresh.device.public in party.orgs[0].heads())
            assert org.org_keys() == [] and org.height() == 0  # nothing before it is final
            party.world.seal()
            founder.announce(party.org_id, [], party.orgs[0].certificates(party.orgs[0].height(), 1))
            await until(lambda: in_step([party.orgs[0], party.orgs[1], org]))
            await until(lambda: newest(org) == newest(party.orgs[0]))
            assert party.orgs[0].standing(fresh.device.public) == "active"

    run(main)


def test_a_stranger_s_root_is_as_good_as_nothing(tmp_path: Path) -> None:
    party = Party(tmp_path)
    stranger = Person(party.world.random)
    org = empty_replica(party.world, stranger)
    equip(party.world, stranger, org, key=False)
    org.store.set_meta("join", party.world.certify_envelope(stranger))

    async def main() -> None:
        async with networks(2) as (founder, outside):
            address = await party.start(founder, 0)
            await outside.start_restoring(stranger.root, (address,), org, stranger.device, LOOPBACK, False)
            await refused(outside, party.org_id, address)
            assert org.heads() == {} and founder.peers(party.org_id) == ()
            assert stranger.device.public not in party.orgs[0].heads()

    run(main)

