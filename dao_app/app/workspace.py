"""What one data folder holds while it is open: identity, secrets, organisations, and who listens.

Use cases work on it; ``tick`` is its heartbeat: it seals what may be sealed, releases what waited, and
tells listeners what changed, at most once per call. All in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dao_app.app import views as v
from dao_app.app.addresses import AddressBook
from dao_app.app.duties import do_duties, load_witness_keys
from dao_app.app.entering import Entering
from dao_app.app.errors import GuildhallError, Locked, NotFound, StorageError
from dao_app.app.file_keeping import FileKeeping
from dao_app.app.key_duty import KeyDuty, make_key
from dao_app.app.locking import Locking, NoKeyring
from dao_app.app.log_keeper import Judge
from dao_app.app.organisation import Organisation
from dao_app.app.ports import Clock, Network, Random, Signer, Verifier
from dao_app.app.workspace_ports import Home, Keyring, KeyTools, Runtime, Vault
from dao_app.core.encoding import decode, encode
from dao_app.core.entities import Org
from dao_app.core.envelope import Action
from dao_app.core.keys import ORG_KEY
from dao_app.core.limits import SEAL_WITHIN_MS
from dao_app.core.rules.members import member_of

SEAL_AFTER_MS = 200  # quiet time before the sole witness seals: gathers one gesture's actions
DUTIES_EVERY_MS = 1_000
CATCHING_UP_MS = 15_000  # without a new checkpoint: who says there is one is not waited for
WAIT_STEP_S = 0.1
BOOK_EVERY_MS = 30_000  # how often what became of dialling is written down
ALL_TOPICS = frozenset(
    {"org", "members", "invites", "tasks", "proposals", "contributions", "rewards", "ledger", "log",
     "checkpoints", "status", "files", "devices"}
)
_TOPICS = {
    "task": {"tasks", "contributions", "ledger"},
    "proposal": {"proposals"},
    "vote": {"proposals"},
    "contribution": {"contributions"},
    "comment": {"tasks", "proposals", "contributions"},
    "content": {"tasks", "proposals", "contributions", "members"},
    "token": {"ledger"},
    "round": {"rewards", "ledger"},
    "match": {"rewards", "ledger"},
    "payout": {"rewards"},
    "invite": {"invites"},
    "member": {"members", "invites", "org"},
    "org": {"org", "members"},
    "device": {"members", "devices"},
    "guardian": {"members", "devices"},
    "key": {"devices"},
    "file": {"files"},
    "witness": {"checkpoints"},
    "rules": {"checkpoints", "org"},
}


@dataclass(slots=True)
class Opened:
    """An organisation with what the engine remembers about it between calls."""

    org: Organisation
    behind: tuple[int, int] | None = None  # own height and since when a peer says it is further
    duties_ms: int = 0  # when it last did what it does by itself
    dirty_ms: int | None = None  # first unsealed change since the last checkpoint
    member: bytes | None = None  # who you are in a sample organisation; None: this folder's identity
    demo: bool = False
    online: bool = False
    join: v.JoinView | None = None
    problem: str = ""  # code of the last failure to store, until something is stored again
    waits_since_ms: int | None = None
    offline_since_ms: int | None = None
    syncing: tuple[int, int] | None = None
    key_duty: KeyDuty = field(default_factory=KeyDuty)  # the next key of the organisation
    filling: bool = False  # the history before a snapshot is being derived
    book: AddressBook = field(default_factory=AddressBook)  # where peers are
    book_ms: int = 0  # when it was written down

    @property
    def join_waits(self) -> bool:
        """Asked to join, and the final order has not answered yet."""
        return self.join is not None and self.join.stage not in ("done", "refused")


class Workspace:
    """See the module."""

    def __init__(
        self,
        home: Home,
        keys: KeyTools,
        verifier: Verifier,
        clock: Clock,
        random: Random,
        runtime: Runtime,
        network: Network | None = None,
        judge: Judge | None = None,
        listen: Sequence[str] = (),
        mdns: bool = True,
        keyring: Keyring | None = None,
    ) -> None:
        self.home = home
        self.keys = keys
        self.verifier = verifier
        self.clock = clock
        self.random = random
        self.runtime = runtime
        self.network = network
        self.keyring = keyring or NoKeyring()
        self._judge = judge
        self.listen = tuple(listen)
        self.mdns = mdns
        self.resting = False  # verifying everything waits
        self.stands_ready = False  # a node: declares a witness key by itself when its member is elected
        self.vault: Vault | None = None
        self.entering = Entering(self)
        self.locking = Locking(self)
        self.opened: dict[bytes, Opened] = {}
        self.unsent: dict[bytes, set[bytes]] = {}
        self.files = FileKeeping(self)
        self._sinks: list[Callable[[v.Change | v.Progress], None]] = []
        self._changed: dict[str, set[str]] = {}
        for org_id in home.organisations():
            self.open(org_id)

    # -- identity ------------------------------------------------------------------------------
    def unlock(self, passphrase: str) -> None:
        self.use_vault(self.home.open_vault(passphrase))

    def use_vault(self, vault: Vault) -> None:
        """Go on with an open vault: keys are here, hosts start."""
        self.vault = vault
        self.locking.used()
        for opened in self.opened.values():
            self._load_keys(opened.org)
            self.entering.resume(opened)
            self.start_network(opened)

    def need_vault(self) -> Vault:
        if self.vault is None:
            raise Locked("locked" if self.home.vault_exists() else "no_identity")
        return self.vault

    def entropy(self) -> bytes:
        entropy = self.need_vault().get("identity")
        if entropy is None:
            raise Locked("no_identity")
        return entropy

    def root(self) -> Signer:
        return self.keys.signer(self.keys.root_seed(self.entropy()))

    def member_in(self, opened: Opened) -> bytes | None:
        """This folder's member of an organisation: the root itself, or the id it had before its root was changed."""
        root = self.member()
        if opened.member is not None or root is None:
            return opened.member
        opened.org.replay.derive()
        return member_of(opened.org.replay.provisional, root) or root

    def member(self) -> bytes | None:
        """This member's root key, known even while locked."""
        text = self.home.load_profile().get("member", "")
        return bytes.fromhex(text) if text else None

    # -- organisations -----------------------------------------------------------------------------
    def open(self, org_id: bytes) -> Opened:
        """Open an organisation of this folder and derive its state."""
        org = Organisation(
            org_id, self.home.open_store(org_id), self.verifier, self.clock, self.random, judge=self._judge
        )
        opened = self._adopt(org)
        self._load_keys(org)
        opened.book = AddressBook.read(org.store.meta("addresses") or b"", self.clock.now_ms())
        if org.replay.pending:
            opened.dirty_ms = self.clock.now_ms()
        return opened

    def _adopt(self, org: Organisation) -> Opened:
        opened = Opened(org)
        self.opened[org.org_id] = opened
        org.on_stored = lambda actions: self._stored(opened, actions)
        org.on_sealed = lambda certificate, sealed: self._sealed(opened)
        org.on_restored = lambda: self._sealed(opened)
        org.on_content = lambda: self.files.changed(opened)
        org.ring.on_change = lambda: self._keys_changed(opened)
        org.on_conflict = lambda: self.mark(org.org_id, ALL_TOPICS)
        org.witnessing.on_words = org.recovering.on_change = lambda: self._pass_on(opened)
        return opened

    def attach_sample(self, org: Organisation, member: bytes) -> Opened:
        """Show an organisation with keys of its own beside the others; it never meets the network."""
        opened = self._adopt(org)
        opened.member, opened.demo = member, True
        self.mark(org.org_id, ALL_TOPICS | {"orgs"})
        return opened

    def close_all(self) -> None:
        """Close every store; everything signed is in them already."""
        for org_id in list(self.opened):
            self.close(org_id)

    def close(self, org_id: bytes) -> None:
        opened = self.opened.pop(org_id)
        try:
            if opened.book.changed:
                self._keep_book(opened)
        finally:
            opened.org.store.close()

    def _load_keys(self, org: Organisation) -> None:
        if self.vault is None:
            return
        name = org.org_id.hex()
        device, keys, offered = (self.vault.get(f"{name}.{part}") for part in ("device", "keys", "offered"))
        if device is not None:
            org.signer = self.keys.signer(device)
        load_witness_keys(org, self.vault, self.keys)
        org.ring.load(*(((height, key) for height, key in decode(kept or b"\x80")) for kept in (keys, offered)))
        org.certificate_of_device = self.vault.get(f"{name}.cert") or b""
        org.open_all_seals()

    def _keys_changed(self, opened: Opened) -> None:
        """Keep the organisation's keys as they are now, and let the network go on with them."""
        ring, name = opened.org.ring, opened.org.org_id.hex()
        if self.vault is not None:
            for part, rows in (("keys", ring.held), ("offered", ring.offered)):
                self.vault.put(f"{name}.{part}", encode([list(row) for row in rows]))
        if self.network is not None and opened.online:
            self.network.keys_changed(opened.org.org_id)

    # -- network -----------------------------------------------------------------------------------
    def start_network(self, opened: Opened) -> None:
        """Bring an organisation's host up, if there is a network and this device's key."""
        org = opened.org
        if self.network is None or org.signer is None or opened.online or opened.join_waits or opened.demo:
            return
        opened.online = True
        opened.offline_since_ms = self.clock.now_ms()
        self.runtime.spawn(self.network.start, org, org.signer, self.listen, self.mdns)

    async def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds, at most so long; says whether it does."""
        until = self.clock.now_ms() + int(seconds * 1000)
        while not condition():
            if self.clock.now_ms() >= until:
                return False
            await self.runtime.sleep(WAIT_STEP_S)
        return True

    async def pause(self) -> None:
        """Let others work."""
        await self.runtime.sleep(0)

    async def rest(self) -> None:
        """Let others work; while a person wants it, for longer."""
        await self.pause()
        while self.resting:
            await self.runtime.sleep(WAIT_STEP_S)

    def remember_address(self, opened: Opened, address: str) -> None:
        """Keep a peer's address."""
        opened.book.learn(address, self.clock.now_ms())
        self._keep_book(opened)

    def _keep_book(self, opened: Opened) -> None:
        now = self.clock.now_ms()
        opened.book.forget(now)
        opened.book.changed, opened.book_ms = False, now
        opened.org.store.set_meta("addresses", opened.book.encoded())

    def examine(self) -> list[v.Finding]:
        """What the doctor finds in this folder."""
        findings = []
        if not self.home.vault_exists():
            findings.append(v.Finding("no_identity", "note", {}))
        elif self.vault is None:
            findings.append(v.Finding("locked", "note", {}))
        elif not self.home.load_profile().get("words_confirmed"):
            findings.append(v.Finding("words_not_confirmed", "note", {}))
        if not self.opened:
            findings.append(v.Finding("no_organisation", "note", {}))
        for opened in self.opened.values():
            counts = opened.org.store.counts()
            params = {
                "org": opened.org.org_id.hex()[:8],
                "actions": str(counts.actions),
                "height": str(opened.org.height()),
            }
            findings.append(v.Finding("log_reads_well", "ok", params))
            if opened.problem:
                findings.append(v.Finding("storage", "problem", {**params, "what": opened.problem}))
            if self.network is None:
                findings.append(v.Finding("network_not_running", "note", params))
        return findings

    def find(self, name: str) -> Opened:
        """By id, unique prefix, name, or "" for the only one."""
        if not name:
            if len(self.opened) == 1:
                return next(iter(self.opened.values()))
            raise NotFound("no_organisation" if not self.opened else "which_organisation")
        matches = [o for i, o in self.opened.items() if i.hex() == name]
        if not matches and len(name) >= 4:
            matches = [o for i, o in self.opened.items() if i.hex().startswith(name.lower())]
        if not matches:
            matches = [o for o in self.opened.values() if _name_of(o.org) == name]
        if len(matches) != 1:
            raise NotFound("organisation_unknown" if not matches else "which_organisation", name=name)
        return matches[0]

    # -- what changed ------------------------------------------------------------------------------
    def subscribe(self, sink: Callable[[v.Change | v.Progress], None]) -> Callable[[], None]:
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink) if sink in self._sinks else None

    def mark(self, org_id: bytes | None, topics: set[str] | frozenset[str]) -> None:
        self._changed.setdefault(org_id.hex() if org_id else "", set()).update(topics)

    def mark_all(self, org_id: bytes, *more: str) -> None:
        """Anything of it may have changed."""
        self.mark(org_id, ALL_TOPICS | set(more))

    def progress(self, job: str, done: int, total: int) -> None:
        for sink in list(self._sinks):
            sink(v.Progress(job, done, total))

    def _stored(self, opened: Opened, actions: Sequence[Action]) -> None:
        if opened.dirty_ms is None:
            opened.dirty_ms = self.clock.now_ms()
        if opened.waits_since_ms is None:
            opened.waits_since_ms = self.clock.now_ms()
        topics = {"log", "status"}
        own = opened.org.signer.public if opened.org.signer else None
        for action in actions:
            topics |= _TOPICS.get(action.type.partition(".")[0], set())
            if action.by == own:
                self.unsent.setdefault(opened.org.org_id, set()).add(action.id)
        self.mark(opened.org.org_id, topics)

    def _pass_on(self, opened: Opened) -> None:
        """Witnesses said something: peers are told soon."""
        if self.network is not None and opened.online:
            self.network.announce(opened.org.org_id, [], [])
        self.mark(opened.org.org_id, {"checkpoints"})

    def _sealed(self, opened: Opened) -> None:
        self._pass_on(opened)
        pending = opened.org.replay.pending
        opened.problem = ""
        opened.waits_since_ms = self.clock.now_ms() if pending else None
        unsent = self.unsent.get(opened.org.org_id)
        if unsent:
            unsent.intersection_update(pending)
        self.mark(opened.org.org_id, ALL_TOPICS)

    def sent(self, org_id: bytes) -> None:
        """A peer holds everything that we hold."""
        if self.unsent.get(org_id):
            self.unsent[org_id].clear()
            self.mark(org_id, ALL_TOPICS)

    # -- the heartbeat -------------------------------------------------------------------------------
    def tick(self) -> None:
        """Seal, release, tell. Called a few times a second."""
        now = self.clock.now_ms()
        self.locking.tick()
        for opened in list(self.opened.values()):
            try:
                opened.org.release_quarantine()
                self._seal(opened, now)
                self._fill(opened)
                self._do_duties(opened, now)
                self.entering.settle(opened)
            except StorageError as error:
                self.failed(opened, error)
        self.files.tick(now)
        self.flush()

    def _do_duties(self, opened: Opened, now: int) -> None:
        """What this device does by itself, once a second; consensus at each beat."""
        opened.org.witnessing.tick()
        if now - opened.duties_ms < DUTIES_EVERY_MS:
            return
        opened.duties_ms = now
        opened.org.recovering.tick()
        self._look_for_peers(opened)
        if opened.book.changed and now - opened.book_ms >= BOOK_EVERY_MS:
            self._keep_book(opened)
        done = do_duties(opened.org, self.vault, self.keys, self.random, self.stands_ready)
        if self.vault is not None:
            done += make_key(opened.org, opened.key_duty, self.keys, self.random, now)
        if done:
            self.announce(opened, done)

    def _look_for_peers(self, opened: Opened) -> None:
        """A witness counts time-outs only while it is in touch and abreast of the others. A peer that says it is
        further and brings nothing is believed for a while only: else any member could silence the witnesses."""
        peers = self.network.peers(opened.org.org_id) if self.network is not None and opened.online else ()
        heights = [peer.height for peer in peers if peer.connected and peer.height is not None]
        now, own = self.clock.now_ms(), opened.org.height()
        if not heights or max(heights) <= own:
            opened.behind = None
        elif opened.behind is None or opened.behind[0] != own:
            opened.behind = own, now
        waits = opened.behind is not None and now - opened.behind[1] < CATCHING_UP_MS
        opened.org.witnessing.in_touch(bool(heights) and not waits)

    def _fill(self, opened: Opened) -> None:
        """The history before a snapshot is here: enter it, beside everything else."""
        if not opened.filling and opened.org.history.is_fetched:
            opened.filling = True
            self.runtime.spawn(self._fill_history, opened)

    async def _fill_history(self, opened: Opened) -> None:
        def told(done: int, total: int) -> None:
            self.sync_progress(opened.org.org_id, done, total)

        try:
            await opened.org.history.fill(self.pause, told)
            opened.org.open_all_seals()
        except StorageError as error:
            self.failed(opened, error)
        opened.filling, opened.syncing = False, None
        self.mark(opened.org.org_id, ALL_TOPICS)

    def _seal(self, opened: Opened, now: int) -> None:
        org = opened.org
        if not org.is_sole_witness() or not org.may_derive():
            return
        due = opened.dirty_ms is not None and now - opened.dirty_ms >= SEAL_AFTER_MS
        if not due and not (opened.dirty_ms is None and org.something_to_seal()):
            return
        opened.dirty_ms = None
        certificate = org.seal()
        if certificate is not None and self.network is not None and opened.online:
            self.network.announce(org.org_id, [], [certificate.raw])
        if org.replay.pending and certificate is not None:
            opened.dirty_ms = now

    def seal_all(self) -> None:
        """Before closing: what a sole witness may seal is sealed."""
        for opened in self.opened.values():
            if opened.org.is_sole_witness() and opened.org.may_derive():
                while (certificate := opened.org.seal()) is not None:
                    if self.network is not None and opened.online:
                        self.network.announce(opened.org.org_id, [], [certificate.raw])
                    if not opened.org.replay.pending:
                        break
        self.flush()

    def peers_changed(self, org_id: bytes) -> None:
        """Called by the network: who is connected, or how far they are, has changed."""
        opened = self.opened.get(org_id)
        if opened is None or self.network is None:
            return
        peers = self.network.peers(org_id)
        connected = [p for p in peers if p.connected]
        if not connected and opened.offline_since_ms is None:
            opened.offline_since_ms = self.clock.now_ms()
        if connected:
            opened.offline_since_ms = None
        if any(p.agrees for p in connected):
            self.sent(org_id)
        if connected:
            self.entering.taken(opened)
        self.mark(org_id, {"peers", "status", "members"})

    def join_refused(self, org_id: bytes, code: str) -> None:
        """Called by the network: a member says why our request to join has no effect."""
        opened = self.opened.get(org_id)
        if opened is not None:
            self.entering.refused(opened, code)

    def sync_progress(self, org_id: bytes, done: int, total: int) -> None:
        """Called by the network while much is being fetched."""
        opened = self.opened.get(org_id)
        if opened is None:
            return
        opened.syncing = (done, total) if done < total else None
        if opened.join_waits and done < total:
            opened.join = v.JoinView(org_id.hex(), "syncing", done, total)
            self.mark(org_id, {"join"})
        self.mark(org_id, {"status"})

    def failed(self, opened: Opened, error: GuildhallError) -> None:
        """The store could not be written: say so, try again at the next change."""
        opened.dirty_ms = self.clock.now_ms() + SEAL_WITHIN_MS
        opened.problem = error.code
        self.mark(opened.org.org_id, {"status"})

    def flush(self) -> None:
        """Tell listeners what changed since the last call."""
        changed, self._changed = self._changed, {}
        for org, topics in changed.items():
            for sink in list(self._sinks):
                sink(v.Change(org, frozenset(topics)))

    def announce(self, opened: Opened, actions: Sequence[Action], contents: Sequence[bytes] = ()) -> None:
        """Tell the network, if it is up, of own new actions and of contents (hashes) that came in here."""
        if self.network is None or not opened.online:
            return
        if actions:
            raw = opened.org.envelopes(actions[0].by, actions[0].seq, actions[-1].seq, 1 << 30)
            self.network.announce(opened.org.org_id, raw, [])
        if contents:
            self.network.announce_content(opened.org.org_id, contents)


def _name_of(org: Organisation) -> str:
    org.replay.derive()
    found = org.replay.provisional.get(ORG_KEY, Org)
    return found.name if found else ""
