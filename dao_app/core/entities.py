"""The entities of the state: what each holds, its key, and how it is encoded as a leaf.

An entity is an immutable tuple; its leaf value is the DAG-CBOR list of its fields in this order.
Keys are one kind byte and identifiers of fixed length, so no two kinds share a key. Heights are
those of the checkpoint that sealed the change; times are sealed times in ms since 1970 UTC; digests,
roots (members) and devices are 32 bytes; amounts are minor units; powers are encoded as in payloads.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import cbor2

from dao_app.core.encoding import encode_trusted
from dao_app.core.key_entities import Epoch, Guardians, Root
from dao_app.core.money_entities import Firm as Firm
from dao_app.core.money_entities import Handover as Handover
from dao_app.core.money_entities import Payment as Payment
from dao_app.core.money_entities import PaymentRequest as PaymentRequest
from dao_app.core.money_entities import Schedule as Schedule
from dao_app.core.money_entities import Signer as Signer
from dao_app.core.reward_entities import (
    Backing,
    Gifts,
    HalfLives,
    Line,
    Lines,
    Match,
    PayoutRecord,
    Points,
    Project,
    Reputation,
    Round,
    Series,
    Share,
)
from dao_app.core.task_entities import File, Submission, Terms
from dao_app.core.witness_entities import Activation, Election, Witnesses

Ref = tuple[bytes, int]  # detached content: hash of salt ‖ content, size in bytes

class Org(NamedTuple):
    """Singleton ``b"o"``. ``charter`` pairs a parameter's name with its value."""

    name: str
    purpose: str
    founder: bytes
    charter: tuple[tuple[str, int], ...]
    units: tuple[str, ...]
    rules: int
    roles: tuple[str, ...]  # codes of the roles that it defined


class Totals(NamedTuple):
    """Singleton ``b"n"``: numbers given so far and the electorate, as of now."""

    tasks: int
    proposals: int
    members: int  # active, with a vote
    stewards: int  # active, with the permission "proposal.steward"
    place: int  # places given in the final order
    joined: int  # members ever, in their register
    departments: int  # ever, in their register
    delegators: int  # members who delegate something
    amendments: int  # of the charter
    rounds: int = 0
    matches: int = 0


class Grant(NamedTuple):
    """A role held by a member. ``department`` is b"" for the whole organisation; ``cause`` is the action
    or proposal that gave it; ``until`` is the sealed time at which it ends, 0 for no end."""

    role: str
    department: bytes
    cause: bytes
    until: int


