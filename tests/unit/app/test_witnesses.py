"""Several witnesses over real organisations: election, consensus, substitutes, hand-over, forks, conflicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Device, Org, Proposal
from dao_app.core.envelope import build_payload, device_message, pack, signed_message, unpack
from dao_app.core.finality.checkpoint import parse_certificate, quorum
from dao_app.core.finality.messages import PREVOTE, Vote, encode_vote, vote_message
from dao_app.core.finality.recovery import Place
from dao_app.core.keys import ELECTION_KEY, ORG_KEY, WITNESSES_KEY, device_key, proposal_key
from dao_app.core.witness_entities import Witnesses
from tests.fakes.council import DELAY, Council
from tests.fakes.world import TestSigner, World, roots
from tests.unit.rules.votes import body, refusal


@pytest.fixture
def council(tmp_path: Path) -> Council:
    council = Council(tmp_path, 4)
    council.elect()
    return council


def test_four_elected_witnesses_take_over_and_seal_together(council: Council) -> None:
    named = council.named()
    assert len(named.seats) == 4 and named.by_vote and named.term == 2
    height = council.main.height()
    council.orgs[2].write("contribution.claim", {"title": "Together"})
    council.talk()
    assert {org.height() for org in council.orgs} == {height + 1}
    assert len({roots(org) for org in council.orgs}) == 1
    certificate = parse_certificate(council.main.certificates(height + 1, 1 << 20)[0])
    assert len(certificate.precommits) >= quorum(4) == 3
    assert council.main.seal() is None  # nobody seals alone any more


def test_one_of_four_may_be_away(council: Council) -> None:
    council.orgs[1].write("contribution.claim", {"title": "Three are enough"})
    height = council.main.height()
    council.talk(rounds=200, step_ms=200, silent=(0,))
    assert [org.height() for org in council.orgs] == [height, height + 1, height + 1, height + 1]
    council.talk()
    assert council.main.height() == height + 1


def test_a_witness_that_crashed_between_the_last_word_and_the_commit_opens_again(council: Council) -> None:
    """The kept words decide the height while the organisation is being opened."""
    org = council.orgs[1]
    org.write("contribution.claim", {"title": "Decided, not adopted"})
    council.everywhere()
    height = org.height()
    commit, org.store.commit = org.store.commit, None  # type: ignore[method-assign]
    with pytest.raises(TypeError):  # the words alone travel, no certificate
        for _ in range(40):
            council.clock.forward(50)
            for one in council.orgs:
                one.witnessing.in_touch(True)
                one.witnessing.tick()
            for one in council.orgs:
                org.hear(list(one.words().values()))
                one.hear(list(org.words().values()))
    org.store.commit = commit  # type: ignore[method-assign]
    again = Organisation(council.org_id, org.store, council.verifier, council.clock, council.random)
    assert again.height() == height + 1
    assert again.witnessing.standing() is not None


def test_two_of_four_away_and_nothing_becomes_final(council: Council) -> None:
    council.orgs[2].write("contribution.claim", {"title": "Two are too few"})
    height = council.main.height()
    council.talk(rounds=100, step_ms=500, silent=(0, 1))
    assert {org.height() for org in council.orgs} == {height}
    council.talk(rounds=200, step_ms=500)
    assert {org.height() for org in council.orgs} == {height + 1}


def test_a_change_waits_until_the_first_by_rank_are_ready(tmp_path: Path) -> None:
    council = Council(tmp_path, 4, extra=1)
    council.elect(ready=3)
    assert len(council.named().seats) == 1 and len(council.election().ready) == 3
    council.declare(4, council.election().term)  # the reserve: not among the first four
    council.everywhere()
    council.seal()
    assert len(council.named().seats) == 1
    council.seal(60_000)  # waited long enough: those who are ready take the seats
    seats = [root for root, _ in council.named().seats]
    assert seats == [council.people[n].root.public for n in (0, 1, 2, 4)]
    assert council.named().reserve == ((council.people[3].root.public, b""),)


def test_an_election_without_enough_ready_ones_lapses(tmp_path: Path) -> None:
    council = Council(tmp_path, 4)
    council.elect(ready=2)
    council.seal(60_000)
    assert council.main.replay.final.entity(ELECTION_KEY) is None
    assert council.named().term == 1


def votes(signer: TestSigner, height: int) -> dict[str, Any]:
    """Two votes for one place, as evidence."""
    made = []
    for id_ in (digest(b"a"), digest(b"b")):
        vote = Vote(PREVOTE, height, 0, id_, signer.public)
        made.append(encode_vote(vote._replace(signature=signer.sign(vote_message(vote)))))
    one, two = sorted(made)
    return {"one": one, "two": two}


def test_who_signs_twice_gives_the_seat_to_the_reserve(tmp_path: Path) -> None:
    council = Council(tmp_path, 4, extra=1)
    council.elect()
    faulty = council.named().seats[1]
    signer = council.orgs[1].witness_keys[faulty[1]]
    assert isinstance(signer, TestSigner)
    content = votes(signer, council.main.height() + 1)
    assert refusal(council.main, "witness.evidence", {"one": content["two"], "two": content["one"]}) == "evidence_bad"
    council.main.write("witness.evidence", content)
    council.talk()
    seats = [root for root, _ in council.named().seats]
    assert seats[1] == council.people[4].root.public and faulty[0] not in seats
    council.orgs[2].write("contribution.claim", {"title": "And on it goes"})
    height = council.main.height()
    council.talk()
    assert council.orgs[4].height() == height + 1


def test_evidence_with_a_bad_signature_is_not_admitted(council: Council) -> None:
    stranger = TestSigner(council.random.token(32))
    content = votes(stranger, council.main.height() + 1)
    forged = encode_vote(Vote(PREVOTE, 5, 0, digest(b"x"), council.named().seats[0][1], (), b"\0" * 64))
    assert refusal(council.main, "witness.evidence", content) == "not_elected"
    one, two = sorted([forged, forged[:-1] + b"\1"])
    assert refusal(council.main, "witness.evidence", {"one": one, "two": two}) == "evidence_bad"


def test_a_real_double_vote_becomes_evidence_by_itself(council: Council) -> None:
    seat = council.named().seats[3]
    signer = council.orgs[3].witness_keys[seat[1]]
    height = council.main.height() + 1
    for id_ in (digest(b"a"), None):
        vote = Vote(PREVOTE, height, 0, id_, seat[1])
        raw = encode_vote(vote._replace(signature=signer.sign(vote_message(vote))))
        council.main.witnessing.hear([raw])
    council.talk(rounds=200, step_ms=200, silent=(3,))
    assert council.named().faulty == (seat[1],)


def test_the_sole_witness_hands_over_to_a_node(tmp_path: Path) -> None:
    council = Council(tmp_path, 1, extra=1)
    node = council.people[1].root.public
    assert refusal(council.orgs[1], "witness.move", {"to": node}) == "not_sole_witness"
    council.main.write("witness.move", {"to": node})
    council.everywhere()
    council.seal()
    council.everywhere()
    council.declare(1, council.election().term)
    council.everywhere()
    council.seal()
    council.everywhere()
    assert council.named(council.orgs[1]).seats[0][0] == node
    assert council.main.seal() is None
    council.main.write("contribution.claim", {"title": "Sealed by the node"})
    council.everywhere()
    assert council.orgs[1].seal() is not None
    council.everywhere()
    assert roots(council.main) == roots(council.orgs[1])


def test_several_witnesses_make_the_grace_twice_the_delay(council: Council) -> None:
    action = council.main.write("proposal.open", body("decision"))
    council.talk()
    found = council.main.replay.final.entity(proposal_key(action.id))
    assert isinstance(found, Proposal)
    assert found.closes == council.main.replay.position.time + found.voting + 2 * DELAY


# -- rules versions ------------------------------------------------------------------------------
def test_new_rules_wait_for_every_witness_and_an_old_program_stops_there(council: Council) -> None:
    for org in council.orgs[:3]:
        org.replay.supported = 2
    action = council.main.write("proposal.open", body("amendment", {"do": "activate_rules", "version": 2}))
    council.talk()
    for org in council.orgs:
        org.write("vote.cast", {"proposal": Link(action.id), "choice": "yes"})
    council.talk()
    council.clock.forward(20_000)
    council.talk()
    for org in council.orgs[:3]:
        org.write("rules.ready", {"version": 2})
    council.talk()
    rules = council.main.replay.final.entity(ORG_KEY)
    assert isinstance(rules, Org) and rules.rules == 1  # the fourth does not know them
    council.clock.forward(14 * 24 * 3_600_000)
    council.talk()
    assert council.main.replay.rules() == 2 and council.orgs[3].replay.rules() == 2
    height = council.main.height()
    council.main.write("contribution.claim", {"title": "Under new rules"})
    council.talk(rounds=200, step_ms=200)
    assert council.main.height() == height + 1
    assert council.orgs[3].height() == height and not council.orgs[3].knows_rules()


# -- two histories, and recovery -----------------------------------------------------------------
def test_members_recover_from_two_certified_histories(tmp_path: Path) -> None:
    """The sole witness signs two checkpoints at one height; more than two thirds name a branch and a new witness."""
    world = World(tmp_path, charter={"recovery_delay_ms": 60_000})
    orgs = [world.main, *(world.add_member()[1] for _ in range(3))]
    world.everywhere()
    twin = world.replica(world.founder, witness=True, name="twin")
    world.sync(world.main, twin)
    world.main.write("contribution.claim", {"title": "one history"})
    world.seal()
    for org in orgs[1:3]:
        world.sync(world.main, org)
    twin.write("contribution.claim", {"title": "another"})
    world.clock.forward(5_000)
    assert twin.seal() is not None
    height = twin.height()
    orgs[3].admit_now(list(twin.envelopes(world.founder.device.public, 1, 99, 1 << 20)))
    orgs[3].admit_certificates_now(twin.certificates(1, 1 << 20))
    assert orgs[3].height() == height and orgs[3].replay.position.id != orgs[1].replay.position.id
    for org in orgs[:3]:
        org.admit_certificates_now(twin.certificates(height, 1 << 20))
        assert org.conflict == str(height) and len(org.conflicting()) == 2
    orgs[3].admit_certificates_now(world.main.certificates(height, 1 << 20))
    assert orgs[3].conflict
    late = orgs[3].store.checkpoint(height)
    assert late is not None
    with pytest.raises(Refused):
        orgs[2].write("contribution.claim", {"title": "Nothing is written while histories contradict"})

    branch = Place(height, orgs[1].replay.position.id)
    successor = world.people[2].root.public
    recovery = orgs[1].recovering.propose(branch, (successor,))
    assert recovery.base.height == height - 1
    orgs[2].hear(list(orgs[1].recovering.objects().values()))
    orgs[2].recovering.sign(recovery.raw)
    assert [s.effect_ms for s in orgs[2].recovering.standings()] == [None]  # two of four are too few
    orgs[3].hear(list(orgs[2].recovering.objects().values()))
    orgs[3].recovering.sign(recovery.raw)
    for org in orgs:
        org.hear(list(orgs[3].recovering.objects().values()))
        org.recovering.tick()
        assert org.conflict  # the delay runs
    world.clock.forward(60_000)
    for org in orgs:
        org.recovering.tick()
        assert not org.conflict
    assert orgs[3].height() == height - 1  # it held the other branch
    orgs[3].admit_now(world.main.envelopes(world.founder.device.public, 1, 99, 1 << 20))
    orgs[3].admit_now(world.main.envelopes_of(orgs[3].missing_ids(9), 1 << 20))
    assert orgs[3].admit_certificates_now(twin.certificates(height, 1 << 20)).refused == {"undone": 1}
    orgs[3].admit_certificates_now(world.main.certificates(height, 1 << 20))
    orgs[3].admit_now(world.main.envelopes_of(orgs[3].missing_ids(9), 1 << 20))
    assert orgs[3].replay.position.id == branch.id
    assert world.main.seal() is None
    orgs[3].write("contribution.claim", {"title": "And on it goes"})
    world.sync(orgs[3], orgs[2])
    assert orgs[2].seal() is not None
    for org in (*orgs[:2], orgs[3]):
        world.sync(orgs[2], org)
    assert len({roots(org) for org in orgs}) == 1 and {org.height() for org in orgs} == {height + 1}
    named = orgs[0].replay.final.entity(WITNESSES_KEY)
    assert isinstance(named, Witnesses) and named.cause == recovery.id and not named.by_vote


# -- forks ---------------------------------------------------------------------------------------
def test_who_hung_on_a_losing_branch_loses_nothing(tmp_path: Path) -> None:
    """A forger shows one branch to a victim alone; the other is sealed. The victim's action counts all the same."""
    world = World(tmp_path)
    _, forger = world.add_member()
    _, victim = world.add_member()
    world.everywhere()
    device = world.people[1].device
    head = victim.heads()[device.public]
    branches = []
    for title in ("one", "two"):
        payload = build_payload(
            world.org_id, device.public, head.seq + 1, head.digest, (), world.clock.now, "contribution.claim",
            {"title": title},
        )  # fmt: skip
        branches.append(pack(payload, device.sign(signed_message(digest(payload)))))
    victim.admit_now([branches[0]])
    work = victim.write("contribution.claim", {"title": "honest work"})
    assert id_of(branches[0]) in work.deps
    world.main.admit_now([branches[1]])
    world.seal()  # the second branch is final
    assert victim.heads()[device.public].digest != world.main.heads()[device.public].digest
    envelope = victim.envelopes(world.people[2].device.public, 1, 99, 1 << 20)
    assert world.main.admit_now(envelope).orphans == 1
    assert world.main.missing_ids(10) == [id_of(branches[0])]
    world.main.admit_now(victim.envelopes_of(world.main.missing_ids(10), 1 << 20))
    world.seal()
    assert world.main.store.verdict(work.id) is None  # it counts
    assert world.main.store.verdict(id_of(branches[0])) == "forked"
    certificate = parse_certificate(world.main.certificates(world.main.height(), 1 << 20)[0])
    assert [extra.head for extra in certificate.extras] == [id_of(branches[0])]
    found = world.main.replay.final.entity(device_key(device.public))
    assert isinstance(found, Device) and found.status == "frozen"
    victim.admit_certificates_now(world.main.certificates(1, 1 << 20))
    victim.admit_now([branches[1]])
    victim.admit_certificates_now(world.main.certificates(1, 1 << 20))
    assert roots(victim) == roots(world.main)
    assert forger.height() < victim.height()


