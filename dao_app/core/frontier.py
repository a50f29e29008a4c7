"""What one checkpoint takes from the rest that is not sealed: heads that move, and extra heads (protocol §3, §4).

A device that signed two actions with one sequence number has several branches. One is its *trunk* here (which
one is each peer's own view until a checkpoint says it); the others are *off* the trunk, and are taken only where
something else under the frontier depends on them, without effect. Everything here is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from typing import NamedTuple

from dao_app.core.finality.checkpoint import Move
from dao_app.core.limits import CHECKPOINT_DEVICE_ACTIONS_MAX, CHECKPOINT_MEMBER_ACTIONS_MAX
from dao_app.core.ordering import Node

Nodes = Mapping[bytes, Node]
Owner = Callable[[bytes], bytes | None]  # device → its member's root in the final state before
Head = tuple[int, bytes]  # seq, id


class Cut(NamedTuple):
    """How a checkpoint moves the frontier: the devices' heads, and heads of losing branches."""

    moves: tuple[Move, ...]
    extras: tuple[Move, ...] = ()


class Under(NamedTuple):
    """The actions that a cut seals, in no order; ``losing`` are those that have no effect."""

    nodes: dict[bytes, Node]
    losing: frozenset[bytes]


class Missing(NamedTuple):
    """Not all of it is here: these heads' chains are wanted."""

    heads: tuple[Move, ...]


