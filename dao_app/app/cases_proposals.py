"""Use cases around decisions: proposals and ballots."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError
from dao_app.app.queries import COMMENT, Reader, choice_json, power
from dao_app.app.resolve import member_root, object_id, one_line, period_ms
from dao_app.core.encoding import Link, power_to_wire
from dao_app.core.entities import Ballot, Proposal, Result
from dao_app.core.keys import proposal_key, result_key
from dao_app.core.limits import POWER_BYTES_MAX, TITLE_BYTES_MAX
from dao_app.core.rules.ballots import adoption_of, ballot_of, ballots_of, choice_of, count
from dao_app.core.rules.charter import parameter
from dao_app.core.voting.registry import METHODS

_NO_TEXT = {"hash": bytes(32), "size": 1, "kind": "comment"}


class ProposalCases(Cases):
    """Part of ``app.api.Api``."""

    def proposal_open(
        self,
        org: str,
        title: str,
        text: str = "",
        kind: str = "decision",
        method: str = "yes-no-abstain",
        options: Sequence[str] = (),
        discussion_s: int = 0,
        voting_s: int = 0,
        table: Sequence[tuple[str, str]] = (),
    ) -> v.ProposalRow:
        opened, reader = self._read(org)
        voting = period_ms(voting_s, "voting") or parameter(reader.state, "voting_ms")
        body: dict[str, Any] = {
            "title": one_line(title, "title", TITLE_BYTES_MAX),
            "kind": kind,
            "method": method,
            "options": [one_line(option, "option", TITLE_BYTES_MAX) for option in options],
            "discussion": max(period_ms(discussion_s, "discussion"), parameter(reader.state, "discussion_ms")),
            "voting": voting,
        }
        if table:
            body["table"] = _table(reader, table)
        action = self._write(opened, "proposal.open", body, text=(text, "text"))
        return proposal_row(self._reader(opened), action.id, self._ws.clock.now_ms())

    def proposal_list(self, org: str, status: str = "") -> tuple[v.ProposalRow, ...]:
        _, reader = self._read(org)
        now = self._ws.clock.now_ms()
        ids = reader.org.store.of_type("proposal.open")
        rows = [proposal_row(reader, i, now) for i in ids if reader.state.get(proposal_key(i), Proposal) is not None]
        rows.sort(key=lambda row: (row.stamp.at_ms, row.id), reverse=True)
        return tuple(row for row in rows if not status or row.status == status)

    def proposal_show(self, org: str, proposal: str) -> v.ProposalDetail:
        _, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        entity = reader.state.need(proposal_key(id_), Proposal)
        ballots = ballots_of(reader.state, id_, entity)
        return v.ProposalDetail(
            proposal_row(reader, id_, self._ws.clock.now_ms()),
            reader.text(entity.text),
            entity.options,
            entity.discussion,
            entity.voting,
            parameter(reader.state, "grace_ms"),
            tally_view(reader, id_, entity),
            tuple(_ballot_view(reader, row) for row in ballots),
            tuple(step for step in reader.activity(id_) if step.what != "vote.cast"),
            reader.comments(id_),
        )

    def proposal_withdraw(self, org: str, proposal: str) -> v.ProposalRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        self._write(opened, "proposal.withdraw", {"proposal": Link(id_)})
        return proposal_row(self._reader(opened), id_, self._ws.clock.now_ms())

    def vote(self, org: str, proposal: str, choice: Any) -> v.ProposalRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        entity = reader.state.need(proposal_key(id_), Proposal)
        if isinstance(choice, tuple):
            choice = list(choice)
        if not METHODS[entity.method].check_choice(choice, len(entity.options)):
            raise InputError("choice_bad", method=entity.method, options=len(entity.options))
        self._write(opened, "vote.cast", {"proposal": Link(id_), "choice": choice})
        return proposal_row(self._reader(opened), id_, self._ws.clock.now_ms())


def _table(reader: Reader, table: Sequence[tuple[str, str]]) -> list[list[Any]]:
    rows: dict[bytes, int] = {}
    for member, text in table:
        root = member_root(reader, member)
        if not (text.isascii() and text.isdigit()) or len(text) > 80 or int(text) >= 1 << (8 * POWER_BYTES_MAX):
            raise InputError("power_form", power=text[:80])
        if root in rows:
            raise InputError("power_twice", name=member[:80])
        rows[root] = int(text)
    return [[root, power_to_wire(rows[root])] for root in sorted(rows)]


def proposal_row(reader: Reader, id_: bytes, now_ms: int) -> v.ProposalRow:
    """The row of a proposal that is in the state."""
    entity = reader.state.need(proposal_key(id_), Proposal)
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("vote", "vote.cast", {"proposal": link, "choice": _sample(entity)}),
        ("withdraw", "proposal.withdraw", {"proposal": link}),
        ("comment", COMMENT, {"on": link, "text": _NO_TEXT}),
    ]
    status = "closing" if entity.status == "voting" and now_ms >= entity.closes else entity.status
    return v.ProposalRow(
        id_.hex(),
        id_.hex()[:8],
        entity.number or None,
        entity.title,
        entity.kind,
        entity.method,
        status,
        reader.person(entity.author),
        entity.opens or None,
        entity.closes or None,
        entity.voted,
        entity.voters,
        _my_choice(reader, id_, entity),
        entity.comments,
        reader.object_stamp(id_),
        reader.can(gestures),
    )


def _sample(entity: Proposal) -> Any:
    return {"yes-no-abstain": "yes", "single": 1, "approval": []}[entity.method]


def _my_choice(reader: Reader, id_: bytes, entity: Proposal) -> str | None:
    if reader.member is None:
        return None
    row = ballot_of(reader.state, id_, entity, reader.member)
    return None if row is None else choice_json(choice_of(row))


def _ballot_view(reader: Reader, row: Ballot) -> v.BallotView:
    return v.BallotView(
        reader.person(row.member), choice_json(choice_of(row)), str(power(row.power)), reader.stamp(row.action)
    )


def tally_view(reader: Reader, id_: bytes, entity: Proposal) -> v.TallyView | None:
    """The count as seen here; None before voting opened."""
    if entity.status == "discussion" or (entity.status == "withdrawn" and not entity.opened):
        return None
    rule = adoption_of(reader.state, entity)
    electorate = power(entity.power)
    outcome, passed, *_ = count(reader.state, id_, entity, reader.org.replay.position.id)
    closed = reader.org.replay.results.entity(result_key(id_))
    verdict = "none"
    if isinstance(closed, Result):
        verdict = closed.outcome
    elif outcome.valid_power:
        verdict = "decided" if passed is None else ("passed" if passed else "not_passed")
    quorum = rule.participation_needed(electorate)
    return v.TallyView(
        entity.method,
        entity.options,
        outcome.printed_scores(),
        outcome.winners,
        outcome.tie,
        str(outcome.valid_power),
        str(electorate),
        entity.voted,
        entity.voters,
        str(quorum),
        outcome.valid_power >= quorum,
        int(Fraction(rule.support_bp)),
        str(rule.min_support_power),
        verdict,
        isinstance(closed, Result),
    )
