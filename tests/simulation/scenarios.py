"""Scripted runs of whole organisations for attacks that luck alone meets too seldom."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.envelope import bearer_message, device_message
from dao_app.core.keys import member_key
from dao_app.core.limits import INVITES_OPEN_PER_MEMBER_MAX
from tests.simulation.engine import HOUR, MINUTE, Network, Node, Simulation
from tests.simulation.founding import Founding, HashSigner, Light
from tests.simulation.organisations import Author, Judge, RealPeer, TwinPeer

USES = 3


class Council:
    """Honest witnesses on a network that does as it is told."""

    def __init__(self, seed: int, founding: Founding, folder: Path, witnesses: int, meets: bool = True) -> None:
        self.simulation = Simulation(seed)
        self.network = Network(self.simulation)
        self.judge = Judge(self.simulation)
        folder = folder / f"council-{seed}"
        folder.mkdir()
        self.peers = [
            RealPeer(self.simulation, self.network, f"w{n}", founding, self.judge, folder, n) for n in range(witnesses)
        ]
        if not meets:
            for peer in self.peers:
                peer.meets = False
        people = founding.members[len(founding.keys) :]
        self.authors = [Author(member.copy(), self.judge) for member in people]

    def write(self, author: int, peer: int) -> None:
        self.authors[author].write(self.peers[peer], "contribution.claim", {"title": f"{self.simulation.events}"})

    def orgs(self) -> list[Organisation]:
        return [peer.org for peer in self.peers]

    def close(self) -> None:
        for peer in self.peers:
            peer.turn(False)


def restarted(seed: int, founding: Founding, folder: Path, witnesses: int = 4) -> int:
    """All witnesses stop and come back while a height is half decided; returns the height that came of it.

    Whoever forgets what it said falls silent where it hears itself: then nothing would ever be decided.
    """
    council = Council(seed, founding, folder, witnesses)
    simulation, network = council.simulation, council.network
    height = council.orgs()[0].height()
    council.write(0, 0)
    simulation.run(simulation.now + 100)
    half = witnesses // 2
    network.split([council.peers[:half], council.peers[half:]])  # no quorum on either side
    simulation.run(simulation.now + MINUTE)
    for peer in council.peers:
        peer.turn(False)
        peer.turn(True)
    network.heal()
    simulation.run(simulation.now + HOUR)
    reached = {org.height() for org in council.orgs()}
    council.close()
    if reached != {height + 1}:
        raise simulation.broken(f"heights {reached} after all came back, not {height + 1}")
    return height + 1


def slow_news(seed: int, founding: Founding, folder: Path, witnesses: int = 4, hours: int = 5) -> int:
    """Whatever is said takes 8 minutes, less than Δ, and every witness hears of something new all the time.

    A proposal is as old as the news when it is judged: what came in since must not count against it. Returns
    how many checkpoints became final.
    """
    council = Council(seed, founding, folder, witnesses, meets=False)
    simulation = council.simulation
    council.network.delay_ms = (8 * MINUTE, 8 * MINUTE + 1_000)
    before = council.orgs()[0].height()
    for place in range(witnesses):
        simulation.every(2 * MINUTE, lambda place=place: council.write(place, place))  # type: ignore[misc]
    simulation.run(simulation.now + hours * HOUR)
    sealed = max(org.height() for org in council.orgs()) - before
    council.close()
    if not sealed:
        raise simulation.broken(f"nothing became final in {hours} hours")
    return sealed


def torn(seed: int, founding: Founding, folder: Path, witnesses: int = 4, liars: int | None = None) -> int:
    """f+1 witnesses run two programs each, one on either side of a partition: both sides certify a checkpoint of
    their own. When they meet again every honest peer must stop and show both. With f liars nothing of the kind
    happens. Returns how many honest peers stopped.
    """
    simulation = Simulation(seed)
    network, judge = Network(simulation), Judge(simulation)
    faulty = (witnesses - 1) // 3 + 1 if liars is None else liars
    judge.expects_a_break = True
    folder = folder / f"torn-{seed}-{faulty}"
    folder.mkdir()
    sides: list[list[Node]] = [[], []]
    honest = []
    for number in range(witnesses):
        if number < faulty:
            for side in (0, 1):
                twin = TwinPeer(simulation, network, f"l{number}.{side}", founding, judge, folder, number)
                sides[side].append(twin)
        else:
            honest.append(RealPeer(simulation, network, f"w{number}", founding, judge, folder, number))
            sides[number % 2].append(honest[-1])
    network.split(sides)
    for peer in honest:
        peer.write("contribution.claim", {"title": f"seen by {peer.name}"})
    simulation.run(simulation.now + 30 * MINUTE)
    reached = {peer.org.replay.position[:2] for peer in honest if peer.org.height() > founding.height}
    network.heal()
    simulation.run(simulation.now + 30 * MINUTE)
    stopped = [peer for peer in honest if peer.org.conflict]
    if stopped and any(len(peer.org.conflicting()) != 2 for peer in stopped):
        raise simulation.broken("an alarm that does not show both")
    if len({id_ for id_, _ in reached}) > 1 and len(stopped) < len(honest):
        raise simulation.broken(f"two histories {reached}, and {len(stopped)} of {len(honest)} honest peers stopped")
    if faulty > (witnesses - 1) // 3 and not stopped:
        raise simulation.broken("no break was found with more liars than the organisation can bear")
    if faulty <= (witnesses - 1) // 3 and stopped:
        raise simulation.broken("a break with no more liars than the organisation can bear")
    for peer in (node for node in network.nodes if isinstance(node, RealPeer)):
        peer.turn(False)
    return len(stopped)


def sybils(seed: int, founding: Founding, folder: Path, witnesses: int = 4) -> int:
    """A member lets in strangers: an invitation for three is shown to twelve, four at each witness while these do
    not hear each other, another one after it expired; then more invitations than one may hold. Returns who got in.
    """
    council = Council(seed, founding, folder, witnesses)
    simulation, network, peers = council.simulation, council.network, council.peers
    bearer = HashSigner("bearer", seed)
    terms = {"bearer": bearer.public, "role": "member", "uses": USES, "lifetime": 10 * MINUTE}
    invite = council.authors[0].write(peers[0], "invite.create", terms)
    late_bearer = HashSigner("late bearer", seed)
    late = council.authors[0].write(
        peers[0], "invite.create", {**terms, "bearer": late_bearer.public, "uses": len(peers)}
    )
    simulation.run(simulation.now + MINUTE)
    network.split([[peer] for peer in peers])
    strangers = [Light(("stranger", seed, number)) for number in range(16)]
    for number, stranger in enumerate(strangers[:12]):
        peers[number % witnesses].take(_join(council, stranger, invite, bearer))
    network.heal()
    simulation.run(simulation.now + 15 * MINUTE)
    for number, stranger in enumerate(strangers[12:]):
        peers[number % witnesses].take(_join(council, stranger, late, late_bearer))
    for number in range(INVITES_OPEN_PER_MEMBER_MAX + 5):
        other = HashSigner("bearer", seed, number)
        council.authors[1].write(peers[0], "invite.create", {**terms, "bearer": other.public})
    simulation.run(simulation.now + 5 * MINUTE)
    org = peers[0].org
    found = [s for s in strangers if org.replay.final.entity(member_key(s.root.public)) is not None]
    codes = Counter(org.store.verdict(id_) for id_ in council.judge.honest)
    council.close()
    if len(found) != USES or any(s in strangers[12:] for s in found):
        raise simulation.broken(f"{len(found)} strangers got in with an invitation for {USES}")
    if codes["invite_quota"] != 5:
        raise simulation.broken(f"invitations beyond what one may hold: {dict(codes)}")
    return len(found)


def _join(council: Council, stranger: Light, invite: bytes, bearer: HashSigner) -> bytes:
    org_id, at = council.peers[0].org.org_id, council.simulation.now
    device, root = stranger.device.public, stranger.root
    body = {
        "invite": Link(invite), "root": root.public, "cert": root.sign(device_message(org_id, device)),
        "proof": bearer.sign(bearer_message(org_id, root.public, device)),
    }  # fmt: skip
    return stranger.envelope(org_id, "member.join", body, at, (invite,))[1]
