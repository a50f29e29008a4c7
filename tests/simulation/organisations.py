"""Peers that run the real program: ``Organisation`` over a real store, the real driver of consensus, real rules.

A peer may crash before or after any write to its store and comes back from what was durable. Light members hand
what they signed to some peer, again until it is stored. What must hold is looked at in ``Judge``; ``recount`` counts
every vote again by other means.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dao_app.app.checkpoints import Judgement
from dao_app.app.organisation import Organisation
from dao_app.app.ports import Clock
from dao_app.core.encoding import digest
from dao_app.core.finality.checkpoint import Certificate
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Vote, encode_vote, parse_vote, vote_message
from dao_app.core.replay import Sealed
from tests.simulation.engine import MINUTE, Crash, Network, Node, Simulation
from tests.simulation.founding import Founding, HashSigner, Light

SECOND = 1_000
TICK_MS = 4_000
MEET_MS = 20_000
WRITES = frozenset({"append", "commit", "set_meta", "keep_word", "add_content", "erase_content", "forget_derived"})


class NodeClock(Clock):
    def __init__(self, node: Node) -> None:
        self._node = node

    def now_ms(self) -> int:
        return self._node.clock


class CrashingStore:
    """A store on which any write may be the last thing the program does; rate in millionths."""

    def __init__(self, store: Any, simulation: Simulation, rate: int) -> None:
        self._store = store
        self._simulation = simulation
        self.rate = rate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._crashing(found) if self.rate and name in WRITES else found

    def _crashing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*parts: Any, **named: Any) -> Any:
            if self._simulation.rng.randrange(1_000_000) < self.rate:
                raise Crash
            found = write(*parts, **named)
            if self._simulation.rng.randrange(1_000_000) < self.rate:
                raise Crash
            return found

        return written


class Judge:
    """What really happened, and what may never."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.decided: dict[int, bytes] = {}
        self.rounds: dict[int, int] = {}
        self.honest: dict[bytes, int] = {}  # action → when it was written
        self.words: dict[tuple[bytes, int, int, int], bytes | None] = {}  # votes of honest witnesses
        self.expects_a_break = False  # more liars than the organisation can bear

    def sealed(self, peer: RealPeer, certificate: Certificate) -> None:
        """Never two final checkpoints at one height."""
        height = certificate.checkpoint.height
        if self.decided.setdefault(height, certificate.id) != certificate.id:
            raise self.simulation.broken(f"{peer.name} has another checkpoint at height {height}")
        self.rounds[height] = certificate.precommits[0].round

    def said(self, peer: RealPeer, words: list[bytes]) -> None:
        """Never two votes of an honest witness for one place."""
        for raw in words:
            if raw[:1] == b"\x87":
                vote = parse_vote(raw)
                place = (vote.witness, vote.step, vote.height, vote.round)
                if vote.witness == peer.key and self.words.setdefault(place, vote.id) != vote.id:
                    raise self.simulation.broken(f"{peer.name} signed two votes for {place[1:]}")


