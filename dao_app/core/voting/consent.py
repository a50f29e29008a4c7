"""Consent: a proposal passes unless an objection stands when the vote closes.

A stance is agree, abstain, disagree (noted, does not block) or object (blocks while it has power and stands).
An objection is withdrawn by casting another stance. Where nobody with power took a stance nothing passes:
silence of all is no consent. Scores stand in the order of ``STANCES``.

Source: consent decision making of sociocracy (Endenburg; Rau and Koch-Gonzalez, "Many Voices One Song", 2018).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Read, Rule, Running, Step, Sums
from dao_app.core.voting.numbers import printed

STANCES = ("agree", "abstain", "disagree", "object")
_PLACES = {stance: place for place, stance in enumerate(STANCES)}
OBJECT = len(STANCES) - 1  # place of the stance that blocks


class Consent(Method):
    """Winners: agree (1) where it passes, object (4) where an objection stands, none without any power."""

    name = "consent"
    fixed_options = STANCES

    def read(self, choice: Any, options: int = len(STANCES)) -> int | None:
        """A map with ``stance`` and nothing else; the place of the stance."""
        if type(choice) is not dict or len(choice) != 1:
            return None
        stance = choice.get("stance")
        return _PLACES.get(stance) if type(stance) is str else None

    def start(self, options: int = len(STANCES)) -> Running:
        return _Count(self, len(STANCES))


class _Count(Sums):
    def enter(self, rows: Collection[Read]) -> None:
        scores = self.scores
        for place, power in rows:
            scores[place] += power

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        objected = self.scores[OBJECT]
        passed = self.valid_power > 0 and objected == 0
        winners = ((1,) if passed else (OBJECT + 1,)) if self.valid_power else ()
        counts = {stance: printed(power) for stance, power in zip(STANCES, self.scores, strict=True)}
        log: list[Step] = [{"step": "objections", "power": printed(objected)}]
        extras = {"passed": passed, "counts": counts}
        return self.report(winners, self.scores, dropped, log, passed=passed, extras=extras)
