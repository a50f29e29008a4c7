"""What notarised files, proofs and bundles look like to window and command line; conventions as in ``views``."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views_parts import PersonView, Stamp


@dataclass(frozen=True, slots=True)
class FileRow:
    """A notarised file. ``height`` and ``sealed_ms`` (ms since 1970 UTC) are those of the checkpoint that holds it,
    0 while it is not final; ``title`` is foreign text, None where it was erased or is not here."""

    hash: str
    size: int  # bytes
    title: str | None
    person: PersonView
    action: str
    height: int
    sealed_ms: int
    stamp: Stamp
