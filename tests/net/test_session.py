"""Sync sessions, sans-IO: any histories come together, nothing travels twice, nothing a peer sends gets through."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dao_app.app.ports import AdmitReport
from dao_app.core.encoding import digest
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.asking import Request
from dao_app.net.codec import FrameReader, PeerError
from dao_app.net.effects import TakeKeys
from dao_app.net.fetching import Fetching
from dao_app.net.ranges import claimed_time, merged
from dao_app.net.session import Session
from tests.fakes.replica import FIRST_AT, Device, FakeReplica
from tests.net.pump import NOW, Pump

TOKEN = random.Random(3).randbytes


def replicas(count: int) -> list[FakeReplica]:
    return [FakeReplica(Device(f"d{i}")) for i in range(count)]


def braid(replica: FakeReplica, devices: list[Device], count: int, start: int = 0) -> None:
    """Actions of several devices, each on the one before, so that any other order would make orphans."""
    last: bytes | None = None
    for i in range(start, start + count):
        last = replica.write(devices[i % len(devices)], FIRST_AT + i, () if last is None else (last,))


def step_in(found: list[FakeReplica]) -> bool:
    return len({r.heads_digest() for r in found}) == 1


def sent(pump: Pump) -> int:
    return sum(end.session.traffic.bytes_out for pair in pump.pairs for end in pair)


def test_nothing_to_say_costs_little() -> None:
    one, two = replicas(2)
    braid(one, [Device(f"w{i}") for i in range(20)], 200)
    two.copy_from(one)
    assert step_in([one, two])
    pump = Pump()
    ends = pump.connect(one, two)
    pump.run()
    assert ends[0].session.traffic.bytes_out <= 200
    assert ends[0].session.view.agrees is True
    assert ends[0].session.view.behind == 0


def test_an_empty_replica_gets_everything_in_causal_order() -> None:
    one, two = replicas(2)
    braid(one, [Device(f"w{i}") for i in range(7)], 3_000)
    one.held_certificates = [b"c%d" % i for i in range(40)]
    pump = Pump()
    ends = pump.connect(two, one)
    pump.run()
    assert step_in([one, two])
    assert two.admitted_in_order
    size = sum(len(e) for chain in one.chains.values() for e in chain)
    assert ends[1].session.traffic.bytes_out < size * 1.03 + 4_000


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.data())
def test_any_histories_come_together(seed: int, data: st.DataObject) -> None:
    """Three replicas in a row, each with own writers and a shared past; news at any moment, pauses, all at once."""
    found = replicas(3)
    shared = data.draw(st.integers(0, 30))
    past = [Device("p1"), Device("p2")]
    braid(found[0], past, shared)
    for other in found[1:]:
        other.copy_from(found[0])
    writers = [[Device(f"{i}a"), Device(f"{i}b")] for i in range(3)]
    counts = data.draw(st.lists(st.integers(0, 25), min_size=3, max_size=3))
    for replica, devices, count in zip(found, writers, counts, strict=True):
        braid(replica, devices, count, 100)
    found[data.draw(st.integers(0, 2))].held_certificates = [b"c%d" % i for i in range(data.draw(st.integers(0, 5)))]
    pump = Pump(seed)
    pump.connect(found[0], found[1])
    pair = pump.connect(found[2], found[1])
    pump.run()
    assert step_in(found)
    pump.disconnect(pair)  # a partition: both sides go on
    for i, (replica, devices) in enumerate(zip(found, writers, strict=True)):
        braid(replica, devices, data.draw(st.integers(0, 8)), 1_000 + 100 * i)
    pump.run()
    pump.connect(found[2], found[1])
    pump.run()
    assert step_in(found)
    assert all(not end.broken for ends in pump.pairs for end in ends)


def test_news_reach_the_far_side_through_the_middle_and_cost_little() -> None:
    found = replicas(3)
    pump = Pump()
    pump.connect(found[0], found[1])
    pump.connect(found[1], found[2])
    pump.run()
    writer = Device("w")
    found[0].write(writer, FIRST_AT)
    before = sent(pump)
    pump.run()
    assert step_in(found)
    assert sent(pump) - before < 4 * 500  # heads, request, action and state, over two sessions


def test_two_neighbours_are_not_asked_for_the_same() -> None:
    one, two, late = replicas(3)
    braid(one, [Device("a"), Device("b")], 400)
    two.copy_from(one)
    pump = Pump(1)
    first, second = pump.connect(late, one), pump.connect(late, two)
    pump.run()
    assert step_in([one, two, late])
    size = sum(len(e) for chain in one.chains.values() for e in chain)
    assert first[1].session.traffic.bytes_out + second[1].session.traffic.bytes_out < size * 1.2


def test_more_than_one_request_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACTIONS_PER_WANT_MAX", 50)
    monkeypatch.setattr(limits, "RANGES_PER_WANT_MAX", 3)
    monkeypatch.setattr(limits, "HEADS_PER_MESSAGE_MAX", 4)
    monkeypatch.setattr(limits, "CERTIFICATES_PER_WANT_MAX", 2)
    monkeypatch.setattr(limits, "CONTENTS_PER_WANT_MAX", 2)
    one, two = replicas(2)
    for i in range(10):
        braid(one, [Device(f"w{i}")], 30)
    one.held_certificates = [b"c%d" % i for i in range(9)]
    for i in range(7):
        blob = b"s" * 32 + b"%d" % i
        one.contents[digest(blob)] = blob
        two.wanted.add(digest(blob))
    pump = Pump(3)
    pump.connect(two, one)
    pump.run()
    assert step_in([one, two])
    assert not two.wanted


def test_large_certificates_stay_within_a_frame() -> None:
    one, two = replicas(2)
    one.held_certificates = [bytes([i]) * limits.CERTIFICATES_BYTES * 4 for i in range(1, 5)]
    pump = Pump()
    pump.connect(two, one)
    pump.run()
    assert two.held_certificates == one.held_certificates


# -- joining -----------------------------------------------------------------------------------------


def joining() -> tuple[FakeReplica, FakeReplica, Pump]:
    member, joiner = FakeReplica(Device("member")), FakeReplica(Device("joiner"), key=False)
    braid(member, [member.device], 10)
    joiner.join = joiner.device.write(FIRST_AT + 50, type_="member.join")
    return member, joiner, Pump()


def test_a_joiner_asks_waits_gets_the_key_and_then_everything() -> None:
    member, joiner, pump = joining()
    ends = pump.connect(joiner, member, ("joiner", "guest"))
    pump.run()
    assert ends[0].answers == [""]
    assert member.standing(joiner.signer.public) == "joining"
    assert joiner.keys == [] and joiner.chains == {}
    member.members[joiner.signer.public] = "active"
    pump.run()
    assert joiner.keys == member.keys
    assert step_in([member, joiner])


def test_a_refused_joiner_is_told_and_gets_nothing() -> None:
    member, joiner, pump = joining()
    ends = pump.connect(joiner, member, ("joiner", "guest"))
    pump.run()
    member.members[joiner.signer.public] = "refused"
    pump.run()
    assert ends[0].session.closing == "refused"
    assert joiner.keys == []


def guest_session() -> tuple[Session, FakeReplica, FakeReplica]:
    member, joiner, _ = joining()
    session = Session(member, member.signer.public, joiner.signer.public, "guest", Fetching(), TOKEN)
    session.start(NOW)
    return session, member, joiner


@pytest.mark.parametrize(
    "message",
    [
        m.State(b"d" * 32, 1, NOW, 0), m.Heads(1, (), False), m.Want(1, 1, (), ()), m.Want(1, 0, (), (b"h" * 32,)),
        m.Actions(1, (b"x",)), m.Have((b"h" * 32,)), m.Done(1), m.Keys(((0, b"k" * 32),)), m.Joined(""), m.Join(b"x"),
    ],
    ids=lambda message: type(message).__name__,
)  # fmt: skip
def test_a_guest_may_only_ask_to_join(message: m.Message) -> None:
    session, _, _ = guest_session()
    with pytest.raises(PeerError, match="guest"):
        session.receive(m.encode_message(message), NOW)
    assert session.next_frame() is None


def test_a_guest_may_not_bring_actions_or_joins_of_others_and_asks_once() -> None:
    session, _, joiner = guest_session()
    for envelope in (Device("other").write(FIRST_AT, type_="member.join"), joiner.device.write(FIRST_AT + 60)):
        with pytest.raises(PeerError, match="guest"):
            guest_session()[0].receive(m.encode_message(m.Join(envelope)), NOW)
    session.receive(m.encode_message(m.Join(joiner.join)), NOW)
    with pytest.raises(PeerError, match="guest"):
        session.receive(m.encode_message(m.Join(joiner.join)), NOW)


# -- peers that break the protocol ----------------------------------------------------------------------


def member_session(replica: FakeReplica | None = None) -> Session:
    here = replica or FakeReplica(Device("here"))
    session = Session(here, here.signer.public, Device("peer").signer.public, "member", Fetching(), TOKEN)
    session.start(NOW)
    return session


def messages_of(session: Session) -> list[m.Message]:
    reader, found = FrameReader(), []
    while (data := session.next_frame()) is not None:
        found += [m.decode_message(body) for body in reader.feed(data)]
    return found


@pytest.mark.parametrize(
    "message",
    [
        m.Actions(1, (b"x",)), m.Certificates(1, (b"x",)), m.Contents(1, (b"x",)), m.Done(1), m.Joined(""),
        m.Join(b"x"),
    ],
    ids=lambda message: type(message).__name__,
)  # fmt: skip
def test_what_was_not_asked_for_is_not_taken(message: m.Message) -> None:
    with pytest.raises(PeerError, match="order"):
        member_session().receive(m.encode_message(message), NOW)


def asked() -> tuple[Session, m.Want]:
    """A session that has asked for three actions of a device."""
    session = member_session()
    session.receive(m.encode_message(m.State(b"d" * 32, 0, NOW, 1)), NOW)
    session.receive(m.encode_message(m.Heads(0, (m.HeadRow(b"e" * 32, 3, b"h" * 32),), False)), NOW)
    wants = [message for message in messages_of(session) if isinstance(message, m.Want)]
    assert [want.ranges for want in wants] == [(m.RangeRow(b"e" * 32, 1, 3),)]
    return session, wants[0]


def test_more_than_was_asked_for_ends_it() -> None:
    session, want = asked()
    with pytest.raises(PeerError, match="unasked"):
        session.receive(m.encode_message(m.Actions(want.id, (b"x",) * 4)), NOW)


@pytest.mark.parametrize("message", [m.Certificates, m.Contents], ids=lambda kind: kind.__name__)
def test_objects_of_another_kind_than_was_asked_for_end_it(message: type) -> None:
    session, want = asked()
    with pytest.raises(PeerError, match="unasked"):
        session.receive(m.encode_message(message(want.id, (b"x",))), NOW)


def test_forged_objects_end_it_and_honest_troubles_do_not() -> None:
    session, want = asked()
    request = Request(session._asking, want, 3, None)
    for _ in range(limits.REFUSED_MAX + 5):
        session.admitted(AdmitReport(0, 0, 0, {"too_many_orphans": 1, "broken_chain": 1}), request)
    with pytest.raises(PeerError, match="forged"):
        session.admitted(AdmitReport(0, 0, 0, {"signature": limits.REFUSED_MAX + 1}), request)


def test_an_answer_that_brings_nothing_is_not_asked_for_for_ever() -> None:
    session, want = asked()
    session.receive(m.encode_message(m.Done(want.id)), NOW)
    for _ in range(5):
        session.changed(NOW)
    assert [message for message in messages_of(session) if isinstance(message, m.Want)] == []


def test_many_requests_at_once_end_it() -> None:
    session = member_session()
    with pytest.raises(PeerError, match="too_many_wants"):
        for number in range(limits.WANTS_WAITING_MAX + 1):
            session.receive(m.encode_message(m.Want(number, 1, (), ())), NOW)


def test_endless_heads_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEVICES_MAX", 1_000)
    session = member_session()
    with pytest.raises(PeerError, match="too_many_heads"):
        for page in range(20):
            rows = tuple(m.HeadRow(digest(b"%d/%d" % (page, i)), 1, b"h" * 32) for i in range(100))
            session.receive(m.encode_message(m.Heads(0, rows, True)), NOW)


def test_ranges_that_do_not_exist_are_answered_with_nothing() -> None:
    session = member_session()
    messages_of(session)
    rows = (m.RangeRow(b"n" * 32, 1, 2**32 - 1), m.RangeRow(Device("peer").signer.public, 2**31, 2**32 - 1))
    session.receive(m.encode_message(m.Want(9, 2**40, rows, (b"h" * 32,))), NOW)
    assert messages_of(session) == [m.Done(9)]


def test_a_removed_device_is_sent_away_at_once() -> None:
    replica = FakeReplica(Device("here"))
    session = member_session(replica)
    replica.write(Device("w"), FIRST_AT)
    replica.members[Device("peer").signer.public] = "refused"
    messages_of(session)
    session.changed(NOW)
    assert messages_of(session) == [m.Bye("refused")]
    assert session.closing == "refused"


def test_what_a_device_asked_for_before_it_was_removed_is_not_sent_afterwards() -> None:
    """Threat 32: answers are made when the stream has room; a removal in between ends them."""
    replica, peer = FakeReplica(Device("me")), Device("peer")
    braid(replica, [Device("w")], 3_000)
    session = Session(replica, replica.signer.public, peer.signer.public, "member", Fetching(), TOKEN)
    session.start(NOW)
    writer = next(iter(replica.heads()))
    want = m.encode_message(m.Want(1, 0, (m.RangeRow(writer, 1, 3_000),), ()))
    session.receive(want, NOW)
    while (frame := session.next_frame()) is not None and len(frame) < 1_000:
        pass
    assert frame is not None  # the first part of the answer; more of it waits
    replica.members[peer.signer.public] = "refused"
    session.changed(NOW)
    assert messages_of(session) == [m.Bye("refused")]
    late = Session(replica, replica.signer.public, peer.signer.public, "member", Fetching(), TOKEN)
    late.receive(want, NOW)
    assert messages_of(late) == [m.Bye("refused")] and late.closing == "refused"


def test_keys_are_told_to_who_may_lack_the_newest_and_is_in() -> None:
    replica, peer = FakeReplica(Device("me")), Device("peer")
    old, new = (0, b"k" * 32), (5, b"n" * 32)
    replica.keys = [old, new]
    for standing, told in (("active", True), ("unknown", False), ("joining", False)):
        replica.members[peer.signer.public] = standing  # type: ignore[assignment]
        session = Session(replica, replica.signer.public, peer.signer.public, "member", Fetching(), TOKEN, key=old)
        session.start(NOW)
        first = messages_of(session)[0]
        assert (first == m.Keys((old, new))) is told
    replica.members[peer.signer.public] = "active"
    session = Session(replica, replica.signer.public, peer.signer.public, "member", Fetching(), TOKEN, key=new)
    session.start(NOW)
    assert not any(isinstance(message, m.Keys) for message in messages_of(session))
    replica.keys.append((9, b"z" * 32))
    session.changed(NOW)
    session.changed(NOW)
    assert [message for message in messages_of(session) if isinstance(message, m.Keys)] == [m.Keys(tuple(replica.keys))]
    effects = session.receive(m.encode_message(m.Keys(((11, b"q" * 32),))), NOW)
    assert effects == [TakeKeys(((11, b"q" * 32),))]



@settings(max_examples=200)
@given(st.lists(st.binary(max_size=200), max_size=6))
def test_garbage_raises_nothing_else(bodies: list[bytes]) -> None:
    session = member_session()
    try:
        for body in bodies:
            session.receive(body, NOW)
    except PeerError:
        pass


# -- causal order on the wire ---------------------------------------------------------------------------


@given(st.integers(0, 2**53 - 1))
def test_claimed_time_is_read_at_its_place(at: int) -> None:
    assert claimed_time(Device("x").write(at)) == at


@pytest.mark.parametrize("step_ms", [1, 0])
def test_merging_keeps_parents_before_children(step_ms: int) -> None:
    """Even where all actions claim the same time."""
    replica = FakeReplica(Device("here"))
    devices = [Device(f"w{i}") for i in range(5)]
    last: bytes | None = None
    for i in range(500):
        last = replica.write(devices[i * i % 5], FIRST_AT + i * step_ms, () if last is None else (last,))
    rows = [m.RangeRow(d.signer.public, 1, d.seq) for d in devices if d.seq]
    other = FakeReplica(Device("there"))
    assert other.admit_now(list(merged(replica, rows))).stored == 500
    assert other.admitted_in_order


def test_words_of_witnesses_are_told_once_and_again_after_a_while() -> None:
    """A witness's machine keeps only so many words: what it had no room for comes again."""
    one, two = replicas(2)
    one.said = {digest(raw): raw for raw in (b"first", b"second")}
    two.words_max = 1
    pump = Pump()
    ends = pump.connect(one, two)
    pump.run()
    assert len(two.said) == 1
    two.words_max = 2
    pump.run()
    assert len(two.said) == 1
    ends[0].session.send_state(NOW, keepalive=True)
    pump.run()
    assert two.said == one.said