class Member(NamedTuple):
    """``status``: active | applicant | suspended | left | expelled.

    ``spans`` are the heights (from, until; until 0 while it lasts) whose final state gives this member a
    vote, at most ``VOTE_SPANS_MAX``, the latest.
    """

    status: str
    grants: tuple[Grant, ...]
    joined: int  # height
    invited_by: bytes | None
    action: bytes  # that joined
    profile: Ref | None
    open_invites: int
    spans: tuple[tuple[int, int], ...]
    reserving: tuple[tuple[bytes, str, int], ...]  # per party and unit what this member's open proposals ask for
    stances: tuple[str, ...]  # of ``rules.membership.STANCES``, as the member says
    suspended_until: int = 0  # sealed time at which a suspension ends
    devices: tuple[bytes, ...] = ()  # active ones, sorted

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles in the whole organisation."""
        return tuple(grant.role for grant in self.grants if not grant.department)


class Register(NamedTuple):
    """Members, or departments, in the order in which they came, ``REGISTER_ROWS`` to an entity."""

    ids: tuple[bytes, ...]


class Role(NamedTuple):
    """A role that the organisation defined beside the built-in ones; ``cause`` is the proposal."""

    name_en: str
    name_zh: str
    permissions: tuple[str, ...]
    cause: bytes


class Department(NamedTuple):
    """``status``: active | closed. ``parent`` is None at the top."""

    name: str
    parent: bytes | None
    status: str
    cause: bytes
    depth: int  # 1 at the top
    below: int  # active departments directly below
    reserved: tuple[tuple[str, int], ...] = ()  # per unit what is set aside for open proposals


class Budget(NamedTuple):
    """Money given to a department; what is unspent at ``until`` (sealed time, 0: never) goes back."""

    department: bytes
    unit: str
    amount: int
    until: int


class Delegations(NamedTuple):
    """Whom a member lets vote: rows (scope, delegate), sorted; scope b"" is everything, b"d" ‖ department,
    b"t" ‖ topic."""

    rows: tuple[tuple[bytes, bytes], ...]


class Amendment(NamedTuple):
    """One change of the charter; ``None`` is "as for all". Key: its number from 1."""

    name: str
    old: int | None
    new: int | None
    proposal: bytes
    time: int


class Adopted(NamedTuple):
    """A text adopted by vote; key: the proposal. ``replaced`` is the proposal that replaced it."""

    title: str
    text: Ref | None
    time: int
    replaced: bytes | None


class Emergency(NamedTuple):
    """Singleton ``b"E"``: who asked for the stop and until when it holds (sealed time, 0: it does not).

    ``overruled`` asked for a stop that was lifted by vote: they may not ask again before ``free`` (sealed time).
    """

    supporters: tuple[bytes, ...]
    asked: int  # sealed time of the first
    until: int
    overruled: tuple[bytes, ...] = ()
    free: int = 0


class Device(NamedTuple):
    """``status``: active | refused | frozen | revoked."""

    member: bytes
    status: str
    since: int  # height


class Invite(NamedTuple):
    """``status``: open | used | expired | revoked. ``expires`` is 0 until sealed."""

    bearer: bytes
    role: str
    inviter: bytes
    uses: int
    used: int
    lifetime: int  # ms
    expires: int  # sealed time
    status: str
    note: Ref | None


class Assignee(NamedTuple):
    member: bytes
    share: int  # of the reward, in hundredths of a percent; all together 10,000


class Task(NamedTuple):
    """What becomes of a task; what it asks for stands in its ``Terms``.

    ``status``: draft | open | claimed | started | submitted | changes | accepted | rejected | disputed |
    cancelled | expired. A recurring task is one task with rounds: accepted, it opens again.
    """

    number: int  # 0 while provisional
    title: str
    opener: bytes
    payer: bytes  # party whose money is, or will be, in escrow
    unit: str  # "" without reward
    amount: int
    department: bytes | None
    status: str
    version: int  # of the terms, from 1
    round: int  # from 1
    opened: int  # height that sealed the opening in force; 0 while provisional and for a draft
    assignees: tuple[Assignee, ...]
    applicants: tuple[bytes, ...]
    ticks: tuple[int, ...]  # items of the checklist that are done, from 1, sorted
    started: int  # sealed time of the opening in force
    expires: int  # sealed time, 0: never
    returns: int  # sealed time at which the escrow of a rejected task goes back, 0: it does not wait
    resumes: int  # sealed time at which the next round opens, 0: none is to come
    stopped: str  # why the next round did not open: the code of a rejection
    closed: int  # height that sealed the end of the round, 0 before
    proposal: bytes | None  # that decides a dispute
    dispute: bytes | None  # the action that disputed
    comments: int


class Proposal(NamedTuple):
    """``status``: discussion | voting | passed | not_passed | decided | withdrawn.

    ``execution``: "" (nothing to execute) | waiting | done | failed | expired. ``effects`` are the typed
    effects in DAG-CBOR, as ``rules.effects`` reads them; b"" where there are none.
    """

    number: int
    title: str
    text: Ref | None
    author: bytes
    kind: str  # rules.charter.KINDS
    method: str
    parameters: tuple[tuple[str, Any], ...]  # of the method, sorted by name
    options: tuple[str, ...]
    effects: bytes
    department: bytes | None
    topic: str
    version: int  # from 1; each revision counts
    discussion: int  # ms
    voting: int  # ms
    power_kind: str  # rules.charter.POWERS
    power_unit: str  # of token power
    min_support: int | bytes  # power that must say yes, beside the charter's
    seconders: tuple[bytes, ...]
    bond: int  # minor units of the first unit
    reserved: tuple[tuple[bytes, str, int], ...]  # (party, unit, amount) set aside
    status: str
    opened: int  # height that sealed the opening of the vote, 0 before
    opens: int  # sealed time at which voting opens, 0 while provisional
    closes: int  # closing + grace, 0 before it is open
    electorate: int  # height whose final state gives the electorate
    voters: int  # members in the electorate
    power: int | bytes  # their power together
    voted: int
    chunks: int  # chunks of ballots and powers, a power of two
    rules: tuple[tuple[str, int], ...]  # of the charter as they stood at the opening, rules.charter.OF_A_VOTE
    leader: tuple[int, ...] | None  # at the last checkpoint before the final part; once closed, who won
    extended: bool
    execution: str
    reason: str  # why the execution failed: a rejection code
    retry_until: int  # sealed time
    comments: int


class Ballot(NamedTuple):
    """One row of a chunk: the ballot of a member that counts; ``choice`` is DAG-CBOR."""

    member: bytes
    choice: bytes
    power: int | bytes
    action: bytes


class Ballots(NamedTuple):
    """Chunk of a proposal's ballots, sorted by member; which chunk: see ``ballots_key``."""

    rows: tuple[Ballot, ...]


