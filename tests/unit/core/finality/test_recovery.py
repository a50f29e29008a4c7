"""Recoveries are read strictly, and more than two thirds means more than two thirds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.recovery import (
    Place,
    build_recovery,
    encode_signed,
    is_enough,
    parse_signed_recovery,
)

ORG, DEVICE, SIGNATURE = b"o" * 32, b"d" * 32, b"s" * 64
BASE, BRANCH = Place(7, b"b" * 32), Place(8, b"c" * 32)
MEMBERS = tuple(bytes([n]) * 32 for n in range(1, 5))


def test_it_comes_back_as_it_was_built() -> None:
    raw = build_recovery(ORG, BASE, BRANCH, MEMBERS)
    found = parse_signed_recovery(encode_signed(raw, DEVICE, SIGNATURE))
    assert (found.device, found.signature) == (DEVICE, SIGNATURE)
    assert found.recovery[1:] == (ORG, BASE, BRANCH, MEMBERS, raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"members": []}, {"members": list(MEMBERS[:2])}, {"members": [MEMBERS[0]] * 4}, {"members": [b"x"]},
        {"base": [9, b"b" * 32]}, {"base": [8, b"b" * 32]}, {"base": [-1, b"b" * 32]}, {"branch": [8]},
        {"org": b"o"}, {"v": 2}, {"v": True}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_recovery_is_refused(changes: dict[str, object]) -> None:
    good: dict[str, object] = {
        "v": 1, "org": ORG, "base": list(BASE), "branch": list(BRANCH), "members": list(MEMBERS),
    }  # fmt: skip
    parse_signed_recovery(encode_signed(encode(good), DEVICE, SIGNATURE))
    with pytest.raises(EncodingError):
        parse_signed_recovery(encode_signed(encode({**good, **changes}), DEVICE, SIGNATURE))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_recovery_or_an_encoding_error(raw: bytes) -> None:
    for attempt in (raw, encode_signed(raw, DEVICE, SIGNATURE)):
        try:
            parse_signed_recovery(attempt)
        except EncodingError:
            continue


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_than_two_thirds_is_exact(signed: int, voters: int) -> None:
    assert is_enough(signed, voters) == (signed * 3 > voters * 2)
    if voters:
        assert not is_enough(2 * voters // 3, voters) and is_enough(2 * voters // 3 + 1, voters)
