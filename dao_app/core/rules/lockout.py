"""Whether an organisation could still decide and seal (ORG-6).

Invariant: no effect of a vote, end of a term or leaving takes away the last who may propose, or the last power
that can amend the charter: whatever else is decided can then still be put right.
"""

from __future__ import annotations

from itertools import accumulate

from dao_app.core.entities import Member, Org, Totals
from dao_app.core.keys import ORG_KEY, TOTALS_KEY, member_key, member_party
from dao_app.core.rules import charter, reputation, witnesses
from dao_app.core.rules.members import all_members, has_vote, permissions_everywhere
from dao_app.core.state import State


def locks_out(state: State, time: int) -> bool:
    """Would nobody be left who can decide, or seal? ``time`` is sealed (ms since 1970 UTC)."""
    if not witnesses.can_seal(state):
        return True
    return not _can_propose(state) or not _can_amend(state, state.need(ORG_KEY, Org), time)


def _can_propose(state: State) -> bool:
    if state.need(TOTALS_KEY, Totals).stewards:
        return True
    if any(charter.rule_for(state, kind, "proposer") for kind in charter.KINDS):
        return False
    members = (state.need(member_key(root), Member) for root in all_members(state))
    return any(m.status == "active" and "proposal.open" in permissions_everywhere(state, m) for m in members)


def _can_amend(state: State, org: Org, time: int) -> bool:
    """Is there power enough to adopt an amendment? Departments decide on what is theirs, never on the charter."""
    totals = state.need(TOTALS_KEY, Totals)
    least = max(1, charter.parameter(state, "min_support_power"))
    power = charter.POWERS[charter.rule_for(state, "amendment", "power")]
    if totals.members < 1 or power == "department":
        return False
    if power == "member":
        return totals.members >= least
    if power == "table":
        return totals.stewards > 0 and charter.parameter(state, "tables") > 0
    if power == "token":
        return bool(org.units) and _is_held(state, org.units[0], least)
    return not reputation.is_held_below(state, least, time)


def _is_held(state: State, unit: str, least: int) -> bool:
    """Have those with a vote together at least so many minor units?"""
    voters = (root for root in all_members(state) if has_vote(state.need(member_key(root), Member)))
    return any(total >= least for total in accumulate(state.balance(member_party(root), unit) for root in voters))
