"""What a session asks its driver to do; results come back by the session's methods that each one names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dao_app.net.asking import Request


class Admit(NamedTuple):
    """Hand to ``replica.admit``; then ``admitted`` with its report and the request (None: a guest's)."""

    envelopes: tuple[bytes, ...]
    request: Request | None


class AdmitCertificates(NamedTuple):
    """Hand to ``replica.admit_certificates``; then ``admitted`` with its report and the request."""

    items: tuple[bytes, ...]
    request: Request


class AdmitWords(NamedTuple):
    """Hand to ``replica.admit_words``; then ``words_admitted`` with its report."""

    items: tuple[bytes, ...]


class AddContents(NamedTuple):
    """Hand each to ``replica.add_content``; then ``contents_added`` with the request."""

    blobs: tuple[bytes, ...]
    request: Request


class TakeHead(NamedTuple):
    """Hand to ``replica.snapshots.take_head``; then ``snapshot_taken`` with what it says."""

    head: bytes
    roots: tuple[bytes, ...]


class TakeBuckets(NamedTuple):
    """Hand to ``replica.snapshots.take_buckets``; then ``snapshot_taken`` with what it says."""

    height: int
    rows: tuple[tuple[int, bytes], ...]


class TakeKeys(NamedTuple):
    """The organisation's keys came: our join is final."""

    rows: tuple[tuple[int, bytes], ...]


class TakeAddresses(NamedTuple):
    """Signed words of devices about where they are, unchecked."""

    items: tuple[bytes, ...]


class JoinAnswered(NamedTuple):
    """A member took our request to join ("") or says why not."""

    code: str


class Progressed(NamedTuple):
    done: int
    total: int


Effect = (
    Admit | AdmitCertificates | AdmitWords | AddContents | TakeHead | TakeBuckets | TakeKeys | TakeAddresses
    | JoinAnswered | Progressed
)
