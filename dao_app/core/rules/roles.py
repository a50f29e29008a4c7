"""Built-in roles as named sets of permissions (ORG-5).

Invariants: only a founder or steward gives a role beyond member and observer; nobody invites into a role
with a permission of which they have none themselves.
"""

from __future__ import annotations

_SPEAK = frozenset({"comment.add", "content.erase"})
_OWN = _SPEAK | {"token.transfer", "token.tip"}
_WORK = _OWN | {
    "task.open",
    "task.claim",
    "task.submit",
    "task.review",
    "proposal.open",
    "vote.cast",
    "contribution.claim",
    "contribution.endorse",
    "invite.create",
}
_MANAGE = _WORK | {"task.fund", "task.cancel", "proposal.table", "invite.role"}
_MONEY = _WORK | {"task.fund", "treasury.spend", "token.issue"}

ROLES: dict[str, frozenset[str]] = {
    "founder": _MANAGE | _MONEY,
    "steward": _MANAGE,
    "treasurer": _MONEY,
    "auditor": _SPEAK | {"vote.cast", "contribution.endorse"},
    "witness": _WORK,
    "member": _WORK,
    "partner": _WORK,
    "investor": _OWN | {"vote.cast"},
    "observer": _SPEAK,
}
INVITABLE = ("member", "steward", "treasurer", "auditor", "witness", "partner", "investor", "observer")
PLAIN = ("member", "observer")  # roles that any inviter may give
VOTING = frozenset(name for name, permissions in ROLES.items() if "vote.cast" in permissions)

_JOINT: dict[tuple[str, ...], frozenset[str]] = {}


def permissions_of(roles: tuple[str, ...]) -> frozenset[str]:
    """All that these roles allow together."""
    joint = _JOINT.get(roles)
    if joint is None:
        joint = frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
        if len(_JOINT) < 1_024:
            _JOINT[roles] = joint
    return joint


def may_vote(roles: tuple[str, ...]) -> bool:
    return any(role in VOTING for role in roles)
