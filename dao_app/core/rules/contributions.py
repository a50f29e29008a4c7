"""Contributions claimed and endorsed, comments, and the erasure of detached content (REWARD-1, TASK-5).

Invariants: nobody endorses an own contribution, nor one twice; only who wrote a text, or joined with a
profile, has it erased; erasing changes no id, root or result.
"""

from __future__ import annotations

from dao_app.core.entities import Comment, Contribution, Erased, Member, Proposal, Ref, Task
from dao_app.core.envelope import Action
from dao_app.core.keys import comment_key, contribution_key, erased_key, member_key, proposal_key, task_key
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

CLAIM = s.Schema({"title": s.title}, {"text": s.ref})
ENDORSE = s.Schema({"contribution": s.link})
COMMENT = s.Schema({"on": s.link, "text": s.ref})
ERASE = s.Schema({"on": s.link, "hash": s.key})
ENDORSERS_MAX = 64  # kept with the contribution; more say nothing more


def claim(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Record work done outside a task."""
    if "contribution.claim" not in author.permissions:
        return Rejection.NOT_ALLOWED
    body = action.body
    sealed = context.height if context.final else 0
    entity = Contribution(
        author.root, body["title"], s.reference(body, "text"), "claim", None, "", 0, "claimed", (), sealed, 0
    )
    state.put(contribution_key(action.id), entity)
    return None


def endorse(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Vouch for somebody else's contribution."""
    key = contribution_key(action.body["contribution"])
    found = state.get(key, Contribution)
    if found is None:
        return Rejection.CONTRIBUTION_UNKNOWN
    if "contribution.endorse" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if found.author == author.root:
        return Rejection.OWN_CONTRIBUTION
    if author.root in found.endorsers:
        return Rejection.ALREADY_ENDORSED
    if len(found.endorsers) >= ENDORSERS_MAX:
        return Rejection.ENDORSED_ENOUGH
    endorsers = (*found.endorsers, author.root)
    enough = len(endorsers) >= parameter(state, "endorsements")
    status = "endorsed" if enough else found.status
    state.put(key, found._replace(endorsers=endorsers, status=status))
    return None


def comment(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Say something on a task, proposal or contribution."""
    on = action.body["on"]
    if "comment.add" not in author.permissions:
        return Rejection.NOT_ALLOWED
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
    state.put(comment_key(action.id), Comment(on, author.root, text))
    return None


def erase(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Have detached content dropped; only its author may ask."""
    hash_ = action.body["hash"]
    owner, refs = _content_of(state, action.body["on"])
    if owner is None:
        return Rejection.TARGET_UNKNOWN
    if owner != author.root:
        return Rejection.NOT_AUTHOR
    if hash_ not in [ref[0] for ref in refs if ref is not None]:
        return Rejection.CONTENT_UNKNOWN
    state.put(erased_key(hash_), Erased(author.root, context.height if context.final else 0))
    return None


def _content_of(state: State, on: bytes) -> tuple[bytes | None, list[Ref | None]]:
    """Who wrote the object under this id (or joined with this root), and its detached content."""
    if (found := state.get(comment_key(on), Comment)) is not None:
        return found.author, [found.text]
    if (task := state.get(task_key(on), Task)) is not None:
        return task.opener, [task.text]
    if (proposal := state.get(proposal_key(on), Proposal)) is not None:
        return proposal.author, [proposal.text]
    if (contribution := state.get(contribution_key(on), Contribution)) is not None:
        return contribution.author, [contribution.text]
    if (member := state.get(member_key(on), Member)) is not None:
        return on, [member.profile]
    return None, []
