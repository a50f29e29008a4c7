"""Contributions claimed, endorsed, disputed and valued; comments; erasing (REWARD-1, TASK-5).

Invariants: nobody endorses, disputes or values an own contribution, nor endorses or disputes one twice; a
contribution counts while it is endorsed by as many as it needs, each dispute asking for as many more; what
it adds to its author's points and reputation is taken back when it counts no longer; only who wrote a text,
or joined with a profile, has it erased; erasing changes no id, root or result.
"""

from __future__ import annotations

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import Comment, Contribution, Dispute, Erased, Member, NotarisedFile, Proposal, Ref, Task
from dao_app.core.envelope import Action
from dao_app.core.keys import (
    HOUR_MS,
    comment_key,
    contribution_key,
    erased_key,
    file_key,
    gifts_key,
    match_key,
    member_key,
    payout_key,
    points_key,
    proposal_key,
    round_key,
    submission_key,
    task_key,
)
from dao_app.core.limits import DISPUTES_MAX, EVIDENCE_MAX, MENTIONS_MAX
from dao_app.core.reward_entities import Gifts, Match, PayoutRecord, Points, Round
from dao_app.core.rewards.decay import SCALE
from dao_app.core.rules import departments, reputation
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_terms import terms_of
from dao_app.core.state import State
from dao_app.core.task_entities import Submission

CLAIM = s.Schema(
    {"title": s.title},
    {
        "text": s.ref, "category": s.name, "department": s.link,
        "evidence": s.list_of(s.row_of(s.title, s.optional(s.key)), EVIDENCE_MAX),
    },
)
ABOUT = s.Schema({"contribution": s.link})
DISPUTE = s.Schema({"contribution": s.link, "reason": s.ref})
VALUE = s.Schema({"contribution": s.link, "points": s.count})
COMMENT = s.Schema({"on": s.link, "text": s.ref}, {"mentions": s.list_of(s.key, MENTIONS_MAX)})
ERASE = s.Schema({"on": s.link, "hash": s.key})
ENDORSERS_MAX = 64  # kept with the contribution; more say nothing more


