"""Entities of finality: who co-signs, who was elected to, which rules come next (protocol §4).

Seats and reserve pair a member's root with a witness key of the term; a reserve whose member has not declared a
key yet has b"" there. Order is rank: leaders take turns in the order of the seats, the first ready reserve fills
the next free seat.
"""

from __future__ import annotations

from typing import NamedTuple

Seat = tuple[bytes, bytes]  # member, key


class Witnesses(NamedTuple):
    """Singleton ``b"W"``. ``faulty`` are seated keys that signed two votes; ``since`` the height whose checkpoint
    named them; ``versions`` what rules the seated members' programs know, beyond the active version."""

    term: int
    seats: tuple[Seat, ...]
    reserve: tuple[Seat, ...]
    faulty: tuple[bytes, ...]
    since: int
    cause: bytes  # genesis, proposal or ``witness.move``
    by_vote: bool
    versions: tuple[tuple[bytes, int], ...] = ()


class Election(NamedTuple):
    """Singleton ``b"V"`` while a change is under way: the first ``seats`` of ``ranked`` take over when they are
    ready; at ``until`` (sealed time, 0 before it began) the first of those who are."""

    cause: bytes
    term: int
    seats: int
    ranked: tuple[bytes, ...]
    ready: tuple[Seat, ...]
    until: int
    by_vote: bool


class Activation(NamedTuple):
    """Singleton ``b"x"``: a rules version adopted by vote at the sealed time ``since``, waiting for the witnesses."""

    version: int
    cause: bytes
    since: int
