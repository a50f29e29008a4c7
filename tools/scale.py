"""A thousand nodes in virtual time: gossip and catch-up, their bytes and their time (``make scale``, docs/scale.md).

``python -m tools.scale --nodes 200 --only one parted`` runs some scenarios on a smaller crowd. What comes out follows
from seed and numbers alone. The nodes are those of ``tests/simulation/lines.py``, the scenarios those of ``crowds.py``.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

from tests.simulation import crowds
from tests.simulation.crowds import Outcome

Scenario = Callable[[int, int], tuple[Outcome, ...]]
COLUMNS = (
    "| what happens | nodes | s until 50 %, 99 %, all | own bytes | sessions | gossip | on the line, in and out "
    "| most in | in ÷ own | messages in |\n|---|---|---|---|---|---|---|---|---|---|"
)


def _many(seed: int, count: int) -> tuple[Outcome, ...]:
    return (crowds.many_write(seed, count, 200, min(50, count)),)


SCENARIOS: dict[str, Scenario] = {  # the longest first, so that two processes end at about the same time
    "many": _many,
    "parted": lambda seed, count: crowds.parted(seed, count, 100),
    "back": lambda seed, count: crowds.back(seed, count, count // 10, 2_000),
    "one": lambda seed, count: tuple(crowds.one_writes(seed, count, lost) for lost in (0, 100, 1_000)),
    "links": lambda seed, count: tuple(crowds.one_writes(seed, count, 0, links) for links in ((12, 16),)),
    "new": lambda seed, count: (crowds.newcomer(seed, count, 2_000),),
}


def run(name: str, seed: int, count: int) -> tuple[tuple[Outcome, ...], float]:
    """What came out of it, and how long it took (s)."""
    gc.set_threshold(500_000, 50, 50)  # searching for cycles among millions of objects costs more than it finds
    began = time.monotonic()
    return SCENARIOS[name](seed, count), time.monotonic() - began


def row(found: Outcome) -> str:
    late = ", ".join(f"{value:.2f}" for value in found.late_s)
    values = [
        found.name, f"{found.of:,} of {found.nodes:,}, {found.links:.1f} links", late, f"{found.own_bytes:,.0f}",
        f"{found.session_in:,.0f}", f"{found.gossip_in:,.0f}", f"{found.line_in:,.0f}, {found.line_out:,.0f}",
        f"{found.line_in_most:,}", f"{found.overhead:.2f}", f"{found.messages_in:,.0f}",
    ]  # fmt: skip
    return "| " + " | ".join(values) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS))
    chosen = parser.parse_args()
    began = time.monotonic()
    print(COLUMNS, flush=True)
    with ProcessPoolExecutor(chosen.processes, max_tasks_per_child=1) as pool:
        jobs = [pool.submit(run, name, chosen.seed, chosen.nodes) for name in chosen.only]
        for job, name in zip(jobs, chosen.only, strict=True):
            outcomes, seconds = job.result()
            print("\n".join(map(row, outcomes)), flush=True)
            print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    print(f"all: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
