"""What gets into the log and what does not; names the threats of docs/threats.md that each test answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.admission import Waiting, parse_signed
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest, encode
from dao_app.core.envelope import (
    ACTION_PREFIX,
    BEARER_PREFIX,
    DEVICE_PREFIX,
    PRECOMMIT_PREFIX,
    bearer_message,
    build_payload,
    device_message,
    pack,
    parse_action,
    signed_message,
    unpack,
)
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import parse_certificate, precommit_message
from dao_app.core.limits import (
    ACTIONS_BEFORE_FINAL_JOIN_MAX,
    CLOCK_AHEAD_MS_MAX,
    DEPS_MAX,
    ORPHAN_BYTES_MAX,
    ORPHANS_MAX,
    ORPHANS_PER_DEVICE_MAX,
)
from tests.fakes.world import Person, SodiumOnly, TestSigner, World, roots

SMALL_ORDER = [
    bytes.fromhex("0100000000000000000000000000000000000000000000000000000000000000"),
    bytes.fromhex("0000000000000000000000000000000000000000000000000000000000000000"),
    bytes.fromhex("0000000000000000000000000000000000000000000000000000000000000080"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.seal()
    return made


def signed(signer: TestSigner, payload: bytes) -> bytes:
    return pack(payload, signer.sign(signed_message(digest(payload))))


def raw_action(world: World, signer: TestSigner, seq: int, prev: bytes | None, **changes: Any) -> bytes:
    given = {
        "org": world.org_id,
        "deps": (),
        "at": world.clock.now,
        "type_": "contribution.claim",
        "body": {"title": "x"},
    }
    given.update(changes)
    return build_payload(
        given["org"], signer.public, seq, prev, given["deps"], given["at"], given["type_"], given["body"]
    )


def next_of(world: World, **changes: Any) -> bytes:
    head = world.main.heads()[world.founder.device.public]
    return signed(world.founder.device, raw_action(world, world.founder.device, head.seq + 1, head.digest, **changes))


def verdict(org: Organisation, envelope: bytes) -> dict[str, int]:
    before = roots(org), dict(org.heads())
    report = org.admit_now([envelope])
    if not report.stored:
        assert (roots(org), dict(org.heads())) == before
    return dict(report.refused)


def test_an_action_of_another_organisation_is_refused(world: World, tmp_path: Path) -> None:
    """Threat 1: the organisation is signed."""
    other = World(tmp_path / "other", seed="other")
    other.seal()
    envelope = other.main.envelopes(other.founder.device.public, 1, 1, 1 << 20)[0]
    assert verdict(world.main, envelope) == {"other_organisation": 1}
    foreign = next_of(world, org=other.org_id)
    assert verdict(world.main, foreign) == {"other_organisation": 1}


def test_a_signature_that_was_touched_is_refused_and_the_id_does_not_depend_on_it(world: World) -> None:
    """Threat 2: the id excludes the signature; S + L and flipped bits are refused."""
    envelope = next_of(world)
    payload, signature = unpack(envelope)
    order = 2**252 + 27742317777372353535851937790883648493
    malleable = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    for changed in (malleable, bytes([signature[0] ^ 1]) + signature[1:], bytes(64), signature[::-1]):
        assert verdict(world.main, pack(payload, changed)) == {"signature": 1}
    assert parse_action(payload).id == digest(payload)
    assert verdict(world.main, envelope) == {}


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_weak_keys_get_nowhere(world: World, key: bytes) -> None:
    """Threat 3: a key of small order may sign nothing and may not be brought in."""
    assert not SodiumOnly().is_valid_key(key)
    person = Person(world.random)
    invite, bearer = world.invite(world.main)
    body = {
        "invite": Link(invite.id), "root": key, "cert": bytes(64),
        "proof": bearer.sign(bearer_message(world.org_id, key, person.device.public)),
    }  # fmt: skip
    payload = raw_action(world, person.device, 1, None, deps=(invite.id,), type_="member.join", body=body)
    assert verdict(world.main, signed(person.device, payload)) in ({"weak_key": 1}, {"certification": 1})
    body = {"bearer": key, "role": "member", "uses": 1, "lifetime": 5_000}
    assert verdict(world.main, next_of(world, type_="invite.create", body=body)) == {"weak_key": 1}


def test_a_signature_of_one_kind_never_serves_for_another(world: World) -> None:
    """Threat 4: a prefix for each kind; no message of one kind is a message of another."""
    id_ = bytes(range(32))
    messages = {
        "action": signed_message(id_),
        "device": device_message(id_, id_),
        "bearer": bearer_message(id_, id_, id_),
        "precommit": precommit_message(1, 0, id_),
    }
    prefixes = [ACTION_PREFIX, DEVICE_PREFIX, BEARER_PREFIX, PRECOMMIT_PREFIX]
    assert all(not a.startswith(b) for a in prefixes for b in prefixes if a is not b)
    for kind, message in messages.items():
        assert sum(message.startswith(prefix) for prefix in prefixes) == 1, kind
    person = Person(world.random)
    invite, bearer = world.invite(world.main)
    envelope = world.join_envelope(person, invite, bearer)
    payload, _ = unpack(envelope)
    body = dict(parse_action(payload).body)
    swapped = {**body, "cert": body["proof"], "proof": body["cert"]}
    other = raw_action(world, person.device, 1, None, deps=(invite.id,), type_="member.join", body=swapped)
    assert verdict(world.main, signed(person.device, other)) == {"certification": 1}
    for wrong in (
        device_message(world.org_id, digest(payload)),
        bearer_message(world.org_id, digest(payload), digest(payload)),
        digest(payload),
    ):
        assert verdict(world.main, pack(payload, person.device.sign(wrong))) == {"signature": 1}


def test_claimed_time_delays_but_never_decides(world: World) -> None:
    """Threats 9 and 41: far ahead waits aside, before its parents is refused, and heads ahead of our clock
    are no parents of ours."""
    _, org = world.add_member()
    ahead = world.clock.now + CLOCK_AHEAD_MS_MAX
    head = org.heads()[world.people[1].device.public]
    device = world.people[1].device
    far = signed(device, raw_action(world, device, head.seq + 1, head.digest, at=ahead + 1))
    assert world.main.admit_now([far]).orphans == 1
    assert device.public not in {n.by for n in world.main.replay.pending.values()}
    near = signed(device, raw_action(world, device, head.seq + 1, head.digest, at=ahead))
    assert world.main.admit_now([near]).stored == 1
    mine = world.main.write("contribution.claim", {"title": "mine"})
    assert mine.deps == () and mine.at == world.clock.now
    late = next_of(world, at=world.clock.now - 1)
    assert verdict(world.main, late) == {"earlier_than_parent": 1}
    world.seal()
    assert world.main.replay.position.time < ahead


def test_quarantine_is_released_by_the_clock(world: World) -> None:
    envelope = next_of(world, at=world.clock.now + CLOCK_AHEAD_MS_MAX + 5_000)
    assert world.main.admit_now([envelope]).stored == 0
    world.clock.forward(5_000)
    world.main.release_quarantine()
    assert len(world.main.replay.pending) == 1


def test_orphans_wait_in_a_bounded_pool(world: World) -> None:
    """Threat 10: parents that never come cost bounded memory, and one device cannot push out others."""
    pool = Waiting()
    missing = 0
    for number in range(ORPHANS_PER_DEVICE_MAX + 50):
        parsed = parse_signed(next_of(world, body={"title": f"orphan {number}"}), SodiumOnly())
        assert not isinstance(parsed, str)
        missing += not pool.add_orphan(parsed, bytes([number % 250]) * 32)
    assert missing == 50
    assert len(pool.orphans) == ORPHANS_PER_DEVICE_MAX <= ORPHANS_MAX
    assert sum(len(p.payload) for p, _ in pool.orphans.values()) <= ORPHAN_BYTES_MAX
    for missing_id in pool.missing():
        pool.released_by(missing_id)
    assert not pool.orphans and not pool.missing()


def test_orphans_enter_with_their_parents(world: World) -> None:
    one = next_of(world)
    payload, _ = unpack(one)
    two = signed(world.founder.device, raw_action(world, world.founder.device, 3, digest(payload)))
    assert world.main.admit_now([two]).orphans == 1
    report = world.main.admit_now([one])
    assert report.stored == 2


def test_fan_in_is_bounded(world: World) -> None:
    """Threat 11."""
    many = tuple(bytes([number]) * 32 for number in range(DEPS_MAX + 1))
    payload = encode(
        {"v": 1, "org": world.org_id, "by": b"\x01" * 32, "seq": 1, "prev": None, "deps": [Link(d) for d in many],
         "at": 1, "type": "x", "body": {}}
    )  # fmt: skip
    with pytest.raises(EncodingError):
        parse_action(payload)


def test_a_chain_has_no_holes_and_no_second_start(world: World) -> None:
    device = world.founder.device
    head = world.main.heads()[device.public]
    assert world.main.admit_now([signed(device, raw_action(world, device, 9, b"\x09" * 32))]).orphans == 1
    skipped = signed(device, raw_action(world, device, head.seq + 2, head.digest))
    assert verdict(world.main, skipped) == {"broken_chain": 1}
    stranger = Person(world.random)
    assert verdict(world.main, signed(stranger.device, raw_action(world, stranger.device, 1, None))) == {
        "uncertified_device": 1
    }


def test_before_its_join_is_final_a_device_writes_little(world: World) -> None:
    person = Person(world.random)
    invite, bearer = world.invite(world.main)
    envelope = world.join_envelope(person, invite, bearer)
    assert world.main.admit_now([envelope]).stored == 1
    prev = digest(unpack(envelope)[0])
    for seq in range(2, ACTIONS_BEFORE_FINAL_JOIN_MAX + 2):
        payload = raw_action(world, person.device, seq, prev)
        report = world.main.admit_now([signed(person.device, payload)])
        assert report.stored == (seq <= ACTIONS_BEFORE_FINAL_JOIN_MAX)
        prev = digest(payload)


def test_a_device_with_two_histories_is_frozen_by_its_own_signatures(world: World) -> None:
    _, org = world.add_member()
    device = world.people[1].device
    head = org.heads()[device.public]
    one = signed(device, raw_action(world, device, head.seq + 1, head.digest, body={"title": "one"}))
    two = signed(device, raw_action(world, device, head.seq + 1, head.digest, body={"title": "two"}))
    assert world.main.admit_now([one]).stored == 1
    assert verdict(world.main, two) == {"fork": 1}
    assert len(world.main.evidence) == 1
    pair = sorted([one, two], key=lambda raw: digest(unpack(raw)[0]))
    world.main.write("device.fork", {"one": pair[0], "two": pair[1]})
    world.seal()
    after = signed(device, raw_action(world, device, head.seq + 2, digest(unpack(one)[0])))
    assert verdict(world.main, after) == {"device_refused": 1}


def test_a_certificate_needs_the_witness(world: World) -> None:
    observer = world.replica()
    world.main.write("contribution.claim", {"title": "x"})
    world.seal()
    world.sync(world.main, observer)
    good = parse_certificate(world.main.certificates(2, 1 << 20)[0])
    stranger = TestSigner(world.random.token(32))
    message = precommit_message(good.checkpoint.height, 0, good.id)
    from dao_app.core.finality.checkpoint import Precommit, encode_certificate, encode_checkpoint

    raw = encode_checkpoint(good.checkpoint)
    for precommits in (
        [],
        [Precommit(stranger.public, 0, stranger.sign(message))],
        [Precommit(world.founder.witness.public, 0, stranger.sign(message))],
        [Precommit(world.founder.witness.public, 1, world.founder.witness.sign(message))],
    ):
        fresh = world.replica()
        fresh.admit_certificates_now(world.main.certificates(1, 1))
        forged = encode_certificate(raw, precommits, list(good.moves))
        assert fresh.admit_certificates_now([forged]).refused, precommits


def test_a_certificate_whose_moves_were_changed_on_the_way_is_dropped(world: World) -> None:
    """No signature covers the list of moves, but the frontier root does: whoever changed it raises no alarm."""
    world.seal()
    world.main.write("contribution.claim", {"title": "one"})
    _, ann = world.add_member()
    ann.write("contribution.claim", {"title": "another"})
    world.everywhere()
    onlooker = world.replica()
    world.sync(world.main, onlooker)
    world.seal()
    good = parse_certificate(world.main.certificates(world.main.height(), 1 << 20)[0])
    from dao_app.core.finality.checkpoint import encode_certificate, encode_checkpoint

    assert good.moves
    changed = encode_certificate(encode_checkpoint(good.checkpoint), good.precommits, good.moves[1:])
    world.sync(ann, onlooker)
    onlooker.admit_certificates_now([changed])
    assert onlooker.height() == world.main.height() - 1 and not onlooker.conflict
    world.sync(world.main, onlooker)
    assert onlooker.height() == world.main.height() and not onlooker.conflict


def test_a_second_checkpoint_at_one_height_stops_deriving(world: World, tmp_path: Path) -> None:
    """A witness that signs twice is seen, and nothing is derived from then on."""
    twin = world.replica(world.founder, witness=True)
    world.sync(world.main, twin)
    observer = world.replica()
    world.seal()
    world.main.write("contribution.claim", {"title": "one history"})
    world.seal()
    twin.write("contribution.claim", {"title": "another history"})
    world.clock.forward(5_000)
    twin.seal()
    world.sync(world.main, observer)
    height = observer.height()
    assert observer.admit_certificates_now(twin.certificates(height, 1 << 20)).refused == {"conflict": 1}
    assert observer.conflict == str(height)
    assert observer.seal() is None


def test_another_history_than_the_invitations_is_refused(world: World) -> None:
    """The anchor in the invitation pins the history, even against the witness's own signature."""
    world.main.write("contribution.claim", {"title": "x"})
    world.seal()
    (raw,) = world.main.certificates(2, 1)
    joiner = world.replica()
    joiner.set_anchor(2, b"\x05" * 32)
    assert joiner.admit_certificates_now([raw]).refused == {"not_the_anchor": 1}
    joiner.set_anchor(2, parse_certificate(raw).id)
    world.sync(world.main, joiner)
    assert joiner.height() == 2


