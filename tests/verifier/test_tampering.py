"""Whoever changes one thing in a bundle or a proof is found out, and told where and what was expected.

Where a change is one that a witness could sign, the test signs it: only the rules are left to find it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dao_app.core.encoding import Link, decode, digest, encode
from dao_app.core.envelope import build_payload, parse_action, signed_message
from dao_app.core.finality.checkpoint import encode_checkpoint, parse_certificate, precommit_message
from dao_app.core.keys import TREASURY
from tests.fakes.world import Person, World
from tests.verifier.bundling import CID_PREFIX, Parts, car_of, parts_of


class Story:
    """Two people, a vote, some money; all sealed."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, "tampering")
        self.world.seal()
        self.person, org = self.world.add_member()
        main = self.world.main
        gift = {"unit": "GLD", "amount": 500, "to": b"m" + self.person.root.public, "for": TREASURY}
        main.write("token.transfer", gift)
        ask = {"title": "Q", "kind": "decision", "method": "yes-no-abstain", "options": [], "discussion": 0}
        vote = main.write("proposal.open", {**ask, "voting": 2_000})
        self.world.seal()
        self.world.everywhere()
        for one, choice in ((main, "yes"), (org, "no")):
            one.write("vote.cast", {"proposal": Link(vote.id), "choice": choice})
        text, blob = main.detach("Hello", "text")
        main.write("comment.add", {"on": Link(vote.id), "text": text}, [blob])
        main.write("file.notarise", {"hash": digest(b"a file"), "size": 6})
        self.world.everywhere()
        self.world.seal(2_500)
        self.parts = parts_of(main)

    def copy(self) -> Parts:
        parts = self.parts
        return replace(
            parts, actions=list(parts.actions), certificates=list(parts.certificates), contents=list(parts.contents)
        )

    def resealed(self, place: int, **changes: Any) -> Parts:
        """The bundle up to this certificate, which says something else and is signed by the witness all the same."""
        parts = self.copy()
        certificate = parse_certificate(parts.certificates[place])
        raw = encode_checkpoint(certificate.checkpoint._replace(**changes))
        message = precommit_message(certificate.checkpoint.height, 0, digest(raw))
        precommit = [self.world.founder.witness.public, 0, self.world.founder.witness.sign(message)]
        rows = [[list(move) for move in part] for part in (certificate.moves, certificate.extras)]
        parts.certificates[place:] = [encode([raw, [precommit], *rows])]
        parts.head, parts.height = digest(raw), place + 1
        return parts

    def place(self, type_: str) -> int:
        """Of the action of this type among the bundle's."""
        return next(n for n, (payload, _) in enumerate(self.parts.actions) if parse_action(payload).type == type_)

    def signed(self, by: Person, place: int, changes: dict[str, Any]) -> tuple[bytes, bytes]:
        """An action of the bundle with other fields, signed by the same device."""
        action = parse_action(self.parts.actions[place][0])
        fields = {**action._asdict(), **changes}
        names = ("org", "by", "seq", "prev", "deps", "at", "type", "body")
        payload = build_payload(*(fields[name] for name in names))
        return payload, by.device.sign(signed_message(digest(payload)))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("story"))


def wrong(verifier: ModuleType, data: bytes, **options: Any) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {"org": None, "anchor": None, "hash_": None, **options}
    with pytest.raises((verifier.Wrong, verifier.Unreadable)) as found:
        verifier.check_bundle(data, **given)
    said = verifier.say(found.value.code, found.value.facts, False)
    assert said and verifier.say(found.value.code, found.value.facts, True) != said
    return found.value.code, found.value.facts


def test_as_it_is_the_bundle_holds(verifier: ModuleType, story: Story) -> None:
    report = verifier.check_bundle(story.parts.car(), story.parts.org, None, digest(b"a file"))
    facts = dict(report.checked)
    assert facts["results"] == {"number": 1} and facts["contents"]["number"] == 1
    assert facts["file"]["height"] == story.parts.height and facts["file"]["size"] == 6
    assert [code for code, _ in report.unchecked] == ["forge_now", "clocks"]