def claim(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Record work done outside a task; evidence is rows of a link or file name and its SHA-256."""
    body = action.body
    if "contribution.claim" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_contributions"):
        return Rejection.MODULE_OFF
    department = bytes(body["department"]) if "department" in body else None
    if department is not None and departments.active(state, department) is None:
        return Rejection.DEPARTMENT_UNKNOWN
    entity = Contribution(
        author.root, body["title"], s.reference(body, "text"), "claim", None, "", 0, "claimed", (),
        context.height if context.final else 0, 0, body.get("category", ""), department,
    )
    state.put(contribution_key(action.id), entity)
    return None


def record(state: State, id_: bytes, entity: Contribution, time: int) -> None:
    """Enter a contribution that needs no further word, such as an accepted task; ``time`` is sealed."""
    _settle(state, contribution_key(id_), entity, time)


def _concerned(state: State, action: Action, author: Author, permission: str) -> Contribution | Rejection:
    """The contribution that one may say something about, being somebody else."""
    found = state.get(contribution_key(action.body["contribution"]), Contribution)
    if found is None:
        return Rejection.CONTRIBUTION_UNKNOWN
    if permission not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_contributions"):
        return Rejection.MODULE_OFF
    if found.author == author.root:
        return Rejection.OWN_CONTRIBUTION
    return Rejection.CONTRIBUTION_CLOSED if found.status == "withdrawn" else found


def endorse(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Vouch for somebody else's contribution."""
    found = _concerned(state, action, author, "contribution.endorse")
    if isinstance(found, Rejection):
        return found
    refused = _refuse_second_word(found, author)
    if refused:
        return refused
    if len(found.endorsers) >= ENDORSERS_MAX:
        return Rejection.ENDORSED_ENOUGH
    found = found._replace(endorsers=(*found.endorsers, author.root))
    _settle(state, contribution_key(action.body["contribution"]), found, context.time)
    return None


def dispute(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Doubt somebody else's contribution, with a reason: it then needs as many endorsements more."""
    found = _concerned(state, action, author, "contribution.endorse")
    if isinstance(found, Rejection):
        return found
    refused = _refuse_second_word(found, author)
    if refused:
        return refused
    if len(found.disputes) >= DISPUTES_MAX:
        return Rejection.DISPUTED_ENOUGH
    reason = s.reference(action.body, "reason")
    assert reason is not None  # the schema requires it
    found = found._replace(disputes=(*found.disputes, Dispute(author.root, reason)))
    _settle(state, contribution_key(action.body["contribution"]), found, context.time)
    return None


def _refuse_second_word(found: Contribution, author: Author) -> Rejection | None:
    if author.root in found.endorsers:
        return Rejection.ALREADY_ENDORSED
    if any(one.member == author.root for one in found.disputes):
        return Rejection.ALREADY_DISPUTED
    return None


def withdraw(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take back one's own claim, or one's own dispute."""
    key = contribution_key(action.body["contribution"])
    found = state.get(key, Contribution)
    if found is None:
        return Rejection.CONTRIBUTION_UNKNOWN
    if found.status == "withdrawn":
        return Rejection.CONTRIBUTION_CLOSED
    if found.author == author.root and found.source == "claim":
        _settle(state, key, found._replace(status="withdrawn"), context.time)
        return None
    disputes = tuple(one for one in found.disputes if one.member != author.root)
    if len(disputes) == len(found.disputes):
        return Rejection.NOTHING_TO_WITHDRAW
    _settle(state, key, found._replace(disputes=disputes), context.time)
    return None


def value(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Say how many points a contribution is worth, within the charter's bound."""
    found = _concerned(state, action, author, "contribution.value")
    if isinstance(found, Rejection):
        return found
    points = action.body["points"]
    if points > parameter(state, "points_most"):
        return Rejection.POINTS_BOUNDS
    _settle(state, contribution_key(action.body["contribution"]), found._replace(value=points), context.time)
    return None


def endorsements_needed(state: State, found: Contribution) -> int:
    """How many must vouch for it: an accepted task needs its reviewer, each dispute asks for as many more."""
    usual = parameter(state, "endorsements")
    return min((1 if found.source == "task" else usual) + usual * len(found.disputes), ENDORSERS_MAX)


def worth(state: State, found: Contribution) -> int:
    """Points it is worth once it counts."""
    if found.value is not None:
        return found.value
    return parameter(state, "points_task" if found.source == "task" else "points_claim")


def _settle(state: State, key: bytes, found: Contribution, time: int) -> None:
    """Bring status, points and reputation in line with what was said about a contribution."""
    counts = found.status != "withdrawn" and len(found.endorsers) >= endorsements_needed(state, found)
    if found.status != "withdrawn":
        status = "endorsed" if counts else ("disputed" if found.disputes else "claimed")
        found = found._replace(status=status)
    points = worth(state, found) if counts else 0
    if counts and found.counted and found.value is None:
        points = found.counted  # an amendment changes no points that were given
    state.put(key, _count(state, found, points, time))


def _count(state: State, found: Contribution, points: int, time: int) -> Contribution:
    """Change the author's points and reputation to what this contribution now gives."""
    change = points - found.counted
    if not change:
        return found
    for department in (None,) if found.department is None else (None, found.department):
        sums = points_key(found.author, department)
        before = state.get(sums, Points)
        state.put(sums, Points((before.points if before else 0) + change))
    hour = max(time // HOUR_MS, found.hour)
    kept = reputation.decayed(state, power_from_wire(found.kept) or 0, found.hour, hour)
    if change > 0:
        nano = change * SCALE
        reputation.earn(state, found.author, change, time)
    else:
        nano = kept * change // found.counted
        reputation.change(state, found.author, nano, time)
    return found._replace(counted=points, kept=power_to_wire(max(0, kept + nano)), hour=hour)


def comment(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Say something on a task, proposal or contribution, and name members in it."""
    on = action.body["on"]
    if "comment.add" not in author.permissions:
        return Rejection.NOT_ALLOWED
    mentions = tuple(action.body.get("mentions", ()))
    if len(set(mentions)) != len(mentions) or any(state.get(member_key(m), Member) is None for m in mentions):
        return Rejection.MENTIONS_BAD
    text = s.reference(action.body, "text")
    assert text is not None  # the schema requires it
    if (task := state.get(task_key(on), Task)) is not None:
        state.put(task_key(on), task._replace(comments=task.comments + 1))
    elif (proposal := state.get(proposal_key(on), Proposal)) is not None:
        state.put(proposal_key(on), proposal._replace(comments=proposal.comments + 1))
    elif (found := state.get(contribution_key(on), Contribution)) is not None:
        state.put(contribution_key(on), found._replace(comments=found.comments + 1))
    else:
        return Rejection.TARGET_UNKNOWN
    state.put(comment_key(action.id), Comment(on, author.root, text, mentions))
    return None


def erase(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Have detached content dropped; only its author may ask."""
    hash_ = action.body["hash"]
    texts = _texts_of(state, action.body["on"], author.root)
    if not texts:
        return Rejection.TARGET_UNKNOWN
    own = [ref for owner, ref in texts if owner == author.root]
    if not own:
        return Rejection.NOT_AUTHOR
    if hash_ not in [ref[0] for ref in own if ref is not None]:
        return Rejection.CONTENT_UNKNOWN
    state.put(erased_key(hash_), Erased(author.root, context.height if context.final else 0))
    return None


def _texts_of(state: State, on: bytes, reader: bytes) -> list[tuple[bytes, Ref | None]]:
    """Who wrote what on the object under this id (or joined with this root)."""
    if (found := state.get(comment_key(on), Comment)) is not None:
        return [(found.author, found.text)]
    if (task := state.get(task_key(on), Task)) is not None:
        texts: list[tuple[bytes, Ref | None]] = [(task.opener, terms_of(state, on).text)]
        if (work := state.get(submission_key(on), Submission)) is not None:
            texts.append((work.by, work.note))
            if work.reviewer is not None:
                texts.append((work.reviewer, work.review))
        return texts
    if (proposal := state.get(proposal_key(on), Proposal)) is not None:
        return [(proposal.author, proposal.text)]
    if (contribution := state.get(contribution_key(on), Contribution)) is not None:
        return [(contribution.author, contribution.text), *((d.member, d.reason) for d in contribution.disputes)]
    if (member := state.get(member_key(on), Member)) is not None:
        return [(on, member.profile)]
    if (file := state.get(file_key(on), NotarisedFile)) is not None:
        return [(file.member, file.title)]
    return _texts_of_rewards(state, on, reader)


def _texts_of_rewards(state: State, on: bytes, reader: bytes) -> list[tuple[bytes, Ref | None]]:
    if (round_ := state.get(round_key(on), Round)) is not None:
        gifts = state.get(gifts_key(on, reader), Gifts)
        return [(round_.opener, round_.text), *([(reader, gifts.note)] if gifts is not None else [])]
    if (pool := state.get(match_key(on), Match)) is not None:
        return [(pool.opener, pool.text)]
    if (payout := state.get(payout_key(on), PayoutRecord)) is not None:
        return [(payout.by, payout.reference), (payout.to, payout.answer)]
    return []
