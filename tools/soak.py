"""Runs the simulations on with fresh seeds until a time is over (``make soak``), or one seed again.

``python -m tools.soak --minutes 10``; ``--seed 7 --witnesses 4`` replays one run of each kind.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from tests.simulation.engine import Broken
from tests.simulation.runs import troubled
from tests.simulation.schedules import fight

COUNTS = (1, 4, 7, 10)
FIRST_SEED = 1_000_000  # beyond those that the tests run

KINDS: dict[str, Callable[[int, int], object]] = {
    "troubled": troubled,
    "fight": lambda seed, count: fight(seed, count, 400),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--witnesses", type=int, choices=COUNTS)
    parser.add_argument("--kind", choices=KINDS)
    chosen = parser.parse_args()
    counts = COUNTS if chosen.witnesses is None else (chosen.witnesses,)
    kinds = KINDS if chosen.kind is None else {chosen.kind: KINDS[chosen.kind]}
    until = time.monotonic() + 60 * chosen.minutes
    seed = FIRST_SEED if chosen.seed is None else chosen.seed
    broken = runs = 0
    while True:
        for kind, run in kinds.items():
            for count in counts:
                runs += 1
                try:
                    outcome = run(seed, count)
                except Broken as error:
                    broken += 1
                    print(f"{kind} n={count}: {error}")
                else:
                    if chosen.seed is not None or seed % 100 == 0:
                        print(f"{kind} n={count}: {outcome}", flush=True)
        if chosen.seed is not None or time.monotonic() > until:
            break
        seed += 1
    print(f"{runs} runs, {broken} broken, seeds to {seed}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
