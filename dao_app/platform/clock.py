"""The system's clock; adapter of ``app.ports.Clock``."""

from __future__ import annotations

import time


class SystemClock:
    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000
