"""Views of proposals: rows, details, counts, who votes for whom."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from dao_app.app import views as v
from dao_app.app.checkpoint_rows import checkpoint_row
from dao_app.app.effects_form import amount_of, asked, effect_view
from dao_app.app.queries import COMMENT, Reader, choice_json, power
from dao_app.core.encoding import Link
from dao_app.core.entities import Ballot, Proposal, Result
from dao_app.core.finality.checkpoint import parse_certificate, quorum
from dao_app.core.keys import proposal_key, result_key
from dao_app.core.rewards.delegation import Delegated
from dao_app.core.rules import charter
from dao_app.core.rules.ballots import Count, adoption_of, ballot_of, ballots_of, choice_of, count
from dao_app.core.rules.electorate import electorate, power_of
from dao_app.core.rules.methods import printed

_NO_TEXT = {"hash": bytes(32), "size": 1, "kind": "comment"}
POWERS_SHOWN_MAX = 200  # of the electorate; more is counted only
_SAMPLES: dict[str, Any] = {
    "yes-no-abstain": "yes", "single": 1, "approval": [], "score": {"1": 0}, "schulze": [[1]], "weighted": {"1": 1},
    "quadratic": {"1": 1}, "consent": {"stance": "agree"},
}


def status_of(entity: Proposal, now_ms: int) -> str:
    """The stage as people see it: a vote whose time is over waits for the checkpoint that closes it."""
    return "closing" if entity.status == "voting" and now_ms >= entity.closes else entity.status


def proposal_ids(reader: Reader, now_ms: int, status: str = "") -> list[bytes]:
    """Proposals that are in the state, of one stage or ("") of all, in order of arrival."""
    found = [(i, reader.state.get(proposal_key(i), Proposal)) for i in reader.org.store.of_type("proposal.open")]
    ids = [i for i, one in found if one is not None and (not status or status_of(one, now_ms) == status)]
    reader.look_ahead(ids)
    return ids


def proposal_row(reader: Reader, id_: bytes, now_ms: int) -> v.ProposalRow:
    """The row of a proposal that is in the state."""
    entity = reader.state.need(proposal_key(id_), Proposal)
    link = {"proposal": Link(id_)}
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("vote", "vote.cast", {**link, "choice": _sample(entity)}),
        ("withdraw", "proposal.withdraw", link),
        ("second", "proposal.second", link),
        ("execute", "proposal.execute", link),
        ("comment", COMMENT, {"on": Link(id_), "text": _NO_TEXT}),
    ]
    can = reader.can(gestures)
    if entity.status == "discussion" and entity.author == reader.member:
        can = (*can, "revise")
    return v.ProposalRow(
        id_.hex(),
        id_.hex()[:8],
        entity.number or None,
        entity.title,
        entity.kind,
        entity.method,
        status_of(entity, now_ms),
        reader.person(entity.author),
        entity.opens or None,
        entity.closes or None,
        entity.voted,
        entity.voters,
        _my_choice(reader, id_, entity),
        entity.comments,
        reader.object_stamp(id_),
        can,
        reader.department_name(entity.department),
        entity.topic,
        entity.version,
        entity.execution,
        entity.reason,
        asked(reader, reader.effects_of(entity)),
    )


def _sample(entity: Proposal) -> Any:
    """A ballot of the method's form, to ask whether one could be cast."""
    if entity.method in _SAMPLES:
        return _SAMPLES[entity.method]
    return list(range(1, len(entity.options) + 1))


def _my_choice(reader: Reader, id_: bytes, entity: Proposal) -> str | None:
    if reader.member is None:
        return None
    row = ballot_of(reader.state, id_, entity, reader.member)
    return None if row is None else choice_json(choice_of(row))


