"""Money asked for in open proposals (VOTE-6): set aside once backed, capped per author, given back.

Invariants: what is set aside has left its treasury or department, so no two proposals can spend it; it goes
to whom the proposal names or back where it came from; a bond returns unless the vote missed its quorum.
"""

from __future__ import annotations

from dao_app.core.entities import Member, Org, Proposal, Unit
from dao_app.core.keys import ORG_KEY, TREASURY, member_key, member_party, proposal_key, reserve_party, unit_key
from dao_app.core.rules import charter, effects
from dao_app.core.rules.emergency import is_stopped
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

BP = 10_000  # basis points of a whole


def is_backed(state: State, proposal: Proposal) -> bool:
    """Seconded by enough members, or bonded?"""
    bond = charter.parameter(state, "bond")
    return len(proposal.seconders) >= charter.parameter(state, "seconders") or 0 < bond <= proposal.bond


def reserve(state: State, id_: bytes) -> None:
    """Set a backed, open proposal's sums aside, all or nothing; without enough money nothing happens."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "voting" or found.reserved or is_stopped(state) or not is_backed(state, found):
        return
    wanted = effects.needs(effects.unpack(found.effects))
    if any(state.balance(party, unit) < amount for (party, unit), amount in wanted.items()):
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
            state.move(Posting("refund", reserve_party(id_), party, unit, back, id_, None))
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
    """Is the author's share of the treasury within the charter's, all open proposals together?"""
    member = state.need(member_key(root), Member)
    asked = dict(member.reserving)
    for (party, unit), amount in wanted.items():
        if party != TREASURY:
            continue
        whole = state.balance(TREASURY, unit) + state.need(unit_key(unit), Unit).reserved
        mine = asked.get(unit, 0) - before.get((party, unit), 0) + amount
        if mine * BP > whole * charter.parameter(state, "reserve_bp"):
            return Rejection.RESERVE_CAP
    return None


def count_asked(state: State, root: bytes, wanted: effects.Purse, sign: int) -> None:
    """Add to, or take from, what a member's open proposals ask of the treasury."""
    sums = {unit: amount for (party, unit), amount in wanted.items() if party == TREASURY}
    if not sums:
        return
    member = state.need(member_key(root), Member)
    asked = dict(member.reserving)
    for unit, amount in sums.items():
        asked[unit] = asked.get(unit, 0) + sign * amount
    kept = tuple(sorted((unit, amount) for unit, amount in asked.items() if amount > 0))
    state.put(member_key(root), member._replace(reserving=kept))


def _count_reserved(state: State, party: bytes, unit: str, by: int) -> None:
    if party == TREASURY:
        entity = state.need(unit_key(unit), Unit)
        state.put(unit_key(unit), entity._replace(reserved=entity.reserved + by))
