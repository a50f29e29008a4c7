"""The one way into an organisation's log: ``admit`` for foreign actions, ``write`` for this device's own.

Both end in ``_store``, which appends to the store and hands the actions to ``Replay``. What is fit for the
log is decided here (protocol §3.1); what it means is decided in core. Everything runs in the engine's thread.
"""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dao_app.app.admission import (
    CARRY_KEYS,
    Parsed,
    Waiting,
    checks_of,
    new_keys,
    parse_signed,
    parse_verified,
    stored,
)
from dao_app.app.errors import Refused, StorageError
from dao_app.app.heads import HeadTable
from dao_app.app.ports import AdmitReport, Clock, DeviceStanding, Random, Signer, Verifier
from dao_app.app.settled import Settled
from dao_app.app.storage import OrgStore
from dao_app.core.envelope import (
    CERTIFY_TYPE,
    EPOCH_TYPE,
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
)
from dao_app.core.limits import (
    ACTIONS_BEFORE_FINAL_JOIN_MAX,
    CLOCK_AHEAD_MS_MAX,
    DEPS_MAX,
    EVIDENCE_KEPT_MAX,
)
from dao_app.core.replay import Position, Replay, Sealed
from dao_app.core.rules.live import LiveCounts
from dao_app.core.rules.members import is_root
from dao_app.core.state import State

TIMES_MAX = 50_000  # remembered id → at pairs, for parents that are sealed already
WANTED_MAX = 10_000  # heads asked for by name
BATCH = 2500  # envelopes judged by the worker in one go
BULK_MIN = 64  # fewer are judged at once in this process

BATCHES_AHEAD = 6  # the worker goes on while a checkpoint is derived here

CERTIFYING = frozenset({GENESIS_TYPE, JOIN_TYPE, CERTIFY_TYPE})  # first actions of a device

# Begins to judge at once; the verdicts (digest or refusal code each) are awaited later.
Judge = Callable[[Sequence[bytes]], Awaitable[list[bytes | str]]]


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


class Tally:
    """Counts for an AdmitReport."""

    __slots__ = ("stored", "known", "orphans", "refused")

    def __init__(self) -> None:
        self.stored = self.known = self.orphans = 0
        self.refused: dict[str, int] = {}

    def refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1


