"""Reading computations from JSON: strict, bounded, exact; each error names its place.

Invariants: nothing is repaired or guessed; every number is a non-negative integer or fraction, never a binary one; a
key that no rule asked for is reported, so that a misspelt one does not go unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from dao_app.core.errors import CoreError
from dao_app.core.rewards.hamilton import whole_weights
from dao_app.core.voting import tallyfile

FILE_BYTES_MAX = 64 * 1024 * 1024  # some 500,000 gifts; more would not fit a desktop's memory
COMPUTATIONS_MAX = 10_000  # in one file
ENTRIES_MAX = 100_000  # of one list or object: ten times the members of the largest organisation
NUMBER_DIGITS_MAX = 500  # of one number; leaves room for products that still print
SCALE_MAX = 10**1_000  # common denominator of a list of numbers; keeps the exact weights printable
NAME_CHARS_MAX = 1_000

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_INTEGER = re.compile(r"0|[1-9][0-9]*")
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)\.([0-9]+)")
_RATIO = re.compile(r"(0|[1-9][0-9]*)/([1-9][0-9]*)")
_END = 10**NUMBER_DIGITS_MAX


class RewardsFileError(CoreError):
    """A file that is no computation. ``code`` is stable; ``where`` is a path such as "gifts[3].points"."""

    def __init__(self, code: str, where: str = "", found: str = "") -> None:
        place = f" at {where}" if where else ""
        given = f": {found}" if found else ""
        super().__init__(f"{code}{place}{given}")
        self.code = code
        self.where = where
        self.found = found


def parse(data: bytes) -> Any:
    """The JSON value of a file, without duplicate keys, NaN or infinities. Raises RewardsFileError."""
    if len(data) > FILE_BYTES_MAX:
        raise RewardsFileError("too_large", "", f"{len(data)} > {FILE_BYTES_MAX} bytes")
    try:
        return tallyfile.parse(data)
    except tallyfile.TallyFileError as error:
        raise RewardsFileError(error.code, error.where, error.found) from error


def read_integer(value: Any) -> int | None:
    """A non-negative whole number, as text of digits or a JSON integer; None for anything else."""
    if type(value) is int:
        return value if 0 <= value < _END else None
    if type(value) is str and len(value) <= NUMBER_DIGITS_MAX and _INTEGER.fullmatch(value):
        return int(value)
    return None


def read_number(value: Any) -> Fraction | None:
    """A non-negative exact number: 3, "3", 0.25, "0.25" or "7/3"; None for anything else."""
    whole = read_integer(value)
    if whole is not None:
        return Fraction(whole)
    if not isinstance(value, str) or len(value) > NUMBER_DIGITS_MAX:
        return None
    if decimal := _DECIMAL.fullmatch(value):
        return Fraction(int(decimal[1] + decimal[2]), 10 ** len(decimal[2]))
    if type(value) is str and (ratio := _RATIO.fullmatch(value)):
        return Fraction(int(ratio[1]), int(ratio[2]))
    return None


def read_name(value: Any) -> str | None:
    """Who or what: text that is not empty; an integer stands for its decimal text."""
    if type(value) is int and -_END < value < _END:
        value = str(value)
    return value if type(value) is str and 0 < len(value) <= NAME_CHARS_MAX else None


class Fields:
    """The keys of one object in the file; remembers which were asked for."""

    def __init__(self, value: Any, where: str, code: str) -> None:
        """``where``: its place, "" for the file itself; ``code``: the error where it is no object."""
        if type(value) is not dict:
            raise RewardsFileError(code, where, tallyfile.shown(value))
        self._value: dict[str, Any] = value
        self._where = where
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._value

    def raw(self, key: str) -> Any:
        """What stands under the key. Raises RewardsFileError ``missing``."""
        if not self.has(key):
            raise RewardsFileError("missing", self.at(key))
        return self._value[key]

    def one(self, key: str, read: Callable[[Any], T | None], code: str, default: T | None = None) -> T:
        """A single value as ``read`` takes it; ``default`` where the key is absent."""
        if default is not None and not self.has(key):
            return default
        return _read(self.raw(key), self.at(key), read, code)

    def amount(self, key: str, default: int | None = None) -> int:
        return self.one(key, read_integer, "amount_bad", default)

    def name(self, key: str) -> str:
        return self.one(key, read_name, "name_bad")

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """One of an enumeration's values."""
        return self.one(key, lambda value: kind(value) if value in list(kind) else None, "choice_bad", default)

    def items(self, key: str) -> Sequence[tuple[str, Any]]:
        """The items of a list, each with its place."""
        value = self.raw(key)
        if type(value) is not list:
            raise RewardsFileError("list_bad", self.at(key), tallyfile.shown(value))
        return _places(value, self.at(key))

    def names(self, key: str) -> list[str]:
        """A list of distinct names."""
        names: dict[str, None] = {}
        for where, item in self.items(key):
            name = _read(item, where, read_name, "name_bad")
            if name in names:
                raise RewardsFileError("name_twice", where, tallyfile.shown(name))
            names[name] = None
        return list(names)

    def table(self, key: str) -> Mapping[str, tuple[str, Any]]:
        """name → (place, value), in the order in which they are written."""
        fields = Fields(self.raw(key), self.at(key), "object_bad")
        _few(fields._value, self.at(key))
        for name in fields._value:
            if read_name(name) is None:
                raise RewardsFileError("name_bad", self.at(key), tallyfile.shown(name))
        return {name: (fields.at(name_shown(name)), value) for name, value in fields._value.items()}

    def rows(self, key: str) -> Sequence[Fields]:
        """A list of objects."""
        return [Fields(item, where, "object_bad") for where, item in self.items(key)]

    def ignored(self) -> list[str]:
        """Keys that nobody asked for; ``title`` is free for the author."""
        return sorted(tallyfile.shown(key) for key in self._value if key not in self._asked and key != "title")


