"""The port to an organisation's store: one append path, one transaction a checkpoint, reads for views.

Every method may raise ``StorageError``; then nothing of the call is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dao_app.core.envelope import Action
from dao_app.core.finality.checkpoint import Certificate
from dao_app.core.replay import Sealed, Verdicts
from dao_app.core.state import Posting, Source

SNAPSHOT_META = "snapshot"  # height of the snapshot with which a replica began, until its history is entered
CHAIN_META = "chain"  # DAG-CBOR rows that lead to that checkpoint
CHANGES_META = "witness_changes"  # DAG-CBOR [height looked at, [height of each change, …]]


class StoredAction(NamedTuple):
    """An action to append, with what the store indexes. ``listed``: its type, or "attachment" for a comment that is
    one; ``refs``: detached content (hash, size)."""

    action: Action
    payload: bytes
    signature: bytes
    listed: str
    about: bytes | None
    refs: tuple[tuple[bytes, int], ...]
    off: bool  # on a branch that is not its device's trunk here


class LogRecord(NamedTuple):
    """An action as stored; ``pos`` is the local place of arrival, from 1."""

    pos: int
    id: bytes
    device: bytes
    seq: int
    payload: bytes
    signature: bytes
    off: int  # 0 on the trunk, 1 off it, 2 sealed off it


class CheckpointRecord(NamedTuple):
    height: int
    id: bytes
    time: int
    actions: int
    raw: bytes  # the certificate


class PostingRecord(NamedTuple):
    kind: str
    source: bytes
    target: bytes
    unit: str
    amount: int
    action: bytes
    memo: bytes | None
    height: int


class Gap(NamedTuple):
    """An action of the history that is known by its id and not here; ``off`` as in ``LogRecord``."""

    id: bytes
    device: bytes
    seq: int
    off: int


class Past(NamedTuple):
    """What a checkpoint of the history did."""

    height: int
    order: list[bytes]
    verdicts: Verdicts
    postings: list[Posting]


class FileState(NamedTuple):
    """Bytes of an attached file that are here, and that are wanted and not here."""

    here: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Counts:
    actions: int
    sealed: int
    contents: int


class OrgStore(Source, Protocol):
    """Everything that one organisation keeps on this machine but keys."""

    def append(self, rows: Sequence[StoredAction], wait: bool = True, past: bool = False) -> None:
        """The one way into the log: all rows durably, or none. Without waiting, ``settle`` or the next use
        of the store says whether it came about. ``past``: history that takes its place before everything."""
        ...

    def settle(self) -> None:
        """Wait for what is under way; raises StorageError where it failed."""
        ...

    def commit(self, sealed: Sealed, certificate: Certificate, wait: bool = True) -> None:
        """One checkpoint: certificate, order, verdicts, postings, entities, erasures."""
        ...

    # the log
    def known(self, ids: Iterable[bytes]) -> set[bytes]: ...
    def record(self, id_: bytes) -> LogRecord | None: ...
    def records(self, ids: Sequence[bytes]) -> list[LogRecord]: ...
    def find(self, prefix: bytes, odd: int | None, limit: int) -> list[bytes]:
        """Ids that begin with these bytes (and this half byte), at most ``limit``."""
        ...

    def chain(self, device: bytes, first: int, last: int, limit: int) -> list[LogRecord]:
        """A device's actions by seq, at most ``limit``."""
        ...

    def at(self, device: bytes, seq: int) -> LogRecord | None: ...
    def heads(self) -> Mapping[bytes, tuple[int, bytes]]: ...
    def unsealed(self, sealed: Mapping[bytes, tuple[int, bytes]]) -> list[LogRecord]:
        """Actions beyond the frontier, in order of arrival."""
        ...

    def newest(self, limit: int, before: int | None) -> list[LogRecord]: ...
    def after(self, pos: int, limit: int) -> list[LogRecord]:
        """Actions that arrived after this position, in order of arrival."""
        ...

    def of_type(self, type_: str) -> list[bytes]:
        """Ids of actions of a type that makes objects, in order of arrival."""
        ...

    def about(self, id_: bytes) -> list[LogRecord]:
        """Actions that concern an object, in order of arrival."""
        ...

    def verdict(self, id_: bytes) -> str | None:
        """The rejection code of a sealed action, or None."""
        ...

    def verdicts(self, ids: Sequence[bytes]) -> dict[bytes, str]: ...

    # checkpoints and ledger
    def checkpoint(self, height: int) -> CheckpointRecord | None: ...
    def checkpoints(self, first: int, limit: int) -> list[CheckpointRecord]: ...
    def last_checkpoint(self) -> CheckpointRecord | None: ...
    def order(self, height: int) -> list[bytes]: ...
    def postings(self, limit: int) -> list[PostingRecord]:
        """Newest first."""
        ...

    def incoming(self, party: bytes, limit: int) -> list[PostingRecord]:
        """What a party received, newest first."""
        ...

    # detached content
    def content(self, hash_: bytes) -> bytes | None: ...
    def contents(self, after: bytes, limit: int) -> list[bytes]:
        """Hashes of the contents that are here, in order, beyond ``after``."""
        ...

    def add_content(self, hash_: bytes, blob: bytes) -> None: ...
    def erase_content(self, hash_: bytes) -> None: ...
    def wanted(self, after: bytes, limit: int) -> list[bytes]:
        """Hashes of the contents that are wanted, in order, beyond ``after``."""
        ...

    def which(self, hashes: Sequence[bytes], here: bool) -> set[bytes]:
        """Those of these contents that are here, or else that are wanted."""
        ...

    def wants(self, hash_: bytes) -> int | None:
        """The size expected of this content, or None where it is not wanted."""
        ...

    def want_chunks(self, owner: bytes, rows: Sequence[tuple[bytes, int]]) -> None:
        """Chunks of attached files: see ``store.chunks``. They are content too: wanted, added and read as such."""
        ...

    def put_chunk(self, owner: bytes, place: int, hash_: bytes, blob: bytes, size: int) -> None: ...
    def give_up_chunks(self, owner: bytes) -> None: ...
    def drop_chunks(self, owner: bytes) -> None: ...
    def chunks(self, owner: bytes) -> list[bytes]: ...
    def file_states(self) -> dict[bytes, FileState]: ...
    def forget_derived(self) -> None:
        """Drop checkpoints and all that was derived, and a conflict; actions and contents stay."""
        ...

    # what witnesses say
    def keep_word(self, height: int, id_: bytes, raw: bytes) -> None:
        """Keep a witness's signed word, durably, until its height is decided."""
        ...

    def words(self, height: int) -> list[bytes]: ...

    # a snapshot on its way in, and the history that follows it (slots are tree x 4,096 + bucket)
    def stage(self, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Keep checked buckets: (slot, root, entries)."""
        ...

    def staged(self) -> dict[int, bytes]:
        """Roots of the buckets that are kept, by slot."""
        ...

    def staged_entries(self, slot: int) -> bytes: ...
    def clear_staged(self) -> None: ...
    def install(self, certificate: Certificate, roots: Mapping[int, bytes], sealed: int, chain: bytes) -> None:
        """Let the staged buckets be the state that this checkpoint certifies."""
        ...

    def raw_bucket(self, slot: int) -> dict[bytes, bytes]: ...
    def gaps(self, limit: int) -> list[Gap]: ...
    def has_gaps(self) -> bool: ...
    def gaps_among(self, ids: Sequence[bytes]) -> dict[bytes, Gap]: ...
    def move_gaps(self, closed: Sequence[bytes], opened: Sequence[Gap]) -> None:
        """These are here now, and those are known to be missing before them."""
        ...

    def put_past(self, certificates: Sequence[Certificate]) -> None: ...
    def drop_past(self, height: int) -> None: ...
    def replace_certificate(self, height: int, raw: bytes) -> None: ...
    def fill(self, past: Past) -> None: ...
    def concern(self, about: Mapping[bytes, bytes]) -> None:
        """Which object each of these actions concerns: id → id."""
        ...

    def first_height(self) -> int:
        """Of the checkpoints that are here; 0 where there is none."""
        ...

    # small things
    def counts(self) -> Counts: ...
    def meta(self, key: str) -> bytes | None: ...
    def set_meta(self, key: str, value: bytes | None) -> None: ...
    def close(self) -> None: ...
