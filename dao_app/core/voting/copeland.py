"""Copeland's method: each option meets each other one; a win counts 1, a draw a half.

Ballots rank all options. ``tie_break`` "support" sets those with the same score apart by the power that prefers them,
summed over all their pairs; what is level after that stays tied.

Source: Copeland, "A reasonable social welfare function" (1951); Saari and Merlin, "The Copeland method", Economic
Theory 8 (1996).
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any, ClassVar

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Read, Rule, Running, Step, highest
from dao_app.core.voting.forms import read_ranking
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.pairwise import PAIRWISE_OPTIONS_MAX, Pairs, printed_pairs
from dao_app.core.voting.parameters import Parameter


class Copeland(Method):
    name = "copeland"
    options_max = PAIRWISE_OPTIONS_MAX
    PARAMETERS: ClassVar = {"tie_break": Parameter("none", words=("none", "support"))}

    def read(self, choice: Any, options: int) -> tuple[int, ...] | None:
        return read_ranking(choice, options, complete=True)

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Pairs):
    def enter(self, rows: Collection[Read]) -> None:
        """As for tiers of one option each."""
        self.make_room()
        lanes, packed = self.lanes(), self.rows
        for ranking, power in rows:
            below = 0
            for number in reversed(ranking):
                packed[number - 1] += power * below
                below |= lanes[number - 1]

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        places, sums = range(self.options), self.sums()
        wins = [[b for b in places if sums[a][b] > sums[b][a]] for a in places]
        draws = [[b for b in places if a != b and sums[a][b] == sums[b][a]] for a in places]
        counted = self.valid_power > 0  # without power nobody met anybody
        scores = [len(wins[a]) + Fraction(len(draws[a]), 2) if counted else 0 for a in places]
        support = [sum(row) for row in sums]
        winners = tuple(a + 1 for a in places if scores[a] == max(scores)) if counted else ()
        log: list[Step] = [
            {"step": "beats", "option": a + 1, "options": _numbers(wins[a]), "draws": _numbers(draws[a])}
            for a in places if counted
        ]  # fmt: skip
        log += highest(winners, scores)
        used = len(winners) > 1 and self.method.parameters["tie_break"] == "support"
        if used:
            best = max(support[number - 1] for number in winners)
            winners = tuple(number for number in winners if support[number - 1] == best)
            log.append({"step": "support_power", "options": list(winners), "power": printed(best)})
        extras = {"pairwise": printed_pairs(sums), "support_power": [printed(power) for power in support]}
        return self.report(
            winners, scores, dropped, log,
            tie_break=self.method.parameters["tie_break"], tie_break_used=used, extras=extras,
        )  # fmt: skip


def _numbers(places: list[int]) -> list[int]:
    return [place + 1 for place in places]
