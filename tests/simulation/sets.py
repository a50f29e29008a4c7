"""Witnesses on the real consensus machine whose checkpoints are plain sets of actions.

The rules of validity are those of protocol §4 (all here, Δ against the checkpoint's time, clock, caps); what is
left away is what an action means. So a run costs microseconds an event, and days and many seeds fit in seconds.
Peers that are no witnesses keep and pass on everything, as in the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from dao_app.core.encoding import decode_trusted, digest, encode_trusted
from dao_app.core.finality.checkpoint import Precommit, quorum
from dao_app.core.finality.consensus import (
    Cast,
    Commit,
    Consensus,
    Evidence,
    Judge,
    Keep,
    Offer,
    Output,
    ProposeValue,
    Timer,
    Verdict,
)
from dao_app.core.finality.messages import PRECOMMIT, Proposal, Vote
from dao_app.core.limits import CHECKPOINT_AHEAD_MS_MAX
from tests.simulation.engine import MINUTE, Crash, Disk, Network, Node, Simulation

DELTA_MS = 10 * MINUTE
SEALED_MAX = 64  # actions in one checkpoint
MEET_MS = 20_000  # peers that are on compare what they have so often


class Final(NamedTuple):
    """A certificate: the checkpoint's bytes and who precommitted it."""

    height: int
    checkpoint: bytes
    precommits: tuple[Precommit, ...]


class Sealed(NamedTuple):
    height: int
    previous: bytes
    time: int
    actions: list[bytes]


def written(sealed: Sealed) -> bytes:
    return encode_trusted(list(sealed))


class Book:
    """What really happened, for judging the run: signatures made, decisions, actions by honest authors."""

    def __init__(self, simulation: Simulation, witnesses: tuple[bytes, ...]) -> None:
        self.simulation = simulation
        self.witnesses = witnesses
        self.signed: dict[tuple[bytes, int, int, int], set[bytes | None]] = {}
        self.decided: dict[int, bytes] = {}
        self.honest: dict[bytes, int] = {}  # action → when it was written
        self.final_at: dict[bytes, int] = {}
        self.rounds: list[int] = []
        self.evidence: list[tuple[Vote, Vote]] = []

    def decide(self, height: int, checkpoint: bytes, round_: int, by: str) -> None:
        """Never two final checkpoints at one height."""
        if self.decided.setdefault(height, checkpoint) != checkpoint:
            raise self.simulation.broken(f"{by} has another checkpoint at height {height}")
        if len(self.rounds) < height:
            self.rounds.append(round_)
        for action in Sealed(*decode_trusted(checkpoint)).actions:
            self.final_at.setdefault(action, self.simulation.now)


