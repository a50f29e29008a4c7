"""Snapshots over real libp2p on loopback: a joiner gets the state, the tail, then the history; a liar is left."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio

from dao_app.app import snapshots
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import encode_trusted
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from dao_app.net.fetching import Fetching
from dao_app.net.session import Session
from tests.fakes.world import roots
from tests.net.test_loopback import Party, invite, run
from tests.net.worlds import LOOPBACK, empty_replica, equip, in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")
NOW = 1_790_000_100_000


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "BEHIND_MIN", 20)


async def _pause() -> None:
    await trio.lowlevel.checkpoint()


def busy(tmp_path: Path, members: int) -> Party:
    """A party with some sealed history and a tail."""
    party = Party(tmp_path, members)
    for number in range(40):
        party.orgs[number % (members + 1)].write("contribution.claim", {"title": f"number {number}"})
        if number % 8 == 7:
            party.world.everywhere()
            party.world.seal()
            party.world.everywhere()
    party.orgs[0].write("contribution.claim", {"title": "not sealed"})
    return party


def test_a_joiner_gets_the_state_first_and_the_history_after(tmp_path: Path) -> None:
    party = busy(tmp_path, 1)
    main = party.orgs[0]
    installed: list[int] = []

    async def play() -> None:
        async with networks(2) as (founder, joiner):
            address = await party.start(founder, 0)
            invitation, person, org = invite(party, (address,))
            org.on_restored = lambda: installed.append(org.store.counts().actions)
            await joiner.start_joining(invitation, org, person.device, LOOPBACK, False)
            await until(lambda: main.standing(person.device.public) == "joining")
            party.world.seal()
            founder.announce(party.org_id, [], main.certificates(main.height(), 1))
            await until(lambda: in_step([main, org]) and org.history.is_fetched)
            assert installed == [1], "the state stood before any action but the genesis was here"
            assert org.standing(person.device.public) == "active"
            assert await org.history.fill(_pause, lambda done, total: None)
            party.claim(founder, 0, "afterwards")
            await until(lambda: in_step([main, org]))
            assert len(org.certificates(1, 1 << 30)) == main.height()

    run(play)


class Liar:
    """The snapshots of an organisation, one bit changed in every bucket."""

    def __init__(self, org: Organisation) -> None:
        self._good = org.snapshots
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._good, name)

    def served_buckets(self, slots: Sequence[int], max_bytes: int) -> list[tuple[int, bytes]]:
        self.asked += 1
        return [(slot, raw[:-1] + bytes([raw[-1] ^ 1])) for slot, raw in self._good.served_buckets(slots, max_bytes)]


def test_who_sends_poison_is_left_and_others_are_asked(tmp_path: Path) -> None:
    party = busy(tmp_path, 2)
    main, liar, late = party.orgs[0], party.orgs[1], party.orgs[2]
    party.world.everywhere()
    poison = Liar(liar)
    liar.snapshots = poison  # type: ignore[assignment]
    late.store.close()
    again = empty_replica(party.world, party.people[2])
    equip(party.world, party.people[2], again)
    party.orgs[2] = again

    async def play() -> None:
        async with networks(3) as (one, two, three):
            good, bad = await party.start(one, 0), await party.start(two, 1)
            await party.start(three, 2)
            await reach(three, party.org_id, bad)
            await until(lambda: poison.asked > 0)
            await until(lambda: not any(p.connected for p in three.peers(party.org_id)))
            assert again.height() == 0 and not again.heads(), "nothing of it was kept"
            await reach(three, party.org_id, good)
            await until(lambda: in_step([main, again]) and again.history.is_fetched)
            assert roots(again) == roots(main)

    run(play)


# -- what a session refuses ----------------------------------------------------------------------
def session(tmp_path: Path) -> tuple[Session, Organisation]:
    """Of an empty replica with a peer that has much; its first request for a snapshot is out."""
    party = busy(tmp_path, 1)
    main = party.orgs[0]
    org = party.world.replica(name="empty")
    made = Session(org, b"\xff" * 32, party.people[0].device.public, "member", Fetching(), random.Random(3).randbytes)
    made.start(NOW)
    made.receive(m.encode_message(m.State(main.heads_digest(), main.height(), NOW, len(main.heads()))), NOW)
    rows = tuple(m.HeadRow(device, head.seq, head.digest) for device, head in main.heads().items())
    while made.next_frame() is not None:
        pass
    made._asking._open.clear()  # the certificates that it asked for before it knew how much is missing
    made.receive(m.encode_message(m.Heads(main.height(), rows, False)), NOW)
    assert made._asking._snapshot.is_open and made.waiting
    return made, org


def test_what_was_not_asked_for_is_not_taken(tmp_path: Path) -> None:
    made, _ = session(tmp_path)
    want = made._asking._snapshot._want
    assert want is not None and want.runs == ()
    for message in (
        m.SnapshotPart(want.id, 5, ((0, b"\x80"),)), m.SnapshotPart(want.id + 1, 5, ()),
        m.SnapshotHead(want.id + 1, b"x", ()), m.Done(want.id + 1),
    ):  # fmt: skip
        with pytest.raises(PeerError):
            made.receive(m.encode_message(message), NOW)
    with pytest.raises(PeerError, match="poisoned"):
        effects = made.receive(m.encode_message(m.SnapshotHead(want.id, b"nonsense", (b"x", b"x", b"x"))), NOW)
        made.snapshot_taken(made._replica.snapshots.take_head(effects[0].head, effects[0].roots))  # type: ignore[union-attr]


def test_a_peer_without_a_snapshot_is_asked_for_the_history_itself(tmp_path: Path) -> None:
    made, _ = session(tmp_path)
    want = made._asking._snapshot._want
    assert want is not None
    made.receive(m.encode_message(m.Done(want.id)), NOW)
    asked = next(iter(made._asking._open.values())).want
    assert not made._asking._snapshot.is_open and asked.ranges, "the usual way"


@pytest.mark.parametrize(
    "raw",
    [
        [14, 1, 0, [[5, 4]]], [14, 1, 0, [[0, 12_288]]], [14, 1, 0, [[3, 4], [4, 5]]], [14, 1, -1, []], [14, 1, 0],
        [15, 1, b"x", [b"a", b"b", b"c", b"d"]], [15, 1, "x", []], [16, 1, 0, [[12_288, b"x"]]], [16, 1, 0, [[0, 1]]],
    ],
)  # fmt: skip
def test_malformed_messages_end_it(raw: list[object]) -> None:
    with pytest.raises(PeerError, match="message"):
        m.decode_message(encode_trusted(raw))
