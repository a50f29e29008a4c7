"""An organisation's checkpoints on this machine: forming, judging, sealing and adopting them (protocol §4).

Invariants: a checkpoint is adopted only with a quorum of the witnesses that the one before named, and only where its
roots come out here; two certificates for one height stop deriving; what is formed to be judged leaves no trace.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dao_app.app.log_keeper import LogKeeper, Tally
from dao_app.app.ports import AdmitReport, SignatureCheck, Signer
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.entities import Org
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import (
    Certificate,
    Checkpoint,
    Precommit,
    encode_certificate,
    encode_checkpoint,
    has_quorum,
    parse_certificate,
    precommit_message,
)
from dao_app.core.finality.consensus import Verdict
from dao_app.core.finality.recovery import Recovery
from dao_app.core.frontier import Cut, Missing, Under, left_out
from dao_app.core.keys import ORG_KEY, member_key
from dao_app.core.limits import CHECKPOINT_AHEAD_MS_MAX
from dao_app.core.ordering import provisional_order
from dao_app.core.replay import Sealed
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.due import next_due
from dao_app.core.state import State

CERTIFICATES_WAITING_MAX = 2_000  # certificates held until their actions are here
FORMED_MAX = 4  # checkpoints derived to be judged and kept until one is decided


class Judgement(NamedTuple):
    """Of a proposed checkpoint: valid | invalid | missing (not all is here yet, or its time is ahead) | left_out;
    ``ids`` are the actions that are missing, or left out."""

    verdict: Verdict
    ids: tuple[bytes, ...] = ()


class Checkpoints(LogKeeper):
    """See the module."""

    @abstractmethod
    def height(self) -> int:
        """Of the last certified checkpoint."""

    @property
    @abstractmethod
    def anchor(self) -> tuple[int, bytes]:
        """Height and id of the checkpoint that the invitation named."""

    # -- who may -----------------------------------------------------------------------------------
    def witnesses(self) -> tuple[bytes, ...]:
        """Keys that sign the next checkpoint; empty while no genesis is here."""
        return self.replay.witnesses()

    @property
    def witness_signer(self) -> Signer | None:
        """This machine's key among those that sign the next checkpoint."""
        names = self.witnesses()
        if self.signer is not None and self.signer.public in names:  # by a recovery
            return self.signer
        return next((self.witness_keys[key] for key in names if key in self.witness_keys), None)

    def is_witness(self) -> bool:
        return self.witness_signer is not None

    def is_sole_witness(self) -> bool:
        return self.is_witness() and len(self.witnesses()) == 1

    def knows_rules(self) -> bool:
        """Does this program know the rules version that holds now?"""
        return self.replay.rules() <= self.replay.supported

    def may_derive(self) -> bool:
        return not self.conflict and self.knows_rules()

    def something_to_seal(self) -> bool:
        """Unsealed actions, or something due by this machine's clock."""
        return len(self.replay.pending) > len(self.replay.off) or self.something_due(self._clock.now_ms())

    def something_due(self, now_ms: int) -> bool:
        return next_due(State(self.replay.final), self.replay.position.time, now_ms) is not None

    # -- forming and judging -----------------------------------------------------------------------
    def form(self) -> tuple[bytes, Cut] | None:
        """The checkpoint that this witness would propose now, and its cut; None where there is nothing to seal."""
        now = self._clock.now_ms()
        cut = self.replay.choose_frontier()
        if not cut.moves and not self.something_due(now):
            return None
        sealing = self.replay.under(cut)
        assert isinstance(sealing, Under)
        sealed = self._derive(cut, sealing, max(now, self.replay.position.time + 1))
        self.replay.undo(sealed)
        raw = encode_checkpoint(sealed.checkpoint)
        self._keep_formed(digest(raw), sealed)
        return raw, cut

    def judge(self, checkpoint: Checkpoint, id_: bytes, cut: Cut, fresh: bool) -> Judgement:
        """May a witness prevote for it? ``fresh``: no round has a quorum of prevotes for it, so Δ binds."""
        now, position = self._clock.now_ms(), self.replay.position
        if (checkpoint.org, checkpoint.height, checkpoint.previous) != (self._org, position.height + 1, position.id):
            return Judgement("invalid")
        if checkpoint.time <= position.time or checkpoint.rules != self.replay.rules() or not self.may_derive():
            return Judgement("invalid")
        if checkpoint.time > now + CHECKPOINT_AHEAD_MS_MAX:
            return Judgement("missing")
        if not cut.moves and not self.something_due(checkpoint.time):
            return Judgement("invalid")
        sealing = self.replay.under(cut)
        if isinstance(sealing, Missing):
            heads = tuple(move.head for move in sealing.heads)
            self.want_heads(heads)
            return Judgement("missing", heads)
        if sealing is None:
            return Judgement("invalid")
        if id_ not in self._formed:
            sealed = self._derive(cut, sealing, checkpoint.time)
            self.replay.undo(sealed)
            if sealed.checkpoint != checkpoint:
                return Judgement("invalid")
            self._keep_formed(id_, sealed)
        missed = self._left_out(sealing, checkpoint.time) if fresh else []
        return Judgement("left_out", tuple(missed)) if missed else Judgement("valid")

    def _left_out(self, sealing: Under, time: int) -> list[bytes]:
        """What this witness had admitted Δ before the checkpoint's time and the cut leaves out."""
        delta = parameter(State(self.replay.final), "witness_delay_ms") if self.replay.position.height else 0
        early = [id_ for id_, at in self.admitted_ms.items() if at <= time - delta and id_ in self.replay.pending]
        if all(id_ in sealing.nodes for id_ in early):
            return []
        replay = self.replay
        return left_out(
            early, sealing.nodes, replay.pending, replay.off, provisional_order(replay.pending), replay.owner
        )

    def _derive(self, cut: Cut, sealing: Under, time: int) -> Sealed:
        try:
            return self.replay.seal(cut, sealing, time)
        except BaseException:
            self.replay.rewind()
            raise

    def _keep_formed(self, id_: bytes, sealed: Sealed) -> None:
        self._formed[id_] = sealed
        while len(self._formed) > FORMED_MAX:
            self._formed.popitem(last=False)

    # -- sealing alone -----------------------------------------------------------------------------
    def seal(self) -> Certificate | None:
        """As the sole witness, seal all that may be sealed; None where there is nothing or it is not ours.

        With one witness propose, prevote and precommit fall together; nothing that it signs leaves this machine
        before it is stored.
        """
        if not self.is_sole_witness() or not self.may_derive() or not self.something_to_seal():
            return None
        signer, formed = self.witness_signer, self.form()
        if formed is None or signer is None:
            return None
        raw, cut = formed
        precommit = Precommit(signer.public, 0, signer.sign(precommit_message(self.height() + 1, 0, digest(raw))))
        certificate = parse_certificate(encode_certificate(raw, [precommit], cut.moves, cut.extras))
        self._apply(certificate, True)
        return certificate

    # -- certificates --------------------------------------------------------------------------------
    async def admit_certificates(self, certificates: Sequence[bytes]) -> AdmitReport:
        return self.admit_certificates_now(certificates)

    def admit_certificates_now(self, certificates: Sequence[bytes]) -> AdmitReport:
        """Check what can be checked at once, then seal as far as actions are here."""
        total = Tally()
        for raw in certificates:
            verdict = self._hold_certificate(raw)
            if verdict == "known":
                total.known += 1
            elif verdict:
                total.refuse(verdict)
            else:
                total.orphans += 1
        total.stored += self._try_certificates()
        return self._report(total)

    def _hold_certificate(self, raw: bytes) -> str:
        try:
            certificate = parse_certificate(raw)
        except EncodingError:
            return "malformed"
        checkpoint = certificate.checkpoint
        if checkpoint.org != self._org:
            return "other_organisation"
        if checkpoint.height == self.anchor[0] and certificate.id != self.anchor[1]:
            return "not_the_anchor"
        if checkpoint.height <= self.height():
            return self._known_or_conflict(certificate)
        if checkpoint.time > self._clock.now_ms() + CHECKPOINT_AHEAD_MS_MAX:
            return "too_far_ahead"
        signers = self._signers_of(checkpoint.height)
        if signers and not self.is_certified(certificate, signers):
            return "certificate"
        if len(self._certificates) >= CERTIFICATES_WAITING_MAX and checkpoint.height not in self._certificates:
            return "too_many_certificates"
        if any(r.branch.height == checkpoint.height and r.branch.id != certificate.id for r in self._recoveries()):
            return "undone"
        held = self._certificates.get(checkpoint.height)
        if held is not None and held.id != certificate.id and signers:
            return self._conflict(held, certificate)
        self._certificates[checkpoint.height] = certificate
        return ""

    def held_height(self) -> int:
        """Height up to which certificates are here without a hole, also those that wait for their actions."""
        height = self.height()
        while height + 1 in self._certificates:
            height += 1
        return height

    def sealed_after(self, height: int) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        """Of the certificates that wait above this height: height, and each device's seq under it."""
        while (certificate := self._certificates.get(height + 1)) is not None:
            height += 1
            yield height, [(move.device, move.seq) for move in certificate.moves]

    def _signers_of(self, height: int) -> tuple[bytes, ...]:
        """Who signs at this height, as far as that is known: by the state, or by the held certificate before."""
        if height == self.height() + 1:
            return self.witnesses()
        before = self._certificates.get(height - 1)
        return before.checkpoint.witnesses if before is not None else ()

    def _recoveries(self) -> Iterable[Recovery]:
        return self.replay.recoveries.values()

    def _prevails_at(self, height: int) -> bool:
        """Does a recovery name the branch here, or this height's witnesses? Then other certificates do not count."""
        return any(height in (r.branch.height, r.branch.height + 1) for r in self._recoveries())

    def _known_or_conflict(self, certificate: Certificate) -> str:
        height = certificate.checkpoint.height
        record = self.store.checkpoint(height)
        if record is None or record.id == certificate.id or self._prevails_at(height):
            return "known"
        before = self.store.checkpoint(height - 1)
        if before is None:
            org = self._load(self._org)
            signers: tuple[bytes, ...] = (org.body["witness"],)
        else:
            signers = parse_certificate(before.raw).checkpoint.witnesses
        if not self.is_certified(certificate, signers):
            return "known"
        return self._conflict(parse_certificate(record.raw), certificate)

    def _conflict(self, one: Certificate, two: Certificate) -> str:
        """Two certified checkpoints at one height: nothing is derived from here on; both are kept."""
        self.conflict = str(one.checkpoint.height)
        self.store.set_meta("conflict", encode([one.raw, two.raw]))
        self.on_conflict()
        return "conflict"

    def conflicting(self) -> tuple[Certificate, ...]:
        """The certificates that contradict each other, if any."""
        kept = self.store.meta("conflict")
        return tuple(parse_certificate(raw) for raw in decode(kept)) if kept else ()

    def is_certified(self, certificate: Certificate, signers: tuple[bytes, ...]) -> bool:
        """Has it good precommits of a quorum of these witnesses, all of one round?"""
        return has_quorum(certificate, signers, lambda *check: self._verifier.verify(SignatureCheck(*check)))

    def _try_certificates(self, wait: bool = True) -> int:
        """Seal with held certificates as long as the next one's actions are here."""
        done = 0
        while self.may_derive() and (certificate := self._certificates.get(self.height() + 1)) is not None:
            if not self.witnesses():
                break
            position, checkpoint = self.replay.position, certificate.checkpoint
            fits = checkpoint.previous == position.id and checkpoint.time > position.time
            cut = Cut(certificate.moves, certificate.extras)
            sealing = self.replay.under(cut) if fits else None
            if isinstance(sealing, Missing):
                if not self._wanted_changes(sealing):
                    break
                continue
            del self._certificates[checkpoint.height]
            if sealing is None or not self.is_certified(certificate, self.witnesses()):
                continue
            self._apply(certificate, wait, sealing)
            done += 1
        return done

    def _wanted_changes(self, missing: Missing) -> bool:
        """Ask for what a certificate names; True where some of it lay here and was taken in."""
        before = len(self.replay.pending)
        self.want_heads([move.head for move in missing.heads])
        return len(self.replay.pending) > before

    def adopt(self, raw: bytes) -> Certificate | None:
        """Take over what this machine's own consensus decided; None where it was adopted another way."""
        certificate = parse_certificate(raw)
        if certificate.checkpoint.height != self.height() + 1 or not self.may_derive():
            return None
        self._apply(certificate, True)
        return certificate

    def _apply(self, certificate: Certificate, wait: bool, sealing: Under | None = None) -> None:
        """Derive (or take what was derived to be judged), compare, store, advance. ``sealing``: the actions under it,
        where they are known."""
        cut = Cut(certificate.moves, certificate.extras)
        formed = self._formed.get(certificate.id)
        try:
            if formed is not None:
                sealed = self.replay.redo(formed)
            else:
                found = sealing or self.replay.under(cut)
                assert isinstance(found, Under)
                sealed = self.replay.seal(cut, found, certificate.checkpoint.time)
            if sealed.cut != cut or sealed.checkpoint.frontier != certificate.checkpoint.frontier:
                self.replay.undo(sealed)  # the list of moves was changed on the way: no signature covers it
                return
            if sealed.checkpoint != certificate.checkpoint:
                self.replay.undo(sealed)
                self._stop_at(certificate)
                return
            self.store.commit(sealed, certificate, wait)
        except BaseException:
            self.replay.rewind()
            raise
        self._advance(sealed, certificate)

    def _stop_at(self, certificate: Certificate) -> None:
        """A certified checkpoint does not come out here: a bug, or witnesses that signed what is not so."""
        self.conflict = str(certificate.checkpoint.height)
        self.store.set_meta("conflict", encode([certificate.raw]))
        self.on_conflict()

    def _advance(self, sealed: Sealed, certificate: Certificate) -> None:
        self._formed.clear()
        self.replay.advance(sealed, certificate.id)
        for id_ in sealed.order:
            self._tips.pop(id_, None)
            self.admitted_ms.pop(id_, None)
        for device, head in sealed.branching.heads.items():
            self._heads.put(device, *head)
        for id_, place in sealed.branching.places.items():
            if place:
                self._tips.pop(id_, None)
        self._joining = {root for root in self._joining if self.replay.final.entity(member_key(root)) is None}
        self._certificates.pop(certificate.checkpoint.height, None)
        self.on_sealed(certificate, sealed)

    def founded(self) -> Org | None:
        found = self.replay.final.entity(ORG_KEY)
        return found if isinstance(found, Org) else None

    def _reset_checkpoints(self) -> None:
        """Nothing formed; a conflict that was seen stays one."""
        self._formed: OrderedDict[bytes, Sealed] = OrderedDict()
        kept = self.conflicting()
        self.conflict = str(kept[0].checkpoint.height) if kept else ""
