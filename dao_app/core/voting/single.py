"""Single choice: a ballot is one option number; the most power wins."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dao_app.core.voting.base import Method, Read, Running, Sums
from dao_app.core.voting.forms import is_option


class SingleChoice(Method):
    name = "single"

    def read(self, choice: Any, options: int) -> int | None:
        return choice if is_option(choice, options) else None

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Sums):
    def enter(self, rows: Collection[Read]) -> None:
        scores = self.scores
        for number, power in rows:
            scores[number - 1] += power
