"""Money asked for in open proposals (VOTE-6): set aside once backed, capped per author, given back.

Invariants: what is set aside has left its treasury or department, so no two proposals can spend it; it goes
to whom the proposal names or back where it came from; no author's open proposals ask for, nor set aside, more of
a treasury or department than the charter's share; a bond returns unless the vote missed its quorum.
"""

from __future__ import annotations

from dao_app.core.entities import Department, Member, Org, Proposal, Unit
from dao_app.core.keys import (
    ORG_KEY,
    TREASURY,
    department_key,
    member_key,
    member_party,
    proposal_key,
    reserve_party,
    unit_key,
)
from dao_app.core.rules import charter, effects
from dao_app.core.rules.emergency import is_stopped
from dao_app.core.rules.ledger import home_of
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

BP = 10_000  # basis points of a whole


def is_backed(state: State, proposal: Proposal) -> bool:
    """Seconded by enough members, or bonded?"""
    bond = charter.parameter(state, "bond")
    return len(proposal.seconders) >= charter.parameter(state, "seconders") or 0 < bond <= proposal.bond


def reserve(state: State, id_: bytes) -> None:
    """Set a backed, open proposal's sums aside, all or nothing; without enough money, or
    where it became more than the author's share, nothing happens."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "voting" or found.reserved or is_stopped(state) or not is_backed(state, found):
        return
    wanted = effects.needs(effects.unpack(found.effects))
    if any(state.balance(party, unit) < amount for (party, unit), amount in wanted.items()):
        return
    if refuse_share(state, found.author, wanted, wanted):
        return
    rows = tuple((party, unit, amount) for (party, unit), amount in sorted(wanted.items()))
    for party, unit, amount in rows:
        state.move(Posting("reserve", party, reserve_party(id_), unit, amount, id_, None))
        _count_reserved(state, party, unit, amount)
    state.put(proposal_key(id_), found._replace(reserved=rows))


def purse_of(proposal: Proposal) -> effects.Purse:
    """What is set aside, for an execution to spend."""
    return {(party, unit): amount for party, unit, amount in proposal.reserved}


def release(state: State, id_: bytes, rest: effects.Purse) -> None:
    """End a proposal's reservation: ``rest`` is what was not spent of it; it goes back."""
    found = state.need(proposal_key(id_), Proposal)
    for party, unit, amount in found.reserved:
        _count_reserved(state, party, unit, -amount)
        back = rest.get((party, unit), 0)
        if back:
            state.move(Posting("refund", reserve_party(id_), home_of(state, party), unit, back, id_, None))
    state.put(proposal_key(id_), found._replace(reserved=()))
    count_asked(state, found.author, effects.needs(effects.unpack(found.effects)), -1)


def settle_bond(state: State, id_: bytes, earned: bool) -> None:
    """Give the bond back, or to the treasury where nobody cared to vote."""
    found = state.need(proposal_key(id_), Proposal)
    if not found.bond:
        return
    unit = state.need(ORG_KEY, Org).units[0]
    target = member_party(found.author) if earned else TREASURY
    kind = "refund" if earned else "forfeit"
    state.move(Posting(kind, reserve_party(id_), target, unit, found.bond, id_, None))
    state.put(proposal_key(id_), found._replace(bond=0))


def end_withdrawn(state: State, id_: bytes) -> None:
    """The checkpoint that seals a withdrawal gives everything back."""
    found = state.need(proposal_key(id_), Proposal)
    release(state, id_, purse_of(found))
    settle_bond(state, id_, True)


def refuse_share(state: State, root: bytes, wanted: effects.Purse, before: effects.Purse) -> Rejection | None:
    """Is the author's share of the treasury, and of each department, within the charter's, all open proposals
    together?"""
    asked = _asked(state.need(member_key(root), Member))
    for (party, unit), amount in wanted.items():
        whole = state.balance(party, unit) + reserved_of(state, party, unit)
        mine = asked.get((party, unit), 0) - before.get((party, unit), 0) + amount
        if mine * BP > whole * charter.parameter(state, "reserve_bp"):
            return Rejection.RESERVE_CAP
    return None


def count_asked(state: State, root: bytes, wanted: effects.Purse, sign: int) -> None:
    """Add to, or take from, what a member's open proposals ask of the treasury and of departments."""
    if not wanted:
        return
    member = state.need(member_key(root), Member)
    asked = _asked(member)
    for key, amount in wanted.items():
        asked[key] = asked.get(key, 0) + sign * amount
    kept = tuple(sorted((party, unit, amount) for (party, unit), amount in asked.items() if amount))
    state.put(member_key(root), member._replace(reserving=kept))


def _asked(member: Member) -> effects.Purse:
    return {(party, unit): amount for party, unit, amount in member.reserving}


def reserved_of(state: State, party: bytes, unit: str) -> int:
    """What open proposals have set aside of the treasury, or of a department, in minor units."""
    if party == TREASURY:
        return state.need(unit_key(unit), Unit).reserved
    found = state.get(department_key(party[1:]), Department)
    return 0 if found is None else dict(found.reserved).get(unit, 0)


def _count_reserved(state: State, party: bytes, unit: str, by: int) -> None:
    now = reserved_of(state, party, unit) + by
    if party == TREASURY:
        state.put(unit_key(unit), state.need(unit_key(unit), Unit)._replace(reserved=now))
        return
    key = department_key(party[1:])
    found = state.need(key, Department)
    rows = {**dict(found.reserved), unit: now}
    state.put(key, found._replace(reserved=tuple(sorted((one, amount) for one, amount in rows.items() if amount))))
