"""From an action to its checkpoint, simulated: the real consensus machine in virtual time, 150 ms there and back.

What is measured is the protocol: nothing is derived, signed or stored here. The same for four witnesses that are
never on together (three hours each evening, one peer that keeps and passes on).
"""

from __future__ import annotations

import statistics

from dao_app.core.encoding import digest
from tests.simulation.engine import HOUR, MINUTE
from tests.simulation.runs import Scene, evenings

ONE_WAY_MS = 75
ACTIONS = 200
EVENING_SEEDS = 6


def latency(witnesses: int) -> float:
    """Median ms from an action's signature until its author's peer, a witness, holds the certificate."""
    scene = Scene(witnesses, 0, 0, relays=0)
    simulation, network = scene.simulation, scene.network
    network.delay_ms = (ONE_WAY_MS, ONE_WAY_MS)
    found = []
    for number in range(ACTIONS):
        simulation.run(simulation.now + simulation.rng.randint(5_000, 10_000))
        peer, action, begun = simulation.rng.choice(scene.peers), digest(b"%d" % number), simulation.now
        peer.write(action)
        if not simulation.run(begun + 10 * MINUTE, lambda peer=peer, action=action: action in peer.sealed):  # type: ignore[misc]
            raise AssertionError("not final")
        found.append(simulation.now - begun)
    return statistics.median(found)


def measure() -> dict[str, float]:
    hours = [ms / HOUR for seed in range(EVENING_SEEDS) for ms in evenings(seed)]
    return {
        **{f"final_latency_ms_rtt150_{witnesses}": latency(witnesses) for witnesses in (1, 4, 7)},
        "final_hours_disjoint_evenings": statistics.median(hours),
        "final_hours_disjoint_evenings_most": max(hours),
    }
