"""Histories with several witnesses, elections, evidence and forks: the verifier follows each change of who signs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from dao_app.core.encoding import decode, digest, encode
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.core.finality.checkpoint import parse_certificate
from dao_app.core.finality.recovery import Place
from tests.fakes.council import Council
from tests.fakes.world import TestSigner, World
from tests.unit.app.test_witnesses import votes
from tests.unit.rules.votes import adopt, body
from tests.verifier.bundling import Parts, parts_of


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Council:
    """Four elected out of five; then one signs twice and the fifth takes the seat."""
    council = Council(tmp_path_factory.mktemp("council"), 4, extra=1)
    council.elect()
    council.orgs[2].write("contribution.claim", {"title": "Together"})
    council.talk()
    liar = council.orgs[1].witness_keys[council.named().seats[1][1]]
    assert isinstance(liar, TestSigner)
    council.main.write("witness.evidence", votes(liar, council.main.height() + 1))
    council.talk()
    council.orgs[2].write("contribution.claim", {"title": "And on it goes"})
    council.talk()
    return council


@pytest.fixture(scope="module")
def parts(council: Council) -> Parts:
    return parts_of(council.main)


def test_each_change_of_witnesses_is_followed(verifier: ModuleType, council: Council, parts: Parts) -> None:
    report = verifier.check_bundle(parts.car(), parts.org, None, None)
    assert dict(report.checked)["checkpoints"]["number"] == council.main.height()
    said = [(code, facts["quorum"], facts["seats"]) for code, facts in report.unchecked if code.startswith("forge")]
    assert said == [("forge_retired", 1, 1), ("forge_retired", 3, 4), ("forge_now", 3, 4)]


def test_an_anchor_makes_the_earlier_keys_unnecessary(verifier: ModuleType, parts: Parts) -> None:
    ids = [parse_certificate(raw).id for raw in parts.certificates]
    several = next(n for n, raw in enumerate(parts.certificates, 1) if len(parse_certificate(raw).precommits) > 1)
    for height, wanted in ((several - 1, [3, 3]), (several + 1, [3]), (len(ids), [])):
        report = verifier.check_bundle(parts.car(), parts.org, (height, ids[height - 1]), None)
        assert [facts["quorum"] for code, facts in report.unchecked if code.startswith("forge")] == wanted


def test_a_signature_less_than_a_quorum(verifier: ModuleType, parts: Parts) -> None:
    checkpoint, precommits, moves, extras = decode(parts.certificates[-1])
    few = encode([checkpoint, precommits[:2], moves, extras])
    damaged = replace(parts, certificates=[*parts.certificates[:-1], few])
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_bundle(damaged.car(), None, None, None)
    assert (wrong.value.code, wrong.value.facts["needed"], wrong.value.facts["good"]) == ("quorum", 3, 2)


def test_signatures_of_two_rounds_are_no_quorum(verifier: ModuleType, council: Council, parts: Parts) -> None:
    """Even good ones: another checkpoint may have been decided between the rounds."""
    checkpoint, _, moves, extras = decode(parts.certificates[-1])
    height = parse_certificate(parts.certificates[-1]).checkpoint.height
    signed = []
    keys = {key: signer for org in council.orgs for key, signer in org.witness_keys.items()}
    for round_, (_, key) in zip((0, 0, 1, 1), council.named().seats, strict=True):
        message = verifier.signed_text("precommit", encode([height, round_, digest(checkpoint)]))
        signed.append([key, round_, keys[key].sign(message)])
    mixed = replace(parts, certificates=[*parts.certificates[:-1], encode([checkpoint, sorted(signed), moves, extras])])
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_bundle(mixed.car(), None, None, None)
    assert wrong.value.facts == {"height": height, "needed": 3, "good": 2}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """A forger's second branch is sealed; the first one, on which somebody's work stands, comes as an extra head."""
    world = World(tmp_path_factory.mktemp("forked"))
    world.add_member()
    _, victim = world.add_member()
    world.everywhere()
    device = world.people[1].device
    head = victim.heads()[device.public]
    branches = []
    for title in ("one", "two"):
        content = {"title": title}
        payload = build_payload(
            world.org_id, device.public, head.seq + 1, head.digest, (), world.clock.now, "contribution.claim", content
        )
        branches.append(pack(payload, device.sign(signed_message(digest(payload)))))
    victim.admit_now([branches[0]])
    victim.write("contribution.claim", {"title": "honest work"})
    world.main.admit_now([branches[1]])
    world.seal()
    world.main.admit_now(victim.envelopes(world.people[2].device.public, 1, 99, 1 << 20))
    world.main.admit_now(victim.envelopes_of(world.main.missing_ids(10), 1 << 20))
    world.seal()
    return parts_of(world.main)


def test_a_losing_branch_is_sealed_without_effect(verifier: ModuleType, forked: Parts) -> None:
    assert len(parse_certificate(forked.certificates[-1]).extras) == 1
    report = verifier.check_bundle(forked.car(), forked.org, None, None)
    assert dict(report.checked)["judged"]["rejected"] == 1
    assert [code for code, _ in report.unchecked if code == "forked"] == ["forked"]


@pytest.mark.parametrize(("drop", "code"), [(True, "moves_parent"), (False, "moves_chain")])
def test_extra_heads_are_exactly_those_that_are_needed(
    verifier: ModuleType, forked: Parts, drop: bool, code: str
) -> None:
    checkpoint, precommits, moves, extras = decode(forked.certificates[-1])
    changed = [] if drop else sorted([*extras, *moves], key=lambda row: (row[0], row[2]))
    last = encode([checkpoint, precommits, moves, changed])
    parts = replace(forked, certificates=[*forked.certificates[:-1], last])
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_bundle(parts.car(), None, None, None)
    assert wrong.value.code == code


@pytest.fixture(scope="module")
def recovered(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Parts]:
    """The sole witness is lost; three of four members name another one, who seals when the delay is over."""
    world = World(tmp_path_factory.mktemp("recovered"), charter={"recovery_delay_ms": 60_000})
    orgs = [world.main, *(world.add_member()[1] for _ in range(3))]
    world.everywhere()
    last = Place(world.main.height(), world.main.replay.position.id)
    recovery = orgs[1].recovering.propose(last, (world.people[2].root.public,))
    for org in orgs[2:]:
        org.hear(list(orgs[1].recovering.objects().values()))
        org.recovering.sign(recovery.raw)
    said = [raw for org in orgs[1:] for raw in org.recovering.objects().values()]
    for wait in (0, 60_000):
        world.clock.forward(wait)
        for org in orgs[1:]:
            org.hear(said)
            org.recovering.tick()
    orgs[2].write("contribution.claim", {"title": "And on it goes"})
    assert orgs[2].seal() is not None
    return world, parts_of(orgs[2])


def test_a_recovery_is_followed(verifier: ModuleType, recovered: tuple[World, Parts]) -> None:
    _, parts = recovered
    report = verifier.check_bundle(parts.car(), parts.org, None, None)
    assert dict(report.checked)["recovery"] == {"height": parts.height, "signed": 3, "voters": 4}
    assert "recovery_delay" in [code for code, _ in report.unchecked]


def test_a_recovery_by_too_few_or_with_a_bad_signature(verifier: ModuleType, recovered: tuple[World, Parts]) -> None:
    world, parts = recovered
    few = replace(parts, recoveries=parts.recoveries[:2])
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_bundle(few.car(), None, None, None)
    assert (wrong.value.code, wrong.value.facts["height"]) == ("quorum", parts.height)
    body_, device, signature = decode(parts.recoveries[0])
    forged = replace(parts, recoveries=[encode([body_, world.founder.device.public, signature])])
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_bundle(forged.car(), None, None, None)
    assert wrong.value.code == "recovery_signature" and device != world.founder.device.public


def test_rules_that_the_verifier_does_not_know_are_not_guessed(verifier: ModuleType, tmp_path: Path) -> None:
    council = Council(tmp_path, 1)
    council.seal()
    adopt(council, body("amendment", {"do": "activate_rules", "version": 2}))
    council.main.write("rules.ready", {"version": 2})
    council.seal()
    parts = parts_of(council.main)
    last = parse_certificate(parts.certificates[-1])
    following = decode(parts.certificates[-1])
    checkpoint = {**decode(following[0]), "height": last.checkpoint.height + 1, "previous": last.id, "rules": 2}
    checkpoint["time"] += 1_000
    raw = encode(checkpoint)
    message = verifier.signed_text("precommit", encode([checkpoint["height"], 0, digest(raw)]))
    witness = council.founder.witness
    parts.certificates.append(encode([raw, [[witness.public, 0, witness.sign(message)]], [], []]))
    parts.height, parts.head = checkpoint["height"], digest(raw)
    with pytest.raises(verifier.Unreadable) as unread:
        verifier.check_bundle(parts.car(), None, None, None)
    assert unread.value.facts == {"height": checkpoint["height"], "version": 2}
