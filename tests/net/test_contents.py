"""Which contents a session asks its peer for, sans-IO: all that anybody linked has, whatever nobody has."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dao_app.core.encoding import digest
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.codec import FrameReader
from dao_app.net.fetching import Fetching
from dao_app.net.session import Session
from tests.fakes.replica import Device, FakeReplica
from tests.net.pump import NOW, End, Pump

LATER = NOW + 60_000


def replicas(count: int) -> list[FakeReplica]:
    return [FakeReplica(Device(f"d{i}")) for i in range(count)]


def blob_of(number: int) -> bytes:
    return b"s" * 32 + b"content %d" % number


def hold(replica: FakeReplica, number: int) -> bytes:
    """It has this content; returns the hash."""
    hash_ = digest(blob_of(number))
    replica.contents[hash_] = blob_of(number)
    return hash_


def wants_sent(session: Session) -> list[m.Want]:
    """Requests for contents among the frames that wait to be written."""
    found: list[m.Message] = []
    while (raw := session.next_frame()) is not None:
        found += [m.decode_message(body) for body in FrameReader().feed(raw)]
    return [message for message in found if isinstance(message, m.Want) and message.contents]


def met(one: FakeReplica, two: FakeReplica, fetching: Fetching) -> Session:
    """A session of ``one`` with ``two``, which has the same history."""
    session = Session(one, one.signer.public, two.signer.public, "member", fetching, random.Random(7).randbytes)
    session.start(NOW)
    session.receive(m.encode_message(m.State(one.heads_digest(), one.height(), NOW, 0)), NOW)
    return session


def test_what_the_first_that_was_asked_lacks_comes_from_another() -> None:
    here, has_not, has = replicas(3)
    hash_ = hold(has, 1)
    here.wanted.add(hash_)
    woken: list[bool] = []
    fetching = Fetching(lambda: woken.append(True))
    first, second = met(here, has_not, fetching), met(here, has, fetching)
    first.changed(NOW)
    second.changed(NOW)
    (want,) = wants_sent(first)
    assert want.contents == (hash_,) and not wants_sent(second)  # nobody asks two for the same
    woken.clear()
    first.receive(m.encode_message(m.Done(want.id)), NOW)
    assert not wants_sent(first)
    assert woken  # nobody has to wait for a tick
    second.changed(NOW)
    (again,) = wants_sent(second)
    assert again.contents == (hash_,)


def test_what_a_peer_that_left_was_asked_for_comes_from_another() -> None:
    here, left, has = replicas(3)
    here.wanted.add(hold(has, 1))
    fetching = Fetching()
    first, second = met(here, left, fetching), met(here, has, fetching)
    first.changed(NOW)
    second.changed(NOW)
    assert wants_sent(first) and not wants_sent(second)
    first.end()
    second.changed(NOW)
    assert wants_sent(second)


@pytest.mark.parametrize("size", [10, limits.THING_BYTES_MIN])
def test_what_a_peer_brings_a_crumb_at_a_time_comes_from_another(size: int) -> None:
    here, slow, has = replicas(3)
    blob = b"s" * 32 + bytes(size)
    slow.contents[digest(blob)] = blob
    here.wanted.update({digest(blob), hold(has, 1)})
    fetching = Fetching()
    first, second = met(here, slow, fetching), met(here, has, fetching)
    half, late = NOW + limits.THING_SLOW_MS // 2 + 1, NOW + limits.THING_SLOW_MS + 1
    first.changed(NOW)
    second.changed(NOW)
    (want,) = wants_sent(first)
    assert len(want.contents) == 2 and not wants_sent(second)
    first.changed(half)
    first.receive(m.encode_message(m.Contents(want.id, (blob,))), half)
    second.changed(half)
    assert not wants_sent(second)
    second.changed(late)
    second.changed(late)  # a turn, and the next
    assert bool(wants_sent(second)) is (size < limits.THING_BYTES_MIN)  # so much is getting on


def test_what_nobody_has_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member may refer to any number of texts that exist nowhere."""
    monkeypatch.setattr(limits, "CONTENTS_PER_WANT_MAX", 4)
    monkeypatch.setattr(limits, "CONTENTS_LOOKED_AT", 16)
    here, has = replicas(2)
    here.wanted.update(digest(b"nowhere %d" % i) for i in range(200))
    found = {hold(has, i) for i in range(10)}
    here.wanted |= found
    pump = Pump()
    pump.connect(here, has)
    pump.run()
    assert found <= here.contents.keys() and len(here.wanted) == 200


