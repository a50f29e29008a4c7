"""One organisation on this machine: its log, derived state, own device, and witness if it is one.

The one way in: ``admit`` and ``write`` both end in ``_store``, which appends to the store and hands the
actions to ``Replay``. Implements ``ports.Replica``. Everything runs in the engine's thread.
"""

from __future__ import annotations

import gc
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dao_app.app.admission import (
    Parsed,
    Waiting,
    checks_of,
    content_hash,
    new_keys,
    parse_signed,
    parse_verified,
    stored,
)
from dao_app.app.errors import Refused, StorageError
from dao_app.app.ports import AdmitReport, Clock, DeviceStanding, Head, Random, SignatureCheck, Signer, Verifier
from dao_app.app.storage import LogRecord, OrgStore
from dao_app.core.encoding import digest, encode
from dao_app.core.entities import (
    ORG_KEY,
    Device,
    Erased,
    Invite,
    Org,
    device_key,
    erased_key,
    invite_key,
)
from dao_app.core.envelope import (
    GENESIS_TYPE,
    JOIN_TYPE,
    Action,
    build_payload,
    pack,
    parse_action,
    parse_trusted,
    signed_message,
)
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import (
    Certificate,
    Move,
    Precommit,
    encode_certificate,
    encode_checkpoint,
    parse_certificate,
    precommit_message,
    quorum,
)
from dao_app.core.limits import (
    ACTIONS_BEFORE_FINAL_JOIN_MAX,
    CHECKPOINT_AHEAD_MS_MAX,
    CLOCK_AHEAD_MS_MAX,
    CONTENT_BYTES_MAX,
    DEPS_MAX,
    SALT_BYTES,
)
from dao_app.core.replay import Missing, Position, Replay, Sealed
from dao_app.core.rules.due import next_due
from dao_app.core.rules.founding import RULES_VERSION
from dao_app.core.state import State

TIMES_MAX = 50_000  # remembered id → at pairs, for parents that are sealed already
CERTIFICATES_WAITING_MAX = 2_000  # certificates held until their actions are here
BATCH = 1_000  # envelopes judged by the worker in one go
BULK_MIN = 64  # fewer are judged at once in this process

BATCHES_AHEAD = 3

# Begins to judge at once; the verdicts (digest or refusal code each) are awaited later.
Judge = Callable[[Sequence[bytes]], Awaitable[list[bytes | str]]]


class Conflict(Exception):
    """Two certificates for one height, or a certified root that we cannot derive: deriving stops here."""


