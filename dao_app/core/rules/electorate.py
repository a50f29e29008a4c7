"""Who votes on a proposal and with how much power (VOTE-3).

Invariant: electorate and powers are those of the final state before the checkpoint that seals the opening.
One member one vote is read from the heights at which a member had a vote; other powers are written down
when voting opens, in chunks, so that everybody sees them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import Member, Powers, Proposal
from dao_app.core.keys import member_key, member_party, powers_chunk_key, powers_key
from dao_app.core.rules import reputation
from dao_app.core.rules.members import all_members, belongs_to, had_vote, has_vote
from dao_app.core.state import State

PER_CHUNK = 16  # ballots or powers expected; a chunk is encoded anew for each checkpoint that touches it
CHUNKS_MAX = 4_096


def chunks_for(voters: int) -> int:
    """Chunks for so many voters, a power of two."""
    chunks = 1
    while chunks * PER_CHUNK < voters and chunks < CHUNKS_MAX:
        chunks *= 2
    return chunks


def power_of(state: State, id_: bytes, proposal: Proposal, root: bytes) -> int | None:
    """A member's power in an opened proposal, or None outside its electorate."""
    if proposal.power_kind == "member":
        member = state.get(member_key(root), Member)
        return 1 if member is not None and had_vote(member, proposal.electorate) else None
    if proposal.power_kind == "table":
        rows = state.need(powers_key(id_), Powers).rows
    else:
        chunk = state.get(powers_chunk_key(id_, proposal.chunks, root), Powers)
        rows = () if chunk is None else chunk.rows
    for row_root, power in rows:
        if row_root == root:
            return power_from_wire(power)
    return None


def electorate(state: State, id_: bytes, proposal: Proposal) -> Iterator[tuple[bytes, int]]:
    """Every member of an opened proposal's electorate with the power."""
    if proposal.power_kind == "member":
        for root in all_members(state):
            if had_vote(state.need(member_key(root), Member), proposal.electorate):
                yield root, 1
        return
    for key in _powers_keys(id_, proposal):
        chunk = state.get(key, Powers)
        for root, power in chunk.rows if chunk else ():
            yield root, power_from_wire(power) or 0


def _powers_keys(id_: bytes, proposal: Proposal) -> list[bytes]:
    if proposal.power_kind == "table":
        return [powers_key(id_)]
    return [powers_key(id_) + number.to_bytes(2, "big") for number in range(proposal.chunks)]


def freeze(
    state: State, before: State, id_: bytes, proposal: Proposal, members_before: int, time: int
) -> tuple[int, int, int]:
    """Write down who may vote; returns (voters, their power, chunks).

    ``before`` is the final state before the checkpoint that seals the opening, ``members_before`` the
    members with a vote in it, ``time`` that of its checkpoint.
    """
    if proposal.power_kind == "member":
        return members_before, members_before, chunks_for(members_before)
    if proposal.power_kind == "table":
        rows = state.need(powers_key(id_), Powers).rows
        return len(rows), sum(power_from_wire(power) or 0 for _, power in rows), chunks_for(len(rows))
    powers = sorted((root, power) for root, power in _powers(before, proposal, time) if power)
    chunks = chunks_for(len(powers))
    spread: dict[bytes, list[tuple[bytes, int | bytes]]] = {}
    for root, power in powers:
        spread.setdefault(powers_chunk_key(id_, chunks, root), []).append((root, power_to_wire(power)))
    for key, rows_here in spread.items():
        state.put(key, Powers(tuple(rows_here)))
    return len(powers), sum(power for _, power in powers), chunks


def _powers(before: State, proposal: Proposal, time: int) -> Iterator[tuple[bytes, int]]:
    for root in all_members(before):
        member = before.need(member_key(root), Member)
        if proposal.power_kind == "department":
            if member.status == "active" and belongs_to(before, member, proposal.department or b""):
                yield root, 1
        elif not has_vote(member):
            continue
        elif proposal.power_kind == "reputation":
            yield root, reputation.whole_of(before, root, time)
        else:
            yield root, before.balance(member_party(root), proposal.power_unit)
