"""What people see of finality: who co-signs, what is under way, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views import CheckpointRow, PersonView


@dataclass(frozen=True, slots=True)
class SeatView:
    """``voted``: nothing | prevote | precommit, in the newest round of the checkpoint being formed. ``faulty``: signed
    two votes and keeps the seat only while no reserve is ready."""

    person: PersonView
    here: bool
    online: bool
    seen_ms: int | None
    voted: str
    faulty: bool
    leads: bool


@dataclass(frozen=True, slots=True)
class CandidateView:
    """``ready``: has declared a key for the term."""

    person: PersonView
    ready: bool


@dataclass(frozen=True, slots=True)
class ElectionView:
    """A change of witnesses under way: the first ``seats`` of the candidates take over when they are ready, at
    ``until_ms`` (None before it is final) the first of those who are."""

    term: int
    seats: int
    candidates: tuple[CandidateView, ...]
    until_ms: int | None
    by_vote: bool


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """``what``: device (signed two histories) | witness (signed two votes)."""

    what: str
    person: PersonView | None
    key: str
    entry: str  # id of the action that tells
    at_ms: int


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """``base`` and ``branch`` are heights; ``signed`` of ``voters`` members, ``needed`` make it complete.
    ``effect_ms``: when it takes effect here, None before it is complete. ``mine``: this device signed it."""

    id: str
    base: int
    branch: int
    branch_id: str
    members: tuple[PersonView, ...]
    signed: int
    voters: int
    needed: int
    mine: bool
    effect_ms: int | None
    in_effect: bool


@dataclass(frozen=True, slots=True)
class FinalityView:
    """``alone``: one witness whom nobody elected. ``may_declare``: the term for which you are elected and have no key
    yet, 0 for none. ``may_move``: this device may hand the sole witness over. ``silent``: this device's witness key
    spoke elsewhere, so it says nothing. ``alarm``: certified checkpoints that contradict each other, or the one that
    does not come out here. ``rules``: active version, the newest one known here, the one that waits (0: none)."""

    term: int
    since: int
    by_vote: bool
    quorum: int
    tolerated: int
    seats: tuple[SeatView, ...]
    reserve: tuple[CandidateView, ...]
    round: int | None
    alone: bool
    election: ElectionView | None
    may_declare: int
    may_move: bool
    silent: bool
    alarm: tuple[CheckpointRow, ...]
    rules: tuple[int, int, int]
    evidence: tuple[EvidenceRow, ...]
    recoveries: tuple[RecoveryRow, ...] = ()
    frozen: bool = False  # this device signed two histories: its member certifies a new one
