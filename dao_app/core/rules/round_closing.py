"""Closing a reward round: the computation line by line, and the payment (REWARD-2, REWARD-3).

Invariants: a round is closed by the first checkpoint with time >= its closing, once; what is paid is exactly
the budget, or nothing where nobody gave or has points, and then the budget returns; the shares are those of
``core.rewards``, so anybody computes them again from the lines that are kept; only a round that paid is a
period of its series.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from dao_app.core.encoding import power_to_wire
from dao_app.core.entities import Member
from dao_app.core.keys import (
    escrow_party,
    gifts_key,
    lines_key,
    member_key,
    member_party,
    points_key,
    round_key,
    series_key,
    share_key,
)
from dao_app.core.limits import PERIODS_MAX
from dao_app.core.reward_entities import Gifts, Line, Lines, Points, Round, Series, Share
from dao_app.core.rewards import policies
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rewards.peer_round import Gift, PeerRound, compute_round
from dao_app.core.rules.members import all_members
from dao_app.core.rules.rounds import is_in, refund
from dao_app.core.state import Posting, State

BP = 10_000  # basis points of a whole
LINES_PER_PART = 64  # some 5 kB
PARTS_OF_BOTH = 1_000_000  # of a period in a round of both, to be compared with other periods
NO_SHARE = Share(0, 0, (), 0)


@dataclass(frozen=True, slots=True)
class Computed:
    """A round as it would close now. ``gifts``: what each giver gave, with the reasons why rows do not count;
    ``lines``: every receiver in the order in which members joined; ``periods``: points of this period."""

    givers: tuple[bytes, ...]
    gifts: tuple[tuple[bytes, Gifts], ...]
    given: int
    burned: dict[bytes, int]
    lines: tuple[Line, ...]
    periods: tuple[int, ...]


def compute(state: State, id_: bytes, found: Round) -> Computed:
    """The whole computation of an open round, from the state as it is."""
    givers, receivers, everybody = _taking_part(state, found)
    gifts = _gifts(state, id_, found)
    round_, dropped = _count_gifts(found, givers, receivers, everybody, gifts)
    received = [round_.received[root] for root in receivers]
    takes_points = found.kind != "peer" and found.to is None
    fresh = [_fresh(state, found, root) if takes_points else 0 for root in receivers]
    periods = _period(found, received, fresh)
    weights = _weights(state, found, receivers, periods)
    payouts = share_out(found.amount, weights)
    lines = tuple(
        Line(root, got, points, power_to_wire(weight), payout)
        for root, got, points, weight, payout in zip(receivers, received, fresh, weights, payouts, strict=True)
    )
    burned = {root: round_.burned[root] for root in givers}
    return Computed(tuple(givers), dropped, round_.given, burned, lines, tuple(periods))


def _taking_part(state: State, found: Round) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Givers, receivers, and all of them, in the order in which members joined."""
    givers, receivers, everybody = [], [], []
    for root in all_members(state):
        member = state.need(member_key(root), Member)
        gives = found.kind != "points" and is_in(state, found.givers, root, member, found.opened)
        if found.to is not None:
            receives = root == found.to and member.status == "active"
        else:
            receives = is_in(state, found.receivers, root, member, found.opened)
        if gives:
            givers.append(root)
        if receives:
            receivers.append(root)
        if gives or receives:
            everybody.append(root)
    return givers, receivers, everybody


def _gifts(state: State, id_: bytes, found: Round) -> list[tuple[bytes, Gifts]]:
    """Gifts of everybody who ever gave any, by the order in which members joined."""
    if not found.gave:
        return []
    listed = ((root, state.get(gifts_key(id_, root), Gifts)) for root in all_members(state))
    return [(root, gifts) for root, gifts in listed if gifts is not None and gifts.rows]


def _count_gifts(
    found: Round, givers: list[bytes], receivers: list[bytes], everybody: list[bytes], gifts: list[tuple[bytes, Gifts]]
) -> tuple[PeerRound[bytes], tuple[tuple[bytes, Gifts], ...]]:
    """The peer round; who may no longer give stands there as nobody, so that these gifts drop."""
    may_give = set(givers)
    listed = [
        Gift(giver if giver in may_give else b"", receiver, points)
        for giver, given in gifts
        for receiver, points in given.rows
    ]
    round_ = compute_round(0, found.points, everybody, receivers, listed)
    reasons = iter(round_.dropped)
    marked = []
    for giver, given in gifts:
        why = tuple(reason.value if reason is not None else "" for _, reason in zip(given.rows, reasons, strict=False))
        marked.append((giver, given._replace(dropped=why if any(why) else ())))
    return round_, tuple(marked)