class Organisation:
    """See the module. ``judge`` verifies envelopes in bulk on another core: digest or refusal code each."""

    def __init__(
        self, org_id: bytes, store: OrgStore, verifier: Verifier, clock: Clock, random: Random,
        signer: Signer | None = None, witness: Signer | None = None, judge: Judge | None = None,
    ) -> None:
        self._org = org_id
        self.store = store
        self._verifier = verifier
        self._clock = clock
        self._random = random
        self.signer = signer
        self.witness_signer = witness
        self._judge = judge
        self.conflict: str = ""
        self.forks: list[tuple[bytes, bytes]] = []
        self.keys: list[tuple[int, bytes]] = []
        self.certificate_of_device = b""
        self.on_key: Callable[[], None] = lambda: None
        self.on_stored: Callable[[list[Action]], None] = lambda actions: None
        self.on_sealed: Callable[[Certificate, Sealed], None] = lambda certificate, sealed: None
        self._restore()

    def _restore(self) -> None:
        """Bring memory to what the store holds: at opening, and after a bulk write that failed."""
        last = self.store.last_checkpoint()
        position = None if last is None else Position(last.id, last.height, last.time)
        self.replay = Replay(self._org, self.store, self._load, position)
        self._heads: dict[bytes, tuple[int, bytes]] = dict(self.store.heads())
        self._joined_pending: dict[bytes, int] = {}
        self._times: OrderedDict[bytes, int] = OrderedDict()
        self._tips: dict[bytes, tuple[bytes, int]] = {}
        self._waiting = Waiting()
        self._certificates: dict[int, Certificate] = {}
        for record in self.store.unsealed(self.replay.sealed):
            self._derive_from(parse_trusted(record.id, record.payload))

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

    # -- the one way in --------------------------------------------------------------------------
    async def admit(self, envelopes: Sequence[bytes]) -> AdmitReport:
        """Judge in bulk beside this thread, then take in batch by batch."""
        if self._judge is None or len(envelopes) < BULK_MIN:
            return self.admit_now(envelopes)
        total = _Tally()
        batches = [envelopes[i : i + BATCH] for i in range(0, len(envelopes), BATCH)]
        try:
            async for batch, verdicts in self._judged(batches):
                with collector_off():
                    parsed = [
                        parse_verified(raw, verdict) if isinstance(verdict, bytes) else verdict
                        for raw, verdict in zip(batch, verdicts, strict=True)
                    ]
                    self._take_in(parsed, total, wait=False)
                    self._try_certificates()
            self.store.settle()
        except StorageError:
            self._restore()
            raise
        return self._report(total)

    async def _judged(self, batches: list[Sequence[bytes]]) -> Any:
        """Batches with their verdicts; the worker is always some batches ahead."""
        assert self._judge is not None
        ahead = deque((batch, self._judge(batch)) for batch in batches[:BATCHES_AHEAD])
        for number in range(len(batches)):
            batch, verdicts = ahead.popleft()
            if number + BATCHES_AHEAD < len(batches):
                coming = batches[number + BATCHES_AHEAD]
                ahead.append((coming, self._judge(coming)))
            yield batch, await verdicts

    def admit_now(self, envelopes: Sequence[bytes]) -> AdmitReport:
        """The same, judged in this thread (few envelopes, tests)."""
        total = _Tally()
        self._take_in([parse_signed(raw, self._verifier) for raw in envelopes], total)
        self._try_certificates()
        return self._report(total)

    def _take_in(self, batch: Sequence[Parsed | str], total: _Tally, wait: bool = True) -> None:
        fresh: dict[bytes, Parsed] = {}
        ids = [p.action.id for p in batch if not isinstance(p, str)]
        known = self.store.known(ids) if len(ids) < BULK_MIN or self._overlaps(batch) else set()
        queue: list[Parsed] = []
        for parsed in batch:
            if isinstance(parsed, str):
                total.refuse(parsed)
            elif parsed.action.id in known:
                total.known += 1
            else:
                queue.append(parsed)
        queue.reverse()
        while queue:
            parsed = queue.pop()
            if parsed.action.id in fresh:
                total.known += 1
                continue
            verdict = self._fit(parsed, fresh)
            if verdict is None:
                fresh[parsed.action.id] = parsed
                self._note_head(parsed.action)
                queue.extend(self._waiting.released_by(parsed.action.id))
            elif verdict == "":
                total.orphans += 1
            elif verdict == "known":
                total.known += 1
            else:
                total.refuse(verdict)
        self._store(list(fresh.values()), wait)
        total.stored += len(fresh)

    def _overlaps(self, batch: Sequence[Parsed | str]) -> bool:
        """Might some be here already? Not if each is beyond its device's head."""
        return any(
            not isinstance(p, str) and p.action.seq <= self._heads.get(p.action.by, (0, b""))[0] for p in batch
        )

    def _fit(self, parsed: Parsed, fresh: Mapping[bytes, Parsed]) -> str | None:
        """None: fit for the log; "": waits; otherwise why it is refused."""
        action = parsed.action
        if (action.id if action.type == GENESIS_TYPE else action.org) != self._org:
            return "other_organisation"
        if action.at > self._clock.now_ms() + CLOCK_AHEAD_MS_MAX:
            self._waiting.add_early(parsed)
            return ""
        seq, head = self._heads.get(action.by, (0, b""))
        if action.seq <= seq:
            return self._fork_or_known(action)
        if action.seq == seq + 1 and seq and action.prev != head:
            return "broken_chain"
        parents = action.deps if action.prev is None else (action.prev, *action.deps)
        for parent in parents:
            at = self._time_of(parent, fresh)
            if at is None:
                return "" if self._waiting.add_orphan(parsed, parent) else "too_many_orphans"
            if at > action.at:
                return "earlier_than_parent"
        if action.seq != seq + 1:
            return "broken_chain"
        return self._refuse_device(action, fresh)

    def _refuse_device(self, action: Action, fresh: Mapping[bytes, Parsed]) -> str | None:
        if action.seq == 1:
            if action.type not in (GENESIS_TYPE, JOIN_TYPE):
                return "uncertified_device"
            self._joined_pending[action.by] = 0
        elif action.type in (GENESIS_TYPE, JOIN_TYPE):
            return "second_certification"
        elif action.by in self._joined_pending or not isinstance(
            self.replay.final.entity(device_key(action.by)), Device
        ):
            if self.standing(action.by) == "refused":
                return "device_refused"
            if not self._catching_up() and action.seq > ACTIONS_BEFORE_FINAL_JOIN_MAX:
                return "too_many_before_join"
        elif self.standing(action.by) == "refused" and not self._awaited(action):
            return "device_refused"
        return self._refuse_signatures(action, fresh)

    def _catching_up(self) -> bool:
        """Nothing is final here yet, or held certificates wait for actions: who joined is not known."""
        return self.replay.position.height == 0 or bool(self._certificates)

    def _awaited(self, action: Action) -> bool:
        """Is it under a certificate that waits for its actions?"""
        return any(
            move.device == action.by and action.seq <= move.seq
            for certificate in self._certificates.values()
            for move in certificate.moves
        )

    def _refuse_signatures(self, action: Action, fresh: Mapping[bytes, Parsed]) -> str | None:
        bearer = None
        if action.type == JOIN_TYPE:
            invite = action.body.get("invite")
            if not isinstance(invite, bytes) or invite not in action.deps:
                return "malformed"
            bearer = self._bearer_of(invite, fresh)
        checks = checks_of(action, bearer)
        if checks is None:
            return "malformed"
        if any(not self._verifier.is_valid_key(key) for key in new_keys(action)):
            return "weak_key"
        if any(not self._verifier.verify(check) for check in checks):
            return "certification"
        return None

    def _bearer_of(self, invite: bytes, fresh: Mapping[bytes, Parsed]) -> bytes | None:
        action = fresh[invite].action if invite in fresh else self._load(invite)
        bearer = action.body.get("bearer") if action.type == "invite.create" else None
        return bearer if isinstance(bearer, bytes) and len(bearer) == 32 else None

    def _fork_or_known(self, action: Action) -> str:
        record = self.store.at(action.by, action.seq)
        if record is None or record.id == action.id:
            return "known"
        pair = sorted([record.id, action.id])
        if (pair[0], pair[1]) not in self.forks:
            self.forks.append((pair[0], pair[1]))
        return "fork"

    def _time_of(self, id_: bytes, fresh: Mapping[bytes, Parsed]) -> int | None:
        """Claimed time of an admitted action, or None where it is not here."""
        node = self.replay.pending.get(id_)
        if node is not None:
            return node.at
        if id_ in fresh:
            return fresh[id_].action.at
        at = self._times.get(id_)
        if at is None:
            record = self.store.record(id_)
            if record is None:
                return None
            at = parse_trusted(id_, record.payload).at
            self._remember_time(id_, at)
        return at

    def _remember_time(self, id_: bytes, at: int) -> None:
        self._times[id_] = at
        if len(self._times) > TIMES_MAX:
            self._times.popitem(last=False)

    def _note_head(self, action: Action) -> None:
        self._heads[action.by] = (action.seq, action.id)

    def _store(self, batch: list[Parsed], wait: bool = True) -> None:
        """Append, then derive from; on failure heads go back to what is stored."""
        if not batch:
            return
        try:
            self.store.append([stored(parsed) for parsed in batch], wait)
        except StorageError:
            self._heads = dict(self.store.heads())
            raise
        for parsed in batch:
            self._derive_from(parsed.action)
            if parsed.action.type == JOIN_TYPE and self.signer is not None and parsed.action.by == self.signer.public:
                self.add_content(self.store.meta("join_profile") or b"")
        self.on_stored([parsed.action for parsed in batch])

    def _derive_from(self, action: Action) -> None:
        self._remember_time(action.id, action.at)
        for parent in action.deps if action.prev is None else (action.prev, *action.deps):
            self._tips.pop(parent, None)
        self._tips[action.id] = (action.by, action.at)
        self.replay.add(action)

    def _load(self, id_: bytes) -> Action:
        record = self.store.record(id_)
        if record is None:
            raise KeyError(id_.hex())
        return parse_trusted(id_, record.payload)

    def _report(self, total: _Tally) -> AdmitReport:
        missing = {p.action.by for p, _ in list(self._waiting.orphans.values())[:256]}
        return AdmitReport(total.stored, total.known, total.orphans, dict(total.refused), tuple(sorted(missing)))

    # -- own actions -----------------------------------------------------------------------------
    def write(self, type_: str, body: dict[str, Any], contents: Sequence[bytes] = ()) -> Action:
        """Draft, judge, sign and store an action of this device; raises Refused before anything is signed.

        ``contents`` are salt ‖ content blobs that the body refers to; they are kept with it.
        """
        if self.signer is None:
            raise Refused("reject.not_a_member")
        if self.conflict:
            raise Refused("conflict")
        payload, action = self._draft(type_, body)
        rejection = self.replay.judge(action)
        if rejection is not None:
            raise Refused(f"reject.{rejection.value}")
        parsed = Parsed(action, payload, self.signer.sign(signed_message(action.id)))
        self._note_head(action)
        self._store([parsed])
        for blob in contents:
            self.add_content(blob)
        return action

    def _draft(self, type_: str, body: dict[str, Any]) -> tuple[bytes, Action]:
        assert self.signer is not None
        by = self.signer.public
        seq, prev = self._heads.get(by, (0, b""))
        now = self._clock.now_ms()
        if seq:
            now = max(now, self._time_of(prev, {}) or 0)
        others = [(at, id_) for id_, (device, at) in self._tips.items() if device != by and at <= now]
        deps = sorted(id_ for _, id_ in sorted(others)[-DEPS_MAX:])
        org = None if type_ == GENESIS_TYPE else self._org
        try:
            payload = build_payload(org, by, seq + 1, prev if seq else None, tuple(deps), now, type_, body)
            return payload, parse_action(payload)
        except EncodingError as error:
            raise Refused("reject.malformed") from error

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
            sealed = self.replay.seal(moves, nodes, time, self.witnesses() or (self.witness_signer.public,), RULES_VERSION)
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
        total = _Tally()
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

    def _try_certificates(self) -> int:
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
            self._apply_certificate(certificate, nodes)
            done += 1
        return done

    def _apply_certificate(self, certificate: Certificate, nodes: dict[bytes, Any]) -> None:
        checkpoint = certificate.checkpoint
        try:
            sealed = self.replay.seal(
                certificate.moves, nodes, checkpoint.time, checkpoint.witnesses, checkpoint.rules
            )
            if sealed.checkpoint != checkpoint:
                self.conflict = str(checkpoint.height)
                self.replay.rewind()
                return
            self.store.commit(sealed, certificate)
        except BaseException:
            self.replay.rewind()
            raise
        self._advance(sealed, certificate)

    def _advance(self, sealed: Sealed, certificate: Certificate) -> None:
        self.replay.advance(sealed, certificate.id, list(certificate.moves))
        for id_ in sealed.order:
            self._tips.pop(id_, None)
        for key, entity in sealed.changed.items():
            if key[0] == 0x64 and isinstance(entity, Device):
                self._joined_pending.pop(key[1:], None)
        self.on_sealed(certificate, sealed)

    def release_quarantine(self) -> None:
        """Take in what no longer claims a time too far ahead (called now and then)."""
        ripe = self._waiting.ripe(self._clock.now_ms() + CLOCK_AHEAD_MS_MAX)
        if ripe:
            self._take_in(ripe, _Tally())
            self._try_certificates()

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


@contextmanager
def collector_off() -> Iterator[None]:
    """No cycle collection while a batch is taken in: it makes none, and looking for some costs a tenth."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


class _Tally:
    """Counts for an AdmitReport."""

    __slots__ = ("stored", "known", "orphans", "refused")

    def __init__(self) -> None:
        self.stored = self.known = self.orphans = 0
        self.refused: dict[str, int] = {}

    def refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1


def pack_trusted(record: LogRecord) -> bytes:
    """The envelope of a stored action."""
    return pack(record.payload, record.signature)
