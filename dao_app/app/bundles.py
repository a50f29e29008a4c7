"""Bundles: a whole organisation as one file, written, looked at and merged (SYNC-2, TRUST-4, protocol §5).

Looking never changes anything; merging goes through the one way in, page by page, so what a bundle holds is judged
like what a peer sends. A file that is damaged is refused as a whole when it is looked at; where it is damaged after
that, what was merged before stays, since each part stands on its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dao_app.app.admission import content_hash
from dao_app.app.errors import InputError, StorageError
from dao_app.app.organisation import Organisation
from dao_app.app.views_proofs import BundleMerged, BundleView
from dao_app.core.encoding import digest
from dao_app.core.envelope import GENESIS_TYPE, JOIN_TYPE, Action, pack, parse_action
from dao_app.core.errors import EncodingError
from dao_app.core.finality.bundle import (
    PAGE_ROWS_MAX,
    PAGES_MAX,
    BundleReader,
    Filled,
    Manifest,
    Page,
    encode_manifest,
    encode_page,
)
from dao_app.core.finality.car import DAG_CBOR, RAW, block, header
from dao_app.core.finality.checkpoint import parse_certificate
from dao_app.core.limits import SALT_BYTES

PART_BYTES = 1024 * 1024  # read or written at a time
Pause = Callable[[], Awaitable[None]]
Told = Callable[[int, int], None]


# -- writing -------------------------------------------------------------------------------------
class _Pages:
    """Rows of an organisation gathered into pages: along the final order, then what is not sealed, then contents."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self.height = org.height()

    def __iter__(self) -> Iterator[Page]:
        actions: list[tuple[bytes, bytes]] = []
        certificates: list[bytes] = []
        for kind, id_, signature in self._rows():
            if len(actions) + len(certificates) == PAGE_ROWS_MAX:
                yield Page(tuple(actions), tuple(certificates), ())
                actions, certificates = [], []
            if kind == "action":
                actions.append((id_, signature))
            else:
                certificates.append(id_)
        if actions or certificates:
            yield Page(tuple(actions), tuple(certificates), ())
        after = b""
        while hashes := self._org.store.contents(after, PAGE_ROWS_MAX):
            yield Page((), (), tuple(hashes))
            after = hashes[-1]

    def _rows(self) -> Iterator[tuple[str, bytes, bytes]]:
        store = self._org.store
        for height in range(1, self.height + 1):
            record = store.checkpoint(height)
            assert record is not None
            yield "certificate", digest(record.raw), b""
            for one in store.records(store.order(height)):
                yield "action", one.id, one.signature
        for one in store.unsealed(self._org.replay.sealed):
            yield "action", one.id, one.signature


async def export_bundle(org: Organisation, path: Path, pause: Pause, told: Told) -> int:
    """Write everything that is here as a bundle; returns the file's size in bytes. Raises StorageError, and
    InputError while what led to a snapshot is still missing."""
    if not org.history.is_complete:
        raise InputError("bundle_incomplete")
    pages = [encode_page(page) for page in _Pages(org)]
    if len(pages) > PAGES_MAX:
        raise InputError("bundle_large")
    last = org.store.last_checkpoint()
    head = None if last is None else last.id
    links = tuple(digest(page) for page in pages)
    manifest = encode_manifest(Manifest(org.org_id, org.height(), head, links, org.recovering.in_effect_signed()))
    height = 0
    with fresh_file(path) as write:
        size = write(header(digest(manifest))) + write(block(DAG_CBOR, manifest))
        for number, (raw, page) in enumerate(zip(pages, _Pages(org), strict=True)):
            size += write(block(DAG_CBOR, raw))
            for record in org.store.checkpoints(height + 1, len(page.certificates)) if page.certificates else ():
                size += write(block(DAG_CBOR, record.raw))
                height = record.height
            for one in org.store.records([id_ for id_, _ in page.actions]):
                size += write(block(DAG_CBOR, one.payload))
            for hash_ in page.contents:
                size += write(block(RAW, org.store.content(hash_) or b""))
            told(number + 1, len(pages))
            await pause()
    return size


@contextmanager
def fresh_file(path: Path) -> Iterator[Callable[[bytes], int]]:
    """Write a file for this user only, whole or not at all: gives the function that writes. Raises StorageError."""
    fresh = path.with_name(path.name + ".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", PART_BYTES) as file:
            yield file.write
        os.replace(fresh, path)
    except OSError as error:
        code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "file_unwritable"
        raise StorageError(code, path=path, detail=error.strerror or "") from error
    finally:
        fresh.unlink(missing_ok=True)


# -- reading -------------------------------------------------------------------------------------
def open_bundle(path: Path) -> BundleReader:
    """Raises InputError where the file cannot be read or is no bundle."""
    try:
        return BundleReader(_parts(path))
    except EncodingError as error:
        raise InputError("bundle_unreadable", path=path.name) from error


