"""What waits for the member of this device, and what comes up.

Only objects that can be in the answer become rows: gestures are judged for these alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app import views_tasks as vt
from dao_app.app.cases import Cases
from dao_app.app.cases_finality import is_frozen
from dao_app.app.cases_firms import payment_row
from dao_app.app.cases_governance import delegation_row
from dao_app.app.cases_payments import request_row
from dao_app.app.cases_tokens import balances
from dao_app.app.contribution_rows import contribution_row
from dao_app.app.duties import term_open_to
from dao_app.app.proposal_views import proposal_ids, proposal_row, status_of
from dao_app.app.queries import COMMENT, Reader
from dao_app.app.reward_rows import payout_row, round_row
from dao_app.app.task_rows import task_ids, task_row
from dao_app.app.workspace import Opened
from dao_app.core.entities import Contribution, Delegations, Firm, Payment, PaymentRequest, Proposal, Task
from dao_app.core.envelope import parse_trusted
from dao_app.core.key_entities import Guardians
from dao_app.core.keys import (
    contribution_key,
    delegations_key,
    firm_key,
    guardians_key,
    member_party,
    payment_key,
    payout_key,
    proposal_key,
    request_key,
    round_key,
    task_key,
)
from dao_app.core.reward_entities import PayoutRecord, Round
from dao_app.core.rules import charter
from dao_app.core.rules.ballots import ballot_of
from dao_app.core.rules.delegations import delegate_for, scopes_of
from dao_app.core.rules.task_flow import AT_WORK
from dao_app.core.rules.task_money import LIVE
from dao_app.core.rules.task_terms import terms_of

MINE = (*LIVE, "changes", "submitted", "disputed")
JUDGED = ("submitted", "disputed")  # stages in which work waits to be accepted
MENTION_MS = 14 * 24 * 3_600_000  # an unanswered mention is shown for so long
MENTIONS_LOOKED_AT = 1_000  # newest actions searched for mentions
DECIDED_ROWS = 8
UPCOMING_ROWS = 8
DELEGATES_FOLLOWED_MAX = 64  # of a chain of delegates; a longer one is shown by its first


class TodayCases(Cases):
    """Part of ``app.api.Api``."""

    def today(self, org: str) -> v.TodayView:
        opened, reader = self._read(org)
        now = self._ws.clock.now_ms()
        tasks = [(id_, reader.state.need(task_key(id_), Task)) for id_ in task_ids(reader)]
        rows = [task_row(reader, id_) for id_, task in tasks if _may_wait(reader, task)]
        proposals = [(id_, reader.state.need(proposal_key(id_), Proposal)) for id_ in proposal_ids(reader, now)]
        own = balances(reader, [member_party(reader.member)]) if reader.member else ()
        return v.TodayView(
            tuple(self._needs(opened, reader, rows, proposals, now)),
            tuple(row for row in rows if row.yours and row.status in MINE),
            _decided(reader, proposals, now),
            own,
            _upcoming(reader, tasks, proposals, now),
            _delegations(reader),
        )

    def _needs(
        self, opened: Opened, reader: Reader, tasks: Sequence[vt.TaskRow], proposals: Sequence[tuple[bytes, Proposal]],
        now: int,
    ) -> Iterator[v.TodayItem]:
        profile = {} if opened.demo else self._ws.home.load_profile()
        if profile.get("member") and not profile.get("words_confirmed") and reader.permissions():
            yield v.TodayItem("confirm_words", "", None, "", None, None)
        yield from _finality(opened)
        yield from _other_keys(reader)
        yield from _votes(reader, proposals, now)
        for t in tasks:
            if "accept" in t.can:
                yield v.TodayItem("review", t.id, t.number, t.title, None, t.reward, t.department)
            elif t.applicants and "assign" in t.can and not t.assignees:
                yield v.TodayItem("assign", t.id, t.number, t.title, t.due_ms, t.reward, t.department)
            elif "submit" in t.can and t.status in AT_WORK:
                due = t.due_ms or t.expires_ms
                yield v.TodayItem("work", t.id, t.number, t.title, due, t.reward, t.department)
        yield from _payments(reader)
        yield from _mentions(reader, now)
        yield from _rewards(reader, now)


def _may_wait(reader: Reader, task: Task) -> bool:
    """Can the task be the member's own, or ask something of the member?"""
    mine = any(one.member == reader.member for one in task.assignees)
    applied = task.status == "open" and bool(task.applicants) and not task.assignees
    return (mine and task.status in MINE) or task.status in JUDGED or applied


