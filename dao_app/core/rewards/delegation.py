"""Delegated voting power: who carries whose, and what is lost (VOTE-4).

Of somebody's delegations the narrowest holds: one for the proposal's topic, else one for its department, else for
the nearest department above, else one for everything. An own vote overrides. A chain of delegates is followed to the
first who votes.

Invariants: every member's power is in exactly one place: carried by a voter, lost, or silent (neither voted nor
delegated); their sum is the electorate's power; the order in which members or delegations are listed changes nothing.
Time is linear in members: each is walked through once, without recursion.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
D = TypeVar("D", bound=Hashable)
S = TypeVar("S", bound=Hashable)


class Loss(StrEnum):
    """Why a delegated power reaches nobody."""

    CYCLE = "cycle"  # the chain runs into a circle
    DEAD_END = "dead_end"  # it ends at somebody who neither votes nor delegates, or has no vote here


class Breadth(StrEnum):
    """What a delegation is for."""

    TOPIC = "topic"
    DEPARTMENT = "department"
    EVERYTHING = "everything"


class Scope(NamedTuple):
    """A topic, a department with all below it, or everything (then ``of`` is None)."""

    breadth: Breadth
    of: Hashable = None


EVERYTHING = Scope(Breadth.EVERYTHING)


@dataclass(frozen=True, slots=True)
class Delegated(Generic[K]):
    """Where all power went.

    ``carried``: of each voter, own and delegated. ``route``: who finally votes for a member that delegated.
    ``lost``: members whose power reaches nobody. ``silent``: who neither voted nor delegated.
    """

    carried: dict[K, int]
    route: dict[K, K]
    lost: dict[K, Loss]
    silent: tuple[K, ...]


def scopes(topic: Hashable | None, lineage: Sequence[D]) -> list[Scope]:
    """What a delegation may be for to hold for a proposal, narrowest first.

    Args: ``topic``: the proposal's, None where it has none; ``lineage``: its department and those above it, to the
    root; empty where it belongs to the whole organisation.
    """
    first = [] if topic is None else [Scope(Breadth.TOPIC, topic)]
    return [*first, *(Scope(Breadth.DEPARTMENT, department) for department in lineage), EVERYTHING]


def narrowest(delegations: Mapping[S, K], ordered: Sequence[S]) -> K | None:
    """The delegate of one member: that of the first scope in which there is one; None where no delegation holds."""
    for scope in ordered:
        if scope in delegations:
            return delegations[scope]
    return None


def resolve(electorate: Mapping[K, int], voted: Collection[K], delegate_of: Mapping[K, K]) -> Delegated[K]:
    """Follow every chain.

    Args: ``electorate``: power of each member; ``voted``: who voted (others than members are passed over);
    ``delegate_of``: of members that delegate, the delegate whom ``narrowest`` gives. A delegate outside the electorate
    is a dead end.
    """
    voters = set(voted).intersection(electorate)
    carried = {member: power for member, power in electorate.items() if member in voters}
    ends: dict[K, Loss] = {}
    route: dict[K, K] = {}
    silent = tuple(member for member in electorate if member not in voters and member not in delegate_of)
    nowhere = set(silent)
    for member in electorate:
        path: list[K] = []
        walked: set[K] = set()
        at = member
        while not (at in voters or at in route or at in ends or at in walked or at in nowhere or at not in electorate):
            path.append(at)
            walked.add(at)
            at = delegate_of[at]
        if at in voters or at in route:
            voter = route.get(at, at)
            for passed in path:
                route[passed] = voter
                carried[voter] += electorate[passed]
        else:
            loss = Loss.CYCLE if at in walked else ends.get(at, Loss.DEAD_END)
            ends.update(dict.fromkeys(path, loss))
    return Delegated(carried, route, ends, silent)
