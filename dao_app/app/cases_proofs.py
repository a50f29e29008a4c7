"""Use cases of notarised files and proofs (TRUST-2, TRUST-4, VOTE-5)."""

from __future__ import annotations

import base64
import re

from dao_app.app import resolve
from dao_app.app import views_proofs as p
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError, NotFound
from dao_app.app.proof_rows import proof_view
from dao_app.app.proofs import make_evidence, make_proof, signed_by
from dao_app.app.queries import Reader
from dao_app.app.resolve import object_id, one_line
from dao_app.core.entities import NotarisedFile
from dao_app.core.errors import EncodingError
from dao_app.core.finality.proofs import (
    Proof,
    encode_proof,
    keys_of_balance,
    keys_of_file,
    keys_of_result,
    parse_proof,
    verify,
)
from dao_app.core.keys import file_key, member_party
from dao_app.core.limits import TITLE_BYTES_MAX

EVIDENCE = ("device.fork", "witness.evidence")  # types of actions that carry a proof of their own

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


    # -- proofs ----------------------------------------------------------------------------------
    def certificate_result(self, org: str, proposal: str, anchor: int = 0) -> p.ProofMade:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        return self._made(make_proof(opened.org, "result", keys_of_result(id_), anchor))

    def certificate_balance(self, org: str, party: str = "", unit: str = "", anchor: int = 0) -> p.ProofMade:
        opened, reader = self._read(org)
        if not party and reader.member is None:
            raise NotFound("member_unknown", name="")
        whose = resolve.party(reader, party) if party else member_party(reader.member or b"")
        code, _ = resolve.unit(reader, unit)
        return self._made(make_proof(opened.org, "balance", keys_of_balance(whose, code), anchor))

    def certificate_file(self, org: str, hash: str, anchor: int = 0) -> p.ProofMade:
        opened, reader = self._read(org)
        digest = _digest(hash)
        _file_row(reader, digest)
        return self._made(make_proof(opened.org, "file", keys_of_file(digest), anchor))

    def certificate_evidence(self, org: str, entry: str) -> p.ProofMade:
        opened, reader = self._read(org)
        matches = resolve.ids_by_prefix(reader, entry.strip())
        action = reader.action(matches[0]) if len(matches) == 1 else None
        if action is None or action.type not in EVIDENCE:
            raise NotFound("evidence_unknown", name=entry[:80])
        return self._made(make_evidence(opened.org, action.body["one"], action.body["two"]))

    def certificate_check(self, data: str, org: str = "", anchor: str = "", hash: str = "") -> p.ProofView:
        try:
            raw = base64.b64decode(data, validate=True)
            proof = parse_proof(raw)
        except (EncodingError, ValueError) as error:
            raise InputError("proof_unreadable") from error
        wanted = None
        if org:
            wanted = bytes.fromhex(org) if _SHA256.fullmatch(org) else self._ws.find(org).org.org_id
        found = verify(proof, signed_by(self._ws.verifier), wanted, read_anchor(anchor))
        return proof_view(proof, raw, found, _digest(hash) if hash else None)

    def _made(self, proof: Proof) -> p.ProofMade:
        """Encoded, and checked as its reader will."""
        raw = encode_proof(proof)
        view = proof_view(proof, raw, verify(proof, signed_by(self._ws.verifier), proof.org))
        return p.ProofMade(view, base64.b64encode(raw).decode())


def read_anchor(text: str) -> tuple[int, bytes] | None:
    """Height and id of a checkpoint, "1284:9e27…"; "" for none. Raises InputError."""
    height, _, id_ = text.strip().lower().partition(":")
    if not text.strip():
        return None
    if not height.isascii() or not height.isdigit() or len(height) > 15 or not _SHA256.fullmatch(id_):
        raise InputError("anchor_form", anchor=text[:100])
    return int(height), bytes.fromhex(id_)


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
