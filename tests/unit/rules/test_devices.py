"""Devices, epochs of the key, guardians: each guard in its order, and what the change is."""

from __future__ import annotations

from typing import Any

import pytest

from dao_app.core.entities import Device, Member
from dao_app.core.envelope import device_message
from dao_app.core.key_entities import Epoch, Guardians, Root
from dao_app.core.keys import EPOCH_KEY, device_key, guardians_key, member_key, root_key
from dao_app.core.org_keys import key_id
from tests.fakes.world import ORG_KEY, Person, TestSigner, World
from tests.unit.rules.votes import adopt, body, refusal

DELAY = 60_000
FIRST = key_id(b"", 0, ORG_KEY)
OTHER = TestSigner(b"\x05" * 32).public


def epoch(world: World) -> Epoch:
    found = world.main.replay.final.entity(EPOCH_KEY)
    assert isinstance(found, Epoch)
    return found


def device(world: World, person: Person) -> Device:
    found = world.main.replay.final.entity(device_key(person.device.public))
    assert isinstance(found, Device)
    return found


def member(world: World, root: bytes) -> Member:
    found = world.main.replay.final.entity(member_key(root))
    assert isinstance(found, Member)
    return found


def key_body(height: int, id_: bytes = OTHER, seals: int = 1) -> dict[str, Any]:
    return {"height": height, "id": id_, "seals": [[(n + 1).to_bytes(32, "big"), bytes(80)] for n in range(seals)]}


# -- devices ---------------------------------------------------------------------------------------
def test_a_revoked_device_has_no_effect_any_more_and_an_epoch_begins(world: World) -> None:
    person, org = world.add_member()
    second, second_org = world.add_device(person)
    assert member(world, person.root.public).devices == tuple(sorted((person.device.public, second.device.public)))
    assert epoch(world) == Epoch(0, FIRST, ())
    world.main.write("device.revoke", world.revocation(person, second.device.public))
    world.seal()
    assert device(world, second).status == "revoked"
    assert member(world, person.root.public).devices == (person.device.public,)
    assert epoch(world) == Epoch(world.main.height(), b"", ((0, FIRST),))
    world.everywhere()
    assert refusal(second_org, "member.stances", {"stances": []}) == "device_revoked"
    assert refusal(org, "member.stances", {"stances": []}) == ""
    assert world.main.standing(second.device.public) == "refused"


@pytest.mark.parametrize("size", [31, 33])
def test_the_shape_of_a_revocation(world: World, size: int) -> None:
    content = world.revocation(world.founder, world.founder.device.public)
    assert refusal(world.main, "device.revoke", {**content, "device": bytes(size)}) == "malformed"


def test_guards_of_a_revocation_in_their_order(world: World) -> None:
    person, _ = world.add_member()
    second, _ = world.add_device(person)
    good = world.revocation(person, second.device.public)
    assert refusal(world.main, "device.revoke", {**good, "root": OTHER, "device": OTHER}) == "root_unknown"
    assert refusal(world.main, "device.revoke", {**good, "device": OTHER}) == "device_unknown"
    assert refusal(world.main, "device.revoke", {**good, "device": world.founder.device.public}) == "device_unknown"
    world.main.write("device.revoke", good)
    assert refusal(world.main, "device.revoke", good) == "device_not_active"


def test_a_revocation_that_the_root_did_not_sign_is_not_admitted(world: World) -> None:
    person, org = world.add_member()
    forged = {**world.revocation(person, person.device.public), "sig": bytes(64)}
    action = org.write("device.revoke", forged)
    report = world.main.admit_now(org.envelopes(person.device.public, action.seq, action.seq, 1 << 20))
    assert report.refused == {"certification": 1}


def test_a_key_that_was_revoked_is_never_certified_again(world: World) -> None:
    person, _ = world.add_member()
    second, second_org = world.add_device(person)
    world.main.write("device.revoke", world.revocation(person, second.device.public))
    world.seal()
    world.clock.forward(1_000)
    again = world.certify_envelope(second)
    assert second_org.heads()[second.device.public].seq == 1  # the same key would have to begin a second history
    assert world.main.admit_now([again]).refused == {"fork": 1}
    world.seal()
    assert device(world, second).status == "revoked"


