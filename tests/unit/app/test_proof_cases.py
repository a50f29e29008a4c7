"""Notarised files, and proofs that need nothing beside them (TRUST-2, TRUST-4, VOTE-5)."""

from __future__ import annotations

import base64
import hashlib
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dao_app.app import views_proofs as p
from dao_app.app.cases_proofs import ProofCases
from dao_app.app.cases_tasks import TaskCases
from dao_app.app.errors import InputError, NotFound, Refused
from dao_app.app.organisation import Organisation
from dao_app.app.proofs import make_proof, signed_by
from dao_app.app.texts import Texts
from dao_app.app.workspace import Workspace
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import NotarisedFile, Proposal, Result, encode_entity
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.core.errors import EncodingError
from dao_app.core.finality.proofs import Fault, Proven, keys_of_result, parse_proof, subject_of, verify
from dao_app.core.keys import file_key, result_key
from dao_app.ui.card import card_image, shown_options
from dao_app.ui.pictures import codes_in
from tests.fakes.world import Person, World
from tests.unit.rules.votes import adopt, body, put

REF = {"hash": b"\x01" * 32, "size": 3, "kind": "text"}
HASH = hashlib.sha256(b"the contract").hexdigest()


class Desk(ProofCases, TaskCases):
    """The use cases of one member's replica."""

    def __init__(self, world: World, org: Organisation, person: Person) -> None:
        opened = SimpleNamespace(org=org, member=person.root.public, online=False)
        self._ws = cast(Workspace, SimpleNamespace(
            member_in=lambda opened: opened.member, locking=SimpleNamespace(used=lambda: None),
            find=lambda name: opened, network=None, clock=world.clock, unsent={}, vault=object(),
            announce=lambda *told: None, member=lambda: person.root.public, verifier=world.verifier,
        ))  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.seal()
    return made


@pytest.fixture
def founder(world: World) -> Desk:
    return Desk(world, world.main, world.founder)


def test_a_notarised_file_is_known_by_its_digest_before_a_checkpoint(world: World, founder: Desk) -> None:
    row = founder.file_notarise("", HASH.upper(), 12, " The contract ")
    assert (row.hash, row.size, row.title, row.height, row.stamp.state) == (HASH, 12, "The contract", 0, "provisional")
    world.seal()
    row = founder.file_check("", HASH)
    assert (row.height, row.sealed_ms, row.stamp.state) == (world.main.height(), world.clock.now, "final")
    assert founder.file_list("") == (row,)
    entity = world.main.replay.final.entity(file_key(bytes.fromhex(HASH)))
    assert isinstance(entity, NotarisedFile) and entity.member == world.founder.root.public


def test_the_first_record_of_a_file_stands(world: World, founder: Desk) -> None:
    founder.file_notarise("", HASH, 12)
    with pytest.raises(Refused, match=r"reject\.file_known"):
        founder.file_notarise("", HASH, 12)
    person, org = world.add_member("observer")
    other = Desk(world, org, person)
    assert other.file_notarise("", "ab" * 32, 0).person.you
    with pytest.raises(Refused, match=r"reject\.malformed"):
        other.file_notarise("", "ac" * 32, -1)
    for wrong in ("", "ab" * 31, "gg" * 32):
        with pytest.raises(InputError):
            founder.file_notarise("", wrong, 1)
    with pytest.raises(NotFound):
        founder.file_check("", "ad" * 32)


def test_the_title_of_a_file_can_be_erased_and_the_record_stays(world: World, founder: Desk) -> None:
    row = founder.file_notarise("", HASH, 12, "Secret name")
    world.seal()
    founder.content_erase("", row.action)
    world.seal()
    row = founder.file_check("", HASH)
    assert row.title is None and row.height


# -- proofs --------------------------------------------------------------------------------------
def passed(world: World) -> bytes:
    return adopt(world, body("decision", title="Choose the shared press"))


def raw_of(made: p.ProofMade) -> bytes:
    return base64.b64decode(made.data)


