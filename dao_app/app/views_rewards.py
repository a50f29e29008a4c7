"""What the use cases around contributions and rewards return: contributions, reputation, rounds, pools, payouts,
earnings."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views_parts import ActivityView, AmountView, CommentView, PersonView, Stamp


@dataclass(frozen=True, slots=True)
class ContributionRow:
    """``source``: claim | task. ``status``: claimed | endorsed | disputed | withdrawn.

    ``points``: what it is worth once it counts; ``counted``: what it adds to its author's points now;
    ``valued``: a steward said so. ``can``: endorse, dispute, value, withdraw, comment.
    """

    id: str
    title: str
    author: PersonView
    source: str
    task: str | None  # "T-12" or short id
    earned: AmountView | None
    status: str
    endorsed_by: tuple[PersonView, ...]
    endorsements_needed: int
    stamp: Stamp
    can: tuple[str, ...]
    category: str = ""
    department: str = ""
    points: int = 0
    counted: int = 0
    valued: bool = False
    disputed_by: tuple[PersonView, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A link or file name, and the SHA-256 of the file ("" for none)."""

    label: str
    hash: str


@dataclass(frozen=True, slots=True)
class DisputeView:
    person: PersonView
    reason: str | None  # None: not here yet, or erased


@dataclass(frozen=True, slots=True)
class ContributionDetail:
    row: ContributionRow
    text: str | None
    comments: tuple[CommentView, ...]
    evidence: tuple[EvidenceView, ...] = ()
    disputes: tuple[DisputeView, ...] = ()
    activity: tuple[ActivityView, ...] = ()
    points_most: int = 0  # that a steward may give


@dataclass(frozen=True, slots=True)
class ReputationRow:
    """``exact`` is the reputation with nine decimals, ``whole`` what it is as voting power; ``points`` are the
    contribution points that count."""

    person: PersonView
    whole: int
    exact: str
    points: int


@dataclass(frozen=True, slots=True)
class RoundRow:
    """``kind``: peer | points | both. ``policy``: immediate | recent | balanced | special; ``look`` its number.

    ``status``: open | closing | paid | returned | cancelled. ``gave``: members whose gifts stand, ``may_give``
    whether you are among those who give; ``my_given``: points that you gave. ``payer``: "treasury" or the name of
    a department. ``can``: give, cancel.
    """

    id: str
    short: str
    number: int | None
    title: str
    kind: str
    policy: str
    look: int
    to: PersonView | None
    amount: AmountView
    payer: str
    status: str
    opener: PersonView
    closes_ms: int | None
    points: int
    gave: int
    may_give: bool
    my_given: int
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GiftRow:
    """``dropped``: why it does not count, "" where it does: not_a_member | not_a_receiver."""

    giver: PersonView
    receiver: PersonView
    points: int
    dropped: str


@dataclass(frozen=True, slots=True)
class GiverRow:
    """``burned``: points that moved nothing."""

    person: PersonView
    given: int
    burned: int
    note: str | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """One receiver: points received, contribution points, weight by the policy (a number of any size), payout."""

    person: PersonView
    received: int
    points: int
    weight: str
    payout: AmountView


@dataclass(frozen=True, slots=True)
class RoundDetail:
    """``lines`` are final once the round is closed, before that as it would close now. ``computation`` is a file
    for ``guildhall rewards compute`` that gives the payouts again; "" where nothing would be paid."""

    row: RoundRow
    text: str | None
    receivers: tuple[PersonView, ...]
    givers: tuple[GiverRow, ...]
    gifts: tuple[GiftRow, ...]
    lines: tuple[LineRow, ...]
    computation: str
    activity: tuple[ActivityView, ...]


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """``matching`` is exact to 24 places, ``payout`` as it would be paid now, or was."""

    number: int
    title: str
    receiver: str
    receiver_person: PersonView | None
    backers: int
    given: AmountView
    my_given: AmountView
    matching: str
    payout: AmountView


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A matching pool. ``mode``: fill | scale-down; ``bound`` of the pairwise form. ``status`` as of rounds.
    ``can``: give, cancel."""

    id: str
    short: str
    number: int | None
    title: str
    amount: AmountView
    payer: str
    mode: str
    bound: AmountView | None
    status: str
    opener: PersonView
    closes_ms: int | None
    projects: tuple[ProjectRow, ...]
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchDetail:
    row: MatchRow
    text: str | None
    activity: tuple[ActivityView, ...]


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """Money paid outside. ``status``: recorded | confirmed | disputed. ``day``: "2026-03-14". ``can``: confirm,
    dispute."""

    id: str
    to: PersonView
    by: PersonView
    amount: AmountView
    day: str
    reference: str | None
    status: str
    answer: str | None
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayoutTotal:
    """What one person was paid outside in one period ("2026-03" or "2026") and currency; disputed ones left out."""

    period: str
    to: PersonView
    amount: AmountView
    confirmed: AmountView


@dataclass(frozen=True, slots=True)
class EarningRow:
    """``source``: task | round | tip | match | transfer | issue | vote. ``state``: final | provisional | held.

    ``action`` caused it; ``about`` names its object for people ("T-12", "R-3", "" without one), ``at_ms`` is when
    it was sealed, or claimed before; of what is held, when that was last known.
    """

    action: str
    source: str
    state: str
    about: str
    title: str
    payer: str
    payer_person: PersonView | None
    amount: AmountView
    at_ms: int


@dataclass(frozen=True, slots=True)
class EarningsView:
    """Of one member in one unit, newest first; ``truncated`` where older ones are left out."""

    person: PersonView
    unit: str
    decimals: int
    rows: tuple[EarningRow, ...]
    available_minor: int
    truncated: bool
    now_ms: int  # by the engine's clock
