"""Judging signatures: libsodium alone, with verdicts that stay equal after a library upgrade (protocol §2).

At construction the golden vectors run. A library that verifies without cofactor is used as it is; one that
verifies with cofactor gets a check of R beside it, which makes both equal for valid keys: with A and R in
the prime-order group, 8·(S·B − R − k·A) = 0 only where the bracket is 0. Any other library is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import nacl.bindings
import nacl.exceptions

from dao_app.app.errors import StorageError
from dao_app.app.ports import SignatureCheck
from dao_app.crypto.golden import VECTORS

Bare = Callable[[bytes, bytes, bytes], bool]


def sodium_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """The library's own verdict."""
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + message, key)
    except (nacl.exceptions.CryptoError, ValueError):
        return False
    return True


def is_cofactored(bare: Bare) -> bool:
    """Which of the two known ways a library judges. Raises StorageError ``crypto_library`` if neither."""
    verdicts = [bare(v.key, v.message, v.signature) for v in VECTORS]
    if verdicts == [v.cofactorless for v in VECTORS]:
        return False
    if verdicts == [v.cofactored for v in VECTORS]:
        return True
    raise StorageError("crypto_library")


class SodiumVerifier:
    """``ports.Verifier``. Raises StorageError ``crypto_library`` where the library cannot be trusted."""

    __slots__ = ("_bare", "_check_r")

    def __init__(self, bare: Bare = sodium_verify) -> None:
        self._bare = bare
        self._check_r = is_cofactored(bare)

    def verify(self, check: SignatureCheck) -> bool:
        if self._check_r and not self.is_valid_key(check.signature[:32]):
            return False
        return self._bare(check.key, check.message, check.signature)

    def verify_many(self, checks: Sequence[SignatureCheck]) -> list[bool]:
        return [self.verify(check) for check in checks]

    def is_valid_key(self, key: bytes) -> bool:
        return len(key) == 32 and bool(nacl.bindings.crypto_core_ed25519_is_valid_point(key))