# -- finality ----------------------------------------------------------------------------------------
def _finality(opened: Opened) -> Iterator[v.TodayItem]:
    """What a person must do so that things become final; witness devices co-sign on their own."""
    org = opened.org
    if org.signer is None:
        return
    if is_frozen(org):
        yield v.TodayItem("renew_device", "", None, "", None, None)
    elif term_open_to(org) is not None:
        yield v.TodayItem("be_witness", "", None, "", None, None)
    if any(not one.mine and not one.in_effect for one in org.recovering.standings()):
        yield v.TodayItem("sign_recovery", "", None, "", None, None)


# -- guardians ---------------------------------------------------------------------------------------
def _other_keys(reader: Reader) -> Iterator[v.TodayItem]:
    """Somebody is giving this member another key, or a member whose guardian one is asks for one."""
    me = reader.member
    if me is None or reader.org.signer is None:
        return
    own = reader.state.get(guardians_key(me), Guardians)
    if own is not None and own.approvals:
        yield v.TodayItem("refuse_rekey", "", None, "", own.until or None, None)
    for root in reader.roots():
        found = reader.state.get(guardians_key(root), Guardians)
        if found is None or me not in found.guardians or not found.approvals or found.root:
            continue
        if me not in dict(found.approvals):
            yield v.TodayItem("approve_rekey", root.hex(), None, "", None, None, person=reader.person(root))


# -- votes -------------------------------------------------------------------------------------------
def _votes(reader: Reader, proposals: Sequence[tuple[bytes, Proposal]], now: int) -> list[v.TodayItem]:
    """Votes that one has not cast, those first where nobody votes in one's place; proposals to second."""
    own: list[v.TodayItem] = []
    carried: list[v.TodayItem] = []
    seconds: list[v.TodayItem] = []
    for id_, entity in proposals:
        status = status_of(entity, now)
        if status not in ("voting", "discussion"):
            continue
        p = proposal_row(reader, id_, now)
        if status == "voting" and "vote" in p.can and p.my_choice is None:
            via, voted = _delegate(reader, id_, entity)
            item = v.TodayItem(
                "vote", p.id, p.number, p.title, p.closes_ms, None, p.department, via, "voted" if voted else ""
            )
            (own if via is None else carried).append(item)
        if "second" in p.can:  # also while the vote is open: without it no money is set aside
            seconds.append(v.TodayItem("second", p.id, p.number, p.title, p.opens_ms, None, p.department, p.author))
    return [*own, *carried, *seconds]


def _delegate(reader: Reader, id_: bytes, proposal: Proposal) -> tuple[v.PersonView | None, bool]:
    """Who votes in the member's place, and whether already: the first of the chain who has voted, else its first."""
    state, at = reader.state, reader.member
    if at is None or not charter.rule_of(state, proposal, "delegation"):
        return None, False
    scopes = scopes_of(state, proposal)
    first = None
    for _ in range(DELEGATES_FOLLOWED_MAX):
        at = delegate_for(state, at, scopes)
        if at is None or at == reader.member:
            break
        first = first or at
        if ballot_of(state, id_, proposal, at) is not None:
            return reader.person(at), True
    return (reader.person(first) if first else None), False


def _delegations(reader: Reader) -> tuple[g.DelegationRow, ...]:
    """Whom the member lets vote."""
    found = reader.state.get(delegations_key(reader.member), Delegations) if reader.member else None
    return tuple(delegation_row(reader, scope, to) for scope, to in (found.rows if found is not None else ()))


def _decided(
    reader: Reader, proposals: Sequence[tuple[bytes, Proposal]], now: int
) -> tuple[v.ProposalRow, ...]:
    over = [(p.closes, id_) for id_, p in proposals if p.status in ("passed", "not_passed", "decided")]
    over.sort(reverse=True)
    return tuple(proposal_row(reader, id_, now) for _, id_ in over[:DECIDED_ROWS])