class Caps:
    """Counts actions against what one checkpoint takes of a device and of a member."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._used: dict[bytes, int] = {}

    def allows(self, nodes: Iterable[Node]) -> bool:
        """Would these still fit?"""
        return all(self._used.get(who, 0) + n <= _most(who) for who, n in self._counted(nodes).items())

    def take(self, nodes: Iterable[Node]) -> None:
        for who, n in self._counted(nodes).items():
            self._used[who] = self._used.get(who, 0) + n

    def _counted(self, nodes: Iterable[Node]) -> dict[bytes, int]:
        """How many of a device (b"d" ‖ key) and of a member (b"m" ‖ root)."""
        counts: dict[bytes, int] = {}
        for device, n in Counter(node.by for node in nodes).items():
            counts[b"d" + device] = n
            root = self._owner(device)
            if root is not None:
                counts[b"m" + root] = counts.get(b"m" + root, 0) + n
        return counts


def _most(who: bytes) -> int:
    return CHECKPOINT_DEVICE_ACTIONS_MAX if who[:1] == b"d" else CHECKPOINT_MEMBER_ACTIONS_MAX


def choose(pending: Nodes, off: Set[bytes], order: Iterable[bytes], owner: Owner) -> Cut:
    """As much as one checkpoint may take, in this (topological) order, closed under parents."""
    taken: set[bytes] = set()
    spare: set[bytes] = set()  # off the trunk, could be taken if needed
    caps = Caps(owner)
    for id_ in order:
        node = pending[id_]
        if any(p in pending and p not in taken and p not in spare for p in node.parents):
            continue
        if id_ in off:
            spare.add(id_)
            continue
        wanted = [pending[i] for i in _needed(id_, pending, taken)]
        if caps.allows(wanted):
            caps.take(wanted)
            taken.update(n.id for n in wanted)
    return cut_of({i: pending[i] for i in taken}, taken & off)


def _needed(id_: bytes, pending: Nodes, taken: set[bytes]) -> list[bytes]:
    """An action and what it stands on that is neither sealed nor taken."""
    found, stack = [], [id_]
    seen = {id_}
    while stack:
        one = stack.pop()
        found.append(one)
        for parent in pending[one].parents:
            if parent in pending and parent not in taken and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return found


def cut_of(nodes: Nodes, losing: Set[bytes]) -> Cut:
    """The heads of these actions."""
    heads: dict[bytes, Node] = {}
    inner = {n.parents[0] for i, n in nodes.items() if i in losing and n.seq > 1}
    extras = []
    for id_, node in nodes.items():
        if id_ not in losing:
            best = heads.get(node.by)
            if best is None or node.seq > best.seq:
                heads[node.by] = node
        elif id_ not in inner:
            extras.append(Move(node.by, node.seq, id_))
    moves = sorted(Move(n.by, n.seq, n.id) for n in heads.values())
    return Cut(tuple(moves), tuple(sorted(extras, key=lambda m: (m.device, m.head))))


def under(cut: Cut, pending: Nodes, sealed: Mapping[bytes, Head], owner: Owner) -> Under | Missing | None:
    """The actions that a foreign cut seals; Missing where some are not here; None where it is no valid extension
    (a hole, over a cap, without a parent, an extra head that nothing needs)."""
    nodes: dict[bytes, Node] = {}
    missing: list[Move] = []
    for move in cut.moves:
        seq, head = sealed.get(move.device, (0, b""))
        if not seq < move.seq <= seq + CHECKPOINT_DEVICE_ACTIONS_MAX:
            return None
        chain = _chain(move, seq, head, pending)
        if chain is None:
            return None
        if isinstance(chain, Missing):
            missing += chain.heads
        else:
            nodes.update(chain)
    losing: dict[bytes, Node] = {}
    for extra in cut.extras:
        if extra.head in nodes:
            return None
        node = pending.get(extra.head)
        if node is None:
            missing.append(extra)
        elif (node.by, node.seq) != (extra.device, extra.seq):
            return None
        while node is not None and node.id not in nodes and node.id not in losing:
            losing[node.id] = node
            node = pending.get(node.parents[0]) if node.seq > 1 else None
    if missing:
        return Missing(tuple(missing))
    nodes.update(losing)
    return Under(nodes, frozenset(losing)) if _is_sound(cut, nodes, losing, pending, owner) else None


def _chain(move: Move, seq: int, head: bytes, pending: Nodes) -> dict[bytes, Node] | Missing | None:
    """The actions of one device from its sealed head on up to a new one."""
    found: dict[bytes, Node] = {}
    id_ = move.head
    for expected in range(move.seq, seq, -1):
        node = pending.get(id_)
        if node is None:
            return Missing((Move(move.device, expected, id_),))
        if node.by != move.device or node.seq != expected:
            return None
        found[id_] = node
        id_ = node.parents[0] if node.seq > 1 else b""
    return found if id_ == head else None


def _is_sound(cut: Cut, nodes: Nodes, losing: Nodes, pending: Nodes, owner: Owner) -> bool:
    if any(p in pending and p not in nodes for node in nodes.values() for p in node.parents):
        return False
    if not Caps(owner).allows(nodes.values()):
        return False
    if not cut.extras:
        return True  # each device's chain ends in its move
    needed = {p for n in nodes.values() for p in (n.parents[1:] if n.seq > 1 else n.parents)}
    return all(extra.head in needed for extra in cut.extras) and cut_of(nodes, losing.keys()) == cut


def left_out(
    early: Iterable[bytes], nodes: Nodes, pending: Nodes, off: Set[bytes], order: Iterable[bytes], owner: Owner
) -> list[bytes]:
    """Which of the actions that a witness admitted early enough a cut leaves out although they would have fitted.

    Something is excused where it, or what it stands on, no longer fits under the caps beside what the cut takes.
    """
    caps = Caps(owner)
    caps.take(nodes.values())
    wanted = set(early)
    present = set(nodes)
    found = []
    for id_ in order:
        if id_ in present or id_ not in wanted or id_ in off:
            continue
        node = pending[id_]
        if any(p in pending and p not in present and p not in off for p in node.parents) or not caps.allows([node]):
            continue
        caps.take([node])
        present.add(id_)
        found.append(id_)
    return found


def trunk_after(head: Move, pending: Nodes, off: Set[bytes]) -> list[Node]:
    """The actions of a device that continue its sealed head (b"" before any), oldest first: along the trunk where
    it passes there, else by the smallest id."""
    after: dict[bytes, list[Node]] = {}
    for node in pending.values():
        if node.by == head.device:
            after.setdefault(node.parents[0] if node.seq > 1 else b"", []).append(node)
    chain: list[Node] = []
    tip = head.head
    while tip in after:
        best = min(after[tip], key=lambda n: (n.id in off, n.id))
        chain.append(best)
        tip = best.id
    return chain
