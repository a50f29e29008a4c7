"""What every voting method has in common.

Invariants: a ballot that breaks the form is dropped whole and counted, never repaired; of a voter's
well-formed ballots the last counts; the order of different voters' ballots never matters; power is a
non-negative integer of any size; where no power stands behind any option there is no winner; no tie is
broken but by the tie-break that the method declares.

A method is set up once by its parameters (``seats``, ``max`` and the like) and keeps nothing of an election;
an election's state is a ``Running`` count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from dao_app.core.voting.numbers import FRACTION_DIGITS_MAX, Score, printed
from dao_app.core.voting.parameters import Parameter, ParameterValue

NO_EXTRAS: Mapping[str, Any] = MappingProxyType({})
OPTIONS_MAX = 10_000  # of one election, where the work grows with the options only
CHUNK = 128  # ballots that are entered together: few enough not to wake the interpreter's search for cycles
Read = tuple[Any, int]  # a ballot as a method read it, and its power
Step = Mapping[str, Any]  # of a log: "step" names it, the rest are numbers, texts and lists of them


class Ballot(NamedTuple):
    """``voter``: whatever tells voters apart; ``power`` >= 0; ``choice`` as the method reads it."""

    voter: Hashable
    power: int
    choice: Any


class Rule:
    """What an election demands beyond having the most power; a method that knows no such demand
    ignores it."""

    __slots__ = ()


class Dropped(NamedTuple):
    """Ballots that broke the form: how many, and their power."""

    ballots: int = 0
    power: int = 0


NOTHING_DROPPED = Dropped()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a count.

    ``winners``: option numbers from 1, sorted; several when tied, or elected. ``scores``: one per option,
    exact; ``places``: 0, or how many decimals to print where roots are irrational. ``valid_power``: of all
    well-formed ballots, blank ones too; ``ballots``: how many. ``tie_break``: the one declared, "none" where
    there is none. ``passed``: the verdict of an adoption rule, None where the method has none. ``extras``:
    what only this method reports, as JSON data in which numbers that can be large are strings. ``log``: the
    steps of the count in order, as such data.
    """

    method: str
    winners: tuple[int, ...]
    tie: bool
    scores: tuple[Score, ...]
    valid_power: int
    ballots: int = 0
    invalid: int = 0
    invalid_power: int = 0
    passed: bool | None = None
    tie_break: str = "none"
    tie_break_used: bool = False
    places: int = 0
    extras: Mapping[str, Any] = field(default_factory=lambda: NO_EXTRAS)
    log: tuple[Step, ...] = ()

    def printed_scores(self, digits_max: int = FRACTION_DIGITS_MAX) -> tuple[str, ...]:
        """The scores as texts, see ``numbers.printed``."""
        return tuple(printed(score, self.places, digits_max) for score in self.scores)


class Method(ABC):
    """One way to vote. ``PARAMETERS``: what can be set, by the keys of a tally file."""

    name: ClassVar[str]
    PARAMETERS: ClassVar[Mapping[str, Parameter]] = MappingProxyType({})
    options_max: ClassVar[int] = OPTIONS_MAX
    fixed_options: ClassVar[tuple[str, ...]] = ()  # names of the options that the method itself brings

    def __init__(self, **given: ParameterValue) -> None:
        """``given`` was checked by ``registry.method``; what is left out takes its default."""
        self.parameters: Mapping[str, ParameterValue] = MappingProxyType(
            {name: given.get(name, parameter.default) for name, parameter in self.PARAMETERS.items()}
        )

    @abstractmethod
    def read(self, choice: Any, options: int) -> Any:
        """A ballot as ``Running`` counts it, None where it breaks the form. Never raises for foreign data."""

    def check_choice(self, choice: Any, options: int) -> bool:
        """Is this a well-formed ballot among so many options? Never raises for foreign data."""
        return self.read(choice, options) is not None

    @abstractmethod
    def start(self, options: int) -> Running:
        """An empty count among options numbered from 1."""

    def count(
        self, options: int, ballots: Collection[tuple[Hashable, int, Any]], rule: Rule | None = None
    ) -> Outcome:
        """Count an election at once, each ballot a ``Ballot`` or a tuple like it. Raises ValueError for negative power,
        a bug of the caller."""
        invalid = invalid_power = 0

        def well_formed() -> Iterator[tuple[Hashable, Read]]:
            nonlocal invalid, invalid_power
            read = self.read
            for voter, power, choice in ballots:
                if power < 0:
                    raise ValueError("negative power")
                ballot = read(choice, options)
                if ballot is None:
                    invalid += 1
                    invalid_power += power
                else:
                    yield voter, (ballot, power)

        running = self.start(options)
        if len({voter for voter, _, _ in ballots}) == len(ballots):
            running.add_read(row for _, row in well_formed())
        else:  # only then all of them have to be held at once
            running.add_read(dict(well_formed()).values())
        return running.outcome(rule, Dropped(invalid, invalid_power))


