"""The charter: its parameters with defaults and bounds; read-only after founding in these rules.

Invariant: every value of a founded organisation lies within its bounds, and every parameter has one.
"""

from __future__ import annotations

from typing import NamedTuple

from dao_app.core.entities import ORG_KEY, Org
from dao_app.core.limits import PERIOD_MS_MAX
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Parameter(NamedTuple):
    """``unit``: bp (hundredths of a percent), ms, power, count or flag."""

    default: int
    least: int
    most: int
    unit: str


PARAMETERS: dict[str, Parameter] = {
    "support_bp": Parameter(5_000, 0, 9_999, "bp"),  # yes/(yes+no) must be strictly above
    "quorum_bp": Parameter(2_000, 0, 10_000, "bp"),  # participation of the electorate's power
    "min_support_power": Parameter(0, 0, 2**53 - 1, "power"),
    "discussion_ms": Parameter(0, 0, PERIOD_MS_MAX, "ms"),  # shortest discussion
    "voting_ms": Parameter(3 * DAY_MS, 1_000, PERIOD_MS_MAX, "ms"),  # usual voting time
    "voting_least_ms": Parameter(HOUR_MS, 1_000, PERIOD_MS_MAX, "ms"),
    "grace_ms": Parameter(20 * MINUTE_MS, 0, DAY_MS, "ms"),  # at least 2Δ once there are several witnesses
    "endorsements": Parameter(1, 1, 20, "count"),  # needed for a claimed contribution
    "members_invite": Parameter(1, 0, 1, "flag"),
    "members_open_tasks": Parameter(1, 0, 1, "flag"),  # with rewards from their own balance
    "tables": Parameter(1, 0, 1, "flag"),  # stewards may give a proposal a fixed power table
}


def check_charter(values: dict[str, int]) -> Rejection | None:
    """Are these overrides known and within their bounds?"""
    for name, value in values.items():
        parameter = PARAMETERS.get(name)
        if parameter is None:
            return Rejection.CHARTER_UNKNOWN
        if not parameter.least <= value <= parameter.most:
            return Rejection.CHARTER_BOUNDS
    full = complete(values)
    if dict(full)["voting_ms"] < dict(full)["voting_least_ms"]:
        return Rejection.CHARTER_BOUNDS
    return None


def complete(values: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """All parameters sorted by name, defaults where nothing is given."""
    return tuple((name, values.get(name, p.default)) for name, p in sorted(PARAMETERS.items()))


def parameter(state: State, name: str) -> int:
    """Value of a parameter of the founded organisation."""
    for key, value in state.need(ORG_KEY, Org).charter:
        if key == name:
            return value
    raise KeyError(name)
