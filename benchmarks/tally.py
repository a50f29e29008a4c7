"""Counting a tally file, compared with ``json.loads`` of the same bytes in the same run.

For each method one file with 100,000 ballots of 12 options, made from a fixed seed, each voter with another power up
to a million; ballots are distinct as far as the method has so many.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from dao_app.core.voting.tallyfile import tally

BALLOTS = 100_000
OPTIONS = 12
RUNS = 5
SEED = 3
POWER_MAX = 1_000_000
UNBOUNDED = ("schulze", "stv")  # reported, not held to the bound
NUMBERS = range(1, OPTIONS + 1)
Draw = Callable[[random.Random], Any]


def _permutation(draw: random.Random) -> list[int]:
    return draw.sample(NUMBERS, OPTIONS)


def _tiers(draw: random.Random) -> list[list[int]]:
    order = _permutation(draw)
    cuts = sorted(draw.sample(range(1, OPTIONS), 5))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, OPTIONS], strict=True)]


def _map(most: int) -> Draw:
    return lambda draw: {str(number): draw.randint(0, most) for number in NUMBERS}


METHODS: dict[str, tuple[dict[str, Any], Draw]] = {
    "single": ({}, lambda draw: draw.randint(1, OPTIONS)),
    "yes-no-abstain": ({}, lambda draw: draw.choice(["yes", "no", "abstain"])),
    "approval": ({}, lambda draw: draw.sample(NUMBERS, draw.randint(0, OPTIONS))),
    "score": ({"max": 10}, _map(10)),
    "ranked": ({}, _permutation),
    "copeland": ({}, _permutation),
    "schulze": ({}, _tiers),
    "stv": ({"seats": 4, "seed": "benchmark"}, _permutation),
    "weighted": ({}, _map(100)),
    "quadratic": ({}, _map(100)),
    "consent": ({}, lambda draw: {"stance": draw.choice(["agree", "abstain", "disagree"])}),
}


def file_of(method: str, ballots: int = BALLOTS) -> bytes:
    """A tally file of this method."""
    keys, choice = METHODS[method]
    draw = random.Random(SEED)
    rows = [
        {"voter": f"voter-{place}", "power": str(draw.randint(1, POWER_MAX)), "ballot": choice(draw)}
        for place in range(ballots)
    ]
    options = [f"Option {number}" for number in NUMBERS]
    return json.dumps({"method": method, **keys, "options": options, "ballots": rows}).encode()


def ratio(data: bytes, runs: int = RUNS) -> float:
    """Seconds to count the bytes, by seconds of ``json.loads``; the median of several pairs."""
    found = []
    for _ in range(runs):
        parsed, counted = _seconds(json.loads, data), _seconds(tally, data)
        found.append(counted / parsed)
    return statistics.median(found)


def _seconds(work: Callable[[bytes], Any], data: bytes) -> float:
    started = time.perf_counter()
    made = work(data)
    spent = time.perf_counter() - started
    del made
    return spent


def measure() -> dict[str, float]:
    """``tally_parse_ratio``: the worst of the methods that are held to it; and each method's."""
    found = {name: ratio(file_of(name)) for name in METHODS}
    figures = {f"tally_parse_ratio_{name.replace('-', '_')}": value for name, value in found.items()}
    return {"tally_parse_ratio": max(v for n, v in found.items() if n not in UNBOUNDED), **figures}
