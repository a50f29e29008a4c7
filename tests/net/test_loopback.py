"""Real libp2p over loopback, real replicas: members in step through a third, joining, partitions, restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from dao_app.app.organisation import Organisation
from dao_app.core.invitation import Invitation
from dao_app.net.network import LibNetwork
from tests.fakes.world import Person, TestSigner, World
from tests.net.worlds import LOOPBACK, WAIT_S, Told, empty_replica, equip, in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")


class Party:
    """A world whose people have networks: 0 is the founder's, the others join it."""

    def __init__(self, tmp_path: Path, members: int) -> None:
        self.world = World(tmp_path)
        self.people = [self.world.founder]
        self.orgs = [self.world.main]
        for _ in range(members):
            person, org = self.world.add_member()
            self.people.append(person)
            self.orgs.append(org)
        for person, org in zip(self.people, self.orgs, strict=True):
            equip(self.world, person, org)
        self.org_id = self.world.org_id

    async def start(self, net: LibNetwork, place: int) -> str:
        await net.start(self.orgs[place], self.people[place].device, LOOPBACK, False)
        return net.addresses(self.org_id)[0]

    def claim(self, net: LibNetwork, place: int, title: str) -> None:
        """One action of a member, announced as a use case does."""
        org = self.orgs[place]
        action = org.write("contribution.claim", {"title": title})
        net.announce(self.org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])


def run(work: Callable[[], Awaitable[None]]) -> None:
    trio.run(work)


