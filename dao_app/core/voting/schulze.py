"""Schulze's method (beatpath), with winning votes or margins.

A ballot is a list of tiers, the best first; options it leaves out share the last place. The strength of a link from
a to b is, where more power prefers a to b than b to a, that power ("winning") or its lead ("margins"), and else 0; a
path is as strong as its weakest link; a beats b where its strongest path to b is stronger than the one back.

Winners are the options that nobody beats. ``ranking``: the first tier are the winners, each further one the options
that nobody of those left beats; paths are those over all options, computed once. No tie is broken.

Source: Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
election method", Social Choice and Welfare 36 (2011), sections 2.1 to 2.3.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Rule, Running, Step
from dao_app.core.voting.forms import are_options
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.pairwise import PAIRWISE_OPTIONS_MAX, Pairs, Tiers, printed_pairs
from dao_app.core.voting.parameters import Parameter

Matrix = list[list[int]]


class Schulze(Method):
    name = "schulze"
    options_max = PAIRWISE_OPTIONS_MAX
    PARAMETERS: ClassVar = {"strength": Parameter("winning", words=("winning", "margins"))}

    def read(self, choice: Any, options: int) -> Tiers | None:
        """[] is a valid blank; a tier is not empty."""
        if type(choice) is not list or len(choice) > options:
            return None
        numbers: list[Any] = []
        for tier in choice:
            if type(tier) is not list or not tier or len(numbers) + len(tier) > options:
                return None
            numbers += tier
        if not are_options(numbers, options):
            return None
        listed = set(numbers)
        rest = [number for number in range(1, options + 1) if number not in listed]
        return [*choice, rest] if rest else choice

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Pairs):
    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        sums = self.sums()
        paths = strongest_paths(self._links(sums))
        places = range(self.options)
        beats = [{b for b in places if paths[a][b] > paths[b][a]} for a in places]
        ranking = _tiers(beats)
        preferred = any(map(any, sums)) or (self.options == 1 and self.valid_power > 0)
        winners = tuple(ranking[0]) if preferred else ()
        log: list[Step] = [
            {"step": "path", "option": a + 1, "options": [b + 1 for b in sorted(beats[a])]} for a in places if preferred
        ]
        if winners:
            log.append({"step": "unbeaten", "options": list(winners)})
        strengths = [[printed(strength) for strength in row] for row in paths]
        extras = {"ranking": ranking, "pairwise": printed_pairs(sums), "paths": strengths}
        return self.report(winners, [len(beaten) for beaten in beats], dropped, log, extras=extras)

    def _links(self, sums: Matrix) -> Matrix:
        margins = self.method.parameters["strength"] == "margins"
        return [
            [(x - y if margins else x) if x > y else 0 for x, y in zip(row, column, strict=True)]
            for row, column in zip(sums, zip(*sums, strict=True), strict=True)
        ]


def strongest_paths(links: Matrix) -> Matrix:
    """Strength of the strongest path between each two: Floyd and Warshall's algorithm with minimum and maximum."""
    paths = [list(row) for row in links]
    for through, onwards in enumerate(paths):
        for row in paths:
            reach = row[through]
            if reach and row is not onwards:
                row[:] = [
                    old if old >= reach or old >= on else (reach if reach < on else on)
                    for old, on in zip(row, onwards, strict=True)
                ]
    for place, row in enumerate(paths):
        row[place] = 0  # a way back to oneself says nothing
    return paths


def _tiers(beats: list[set[int]]) -> list[list[int]]:
    """Again and again those that nobody left beats. "Beats" is transitive, so there always are some."""
    beaten_by = [sum(place in beaten for beaten in beats) for place in range(len(beats))]
    left = set(range(len(beats)))
    tiers = []
    while left:
        tier = sorted(place for place in left if not beaten_by[place])
        left -= set(tier)
        for place in tier:
            for beaten in beats[place]:
                beaten_by[beaten] -= 1
        tiers.append([place + 1 for place in tier])
    return tiers
