"""Two users of a single-use invitation: the final order decides, and the loser read nothing (threats 12, 36)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from dao_app.core.entities import Device
from dao_app.core.invitation import Invitation
from dao_app.core.keys import device_key
from tests.fakes.world import Person, TestSigner, World
from tests.net.worlds import LOOPBACK, Told, empty_replica, equip, networks, until

pytestmark = pytest.mark.xdist_group("loopback")


def run(work: Callable[[], Awaitable[None]]) -> None:
    trio.run(work)


def test_of_two_users_of_one_invitation_the_final_order_takes_one_and_the_other_read_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.seal()
    equip(world, world.founder, world.main)
    seed = world.random.token(32)
    bearer = TestSigner(seed)
    content = {"bearer": bearer.public, "role": "member", "uses": 1, "lifetime": 3_600_000}
    action = world.main.write("invite.create", content)
    world.main.write("contribution.claim", {"title": "for members' eyes"})
    world.seal()
    people = [Person(world.random) for _ in range(2)]
    orgs = [empty_replica(world, person) for person in people]
    told = [Told(), Told()]

    async def main() -> None:
        async with networks(1) as (founder,), networks(1, told=told[0]) as (one,), networks(1, told=told[1]) as (two,):
            await founder.start(world.main, world.founder.device, LOOPBACK, False)
            address = founder.addresses(world.org_id)[0]
            invitation = Invitation(
                world.org_id, action.id, action.at, 0, world.org_id, seed, (address,), action.at + 3_600_000, "member",
                world.founder.root.public,
            )  # fmt: skip
            for net, person, org in zip((one, two), people, orgs, strict=True):
                equip(world, person, org, key=False)
                org.store.set_meta("join", world.join_envelope(person, action, bearer))
                await net.start_joining(invitation, org, person.device, LOOPBACK, False)
            await until(lambda: all(person.device.public in world.main.heads() for person in people))
            for org in orgs:  # both asked, neither is in: a guest has read nothing, not even names of devices
                assert org.heads() == {} and org.org_keys() == [] and org.height() == 0
            world.seal()
            founder.announce(world.org_id, [], world.main.certificates(world.main.height(), 1))
            stands = [world.main.replay.final.entity(device_key(person.device.public)) for person in people]
            assert all(isinstance(found, Device) for found in stands)
            winner = [found.status for found in stands if isinstance(found, Device)].index("active")
            loser = 1 - winner
            await until(lambda: orgs[winner].height() == world.main.height())
            await until(lambda: told[loser].refused == ["invite_used"])
            assert told[winner].refused == []
            assert orgs[loser].heads() == {} and orgs[loser].org_keys() == [] and orgs[loser].height() == 0

    run(main)
