"""Checkpoints and their certificates (protocol §4).

Checkpoint: DAG-CBOR map {v, org, height, previous, time, frontier, state, results, witnesses, rules};
its id is the SHA-256 digest. A precommit is an Ed25519 signature by a witness key over
prefix ‖ DAG-CBOR [height, round, checkpoint id]. A certificate carries both, and the part of the frontier
that this checkpoint moves, so that a peer knows which actions are under it: DAG-CBOR
[checkpoint bytes, [[witness key, round, signature], …], [[device, seq, head], …], [[device, seq, head], …]],
sorted by key, device, and device and head; the last list are extra heads (losing branches, protocol §3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from dao_app.core.encoding import decode, digest, encode
from dao_app.core.envelope import PRECOMMIT_PREFIX
from dao_app.core.errors import EncodingError
from dao_app.core.limits import SEQ_MAX

VERSION = 1
CERTIFICATE_BYTES_MAX = 4 * 1024 * 1024  # 10,000 devices x 80 bytes, with room
WITNESSES_MAX = 100
CHECKPOINT_BYTES_MAX = 8 * 1024  # 100 witnesses x 34 bytes and the roots, with room
_FIELDS = {
    "v", "org", "height", "previous", "time", "frontier", "state", "results", "witnesses", "rules",
}  # fmt: skip


class Checkpoint(NamedTuple):
    """``previous`` is the id of the checkpoint before, or the organisation's id at height 1."""

    org: bytes
    height: int
    previous: bytes
    time: int
    frontier: bytes
    state: bytes
    results: bytes
    witnesses: tuple[bytes, ...]  # next ones, in order
    rules: int


class Precommit(NamedTuple):
    witness: bytes
    round: int
    signature: bytes


class Move(NamedTuple):
    """A device's head under the frontier after this checkpoint."""

    device: bytes
    seq: int
    head: bytes


class Certificate(NamedTuple):
    id: bytes
    checkpoint: Checkpoint
    precommits: tuple[Precommit, ...]
    moves: tuple[Move, ...]
    extras: tuple[Move, ...]
    raw: bytes


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    return encode({"v": VERSION, **checkpoint._asdict(), "witnesses": list(checkpoint.witnesses)})


def precommit_message(height: int, round_: int, id_: bytes | None) -> bytes:
    """What a witness signs; None stands for nil."""
    return PRECOMMIT_PREFIX + encode([height, round_, id_])


def encode_certificate(
    checkpoint: bytes, precommits: Iterable[Precommit], moves: Iterable[Move], extras: Iterable[Move] = ()
) -> bytes:
    """``moves`` and ``extras`` are in order already."""
    rows = (sorted(precommits), moves, extras)
    return encode([checkpoint, *([list(row) for row in part] for part in rows)])


def quorum(witnesses: int) -> int:
    """2f+1 of n = 3f+1 witnesses."""
    return 2 * ((witnesses - 1) // 3) + 1


def has_quorum(
    certificate: Certificate, witnesses: Sequence[bytes], signed: Callable[[bytes, bytes, bytes], bool]
) -> bool:
    """Good precommits of a quorum of these witnesses in one round?

    Precommits of several rounds for one checkpoint are no decision: another may have been decided between them
    (a witness that precommitted may change over to what a later round had a quorum of prevotes for).
    ``signed`` judges (key, message, signature).
    """
    rounds: dict[int, int] = {}
    for precommit in certificate.precommits:
        message = precommit_message(certificate.checkpoint.height, precommit.round, certificate.id)
        if precommit.witness in witnesses and signed(precommit.witness, message, precommit.signature):
            rounds[precommit.round] = rounds.get(precommit.round, 0) + 1
    return max(rounds.values(), default=0) >= quorum(len(witnesses))


def parse_certificate(raw: bytes) -> Certificate:
    """Read a foreign certificate strictly; signatures are judged elsewhere. Raises EncodingError."""
    if len(raw) > CERTIFICATE_BYTES_MAX:
        raise EncodingError("certificate too large")
    parts = decode(raw)
    if type(parts) is not list or len(parts) != 4 or type(parts[0]) is not bytes:
        raise EncodingError("not a certificate")
    checkpoint = parse_checkpoint(parts[0])
    precommits = list_of_rows(parts[1], 3, WITNESSES_MAX)
    moves = parse_moves(parts[2], False)
    extras = parse_moves(parts[3], True)
    for key, round_, signature in precommits:
        if not is_bytes(key, 32) or not is_count(round_) or not is_bytes(signature, 64):
            raise EncodingError("bad precommit")
    if any(a[0] >= b[0] for a, b in zip(precommits, precommits[1:], strict=False)):
        raise EncodingError("rows out of order")
    return Certificate(
        digest(parts[0]),
        checkpoint,
        tuple(Precommit(*row) for row in precommits),
        moves,
        extras,
        raw,
    )


def parse_moves(value: Any, extra: bool) -> tuple[Move, ...]:
    """Frontier rows of a foreign object: one a device, or extra heads by (device, head). Raises EncodingError."""
    rows = list_of_rows(value, 3, CERTIFICATE_BYTES_MAX)
    for device, seq, head in rows:
        if not is_bytes(device, 32) or not is_bytes(head, 32) or not is_count(seq) or not 1 <= seq <= SEQ_MAX:
            raise EncodingError("bad frontier move")
    keys = [(row[0], row[2] if extra else b"") for row in rows]
    if any(a >= b for a, b in zip(keys, keys[1:], strict=False)):
        raise EncodingError("rows out of order")
    return tuple(Move(*row) for row in rows)


def list_of_rows(value: Any, width: int, most: int) -> list[list[Any]]:
    if type(value) is not list or len(value) > most:
        raise EncodingError("not a list of rows")
    if any(type(row) is not list or len(row) != width for row in value):
        raise EncodingError("bad row")
    return value


def parse_checkpoint(raw: bytes) -> Checkpoint:
    """Read a foreign checkpoint strictly. Raises EncodingError."""
    if len(raw) > CHECKPOINT_BYTES_MAX:
        raise EncodingError("checkpoint too large")
    value = decode(raw)
    if type(value) is not dict or value.keys() != _FIELDS:
        raise EncodingError("not the fields of a checkpoint")
    if value["v"] != VERSION or type(value["v"]) is not int:
        raise EncodingError("unknown version of checkpoint")
    for name in ("org", "previous", "frontier", "state", "results"):
        if not is_bytes(value[name], 32):
            raise EncodingError(f"bad {name}")
    for name in ("height", "time", "rules"):
        if not is_count(value[name]):
            raise EncodingError(f"bad {name}")
    witnesses = value["witnesses"]
    if type(witnesses) is not list or not 1 <= len(witnesses) <= WITNESSES_MAX:
        raise EncodingError("bad witnesses")
    if not all(is_bytes(w, 32) for w in witnesses) or value["height"] < 1:
        raise EncodingError("bad witnesses")
    return Checkpoint(
        value["org"], value["height"], value["previous"], value["time"], value["frontier"], value["state"],
        value["results"], tuple(witnesses), value["rules"],
    )


def is_bytes(value: Any, size: int) -> bool:
    return type(value) is bytes and len(value) == size


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
