"""What every voting method has in common.

Invariants: a ballot that breaks the form is dropped whole and counted, never repaired; of a voter's
well-formed ballots the last counts; the order of different voters' ballots never matters; power is a
non-negative integer of any size; where no power stands behind any option there is no winner.

A method is set up once (``seats``, ``max`` and the like are arguments of its constructor) and keeps
nothing of an election; an election's state is a ``Running`` count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

NO_EXTRAS: Mapping[str, Any] = MappingProxyType({})


class Ballot(NamedTuple):
    """``voter``: whatever tells voters apart; ``power`` >= 0; ``choice`` as the method reads it."""

    voter: Hashable
    power: int
    choice: Any


class Rule:
    """What an election demands beyond having the most power; a method that knows no such demand
    ignores it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a count.

    ``winners``: option numbers from 1, sorted; several when tied. ``scores``: one per option.
    ``valid_power``: of all well-formed ballots, blank ones too. ``invalid``: dropped ballots.
    ``passed``: the verdict of an adoption rule, None where the method has none. ``extras``: what
    only this method reports, as JSON data in which numbers that can be large are decimal strings.
    """

    method: str
    winners: tuple[int, ...]
    tie: bool
    scores: tuple[int, ...]
    valid_power: int
    invalid: int = 0
    passed: bool | None = None
    extras: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRAS)


class Running(ABC):
    """A count to which ballots are added and from which they are taken, one by one.

    Choices must have passed ``Method.check_choice``. Methods that need all ballots at once keep them.
    """

    @abstractmethod
    def add(self, choice: Any, power: int) -> None:
        """Count one more ballot."""

    @abstractmethod
    def remove(self, choice: Any, power: int) -> None:
        """Take back a ballot that was added with the same choice and power."""

    @abstractmethod
    def outcome(self, rule: Rule | None = None, invalid: int = 0) -> Outcome:
        """The result as it stands; may be asked at any time."""


class Method(ABC):
    """One way to vote."""

    name: str

    @abstractmethod
    def check_choice(self, choice: Any, options: int) -> bool:
        """Is this a well-formed ballot among so many options? Never raises for foreign data."""

    @abstractmethod
    def start(self, options: int) -> Running:
        """An empty count among options numbered from 1."""

    def count(self, options: int, ballots: Iterable[Ballot], rule: Rule | None = None) -> Outcome:
        """Count an election at once. Raises ValueError for negative power, a bug of the caller."""
        check = self.check_choice
        last: dict[Hashable, Ballot] = {}
        invalid = 0
        for ballot in ballots:
            if ballot.power < 0:
                raise ValueError("negative power")
            if check(ballot.choice, options):
                last[ballot.voter] = ballot
            else:
                invalid += 1
        running = self.start(options)
        for ballot in last.values():
            running.add(ballot.choice, ballot.power)
        return running.outcome(rule, invalid)


class Sums(Running):
    """Running count of the methods in which each option's score is a sum of powers."""

    __slots__ = ("method", "scores", "valid_power")

    def __init__(self, method: str, options: int) -> None:
        self.method = method
        self.scores = [0] * options
        self.valid_power = 0

    def outcome(self, rule: Rule | None = None, invalid: int = 0) -> Outcome:
        winners = most(self.scores)
        return Outcome(self.method, winners, len(winners) > 1, tuple(self.scores), self.valid_power, invalid)


def most(scores: Iterable[int]) -> tuple[int, ...]:
    """Numbers (from 1) of the options with the highest score, none where no score is above 0."""
    listed = list(scores)
    highest = max(listed, default=0)
    if highest <= 0:
        return ()
    return tuple(number for number, score in enumerate(listed, 1) if score == highest)


def is_option(choice: Any, options: int) -> bool:
    """An option number: an integer (not a boolean) from 1 to ``options``."""
    return type(choice) is int and 1 <= choice <= options
