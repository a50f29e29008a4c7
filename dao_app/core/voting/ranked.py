"""Ranked choice, counted as instant run-off.

Each ballot counts for the highest of its options that is still in. An option with more than half of the power that
still counts (exhausted ballots do not) wins; else the one with the least power goes out and the next round begins.
Options that are first on no ballot have 0 and so go first, one a round. Where several have the least, out goes the
one with less power in the latest earlier round in which they differ, and where there is none, the one listed last.

Source: "instant run-off voting", Robert's Rules of Order Newly Revised, "preferential voting"; Tideman, "Collective
Decisions and Voting" (2006), chapter 15.

Invariant: in every round the tally and the exhausted power add up to the valid power.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Read, Rule, Running, Step
from dao_app.core.voting.forms import read_ranking
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.parameters import Parameter

RANKED_OPTIONS_MAX = 512  # each option can cost a round, and each round prints all options
Ranking = tuple[int, ...]
Pile = list[tuple[Ranking, int, int]]  # ranking, its power, index of the preference that counts now


class Ranked(Method):
    name = "ranked"
    options_max = RANKED_OPTIONS_MAX
    PARAMETERS: ClassVar = {"complete": Parameter(False)}

    def read(self, choice: Any, options: int) -> Ranking | None:
        return read_ranking(choice, options, complete=bool(self.parameters["complete"]))

    def start(self, options: int) -> Running:
        return _Count(self, options)


class Rankings(Running):
    """Keeps the ballots, equal ones as one: each round asks all of them."""

    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.kept: dict[Ranking, int] = {}

    def enter(self, rows: Collection[Read]) -> None:
        keep(self.kept, rows)


def keep(kept: dict[Any, int], rows: Collection[Read]) -> None:
    """Enter ballots into a table of power by distinct ballot; those without power need no place."""
    for ballot, power in rows:
        kept[ballot] = left = kept.get(ballot, 0) + power
        if not left:
            del kept[ballot]


class _Count(Rankings):
    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        piles: dict[int, Pile] = {number: [] for number in range(1, self.options + 1)}
        for ranking, power in self.kept.items():
            piles[ranking[0]].append((ranking, power, 0))
        history: list[list[int]] = []  # power by place, one list a round
        tally, exhausted = [sum(row[1] for row in piles[number]) for number in piles], 0
        rounds: list[dict[str, Any]] = []
        log: list[Step] = []
        used = False
        winner = None
        while self.valid_power:
            history.append(list(tally))
            rounds.append(_round(tally, exhausted))
            continuing = self.valid_power - exhausted
            leader = max(piles, key=lambda number: tally[number - 1])
            if 2 * tally[leader - 1] > continuing:
                winner = leader
                facts = {"power": printed(tally[leader - 1]), "continuing": printed(continuing)}
                log.append({"step": "majority", "round": len(rounds), "option": leader, **facts})
                break
            out, level, by = _lowest(piles, history)
            if by:
                used = True
                log.append({"step": f"level_{by}", "round": len(rounds), "options": level})
            log.append({"step": "eliminated", "round": len(rounds), "option": out, "power": printed(tally[out - 1])})
            rounds[-1]["eliminated"] = out
            exhausted += _pass_on(piles, out, tally)
        if not rounds:
            rounds.append(_round(tally, exhausted))
        return self.report(
            (winner,) if winner else (), tally, dropped, log,
            tie_break="earlier-rounds-then-order", tie_break_used=used, extras={"rounds": rounds},
        )  # fmt: skip


def _round(tally: list[int], exhausted: int) -> dict[str, Any]:
    """A round as printed; ``eliminated`` is set where somebody goes out at its end."""
    return {"tally": [printed(power) for power in tally], "exhausted": printed(exhausted), "eliminated": None}


def _lowest(piles: dict[int, Pile], history: list[list[int]]) -> tuple[int, list[int], str]:
    """Who goes out, who had equally little, and what decided among them: "", "earlier_round" or "order"."""
    level = list(piles)
    for back, tally in enumerate(reversed(history)):
        least = min(tally[number - 1] for number in level)
        left = [number for number in level if tally[number - 1] == least]
        if back == 0:
            first = left
        level = left
        if len(level) == 1:
            return level[0], first, "earlier_round" if back else ""
    return level[-1], first, "order"


def _pass_on(piles: dict[int, Pile], out: int, tally: list[int]) -> int:
    """Hand the ballots of an option on to the next ones still in; returns the power that is exhausted."""
    exhausted = 0
    for ranking, power, index in piles.pop(out):
        for ahead in range(index + 1, len(ranking)):
            number = ranking[ahead]
            if number in piles:
                piles[number].append((ranking, power, ahead))
                tally[number - 1] += power
                break
        else:
            exhausted += power
    tally[out - 1] = 0
    return exhausted
