"""Chains of proofs over changes of witnesses (protocol §4, *Proofs*)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dao_app.app.proofs import signed_by
from dao_app.core.finality.checkpoint import encode_certificate, encode_checkpoint, parse_certificate, quorum
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
    places = tuple((n, p.round, p.signature) for n, p in enumerate((*first.precommits[:2], again.precommits[2])))
    rows = (chain.rows()[0], Row(first.checkpoint, first.id, places))
    assert verify(proof_of(world, chain, rows), signed_by(world.verifier)) is Fault.QUORUM


def test_a_result_after_a_thousand_checkpoints_and_ten_changes_is_small(world: World) -> None:
    id_ = adopt(world, body("decision", title="Choose shared hosting for the tools of the alliance"))
    chain = Chain(world)
    for height in range(1, 1_001):
        chain.extend(witnesses(world, 4) if height % 100 == 1 else None)
    proof = proof_of(world, chain, chain.rows(), id_)
    assert len(proof.chain) == 11
    assert len(encode_proof(proof)) < 10_000
    assert isinstance(verify(proof, signed_by(world.verifier)), Proven)
