"""The small parts: gossip hints, dialling, buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import encode
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip, limits
from dao_app.net.dialing import Dialer
from dao_app.net.meters import Bucket
from dao_app.platform.random import SystemRandom

KEY = b"k" * 32
SEALER = SodiumSealer(SystemRandom())


# -- gossip -----------------------------------------------------------------------------------------------


def test_hints_are_read_by_holders_of_the_key_alone() -> None:
    (sealed,) = gossip.sealed_hints(SEALER, KEY, [b"an action"], [b"a certificate"])
    assert gossip.open_hint(SEALER, KEY, sealed) == gossip.Hint((b"an action",), (b"a certificate",))
    assert gossip.open_hint(SEALER, bytes(32), sealed) is None
    assert b"an action" not in sealed
    assert gossip.topic_of(KEY) != gossip.topic_of(bytes(32))
    assert KEY.hex() not in gossip.topic_of(KEY)


@given(st.lists(st.integers(1, 60_000), max_size=40))
def test_many_hints_are_split_and_none_is_too_large(sizes: list[int]) -> None:
    envelopes = [bytes([i % 251]) * size for i, size in enumerate(sizes)]
    sealed = gossip.sealed_hints(SEALER, KEY, envelopes, [])
    hints = [gossip.open_hint(SEALER, KEY, raw) for raw in sealed]
    assert [e for hint in hints if hint is not None for e in hint.envelopes] == envelopes
    assert all(len(raw) <= limits.GOSSIP_BYTES_MAX for raw in sealed)


def test_what_is_too_large_or_too_many_is_left_to_the_sessions() -> None:
    assert gossip.sealed_hints(SEALER, KEY, [], [b"x" * limits.GOSSIP_BYTES_MAX]) == []
    sealed = gossip.sealed_hints(SEALER, KEY, [b"x"] * (limits.GOSSIP_ITEMS_MAX + 1), [])
    assert len(sealed) == 2


@given(st.binary(max_size=200))
def test_sealed_garbage_is_no_hint(raw: bytes) -> None:
    assert gossip.open_hint(SEALER, KEY, SEALER.seal(KEY, gossip.SEAL_PURPOSE, raw)) is None
    assert gossip.open_hint(SEALER, KEY, raw) is None


def test_hints_out_of_bounds_are_none() -> None:
    for value in ([[]], [[b""], []], [[b"x" * 70_000], []], [[1], []], [[b"x"] * 300, []], {"a": 1}):
        sealed = SEALER.seal(KEY, gossip.SEAL_PURPOSE, encode(value))
        assert gossip.open_hint(SEALER, KEY, sealed) is None


# -- dialling ------------------------------------------------------------------------------------------------


def dialer(jitter: float = 0.5) -> Dialer:
    return Dialer(lambda: jitter)


def test_back_off_grows_to_its_bound_and_begins_anew_after_success() -> None:
    found = dialer(0.0)
    found.learn(b"d", "/a", 0.0)
    pauses, now = [], 0.0
    for _ in range(12):
        assert found.due(now, lambda d: False, 4) == [b"d"]
        assert found.due(now, lambda d: False, 4) == []
        found.failed(b"d", now)
        pauses.append(found.known[b"d"].next_s - now)
        now = found.known[b"d"].next_s
    assert pauses == sorted(pauses)
    assert pauses[0] == limits.BACKOFF_S_MIN / 2
    assert pauses[-1] == limits.BACKOFF_S_MAX / 2
    found.greeted(b"d")
    found.failed(b"d", now)
    assert found.known[b"d"].next_s - now == limits.BACKOFF_S_MIN / 2


def test_jitter_spreads_the_pauses() -> None:
    pauses = set()
    for jitter in (0.0, 0.3, 0.99):
        found = dialer(jitter)
        found.learn(b"d", "/a", 0.0)
        found.failed(b"d", 0.0)
        pauses.add(found.known[b"d"].next_s)
    assert len(pauses) == 3
    assert all(limits.BACKOFF_S_MIN / 2 <= pause <= limits.BACKOFF_S_MIN for pause in pauses)


def test_linked_peers_are_left_alone_and_few_are_dialled_at_once() -> None:
    found = dialer()
    for i in range(10):
        found.learn(b"%d" % i, "/a", float(i))
    assert found.due(100.0, lambda d: d == b"0", 3) == [b"1", b"2", b"3"]
    assert found.due(100.0, lambda d: False, 0) == []


def test_the_address_that_worked_comes_first() -> None:
    found = dialer()
    for address in ("/a", "/b", "/c"):
        found.learn(b"d", address, 0.0)
    found.reached(b"d", "/b")
    assert found.known[b"d"].addresses == ["/b", "/a", "/c"]


def test_the_book_is_bounded_and_keeps_whom_it_reached() -> None:
    found = dialer()
    found.learn(b"friend", "/a", 0.0)
    found.greeted(b"friend")
    for i in range(limits.PEERS_KNOWN_MAX * 2):
        found.learn(b"stranger%d" % i, "/a", 0.0)
    assert len(found.known) == limits.PEERS_KNOWN_MAX
    assert b"friend" in found.known
    for i in range(50):
        found.learn(b"friend", f"/{i}", 0.0)
    assert len(found.known[b"friend"].addresses) == limits.ADDRESSES_PER_PEER_MAX


# -- buckets -------------------------------------------------------------------------------------------------


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    bucket = Bucket(10.0, 5.0, 0.0)
    assert [bucket.take(1, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(1, 0.1) for _ in range(2)] == [True, False]
    assert sum(bucket.take(1, 100.0) for _ in range(20)) == 5
