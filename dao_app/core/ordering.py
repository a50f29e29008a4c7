"""The order of actions (protocol §3.2): Kahn's algorithm over prev and deps with a tie rule.

Final: among ready actions, those that remove rights first, then by SHA-256(previous checkpoint id ‖
frontier root ‖ action id), so nobody can choose a time or grind an id to come first. Provisional: by
(removes rights first, at, id), for display only.
Source: Kahn, Topological sorting of large networks, CACM 5 (1962).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from dao_app.core.envelope import Action
from dao_app.core.rules.registry import REMOVES_RIGHTS


class Node(NamedTuple):
    """What ordering needs of an action. ``parents``: prev and deps together; ``size``: payload bytes."""

    id: bytes
    by: bytes
    seq: int
    parents: tuple[bytes, ...]
    at: int
    removes: bool


def node_of(action: Action) -> Node:
    parents = action.deps if action.prev is None else (action.prev, *action.deps)
    return Node(action.id, action.by, action.seq, parents, action.at, action.type in REMOVES_RIGHTS)


Priority = tuple[int, bytes] | tuple[int, int, bytes]


def final_order(nodes: dict[bytes, Node], previous: bytes, frontier_root: bytes) -> list[bytes]:
    """Ids of one checkpoint's actions in their final order; parents outside it are sealed before."""
    salt = hashlib.sha256(previous + frontier_root)

    def priority(node: Node) -> Priority:
        tie = salt.copy()
        tie.update(node.id)
        return (0 if node.removes else 1, tie.digest())

    return _kahn(nodes, priority)


def provisional_order(nodes: dict[bytes, Node]) -> list[bytes]:
    """Ids of the provisional rest in the order in which it is shown."""
    return _kahn(nodes, lambda node: (0 if node.removes else 1, node.at, node.id))


def _kahn(nodes: dict[bytes, Node], priority: Callable[[Node], Priority]) -> list[bytes]:
    waiting: dict[bytes, int] = {}
    children: dict[bytes, list[Node]] = {}
    ready: list[tuple[Priority, bytes]] = []
    for id_, node in nodes.items():
        open_parents = 0
        for parent in node.parents:
            if parent in nodes:
                open_parents += 1
                siblings = children.get(parent)
                if siblings is None:
                    children[parent] = [node]
                else:
                    siblings.append(node)
        if open_parents:
            waiting[id_] = open_parents
        else:
            ready.append((priority(node), id_))
    heapify(ready)
    order: list[bytes] = []
    while ready:
        id_ = heappop(ready)[1]
        order.append(id_)
        for child in children.get(id_, ()):
            left = waiting[child.id] - 1
            waiting[child.id] = left
            if not left:
                heappush(ready, (priority(child), child.id))
    return order
