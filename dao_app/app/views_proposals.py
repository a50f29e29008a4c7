"""What the use cases of decisions return: proposals, ballots, counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dao_app.app.views_parts import ActivityView, AmountView, CommentView, EffectView, PersonView, Stamp


@dataclass(frozen=True, slots=True)
class TallyView:
    """A count as seen here; ``final`` once a checkpoint closed it.

    ``outcome``: passed | not_passed | decided (poll with winners) | none. Scores and powers are
    decimal strings, one score per option in the order of ``options``. ``detail`` is what only this method
    reports and ``log`` the steps of the count, as JSON data.
    """

    method: str
    options: tuple[str, ...]
    scores: tuple[str, ...]
    winners: tuple[int, ...]
    tie: bool
    valid_power: str
    electorate_power: str
    voted: int
    electorate: int
    quorum_power: str  # participation needed, in power
    quorum_met: bool
    support_bp: int  # yes/(yes+no) must be strictly above
    min_support_power: str
    outcome: str
    final: bool
    carried_power: str = "0"  # voted by delegates
    lost_power: str = "0"  # delegated in a circle or to nobody who voted
    tie_break: str = "none"
    tie_break_used: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
    log: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class BallotView:
    voter: PersonView
    choice: str  # as the method writes it, JSON
    power: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """``status``: discussion | voting | closing | passed | not_passed | decided | withdrawn.

    ``kind``: one of ``core.rules.charter.KINDS``. ``closes_ms`` is closing + grace, the real deadline.
    ``my_choice`` is JSON or None. ``execution``: "" | waiting | done | failed | expired. ``can``: vote,
    withdraw, revise, second, execute, comment.
    """

    id: str
    short: str
    number: int | None
    title: str
    kind: str
    method: str
    status: str
    author: PersonView
    opens_ms: int | None
    closes_ms: int | None
    voted: int
    electorate: int
    my_choice: str | None
    comments: int
    stamp: Stamp
    can: tuple[str, ...]
    department: str = ""
    topic: str = ""
    version: int = 1
    execution: str = ""
    reason: str = ""  # why the execution failed: a rejection code
    asks: tuple[AmountView, ...] = ()  # what it would take out of the treasury and departments


@dataclass(frozen=True, slots=True)
class ProposalDetail:
    row: ProposalRow
    text: str | None
    options: tuple[str, ...]
    discussion_ms: int
    voting_ms: int
    grace_ms: int
    tally: TallyView | None
    ballots: tuple[BallotView, ...]
    activity: tuple[ActivityView, ...]
    comments: tuple[CommentView, ...]
    effects: tuple[EffectView, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    power_kind: str = "member"
    powers: tuple[tuple[PersonView, str], ...] = ()  # of the electorate, largest first; empty before it is open
    powers_more: int = 0  # members not listed
    my_power: str | None = None
    via: PersonView | None = None  # who votes for you, where you delegated and have not voted
    carries: tuple[PersonView, ...] = ()  # for whom you vote
    lost: tuple[tuple[PersonView, str], ...] = ()  # whose power is lost and why: cycle | dead_end
    seconders: tuple[PersonView, ...] = ()
    seconders_needed: int = 1
    bond: AmountView | None = None
    reserved: tuple[AmountView, ...] = ()
    retry_until_ms: int | None = None
    extended: bool = False
    cosigned: tuple[int, int, int] = (0, 1, 1)  # witnesses that signed its closing, of how many, how many make it final
