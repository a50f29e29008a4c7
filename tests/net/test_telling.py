"""Two sides come to know what each lacks, within the bytes and turns that the plan allows; liars end it."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dao_app.app.heads import Head, row_bytes
from dao_app.net import limits, reconcile
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from tests.fakes.telling import HIGH, LOW, NOW, ORG, HeadsOnly, Pair, Side, changed, lacking, odd, some_heads

MANY = limits.PLAIN_HEADS_MAX + 1


def told(one: dict[bytes, Head], two: dict[bytes, Head], seed: int = 0) -> Pair:
    """After everything was said."""
    pair = Pair(HeadsOnly(one), HeadsOnly(two), seed)
    pair.start()
    pair.run()
    return pair


def check(pair: Pair) -> None:
    """Each knows exactly what it lacks, and each fork."""
    low, high = pair.low, pair.high
    for side, other in ((low, high), (high, low)):
        side.telling.forget_arrived()
        assert side.telling.lacking == lacking(side.replica.table, other.replica.table)
        assert side.telling.odd == odd(side.replica.table, other.replica.table)
        assert not side.telling.waiting


rows = st.dictionaries(
    st.integers(0, 40).map(lambda n: bytes([n * 6]) * 32),
    st.tuples(st.integers(1, 3), st.integers(0, 2)).map(lambda row: Head(row[0], bytes([row[1]]) * 32)),
    min_size=MANY,
)


@settings(max_examples=150)
@given(rows, rows, st.integers(0, 2**32))
def test_both_come_to_know_what_they_lack(one: dict[bytes, Head], two: dict[bytes, Head], seed: int) -> None:
    check(told(one, two, seed))


@pytest.mark.parametrize("count", [0, 1, limits.PLAIN_HEADS_MAX])
def test_small_sets_are_listed(count: int) -> None:
    pair = told(some_heads(count), some_heads(40, 1))
    check(pair)
    assert {type(message) for side in (pair.low, pair.high) for message in side.said} == {m.State, m.Heads}


def test_devices_whose_names_are_equal_are_told_apart() -> None:
    """Two keys with the same first bytes, changed on either side or both, new on one of them."""
    same = [b"same-name!"[: reconcile.NAME_BYTES].ljust(31, b".") + bytes([n]) for n in range(4)]
    common = some_heads(MANY)
    one = {**common, same[0]: Head(5, b"a" * 32), same[1]: Head(2, b"b" * 32), same[2]: Head(9, b"c" * 32)}
    for two in (
        {**common, same[0]: Head(6, b"A" * 32), same[1]: Head(2, b"b" * 32), same[2]: Head(9, b"c" * 32)},
        {**common, same[0]: Head(6, b"A" * 32), same[1]: Head(1, b"B" * 32), same[3]: Head(9, b"c" * 32)},
        {**common, same[3]: Head(7, b"d" * 32)},
        common,
    ):
        check(told(one, two))
        check(told(two, one))


# -- what it costs ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("count", "bytes_max"), [(0, 200), (10, 2_000), (1_000, 80_000)])
@pytest.mark.parametrize("newer", ["low", "high", "both"])
def test_ten_thousand_devices_cost_little(count: int, bytes_max: int, newer: str) -> None:
    """Everything both need to know what to ask for, mostly in two round trips after the states (medians of three)."""
    costs, turns = [], []
    for seed in range(3):
        common = some_heads(10_000, seed)
        one = changed(common, {"low": count, "high": 0, "both": count // 2}[newer], 1)
        two = changed(common, {"low": 0, "high": count, "both": count // 2}[newer], 2)
        pair = told(one, two, seed)
        check(pair)
        costs.append(pair.bytes)
        turns.append(pair.turns)
    assert statistics.median(costs) <= bytes_max
    assert statistics.median(turns) <= 1 + 4
    assert max(turns) <= 1 + 6


def test_only_the_height_differs() -> None:
    """Equal heads, another checkpoint: little is said, and both know that nothing is lacking."""
    common = some_heads(10_000)
    pair = Pair(HeadsOnly(common, 4), HeadsOnly(common, 5))
    pair.start()
    pair.run()
    check(pair)
    assert pair.low.telling.peer_height == 5
    assert pair.bytes < 800


def test_sets_that_have_nothing_in_common_are_listed_item_by_item() -> None:
    pair = told(some_heads(3_000, 1), some_heads(3_000, 2))
    check(pair)
    assert pair.bytes < 6_000 * (73 + 20)


# -- on the way ------------------------------------------------------------------------------------------
def test_heads_that_change_meanwhile_are_told_afterwards() -> None:
    common = some_heads(200)
    pair = Pair(HeadsOnly(changed(common, 20, 1)), HeadsOnly(changed(common, 20, 2)))
    pair.start()
    busy = iter(sorted(common)[:12])

    def go_on() -> None:
        for side in (pair.low, pair.high):
            device = next(busy, None)
            if device is not None:
                side.replica.table.put(device, side.replica.table.at(device).seq + 100, device)
        pair.tell()

    pair.run(go_on)
    check(pair)


def test_too_few_symbols_are_followed_by_more_and_then_by_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "symbols_for", lambda devices: 8)
    common = some_heads(400)
    check(told(common, changed(common, 10)))  # more of them do
    pair = told(common, changed(common, 60))  # they never do
    check(pair)
    assert any(isinstance(message, m.Compared) and not message.found for message in pair.high.said)


def test_more_than_can_be_coded_or_listed_is_told_as_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SYMBOLS_MAX", 20)
    monkeypatch.setattr(limits, "ITEMS_MAX", 20)
    common = some_heads(400)
    check(told(common, changed(common, 100)))


def test_what_the_digests_still_tell_apart_is_compared_again_under_another_salt() -> None:
    """As where items collided by chance: the audit finds it. Not for ever, and by the opener alone."""
    common = some_heads(50)
    pair = told(common, common)
    pair.high.replica.table.put(min(common), 7_000, b"x" * 32)
    pair.high.telling._version += 1  # it believes that this was told
    pair.send(pair.low, [pair.high.telling.state(NOW)])
    pair.run()
    assert pair.low.telling.lacking == {}
    assert pair.high.telling.audit() == []
    pair.send(pair.high, pair.low.telling.audit())
    pair.run()
    check(pair)
    pair.low.telling.lacking.clear()
    pair.low.telling._peer_heads.clear()
    opened = 1
    while again := pair.low.telling.audit():
        opened += 1
        pair.send(pair.high, again)
        pair.run()
        pair.low.telling.lacking.clear()
        pair.low.telling._peer_heads.clear()
    assert opened == limits.COMPARISONS_MAX


def test_heads_that_collide_under_one_salt_are_found_under_the_next() -> None:
    """A fork whose two heads have equal tags under the first salt, as chance or a search may give."""
    common, device = some_heads(40), b"forked".ljust(32, b".")
    salts = [bytes(16), b"\1" * 16]
    key = reconcile.key_of(ORG, LOW, HIGH, salts[0])
    seen: dict[bytes, Head] = {}
    for number in range(2**18):
        head = Head(7, number.to_bytes(32, "big"))
        twin = seen.setdefault(reconcile.listed(reconcile.Items([row_bytes(device, head)], key)), head)
        if twin is not head:
            break
    left = iter(salts)
    pair = Pair(HeadsOnly({**common, device: head}), HeadsOnly({**common, device: twin}), token=lambda _: next(left))
    pair.start()
    pair.run()
    assert pair.low.telling.odd == pair.high.telling.odd == set()
    pair.send(pair.high, pair.low.telling.audit())
    pair.run()
    check(pair)
    assert pair.low.telling.odd == {twin.digest}


def test_no_two_comparisons_have_one_key() -> None:
    common = some_heads(600)
    two = changed(common, 3)
    first, second = (next(one for one in told(common, two, n).high.said if isinstance(one, m.Compare)) for n in (1, 2))
    assert first.salt != second.salt
    assert not set(pairs(first.ranges)) & set(pairs(second.ranges))


def pairs(ranges: bytes) -> list[bytes]:
    size = reconcile.FINGERPRINT_BYTES
    return [ranges[at : at + size] for at in range(0, len(ranges), size)]


# -- liars -----------------------------------------------------------------------------------------------
def answering() -> tuple[Side, m.Symbols, Pair]:
    """The side that answers, after it has."""
    common = some_heads(600)
    pair = Pair(HeadsOnly(common), HeadsOnly(changed(common, 10)))
    pair.start()
    for side, other in ((pair.low, pair.high), (pair.high, pair.low)):
        pair.send(other, side.hear(side.inbox.popleft()))
    (symbols,) = pair.high.hear(pair.high.inbox.popleft())
    assert isinstance(symbols, m.Symbols)
    return pair.high, symbols, pair


@pytest.mark.parametrize("message", [m.Symbols(bytes(4), True, bytes(20)), m.More(5), m.Compared(True, b"", b"")])
def test_what_belongs_to_no_comparison_is_refused(message: m.Message) -> None:
    pair = told(some_heads(2), some_heads(2, 1))
    for side in (pair.low, pair.high):
        with pytest.raises(PeerError, match="order"):
            side.hear(message)


def test_only_one_side_opens_and_not_without_end() -> None:
    _, _, pair = answering()
    opening = m.Compare(bytes(16), bytes(256), bytes(224))
    with pytest.raises(PeerError, match="order"):
        pair.low.hear(opening)
    with pytest.raises(PeerError, match="order"):
        for _ in range(limits.COMPARISONS_MAX):
            pair.high.hear(opening)


def test_nobody_may_open_before_the_states() -> None:
    side = Side(HeadsOnly({}), b"\xff" * 32, LOW, bytes)
    with pytest.raises(PeerError, match="order"):
        side.hear(m.Compare(bytes(16), bytes(256), bytes(224)))


def test_symbols_without_end_are_refused() -> None:
    side, _, _ = answering()
    with pytest.raises(PeerError, match="order"):
        for _ in range(limits.MORE_MAX + 1):
            side.hear(m.More(1))
    with pytest.raises(PeerError, match="order"):
        answering()[0].hear(m.More(limits.SYMBOLS_MAX))


@pytest.mark.parametrize(
    "rows_told", [b"nobod" + bytes([0, 0, 0, 9]), min(some_heads(600))[:5] + bytes(4)], ids=["unknown", "not_more"]
)
def test_what_cannot_have_come_of_it_is_refused(rows_told: bytes) -> None:
    with pytest.raises(PeerError, match="compared"):
        answering()[0].hear(m.Compared(True, rows_told, b""))


def test_an_answer_that_does_not_fit_is_refused() -> None:
    _, symbols, pair = answering()
    for wrong in (symbols._replace(differing=b"\xff"), symbols._replace(data=b"x")):
        with pytest.raises(PeerError):
            pair.low.hear(wrong)
    answering_again = answering()[2].low
    answering_again.hear(symbols._replace(data=symbols.data[:20], differing=b"\xff\xff\xff\xff"))
    with pytest.raises(PeerError, match="order"):
        answering_again.hear(symbols)  # ranges that were not named before


@settings(max_examples=60)
@given(st.lists(st.one_of(
    st.builds(m.Symbols, st.binary(min_size=4, max_size=4), st.booleans(), st.binary(max_size=80)),
    st.builds(m.More, st.integers(1, 99)),
    st.builds(m.Compared, st.booleans(), st.binary(min_size=9, max_size=9), st.binary(min_size=5, max_size=5)),
    st.builds(m.Compare, st.just(bytes(16)), st.just(bytes(256)), st.just(bytes(224))),
), max_size=5))  # fmt: skip
def test_whatever_is_said_ends_in_an_answer_or_a_named_failure(messages: list[m.Message]) -> None:
    _, _, pair = answering()
    for side in (pair.low, pair.high):
        try:
            for message in messages:
                side.hear(message)
        except PeerError as error:
            assert error.code in ("order", "symbols", "compared", "too_many_heads")


def test_endless_devices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEVICES_MAX", 50)
    side = Side(HeadsOnly({}), LOW, b"\xff" * 32, bytes)
    with pytest.raises(PeerError, match="too_many_heads"):
        side.hear(m.Heads(0, tuple(m.HeadRow(d, *head) for d, head in some_heads(60).items()), False))


def test_a_head_is_told_once_and_not_to_whom_it_came_from() -> None:
    pair = told({b"a" * 32: Head(3, b"h" * 32)}, {b"b" * 32: Head(1, b"i" * 32)})
    pair.low.replica.table.put(b"b" * 32, 1, b"i" * 32)  # it has fetched it
    assert pair.low.telling.news() == []
    pair.low.replica.table.put(b"a" * 32, 4, b"j" * 32)
    assert [row.seq for message in pair.low.telling.news() for row in message.rows] == [4]
    assert pair.low.telling.news() == []
