"""Signed addresses: only the device itself makes them, strictly read, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.app.addresses import RECORD_BYTES_MAX, device_text
from dao_app.core.encoding import decode, encode
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net.records import PREFIX, is_signed, read_record, sign_record
from tests.fakes.world import TestSigner

ORG = b"o" * 32
SIGNER, OTHER = TestSigner(b"1" * 32), TestSigner(b"2" * 32)
VERIFIER = SodiumVerifier()
HERE = f"/ip4/192.0.2.1/tcp/443/p2p/{device_text(SIGNER.public)}"
THERE = f"/ip4/192.0.2.1/tcp/443/p2p/{device_text(OTHER.public)}"


def signed(payload: object, signer: TestSigner = SIGNER) -> bytes:
    raw = encode(payload)
    return encode([raw, signer.sign(PREFIX + raw)])


def test_a_record_comes_back_and_is_the_devices_own() -> None:
    made = sign_record(SIGNER, ORG, 7, True, [HERE])
    assert read_record(made.raw) == made
    assert is_signed(made, VERIFIER)
    assert (made.device, made.addresses, made.relays) == (SIGNER.public, (HERE,), True)


def test_the_largest_record_fits() -> None:
    long = f"/dns4/{'a' * 110}/tcp/443/p2p/{device_text(OTHER.public)}/p2p-circuit/p2p/{device_text(SIGNER.public)}"
    made = sign_record(SIGNER, ORG, 7, True, [long] * 20)
    assert len(made.addresses) == 8 and len(made.raw) < RECORD_BYTES_MAX and read_record(made.raw) == made


@pytest.mark.parametrize("payload", [
    [], {}, [1, ORG, SIGNER.public, 7, True], [2, ORG, SIGNER.public, 7, True, []], [1, ORG, SIGNER.public, 7, 1, []],
    [1, ORG, SIGNER.public, -1, True, []], [1, ORG[:31], SIGNER.public, 7, True, []],
    [1, ORG, SIGNER.public, 7, True, [THERE]], [1, ORG, SIGNER.public, 7, True, ["/ip4/x"]],
    [1, ORG, SIGNER.public, 7, True, [HERE] * 9], [1, ORG, SIGNER.public, 7, True, [7]],
])  # fmt: skip
def test_whatever_else_is_none(payload: object) -> None:
    assert read_record(signed(payload)) is None


@given(st.binary(max_size=300))
def test_reading_foreign_bytes_never_raises(raw: bytes) -> None:
    assert read_record(raw) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    raw = bytearray(sign_record(SIGNER, ORG, 7, True, [HERE]).raw)
    raw[place % len(raw)] ^= change
    read = read_record(bytes(raw))
    assert read is None or not is_signed(read, VERIFIER)


def test_nobody_signs_for_another_device() -> None:
    forged = read_record(signed([1, ORG, SIGNER.public, 7, True, [HERE]], OTHER))
    assert forged is not None and not is_signed(forged, VERIFIER)


def test_a_signature_of_another_kind_is_none() -> None:
    payload, _ = decode(sign_record(SIGNER, ORG, 7, True, [HERE]).raw)
    moved = read_record(encode([payload, SIGNER.sign(payload)]))
    assert moved is not None and not is_signed(moved, VERIFIER)