def test_a_result_is_proven_from_the_organisations_id_alone(world: World, founder: Desk) -> None:
    id_ = passed(world)
    made = founder.certificate_result("", id_.hex())
    assert made.view.ok and made.view.result is not None and made.view.kind == "result"
    result = made.view.result
    assert (result.title, result.outcome, result.voted, result.voters, result.scores) == (
        "Choose the shared press", "passed", 1, 1, ("1", "0", "0"),
    )
    assert (made.view.height, made.view.witnesses, made.view.quorum, made.view.retired) == (
        world.main.height(), 1, 1, 0,
    )
    outside = SimpleNamespace(_ws=SimpleNamespace(verifier=world.verifier))
    seen = ProofCases.certificate_check(cast(ProofCases, outside), made.data, world.org_id.hex())
    assert seen == made.view
    other = ProofCases.certificate_check(cast(ProofCases, outside), made.data, "ab" * 32)
    assert (other.ok, other.fault) == (False, "other_organisation")


def test_a_result_is_proven_only_once_it_is_final(world: World, founder: Desk) -> None:
    id_ = put(world, body("decision"))
    with pytest.raises(Refused, match="not_final_yet"):
        founder.certificate_result("", id_.hex())
    fresh = World(world.folder / "fresh")
    with pytest.raises(Refused, match="not_final_yet"):
        Desk(fresh, fresh.main, fresh.founder).certificate_balance("", "treasury")


def test_a_balance_and_a_file_are_proven(world: World, founder: Desk) -> None:
    founder.file_notarise("", HASH, 12, "The contract")
    with pytest.raises(Refused, match="not_final_yet"):
        founder.certificate_file("", HASH)
    world.seal()
    balance = founder.certificate_balance("", "treasury").view.balance
    assert balance == p.BalancePart("treasury", "", "GLD", 1_000_000, 2)
    made = founder.certificate_file("", HASH)
    file = made.view.file
    assert file is not None and (file.hash, file.height) == (HASH, world.main.height())
    assert founder.certificate_check(made.data, hash=HASH).ok
    assert founder.certificate_check(made.data, hash="ab" * 32).fault == "other_file"
    assert founder.certificate_check(founder.certificate_balance("", "treasury").data, hash=HASH).fault == "other_file"


def test_a_proof_passes_an_anchor_or_contradicts_it(world: World, founder: Desk) -> None:
    for _ in range(5):
        world.main.write("comment.add", {"on": Link(passed(world)), "text": REF})
        world.seal()
    height, here = world.main.height(), world.main.store.checkpoint(3)
    assert here is not None
    anchor = f"3:{here.id.hex()}"
    plain, through = founder.certificate_balance("", "treasury"), founder.certificate_balance("", "treasury", anchor=3)
    assert not founder.certificate_check(plain.data, anchor=anchor).anchored
    seen = founder.certificate_check(through.data, anchor=anchor)
    assert seen.ok and seen.anchored and seen.height == height
    assert founder.certificate_check(through.data, anchor="3:" + "00" * 32).fault == "anchor"
    for wrong in ("x", "3", "3:ab", "-3:" + "00" * 32, "³:" + "00" * 32):
        with pytest.raises(InputError):
            founder.certificate_check(plain.data, anchor=wrong)
    with pytest.raises(NotFound):
        founder.certificate_balance("", "treasury", anchor=height + 1)


def test_two_histories_of_one_device_are_proven_without_a_checkpoint(world: World, founder: Desk) -> None:
    person, org = world.add_member()
    seq, head = (lambda found: (found.seq, found.digest))(org.heads()[person.device.public])
    pair = []
    for text in ("one", "two"):
        payload = build_payload(
            world.org_id, person.device.public, seq + 1, head, (), world.clock.now, "member.stances",
            {"stances": [text]},
        )  # fmt: skip
        pair.append((digest(payload), pack(payload, person.device.sign(signed_message(digest(payload))))))
    one, two = (raw for _, raw in sorted(pair))
    action = world.main.write("device.fork", {"one": one, "two": two})
    made = founder.certificate_evidence("", action.id.hex())
    part = made.view.evidence
    assert made.view.ok and part is not None
    assert (part.what, part.key, part.number) == ("fork", person.device.public.hex(), seq + 1)
    with pytest.raises(NotFound):
        founder.certificate_evidence("", world.org_id.hex())
    proof = parse_proof(raw_of(made))
    for envelopes in ((two, one), (one, one), (one,), (one, two[:-1] + b"\0")):
        assert isinstance(verify(proof._replace(envelopes=envelopes), signed_by(world.verifier)), Fault)


