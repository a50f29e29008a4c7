"""What use cases and sync need from outside, and what the network may ask of an organisation.

Adapters (store, net, crypto, platform) implement or receive these; tests subclass them.
Everything here is called in the engine's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

from dao_app.app.errors import GuildhallError
from dao_app.app.heads import HeadTable
from dao_app.app.views import Change, Finding, Progress
from dao_app.core.invitation import Invitation

CHAIN_MAX = 256  # actions of one branch sent for one action asked for by name


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC by the machine's clock."""
        ...


class Random(Protocol):
    def token(self, size: int) -> bytes: ...


class SignatureCheck(NamedTuple):
    """One signature to verify: Ed25519 by ``key`` (32 bytes) over ``message``, 64 bytes."""

    key: bytes
    message: bytes
    signature: bytes


class Verifier(Protocol):
    """The only way a signature is judged (protocol §2: libsodium alone, verdicts equal everywhere)."""

    def verify(self, check: SignatureCheck) -> bool: ...
    def verify_many(self, checks: Sequence[SignatureCheck]) -> list[bool]: ...
    def is_valid_key(self, key: bytes) -> bool:
        """A point of full order in canonical form (crypto_core_ed25519_is_valid_point)."""
        ...


class Signer(Protocol):
    """Holds one Ed25519 key; never gives it away."""

    @property
    def public(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...
    def unseal(self, sealed: bytes) -> bytes | None:
        """What was sealed to this key (crypto_box_seal), or None."""
        ...


@dataclass(frozen=True, slots=True)
class AdmitReport:
    """What became of a batch: newly stored, already known, waiting for parents, refused by code."""

    stored: int
    known: int
    orphans: int
    refused: Mapping[str, int]
    missing: tuple[bytes, ...] = ()  # devices whose earlier actions are wanted

    def plus(self, stored: int, known: int) -> AdmitReport:
        """With so many more of each."""
        return replace(self, stored=self.stored + stored, known=self.known + known)


DeviceStanding = Literal["active", "joining", "refused", "unknown"]


class SnapshotRequest(NamedTuple):
    """What to ask a peer for: the head (no ``runs``), whose chain passes the height ``anchor``; or buckets by runs of
    slots, first and last."""

    anchor: int
    runs: tuple[tuple[int, int], ...]


class Snapshots(Protocol):
    """A certified snapshot, served and taken in (protocol §5)."""

    def due(self, missing: int) -> bool:
        """Is so much missing, and so little here, that the state itself is asked for?"""
        ...

    def request(self) -> SnapshotRequest: ...
    def take_head(self, head: bytes, roots: tuple[bytes, ...]) -> str:
        """"" where it helps, "old" where it does not, "poisoned"."""
        ...

    def take_buckets(self, height: int, rows: Sequence[tuple[int, bytes]]) -> str:
        """Check and keep buckets of a peer at this height; "" or "poisoned"."""
        ...

    def progress(self) -> tuple[int, int]:
        """Buckets that are here, of all."""
        ...

    def served_head(self, anchor: int) -> tuple[bytes, tuple[bytes, ...]] | None: ...
    def served_buckets(self, slots: Sequence[int], max_bytes: int) -> list[tuple[int, bytes]]:
        """The buckets in these slots, at least one, stopping once ``max_bytes`` is passed."""
        ...

    def history_wanted(
        self, ranges_max: int, actions_max: int
    ) -> tuple[list[tuple[bytes, int, int]], list[bytes], int]:
        """Of the history before a snapshot: ranges of actions, actions by id, the height from which certificates are
        wanted (0: none)."""
        ...


class Replica(Protocol):
    """One organisation as the network sees it (sync session, gossip, hello)."""

    @property
    def org_id(self) -> bytes: ...
    @property
    def snapshots(self) -> Snapshots: ...
    def heads(self) -> HeadTable:
        """The newest action of each device, of everything admitted; always the same table."""
        ...

    def heads_digest(self) -> bytes:
        """32 bytes over all heads and the certified height; equal digests mean nothing to send."""
        ...

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        """Envelopes of a device from seq ``first`` to at most ``last``, in order, at least one,
        stopping once ``max_bytes`` is passed."""
        ...

    def envelopes_of(self, ids: Sequence[bytes], max_bytes: int) -> list[bytes]:
        """Envelopes of these actions where they are here, each after what comes before it off its device's
        trunk, stopping once ``max_bytes`` is passed."""
        ...

    def missing_ids(self, limit: int) -> list[bytes]:
        """Actions on which others stand, or that a checkpoint names, and that are not here."""
        ...

    def words(self) -> Mapping[bytes, bytes]:
        """What witnesses signed of the height that is being decided: digest → bytes."""
        ...

    async def admit_words(self, items: Sequence[bytes]) -> AdmitReport: ...
    def height(self) -> int:
        """Height of the last certified checkpoint held; 0 before any."""
        ...

    def held_height(self) -> int:
        """Height up to which certificates are here without a hole, also those that wait for their actions."""
        ...

    def sealed_after(self, height: int) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        """Of the certificates held above this height, in order: height, and each device with the seq up to which it
        seals. Not judged yet: what they list no signature covers."""
        ...

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        """Certificates from this height on, in order, stopping once ``max_bytes`` is passed."""
        ...

    async def admit(self, envelopes: Sequence[bytes]) -> AdmitReport:
        """The one way in: decode, verify, store in one transaction, order, apply. Never raises for
        what the envelopes contain."""
        ...

    async def admit_certificates(self, certificates: Sequence[bytes]) -> AdmitReport: ...
    def wanted_content(self, after: bytes, limit: int) -> list[bytes]:
        """Hashes of detached content that is referred to, not erased and not here: in order, beyond ``after``."""
        ...

    def lacking_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of them that are still wanted."""
        ...

    def held_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Those of them that are here."""
        ...

    def content(self, digest: bytes) -> bytes | None:
        """salt (32 bytes) ‖ content for this hash, or None."""
        ...

    def add_content(self, blob: bytes) -> bool:
        """Keep salt ‖ content if something admitted refers to its hash and size."""
        ...

    def standing(self, device: bytes) -> DeviceStanding:
        """In the final state; "joining": its join is admitted but not final."""
        ...

    def invitation_open(self, bearer: bytes) -> bool:
        """Is there an invitation with this bearer key that is not used up, expired or revoked?"""
        ...

    def invitation_known(self, bearer: bytes) -> bool:
        """Is there an invitation with this bearer key, open or not?"""
        ...

    def join_refusal(self, invite: bytes, device: bytes) -> str:
        """Why nobody can join by this invitation any more, or why the action by which this device asked to come in has
        no effect, in the final state: a rejection code; "" if neither."""
        ...

    def may_meet(self, device: bytes, newest: bool) -> bool:
        """May a device be met that proved our newest key, or an older one? Only what the final state says counts."""
        ...

    def root_known(self, root: bytes) -> bool:
        """Is this the root key of a member by the final state?"""
        ...

    def org_keys(self) -> Sequence[tuple[int, bytes]]:
        """(epoch, 32-byte key) pairs that serve, oldest first, the newest epoch's last."""
        ...

    def offer_keys(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """A peer says what the keys are; only those serve that the log names."""
        ...

    def join_envelope(self) -> bytes:
        """The action by which this device comes in, ``member.join`` or ``device.certify``, while it is not settled,
        else b""."""
        ...

    def device_certificate(self) -> bytes:
        """This device's certificate, as the hello shows it: DAG-CBOR [root, device, signature]."""
        ...


class NetworkEvents(Protocol):
    """What the network tells the engine."""

    def peers_changed(self, org_id: bytes) -> None: ...
    def progress(self, org_id: bytes, done: int, total: int) -> None: ...
    def join_refused(self, org_id: bytes, code: str) -> None: ...


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """A peer device of an organisation. ``path``: direct | local | relay | none; ``delay_ms``: its last round trip."""

    device: bytes
    address: str
    path: str
    connected: bool
    seen_ms: int | None
    height: int | None
    agrees: bool | None
    behind: int | None
    delay_ms: int | None = None


class Network(Protocol):
    """One host per organisation and device key."""

    async def start(self, replica: Replica, signer: Signer, listen: Sequence[str], mdns: bool) -> None: ...
    async def start_joining(
        self, invitation: Invitation, replica: Replica, signer: Signer, listen: Sequence[str], mdns: bool
    ) -> None:
        """Dial the invitation's addresses, prove its bearer key, hand over ``replica.join_envelope()``,
        fetch; becomes an ordinary host once the join is final."""
        ...

    async def start_restoring(
        self, root: Signer, addresses: Sequence[str], replica: Replica, signer: Signer, listen: Sequence[str],
        mdns: bool,
    ) -> None:
        """The same for a new device of a member: it proves the member's root key instead."""
        ...

    def keys_changed(self, org_id: bytes) -> None:
        """Other keys of the organisation serve now."""
        ...

    async def stop(self, org_id: bytes) -> None: ...
    def announce(self, org_id: bytes, envelopes: Sequence[bytes], certificates: Sequence[bytes]) -> None:
        """New local actions or certificates: gossip now; with none, what sessions tell is told soon. Returns at
        once."""
        ...

    def announce_content(self, org_id: bytes, digests: Sequence[bytes]) -> None:
        """New local content: tell peers that it can be fetched."""
        ...

    def want_content(self, org_id: bytes) -> None:
        """Content is wanted here that was not before: peers are asked for it soon."""
        ...

    async def dial(self, org_id: bytes, address: str) -> bool: ...
    def addresses(self, org_id: bytes) -> tuple[str, ...]:
        """Multiaddresses under which this host can be reached, with /p2p/ part."""
        ...

    def peers(self, org_id: bytes) -> tuple[PeerInfo, ...]: ...
    def traffic(self, org_id: bytes) -> tuple[int, int]:
        """Bytes of sync sessions since the start, in and out."""
        ...

    async def diagnose(self, org_id: bytes) -> list[Finding]:
        """What works and what to change, for the doctor."""
        ...


class EngineHandle(Protocol):
    """How another thread (the window) or the command line reaches the use cases of ``app.api.Api``.

    ``call`` may be used from any thread; ``done`` and ``failed`` run in the engine's thread, exactly
    one of them once. ``params`` are the method's keyword arguments.
    """

    def call(
        self,
        method: str,
        params: Mapping[str, object],
        done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None: ...
    def subscribe(self, sink: Callable[[Change | Progress], None]) -> Callable[[], None]: ...
    def close(self) -> None:
        """Stop the engine cleanly; returns when everything signed is stored."""
        ...


class Caller(Protocol):
    """How the command line calls: through the local socket or in-process; always JSON in and out."""

    def call(
        self, method: str, params: Mapping[str, object], progress: Callable[[Progress], None] | None = None
    ) -> object: ...
    def watch(self, sink: Callable[[Change], None]) -> None:
        """Hand over changes until interrupted."""
        ...

    def close(self) -> None: ...
