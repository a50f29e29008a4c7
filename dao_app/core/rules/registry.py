"""Action types of rules version 1: the shape of each body and the rule that judges it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dao_app.core.envelope import Action
from dao_app.core.rules import (
    ballots,
    closing,
    contributions,
    delegations,
    departments,
    devices,
    emergency,
    epochs,
    firms,
    guardians,
    ledger,
    matching,
    membership,
    notary,
    payments,
    payouts,
    proposals,
    rounds,
    task_flow,
    task_review,
    tasks,
    witnesses,
)
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.schema import Schema
from dao_app.core.state import State

Rule = Callable[[State, Action, Author, Context], Rejection | None]


class Entry(NamedTuple):
    """``about`` names the body field that links to the object concerned, or is empty."""

    schema: Schema
    rule: Rule
    about: str


TYPES: dict[str, Entry] = {
    "invite.create": Entry(membership.INVITE, membership.invite, ""),
    "invite.revoke": Entry(membership.REVOKE, membership.revoke, "invite"),
    "device.fork": Entry(devices.FORK, devices.fork, ""),
    "device.revoke": Entry(devices.REVOKE, devices.revoke, ""),
    "key.epoch": Entry(epochs.PUBLISH, epochs.publish, ""),
    "guardian.set": Entry(guardians.SET, guardians.name, ""),
    "guardian.approve": Entry(guardians.APPROVE, guardians.approve, ""),
    "guardian.refuse": Entry(guardians.REFUSE, guardians.refuse, ""),
    "task.open": Entry(tasks.OPEN, tasks.open_task, ""),
    "task.publish": Entry(tasks.STEP, tasks.publish, "task"),
    "task.edit": Entry(tasks.EDIT, tasks.edit, "task"),
    "task.cancel": Entry(tasks.STEP, tasks.cancel, "task"),
    "task.claim": Entry(task_flow.CLAIM, task_flow.claim, "task"),
    "task.apply": Entry(task_flow.APPLY, task_flow.apply_for, "task"),
    "task.assign": Entry(task_flow.ASSIGN, task_flow.assign, "task"),
    "task.unassign": Entry(task_flow.UNASSIGN, task_flow.unassign, "task"),
    "task.start": Entry(tasks.STEP, task_flow.start, "task"),
    "task.tick": Entry(task_flow.TICK, task_flow.tick, "task"),
    "task.submit": Entry(task_flow.SUBMIT, task_flow.submit, "task"),
    "task.accept": Entry(task_review.REVIEW, task_review.accept, "task"),
    "task.changes": Entry(task_review.REVIEW, task_review.request_changes, "task"),
    "task.reject": Entry(task_review.REVIEW, task_review.reject, "task"),
    "task.dispute": Entry(task_review.DISPUTE, task_review.dispute, "task"),
    "proposal.open": Entry(proposals.OPEN, proposals.open_proposal, ""),
    "proposal.withdraw": Entry(proposals.ABOUT, proposals.withdraw, "proposal"),
    "proposal.revise": Entry(proposals.REVISE, proposals.revise, "proposal"),
    "proposal.second": Entry(proposals.ABOUT, proposals.second, "proposal"),
    "proposal.execute": Entry(proposals.ABOUT, closing.retry, "proposal"),
    "vote.cast": Entry(ballots.VOTE, ballots.vote, "proposal"),
    "vote.delegate": Entry(delegations.DELEGATE, delegations.delegate, ""),
    "member.stances": Entry(membership.SAY_STANCES, membership.say_stances, ""),
    "member.leave": Entry(membership.LEAVE, membership.leave, ""),
    "department.open": Entry(departments.OPEN, departments.open_department, ""),
    "department.move": Entry(departments.MOVE, departments.move_department, "department"),
    "department.close": Entry(departments.CLOSE, departments.close_department, "department"),
    "role.give": Entry(departments.GIVE, departments.give, "department"),
    "role.take": Entry(departments.GIVE, departments.take, "department"),
    "emergency.stop": Entry(emergency.STOP, emergency.stop, ""),
    "payment.request": Entry(payments.REQUEST, payments.request, ""),
    "payment.settle": Entry(payments.ABOUT, payments.pay_request, "request"),
    "payment.close": Entry(payments.ABOUT, payments.close_request, "request"),
    "payment.schedule": Entry(payments.SCHEDULE, payments.plan, ""),
    "payment.stop": Entry(payments.STOP, payments.stop, "schedule"),
    "firm.register": Entry(firms.REGISTER, firms.register, ""),
    "firm.change": Entry(firms.CHANGE, firms.change, "firm"),
    "firm.pay": Entry(firms.PAY, firms.pay, "firm"),
    "firm.approve": Entry(firms.APPROVE, firms.approve, "payment"),
    "firm.cancel": Entry(firms.APPROVE, firms.cancel, "payment"),
    "contribution.claim": Entry(contributions.CLAIM, contributions.claim, ""),
    "contribution.endorse": Entry(contributions.ABOUT, contributions.endorse, "contribution"),
    "contribution.dispute": Entry(contributions.DISPUTE, contributions.dispute, "contribution"),
    "contribution.withdraw": Entry(contributions.ABOUT, contributions.withdraw, "contribution"),
    "contribution.value": Entry(contributions.VALUE, contributions.value, "contribution"),
    "round.open": Entry(rounds.OPEN, rounds.open_round, ""),
    "round.give": Entry(rounds.GIVE, rounds.give, "round"),
    "round.cancel": Entry(rounds.CANCEL, rounds.cancel, "round"),
    "match.open": Entry(matching.OPEN, matching.open_match, ""),
    "match.give": Entry(matching.GIVE, matching.give, "match"),
    "match.cancel": Entry(matching.CANCEL, matching.cancel, "match"),
    "payout.record": Entry(payouts.RECORD, payouts.record, ""),
    "payout.confirm": Entry(payouts.ANSWER, payouts.confirm, "payout"),
    "payout.dispute": Entry(payouts.ANSWER, payouts.dispute, "payout"),
    "witness.ready": Entry(witnesses.READY, witnesses.ready, ""),
    "witness.move": Entry(witnesses.MOVE, witnesses.move, ""),
    "witness.evidence": Entry(witnesses.EVIDENCE, witnesses.evidence, ""),
    "rules.ready": Entry(witnesses.RULES_READY, witnesses.rules_ready, ""),
    "comment.add": Entry(contributions.COMMENT, contributions.comment, "on"),
    "content.erase": Entry(contributions.ERASE, contributions.erase, "on"),
    "file.notarise": Entry(notary.NOTARISE, notary.notarise, ""),
    "token.issue": Entry(ledger.ISSUE, ledger.issue, ""),
    "token.transfer": Entry(ledger.TRANSFER, ledger.transfer, ""),
    "token.tip": Entry(ledger.TIP, ledger.tip, ""),
}

# Actions that remove rights come first among ready ones (protocol §3.2).
REMOVES_RIGHTS = frozenset(
    {
        "device.fork", "device.revoke", "emergency.stop", "invite.revoke", "member.leave", "role.take",
        "witness.evidence",
    }
)


def about(action: Action) -> bytes | None:
    """The id of the object that an action concerns, or None; never raises for a foreign body."""
    entry = TYPES.get(action.type)
    if entry is None or not entry.about:
        return None
    target = action.body.get(entry.about)
    return target if isinstance(target, bytes) and len(target) == 32 else None
