"""Single transferable vote for several seats, by the Scottish rules (weighted inclusive Gregory).

Quota floor(N/(seats+1)) + 1. Whoever reaches it is elected; surpluses are transferred, the largest first, each paper
at surplus * its value / votes, cut to five decimals; where there is none to transfer, the one with the fewest votes is
excluded and its papers go on at their value; when as many continue as seats are left, they are elected. Equal
surpluses or equally few votes are told apart by the most recent earlier stage at which they differ, then by lot.

The lot of an option is SHA-256(seed in UTF-8, option number as 4 bytes big-endian): of equal surpluses the highest
lot goes first, of equally few votes the lowest is excluded. So there is one lot for each option in a count.

A ballot of power p is p papers of value 1. Source: The Scottish Local Government Elections Order 2007 (SSI 2007/42),
schedule 1, rules 45 to 52.

Invariant: at every stage votes, exhausted and lost (cut off) values add up to the valid power.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from typing import Any, ClassVar

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Rule, Running, Step
from dao_app.core.voting.forms import read_ranking
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.parameters import Parameter
from dao_app.core.voting.ranked import RANKED_OPTIONS_MAX, Ranking, Rankings

UNIT = 100_000  # five decimals
SEATS_MAX = 10_000
SEED_CHARS_MAX = 1_000
Paper = tuple[Ranking, int, int, int]  # ranking, power, index of the preference that counts, value in units


class SingleTransferableVote(Method):
    name = "stv"
    options_max = RANKED_OPTIONS_MAX
    PARAMETERS: ClassVar = {
        "seats": Parameter(1, least=1, most=SEATS_MAX),
        "seed": Parameter("", most=SEED_CHARS_MAX),
        "complete": Parameter(False),
    }

    def read(self, choice: Any, options: int) -> Ranking | None:
        return read_ranking(choice, options, complete=bool(self.parameters["complete"]))

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Rankings):
    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        parameters = self.method.parameters
        stages = _Stages(self.options, int(parameters["seats"]), str(parameters["seed"]), self.valid_power)
        if self.valid_power:
            stages.first(self.kept)
            while stages.go_on():
                pass
        scores = [Fraction(votes, UNIT) for votes in stages.votes]
        extras = {
            "seats": parameters["seats"], "quota": printed(stages.quota // UNIT), "elected": stages.elected,
            "lot": stages.lot, "rounds": stages.rounds,
        }  # fmt: skip
        return self.report(
            tuple(sorted(stages.elected)), scores, dropped, stages.log, tie=False,
            tie_break="history-then-lot", tie_break_used=stages.used, extras=extras,
        )  # fmt: skip


class _Stages:
    """The stages of one count."""

    def __init__(self, options: int, seats: int, seed: str, power: int) -> None:
        self.seats = seats
        self.seed = seed.encode("utf-8", "surrogatepass")
        self.quota = (power // (seats + 1) + 1) * UNIT
        self.continuing = set(range(1, options + 1))
        self.papers: dict[int, list[Paper]] = {number: [] for number in range(1, options + 1)}
        self.votes = [0] * options  # credited, in units
        self.exhausted = self.lost = 0  # in units
        self.elected: list[int] = []
        self.lot = self.used = False
        self.history: list[list[int]] = []
        self.rounds: list[dict[str, Any]] = []
        self.log: list[Step] = [{"step": "quota", "power": printed(self.quota // UNIT), "seats": seats}]

    def first(self, ballots: dict[Ranking, int]) -> None:
        """Credit the first preferences."""
        for ranking, power in ballots.items():
            self._credit(ranking[0], (ranking, power, 0, UNIT))
        self._end_stage()

    def go_on(self) -> bool:
        """Elect, then transfer a surplus or exclude; False when all seats are filled."""
        self._elect({number for number in self.continuing if self.votes[number - 1] >= self.quota}, "elected")
        if len(self.continuing) <= self.seats - len(self.elected):
            self._elect(set(self.continuing), "last_vacancies")
        if len(self.elected) >= self.seats or not self.continuing:
            return False
        surpluses = [number for number in self.elected if self.votes[number - 1] > self.quota]
        if surpluses:
            self._transfer(self._choose(surpluses, max))
        else:
            self._exclude(self._choose(sorted(self.continuing), min))
        self._end_stage()
        return True

    def _elect(self, numbers: set[int], step: str) -> None:
        """Those with more votes first; the order of equals says nothing."""
        for number in sorted(numbers, key=lambda number: (-self.votes[number - 1], number)):
            self.continuing.remove(number)
            self.elected.append(number)
            self.rounds[-1]["elected"].append(number)
            self.log.append({**self._step(step, number), "power": self._printed(self.votes[number - 1])})

    def _transfer(self, number: int) -> None:
        votes = self.votes[number - 1]
        surplus = votes - self.quota
        self.log.append({**self._step("surplus", number), "power": self._printed(surplus)})
        self.rounds[-1]["transferred"] = number
        self.votes[number - 1] = self.quota
        left = surplus
        for ranking, power, index, value in self.papers.pop(number):
            left -= self._pass_on((ranking, power, index, surplus * value // votes))
        self.lost += left

    def _exclude(self, number: int) -> None:
        self.log.append({**self._step("excluded", number), "power": self._printed(self.votes[number - 1])})
        self.rounds[-1]["eliminated"] = number
        self.continuing.remove(number)
        self.votes[number - 1] = 0
        for paper in self.papers.pop(number):
            self._pass_on(paper)

    def _pass_on(self, paper: Paper) -> int:
        """To the next continuing option, else it is exhausted; returns its worth in units."""
        ranking, power, index, value = paper
        for ahead in range(index + 1, len(ranking)):
            if ranking[ahead] in self.continuing:
                self._credit(ranking[ahead], (ranking, power, ahead, value))
                break
        else:
            self.exhausted += power * value
        return power * value

    def _credit(self, number: int, paper: Paper) -> None:
        self.papers[number].append(paper)
        self.votes[number - 1] += paper[1] * paper[3]

    def _choose(self, numbers: list[int], extreme: Callable[..., int]) -> int:
        """The one with the most (or fewest) votes now, else at the latest stage that tells them apart, else by lot."""
        level = first = numbers
        for back, votes in enumerate(reversed(self.history)):
            wanted = extreme(votes[number - 1] for number in level)
            level = [number for number in level if votes[number - 1] == wanted]
            if back == 0:
                first = level
            if len(level) == 1:
                break
        self.used |= len(first) > 1
        if len(level) < len(first):
            self.log.append({"step": "level_earlier_round", "round": len(self.rounds), "options": first})
        if len(level) == 1:
            return level[0]
        self.lot = True
        chosen = extreme(level, key=lambda number: sha256(self.seed + number.to_bytes(4, "big")).digest())
        self.log.append({"step": "lot", "round": len(self.rounds), "options": level, "option": chosen})
        return chosen

    def _end_stage(self) -> None:
        self.history.append(list(self.votes))
        self.rounds.append(
            {
                "tally": [self._printed(votes) for votes in self.votes], "exhausted": self._printed(self.exhausted),
                "lost": self._printed(self.lost), "elected": [], "transferred": None, "eliminated": None,
            }
        )  # fmt: skip

    def _step(self, name: str, number: int) -> dict[str, Any]:
        return {"step": name, "round": len(self.rounds), "option": number}

    @staticmethod
    def _printed(units: int) -> str:
        return printed(Fraction(units, UNIT))
