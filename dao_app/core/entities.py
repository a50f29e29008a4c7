"""The entities of the state: what each holds, its key, and how it is encoded as a leaf.

An entity is an immutable tuple; its leaf value is the DAG-CBOR list of its fields in this order.
Keys are one kind byte and identifiers of fixed length, so no two kinds share a key. Heights are
those of the checkpoint that sealed the change; times are sealed times in ms since 1970 UTC; digests,
roots (members) and devices are 32 bytes; amounts are minor units; powers are encoded as in payloads.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import cbor2

from dao_app.core.encoding import encode_trusted

Ref = tuple[bytes, int]  # detached content: hash of salt ‖ content, size in bytes

# Parties: one kind byte and, but for the treasury, an identifier.
TREASURY = b"o"


def member_party(root: bytes) -> bytes:
    return b"m" + root


def escrow_party(task: bytes) -> bytes:
    return b"e" + task


class Org(NamedTuple):
    """Singleton ``b"o"``. ``charter`` pairs a parameter's name with its value."""

    name: str
    purpose: str
    founder: bytes
    witness: bytes  # the sole witness's key of this term
    witness_member: bytes
    charter: tuple[tuple[str, int], ...]
    units: tuple[str, ...]
    rules: int


class Totals(NamedTuple):
    """Singleton ``b"n"``: numbers given so far and the electorate, as of now."""

    tasks: int
    proposals: int
    members: int
    place: int  # places given in the final order


class Member(NamedTuple):
    """``status``: active | refused. Eligible from the height after ``joined``."""

    status: str
    roles: tuple[str, ...]
    joined: int  # height
    invited_by: bytes | None
    action: bytes  # that joined
    profile: Ref | None
    open_invites: int


class Device(NamedTuple):
    """``status``: active | refused | frozen."""

    member: bytes
    status: str
    since: int  # height


class Invite(NamedTuple):
    """``status``: open | used | expired | revoked. ``expires`` is 0 until sealed."""

    bearer: bytes
    role: str
    inviter: bytes
    uses: int
    used: int
    lifetime: int  # ms
    expires: int  # sealed time
    status: str
    note: Ref | None


class Task(NamedTuple):
    """``status``: open | claimed | submitted | accepted | cancelled | expired."""

    number: int  # 0 while provisional
    title: str
    text: Ref | None
    opener: bytes
    payer: bytes  # party whose money is in escrow
    unit: str  # "" without reward
    amount: int
    status: str
    opened: int  # height that sealed it; 0 while provisional
    assignee: bytes | None
    submission: Ref | None
    expires: int  # sealed time, 0: never
    comments: int


class Proposal(NamedTuple):
    """``status``: discussion | voting | passed | not_passed | decided | withdrawn."""

    number: int
    title: str
    text: Ref | None
    author: bytes
    kind: str  # poll | decision
    method: str
    options: tuple[str, ...]
    discussion: int  # ms
    voting: int  # ms
    table: bool  # powers stand in a Powers entity
    min_support: int | bytes  # power that must say yes, beside the charter's
    status: str
    opened: int  # height that sealed the opening of the vote, 0 before
    opens: int  # sealed time at which voting opens, 0 while provisional
    closes: int  # closing + grace, 0 before it is open
    electorate: int  # height whose final state gives the electorate
    voters: int  # members in the electorate
    power: int | bytes  # their power together
    voted: int
    chunks: int  # ballot chunks, a power of two
    comments: int


class Ballot(NamedTuple):
    """One row of a chunk: the last ballot of a member."""

    member: bytes
    choice: Any
    power: int | bytes
    action: bytes


class Ballots(NamedTuple):
    """Chunk of a proposal's ballots, sorted by member; which chunk: see ``ballots_key``."""

    rows: tuple[Ballot, ...]


class Powers(NamedTuple):
    """The fixed power table of a proposal, sorted by member."""

    rows: tuple[tuple[bytes, int | bytes], ...]


