"""Consensus of the witnesses on one height: Tendermint, arXiv 1807.04938, algorithm 1, sans-IO.

Inputs are messages whose signatures the caller checked, answers to questions, and time; every input returns
what is to be done. Invariants, for at most f of n = 3f+1 witnesses that lie:

- **One decision**: no two checkpoints ever get a quorum of precommits. A witness casts at most one prevote and
  one precommit a round; having precommitted a checkpoint (lock) it prevotes another one only if that one had a
  quorum of prevotes in the round of the lock or a later one (lines 22-33).
- **Nothing is forgotten**: ``saved`` goes with each vote and proposal; a machine started from it says the same
  again and never something else. A machine that hears from itself what it does not know says nothing more.
- **Quiet** until there is something to seal: no timer runs and no round starts before ``wanted``, a proposal
  by the leader, or messages by f+1 others.

Beyond the paper: f+1 witnesses *in or beyond* a round skip to it (line 55), so that one may drop messages;
a quorum of prevotes in an earlier round, heard late, still gives the valid value (it changes only what is
proposed). "left_out" is a verdict on grounds that only this witness can know (its clock, what it had
admitted): it refuses a fresh proposal and never one that had its quorum of prevotes, where f+1 honest ones
found it good: otherwise who is locked and who objects would wait for each other for ever (protocol §4).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.finality.checkpoint import Move, Precommit
from dao_app.core.finality.heard import Heard
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Proposal, Vote, propose
from dao_app.core.limits import MISSING_IDS_MAX, ROUND_MAX, ROUND_TIMEOUT_MS, ROUND_TIMEOUT_MS_MAX

Verdict = Literal["valid", "invalid", "missing", "left_out"]
_PROPOSE, _PREVOTED, _PRECOMMITTED = 0, 1, 2  # what this witness did last in its round


class ProposeValue(NamedTuple):
    """This witness leads the round and has no valid value: answer with ``proposed``."""

    round: int


class Judge(NamedTuple):
    """Answer with ``judged``. ``fresh``: local grounds count too ("left_out": Δ, this machine's clock)."""

    proposal: Proposal
    fresh: bool


class Cast(NamedTuple):
    """Store ``saved`` durably, then sign the vote and hand it to ``receive``."""

    vote: Vote
    saved: bytes


class Offer(NamedTuple):
    """Store ``saved`` durably, then sign the proposal and hand it to ``receive``."""

    proposal: Proposal
    saved: bytes


class Keep(NamedTuple):
    """New and within bounds: store it until the height is decided, and pass it on."""

    message: Proposal | Vote


class Timer(NamedTuple):
    """``tick`` is wanted at this time (ms), unless another Timer follows."""

    at_ms: int


class Commit(NamedTuple):
    """Decided: the parts of a certificate."""

    checkpoint: bytes
    moves: tuple[Move, ...]
    extras: tuple[Move, ...]
    precommits: tuple[Precommit, ...]


class Evidence(NamedTuple):
    """Two different votes of one witness for one height, round and step."""

    one: Vote
    two: Vote


class Standing(NamedTuple):
    """How far a height is: flags by witness in order. ``silent``: this witness heard itself say what it does
    not know (restored from a backup) and waits for the others."""

    round: int
    leader: bytes
    prevoted: tuple[bool, ...]
    precommitted: tuple[bool, ...]
    silent: bool


Output = ProposeValue | Judge | Cast | Offer | Keep | Timer | Commit | Evidence


class _Value(NamedTuple):
    """A checkpoint with the round in which it was locked, or had its quorum of prevotes."""

    round: int
    proposal: Proposal


def timeout_ms(round_: int) -> int:
    """How long a step of this round waits."""
    return min(ROUND_TIMEOUT_MS << min(round_, 32), ROUND_TIMEOUT_MS_MAX)


class Consensus:
    """See the module. ``witnesses``: keys in order; ``me``: this witness's key, or None to look on only;
    ``now``: any clock in ms; ``saved``: the last one that was stored at this height."""

    def __init__(
        self, height: int, witnesses: tuple[bytes, ...], me: bytes | None, now: int, saved: bytes | None = None
    ) -> None:
        self.height = height
        self._witnesses = witnesses
        self._me = me if me in witnesses else None
        self._now = now
        self._heard = Heard(height, witnesses)
        self._round = 0
        self._step = _PROPOSE
        self._offer: Proposal | None = None  # mine, of this round
        self._votes: list[bytes | None] = []  # mine, of this round: prevote, precommit
        self._locked: _Value | None = None
        self._valid: _Value | None = None
        self._verdicts: dict[bytes, tuple[Verdict, bool]] = {}  # content and id → verdict, judged as fresh
        self._missing: tuple[bytes, ...] = ()
        self._asked: set[tuple[bytes, bool]] = set()
        self._deadlines: dict[int, int] = {}  # step → ms
        self._announced = -1
        self._synced = False
        self._wanted = False
        self._started = False
        self._asked_for_value = False
        self._silent = False
        self._out: list[Output] = []
        self.decided = False
        if saved is not None:
            self._restore(saved)

    # -- inputs --------------------------------------------------------------------------------
    def receive(self, message: Proposal | Vote, now: int) -> list[Output]:
        """A message whose signature is good; one's own come this way too."""
        self._pass(now)
        if message.witness == self._me and self._is_unknown(message):
            self._silent = True
            self._deadlines = {}
        noted = self._heard.note(message, self._round)
        if noted.new:
            self._out.append(Keep(message))
        if noted.against is not None and isinstance(message, Vote):
            self._out.append(Evidence(noted.against, message))
        return self._run()

    def tick(self, now: int) -> list[Output]:
        self._pass(now)
        for step in [step for step, at in self._deadlines.items() if at <= now]:
            if self._deadlines.pop(step, None) is not None:
                self._time_out(step)
        return self._run()

    def synced(self, now: int, synced: bool = True) -> list[Output]:
        """Is this witness in touch with others and abreast of them? Time-outs run only while it is."""
        self._pass(now)
        if synced != self._synced:
            self._synced = synced
            self._deadlines = {}
            if synced and self._started:
                self._say_again()
        return self._run()

    def wanted(self, now: int, wanted: bool) -> list[Output]:
        """Is there something to seal?"""
        self._pass(now)
        if wanted and not self._wanted:
            self._asked_for_value = False
        self._wanted = wanted
        return self._run()

    def proposed(
        self, round_: int, checkpoint: bytes | None, moves: tuple[Move, ...], extras: tuple[Move, ...], now: int
    ) -> list[Output]:
        """Answer to ProposeValue; None where there is nothing to seal after all."""
        self._pass(now)
        if not self._votes_here() or round_ != self._round or self._step != _PROPOSE or self._offer is not None:
            return self._run()
        assert self._me is not None and self._heard.leader(round_) == self._me
        if checkpoint is None:
            self._wanted = False
            if self._round == 0 and self._heard.spoken(self._me) < self._heard.some_honest:
                self._started = False
                self._deadlines = {}
            return self._run()
        proposal = propose(self.height, round_, -1, checkpoint, moves, extras, self._me)
        self._verdicts[_key(proposal)] = ("valid", True)
        self._put_forward(proposal)
        return self._run()

    def judged(self, question: Judge, verdict: Verdict, missing: tuple[bytes, ...], now: int) -> list[Output]:
        """Answer to Judge. ``missing``: ids that are not here ("missing") or that were left out ("left_out")."""
        self._pass(now)
        key = _key(question.proposal)
        self._asked.discard((key, question.fresh))
        self._verdicts[key] = (verdict, question.fresh)
        if missing:
            self._missing = missing[:MISSING_IDS_MAX]
        return self._run()

    def retry(self, now: int) -> list[Output]:
        """Something was admitted: what was missing is asked again."""
        self._pass(now)
        for key in [key for key, (verdict, _) in self._verdicts.items() if verdict == "missing"]:
            del self._verdicts[key]
        return self._run()

    # -- what others may ask -------------------------------------------------------------------
    def standing(self) -> Standing:
        round_ = self._round
        votes = [self._heard.all_voters(round_, step) for step in (PREVOTE, PRECOMMIT)]
        flags = [tuple(witness in there for witness in self._witnesses) for there in votes]
        return Standing(round_, self._heard.leader(round_), flags[0], flags[1], self._silent)

    def messages(self) -> list[Proposal | Vote]:
        """Everything kept, for a peer that has less."""
        return self._heard.messages()

    def left_out(self) -> list[bytes]:
        """Ids that others miss in this round's proposal, most named first: the leader fetches them."""
        return [id_ for id_, _ in self._heard.missing(self._round).most_common(MISSING_IDS_MAX)]

    # -- rules ---------------------------------------------------------------------------------
    def _run(self) -> list[Output]:
        """Apply rules until none fires; returns what is to be done."""
        while not self.decided and self._one_rule():
            pass
        if self.decided:
            self._deadlines = {}
        due = min(self._deadlines.values(), default=-1)
        if due >= 0 and due != self._announced:
            self._out.append(Timer(due))
        self._announced = due
        out, self._out = self._out, []
        return out

    def _one_rule(self) -> bool:
        if self._decide():
            return True
        if self._me is None or self._silent:
            return self._skip()
        if not self._synced or not self._start():
            return False
        return (
            self._skip() or self._lead() or self._prevote() or self._lock() or self._precommit_nil() or self._arm()
        )

    def _start(self) -> bool:
        """Leave the quiet: something to seal, a proposal by the leader, or f+1 others at work."""
        if not self._started:
            heard = bool(self._heard.proposals(self._round)) or self._heard.spoken(self._me) >= self._heard.some_honest
            self._started = self._wanted or heard
        return self._started

    def _decide(self) -> bool:
        """Line 49: a quorum of precommits for a checkpoint that is here."""
        if self._heard.precommitted is None:
            return False
        round_, id_ = self._heard.precommitted
        proposal = self._sound(self._heard.proposals_of(id_))
        if proposal is None:
            return False
        votes = self._heard.votes_for(round_, PRECOMMIT, id_)
        precommits = tuple(Precommit(v.witness, v.round, v.signature) for v in votes)
        self._out.append(Commit(proposal.checkpoint, proposal.moves, proposal.extras, precommits))
        self.decided = True
        return True

    def _skip(self) -> bool:
        """Line 55: f+1 others are in a later round, so an honest one is."""
        later = self._heard.round_of_some_honest(self._me)
        if later <= self._round:
            return False
        self._start_round(later)
        return True

    def _lead(self) -> bool:
        """Lines 14-19: put forward the valid value, or ask for a fresh one."""
        if self._step != _PROPOSE or self._offer is not None or self._heard.leader(self._round) != self._me:
            return False
        if self._valid is not None:
            known = self._valid.proposal
            self._put_forward(known._replace(round=self._round, valid_round=self._valid.round, witness=self._me))
            return True
        if self._wanted and not self._asked_for_value:
            self._asked_for_value = True
            self._out.append(ProposeValue(self._round))
        return False

    def _prevote(self) -> bool:
        """Lines 22-33: prevote the proposal, or nil, as soon as either is known to be right."""
        if self._step != _PROPOSE:
            return False
        for proposal in self._heard.proposals(self._round):
            good = self._is_good(proposal)
            if good is not None:
                self._cast(PREVOTE, proposal.id if good else None)
                return True
        return False

    def _is_good(self, proposal: Proposal) -> bool | None:
        """May this proposal be prevoted? None while that is not known."""
        locked = self._locked
        other_lock = locked is not None and locked.proposal.id != proposal.id
        fresh = proposal.valid_round < 0
        if fresh:
            if other_lock:
                return False
        else:
            if not self._heard.has_quorum(proposal.valid_round, PREVOTE, proposal.id):
                return None
            if other_lock and locked is not None and locked.round > proposal.valid_round:
                return False
        verdict = self._verdict(proposal, fresh and locked is None)
        if verdict is None or verdict == "missing":
            return None
        return verdict == "valid" or (verdict == "left_out" and not (fresh and locked is None))

    def _lock(self) -> bool:
        """Lines 36-43: a quorum of prevotes for a checkpoint that is here and good; also heard late."""
        if self._step == _PROPOSE:
            return False
        above = -1 if self._valid is None else self._valid.round
        rounds = [r for r in self._heard.prevoted if above < r <= self._round]
        for round_ in sorted(rounds, reverse=True):
            proposal = self._sound(self._heard.proposals_of(self._heard.prevoted[round_]))
            if proposal is None:
                continue
            self._valid = _Value(round_, proposal)
            if round_ == self._round and self._step == _PREVOTED:
                self._locked = self._valid
                self._cast(PRECOMMIT, proposal.id)
            return True
        return False

    def _precommit_nil(self) -> bool:
        """Line 44: a quorum of nil prevotes."""
        if self._step != _PREVOTED or not self._heard.has_quorum(self._round, PREVOTE, None):
            return False
        self._cast(PRECOMMIT, None)
        return True

    def _arm(self) -> bool:
        """Lines 21, 34, 47: let a step wait so long and no longer."""
        heard = self._heard
        if self._step == _PROPOSE and len(self._witnesses) > 1 and not (self._asked_for_value and self._wanted):
            self._deadlines.setdefault(_PROPOSE, self._now + timeout_ms(self._round))
        if self._step == _PREVOTED and len(heard.all_voters(self._round, PREVOTE)) >= heard.quorum:
            self._deadlines.setdefault(_PREVOTED, self._now + timeout_ms(self._round))
        if len(heard.all_voters(self._round, PRECOMMIT)) >= heard.quorum:
            self._deadlines.setdefault(_PRECOMMITTED, self._now + timeout_ms(self._round))
        return False

    def _time_out(self, step: int) -> None:
        """Lines 57-67."""
        if step == _PRECOMMITTED:
            self._start_round(self._round + 1)
        elif step == self._step:
            self._cast(PREVOTE if step == _PROPOSE else PRECOMMIT, None)

    # -- steps ---------------------------------------------------------------------------------
    def _start_round(self, round_: int) -> None:
        """Line 11."""
        if round_ > ROUND_MAX:
            return
        self._round = round_
        self._step = _PROPOSE
        self._offer = None
        self._votes = []
        self._missing = ()
        self._asked_for_value = False
        self._deadlines = {}
        kept = {value.round for value in (self._locked, self._valid) if value is not None}
        self._heard.forget(self._round, kept)
        known = {_key(p) for p in self._heard.all_proposals()}
        known |= {_key(value.proposal) for value in (self._locked, self._valid) if value is not None}
        self._verdicts = {key: verdict for key, verdict in self._verdicts.items() if key in known}
        self._asked = {(key, fresh) for key, fresh in self._asked if key in known}

    def _put_forward(self, proposal: Proposal) -> None:
        self._offer = proposal._replace(signature=b"")
        self._asked_for_value = False
        self._out.append(Offer(self._offer, self._save()))

    def _cast(self, step: int, id_: bytes | None) -> None:
        assert self._me is not None and len(self._votes) == step
        self._votes.append(id_)
        self._step = _PREVOTED if step == PREVOTE else _PRECOMMITTED
        self._deadlines.pop(step, None)
        missing = self._missing if step == PREVOTE and id_ is None else ()
        self._out.append(Cast(Vote(step, self.height, self._round, id_, self._me, missing), self._save()))

    def _sound(self, proposals: list[Proposal]) -> Proposal | None:
        """The first of these that is good whatever this witness alone knows."""
        for proposal in proposals:
            if self._verdict(proposal, False) in ("valid", "left_out"):
                return proposal
        return None

    def _verdict(self, proposal: Proposal, fresh: bool) -> Verdict | None:
        """The verdict, or None: then it is asked for, once."""
        key = _key(proposal)
        known = self._verdicts.get(key)
        if known is not None:
            verdict, judged_fresh = known
            if judged_fresh or not fresh or verdict != "valid":
                return verdict
        if (key, fresh) not in self._asked:
            self._asked.add((key, fresh))
            self._out.append(Judge(proposal, fresh))
        return None

    def _votes_here(self) -> bool:
        return self._me is not None and not self._silent and not self.decided

    def _pass(self, now: int) -> None:
        """Time went on; where a clock was set back, what waits is set back with it."""
        if now < self._now:
            self._deadlines = {step: at - (self._now - now) for step, at in self._deadlines.items()}
        self._now = now

    # -- what must not be forgotten --------------------------------------------------------------
    def _is_unknown(self, message: Proposal | Vote) -> bool:
        """Did this key sign something here that this machine did not?"""
        if message.height != self.height or message.round < self._round:
            return False
        if message.round > self._round:
            return True
        if isinstance(message, Vote):
            return len(self._votes) <= message.step or self._votes[message.step] != message.id
        return self._offer is None or self._offer != message._replace(signature=b"")

    def _say_again(self) -> None:
        """After a restart: what was decided to be said in this round, whether it was sent or not."""
        if not self._votes_here():
            return
        assert self._me is not None
        if self._offer is not None:
            self._out.append(Offer(self._offer, self._save()))
        for step, id_ in enumerate(self._votes):
            self._out.append(Cast(Vote(step, self.height, self._round, id_, self._me), self._save()))

    def _save(self) -> bytes:
        """Round, own words in it, lock and valid value; each proposal's content once."""
        contents: dict[bytes, list[object]] = {}
        rows: list[list[int] | None] = []
        offer = None if self._offer is None else _Value(self._offer.valid_round, self._offer)
        for value in (offer, self._locked, self._valid):
            if value is None:
                rows.append(None)
                continue
            p = value.proposal
            contents[_key(p)] = [p.checkpoint, [list(m) for m in p.moves], [list(m) for m in p.extras]]
            rows.append([value.round, list(contents).index(_key(p))])
        return encode_trusted([self._round, self._votes, rows, list(contents.values())])

    def _restore(self, saved: bytes) -> None:
        round_, votes, rows, contents = decode_trusted(saved)
        if self._me is None:
            return
        self._round, self._votes, self._step = round_, votes, len(votes)
        values: list[_Value | None] = []
        for row in rows:
            if row is None:
                values.append(None)
                continue
            checkpoint, moves, extras = contents[row[1]]
            heads = [tuple(Move(*m) for m in part) for part in (moves, extras)]
            proposal = propose(self.height, round_, -1, checkpoint, heads[0], heads[1], self._me)
            self._verdicts[_key(proposal)] = ("valid", True)
            values.append(_Value(row[0], proposal))
        offer, self._locked, self._valid = values
        if offer is not None:
            self._offer = offer.proposal._replace(valid_round=offer.round)
        self._started = True


def _key(proposal: Proposal) -> bytes:
    """Names a checkpoint together with its moves and extras: another one's moves say nothing about this one's."""
    return proposal.id + proposal.content
