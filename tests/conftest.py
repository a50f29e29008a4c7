"""How all tests run: failures print their seed and blob, and no stopwatch decides."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "guildhall", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("guildhall")
