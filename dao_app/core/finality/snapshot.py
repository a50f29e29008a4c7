"""A certified snapshot: the final state without the history that led to it (SYNC-4, protocol §5, *Snapshot*).

It is had in three steps, each checked against the one before: the head (genesis, light chain of checkpoints,
the last certificate) against the organisation's id and the invitation's anchor; the roots of all buckets against
the certified roots; the buckets, in any portions and from any peers, against their roots.

Invariant: nothing is kept that is not under a root which a quorum of witnesses signed. A bucket that is kept
stays good as long as its root stands, also under a later checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dao_app.core.encoding import decode, encode, encode_trusted
from dao_app.core.envelope import Action, pack, signed_message, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import Certificate, Checkpoint, has_quorum, is_bytes, parse_certificate
from dao_app.core.finality.proofs import Fault as ChainFault
from dao_app.core.finality.proofs import Row, Signed, chain_from_wire, chain_to_wire, genesis_of, verify_chain
from dao_app.core.merkle import BUCKETS, EMPTY_ROOT, MerkleMap, bucket_of, bucket_root

VERSION = 1
TYPE = "guildhall/snapshot/1"
TREES = 3  # state, results, frontier
SLOTS = TREES * BUCKETS
HEAD_BYTES_MAX = 4 * 1024 * 1024  # a chain as in a proof, a certificate
KEY_BYTES_MAX = 256  # of an entity

Bucket = tuple[int, list[tuple[bytes, bytes]]]  # slot (tree x 4,096 + bucket), entries (key, encoded value)


class Poisoned(Exception):
    """What a peer sent is not under the certified roots: it is dropped and the rest asked of others."""


class Head(NamedTuple):
    """Where the snapshot stands. ``genesis`` is an envelope; ``signers`` signed the last checkpoint."""

    genesis: bytes
    chain: tuple[Row, ...]
    certificate: Certificate

    @property
    def checkpoint(self) -> Checkpoint:
        return self.certificate.checkpoint


# -- the head ------------------------------------------------------------------------------------
def encode_head(genesis: tuple[bytes, bytes], chain: Iterable[Row], certificate: bytes) -> bytes:
    """``genesis`` is payload and signature."""
    return encode(
        {
            "v": VERSION, "type": TYPE, "genesis": pack(*genesis), "chain": chain_to_wire(list(chain)),
            "certificate": certificate,
        }
    )  # fmt: skip


def read_head(raw: bytes, org: bytes, anchor: tuple[int, bytes], signed: Signed) -> tuple[Head, Action]:
    """Read and check a foreign head; returns it with the genesis.

    ``anchor`` is the height and id that the invitation named, (0, b"") for none: the chain must pass it. Raises
    EncodingError where it is malformed, Poisoned where it does not hold.
    """
    if len(raw) > HEAD_BYTES_MAX:
        raise EncodingError("head too large")
    value = decode(raw)
    if type(value) is not dict or value.keys() != {"v", "type", "genesis", "chain", "certificate"}:
        raise EncodingError("not the fields of a snapshot's head")
    if value["v"] != VERSION or type(value["v"]) is not int or value["type"] != TYPE:
        raise EncodingError("unknown version of snapshot")
    if type(value["genesis"]) is not bytes or type(value["certificate"]) is not bytes:
        raise EncodingError("bad head")
    chain, certificate = chain_from_wire(value["chain"]), parse_certificate(value["certificate"])
    payload, signature = unpack(value["genesis"])
    genesis = genesis_of(org, payload)
    if genesis is None or not signed(genesis.by, signed_message(genesis.id), signature):
        raise Poisoned("genesis")
    found = verify_chain(genesis, chain, signed, anchor if anchor[0] else None)
    if isinstance(found, ChainFault):
        raise Poisoned(found.value)
    if anchor[0] and not found.anchored:
        raise Poisoned("anchor")
    if chain[-1].id != certificate.id or not has_quorum(certificate, _signers(genesis, chain), signed):
        raise Poisoned("certificate")
    return Head(value["genesis"], chain, certificate), genesis


def _signers(genesis: Action, chain: tuple[Row, ...]) -> tuple[bytes, ...]:
    """The witnesses that signed the last checkpoint of the chain."""
    return chain[-2].checkpoint.witnesses if len(chain) > 1 else (genesis.body["witness"],)


# -- roots and buckets ---------------------------------------------------------------------------
def certified_roots(checkpoint: Checkpoint) -> tuple[bytes, bytes, bytes]:
    """By tree number."""
    return checkpoint.state, checkpoint.results, checkpoint.frontier


def encode_roots(roots: Mapping[int, bytes]) -> bytes:
    """Roots of one tree's buckets that are not empty, by number."""
    return encode_trusted([[number, roots[number]] for number in sorted(roots) if roots[number] != EMPTY_ROOT])


def read_roots(raw: bytes, certified: bytes) -> dict[int, bytes]:
    """Bucket roots of one tree under its certified root. Raises EncodingError, Poisoned."""
    value = decode(raw)
    if type(value) is not list or len(value) > BUCKETS:
        raise EncodingError("not a list of bucket roots")
    roots: dict[int, bytes] = {}
    before = -1
    for row in value:
        if type(row) is not list or len(row) != 2 or type(row[0]) is not int or not before < row[0] < BUCKETS:
            raise EncodingError("bad bucket")
        if not is_bytes(row[1], 32):
            raise EncodingError("bad root")
        before = row[0]
        roots[before] = row[1]
    if MerkleMap(roots).root != certified:
        raise Poisoned("roots")
    return roots


def encode_bucket(entries: Mapping[bytes, bytes]) -> bytes:
    """The entries of a bucket, by key."""
    return encode_trusted([[key, entries[key]] for key in sorted(entries)])


def read_bucket(raw: bytes, slot: int, root: bytes) -> dict[bytes, bytes]:
    """The entries of the bucket in ``slot``, if they come out under its root. Raises EncodingError, Poisoned."""
    value = decode(raw)
    if type(value) is not list:
        raise EncodingError("not a bucket")
    entries: dict[bytes, bytes] = {}
    before = b""
    for row in value:
        if not _is_entry(row):
            raise EncodingError("bad entry")
        if row[0] <= before or bucket_of(row[0]) != slot % BUCKETS:
            raise Poisoned("bucket")
        before = row[0]
        entries[before] = row[1]
    if bucket_root(entries) != root:
        raise Poisoned("bucket")
    return entries


def _is_entry(row: Any) -> bool:
    if type(row) is not list or len(row) != 2 or type(row[0]) is not bytes or type(row[1]) is not bytes:
        return False
    return 0 < len(row[0]) <= KEY_BYTES_MAX