def proposal_detail(reader: Reader, id_: bytes, now_ms: int) -> v.ProposalDetail:
    """Everything about one proposal."""
    entity = reader.state.need(proposal_key(id_), Proposal)
    ballots = ballots_of(reader.state, id_, entity)
    counted = _counted(reader, id_, entity) if entity.opened else None
    delegated = counted.delegated if counted else None
    powers, more = _powers(reader, id_, entity)
    mine = power_of(reader.state, id_, entity, reader.member) if reader.member and entity.opened else None
    units = reader.units()
    return v.ProposalDetail(
        proposal_row(reader, id_, now_ms),
        reader.text(entity.text),
        entity.options,
        entity.discussion,
        entity.voting,
        charter.rule_for(reader.state, entity.kind, "grace_ms"),
        tally_view(reader, id_, entity, counted),
        tuple(_ballot_view(reader, row) for row in ballots),
        tuple(step for step in reader.activity(id_) if step.what != "vote.cast"),
        reader.comments(id_),
        effects=tuple(effect_view(reader, effect) for effect in reader.effects_of(entity)),
        parameters=dict(entity.parameters),
        power_kind=entity.power_kind,
        powers=powers,
        powers_more=more,
        my_power=None if mine is None else str(mine),
        via=_via(reader, delegated),
        carries=_carries(reader, delegated),
        lost=tuple((reader.person(root), why.value) for root, why in delegated.lost.items()) if delegated else (),
        seconders=tuple(reader.person(root) for root in entity.seconders),
        seconders_needed=charter.parameter(reader.state, "seconders"),
        bond=amount_of(reader, units[0], entity.bond) if entity.bond and units else None,
        reserved=tuple(amount_of(reader, code, amount) for _, code, amount in entity.reserved),
        retry_until_ms=entity.retry_until or None,
        extended=entity.extended,
        cosigned=_cosigned(reader, id_),
    )


def _cosigned(reader: Reader, id_: bytes) -> tuple[int, int, int]:
    """Signatures under the checkpoint that closed it, of how many, and the quorum; before that none of today's."""
    result = reader.org.replay.results.entity(result_key(id_))
    record = reader.org.store.checkpoint(result.height) if isinstance(result, Result) else None
    if record is None:
        seats = max(1, len(reader.org.witnesses()))
        return 0, seats, quorum(seats)
    row = checkpoint_row(reader, parse_certificate(record.raw))
    return len(row.signers), row.witnesses, row.quorum


def _counted(reader: Reader, id_: bytes, entity: Proposal) -> Count:
    """The count as it stands, from the one kept since it was last looked at."""
    return count(reader.state, id_, entity, reader.org.replay.position.id, reader.org.live)


def _powers(reader: Reader, id_: bytes, entity: Proposal) -> tuple[tuple[tuple[v.PersonView, str], ...], int]:
    """The electorate with its powers, largest first; how many are not listed."""
    if not entity.opened:
        return (), 0
    rows = sorted(electorate(reader.state, id_, entity), key=lambda row: (-row[1], row[0]))
    shown = tuple((reader.person(root), str(power_)) for root, power_ in rows[:POWERS_SHOWN_MAX])
    return shown, len(rows) - len(shown)


def _via(reader: Reader, delegated: Delegated[bytes] | None) -> v.PersonView | None:
    if delegated is None or reader.member is None:
        return None
    voter = delegated.route.get(reader.member)
    return None if voter is None else reader.person(voter)


def _carries(reader: Reader, delegated: Delegated[bytes] | None) -> tuple[v.PersonView, ...]:
    if delegated is None:
        return ()
    return tuple(reader.person(root) for root, voter in delegated.route.items() if voter == reader.member)


def _ballot_view(reader: Reader, row: Ballot) -> v.BallotView:
    return v.BallotView(
        reader.person(row.member), choice_json(choice_of(row)), str(power(row.power)), reader.stamp(row.action)
    )


def tally_view(reader: Reader, id_: bytes, entity: Proposal, counted: Count | None = None) -> v.TallyView | None:
    """The count as seen here; None before voting opened."""
    if entity.status == "discussion" or not entity.opened:
        return None
    closed = reader.org.replay.results.entity(result_key(id_))
    if counted is None:
        counted = _counted(reader, id_, entity)
    rule = adoption_of(reader.state, entity)
    outcome, passed = counted.outcome, counted.passed
    scores, winners, valid_power = printed(outcome), outcome.winners, outcome.valid_power
    carried, lost = counted.carried_power, counted.lost_power
    verdict = "none"
    if isinstance(closed, Result):
        verdict, scores, winners, valid_power = closed.outcome, closed.scores, closed.winners, power(closed.valid_power)
        carried, lost = power(closed.carried_power), power(closed.lost_power)
    elif outcome.valid_power:
        verdict = "decided" if passed is None else ("passed" if passed else "not_passed")
    electorate_power = power(entity.power)
    quorum = rule.participation_needed(electorate_power)
    return v.TallyView(
        entity.method,
        entity.options,
        scores,
        winners,
        outcome.tie,
        str(valid_power),
        str(electorate_power),
        entity.voted,
        entity.voters,
        str(quorum),
        valid_power >= quorum,
        int(Fraction(rule.support_bp)),
        str(rule.min_support_power),
        verdict,
        isinstance(closed, Result),
        str(carried),
        str(lost),
        outcome.tie_break,
        outcome.tie_break_used,
        dict(outcome.extras),
        tuple(dict(step) for step in outcome.log),
    )