def test_every_byte_of_a_proof_counts(world: World, founder: Desk) -> None:
    """No changed file says anything else and still holds: each bit of it is bound by a hash or a signature, but
    the round of a signature, which the signature itself binds."""
    raw = raw_of(founder.certificate_result("", passed(world).hex()))
    good = verify(parse_proof(raw), signed_by(world.verifier))
    assert isinstance(good, Proven)
    rng, accepted = random.Random(4), 0
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << rng.randrange(8)
        try:
            found = verify(parse_proof(bytes(changed)), signed_by(world.verifier), world.org_id)
        except EncodingError:
            continue
        accepted += isinstance(found, Proven)
    assert accepted == 0


def test_what_is_no_proof_is_told_apart_from_a_bad_one(founder: Desk) -> None:
    large = base64.b64encode(bytes(3 << 20)).decode()
    for data in ("", "AAAA", "?", base64.b64encode(b"\xa1" * 5_000).decode(), large):
        with pytest.raises(InputError, match="proof_unreadable"):
            founder.certificate_check(data)


def test_a_chain_needs_exactly_a_quorum_of_one_round_of_the_set_before(world: World, founder: Desk) -> None:
    proof = parse_proof(raw_of(founder.certificate_balance("", "treasury")))
    signed, row = signed_by(world.verifier), proof.chain[0]
    place, round_, signature = row.signatures[0]
    for signatures, fault in (
        ((), Fault.QUORUM),
        (((place, round_, signature),) * 2, Fault.QUORUM),
        (((place + 1, round_, signature),), Fault.QUORUM),
        (((place, round_ + 1, signature),), Fault.SIGNATURE),
        (((place, round_, bytes(64)),), Fault.SIGNATURE),
    ):
        assert verify(proof._replace(chain=(row._replace(signatures=signatures),)), signed) is fault
    assert verify(proof._replace(chain=()), signed) is Fault.CHAIN
    assert verify(proof._replace(chain=(row, row)), signed) is Fault.CHAIN
    assert verify(proof._replace(entries=proof.entries[:1]), signed) is Fault.ENTRIES
    assert verify(proof._replace(kind="file"), signed) is Fault.ENTRIES
    entry = proof.entries[0]
    moved = entry._replace(inclusion=entry.inclusion._replace(size=entry.inclusion.size + 1))
    assert verify(proof._replace(entries=(moved, proof.entries[1])), signed) is Fault.PATH


def test_the_card_shows_who_won_and_leads_to_the_proof(world: World, founder: Desk) -> None:
    view = founder.certificate_result("", passed(world).hex()).view
    assert view.result is not None
    for language in ("en", "zh"):
        image = card_image(view, Texts(language))
        assert codes_in(image) == [f"guildhall:proof/{view.digest}"]
    many = replace(
        view.result, options=tuple("abcdefghijkl"), scores=tuple(str(n) for n in range(12)), winners=(1, 12)
    )
    assert shown_options(many) == [0, 5, 6, 7, 8, 9, 10, 11]
    with pytest.raises(InputError, match="card_of_result"):
        card_image(founder.certificate_balance("", "treasury").view, Texts("en"))


def test_what_other_witnesses_signed_is_shown_only_if_it_is_sound(world: World, founder: Desk) -> None:
    """An organisation of somebody else may certify anything: what is shown of it has the shape of our own."""
    id_ = passed(world)
    result, proposal = (entry.entity() for entry in make_proof(world.main, "result", keys_of_result(id_)).entries)
    assert isinstance(result, Result) and isinstance(proposal, Proposal)
    for strange in (
        result._replace(scores=("1/0", "0", "0")), result._replace(scores=("1",)), result._replace(options=(1, 2, 3)),
        result._replace(winners=(4,)), result._replace(outcome="won"), result._replace(method="lot"),
        result._replace(valid_power=-1), result._replace(number="1"), result._replace(tie=0),
    ):  # fmt: skip
        world.main.replay.results.put_all({result_key(id_): encode_entity(strange)})
        proof = make_proof(world.main, "result", keys_of_result(id_))
        assert subject_of(proof) is None, strange
    world.main.replay.rewind()
    assert subject_of(make_proof(world.main, "result", keys_of_result(id_))) == id_
