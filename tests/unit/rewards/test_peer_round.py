"""Peer rounds: each reason for which a gift does not count, in the order in which they are told."""

from __future__ import annotations

import pytest

from dao_app.core.rewards.peer_round import Dropped, Gift, compute_round

MEMBERS = ["ana", "bo", "cy"]


@pytest.mark.parametrize(
    ("gift", "reason"),
    [
        (Gift("xan", "xan", 0), Dropped.NOT_A_MEMBER),  # also to oneself, no receiver, zero
        (Gift("cy", "cy", 0), Dropped.TO_ONESELF),  # also no receiver, zero
        (Gift("ana", "cy", 0), Dropped.NOT_A_RECEIVER),  # also zero
        (Gift("ana", "xan", 1), Dropped.NOT_A_RECEIVER),
        (Gift("ana", "bo", 0), Dropped.ZERO),
        (Gift("ana", "bo", 101), Dropped.OVER_LIMIT),
        (Gift("ana", "bo", 100), None),
    ],
)
def test_the_first_reason_is_told(gift: Gift[str], reason: Dropped | None) -> None:
    done = compute_round(1000, 100, MEMBERS, ["ana", "bo"], [gift])
    assert done.dropped == (reason,)
    paid = 1000 if reason is None else 0
    assert done.payouts == {"ana": 0, "bo": paid} and done.given == (100 if reason is None else 0)


def test_who_gives_too_much_gives_nothing_and_others_stand() -> None:
    gifts = [Gift("ana", "bo", 60), Gift("ana", "cy", 41), Gift("bo", "cy", 1), Gift("ana", "ana", 5)]
    done = compute_round(9, 100, MEMBERS, MEMBERS, gifts)
    assert done.dropped == (Dropped.OVER_LIMIT, Dropped.OVER_LIMIT, None, Dropped.TO_ONESELF)
    assert done.payouts == {"ana": 0, "bo": 0, "cy": 9}
    assert done.burned == {"ana": 100, "bo": 99, "cy": 100}


def test_dropped_gifts_are_not_held_against_the_limit() -> None:
    gifts = [Gift("ana", "ana", 100), Gift("ana", "xan", 100), Gift("ana", "bo", 100)]
    assert compute_round(9, 100, MEMBERS, MEMBERS, gifts).payouts["bo"] == 9


def test_equal_remainders_go_by_the_order_of_members_not_of_gifts() -> None:
    gifts = [Gift("ana", "cy", 1), Gift("ana", "bo", 1)]
    assert compute_round(1, 100, MEMBERS, {"cy", "bo"}, gifts).payouts == {"bo": 1, "cy": 0}


def test_nobody_and_nothing() -> None:
    assert compute_round(9, 100, MEMBERS, MEMBERS, []).payouts == {"ana": 0, "bo": 0, "cy": 0}
    assert compute_round(9, 100, [], [], [Gift("ana", "bo", 1)]).dropped == (Dropped.NOT_A_MEMBER,)
