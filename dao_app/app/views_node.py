"""What an always-on node tells of itself, for people and for monitoring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeOrgView:
    """One organisation on this node. Times in ms since 1970 UTC, bytes since the start.

    ``problems``: codes; empty where all is well: conflict (two certified histories), newer_rules, storage, behind
    (a peer has been further for long), alone (no peer connected).
    """

    id: str
    name: str
    height: int
    sealed_ms: int | None
    actions: int
    provisional: int
    unsent: int
    peers: int
    known_peers: int
    bytes_in: int
    bytes_out: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeView:
    """``healthy``: nothing but "alone" is wrong anywhere, and it is not locked."""

    healthy: bool
    locked: bool
    organisations: tuple[NodeOrgView, ...]