def test_who_was_frozen_goes_on_with_a_device_that_the_root_certifies(tmp_path: Path) -> None:
    world = World(tmp_path)
    person_org = world.add_member()[1]
    person = world.people[1]
    head = person_org.heads()[person.device.public]
    pair = []
    for title in ("one", "two"):
        payload = build_payload(
            world.org_id, person.device.public, head.seq + 1, head.digest, (), world.clock.now, "contribution.claim",
            {"title": title},
        )  # fmt: skip
        pair.append(pack(payload, person.device.sign(signed_message(digest(payload)))))
    world.main.admit_now(pair)
    one, two = world.main.evidence[person.device.public]
    world.main.write("device.fork", {"one": one, "two": two})
    world.seal()
    world.everywhere()
    assert person_org.certified(person.device.public) == "refused"
    fresh = TestSigner(world.random.token(32))
    stranger = TestSigner(world.random.token(32))
    forged = build_payload(
        world.org_id, fresh.public, 1, None, (), world.clock.now, "device.certify",
        {"root": person.root.public, "cert": stranger.sign(device_message(world.org_id, fresh.public))},
    )  # fmt: skip
    refused = world.main.admit_now([pack(forged, fresh.sign(signed_message(digest(forged))))]).refused
    assert refused == {"certification": 1}
    certificate = person.root.sign(device_message(world.org_id, fresh.public))
    person_org.begin_device(fresh, person.root.public, certificate)
    claim = person_org.write("contribution.claim", {"title": "on the new device"})
    world.everywhere()
    world.sync(person_org, world.main)
    world.seal()
    assert world.main.store.verdict(claim.id) is None and world.main.certified(fresh.public) == "active"


def id_of(envelope: bytes) -> bytes:
    return digest(unpack(envelope)[0])