def test_more_absent_than_is_remembered_comes_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MISSING_CONTENT_MAX", 20)
    monkeypatch.setattr(limits, "CONTENTS_PER_WANT_MAX", 8)
    here, other = replicas(2)
    here.wanted.update(digest(b"nowhere %d" % i) for i in range(100))
    pump = Pump()
    end, _ = pump.connect(here, other)
    pump.run()  # fails where it never comes to rest
    asked = end.session.traffic.messages_out
    end.session.changed(NOW)
    assert end.session.next_frame() is None
    end.session.send_state(LATER, keepalive=True)
    end.session.changed(LATER)
    pump.run()
    assert end.session.traffic.messages_out > asked + 1


def test_a_wanted_content_behind_the_place_of_the_turn_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONTENTS_LOOKED_AT", 2)
    here, has = replicas(2)
    hashes = sorted(hold(has, i) for i in range(9))
    here.wanted.update(hashes[5:])
    pump = Pump()
    end, _ = pump.connect(here, has)
    for step in range(4):
        pump.run(step)
    here.wanted.update(hashes[:5])
    end.session.content_wanted()
    pump.run()
    assert not here.wanted


@settings(max_examples=60, deadline=None)
@given(
    having=st.lists(st.sets(st.integers(0, 3), max_size=3), min_size=1, max_size=40),
    seed=st.integers(0, 1 << 16),
    page=st.integers(1, 8),
    leaves=st.booleans(),
)
def test_all_that_anybody_has_comes(having: list[set[int]], seed: int, page: int, leaves: bool) -> None:
    """Whoever has what, in any order of messages, with one peer more that goes away in the middle."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CONTENTS_LOOKED_AT", page)
        patch.setattr(limits, "CONTENTS_PER_WANT_MAX", 3)
        here, *others = replicas(6)
        for number, who in enumerate(having):
            here.wanted.add(digest(blob_of(number)))
            for place in who:
                hold(others[place], number)
        pump = Pump(seed)
        pairs: list[tuple[End, End]] = [pump.connect(here, other) for other in others]
        if leaves:
            pump.run(seed % 7)
            pump.disconnect(pairs[-1])
        nowhere = {digest(blob_of(number)) for number, who in enumerate(having) if not who}
        for _ in range((len(having) + 2) * len(pairs)):  # a page of what is known to be absent at each tick
            pump.run()
            if here.wanted == nowhere:
                return
        raise AssertionError("what somebody has does not come")


def test_content_follows_its_action_even_through_a_third() -> None:
    one, middle, two = replicas(3)
    blob = b"s" * 32 + b"a description"
    one.contents[digest(blob)] = blob
    middle.wanted.add(digest(blob))
    two.wanted.add(digest(blob))
    pump = Pump()
    pump.connect(two, middle)
    pump.run()
    pump.connect(one, middle)
    pump.run()
    assert two.contents == {digest(blob): blob}


def test_content_that_does_not_fit_its_hash_is_not_kept_and_not_asked_for_again() -> None:
    one, two = replicas(2)
    wanted = digest(b"the right one")
    two.wanted.add(wanted)
    one.contents[wanted] = b"s" * 32 + b"something else"
    pump = Pump()
    ends = pump.connect(two, one)
    pump.run()
    assert two.contents == {}
    asked = ends[0].session.traffic.messages_out
    pump.run()
    assert ends[0].session.traffic.messages_out == asked


def test_content_that_comes_to_the_peer_while_it_is_asked_for_is_asked_for_again() -> None:
    """What the peer has since it was asked is told before the answer that does not hold it."""
    one, two = replicas(2)
    blob = b"s" * 32 + b"comes late"
    hash_ = digest(blob)
    two.wanted.add(hash_)
    session = Session(two, two.signer.public, one.signer.public, "member", Fetching(), random.Random(7).randbytes)
    session.start(NOW)
    one_state = m.State(two.heads_digest(), two.height(), NOW, len(list(two.heads())))

    session.receive(m.encode_message(one_state), NOW)
    session.changed(NOW)
    (want,) = wants_sent(session)
    session.receive(m.encode_message(m.Have((hash_,))), NOW)
    session.receive(m.encode_message(m.Done(want.id)), NOW)
    assert [again.id for again in wants_sent(session)] == [want.id + 1]
