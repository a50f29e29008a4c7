"""Equal Ed25519 verdicts: golden vectors against the library, a reference, and other libraries' ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dao_app.app.errors import StorageError
from dao_app.app.ports import SignatureCheck
from dao_app.crypto.golden import VECTORS
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.verifier import SodiumVerifier, is_cofactored, sodium_verify
from tests.unit.crypto import ed25519_reference as reference

PUBLISHED = json.loads((Path(__file__).parents[2] / "vectors" / "golden_ed25519.json").read_text("utf-8"))["vectors"]


def _cofactored(key: bytes, message: bytes, signature: bytes) -> bool:
    return reference.verify(key, message, signature, cofactored=True)


def test_the_program_runs_the_published_vectors() -> None:
    assert [
        {
            "key": v.key.hex(), "message": v.message.hex(), "signature": v.signature.hex(),
            "cofactorless": v.cofactorless, "cofactored": v.cofactored,
        }
        for v in VECTORS
    ] == [{name: case[name] for name in case if name != "name"} for case in PUBLISHED]  # fmt: skip


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda c: c["name"])
def test_the_reference_decides_each_vector(case: dict) -> None:
    parts = [bytes.fromhex(case[name]) for name in ("key", "message", "signature")]
    assert reference.verify(*parts, cofactored=False) == case["cofactorless"]
    assert reference.verify(*parts, cofactored=True) == case["cofactored"]


def test_this_library_is_one_of_the_two_kinds() -> None:
    assert is_cofactored(sodium_verify) in (True, False)


def test_a_cofactored_library_gives_the_same_verdicts_for_valid_keys() -> None:
    assert is_cofactored(_cofactored)
    verifier = SodiumVerifier(_cofactored)
    told_apart = 0
    for v in VECTORS:
        if verifier.is_valid_key(v.key):
            assert verifier.verify(SignatureCheck(v.key, v.message, v.signature)) == v.cofactorless
            told_apart += v.cofactorless != v.cofactored
    assert told_apart >= 2


@pytest.mark.parametrize("wrong", range(len(VECTORS)))
def test_a_library_with_any_other_verdict_is_refused(wrong: int) -> None:
    def odd(key: bytes, message: bytes, signature: bytes) -> bool:
        verdict = sodium_verify(key, message, signature)
        return not verdict if signature == VECTORS[wrong].signature and message == VECTORS[wrong].message else verdict

    differs_only_by_kind = VECTORS[wrong].cofactorless != VECTORS[wrong].cofactored
    ways = sum(v.cofactorless != v.cofactored for v in VECTORS)
    assert not (differs_only_by_kind and ways == 1)
    with pytest.raises(StorageError) as refused:
        SodiumVerifier(odd)
    assert refused.value.code == "crypto_library"


def test_weak_keys_are_no_keys() -> None:
    verifier = SodiumVerifier()
    small = [reference.encode(point) for point in reference.small_order_points()]
    mixed = next(v.key for v in VECTORS if v.cofactored and not v.cofactorless and not verifier.is_valid_key(v.key))
    off_curve = (2).to_bytes(32, "little")
    assert reference.decode(off_curve) is None
    not_canonical = (reference.P + 1).to_bytes(32, "little")
    for key in [*small, mixed, off_curve, not_canonical, b"", b"short", bytes(33)]:
        assert not verifier.is_valid_key(key), key.hex()
    assert verifier.is_valid_key(SeedSigner(bytes(32)).public)


def test_sizes_that_fit_no_signature_are_refused() -> None:
    signer = SeedSigner(bytes(32))
    signature = signer.sign(b"m")
    verifier = SodiumVerifier()
    assert verifier.verify_many([SignatureCheck(signer.public, b"m", signature)]) == [True]
    short, long = signature[:63], signature + b"x"
    for key, given in ((signer.public, short), (signer.public, long), (signer.public[:31], signature)):
        assert not verifier.verify(SignatureCheck(key, b"m", given))