class Result(NamedTuple):
    """Leaf of the results tree, keyed by the proposal's id."""

    number: int
    method: str
    options: tuple[str, ...]
    scores: tuple[int | bytes, ...]
    winners: tuple[int, ...]
    tie: bool
    valid_power: int | bytes
    electorate_power: int | bytes
    voted: int
    outcome: str  # passed | not_passed | decided
    height: int
    closed: int  # sealed time


class Comment(NamedTuple):
    target: bytes
    author: bytes
    text: Ref


class Contribution(NamedTuple):
    """``source``: claim | task. ``status``: claimed | endorsed."""

    author: bytes
    title: str
    text: Ref | None
    source: str
    task: bytes | None
    unit: str
    amount: int
    status: str
    endorsers: tuple[bytes, ...]
    sealed: int  # height
    comments: int


class Account(NamedTuple):
    """``incoming`` is credited to ``balance`` at the end of the checkpoint that seals it."""

    balance: int
    incoming: int


class Unit(NamedTuple):
    name_en: str
    name_zh: str
    decimals: int
    cap: int  # most that may ever be issued
    supply: int


class DueItem(NamedTuple):
    """``what``: open_vote | close_vote | expire_task | expire_invite."""

    time: int
    place: int
    what: str
    target: bytes


class Due(NamedTuple):
    """Time-driven transitions of one hour, sorted; key: the hour since 1970."""

    items: tuple[DueItem, ...]


class Erased(NamedTuple):
    """Detached content that honest peers drop; keyed by its hash."""

    by: bytes
    height: int


Entity = (
    Org | Totals | Member | Device | Invite | Task | Proposal | Ballots | Powers | Result | Comment
    | Contribution | Account | Unit | Due | Erased
)

ORG_KEY = b"o"
TOTALS_KEY = b"n"
_CLASSES: dict[int, type[Any]] = {
    ord("o"): Org,
    ord("n"): Totals,
    ord("m"): Member,
    ord("d"): Device,
    ord("i"): Invite,
    ord("t"): Task,
    ord("p"): Proposal,
    ord("v"): Ballots,
    ord("w"): Powers,
    ord("r"): Result,
    ord("c"): Comment,
    ord("k"): Contribution,
    ord("a"): Account,
    ord("u"): Unit,
    ord("q"): Due,
    ord("z"): Erased,
}
HOUR_MS = 3_600_000


def member_key(root: bytes) -> bytes:
    return b"m" + root


def device_key(device: bytes) -> bytes:
    return b"d" + device


def invite_key(id_: bytes) -> bytes:
    return b"i" + id_


def task_key(id_: bytes) -> bytes:
    return b"t" + id_


def proposal_key(id_: bytes) -> bytes:
    return b"p" + id_


def ballots_key(proposal: bytes, chunks: int, member: bytes) -> bytes:
    """Chunk of a member's ballot: the low bits of the member's first two bytes."""
    return b"v" + proposal + ((member[0] << 8 | member[1]) & (chunks - 1)).to_bytes(2, "big")


def ballots_keys(proposal: bytes, chunks: int) -> list[bytes]:
    return [b"v" + proposal + number.to_bytes(2, "big") for number in range(chunks)]


def powers_key(proposal: bytes) -> bytes:
    return b"w" + proposal


def result_key(proposal: bytes) -> bytes:
    return b"r" + proposal


def comment_key(id_: bytes) -> bytes:
    return b"c" + id_


def contribution_key(id_: bytes) -> bytes:
    return b"k" + id_


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


def encode_entity(entity: Entity) -> bytes:
    """The leaf value of an entity."""
    return encode_trusted(entity)


def decode_entity(key: bytes, value: bytes) -> Entity:
    """The entity of a stored leaf value; nested lists become tuples."""
    fields = cbor2.loads(value, immutable=True)
    made = _CLASSES[key[0]]._make(fields)
    if key[0] == ord("v"):
        made = Ballots(tuple(Ballot._make(row) for row in made.rows))
    elif key[0] == ord("q"):
        made = Due(tuple(DueItem._make(row) for row in made.items))
    return cast(Entity, made)
