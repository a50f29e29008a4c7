"""Votes and proposals heard for one height, within bounds, and what they add up to.

Of one witness at most two different votes are kept for a round and step (the second is evidence), and further
ones only for what f+1 others voted for; at most two proposals for a round that it leads; and so many rounds ahead
of one's own (``limits``). A witness that makes up rounds takes only its own room; what is refused now is taken
when it is sent again later. Rounds that hold a quorum for a checkpoint are kept for good.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from dao_app.core.finality.checkpoint import quorum
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Proposal, Vote
from dao_app.core.limits import PROPOSAL_ROUNDS_KEPT, PROPOSALS_AHEAD_MAX, ROUNDS_AHEAD_MAX, ROUNDS_KEPT

_Box = dict[bytes, list[Vote]]  # witness → its one or two votes


class Noted(NamedTuple):
    """``new``: it was kept. ``against``: an earlier, different vote of the same witness for the same place."""

    new: bool
    against: Vote | None = None


class Heard:
    """See the module. ``witnesses`` are the keys of this height's witnesses in order."""

    def __init__(self, height: int, witnesses: tuple[bytes, ...]) -> None:
        self._height = height
        self._witnesses = witnesses
        self.quorum = quorum(len(witnesses))
        self.some_honest = (len(witnesses) - 1) // 3 + 1  # f+1: at least one of so many is honest
        self._votes: dict[int, tuple[_Box, _Box]] = {}
        self._proposals: dict[int, list[Proposal]] = {}
        self._newest: dict[bytes, int] = {}
        self.precommitted: tuple[int, bytes] | None = None  # round and id with a quorum of precommits
        self.prevoted: dict[int, bytes] = {}  # round → id with a quorum of prevotes

    def leader(self, round_: int) -> bytes:
        return self._witnesses[(self._height + round_) % len(self._witnesses)]

    # -- taking in -----------------------------------------------------------------------------
    def note(self, message: Proposal | Vote, round_: int) -> Noted:
        """Keep a message of this height; ``round_`` is one's own round, from which the bounds run."""
        if message.height != self._height or message.witness not in self._witnesses:
            return Noted(False)
        noted = self._note_vote(message, round_) if isinstance(message, Vote) else self._note_proposal(message, round_)
        self._newest[message.witness] = max(self._newest.get(message.witness, 0), message.round)
        return noted

    def _note_vote(self, vote: Vote, round_: int) -> Noted:
        if not self._has_room(vote, round_):
            return Noted(False)
        box = self._votes.setdefault(vote.round, ({}, {}))[vote.step]
        mine = box.setdefault(vote.witness, [])
        if any(v.id == vote.id for v in mine) or (len(mine) >= 2 and not self._is_needed(vote)):
            return Noted(False)
        mine.append(vote)
        if vote.id is not None and len(self.voters(vote.round, vote.step, vote.id)) >= self.quorum:
            if vote.step == PREVOTE:
                self.prevoted[vote.round] = vote.id
            else:
                self.precommitted = (vote.round, vote.id)
        return Noted(True, mine[0] if len(mine) == 2 else None)

    def _note_proposal(self, proposal: Proposal, round_: int) -> Noted:
        if proposal.witness != self.leader(proposal.round) or proposal.valid_round >= proposal.round:
            return Noted(False)
        kept = self._proposals.get(proposal.round, [])
        if len(kept) == 2 or any(_same(p, proposal) for p in kept):
            return Noted(False)
        if not kept and proposal.round > round_:
            ahead = [r for r in self._proposals if r > round_ and self.leader(r) == proposal.witness]
            if len(ahead) >= PROPOSALS_AHEAD_MAX:
                return Noted(False)
        self._proposals[proposal.round] = [*kept, proposal]
        return Noted(True)

    def _is_needed(self, vote: Vote) -> bool:
        """Did an honest witness vote alike? Then others may have seen a quorum with it: without it their lock
        could not be understood here, and a witness that says three things would stop everybody."""
        return len(self.voters(vote.round, vote.step, vote.id) - {vote.witness}) >= self.some_honest

    def _has_room(self, vote: Vote, round_: int) -> bool:
        if vote.round <= round_:
            return vote.round >= round_ - ROUNDS_KEPT
        if vote.round in self._votes and _spoke(self._votes[vote.round], vote):
            return True
        ahead = [r for r, boxes in self._votes.items() if r > round_ and _spoke(boxes, vote)]
        return len(ahead) < ROUNDS_AHEAD_MAX

    def forget(self, round_: int, kept: set[int]) -> None:
        """Drop what is too far behind this round, but not the rounds in ``kept`` or with a quorum."""
        kept = {*kept, *([max(self.prevoted)] if self.prevoted else []), round_}
        if self.precommitted is not None:
            kept.add(self.precommitted[0])
        for old in [r for r in self._votes if r < round_ - ROUNDS_KEPT and r not in kept]:
            del self._votes[old]
            self.prevoted.pop(old, None)
        for old in [r for r in self._proposals if r < round_ - PROPOSAL_ROUNDS_KEPT and r not in kept]:
            del self._proposals[old]

    # -- what it adds up to --------------------------------------------------------------------
    def voters(self, round_: int, step: int, id_: bytes | None) -> set[bytes]:
        """Witnesses that voted for this id (None: nil)."""
        box = self._votes[round_][step] if round_ in self._votes else {}
        return {witness for witness, votes in box.items() if any(v.id == id_ for v in votes)}

    def has_quorum(self, round_: int, step: int, id_: bytes | None) -> bool:
        return len(self.voters(round_, step, id_)) >= self.quorum

    def all_voters(self, round_: int, step: int) -> set[bytes]:
        """Witnesses that voted for anything or nil."""
        return set(self._votes[round_][step]) if round_ in self._votes else set()

    def votes_for(self, round_: int, step: int, id_: bytes) -> list[Vote]:
        """One vote of each witness that voted for this id."""
        found = [v for votes in self._votes[round_][step].values() for v in votes if v.id == id_]
        return sorted(found, key=lambda vote: vote.witness)

    def proposals(self, round_: int) -> list[Proposal]:
        return self._proposals.get(round_, [])

    def all_proposals(self) -> list[Proposal]:
        return [p for round_ in sorted(self._proposals) for p in self._proposals[round_]]

    def proposals_of(self, id_: bytes) -> list[Proposal]:
        """Proposals of any round that carry this checkpoint, one for each content."""
        return list({p.content: p for p in self.all_proposals() if p.id == id_}.values())

    def spoken(self, me: bytes | None) -> int:
        """How many other witnesses said anything at this height."""
        return len(self._newest.keys() - {me})

    def round_of_some_honest(self, me: bytes | None) -> int:
        """The latest round that f+1 other witnesses have reached: one of them is honest. −1 where fewer spoke."""
        newest = sorted((r for witness, r in self._newest.items() if witness != me), reverse=True)
        return newest[self.some_honest - 1] if len(newest) >= self.some_honest else -1

    def missing(self, round_: int) -> Counter[bytes]:
        """Ids that nil prevotes of a round name, with how many witnesses name them."""
        box = self._votes[round_][PREVOTE] if round_ in self._votes else {}
        return Counter(id_ for votes in box.values() for vote in votes for id_ in vote.missing)

    def messages(self) -> list[Proposal | Vote]:
        """All that is kept, round by round, for passing on."""
        found: list[Proposal | Vote] = []
        for round_ in sorted(self._votes.keys() | self._proposals.keys()):
            found.extend(self._proposals.get(round_, []))
            for step in (PREVOTE, PRECOMMIT):
                box = self._votes[round_][step] if round_ in self._votes else {}
                found.extend(vote for witness in sorted(box) for vote in box[witness])
        return found


def _spoke(boxes: tuple[_Box, _Box], vote: Vote) -> bool:
    return any(vote.witness in box for box in boxes)


def _same(a: Proposal, b: Proposal) -> bool:
    return a.id == b.id and a.content == b.content and a.valid_round == b.valid_round
