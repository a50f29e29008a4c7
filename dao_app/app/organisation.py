"""One organisation on this machine: what the network may ask of it, the anchor, detached content.

Implements ``ports.Replica`` on ``Checkpoints``. Everything runs in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dao_app.app.admission import Parsed, content_hash, parse_signed, parse_verified
from dao_app.app.checkpoints import CERTIFICATES_WAITING_MAX, Checkpoints
from dao_app.app.errors import Refused
from dao_app.app.heads import HeadTable
from dao_app.app.history import History, certificates_of
from dao_app.app.key_ring import KeyRing
from dao_app.app.log_keeper import BULK_MIN, Judge, Tally
from dao_app.app.ports import CHAIN_MAX, AdmitReport, Clock, DeviceStanding, Random, Signer, Verifier
from dao_app.app.recovering import Recovering
from dao_app.app.snapshots import OrgSnapshots
from dao_app.app.storage import LogRecord, OrgStore
from dao_app.app.witnessing import Witnessing
from dao_app.core.encoding import decode, encode
from dao_app.core.entities import Device, Erased, Invite, Member
from dao_app.core.envelope import CERTIFY_TYPE, EPOCH_TYPE, Action, pack, parse_trusted
from dao_app.core.finality.checkpoint import Certificate
from dao_app.core.key_entities import Epoch
from dao_app.core.keys import EPOCH_KEY, device_key, erased_key, invite_key, member_key
from dao_app.core.limits import (
    CLOCK_AHEAD_MS_MAX,
    CONTENT_BYTES_MAX,
    SALT_BYTES,
)
from dao_app.core.org_keys import key_id
from dao_app.core.replay import Sealed
from dao_app.core.rules.epochs import PUBLISH
from dao_app.core.rules.members import GONE, member_of
from dao_app.core.state import State

KEPT_CERTIFICATES = "kept_certificates"  # while the state is derived anew
RECOVERY_HEAD = b"\x83"  # a list of three; votes and proposals have more parts


class Organisation(Checkpoints):
    """See the module."""

    recovering: Recovering = None  # type: ignore[assignment]  # while the store is read for the first time

    def __init__(
        self,
        org_id: bytes,
        store: OrgStore,
        verifier: Verifier,
        clock: Clock,
        random: Random,
        signer: Signer | None = None,
        witness: Signer | None = None,
        judge: Judge | None = None,
    ) -> None:
        self.ring = KeyRing(org_id, self._epoch, self._is_in)
        super().__init__(org_id, store, verifier, clock, random, signer, witness, judge)
        self.recovering = Recovering(self, clock, verifier)
        self.replay.recoveries = self.recovering.effective()
        self.verifier = verifier
        self.history = History(self, verifier)
        self.snapshots = OrgSnapshots(self)
        self.witnessing = Witnessing(self, clock, verifier)
        self.witnessing.begin()
        self._derive_anew()

    def add_witness_key(self, signer: Signer) -> None:
        """A key of this machine's with which it may sign checkpoints."""
        self.witness_keys[signer.public] = signer
        self.witnessing.begin()

    def begin_device(self, signer: Signer, root: bytes, certificate: bytes) -> Action:
        """Go on under a new device key that the member's root certified. Raises Refused. Its first action rests on no
        other one: what this machine's last device signed after it lost its rights is taken by nobody."""
        before, self.signer = self.signer, signer
        try:
            return self.write(CERTIFY_TYPE, {"root": root, "cert": certificate}, alone=True)
        except BaseException:
            self.signer = before
            raise

    def signed_now(self) -> frozenset[bytes]:
        """Witnesses that have precommitted in the newest round of the checkpoint being formed."""
        standing = self.witnessing.standing()
        if standing is None:
            return frozenset()
        return frozenset(k for k, done in zip(self.witnesses(), standing.precommitted, strict=True) if done)

    # -- a snapshot and its history ------------------------------------------------------------------
    def adopt_snapshot(self) -> None:
        """A snapshot has become the state in the store: bring memory to it. Its history is fetched from now on."""
        self._restore()
        self.history.reload()
        self.open_all_seals()
        self.witnessing.begin()
        self.on_restored()

    async def admit(self, envelopes: Sequence[bytes]) -> AdmitReport:
        if self.history.is_complete:
            return await super().admit(envelopes)
        if self._judge is None or len(envelopes) < BULK_MIN:
            parsed = [parse_signed(raw, self._verifier) for raw in envelopes]
        else:
            verdicts = await self._judge(envelopes)
            parsed = [
                parse_verified(raw, verdict) if isinstance(verdict, bytes) else verdict
                for raw, verdict in zip(envelopes, verdicts, strict=True)
            ]
        rest, taken = self._enter_history(envelopes, parsed)
        report = await super().admit(rest)
        return report.plus(taken, len(envelopes) - len(rest) - taken)

    def _enter_history(
        self, envelopes: Sequence[bytes], judged: Sequence[Parsed | str]
    ) -> tuple[list[bytes], int]:
        """Enter what belongs to the history; returns the rest, and how many were entered. What would be history and
        nothing certified leads to it yet is left out: it comes again when something does."""
        rest: list[bytes] = []
        past: list[Parsed] = []
        for raw, parsed in zip(envelopes, judged, strict=True):
            if isinstance(parsed, Parsed) and parsed.action.org == self._org and self.history.is_past(parsed.action):
                past.append(parsed)
            else:
                rest.append(raw)
        taken = self.history.take(past)
        released = [orphan for id_ in taken for orphan in self._waiting.released_by(id_)]
        if released:
            self._take_in(released, Tally())
            self._try_certificates()
        return rest, len(taken)

    def admit_certificates_now(self, certificates: Sequence[bytes]) -> AdmitReport:
        if not self.history.is_complete:
            self.history.take_certificates(certificates_of(certificates))
        return super().admit_certificates_now(certificates)

    # -- what witnesses say ------------------------------------------------------------------------
    def words(self) -> Mapping[bytes, bytes]:
        return {**self.witnessing.words(), **self.recovering.objects()}

    async def admit_words(self, items: Sequence[bytes]) -> AdmitReport:
        return self.hear(items)

    def hear(self, items: Sequence[bytes]) -> AdmitReport:
        """What witnesses and members signed about the height that is being decided, and recoveries."""
        of_members = [raw for raw in items if raw[:1] == RECOVERY_HEAD]
        codes = [self.recovering.hear(raw) for raw in of_members]
        report = self.witnessing.hear([raw for raw in items if raw[:1] != RECOVERY_HEAD])
        refused = dict(report.refused)
        for code in codes:
            if code not in ("", "known"):
                refused[code] = refused.get(code, 0) + 1
        return AdmitReport(report.stored + codes.count(""), report.known + codes.count("known"), 0, refused)

    def _restore(self) -> None:
        super()._restore()
        if self.recovering is not None:
            self.replay.recoveries = self.recovering.effective()

    def go_back_to(self, height: int) -> None:
        """Undo what was certified above this height: derive anew up to it; the rest is provisional again."""
        kept = [record.raw for record in self.store.checkpoints(1, height)] if height else []
        self.store.set_meta(KEPT_CERTIFICATES, encode(kept))
        self.store.forget_derived()
        self._restore()
        self._derive_anew()
        self.witnessing.begin()

    def _derive_anew(self) -> None:
        """Take in again the certificates that were kept while what they gave was dropped; also after a crash."""
        kept = self.store.meta(KEPT_CERTIFICATES)
        if kept is None:
            return
        certificates = decode(kept)
        for start in range(0, len(certificates), CERTIFICATES_WAITING_MAX):
            self.admit_certificates_now(certificates[start : start + CERTIFICATES_WAITING_MAX])
        self.store.set_meta(KEPT_CERTIFICATES, None)

    def _advance(self, sealed: Sealed, certificate: Certificate) -> None:
        super()._advance(sealed, certificate)
        done = {id_ for id_ in self.fresh_keys if id_ not in self.replay.pending}
        if done or EPOCH_KEY in sealed.changed:
            self.fresh_keys -= done
            self.ring.settle()
            self._open_seals(done)
        self.witnessing.begin()

    # -- the organisation's keys -----------------------------------------------------------------
    def _epoch(self) -> Epoch | None:
        found = self.replay.final.entity(EPOCH_KEY)
        return found if isinstance(found, Epoch) else None

    def _is_in(self) -> bool:
        return self.signer is not None and self.standing(self.signer.public) == "active"

    def open_all_seals(self) -> None:
        """Look for keys in the whole log: the device was locked while they came, or the history came later."""
        self.ring.settle()
        if self.history.is_complete:  # else nothing of it is judged yet
            self._open_seals(set(self.store.of_type(EPOCH_TYPE)) - self.replay.pending.keys())

    def _open_seals(self, ids: set[bytes]) -> None:
        """Take the keys that sealed actions made, where they are sealed to this device."""
        if self.signer is None:
            return
        rejected = self.store.verdicts(sorted(ids))
        for id_ in sorted(ids - rejected.keys()):
            body = self._load(id_).body
            self.ring.accept(body["height"], body["id"], self._sealed_key(body))

    def _sealed_key(self, body: dict[str, Any]) -> bytes | None:
        """What a ``key.epoch`` seals to this device."""
        sealed = next((box for device, box in body["seals"] if self.signer and device == self.signer.public), None)
        return self.signer.unseal(sealed) if self.signer and sealed else None

    def keys_coming(self, height: int) -> list[bool]:
        """Of each unsealed action that makes a key for this epoch: can this device open it?"""
        found = []
        for id_ in self.fresh_keys & self.replay.pending.keys():
            body = self._load(id_).body
            if PUBLISH.accepts(body) and body["height"] == height:
                key = self._sealed_key(body)
                found.append(key is not None and key_id(self.org_id, height, key) == body["id"])
        return found

    # -- what the network may ask (ports.Replica) ------------------------------------------------
    @property
    def org_id(self) -> bytes:
        return self._org

    def heads(self) -> HeadTable:
        return self._heads

    def heads_digest(self) -> bytes:
        return self._heads.digest(self.height(), self.replay.position.id)

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

    def envelopes_of(self, ids: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """These actions, where they are here, and for each what comes before it off its device's trunk."""
        found: dict[bytes, bytes] = {}
        size = 0
        for id_ in ids:
            chain: list[LogRecord] = []
            record = self.store.record(id_)
            while record is not None and record.id not in found and len(chain) < CHAIN_MAX:
                chain.append(record)
                prev = parse_trusted(record.id, record.payload).prev
                record = self.store.record(prev) if prev is not None and record.off else None
            for one in reversed(chain):
                found[one.id] = pack_trusted(one)
                size += len(found[one.id])
            if size > max_bytes:
                break
        return list(found.values())

    def height(self) -> int:
        return self.replay.position.height

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        if first < self.history.height:
            return []  # what led to our snapshot was not derived here yet
        for record in self.store.checkpoints(first, 1_000):
            found.append(record.raw)
            size += len(record.raw)
            if size > max_bytes:
                break
        return found

    def wanted_content(self, after: bytes, limit: int) -> list[bytes]:
        return self.store.wanted(after, limit)

    def lacking_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        return self.store.which(hashes, here=False)

    def held_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        held, profile = self.store.which(hashes, here=True), self.store.meta("join_profile")
        return held | {content_hash(profile)}.intersection(hashes) if profile else held

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
        self.on_content()
        return True

    def standing(self, device: bytes) -> DeviceStanding:
        found = self.replay.final.entity(device_key(device))
        member = self.replay.final.entity(member_key(found.member)) if isinstance(found, Device) else None
        if isinstance(found, Device) and found.status == "revoked":
            return "refused"
        if isinstance(member, Member) and member.status in GONE:
            return "refused"
        return self.certified(device)

    def certified(self, device: bytes) -> DeviceStanding:
        found = self.replay.final.entity(device_key(device))
        if isinstance(found, Device):
            return "active" if found.status in ("active", "revoked") else "refused"
        if device not in self._heads:
            return "unknown"
        return "refused" if self._entry_refusal(device) else "joining"

    def _entry_refusal(self, device: bytes) -> str:
        """Why the action by which a device would have come in has no effect; "" while that is open, or if it has."""
        first = self.store.at(device, 1)
        return "" if first is None or first.id in self.replay.pending else self.settled.of(first.id)[0]

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

    def join_refusal(self, invite: bytes, device: bytes) -> str:
        found = self.replay.final.entity(invite_key(invite))
        if isinstance(found, Invite) and found.status != "open":
            return f"invite_{found.status}"
        return self._entry_refusal(device)

    def org_keys(self) -> Sequence[tuple[int, bytes]]:
        return self.ring.serving()

    def offer_keys(self, rows: Sequence[tuple[int, bytes]]) -> None:
        self.ring.offer(rows)

    def may_meet(self, device: bytes, newest: bool) -> bool:
        standing = self.standing(device)
        return standing != "refused" if newest else standing == "active"

    def root_known(self, root: bytes) -> bool:
        state = State(self.replay.final)
        found = member_of(state, root)
        return found is not None and state.need(member_key(found), Member).status not in GONE

    def join_envelope(self) -> bytes:
        return self.store.meta("join") or b""

    def device_certificate(self) -> bytes:
        return self.certificate_of_device

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

    def stands(self, id_: bytes) -> bool:
        """Has an action an effect, by all that is known here?"""
        if id_ in self.replay.pending:
            return id_ not in self.replay.verdicts
        return not self.settled.of(id_)[0]

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
