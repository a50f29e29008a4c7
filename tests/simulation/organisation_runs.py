"""Runs of whole organisations: members write and vote, some of them cheat, witnesses lie, machines and network fail;
then faults stop and everything honest must be final, counted as ``recount`` counts it, and the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from dao_app.core.encoding import Link
from dao_app.core.entities import Device, Proposal
from dao_app.core.keys import TREASURY, device_key, member_party, proposal_key
from tests.simulation.engine import HOUR, MINUTE, Network, Node, Simulation
from tests.simulation.founding import DELTA_MS, VOTING_MS, Founding, Light
from tests.simulation.organisations import AmnesiacPeer, Author, ChatterPeer, Judge, NilPeer, RealPeer, TwinPeer
from tests.simulation.recount import recount

LIARS: tuple[type, ...] = (NilPeer, TwinPeer, AmnesiacPeer, ChatterPeer)


class Outcome(NamedTuple):
    """``late_ms``: from the stop of faults until everything honest is final everywhere; ``rounds`` of any height;
    ``sealed`` actions in all; ``votes`` closed."""

    seed: int
    events: int
    heights: int
    sealed: int
    honest: int
    votes: int
    rounds: int
    late_ms: int


class Company:
    """One organisation with its peers, honest authors and cheats; see the module."""

    def __init__(
        self, seed: int, founding: Founding, folder: Path, witnesses: int, liars: int, cheats: int = 2, relays: int = 1
    ) -> None:
        self.founding = founding
        self.witnesses = witnesses
        self.simulation = simulation = Simulation(seed)
        self.rng = rng = simulation.rng
        self.network = network = Network(simulation)
        self.judge = Judge(simulation)
        folder = folder / f"run-{witnesses}-{seed}"
        folder.mkdir()
        self.peers: list[RealPeer] = []
        self.liars: list[Node] = []
        lying = set(rng.sample(range(witnesses), liars))
        for number in range(witnesses):
            if number not in lying:
                skew = rng.randint(-MINUTE // 2, MINUTE // 2)
                self.peers.append(
                    RealPeer(simulation, network, f"w{number}", founding, self.judge, folder, number, skew)
                )
                continue
            kind = rng.choice(LIARS)
            if kind is ChatterPeer:
                self.liars.append(ChatterPeer(simulation, network, f"l{number}", founding.keys[number]))
                continue
            for copy in range(2 if kind is TwinPeer else 1):
                name = f"l{number}.{copy}"
                self.liars.append(kind(simulation, network, name, founding, self.judge, folder, number))
        spare = range(witnesses, len(founding.keys)) if witnesses > 1 else ()
        for number in spare:  # in reserve: it passes on, and takes a seat where one is lost
            self.peers.append(RealPeer(simulation, network, f"s{number}", founding, self.judge, folder, number))
        for number in range(relays):
            self.peers.append(RealPeer(simulation, network, f"r{number}", founding, self.judge, folder))
        people = [member.copy() for member in founding.members[len(founding.keys) :]]
        self.cheats = people[:cheats]
        self.authors = [Author(member, self.judge) for member in people[cheats:]]
        self.proposals: list[bytes] = []
        self.sybils: list[Light] = []

    # -- what members do ---------------------------------------------------------------------------
    def some_peer(self) -> RealPeer | None:
        there = [peer for peer in self.peers if peer.on]
        return self.rng.choice(there) if there else None

    def act(self) -> None:
        """An honest member does something on a peer that is on, knowing what that peer shows."""
        peer, author = self.some_peer(), self.rng.choice(self.authors)
        if peer is not None and self.rng.randrange(4) == 0:
            peer.write("contribution.claim", {"title": f"by {peer.name}, {self.simulation.events}"})
        if peer is None or author.waiting:
            return
        open_ = [id_ for id_ in self.proposals if self._is_open(peer, id_)]
        if open_ and self.rng.randrange(4):
            choice = self.rng.choice(["yes", "yes", "no", "abstain"])
            author.write(peer, "vote.cast", {"proposal": Link(self.rng.choice(open_)), "choice": choice})
        else:
            author.write(peer, "contribution.claim", {"title": f"work {self.simulation.events}"})

    def _is_open(self, peer: RealPeer, id_: bytes) -> bool:
        found = peer.org.replay.final.entity(proposal_key(id_))
        return isinstance(found, Proposal) and found.status == "voting"

    def propose(self) -> None:
        """An honest member puts a payment to a vote, or a question."""
        peer, author = self.some_peer(), self.rng.choice(self.authors)
        if peer is None or author.waiting:
            return
        body: dict[str, Any] = {
            "title": "Shall we?", "kind": "decision", "method": "yes-no-abstain", "options": [], "discussion": 0,
            "voting": VOTING_MS,
        }  # fmt: skip
        if self.rng.randrange(2):
            to = member_party(author.member.root.public)
            pay = {"do": "pay", "from": TREASURY, "to": to, "unit": "GLD", "amount": 10}
            body |= {"kind": "spending", "effects": [pay]}
        self.proposals.append(author.write(peer, "proposal.open", body))
        if self.cheats and self.rng.randrange(2):
            self._sybil(self.cheats[0], peer)
            for wait in (3, 8, 20):
                self.simulation.after(wait * MINUTE, self._sybils_vote)

    def hand_over(self) -> None:
        for author in self.authors:
            peer = self.some_peer()
            if author.waiting and peer is not None:
                author.hand_over(peer)

    # -- what cheats do ----------------------------------------------------------------------------
    def cheat(self) -> None:
        peer = self.some_peer()
        if peer is not None and self.cheats:
            tricks: list[Callable[[Light, RealPeer], None]] = [
                self._fork, self._back_date, self._from_the_future, self._flood, self._drip, self._sybil,
            ]  # fmt: skip
            self.rng.choice(tricks)(self.rng.choice(self.cheats), peer)

    def _ballot(self) -> tuple[str, dict[str, Any]]:
        if not self.proposals:
            return "contribution.claim", {"title": "x"}
        return "vote.cast", {"proposal": Link(self.rng.choice(self.proposals)), "choice": "no"}

    def _give(self, peer: RealPeer, raw: bytes) -> None:
        peer.guarded(lambda: peer.org.admit_now([raw]) and None)

    def _fork(self, cheat: Light, peer: RealPeer) -> None:
        """Two actions with one number: one to a peer, the other to a victim whose later actions hang on it."""
        victim = self.some_peer()
        at = max(cheat.at, self.simulation.now - MINUTE)
        if victim is None or victim is peer:
            return
        one = cheat.sign_at(cheat.seq + 1, cheat.head, self.founding.org_id, *self._ballot(), at)
        other = cheat.sign_at(
            cheat.seq + 1, cheat.head, self.founding.org_id, "contribution.claim", {"title": "another"}, at
        )
        self._give(peer, one[1])
        self._give(victim, other[1])
        cheat.seq, cheat.head, cheat.at = cheat.seq + 1, one[0], at
        author = self.rng.choice(self.authors)
        if not author.waiting and victim.on:
            author.write(victim, "contribution.claim", {"title": "honest, after the fork"})

    def _back_date(self, cheat: Light, peer: RealPeer) -> None:
        """A ballot that claims to be as old as it may be."""
        self._give(peer, cheat.envelope(self.founding.org_id, *self._ballot(), cheat.at)[1])

    def _from_the_future(self, cheat: Light, peer: RealPeer) -> None:
        """Just ahead of clocks, or far: then it waits in quarantine and the rest of the chain behind it."""
        ahead = self.rng.choice([MINUTE, 9 * MINUTE, HOUR])
        twin = cheat.copy()
        raw = twin.envelope(self.founding.org_id, *self._ballot(), self.simulation.now + ahead)[1]
        self._give(peer, raw)
        if ahead < 10 * MINUTE:
            cheat.seq, cheat.head, cheat.at = twin.seq, twin.head, twin.at

    def _flood(self, cheat: Light, peer: RealPeer) -> None:
        raws = [
            cheat.envelope(self.founding.org_id, "contribution.claim", {"title": f"{n}"}, cheat.at)[1]
            for n in range(40)
        ]
        peer.guarded(lambda: peer.org.admit_now(raws) and None)

    def _drip(self, cheat: Light, peer: RealPeer) -> None:
        """One action to each witness, in another order for each."""
        raws = [cheat.envelope(self.founding.org_id, *self._ballot(), cheat.at)[1] for _ in range(3)]
        for one in self.peers:
            self._give(one, self.rng.choice(raws[:1] if one is peer else raws))

    def _sybil(self, cheat: Light, peer: RealPeer) -> None:
        """New members around an opening; they vote at once."""
        for _ in range(2):
            new = Light(("sybil", self.simulation.seed, len(self.sybils)))
            self.sybils.append(new)
            at = self.simulation.now - MINUTE
            org_id, body, deps = self.founding.org_id, self.founding.join_body(new), (self.founding.invite,)
            self._give(peer, new.envelope(org_id, "member.join", body, at, deps)[1])
            self._give(peer, new.envelope(org_id, *self._ballot(), at)[1])

    def _sybils_vote(self) -> None:
        peer = self.some_peer()
        for sybil in self.sybils[-2:] if peer is not None else ():
            self._give(peer, sybil.envelope(self.founding.org_id, *self._ballot(), self.simulation.now - MINUTE)[1])

    # -- trouble and calm --------------------------------------------------------------------------
    def trouble(self) -> None:
        rng, network = self.rng, self.network
        network.loss = rng.choice([0, 50, 200, 500])
        network.twice = rng.choice([0, 100])
        network.delay_ms = rng.choice([(5, 200), (100, 5_000), (1_000, 60_000)])
        sides: list[list[Node]] = [[], []]
        for node in network.nodes:
            rng.choice(sides).append(node)
        network.split(sides if rng.randrange(2) else [])
        for node in network.nodes:
            if rng.randrange(6) == 0 or not node.on:
                node.turn(not node.on)  # type: ignore[attr-defined]

    def calm(self) -> None:
        self.network.heal()
        for peer in self.peers:
            peer.crash_rate = 0
            if peer.on:
                peer.org.store.rate = 0  # type: ignore[attr-defined]
            peer.turn(True)
        for liar in self.liars:
            liar.turn(True)  # type: ignore[attr-defined]

    def everything_final(self) -> bool:
        if any(author.waiting for author in self.authors) or len({p.org.height() for p in self.peers}) > 1:
            return False
        wanted = list(self.judge.honest)
        for peer in self.peers:
            pending = peer.org.replay.pending
            if any(id_ in pending for id_ in wanted) or len(peer.org.store.known(wanted)) < len(wanted):
                return False
            if peer.org.something_due(peer.clock):
                return False
        return True

    def check(self) -> int:
        """What must hold once all is quiet; returns how many votes are closed."""
        simulation = self.simulation
        for peer in self.peers:
            if peer.org.conflict:
                raise simulation.broken(f"{peer.name} stopped at height {peer.org.conflict}")
        first = self.peers[0].org
        if len({(p.org.replay.final.root, p.org.replay.results.root) for p in self.peers}) != 1:
            raise simulation.broken("states differ")
        honest = {author.member.device.public for author in self.authors}
        honest |= {peer.device.public for peer in self.peers if peer.device is not None}
        for key in honest:
            device = first.replay.final.entity(device_key(key))
            if not isinstance(device, Device) or device.status != "active":
                raise simulation.broken("an honest device is frozen")
        for id_ in self.judge.honest:
            if first.store.verdict(id_) == "forked":
                raise simulation.broken("an honest action is taken for a fork's")
        differences = recount(first, honest, DELTA_MS)
        if differences:
            raise simulation.broken("; ".join(differences[:3]))
        return sum(1 for id_ in self.proposals if not self._is_open(self.peers[0], id_))


def live(
    seed: int, founding: Founding, folder: Path, witnesses: int, liars: int | None = None, hours: float = 1.5
) -> Outcome:
    """One run. Raises Broken where a promise does not hold."""
    faulty = (witnesses - 1) // 3 if liars is None else liars
    company = Company(seed, founding, folder, witnesses, faulty)
    simulation, rng = company.simulation, company.rng
    begun, troubled = simulation.now, int(hours * HOUR)
    for peer in company.peers:
        peer.crash_rate = rng.choice([0, 2_000, 20_000])
        peer.org.store.rate = peer.crash_rate  # type: ignore[attr-defined]
    for _ in range(rng.randint(3, 6)):
        simulation.at(begun + rng.randint(0, troubled // 2), company.propose)
    for _ in range(rng.randint(30, 60)):
        simulation.at(begun + rng.randint(0, troubled), company.act)
    for _ in range(rng.randint(3, 8)):
        simulation.at(begun + rng.randint(0, troubled), company.cheat)
    simulation.every(30_000, company.hand_over)
    time = begun + MINUTE
    while time < begun + troubled:
        simulation.at(time, company.trouble)
        time += rng.choice([2 * MINUTE, 10 * MINUTE, 20 * MINUTE])
    simulation.run(begun + troubled)
    company.calm()
    stopped = simulation.now
    reached = max([0, *(s.round for peer in company.peers if (s := peer.org.witnessing.standing()) is not None)])
    while not company.everything_final():
        simulation.run(simulation.now + MINUTE)
        if simulation.now > stopped + 8 * HOUR:
            at = [(p.name, p.org.height(), p.org.conflict, len(p.org.replay.pending)) for p in company.peers]
            raise simulation.broken(f"not final after eight hours: {at}")
    late = simulation.now - stopped
    simulation.run(simulation.now + VOTING_MS + 2 * DELTA_MS + 5 * MINUTE)  # until the last vote is closed
    while not company.everything_final():
        simulation.run(simulation.now + MINUTE)
    votes = company.check()
    rounds = max(company.judge.rounds.values(), default=0)
    if rounds > reached + 4 * witnesses:
        raise simulation.broken(f"{rounds} rounds, {reached} before faults stopped")
    org = company.peers[0].org
    outcome = Outcome(
        seed, simulation.events, org.height(), org.store.counts().sealed, len(company.judge.honest), votes, rounds, late
    )
    for peer in [*company.peers, *company.liars]:
        peer.turn(False)  # type: ignore[attr-defined]
    return outcome
