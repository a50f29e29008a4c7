"""Quadratic voting: each ballot gives an option the root of the power it puts there; the square of the sum counts.

Raw score of an option: (sum over ballots of sqrt(power * share / sum of shares)) squared; scores are the raw ones
rescaled so that they add up to the valid power. Each root is the integer root of the number times 10^48, so it is
cut after 24 decimals; that is the definition, the same on every machine.

Source: Lalley and Weyl, "Quadratic Voting", AEA Papers and Proceedings 108 (2018), as counted by off-chain polls that
square the sum of roots.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from math import isqrt
from operator import add, mul
from typing import Any

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Read, Rule, Running, Step, highest, most
from dao_app.core.voting.numbers import PLACES, printed
from dao_app.core.voting.shares import Shares, read_shares

ROOT_PLACES = 24
GUARD_BITS = 100  # beyond the point, of the roots that are multiplied; with fewer too many products are undecided
PART_ROOTS_MAX = 65_536  # remembered roots of shares, some 8 MB; most ballots use the same few
_UNDER_ROOT: int = 10 ** (2 * ROOT_PLACES)
_ONE: int = 10**ROOT_PLACES
_FRACTION: int = (1 << 2 * GUARD_BITS) - 1  # mask of what stands beyond the point in a product of two such roots


class Quadratic(Method):
    name = "quadratic"

    def read(self, choice: Any, options: int) -> Shares | None:
        return read_shares(choice, options)

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Running):
    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.roots = [0] * options  # in 10^-24
        self.cut = 0  # ballots of which some root is irrational or has more than 24 decimals
        self.part_roots: dict[int, int] = {}

    def enter(self, rows: Collection[Read]) -> None:
        for (places, parts, total), power in rows:
            under = abs(power) * _UNDER_ROOT
            roots = self.roots_of(under, parts, total)
            sign = -1 if power < 0 else 1
            # Each square is at most its part of ``under``; most ballots show with the first that a root was cut.
            if roots[0] * roots[0] * total != under * parts[0] or sum(map(mul, roots, roots)) != under:
                self.cut += sign
            if type(places) is range and sign > 0:
                self.roots = list(map(add, self.roots, roots))
            else:
                for place, root in zip(places, roots, strict=True):
                    self.roots[place] += sign * root

    def roots_of(self, under: int, parts: Iterable[int], total: int) -> list[int]:
        """isqrt(under * part // total) of each part, mostly by one root of under / total times known ones of the parts.

        Both are cut, to ``base`` and ``root``, so the true product is less than base + root + 1 above theirs; where
        that can reach the next integer, the root is taken directly.
        """
        known = self.part_roots
        base = isqrt((under << 2 * GUARD_BITS) // total)
        found = []
        for part in parts:
            root = known.get(part)
            if root is None:
                if len(known) >= PART_ROOTS_MAX:
                    known.clear()
                root = known[part] = isqrt(part << 2 * GUARD_BITS)
            product = base * root
            if (product & _FRACTION) + base + root < _FRACTION:
                found.append(product >> 2 * GUARD_BITS)
            else:
                found.append(isqrt(under * part // total))
        return found

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        squares = [root * root for root in self.roots]
        total = sum(squares)
        scores = [Fraction(self.valid_power * square, total) if total else Fraction(0) for square in squares]
        places = PLACES if self.cut else 0
        winners = most(self.roots)
        log: list[Step] = [
            {"step": "roots", "option": number, "sum": printed(Fraction(root, _ONE), places)}
            for number, root in enumerate(self.roots, 1)
        ]
        return self.report(winners, scores, dropped, [*log, *highest(winners, scores, places)], places=places)
