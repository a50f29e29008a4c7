"""Forms of ballots that several methods share. Nothing here raises for foreign data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from dao_app.core.voting.base import OPTIONS_MAX


def is_option(choice: Any, options: int) -> bool:
    """An option number: an integer (not a boolean) from 1 to ``options``."""
    return type(choice) is int and 1 <= choice <= options


def are_options(choice: list[Any], options: int) -> bool:
    """Distinct option numbers, none at all too."""
    if not choice:
        return True
    if len(choice) > options or set(map(type, choice)) != {int}:
        return False
    return len(set(choice)) == len(choice) and min(choice) >= 1 and max(choice) <= options


def read_ranking(choice: Any, options: int, complete: bool) -> tuple[int, ...] | None:
    """A non-empty list of distinct option numbers, the best first; all of them where ``complete``."""
    if type(choice) is not list or not choice or not are_options(choice, options):
        return None
    if complete and len(choice) != options:
        return None
    return tuple(choice)


@lru_cache(maxsize=64)
def places_of(options: int) -> dict[str, int]:
    """Place from 0 of each option by its number as text. ``options``: at most OPTIONS_MAX."""
    return {str(number): number - 1 for number in range(1, min(options, OPTIONS_MAX) + 1)}


def read_keys(choice: Any, options: int) -> Sequence[int] | None:
    """Places of the options that a non-empty map names by number as text, in its order; a range where it names all of
    them in theirs, as most ballots do."""
    if type(choice) is not dict or not choice or len(choice) > options:
        return None
    places = places_of(options)
    if len(choice) == options and list(choice) == list(places):
        return range(options)
    if not choice.keys() <= places.keys():
        return None
    return [places[key] for key in choice]
