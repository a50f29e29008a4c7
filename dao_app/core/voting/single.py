"""Single choice: a ballot is one option number; the most power wins."""

from __future__ import annotations

from typing import Any

from dao_app.core.voting.base import Method, Running, Sums, is_option


class SingleChoice(Method):
    name = "single"

    def check_choice(self, choice: Any, options: int) -> bool:
        return is_option(choice, options)

    def start(self, options: int) -> Running:
        return _Count(self.name, options)


class _Count(Sums):
    __slots__ = ()

    def add(self, choice: int, power: int) -> None:
        self.scores[choice - 1] += power
        self.valid_power += power

    def remove(self, choice: int, power: int) -> None:
        self.add(choice, -power)
