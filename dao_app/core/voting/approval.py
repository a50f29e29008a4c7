"""Approval voting: a ballot lists distinct options, each gets the full power; [] is a valid blank.

Source: Brams and Fishburn, "Approval Voting", American Political Science Review 72 (1978).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from dao_app.core.voting.base import Method, Read, Running, Sums
from dao_app.core.voting.forms import are_options


class Approval(Method):
    name = "approval"

    def read(self, choice: Any, options: int) -> Sequence[int] | None:
        return choice if type(choice) is list and are_options(choice, options) else None

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Sums):
    def enter(self, rows: Collection[Read]) -> None:
        scores = self.scores
        for numbers, power in rows:
            for number in numbers:
                scores[number - 1] += power
