"""A first sync in pieces of the certified history: shared by peers, in order, whatever one of them does."""

from __future__ import annotations

import pytest

from dao_app.core.encoding import encode
from dao_app.net import limits
from dao_app.net import messages as m
from tests.fakes.replica import FIRST_AT, Device, SealedReplica
from tests.net.pump import End, Pump

ACTIONS, EACH = 1_200, 40  # actions, and of them under one certificate
PIECE = 50


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PIECE_ACTIONS", PIECE)
    monkeypatch.setattr(limits, "ACTIONS_PER_MESSAGE_MAX", 20)
    monkeypatch.setattr(limits, "REFUSED_MAX", 5)


def full(name: str = "one") -> SealedReplica:
    """Actions of seven devices, each on the one before, sealed now and then; some at the end are not."""
    replica = SealedReplica(Device(name))
    devices = [Device(f"w{number}") for number in range(7)]
    last: bytes | None = None
    for number in range(ACTIONS):
        last = replica.write(devices[number * number % 7], FIRST_AT + number, () if last is None else (last,))
        if number % EACH == EACH - 1 and number < ACTIONS - EACH:
            replica.seal()
    return replica


def copy(kind: type[SealedReplica], name: str, other: SealedReplica) -> SealedReplica:
    found = kind(Device(name))
    found.copy_from(other)
    return found


def empty() -> SealedReplica:
    return SealedReplica(Device("late"))


def size_of(replica: SealedReplica) -> int:
    return sum(len(envelope) for chain in replica.chains.values() for envelope in chain)


def sent(end: End) -> int:
    return end.session.traffic.bytes_out


def check(late: SealedReplica, one: SealedReplica) -> None:
    assert late.heads_digest() == one.heads_digest()
    assert late.chains == one.chains


def stall(pump: Pump, end: End) -> None:
    """From the middle of a piece on it says nothing more."""
    while sent(end) < 12_000:
        pump.run(1)
    pump.stalled.append(end)


def wait(pump: Pump, ms: int) -> None:
    """Time passes: sessions do what they do every half minute."""
    pump.now_ms += ms
    for pair in pump.pairs:
        for end in pair:
            if not end.broken:
                end.session.send_state(pump.now_ms, keepalive=True)
    pump.run()


def test_the_next_piece_is_on_its_way_while_one_is_judged() -> None:
    one, late, pump = full(), empty(), Pump()
    ends = pump.connect(late, one)
    pump.run()
    check(late, one)
    assert late.admitted_in_order
    assert sent(ends[1]) < size_of(one) * 1.06 + 5_000  # small pieces, small messages
    assert ends[1].heard.count(m.Want) == ends[0].heard.count(m.Done) > ACTIONS // PIECE // 2
    assert ends[1].most_waiting == limits.WANTS_OPEN_MAX


def test_several_peers_share_the_load() -> None:
    one, late, pump = full(), empty(), Pump(4)
    others = [one, copy(SealedReplica, "two", one), copy(SealedReplica, "three", one)]
    ends = [pump.connect(late, other)[1] for other in others]
    pump.run()
    check(late, one)
    assert late.admitted_in_order
    shares = [sent(end) / size_of(one) for end in ends]
    assert sum(shares) < 1.2
    assert min(shares) > 0.15


def test_a_stalled_peer_loses_its_share_when_it_is_left() -> None:
    one, late, pump = full(), empty(), Pump(5)
    stalled = pump.connect(late, copy(SealedReplica, "two", one))
    pump.connect(late, one)
    stall(pump, stalled[1])
    pump.run()
    assert late.heads_digest() != one.heads_digest()
    pump.disconnect(stalled)  # as the link does after ``STALL_S_MAX``
    pump.run()
    check(late, one)


def test_a_slow_peer_loses_its_share_while_it_stays() -> None:
    one, late, pump = full(), empty(), Pump(6)
    stalled = pump.connect(late, copy(SealedReplica, "two", one))
    pump.connect(late, one)
    stall(pump, stalled[1])
    pump.run()
    assert late.heads_digest() != one.heads_digest()
    pump.now_ms += limits.PIECE_SLOW_MS + 1
    pump.run()
    check(late, one)


def test_what_is_not_certified_comes_from_another_where_one_does_not_get_on() -> None:
    one, late, pump = SealedReplica(Device("one")), empty(), Pump(7)
    author = Device("w")
    for number in range(60):
        one.write(author, FIRST_AT + number)
    ends = pump.connect(late, copy(SealedReplica, "two", one))
    while m.Want not in ends[1].heard:
        pump.run(1)
    pump.stalled.append(ends[1])
    pump.connect(late, one)
    pump.run()
    assert not late.chains
    pump.now_ms += limits.THING_SLOW_MS + 1
    pump.run()
    check(late, one)


