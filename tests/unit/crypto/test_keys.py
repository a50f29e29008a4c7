"""Recovery words and the root key: published vectors and our own."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.app.errors import InputError
from dao_app.crypto import keys

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "derivation.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["slip10_ed25519"], ids=lambda c: f"{c['seed'][:6]}/{len(c['path'])}")
def test_slip10_vectors(case: dict) -> None:
    key = keys.slip10_ed25519(bytes.fromhex(case["seed"]), tuple(case["path"]))
    assert key.hex() == case["private"]
    assert keys.SeedSigner(key).public.hex() == case["public"]


@pytest.mark.parametrize("case", VECTORS["bip39"], ids=lambda c: c["entropy"][:8])
def test_bip39_vectors(case: dict) -> None:
    words = keys.words_of(bytes.fromhex(case["entropy"]))
    assert " ".join(words) == case["words"]
    assert keys.bip39_seed(words, "TREZOR").hex() == case["seed_with_passphrase_TREZOR"]


@pytest.mark.parametrize("case", VECTORS["root"], ids=lambda c: c["entropy"][:8])
def test_our_root_vectors(case: dict) -> None:
    entropy = bytes.fromhex(case["entropy"])
    assert " ".join(keys.words_of(entropy)) == case["words"]
    assert keys.root_seed(entropy).hex() == case["root_seed"]
    assert keys.SeedSigner(keys.root_seed(entropy)).public.hex() == case["root_public"]


@given(st.binary(min_size=32, max_size=32))
def test_words_lead_back_to_the_entropy(entropy: bytes) -> None:
    words = keys.words_of(entropy)
    assert len(words) == 24
    assert keys.entropy_of("  " + " \n".join(words).upper()) == entropy


def test_errors_name_what_is_wrong_but_not_the_word() -> None:
    words = list(keys.words_of(bytes(32)))
    with pytest.raises(InputError) as short:
        keys.entropy_of(" ".join(words[:23]))
    assert (short.value.code, short.value.params) == ("words_count", {"count": "23", "wanted": "24"})
    with pytest.raises(InputError) as unknown:
        keys.entropy_of(" ".join([*words[:4], "secretish", *words[5:]]))
    assert (unknown.value.code, unknown.value.params) == ("word_unknown", {"position": "5"})
    with pytest.raises(InputError) as swapped:
        keys.entropy_of(" ".join(["zoo", *words[1:]]))
    assert swapped.value.code == "words_checksum"
    with pytest.raises(InputError):
        keys.entropy_of("abandon " * 1_000_000)


def test_a_signer_shows_no_secret_and_is_not_copied() -> None:
    seed = bytes(range(32))
    signer = keys.SeedSigner(seed)
    assert seed.hex() not in repr(signer)
    with pytest.raises(TypeError):
        pickle.dumps(signer)