def test_news_that_came_by_gossip_make_nobody_ask_for_certificates() -> None:
    """For a moment the digests differ although nothing is lacking: no sign of another history."""
    one, two = replicas(2)
    one.held_certificates = two.held_certificates = [b"same"]
    pump = Pump()
    ends = pump.connect(one, two)
    pump.run()
    author = Device("author")
    for _ in range(3):
        envelope = author.write(FIRST_AT)
        assert one.admit_now([envelope]).stored == two.admit_now([envelope]).stored == 1
        ends[0].poked = ends[1].poked = True
        pump.run()
    assert m.Heads in ends[0].heard + ends[1].heard
    assert m.Want not in ends[0].heard + ends[1].heard


def test_another_history_that_shows_later_is_asked_for_when_the_digests_go_on_differing() -> None:
    one, two = replicas(2)
    one.held_certificates, two.held_certificates = [b"same"], [b"same"]
    pump = Pump()
    ends = pump.connect(one, two)
    pump.run()
    one.held_certificates[:] = [b"mine"]
    two.held_certificates[:] = [b"yours"]
    pump.run()
    assert m.Want not in ends[0].heard + ends[1].heard
    for _ in range(2):
        for end in ends:
            end.session.send_state(NOW, keepalive=True)
        pump.run()
    assert b"yours" in one.held_certificates and b"mine" in two.held_certificates


def test_two_histories_of_one_height_are_shown_to_each_other() -> None:
    """Same actions, same height, another checkpoint: both sides must come to see both."""
    one, two = replicas(2)
    one.held_certificates, two.held_certificates = [b"same", b"mine"], [b"same", b"yours"]
    pump = Pump()
    pump.connect(one, two)
    pump.run()
    assert b"yours" in one.held_certificates and b"mine" in two.held_certificates
    ahead, behind = replicas(2)
    ahead.held_certificates, behind.held_certificates = [b"same", b"mine", b"next"], [b"same", b"yours"]
    pump = Pump()
    pump.connect(ahead, behind)
    pump.run()
    assert b"mine" in behind.held_certificates
