"""Yes, no or abstain, decided by an adoption rule; scores stand in that order.

Adopted if and only if yes/(yes+no) is strictly above the support asked for, participation
(yes+no+abstain) is at least the quorum, and yes is at least the smallest support where one is set.
Abstaining counts for participation only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from dao_app.core.voting.base import (
    NOTHING_DROPPED,
    Dropped,
    Method,
    Outcome,
    Read,
    Rule,
    Running,
    Step,
    Sums,
    share_of,
)
from dao_app.core.voting.numbers import printed

CHOICES = ("yes", "no", "abstain")
_PLACES = {word: place for place, word in enumerate(CHOICES)}
BP = 10_000  # basis points of a whole


@dataclass(frozen=True, slots=True)
class Adoption(Rule):
    """Shares in basis points, whole or an exact fraction of them (two thirds: Fraction(20_000, 3)).

    The quorum is the larger of ``quorum_power`` and ``quorum_bp`` of the electorate's power.
    """

    support_bp: int | Fraction = 5_000
    quorum_bp: int | Fraction = 0
    electorate_power: int = 0
    min_support_power: int = 0
    quorum_power: int = 0

    def participation_needed(self, electorate_power: int) -> int:
        """The quorum in power, rounded up: participation is whole, so this changes no verdict."""
        share = Fraction(self.quorum_bp * electorate_power, BP)
        return max(self.quorum_power, -(-share.numerator // share.denominator))

    def is_adopted(self, yes: int, no: int, abstain: int) -> bool:
        """The verdict for these powers."""
        return (
            yes * BP > self.support_bp * (yes + no)
            and yes + no + abstain >= self.participation_needed(self.electorate_power)
            and yes >= self.min_support_power
        )


MAJORITY = Adoption()


class YesNoAbstain(Method):
    """Winners: yes (1) where adopted, no (2) where not adopted, none where nobody said yes or no."""

    name = "yes-no-abstain"
    fixed_options = CHOICES

    def read(self, choice: Any, options: int = len(CHOICES)) -> int | None:
        """The place of the word."""
        return _PLACES.get(choice) if type(choice) is str else None

    def start(self, options: int = len(CHOICES)) -> Running:
        return _Count(self, len(CHOICES))


class _Count(Sums):
    def enter(self, rows: Collection[Read]) -> None:
        scores = self.scores
        for place, power in rows:
            scores[place] += power

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        adoption = MAJORITY if rule is None else cast(Adoption, rule)
        yes, no, abstain = self.scores
        passed = adoption.is_adopted(yes, no, abstain)
        winners = () if yes + no == 0 else ((1,) if passed else (2,))
        needed = printed(adoption.participation_needed(adoption.electorate_power))
        support, least = printed(Fraction(adoption.support_bp, BP)), printed(adoption.min_support_power)
        extras = {
            "passed": passed, "participation": printed(self.valid_power), "quorum_power": needed,
            "support": support, "min_support_power": least,
        }  # fmt: skip
        share = share_of(yes, yes + no)
        log: list[Step] = [
            {"step": "support", "share": "0" if share is None else printed(share), "above": support},
            {"step": "quorum", "power": printed(self.valid_power), "needed": needed},
            {"step": "yes_power", "power": printed(yes), "needed": least},
        ]
        return self.report(winners, self.scores, dropped, log, passed=passed, extras=extras)