class Powers(NamedTuple):
    """Powers in a proposal, sorted by member: a fixed table, or a chunk of what the opening froze."""

    rows: tuple[tuple[bytes, int | bytes], ...]


class Result(NamedTuple):
    """Leaf of the results tree, keyed by the proposal's id."""

    number: int
    method: str
    options: tuple[str, ...]
    scores: tuple[str, ...]  # as printed: integers, fractions, or decimals where roots are irrational
    winners: tuple[int, ...]
    tie: bool
    valid_power: int | bytes
    electorate_power: int | bytes
    voted: int
    carried_power: int | bytes  # voted by delegates
    lost_power: int | bytes  # delegated in a circle or to nobody who voted
    outcome: str  # passed | not_passed | decided
    height: int
    closed: int  # sealed time


class Comment(NamedTuple):
    target: bytes
    author: bytes
    text: Ref
    mentions: tuple[bytes, ...]  # members named in the text


class Dispute(NamedTuple):
    """Somebody who doubts a contribution, and why."""

    member: bytes
    reason: Ref


class Contribution(NamedTuple):
    """``source``: claim | task. ``status``: claimed | endorsed | disputed | withdrawn.

    ``counted`` points stand in the author's sums; ``kept`` is what is left, at ``hour``, of the reputation
    that they gave, in nano-points encoded as a power.
    """

    author: bytes
    title: str
    text: Ref | None
    source: str
    task: bytes | None
    unit: str
    amount: int
    status: str
    endorsers: tuple[bytes, ...]
    sealed: int  # height
    comments: int
    category: str = ""
    department: bytes | None = None
    value: int | None = None  # points by a steward's judgement; None: as the charter says
    disputes: tuple[Dispute, ...] = ()
    counted: int = 0
    kept: int | bytes = 0
    hour: int = 0  # since 1970


class Account(NamedTuple):
    """``incoming`` is credited to ``balance`` at the end of the checkpoint that seals it."""

    balance: int
    incoming: int


class Unit(NamedTuple):
    name_en: str
    name_zh: str
    decimals: int
    cap: int  # most that may ever be issued
    supply: int
    reserved: int  # set aside for open proposals
    issued: int  # since ``period`` began
    period: int  # sealed time at which the current issue period began


class DueItem(NamedTuple):
    """``what``: a transition of ``core.transition.DUE``."""

    time: int
    place: int
    what: str
    target: bytes


