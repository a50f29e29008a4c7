"""The organisation's key by epochs: who makes the next one, who comes to hold it, which one serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from dao_app.app.key_duty import WAIT_MS, active_devices, wait_of
from dao_app.app.key_ring import HELD_MAX, OFFERED_MAX, KeyRing
from dao_app.core.key_entities import Epoch
from dao_app.core.limits import SEALS_MAX
from dao_app.core.org_keys import key_id
from tests.fakes.epochs import Duties, Keys, epoch, newest, publish, revoke
from tests.fakes.world import ORG_KEY, Person, World

ORG = b"o" * 32


class Party:
    """A founder, three members, and a device that will be revoked; all hold the first key."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.seal()
        self.members = [self.world.add_member() for _ in range(3)]
        self.lost, self.lost_org = self.world.add_device(self.members[0][0])
        self.world.everywhere()
        self.duties = Duties(self.world)
        self.orgs = [self.world.main, *(org for _, org in self.members)]

    def seal(self) -> None:
        self.world.everywhere()
        self.world.seal()
        self.world.everywhere()

    def boxes(self, key: bytes, *orgs: object) -> dict[bytes, bytes]:
        chosen = orgs or self.orgs
        return {org.signer.public: Keys().seal_to(org.signer.public, key) for org in chosen}  # type: ignore[attr-defined]


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party(tmp_path)


def test_after_a_loss_one_device_makes_the_key_and_all_that_are_left_hold_it(party: Party) -> None:
    height = revoke(party.world, party.lost)
    made = party.duties.all()
    assert len(made) == 1
    party.seal()
    assert {newest(org) for org in party.orgs} == {newest(party.world.main)}
    assert newest(party.world.main)[0] == height and newest(party.world.main)[1] != ORG_KEY
    assert newest(party.lost_org) == (0, ORG_KEY)  # threat 32: what was removed holds what it held
    assert party.lost.device.public not in {row[0] for row in made[0].body["seals"]}
    assert party.duties.all() == []


def test_until_there_is_a_key_the_one_before_serves(party: Party) -> None:
    revoke(party.world, party.lost)
    party.duties.all()
    assert newest(party.world.main) == (0, ORG_KEY)


def test_a_device_without_a_key_or_without_rights_makes_none(party: Party) -> None:
    fresh, fresh_org = party.world.add_device(party.members[1][0])
    revoke(party.world, party.lost)
    others = tuple(org for org in party.world.replicas.values() if org not in (fresh_org, party.lost_org))
    assert party.duties.all(600, but=others) == []
    assert fresh.device.public in active_devices(party.world.main)


def test_of_two_keys_for_one_loss_everybody_uses_the_lowest_id(party: Party) -> None:
    """Threat 36: made in two parts of a network that did not hear of each other."""
    height = revoke(party.world, party.lost)
    keys = [bytes([n]) * 32 for n in (1, 2, 3)]
    for org, key in zip(party.orgs, keys, strict=False):
        publish(org, key, party.boxes(key))
    party.seal()
    lowest = min(keys, key=lambda key: key_id(party.world.org_id, height, key))
    assert {newest(org) for org in party.orgs} == {(height, lowest)}
    assert all({row for row in org.org_keys() if row[0] == height} == {(height, key) for key in keys}
               for org in party.orgs)  # fmt: skip


def test_garbage_sealed_to_some_or_all_locks_nobody_out(party: Party) -> None:
    """Threat 36: whatever a malicious member writes, the others come to a key of the epoch that they share."""
    height = revoke(party.world, party.lost)
    liar, *honest = party.orgs[::-1]
    key = min((bytes([n]) * 32 for n in range(64)), key=lambda key: key_id(party.world.org_id, height, key))
    publish(liar, key, {**{d: bytes(80) for d in party.boxes(key)}, **party.boxes(key, liar)})
    party.seal()
    assert epoch(party.world.main).key_id == key_id(party.world.org_id, height, key)
    assert {newest(org) for org in honest} == {(0, ORG_KEY)}
    made = party.duties.all(200, but=(liar,))
    assert len(made) == 1
    party.seal()
    (found,) = {newest(org) for org in honest}
    assert found[0] == height and found[1] != key
    assert found in liar.org_keys()
    assert party.duties.all(200) == []


def test_who_is_sealed_another_key_than_the_id_says_takes_nothing(party: Party) -> None:
    height = revoke(party.world, party.lost)
    victim = party.orgs[1]
    publish(party.world.main, b"a" * 32, {**party.boxes(b"a" * 32), **party.boxes(b"b" * 32, victim)})
    party.seal()
    assert newest(victim) == (0, ORG_KEY) and newest(party.world.main) == (height, b"a" * 32)
    victim.offer_keys([(height, b"b" * 32), (height, b"a" * 32)])  # a peer says it; the log says which is right
    assert newest(victim) == (height, b"a" * 32)


