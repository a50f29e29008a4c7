"""Peer rounds: everybody gets the same points and gives them to others; the budget follows the points (REWARD-2).

Invariants: nobody's gift to oneself counts; who gave more than the limit has given nothing; points that were not
given, or whose gift was dropped, burn and move no share; of received points nothing is lost: the sum received is
the sum given; nothing given: nothing is paid and the budget stays.

Source: the gift circles of Coordinape; shares by largest remainders.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from dao_app.core.rewards.hamilton import share_out

POINTS_DEFAULT = 100  # points of each member, where the charter says nothing else

K = TypeVar("K", bound=Hashable)


class Dropped(StrEnum):
    """Why a gift does not count; where several reasons hold the first does."""

    NOT_A_MEMBER = "not_a_member"  # who gives it is not in the round
    TO_ONESELF = "to_oneself"
    NOT_A_RECEIVER = "not_a_receiver"
    ZERO = "zero"
    OVER_LIMIT = "over_limit"  # what else would count of this giver's gifts is together above the points


class Gift(NamedTuple, Generic[K]):
    """So many points from one to another."""

    giver: K
    receiver: K
    points: int


@dataclass(frozen=True, slots=True)
class PeerRound(Generic[K]):
    """A computed round.

    ``dropped``: one entry per gift, None where it counts. ``received``: points of each receiver, in the order of
    the members; ``given``: their sum. ``burned``: of each member's points, what moved nothing.
    ``payouts``: units of the budget for each receiver.
    """

    dropped: tuple[Dropped | None, ...]
    received: dict[K, int]
    given: int
    burned: dict[K, int]
    payouts: dict[K, int]


def compute_round(
    budget: int, points: int, members: Sequence[K], receivers: Collection[K], gifts: Sequence[Gift[K]]
) -> PeerRound[K]:
    """Pay ``budget`` by the share of points received.

    Args: ``budget`` and ``points`` (of each member) from 0; ``members`` distinct, in the order that decides between
    equal remainders; ``receivers``: those of them who may receive; several gifts from one to the same add up.
    """
    may_receive = set(receivers)
    spent = dict.fromkeys(members, 0)
    dropped = [_dropped(gift, spent, may_receive) for gift in gifts]
    for gift, reason in zip(gifts, dropped, strict=True):
        if reason is None:
            spent[gift.giver] += gift.points
    over = {member for member, sum_ in spent.items() if sum_ > points}
    received = {member: 0 for member in members if member in may_receive}
    for place, gift in enumerate(gifts):
        if dropped[place] is not None:
            continue
        if gift.giver in over:
            dropped[place] = Dropped.OVER_LIMIT
        else:
            received[gift.receiver] += gift.points
    payouts = share_out(budget, list(received.values()))
    return PeerRound(
        dropped=tuple(dropped),
        received=received,
        given=sum(received.values()),
        burned={member: points if member in over else points - sum_ for member, sum_ in spent.items()},
        payouts=dict(zip(received, payouts, strict=True)),
    )


def _dropped(gift: Gift[K], members: Collection[K], receivers: Collection[K]) -> Dropped | None:
    if gift.giver not in members:
        return Dropped.NOT_A_MEMBER
    if gift.receiver == gift.giver:
        return Dropped.TO_ONESELF
    if gift.receiver not in receivers:
        return Dropped.NOT_A_RECEIVER
    if not gift.points:
        return Dropped.ZERO
    return None
