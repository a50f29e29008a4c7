"""Discrete events in virtual time; one seed decides everything, so a seed replays a run exactly.

Nothing here knows what is simulated: there are an event queue, nodes that are on or off, a network that
delays, loses, repeats, reorders and splits, and disks on which a write may be the last thing a node does.
"""

from __future__ import annotations

import copy
import heapq
import random
from collections.abc import Callable, Iterable
from typing import Any

START_MS = 1_790_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


class Broken(AssertionError):
    """Something happened that never may; the text names the seed."""


class Crash(Exception):
    """The node stops here; its disk keeps what was written before."""


class Simulation:
    """The queue. ``events`` counts what was done; ``log`` hashes it, so that two runs can be compared."""

    def __init__(self, seed: int, events_max: int = 2_000_000) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.now = START_MS
        self.events = 0
        self.trace = 0
        self._events_max = events_max
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, time: int, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._queue, (max(time, self.now), self._number, act))

    def after(self, ms: int, act: Callable[[], None]) -> None:
        self.at(self.now + ms, act)

    def every(self, ms: int, act: Callable[[], None]) -> None:
        """Again and again, a little irregularly."""

        def again() -> None:
            act()
            self.after(ms * self.rng.randint(80, 120) // 100, again)

        self.after(self.rng.randint(0, ms), again)

    def run(self, until: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Up to this time, or until ``done`` (looked at after every event); True where it was done."""
        while self._queue and self._queue[0][0] <= until:
            if done():
                return True
            self.now, number, act = heapq.heappop(self._queue)
            self.events += 1
            self.trace = hash((self.trace, self.now, number))
            if self.events > self._events_max:
                raise Broken(f"seed {self.seed}: no end after {self.events} events")
            act()
        if done():
            return True
        self.now = max(self.now, until)
        return False

    def broken(self, what: str) -> Broken:
        return Broken(f"seed {self.seed}, event {self.events}: {what}")


class Node:
    """Something with an address. ``deliver`` is called for what arrives while it is on."""

    def __init__(self, simulation: Simulation, network: Network, name: str, skew_ms: int = 0) -> None:
        self.simulation = simulation
        self.network = network
        self.name = name
        self.skew_ms = skew_ms
        self.on = True
        network.nodes.append(self)

    @property
    def clock(self) -> int:
        return self.simulation.now + self.skew_ms

    def deliver(self, source: Node, message: Any) -> None:
        raise NotImplementedError


class Network:
    """Between any two nodes that are on and in one part. Rates are in thousandths."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.nodes: list[Node] = []
        self.loss = 0
        self.twice = 0
        self.delay_ms = (5, 200)
        self._parts: dict[str, int] = {}
        self.sent = 0

    def split(self, parts: Iterable[Iterable[Node]]) -> None:
        """From now on nothing passes between nodes of different parts; nodes in none meet everybody."""
        self._parts = {node.name: number for number, part in enumerate(parts) for node in part}

    def heal(self) -> None:
        self._parts = {}
        self.loss = self.twice = 0
        self.delay_ms = (5, 200)

    def reaches(self, a: Node, b: Node) -> bool:
        if not a.on or not b.on:
            return False
        one, two = self._parts.get(a.name), self._parts.get(b.name)
        return one is None or two is None or one == two

    def send(self, source: Node, target: Node, message: Any) -> None:
        """Perhaps, perhaps twice, after a while; what is sent first may come last."""
        rng = self.simulation.rng
        self.sent += 1
        if not self.reaches(source, target) or rng.randrange(1000) < self.loss:
            return
        for _ in range(2 if rng.randrange(1000) < self.twice else 1):
            self.simulation.after(rng.randint(*self.delay_ms), lambda: self._arrive(source, target, message))

    def _arrive(self, source: Node, target: Node, message: Any) -> None:
        if self.reaches(source, target):
            target.deliver(source, message)


class Disk:
    """What outlives a crash. A write may crash before or after it, at a rate in millionths."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._kept: dict[Any, Any] = {}
        self.crash_rate = 0

    def write(self, key: Any, value: Any) -> None:
        if self.crash_rate and self._rng.randrange(1_000_000) < self.crash_rate:
            raise Crash
        self._kept[key] = value
        if self.crash_rate and self._rng.randrange(1_000_000) < self.crash_rate:
            raise Crash

    def read(self, key: Any, default: Any = None) -> Any:
        return self._kept.get(key, default)

    def drop(self, key: Any) -> None:
        self._kept.pop(key, None)

    def copy(self) -> Disk:
        other = Disk(self._rng)
        other._kept = copy.copy(self._kept)
        return other
