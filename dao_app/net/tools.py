"""What all nodes of the network are given."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.ports import Clock, NetworkEvents, Random, Verifier
from dao_app.net.gossip import Sealer


@dataclass(frozen=True, slots=True)
class Tools:
    """Ports and the sealer for hints."""

    events: NetworkEvents
    clock: Clock
    random: Random
    verifier: Verifier
    sealer: Sealer
