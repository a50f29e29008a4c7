"""Sealing with an organisation's key (protocol §5).

With a key: XChaCha20-Poly1305 (IETF), a random 24-byte nonce before the box, the purpose as associated
data, so that what was sealed for one purpose does not open for another.
"""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions

from dao_app.app.ports import Random

KEY_BYTES = 32
NONCE_BYTES = 24
OVERHEAD_BYTES = NONCE_BYTES + 16


class SodiumSealer:
    """``ports.Sealer``."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def seal(self, key: bytes, purpose: bytes, data: bytes) -> bytes:
        """nonce ‖ box."""
        nonce = self._random.token(NONCE_BYTES)
        return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(data, purpose, nonce, key)

    def open(self, key: bytes, purpose: bytes, sealed: bytes) -> bytes | None:
        """What was sealed, or None where key or purpose differ or a byte was changed."""
        if len(sealed) < OVERHEAD_BYTES:
            return None
        nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, purpose, nonce, key)
        except nacl.exceptions.CryptoError:
            return None
