"""Quadratic voting: each ballot gives an option the root of the power it puts there; the square of the sum counts.

Raw score of an option: (sum over ballots of sqrt(power * share / sum of shares)) squared; scores are the raw ones
rescaled so that they add up to the valid power. Each root is the integer root of the number times 10^48, so it is
cut after 24 decimals; that is the definition, the same on every machine.

Source: Lalley and Weyl, "Quadratic Voting", AEA Papers and Proceedings 108 (2018), as counted by off-chain polls that
square the sum of roots.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from operator import mul
from typing import Any

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Rule, Running, Step, highest, most
from dao_app.core.voting.numbers import PLACES, printed
from dao_app.core.voting.shares import Shares, read_shares

ROOT_PLACES = 24
_UNDER_ROOT: int = 10 ** (2 * ROOT_PLACES)
_ONE: int = 10**ROOT_PLACES


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

    def take(self, ballot: Shares, power: int) -> None:
        places, parts, total = ballot
        sign = -1 if power < 0 else 1
        under = abs(power) * _UNDER_ROOT
        roots = [isqrt(under * part // total) for part in parts]
        if sum(map(mul, roots, roots)) != under:
            self.cut += sign
        sums = self.roots
        for place, root in zip(places, roots, strict=True):
            sums[place] += sign * root

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