class Peer(Node):
    """An honest peer; with a key a witness. Everything durable is on ``disk``; the rest comes back from it."""

    def __init__(
        self, simulation: Simulation, network: Network, name: str, book: Book, key: bytes | None = None,
        skew_ms: int = 0,
    ) -> None:
        super().__init__(simulation, network, name, skew_ms)
        self.book = book
        self.key = key
        self.disk = Disk(simulation.rng)
        self.persists = True
        self.honest = True
        self.down_ms = (1_000, 10 * MINUTE)
        self._start()
        simulation.every(MEET_MS, self.meet)

    # -- from the disk, to the disk --------------------------------------------------------------
    def _start(self) -> None:
        self.actions: dict[bytes, int] = dict(self.disk.read("actions", {}))
        self.chain: list[Final] = list(self.disk.read("chain", []))
        self.sealed = {a for final in self.chain for a in Sealed(*decode_trusted(final.checkpoint)).actions}
        self._begin_height()

    def _begin_height(self) -> None:
        """A machine for the next height, from what was kept of it."""
        saved = self.disk.read(("saved", self.height)) if self.persists else None
        kept = self.disk.read(("kept", self.height), ())
        self._timer = -1
        self.machine = Consensus(self.height, self.book.witnesses, self.key, self.clock, saved)
        self._do(self.machine.synced(self.clock, False))
        for message in kept:
            self._do(self.machine.receive(message, self.clock))
        self._do(self.machine.synced(self.clock))
        self._look_for_work()

    @property
    def height(self) -> int:
        return len(self.chain) + 1

    @property
    def last(self) -> Sealed:
        return Sealed(*decode_trusted(self.chain[-1].checkpoint)) if self.chain else Sealed(0, b"org", 0, [])

    @property
    def last_id(self) -> bytes:
        return digest(self.chain[-1].checkpoint) if self.chain else b"org"

    def turn(self, on: bool) -> None:
        """Switch it off, as one does with a computer, or on again."""
        if on and not self.on:
            self.on = True
            self._guarded(self._start)
            self.meet()
        self.on = self.on and on

    def _guarded(self, act: Callable[[], None]) -> None:
        if not self.on:
            return
        try:
            act()
        except Crash:
            self.on = False
            self.simulation.after(self.simulation.rng.randint(*self.down_ms), lambda: self.turn(True))

    # -- what arrives ----------------------------------------------------------------------------
    def deliver(self, source: Node, message: Any) -> None:
        self._guarded(lambda: self._take(message))

    def _take(self, message: Any) -> None:
        if isinstance(message, Final):
            self._take_final(message)
        elif isinstance(message, Proposal | Vote):
            if message.height == self.height:
                self._do(self.machine.receive(message, self.clock))
        elif message not in self.actions:
            self.admit(message)

    def write(self, action: bytes) -> None:
        """An honest author on this peer signs an action."""
        self._guarded(lambda: self.admit(action))
        if action in self.disk.read("actions", {}):  # else the device crashed before it was signed
            self.book.honest.setdefault(action, self.simulation.now)

    def admit(self, action: bytes) -> None:
        self.disk.write("actions", {**self.disk.read("actions", {}), action: self.clock})
        self.actions[action] = self.clock
        self._tell(action)
        self._look_for_work()
        self._do(self.machine.retry(self.clock))

    def _take_final(self, final: Final) -> None:
        signers = {
            p.witness
            for p in final.precommits
            if digest(final.checkpoint) in self.book.signed.get((p.witness, PRECOMMIT, final.height, p.round), ())
        }
        if final.height == self.height and len(signers) >= quorum(len(self.book.witnesses)):
            self._append(final)

    def _append(self, final: Final) -> None:
        if self.honest:
            self.book.decide(final.height, final.checkpoint, final.precommits[0].round, self.name)
        self.disk.write("chain", [*self.chain, final])
        self.chain.append(final)
        self.sealed.update(self.last.actions)
        for name in ("saved", "kept"):
            self.disk.drop((name, final.height))
        self._tell(final)
        self._begin_height()

    # -- the machine -----------------------------------------------------------------------------
    def _do(self, outputs: list[Output]) -> None:
        machine = self.machine
        for output in outputs:
            if machine is not self.machine:
                return
            self._do_one(output)

    def _do_one(self, output: Output) -> None:
        machine, now = self.machine, self.clock
        if isinstance(output, ProposeValue):
            found = self.choose()
            raw = None if found is None else written(found)
            self._do(machine.proposed(output.round, raw, (), (), now))
        elif isinstance(output, Judge):
            verdict, missing = self.judge(output)
            self._do(machine.judged(output, verdict, missing, now))
        elif isinstance(output, Cast | Offer):
            self.disk.write(("saved", self.height), output.saved)
            message = output.vote if isinstance(output, Cast) else output.proposal
            self.sign(message)
            self._do(machine.receive(message, now))
        elif isinstance(output, Keep):
            key = ("kept", self.height)
            self.disk.write(key, (*self.disk.read(key, ()), output.message))
            self._tell(output.message)
        elif isinstance(output, Timer):
            self._set_timer(output.at_ms)
        elif isinstance(output, Commit):
            self._append(Final(self.height, output.checkpoint, output.precommits))
        elif isinstance(output, Evidence):
            self.book.evidence.append((output.one, output.two))

    def sign(self, message: Proposal | Vote) -> None:
        """An honest witness never signs two different votes for one height, round and step."""
        if isinstance(message, Proposal):
            return
        signed = self.book.signed.setdefault((message.witness, message.step, message.height, message.round), set())
        signed.add(message.id)
        if self.honest and len(signed) > 1:
            raise self.simulation.broken(f"{self.name} signed two votes for one place: {message}")

    def _set_timer(self, at: int) -> None:
        self._timer = at
        machine = self.machine

        def ring() -> None:
            if self.machine is machine and self._timer == at:
                self._guarded(lambda: self._do(machine.tick(self.clock)))

        self.simulation.at(at - self.skew_ms, ring)

    def _look_for_work(self) -> None:
        self._do(self.machine.wanted(self.clock, len(self.actions.keys() - self.sealed) > 0))

    # -- validity ----------------------------------------------------------------------------------
    def choose(self) -> Sealed | None:
        open_ = sorted(self.actions.keys() - self.sealed, key=lambda a: (self.actions[a], a))[:SEALED_MAX]
        time = max(self.clock, self.last.time + 1)
        return Sealed(self.height, self.last_id, time, sorted(open_)) if open_ else None

    def judge(self, question: Judge) -> tuple[Verdict, tuple[bytes, ...]]:
        found = Sealed(*decode_trusted(question.proposal.checkpoint))
        inside = set(found.actions)
        if (found.height, found.previous) != (self.height, self.last_id) or found.time <= self.last.time:
            return "invalid", ()
        if inside & self.sealed or not 0 < len(inside) <= SEALED_MAX or len(inside) != len(found.actions):
            return "invalid", ()
        if missing := inside - self.actions.keys():
            return "missing", tuple(sorted(missing))
        if found.time > self.clock + CHECKPOINT_AHEAD_MS_MAX:
            return "left_out", ()
        limit = found.time - DELTA_MS
        out = [a for a, at in self.actions.items() if at < limit and a not in self.sealed and a not in inside]
        return ("left_out", tuple(sorted(out))) if out and len(inside) < SEALED_MAX else ("valid", ())

    # -- others ------------------------------------------------------------------------------------
    def others(self) -> list[Node]:
        return [node for node in self.network.nodes if node is not self]

    def _tell(self, message: Any) -> None:
        for node in self.others():
            self.network.send(self, node, message)

    def meet(self) -> None:
        """Compare with one other peer; what it lacks is sent to it."""
        if not self.on:
            return
        there = [n for n in self.others() if self.network.reaches(self, n) and isinstance(n, Peer)]
        if not there:
            return
        other = self.simulation.rng.choice(there)
        for one, two in ((self, other), (other, self)):
            for thing in one.more_than(two):
                self.network.send(one, two, thing)

    def more_than(self, other: Peer) -> Iterable[Any]:
        yield from (a for a in self.actions if a not in other.actions)
        yield from self.chain[len(other.chain) : len(other.chain) + 20]
        if self.height == other.height:
            have = set(other.machine.messages())
            yield from (m for m in self.machine.messages() if m not in have)
