"""Delegation: which holds, where chains end, and what is lost; circles and chains of 10,000."""

from __future__ import annotations

import pytest

from dao_app.core.rewards.delegation import EVERYTHING, Breadth, Delegated, Loss, Scope, narrowest, resolve, scopes

MANY = 10_000  # the largest organisation that fits a desktop
TOPIC = Scope(Breadth.TOPIC, "wages")
HOUSE, KITCHEN = Scope(Breadth.DEPARTMENT, "house"), Scope(Breadth.DEPARTMENT, "kitchen")


def test_scopes_from_narrow_to_wide() -> None:
    assert scopes("wages", ["kitchen", "house"]) == [TOPIC, KITCHEN, HOUSE, EVERYTHING]
    assert scopes(None, []) == [EVERYTHING]


@pytest.mark.parametrize(
    ("given", "delegate"),
    [
        ({TOPIC: "t", KITCHEN: "k", HOUSE: "h", EVERYTHING: "e"}, "t"),
        ({KITCHEN: "k", HOUSE: "h", EVERYTHING: "e"}, "k"),
        ({HOUSE: "h", EVERYTHING: "e"}, "h"),
        ({EVERYTHING: "e"}, "e"),
        ({Scope(Breadth.TOPIC, "kitchen"): "t", Scope(Breadth.DEPARTMENT, "wages"): "d"}, None),
        ({}, None),
    ],
)
def test_the_narrowest_holds(given: dict[Scope, str], delegate: str | None) -> None:
    assert narrowest(given, scopes("wages", ["kitchen", "house"])) == delegate


def test_a_topic_does_not_hold_for_a_proposal_without_one() -> None:
    assert narrowest({TOPIC: "t", HOUSE: "h"}, scopes(None, [])) is None


def test_chains_end_at_the_first_who_votes() -> None:
    done = resolve({"a": 1, "b": 2, "c": 4, "d": 8}, ["b", "d"], {"a": "b", "b": "c", "c": "d", "d": "a"})
    assert done == Delegated({"b": 3, "d": 12}, {"a": "b", "c": "d"}, {}, ())


def test_circles_and_dead_ends_are_lost_and_told_apart() -> None:
    power = dict.fromkeys("abcdefgh", 1)
    follows = {"a": "b", "b": "c", "c": "b", "d": "d", "e": "f", "g": "nobody here"}
    done = resolve(power, ["h"], follows)
    assert done.carried == {"h": 1} and done.route == {} and done.silent == ("f",)
    assert done.lost == {
        "a": Loss.CYCLE, "b": Loss.CYCLE, "c": Loss.CYCLE, "d": Loss.CYCLE, "e": Loss.DEAD_END, "g": Loss.DEAD_END,
    }  # fmt: skip


def test_an_own_vote_opens_a_circle() -> None:
    done = resolve({"a": 1, "b": 1, "c": 1}, ["b"], {"a": "b", "b": "c", "c": "a"})
    assert done.carried == {"b": 3} and not done.lost


def test_who_has_no_vote_here_carries_nothing() -> None:
    done = resolve({"a": 1}, ["guest"], {"a": "guest", "guest": "a"})
    assert done.carried == {} and done.lost == {"a": Loss.DEAD_END}


class Counting(dict[int, int]):
    """A delegation table that counts how often it is read."""

    reads = 0

    def __getitem__(self, member: int) -> int:
        self.reads += 1
        return super().__getitem__(member)


@pytest.mark.parametrize("order", [1, -1])
def test_ten_thousand_in_a_chain_or_a_circle_are_each_walked_once(order: int) -> None:
    members = list(range(MANY))[::order]
    chain = Counting({member: member + 1 for member in range(MANY - 1)})
    done = resolve(dict.fromkeys(members, 1), [MANY - 1], chain)
    assert done.carried == {MANY - 1: MANY} and chain.reads == MANY - 1
    circle = Counting({member: (member + 1) % MANY for member in range(MANY)})
    done = resolve(dict.fromkeys(members, 1), [], circle)
    assert done.lost == dict.fromkeys(members, Loss.CYCLE) and circle.reads == MANY