def _parts(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while part := file.read(PART_BYTES):
                yield part
    except OSError as error:
        raise InputError("file_unreadable", path=path.name, detail=error.strerror or "") from error


class Inspection:
    """What a bundle would bring. ``org`` is the organisation as it is here, None where it is not."""

    def __init__(self, manifest: Manifest, org: Organisation | None) -> None:
        self._manifest, self._org = manifest, org
        self.name, self._head, self._height = "", None if manifest.height else manifest.head, 0
        self.actions = self.members = self.certificates = self.contents = 0
        self.actions_new = self.certificates_new = self.contents_new = 0
        self.from_ms = self.to_ms = 0
        self.problems: dict[str, None] = {}
        self._ids: set[bytes] = set()

    def add_action(self, action: Action, known: bool) -> None:
        self.actions += 1
        if (action.id if action.type == GENESIS_TYPE else action.org) != self._manifest.org:
            self.problems["other_organisation"] = None
            return
        if action.type == GENESIS_TYPE:
            name = action.body.get("name")
            self.name = name if type(name) is str else ""
        self.members += action.type in (GENESIS_TYPE, JOIN_TYPE)
        parents = action.deps if action.prev is None else (action.prev, *action.deps)
        if any(p not in self._ids for p in parents) and not known:
            here = self._org.store.known(parents) if self._org is not None else set()
            if any(p not in self._ids and p not in here for p in parents):
                self.problems["parents_missing"] = None
        self._ids.add(action.id)
        self.from_ms = min(self.from_ms or action.at, action.at)
        self.to_ms = max(self.to_ms, action.at)
        self.actions_new += not known

    def add_certificate(self, raw: bytes) -> None:
        try:
            certificate = parse_certificate(raw)
        except EncodingError:
            self.problems["certificate_malformed"] = None
            return
        self.certificates += 1
        height = certificate.checkpoint.height
        if certificate.checkpoint.org != self._manifest.org:
            self.problems["other_organisation"] = None
        if height == self._manifest.height:
            self._head = certificate.id
        self._height = max(self._height, height)
        record = self._org.store.checkpoint(height) if self._org is not None else None
        if record is None:
            self.certificates_new += 1
        elif record.id != certificate.id:
            self.problems["contradicts"] = None

    def add_content(self, blob: bytes) -> None:
        self.contents += 1
        if self._org is not None and self._org.store.wants(content_hash(blob)) == len(blob) - SALT_BYTES:
            self.contents_new += 1

    def view(self, size: int, yours: bool) -> BundleView:
        if self._head != self._manifest.head or self._height != self._manifest.height:
            self.problems["head_differs"] = None
        return BundleView(
            self._manifest.org.hex(), self.name, yours, self._manifest.height, (self._manifest.head or b"").hex(),
            self.members, self.actions, self.actions_new, self.certificates, self.certificates_new, self.contents,
            self.contents_new, self.from_ms, self.to_ms, size, tuple(self.problems),
        )  # fmt: skip


async def inspect_bundle(
    path: Path, find: Callable[[bytes], Organisation | None], pause: Pause, told: Told
) -> BundleView:
    """Read a bundle to its end and say what it would bring; nothing is kept. Raises InputError where any part of it
    is not what it says. ``find`` gives the organisation as it is here."""
    reader = open_bundle(path)
    manifest = reader.manifest
    org = find(manifest.org)
    found = Inspection(manifest, org)
    for number, page in enumerate(_pages_of(reader, path), 1):
        for raw in page.certificates:
            found.add_certificate(raw)
        actions = _parsed(page.actions, path)
        known = org.store.known([action.id for action in actions]) if org is not None else set()
        for action in actions:
            found.add_action(action, action.id in known)
        for blob in page.contents:
            found.add_content(blob)
        told(number, len(manifest.pages))
        await pause()
    return found.view(reader.size, org is not None)


def _parsed(rows: list[tuple[bytes, bytes]], path: Path) -> list[Action]:
    try:
        return [parse_action(payload) for payload, _ in rows]
    except EncodingError as error:
        raise InputError("bundle_damaged", path=path.name) from error


def _pages_of(reader: BundleReader, path: Path) -> Iterator[Filled]:
    try:
        yield from reader.pages()
    except EncodingError as error:
        raise InputError("bundle_damaged", path=path.name) from error


async def merge_bundle(
    org: Organisation, path: Path, pause: Pause, told: Told, came: Callable[[list[bytes]], None]
) -> BundleMerged:
    """Take in what a bundle holds; returns what became of it. ``came`` gets the hashes of contents that were wanted.
    Raises InputError."""
    reader = open_bundle(path)
    if reader.manifest.org != org.org_id:
        raise InputError("bundle_other", path=path.name)
    height, stored, known, contents = org.height(), 0, 0, 0
    refused: dict[str, int] = {}
    for number, page in enumerate(_pages_of(reader, path), 1):
        reports = []
        if page.certificates:
            reports.append(await org.admit_certificates(page.certificates))
        if page.actions:
            report = await org.admit([pack(payload, signature) for payload, signature in page.actions])
            reports.append(report)
            stored, known = stored + report.stored, known + report.known
        for one in reports:
            for code, count in one.refused.items():
                refused[code] = refused.get(code, 0) + count
        added = [content_hash(blob) for blob in page.contents if org.add_content(blob)]
        contents += len(added)
        came(added)
        told(number, len(reader.manifest.pages))
        await pause()
    for code, count in org.hear(reader.manifest.recoveries).refused.items():  # who signed them is known by now
        refused[code] = refused.get(code, 0) + count
    return BundleMerged(stored, known, org.height() - height, org.height(), contents, refused)