class Withholding(SealedReplica):
    """Says that it has everything and sends half of it."""

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        return [] if device[0] & 1 else super().envelopes(device, first, last, max_bytes)


class Forging(SealedReplica):
    """Sends envelopes whose signatures are wrong."""

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        return [raw[:-1] + bytes([raw[-1] ^ 1]) for raw in super().envelopes(device, first, last, max_bytes)]


class Inventing(SealedReplica):
    """Its certificates list more than there is; nothing that is signed says what they list."""

    more = 3

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found = range(first, self.height() + 1)
        return [encode([height, [[d, seq + self.more] for d, seq in self._moves(height)]]) for height in found]


class InventingMuch(Inventing):
    more = 2**31


@pytest.mark.parametrize("liar", [Withholding, Forging, Inventing, InventingMuch])
@pytest.mark.parametrize("seed", range(4))
def test_a_lying_peer_loses_its_share(liar: type[SealedReplica], seed: int) -> None:
    one, late, pump = full(), empty(), Pump(seed)
    bad = pump.connect(late, copy(liar, "two", one))
    good = pump.connect(late, one)
    pump.run()
    for _ in range(4):
        wait(pump, 30_000)
    check(late, one)
    assert not good[0].broken
    if liar is Forging:
        assert bad[0].broken == "forged"
    assert sent(good[1]) < size_of(one) * 2


def test_a_liar_alone_is_not_asked_without_end() -> None:
    one, late, pump = full(), empty(), Pump()
    ends = pump.connect(late, copy(Withholding, "two", one))
    pump.run()
    said = ends[0].session.traffic.messages_out
    pump.run()
    assert ends[0].session.traffic.messages_out == said
    pump.connect(late, one)
    pump.run()
    wait(pump, 30_000)
    check(late, one)


def test_what_was_fetched_is_not_fetched_again_after_a_break() -> None:
    one, late = full(), empty()
    spent = 0
    for seed in range(8):
        pump = Pump(seed)
        ends = pump.connect(late, one)
        pump.run(100)
        spent += sent(ends[1])
        pump.disconnect(ends)
    pump = Pump(9)
    ends = pump.connect(late, one)
    pump.run()
    check(late, one)
    held = limits.WANTS_OPEN_MAX * PIECE * 2 * size_of(one) // ACTIONS
    assert spent + sent(ends[1]) < size_of(one) * 1.1 + 9 * held + 9 * 3_000


def test_a_link_that_breaks_while_its_batch_is_stored_holds_nobody_up() -> None:
    """What it had handed on is planned again, and nothing waits for its being stored."""
    one, late, pump = full(), empty(), Pump(3)
    ends = pump.connect(late, one)
    while not ends[0].session._asking._handed:
        pump.lose_next_batch = ends[0]
        pump.run(1)
    pump.disconnect(ends)
    pump.connect(late, copy(SealedReplica, "two", one))
    pump.run()
    check(late, one)


def test_progress_rises_to_its_end() -> None:
    one, late, pump = full(), empty(), Pump()
    ends = pump.connect(late, one)
    pump.run()
    told = [step for step in ends[0].progress if step[1] > ACTIONS // 2]
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert len(told) > ACTIONS // PIECE // 2


def test_pieces_that_wait_for_the_first_are_few() -> None:
    """One peer brings nothing of the first piece: the others do not run on without end."""
    one, late, pump = full(), empty(), Pump(2)
    first = pump.connect(late, copy(SealedReplica, "two", one))
    stall(pump, first[1])
    for name in ("three", "four", "five"):
        pump.connect(late, copy(SealedReplica, name, one))
    pump.run()
    fetched = sum(sent(pair[1]) for pair in pump.pairs[1:])
    assert fetched < (limits.PIECES_AHEAD + 2) * 2 * PIECE * size_of(one) // ACTIONS + len(pump.pairs) * 4_000


def test_a_checkpoint_larger_than_a_request_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ACTIONS_PER_WANT_MAX", 30)
    monkeypatch.setattr(limits, "PIECE_HELD_MAX", 25)
    one, late, pump = full(), empty(), Pump(7)
    pump.connect(late, one)
    pump.run()
    wait(pump, 30_000)
    check(late, one)
    assert late.admitted_in_order