def _upcoming(
    reader: Reader, tasks: Sequence[tuple[bytes, Task]], proposals: Sequence[tuple[bytes, Proposal]], now: int
) -> tuple[v.TodayItem, ...]:
    """What ends soonest: votes, and dates of tasks."""
    found = [
        v.TodayItem(
            "vote", id_.hex(), p.number or None, p.title, p.closes, None, reader.department_name(p.department)
        )
        for id_, p in proposals
        if status_of(p, now) == "voting"
    ]
    for id_, task in tasks:
        due = (terms_of(reader.state, id_).due or task.expires) if task.status in LIVE else 0
        if due:
            reward = reader.amount(task.unit, task.amount)
            name = reader.department_name(task.department)
            found.append(v.TodayItem("work", id_.hex(), task.number or None, task.title, due, reward, name))
    found.sort(key=lambda item: (item.due_ms or 0, item.target))
    return tuple(found[:UPCOMING_ROWS])


# -- money -------------------------------------------------------------------------------------------
def _payments(reader: Reader) -> Iterator[v.TodayItem]:
    """Requests to the member, and payments of firms that wait for the member's signature."""
    for id_ in reader.org.store.of_type("payment.request"):
        request = reader.state.get(request_key(id_), PaymentRequest)
        if request is not None and request.status == "open" and request.payer == reader.member:
            row = request_row(reader, id_)
            yield v.TodayItem("pay", row.id, None, row.payee.name, None, row.amount, "", row.payee)
    for id_ in reader.org.store.of_type("firm.pay"):
        payment = reader.state.get(payment_key(id_), Payment)
        if payment is None or payment.status != "waiting":
            continue
        waiting = payment_row(reader, id_)
        if "approve" in waiting.can:
            firm = reader.state.need(firm_key(payment.firm), Firm)
            yield v.TodayItem("approve_payment", waiting.id, None, firm.name, None, waiting.amount, "", waiting.by)


# -- what was said, and rewards ----------------------------------------------------------------------
def _mentions(reader: Reader, now: int) -> list[v.TodayItem]:
    """Objects on which somebody lately named you and you have not spoken since, newest first."""
    since = now - MENTION_MS
    told: dict[bytes, v.TodayItem | None] = {}
    for record in reader.org.store.newest(MENTIONS_LOOKED_AT, None):
        action = parse_trusted(record.id, record.payload)
        if action.type != COMMENT or action.at < since:
            continue
        on, author = bytes(action.body["on"]), reader.author(action.by)
        named = reader.member in action.body.get("mentions", ())
        if (author.you or named) and on not in told and reader.stands(action.id):
            told[on] = None if author.you else _mention(reader, on)
    return [item for item in told.values() if item is not None]


def _mention(reader: Reader, on: bytes) -> v.TodayItem | None:
    entities: list[tuple[str, Task | Proposal | Contribution | None]] = [
        ("task", reader.state.get(task_key(on), Task)),
        ("proposal", reader.state.get(proposal_key(on), Proposal)),
        ("contribution", reader.state.get(contribution_key(on), Contribution)),
    ]
    for kind, entity in entities:
        if entity is not None:
            number = None if isinstance(entity, Contribution) else entity.number or None
            department = reader.department_name(entity.department)
            return v.TodayItem(f"mention_{kind}", on.hex(), number, entity.title, None, None, department)
    return None


def _rewards(reader: Reader, now: int) -> Iterator[v.TodayItem]:
    """Contributions to endorse, points to share out, and payouts to confirm."""
    for id_ in reader.org.store.of_type("contribution.claim"):
        claim = reader.state.get(contribution_key(id_), Contribution)
        if claim is not None and claim.status == "claimed":
            row = contribution_row(reader, id_, id_)
            if "endorse" in row.can:
                yield v.TodayItem("endorse", row.id, None, row.title, None, None, row.department)
    for id_ in reader.org.store.of_type("round.open"):
        found = reader.state.get(round_key(id_), Round)
        if found is None or found.status != "open" or found.kind == "points":
            continue
        one = round_row(reader, id_, now)
        if "give" in one.can and not one.my_given and one.status == "open":
            yield v.TodayItem("share_points", one.id, one.number, one.title, one.closes_ms, one.amount)
    for id_ in reader.org.store.of_type("payout.record"):
        payout = reader.state.get(payout_key(id_), PayoutRecord)
        if payout is not None and payout.status == "recorded" and payout.to == reader.member:
            paid = payout_row(reader, id_)
            yield v.TodayItem("confirm_payout", paid.id, None, paid.by.name, None, paid.amount)