def _fresh(state: State, found: Round, root: bytes) -> int:
    """Contribution points that no earlier round out of the account has taken up, by points alone or by both."""
    department = found.payer[1:] or None
    counted = state.get(points_key(root, department), Points)
    return max(0, (counted.points if counted else 0) - _share(state, found, root, "points").seen)


def _share(state: State, found: Round, root: bytes, kind: str = "") -> Share:
    return state.get(share_key(root, kind or found.kind, found.payer, found.unit), Share) or NO_SHARE


def _keep(state: State, found: Round, root: bytes, kind: str, share: Share) -> None:
    state.put(share_key(root, kind, found.payer, found.unit), share)


def _period(found: Round, received: list[int], fresh: list[int]) -> list[int]:
    """Points of this period for each receiver."""
    if found.kind == "peer":
        return received
    if found.kind == "points":
        return fresh
    gifts, points = sum(received), sum(fresh)
    if not gifts or not points:
        return share_out(PARTS_OF_BOTH, received if gifts else fresh)
    joint = [
        found.peer_bp * got * points + (BP - found.peer_bp) * own * gifts
        for got, own in zip(received, fresh, strict=True)
    ]
    return share_out(PARTS_OF_BOTH, joint)


def _weights(state: State, found: Round, receivers: list[bytes], periods: list[int]) -> list[int]:
    """What the policy makes of this period and the ones before; nobody has any where the period has no points."""
    if found.policy == "special":
        return [1] * len(receivers)
    if not any(periods):
        return [0] * len(receivers)
    shares = [_share(state, found, root) for root in receivers]
    if found.policy == "balanced":
        points = [share.points + new for share, new in zip(shares, periods, strict=True)]
        return policies.balanced(found.amount, points, [share.paid for share in shares]).values
    number = _number(state, found)
    rows = []
    for share, new in zip(shares, periods, strict=True):
        earlier = dict(share.periods)
        rows.append([*(earlier.get(one, 0) for one in range(max(1, number - PERIODS_MAX + 1), number)), new])
    if found.policy == "immediate":
        return policies.immediate(rows, found.look).values
    return policies.recent(rows, Fraction(found.look, 100)).values


def _number(state: State, found: Round) -> int:
    """The number that the next round of the series that pays will have."""
    series = state.get(series_key(found.kind, found.payer, found.unit), Series)
    return (series.rounds if series is not None else 0) + 1


def close_round(state: State, id_: bytes, time: int, height: int) -> None:
    """Pay the budget out, or give it back where nobody has any weight."""
    found = state.need(round_key(id_), Round)
    if found.status != "open" or found.closes > time:
        return
    computed = compute(state, id_, found)
    paid = 0
    for line in computed.lines:
        if line.payout:
            paid += line.payout
            target = member_party(line.member)
            state.move(Posting("reward", escrow_party(id_), target, found.unit, line.payout, id_, None))
    refund(state, id_, found.payer, found.unit, found.amount - paid, id_)
    for giver, gifts in computed.gifts:
        if gifts.dropped:
            state.put(gifts_key(id_, giver), gifts)
    kept = [line for line in computed.lines if line.received or line.points or line.weight]
    for start in range(0, len(kept), LINES_PER_PART):
        state.put(lines_key(id_, start // LINES_PER_PART), Lines(tuple(kept[start : start + LINES_PER_PART])))
    if paid:
        _enter(state, found, computed)
    state.put(
        round_key(id_),
        found._replace(
            status="paid" if paid else "returned", voters=len(computed.givers), given=computed.given,
            lines=len(kept), closed=height,
        ),
    )


def _enter(state: State, found: Round, computed: Computed) -> None:
    """The round becomes a period of its series; a special one is none, and nobody's points are taken up by it."""
    if found.policy == "special":
        return
    number = _number(state, found)
    state.put(series_key(found.kind, found.payer, found.unit), Series(number))
    for line, points in zip(computed.lines, computed.periods, strict=True):
        if not (points or line.points or line.payout):
            continue
        before = _share(state, found, line.member)
        kept = tuple(row for row in before.periods if row[0] > number - PERIODS_MAX)
        periods = (*kept, (number, points)) if points else kept
        share = Share(before.points + points, before.paid + line.payout, periods, before.seen)
        _keep(state, found, line.member, found.kind, share)
        if line.points:
            taken = _share(state, found, line.member, "points")
            _keep(state, found, line.member, "points", taken._replace(seen=taken.seen + line.points))


def lines_of(state: State, id_: bytes, found: Round) -> list[Line]:
    """The computation that a closed round keeps."""
    rows: list[Line] = []
    for number in range(-(-found.lines // LINES_PER_PART)):
        rows += state.need(lines_key(id_, number), Lines).rows
    return rows