class RealPeer(Node):
    """See the module. With ``key`` it is a witness as long as the state names that key."""

    honest = True
    meets = True  # compares with others now and then; else it hears only what is told at once

    def __init__(
        self, simulation: Simulation, network: Network, name: str, founding: Founding, judge: Judge, folder: Path,
        number: int | None = None, skew_ms: int = 0,
    ) -> None:
        super().__init__(simulation, network, name, skew_ms)
        self.founding = founding
        self.judge = judge
        self.path = folder / f"{name}.db"
        founding.copy_to(self.path)
        self.device = founding.members[number].device if number is not None else None
        self.signer = founding.keys[number] if number is not None else None
        if number == 0 and len(founding.org.witnesses()) == 1:
            self.signer = founding.sole
        self.key = self.signer.public if self.signer is not None else b""
        self.crash_rate = 0
        self.down_ms = (SECOND, 5 * MINUTE)
        self._open()
        simulation.every(TICK_MS, self.tick)
        simulation.every(MEET_MS, self.meet)

    def _open(self) -> None:
        self.org: Organisation = self.founding.open(self.path, self.device, NodeClock(self))
        self.org.store = CrashingStore(self.org.store, self.simulation, self.crash_rate)  # type: ignore[assignment]
        self.org.on_sealed = self._on_sealed
        self.org.on_stored = lambda actions: None
        if self.signer is not None:
            self.org.add_witness_key(self.signer)
        self.told: set[bytes] = set()
        self.org.witnessing.in_touch(True)

    def _on_sealed(self, certificate: Certificate, sealed: Sealed) -> None:
        if self.honest and not self.judge.expects_a_break:
            self.judge.sealed(self, certificate)

    def turn(self, on: bool) -> None:
        if on and not self.on:
            self.on = True
            self.guarded(self._open)
        elif self.on and not on:
            self.stop()

    def stop(self) -> None:
        self.on = False
        self.org.store._store.close()  # type: ignore[attr-defined]

    def guarded(self, act: Callable[[], None]) -> None:
        """Do something, and crash where a write says so."""
        if not self.on:
            return
        try:
            act()
        except Crash:
            self.stop()
            self.simulation.after(self.simulation.rng.randint(*self.down_ms), lambda: self.turn(True))

    # -- what it does ------------------------------------------------------------------------------
    def tick(self) -> None:
        self.guarded(self._tick)

    def _tick(self) -> None:
        self.org.release_quarantine()
        if self.org.is_sole_witness():
            self.org.seal()
        self.org.witnessing.tick()
        self._tell()

    def _tell(self) -> None:
        """Pass on words that are new."""
        words = self.org.witnessing.words()
        fresh = [raw for id_, raw in words.items() if id_ not in self.told]
        if fresh:
            self.told.update(words)
            if self.honest:
                self.judge.said(self, fresh)
            for node in self.others():
                self.network.send(self, node, ("words", fresh))

    def write(self, type_: str, body: dict[str, Any]) -> None:
        """The member behind this device does something; what was stored is passed on as by others."""

        def act() -> None:
            action = self.org.write(type_, body)
            self.judge.honest.setdefault(action.id, self.simulation.now)
            for node in self.others():
                self.network.send(self, node, ("actions", self.org.envelopes_of([action.id], 1 << 20)))

        if self.device is not None:
            self.guarded(act)

    def take(self, envelope: bytes) -> bool:
        """A member hands over what it signed; True once it is stored here. It is passed on at once."""
        stored = False

        def act() -> None:
            nonlocal stored
            report = self.org.admit_now([envelope])
            stored = bool(report.stored or report.known)
            for node in self.others():
                self.network.send(self, node, ("actions", [envelope]))

        self.guarded(act)
        return stored

    def deliver(self, source: Node, message: Any) -> None:
        self.guarded(lambda: self._deliver(*message))

    def _deliver(self, kind: str, items: list[bytes]) -> None:
        if kind == "actions":
            self.org.admit_now(items)
        elif kind == "words":
            self.org.hear(items)
        else:
            self.org.admit_certificates_now(items)
        self._tell()

    # -- others ------------------------------------------------------------------------------------
    def others(self) -> list[Node]:
        return [node for node in self.network.nodes if node is not self]

    def meet(self) -> None:
        """Compare with one other peer, as a session does."""
        there = [n for n in self.others() if isinstance(n, RealPeer) and self.network.reaches(self, n)]
        if self.on and there and self.meets:
            other = self.simulation.rng.choice(there)
            for one, two in ((self, other), (other, self)):
                for message in one.for_peer(two):
                    self.network.send(one, two, message)

    def for_peer(self, other: RealPeer) -> list[tuple[str, list[bytes]]]:
        """What the other one lacks."""
        mine, theirs = self.org.heads(), other.org.heads()
        actions: list[bytes] = []
        for device, head in mine.items():
            have = theirs[device].seq if device in theirs else 0
            if head.seq > have:
                actions += self.org.envelopes(device, have + 1, head.seq, 1 << 20)
            elif head.seq == have and head.digest != theirs[device].digest:
                actions += self.org.envelopes_of([head.digest], 1 << 20)
        if missing := other.org.missing_ids(64):
            actions += self.org.envelopes_of(missing, 1 << 20)
        words = [raw for id_, raw in self.org.witnessing.words().items() if id_ not in other.org.witnessing.words()]
        here, there = self.org.replay.position, other.org.replay.position
        behind = there.height < here.height or (there.height == here.height and there.id != here.id)
        certificates = self.org.certificates(max(1, there.height), 1 << 18) if behind else []
        found = [("certificates", certificates), ("actions", actions), ("words", words)]
        return [(kind, items) for kind, items in found if items]