class Running(ABC):
    """A count to which ballots are added and from which they are taken, one by one.

    Methods that need all ballots at once keep them, equal ones as one with their power summed.
    """

    def __init__(self, method: Method, options: int) -> None:
        self.method = method
        self.options = options
        self.ballots = 0
        self.valid_power = 0

    def add(self, choice: Any, power: int) -> None:
        """Count one more ballot. Raises ValueError where it breaks the form: check it before."""
        self._change(choice, power, 1)

    def remove(self, choice: Any, power: int) -> None:
        """Take back a ballot that was added with the same choice and power."""
        self._change(choice, -power, -1)

    def _change(self, choice: Any, power: int, by: int) -> None:
        ballot = self.method.read(choice, self.options)
        if ballot is None:
            raise ValueError("not a well-formed ballot")
        self.ballots += by
        self.valid_power += power
        self.enter([(ballot, power)])

    def add_read(self, rows: Iterable[Read]) -> None:
        """Count many ballots, each as ``Method.read`` gave it with its power."""
        left = iter(rows)
        while chunk := list(islice(left, CHUNK)):
            self.ballots += len(chunk)
            self.valid_power += sum([power for _, power in chunk])
            self.enter(chunk)

    @abstractmethod
    def enter(self, rows: Collection[Read]) -> None:
        """Enter ballots as ``Method.read`` gave them, with their power; negative power takes one back. Their number
        and power stand in ``ballots`` and ``valid_power`` already."""

    @abstractmethod
    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        """The result as it stands; may be asked at any time."""

    def report(
        self, winners: tuple[int, ...], scores: Iterable[Score], dropped: Dropped, log: Iterable[Step], **more: Any
    ) -> Outcome:
        """An outcome with what every method reports; ``more`` are further fields of ``Outcome``."""
        steps = (
            {
                "step": "counted", "ballots": self.ballots, "power": printed(self.valid_power),
                "invalid": dropped.ballots, "invalid_power": printed(dropped.power),
            },
            *log,
        )  # fmt: skip
        if not winners:
            steps = (*steps, {"step": "no_winner"})
        return Outcome(
            method=self.method.name, winners=winners, tie=more.pop("tie", len(winners) > 1), scores=tuple(scores),
            valid_power=self.valid_power, ballots=self.ballots, invalid=dropped.ballots, invalid_power=dropped.power,
            log=steps, **more,
        )  # fmt: skip


class Sums(Running):
    """Running count of the methods in which each option's score is a sum of powers."""

    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.scores = [0] * options

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        winners = most(self.scores)
        return self.report(winners, self.scores, dropped, highest(winners, self.scores))


def highest(winners: tuple[int, ...], scores: Iterable[Score], places: int = 0) -> list[Step]:
    """The step that says who has the most; none where nobody wins."""
    if not winners:
        return []
    best = printed(max(scores), places)
    return [{"step": "tied" if len(winners) > 1 else "highest", "options": list(winners), "score": best}]


def most(scores: Iterable[Score]) -> tuple[int, ...]:
    """Numbers (from 1) of the options with the highest score, none where no score is above 0."""
    listed = list(scores)
    best = max(listed, default=0)
    if best <= 0:
        return ()
    return tuple(number for number, score in enumerate(listed, 1) if score == best)


def share_of(part: int, whole: int) -> Fraction | None:
    """An exact share; None of nothing."""
    return Fraction(part, whole) if whole else None
