"""Proof files: that the final state holds an entry, or that a key signed twice (protocol §4, *Proofs*).

A proof is DAG-CBOR {v, type, kind, org, genesis, chain, entries, envelopes}. It leads from the organisation's
id by the genesis and by checkpoints, each signed by a quorum of the witnesses that the one before names, to
the checkpoint whose roots hold the entries. It needs nothing beside it: no log, no network, no clock.

Invariant: what ``verify`` accepts follows from the organisation's id and the honesty of a quorum of each
witness set of the chain. The sets before the last one hold retired keys; an anchor that the chain passes makes
those before it unnecessary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import pairwise
from typing import Any, NamedTuple

from dao_app.core.encoding import decode, digest, encode, power_from_wire
from dao_app.core.entities import Account, Entity, NotarisedFile, Proposal, Result, Unit, decode_entity
from dao_app.core.envelope import GENESIS_TYPE, Action, parse_action, signed_message, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import (
    WITNESSES_MAX,
    Certificate,
    Checkpoint,
    Precommit,
    encode_checkpoint,
    is_bytes,
    is_count,
    parse_checkpoint,
    precommit_message,
    quorum,
)
from dao_app.core.finality.messages import Vote, vote_message, votes_of
from dao_app.core.keys import account_key, account_unit, file_key, proposal_key, result_key, unit_key
from dao_app.core.limits import OPTIONS_MAX
from dao_app.core.merkle import BUCKET_BITS, Inclusion
from dao_app.core.rules.charter import KINDS as KINDS_OF_PROPOSALS
from dao_app.core.rules.devices import fork_of
from dao_app.core.rules.founding import CREATE, DECIMALS_MAX
from dao_app.core.state import RESULTS_TREE, STATE_TREE
from dao_app.core.voting.registry import METHODS

VERSION = 1
TYPE = "guildhall/proof/1"
KINDS = ("result", "balance", "file", "evidence")
PROOF_BYTES_MAX = 2 * 1024 * 1024  # 1,700 changes of ten witnesses: one a week for 30 years
CHAIN_MAX = 4_000  # checkpoints in a chain: as many changes of four witnesses as the bytes hold
ENTRIES_MAX = 16
BUCKET_PATH_MAX = 64  # of one bucket: 2^64 entries
OUTCOMES = ("passed", "not_passed", "decided")
_SCORE = re.compile(r"-?[0-9]{1,80}(?:/[1-9][0-9]{0,79}|\.[0-9]{1,80})?", re.ASCII)
_FIELDS = {"v", "type", "kind", "org", "genesis", "chain", "entries", "envelopes"}

Signed = Callable[[bytes, bytes, bytes], bool]  # key, message, signature → is it good?


class Fault(Enum):
    """Why a proof proves nothing, in the order in which it is found."""

    OTHER_ORGANISATION = "other_organisation"  # not the one that was asked for
    GENESIS = "genesis"  # its digest is not the organisation's id, or it is no genesis
    CHAIN = "chain"  # another organisation's checkpoint, or heights and times that do not rise
    ANCHOR = "anchor"  # another checkpoint at the anchor's height
    QUORUM = "quorum"  # not exactly a quorum of different witnesses in one round
    SIGNATURE = "signature"
    ENTRIES = "entries"  # not those that this kind of proof consists of
    PATH = "path"  # an entry that does not stand under the root
    EVIDENCE = "evidence"  # the two envelopes do not contradict each other


class Row(NamedTuple):
    """A checkpoint with a quorum: (place of the witness in the set that signs, round, signature)."""

    checkpoint: Checkpoint
    id: bytes
    signatures: tuple[tuple[int, int, bytes], ...]


class Entry(NamedTuple):
    tree: int  # core.state.STATE_TREE or RESULTS_TREE
    key: bytes
    inclusion: Inclusion

    def entity(self) -> Entity:
        return decode_entity(self.key, self.inclusion.value)


class Proof(NamedTuple):
    kind: str
    org: bytes
    genesis: bytes  # payload
    chain: tuple[Row, ...]
    entries: tuple[Entry, ...]
    envelopes: tuple[bytes, ...]


class Proven(NamedTuple):
    """What holds. ``retired`` counts the earlier witness sets, whose terms are over, that had to be honest beside
    the last one; ``anchored`` says whether the chain passes the anchor that was given. Evidence is proven by no
    checkpoint: ``last`` is None."""

    genesis: Action
    last: Row | None
    witnesses: int
    quorum: int
    retired: int
    anchored: bool
    actions: tuple[Action, ...] = ()  # of evidence: a fork
    votes: tuple[Vote, ...] = ()  # of evidence: two votes


# -- making --------------------------------------------------------------------------------------
def signed_row(certificate: Certificate, before: Sequence[bytes]) -> Row:
    """A link of the chain: as many precommits as make a quorum of the set ``before``, all of one round.

    Raises ValueError where the certificate has none: it was admitted by other rules than ours.
    """
    rounds: dict[int, list[Precommit]] = {}
    for precommit in certificate.precommits:
        if precommit.witness in before:
            rounds.setdefault(precommit.round, []).append(precommit)
    needed = quorum(len(before))
    for number, found in sorted(rounds.items()):
        if len(found) >= needed:
            places = sorted((list(before).index(p.witness), number, p.signature) for p in found)
            return Row(certificate.checkpoint, certificate.id, tuple(places[:needed]))
    raise ValueError("no quorum in one round")


def encode_proof(proof: Proof) -> bytes:
    return encode(
        {
            "v": VERSION, "type": TYPE, "kind": proof.kind, "org": proof.org, "genesis": proof.genesis,
            "chain": chain_to_wire(proof.chain),
            "entries": [
                [e.tree, e.key, i.value, i.place, i.size, list(i.bucket_path), list(i.map_path)]
                for e in proof.entries for i in [e.inclusion]
            ],
            "envelopes": list(proof.envelopes),
        }
    )  # fmt: skip


def chain_to_wire(rows: Sequence[Row]) -> list[Any]:
    return [[encode_checkpoint(row.checkpoint), [list(s) for s in row.signatures]] for row in rows]


# -- reading -------------------------------------------------------------------------------------
def parse_proof(raw: bytes) -> Proof:
    """Read a foreign proof strictly; what it says is judged by ``verify``. Raises EncodingError."""
    if len(raw) > PROOF_BYTES_MAX:
        raise EncodingError("proof too large")
    value = decode(raw)
    if type(value) is not dict or value.keys() != _FIELDS or value["v"] != VERSION or type(value["v"]) is not int:
        raise EncodingError("not the fields of a proof")
    if value["type"] != TYPE or value["kind"] not in KINDS or not is_bytes(value["org"], 32):
        raise EncodingError("not a proof")
    if type(value["genesis"]) is not bytes:
        raise EncodingError("bad genesis")
    chain = chain_from_wire(value["chain"])
    entries = tuple(_entry(entry) for entry in _list(value["entries"], ENTRIES_MAX))
    envelopes = tuple(_list(value["envelopes"], 2))
    if any(type(envelope) is not bytes for envelope in envelopes):
        raise EncodingError("bad envelope")
    return Proof(value["kind"], value["org"], value["genesis"], chain, entries, envelopes)


def chain_from_wire(value: Any) -> tuple[Row, ...]:
    """Raises EncodingError."""
    return tuple(_row(row) for row in _list(value, CHAIN_MAX))


def _row(value: Any) -> Row:
    if type(value) is not list or len(value) != 2 or type(value[0]) is not bytes:
        raise EncodingError("bad link of the chain")
    signatures = []
    for row in _list(value[1], WITNESSES_MAX):
        if type(row) is not list or len(row) != 3 or not is_count(row[0]) or not is_count(row[1]):
            raise EncodingError("bad signature row")
        if not is_bytes(row[2], 64):
            raise EncodingError("bad signature")
        signatures.append((row[0], row[1], row[2]))
    return Row(parse_checkpoint(value[0]), digest(value[0]), tuple(signatures))


def _entry(value: Any) -> Entry:
    if type(value) is not list or len(value) != 7:
        raise EncodingError("bad entry")
    tree, key, found, place, size, bucket_path, map_path = value
    if tree not in (STATE_TREE, RESULTS_TREE) or type(tree) is not int:
        raise EncodingError("bad tree")
    if type(key) is not bytes or not key or type(found) is not bytes or not is_count(place) or not is_count(size):
        raise EncodingError("bad entry")
    paths = [tuple(_list(bucket_path, BUCKET_PATH_MAX)), tuple(_list(map_path, BUCKET_BITS))]
    if any(not is_bytes(sibling, 32) for path in paths for sibling in path):
        raise EncodingError("bad path")
    decode(found)
    return Entry(tree, key, Inclusion(found, place, size, paths[0], paths[1]))


def _list(value: Any, most: int) -> list[Any]:
    if type(value) is not list or len(value) > most:
        raise EncodingError("not a list, or too long")
    return value


# -- judging -------------------------------------------------------------------------------------
def verify(
    proof: Proof, signed: Signed, org: bytes | None = None, anchor: tuple[int, bytes] | None = None
) -> Proven | Fault:
    """What the proof proves, or the first fault found in it.

    ``org`` (32 bytes) is the organisation that was asked for; ``anchor`` is the height and id of a checkpoint
    known from elsewhere.
    """
    if org is not None and proof.org != org:
        return Fault.OTHER_ORGANISATION
    genesis = genesis_of(proof.org, proof.genesis)
    if genesis is None:
        return Fault.GENESIS
    if proof.kind == "evidence":
        return _evidence(proof, genesis, signed)
    found = verify_chain(genesis, proof.chain, signed, anchor)
    if isinstance(found, Fault):
        return found
    if subject_of(proof) is None:
        return Fault.ENTRIES
    last = proof.chain[-1].checkpoint
    for entry in proof.entries:
        if entry.inclusion.root(entry.key) != (last.state if entry.tree == STATE_TREE else last.results):
            return Fault.PATH
    return found


def genesis_of(org: bytes, payload: bytes) -> Action | None:
    """The genesis of an organisation, if this payload is it."""
    try:
        action = parse_action(payload)
    except EncodingError:
        return None
    if action.id != org or action.type != GENESIS_TYPE or not CREATE.accepts(action.body):
        return None
    return action


def verify_chain(
    genesis: Action, rows: Sequence[Row], signed: Signed, anchor: tuple[int, bytes] | None
) -> Proven | Fault:
    """Go from the genesis to the last checkpoint, each link signed by the set that the one before names."""
    witnesses: tuple[bytes, ...] = (genesis.body["witness"],)
    height, time, previous = 0, 0, genesis.id
    signers: list[tuple[bytes, ...]] = []  # sets that have to be honest
    anchored = False
    for row in rows:
        checkpoint = row.checkpoint
        if checkpoint.org != genesis.id or checkpoint.height <= height or checkpoint.time <= time:
            return Fault.CHAIN
        if checkpoint.height == height + 1 and checkpoint.previous != previous:
            return Fault.CHAIN
        if anchor is not None and checkpoint.height == anchor[0] and row.id != anchor[1]:
            return Fault.ANCHOR
        fault = _quorum(row, witnesses, signed)
        if fault is not None:
            return fault
        signers.append(witnesses)
        if anchor is not None and checkpoint.height == anchor[0]:
            anchored = True
            signers.clear()
        signing, witnesses = witnesses, checkpoint.witnesses
        height, time, previous = checkpoint.height, checkpoint.time, row.id
    if not rows:
        return Fault.CHAIN
    retired = sum(one != other for one, other in pairwise(signers))
    return Proven(genesis, rows[-1], len(signing), quorum(len(signing)), retired, anchored)


def _quorum(row: Row, witnesses: tuple[bytes, ...], signed: Signed) -> Fault | None:
    places = [place for place, _, _ in row.signatures]
    if len(places) != quorum(len(witnesses)) or places != sorted(set(places)) or places[-1] >= len(witnesses):
        return Fault.QUORUM
    if len({round_ for _, round_, _ in row.signatures}) != 1:
        return Fault.QUORUM
    for place, round_, signature in row.signatures:
        if not signed(witnesses[place], precommit_message(row.checkpoint.height, round_, row.id), signature):
            return Fault.SIGNATURE
    return None


def _evidence(proof: Proof, genesis: Action, signed: Signed) -> Proven | Fault:
    """Two different actions that one device signed under one seq, or two votes of one witness in one step."""
    if proof.chain or proof.entries or len(proof.envelopes) != 2:
        return Fault.ENTRIES
    votes = votes_of(*proof.envelopes)
    if votes is not None:
        if not all(signed(vote.witness, vote_message(vote), vote.signature) for vote in votes):
            return Fault.SIGNATURE
        return Proven(genesis, None, 0, 0, 0, False, (), votes)
    actions = fork_of(*proof.envelopes)
    if actions is None or actions[0].org != proof.org:
        return Fault.EVIDENCE
    for action, envelope in zip(actions, proof.envelopes, strict=True):
        if not signed(action.by, signed_message(action.id), unpack(envelope)[1]):
            return Fault.SIGNATURE
    return Proven(genesis, None, 0, 0, 0, False, actions)


# -- what each kind consists of ------------------------------------------------------------------
def keys_of_result(proposal: bytes) -> list[tuple[int, bytes]]:
    """Tree and key of each entry in the proof of a vote's result."""
    return [(RESULTS_TREE, result_key(proposal)), (STATE_TREE, proposal_key(proposal))]


