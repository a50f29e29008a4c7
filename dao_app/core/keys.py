"""Keys of the state and parties of the ledger: one kind byte and identifiers of fixed length.

Invariant: no two kinds of entities share a key, and no two kinds of parties.
"""

from __future__ import annotations

HOUR_MS = 3_600_000
ORG_KEY = b"o"
TOTALS_KEY = b"n"
EMERGENCY_KEY = b"E"
HALF_LIVES_KEY = b"H"
WITNESSES_KEY = b"W"
ELECTION_KEY = b"V"  # of witnesses
ACTIVATION_KEY = b"x"  # of a rules version
EPOCH_KEY = b"e"  # of the organisation's key
REGISTER_ROWS = 64  # a join encodes one entity of at most 2 kB anew

# Parties: one kind byte and, but for the treasury, an identifier of 32 bytes.
TREASURY = b"o"


def member_party(root: bytes) -> bytes:
    return b"m" + root


def escrow_party(id_: bytes) -> bytes:
    """What lies in escrow for a task, a reward round or a matching pool."""
    return b"e" + id_


def department_party(id_: bytes) -> bytes:
    return b"d" + id_


def firm_party(id_: bytes) -> bytes:
    return b"f" + id_


def schedule_party(id_: bytes) -> bytes:
    """What a scheduled payment has set aside."""
    return b"s" + id_


def reserve_party(proposal: bytes) -> bytes:
    """What an open proposal has set aside, and its author's bond."""
    return b"r" + proposal


def member_key(root: bytes) -> bytes:
    return b"m" + root


def device_key(device: bytes) -> bytes:
    return b"d" + device


def root_key(root: bytes) -> bytes:
    """A root key that took part in a change of roots."""
    return b"I" + root


def guardians_key(member: bytes) -> bytes:
    return b"j" + member


def invite_key(id_: bytes) -> bytes:
    return b"i" + id_


def task_key(id_: bytes) -> bytes:
    return b"t" + id_


def terms_key(task: bytes) -> bytes:
    return b"T" + task


def submission_key(task: bytes) -> bytes:
    return b"s" + task


def proposal_key(id_: bytes) -> bytes:
    return b"p" + id_


def ballots_key(proposal: bytes, chunks: int, member: bytes) -> bytes:
    """Chunk of a member's ballot: the low bits of the member's first two bytes."""
    return b"v" + proposal + ((member[0] << 8 | member[1]) & (chunks - 1)).to_bytes(2, "big")


def ballots_keys(proposal: bytes, chunks: int) -> list[bytes]:
    return [b"v" + proposal + number.to_bytes(2, "big") for number in range(chunks)]


def powers_key(proposal: bytes) -> bytes:
    """A proposal's fixed table."""
    return b"w" + proposal


def powers_chunk_key(proposal: bytes, chunks: int, member: bytes) -> bytes:
    """Chunk of a member's frozen power: numbered as ``ballots_key``."""
    return b"w" + proposal + ((member[0] << 8 | member[1]) & (chunks - 1)).to_bytes(2, "big")


def register_key(number: int) -> bytes:
    """Part of the register of members."""
    return b"M" + number.to_bytes(4, "big")


def department_register_key(number: int) -> bytes:
    return b"N" + number.to_bytes(4, "big")


def role_key(code: str) -> bytes:
    return b"R" + code.encode()


def department_key(id_: bytes) -> bytes:
    return b"D" + id_


def budget_key(proposal: bytes, place: int) -> bytes:
    """``place`` of the effect among the proposal's, from 0."""
    return b"B" + proposal + bytes([place])


def delegations_key(root: bytes) -> bytes:
    return b"g" + root


def amendment_key(number: int) -> bytes:
    return b"C" + number.to_bytes(4, "big")


def adopted_key(proposal: bytes) -> bytes:
    return b"A" + proposal


def firm_key(id_: bytes) -> bytes:
    return b"F" + id_


def request_key(id_: bytes) -> bytes:
    return b"U" + id_


def schedule_key(id_: bytes) -> bytes:
    return b"X" + id_


def payment_key(id_: bytes) -> bytes:
    return b"P" + id_


def result_key(proposal: bytes) -> bytes:
    return b"r" + proposal


def comment_key(id_: bytes) -> bytes:
    return b"c" + id_


def contribution_key(id_: bytes) -> bytes:
    return b"k" + id_


def reputation_key(root: bytes) -> bytes:
    return b"S" + root


def points_key(root: bytes, department: bytes | None) -> bytes:
    """Contribution points of a member: all (None), or those in a department."""
    return b"K" + root + (department or b"")


def round_key(id_: bytes) -> bytes:
    return b"J" + id_


def gifts_key(round_: bytes, giver: bytes) -> bytes:
    return b"G" + round_ + giver


def lines_key(round_: bytes, number: int) -> bytes:
    """Part of a closed round's computation."""
    return b"L" + round_ + number.to_bytes(4, "big")


def series_key(kind: str, payer: bytes, unit: str) -> bytes:
    """Rounds of one kind ("peer", "points", "both"), out of one account."""
    return b"Y" + kind[-1:].encode() + payer + b"/" + unit.encode()


def share_key(root: bytes, kind: str, payer: bytes, unit: str) -> bytes:
    """A member's part in such a series."""
    return b"y" + root + kind[-1:].encode() + payer + b"/" + unit.encode()


def match_key(id_: bytes) -> bytes:
    return b"Q" + id_


def backing_key(match: bytes, project: int, root: bytes) -> bytes:
    return b"b" + match + bytes([project]) + root


def backers_key(match: bytes, number: int) -> bytes:
    """Part of the register of a matching pool's backers."""
    return b"l" + match + number.to_bytes(4, "big")


def payout_key(id_: bytes) -> bytes:
    return b"O" + id_


def file_key(hash_: bytes) -> bytes:
    """A notarised file, by its SHA-256."""
    return b"h" + hash_


def account_key(party: bytes, unit: str) -> bytes:
    return b"a" + party + b"/" + unit.encode()


def account_unit(key: bytes) -> str:
    """The unit of an account's key."""
    return key[3 if key[1:2] == TREASURY else 35 :].decode()


def unit_key(code: str) -> bytes:
    return b"u" + code.encode()


def due_key(time_ms: int) -> bytes:
    return b"q" + (time_ms // HOUR_MS).to_bytes(6, "big")


def erased_key(content: bytes) -> bytes:
    return b"z" + content
