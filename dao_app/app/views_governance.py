"""What the use cases of governance return: checks, charter, roles, departments, firms, delegations."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views_parts import AmountView, EffectView, PersonView, Stamp


@dataclass(frozen=True, slots=True)
class CheckView:
    """A dry run: what would happen, and the rejection code that stands in the way, or ""."""

    effects: tuple[EffectView, ...]
    reason: str
    asks: tuple[AmountView, ...]  # what it takes out of the treasury and departments
    votes: int  # members who would vote, where one member has one vote; else 0


@dataclass(frozen=True, slots=True)
class CharterRow:
    """One parameter. ``value`` and bounds are numbers in ``unit``: bp | ms | power | count | flag | choice |
    amount; ``step`` is the most that one amendment may change (0: any); ``choices`` name the values of a
    choice. ``kinds`` are (kind of proposal, value) where a kind has its own; ``own`` whether kinds may."""

    name: str
    unit: str
    value: int
    default: int
    least: int
    most: int
    step: int
    choices: tuple[str, ...]
    own: bool
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AmendmentRow:
    """One change of the charter, newest first; ``old`` and ``new`` are None for "as for all"."""

    number: int
    name: str
    unit: str
    choices: tuple[str, ...]
    old: int | None
    new: int | None
    proposal: str
    proposal_number: int | None
    title: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class AdoptedRow:
    """A text in force, or one that was replaced."""

    proposal: str
    proposal_number: int | None
    title: str
    text: str | None
    time_ms: int
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class CharterView:
    rows: tuple[CharterRow, ...]
    history: tuple[AmendmentRow, ...]
    texts: tuple[AdoptedRow, ...]


@dataclass(frozen=True, slots=True)
class GrantView:
    """A role somebody has. ``cause``: what gave it: "P-12", "founding", "invitation" or the name of who
    signed it (foreign text)."""

    role: str
    role_name: str  # of a role that the organisation defined, in both languages "en / zh"; else ""
    department: str
    department_id: str
    cause: str
    cause_id: str
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class MayRow:
    """Who may do what, and why."""

    person: PersonView
    permission: str
    why: tuple[GrantView, ...]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """``built_in`` roles are named by the catalogue (``role.<code>``)."""

    code: str
    name_en: str
    name_zh: str
    permissions: tuple[str, ...]
    built_in: bool
    holders: tuple[PersonView, ...]


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """In the order of the tree; ``depth`` is 1 at the top. ``can``: open, move, close, give."""

    id: str
    name: str
    parent: str
    depth: int
    active: bool
    cause: str
    stewards: tuple[PersonView, ...]
    members: tuple[tuple[PersonView, tuple[str, ...]], ...]
    balances: tuple[AmountView, ...]
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """The stop: who asked, how many are needed, until when it holds (None: it does not)."""

    supporters: tuple[PersonView, ...]
    needed: int
    until_ms: int | None
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """``scope``: everything | department | topic; ``name`` of the department or topic."""

    scope: str
    name: str
    department_id: str
    person: PersonView


@dataclass(frozen=True, slots=True)
class DelegationsView:
    """Whom you let vote, and who lets you vote."""

    given: tuple[DelegationRow, ...]
    received: tuple[DelegationRow, ...]


@dataclass(frozen=True, slots=True)
class SignerView:
    person: PersonView
    limit: str  # decimal text in the first unit


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A firm's payment that waits, or waited, for a second signer. ``can``: approve, cancel."""

    id: str
    amount: AmountView
    to: str
    to_person: PersonView | None
    by: PersonView
    status: str
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirmRow:
    """``can``: pay, change."""

    id: str
    name: str
    register: str
    signers: tuple[SignerView, ...]
    dual: str  # decimal text: payments above need two
    balances: tuple[AmountView, ...]
    payments: tuple[PaymentRow, ...]
    handover_by: PersonView | None
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestRow:
    """Somebody asks you for a payment, or you asked. ``status``: open | paid | declined | withdrawn.
    ``can``: settle, close."""

    id: str
    payee: PersonView
    payer: PersonView
    amount: AmountView
    memo: str
    status: str
    stamp: Stamp
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A sum paid in instalments. ``status``: active | done | stopped. Parties as in ``LedgerRow`` or the name
    of a department or firm; times in ms. ``can``: stop."""

    id: str
    source: str
    source_person: PersonView | None
    target: str
    target_person: PersonView | None
    amount: AmountView
    paid: AmountView
    instalments: int
    done: int
    every_ms: int
    next_ms: int | None
    revocable: bool
    status: str
    stamp: Stamp
    can: tuple[str, ...]
    from_treasury: bool


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A proposal to start from. Texts come from the catalogue (``template.<code>`` and its ``.text``)."""

    code: str
    kind: str
    method: str
    effects: tuple[str, ...]  # kinds of effects to fill in
