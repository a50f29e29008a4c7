"""Use cases of notarised files and proofs (TRUST-2, TRUST-4, VOTE-5)."""

from __future__ import annotations

import re

from dao_app.app import views_proofs as p
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader
from dao_app.app.resolve import one_line
from dao_app.core.entities import NotarisedFile
from dao_app.core.keys import file_key
from dao_app.core.limits import TITLE_BYTES_MAX

_SHA256 = re.compile("[0-9a-f]{64}")


class ProofCases(Cases):
    """Part of ``app.api.Api``."""

    # -- notarised files -------------------------------------------------------------------------
    def file_notarise(self, org: str, hash: str, size: int, title: str = "") -> p.FileRow:
        opened, _ = self._read(org)
        digest = _digest(hash)
        title = one_line(title, "title", TITLE_BYTES_MAX) if title.strip() else ""
        self._write(opened, "file.notarise", {"hash": digest, "size": size}, text=(title, "title"))
        return _file_row(self._reader(opened), digest)

    def file_check(self, org: str, hash: str) -> p.FileRow:
        return _file_row(self._read(org)[1], _digest(hash))

    def file_list(self, org: str) -> tuple[p.FileRow, ...]:
        _, reader = self._read(org)
        ids = reader.org.store.of_type("file.notarise")
        reader.load(ids)
        hashes = [reader.action(id_).body["hash"] for id_ in ids if reader.stands(id_)]
        return tuple(_file_row(reader, hash_) for hash_ in reversed(hashes))


def _digest(text: str) -> bytes:
    digits = text.strip().lower()
    if not _SHA256.fullmatch(digits):
        raise InputError("file_hash", name=text[:80])
    return bytes.fromhex(digits)


def _file_row(reader: Reader, hash_: bytes) -> p.FileRow:
    found = reader.state.get(file_key(hash_), NotarisedFile)
    if found is None:
        raise NotFound("file_unknown", hash=hash_.hex())
    sealed = reader.org.store.checkpoint(found.height) if found.height else None
    title = None if found.title and reader.org.is_erased(found.title[0]) else reader.text(found.title)
    return p.FileRow(
        hash_.hex(), found.size, title, reader.person(found.member), found.action.hex(), found.height,
        sealed.time if sealed is not None else 0, reader.stamp(found.action),
    )
