"""What witnesses say to each other about one height: proposals and votes (protocol §4).

proposal: DAG-CBOR [height, round, valid round or −1, checkpoint, moves, extras, witness, signature];
vote: DAG-CBOR [step, height, round, checkpoint id or null, witness, missing ids, signature].
A precommit's signature is the one that the certificate carries. ``missing`` is a hint outside the signature.
Both are signed objects that any peer may keep and pass on, so witnesses need not be online together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import decode, digest, encode
from dao_app.core.envelope import PREVOTE_PREFIX, PROPOSAL_PREFIX
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import (
    CERTIFICATE_BYTES_MAX,
    Move,
    is_bytes,
    is_count,
    parse_checkpoint,
    parse_moves,
    precommit_message,
)
from dao_app.core.limits import MISSING_IDS_MAX, ROUND_MAX

PREVOTE, PRECOMMIT = 0, 1
VOTE_BYTES_MAX = 512 + 34 * MISSING_IDS_MAX  # a vote and its missing ids


class Proposal(NamedTuple):
    """A checkpoint put forward by the leader of a round.

    ``valid_round`` is the round in which it had a quorum of prevotes before, or −1 for a fresh one; ``id`` is
    the checkpoint's, ``content`` the digest of moves and extras. ``extras`` are heads of losing branches.
    """

    height: int
    round: int
    valid_round: int
    checkpoint: bytes
    moves: tuple[Move, ...]
    extras: tuple[Move, ...]
    witness: bytes
    id: bytes
    content: bytes
    signature: bytes = b""


class Vote(NamedTuple):
    """``id`` is the checkpoint's, or None for nil; ``missing`` stand only beside a nil prevote."""

    step: int
    height: int
    round: int
    id: bytes | None
    witness: bytes
    missing: tuple[bytes, ...] = ()
    signature: bytes = b""


def propose(
    height: int, round_: int, valid_round: int, checkpoint: bytes, moves: tuple[Move, ...], extras: tuple[Move, ...],
    witness: bytes,
) -> Proposal:
    """An unsigned proposal; moves and extras are put in order."""
    moves, extras = tuple(sorted(moves)), tuple(sorted(extras, key=_by_head))
    content = digest(encode([[list(m) for m in moves], [list(m) for m in extras]]))
    return Proposal(
        height, round_, valid_round, checkpoint, moves, extras, witness, digest(checkpoint), content
    )


def proposal_message(proposal: Proposal) -> bytes:
    """What the leader signs."""
    return PROPOSAL_PREFIX + encode(
        [proposal.height, proposal.round, proposal.valid_round, proposal.id, proposal.content]
    )


def vote_message(vote: Vote) -> bytes:
    """What a witness signs for its vote."""
    if vote.step == PRECOMMIT:
        return precommit_message(vote.height, vote.round, vote.id)
    return PREVOTE_PREFIX + encode([vote.height, vote.round, vote.id])


def encode_proposal(proposal: Proposal) -> bytes:
    return encode(
        [
            proposal.height, proposal.round, proposal.valid_round, proposal.checkpoint,
            [list(m) for m in proposal.moves], [list(m) for m in proposal.extras],
            proposal.witness, proposal.signature,
        ]
    )  # fmt: skip


def encode_vote(vote: Vote) -> bytes:
    return encode(
        [vote.step, vote.height, vote.round, vote.id, vote.witness, list(vote.missing), vote.signature]
    )


def parse_proposal(raw: bytes) -> Proposal:
    """Read a foreign proposal strictly; signature and leader are judged elsewhere. Raises EncodingError."""
    if len(raw) > CERTIFICATE_BYTES_MAX:
        raise EncodingError("proposal too large")
    parts = decode(raw)
    if type(parts) is not list or len(parts) != 8:
        raise EncodingError("not a proposal")
    height, round_, valid_round, checkpoint, moves, extras, witness, signature = parts
    _check_place(height, round_)
    if type(valid_round) is not int or not -1 <= valid_round < round_:
        raise EncodingError("bad valid round")
    if type(checkpoint) is not bytes or parse_checkpoint(checkpoint).height != height:
        raise EncodingError("checkpoint of another height")
    if not is_bytes(witness, 32) or not is_bytes(signature, 64):
        raise EncodingError("bad witness or signature")
    proposal = propose(
        height, round_, valid_round, checkpoint, parse_moves(moves, False), parse_moves(extras, True), witness
    )
    return proposal._replace(signature=signature)


def parse_vote(raw: bytes) -> Vote:
    """Read a foreign vote strictly; its signature is judged elsewhere. Raises EncodingError."""
    if len(raw) > VOTE_BYTES_MAX:
        raise EncodingError("vote too large")
    parts = decode(raw)
    if type(parts) is not list or len(parts) != 7:
        raise EncodingError("not a vote")
    step, height, round_, id_, witness, missing, signature = parts
    _check_place(height, round_)
    if type(step) is not int or step not in (PREVOTE, PRECOMMIT):
        raise EncodingError("bad step")
    if (id_ is not None and not is_bytes(id_, 32)) or not is_bytes(witness, 32) or not is_bytes(signature, 64):
        raise EncodingError("bad id, witness or signature")
    if type(missing) is not list or len(missing) > MISSING_IDS_MAX or not all(is_bytes(m, 32) for m in missing):
        raise EncodingError("bad missing ids")
    if missing and (step != PREVOTE or id_ is not None):
        raise EncodingError("missing ids beside no nil prevote")
    return Vote(step, height, round_, id_, witness, tuple(missing), signature)


def _check_place(height: Any, round_: Any) -> None:
    if not is_count(height) or height < 1 or not is_count(round_) or round_ > ROUND_MAX:
        raise EncodingError("bad height or round")


def _by_head(move: Move) -> tuple[bytes, bytes]:
    return move.device, move.head


def votes_of(one: bytes, two: bytes) -> tuple[Vote, Vote] | None:
    """The two votes, if they contradict each other: one witness, height, round and step, different ids (their
    signatures are checked elsewhere)."""
    try:
        first, second = parse_vote(one), parse_vote(two)
    except EncodingError:
        return None
    same = (first.step, first.height, first.round, first.witness) == (
        second.step, second.height, second.round, second.witness,
    )  # fmt: skip
    return (first, second) if same and first.id != second.id else None
