"""Proposals and votes as they travel: what is written is read, anything else is refused."""

from __future__ import annotations

import pytest

from dao_app.core.encoding import decode, encode
from dao_app.core.envelope import PRECOMMIT_PREFIX
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import Checkpoint, Move, encode_checkpoint, precommit_message
from dao_app.core.finality.messages import (
    PRECOMMIT,
    PREVOTE,
    Vote,
    encode_proposal,
    encode_vote,
    parse_proposal,
    parse_vote,
    proposal_message,
    propose,
    vote_message,
)
from dao_app.core.limits import MISSING_IDS_MAX, ROUND_MAX

K = [bytes([n]) * 32 for n in range(8)]
CHECKPOINT = encode_checkpoint(Checkpoint(K[0], 7, K[1], 5, K[2], K[3], K[4], (K[5],), 1))
PROPOSAL = propose(
    7, 3, 1, CHECKPOINT, (Move(K[2], 4, K[3]), Move(K[1], 9, K[4])), (Move(K[1], 2, K[7]), Move(K[1], 5, K[6])), K[5]
)._replace(signature=b"s" * 64)
NIL = Vote(PREVOTE, 7, 3, None, K[5], (K[1], K[2]), b"s" * 64)
GOOD = Vote(PRECOMMIT, 7, 3, K[6], K[5], (), b"s" * 64)


def test_what_is_written_is_read():
    assert parse_proposal(encode_proposal(PROPOSAL)) == PROPOSAL
    for vote in (NIL, GOOD, GOOD._replace(step=PREVOTE)):
        assert parse_vote(encode_vote(vote)) == vote


def test_heads_are_in_order():
    assert [m.device for m in PROPOSAL.moves] == [K[1], K[2]]
    assert [m.head for m in PROPOSAL.extras] == [K[6], K[7]]


PROPOSAL_CHANGES = {
    "height of another checkpoint": (0, 8),
    "round not a number": (1, True),
    "round out of bounds": (1, ROUND_MAX + 1),
    "valid round not before the round": (2, 3),
    "valid round below -1": (2, -2),
    "no checkpoint": (3, b"x"),
    "moves out of order": (4, [[K[2], 4, K[3]], [K[1], 9, K[4]]]),
    "a device twice": (4, [[K[1], 4, K[3]], [K[1], 9, K[4]]]),
    "a move without a head": (4, [[K[1], 4]]),
    "seq nought": (4, [[K[1], 0, K[3]]]),
    "extras out of order": (5, [[K[1], 2, K[7]], [K[1], 5, K[6]]]),
    "an extra twice": (5, [[K[1], 2, K[7]], [K[1], 5, K[7]]]),
    "a short key": (6, b"x"),
    "a short signature": (7, b"x"),
}


@pytest.mark.parametrize("what", PROPOSAL_CHANGES)
def test_a_proposal_of_another_form_is_refused(what):
    place, changed = PROPOSAL_CHANGES[what]
    parts = decode(encode_proposal(PROPOSAL))
    parts[place] = changed
    with pytest.raises(EncodingError):
        parse_proposal(encode(parts))


VOTE_CHANGES = {
    "unknown step": (0, 2),
    "step not a number": (0, True),
    "height nought": (1, 0),
    "round below nought": (2, -1),
    "a short id": (3, b"x"),
    "a short key": (4, b"x"),
    "too many ids": (5, [K[1]] * (MISSING_IDS_MAX + 1)),
    "short ids": (5, [b"x"]),
    "a short signature": (6, b"x"),
}


@pytest.mark.parametrize("what", VOTE_CHANGES)
def test_a_vote_of_another_form_is_refused(what):
    place, changed = VOTE_CHANGES[what]
    parts = decode(encode_vote(NIL))
    parts[place] = changed
    with pytest.raises(EncodingError):
        parse_vote(encode(parts))


def test_missing_ids_stand_only_beside_a_nil_prevote():
    for vote in (NIL._replace(step=PRECOMMIT), NIL._replace(id=K[6])):
        with pytest.raises(EncodingError):
            parse_vote(encode_vote(vote))


@pytest.mark.parametrize("raw", [b"", b"\x80", encode([1, 2, 3]), b"\x00" * 20_000, encode("text")])
def test_anything_else_is_refused(raw):
    for parse in (parse_proposal, parse_vote):
        with pytest.raises(EncodingError):
            parse(raw)


def test_a_precommit_is_signed_as_in_the_certificate():
    assert vote_message(GOOD) == precommit_message(7, 3, K[6]) == PRECOMMIT_PREFIX + encode([7, 3, K[6]])


def test_each_part_that_matters_is_signed():
    """Moves too: else whoever passes a proposal on could make a good checkpoint look bad."""
    base = proposal_message(PROPOSAL)
    others = [
        propose(7, 3, 1, CHECKPOINT, PROPOSAL.moves[:1], PROPOSAL.extras, K[5]),
        propose(7, 3, 1, CHECKPOINT, PROPOSAL.moves, (), K[5]),
        PROPOSAL._replace(round=4), PROPOSAL._replace(valid_round=-1), PROPOSAL._replace(height=8),
    ]  # fmt: skip
    votes = [GOOD, NIL, GOOD._replace(id=None), NIL._replace(id=K[6], missing=()), GOOD._replace(round=4)]
    messages = [base, *map(proposal_message, others), *map(vote_message, votes)]
    assert len(set(messages)) == len(messages)
    assert vote_message(NIL) == vote_message(NIL._replace(missing=()))
