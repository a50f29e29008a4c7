"""Runs of ``sets``: first everything goes wrong (safety), then faults stop (liveness). One seed, one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from dao_app.core.encoding import digest
from tests.simulation.engine import DAY, HOUR, MINUTE, Network, Node, Simulation
from tests.simulation.liars import KINDS, Twin
from tests.simulation.sets import Book, Peer


class Outcome(NamedTuple):
    """What one run came to; ``rounds`` are those of decided heights, ``late_ms`` from the stop of faults to
    the last honest action being final everywhere."""

    seed: int
    events: int
    trace: int
    heights: int
    actions: int
    rounds: int
    late_ms: int
    evidence: int


@dataclass
class Scene:
    """Witnesses, some of them liars, and peers that keep and pass on."""

    count: int
    seed: int
    liars: int
    relays: int = 2
    kinds: tuple[type, ...] = KINDS
    simulation: Simulation = field(init=False)

    def __post_init__(self) -> None:
        self.simulation = Simulation(self.seed)
        rng = self.simulation.rng
        self.network = Network(self.simulation)
        self.harshness = rng.randint(1, 3)
        self.keys = tuple(digest(b"witness %d" % place) for place in range(self.count))
        self.book = Book(self.simulation, self.keys)
        self.peers: list[Peer] = []
        self.liars_: list[Node] = []
        lying = set(rng.sample(range(self.count), self.liars))
        for place, key in enumerate(self.keys):
            if place in lying:
                kind = rng.choice(self.kinds)
                for copy in range(2 if kind is Twin else 1):
                    self.liars_.append(kind(self.simulation, self.network, f"l{place}.{copy}", self.book, key))
            else:
                skew = rng.randint(-MINUTE, MINUTE)
                self.peers.append(Peer(self.simulation, self.network, f"w{place}", self.book, key, skew))
        self.peers += [Peer(self.simulation, self.network, f"r{i}", self.book) for i in range(self.relays)]
        self.written = 0

    def write(self) -> None:
        """Somebody honest writes an action at a peer that is on."""
        there = [peer for peer in self.peers if peer.on]
        if there:
            self.written += 1
            action = digest(b"%d/%d" % (self.seed, self.written))
            self.simulation.rng.choice(there).write(action)

    def everything_final(self) -> bool:
        wanted = self.book.honest.keys()
        return all(wanted <= peer.sealed for peer in self.peers)

    def trouble(self) -> None:
        """Another partition, other rates, somebody is switched off or on."""
        rng, network = self.simulation.rng, self.network
        network.loss = rng.choice([0, 50, 200, 400, 900][: 2 + self.harshness])
        network.twice = rng.choice([0, 100])
        network.delay_ms = rng.choice([(1, 50), (5, 500), (100, 20_000), (1_000, 5 * MINUTE)][: 1 + self.harshness])
        parts = rng.choice([1, 1, 2, 3])
        sides: list[list[Node]] = [[] for _ in range(parts)]
        for node in network.nodes:
            rng.choice(sides).append(node)
        network.split(sides if parts > 1 else [])
        for node in network.nodes:
            if rng.randrange(13 - 3 * self.harshness) == 0 or not node.on:
                node.turn(not node.on)  # type: ignore[attr-defined]

    def calm(self) -> None:
        """Faults stop: everybody honest is on for good and hears everybody."""
        self.network.heal()
        for peer in self.peers:
            peer.disk.crash_rate = 0
            peer.turn(True)
        for liar in self.liars_:
            liar.turn(True)  # type: ignore[attr-defined]

    def outcome(self, late_ms: int) -> Outcome:
        s, book = self.simulation, self.book
        rounds = max(book.rounds, default=0)
        return Outcome(
            self.seed, s.events, s.trace, len(book.decided), len(book.honest), rounds, late_ms, len(book.evidence)
        )


def troubled(seed: int, count: int, liars: int | None = None, troubled_ms: int = 2 * HOUR) -> Outcome:
    """Faults of all kinds, then none. Raises Broken where a promise does not hold."""
    scene = Scene(count, seed, (count - 1) // 3 if liars is None else liars)
    simulation, rng = scene.simulation, scene.simulation.rng
    for peer in scene.peers:
        peer.disk.crash_rate = rng.choice([0, 500, 5_000])
    begun = simulation.now
    for _ in range(rng.randint(5, 30)):
        simulation.at(begun + rng.randint(0, troubled_ms), scene.write)
    time = begun
    while time < begun + troubled_ms:
        simulation.at(time, scene.trouble)
        time += rng.choice([MINUTE // 2, 5 * MINUTE, 20 * MINUTE])
    simulation.run(begun + troubled_ms)
    scene.calm()
    stopped = simulation.now
    reached = [peer.machine.standing().round for peer in scene.peers]
    if not simulation.run(stopped + 3 * DAY, scene.everything_final):
        raise simulation.broken(f"not final: {[(p.name, p.height, p.machine.standing()) for p in scene.peers]}")
    outcome = scene.outcome(simulation.now - stopped)
    if outcome.rounds > max(reached) + 4 * count:
        raise simulation.broken(f"{outcome.rounds} rounds, of which {max(reached)} before faults stopped")
    return outcome


def split_world(seed: int, count: int, liars: int) -> Outcome:
    """Twins on both sides of a partition: with more than f of them two checkpoints get final (Broken)."""
    scene = Scene(count, seed, liars, relays=0, kinds=(Twin,))
    simulation = scene.simulation
    half = len(scene.peers) // 2
    twins = scene.liars_
    scene.network.split([[*scene.peers[:half], *twins[::2]], [*scene.peers[half:], *twins[1::2]]])
    for peer in scene.peers:
        peer.write(digest(peer.name.encode()))
    simulation.run(simulation.now + HOUR)
    scene.network.heal()
    simulation.run(simulation.now + HOUR)
    return scene.outcome(0)


def evenings(seed: int, count: int = 4, hours: int = 3, away: int = 0) -> list[int]:
    """Witnesses that are on for a few hours a day each, none at the same time as another where there is room;
    one peer is always on. Returns how long (ms) each of ten actions took to be final."""
    scene = Scene(count, seed, 0, relays=1)
    simulation, rng = scene.simulation, scene.simulation.rng
    places = list(range(count))
    rng.shuffle(places)
    for place, peer in zip(places, scene.peers, strict=False):
        peer.on = False
        if place < away:
            continue
        first = simulation.now + place * (24 // count) * HOUR + rng.randint(0, HOUR)
        for day in range(60):
            simulation.at(first + day * DAY, lambda peer=peer: peer.turn(True))  # type: ignore[misc]
            simulation.at(first + day * DAY + hours * HOUR, lambda peer=peer: peer.turn(False))  # type: ignore[misc]
    for number in range(10):
        simulation.at(simulation.now + 3 * number * DAY + rng.randint(0, DAY), scene.write)
    if not simulation.run(simulation.now + 60 * DAY, lambda: len(scene.book.final_at) == 10):
        raise simulation.broken(f"after 60 days {len(scene.book.final_at)} of 10 are final")
    return [scene.book.final_at[action] - at for action, at in scene.book.honest.items()]
