"""Score voting: options are graded from 0 to ``max``; the highest sum of power times grade wins.

An option left out is graded 0. Two further results are counted from the same ballots:

- STAR (score, then automatic runoff; Equal Vote Coalition): the two options with the highest sums meet, and the
  one that more power grades higher wins. Where sums are equal so that more than two could meet, every such pair
  does, and whoever wins one of them is named; a runoff with equal power names both.
- Majority judgment (Balinski and Laraki, "Majority Judgment", 2010): the highest lower median grade; options with
  the same one lose that one grade, a unit of power at a time, until their medians differ.

Invariants: preferences of a pair are summed when the pair first meets and kept up to date from then on, so one
more ballot recounts nothing; the removal of medians is done on intervals of power, not unit by unit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection
from itertools import combinations
from typing import Any, ClassVar

from dao_app.core.voting.base import (
    NOTHING_DROPPED,
    Dropped,
    Method,
    Outcome,
    Read,
    Rule,
    Running,
    Step,
    highest,
    most,
)
from dao_app.core.voting.forms import read_keys
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.parameters import Parameter
from dao_app.core.voting.ranked import keep

SCORE_OPTIONS_MAX = 256  # when all sums are equal, every pair meets
GRADE_MAX = 10**18  # of ``max``
Grades = tuple[int, ...]  # of one ballot, one for each option
Ends = list[tuple[int, int]]  # see _ends


class Score(Method):
    name = "score"
    options_max = SCORE_OPTIONS_MAX
    PARAMETERS: ClassVar = {"max": Parameter(5, least=1, most=GRADE_MAX)}

    def read(self, choice: Any, options: int) -> Grades | None:
        places = read_keys(choice, options)
        if places is None:
            return None
        grades = tuple(choice.values())
        if set(map(type, grades)) != {int} or min(grades) < 0 or max(grades) > self.parameters["max"]:
            return None
        if type(places) is range:
            return grades
        full = [0] * options
        for place, grade in zip(places, grades, strict=True):
            full[place] = grade
        return tuple(full)

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Running):
    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.kept: dict[Grades, int] = {}  # power by distinct ballot
        self.graded: list[dict[int, int]] = [defaultdict(int) for _ in range(options)]  # power by grade
        self.pairs: dict[tuple[int, int], list[int]] = {}  # power that prefers the first, the second

    def enter(self, rows: Collection[Read]) -> None:
        keep(self.kept, rows)
        for place, graded in enumerate(self.graded):
            for grades, power in rows:
                graded[grades[place]] += power
        for (one, other), sides in self.pairs.items():
            for grades, power in rows:
                if grades[one] != grades[other]:
                    sides[grades[one] < grades[other]] += power

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        sums = [sum(grade * power for grade, power in graded.items()) for graded in self.graded]
        winners = most(sums)
        log = highest(winners, sums)
        star, star_tie, star_log = self._star(sums) if winners else ((), "none", [])
        judged, judgment_log = self._judgment() if winners else ((), [])
        extras = {
            "star_winners": list(star), "star_tie": star_tie, "majority_judgment_winners": list(judged),
        }  # fmt: skip
        return self.report(winners, sums, dropped, [*log, *star_log, *judgment_log], extras=extras)

    def _star(self, sums: list[int]) -> tuple[tuple[int, ...], str, list[Step]]:
        """Winners, at which steps there was a tie ("none", "finalists", "runoff", "both"), and the log."""
        meeting = _finalists(sums)
        log: list[Step] = []
        found: set[int] = {place for pair in meeting for place in pair if len(pair) == 1}
        level = False
        for one, other in (pair for pair in meeting if len(pair) == 2):
            sides = self._preferences(one, other)
            level |= sides[0] == sides[1]
            found |= {place for place, side in ((one, sides[0]), (other, sides[1])) if side == max(sides)}
            options, power = [one + 1, other + 1], [printed(side) for side in sides]
            log.append({"step": "runoff", "options": options, "power": power})
        several = len(meeting) > 1
        tie = ("both" if level else "finalists") if several else ("runoff" if level else "none")
        return tuple(sorted(place + 1 for place in found)), tie, log

    def _preferences(self, one: int, other: int) -> list[int]:
        """Power that grades the first higher, and the second."""
        sides = self.pairs.get((one, other))
        if sides is None:
            sides = self.pairs[one, other] = [0, 0]
            for grades, power in self.kept.items():
                if grades[one] != grades[other]:
                    sides[grades[one] < grades[other]] += power
        return sides

    def _judgment(self) -> tuple[tuple[int, ...], list[Step]]:
        """The options whose grades are the highest in the order in which medians are taken away.

        With the units of power sorted by grade, the lower median stands at place m = (total-1)//2. What is left is
        halved evenly, so the next ones taken are m-1, m+1, m-2, m+2 … where the total is odd, and m+1, m-1, m+2,
        m-2 … where it is even. Pair k is the two at distance k; a pair changes only where a grade ends.
        """
        middle = (self.valid_power - 1) // 2
        ends = [_ends(graded) for graded in self.graded]
        left = list(range(self.options))
        best = max(_grade_at(ends[place], middle) for place in left)
        left = [place for place in left if _grade_at(ends[place], middle) == best]
        log: list[Step] = [{"step": "median", "options": [place + 1 for place in left], "grade": str(best)}]
        changes = {1, middle + 1}
        for place in left:
            changes |= {at for end, _ in ends[place] for at in (middle - end + 1, end - middle)}
        for distance in sorted(at for at in changes if 1 <= at <= self.valid_power - 1 - middle):
            if len(left) == 1:
                break
            pairs = {place: self._pair(ends[place], middle, distance) for place in left}
            highest_pair = max(pairs.values())
            if any(pair != highest_pair for pair in pairs.values()):
                left = [place for place in left if pairs[place] == highest_pair]
                options, removed = [place + 1 for place in left], printed(2 * distance - 1)
                log.append({"step": "medians_taken", "options": options, "removed": removed})
        return tuple(place + 1 for place in left), log

    def _pair(self, ends: Ends, middle: int, distance: int) -> tuple[int, ...]:
        """Grades of the two units at this distance from the middle, in the order in which they are taken."""
        above = _grade_at(ends, middle + distance)
        if distance > middle:
            return (above,)  # with an even total there is one unit more above than below
        below = _grade_at(ends, middle - distance)
        return (below, above) if self.valid_power % 2 else (above, below)


def _finalists(sums: list[int]) -> list[tuple[int, ...]]:
    """Every pair of options that can be the two with the highest sums; a sole option meets nobody."""
    if len(sums) == 1:
        return [(0,)]
    best = max(sums)
    first = [place for place, total in enumerate(sums) if total == best]
    if len(first) > 1:
        return list(combinations(first, 2))
    second = max(total for total in sums if total != best)
    pairs = ((first[0], place) for place, total in enumerate(sums) if total == second)
    return [(min(pair), max(pair)) for pair in pairs]


def _ends(graded: dict[int, int]) -> Ends:
    """(end, grade) upwards: the units from the previous end to below this one have this grade."""
    found, reached = [], 0
    for grade, power in sorted(graded.items()):
        if power:
            reached += power
            found.append((reached, grade))
    return found


def _grade_at(ends: Ends, unit: int) -> int:
    return ends[bisect_right(ends, unit, key=lambda end: end[0])][1]
