"""The small parts: gossip hints, dialling, buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dao_app.app.addresses import UNPROVEN_MS_MAX, AddressBook, device_text
from dao_app.core.encoding import encode
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip, limits
from dao_app.net.dialing import Dialer
from dao_app.net.meters import Bucket, Gate, place_of
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


def at(device: int, place: int = 1) -> str:
    """An address of the device with this number."""
    return f"/ip4/192.0.2.{place}/tcp/443/p2p/{device_text(key(device))}"


def key(device: int) -> bytes:
    return device.to_bytes(32, "big")


def dialer(jitter: float = 0.5) -> Dialer:
    return Dialer(lambda: jitter, AddressBook())


def test_back_off_grows_to_its_bound_and_begins_anew_after_success() -> None:
    found, device = dialer(0.0), key(1)
    assert found.learn(at(1), 0.0, 0) == device
    pauses, now = [], 0.0
    for _ in range(12):
        assert found.due(now, lambda d: False, 4) == [device]
        assert found.due(now, lambda d: False, 4) == []
        found.failed(device, now)
        pauses.append(found.known[device].next_s - now)
        now = found.known[device].next_s
    assert pauses == sorted(pauses)
    assert pauses[0] == limits.BACKOFF_S_MIN / 2
    assert pauses[-1] == limits.BACKOFF_S_MAX / 2
    found.greeted(device)
    found.failed(device, now)
    assert found.known[device].next_s - now == limits.BACKOFF_S_MIN / 2


def test_jitter_spreads_the_pauses() -> None:
    pauses = set()
    for jitter in (0.0, 0.3, 0.99):
        found = dialer(jitter)
        found.learn(at(1), 0.0, 0)
        found.failed(key(1), 0.0)
        pauses.add(found.known[key(1)].next_s)
    assert len(pauses) == 3
    assert all(limits.BACKOFF_S_MIN / 2 <= pause <= limits.BACKOFF_S_MIN for pause in pauses)


def test_linked_peers_are_left_alone_and_few_are_dialled_at_once() -> None:
    found = dialer()
    for i in range(10):
        found.learn(at(i), float(i), 0)
    assert found.due(100.0, lambda d: d == key(0), 3) == [key(1), key(2), key(3)]
    assert found.due(100.0, lambda d: False, 0) == []


def test_after_sleep_or_in_another_network_all_are_dialled_again_a_little_apart() -> None:
    found = dialer(0.25)
    found.learn(at(1), 0.0, 0)
    for _ in range(10):
        found.failed(key(1), 0.0)
    assert found.due(limits.WAKE_S, lambda d: False, 1) == []
    found.wake(0.0)
    assert found.due(limits.WAKE_S / 8, lambda d: False, 1) == []
    assert found.due(limits.WAKE_S / 4, lambda d: False, 1) == [key(1)]
    found.failed(key(1), 0.0)
    assert found.known[key(1)].next_s <= limits.BACKOFF_S_MIN


def test_what_the_book_forgets_is_dialled_no_more() -> None:
    found = dialer()
    found.learn(at(1), 0.0, 0)
    found.book.forget(UNPROVEN_MS_MAX + 1)
    assert found.due(1.0, lambda d: False, 1) == [] and not found.known


# -- buckets -------------------------------------------------------------------------------------------------


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    bucket = Bucket(10.0, 5.0, 0.0)
    assert [bucket.take(1, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(1, 0.1) for _ in range(2)] == [True, False]
    assert sum(bucket.take(1, 100.0) for _ in range(20)) == 5


def test_a_gate_lets_each_place_knock_so_often_and_all_of_them_together() -> None:
    gate = Gate((1.0, 3.0), (10.0, 5.0), 4, 0.0)
    assert [gate.admits("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [gate.admits("192.0.2.2", 0.0) for _ in range(3)] == [True, True, False], "all together"
    assert gate.admits("192.0.2.1", 1.0) and not gate.admits("192.0.2.1", 1.0), "a second later one more"


def test_a_gate_takes_an_ipv6_household_for_one_place() -> None:
    assert place_of("2001:db8:1:2:3::4") == place_of("2001:db8:1:2::1") != place_of("2001:db8:1:3::1")
    assert place_of("::ffff:192.0.2.1") == "192.0.2.1" == place_of("192.0.2.1")
    assert place_of("fe80::1%eth0") == place_of("fe80::1") and place_of("no address") == "no address"


def test_a_gate_remembers_a_bounded_number_of_places() -> None:
    gate = Gate((1.0, 1.0), (1e9, 1e9), 8, 0.0)
    for number in range(100):
        assert gate.admits(f"192.0.2.{number}", 0.0)
    assert len(gate._places) == 8
