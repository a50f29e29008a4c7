"""Frames and messages: whatever a peer sends is read or refused, never more, never another exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import encode
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.codec import FrameReader, PeerError, frame


def sized(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


digests = st.binary(min_size=32, max_size=32)
counts = st.integers(0, 2**53 - 1)
seqs = st.integers(1, 2**32 - 1)
blobs = st.lists(st.binary(min_size=1, max_size=200), max_size=5).map(tuple)
ranges = st.tuples(digests, seqs, seqs).map(lambda r: m.RangeRow(r[0], min(r[1:]), max(r[1:])))
codes = st.text("abc_", max_size=20)
head_rows = st.lists(st.builds(m.HeadRow, digests, seqs, digests), max_size=5).map(tuple)
any_message = st.one_of(
    st.builds(m.State, digests, counts, counts, counts),
    st.builds(m.Compare, sized(16), st.sampled_from([8, 32, 256]).flatmap(lambda n: sized(8 * n)), sized(224)),
    st.builds(m.Symbols, st.binary(max_size=32), st.booleans(), st.binary(max_size=99)),
    st.builds(m.More, st.integers(1, limits.SYMBOLS_MAX)),
    st.builds(m.Compared, st.booleans(), st.integers(0, 9).flatmap(lambda n: sized(9 * n)), sized(15)),
    st.builds(m.Heads, counts, head_rows, st.booleans()),
    st.builds(
        m.Want, counts, counts, st.lists(ranges, max_size=5).map(tuple), st.lists(digests).map(tuple),
        st.lists(digests).map(tuple),
    ),
    st.builds(m.Words, st.lists(st.binary(min_size=1, max_size=99), max_size=5).map(tuple)),
    st.builds(m.Certificates, counts, blobs),
    st.builds(m.Actions, counts, blobs),
    st.builds(m.Contents, counts, blobs),
    st.builds(m.Done, counts),
    st.builds(m.Have, st.lists(digests, max_size=5).map(tuple)),
    st.builds(m.Join, st.binary(min_size=1, max_size=300)),
    st.builds(m.Joined, codes),
    st.builds(m.Keys, st.lists(st.tuples(counts, digests), min_size=1, max_size=5).map(tuple)),
    st.builds(m.Addresses, st.lists(st.binary(min_size=1, max_size=40), max_size=8).map(tuple)),
    st.builds(m.Bye, codes),
)


def code_of(work: object, *args: object) -> str:
    with pytest.raises(PeerError) as refused:
        work(*args)  # type: ignore[operator]
    return refused.value.code


@given(any_message)
def test_every_message_comes_back(message: m.Message) -> None:
    raw = m.encode_message(message)
    assert encode(list(m.decode_message(raw))) == encode(list(message))
    assert m.decode_message(raw) == message
    assert len(raw) <= m.bound_of(raw[:2])


@given(any_message, st.data())
def test_a_changed_byte_is_another_message_or_refused(message: m.Message, data: st.DataObject) -> None:
    raw = bytearray(m.encode_message(message))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        found = m.decode_message(bytes(raw))
    except PeerError:
        return
    assert m.encode_message(found) == bytes(raw)


@given(st.binary(max_size=400))
def test_garbage_is_refused_as_a_message(raw: bytes) -> None:
    try:
        m.decode_message(raw)
    except PeerError as error:
        assert error.code == "message"


@pytest.mark.parametrize(
    "value",
    [
        [], ["0"], [-1], [99], [True, b""], {}, 0, [0, b"short", 0, 0], [0, b"x" * 32, -1, 0], [0, b"x" * 32, 0],
        [1, 0, [[b"x" * 32, 0, b"x" * 32]], False], [1, 0, [[b"x" * 32, 2**32, b"x" * 32]], False], [1, 0, [], 0],
        [2, 1, 0, [[b"x" * 32, 5, 4]], []], [2, 1, 0, [], [b"short"]], [2, 1, 0, [], [b"x" * 32] * 200],
        [4, 1, [b""]], [4, 1, [b"x" * 70_000]], [4, 1, [b"x"] * 513], [6, 1, "x"], [8, b""], [9, "é"], [9, "x" * 49],
        [10, []], [11, ["/ip4\x00"]], [11, ["a"] * 9], [11, ["\u202e"]], [5, 1, [b"x" * 300_000]],
    ],
    ids=lambda v: repr(v)[:24],
)  # fmt: skip
def test_fields_out_of_bounds_are_refused(value: object) -> None:
    assert code_of(m.decode_message, encode(value)) == "message"


def test_deep_and_long_input_costs_nothing() -> None:
    assert code_of(m.decode_message, b"\x81" * 100_000) == "message"
    assert code_of(m.decode_message, b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff") == "message"
    assert code_of(m.decode_message, b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff") == "message"


@given(st.lists(st.binary(max_size=300), max_size=8), st.data())
def test_frames_come_back_however_they_are_cut(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, bodies))
    reader, found, at = FrameReader(), [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, len(stream) - at))
        found += reader.feed(stream[at : at + step])
        at += step
    assert found == bodies
    assert not reader.inside


@given(st.binary(max_size=200))
def test_garbage_as_frames_never_holds_more_than_one_bound(data: bytes) -> None:
    reader = FrameReader(64)
    try:
        found = reader.feed(data)
    except PeerError as error:
        assert error.code in ("frame_too_large", "frame_length")
        return
    assert all(len(body) <= 64 for body in found)


def test_a_frame_too_large_is_refused_by_its_length_alone() -> None:
    assert code_of(FrameReader(1000).feed, frame(b"x" * 1001)[:2]) == "frame_too_large"
    assert FrameReader(1000).feed(frame(b"x" * 1000)) == [b"x" * 1000]
    assert code_of(FrameReader().feed, b"\xff\xff\xff\xff\x7f") == "frame_length"
    assert code_of(FrameReader().feed, b"\x81\x00") == "frame_length"
    assert code_of(FrameReader().feed, b"\xff\xff\xff\x7f") == "frame_too_large"


def test_only_certificates_may_be_larger_than_a_message() -> None:
    size = frame(bytes(limits.MESSAGE_BYTES_MAX + 1))[:3]
    certificates = m.encode_message(m.Certificates(1, (b"c",)))[:2]
    actions = m.encode_message(m.Actions(1, (b"c",)))[:2]
    assert FrameReader(bound=m.bound_of).feed(size + certificates) == []
    assert code_of(FrameReader(bound=m.bound_of).feed, size + actions) == "frame_too_large"
