"""Drives consensus for one organisation: its questions are answered by ``Checkpoints``, its words kept and signed.

Invariants: what a witness is about to say is stored before it is signed, and signed before it is sent; every good
word of the current height is kept and passed on by any member's device, so that witnesses need not be online
together; with one witness nothing here runs (``Checkpoints.seal``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dao_app.app.errors import Refused, StorageError
from dao_app.app.ports import AdmitReport, Clock, SignatureCheck, Verifier
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import encode_certificate, parse_checkpoint
from dao_app.core.finality.consensus import (
    Cast,
    Commit,
    Consensus,
    Evidence,
    Judge,
    Keep,
    Offer,
    Output,
    ProposeValue,
    Standing,
    Verdict,
)
from dao_app.core.finality.messages import (
    Proposal,
    Vote,
    encode_proposal,
    encode_vote,
    parse_proposal,
    parse_vote,
    proposal_message,
    vote_message,
)
from dao_app.core.frontier import Cut

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

EARLY_MAX = 256  # words of the next height, heard before this one was decided here
SAVED = "consensus"  # [height, what the machine must not forget]
Message = Proposal | Vote


class Witnessing:
    """See the module. ``on_words``: there is something new to pass on."""

    def __init__(self, org: Organisation, clock: Clock, verifier: Verifier) -> None:
        self._org = org
        self._clock = clock
        self._verifier = verifier
        self.on_words: Callable[[], None] = lambda: None
        self._machine: Consensus | None = None
        self._words: dict[bytes, bytes] = {}  # digest → signed object of this height
        self._early: OrderedDict[bytes, Message] = OrderedDict()
        self._in_touch = False

    # -- the height --------------------------------------------------------------------------------
    def begin(self) -> None:
        """Start at the height after the last certified one, with what was kept of it."""
        org = self._org
        height, witnesses = org.height() + 1, org.witnesses()
        self._words = {}
        self._machine = None
        if len(witnesses) < 2 or not org.may_derive():
            return
        me = org.witness_signer.public if org.witness_signer is not None else None
        remembered = org.store.meta(SAVED)
        saved: tuple[int, bytes] = decode(remembered) if remembered is not None and me is not None else (0, b"")
        now = self._clock.now_ms()
        machine = Consensus(height, witnesses, me, now, saved[1] if saved[0] == height else None)
        self._machine = machine
        kept = org.store.words(height)
        self._words = {digest(raw): raw for raw in kept}
        early, self._early = self._early, OrderedDict()
        for message in [*map(_parse, kept), *early.values()]:
            self._take(message)
        if self._machine is machine:  # else what was kept decided the height, and the next one has begun
            self._do(machine.synced(now, self._in_touch))

    def standing(self) -> Standing | None:
        """How far this height is, for people; None with one witness."""
        return None if self._machine is None else self._machine.standing()

    def is_silent(self) -> bool:
        """Did this device's witness key speak elsewhere, so that it says nothing?"""
        standing = self.standing()
        return standing is not None and standing.silent

    def words(self) -> Mapping[bytes, bytes]:
        """Signed objects of this height, digest → bytes, for peers."""
        return self._words

    # -- inputs ------------------------------------------------------------------------------------
    def hear(self, items: Sequence[bytes]) -> AdmitReport:
        """Words from a peer; never raises for what they contain."""
        stored = known = 0
        refused: dict[str, int] = {}
        for raw in items:
            if digest(raw) in self._words:
                known += 1
                continue
            code = self._admit(raw)
            if code:
                refused[code] = refused.get(code, 0) + 1
            else:
                stored += digest(raw) in self._words
        return AdmitReport(stored, known, 0, refused)

    def _admit(self, raw: bytes) -> str:
        try:
            message = _parse(raw)
        except EncodingError:
            return "malformed"
        org = self._org
        if isinstance(message, Proposal) and parse_checkpoint(message.checkpoint).org != org.org_id:
            return "other_organisation"
        height = org.height() + 1
        if message.height not in (height, height + 1):
            return ""  # settled, or of heights that a certificate will bring
        if message.height == height and message.witness not in org.witnesses():
            return "not_a_witness"
        check = SignatureCheck(message.witness, signed(message), message.signature)
        if not self._verifier.verify(check):
            return "signature"
        if message.height > height:
            self._early[digest(raw)] = message
            while len(self._early) > EARLY_MAX:
                self._early.popitem(last=False)
        else:
            self._take(message)
        return ""

    def _take(self, message: Message) -> None:
        if self._machine is not None and message.height == self._machine.height:
            self._do(self._machine.receive(message, self._clock.now_ms()))

    def tick(self) -> None:
        """Called a few times a second: time-outs, something to seal, something that came in."""
        if self._machine is None and len(self._org.witnesses()) > 1:
            self.begin()
        if self._machine is None:
            return
        now = self._clock.now_ms()
        self._do(self._machine.retry(now))
        if self._machine is not None:
            self._do(self._machine.wanted(now, self._org.something_to_seal() and self._org.may_derive()))
        if self._machine is not None:
            self._do(self._machine.tick(now))

    def in_touch(self, touch: bool) -> None:
        """Are peers connected, none of them further than this machine?"""
        self._in_touch = touch
        if self._machine is not None:
            self._do(self._machine.synced(self._clock.now_ms(), touch))

    # -- outputs -----------------------------------------------------------------------------------
    def _do(self, outputs: list[Output]) -> None:
        """Perform outputs in order; where one cannot be stored, the height begins anew from what was."""
        try:
            self._perform_all(outputs)
        except StorageError:
            self._machine = None
            raise

    def _perform_all(self, outputs: list[Output]) -> None:
        """What follows from one output comes before the next."""
        queue = list(outputs)
        said = False
        while queue:
            output = queue.pop(0)
            machine = self._machine
            if machine is None:
                return
            if isinstance(output, Commit):
                self._decide(output)
                return
            said = said or isinstance(output, Keep)
            queue = [*self._perform(machine, output), *queue]
        if said:
            self.on_words()

    def _perform(self, machine: Consensus, output: Output) -> list[Output]:
        now = self._clock.now_ms()
        if isinstance(output, ProposeValue):
            self._org.want_heads(machine.left_out())
            raw, cut = self._org.form() or (None, Cut(()))
            return machine.proposed(output.round, raw, cut.moves, cut.extras, now)
        if isinstance(output, Judge):
            verdict, ids = self._judge(output)
            return machine.judged(output, verdict, ids, now)
        if isinstance(output, Cast | Offer):
            return self._say(machine, output)
        if isinstance(output, Keep):
            raw = _encode(output.message)
            self._org.store.keep_word(machine.height, digest(raw), raw)
            self._words[digest(raw)] = raw
        elif isinstance(output, Evidence):
            self._accuse(output)
        return []

    def _judge(self, question: Judge) -> tuple[Verdict, tuple[bytes, ...]]:
        proposal = question.proposal
        try:
            checkpoint = parse_checkpoint(proposal.checkpoint)
        except EncodingError:
            return "invalid", ()
        found = self._org.judge(checkpoint, proposal.id, Cut(proposal.moves, proposal.extras), question.fresh)
        return found.verdict, found.ids

    def _say(self, machine: Consensus, output: Cast | Offer) -> list[Output]:
        """Store, sign, hear oneself."""
        signer = self._org.witness_signer
        assert signer is not None
        self._org.store.set_meta(SAVED, encode([machine.height, output.saved]))
        message: Message = output.vote if isinstance(output, Cast) else output.proposal
        spoken = message._replace(signature=signer.sign(signed(message)))
        return machine.receive(spoken, self._clock.now_ms())

    def _decide(self, decided: Commit) -> None:
        raw = encode_certificate(decided.checkpoint, decided.precommits, decided.moves, decided.extras)
        self._org.adopt(raw)

    def _accuse(self, evidence: Evidence) -> None:
        """Two votes of one witness: any member's device may write it down."""
        one, two = sorted(encode_vote(v._replace(missing=())) for v in (evidence.one, evidence.two))
        try:
            self._org.write("witness.evidence", {"one": one, "two": two})
        except Refused:
            return  # known already, or nobody here may write: others will


def signed(message: Message) -> bytes:
    """What its witness signs."""
    return proposal_message(message) if isinstance(message, Proposal) else vote_message(message)


def _encode(message: Message) -> bytes:
    return encode_proposal(message) if isinstance(message, Proposal) else encode_vote(message)


def _parse(raw: bytes) -> Message:
    """A proposal has eight parts, a vote seven. Raises EncodingError."""
    return parse_proposal(raw) if raw[:1] == b"\x88" else parse_vote(raw)