def keys_of_balance(party: bytes, unit: str) -> list[tuple[int, bytes]]:
    return [(STATE_TREE, account_key(party, unit)), (STATE_TREE, unit_key(unit))]


def keys_of_file(hash_: bytes) -> list[tuple[int, bytes]]:
    return [(STATE_TREE, file_key(hash_))]


def subject_of(proof: Proof) -> bytes | None:
    """What the proof is about, if its entries are those that its kind consists of."""
    keys = [(entry.tree, entry.key) for entry in proof.entries]
    if proof.envelopes or not keys:
        return None
    first = keys[0][1]
    try:
        if proof.kind == "result":
            subject, wanted = first[1:], keys_of_result(first[1:])
        elif proof.kind == "file":
            subject, wanted = first[1:], keys_of_file(first[1:])
        else:
            unit = account_unit(first)
            subject = first[1 : len(first) - len(unit.encode()) - 1]
            wanted = keys_of_balance(subject, unit)
        if keys != wanted or not all(_is_sound(entry.entity()) for entry in proof.entries):
            return None
    except (KeyError, TypeError, ValueError):  # what another organisation's witnesses sign may be anything
        return None
    return subject


def _is_sound(entity: Entity) -> bool:
    """Are the fields that people are shown what our rules would have written?"""
    if isinstance(entity, Result):
        texts = (*entity.options, *entity.scores)
        return (
            all(type(text) is str for text in texts)
            and len(entity.options) == len(entity.scores) <= OPTIONS_MAX
            and all(_SCORE.fullmatch(score) for score in entity.scores)
            and all(type(place) is int and 1 <= place <= len(entity.options) for place in entity.winners)
            and all(is_count(n) for n in (entity.number, entity.voted, entity.height, entity.closed))
            and all(power_from_wire(power) is not None for power in (entity.valid_power, entity.electorate_power))
            and type(entity.tie) is bool
            and entity.method in METHODS
            and entity.outcome in OUTCOMES
        )
    if isinstance(entity, Proposal):
        return type(entity.title) is str and entity.kind in KINDS_OF_PROPOSALS and is_count(entity.voters)
    if isinstance(entity, NotarisedFile):
        ids = is_bytes(entity.member, 32) and is_bytes(entity.action, 32)
        return ids and is_count(entity.size) and is_count(entity.height)
    if isinstance(entity, Unit):
        return is_count(entity.decimals) and entity.decimals <= DECIMALS_MAX
    return isinstance(entity, Account) and is_count(entity.balance)