def test_a_malformed_action_is_kept_and_shown_to_nobody(world: World) -> None:
    """What a rule rejects may hold any body; views must not trip over it."""
    from dao_app.app.queries import Reader

    task = world.main.write("task.open", {"title": "T", "unit": "", "amount": 0, "payer": b"o", "lifetime": 0})
    for text in (7, {"hash": b"short"}, None, [[]]):
        envelope = next_of(world, type_="comment.add", body={"on": Link(task.id), "text": text})
        assert world.main.admit_now([envelope]).stored == 1
    assert Reader(world.main, None, {}, set()).comments(task.id) == ()
    world.seal()
    reader = Reader(world.main, None, {}, set())
    assert reader.comments(task.id) == () and len(reader.activity(task.id)) == 1


def test_a_vote_that_pretends_to_be_old_does_not_count(world: World) -> None:
    """Threat 33: periods run from sealed times, so a vote neither opens nor closes by claimed dates."""
    person, org = world.add_member()
    body = {
        "title": "Q",
        "kind": "decision",
        "method": "single",
        "options": ["A", "B"],
        "discussion": 0,
        "voting": 1_000,
    }
    old = world.clock.now
    proposal = org.write("proposal.open", body)
    device = person.device
    ballot = {"proposal": Link(proposal.id), "choice": 1}
    payload = raw_action(world, device, proposal.seq + 1, proposal.id, at=old, type_="vote.cast", body=ballot)
    org.admit_now([signed(device, payload)])
    world.clock.forward(10_000)
    world.everywhere()
    world.seal()
    id_ = digest(payload)
    assert world.main.store.verdict(id_) == "voting_not_open"
    entity = world.main.replay.final.entity(b"p" + proposal.id)
    assert entity is not None and entity.status == "voting"  # type: ignore[union-attr]


