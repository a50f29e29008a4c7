"""Contributions for people: rows, details, reputations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dao_app.app import views_rewards as r
from dao_app.app.queries import COMMENT, Reader
from dao_app.core.encoding import Link
from dao_app.core.entities import Contribution, Task
from dao_app.core.keys import contribution_key, points_key, task_key
from dao_app.core.limits import ASSIGNEES_MAX
from dao_app.core.reward_entities import Points
from dao_app.core.rewards.decay import SCALE
from dao_app.core.rules import reputation
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.contributions import endorsements_needed, worth
from dao_app.core.rules.task_money import contribution_id

_SOME = {"hash": bytes(32), "size": 1, "kind": "text"}


def contribution_ids(reader: Reader) -> Iterator[tuple[bytes, bytes]]:
    """(id, action that recorded it) of every contribution in the state."""
    store = reader.org.store
    for id_ in store.of_type("contribution.claim"):
        if reader.state.get(contribution_key(id_), Contribution) is not None:
            yield id_, id_
    for origin in [*store.of_type("task.accept"), *store.of_type("task.dispute")]:
        for place in range(ASSIGNEES_MAX):
            id_ = contribution_id(origin, place)
            if reader.state.get(contribution_key(id_), Contribution) is None:
                break
            yield id_, origin


def contribution_row(reader: Reader, id_: bytes, origin: bytes) -> r.ContributionRow:
    """The row of a contribution that is in the state; ``origin`` is the action that recorded it."""
    entity = reader.state.need(contribution_key(id_), Contribution)
    task = None
    if entity.task is not None:
        number = reader.state.need(task_key(entity.task), Task).number
        task = f"T-{number}" if number else entity.task.hex()[:8]
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("endorse", "contribution.endorse", {"contribution": link}),
        ("dispute", "contribution.dispute", {"contribution": link, "reason": _SOME}),
        ("value", "contribution.value", {"contribution": link, "points": 0}),
        ("withdraw", "contribution.withdraw", {"contribution": link}),
        ("comment", COMMENT, {"on": link, "text": _SOME}),
    ]
    return r.ContributionRow(
        id_.hex(), entity.title, reader.person(entity.author), entity.source, task,
        reader.amount(entity.unit, entity.amount), entity.status, tuple(reader.person(e) for e in entity.endorsers),
        endorsements_needed(reader.state, entity), reader.object_stamp(origin), reader.can(gestures),
        entity.category, reader.department_name(entity.department), worth(reader.state, entity), entity.counted,
        entity.value is not None, tuple(reader.person(one.member) for one in entity.disputes),
    )


def contribution_detail(reader: Reader, id_: bytes, origin: bytes) -> r.ContributionDetail:
    """Everything about one contribution."""
    entity = reader.state.need(contribution_key(id_), Contribution)
    evidence = reader.action(origin).body.get("evidence", []) if entity.source == "claim" else []
    disputes = tuple(
        r.DisputeView(
            reader.person(one.member), None if reader.org.is_erased(one.reason[0]) else reader.text(one.reason)
        )
        for one in entity.disputes
    )
    return r.ContributionDetail(
        contribution_row(reader, id_, origin), reader.text(entity.text), reader.comments(id_),
        tuple(r.EvidenceView(label, "" if hash_ is None else hash_.hex()) for label, hash_ in evidence), disputes,
        reader.activity(origin), parameter(reader.state, "points_most"),
    )


def reputation_row(reader: Reader, root: bytes) -> r.ReputationRow:
    """A member's reputation as of the last checkpoint's time, and the points that count."""
    nano = reputation.nano_of(reader.state, root, reader.org.replay.position.time)
    whole, part = divmod(nano, SCALE)
    points = reader.state.get(points_key(root, None), Points)
    return r.ReputationRow(reader.person(root), whole, f"{whole}.{part:09d}", points.points if points else 0)
