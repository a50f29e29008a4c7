"""Approval voting: a ballot lists distinct options, each gets the full power; [] is a valid blank.

Source: Brams and Fishburn, "Approval Voting", American Political Science Review 72 (1978).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dao_app.core.voting.base import Method, Running, Sums, is_option


class Approval(Method):
    name = "approval"

    def check_choice(self, choice: Any, options: int) -> bool:
        if type(choice) is not list or len(choice) > options:
            return False
        return all(is_option(number, options) for number in choice) and len(set(choice)) == len(choice)

    def start(self, options: int) -> Running:
        return _Count(self.name, options)


class _Count(Sums):
    __slots__ = ()

    def add(self, choice: Sequence[int], power: int) -> None:
        scores = self.scores
        for number in choice:
            scores[number - 1] += power
        self.valid_power += power

    def remove(self, choice: Sequence[int], power: int) -> None:
        self.add(choice, -power)
