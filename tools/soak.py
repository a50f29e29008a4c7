"""Runs the simulations on with fresh seeds until a time is over (``make soak``), or certain ones again.

``python -m tools.soak --minutes 10``; ``--kind live --seed 7 --witnesses 4 --runs 1`` replays a run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.simulation.engine import Broken
from tests.simulation.founding import Founding
from tests.simulation.organisation_runs import live
from tests.simulation.runs import troubled
from tests.simulation.scenarios import restarted, slow_news, sybils
from tests.simulation.schedules import fight

COUNTS = (1, 4, 7, 10)
FIRST_SEED = 1_000_000  # beyond those that the tests run
PROGRESS_S = 20
MEMBERS = {1: 8, 4: 14, 7: 17, 10: 20}
Run = Callable[[int, int], object]


class Soak:
    """Kinds of runs by name; foundings are made once and kept in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._foundings: dict[int, Founding] = {}
        self.kinds: dict[str, Run] = {
            "troubled": troubled,
            "fight": lambda seed, count: fight(seed, count, 200 + 200 * (seed % 2)),
            "live": self._of_organisations(live),
            "restarted": self._of_organisations(restarted),
            "sybils": self._of_organisations(sybils),
            "slow_news": self._of_organisations(slow_news),
        }

    def _of_organisations(self, run: Callable[[int, Founding, Path, int], object]) -> Run:
        def whole(seed: int, count: int) -> object:
            if count not in self._foundings:
                self._foundings[count] = Founding(self._folder, count, MEMBERS[count])
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                return run(seed, self._foundings[count], Path(folder), count)

        return whole


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--runs", type=int, help="so many seeds, whatever time they take; ends at the first break")
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first one")
    parser.add_argument("--witnesses", type=int, choices=COUNTS)
    parser.add_argument("--kind", help="troubled | fight | live | restarted | slow_news | sybils")
    chosen = parser.parse_args()
    counts = COUNTS if chosen.witnesses is None else (chosen.witnesses,)
    until = time.monotonic() + 60 * chosen.minutes
    broken = runs = 0
    told = 0.0
    seed = chosen.seed
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        kinds = ["troubled", "fight", "live"] if chosen.kind is None else [chosen.kind]
        while (time.monotonic() < until) if chosen.runs is None else (seed < chosen.seed + chosen.runs and not broken):
            for kind in kinds:
                for count in counts:
                    runs += 1
                    try:
                        outcome = soak.kinds[kind](seed, count)
                    except Broken as error:
                        broken += 1
                        print(f"{kind} n={count}: {error}", flush=True)
                    else:
                        if chosen.runs is not None or time.monotonic() > told + PROGRESS_S:
                            told = time.monotonic()
                            print(f"{kind} n={count}: {outcome}", flush=True)
            seed += 1
    print(f"{runs} runs, {broken} broken, seeds {chosen.seed} to {seed - 1}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
