"""What the use cases return: frozen values, made in the engine, shown by window and command line.

Every value here converts to JSON with ``to_json``. Identifiers are lower-case hexadecimal strings
(64 digits); amounts are integers in minor units; times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from dao_app.app.views_parts import ActivityView as ActivityView
from dao_app.app.views_parts import AmountView as AmountView
from dao_app.app.views_parts import AttachedFile as AttachedFile
from dao_app.app.views_parts import CommentView as CommentView
from dao_app.app.views_parts import EffectView as EffectView
from dao_app.app.views_parts import FieldView as FieldView
from dao_app.app.views_parts import PersonView as PersonView
from dao_app.app.views_parts import Stamp as Stamp
from dao_app.app.views_parts import State as State
from dao_app.app.views_proposals import BallotView as BallotView
from dao_app.app.views_proposals import ProposalDetail as ProposalDetail
from dao_app.app.views_proposals import ProposalRow as ProposalRow
from dao_app.app.views_proposals import TallyView as TallyView
from dao_app.app.views_rewards import ContributionDetail as ContributionDetail
from dao_app.app.views_rewards import ContributionRow as ContributionRow

if TYPE_CHECKING:
    from dao_app.app.views_governance import DelegationRow
    from dao_app.app.views_tasks import TaskRow


def to_json(value: Any) -> Any:
    """Turn a view (or a list, tuple or mapping of views) into plain JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(v) for v in value]
    return value


@dataclass(frozen=True, slots=True)
class IdentityView:
    exists: bool
    unlocked: bool
    id: str = ""
    name: str = ""
    fingerprint: str = ""
    words_confirmed: bool = False
    keyring: bool = False  # the system keyring opens the key file


@dataclass(frozen=True, slots=True)
class UnitView:
    code: str
    name_en: str
    name_zh: str
    decimals: int
    supply_minor: int
    cap_minor: int


@dataclass(frozen=True, slots=True)
class OrgRow:
    """One organisation in the switcher. ``membership``: active | joining | none | refused."""

    id: str
    name: str
    members: int
    membership: str
    roles: tuple[str, ...]
    demo: bool = False


@dataclass(frozen=True, slots=True)
class ParameterView:
    """One line of the charter; ``value`` is shown as written."""

    key: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class OrgView:
    row: OrgRow
    purpose: str
    founded_ms: int
    units: tuple[UnitView, ...]
    charter: tuple[ParameterView, ...]
    you: PersonView | None
    permissions: tuple[str, ...]  # what your roles allow, e.g. "task.open"
    modules: tuple[str, ...] = ("tasks", "contributions", "rewards", "tokens", "firms")  # that are on
    stopped_until_ms: int | None = None  # the emergency stop


