"""The operating system's random source; adapter of ``app.ports.Random``."""

from __future__ import annotations

import secrets


class SystemRandom:
    def token(self, size: int) -> bytes:
        """So many unpredictable bytes."""
        return secrets.token_bytes(size)