def test_what_a_revoked_device_wrote_before_it_heard_is_kept_without_effect(world: World) -> None:
    person, _ = world.add_member()
    second, second_org = world.add_device(person)
    world.main.write("device.revoke", world.revocation(person, second.device.public))
    world.seal()
    late = second_org.write("member.stances", {"stances": ["producer"]})
    world.sync(second_org, world.main)
    world.seal()
    assert world.main.store.verdicts([late.id]) == {late.id: "device_revoked"}
    assert member(world, person.root.public).stances == ()


# -- epochs ----------------------------------------------------------------------------------------
def test_guards_of_a_key_in_their_order(world: World) -> None:
    assert refusal(world.main, "key.epoch", key_body(0, seals=0)) == "malformed"
    assert refusal(world.main, "key.epoch", key_body(0, seals=401)) == "malformed"
    short = {**key_body(0), "seals": [[OTHER, bytes(79)]]}
    assert refusal(world.main, "key.epoch", short) == "malformed"
    assert refusal(world.main, "key.epoch", key_body(0)) == "epoch_other"  # the founder's key needs no action
    person, _ = world.add_member()
    second, _ = world.add_device(person)
    world.main.write("device.revoke", world.revocation(person, second.device.public))
    provisional = world.main.height() + 1
    assert refusal(world.main, "key.epoch", key_body(provisional)) == "epoch_other"  # more may lose their rights in it
    world.seal()
    height = world.main.height()
    assert refusal(world.main, "key.epoch", key_body(height - 1)) == "epoch_other"
    assert refusal(world.main, "key.epoch", key_body(height, seals=400)) == ""


def test_of_two_keys_for_one_epoch_the_lowest_id_is_taken_whatever_came_first(world: World) -> None:
    person, org = world.add_member()
    second, _ = world.add_device(person)
    world.main.write("device.revoke", world.revocation(person, second.device.public))
    world.seal()
    height = world.main.height()
    world.everywhere()
    for writer, byte in ((world.main, 7), (org, 3), (world.main, 9)):
        writer.write("key.epoch", key_body(height, bytes([byte]) * 32))
        world.everywhere()
        world.seal()
    assert epoch(world) == Epoch(height, b"\x03" * 32, ((0, FIRST),))
    assert world.main.store.verdicts(world.main.store.order(world.main.height())) == {}


def test_every_way_to_lose_rights_begins_an_epoch_and_earlier_keys_stay_known(world: World) -> None:
    heights = []

    def began() -> bool:
        heights.append(epoch(world).height)
        fresh = heights[-1] == world.main.height()
        world.main.write("key.epoch", key_body(heights[-1], bytes([len(heights)]) * 32))
        world.everywhere()
        world.seal()
        world.everywhere()
        return fresh

    _, leaver_org = world.add_member()
    leaver_org.write("member.leave", {})
    world.everywhere()
    world.seal()
    assert began()
    expelled, _ = world.add_member()
    adopt(world, body("penalty", {"do": "expel", "member": expelled.root.public}))
    assert member(world, expelled.root.public).status == "expelled"
    assert began()
    adopt(world, body("role", {"do": "admit", "member": expelled.root.public}))
    assert epoch(world).height == heights[-1]  # nobody lost anything
    for _ in range(8):
        revoked, _ = world.add_device(world.founder)
        world.main.write("device.revoke", world.revocation(world.founder, revoked.device.public))
        world.seal()
        assert began()
    assert epoch(world).before == tuple((h, bytes([n + 1]) * 32) for n, h in enumerate(heights[:-1]))[-8:]


def test_an_epoch_whose_key_nobody_made_is_not_among_the_earlier_ones(world: World) -> None:
    for _ in range(2):
        revoked, _ = world.add_device(world.founder)
        world.main.write("device.revoke", world.revocation(world.founder, revoked.device.public))
        world.seal()
    assert epoch(world) == Epoch(world.main.height(), b"", ((0, FIRST),))


