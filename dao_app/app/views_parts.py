"""What views of all kinds are made of: stamps, people, amounts, effects, comments, steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["queued", "provisional", "closing", "final", "contested", "rejected"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """How settled something signed is, and whom it waits for.

    ``reason`` is a rejection code (``reject.<reason>`` in the catalogue) where state is
    ``contested`` or ``rejected``; ``waits_for`` names witnesses; ``seen_ms`` is when the witness
    awaited was last connected, or None.
    """

    state: State
    at_ms: int
    height: int | None = None
    waits_for: tuple[str, ...] = ()
    seen_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A member as shown anywhere. ``name`` is foreign text; empty until its content arrived."""

    id: str
    name: str
    fingerprint: str  # "7f3a 91c2 e04d"
    you: bool = False


@dataclass(frozen=True, slots=True)
class AmountView:
    unit: str  # code, e.g. "GLD"
    minor: int
    decimals: int


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of an effect, for people. ``kind``: text | person | amount | party | role | department |
    parameter | value | duration | permissions | flag (yes, no); ``text`` is foreign or a code, as the kind says."""

    name: str
    kind: str
    text: str
    person: PersonView | None = None
    amount: AmountView | None = None


@dataclass(frozen=True, slots=True)
class EffectView:
    """``do`` is the kind of effect (``effect.<do>`` in the catalogue)."""

    do: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attached file. ``name`` is foreign; ``size`` and ``here`` in bytes. ``state``: here | partial | coming |
    absent | erased | unread (its list of chunks is not here yet) | damaged (the list is none). ``can``: fetch, stop,
    save, preview, drop."""

    name: str
    size: int
    here: int
    state: str
    can: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommentView:
    """``file``: the comment carries one, and ``text`` is empty."""

    id: str
    author: PersonView
    text: str | None  # None: not here yet
    erased: bool
    stamp: Stamp
    mentions: tuple[PersonView, ...] = ()
    file: AttachedFile | None = None


@dataclass(frozen=True, slots=True)
class ActivityView:
    """One signed step in the life of an object; ``what`` is the action type, e.g. "task.claim"."""

    id: str
    author: PersonView
    what: str
    stamp: Stamp