def test_erased_text_is_gone_and_nothing_else_changes(world: World) -> None:
    """Threat 45: ids, roots and proofs stay valid; content and salt are dropped by honest peers."""
    _, org = world.add_member()
    world.everywhere()
    reference, blob = org.detach("my address is 1 Sample Street", "comment")
    claim = org.write("contribution.claim", {"title": "Helped", "text": reference}, [blob])
    world.everywhere()
    world.seal()
    world.everywhere()
    assert world.main.content(reference["hash"]) == blob
    before = roots(world.main)
    record = world.main.store.record(claim.id)
    org.write("content.erase", {"on": Link(claim.id), "hash": reference["hash"]})
    world.everywhere()
    world.seal()
    world.everywhere()
    for one in (world.main, org):
        assert one.content(reference["hash"]) is None
        assert not one.add_content(blob), "erased content does not come back"
        assert one.store.record(claim.id)[1:] == record[1:]  # type: ignore[index]
    height = before[0]
    first = parse_certificate(world.main.certificates(height, 1)[0])
    assert first.checkpoint.state == before[1]


def test_bulk_and_single_admission_agree(world: World) -> None:
    """What the verifying worker lets pass is still decoded strictly: signed nonsense gets nowhere in bulk either."""
    import asyncio

    import cbor2

    from dao_app.app.admission import signed_id

    payload, _ = unpack(next_of(world))
    device = world.founder.device
    fields = cbor2.loads(payload)
    loose = [
        cbor2.dumps(dict(sorted(fields.items(), reverse=True))),
        cbor2.dumps({**fields, "at": float(fields["at"])}),
        cbor2.dumps({**fields, "extra": 1}, canonical=True),
        cbor2.dumps({"by": device.public}),
        payload + b"\x00",
        b"\xff" * 90,
    ]
    envelopes = [signed(device, raw) for raw in loose]
    stranger = Person(world.random).device
    forged = pack(payload, stranger.sign(signed_message(digest(payload))))
    good = signed(device, payload)

    async def judge(batch: Any) -> list[bytes | str]:
        return [signed_id(raw, SodiumOnly()) for raw in batch]

    world.main._judge = judge
    batch = [*envelopes, forged, good] * 10
    report = asyncio.run(world.main.admit(batch))
    assert dict(report.refused) == {"malformed": 60, "signature": 10}
    assert (report.stored, report.known) == (1, 9)
