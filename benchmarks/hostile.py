"""Honest throughput under attack: how fast an honest member gets a node's news while the kit's attacks go on.

Node and honest member are processes of their own; the attacker runs in this one. The ratio is the time without an
attack by the time with it, each the median of ``RUNS`` bursts, taken in turn so that other load on the machine hits
both alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from tests.net.hostile.field import Device, Field
from tests.net.hostile.kit import INSIDERS, OUTSIDERS, Attack

BURST = 300  # actions
RUNS = 3
BETWEEN_S = 0.5  # an attack gets going
GIVE_UP_S = 120.0


def measure(attacks: Sequence[Attack] = (*OUTSIDERS, *INSIDERS)) -> dict[str, Any]:
    """``hostile_ratio``: the worst attack's; ``hostile_growth_mib``: of the node's memory over all of them."""
    with tempfile.TemporaryDirectory() as folder:
        field = Field(Path(folder), attacks)
        honest = field.honest_process()
        try:
            return trio.run(_measure, field, honest, attacks)
        finally:
            honest.close()
            field.close()


async def _measure(field: Field, honest: Device, attacks: Sequence[Attack]) -> dict[str, Any]:
    await _burst(field, honest)
    first = (await field.victim.ask("tell"))["now_kib"]
    ratios = {}
    for attack in attacks:
        quiet, loud = [], []
        for _ in range(RUNS):
            quiet.append(await _burst(field, honest))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(attack, field.camp(attack))
                await trio.sleep(BETWEEN_S)
                loud.append(await _burst(field, honest))
                nursery.cancel_scope.cancel()
        ratios[attack.__name__] = round(statistics.median(quiet) / statistics.median(loud), 2)
        print(f"  {attack.__name__}: {ratios[attack.__name__]}", flush=True)
    told = await field.victim.ask("tell")
    worst = min(ratios, key=lambda name: ratios[name])
    return {
        "hostile_ratio": ratios[worst], "hostile_worst": worst, "hostile_ratios": ratios,
        "hostile_growth_mib": round((told["most_kib"] - first) / 1024, 1),
    }  # fmt: skip


async def _burst(field: Field, honest: Device) -> float:
    """Seconds until a burst of the node's actions is with the honest member."""
    await honest.ask(f"dial {field.victim.address}")
    before = (await field.victim.ask("tell"))["actions"]
    start = time.perf_counter()
    await field.victim.ask(f"burst {BURST}")
    with trio.fail_after(GIVE_UP_S):
        while (await honest.ask("tell"))["actions"] < before + BURST:  # noqa: ASYNC110  (another process)
            await trio.sleep(0.01)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(measure())
