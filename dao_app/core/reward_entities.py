"""Entities of reputation, reward rounds, matching pools and payout records; see ``core.entities``."""

from __future__ import annotations

from typing import NamedTuple

Ref = tuple[bytes, int]  # detached content: hash of salt ‖ content, size in bytes


class Reputation(NamedTuple):
    """Nano-points at an hour since 1970, encoded as a power; decays from there (core.rewards.decay)."""

    value: int | bytes
    hour: int


class HalfLives(NamedTuple):
    """Singleton ``b"H"``, made by the first amendment: rows (hour from which it holds, half-life in hours)."""

    rows: tuple[tuple[int, int], ...]


class Points(NamedTuple):
    """Contribution points of a member that count, in all or in one department."""

    points: int


Scope = bytes | tuple[bytes, ...] | None  # a department, listed members, or (None) all who had a vote


class Round(NamedTuple):
    """A reward round. ``kind``: peer | points | both. ``policy``: immediate | recent | balanced | special.

    ``status``: open | paid | returned | cancelled. Its budget lies in the round's escrow while it is open.
    """

    number: int  # 0 while provisional
    title: str
    text: Ref | None
    opener: bytes
    payer: bytes  # the treasury or a department
    unit: str
    amount: int
    kind: str
    policy: str
    look: int  # immediate: periods that count; recent: discount in percent; else 0
    to: bytes | None  # of a special round
    givers: Scope
    receivers: Scope
    points: int  # that each giver hands out
    peer_bp: int  # of a round of both: the part that gifts decide
    window: int  # ms
    status: str
    opened: int  # height that sealed it; 0 while provisional
    closes: int  # sealed time, 0 while provisional
    gave: int  # members whose gifts stand
    voters: int  # givers when it closed
    given: int  # points that moved something
    lines: int  # of its computation
    closed: int  # height, 0 while open


class Gifts(NamedTuple):
    """What a member gives in a round: rows (receiver, points). ``dropped`` has, once it is closed, one entry
    per row: why it did not count, "" where it did; () where all did."""

    rows: tuple[tuple[bytes, int], ...]
    note: Ref | None
    action: bytes
    dropped: tuple[str, ...]


class Line(NamedTuple):
    """One receiver in a closed round: points received, contribution points, weight, payout."""

    member: bytes
    received: int
    points: int
    weight: int | bytes
    payout: int


class Lines(NamedTuple):
    """Part of a closed round's computation, in the order that decides between equal remainders."""

    rows: tuple[Line, ...]


class Series(NamedTuple):
    """Rounds of one kind out of one account that paid, so far."""

    rounds: int


class Share(NamedTuple):
    """A member's part in a series: ``points`` and ``paid`` in all, ``periods`` rows (number of the round in
    the series, points), the latest; ``seen``, in the series by points alone: contribution points that earlier
    rounds out of the account have taken up, those by both too."""

    points: int
    paid: int
    periods: tuple[tuple[int, int], ...]
    seen: int


class Project(NamedTuple):
    """Of a matching pool. ``matching`` is in units of 10^-24, encoded as a power, once it is closed."""

    title: str
    receiver: bytes  # party
    backers: int
    given: int
    matching: int | bytes
    payout: int


class Match(NamedTuple):
    """A pool that matches what members give to projects. ``mode``: fill | scale-down; ``bound``: T of the
    pairwise form in minor units, None for the plain form. ``status``: open | paid | returned | cancelled."""

    number: int
    title: str
    text: Ref | None
    opener: bytes
    payer: bytes
    unit: str
    amount: int
    projects: tuple[Project, ...]
    mode: str
    bound: int | None
    window: int  # ms
    status: str
    opened: int
    closes: int
    backers: int  # rows of the register: project byte ‖ member
    pairs: int  # of backers of one project, over all projects
    closed: int


class Backing(NamedTuple):
    """What one member gave to one project."""

    amount: int


class PayoutRecord(NamedTuple):
    """Money paid outside. ``status``: recorded | confirmed | disputed, by the receiver. Never on the ledger."""

    to: bytes
    by: bytes
    currency: str
    amount: int  # in units of 10^-decimals
    decimals: int
    reference: Ref | None
    day: int  # since 1970-01-01
    status: str
    answer: Ref | None  # what the receiver says to it
