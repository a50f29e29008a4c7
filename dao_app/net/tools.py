"""What all nodes of the network are given."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.ports import Clock, NetworkEvents, Random, Verifier
from dao_app.net.gossip import Sealer


@dataclass(frozen=True, slots=True)
class Tools:
    """Ports, the sealer for hints, and how this device is to be reached: ``announce`` are addresses (without /p2p/)
    under which others reach it though it does not listen there itself; ``relays``: members may reach each other
    through it."""

    events: NetworkEvents
    clock: Clock
    random: Random
    verifier: Verifier
    sealer: Sealer
    announce: tuple[str, ...] = ()
    relays: bool = False