def test_a_key_that_came_while_the_device_was_locked_is_found_at_unlocking(party: Party) -> None:
    org, signer = party.orgs[1], party.orgs[1].signer
    org.signer = None
    revoke(party.world, party.lost)
    party.duties.all(but=(org,))
    party.seal()
    assert newest(org) == (0, ORG_KEY)
    org.signer = signer
    org.open_all_seals()
    assert newest(org) == newest(party.world.main) != (0, ORG_KEY)


def test_more_devices_than_one_action_holds_get_it_by_further_ones(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dao_app.app.key_duty.SEALS_MAX", 3)
    revoke(party.world, party.lost)
    made = party.duties.all()
    assert [len(action.body["seals"]) for action in made] == [3, 1] and SEALS_MAX == 400
    assert len({action.body["id"] for action in made}) == 1
    party.seal()
    assert len({newest(org) for org in party.orgs}) == 1 and newest(party.world.main)[0] > 0


def test_nobody_makes_a_second_key_while_one_waits_to_be_sealed(party: Party) -> None:
    revoke(party.world, party.lost)
    assert len(party.duties.all(3_000)) == 1


def test_waits_grow_with_the_rank_and_stay_short() -> None:
    waits = [wait_of(rank) for rank in range(10_000)]
    assert waits[:4] == [0, WAIT_MS, 2 * WAIT_MS, 2 * WAIT_MS + WAIT_MS // 2]
    assert waits == sorted(waits) and waits[-1] < 15 * WAIT_MS


# -- the ring --------------------------------------------------------------------------------------
def ring(epoch: Epoch | None = None, is_in: bool = True) -> KeyRing:
    return KeyRing(ORG, lambda: epoch, lambda: is_in)


def named(*keys: tuple[int, bytes]) -> Epoch:
    *before, last = ((height, key_id(ORG, height, key)) for height, key in keys)
    return Epoch(last[0], last[1], tuple(before))


def test_a_joiner_goes_by_what_it_was_told_until_it_is_in() -> None:
    rows = [(0, b"f" * 32), (7, b"g" * 32)]
    joining = ring(is_in=False)
    joining.offer(rows)
    assert list(joining.serving()) == rows and joining.held == []
    other = ring(None, True)
    other.offer(rows)
    assert list(other.serving()) == []


def test_only_what_the_log_names_is_taken_of_what_peers_offer() -> None:
    good, bad = (7, b"g" * 32), (7, b"x" * 32)
    found = ring(named((0, ORG_KEY), good))
    found.offer([bad, good, (3, b"y" * 32), (0, ORG_KEY), (0, b"z" * 32)])
    assert list(found.serving()) == [(0, ORG_KEY), good]
    assert set(found.offered) == {bad, (3, b"y" * 32), (0, b"z" * 32)}


def test_what_was_offered_serves_as_soon_as_the_log_names_it() -> None:
    state = [named((0, ORG_KEY))]
    found = KeyRing(ORG, lambda: state[0], lambda: True)
    changes: list[int] = []
    found.on_change = lambda: changes.append(1)
    found.offer([(0, ORG_KEY), (9, b"n" * 32)])
    assert list(found.serving()) == [(0, ORG_KEY)]
    state[0] = named((0, ORG_KEY), (9, b"n" * 32))
    found.settle()
    assert list(found.serving()) == [(0, ORG_KEY), (9, b"n" * 32)] and found.offered == []
    count = len(changes)
    found.settle()
    found.offer([(9, b"n" * 32)])
    assert len(changes) == count


def test_what_is_kept_is_bounded() -> None:
    found = ring(named((0, ORG_KEY)))
    found.offer([(n, bytes([n]) * 32) for n in range(1, 100)])
    assert len(found.offered) == OFFERED_MAX
    for height in range(HELD_MAX + 5):
        found.hold(height, ORG_KEY)
    assert len(found.held) == HELD_MAX and found.serving()[0][0] == 5


def test_what_was_kept_is_loaded_again() -> None:
    first = ring(named((0, ORG_KEY)))
    first.offer([(0, ORG_KEY), (4, b"n" * 32)])
    again = ring(named((0, ORG_KEY), (4, b"n" * 32)))
    again.load(first.held, first.offered)
    again.settle()
    assert list(again.serving()) == [(0, ORG_KEY), (4, b"n" * 32)]
    again.forget()
    assert list(again.serving()) == [] and again.offered == []


def test_the_first_key_is_named_by_the_genesis(party: Party) -> None:
    assert epoch(party.world.main) == Epoch(0, key_id(b"", 0, ORG_KEY), ())
    stranger = party.world.replica(Person(party.world.random))
    stranger.offer_keys([(0, b"x" * 32)])
    party.world.sync(party.world.main, stranger)
    stranger.offer_keys([(0, ORG_KEY)])
    assert stranger.ring.held == [(0, ORG_KEY)]
