"""What came of a final history, found again by other means than the program's: order, electorates, ballots, money.

Everything is read from checkpoints and the actions under them; nothing from the state but what is compared.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any, NamedTuple

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import decode
from dao_app.core.entities import Account, Result
from dao_app.core.envelope import Action, parse_action
from dao_app.core.finality.checkpoint import parse_certificate
from dao_app.core.keys import account_key, member_party, result_key
from dao_app.core.rules.registry import REMOVES_RIGHTS


class Vote(NamedTuple):
    """A proposal's opening and closing, found again."""

    opened: int  # height
    closes: int  # ms
    electorate: frozenset[bytes]
    pays: tuple[bytes, int] | None


def recount(org: Organisation, honest_devices: set[bytes], delta_ms: int) -> list[str]:
    """Differences between the history counted again and what the program says; empty where there is none."""
    found: list[str] = []
    members: dict[bytes, bytes] = {}  # device → root, joined in a checkpoint before the one looked at
    votes: dict[bytes, Vote] = {}
    ballots: dict[bytes, dict[bytes, Any]] = {}
    closed: dict[bytes, int] = {}
    signers = 1
    for record in org.store.checkpoints(1, 1_000_000):
        height, checkpoint = record.height, parse_certificate(record.raw).checkpoint
        order = org.store.order(height)
        actions = [_action(org, id_) for id_ in order]
        if order != _order(actions, checkpoint.previous, checkpoint.frontier):
            found.append(f"height {height}: not in the final order")
        joined: dict[bytes, bytes] = {}
        for action in actions:
            good = org.store.verdict(action.id) is None
            if action.type in ("org.create", "member.join") and good:
                joined[action.by] = action.body["root"]
            elif action.type == "proposal.open" and good:
                pays = _pays(action)
                grace_ms = 2 * delta_ms if signers > 1 else 0
                closes = checkpoint.time + action.body["voting"] + grace_ms
                votes[action.id] = Vote(height, closes, frozenset(members.values()), pays)
                ballots[action.id] = {}
            elif action.type == "vote.cast":
                found += _ballot(action, good, height, members, votes, ballots, closed, honest_devices)
        members |= joined
        signers = len(checkpoint.witnesses)
        for id_, vote in votes.items():
            if id_ not in closed and checkpoint.time >= vote.closes:
                closed[id_] = height
    paid: Counter[bytes] = Counter()
    for id_, vote in votes.items():
        found += _compare(org, id_, vote, ballots[id_], closed.get(id_), paid)
    for root, amount in paid.items():
        account = org.replay.final.entity(account_key(member_party(root), "GLD"))
        if not isinstance(account, Account) or account.balance != amount:
            found.append(f"paid {amount}, but the account says {account}")
    return found


def _ballot(
    action: Action, good: bool, height: int, members: dict[bytes, bytes], votes: dict[bytes, Vote],
    ballots: dict[bytes, dict[bytes, Any]], closed: dict[bytes, int], honest_devices: set[bytes],
) -> list[str]:
    id_ = bytes(action.body["proposal"])
    vote, root = votes.get(id_), members.get(action.by)
    open_ = vote is not None and vote.opened < height and id_ not in closed
    may = open_ and vote is not None and root in vote.electorate
    if good and not may:
        return [f"height {height}: a ballot counts that may not"]
    if may and not good and action.by in honest_devices:
        return [f"height {height}: an honest ballot is refused"]
    if good and root is not None:
        ballots[id_][root] = action.body["choice"]
    return []


def _compare(
    org: Organisation, id_: bytes, vote: Vote, ballots: dict[bytes, Any], closed: int | None, paid: Counter[bytes]
) -> list[str]:
    result = org.replay.results.entity(result_key(id_))
    if closed is None:
        return [] if result is None else ["a vote is closed before its time"]
    if not isinstance(result, Result):
        return [f"a vote is not closed that height {closed} closes"]
    counts = Counter(ballots.values())
    expected = tuple(str(counts.get(choice, 0)) for choice in ("yes", "no", "abstain"))
    if result.scores != expected:
        return [f"counted {expected}, the result says {result.scores}"]
    if (result.height, result.electorate_power) != (closed, len(vote.electorate)):
        return [f"closed at {closed} by {len(vote.electorate)}, the result says {result}"]
    if vote.pays is not None and result.outcome == "passed":
        paid[vote.pays[0]] += vote.pays[1]
    return []


def _pays(action: Action) -> tuple[bytes, int] | None:
    for effect in action.body.get("effects", ()):
        if effect["do"] == "pay":
            return effect["to"][1:], effect["amount"]
    return None


def _action(org: Organisation, id_: bytes) -> Action:
    record = org.store.record(id_)
    assert record is not None
    assert type(decode(record.payload)) is dict
    return parse_action(record.payload)


def _order(actions: list[Action], previous: bytes, frontier: bytes) -> list[bytes]:
    """Again and again the first of those whose parents are placed; slow and plain."""
    left = {action.id: action for action in actions}
    parents = {a.id: [p for p in (*([a.prev] if a.prev else ()), *a.deps) if p in left] for a in actions}
    rank = {
        a.id: (a.type not in REMOVES_RIGHTS, hashlib.sha256(previous + frontier + a.id).digest()) for a in actions
    }
    order: list[bytes] = []
    while left:
        ready = [id_ for id_ in left if not any(p in left for p in parents[id_])]
        first = min(ready, key=rank.__getitem__)
        order.append(first)
        del left[first]
    return order