# -- witnesses that lie ----------------------------------------------------------------------------
class NilPeer(RealPeer):
    """Finds every checkpoint bad."""

    honest = False

    def _open(self) -> None:
        super()._open()
        self.org.judge = lambda *parts: Judgement("invalid")  # type: ignore[method-assign]


class TwinPeer(RealPeer):
    """One of two programs with one device and one witness key."""

    honest = False

    def _open(self) -> None:
        super()._open()
        begin = self.org.witnessing.begin

        def forgetful() -> None:
            begin()
            if self.org.witnessing._machine is not None:
                self.org.witnessing._machine._is_unknown = lambda message: False  # type: ignore[method-assign]

        self.org.witnessing.begin = forgetful  # type: ignore[method-assign]
        forgetful()


class AmnesiacPeer(TwinPeer):
    """Comes back from a picture of its disk that is older than what it signed."""

    def _open(self) -> None:
        super()._open()
        self.crash_rate = 10_000
        self.org.store.set_meta("consensus", None)
        self.org.witnessing.begin()


class ChatterPeer(Node):
    """Votes for anything, two ways at once, in old and far rounds; sends rubbish."""

    honest = False

    def __init__(self, simulation: Simulation, network: Network, name: str, signer: HashSigner) -> None:
        super().__init__(simulation, network, name)
        self._signer = signer
        self._seen: list[Vote] = []
        simulation.every(20_000, self.meddle)

    def turn(self, on: bool) -> None:
        self.on = on

    def deliver(self, source: Node, message: Any) -> None:
        kind, items = message
        if kind == "words" and isinstance(source, RealPeer):
            votes = [parse_vote(raw) for raw in items if raw[:1] == b"\x87"]
            self._seen = [*self._seen, *votes][-40:]

    def meddle(self) -> None:
        rng = self.simulation.rng
        if not self.on or not self._seen:
            return
        about = max(self._seen, key=lambda vote: vote.height)
        ids = [None, digest(b"made up"), *sorted({v.id for v in self._seen if v.height == about.height and v.id})]
        for node in self.network.nodes:
            round_ = max(0, about.round + rng.choice([-1, 0, 0, 0, 1, 9_000]))
            vote = Vote(rng.choice([PREVOTE, PRECOMMIT]), about.height, round_, rng.choice(ids), self._signer.public)
            raw = encode_vote(vote._replace(signature=self._signer.sign(vote_message(vote))))
            self.network.send(self, node, ("words", [raw, raw[:-1] + b"\0", rng.randbytes(40)]))


# -- members ---------------------------------------------------------------------------------------
class Author:
    """An honest member's device: signs once, and hands it over until some peer has it."""

    def __init__(self, member: Light, judge: Judge) -> None:
        self.member = member
        self.judge = judge
        self._outbox: list[tuple[bytes, bytes]] = []

    def write(self, peer: RealPeer, type_: str, body: dict[str, Any]) -> bytes:
        """Sign what stands on what this peer shows, and hand it over."""
        org = peer.org
        self.member.at = max(self.member.at, 0)
        tips = [(at, id_) for id_, (device, at) in org._tips.items() if at <= peer.clock]
        deps = sorted(id_ for _, id_ in sorted(tips)[-8:] if id_ != self.member.head)
        id_, raw = self.member.envelope(org.org_id, type_, body, peer.clock, deps)
        self._outbox.append((id_, raw))
        self.hand_over(peer)
        return id_

    def hand_over(self, peer: RealPeer) -> None:
        while self._outbox and peer.on:
            id_, raw = self._outbox[0]
            if not peer.take(raw):
                return
            self.judge.honest.setdefault(id_, self.judge.simulation.now)
            self._outbox.pop(0)

    @property
    def waiting(self) -> bool:
        return bool(self._outbox)
