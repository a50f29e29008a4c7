"""Addresses and the book: strict reading, success first, bounds, forgetting, keeping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.app import addresses as a
from dao_app.app.errors import InputError

RELAY = b"r" * 32
NOW = 1_790_000_000_000


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def at(number: int, host: str = "192.0.2.1", port: int = 443) -> str:
    return f"/ip4/{host}/tcp/{port}/p2p/{a.device_text(key(number))}"


def through(number: int) -> str:
    return f"/ip4/192.0.2.9/tcp/443/p2p/{a.device_text(RELAY)}/p2p-circuit/p2p/{a.device_text(key(number))}"


def texts(book: a.AddressBook, number: int) -> list[str]:
    return [address.text for address in book.addresses(key(number))]


@given(st.binary(min_size=32, max_size=32))
def test_every_device_has_one_text(device: bytes) -> None:
    read = a.read_address(f"/ip6/2001:db8::1/tcp/1/p2p/{a.device_text(device)}")
    assert read is not None and (read.device, read.kind, read.host, read.port) == (device, "ip6", "2001:db8::1", 1)


def test_the_text_is_that_of_libp2p() -> None:
    assert a.device_text(bytes(range(32))) == "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A"


def test_an_address_through_a_relay_names_both() -> None:
    read = a.read_address(through(1))
    assert read is not None and (read.device, read.relay) == (key(1), RELAY)
    assert read.relay_address == f"/ip4/192.0.2.9/tcp/443/p2p/{a.device_text(RELAY)}"


@pytest.mark.parametrize("text", [
    "", "/", "no address", f"/ip4/192.0.2.1/udp/443/p2p/{a.device_text(RELAY)}",
    f"/ip4/192.0.2.1/tcp/0/p2p/{a.device_text(RELAY)}", f"/ip4/192.0.2.1/tcp/65536/p2p/{a.device_text(RELAY)}",
    f"/ip4/192.0.2.1/tcp/٤٤٣/p2p/{a.device_text(RELAY)}", f"/ip4/192.0.2.1/tcp/443/p2p/{a.device_text(RELAY)[:-1]}",
    f"/ip4/192.0.2.1/tcp/443/p2p/{a.device_text(RELAY)}/x", f"/ip4/2001:db8::1/tcp/443/p2p/{a.device_text(RELAY)}",
    f"/ip4/0.0.0.0/tcp/443/p2p/{a.device_text(RELAY)}", f"/ip4/224.0.0.1/tcp/443/p2p/{a.device_text(RELAY)}",
    f"/dns4/a b/tcp/443/p2p/{a.device_text(RELAY)}", f"/dns4/{'a' * 129}/tcp/443/p2p/{a.device_text(RELAY)}",
    f"/unix/x/tcp/443/p2p/{a.device_text(RELAY)}", "/ip4/192.0.2.1/tcp/443",
    f"/ip4/192.0.2.1/tcp/443/p2p/{a.device_text(RELAY)}/p2p-circuit/p2p/{a.device_text(RELAY)}",
])  # fmt: skip
def test_whatever_else_is_no_address(text: str) -> None:
    assert a.read_address(text) is None


@given(st.text(alphabet="/ip4.:2p-circuttcdns61K", max_size=300))
def test_reading_foreign_text_never_raises(text: str) -> None:
    a.read_address(text)


def test_newest_success_first_then_fewest_failures_and_relays_last() -> None:
    book = a.AddressBook()
    for text in (through(1), at(1, port=1), at(1, port=2), at(1, port=3)):
        book.learn(text, NOW)
    book.failed(at(1, port=1))
    book.succeeded(at(1, port=3), NOW + 1)
    book.succeeded(through(1), NOW + 2)
    assert texts(book, 1) == [at(1, port=3), at(1, port=2), at(1, port=1), through(1)]
    book.succeeded(at(1, port=2), NOW + 2)
    assert texts(book, 1)[:2] == [at(1, port=2), at(1, port=3)]
    assert book.proven(4) == [at(1, port=2), at(1, port=3)]  # whoever is invited cannot use a relay


def test_many_addresses_of_one_device_leave_those_that_answered() -> None:
    book = a.AddressBook()
    book.learn(at(1), NOW)
    book.succeeded(at(1), NOW)
    for port in range(1, 50):
        book.learn(at(1, port=port), NOW + port)
    assert len(texts(book, 1)) == a.ADDRESSES_PER_DEVICE_MAX
    assert texts(book, 1)[0] == at(1) and at(1, port=49) in texts(book, 1)


def test_many_devices_leave_those_that_answered() -> None:
    book = a.AddressBook()
    book.learn(at(0), NOW)
    book.succeeded(at(0), NOW)
    for number in range(1, 2 * a.DEVICES_MAX):
        book.learn(at(number), NOW)
    assert len(book.entries) == a.DEVICES_MAX and texts(book, 0) == [at(0)]
    assert texts(book, 2 * a.DEVICES_MAX - 1)


def test_a_book_full_of_friends_takes_nobody_else() -> None:
    book = a.AddressBook()
    for number in range(a.DEVICES_MAX):
        book.learn(at(number), NOW)
        book.succeeded(at(number), NOW)
    assert book.learn(at(a.DEVICES_MAX), NOW) is None


def test_forgetting_goes_by_age_and_later_for_what_answered() -> None:
    book = a.AddressBook()
    book.learn(at(1), NOW)
    book.learn(at(2), NOW)
    book.succeeded(at(2), NOW)
    book.forget(NOW + a.UNPROVEN_MS_MAX)
    assert texts(book, 1)
    book.forget(NOW + a.UNPROVEN_MS_MAX + 1)
    assert not texts(book, 1) and texts(book, 2)
    book.forget(NOW + a.PROVEN_MS_MAX + 1)
    assert not book.entries


def test_a_newer_word_replaces_what_never_answered() -> None:
    book = a.AddressBook()
    book.learn(at(1, port=1), NOW)
    book.learn(at(1, port=2), NOW)
    book.succeeded(at(1, port=2), NOW)
    assert book.keep_record(key(1), b"word", NOW, [at(1, port=3)], NOW)
    assert set(texts(book, 1)) == {at(1, port=2), at(1, port=3)}
    assert not book.keep_record(key(1), b"old", NOW, [at(1, port=4)], NOW)
    assert book.entries[key(1)].record == b"word"


def test_what_is_written_down_comes_back() -> None:
    book = a.AddressBook()
    for number in range(3):
        book.learn(at(number), NOW)
        book.learn(through(number), NOW)
    book.succeeded(at(1), NOW + 5)
    book.failed(at(2))
    book.keep_record(key(1), b"word", 7, [at(1)], NOW)
    again = a.AddressBook.read(book.encoded(), NOW)
    assert again.entries == book.entries and not again.changed
    assert len(book.encoded()) < a.BOOK_BYTES_MAX


@given(st.binary(max_size=200))
def test_a_damaged_book_is_an_empty_one(raw: bytes) -> None:
    assert a.AddressBook.read(raw, NOW).entries == {}


@pytest.mark.parametrize(("host", "near"), [
    ("192.168.1.5", True), ("10.0.0.1", True), ("127.0.0.1", True), ("100.64.0.1", True), ("fe80::1", True),
    ("fd00::1", True), ("203.0.113.7", False), ("2001:db8::1", False), ("name.example", False),
])  # fmt: skip
def test_what_is_near(host: str, near: bool) -> None:
    assert a.is_near(host) is near


@pytest.mark.parametrize("text", [
    "", "203.0.113.7:443", "/ip4/203.0.113.7", "/ip4/203.0.113.7/udp/443", "/ip4/0.0.0.0/tcp/443",
    f"/ip4/203.0.113.7/tcp/443/p2p/{a.device_text(RELAY)}/p2p-circuit",
])  # fmt: skip
def test_what_cannot_be_announced_is_refused_before_anything_starts(text: str) -> None:
    a.check_announced(["/ip4/203.0.113.7/tcp/443", "/dns4/node.example/tcp/443"])
    with pytest.raises(InputError, match="announce_form"):
        a.check_announced(["/ip4/203.0.113.7/tcp/443", text])


def test_what_cannot_be_listened_at_is_refused_before_anything_starts() -> None:
    for good in ([], ["none"], ["/ip4/0.0.0.0/tcp/0"], ["/ip6/::/tcp/65535", "/ip4/127.0.0.1/tcp/4800"]):
        a.check_listened(good)
    for text in (
        "", "nonsense", "none", "0.0.0.0:4800", "/ip4/127.0.0.1", "/ip4/127.0.0.1/udp/1", "/ip4/::/tcp/1",
        "/ip4/127.0.0.1/tcp/65536", "/ip4/127.0.0.1/tcp/-1", "/ip4/224.0.0.1/tcp/1", "/dns4/node.example/tcp/1",
        "/ip4/127.0.0.1/tcp/1/", "x/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/" + "1" * 999,
    ):  # fmt: skip
        with pytest.raises(InputError, match="listen_form"):
            a.check_listened(["/ip4/127.0.0.1/tcp/0", text])