# -- guardians -------------------------------------------------------------------------------------
class Circle:
    """A member with three guardians of whom two are needed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person, self.org = world.add_member()
        self.guardians = [world.add_member() for _ in range(3)]
        world.everywhere()
        self.names = sorted(person.root.public for person, _ in self.guardians)
        self.org.write("guardian.set", world.guardians(self.person, self.names, 2))
        self.go_on()
        self.fresh = TestSigner(world.random.token(32))

    def go_on(self, ms: int = 1_000) -> None:
        self.world.everywhere()
        self.world.seal(ms)
        self.world.everywhere()

    def approve(self, number: int, root: bytes = b"") -> str:
        content = {"member": self.person.root.public, "root": root or self.fresh.public}
        return refusal(self.guardians[number][1], "guardian.approve", content)

    @property
    def row(self) -> Guardians:
        found = self.world.main.replay.final.entity(guardians_key(self.person.root.public))
        assert isinstance(found, Guardians)
        return found


@pytest.fixture
def circle(tmp_path: Any) -> Circle:
    made = World(tmp_path, charter={"rekey_delay_ms": DELAY})
    made.seal()
    return Circle(made)


def test_guards_of_naming_guardians_in_their_order(circle: Circle) -> None:
    world, org, person = circle.world, circle.org, circle.person
    names = circle.names

    def named(guardians: list[bytes], needed: int, version: int = 2, by: Person = person) -> str:
        return refusal(org, "guardian.set", world.guardians(by, guardians, needed, version))

    assert refusal(org, "guardian.set", world.guardians(person, [bytes([n]) * 32 for n in range(10)], 1)) == "malformed"
    assert named(names, 1, by=world.founder) == "root_not_yours"
    assert named(names, 1, version=1) == named(names, 1, version=3) == "guardians_version"
    assert named([names[0], names[0]], 1) == named([person.root.public], 1) == "guardians_bad"
    assert named(names, 0) == named(names, 4) == named([], 1) == "guardians_bad"
    assert named([OTHER], 1) == "member_unknown"
    circle.guardians[0][1].write("member.leave", {})
    circle.go_on()
    assert named([circle.guardians[0][0].root.public], 1) == "member_not_active"
    assert named([], 0) == ""


def test_an_earlier_list_cannot_be_put_again(circle: Circle) -> None:
    first = circle.world.guardians(circle.person, circle.names, 2)
    circle.org.write("guardian.set", circle.world.guardians(circle.person, [], 0, 2))
    assert refusal(circle.org, "guardian.set", first) == "guardians_version"


def test_guards_of_an_approval_in_their_order(circle: Circle) -> None:
    world, guardian = circle.world, circle.guardians[0][1]
    content = {"member": world.founder.root.public, "root": circle.fresh.public}
    assert refusal(guardian, "guardian.approve", content) == "not_guardian"
    assert refusal(world.main, "guardian.approve", {**content, "member": circle.person.root.public}) == "not_guardian"
    assert circle.approve(0, world.founder.root.public) == "root_used"
    assert circle.approve(0) == ""
    assert circle.approve(0) == "already_approved"
    world.everywhere()
    assert circle.approve(1) == ""
    world.everywhere()
    assert circle.approve(2, OTHER) == "rekey_waits"
    circle.org.write("member.leave", {})
    world.everywhere()
    assert circle.approve(2) == "member_not_active"


def test_with_approvals_enough_and_no_refusal_the_root_changes_and_the_devices_are_revoked(circle: Circle) -> None:
    world, person = circle.world, circle.person
    second, _ = world.add_device(person)
    world.everywhere()
    circle.approve(0)
    circle.go_on()
    assert (circle.row.root, circle.row.until) == (b"", 0)
    circle.approve(2)
    circle.go_on()
    sealed = world.main.replay.position.time
    assert (circle.row.root, circle.row.until) == (circle.fresh.public, sealed + DELAY)
    circle.go_on(DELAY - 1)
    assert device(world, person).status == "active"
    circle.go_on(1)
    assert device(world, person).status == device(world, second).status == "revoked"
    assert member(world, person.root.public).devices == () and epoch(world).height == world.main.height()
    state = world.main.replay.final
    assert state.entity(root_key(person.root.public)) == Root(person.root.public, "replaced")
    assert state.entity(root_key(circle.fresh.public)) == Root(person.root.public, "current")
    assert circle.row.approvals == () and circle.row.current == circle.fresh.public
    # the old root certifies nothing any more, the new one does, for the same member
    old = Person(world.random)
    old.root = person.root
    stored = world.main.admit_now([world.certify_envelope(old)])
    world.seal()
    assert stored.stored == 1 and world.main.replay.final.entity(device_key(old.device.public)) is None
    fresh, fresh_org = world.add_device(person, circle.fresh)
    assert device(world, fresh).member == person.root.public
    assert refusal(fresh_org, "member.stances", {"stances": ["producer"]}) == ""
    assert refusal(fresh_org, "guardian.set", world.guardians(person, [], 0, 2)) == "root_not_yours"
    assert refusal(fresh_org, "guardian.set", world.guardians(fresh, [], 0, 2)) == ""
    # neither key is anybody's root again
    invite, bearer = world.invite(world.main)
    for root in (person.root, circle.fresh):
        joiner = Person(world.random)
        joiner.root = root
        world.main.admit_now([world.join_envelope(joiner, invite, bearer)])
        world.seal()
        assert device(world, joiner).status == "refused"


def test_approvals_of_different_keys_do_not_add_up(circle: Circle) -> None:
    circle.approve(0)
    circle.approve(1, OTHER)
    circle.go_on()
    assert circle.row.root == b"" and len(circle.row.approvals) == 2
    circle.world.everywhere()
    assert circle.approve(1) == ""  # thinks better of it
    circle.go_on()
    assert circle.row.root == circle.fresh.public


def test_a_device_of_the_member_refuses_until_it_is_due(circle: Circle) -> None:
    world, own = circle.world, {"member": circle.person.root.public}
    assert refusal(circle.org, "guardian.refuse", own) == "nothing_to_refuse"
    circle.approve(0)
    circle.go_on()
    circle.approve(1)
    circle.go_on(2_000)
    assert refusal(world.main, "guardian.refuse", own) == "not_allowed"
    assert circle.row.until
    circle.org.write("guardian.refuse", own)
    circle.go_on()
    assert (circle.row.approvals, circle.row.root, circle.row.until) == ((), b"", 0)
    circle.go_on(2 * DELAY)
    assert device(world, circle.person).status == "active"


def test_a_refusal_and_new_approvals_begin_the_delay_anew(circle: Circle) -> None:
    own = {"member": circle.person.root.public}
    circle.approve(0)
    circle.approve(1)
    circle.go_on()
    first = circle.row.until
    circle.org.write("guardian.refuse", own)
    circle.go_on(DELAY // 2)
    circle.approve(0)
    circle.approve(1)
    circle.go_on()
    assert circle.row.until == circle.world.main.replay.position.time + DELAY > first
    circle.go_on(first - circle.world.main.replay.position.time)
    assert device(circle.world, circle.person).status == "active"


def test_a_root_that_somebody_joined_with_meanwhile_is_not_taken(circle: Circle) -> None:
    world = circle.world
    circle.approve(0)
    circle.approve(1)
    circle.go_on()
    joiner = Person(world.random)
    joiner.root = circle.fresh
    invite, bearer = world.invite(world.main)
    world.main.admit_now([world.join_envelope(joiner, invite, bearer)])
    world.seal()
    assert device(world, joiner).status == "active"
    circle.go_on(2 * DELAY)
    assert device(world, circle.person).status == "active" and circle.row.root == b""


def test_a_guardian_list_that_the_root_did_not_sign_is_not_admitted(circle: Circle) -> None:
    world, org = circle.world, circle.org
    forged = {**world.guardians(circle.person, [], 0, 2), "sig": circle.person.root.sign(device_message(None, OTHER))}
    action = org.write("guardian.set", forged)
    report = world.main.admit_now(org.envelopes(circle.person.device.public, action.seq, action.seq, 1 << 20))
    assert report.refused == {"certification": 1}


def test_a_weak_root_is_not_admitted(circle: Circle) -> None:
    guardian, org = circle.guardians[0]
    weak = {"member": circle.person.root.public, "root": b"\x01" + bytes(31)}
    action = org.write("guardian.approve", weak)
    report = circle.world.main.admit_now(org.envelopes(guardian.device.public, action.seq, action.seq, 1 << 20))
    assert report.refused == {"weak_key": 1}