def name_shown(name: str) -> str:
    """A name as part of a place: bare where it is a plain word, else quoted."""
    return name if re.fullmatch(r"\w{1,40}", name, re.ASCII) else tallyfile.shown(name)


def integers(table: Mapping[str, tuple[str, Any]]) -> dict[str, int]:
    return {name: _read(value, where, read_integer, "amount_bad") for name, (where, value) in table.items()}


def number(value: Any, where: str) -> Fraction:
    return _read(value, where, read_number, "number_bad")


def number_rows(table: Mapping[str, tuple[str, Any]]) -> dict[str, list[Fraction]]:
    """Numbers by name: a list each, all of the same length; a single number is a list of one."""
    rows: dict[str, list[Fraction]] = {}
    length = -1
    entries = 0
    for name, (where, value) in table.items():
        items = _places(value, where) if type(value) is list else [(where, value)]
        rows[name] = [number(item, at) for at, item in items]
        entries += len(items)
        if entries > ENTRIES_MAX:
            raise RewardsFileError("too_many", where, f"> {ENTRIES_MAX}")
        if length not in (-1, len(items)):
            raise RewardsFileError("length_bad", where, f"{len(items)} ≠ {length}")
        length = len(items)
    return rows


def scaled(numbers: Sequence[Fraction], where: str) -> tuple[list[int], int]:
    """The numbers as integers over one denominator."""
    whole = whole_weights(numbers, SCALE_MAX)
    if whole is None:
        raise RewardsFileError("too_fine", where)
    return whole


def _read(value: Any, where: str, read: Callable[[Any], T | None], code: str) -> T:
    got = read(value)
    if got is None:
        raise RewardsFileError(code, where, tallyfile.shown(value))
    return got


def _few(value: Sequence[Any] | Mapping[str, Any], where: str) -> None:
    if len(value) > ENTRIES_MAX:
        raise RewardsFileError("too_many", where, f"{len(value)} > {ENTRIES_MAX}")


def _places(value: Sequence[Any], where: str) -> Sequence[tuple[str, Any]]:
    _few(value, where)
    return [(f"{where}[{place}]", item) for place, item in enumerate(value)]
