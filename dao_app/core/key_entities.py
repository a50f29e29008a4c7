"""Entities around keys: the epoch of the organisation's key, root keys, guardians (protocol §7)."""

from __future__ import annotations

from typing import NamedTuple


class Epoch(NamedTuple):
    """Singleton ``b"e"``; ``before``: (height, key id) of the epochs before this one that have a key, newest last, at
    most ``EPOCHS_KEPT_MAX``."""

    height: int  # of the last checkpoint in which a device lost its rights; 0 before any
    key_id: bytes  # lowest id of the keys made for it, b"" while there is none
    before: tuple[tuple[int, bytes], ...]


class Root(NamedTuple):
    """A root key that took part in a change of roots; a member's first root has none before that. ``status``:
    current | replaced."""

    member: bytes
    status: str


class Guardians(NamedTuple):
    """Who may give a member another root key, and how far they are. Key: the member."""

    guardians: tuple[bytes, ...]  # members, sorted
    needed: int
    version: int  # counts what the member signed, from 1
    current: bytes  # the member's root key now
    approvals: tuple[tuple[bytes, bytes], ...]  # (guardian, new root), sorted
    root: bytes  # that has approvals enough, b"" while there is none
    until: int  # sealed time at which it becomes the member's root, 0 before it runs
