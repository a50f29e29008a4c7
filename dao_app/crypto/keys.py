"""Keys from recovery words (protocol §1).

24 words (BIP-39, English list, 256 bits of entropy) → BIP-39 seed with an empty passphrase → SLIP-0010 for
ed25519 → the member's root key at ``ROOT_PATH``. Device, witness and bearer keys are random seeds.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from functools import lru_cache

import mnemonic
import nacl.bindings
import nacl.exceptions

from dao_app.app.errors import InputError
from dao_app.app.ports import Random

ENTROPY_BYTES = 32
WORDS = 24
ROOT_PATH = (20200, 0)  # m/20200'/0': a purpose of our own, so that no wallet derives the same key
WORDS_TEXT_MAX = 2_000  # characters of typed words that are looked at; 24 words take under 220
_HARDENED = 0x80000000


class SeedSigner:
    """``ports.Signer`` for an Ed25519 seed of 32 bytes; shows nothing of it."""

    __slots__ = ("_public", "_secret")

    def __init__(self, seed: bytes) -> None:
        self._public, self._secret = nacl.bindings.crypto_sign_seed_keypair(seed)

    @property
    def public(self) -> bytes:
        return self._public

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over the message."""
        return nacl.bindings.crypto_sign(message, self._secret)[:64]

    def unseal(self, sealed: bytes) -> bytes | None:
        """What was sealed to this key, or None."""
        public = nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(self._public)
        secret = nacl.bindings.crypto_sign_ed25519_sk_to_curve25519(self._secret)
        try:
            return nacl.bindings.crypto_box_seal_open(sealed, public, secret)
        except (nacl.exceptions.CryptoError, nacl.exceptions.TypeError, nacl.exceptions.ValueError):
            return None

    def __repr__(self) -> str:
        return f"SeedSigner({self._public.hex()[:12]})"

    def __reduce__(self) -> str:
        raise TypeError("a signer is not copied")


def seal_to(device: bytes, secret: bytes) -> bytes:
    """Seal a secret to an Ed25519 key, turned to X25519 (libsodium's crypto_box_seal: 48 bytes more)."""
    return nacl.bindings.crypto_box_seal(secret, nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(device))


def new_entropy(random: Random) -> bytes:
    """The secret of a new identity, 32 bytes."""
    return random.token(ENTROPY_BYTES)


def words_of(entropy: bytes) -> tuple[str, ...]:
    """The recovery words of an entropy (24 for 32 bytes)."""
    return tuple(_bip39().to_mnemonic(entropy).split(" "))


def entropy_of(words: str) -> bytes:
    """The entropy behind typed words, whatever their case and spacing.

    Raises InputError ``words_count`` (count, wanted), ``word_unknown`` (position from 1; the word itself
    is a secret and stays out of the error) or ``words_checksum``.
    """
    typed = unicodedata.normalize("NFKD", words[:WORDS_TEXT_MAX]).lower().split()
    if len(typed) != WORDS:
        raise InputError("words_count", count=len(typed), wanted=WORDS)
    places = _places()
    for position, word in enumerate(typed, 1):
        if word not in places:
            raise InputError("word_unknown", position=position)
    if not _bip39().check(" ".join(typed)):
        raise InputError("words_checksum")
    return bytes(_bip39().to_entropy(typed))


def bip39_seed(words: tuple[str, ...], passphrase: str = "") -> bytes:
    """BIP-39: the 64-byte seed of words and an optional passphrase."""
    text = unicodedata.normalize("NFKD", " ".join(words)).encode()
    salt = unicodedata.normalize("NFKD", "mnemonic" + passphrase).encode()
    return hashlib.pbkdf2_hmac("sha512", text, salt, 2048)


def slip10_ed25519(seed: bytes, path: tuple[int, ...]) -> bytes:
    """SLIP-0010 for ed25519: the private key (32 bytes) at a path, all of whose steps are hardened."""
    state = hmac.digest(b"ed25519 seed", seed, "sha512")
    for index in path:
        data = b"\0" + state[:32] + (index | _HARDENED).to_bytes(4, "big")
        state = hmac.digest(state[32:], data, "sha512")
    return state[:32]


def root_seed(entropy: bytes) -> bytes:
    """The seed of the member's root key."""
    return slip10_ed25519(bip39_seed(words_of(entropy)), ROOT_PATH)


@lru_cache(maxsize=1)
def _bip39() -> mnemonic.Mnemonic:
    return mnemonic.Mnemonic("english")


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    return frozenset(_bip39().wordlist)
