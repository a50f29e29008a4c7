"""A member may sign any body at all: nothing may raise, no view may trip, money stays whole (threats 7, 24, 30)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.cases_membership import devices_by_member
from dao_app.app.cases_tokens import balances, ledger_row
from dao_app.app.contribution_rows import contribution_detail, contribution_ids, reputation_row
from dao_app.app.earnings import earnings_of
from dao_app.app.proposal_views import proposal_row, tally_view
from dao_app.app.queries import Reader
from dao_app.app.reward_rows import match_row, payout_row, round_detail
from dao_app.app.task_rows import task_detail
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Proposal, Task
from dao_app.core.envelope import Action, build_payload, pack, signed_message
from dao_app.core.errors import EncodingError
from dao_app.core.keys import match_key, member_party, payout_key, proposal_key, round_key, task_key
from dao_app.core.rules.registry import TYPES
from tests.fakes.checks import check_governance
from tests.fakes.device_history import DeviceHistory
from tests.fakes.governance_history import GovernanceHistory
from tests.fakes.history import History
from tests.fakes.reward_history import RewardHistory

ODD: list[Any] = [
    Link(bytes(32)), None, True, 0, -1, 1, 2**53 - 1, -(2**53) + 1, "", "x", "\u202egnp.exe", "<b>bold</b>", "a\nb",
    b"", b"o", b"m", b"m" + bytes(32), b"e" + bytes(32), bytes(32), bytes(64), b"\xff" * 40, [], [[]], [None], [1, 1],
    [0], "yes", "共" * 100, {}, {"hash": bytes(32), "size": 1, "kind": "x"}, {"hash": 1}, {"a": {"b": {"c": []}}},
]  # fmt: skip


REWARDS = ("contribution", "round", "match", "payout", "gifts", "givers", "receivers", "projects", "evidence", "reason")


REWARD_VIEWS: tuple[tuple[str, Callable[[bytes], bytes], Callable[[Reader, bytes], object]], ...] = (
    ("round.open", round_key, lambda reader, id_: round_detail(reader, id_, 0)),
    ("match.open", match_key, lambda reader, id_: match_row(reader, id_, 0)),
    ("payout.record", payout_key, payout_row),
)


GOVERNANCE = ("effects", "department", "member", "role", "parent", "signers", "dual", "payment", "bond", "parameters")
KEYS = ("device", "root", "sig", "height", "id", "seals", "guardians", "needed", "version")


def views(org: Any, member: bytes) -> None:
    """Everything a page would ask for."""
    reader = Reader(org, member, {}, set())
    for id_ in org.store.of_type("task.open"):
        if reader.state.get(task_key(id_), Task) is not None:
            task_detail(reader, id_)
            reader.activity(id_)
            reader.comments(id_)
    for id_ in org.store.of_type("proposal.open"):
        entity = reader.state.get(proposal_key(id_), Proposal)
        if entity is not None:
            proposal_row(reader, id_, 0)
            tally_view(reader, id_, entity)
            reader.activity(id_)
            reader.comments(id_)
    for id_, origin in contribution_ids(reader):
        contribution_detail(reader, id_, origin)
    for root in reader.roots():
        reputation_row(reader, root)
        earnings_of(reader, root, "", 0)
    for type_, key, show in REWARD_VIEWS:
        for id_ in org.store.of_type(type_):
            if reader.state.entity(key(id_)) is not None:
                show(reader, id_)
    balances(reader, [b"o", *(member_party(root) for root in reader.roots())])
    for posting in reader.state.postings:
        ledger_row(reader, posting)
    devices_by_member(reader)
    org.replay.provisional_root()


KINDS = [*[History] * 3, *[RewardHistory] * 3, *[GovernanceHistory] * 3, *[DeviceHistory] * 2]


@pytest.mark.parametrize(("seed", "kind"), list(enumerate(KINDS)))
def test_any_body(tmp_path: Path, seed: int, kind: type[History | RewardHistory]) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    known: list[Link] = []
    history = kind(tmp_path, seed, 60)
    world, main = history.world, history.world.main
    if isinstance(history, History):
        known += [Link(id_) for id_ in [*history.tasks, *history.proposals, *history.contributions]]
    if isinstance(history, (RewardHistory, GovernanceHistory)):
        known += [Link(id_) for made in history.made.values() for id_ in made]
    known += [Link(record.id) for record in main.store.newest(30, None)]
    samples = [main.replay.action(record.id) for record in main.store.newest(200, None)]
    verdicts: set[str] = set()
    author = world.people[seed % 2]  # founder or steward: the rights to try much
    for _ in range(300):
        type_, body = _body(rng, samples, known)
        head = main.heads()[author.device.public]
        try:
            payload = build_payload(
                world.org_id, author.device.public, head.seq + 1, head.digest, (), world.clock.now, type_, body
            )
        except EncodingError:
            continue
        main.admit_now([pack(payload, author.device.sign(signed_message(digest(payload))))])
        if rng.random() < 0.1:
            views(main, author.root.public)
            world.seal(rng.randrange(10, 2_500))
            check_governance(main)
            views(main, author.root.public)
    world.seal()
    for height in range(1, main.height() + 1):
        verdicts.update(main.store.verdicts(main.store.order(height)).values())
    assert {"malformed", "unknown_type"} < verdicts, f"too few kinds of rejection to prove much: {verdicts}"
    onlooker = world.replica()
    world.sync(main, onlooker)
    assert onlooker.replay.final.root == main.replay.final.root and not onlooker.conflict
    views(onlooker, author.root.public)


def _body(rng: random.Random, samples: list[Action], known: list[Link]) -> tuple[str, dict[str, Any]]:
    """Something between a good action and nonsense."""
    sample = rng.choice(samples)
    type_ = sample.type if rng.random() < 0.7 else rng.choice([*TYPES, "member.join", "org.create", *["new.type"] * 5])
    body = dict(sample.body) if rng.random() < 0.9 else {}
    for _ in range(rng.choice([0, 0, 1, 2])):
        names = [*body, "title", "task", "proposal", "on", "to", "amount", "choice", "text", "table", "unit", "for"]
        names += (*REWARDS, *GOVERNANCE, *KEYS)
        body[rng.choice(names)] = rng.choice([*ODD, *known])
    if type(body.get("effects")) is list and rng.random() < 0.6:
        body["effects"] = [_effect(rng, effect, known) for effect in body["effects"] if type(effect) is dict]
    if body and rng.random() < 0.2:
        del body[rng.choice(list(body))]
    return type_, body


def _effect(rng: random.Random, effect: dict[str, Any], known: list[Link]) -> dict[str, Any]:
    """An effect of which one field is something odd."""
    if not effect:
        return effect
    return {**effect, rng.choice(list(effect)): rng.choice([*ODD, *known, *(bytes(id_) for id_ in known)])}