class LogKeeper(ABC):
    """See the module. ``judge`` verifies envelopes in bulk on another core: digest or refusal code each."""

    @abstractmethod
    def certified(self, device: bytes) -> DeviceStanding:
        """Of a device in the final state, whatever became of its member: what was removed signs afterwards has no
        effect, but honest actions may hang on it."""

    @abstractmethod
    def add_content(self, blob: bytes) -> bool:
        """Keep detached content that something admitted refers to."""

    @abstractmethod
    def _reset_checkpoints(self) -> None:
        """Bring memory of checkpoints to what the store holds."""

    @abstractmethod
    def _try_certificates(self, wait: bool = True) -> int:
        """Seal with held certificates whose actions are here now."""

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
        self._org = org_id
        self.store = store
        self._verifier = verifier
        self._clock = clock
        self._random = random
        self.signer = signer
        self.witness_keys: dict[bytes, Signer] = {witness.public: witness} if witness is not None else {}
        self._judge = judge
        self._heads = HeadTable()
        self.conflict: str = ""
        self.evidence: dict[bytes, tuple[bytes, bytes]] = {}  # forked device → its two envelopes, by id
        self.certificate_of_device = b""
        self.on_conflict: Callable[[], None] = lambda: None
        self.on_content: Callable[[], None] = lambda: None
        self.on_restored: Callable[[], None] = lambda: None
        self.on_stored: Callable[[list[Action]], None] = lambda actions: None
        self.on_sealed: Callable[[Certificate, Sealed], None] = lambda certificate, sealed: None
        self._restore()

    def _restore(self) -> None:
        """Bring memory to what the store holds: at opening, and after a bulk write that failed."""
        last = self.store.last_checkpoint()
        position = None if last is None else Position(last.id, last.height, last.time)
        self.replay = Replay(self._org, self.store, self._load, position)
        self.live = LiveCounts()
        self.settled = Settled(self.store)
        self._heads.replace(self.store.heads())
        self._times: OrderedDict[bytes, int] = OrderedDict()
        self._tips: dict[bytes, tuple[bytes, int]] = {}
        self._waiting = Waiting()
        self._certificates: dict[int, Certificate] = {}
        self._joining: set[bytes] = set()  # roots whose certification is not sealed
        self._wanted: OrderedDict[bytes, None] = OrderedDict()  # heads that a certificate or proposal names
        self.fresh_keys: set[bytes] = set()  # key.epoch actions that are not sealed
        self.admitted_ms: dict[bytes, int] = {}  # when what is not sealed came in, by this machine's clock
        self._reset_checkpoints()
        for record in self.store.unsealed(self.replay.sealed):
            self._derive_from(parse_trusted(record.id, record.payload), bool(record.off))

    # -- the one way in --------------------------------------------------------------------------
    async def admit(self, envelopes: Sequence[bytes]) -> AdmitReport:
        """Judge in bulk beside this thread, then take in batch by batch."""
        if self._judge is None or len(envelopes) < BULK_MIN:
            return self.admit_now(envelopes)
        total = Tally()
        batches = [envelopes[i : i + BATCH] for i in range(0, len(envelopes), BATCH)]
        try:
            async for batch, verdicts in self._judged(batches):
                with collector_off():
                    parsed = [
                        parse_verified(raw, verdict) if isinstance(verdict, bytes) else verdict
                        for raw, verdict in zip(batch, verdicts, strict=True)
                    ]
                    self._take_in(parsed, total, wait=False)
                    self._try_certificates(wait=False)
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
        total = Tally()
        self._take_in([parse_signed(raw, self._verifier) for raw in envelopes], total)
        self._try_certificates()
        return self._report(total)

    def _take_in(self, batch: Sequence[Parsed | str], total: Tally, wait: bool = True) -> None:
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
            if verdict is None or verdict == "off":
                fresh[parsed.action.id] = parsed if verdict is None else parsed._replace(off=True)
                if verdict is None:
                    self._note_head(parsed.action)
                queue.extend(self._waiting.released_by(parsed.action.id))
            elif verdict == "":
                total.orphans += 1
                queue.extend(self._called_for(parsed.action, fresh))
            elif verdict == "known":
                total.known += 1
            else:
                total.refuse(verdict)
        self._store(list(fresh.values()), wait)
        total.stored += len(fresh)

    def _called_for(self, action: Action, fresh: Mapping[bytes, Parsed]) -> list[Parsed]:
        """Branches on which this orphan stands: something needs them now."""
        parents = action.deps if action.prev is None else (action.prev, *action.deps)
        return [self._waiting.branches.pop(p) for p in parents if p in self._waiting.branches and p not in fresh]

    def want_heads(self, heads: Sequence[bytes]) -> None:
        """A certificate or proposal names these and they are not here: take in what waits, ask for the rest."""
        for id_ in heads:
            self._wanted[id_] = None
            if len(self._wanted) > WANTED_MAX:
                self._wanted.popitem(last=False)
        held = [self._waiting.branches.pop(id_) for id_ in heads if id_ in self._waiting.branches]
        if held:
            self._take_in(held, Tally())

    def missing_ids(self, limit: int) -> list[bytes]:
        """Actions that others stand on, or that a checkpoint names, and that are not here."""
        wanted = [*self._waiting.missing(), *self._wanted]
        known = self.store.known(wanted[: 4 * limit])
        return [id_ for id_ in wanted[: 4 * limit] if id_ not in known][:limit]

    def _overlaps(self, batch: Sequence[Parsed | str]) -> bool:
        """Might some be here already? Not if each is beyond its device's head."""
        return any(not isinstance(p, str) and p.action.seq <= self._heads.at(p.action.by).seq for p in batch)

    def _fit(self, parsed: Parsed, fresh: Mapping[bytes, Parsed]) -> str | None:
        """None: fit for the log; "": waits; otherwise why it is refused."""
        action = parsed.action
        if (action.id if action.type == GENESIS_TYPE else action.org) != self._org:
            return "other_organisation"
        if action.at > self._clock.now_ms() + CLOCK_AHEAD_MS_MAX:
            self._waiting.add_early(parsed)
            return ""
        seq, head = self._heads.at(action.by)
        if action.seq <= seq and self.store.known([action.id]):
            return "known"
        parents = action.deps if action.prev is None else (action.prev, *action.deps)
        for parent in parents:
            at = self._time_of(parent, fresh)
            if at is None:
                return "" if self._waiting.add_orphan(parsed, parent) else "too_many_orphans"
            if at > action.at:
                return "earlier_than_parent"
        if action.seq == seq + 1 and (action.prev or b"") == head:
            return self._refuse_device(action, fresh)
        return self._fit_branch(parsed, fresh)

    def _fit_branch(self, parsed: Parsed, fresh: Mapping[bytes, Parsed]) -> str:
        """A second branch of a device's chain: evidence, and stored only where something needs it ("off")."""
        action = parsed.action
        if not self._continues(action, fresh):
            return "broken_chain"
        self._note_evidence(parsed, fresh)
        if not self._awaited(action):
            self._waiting.add_branch(parsed)
            return "fork"
        return self._refuse_device(action, fresh) or "off"

    def _continues(self, action: Action, fresh: Mapping[bytes, Parsed]) -> bool:
        """Is its prev the same device's action one before?"""
        if action.prev is None:
            return True
        node = self.replay.pending.get(action.prev)
        if node is not None:
            return node.by == action.by and node.seq == action.seq - 1
        if action.prev in fresh:
            before = fresh[action.prev].action
            return before.by == action.by and before.seq == action.seq - 1
        record = self.store.record(action.prev)
        return record is not None and record.device == action.by and record.seq == action.seq - 1

    def _note_evidence(self, parsed: Parsed, fresh: Mapping[bytes, Parsed]) -> None:
        """Keep the two envelopes that prove the fork."""
        action = parsed.action
        if action.by in self.evidence or len(self.evidence) >= EVIDENCE_KEPT_MAX:
            return
        twin = next((p for p in fresh.values() if p.action.by == action.by and p.action.seq == action.seq), None)
        record = self.store.at(action.by, action.seq)
        if twin is not None:
            other = (twin.action.id, pack(twin.payload, twin.signature))
        elif record is not None:
            other = (record.id, pack(record.payload, record.signature))
        else:
            return
        (_, one), (_, two) = sorted([(action.id, pack(parsed.payload, parsed.signature)), other])
        self.evidence[action.by] = (one, two)

    def _refuse_device(self, action: Action, fresh: Mapping[bytes, Parsed]) -> str | None:
        if action.seq == 1:
            if action.type not in CERTIFYING:
                return "uncertified_device"
            if action.type == CERTIFY_TYPE and not self._knows_root(action, fresh):
                return "uncertified_device"
        elif action.type in CERTIFYING:
            return "second_certification"
        elif (standing := self.certified(action.by)) == "refused":
            if not self._awaited(action):
                return "device_refused"
        elif standing != "active" and not self._catching_up() and action.seq > ACTIONS_BEFORE_FINAL_JOIN_MAX:
            return "too_many_before_join"
        return self._refuse_signatures(action, fresh)

    def _knows_root(self, action: Action, fresh: Mapping[bytes, Parsed]) -> bool:
        """Is it certified by the root of a member, or of one whose join is on its way? Who catches up cannot know all
        roots: guardians may have given a member another one."""
        root = action.body.get("root")
        if not isinstance(root, bytes):
            return False
        if self._catching_up() or self._awaited(action):
            return True
        if is_root(State(self.replay.final), root) or root in self._joining:
            return True
        return any(p.action.type in CERTIFYING and p.action.body.get("root") == root for p in fresh.values())

    def _catching_up(self) -> bool:
        """Nothing is final here yet, or held certificates wait for actions: who joined is not known."""
        return self.replay.position.height == 0 or bool(self._certificates)

    def _awaited(self, action: Action) -> bool:
        """Does an honest action hang on it, or a certificate or proposal that waits for its actions?"""
        if self._waiting.is_parent(action.id) or action.id in self._wanted:
            return True
        return any(
            move.device == action.by and action.seq <= move.seq
            for certificate in self._certificates.values()
            for move in certificate.moves
        )

    def _refuse_signatures(self, action: Action, fresh: Mapping[bytes, Parsed]) -> str | None:
        if action.type not in CARRY_KEYS:
            return None
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
        self._heads.put(action.by, action.seq, action.id)

    def _store(self, batch: list[Parsed], wait: bool = True) -> None:
        """Append, then derive from; on failure heads go back to what is stored."""
        if not batch:
            return
        try:
            self.store.append([stored(parsed) for parsed in batch], wait)
        except StorageError:
            self._take_back_heads(batch)
            raise
        for parsed in batch:
            self._derive_from(parsed.action, parsed.off)
            if parsed.action.type == JOIN_TYPE and self.signer is not None and parsed.action.by == self.signer.public:
                self.add_content(self.store.meta("join_profile") or b"")
        self.on_stored([parsed.action for parsed in batch])

    def _take_back_heads(self, batch: list[Parsed]) -> None:
        """What was not stored does not count; a database that cannot be asked holds what came before the batch."""
        try:
            self._heads.replace(self.store.heads())
        except StorageError:
            for action in (parsed.action for parsed in reversed(batch) if not parsed.off):
                if action.prev is None:
                    self._heads.drop(action.by)
                else:
                    self._heads.put(action.by, action.seq - 1, action.prev)

    def _derive_from(self, action: Action, off: bool) -> None:
        self._remember_time(action.id, action.at)
        if action.type in CERTIFYING and isinstance(root := action.body.get("root"), bytes):
            self._joining.add(root)
        if action.type == EPOCH_TYPE:
            self.fresh_keys.add(action.id)
        self.admitted_ms[action.id] = self._clock.now_ms()
        self._wanted.pop(action.id, None)
        self.replay.add(action, off)
        if off:
            return
        for parent in action.deps if action.prev is None else (action.prev, *action.deps):
            self._tips.pop(parent, None)
        self._tips[action.id] = (action.by, action.at)

    def _load(self, id_: bytes) -> Action:
        record = self.store.record(id_)
        if record is None:
            raise KeyError(id_.hex())
        return parse_trusted(id_, record.payload)

    def _report(self, total: Tally) -> AdmitReport:
        missing = {p.action.by for p, _ in list(self._waiting.orphans.values())[:256]}
        return AdmitReport(total.stored, total.known, total.orphans, dict(total.refused), tuple(sorted(missing)))

    # -- own actions -----------------------------------------------------------------------------
    def write(
        self, type_: str, body: dict[str, Any], contents: Sequence[bytes] = (), alone: bool = False
    ) -> Action:
        """Draft, judge, sign and store an action of this device; raises Refused before anything is signed.

        ``contents`` are salt ‖ content blobs that the body refers to; they are kept with it.
        ``alone``: it names nothing that it saw.
        """
        if self.signer is None:
            raise Refused("reject.not_a_member")
        if self.conflict:
            raise Refused("conflict")
        payload, action = self._draft(type_, body, alone)
        rejection = self.replay.judge(action)
        if rejection is not None:
            raise Refused(f"reject.{rejection.value}")
        parsed = Parsed(action, payload, self.signer.sign(signed_message(action.id)))
        self._note_head(action)
        self._store([parsed])
        for blob in contents:
            self.add_content(blob)
        return action

    def _draft(self, type_: str, body: dict[str, Any], alone: bool = False) -> tuple[bytes, Action]:
        assert self.signer is not None
        by = self.signer.public
        seq, prev = self._heads.at(by)
        now = self._clock.now_ms()
        if seq:
            now = max(now, self._time_of(prev, {}) or 0)
        others = [(at, id_) for id_, (device, at) in self._tips.items() if device != by and at <= now]
        deps = [] if alone else sorted(id_ for _, id_ in sorted(others)[-DEPS_MAX:])
        org = None if type_ == GENESIS_TYPE else self._org
        try:
            payload = build_payload(org, by, seq + 1, prev if seq else None, tuple(deps), now, type_, body)
            return payload, parse_action(payload)
        except EncodingError as error:
            raise Refused("reject.malformed") from error