def test_a_signature_of_an_action(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    payload, signature = parts.actions[3]
    parts.actions[3] = (payload, bytes([signature[0] ^ 1]) + signature[1:])
    assert wrong(verifier, parts.car()) == (
        "action_signature", {"id": digest(payload), "device": parse_action(payload).by}
    )  # fmt: skip


def test_an_action_signed_by_somebody_else(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    payload = parts.actions[3][0]
    parts.actions[3] = (payload, story.person.device.sign(signed_message(digest(payload))))
    assert wrong(verifier, parts.car())[0] == "action_signature"


def test_children_before_parents(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    invite, join = story.place("invite.create"), story.place("member.join")
    parts.actions[invite], parts.actions[join] = parts.actions[join], parts.actions[invite]
    code, facts = wrong(verifier, parts.car())
    assert (code, facts["id"]) == ("action_parent", digest(parts.actions[invite][0]))


def test_an_action_that_was_changed_and_signed_again(verifier: ModuleType, story: Story) -> None:
    """Its device could have signed that: but the checkpoint seals another one."""
    parts = story.copy()
    last = story.place("file.notarise")
    changes = {"body": {"hash": digest(b"another"), "size": 6}}
    parts.actions[last] = story.signed(story.world.founder, last, changes)
    code, facts = wrong(verifier, parts.car())
    assert (code, facts["height"]) == ("moves_missing", parts.height)


def test_an_action_more_is_told_of_and_changes_nothing(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    last = story.place("file.notarise")
    before = parse_action(parts.actions[last][0])
    more = {"seq": before.seq + 1, "prev": before.id, "deps": (), "body": {"hash": digest(b"more"), "size": 6}}
    parts.actions.append(story.signed(story.world.founder, last, more))
    report = verifier.check_bundle(parts.car(), None, None, None)
    assert ("unsealed", {"number": 1}) in report.unchecked
    assert wrong(verifier, parts.car(), hash_=digest(b"more"))[0] == "file_absent"


def test_an_action_less(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    gone = digest(parts.actions.pop()[0])
    code, facts = wrong(verifier, parts.car())
    assert (code, facts["id"], facts["height"]) == ("moves_missing", gone, parts.height)


def test_an_earlier_time_than_that_of_a_parent(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    last = story.place("file.notarise")
    parts.actions[last] = story.signed(story.world.founder, last, {"at": 1})
    assert wrong(verifier, parts.car())[0] == "action_time"


def test_a_device_that_nobody_certified(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    stranger = Person(story.world.random)
    changes = {"by": stranger.device.public, "seq": 1, "prev": None}
    parts.actions.append(story.signed(stranger, len(parts.actions) - 1, changes))
    assert wrong(verifier, parts.car())[0] == "device_uncertified"


def test_a_join_with_the_proof_of_another_invitation(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    place = story.place("member.join")
    body = {**parse_action(parts.actions[place][0]).body, "proof": bytes(64)}
    parts.actions[place] = story.signed(story.person, place, {"body": body})
    assert wrong(verifier, parts.car())[0] == "inner_signature"


@pytest.mark.parametrize("name", ["frontier", "state", "results"])
def test_a_root(verifier: ModuleType, story: Story, name: str) -> None:
    parts = story.resealed(2, **{name: bytes(32)})
    code, facts = wrong(verifier, parts.car())
    assert (code, facts["height"], facts["said"]) == (f"root_{name}", 3, bytes(32))
    assert facts["found"] == getattr(parse_certificate(story.parts.certificates[2]).checkpoint, name)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"witnesses": (bytes(32),)}, "next_witnesses"),
        ({"rules": 7}, "rules"),
        ({"rules": 0}, "rules"),
        ({"previous": bytes(32)}, "certificate_chain"),
        ({"time": 1}, "certificate_chain"),
        ({"org": bytes(32)}, "other_org"),
        ({"height": 9}, "certificate_height"),
    ],
)
def test_a_field_of_a_checkpoint(verifier: ModuleType, story: Story, changes: dict[str, Any], code: str) -> None:
    assert wrong(verifier, story.resealed(2, **changes).car())[0] == code


def test_a_time_moves_what_is_due(verifier: ModuleType, story: Story) -> None:
    """One millisecond later the invitation ends later: even times are part of what is derived."""
    time = parse_certificate(story.parts.certificates[1]).checkpoint.time
    assert wrong(verifier, story.resealed(1, time=time + 1).car())[0] == "root_state"


def test_a_witness_signature(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    checkpoint, precommits, moves, extras = decode(parts.certificates[1])
    signature = precommits[0][2]
    precommits[0][2] = bytes([signature[0] ^ 1]) + signature[1:]
    parts.certificates[1] = encode([checkpoint, precommits, moves, extras])
    assert wrong(verifier, parts.car()) == ("quorum", {"height": 2, "needed": 1, "good": 0})


def test_a_witness_of_nobodys(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    checkpoint, precommits, moves, extras = decode(parts.certificates[1])
    other = Person(story.world.random).witness
    message = precommit_message(2, 0, digest(checkpoint))
    precommits[0] = [other.public, 0, other.sign(message)]
    parts.certificates[1] = encode([checkpoint, precommits, moves, extras])
    assert wrong(verifier, parts.car())[0] == "quorum"


def test_moves_that_leave_something_out(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    checkpoint, precommits, moves, extras = decode(parts.certificates[-1])
    parts.certificates[-1] = encode([checkpoint, precommits, moves[1:], extras])
    assert wrong(verifier, parts.car())[0] in ("root_frontier", "moves_parent")


def test_a_certificate_less(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    parts.certificates.pop()
    assert wrong(verifier, parts.car()) == ("manifest_head", {"said": parts.height, "found": parts.height - 1})
    parts = story.copy()
    parts.certificates.pop(1)
    assert wrong(verifier, parts.car()) == ("certificate_height", {"wanted": 2, "found": 3})


def test_blocks(verifier: ModuleType, story: Story) -> None:
    """A block whose bytes are others than its CID says, one that is missing, one that is not listed, one twice."""
    blocks = story.parts.blocks()
    cid, block = blocks[4]
    changed = [*blocks[:4], (cid, block + b"\0"), *blocks[5:]]
    code, facts = wrong(verifier, car_of(changed))
    assert (code, facts["number"], facts["said"]) == ("block_cid", 5, cid[4:])
    assert wrong(verifier, car_of([*blocks[:4], *blocks[5:]])) == ("block_missing", {"id": cid[4:]})
    extra = encode({"not": "listed"})
    unlisted = car_of([*blocks, (CID_PREFIX + digest(extra), extra)])
    assert wrong(verifier, unlisted) == ("block_unlisted", {"id": digest(extra)})
    assert wrong(verifier, car_of([*blocks, blocks[4]]))[0] == "block_twice"
    code, facts = wrong(verifier, car_of([*blocks[:4], blocks[5], blocks[4], *blocks[6:]]))
    assert (code, facts["number"], facts["wanted"]) == ("block_order", 5, cid[4:])


def test_a_text_that_no_action_names(verifier: ModuleType, story: Story) -> None:
    parts = story.copy()
    parts.contents.append(bytes(40))
    assert wrong(verifier, parts.car()) == ("content", {"id": digest(bytes(40))})


def test_another_organisation(verifier: ModuleType, story: Story) -> None:
    assert wrong(verifier, story.parts.car(), org=bytes(32))[0] == "other_org"
    assert wrong(verifier, replace(story.copy(), org=bytes(32)).car())[0] == "action_other_org"


def test_anchors(verifier: ModuleType, story: Story) -> None:
    car, height = story.parts.car(), story.parts.height
    ids = [parse_certificate(raw).id for raw in story.parts.certificates]
    report = verifier.check_bundle(car, story.parts.org, (height, ids[-1]), None)
    assert [code for code, _ in report.unchecked] == ["clocks"]
    assert wrong(verifier, car, anchor=(2, ids[0])) == ("anchor", {"height": 2, "wanted": ids[0], "found": ids[1]})
    assert wrong(verifier, car, anchor=(height + 1, ids[0]))[0] == "anchor_beyond"


def test_a_type_that_the_verifier_does_not_know(verifier: ModuleType, story: Story, tmp_path: Path) -> None:
    """It is told of, whether the roots agree that it has no effect or not."""
    world = World(tmp_path)
    head = world.main.heads()[world.founder.device.public]
    payload = build_payload(
        world.org_id, world.founder.device.public, 2, head.digest, (), world.clock.now, "moon.land", {}
    )
    envelope = encode([payload, world.founder.device.sign(signed_message(digest(payload)))])
    world.main.admit_now([envelope])
    world.seal()
    parts = parts_of(world.main)
    report = verifier.check_bundle(parts.car(), None, None, None)
    assert ("unknown_types", {"number": 1, "types": "moon.land"}) in report.unchecked
    story_like = Story.resealed(_of(world, parts), 0, state=bytes(32))
    assert wrong(verifier, story_like.car()) == ("root_unknown_types", {"height": 1, "types": "moon.land"})


def _of(world: World, parts: Parts) -> Story:
    made = object.__new__(Story)
    made.world, made.parts = world, parts
    return made


ACTS: list[tuple[str, Callable[[dict[bytes, Any]], None]]] = [
    ("balance", lambda rows: rows.update({b"ao/GLD": {**rows[b"ao/GLD"], "balance": 7}})),
    ("member", lambda rows: rows.update({b"n": {**rows[b"n"], "members": 9}})),
]


@pytest.mark.parametrize(("what", "act"), ACTS)
def test_an_entry_that_somebody_wrote_into_the_state(
    verifier: ModuleType, story: Story, monkeypatch: pytest.MonkeyPatch, what: str, act: Any
) -> None:
    """Witnesses who certify a balance that no action leads to: here the verifier's own state is changed instead."""
    seal = verifier.History.seal

    def meddle(history: Any, certificate: Any, recovery: Any = None) -> None:
        if history.height == 2:
            act(history.book.rows)
        seal(history, certificate, recovery)

    monkeypatch.setattr(verifier.History, "seal", meddle)
    code, facts = wrong(verifier, story.parts.car())
    assert code in ("root_state", "money_sum") and facts["height"] == 3