class Due(NamedTuple):
    """Time-driven transitions of one hour, sorted; key: the hour since 1970."""

    items: tuple[DueItem, ...]


class Erased(NamedTuple):
    """Detached content that honest peers drop; keyed by its hash."""

    by: bytes
    height: int


class NotarisedFile(NamedTuple):
    """A file written down by its hash; the proof says that it existed before the checkpoint of ``height``."""

    member: bytes
    action: bytes
    size: int  # bytes
    height: int  # 0 while provisional
    title: Ref | None


Entity = (
    Org | Totals | Member | Device | Invite | Task | Terms | Submission | Proposal | Ballots | Powers | Result | Comment
    | Contribution | Account | Unit | Due | Erased | Register | Role | Department | Budget | Delegations
    | Amendment | Adopted | Emergency | Firm | Payment | Reputation | HalfLives | Points | Round | Gifts | Lines
    | Series | Share | Match | Backing | PayoutRecord | PaymentRequest | Schedule | Witnesses | Election | Activation
    | NotarisedFile | Epoch | Root | Guardians
)

_CLASSES: dict[int, type[Any]] = {
    ord("o"): Org,
    ord("n"): Totals,
    ord("m"): Member,
    ord("d"): Device,
    ord("i"): Invite,
    ord("t"): Task,
    ord("T"): Terms,
    ord("s"): Submission,
    ord("p"): Proposal,
    ord("v"): Ballots,
    ord("w"): Powers,
    ord("r"): Result,
    ord("c"): Comment,
    ord("k"): Contribution,
    ord("a"): Account,
    ord("u"): Unit,
    ord("q"): Due,
    ord("z"): Erased,
    ord("M"): Register,
    ord("N"): Register,
    ord("R"): Role,
    ord("D"): Department,
    ord("B"): Budget,
    ord("g"): Delegations,
    ord("C"): Amendment,
    ord("A"): Adopted,
    ord("E"): Emergency,
    ord("F"): Firm,
    ord("P"): Payment,
    ord("U"): PaymentRequest,
    ord("X"): Schedule,
    ord("S"): Reputation,
    ord("H"): HalfLives,
    ord("K"): Points,
    ord("J"): Round,
    ord("G"): Gifts,
    ord("L"): Lines,
    ord("Y"): Series,
    ord("y"): Share,
    ord("Q"): Match,
    ord("b"): Backing,
    ord("l"): Register,
    ord("O"): PayoutRecord,
    ord("W"): Witnesses,
    ord("V"): Election,
    ord("x"): Activation,
    ord("h"): NotarisedFile,
    ord("e"): Epoch,
    ord("I"): Root,
    ord("j"): Guardians,
}
# Fields that hold rows of a class of their own.
_ROWS: dict[int, tuple[str, type[Any]]] = {
    ord("v"): ("rows", Ballot),
    ord("q"): ("items", DueItem),
    ord("m"): ("grants", Grant),
    ord("F"): ("signers", Signer),
    ord("k"): ("disputes", Dispute),
    ord("L"): ("rows", Line),
    ord("Q"): ("projects", Project),
    ord("t"): ("assignees", Assignee),
    ord("T"): ("files", File),
    ord("s"): ("files", File),
}
def encode_entity(entity: Entity) -> bytes:
    """The leaf value of an entity."""
    return encode_trusted(entity)


def decode_entity(key: bytes, value: bytes) -> Entity:
    """The entity of a stored leaf value; nested lists become tuples."""
    fields = cbor2.loads(value, immutable=True)
    made = _CLASSES[key[0]]._make(fields)
    rows = _ROWS.get(key[0])
    if rows is not None:
        name, kind = rows
        made = made._replace(**{name: tuple(kind._make(row) for row in getattr(made, name))})
    if key[0] == ord("F") and made.handover is not None:
        by, signers, dual = made.handover
        made = made._replace(handover=Handover(by, tuple(Signer._make(row) for row in signers), dual))
    return cast(Entity, made)
