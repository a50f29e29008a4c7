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


@dataclass(frozen=True, slots=True)
class ResultPart:
    """Of a proven result; scores and powers are decimal strings as in ``TallyView``."""

    number: int
    title: str
    kind: str
    method: str
    options: tuple[str, ...]
    scores: tuple[str, ...]
    winners: tuple[int, ...]
    tie: bool
    outcome: str  # passed | not_passed | decided
    voted: int
    voters: int
    valid_power: str
    electorate_power: str
    closed_ms: int
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class BalancePart:
    """``party``: treasury | member | department | firm | escrow | reserve | schedule; ``id`` "" for the treasury."""

    party: str
    id: str
    unit: str
    minor: int
    decimals: int


@dataclass(frozen=True, slots=True)
class FilePart:
    hash: str
    size: int  # bytes
    member: str
    action: str
    height: int  # of the checkpoint before which the file existed


@dataclass(frozen=True, slots=True)
class EvidencePart:
    """``what``: fork (two actions of a device under ``number``, a seq), prevotes or precommits (two votes of a
    witness at the height ``number`` in ``round``; "" is a vote for nil)."""

    what: str
    key: str
    number: int
    one: str
    two: str
    round: int = 0


@dataclass(frozen=True, slots=True)
class ProofView:
    """What a proof file says and whether that holds. ``fault`` is a code of ``core.finality.proofs.Fault`` or
    "other_file"; with a fault nothing else may be relied on. ``name`` of the organisation is foreign text."""

    ok: bool
    fault: str
    kind: str  # result | balance | file | evidence
    org: str
    name: str
    digest: str  # of the proof file
    height: int
    sealed_ms: int
    checkpoint: str
    witnesses: int
    quorum: int
    retired: int  # earlier witness sets that had to be honest too
    anchored: bool
    result: ResultPart | None = None
    balance: BalancePart | None = None
    file: FilePart | None = None
    evidence: EvidencePart | None = None


@dataclass(frozen=True, slots=True)
class ProofMade:
    """A proof file: ``data`` is its bytes in base64."""

    view: ProofView
    data: str


@dataclass(frozen=True, slots=True)
class BundleView:
    """What a bundle holds and would bring; ``yours``: its organisation is open here. ``name`` is foreign text; times
    are those that its authors claim. ``problems``: other_organisation | parents_missing | certificate_malformed |
    contradicts (a checkpoint here has another id) | head_differs."""

    org: str
    name: str
    yours: bool
    height: int
    head: str
    members: int
    actions: int
    actions_new: int
    certificates: int
    certificates_new: int
    contents: int
    contents_new: int
    from_ms: int
    to_ms: int
    size: int  # bytes
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BundleMerged:
    """What became of a bundle: actions stored and known, checkpoints and contents taken over, refusals by code."""

    stored: int
    known: int
    checkpoints: int
    height: int
    contents: int
    refused: dict[str, int]
