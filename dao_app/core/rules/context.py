"""What every rule receives beside the state: the context, and the author behind a device."""

from __future__ import annotations

from typing import NamedTuple

from dao_app.core.entities import Member


class Context(NamedTuple):
    """``time``: time of the last checkpoint before the one that seals (ms since 1970 UTC), the only
    time there is; ``height``: of the checkpoint being formed; ``final``: False in the provisional
    rest, where no numbers are given and nothing becomes due; ``place``: in the final order, from 1
    (0 in the provisional rest)."""

    time: int
    height: int
    final: bool
    place: int


class Author(NamedTuple):
    """The member for whom a device signed."""

    root: bytes
    device: bytes
    member: Member
    permissions: frozenset[str]
