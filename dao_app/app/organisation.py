"""One organisation on this machine: what the network may ask of it, its checkpoints, detached content.

Implements ``ports.Replica`` on ``LogKeeper``. Everything runs in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dao_app.app.admission import (
    content_hash,
)
from dao_app.app.errors import Refused
from dao_app.app.log_keeper import LogKeeper, Tally
from dao_app.app.ports import AdmitReport, DeviceStanding, Head, SignatureCheck
from dao_app.app.storage import LogRecord
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.entities import Device, Erased, Invite, Member, Org
from dao_app.core.envelope import (
    pack,
)
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import (
    Certificate,
    Precommit,
    encode_certificate,
    encode_checkpoint,
    parse_certificate,
    precommit_message,
    quorum,
)
from dao_app.core.keys import ORG_KEY, device_key, erased_key, invite_key, member_key
from dao_app.core.limits import (
    CHECKPOINT_AHEAD_MS_MAX,
    CLOCK_AHEAD_MS_MAX,
    CONTENT_BYTES_MAX,
    SALT_BYTES,
)
from dao_app.core.replay import Missing, Sealed
from dao_app.core.rules.due import next_due
from dao_app.core.rules.founding import RULES_VERSION
from dao_app.core.state import State

GONE = ("left", "expelled")  # members whose devices are met no more
CERTIFICATES_WAITING_MAX = 2_000  # certificates held until their actions are here


class Organisation(LogKeeper):
    """See the module."""

    # -- what the network may ask (ports.Replica) ------------------------------------------------
    @property
    def org_id(self) -> bytes:
        return self._org

    def heads(self) -> Mapping[bytes, Head]:
        return {device: Head(seq, id_) for device, (seq, id_) in self._heads.items()}

    def heads_digest(self) -> bytes:
        rows = [[device, seq, id_] for device, (seq, id_) in sorted(self._heads.items())]
        return digest(encode([self.height(), rows]))

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        while first <= last and size <= max_bytes:
            records = self.store.chain(device, first, last, 256)
            for record in records:
                if record.seq != first or size > max_bytes:
                    break
                envelope = pack_trusted(record)
                found.append(envelope)
                size += len(envelope)
                first += 1
            else:
                if records:
                    continue
            break
        return found

    def height(self) -> int:
        return self.replay.position.height

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        for record in self.store.checkpoints(first, 1_000):
            found.append(record.raw)
            size += len(record.raw)
            if size > max_bytes:
                break
        return found

    def wanted_content(self, limit: int) -> list[bytes]:
        return [hash_ for hash_, _ in self.store.wanted(limit)]

    def content(self, digest: bytes) -> bytes | None:
        found = self.store.content(digest)
        if found is None and (profile := self.store.meta("join_profile")) and content_hash(profile) == digest:
            return profile
        return found

    def add_content(self, blob: bytes) -> bool:
        hash_ = content_hash(blob)
        size = self.store.wants(hash_)
        if size is None or size != len(blob) - SALT_BYTES:
            return False
        self.store.add_content(hash_, blob)
        return True

    def standing(self, device: bytes) -> DeviceStanding:
        found = self.replay.final.entity(device_key(device))
        member = self.replay.final.entity(member_key(found.member)) if isinstance(found, Device) else None
        if isinstance(member, Member) and member.status in GONE:
            return "refused"
        return self.certified(device)

    def certified(self, device: bytes) -> DeviceStanding:
        found = self.replay.final.entity(device_key(device))
        if isinstance(found, Device):
            return "active" if found.status == "active" else "refused"
        return "joining" if device in self._heads else "unknown"

    def invitation_open(self, bearer: bytes) -> bool:
        return self.open_invitation(bearer) is not None

    def open_invitation(self, bearer: bytes) -> bytes | None:
        """Id of the open invitation with this bearer key, or None."""
        self.replay.derive()
        for id_ in reversed(self.store.of_type("invite.create")):
            found = self.replay.provisional.get(invite_key(id_), Invite)
            if found is not None and found.bearer == bearer:
                return id_ if found.status == "open" else None
        return None

    def invitation_known(self, bearer: bytes) -> bool:
        self.replay.derive()
        found = (self.replay.provisional.get(invite_key(id_), Invite) for id_ in self.store.of_type("invite.create"))
        return any(invite is not None and invite.bearer == bearer for invite in found)

    def join_refusal(self, invite: bytes) -> str:
        found = self.replay.final.entity(invite_key(invite))
        return f"invite_{found.status}" if isinstance(found, Invite) and found.status != "open" else ""

    def org_keys(self) -> Sequence[tuple[int, bytes]]:
        return self.keys

    def add_org_key(self, epoch: int, key: bytes) -> None:
        if (epoch, key) not in self.keys:
            self.keys = sorted([*self.keys, (epoch, key)])
            self.on_key()

    def join_envelope(self) -> bytes:
        return self.store.meta("join") or b""

    def device_certificate(self) -> bytes:
        return self.certificate_of_device

    # -- checkpoints -----------------------------------------------------------------------------
    def witnesses(self) -> tuple[bytes, ...]:
        """Keys that may sign the next checkpoint; empty while no genesis is here."""
        org = self.replay.final.entity(ORG_KEY)
        if isinstance(org, Org):
            return (org.witness,)
        if self._org in self.replay.pending:
            return (self.replay.action(self._org).body["witness"],)
        return ()

    def is_witness(self) -> bool:
        return self.witness_signer is not None and self.witness_signer.public in self.witnesses()

    def something_to_seal(self) -> bool:
        """Unsealed actions, or something due by this machine's clock."""
        return bool(self.replay.pending) or self._something_due()

    def _something_due(self) -> bool:
        now = self._clock.now_ms()
        return next_due(State(self.replay.final), self.replay.position.time, now) is not None

    def seal(self) -> Certificate | None:
        """As the sole witness, seal all that may be sealed; None where there is nothing or it is not ours."""
        if not self.is_witness() or self.conflict or not self.something_to_seal():
            return None
        assert self.witness_signer is not None
        moves = self.replay.choose_frontier()
        if not moves and not self._something_due():
            return None
        nodes = self.replay.under(moves)
        assert isinstance(nodes, dict)
        time = max(self._clock.now_ms(), self.replay.position.time + 1)
        try:
            sealed = self.replay.seal(
                moves, nodes, time, self.witnesses() or (self.witness_signer.public,), RULES_VERSION
            )
            raw = encode_checkpoint(sealed.checkpoint)
            signature = self.witness_signer.sign(precommit_message(sealed.checkpoint.height, 0, digest(raw)))
            precommit = Precommit(self.witness_signer.public, 0, signature)
            certificate = parse_certificate(encode_certificate(raw, [precommit], moves))
            self.store.commit(sealed, certificate)
        except BaseException:
            self.replay.rewind()
            raise
        self._advance(sealed, certificate)
        return certificate

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
            record = self.store.checkpoint(checkpoint.height)
            if record is not None and record.id != certificate.id and not self._refuse_precommits(certificate):
                self.conflict = f"{checkpoint.height}"
                return "conflict"
            return "known"
        if checkpoint.time > self._clock.now_ms() + CHECKPOINT_AHEAD_MS_MAX:
            return "too_far_ahead"
        if self.witnesses() and self._refuse_precommits(certificate):
            return "certificate"
        if len(self._certificates) >= CERTIFICATES_WAITING_MAX and checkpoint.height not in self._certificates:
            return "too_many_certificates"
        self._certificates[checkpoint.height] = certificate
        return ""

    def _refuse_precommits(self, certificate: Certificate) -> bool:
        """Fewer than a quorum of good precommits by the witnesses?"""
        allowed = self.witnesses()
        good = 0
        for precommit in certificate.precommits:
            message = precommit_message(certificate.checkpoint.height, precommit.round, certificate.id)
            if precommit.witness in allowed and self._verifier.verify(
                SignatureCheck(precommit.witness, message, precommit.signature)
            ):
                good += 1
        return good < quorum(len(allowed))

    def _try_certificates(self, wait: bool = True) -> int:
        """Seal with held certificates as long as the next one's actions are here."""
        done = 0
        while not self.conflict and (certificate := self._certificates.get(self.height() + 1)) is not None:
            position = self.replay.position
            checkpoint = certificate.checkpoint
            if not self.witnesses():
                break
            fits = checkpoint.previous == position.id and checkpoint.time > position.time
            nodes = self.replay.under(certificate.moves) if fits else None
            if isinstance(nodes, Missing):
                break
            del self._certificates[checkpoint.height]
            if nodes is None or self._refuse_precommits(certificate):
                continue
            self._apply_certificate(certificate, nodes, wait)
            done += 1
        return done

    def _apply_certificate(self, certificate: Certificate, nodes: dict[bytes, Any], wait: bool) -> None:
        checkpoint = certificate.checkpoint
        try:
            sealed = self.replay.seal(certificate.moves, nodes, checkpoint.time, checkpoint.witnesses, checkpoint.rules)
            if sealed.checkpoint != checkpoint:
                self.conflict = str(checkpoint.height)
                self.replay.rewind()
                return
            self.store.commit(sealed, certificate, wait)
        except BaseException:
            self.replay.rewind()
            raise
        self._advance(sealed, certificate)

    def _advance(self, sealed: Sealed, certificate: Certificate) -> None:
        self.replay.advance(sealed, certificate.id, list(certificate.moves))
        for id_ in sealed.order:
            self._tips.pop(id_, None)
        self.on_sealed(certificate, sealed)

    def release_quarantine(self) -> None:
        """Take in what no longer claims a time too far ahead (called now and then)."""
        ripe = self._waiting.ripe(self._clock.now_ms() + CLOCK_AHEAD_MS_MAX)
        if ripe:
            self._take_in(ripe, Tally())
            self._try_certificates()

    @property
    def anchor(self) -> tuple[int, bytes]:
        """The checkpoint that the invitation named: another one at its height is never accepted."""
        kept = self.store.meta("anchor")
        if kept is None:
            return 0, b""
        height, id_ = decode(kept)
        return height, id_

    def set_anchor(self, height: int, id_: bytes) -> None:
        """Remember the anchor of the invitation by which this device joins."""
        self.store.set_meta("anchor", encode([height, id_]))

    # -- detached content ------------------------------------------------------------------------
    def detach(self, text: str, kind: str) -> tuple[dict[str, Any], bytes]:
        """The reference for a body and the blob (salt ‖ content) of a text."""
        content = text.encode()
        if len(content) > CONTENT_BYTES_MAX:
            raise Refused("text_too_long", limit=CONTENT_BYTES_MAX // 1024)
        blob = self._random.token(SALT_BYTES) + content
        return {"hash": content_hash(blob), "size": len(content), "kind": kind}, blob

    def text_of(self, reference: tuple[bytes, int] | None) -> str | None:
        """The text behind a reference: "" without one, None while it is not here or was erased."""
        if reference is None:
            return ""
        blob = self.store.content(reference[0])
        return None if blob is None else blob[SALT_BYTES:].decode(errors="replace")

    def is_erased(self, hash_: bytes) -> bool:
        return self.replay.provisional.get(erased_key(hash_), Erased) is not None


def pack_trusted(record: LogRecord) -> bytes:
    """The envelope of a stored action."""
    return pack(record.payload, record.signature)
