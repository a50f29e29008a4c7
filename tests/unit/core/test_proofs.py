"""Chains of proofs over changes of witnesses (protocol §4, *Proofs*)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.proofs import signed_by
from dao_app.core.finality.checkpoint import (
    encode_certificate,
    encode_checkpoint,
    has_quorum,
    parse_certificate,
    quorum,
)
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Vote, encode_vote, vote_message
from dao_app.core.finality.proofs import (
    Entry,
    Fault,
    Proof,
    Proven,
    Row,
    encode_proof,
    keys_of_balance,
    keys_of_result,
    parse_proof,
    signed_row,
    verify,
)
from dao_app.core.keys import TREASURY
from dao_app.core.state import STATE_TREE
from tests.fakes.chains import Chain, witnesses
from tests.fakes.world import World
from tests.unit.rules.votes import adopt, body


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.seal()
    return made


def proof_of(world: World, chain: Chain, rows: tuple[Row, ...], result: bytes = b"") -> Proof:
    replay = world.main.replay
    keys = keys_of_result(result) if result else keys_of_balance(TREASURY, "GLD")
    entries = []
    for tree, key in keys:
        found = (replay.final if tree == STATE_TREE else replay.results).inclusion(key)
        assert found is not None
        entries.append(Entry(tree, key, found))
    return Proof("result" if result else "balance", chain.org, chain.genesis, rows, tuple(entries), ())


def test_the_chain_leads_over_changes_of_witnesses_and_says_which_sets_are_retired(world: World) -> None:
    chain, sets = Chain(world), [witnesses(world, n) for n in (4, 7, 10)]
    for to_come in sets:
        chain.extend()
        chain.extend(to_come, round_=2)
    for _ in range(3):
        chain.extend()
    proof = proof_of(world, chain, chain.rows())
    assert [row.checkpoint.height for row in proof.chain] == [2, 4, 6, 9]
    assert parse_proof(encode_proof(proof)) == proof
    signed = signed_by(world.verifier)
    found = verify(proof, signed)
    assert isinstance(found, Proven)
    assert (found.witnesses, found.quorum, found.retired, found.anchored) == (10, 7, 3, False)
    for height, retired in ((1, 3), (2, 2), (4, 1), (6, 0), (7, 0), (9, 0)):
        anchor = (height, chain.certificates[height - 1].id)
        found = verify(proof._replace(chain=chain.rows(height)), signed, anchor=anchor)
        assert isinstance(found, Proven) and found.anchored and found.retired == retired, height
    assert verify(proof, signed, anchor=(4, bytes(32))) is Fault.ANCHOR
    missed = verify(proof, signed, anchor=(7, chain.certificates[6].id))
    assert isinstance(missed, Proven) and not missed.anchored


def test_a_chain_that_leaves_out_a_change_does_not_hold(world: World) -> None:
    chain = Chain(world)
    chain.extend(witnesses(world, 4))
    chain.extend(witnesses(world, 4))
    chain.extend()
    rows, signed = chain.rows(), signed_by(world.verifier)
    assert isinstance(verify(proof_of(world, chain, rows), signed), Proven)
    assert verify(proof_of(world, chain, rows[:1] + rows[2:]), signed) is Fault.SIGNATURE
    assert verify(proof_of(world, chain, rows[1:]), signed) is Fault.QUORUM
    assert verify(proof_of(world, chain, rows[::-1]), signed) is Fault.QUORUM


def test_precommits_of_two_rounds_are_no_quorum(world: World) -> None:
    chain = Chain(world)
    chain.extend(witnesses(world, 4))
    first, second = chain.extend(), chain.certificates.pop()
    chain.sets.pop()
    assert first is second
    chain._previous = chain.certificates[-1].id
    chain._time -= 1_000
    again = chain.extend(round_=1)
    assert again.id == first.id
    mixed = parse_certificate(
        encode_certificate(
            encode_checkpoint(first.checkpoint), [*first.precommits[:2], *again.precommits[2:]], []
        )
    )
    assert len(mixed.precommits) == quorum(4)
    with pytest.raises(ValueError, match="one round"):
        signed_row(mixed, chain.sets[-1])
    signed = signed_by(world.verifier)
    assert has_quorum(first, chain.sets[-1], signed) and has_quorum(again, chain.sets[-1], signed)
    assert not has_quorum(mixed, chain.sets[-1], signed)
    places = tuple((n, p.round, p.signature) for n, p in enumerate((*first.precommits[:2], again.precommits[2])))
    rows = (chain.rows()[0], Row(first.checkpoint, first.id, places))
    assert verify(proof_of(world, chain, rows), signed) is Fault.QUORUM


def test_a_result_after_a_thousand_checkpoints_and_ten_changes_is_small(world: World) -> None:
    id_ = adopt(world, body("decision", title="Choose shared hosting for the tools of the alliance"))
    chain = Chain(world)
    for height in range(1, 1_001):
        chain.extend(witnesses(world, 4) if height % 100 == 1 else None)
    proof = proof_of(world, chain, chain.rows(), id_)
    assert len(proof.chain) == 11
    assert len(encode_proof(proof)) < 10_000
    assert isinstance(verify(proof, signed_by(world.verifier)), Proven)


def test_two_votes_of_one_witness_in_one_step_are_evidence(world: World) -> None:
    witness, genesis = world.founder.witness, Chain(world).genesis
    signed = signed_by(world.verifier)

    def vote(id_: bytes | None, **changes: Any) -> bytes:
        made = Vote(PRECOMMIT, 7, 2, id_, witness.public)._replace(**changes)
        return encode_vote(made._replace(signature=witness.sign(vote_message(made))))

    def judged(one: bytes, two: bytes) -> Proven | Fault:
        return verify(Proof("evidence", world.org_id, genesis, (), (), (one, two)), signed)

    one, two = vote(b"\x01" * 32), vote(None)
    found = judged(one, two)
    assert isinstance(found, Proven) and [v.id for v in found.votes] == [b"\x01" * 32, None]
    changes: list[dict[str, Any]] = [{"height": 8}, {"round": 3}, {"step": PREVOTE}, {"witness": bytes(32)}]
    others = [vote(None, **change) for change in changes]
    for other in (one, *others):
        assert judged(one, other) is Fault.EVIDENCE
    assert judged(one, two[:-1] + bytes([two[-1] ^ 1])) is Fault.SIGNATURE
