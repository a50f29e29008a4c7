"""Parameters of the voting methods as data: what each may be, and what is wrong with one that is not.

Invariant: a value that passes ``Parameter.allows`` is one that the method's count is defined for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

ParameterValue = int | str | bool


class ParameterProblem(StrEnum):
    """Why a method cannot be set up."""

    METHOD_UNKNOWN = "method_unknown"
    PARAMETER_UNKNOWN = "parameter_unknown"
    PARAMETER_BAD = "parameter_bad"


class BadParameter(NamedTuple):
    """``name``: the parameter, or the method where that is unknown."""

    problem: ParameterProblem
    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """``default`` gives the type. ``least`` and ``most`` bound an integer and the characters of a text;
    ``words``: the only texts allowed, where there are any."""

    default: ParameterValue
    least: int = 0
    most: int = 0
    words: tuple[str, ...] = ()

    def allows(self, value: Any) -> bool:
        """Never raises for foreign data."""
        if type(value) is not type(self.default):
            return False
        if type(value) is bool:
            return True
        if self.words:
            return value in self.words
        size = len(value) if isinstance(value, str) else int(value)
        return self.least <= size <= self.most
