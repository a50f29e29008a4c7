"""A crowd of nodes in step, and what happens to it: writing, loss, a partition, coming back, coming new.

Each scenario gives an ``Outcome`` and ends when everybody has everything, which it asserts by the heads' digests.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from dao_app.net import limits
from tests.fakes.replica import Device
from tests.simulation.lines import SECOND, Net, Node

LINKS = (6, 8)  # of a node, fewest and most
LIMIT_US = 1_200 * SECOND  # longer than anything takes
AFTER_US = 5 * SECOND  # what is still said when everybody has everything
SEALED_TOGETHER = 20  # devices under one of the first certificates
SEAL_EVERY = 20  # actions under one certificate of the day
PARTED_US = 600 * SECOND
BACK_WITHIN_US = 10 * SECOND
DIALS = 7  # of a node that comes, to nodes that it knows


class Outcome(NamedTuple):
    """Bytes and messages are means over ``of`` nodes; ``own_bytes``: of the actions that each of them had to get.
    ``late_s``: until half, 99 % and all of what was to come was there."""

    name: str
    nodes: int
    links: float
    of: int
    own_bytes: float
    late_s: tuple[float, float, float]
    session_in: float
    gossip_in: float
    line_in: float
    line_out: float
    line_in_most: int
    messages_in: float
    writes_in: float

    @property
    def overhead(self) -> float:
        """Bytes that came on the line for each byte of actions."""
        return self.line_in / self.own_bytes


def crowd(seed: int, count: int, lost: int = 0, links: tuple[int, int] = LINKS, away: int = 0, day: int = 0) -> Net:
    """So many nodes in step; the last ``away`` have neither links nor the ``day``'s actions."""
    net = Net(seed, lost)
    for number in range(count):
        node = net.add(Device(f"{seed} {number}"))
        net.history.write(node.device, net.now_ms)
    net.known.update(node.record for node in net.nodes)
    first = [(node.key, 1) for node in net.nodes]
    for start in range(0, count, SEALED_TOGETHER):
        net.history.seal(first[start : start + SEALED_TOGETHER])
    for node in net.nodes[count - away :]:
        node.replica.be_in_step(net.history.heads(), len(net.history.certificates))
    write_day(net, net.nodes[: max(1, (count - away) // 5)], day)
    heads, height = net.history.heads(), len(net.history.certificates)
    for node in net.nodes[: count - away]:
        node.replica.be_in_step(heads, height)
    link_all(net, net.nodes[: count - away], links)
    net.run(AFTER_US)
    net.count_from_now()
    return net


def write_day(net: Net, authors: Sequence[Node], count: int) -> None:
    """So many actions, sealed as they came."""
    for start in range(0, count, SEAL_EVERY):
        moves: dict[bytes, int] = {}
        for place in range(start, min(count, start + SEAL_EVERY)):
            device = authors[place % len(authors)].device
            net.history.write(device, net.now_ms + place)
            moves[device.signer.public] = device.seq
        net.history.seal(list(moves.items()))


def link_all(net: Net, nodes: Sequence[Node], links: tuple[int, int]) -> None:
    """Each dials others that it knows, at random, as long as it has too few links and they not too many."""
    few, many = links
    for node in net.random.sample(nodes, len(nodes)):
        wished = net.random.randint(few, many)
        for peer in net.random.sample(nodes, min(len(nodes), 10 * many)):
            if len(node.ends) >= wished:
                break
            if peer is not node and len(peer.ends) < many:
                net.connect(node, peer, net.latency_us(), False)


def outcome(net: Net, name: str, of: Sequence[Node], own_bytes: float, delays_us: Sequence[int]) -> Outcome:
    assert net.left == 0, f"{net.left} storings never happened"
    assert len({node.replica.heads_digest() for node in net.nodes}) == 1
    return summed(net, name, of, own_bytes, delays_us)


def summed(net: Net, name: str, of: Sequence[Node], own_bytes: float, delays_us: Sequence[int]) -> Outcome:
    late = sorted(delays_us)
    meters = [node.meter for node in of]
    return Outcome(
        name, len(net.nodes), mean(len(node.ends) for node in net.nodes), len(of), own_bytes,
        (late[len(late) // 2] / SECOND, late[len(late) * 99 // 100] / SECOND, late[-1] / SECOND),
        mean(m.session[0] for m in meters), mean(m.gossip[0] for m in meters), mean(m.line(0) for m in meters),
        mean(m.line(1) for m in meters), max(m.line(0) for m in meters), mean(m.messages[0] for m in meters),
        mean(m.writes[0] for m in meters),
    )  # fmt: skip


# -- scenarios -----------------------------------------------------------------------------------------
def one_writes(seed: int, count: int, lost: int, links: tuple[int, int] = LINKS) -> Outcome:
    net = crowd(seed, count, lost, links)
    net.write(net.nodes[0])
    settle(net)
    own = len(net.history.chains[net.nodes[0].key][-1])
    return outcome(net, f"one writes, {lost / 10:g} % lost", net.nodes, own, net.delays_us)


def many_write(seed: int, count: int, actions: int, authors: int, lost: int = 0) -> Outcome:
    """All within a minute."""
    net = crowd(seed, count, lost)
    before = size_of(net)
    for place in range(actions):
        net.at(net.now_us + net.random.randrange(60 * SECOND), net.write, net.nodes[place % authors])
    net.run(net.now_us + 60 * SECOND)
    settle(net)
    own = size_of(net) - before
    return outcome(net, f"{actions} actions by {authors} within a minute", net.nodes, own, net.delays_us)


def parted(seed: int, count: int, actions: int) -> tuple[Outcome, Outcome]:
    """Two halves for ten minutes, each with so many actions: the time apart, and from its end on."""
    net = crowd(seed, count)
    before = size_of(net)
    halves = net.nodes[::2], net.nodes[1::2]
    other = {node.key for node in halves[1]}
    torn = [(one, end.peer) for one in halves[0] for key, end in list(one.ends.items()) if key in other]
    for one, two in torn:
        net.cut(one, two)
    for half in halves:
        dial_more(net, half)
        for place in range(actions):
            net.at(net.now_us + net.random.randrange(PARTED_US), net.write, half[place % (len(half) // 10)])
    net.run(net.now_us + PARTED_US + AFTER_US)
    own = (size_of(net) - before) / 2
    assert net.left == actions * 2 * (count // 2), "each half has what was written in it, and nothing else"
    apart = summed(net, "two halves, ten minutes", net.nodes, own, net.delays_us)
    net.count_from_now()
    for one, two in torn:  # both dial again and again, up to a minute apart, somewhere between two attempts
        pauses = [limits.BACKOFF_S_MAX * net.random.uniform(0.5, 1) * net.random.random() for _ in range(2)]
        net.dial(one, two, net.now_us + int(min(pauses) * SECOND))
    settle(net)
    return apart, outcome(net, "the halves meet again", net.nodes, own, net.delays_us)


def dial_more(net: Net, nodes: Sequence[Node]) -> None:
    """Who lost links dials others that it knows."""
    for node in nodes:
        for peer in net.random.sample(nodes, min(len(nodes), DIALS)):
            if len(node.ends) >= LINKS[0]:
                break
            if peer is not node and peer.key not in node.ends:
                net.connect(node, peer, net.latency_us(), True)


def back(seed: int, count: int, away: int, actions: int) -> tuple[Outcome, Outcome]:
    """Some come back within ten seconds and catch up a day: these, and all others."""
    net = crowd(seed, count, away=away, day=actions)
    late, others = net.nodes[count - away :], net.nodes[: count - away]
    for node in late:
        come(net, node, others, actions, net.now_us + net.random.randrange(BACK_WITHIN_US))
    own = size_of(net, last=actions)
    settle(net)
    return (
        outcome(net, f"{away} come back and catch up {actions}", late, own, net.caught_up_us),
        outcome(net, "the others meanwhile", others, own, net.caught_up_us),
    )


def newcomer(seed: int, count: int, actions: int) -> Outcome:
    """One new device, let in already, gets the whole history."""
    net = crowd(seed, count, day=actions)
    node = net.add(Device(f"{seed} new"))
    total = size_of(net)
    come(net, node, net.nodes[:count], len(net.history.places), net.now_us)
    settle(net)
    return outcome(net, f"a new one gets {len(net.history.places)}", [node], total, net.caught_up_us)


def come(net: Net, node: Node, others: Sequence[Node], lacking: int, at_us: int) -> None:
    """The node starts: it says where it is, and dials some that it knows, a few at a time."""
    node.lacking = lacking
    net.left += lacking
    node.came_us = at_us
    net.sign(node)
    for place, peer in enumerate(net.random.sample(others, DIALS)):
        net.dial(node, peer, at_us + place // limits.DIALS_AT_ONCE_MAX * SECOND)


def settle(net: Net) -> None:
    net.run(net.now_us + LIMIT_US, lambda: net.left == 0)
    net.run(net.now_us + AFTER_US)


def size_of(net: Net, last: int = 0) -> int:
    """Bytes of all envelopes, or of those written last."""
    return sum(map(len, list(net.history.places)[-last:]))