def test_two_members_catch_up_and_agree(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            for i in range(40):
                party.orgs[0].write("contribution.claim", {"title": f"before {i}"})
            address = await party.start(one, 0)
            await party.start(two, 1)
            await reach(two, party.org_id, address)
            await until(lambda: in_step(party.orgs))
            await until(lambda: all(p.agrees and p.behind == 0 for p in two.peers(party.org_id)))
            (peer,) = two.peers(party.org_id)
            assert (peer.device, peer.connected, peer.path, peer.address) == (
                party.people[0].device.public, True, "direct", address,
            )  # fmt: skip
            assert peer.height == party.orgs[0].height()
            codes = {finding.code for finding in await two.diagnose(party.org_id)}
            assert codes == {"net_listens", "net_connected", "net_reach_unknown"}

    run(main)


def test_news_reach_a_member_that_only_the_third_reaches(tmp_path: Path) -> None:
    party = Party(tmp_path, 2)

    async def main() -> None:
        async with networks(3) as (middle, one, two):
            address = await party.start(middle, 0)
            for place, net in enumerate((one, two), 1):
                await net.start(party.orgs[place], party.people[place].device, ("none",), False)
                await reach(net, party.org_id, address)
            for i in range(5):
                party.claim(one, 1, f"from one {i}")
                party.claim(two, 2, f"from two {i}")
            await until(lambda: in_step(party.orgs))
            party.world.seal()
            certificate = party.orgs[0].certificates(party.orgs[0].height(), 1)
            middle.announce(party.org_id, [], certificate)
            await until(lambda: party.orgs[1].height() == party.orgs[2].height() == party.orgs[0].height())
            assert len(one.peers(party.org_id)) == len(two.peers(party.org_id)) == 1

    run(main)


def test_gossip_alone_carries_an_action(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With sessions that say nothing of news the hint still arrives, so it is one."""
    from dao_app.net.session import Session

    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            await party.start(two, 1)
            await reach(two, party.org_id, address)
            await until(lambda: all(p.agrees for p in one.peers(party.org_id)) and bool(one.peers(party.org_id)))
            monkeypatch.setattr(Session, "changed", lambda self, now_ms: [])

            party.claim(one, 0, "a hint")
            head = party.orgs[0].heads()[party.people[0].device.public]
            raw = party.orgs[0].envelopes(party.people[0].device.public, head.seq, head.seq, 1 << 20)
            with trio.fail_after(20):
                while not in_step(party.orgs):
                    one.announce(party.org_id, raw, [])  # again: a mesh needs a heartbeat or two
                    await trio.sleep(0.1)

    run(main)


def test_both_sides_of_a_partition_go_on_and_heal(tmp_path: Path) -> None:
    party = Party(tmp_path, 2)

    async def main() -> None:
        async with networks(3) as (middle, one, two):
            address = await party.start(middle, 0)
            await party.start(one, 1)
            await party.start(two, 2)
            await reach(one, party.org_id, address)
            await reach(two, party.org_id, address)
            await until(lambda: in_step(party.orgs))
            await two.stop(party.org_id)
            await until(lambda: sum(p.connected for p in middle.peers(party.org_id)) == 1)
            assert two.peers(party.org_id) == ()
            party.claim(one, 1, "while two is away")
            party.claim(two, 2, "alone")
            await until(lambda: in_step(party.orgs[:2]))
            assert not in_step(party.orgs)
            await party.start(two, 2)
            await reach(two, party.org_id, address)
            await until(lambda: in_step(party.orgs))

    run(main)


def test_a_peer_that_was_away_is_dialled_again(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            await party.start(two, 1)
            await reach(two, party.org_id, address)
            port = address.split("/")[4]
            await one.stop(party.org_id)
            await until(lambda: not any(p.connected for p in two.peers(party.org_id)))
            (away,) = two.peers(party.org_id)
            assert away.path == "none" and away.seen_ms is not None
            assert "net_none_reachable" in {finding.code for finding in await two.diagnose(party.org_id)}
            party.claim(two, 1, "meanwhile")
            await one.start(party.orgs[0], party.people[0].device, [f"/ip4/127.0.0.1/tcp/{port}"], False)
            await until(lambda: in_step(party.orgs))

    run(main)


def test_members_that_meet_at_a_third_find_each_other_by_what_they_signed(tmp_path: Path) -> None:
    party = Party(tmp_path, 2)

    async def main() -> None:
        async with networks(3) as (middle, one, two):
            address = await party.start(middle, 0)
            for place, net in enumerate((one, two), 1):
                await party.start(net, place)
                await reach(net, party.org_id, address)
            device = party.people[2].device.public
            await until(lambda: any(p.device == device and p.connected for p in one.peers(party.org_id)))
            await middle.stop(party.org_id)
            party.claim(one, 1, "without the third")
            await until(lambda: in_step(party.orgs[1:]))

    run(main)


def test_both_dialling_at_once_end_with_one_link(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            first = await party.start(one, 0)
            second = await party.start(two, 1)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one.dial, party.org_id, second)
                nursery.start_soon(two.dial, party.org_id, first)
            for i in range(3):
                party.claim(one, 0, f"{i}")
                party.claim(two, 1, f"{i}")
            await until(lambda: in_step(party.orgs))
            await until(lambda: all(p.agrees for net in (one, two) for p in net.peers(party.org_id)))

    run(main)


def test_content_travels_with_its_action(tmp_path: Path) -> None:
    party = Party(tmp_path, 2)

    async def main() -> None:
        async with networks(3) as (middle, one, two):
            address = await party.start(middle, 0)
            await party.start(one, 1)
            await party.start(two, 2)
            await reach(one, party.org_id, address)
            await reach(two, party.org_id, address)
            reference, blob = party.orgs[1].detach("a long story", "text")
            action = party.orgs[1].write("contribution.claim", {"title": "t", "text": reference}, [blob])
            one.announce(party.org_id, party.orgs[1].envelopes(action.by, action.seq, action.seq, 1 << 20), [])
            one.announce_content(party.org_id, [reference["hash"]])
            await until(lambda: party.orgs[2].content(reference["hash"]) == blob)

    run(main)


# -- joining -----------------------------------------------------------------------------------------------


def invite(party: Party, addresses: tuple[str, ...]) -> tuple[Invitation, Person, Organisation]:
    """An invitation by the founder and a person with an empty replica who holds it."""
    world = party.world
    seed = world.random.token(32)
    bearer = TestSigner(seed)
    action = party.orgs[0].write(
        "invite.create", {"bearer": bearer.public, "role": "member", "uses": 1, "lifetime": 3_600_000}
    )
    invitation = Invitation(
        world.org_id, action.id, action.at, 0, world.org_id, seed, addresses, action.at + 3_600_000, "member",
        world.founder.root.public,
    )  # fmt: skip
    person = Person(world.random)
    org = empty_replica(world, person)
    equip(world, person, org, key=False)
    org.store.set_meta("join", world.join_envelope(person, action, bearer))
    return invitation, person, org


def test_a_joiner_gets_in_when_the_join_is_final(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(3) as (founder, member, joiner):
            address = await party.start(founder, 0)
            await party.start(member, 1)
            await reach(member, party.org_id, address)
            invitation, person, org = invite(party, (member.addresses(party.org_id)[0],))
            await until(lambda: in_step(party.orgs))  # the inviter's news are with the member who will be asked
            await joiner.start_joining(invitation, org, person.device, LOOPBACK, False)
            await until(lambda: party.orgs[0].standing(person.device.public) == "joining")
            assert org.org_keys() == [] and not org.heads()
            party.world.seal()
            founder.announce(party.org_id, [], party.orgs[0].certificates(party.orgs[0].height(), 1))
            await until(lambda: org.org_keys() == party.orgs[0].org_keys())
            await until(lambda: in_step([*party.orgs, org]))
            assert org.standing(person.device.public) == "active"
            await joiner.stop(party.org_id)  # and comes back as an ordinary member
            await joiner.start(org, person.device, LOOPBACK, False)
            await reach(joiner, party.org_id, address)

    run(main)


def test_who_comes_too_late_with_an_invitation_is_told(tmp_path: Path) -> None:
    party = Party(tmp_path, 0)
    late_told = Told()

    async def main() -> None:
        async with networks(2) as (founder, joiner), networks(1, told=late_told) as (late,):
            address = await party.start(founder, 0)
            invitation, person, org = invite(party, (address,))
            await joiner.start_joining(invitation, org, person.device, LOOPBACK, False)
            await until(lambda: party.orgs[0].standing(person.device.public) == "joining")
            party.world.seal()
            founder.announce(party.org_id, [], party.orgs[0].certificates(party.orgs[0].height(), 1))
            await until(lambda: bool(org.org_keys()))
            other = Person(party.world.random)
            empty = empty_replica(party.world, other)
            equip(party.world, other, empty, key=False)
            action = party.orgs[0].replay.action(invitation.invite)
            empty.store.set_meta("join", party.world.join_envelope(other, action, TestSigner(invitation.bearer_seed)))
            await late.start_joining(invitation, empty, other.device, LOOPBACK, False)
            await until(lambda: bool(late_told.refused))
            assert late_told.refused[0] == "invite_used"
            assert not empty.heads() and party.orgs[0].standing(other.device.public) == "unknown"

    run(main)


def test_an_outsider_gets_nothing(tmp_path: Path) -> None:
    party = Party(tmp_path, 0)

    async def main() -> None:
        async with networks(3) as (founder, outsider, liar):
            address = await party.start(founder, 0)
            person = Person(party.world.random)
            org = empty_replica(party.world, person)
            equip(party.world, person, org, key=False)
            org.ring.hold(0, b"w" * 32)  # some key, not the organisation's
            await outsider.start(org, person.device, LOOPBACK, False)
            assert not await outsider.dial(party.org_id, address)
            invitation, other, empty = invite(party, (address,))
            wrong = invitation._replace(bearer_seed=b"w" * 32)
            await liar.start_joining(wrong, empty, other.device, LOOPBACK, False)
            assert not await liar.dial(party.org_id, address)
            assert not org.heads() and not empty.heads()
            assert founder.peers(party.org_id) == ()

    run(main)


def test_a_removed_device_is_not_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    party = Party(tmp_path, 1)
    removed = party.people[1].device.public
    standing = Organisation.standing
    monkeypatch.setattr(
        Organisation, "standing", lambda self, device: "refused" if device == removed else standing(self, device)
    )

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            await party.start(two, 1)
            await two.dial(party.org_id, address)
            party.claim(one, 0, "after the removal")
            await until(lambda: not any(p.connected for p in one.peers(party.org_id)))
            assert not in_step(party.orgs)

    run(main)


# -- what the doctor sees ----------------------------------------------------------------------------------------


def test_a_taken_port_is_told_and_another_one_used(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            taken = address.rpartition("/p2p/")[0]
            await two.start(party.orgs[1], party.people[1].device, [taken], False)
            findings = {finding.code: finding for finding in await two.diagnose(party.org_id)}
            assert findings["net_port_taken"].params["address"] == taken
            assert two.addresses(party.org_id)[0].rpartition("/p2p/")[0] != taken
            assert findings.keys() == {"net_listens", "net_port_taken", "net_no_peer_known"}

    run(main)


def test_an_address_of_no_use_is_told(tmp_path: Path) -> None:
    party = Party(tmp_path, 0)

    async def main() -> None:
        async with networks(1) as (one,):
            await one.start(party.orgs[0], party.people[0].device, ["/ip4/203.0.113.7/tcp/4001", "rubbish"], False)
            for wrong in ("", "rubbish", "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1/p2p/QmRubbish"):
                assert not await one.dial(party.org_id, wrong)
            assert not await one.dial(b"another" * 4, "/ip4/127.0.0.1/tcp/1")
            assert "net_port_taken" in {finding.code for finding in await one.diagnose(party.org_id)}

    run(main)


@pytest.mark.parametrize("peers", [1, 2])
def test_a_clock_that_is_seven_minutes_late_is_told_in_minutes(tmp_path: Path, peers: int) -> None:
    party = Party(tmp_path, peers)

    async def main() -> None:
        async with networks(peers + 1, late_ms=[7 * 60_000]) as nets:
            address = await party.start(nets[0], 0)
            for place in range(1, peers + 1):
                await party.start(nets[place], place)
                await reach(nets[place], party.org_id, address)
            code = "net_clock_slow" if peers == 2 else "net_peer_clock_ahead"
            for net, wanted in ((nets[0], code), (nets[1], "net_peer_clock_behind")):
                with trio.fail_after(WAIT_S):
                    while wanted not in (told := {f.code: f for f in await net.diagnose(party.org_id)}):  # noqa: ASYNC110
                        await trio.sleep(0.02)
                assert (told[wanted].level, told[wanted].params["minutes"]) == ("problem", "7")

    run(main)
