"""The voting rules as a model, searched exhaustively: n = 4 witnesses of which one lies, two rounds, every height.

A state is what each honest witness said so far in every round, where it stands and what it is locked on. The
one who lies, the network and the clock may do anything: its votes count wherever they help, any proposal for
any of two checkpoints is there when wanted, any step may time out, any later round may begin. So every
behaviour of the algorithm is among those searched, and more. Honest witnesses and the two checkpoints are
interchangeable: of states that differ by their names one is kept.

Heights: what a witness says at one height depends on another height only by when it begins there, and in the
model it may begin at any time or never. So the states of one height are the states of each of them, and the
pairs (first height, second height) need not be searched again. What is checked: never two checkpoints with a
quorum of precommits. ``python -m tests.simulation.model [rounds]`` prints
what was searched; three rounds take minutes.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import NamedTuple

A, B, NIL = 1, 2, 4  # bits: what was voted for in a round and step
HONEST, NEEDED = 3, 2  # of n = 4; the quorum of 3 less the vote of the one who lies
VALUES = (A, B)
SWAPPED = {A: B, B: A, NIL: NIL, 0: 0}


class Local(NamedTuple):
    """One honest witness: step 0 propose, 1 prevoted, 2 precommitted; votes as bits for each round."""

    round: int
    step: int
    locked: int
    locked_round: int
    prevotes: tuple[int, ...]
    precommits: tuple[int, ...]


State = tuple[Local, ...]  # in order: honest witnesses are interchangeable


class Rules(NamedTuple):
    """``lock``: line 23 and 29 hold; ``later``: a lock gives way to a quorum of its round or a later one only;
    ``memory``: nothing is forgotten at a restart; ``needed``: honest votes for a quorum."""

    lock: bool = True
    later: bool = True
    memory: bool = True
    needed: int = NEEDED


AS_THEY_ARE = Rules()


class Report(NamedTuple):
    states: int
    steps: int
    broken: list[State]  # a way to two decisions, or empty


def search(rounds: int = 2, rules: Rules = AS_THEY_ARE, states_max: int = 10_000_000) -> Report:
    """All states that can be reached, breadth first; ends at the first that breaks agreement."""
    empty = Local(0, 0, 0, -1, (0,) * rounds, (0,) * rounds)
    start: State = (empty,) * HONEST
    came_from: dict[State, State | None] = {start: None}
    queue = deque([start])
    steps = 0
    while queue:
        state = queue.popleft()
        if _is_broken(state, rounds, rules):
            return Report(len(came_from), steps, _way(state, came_from))
        for place, local in enumerate(state):
            if place and state[place - 1] == local:
                continue
            others = state[:place] + state[place + 1 :]
            for after in _moves(local, state, rounds, rules):
                steps += 1
                found = _canonical((*others, after))
                if found not in came_from:
                    came_from[found] = state
                    queue.append(found)
        if len(came_from) > states_max:
            raise AssertionError(f"more than {states_max} states")
    return Report(len(came_from), steps, [])


def _moves(local: Local, state: State, rounds: int, rules: Rules) -> list[Local]:
    """What this witness may do next."""
    found = []
    round_ = local.round
    if local.step == 0:
        for value in (*VALUES, NIL):
            if value == NIL or _may_prevote(local, value, state, rules):
                found.append(local._replace(step=1, prevotes=_with(local.prevotes, round_, value)))
    if local.step == 1:
        found.append(local._replace(step=2, precommits=_with(local.precommits, round_, NIL)))
        for value in VALUES:
            if _count(state, round_, value, True) >= rules.needed:
                said = _with(local.precommits, round_, value)
                found.append(local._replace(step=2, locked=value, locked_round=round_, precommits=said))
    found.extend(local._replace(round=later, step=0) for later in range(round_ + 1, rounds))
    if not rules.memory and (local.round, local.step) != (0, 0):
        found.append(local._replace(round=0, step=0, locked=0, locked_round=-1))
    return found


def _may_prevote(local: Local, value: int, state: State, rules: Rules) -> bool:
    """Lines 22-33, for a proposal without a valid round or with any earlier one."""
    if not rules.lock or local.locked in (0, value):
        return True
    first = local.locked_round if rules.later else 0
    return any(_count(state, valid, value, True) >= rules.needed for valid in range(first, local.round))


def _is_broken(state: State, rounds: int, rules: Rules) -> bool:
    decided = [
        any(_count(state, round_, value, False) >= rules.needed for round_ in range(rounds)) for value in VALUES
    ]
    return all(decided)


def _count(state: State, round_: int, value: int, prevotes: bool) -> int:
    if prevotes:
        return sum(1 for local in state if local.prevotes[round_] & value)
    return sum(1 for local in state if local.precommits[round_] & value)


def _with(votes: tuple[int, ...], round_: int, value: int) -> tuple[int, ...]:
    return (*votes[:round_], votes[round_] | value, *votes[round_ + 1 :])


def _canonical(state: State) -> State:
    one = tuple(sorted(state))
    two = tuple(sorted(_swapped(local) for local in state))
    return min(one, two)


_SWAPPED: dict[Local, Local] = {}


def _swapped(local: Local) -> Local:
    """The same with the two checkpoints' names exchanged."""
    found = _SWAPPED.get(local)
    if found is None:
        votes = [tuple(v & NIL | (v & A) << 1 | (v & B) >> 1 for v in row) for row in local[4:]]
        found = _SWAPPED[local] = local._replace(
            locked=SWAPPED[local.locked], prevotes=votes[0], precommits=votes[1]
        )
    return found


def _way(state: State, came_from: dict[State, State | None]) -> list[State]:
    way = [state]
    while (before := came_from[way[-1]]) is not None:
        way.append(before)
    return way[::-1]


MUTANTS = {  # what is taken out, and the rounds it takes to break
    "without the lock": (2, Rules(lock=False)),
    "a restart forgets": (2, Rules(memory=False)),
    "a quorum of two": (2, Rules(needed=1)),
    "a lock gives way to an earlier quorum": (3, Rules(later=False)),
}


def main(rounds_max: int = 2) -> int:
    """Search with the rules as they are, and without each in turn, in at most so many rounds."""
    good = True
    for rounds in range(2, rounds_max + 1):
        report = search(rounds)
        good = good and not report.broken
        print(f"n=4 f=1 rounds={rounds}: {report.states} states, {report.steps} steps")
    for name, (rounds, rules) in MUTANTS.items():
        if rounds <= rounds_max:
            broken = search(rounds, rules)
            print(f"{name}: {'two decisions' if broken.broken else 'MISSED'} after {broken.states} states")
            good = good and bool(broken.broken)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2))
