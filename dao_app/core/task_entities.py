"""Entities of the state around a task: what it asks for, and the work handed in; conventions as in ``entities``."""

from __future__ import annotations

from typing import NamedTuple

Ref = tuple[bytes, int]  # detached content: hash of salt ‖ content, size in bytes


class File(NamedTuple):
    """A file named by its digest (SHA-256); its bytes travel apart. ``name`` is a label, never a path."""

    hash: bytes
    name: str
    size: int  # bytes


class Terms(NamedTuple):
    """What a task asks for; a task without an entity of its own has ``NO_TERMS``."""

    text: Ref | None
    labels: tuple[str, ...]
    priority: str  # low | normal | high | urgent
    due: int  # a date wished for, ms since 1970 UTC; no rule reads it; 0: none
    estimate: int  # minutes, 0: none
    checklist: tuple[str, ...]
    files: tuple[File, ...]
    depends: tuple[bytes, ...]  # tasks that must be over before this one is accepted
    every: int  # days after which it opens again, 0: once
    approval: bool  # members apply and somebody assigns
    seats: int  # members who may claim it together
    lifetime: int  # ms from the sealed opening, 0: until somebody does it


NO_TERMS = Terms(None, (), "normal", 0, 0, (), (), (), 0, False, 1, 0)


class Submission(NamedTuple):
    """The work handed in last, and what the reviewer wrote about it."""

    action: bytes
    by: bytes
    note: Ref | None
    files: tuple[File, ...]
    links: tuple[str, ...]
    reviewer: bytes | None
    review: Ref | None