@dataclass(frozen=True, slots=True)
class BalanceView:
    """Of one party in one unit: spendable (final), held in escrow or set aside, pending in and out."""

    party: str  # "treasury" or a member id
    person: PersonView | None
    unit: str
    decimals: int
    available_minor: int
    pending_in_minor: int
    pending_out_minor: int
    held_minor: int
    name: str = ""  # of a department or firm


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One posting. ``kind``: issue | transfer | tip | escrow | pay | refund | reserve | bond | forfeit |
    budget | fine | reward | support | match. Parties: "treasury", "escrow", "reserve", "issue", "department",
    "firm" or a member id; ``action`` caused it; ``memo`` is foreign text."""

    action: str
    kind: str
    source: str
    source_person: PersonView | None
    target: str
    target_person: PersonView | None
    amount: AmountView
    memo: str
    stamp: Stamp
    source_name: str = ""  # of a department or firm, else ""
    target_name: str = ""


@dataclass(frozen=True, slots=True)
class MemberRow:
    person: PersonView
    roles: tuple[str, ...]
    status: str  # active | joining | applicant | suspended | left | expelled
    invited_by: PersonView | None
    joined_ms: int
    power: str
    devices: tuple[str, ...]  # short fingerprints
    online: bool
    stamp: Stamp
    stances: tuple[str, ...] = ()  # producer | consumer | promoter | investor


@dataclass(frozen=True, slots=True)
class InviteRow:
    id: str
    role: str
    inviter: PersonView
    uses: int
    used: int
    expires_ms: int | None  # None until the final order has started its time
    status: str  # open | used | expired | revoked
    note: str
    stamp: Stamp
    can: tuple[str, ...]  # revoke, show (its link is known on this device)


@dataclass(frozen=True, slots=True)
class InviteCreated:
    id: str
    link: str
    text: str
    words: tuple[str, ...]  # to compare aloud
    lifetime_ms: int


@dataclass(frozen=True, slots=True)
class InvitePreview:
    """What an invitation itself says; nothing else about the organisation is known yet."""

    org: str
    role: str
    inviter_fingerprint: str
    expires_ms: int
    addresses: tuple[str, ...]
    words: tuple[str, ...]
    anchor_height: int


@dataclass(frozen=True, slots=True)
class JoinView:
    """``stage``: searching | syncing | waiting | done | refused."""

    org: str
    stage: str
    received: int
    total: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LogRow:
    id: str
    place: int | None  # place in the final order
    author: PersonView
    device: str
    seq: int
    type: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LogEntry:
    row: LogRow
    cid: str
    payload: Any  # JSON form of the payload: links as {"/": cid}, bytes as {"bytes": hex}
    signature: str
    size: int


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    height: int
    id: str
    time_ms: int
    actions: int
    state_root: str
    results_root: str
    frontier_root: str
    signers: tuple[str, ...]
    witnesses: int
    quorum: int


@dataclass(frozen=True, slots=True)
class WitnessView:
    person: PersonView
    here: bool  # its key is on this device
    online: bool
    seen_ms: int | None


@dataclass(frozen=True, slots=True)
class TrustView:
    height: int
    sealed_ms: int
    actions_final: int
    actions_provisional: int
    contested: int
    witnesses: tuple[WitnessView, ...]
    quorum: int
    founder_alone: bool
    waits_for: tuple[str, ...]
    waits_since_ms: int | None
    words: tuple[str, ...]  # six words of the common history, to compare aloud
    checkpoints: tuple[CheckpointRow, ...]  # newest first, at most 24


@dataclass(frozen=True, slots=True)
class PeerRow:
    person: PersonView | None
    device: str
    fingerprint: str
    address: str
    path: str  # direct | local | relay | none
    connected: bool
    seen_ms: int | None
    height: int | None
    agrees: bool | None
    behind: int | None  # actions that it or we still miss
    delay_ms: int | None = None  # of its last round trip


@dataclass(frozen=True, slots=True)
class StatusView:
    """The status bar."""

    peers: int
    offline_since_ms: int | None
    unsent: int
    provisional: int
    height: int
    sealed_ms: int | None
    waits_for: tuple[str, ...]
    witness_seen_ms: int | None
    syncing: tuple[int, int] | None  # done, total


@dataclass(frozen=True, slots=True)
class TodayItem:
    """``what``: vote | second | review | work | assign | mention_task | mention_proposal | mention_contribution |
    endorse | confirm_words | share_points | confirm_payout | pay | approve_payment | be_witness | renew_device |
    sign_recovery | refuse_rekey | approve_rekey.

    ``target`` is an object id; ``department`` its department's name or "". ``person``: who votes in your place
    (``note`` "voted": has already), who asks, pays or proposes.
    """

    what: str
    target: str
    number: int | None
    title: str
    due_ms: int | None
    amount: AmountView | None
    department: str = ""
    person: PersonView | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TodayView:
    needs: tuple[TodayItem, ...]
    tasks: tuple[TaskRow, ...]
    decided: tuple[ProposalRow, ...]
    balances: tuple[BalanceView, ...]
    upcoming: tuple[TodayItem, ...]
    delegations: tuple[DelegationRow, ...] = ()  # whom you let vote


@dataclass(frozen=True, slots=True)
class RootView:
    org: str
    height: int
    time_ms: int
    state_root: str
    results_root: str
    frontier_root: str
    checkpoint: str
    provisional: int
    provisional_root: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened. ``event``: arrived | final | rejected | result. ``id`` of the action or proposal,
    ``about`` the object that it concerns or ""; ``height`` of the checkpoint that sealed it, None before;
    ``reason`` a rejection code, or the outcome of a result."""

    event: str
    id: str
    type: str
    author: PersonView
    about: str
    at_ms: int
    height: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class EventsView:
    """What happened after a cursor, in order; ``cursor`` to go on from."""

    cursor: str
    events: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Of "verify everything": each check with how many were looked at and what was found wrong. ``missing``: actions
    under a snapshot that are not here yet, so that what led to it could not be derived."""

    actions: int
    signatures_bad: int
    checkpoints: int
    checkpoints_bad: int
    results: int
    results_bad: int
    ledgers: int
    ledgers_bad: int
    root_matches: bool
    ok: bool
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. ``level``: ok | note | problem; texts come from ``doctor.<code>``."""

    code: str
    level: str
    params: dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What the engine hands over after something changed; ``topics`` say which views to ask again.

    Topics: identity, orgs, org, members, invites, tasks, proposals, contributions, ledger, log,
    checkpoints, peers, status, join.
    """

    org: str
    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """Long work: ``job`` names it; ``total`` may be 0 while unknown."""

    job: str
    done: int
    total: int
