"""Making proof files from an organisation's log, and reading what they say (protocol §4, *Proofs*)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dao_app.app.errors import NotFound, Refused
from dao_app.app.ports import SignatureCheck, Verifier
from dao_app.app.storage import CHAIN_META, CHANGES_META
from dao_app.core.encoding import decode, decode_trusted, encode_trusted
from dao_app.core.envelope import parse_trusted
from dao_app.core.finality.checkpoint import Certificate, parse_certificate
from dao_app.core.finality.proofs import Entry, Proof, Row, Signed, chain_from_wire, signed_row
from dao_app.core.state import STATE_TREE

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

PAGE = 500  # certificates read at a time


def signed_by(verifier: Verifier) -> Signed:
    """The verifier as the core asks it."""
    return lambda key, message, signature: verifier.verify(SignatureCheck(key, message, signature))


def witness_changes(org: Organisation) -> list[int]:
    """Heights of the checkpoints here that changed the witness set; what was looked through before is kept."""
    kept = org.store.meta(CHANGES_META)
    seen, changes = decode_trusted(kept) if kept else (0, [])
    if seen == org.height():
        return list(changes)
    before = _witnesses_after(org, seen)
    while records := org.store.checkpoints(seen + 1, PAGE):
        for record in records:
            witnesses = parse_certificate(record.raw).checkpoint.witnesses
            if before is not None and witnesses != before:
                changes.append(record.height)
            before, seen = witnesses, record.height
    org.store.set_meta(CHANGES_META, encode_trusted([seen, changes]))
    return list(changes)


def _witnesses_after(org: Organisation, height: int) -> tuple[bytes, ...] | None:
    """The set that signs the checkpoint after this height; None where that checkpoint is not here."""
    if height == 0:
        return _founders(org) if org.store.first_height() <= 1 else None
    record = org.store.checkpoint(height)
    return None if record is None else parse_certificate(record.raw).checkpoint.witnesses


def _founders(org: Organisation) -> tuple[bytes, ...]:
    return (parse_trusted(org.org_id, _genesis(org)).body["witness"],)


def _certificate(org: Organisation, height: int) -> Certificate:
    record = org.store.checkpoint(height)
    if record is None:
        raise NotFound("checkpoint_unknown", height=height)
    return parse_certificate(record.raw)


def chain(org: Organisation, passing: int = 0) -> tuple[Row, ...]:
    """From the genesis to the last checkpoint: those that changed the witness set, and the one at the height
    ``passing`` if it is given, so that the proof can be held against an anchor there."""
    last = org.height()
    if last == 0:
        raise Refused("not_final_yet")
    kept = org.store.meta(CHAIN_META)  # what led to the snapshot with which this replica began
    rows = list(chain_from_wire(decode(kept))) if kept else []
    start = rows[-1].checkpoint.height if rows else 0
    if not 0 <= passing <= last or (0 < passing <= start and passing not in {r.checkpoint.height for r in rows}):
        raise NotFound("checkpoint_unknown", height=passing)
    signers = rows[-1].checkpoint.witnesses if rows else _founders(org)
    for height in sorted({*witness_changes(org), *([passing] if passing else []), last}):
        if height > start:
            certificate = _certificate(org, height)
            try:
                rows.append(signed_row(certificate, signers))
            except ValueError as error:  # a recovery put other witnesses there than the checkpoint before named
                raise Refused("proof_over_recovery", height=height) from error
            signers = certificate.checkpoint.witnesses
    return tuple(rows)


def make_proof(org: Organisation, kind: str, keys: Sequence[tuple[int, bytes]], passing: int = 0) -> Proof:
    """Prove the entries (tree, key) against the last checkpoint. Raises Refused where one is not final."""
    entries = []
    for tree, key in keys:
        found = (org.replay.final if tree == STATE_TREE else org.replay.results).inclusion(key)
        if found is None:
            raise Refused("not_final_yet")
        entries.append(Entry(tree, key, found))
    return Proof(kind, org.org_id, _genesis(org), chain(org, passing), tuple(entries), ())


def make_evidence(org: Organisation, one: bytes, two: bytes) -> Proof:
    """Two things that one key signed and that contradict each other."""
    return Proof("evidence", org.org_id, _genesis(org), (), (), (one, two))


def _genesis(org: Organisation) -> bytes:
    record = org.store.record(org.org_id)
    if record is None:
        raise Refused("not_final_yet")
    return record.payload
