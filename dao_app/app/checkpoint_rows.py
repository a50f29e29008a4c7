"""Checkpoints and witnesses as people see them."""

from __future__ import annotations

from dao_app.app import views as v
from dao_app.app.queries import Reader, fingerprint
from dao_app.core.finality.checkpoint import Certificate, parse_certificate, quorum

ONLINE_MS = 10_000  # seen so recently: connected


def checkpoint_row(reader: Reader, certificate: Certificate) -> v.CheckpointRow:
    """A certified checkpoint with who signed it, of how many who might."""
    checkpoint = certificate.checkpoint
    members = reader.witness_members()
    signers = tuple(
        (reader.person(members[p.witness]).name if p.witness in members else "") or fingerprint(p.witness)
        for p in certificate.precommits
    )
    record = reader.org.store.checkpoint(checkpoint.height)
    before = reader.org.store.checkpoint(checkpoint.height - 1)
    seats = 1 if before is None else len(parse_certificate(before.raw).checkpoint.witnesses)
    return v.CheckpointRow(
        checkpoint.height,
        certificate.id.hex(),
        checkpoint.time,
        record.actions if record is not None and record.id == certificate.id else 0,
        checkpoint.state.hex(),
        checkpoint.results.hex(),
        checkpoint.frontier.hex(),
        signers,
        seats,
        quorum(seats),
    )


def is_online(reader: Reader, root: bytes, here: bool, now_ms: int) -> bool:
    """Is a device of this member connected, or is it this one?"""
    seen = reader.seen(root)
    return here or (seen is not None and now_ms - seen < ONLINE_MS)
