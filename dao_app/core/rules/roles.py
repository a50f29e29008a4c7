"""Roles as named sets of permissions (ORG-5): built in here, or defined by the organisation.

Invariants: only a founder or steward gives a role beyond member and observer; nobody gives a role with a
permission of which they have none themselves; a role that an organisation defines holds no permission
of ``FOUNDATIONAL``, so who has a vote never depends on a definition that can change.
"""

from __future__ import annotations

_SPEAK = frozenset({"comment.add", "content.erase"})
_OWN = _SPEAK | {"token.transfer", "token.tip"}
_VOTE = frozenset({"vote.cast", "vote.delegate"})
_WORK = _OWN | _VOTE | {
    "task.open",
    "task.claim",
    "task.submit",
    "task.review",
    "proposal.open",
    "proposal.second",
    "contribution.claim",
    "contribution.endorse",
    "invite.create",
    "firm.manage",
}
_MANAGE = _WORK | {
    "task.fund", "task.cancel", "proposal.table", "proposal.steward", "invite.role", "department.manage",
    "round.open", "contribution.value",
}
_MONEY = _WORK | {"task.fund", "treasury.spend", "token.issue", "payout.record", "round.open"}

ROLES: dict[str, frozenset[str]] = {
    "founder": _MANAGE | _MONEY,
    "steward": _MANAGE,
    "treasurer": _MONEY,
    "auditor": _SPEAK | _VOTE | {"contribution.endorse", "proposal.second", "emergency.stop"},
    "witness": _WORK,
    "member": _WORK,
    "partner": _WORK,
    "investor": _OWN | _VOTE,
    "observer": _SPEAK,
}
PERMISSIONS = frozenset().union(*ROLES.values())
INVITABLE = ("member", "steward", "treasurer", "auditor", "witness", "partner", "investor", "observer")
PLAIN = ("member", "observer")  # roles that any inviter may give
VOTING = frozenset(name for name, permissions in ROLES.items() if "vote.cast" in permissions)
STEERING = frozenset(name for name, permissions in ROLES.items() if "proposal.steward" in permissions)
CONTROL = frozenset({"emergency.stop"})  # holds others in check: who gives roles may give it without having it
FOUNDATIONAL = frozenset({"vote.cast", "vote.delegate", "proposal.steward"})

_JOINT: dict[tuple[str, ...], frozenset[str]] = {}
JOINT_MAX = 1_024  # combinations of built-in roles kept


def permissions_of(roles: tuple[str, ...]) -> frozenset[str]:
    """All that these built-in roles allow together; others allow nothing here."""
    joint = _JOINT.get(roles)
    if joint is None:
        joint = frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
        if len(_JOINT) < JOINT_MAX:
            _JOINT[roles] = joint
    return joint


def may_vote(roles: tuple[str, ...]) -> bool:
    return any(role in VOTING for role in roles)
