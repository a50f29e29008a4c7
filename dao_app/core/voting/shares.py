"""Ballots that split one's power by shares, as weighted and quadratic voting read them.

A share is a non-negative integer, or a decimal as text ("0.5", "1e-3"); only proportions matter, so the shares of a
ballot become integers by one common factor, exactly. Nothing here raises for foreign data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from dao_app.core.voting.forms import read_keys

SHARE_CHARS_MAX = 1_000  # of one share as text
SHARE_EXPONENT_MAX = 1_000  # either way; 1e1000 to 1 is no proportion that anybody means
SHORT_CHARS = 6  # of texts that are worth remembering
SHARE_END: int = 10**SHARE_CHARS_MAX  # shares given as integers are below
# A minus stands only before a zero, which a JSON number may be written with.
_DECIMAL = re.compile(r"([0-9]+|-0+(?=[.eE]))(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?", re.ASCII)


_WHOLE = {int}
Shares = tuple[Sequence[int], tuple[int, ...], int]  # places from 0 of the options named, their parts, total (above 0)


def read_shares(choice: Any, options: int) -> Shares | None:
    """A map from option numbers as text to shares of which at least one is positive; None for anything else."""
    places = read_keys(choice, options)
    if places is None:
        return None
    parts = tuple(choice.values())
    if set(map(type, parts)) != _WHOLE:
        scaled = _scaled(parts)
        if scaled is None:
            return None
        parts = scaled
    elif max(parts) >= SHARE_END:
        return None
    total = sum(parts)
    if total <= 0 or min(parts) < 0:
        return None
    return (places, parts, total)


def _scaled(values: Iterable[Any]) -> tuple[int, ...] | None:
    """All shares times the power of ten that makes each of them an integer."""
    digits, exponents = [], []
    for value in values:
        if isinstance(value, str):
            found = _short_decimal(value) if len(value) <= SHORT_CHARS else _decimal(value)
        else:
            found = (value, 0) if type(value) is int and 0 <= value < SHARE_END else None
        if found is None:
            return None
        digits.append(found[0])
        exponents.append(found[1])
    lowest = min(exponents)
    if lowest == max(exponents):
        return tuple(digits)
    return tuple([part * 10 ** (power - lowest) for part, power in zip(digits, exponents, strict=True)])


def _decimal(value: str) -> tuple[int, int] | None:
    """(digits, exponent of ten) of one share."""
    if len(value) > SHARE_CHARS_MAX:
        return None
    whole, point, places = value.partition(".")
    text = whole + places
    if text.isdigit() and text.isascii() and whole and (places or not point):
        return int(text), -len(places)
    found = _DECIMAL.fullmatch(value)  # with an exponent or a minus, or none at all
    if not found:
        return None
    whole, places, exponent = found[1], found[2] or "", int(found[3] or 0)
    number = int(whole + places)
    if number < 0 or abs(exponent) > SHARE_EXPONENT_MAX:
        return None
    return (number, exponent - len(places)) if number else (0, 0)


_short_decimal = lru_cache(maxsize=16_384)(_decimal)  # most ballots use the same few
