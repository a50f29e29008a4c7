"""Ballots that split one's power by shares, as weighted and quadratic voting read them.

A share is a non-negative integer, or a decimal as text ("0.5", "1e-3"); only proportions matter, so the shares of a
ballot become integers by one common factor, exactly. Nothing here raises for foreign data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from dao_app.core.voting.forms import read_keys

SHARE_CHARS_MAX = 1_000  # of one share as text
SHARE_EXPONENT_MAX = 1_000  # either way; 1e1000 to 1 is no proportion that anybody means
SHARE_END: int = 10**SHARE_CHARS_MAX  # shares given as integers are below
# A minus stands only before a zero, which a JSON number may be written with.
_DECIMAL = re.compile(r"([0-9]+|-0+(?=[.eE]))(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?", re.ASCII)


class Shares(NamedTuple):
    """``places`` from 0 of the options named, ``parts`` of each, their ``total`` (above 0)."""

    places: list[int]
    parts: list[int]
    total: int


def read_shares(choice: Any, options: int) -> Shares | None:
    """A map from option numbers as text to shares of which at least one is positive; None for anything else."""
    places = read_keys(choice, options)
    if places is None:
        return None
    parts: list[int] | None = list(choice.values())
    if set(map(type, choice.values())) != {int}:
        parts = _scaled(choice.values())
    elif max(choice.values()) >= SHARE_END:
        return None
    if not parts or min(parts) < 0:
        return None
    total = sum(parts)
    return Shares(places, parts, total) if total else None


def _scaled(values: Iterable[Any]) -> list[int] | None:
    """All shares times the power of ten that makes each of them an integer."""
    read = [_decimal(value) for value in values]
    lowest = 0
    for pair in read:
        if pair is None:
            return None
        lowest = min(lowest, pair[1])
    return [pair[0] * 10 ** (pair[1] - lowest) for pair in read if pair]


def _decimal(value: Any) -> tuple[int, int] | None:
    """(digits, exponent of ten) of one share."""
    if type(value) is int:
        return (value, 0) if 0 <= value < SHARE_END else None
    if not isinstance(value, str) or len(value) > SHARE_CHARS_MAX:
        return None
    found = _DECIMAL.fullmatch(value)
    if not found:
        return None
    whole, places, exponent = found[1], found[2] or "", int(found[3] or 0)
    digits = int(whole + places)
    if digits < 0 or abs(exponent) > SHARE_EXPONENT_MAX:
        return None
    return (digits, exponent - len(places)) if digits else (0, 0)
