"""The strict subset of DAG-CBOR: what is refused, and that nothing else is (threats 5 to 8)."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import Link, cid_text, decode, decode_trusted, encode, power_from_wire, power_to_wire
from dao_app.core.errors import EncodingError
from dao_app.core.limits import INT_MAX

values = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | st.binary(max_size=40) | st.text(max_size=20)
    | st.binary(min_size=32, max_size=32).map(Link),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_what_is_encoded_decodes_to_itself(value: object) -> None:
    data = encode(value)
    assert decode(data) == value
    assert decode_trusted(data) == value


@given(st.binary(max_size=200))
def test_foreign_bytes_either_decode_and_encode_to_themselves_or_are_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except EncodingError:
        return
    assert encode(value) == data


@given(values, st.data())
def test_one_changed_byte_is_refused_or_means_something_else(value: object, data: st.DataObject) -> None:
    raw = bytearray(encode(value))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode(bytes(raw))
    except EncodingError:
        return
    assert encode(changed) == bytes(raw)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("length bomb, bytes", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        ("length bomb, list", b"\x9b\x00\x00\x00\x0f\xff\xff\xff\xff"),
        ("length bomb, map", b"\xbb\x00\x00\x00\x0f\xff\xff\xff\xff"),
        ("length bomb, text", b"\x7a\xff\xff\xff\xff"),
        ("100,000 nested lists", b"\x81" * 100_000),
        ("depth 17", b"\x81" * 17 + b"\x00"),
        ("2^53", b"\x1b\x00\x20\x00\x00\x00\x00\x00\x00"),
        ("-2^53", b"\x3b\x00\x1f\xff\xff\xff\xff\xff\xff"),
        ("2^64-1", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("big integer tag", b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("float", b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        ("half float", b"\xf9\x3c\x00"),
        ("not a number", b"\xf9\x7e\x00"),
        ("undefined", b"\xf7"),
        ("date tag", b"\xc0\x74" + b"2013-03-21T20:04:00Z"),
        ("other tag", b"\xd8\x20\x63abc"),
        ("link of another codec", b"\xd8\x2a\x58\x25\x00\x01\x55\x12\x20" + bytes(32)),
        ("link without its zero", b"\xd8\x2a\x58\x24\x01\x71\x12\x20" + bytes(32)),
        ("short integer in two bytes", b"\x18\x05"),
        ("length in two bytes", b"\x58\x01\x00"),
        ("indefinite list", b"\x9f\x01\xff"),
        ("indefinite bytes", b"\x5f\x41\x00\xff"),
        ("repeated key", b"\xa2\x61a\x01\x61a\x02"),
        ("unsorted keys", b"\xa2\x61b\x01\x61a\x02"),
        ("long key first", b"\xa2\x62aa\x01\x61b\x02"),
        ("number as key", b"\xa1\x01\x02"),
        ("broken text", b"\x62\xff\xfe"),
        ("two values", b"\x01\x02"),
        ("nothing", b""),
        ("break alone", b"\xff"),
        ("shared value tag", b"\xd8\x1c\x81\xd8\x1d\x00"),
    ],
)
def test_refused(name: str, data: bytes) -> None:
    with pytest.raises(EncodingError):
        decode(data)


def test_bounds_of_integers_hold() -> None:
    assert decode(encode([INT_MAX, -INT_MAX])) == [INT_MAX, -INT_MAX]
    for value in (INT_MAX + 1, -INT_MAX - 1, 2**64, 1.5):
        with pytest.raises(EncodingError):
            encode(value)


def test_keys_come_shortest_first_then_by_bytes() -> None:
    assert encode({"bb": 1, "a": 2, "ä": 3}) == encode({"ä": 3, "bb": 1, "a": 2})
    assert list(decode(encode({"bb": 1, "a": 2, "ä": 3}))) == ["a", "bb", "ä"]


def test_cid_text_is_what_other_tools_write() -> None:
    empty_map = encode({})
    import hashlib

    assert cid_text(hashlib.sha256(empty_map).digest()) == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"


@given(st.integers(0, 2**256 - 1))
def test_powers_travel_exactly(power: int) -> None:
    assert power_from_wire(decode(encode(power_to_wire(power)))) == power


@pytest.mark.parametrize("value", [-1, b"", b"\x00\x01", b"\x01", b"\x01" * 33, True, "1", 1.0, None, [1]])
def test_other_forms_of_a_power_are_none(value: object) -> None:
    assert power_from_wire(value) is None


def test_agrees_with_another_encoder_on_plain_data() -> None:
    sample = {"v": 1, "list": [1, "two", None, True], "bytes": b"\x00\x01"}
    assert encode(sample) == cbor2.dumps(sample, canonical=True)


def test_links_deep_in_a_body_are_links_wherever_the_action_comes_from() -> None:
    from dao_app.core.envelope import build_payload, parse_action, parse_trusted

    one, two = Link(b"\x01" * 32), Link(b"\x02" * 32)
    body = {"a": one, "list": [one, two], "deep": {"rows": [[two, 1]]}}
    payload = build_payload(b"\x03" * 32, b"\x04" * 32, 2, b"\x05" * 32, (), 0, "x.y", body)
    foreign = parse_action(payload)
    stored = parse_trusted(foreign.id, payload)
    assert stored == foreign
    assert type(stored.body["list"][1]) is Link and type(stored.body["deep"]["rows"][0][0]) is Link


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 3), st.booleans())
def test_a_payload_that_was_touched_is_read_alike_or_refused(extra: bytes, place: int, deps: int, first: bool) -> None:
    """Its ends are read at their places: what is accepted encodes to the same bytes, whatever words stand inside."""
    from dao_app.core.envelope import build_payload, parse_action

    word = b"\x64type\x63abc\x64prev\xf6\x64deps\x80"
    body = {"a": word, "to": Link(bytes(32)), "title": "typedtypecabc"}
    links = tuple(bytes([n]) * 32 for n in range(deps))
    prev = None if first else (word * 2)[:32]
    payload = build_payload(b"o" * 32, b"d" * 32, 1 if first else 2, prev, links, 5, "xdtypecabc", body)
    found = parse_action(payload)
    assert (found.prev, found.deps, found.type, found.body) == (prev, links, "xdtypecabc", body)
    place %= len(payload)
    touched = payload[:place] + extra + payload[place + len(extra) // 2 :]
    try:
        again = parse_action(touched)
    except EncodingError:
        return
    fields = (again.org, again.by, again.seq, again.prev, again.deps, again.at, again.type, again.body)
    assert build_payload(*fields) == touched
