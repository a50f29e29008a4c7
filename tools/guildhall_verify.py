#!/usr/bin/env python3
"""Checks what a Guildhall organisation exported, without Guildhall: a bundle or a proof, one file, no network.

A second implementation of docs/protocol.md, which needs Python 3.11 and PyNaCl and nothing else. From a bundle it
derives the whole history again: identifiers, signatures, chains, certificates, order, every action, every vote, every
balance, and compares each checkpoint's three roots. A proof it follows from the organisation's id to what it proves.

    python guildhall_verify.py FILE [--org HEX] [--anchor HEIGHT:HEX] [--file PATH] [--json] [--lang en|zh]

Exit status: 0 all that was checked is right; 1 something is wrong, the first thing is named; 2 the file or the command
cannot be read. It says as well what it could not check.

How it is built. The state is a map from keys to rows, a row a dict of the fields in the order of docs/protocol.md §7.
A rule is a function of a ``Turn``; it raises ``Refusal`` where the protocol rejects, and what it had changed by then
is undone by a journal. Each kind of action, effect and due transition enters its function in one of four tables.
"""

from __future__ import annotations

import argparse
import bisect
import contextlib
import hashlib
import heapq
import itertools
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions

# ======================================================================================================================
# Bounds, each with its unit and reason
# ======================================================================================================================
FILE_BYTES = 2 * 1024**3  # of the file that is read: it is held in memory
BLOCKS = 5_000_000  # blocks of a bundle
PAGE_ROWS = 1_000  # rows in one page of a bundle
PAGES = 20_000
RECOVERIES = 16_000  # signed recoveries in a bundle
RECOVERY_BYTES = 8_192  # of one
CERTIFICATE_BYTES = 4 * 1024**2
PROOF_BYTES = 2 * 1024**2
CHAIN_LINKS = 4_000  # checkpoints in a proof's chain of witness changes
WITNESSES = 100  # of one term
SAFE = 2**53 - 1  # the largest integer in a payload
POWER_BYTES = 32
DEPTH = 16  # nested lists, maps and links
PAYLOAD_BYTES = 65_536
PARENTS = 16  # dependencies of one action
SEQ = 2**32 - 1
TYPE_BYTES = 48
SEALED_PER_DEVICE = 256  # actions of one device in one checkpoint
SEALED_PER_MEMBER = 1_024  # and of one member with several
DUE_AT_ONCE = 100_000  # due transitions of one checkpoint
YEAR = 366 * 24 * 3_600_000  # ms: the longest period
YEAR_10000 = 253_402_300_800_000  # ms since 1970 UTC: where calendars end
DAY = 86_400_000
HOUR = 3_600_000
ROWS_LISTED = 64  # ids in one part of a register, lines in one part of a closed round

SUPPORTED_RULES = {1}


# ======================================================================================================================
# What can go wrong, and the words for it
# ======================================================================================================================
class Unreadable(Exception):
    """The file or the command is not what it should be (exit status 2)."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class Wrong(Exception):
    """Something that was checked does not hold (exit status 1)."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


class Refusal(Exception):
    """A rule of the protocol rejects an action or an effect; ``args[0]`` is the code."""


class NotCbor(ValueError):
    """Bytes outside the strict subset of DAG-CBOR."""


WORDS: dict[str, tuple[str, str]] = {}  # code: (English, Chinese); filled at the end of the file


def say(code: str, facts: dict[str, Any], chinese: bool) -> str:
    """A message in one language."""
    return WORDS[code][chinese].format(**{name: in_words(name, found, chinese) for name, found in facts.items()})


def in_words(name: str, found: Any, chinese: bool) -> Any:
    """A fact as people read it: parties and outcomes by name, times as dates, other bytes in hexadecimal."""
    if name == "party":
        kind = f"party_{chr(found[0])}"
        return say(kind if kind in WORDS else "party_e", {"id": found[1:]}, chinese)
    if name == "outcome":
        return say(f"outcome_{found}", {}, chinese) if f"outcome_{found}" in WORDS else one_line(found)
    if name == "time" and found < YEAR_10000:
        return f"{datetime.fromtimestamp(found // 1_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return found.hex() if isinstance(found, bytes) else found


# ======================================================================================================================
# DAG-CBOR, the strict subset (docs/protocol.md §2)
# ======================================================================================================================
class Cid(bytes):
    """A link: the SHA-256 digest of a dag-cbor block. Plain bytes of the same length are not one."""

    __slots__ = ()


LINK_HEAD = bytes.fromhex("0001711220")  # in a tag 42: a zero byte, then CIDv1, dag-cbor, sha2-256, 32 bytes
SIMPLE = {20: False, 21: True, 22: None}


def unpack(data: bytes) -> Any:
    """The value that these bytes encode. Raises NotCbor for whatever would not encode to the same bytes."""
    try:
        value, end = _item(data, 0, DEPTH)
    except (IndexError, UnicodeDecodeError) as error:
        raise NotCbor from error
    if end != len(data):
        raise NotCbor
    return value


def _number(data: bytes, at: int, low: int) -> tuple[int, int]:
    """The argument of a head whose low five bits are from 24 up, in its shortest form."""
    if low > 27:
        raise NotCbor
    size = 1 << low - 24
    found = int.from_bytes(data[at : at + size], "big")
    if at + size > len(data) or found < (24, 1 << 8, 1 << 16, 1 << 32)[low - 24]:
        raise NotCbor
    return found, at + size


def _item(data: bytes, at: int, room: int) -> tuple[Any, int]:
    head = data[at]
    major, number, at = head >> 5, head & 31, at + 1
    if major == 7:
        if number not in SIMPLE:
            raise NotCbor
        return SIMPLE[number], at
    if number > 23:
        number, at = _number(data, at, number)
    if major == 2 or major == 3:
        end = at + number
        if end > len(data):
            raise NotCbor
        return (data[at:end] if major == 2 else data[at:end].decode()), end
    if major < 2:
        if number + major > SAFE:
            raise NotCbor
        return (-1 - number if major else number), at
    if not room or (major < 6 and number > len(data)):
        raise NotCbor
    if major == 4:
        items = []
        for _ in range(number):
            value, at = _item(data, at, room - 1)
            items.append(value)
        return items, at
    return _map(data, at, number, room - 1) if major == 5 else _link(data, at, number)


def _map(data: bytes, at: int, size: int, room: int) -> tuple[dict[str, Any], int]:
    entries: dict[str, Any] = {}
    last = (-1, b"")
    for _ in range(size):
        start = at
        key, at = _item(data, at, 0)
        if type(key) is not str:
            raise NotCbor
        order = (at - start, data[start:at])  # heads are the shortest, so this is by length, then by bytes
        if order <= last:
            raise NotCbor
        last = order
        entries[key], at = _item(data, at, room)
    return entries, at


def _link(data: bytes, at: int, tag: int) -> tuple[Cid, int]:
    end = at + 39
    if tag != 42 or data[at : at + 7] != b"\x58\x25" + LINK_HEAD or end > len(data):
        raise NotCbor
    return Cid(data[at + 7 : end]), end


def pack(value: Any) -> bytes:
    """Canonical bytes of a value; integers up to 64 bits, as the state may hold."""
    out = bytearray()
    _emit(out, value)
    return bytes(out)


def _emit_head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    size = 1 if number < 1 << 8 else 2 if number < 1 << 16 else 4 if number < 1 << 32 else 8
    out.append(major << 5 | 23 + size.bit_length())
    out += number.to_bytes(size, "big")


def _emit(out: bytearray, value: Any) -> None:
    kind = type(value)
    if kind is bytes:
        _emit_head(out, 2, len(value))
        out += value
    elif kind is int:
        _emit_head(out, int(value < 0), value if value >= 0 else -1 - value)
    elif kind is str:
        raw = value.encode()
        _emit_head(out, 3, len(raw))
        out += raw
    elif kind is tuple or kind is list:
        _emit_head(out, 4, len(value))
        for item in value:
            _emit(out, item)
    elif value is None or kind is bool:
        out.append(0xF6 if value is None else 0xF4 + value)
    elif kind is Cid:
        out += b"\xd8\x2a\x58\x25" + LINK_HEAD + value
    else:
        _emit_head(out, 5, len(value))
        for key in sorted(value, key=lambda key: (len(key.encode()), key.encode())):
            _emit(out, key)
            _emit(out, value[key])


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def as_power(value: Any) -> int | None:
    """The power that a payload means; None where it is none."""
    if type(value) is int:
        return value if value >= 0 else None
    if type(value) is bytes and 0 < len(value) <= POWER_BYTES and value[0]:
        number = int.from_bytes(value, "big")
        return number if number > SAFE else None
    return None


def wire(power: int) -> int | bytes:
    """A power as it is written: an integer, or above 2**53-1 its bytes."""
    return power if power <= SAFE else power.to_bytes(-(-power.bit_length() // 8), "big")


# ======================================================================================================================
# Signatures: libsodium alone, with the verdicts of docs/protocol.md §2
# ======================================================================================================================
def _sodium(key: bytes, message: bytes, signature: bytes) -> bool:
    with contextlib.suppress(nacl.exceptions.CryptoError, ValueError):
        return nacl.bindings.crypto_sign_open(signature + message, key) == message
    return False


def is_point(key: bytes) -> bool:
    """May this be a key: a point of the main subgroup, canonically encoded?"""
    return len(key) == 32 and bool(nacl.bindings.crypto_core_ed25519_is_valid_point(key))


# key, message, signature in two halves, verdicts without and with cofactor (six of golden_ed25519.json)
GOLDEN = """
f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427 6775696c6468616c6c20676f6c64656e20766563746f72
b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23
4c372e632566b242375b202ae43ba07c95b4bb622c229cb07554686e49f7cb0b y y
f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427 6775696c6468616c6c20676f6c64656e20766563746f7221
b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23
4c372e632566b242375b202ae43ba07c95b4bb622c229cb07554686e49f7cb0b n n
8fa54a0ec08f7dc0d841f4082c6dcf605ac819d10241e7838c6cb4dbb40fb1dd 676f6c64656e2031
b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23
66439159c0e296e48946c69698bac48b892b495994b1ff99747f8964088ee105 n y
f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427 6775696c6468616c6c20676f6c64656e20766563746f72
186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e
7d42dd1d5e955548a73f8c850101147abdfdc097f5f9fb91d7b8b53bbd0aa30e n y
8fa54a0ec08f7dc0d841f4082c6dcf605ac819d10241e7838c6cb4dbb40fb1dd 676f6c64656e2030
4c261951fba9f4ba7ece40431f212269f58becc2473c54cecda0e8f1e6f9d253
a8991b3f160faed3302eee8a4d3e1cf385bf33799340cd3f6bec694c3027410c y y
eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f 6775696c6468616c6c20676f6c64656e20766563746f72
b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23
e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207 n n
"""


class Signatures:
    """Verdicts, and how many signatures were found good."""

    def __init__(self) -> None:
        self.good = 0
        cells = GOLDEN.split()
        rows = [cells[start : start + 6] for start in range(0, len(cells), 6)]
        found = "".join("ny"[_sodium(*map(bytes.fromhex, (key, text, r + s)))] for key, text, r, s, *_ in rows)
        plain, cofactored = ("".join(row[place] for row in rows) for place in (4, 5))
        if found == plain:
            self.checks_point = False
        elif found == cofactored:
            self.checks_point = True
        else:
            raise Unreadable("library")

    def holds(self, key: bytes, message: bytes, signature: bytes) -> bool:
        if self.checks_point and not is_point(signature[:32]):
            return False
        good = _sodium(key, message, signature)
        self.good += good
        return good


def signed_text(what: str, body: bytes) -> bytes:
    """The message under a signature: what is signed, its version and a zero byte, then the body."""
    return b"guildhall/" + what.encode() + b"/1\0" + body


# ======================================================================================================================
# Trees (docs/protocol.md §4; RFC 6962 §2.1)
# ======================================================================================================================
EMPTY = hashlib.sha256(b"").digest()
BUCKETS = 4_096


def mth(leaves: Iterable[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes: complete subtrees wait on a stack until their neighbour is there."""
    waiting: list[tuple[bytes, int]] = []
    for leaf in leaves:
        top, size = leaf, 1
        while waiting and waiting[-1][1] == size:
            top, size = sha(b"\x01", waiting.pop()[0], top), 2 * size
        waiting.append((top, size))
    if not waiting:
        return EMPTY
    root, _ = waiting.pop()
    while waiting:
        root = sha(b"\x01", waiting.pop()[0], root)
    return root


def climb(leaf: bytes, place: int, size: int, path: list[bytes]) -> bytes | None:
    """The root to which an audit path (nearest sibling first) leads; None where it does not fit the tree."""
    if not 0 <= place < size:
        return None
    if size == 1:
        return None if path else leaf
    if not path:
        return None
    left = 1 << (size - 1).bit_length() - 1
    if place < left:
        below = climb(leaf, place, left, path[:-1])
        return None if below is None else sha(b"\x01", below, path[-1])
    below = climb(leaf, place - left, size - left, path[:-1])
    return None if below is None else sha(b"\x01", path[-1], below)


def bucket_number(key: bytes) -> int:
    return int.from_bytes(sha(key)[:2], "big") >> 4


def entry_leaf(key: bytes, value: bytes) -> bytes:
    return sha(b"\x00\x82", pack(key), value)


class MapTree:
    """One of the three maps: leaf hashes by bucket, and the upper tree as a heap (node 1 is the root)."""

    def __init__(self) -> None:
        self.leaves: dict[int, dict[bytes, bytes]] = {}
        self.heap = [b""] * BUCKETS + [sha(b"\x00", EMPTY)] * BUCKETS
        for node in range(BUCKETS - 1, 0, -1):
            self.heap[node] = sha(b"\x01", self.heap[2 * node], self.heap[2 * node + 1])
        self.stale: set[int] = set()

    def write(self, key: bytes, value: bytes | None) -> None:
        number = bucket_number(key)
        bucket = self.leaves.setdefault(number, {})
        if value is None:
            bucket.pop(key, None)
        else:
            bucket[key] = entry_leaf(key, value)
        self.stale.add(number)

    def root(self) -> bytes:
        heap = self.heap
        nodes = set()
        for number in self.stale:
            bucket = self.leaves[number]
            heap[BUCKETS + number] = sha(b"\x00", mth(bucket[key] for key in sorted(bucket)))
            nodes.add((BUCKETS + number) // 2)
        self.stale.clear()
        while nodes:
            for node in nodes:
                heap[node] = sha(b"\x01", heap[2 * node], heap[2 * node + 1])
            nodes = {node // 2 for node in nodes if node > 1}
        return heap[1]


# ======================================================================================================================
# Actions and their chains (docs/protocol.md §2, §3)
# ======================================================================================================================
PAYLOAD_FIELDS = {"v", "org", "by", "seq", "prev", "deps", "at", "type", "body"}
FIRST = ("org.create", "member.join", "device.certify")  # the types that bring a device in
TAKES_RIGHTS = {
    "device.fork", "device.revoke", "emergency.stop", "invite.revoke", "member.leave", "role.take", "witness.evidence",
}


class Signed:
    """One action as it was signed."""

    __slots__ = ("at", "body", "by", "id", "org", "parents", "prev", "seq", "type")

    def __init__(self, id_: bytes, payload: bytes) -> None:
        """Raises NotCbor for a payload of any other form."""
        found = unpack(payload) if len(payload) <= PAYLOAD_BYTES else None
        if type(found) is not dict or found.keys() != PAYLOAD_FIELDS:
            raise NotCbor
        self.id = id_
        self.org, self.by, self.seq, self.prev = found["org"], found["by"], found["seq"], found["prev"]
        self.at, self.type, self.body = found["at"], found["type"], found["body"]
        deps = found["deps"]
        founds = self.type == "org.create"
        fits = (
            is_one(found["v"])
            and is_key(self.by)
            and (self.org is None if founds else is_key(self.org))
            and type(self.seq) is int and 1 <= self.seq <= SEQ
            and (self.prev is None if self.seq == 1 else type(self.prev) is Cid)
            and type(deps) is list and len(deps) <= PARENTS and all(type(dep) is Cid for dep in deps)
            and len(set(deps)) == len(deps)
            and type(self.at) is int and self.at >= 0
            and type(self.type) is str and 0 < len(self.type.encode()) <= TYPE_BYTES
            and type(self.body) is dict
            and not (founds and (self.seq != 1 or deps))
        )  # fmt: skip
        if not fits:
            raise NotCbor
        self.parents: set[bytes] = {*map(bytes, deps), *([bytes(self.prev)] if self.prev else [])}


def opened_envelope(envelope: Any) -> tuple[Signed, bytes]:
    """The action in an envelope and its signature. Raises NotCbor."""
    parts = unpack(envelope) if type(envelope) is bytes else None
    if type(parts) is not list or len(parts) != 2 or type(parts[0]) is not bytes or not is_signature(parts[1]):
        raise NotCbor
    return Signed(sha(parts[0]), parts[0]), parts[1]


def forked_pair(one: Any, two: Any) -> tuple[Signed, Signed, bytes, bytes] | None:
    """Two different actions of one device and seq, the lesser id first, with their signatures."""
    try:
        (first, sign), (second, also) = opened_envelope(one), opened_envelope(two)
    except NotCbor:
        return None
    alike = (first.by, first.seq, first.org) == (second.by, second.seq, second.org)
    pair = (first, second, bytes(sign), bytes(also))
    return pair if alike and first.id < second.id else None


class Vote:
    """What a witness signs at a height: step 0 is a prevote, 1 a precommit."""

    def __init__(self, raw: Any) -> None:
        """Raises NotCbor for anything else."""
        parts = unpack(raw) if type(raw) is bytes else None
        if type(parts) is not list or len(parts) != 7:
            raise NotCbor
        self.step, self.height, self.round, self.id, self.witness, missing, self.signature = parts
        nil = self.step == 0 and self.id is None
        fits = (
            type(self.step) is int and self.step in (0, 1)
            and is_count(self.height) and self.height > 0
            and is_count(self.round) and self.round <= 1_000_000
            and (self.id is None or is_key(self.id)) and is_key(self.witness) and is_signature(self.signature)
            and is_list(missing, 256, is_key) and (nil or not missing)
        )  # fmt: skip
        if not fits:
            raise NotCbor

    def check(self) -> tuple[bytes, bytes, bytes]:
        """Key, message and signature."""
        what = "precommit" if self.step else "prevote"
        return self.witness, signed_text(what, pack([self.height, self.round, self.id])), self.signature


def double_vote(one: Any, two: Any) -> tuple[Vote, Vote] | None:
    """Two votes of one witness for one height, round and step, and for different ids."""
    try:
        first, second = Vote(one), Vote(two)
    except NotCbor:
        return None
    places = [(vote.step, vote.height, vote.round, vote.witness) for vote in (first, second)]
    return (first, second) if places[0] == places[1] and first.id != second.id else None


class Log:
    """Admitted actions: what hangs together, is signed and certified (docs/protocol.md §3, admission)."""

    def __init__(self, org: bytes, signatures: Signatures) -> None:
        self.org = org
        self.signatures = signatures
        self.actions: dict[bytes, Signed] = {}
        self.heads: dict[bytes, set[bytes]] = {}  # newest actions of each device; more than one where it forked
        self.forked: set[bytes] = set()
        self.taken: set[tuple[bytes, int]] = set()

    def admit(self, payload: bytes, id_: bytes, signature: Any) -> None:
        try:
            action = Signed(id_, payload)
        except NotCbor as error:
            raise Wrong("action_form", id=id_) from error
        message = signed_text("action", id_)
        if not is_signature(signature) or not self.signatures.holds(action.by, message, signature):
            raise Wrong("action_signature", id=id_, device=action.by)
        if (id_ if action.type == "org.create" else action.org) != self.org:
            raise Wrong("action_other_org", id=id_)
        self._hang(action)
        self._certify(action)
        self.actions[id_] = action

    def _hang(self, action: Signed) -> None:
        """Its parents are here, its chain goes on without a hole, and its time is not before theirs."""
        for parent in action.parents:
            found = self.actions.get(parent)
            if found is None:
                raise Wrong("action_parent", id=action.id, parent=parent)
            if found.at > action.at:
                raise Wrong("action_time", id=action.id, parent=parent)
        heads = self.heads.setdefault(action.by, set())
        if action.prev is not None:
            before = self.actions[action.prev]
            if before.by != action.by or before.seq != action.seq - 1:
                raise Wrong("action_chain", id=action.id, device=action.by, seq=action.seq)
            heads.discard(action.prev)
        if (action.by, action.seq) in self.taken:
            self.forked.add(action.by)
        self.taken.add((action.by, action.seq))
        heads.add(action.id)

    def _certify(self, action: Signed) -> None:
        """A device comes in with its first action, whose inner signatures hold; every new key is a point."""
        body, keys, checks = action.body, [], []
        if (action.seq == 1) != (action.type in FIRST):
            raise Wrong("device_uncertified", id=action.id, device=action.by)
        if action.type == "invite.create" and is_key(body.get("bearer")):
            keys = [body["bearer"]]
        elif action.type == "device.fork":
            pair = forked_pair(body.get("one"), body.get("two"))
            if pair is None:
                raise Wrong("inner_signature", id=action.id)
            checks = [(a.by, signed_text("action", a.id), sign) for a, sign in zip(pair[:2], pair[2:], strict=True)]
        elif action.type == "guardian.approve" and is_key(body.get("root")):
            keys = [body["root"]]
        elif action.type in ("device.revoke", "guardian.set"):
            if not fits_body(action.type, body):
                raise Wrong("action_form", id=action.id)
            if action.type == "device.revoke":
                said = signed_text("revoke", pack([action.org, body["device"]]))
            else:
                listed = [action.org, body["root"], body["version"], body["needed"], body["guardians"]]
                said = signed_text("guardians", pack(listed))
            checks = [(body["root"], said, body["sig"])]
        elif action.type == "witness.evidence":
            votes_ = double_vote(body.get("one"), body.get("two"))
            if votes_ is None or not fits_body(action.type, body):
                raise Wrong("inner_signature", id=action.id)
            checks = [vote.check() for vote in votes_]
        elif action.type == "witness.ready":
            if not fits_body(action.type, body):
                raise Wrong("action_form", id=action.id)
            keys = [body["key"]]
            declared = signed_text("witness", pack([action.org, body["term"], action.by, body["key"]]))
            checks = [(body["key"], declared, body["proof"])]
        elif action.type in FIRST:
            if not fits_body(action.type, body):
                raise Wrong("action_form", id=action.id)
            keys = [action.by, body["root"], *([body["witness"]] if action.type == "org.create" else [])]
            checks = [(body["root"], signed_text("device", pack([action.org, action.by])), body["cert"])]
            if action.type == "member.join":
                proof = signed_text("bearer", pack([action.org, body["root"], action.by]))
                checks.append((self._bearer(action), proof, body["proof"]))
        if not all(map(is_point, keys)):
            raise Wrong("weak_key", id=action.id)
        if not all(self.signatures.holds(*check) for check in checks):
            raise Wrong("inner_signature", id=action.id)

    def _bearer(self, action: Signed) -> bytes:
        invite = self.actions.get(action.body["invite"]) if action.body["invite"] in action.parents else None
        if invite is None or invite.type != "invite.create" or not is_key(invite.body.get("bearer")):
            raise Wrong("action_parent", id=action.id, parent=bytes(action.body["invite"]))
        return bytes(invite.body["bearer"])


# ======================================================================================================================
# Shapes of bodies (docs/protocol.md §9.2)
# ======================================================================================================================
Check = Callable[[Any], bool]
BLANKS = frozenset("\u0020\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
CONTROLS = re.compile("[\u0000-\u001f\u007f-\u009f]")
ROLE_CODE = re.compile("[a-z][a-z0-9-]{0,31}")


def is_key(value: Any) -> bool:
    return type(value) is bytes and len(value) == 32


def is_one(value: Any) -> bool:
    """The version 1, which true is not."""
    return type(value) is int and value == 1


def is_signature(value: Any) -> bool:
    return type(value) is bytes and len(value) == 64


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= SAFE


def is_text(value: Any, most: int) -> bool:
    return type(value) is str and 0 < len(value.encode()) <= most and not CONTROLS.search(value)


def is_title(value: Any) -> bool:
    return is_text(value, 400) and not BLANKS.issuperset(value)


def is_name(value: Any) -> bool:
    return is_text(value, 64)


def is_reference(value: Any) -> bool:
    if type(value) is not dict or value.keys() != {"hash", "size", "kind"}:
        return False
    size = value["size"]
    return is_key(value["hash"]) and type(size) is int and 0 < size <= 256 * 1024 and is_name(value["kind"])


def is_party(value: Any) -> bool:
    return type(value) is bytes and (value == b"o" or (len(value) == 33 and value[:1] in (b"m", b"d", b"f")))


def is_list(value: Any, most: int, check: Check) -> bool:
    return type(value) is list and len(value) <= most and all(map(check, value))


def is_row(value: Any, *checks: Check) -> bool:
    return type(value) is list and len(value) == len(checks) and all(c(v) for c, v in zip(checks, value, strict=True))


def is_map(value: Any, most: int, check: Check) -> bool:
    return type(value) is dict and len(value) <= most and all(is_name(k) and check(v) for k, v in value.items())


def is_envelope(value: Any) -> bool:
    return type(value) is bytes and 0 < len(value) <= PAYLOAD_BYTES // 2


def anything(value: Any) -> bool:
    return True


CHECKS: dict[str, Check] = {
    "any": anything,
    "key": is_key,
    "signature": is_signature,
    "nonce": lambda v: type(v) is bytes and len(v) == 16,
    "link": lambda v: type(v) is Cid,
    "count": is_count,
    "flag": lambda v: type(v) is bool,
    "title": is_title,
    "line": lambda v: v == "" or is_title(v),
    "name": is_name,
    "code": lambda v: type(v) is str and ROLE_CODE.fullmatch(v) is not None,
    "ref": is_reference,
    "party": is_party,
    "envelope": is_envelope,
    "vote": lambda v: type(v) is bytes and 0 < len(v) <= 512,
    "guardians": lambda v: is_list(v, 9, is_key),
    "seals": lambda v: is_list(v, 400, lambda r: is_row(r, is_key, lambda s: type(s) is bytes and len(s) == 80)) and v,
    "seated": lambda v: is_list(v, WITNESSES, is_key),
    "counts": lambda v: is_map(v, 256, is_count),
    "settings": lambda v: is_map(v, 16, anything),
    "units": lambda v: is_list(v, 8, lambda r: is_row(r, is_name, is_title, is_title, is_count, is_count)),
    "sums": lambda v: is_list(v, 8, lambda r: is_row(r, is_name, is_count)),
    "labels": lambda v: is_list(v, 16, is_name),
    "steps": lambda v: is_list(v, 50, is_title),
    "files": lambda v: is_list(v, 16, lambda r: is_row(r, is_key, is_title, is_count)),
    "links": lambda v: is_list(v, 16, lambda one: type(one) is Cid),
    "addresses": lambda v: is_list(v, 8, is_title),
    "shares": lambda v: is_list(v, 16, lambda r: is_row(r, is_key, is_count)),
    "gifts": lambda v: is_list(v, 256, lambda r: is_row(r, is_key, is_count)),
    "mentions": lambda v: is_list(v, 16, is_key),
    "options": lambda v: is_list(v, 64, is_title),
    "table": lambda v: is_list(v, 1_000, lambda r: is_row(r, is_key, anything)),
    "stances": lambda v: is_list(v, 4, is_name),
    "evidence": lambda v: is_list(v, 8, lambda r: is_row(r, is_title, lambda h: h is None or is_key(h))),
    "projects": lambda v: is_list(v, 64, lambda r: is_row(r, is_title, is_party)),
    "scope": lambda v: v is None or is_key(v) or is_list(v, 256, is_key),
    "permissions": lambda v: is_list(v, 64, is_name),
    "candidates": lambda v: is_list(v, 64, is_key),
}


class Shape:
    """Fields of a body from a line such as ``task:link note?:ref to:key~``: ``?`` may be missing, ``~`` may be null."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.needed: dict[str, Check] = {}
        self.allowed: dict[str, Check] = {}
        for word in line.split():
            name, _, kind = word.partition(":")
            check = self._nullable(CHECKS[kind[:-1]]) if kind.endswith("~") else CHECKS[kind]
            self.allowed[name.rstrip("?")] = check
            if not name.endswith("?"):
                self.needed[name] = check

    @staticmethod
    def _nullable(check: Check) -> Check:
        return lambda value: value is None or check(value)

    def fits(self, body: dict[str, Any]) -> bool:
        if not self.needed.keys() <= body.keys() <= self.allowed.keys():
            return False
        return all(self.allowed[name](value) for name, value in body.items())


TERMS = (
    "title:title unit:line amount:count payer:party lifetime:count text?:ref labels?:labels priority?:name due?:count"
    " estimate?:count checklist?:steps files?:files depends?:links every?:count approval?:flag seats?:count"
    " department?:link"
)
SHAPES: dict[str, Shape] = {}  # of action bodies
RULES: dict[str, Callable[[Turn], str | None]] = {}  # of actions, by type


def action(kind: str, line: str = "") -> Callable[[Any], Any]:
    """Enter the rule of a type of action together with the shape of its body."""

    def enter(rule: Any) -> Any:
        SHAPES[kind] = Shape(line)
        RULES[kind] = rule
        return rule

    return enter


def fits_body(kind: str, body: dict[str, Any]) -> bool:
    return SHAPES[kind].fits(body)


def ref_of(body: dict[str, Any], field: str) -> tuple[bytes, int] | None:
    """Hash and size of detached content that a body may name."""
    found = body.get(field)
    return None if found is None else (found["hash"], found["size"])


# ======================================================================================================================
# The state: rows by key, with a journal (docs/protocol.md §4, §7)
# ======================================================================================================================
Row = dict[str, Any]
FIELDS: dict[str, tuple[str, ...]] = {
    kind: tuple(names.split())
    for kind, names in {
        "o": "name purpose founder charter units rules roles",
        "n": "tasks proposals members stewards place joined departments delegators amendments rounds matches",
        "m": "status grants joined invited_by action profile open_invites spans reserving stances suspended_until"
        " devices",
        "d": "member status since",
        "i": "bearer role inviter uses used lifetime expires status note",
        "t": "number title opener payer unit amount department status version round opened assignees applicants ticks"
        " started expires returns resumes stopped closed proposal dispute comments",
        "T": "text labels priority due estimate checklist files depends every approval seats lifetime",
        "s": "action by note files links reviewer review",
        "p": "number title text author kind method parameters options effects department topic version discussion"
        " voting power_kind power_unit min_support seconders bond reserved status opened opens closes electorate"
        " voters power voted chunks rules leader extended execution reason retry_until comments",
        "v": "rows",
        "w": "rows",
        "r": "number method options scores winners tie valid_power electorate_power voted carried_power lost_power"
        " outcome height closed",
        "c": "target author text mentions",
        "M": "ids",
        "N": "ids",
        "l": "ids",
        "R": "name_en name_zh permissions cause",
        "D": "name parent status cause depth below reserved",
        "B": "department unit amount until",
        "g": "rows",
        "C": "name old new proposal time",
        "A": "title text time replaced",
        "E": "supporters asked until overruled free",
        "F": "name register signers dual status cause handover",
        "P": "firm to unit amount memo by status",
        "U": "payee payer unit amount memo status",
        "X": "payer to unit amount paid instalments done every next revocable cause status",
        "k": "author title text source task unit amount status endorsers sealed comments category department value"
        " disputes counted kept hour",
        "K": "points",
        "S": "value hour",
        "H": "rows",
        "J": "number title text opener payer unit amount kind policy look to givers receivers points peer_bp window"
        " status opened closes gave voters given lines closed",
        "G": "rows note action dropped",
        "L": "rows",
        "Y": "rounds",
        "y": "points paid periods seen",
        "Q": "number title text opener payer unit amount projects mode bound window status opened closes backers"
        " pairs closed",
        "b": "amount",
        "O": "to by currency amount decimals reference day status answer",
        "a": "balance incoming",
        "u": "name_en name_zh decimals cap supply reserved issued period",
        "q": "items",
        "z": "by height",
        "h": "member action size height title",
        "W": "term seats reserve faulty since cause by_vote versions",
        "V": "cause term seats ranked ready until by_vote",
        "x": "version cause since",
        "e": "height key_id before",
        "I": "member status",
        "j": "guardians needed version current approvals root until",
    }.items()
}
ORG, TOTALS, STOP, LIVES = b"o", b"n", b"E", b"H"  # keys of the rows that are there once
SEATS, ELECTION, ACTIVATION = b"W", b"V", b"x"
EPOCH = b"e"
GONE = ("left", "expelled")
TREASURY = b"o"  # the party


def make(kind: str, *values: Any, **named: Any) -> Row:
    """A row of this kind: values in the order of the fields, then others by name."""
    fields = FIELDS[kind]
    row = dict(zip(fields, values, strict=False))
    row.update((name, named.pop(name)) for name in fields[len(values) :])
    if named:
        raise KeyError(*named)
    return row


def account_key(party: bytes, unit: str) -> bytes:
    return b"a" + party + b"/" + unit.encode()


def numbered(kind: bytes, number: int, of: bytes = b"") -> bytes:
    """Key of a part of a list: 4 bytes count the parts."""
    return kind + of + number.to_bytes(4, "big")


class Book:
    """All rows as they stand. ``before`` has those that the checkpoint being formed changed, as they were."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Row] = {}
        self.before: dict[bytes, Row | None] = {}
        self.journal: list[tuple[bytes, Row | None]] = []
        self.begun: list[tuple[str, bytes, int, int]] = []  # what, id, place in the final order, duration in ms
        self.hours: list[int] = []  # a heap: hours that may have something on the agenda
        self.movements = 0
        self.results: dict[bytes, Row] = {}  # of votes that the checkpoint being formed closed

    def get(self, key: bytes) -> Row | None:
        return self.rows.get(key)

    def __getitem__(self, key: bytes) -> Row:
        return self.rows[key]

    def __contains__(self, key: bytes) -> bool:
        return key in self.rows

    def put(self, key: bytes, row: Row | None) -> None:
        old = self.rows.get(key)
        self.before.setdefault(key, old)
        self.journal.append((key, old))
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row

    def change(self, key: bytes, **fields: Any) -> Row:
        row = {**self.rows[key], **fields}
        self.put(key, row)
        return row

    def add(self, key: bytes, **by: int) -> None:
        """Add to whole numbers of a row."""
        row = self.rows[key]
        self.change(key, **{name: row[name] + number for name, number in by.items()})

    def mark(self) -> tuple[int, int, int]:
        return len(self.journal), len(self.begun), self.movements

    def undo(self, mark: tuple[int, int, int]) -> None:
        """Take back whatever came after the mark."""
        while len(self.journal) > mark[0]:
            key, old = self.journal.pop()
            if old is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = old
        del self.begun[mark[1] :]
        self.movements = mark[2]

    # -- money -----------------------------------------------------------------------------------
    def balance(self, party: bytes, unit: str) -> int:
        found = self.rows.get(account_key(party, unit))
        return found["balance"] if found else 0

    def move(self, source: bytes, target: bytes, unit: str, amount: int) -> None:
        """From one party's balance to what is coming in for another; no source where it is issued."""
        if source:
            key = account_key(source, unit)
            self.change(key, balance=self.rows[key]["balance"] - amount)
        key = account_key(target, unit)
        found = self.rows.get(key) or make("a", 0, 0)
        self.put(key, {**found, "incoming": found["incoming"] + amount})
        self.movements += 1

    # -- time ------------------------------------------------------------------------------------
    def agenda(self, time: int, place: int, what: str, target: bytes) -> None:
        """Let something become due."""
        hour = time // HOUR
        key = b"q" + hour.to_bytes(6, "big")
        items = list(self.rows[key]["items"]) if key in self.rows else []
        bisect.insort(items, (time, place, what, target))
        self.put(key, make("q", tuple(items)))
        heapq.heappush(self.hours, hour)

    def take_due(self, first_hour: int, until: int) -> tuple[int, int, str, bytes] | None:
        """The first thing that is due by ``until``, taken off the agenda."""
        while self.hours and self.hours[0] * HOUR <= until:
            key = b"q" + self.hours[0].to_bytes(6, "big")
            if self.hours[0] < first_hour or key not in self.rows:
                heapq.heappop(self.hours)
                continue
            items = self.rows[key]["items"]
            if items[0][0] > until:
                return None
            self.put(key, make("q", items[1:]) if len(items) > 1 else None)
            first: tuple[int, int, str, bytes] = items[0]
            return first
        return None

    def carry_over(self, first_hour: int, until: int) -> None:
        """What is still due in hours before that of ``until`` waits there for the next checkpoint."""
        last = until // HOUR
        for hour in sorted(set(self.hours)):
            key = b"q" + hour.to_bytes(6, "big")
            if first_hour <= hour < last and key in self.rows:
                into = b"q" + last.to_bytes(6, "big")
                later = self.rows[into]["items"] if into in self.rows else ()
                items = self.rows[key]["items"]
                self.put(key, None)
                self.put(into, make("q", tuple(sorted((*items, *later)))))
                heapq.heappush(self.hours, last)


class Past:
    """The rows as they stood before the checkpoint being formed, to be read only."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def get(self, key: bytes) -> Row | None:
        return self.book.before[key] if key in self.book.before else self.book.rows.get(key)

    def __getitem__(self, key: bytes) -> Row:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def balance(self, party: bytes, unit: str) -> int:
        found = self.get(account_key(party, unit))
        return found["balance"] if found else 0


Reader = Book | Past


class Turn:
    """One judgement: an action, or something due. ``time`` is what the rules call now (ms, sealed), ``height`` that of
    the checkpoint being formed, ``place`` the place in the final order of what caused it."""

    __slots__ = ("by", "body", "book", "height", "id", "member", "org", "place", "previous", "rights", "root", "since",
                 "time")  # fmt: skip

    def __init__(self, book: Book, time: int, height: int, place: int, previous: bytes, since: int) -> None:
        self.book, self.time, self.height, self.place = book, time, height, place
        self.previous, self.since = previous, since  # id and time of the checkpoint before
        self.id = self.by = self.org = self.root = b""
        self.body: dict[str, Any] = {}
        self.member: Row = {}
        self.rights: frozenset[str] = frozenset()

    def begin(self, what: str, id_: bytes, duration: int = 0) -> None:
        """Let the checkpoint being formed begin something after its actions."""
        self.book.begun.append((what, bytes(id_), self.place, duration))


def refuse(when: Any, code: str) -> None:
    """Reject for this reason where it applies."""
    if when:
        raise Refusal(code)


# ======================================================================================================================
# Roles and members (docs/protocol.md §9.3)
# ======================================================================================================================
def _roles() -> dict[str, frozenset[str]]:
    speak = "comment.add content.erase "
    own = speak + "token.transfer token.tip "
    vote = "vote.cast vote.delegate "
    work = (
        own + vote + "task.open task.claim task.submit task.review proposal.open proposal.second contribution.claim"
        " contribution.endorse invite.create firm.manage "
    )
    manage = (
        work + "task.fund task.cancel proposal.table proposal.steward invite.role department.manage round.open"
        " contribution.value "
    )
    money = work + "task.fund treasury.spend token.issue payout.record round.open "
    lines = {
        "founder": manage + money, "steward": manage, "treasurer": money, "witness": work, "member": work,
        "partner": work, "investor": own + vote, "observer": speak,
        "auditor": speak + vote + "contribution.endorse proposal.second emergency.stop",
    }  # fmt: skip
    return {role: frozenset(line.split()) for role, line in lines.items()}


ROLES = _roles()
ALL_RIGHTS = frozenset().union(*ROLES.values())
NEVER_DEFINED = {"vote.cast", "vote.delegate", "proposal.steward"}
HELD_APART = {"emergency.stop"}  # who gives roles may give it without having it


def rights_of_role(book: Reader, code: str) -> frozenset[str]:
    if code in ROLES:
        return ROLES[code]
    found = book.get(b"R" + code.encode())
    return frozenset(found["permissions"]) if found else frozenset()


def rights_everywhere(book: Reader, member: Row) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for role, department, _, _ in member["grants"]:
        if not department:
            found |= rights_of_role(book, role)
    return found


def holds_built_in(member: Row, right: str) -> bool:
    """Is the member active, with a built-in role in the whole organisation that has this right?"""
    return member["status"] == "active" and any(
        not department and right in ROLES.get(role, ()) for role, department, _, _ in member["grants"]
    )


def votes(member: Row) -> bool:
    return holds_built_in(member, "vote.cast")


def steers(member: Row) -> bool:
    return holds_built_in(member, "proposal.steward")


def voted_at(member: Row, height: int) -> bool:
    return any(first <= height and (not end or height < end) for first, end in member["spans"])


def put_member(t: Turn, root: bytes, member: Row) -> None:
    """Write a member, keep the numbers of voters and stewards and the heights at which there is a vote."""
    key, book = b"m" + root, t.book
    old = book.get(key)
    had, steered = (votes(old), steers(old)) if old else (False, False)
    has = votes(member)
    if has and not had:
        member = {**member, "spans": (*member["spans"], (t.height, 0))[-8:]}
    elif had and not has:
        member = {**member, "spans": (*member["spans"][:-1], (member["spans"][-1][0], t.height))}
    if old is None:
        enlist(book, numbered(b"M", book[TOTALS]["joined"] // ROWS_LISTED), root)
    book.put(key, member)
    book.add(TOTALS, members=has - had, stewards=steers(member) - steered, joined=int(old is None))
    if member["status"] in GONE and old and old["status"] not in GONE:
        begin_epoch(book, t.height)


def begin_epoch(book: Book, height: int) -> None:
    """A device lost its rights in this checkpoint: the organisation needs another key."""
    found = book[EPOCH]
    earlier = found["before"]
    if found["key_id"]:
        earlier = (*earlier, (found["height"], found["key_id"]))[-8:]
    book.put(EPOCH, make("e", height, b"", earlier))


def enlist(book: Book, key: bytes, id_: bytes) -> None:
    found = book.get(key)
    book.put(key, make(key[:1].decode(), (*(found["ids"] if found else ()), id_)))


def everybody(book: Reader) -> Iterator[tuple[bytes, Row]]:
    """All members ever, in the order in which they joined."""
    for part in range(-(-book[TOTALS]["joined"] // ROWS_LISTED)):
        for root in book[numbered(b"M", part)]["ids"]:
            yield root, book[b"m" + root]


def upwards(book: Reader, department: bytes | None) -> Iterator[bytes]:
    """A department and those above it."""
    for _ in range(16):
        found = None if department is None else book.get(b"D" + department)
        if found is None or department is None:
            return
        yield department
        department = found["parent"]


def has_right(book: Reader, member: Row, everywhere: frozenset[str], right: str, department: bytes | None) -> bool:
    if right in everywhere:
        return True
    scoped = [(role, where) for role, where, _, _ in member["grants"] if where]
    if department is None or not scoped:
        return False
    above = set(upwards(book, department))
    return any(where in above and right in rights_of_role(book, role) for role, where in scoped)


def may(t: Turn, right: str, department: bytes | None = None) -> bool:
    """Has the author this right, in the department or above it, or (None) in the whole organisation?"""
    return has_right(t.book, t.member, t.rights, right, department)


def belongs(book: Reader, member: Row, department: bytes) -> bool:
    """Has the member a voting role in the department or below it?"""
    return any(
        where and "vote.cast" in ROLES.get(role, ()) and department in upwards(book, where)
        for role, where, _, _ in member["grants"]
    )


def is_active(book: Reader, root: bytes) -> bool:
    found = book.get(b"m" + root)
    return found is not None and found["status"] == "active"


# ======================================================================================================================
# The charter (docs/protocol.md §9.4)
# ======================================================================================================================
KINDS = "poll decision spending amendment role issuance penalty election adoption".split()
POWERS = "member token reputation table department".split()
BINDING = "any yes-no-abstain consent".split()
OF_A_VOTE = "delegation grace_ms locked_ballots min_support_power quorum_bp support_bp swing_ms".split()

# name, default, least, most, step (0: any), * where it may be set for one kind
_CHARTER = f"""
proposer 0 0 1 0 *
method 0 0 2 0 *
power 0 0 4 0 *
support_bp 5000 0 9999 2000 *
quorum_bp 2000 0 10000 2000 *
discussion_ms 0 0 {YEAR} {30 * DAY} *
voting_ms {3 * DAY} 1000 {YEAR} {30 * DAY} *
voting_least_ms {HOUR} 1000 {YEAR} {30 * DAY} *
grace_ms 1200000 0 {DAY} 0 *
min_support_power 0 0 {SAFE} 0
tables 1 0 1 0
locked_ballots 0 0 1 0
swing_bp 0 0 5000 2500
swing_ms {DAY} 1000 {30 * DAY} 0
delegation 1 0 1 0
execution_retry_ms {7 * DAY} 0 {90 * DAY} 0
seconders 1 0 20 0
bond 0 0 {SAFE} 0
reserve_bp 5000 1 10000 2500
direct_issue 1 0 1 0
issue_period_ms {30 * DAY} {HOUR} {YEAR} 0
issue_period_bp 10000 0 10000 0
admission_vote 0 0 1 0
members_invite 1 0 1 0
members_open_tasks 1 0 1 0
endorsements 1 1 20 0
points_claim 10 0 1000000 0
points_task 10 0 1000000 0
points_most 100 0 1000000 0
reputation_half_life 4383 1 876600 0
round_points 100 1 1000000 0
round_peer_bp 5000 0 10000 0
task_appeal_ms {3 * DAY} 0 {30 * DAY} 0
stop_auditors 1 1 20 0
stop_ms {7 * DAY} {HOUR} {60 * DAY} 0
witness_delay_ms 600000 1000 {HOUR} 0
witness_ready_ms {7 * DAY} 60000 {60 * DAY} 0
recovery_delay_ms {3 * DAY} 60000 {30 * DAY} 0
rekey_delay_ms {3 * DAY} 60000 {30 * DAY} 0
module_tasks 1 0 1 0
module_contributions 1 0 1 0
module_rewards 1 0 1 0
module_tokens 1 0 1 0
module_firms 1 0 1 0
"""
CHARTER = {words[0]: [*map(int, words[1:5])] for words in map(str.split, _CHARTER.strip().splitlines())}
PER_KIND = [words[0] for words in map(str.split, _CHARTER.strip().splitlines()) if len(words) == 6]
AT_FOUNDING = {
    "spending.method": 1, "amendment.method": 1, "amendment.support_bp": 6_666, "role.method": 1, "issuance.method": 1,
    "penalty.method": 1, "penalty.support_bp": 6_666, "adoption.method": 0, "election.method": 0,
}  # fmt: skip
_charters: dict[int, tuple[Any, dict[str, int]]] = {}  # the last one read, by its identity


def charter(book: Reader) -> dict[str, int]:
    pairs = book[ORG]["charter"]
    known = _charters.get(0)
    if known is None or known[0] is not pairs:
        known = _charters[0] = (pairs, dict(pairs))
    return known[1]


def for_kind(values: dict[str, int], kind: str, name: str) -> int:
    return values.get(f"{kind}.{name}", values[name])


def rule_in_vote(book: Reader, proposal: Row, name: str) -> int:
    """As it was written down at the opening; before that as the charter stands."""
    frozen = dict(proposal["rules"])
    return frozen[name] if name in frozen else for_kind(charter(book), proposal["kind"], name)


def charter_entry(name: str) -> list[int] | None:
    """Default, bounds and step of a parameter, also of one for a kind."""
    kind, dot, general = name.partition(".")
    if not dot:
        return CHARTER.get(name)
    return CHARTER[general] if general in PER_KIND and kind in KINDS else None


def check_charter(values: dict[str, int]) -> None:
    for name, value in values.items():
        entry = charter_entry(name)
        refuse(entry is None, "charter_unknown")
        refuse(entry and not entry[1] <= value <= entry[2], "charter_bounds")


def check_voting_times(values: dict[str, int]) -> None:
    for kind in KINDS:
        usual, least = (for_kind(values, kind, name) for name in ("voting_ms", "voting_least_ms"))
        refuse(usual < least, "charter_bounds")


def amend(t: Turn, name: str, value: int | None, proposal: bytes) -> None:
    entry = charter_entry(name)
    if entry is None or (value is None and "." not in name):
        raise Refusal("charter_unknown")
    values = dict(charter(t.book))
    old = values.pop(name, None)
    if value is not None:
        values[name] = value
    refuse(not entry[1] <= (values[name.partition(".")[2]] if value is None else value) <= entry[2], "charter_bounds")
    check_voting_times(values)
    t.book.add(TOTALS, amendments=1)
    number = t.book[TOTALS]["amendments"]
    t.book.put(numbered(b"C", number), make("C", name, old, value, proposal, t.time))
    t.book.change(ORG, charter=tuple(sorted(values.items())))


def steps_too_far(before: dict[str, int], after: dict[str, int]) -> bool:
    for name, (_, _, _, step) in CHARTER.items():
        kinds = KINDS if name in PER_KIND else ()
        moves = [(before[name], after[name]), *((for_kind(before, k, name), for_kind(after, k, name)) for k in kinds)]
        if step and any(abs(new - old) > step for old, new in moves):
            return True
    return False


# ======================================================================================================================
# Founding, joining, leaving
# ======================================================================================================================
@action(
    "org.create",
    "name:title purpose:line charter:counts units:units initial:sums root:key cert:signature witness:key key:key"
    " nonce:nonce profile?:ref",
)
def found_org(t: Turn) -> None:
    body, book = t.body, t.book
    refuse(ORG in book, "already_founded")
    values = {**{name: entry[0] for name, entry in CHARTER.items()}, **AT_FOUNDING, **body["charter"]}
    check_charter(body["charter"])
    check_voting_times(values)
    caps = {code: cap for code, _, _, _, cap in body["units"]}
    refuse(len(caps) < len(body["units"]) or any(row[3] > 8 for row in body["units"]), "unit_repeated")
    for place, (code, amount) in enumerate(body["initial"]):
        refuse(code not in caps, "unit_unknown")
        refuse(amount <= 0 or code in [row[0] for row in body["initial"][:place]], "amount_not_positive")
        refuse(amount > caps[code], "cap_exceeded")
    root, codes = body["root"], tuple(row[0] for row in body["units"])
    book.put(ORG, make("o", body["name"], body["purpose"], root, tuple(sorted(values.items())), codes, 1, ()))
    book.put(SEATS, make("W", 1, ((root, body["witness"]),), (), (), t.height, t.id, False, ()))
    book.put(EPOCH, make("e", 0, body["key"], ()))
    book.put(TOTALS, make("n", *[0] * 11))
    put_member(t, root, new_member(t, "active", "founder", None))
    book.put(b"d" + t.by, make("d", root, "active", t.height))
    for code, name_en, name_zh, decimals, cap in body["units"]:
        book.put(b"u" + code.encode(), make("u", name_en, name_zh, decimals, cap, 0, 0, 0, 0))
    for code, amount in body["initial"]:
        issue(t, code, amount, TREASURY)


def new_member(t: Turn, status: str, role: str, inviter: bytes | None) -> Row:
    grants = ((role, b"", t.id, 0),)
    return make("m", status, grants, t.height, inviter, t.id, ref_of(t.body, "profile"), 0, (), (), (), 0, (t.by,))


@action("member.join", "invite:link root:key cert:signature proof:signature profile?:ref")
def join(t: Turn) -> str | None:
    """Unlike all others, a join that is rejected changes something: the device is refused for good."""
    body, book = t.body, t.book
    key, root = b"i" + body["invite"], body["root"]
    found = book.get(key)
    refused = _join_refused(book, found, root)
    if refused or found is None:
        book.put(b"d" + t.by, make("d", root, "refused", t.height))
        return refused
    used = found["used"] + 1
    book.change(key, used=used, status="used" if used == found["uses"] else "open")
    if used == found["uses"]:
        book.add(b"m" + found["inviter"], open_invites=-1)
    status = "applicant" if charter(book)["admission_vote"] else "active"
    put_member(t, root, new_member(t, status, found["role"], found["inviter"]))
    book.put(b"d" + t.by, make("d", root, "active", t.height))
    return None


@action("device.certify", "root:key cert:signature")
def certify_device(t: Turn) -> None:
    """The first action of a further device; like a join it has no author before it."""
    book, root = t.book, member_of_root(t.book, t.body["root"])
    if root is None:
        raise Refusal("not_a_member")
    member = book[b"m" + root]
    refuse(member["status"] in GONE, "member_not_active")
    refuse(b"d" + t.by in book, "device_known")
    refuse(len(member["devices"]) >= 8, "devices_many")
    book.change(b"m" + root, devices=tuple(sorted((*member["devices"], t.by))))
    book.put(b"d" + t.by, make("d", root, "active", t.height))


def member_of_root(book: Book, root: bytes) -> bytes | None:
    """Whose root key this is now."""
    changed = book.get(b"I" + root)
    if changed:
        return changed["member"] if changed["status"] == "current" else None
    return root if b"m" + root in book else None


def is_taken(book: Book, root: bytes) -> bool:
    """Is or was this a root key?"""
    return b"m" + root in book or b"I" + root in book


def end_device(book: Book, device: bytes, status: str, height: int) -> bool:
    """Take an active device's rights; is it one?"""
    found = book.get(b"d" + device)
    if found is None or found["status"] != "active":
        return False
    left = tuple(other for other in book[b"m" + found["member"]]["devices"] if other != device)
    book.change(b"m" + found["member"], devices=left)
    book.change(b"d" + device, status=status)
    begin_epoch(book, height)
    return True


@action("device.revoke", "device:key root:key sig:signature")
def revoke_device(t: Turn) -> None:
    device, member = t.body["device"], member_of_root(t.book, t.body["root"])
    refuse(member is None, "root_unknown")
    found = t.book.get(b"d" + device)
    refuse(found is None or found["member"] != member, "device_unknown")
    refuse(not end_device(t.book, device, "revoked", t.height), "device_not_active")


@action("key.epoch", "height:count id:key seals:seals")
def publish_key(t: Turn) -> None:
    found = t.book[EPOCH]
    refuse(t.body["height"] != found["height"] or not 0 < found["height"] < t.height, "epoch_other")
    if not found["key_id"] or t.body["id"] < found["key_id"]:
        t.book.put(EPOCH, {**found, "key_id": t.body["id"]})


@action("guardian.set", "guardians:guardians needed:count version:count root:key sig:signature")
def name_guardians(t: Turn) -> None:
    body, book, key = t.body, t.book, b"j" + t.root
    refuse(member_of_root(book, body["root"]) != t.root, "root_not_yours")
    old = book.get(key)
    refuse(body["version"] != (old["version"] if old else 0) + 1, "guardians_version")
    named = tuple(sorted(body["guardians"]))
    refuse(len(set(named)) < len(named) or t.root in named, "guardians_bad")
    refuse(not min(1, len(named)) <= body["needed"] <= len(named), "guardians_bad")
    for root in named:
        refuse(b"m" + root not in book, "member_unknown")
        refuse(not is_active(book, root), "member_not_active")
    book.put(key, make("j", named, body["needed"], body["version"], body["root"], (), b"", 0))


@action("guardian.approve", "member:key root:key")
def approve_root(t: Turn) -> None:
    book, root, key = t.book, t.body["root"], b"j" + t.body["member"]
    found = book.get(key)
    if found is None or t.root not in found["guardians"]:
        raise Refusal("not_guardian")
    refuse(book[b"m" + t.body["member"]]["status"] in GONE, "member_not_active")
    refuse(found["root"], "rekey_waits")
    refuse(is_taken(book, root), "root_used")
    refuse((t.root, root) in found["approvals"], "already_approved")
    approvals = {**dict(found["approvals"]), t.root: root}
    enough = list(approvals.values()).count(root) >= found["needed"]
    book.change(key, approvals=tuple(sorted(approvals.items())), root=root if enough else b"")
    if enough:
        t.begin("rekey", t.body["member"], charter(book)["rekey_delay_ms"])


@action("guardian.refuse", "member:key")
def refuse_root(t: Turn) -> None:
    refuse(t.body["member"] != t.root, "not_allowed")
    found = t.book.get(b"j" + t.root)
    refuse(not found or not found["approvals"], "nothing_to_refuse")
    t.book.change(b"j" + t.root, approvals=(), root=b"", until=0)


def start_rekey(t: Turn, member: bytes, delay: int) -> None:
    found = t.book[b"j" + member]
    if found["root"] and not found["until"]:
        t.book.change(b"j" + member, until=t.time + delay)
        t.book.agenda(t.time + delay, t.place, "rekey", member)


def rekey(t: Turn, member: bytes) -> None:
    """The new root holds; whatever the old one certified is revoked."""
    book, key = t.book, b"j" + member
    found = book[key]
    if not 0 < found["until"] <= t.time:
        return
    book.change(key, approvals=(), root=b"", until=0)
    if book[b"m" + member]["status"] in GONE or is_taken(book, found["root"]):
        return
    book.change(key, current=found["root"])
    book.put(b"I" + found["current"], make("I", member, "replaced"))
    book.put(b"I" + found["root"], make("I", member, "current"))
    for device in book[b"m" + member]["devices"]:
        end_device(book, device, "revoked", t.height)


INVITE_OVER = {"used": "invite_used", "revoked": "invite_revoked", "expired": "invite_expired"}


def _join_refused(book: Book, invite: Row | None, root: bytes) -> str | None:
    if invite is None:
        return "invite_unknown"
    if invite["status"] != "open":
        return INVITE_OVER[invite["status"]]
    if is_taken(book, root):
        return "already_member"
    gone = book[b"m" + invite["inviter"]]["status"] in ("suspended", "expelled")
    return "invite_revoked" if gone else None


@action("invite.create", "bearer:key role:name uses:count lifetime:count note?:ref")
def invite(t: Turn) -> None:
    body = t.body
    role, rights = body["role"], t.rights
    refuse(role not in ROLES or role == "founder", "role_unknown")
    refuse("invite.create" not in rights, "not_allowed")
    plain = role in ("member", "observer") and charter(t.book)["members_invite"]
    refuse("invite.role" not in rights and not plain, "not_allowed")
    refuse(not ROLES[role] - HELD_APART <= rights, "role_not_yours")
    refuse(not 1 <= body["uses"] <= 1_000, "count_too_large")
    refuse(not 1_000 <= body["lifetime"] <= 90 * DAY, "period_out_of_bounds")
    refuse(t.member["open_invites"] >= 50, "invite_quota")
    t.book.put(
        b"i" + t.id,
        make("i", body["bearer"], role, t.root, body["uses"], 0, body["lifetime"], 0, "open", ref_of(body, "note")),
    )
    t.begin("invite", t.id, body["lifetime"])
    t.book.add(b"m" + t.root, open_invites=1)


@action("invite.revoke", "invite:link")
def revoke(t: Turn) -> None:
    key = b"i" + t.body["invite"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("invite_unknown")
    refuse(found["inviter"] != t.root and "invite.role" not in t.rights, "not_allowed")
    refuse(found["status"] != "open", INVITE_OVER.get(found["status"], ""))
    t.book.change(key, status="revoked")
    t.book.add(b"m" + found["inviter"], open_invites=-1)


@action("member.stances", "stances:stances")
def say_stances(t: Turn) -> None:
    stances = tuple(sorted(t.body["stances"]))
    known = {"producer", "consumer", "promoter", "investor"}
    refuse(len(set(stances)) < len(stances) or not known.issuperset(stances), "stance_unknown")
    put_member(t, t.root, {**t.member, "stances": stances})


@action("member.leave")
def leave(t: Turn) -> None:
    refuse(steers(t.member) and t.book[TOTALS]["stewards"] <= 1, "lockout")
    put_member(t, t.root, {**t.member, "status": "left"})
    refuse(locks_out(t), "lockout")


def locks_out(t: Turn) -> bool:
    """Would nobody be left who can seal, propose, or adopt an amendment?"""
    seats = t.book[SEATS]["seats"]
    sealing = sum(is_active(t.book, root) for root, _ in seats) >= quorum_of(len(seats))
    return not (sealing and _may_propose(t.book) and _may_amend(t))


def _may_propose(book: Book) -> bool:
    if book[TOTALS]["stewards"]:
        return True
    values = charter(book)
    if any(for_kind(values, kind, "proposer") for kind in KINDS):
        return False
    return any(m["status"] == "active" and "proposal.open" in rights_everywhere(book, m) for _, m in everybody(book))


def _may_amend(t: Turn) -> bool:
    book, values = t.book, charter(t.book)
    least = max(1, values["min_support_power"])
    power = POWERS[for_kind(values, "amendment", "power")]
    if not book[TOTALS]["members"] or power == "department":
        return False
    if power == "member":
        return bool(book[TOTALS]["members"] >= least)
    if power == "table":
        return book[TOTALS]["stewards"] > 0 and values["tables"] > 0
    voters = [root for root, member in everybody(book) if votes(member)]
    if power == "reputation":
        return sum(whole_reputation(book, root, t.time) for root in voters) >= least
    units = book[ORG]["units"]
    return bool(units) and sum(book.balance(b"m" + root, units[0]) for root in voters) >= least


@action("device.fork", "one:envelope two:envelope")
def fork(t: Turn) -> None:
    pair = forked_pair(t.body["one"], t.body["two"])
    if pair is None or pair[0].org != t.org:
        raise Refusal("evidence_bad")
    refuse(not end_device(t.book, pair[0].by, "frozen", t.height), "device_frozen")


# ======================================================================================================================
# Witnesses and rules versions (docs/protocol.md §4, §9.9)
# ======================================================================================================================
RULES_WAIT = 14 * DAY


def quorum_of(seats: int) -> int:
    """2f + 1 of n = 3f + 1."""
    return (seats - 1) // 3 * 2 + 1


def grace_of(book: Book, usual: int) -> int:
    """After a period that closes; with several witnesses at least twice the time in which one must be heard."""
    return max(usual, 2 * charter(book)["witness_delay_ms"]) if len(book[SEATS]["seats"]) > 1 else usual


@action("witness.ready", "term:count key:key proof:signature")
def declare_key(t: Turn) -> None:
    book, key, term = t.book, t.body["key"], t.body["term"]
    election, now = book.get(ELECTION), book[SEATS]
    declared = [*now["seats"], *now["reserve"], *(election["ready"] if election else ())]
    refuse(any(other == key for _, other in declared), "witness_key_used")
    if election and term == election["term"]:
        refuse(t.root not in election["ranked"], "not_elected")
        refuse(t.root in dict(election["ready"]), "witness_ready")
        book.change(ELECTION, ready=(*election["ready"], (t.root, key)))
        return
    keys = dict(now["reserve"])
    refuse(term != now["term"] or t.root not in keys, "not_elected")
    refuse(keys[t.root], "witness_ready")
    book.change(SEATS, reserve=tuple((root, key if root == t.root else old) for root, old in now["reserve"]))


@action("witness.move", "to:key")
def hand_over(t: Turn) -> None:
    now, to = t.book[SEATS], t.body["to"]
    refuse(len(now["seats"]) != 1 or now["by_vote"] or now["seats"][0][0] != t.root, "not_sole_witness")
    refuse(need_member(t.book, to)["status"] != "active", "member_not_active")
    t.book.put(ELECTION, make("V", t.id, now["term"] + 1, 1, (to,), (), 0, False))
    t.begin("election", t.id, charter(t.book)["witness_ready_ms"])


@action("witness.evidence", "one:vote two:vote")
def blame(t: Turn) -> None:
    pair = double_vote(t.body["one"], t.body["two"])
    if pair is None or t.body["one"] >= t.body["two"]:
        raise Refusal("evidence_bad")
    key, now = pair[0].witness, t.book[SEATS]
    refuse(key not in [held for _, held in now["seats"]], "not_elected")
    refuse(key in now["faulty"], "witness_blamed")
    t.book.change(SEATS, faulty=(*now["faulty"], key))


@action("rules.ready", "version:count")
def know_rules(t: Turn) -> None:
    version, now = t.body["version"], t.book[SEATS]
    refuse(t.root not in dict(now["seats"]), "not_elected")
    versions = dict(now["versions"])
    refuse(version <= max(t.book[ORG]["rules"], versions.get(t.root, 0)), "rules_known")
    versions[t.root] = version
    t.book.change(SEATS, versions=tuple(sorted(versions.items())))


def start_election(t: Turn, cause: bytes, duration: int) -> None:
    found = t.book.get(ELECTION)
    if found and found["cause"] == cause:
        t.book.change(ELECTION, until=t.time + duration)
        t.book.agenda(t.time + duration, t.place, "end_election", cause)


def fit_to_sit(book: Book, election: Row) -> list[tuple[bytes, bytes]]:
    """Who has declared a key and is active, by rank."""
    keys = dict(election["ready"])
    return [(root, keys[root]) for root in election["ranked"] if root in keys and is_active(book, root)]


def end_election(t: Turn, cause: bytes) -> None:
    found = t.book.get(ELECTION)
    if found and found["cause"] == cause:
        if len(fit_to_sit(t.book, found)) >= found["seats"]:
            seat(t, found)
        else:
            t.book.put(ELECTION, None)


def seat(t: Turn, election: Row) -> None:
    seats, keys = fit_to_sit(t.book, election)[: election["seats"]], dict(election["ready"])
    rest = tuple((root, keys.get(root, b"")) for root in election["ranked"] if root not in dict(seats))
    row = make("W", election["term"], tuple(seats), rest, (), t.height, election["cause"], election["by_vote"], ())
    t.book.put(SEATS, row)
    t.book.put(ELECTION, None)


def settle_witnesses(t: Turn) -> None:
    """At the end of a checkpoint: seat who is ready, replace who is unfit, take up new rules."""
    book, election = t.book, t.book.get(ELECTION)
    if SEATS not in book:
        return
    if election:
        first = election["ranked"][: election["seats"]]
        all_ready = set(first) <= dict(election["ready"]).keys()
        if all_ready and len(fit_to_sit(book, election)) >= election["seats"]:
            seat(t, election)
    _replace_unfit(t)
    waiting = book.get(ACTIVATION)
    if waiting:
        now = book[SEATS]
        known, seats = dict(now["versions"]), [root for root, _ in now["seats"]]
        able = sum(known.get(root, 0) >= waiting["version"] for root in seats)
        if able >= (quorum_of(len(seats)) if t.time >= waiting["since"] + RULES_WAIT else len(seats)):
            book.change(ORG, rules=waiting["version"])
            book.put(ACTIVATION, None)


def _replace_unfit(t: Turn) -> None:
    """The first ready and active of the reserve takes each seat whose key is faulty or whose member is gone."""
    now = t.book[SEATS]
    seats, reserve = list(now["seats"]), list(now["reserve"])
    for place, (root, key) in enumerate(now["seats"]):
        member = t.book.get(b"m" + root)
        gone = member is None or member["status"] in ("left", "expelled")
        fit = [row for row in reserve if row[1] and is_active(t.book, row[0])]
        if (gone or key in now["faulty"]) and fit:
            reserve.remove(fit[0])
            seats[place] = fit[0]
    if tuple(seats) != now["seats"]:
        held = {key for _, key in seats}
        faulty = tuple(key for key in now["faulty"] if key in held)
        t.book.change(SEATS, seats=tuple(seats), reserve=tuple(reserve), faulty=faulty, since=t.height)


@action("file.notarise", "hash:key size:count title?:ref")
def notarise(t: Turn) -> None:
    key = b"h" + t.body["hash"]
    refuse("comment.add" not in t.rights, "not_allowed")
    refuse(key in t.book, "file_known")
    t.book.put(key, make("h", t.root, t.id, t.body["size"], t.height, ref_of(t.body, "title")))


# ======================================================================================================================
# Departments and roles
# ======================================================================================================================
def open_department_of(book: Reader, id_: bytes) -> Row:
    found = book.get(b"D" + id_)
    if found is None or found["status"] != "active":
        raise Refusal("department_unknown")
    return found


def found_department(t: Turn, id_: bytes, name: str, parent: bytes | None, cause: bytes) -> None:
    book = t.book
    depth = 1 if parent is None else open_department_of(book, parent)["depth"] + 1
    refuse(depth > 16, "department_deep")
    number = book[TOTALS]["departments"]
    refuse(number >= 10_000, "count_too_large")
    book.put(b"D" + id_, make("D", name, parent, "active", cause, depth, 0, ()))
    if parent is not None:
        book.add(b"D" + parent, below=1)
    enlist(book, numbered(b"N", number // ROWS_LISTED), id_)
    book.add(TOTALS, departments=1)


def move_department(t: Turn, id_: bytes, parent: bytes | None) -> None:
    book = t.book
    here = open_department_of(book, id_)
    above = None if parent is None else open_department_of(book, parent)
    refuse(id_ in upwards(book, parent), "department_cycle")
    refuse(here["below"], "department_not_empty")
    depth = above["depth"] + 1 if above else 1
    refuse(depth > 16, "department_deep")
    if here["parent"] is not None:
        book.add(b"D" + here["parent"], below=-1)
    book.change(b"D" + id_, parent=parent, depth=depth)
    if parent is not None:
        book.add(b"D" + parent, below=1)


def close_department(t: Turn, id_: bytes) -> None:
    """What it has, and what came in for it in this checkpoint, goes to the treasury."""
    book = t.book
    here = open_department_of(book, id_)
    refuse(here["below"], "department_not_empty")
    for unit in book[ORG]["units"]:
        key = account_key(b"d" + id_, unit)
        found = book.get(key)
        rest = found["balance"] + found["incoming"] if found else 0
        if rest:
            book.put(key, make("a", rest, 0))
            book.move(b"d" + id_, TREASURY, unit, rest)
    book.change(b"D" + id_, status="closed")
    if here["parent"] is not None:
        book.add(b"D" + here["parent"], below=-1)


def plain(link: bytes | None) -> bytes | None:
    return None if link is None else bytes(link)


@action("department.open", "name:title parent:link~")
def act_open_department(t: Turn) -> None:
    parent = plain(t.body["parent"])
    refuse(not may(t, "department.manage", parent), "not_allowed")
    found_department(t, t.id, t.body["name"], parent, t.id)


@action("department.move", "department:link parent:link~")
def act_move_department(t: Turn) -> None:
    id_, parent = bytes(t.body["department"]), plain(t.body["parent"])
    here = open_department_of(t.book, id_)
    manages = may(t, "department.manage", here["parent"]) and may(t, "department.manage", parent)
    refuse(not manages, "not_allowed")
    move_department(t, id_, parent)


@action("department.close", "department:link")
def act_close_department(t: Turn) -> None:
    id_ = bytes(t.body["department"])
    here = open_department_of(t.book, id_)
    refuse(not may(t, "department.manage", here["parent"]), "not_allowed")
    close_department(t, id_)


def role_known(book: Reader, code: str) -> bool:
    return code in ROLES or book.get(b"R" + code.encode()) is not None


def _check_handling(t: Turn, department: bytes, role: str) -> None:
    open_department_of(t.book, department)
    refuse(not may(t, "department.manage", department), "not_allowed")
    refuse(not role_known(t.book, role), "role_unknown")
    wanted = rights_of_role(t.book, role) - HELD_APART
    refuse(not all(may(t, right, department) for right in wanted), "role_not_yours")


def need_member(book: Reader, root: bytes) -> Row:
    found = book.get(b"m" + root)
    if found is None:
        raise Refusal("member_unknown")
    return found


def check_new_grant(member: Row, role: str, scope: bytes) -> None:
    refuse(any(held == role and where == scope for held, where, _, _ in member["grants"]), "role_held")
    refuse(len(member["grants"]) >= 32, "roles_many")


def without_grant(member: Row, role: str, scope: bytes) -> tuple[Any, ...]:
    return tuple(grant for grant in member["grants"] if (grant[0], grant[1]) != (role, scope))


@action("role.give", "department:link member:key role:name")
def give_role(t: Turn) -> None:
    department, root, role = bytes(t.body["department"]), t.body["member"], t.body["role"]
    _check_handling(t, department, role)
    member = need_member(t.book, root)
    refuse(member["status"] != "active", "member_not_active")
    check_new_grant(member, role, department)
    put_member(t, root, {**member, "grants": (*member["grants"], (role, department, t.id, 0))})


@action("role.take", "department:link member:key role:name")
def take_role(t: Turn) -> None:
    department, root, role = bytes(t.body["department"]), t.body["member"], t.body["role"]
    if root != t.root:
        _check_handling(t, department, role)
    drop_role(t, root, role, department)


def drop_role(t: Turn, root: bytes, role: str, scope: bytes) -> None:
    member = need_member(t.book, root)
    kept = without_grant(member, role, scope)
    refuse(len(kept) == len(member["grants"]), "role_not_held")
    put_member(t, root, {**member, "grants": kept})


def put_grant(t: Turn, root: bytes, others: tuple[Any, ...], role: str, scope: bytes, term: int, cause: bytes) -> None:
    """Give a role beside these others, for ``term`` ms from now (0: no end)."""
    until = t.time + term if term else 0
    put_member(t, root, {**t.book[b"m" + root], "grants": (*others, (role, scope, cause, until))})
    if until:
        t.book.agenda(until, t.place, "end_term", root)


# ======================================================================================================================
# The ledger
# ======================================================================================================================
def stopped_until(book: Reader) -> int:
    found = book.get(STOP)
    return found["until"] if found else 0


def check_amount(book: Reader, unit: str, amount: int) -> None:
    refuse(book.get(b"u" + unit.encode()) is None, "unit_unknown")
    refuse(amount <= 0, "amount_not_positive")


def party_stands(book: Reader, party: bytes) -> bool:
    """The treasury, or an active member, department or firm."""
    if party == TREASURY:
        return True
    kind = {b"m": b"m", b"d": b"D"}.get(party[:1], b"F")
    found = book.get(kind + party[1:])
    return found is not None and found["status"] == "active"


def check_party(book: Reader, *parties: bytes) -> None:
    refuse(not all(party_stands(book, party) for party in parties), "party_unknown")


def is_common(party: bytes) -> bool:
    """The treasury's or a department's money?"""
    return party == TREASURY or party[:1] == b"d"


def home_of(book: Reader, payer: bytes) -> bytes:
    """Where money goes back to: the treasury where it came from a department that is closed by now."""
    return TREASURY if payer[:1] == b"d" and not party_stands(book, payer) else payer


def check_issue(t: Turn, unit: str, amount: int, to: bytes) -> None:
    check_amount(t.book, unit, amount)
    check_party(t.book, to)
    found, values = t.book[b"u" + unit.encode()], charter(t.book)
    refuse(found["supply"] + amount > found["cap"], "cap_exceeded")
    issued = 0 if t.time >= found["period"] + values["issue_period_ms"] else found["issued"]
    refuse((issued + amount) * 10_000 > found["cap"] * values["issue_period_bp"], "issue_period_cap")


def issue(t: Turn, unit: str, amount: int, to: bytes) -> None:
    key = b"u" + unit.encode()
    found = t.book[key]
    anew = t.time >= found["period"] + charter(t.book)["issue_period_ms"]
    t.book.change(
        key, supply=found["supply"] + amount, issued=amount if anew else found["issued"] + amount,
        period=t.time if anew else found["period"],
    )  # fmt: skip
    t.book.move(b"", to, unit, amount)


@action("token.issue", "unit:name amount:count to:party memo?:ref")
def act_issue(t: Turn) -> None:
    unit, amount, to = t.body["unit"], t.body["amount"], t.body["to"]
    check_amount(t.book, unit, amount)
    refuse("token.issue" not in t.rights, "not_allowed")
    refuse(not charter(t.book)["direct_issue"], "issue_by_vote_only")
    refuse(stopped_until(t.book), "spending_stopped")
    check_issue(t, unit, amount, to)
    issue(t, unit, amount, to)


def purse_of_author(t: Turn, right: str) -> bytes:
    """Whose money the author spends: the own, or with treasury.spend that of the treasury or a department."""
    own = b"m" + t.root
    source = bytes(t.body.get("for", own))
    if is_common(source):
        refuse(not may(t, "treasury.spend", source[1:] or None), "not_allowed")
        refuse(stopped_until(t.book), "spending_stopped")
        return source
    refuse(source != own or right not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_tokens"], "module_off")
    return source


def pay_now(t: Turn, source: bytes) -> None:
    unit, amount, to = t.body["unit"], t.body["amount"], t.body["to"]
    refuse(to == source, "to_self")
    check_party(t.book, to)
    refuse(t.book.balance(source, unit) < amount, "balance_too_low")
    t.book.move(source, to, unit, amount)


@action("token.transfer", "unit:name amount:count to:party memo?:ref for?:party")
def transfer(t: Turn) -> None:
    check_amount(t.book, t.body["unit"], t.body["amount"])
    pay_now(t, purse_of_author(t, "token.transfer"))


@action("token.tip", "unit:name amount:count to:party memo?:ref for?:party")
def tip(t: Turn) -> None:
    check_amount(t.book, t.body["unit"], t.body["amount"])
    source = purse_of_author(t, "token.tip")
    refuse(t.body["to"][:1] != b"m", "party_unknown")
    refuse(t.body["to"] == b"m" + t.root, "to_self")
    pay_now(t, source)


# -- payment requests ------------------------------------------------------------------------------
@action("payment.request", "from:key unit:name amount:count memo?:ref")
def request(t: Turn) -> None:
    body = t.body
    check_amount(t.book, body["unit"], body["amount"])
    refuse("token.transfer" not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_tokens"], "module_off")
    refuse(body["from"] == t.root, "to_self")
    check_party(t.book, b"m" + body["from"])
    row = make("U", t.root, body["from"], body["unit"], body["amount"], ref_of(body, "memo"), "open")
    t.book.put(b"U" + t.id, row)


def _request_of(t: Turn) -> tuple[bytes, Row]:
    key = b"U" + t.body["request"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("request_unknown")
    return key, found


@action("payment.settle", "request:link")
def settle_request(t: Turn) -> None:
    key, found = _request_of(t)
    refuse(found["payer"] != t.root or "token.transfer" not in t.rights, "not_allowed")
    refuse(found["status"] != "open", "request_closed")
    source, target = b"m" + t.root, b"m" + found["payee"]
    check_party(t.book, target)
    refuse(t.book.balance(source, found["unit"]) < found["amount"], "balance_too_low")
    t.book.move(source, target, found["unit"], found["amount"])
    t.book.change(key, status="paid")


@action("payment.close", "request:link")
def close_request(t: Turn) -> None:
    key, found = _request_of(t)
    refuse(t.root not in (found["payer"], found["payee"]), "not_allowed")
    refuse(found["status"] != "open", "request_closed")
    t.book.change(key, status="declined" if t.root == found["payer"] else "withdrawn")


# -- scheduled payments ----------------------------------------------------------------------------
PLAN = "to:party unit:name amount:count count:count every:count first:count revocable:flag"


def check_plan(book: Book, plan: dict[str, Any], source: bytes) -> None:
    check_amount(book, plan["unit"], plan["amount"])
    check_party(book, plan["to"])
    refuse(plan["to"] == source, "to_self")
    refuse(not 1 <= plan["count"] <= min(1_200, plan["amount"]), "count_too_large")
    refuse(plan["first"] > YEAR or not 1_000 <= plan["every"] <= YEAR, "period_out_of_bounds")


def put_plan(t: Turn, id_: bytes, plan: dict[str, Any], payer: bytes, purse: bytes, cause: bytes) -> None:
    t.book.put(
        b"X" + id_,
        make("X", payer, plan["to"], plan["unit"], plan["amount"], 0, plan["count"], 0, plan["every"], 0,
             plan["revocable"], cause, "active"),
    )  # fmt: skip
    t.book.move(purse, b"s" + id_, plan["unit"], plan["amount"])


@action("payment.schedule", PLAN + " for?:party memo?:ref")
def schedule_payment(t: Turn) -> None:
    source = purse_of_author(t, "token.transfer")
    check_plan(t.book, t.body, source)
    refuse(t.book.balance(source, t.body["unit"]) < t.body["amount"], "balance_too_low")
    put_plan(t, t.id, t.body, source, source, t.id)
    t.begin("schedule", t.id, t.body["first"])


def start_plan(t: Turn, id_: bytes, first: int) -> None:
    if t.book[b"X" + id_]["status"] == "active":
        next_instalment(t, id_, t.time + max(first, 1))


def next_instalment(t: Turn, id_: bytes, time: int) -> None:
    t.book.change(b"X" + id_, next=time)
    t.book.agenda(time, t.place, "instalment", id_)


def pay_instalment(t: Turn, id_: bytes) -> None:
    book = t.book
    found = book[b"X" + id_]
    if found["status"] != "active" or found["next"] > t.time:
        return
    held = stopped_until(book)
    if held and is_common(found["payer"]):
        next_instalment(t, id_, max(held, t.time + 1))
    elif not party_stands(book, found["to"]):
        end_plan(t, id_)
    else:
        done, last = found["done"] + 1, found["done"] + 1 == found["instalments"]
        part = found["amount"] - found["paid"] if last else found["amount"] // found["instalments"]
        book.move(b"s" + id_, found["to"], found["unit"], part)
        book.change(b"X" + id_, paid=found["paid"] + part, done=done, status="done" if last else "active")
        if not last:
            next_instalment(t, id_, found["next"] + found["every"])


def end_plan(t: Turn, id_: bytes) -> None:
    found = t.book[b"X" + id_]
    rest = found["amount"] - found["paid"]
    if rest:
        t.book.move(b"s" + id_, home_of(t.book, found["payer"]), found["unit"], rest)
    t.book.change(b"X" + id_, status="stopped")


@action("payment.stop", "schedule:link")
def stop_payment(t: Turn) -> None:
    id_ = bytes(t.body["schedule"])
    found = t.book.get(b"X" + id_)
    if found is None:
        raise Refusal("schedule_unknown")
    payer, own = found["payer"], b"m" + t.root
    pays = payer == own or (is_common(payer) and may(t, "treasury.spend", payer[1:] or None))
    refuse(found["to"] != own and not (pays and found["revocable"]), "not_allowed")
    refuse(found["status"] != "active", "schedule_over")
    end_plan(t, id_)


# -- firms -----------------------------------------------------------------------------------------
def read_signers(book: Book, rows: list[list[Any]]) -> tuple[tuple[bytes, int], ...]:
    signers = dict(map(tuple, rows))
    fit = signers and len(signers) == len(rows) and all(is_active(book, root) for root in signers)
    refuse(not fit, "firm_signers")
    return tuple(sorted(signers.items()))


@action("firm.register", "name:title register:line signers:shares dual:count")
def register_firm(t: Turn) -> None:
    body = t.body
    refuse("firm.manage" not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_firms"], "module_off")
    signers = read_signers(t.book, body["signers"])
    refuse(t.root not in dict(signers), "firm_signers")
    row = make("F", body["name"], body["register"], signers, body["dual"], "active", t.id, None)
    t.book.put(b"F" + t.id, row)


def signing(t: Turn, id_: bytes) -> tuple[Row, int]:
    """The firm for which the author signs, and the author's limit."""
    found = t.book.get(b"F" + id_)
    if found is None or found["status"] != "active":
        raise Refusal("firm_unknown")
    limits = dict(found["signers"])
    refuse(t.root not in limits, "not_signer")
    return found, limits[t.root]


@action("firm.change", "firm:link signers:shares dual:count")
def change_firm(t: Turn) -> None:
    id_ = bytes(t.body["firm"])
    firm, _ = signing(t, id_)
    signers, dual = read_signers(t.book, t.body["signers"]), t.body["dual"]
    able = {root for root, _ in firm["signers"] if is_active(t.book, root)}
    before = firm["handover"]
    agreed = before is not None and before[0] in able - {t.root} and before[1:] == (signers, dual)
    if agreed or len(able) == 1:
        t.book.change(b"F" + id_, signers=signers, dual=dual, handover=None)
    else:
        t.book.change(b"F" + id_, handover=(t.root, signers, dual))


@action("firm.pay", "firm:link to:party unit:name amount:count memo?:ref")
def pay_from_firm(t: Turn) -> None:
    body, id_ = t.body, bytes(t.body["firm"])
    firm, limit = signing(t, id_)
    check_amount(t.book, body["unit"], body["amount"])
    check_party(t.book, body["to"])
    refuse(body["to"] == b"f" + id_, "to_self")
    refuse(body["amount"] > limit, "signer_limit")
    refuse(t.book.balance(b"f" + id_, body["unit"]) < body["amount"], "balance_too_low")
    if body["amount"] <= firm["dual"] or len(firm["signers"]) == 1:
        t.book.move(b"f" + id_, body["to"], body["unit"], body["amount"])
        return
    row = make("P", id_, body["to"], body["unit"], body["amount"], ref_of(body, "memo"), t.root, "waiting")
    t.book.put(b"P" + t.id, row)


def waiting_payment(t: Turn) -> tuple[bytes, Row, Row, int]:
    key = b"P" + t.body["payment"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("payment_unknown")
    firm, limit = signing(t, found["firm"])
    refuse(found["status"] != "waiting", "payment_closed")
    return key, found, firm, limit


@action("firm.approve", "payment:link")
def approve_payment(t: Turn) -> None:
    key, found, firm, limit = waiting_payment(t)
    amount, source = found["amount"], b"f" + found["firm"]
    refuse(found["by"] == t.root, "second_signer")
    first = dict(firm["signers"]).get(found["by"], -1)
    refuse(amount > first or not is_active(t.book, found["by"]), "first_signer_gone")
    refuse(amount > limit, "signer_limit")
    check_party(t.book, found["to"])
    refuse(t.book.balance(source, found["unit"]) < amount, "balance_too_low")
    t.book.move(source, found["to"], found["unit"], amount)
    t.book.change(key, status="paid")


@action("firm.cancel", "payment:link")
def cancel_payment(t: Turn) -> None:
    t.book.change(waiting_payment(t)[0], status="cancelled")


# -- money paid outside ----------------------------------------------------------------------------
@action("payout.record", "to:key currency:name amount:count decimals:count day:count reference?:ref")
def record_payout(t: Turn) -> None:
    body = t.body
    refuse("payout.record" not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_rewards"], "module_off")
    need_member(t.book, body["to"])
    refuse(body["to"] == t.root, "to_self")
    refuse(not re.fullmatch("[A-Z][A-Z0-9]{0,11}", body["currency"]) or body["decimals"] > 8, "currency_bad")
    refuse(not body["amount"], "amount_not_positive")
    refuse(body["day"] > 100_000, "period_out_of_bounds")
    t.book.put(
        b"O" + t.id,
        make("O", body["to"], t.root, body["currency"], body["amount"], body["decimals"], ref_of(body, "reference"),
             body["day"], "recorded", None),
    )  # fmt: skip


def _answer_payout(t: Turn, status: str) -> None:
    key = b"O" + t.body["payout"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("payout_unknown")
    refuse(found["to"] != t.root, "payout_not_yours")
    refuse(found["status"] in ("confirmed", status), "payout_answered")
    t.book.change(key, status=status, answer=ref_of(t.body, "text"))


@action("payout.confirm", "payout:link text?:ref")
def confirm_payout(t: Turn) -> None:
    _answer_payout(t, "confirmed")


@action("payout.dispute", "payout:link text?:ref")
def dispute_payout(t: Turn) -> None:
    _answer_payout(t, "disputed")


# -- the emergency stop ----------------------------------------------------------------------------
CALM: Row = make("E", (), 0, 0, (), 0)


@action("emergency.stop", "reason?:ref")
def ask_for_stop(t: Turn) -> None:
    refuse("emergency.stop" not in t.rights, "not_allowed")
    found, values = t.book.get(STOP) or CALM, charter(t.book)
    refuse(found["until"], "spending_stopped")
    refuse(t.root in found["overruled"] and t.time < found["free"], "stop_overruled")
    if found["asked"] + values["stop_ms"] <= t.time:
        found = {**found, "supporters": (), "asked": t.time}
    refuse(t.root in found["supporters"], "already_asked")
    supporters = (*found["supporters"], t.root)
    t.book.put(STOP, {**found, "supporters": supporters})
    if len(supporters) >= values["stop_auditors"]:
        t.begin("stop", t.id, values["stop_ms"])


def start_stop(t: Turn, id_: bytes, duration: int) -> None:
    t.book.change(STOP, until=t.time + duration)
    t.book.agenda(t.time + duration, t.place, "end_stop", id_)


def end_stop(t: Turn) -> None:
    if 0 < t.book[STOP]["until"] <= t.time:
        t.book.change(STOP, supporters=(), asked=0, until=0)


# ======================================================================================================================
# Sharing by largest remainder (docs/rewards-format.md)
# ======================================================================================================================
def hamilton(budget: int, weights: list[int]) -> list[int]:
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [budget * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(budget * weights[place] % whole), place))
    for place in order[: budget - sum(parts)]:
        parts[place] += 1
    return parts


# ======================================================================================================================
# Tasks (docs/protocol.md §6, §9.6)
# ======================================================================================================================
USUAL = (None, (), "normal", 0, 0, (), (), (), 0, False, 1, 0)  # terms that need no row
AHEAD = ("open", "claimed", "started")
OVER = ("accepted", "rejected", "cancelled", "expired")


def read_terms(body: dict[str, Any]) -> Row:
    return make(
        "T", ref_of(body, "text"), tuple(body.get("labels", ())), body.get("priority", "normal"), body.get("due", 0),
        body.get("estimate", 0), tuple(body.get("checklist", ())), tuple(map(tuple, body.get("files", ()))),
        tuple(map(bytes, body.get("depends", ()))), body.get("every", 0), body.get("approval", False),
        body.get("seats", 1), body["lifetime"],
    )  # fmt: skip


def terms_of(book: Book, task: bytes) -> Row:
    return book.get(b"T" + task) or make("T", *USUAL)


def put_terms(book: Book, task: bytes, terms: Row) -> None:
    unusual = tuple(terms.values()) != USUAL
    if unusual or b"T" + task in book:
        book.put(b"T" + task, terms if unusual else None)


def check_files(body: dict[str, Any]) -> None:
    hashes = [row[0] for row in body.get("files", ())]
    refuse(len(set(hashes)) < len(hashes), "files_bad")


def check_terms(book: Book, task: bytes, body: dict[str, Any]) -> None:
    terms = read_terms(body)
    refuse(terms["lifetime"] > YEAR or 0 < terms["lifetime"] < 1_000, "period_out_of_bounds")
    refuse(terms["every"] > 366 or terms["due"] >= YEAR_10000, "period_out_of_bounds")
    refuse(terms["priority"] not in ("low", "normal", "high", "urgent"), "priority_unknown")
    refuse(len(set(terms["labels"])) < len(terms["labels"]), "labels_bad")
    refuse(terms["estimate"] > 5_256_000, "count_too_large")
    refuse(not 1 <= terms["seats"] <= 16, "assignees_bad")
    check_files(body)
    for one in terms["depends"]:
        refuse(one == task, "dependency_cycle")
        refuse(b"t" + one not in book, "dependency_unknown")
    _check_circle(book, task, terms["depends"])


def _check_circle(book: Book, task: bytes, depends: tuple[bytes, ...]) -> None:
    """Depth first, the last dependency first; the number of tasks met is looked at after each task."""
    ahead, met = list(depends), set(depends)
    while ahead:
        for one in terms_of(book, ahead.pop())["depends"]:
            refuse(one == task, "dependency_cycle")
            if one not in met:
                met.add(one)
                ahead.append(one)
        refuse(len(met) > 1_000, "dependency_deep")


def check_opening(t: Turn, body: dict[str, Any]) -> None:
    """May the author open a task with this money? ``body`` may be a task's row too."""
    department, payer = plain(body.get("department")), body["payer"]
    values = charter(t.book)
    refuse(not values["module_tasks"], "module_off")
    if department is not None:
        open_department_of(t.book, department)
    refuse(not may(t, "task.open", department), "not_allowed")
    refuse(not values["members_open_tasks"] and not may(t, "task.fund", department), "not_allowed")
    if not body["unit"]:
        refuse(body["amount"], "unit_unknown")
        return
    check_amount(t.book, body["unit"], body["amount"])
    if payer[:1] == b"d":
        allowed = may(t, "task.fund", payer[1:])
    else:
        allowed = payer == b"m" + t.root or (payer == TREASURY and "task.fund" in t.rights)
    refuse(not allowed, "not_allowed")


def check_funds(book: Book, payer: bytes, unit: str, amount: int) -> None:
    if unit:
        check_party(book, payer)
        refuse(is_common(payer) and stopped_until(book), "spending_stopped")
        refuse(book.balance(payer, unit) < amount, "balance_too_low")


def is_held(task: Row) -> bool:
    """Does a reward lie in escrow?"""
    waits = task["status"] in (*AHEAD, "submitted", "changes", "disputed")
    return bool(task["unit"]) and (waits or (task["status"] == "rejected" and not task["closed"]))


def into_escrow(book: Book, id_: bytes, task: Row, amount: int) -> None:
    if task["unit"] and amount:
        book.move(task["payer"], b"e" + id_, task["unit"], amount)


def out_of_escrow(book: Book, id_: bytes, task: Row, amount: int) -> None:
    if task["unit"] and amount:
        book.move(b"e" + id_, home_of(book, task["payer"]), task["unit"], amount)


def check_final(t: Turn, task: Row) -> None:
    refuse(not 0 < task["opened"] < t.height, "escrow_not_final")


@action("task.open", TERMS + " draft?:flag")
def open_task(t: Turn) -> None:
    body, book = t.body, t.book
    check_opening(t, body)
    check_terms(book, t.id, body)
    if not body.get("draft"):
        check_funds(book, body["payer"], body["unit"], body["amount"])
    book.add(TOTALS, tasks=1)
    book.put(
        b"t" + t.id,
        make("t", book[TOTALS]["tasks"], body["title"], t.root, body["payer"], body["unit"], body["amount"],
             plain(body.get("department")), "draft", 1, 1, 0, (), (), (), 0, 0, 0, 0, "", 0, None, None, 0),
    )  # fmt: skip
    put_terms(book, t.id, read_terms(body))
    if not body.get("draft"):
        _publish(t, t.id)


def _publish(t: Turn, id_: bytes) -> None:
    task = t.book.change(b"t" + id_, status="open", opened=t.height)
    into_escrow(t.book, id_, task, task["amount"])
    t.begin("task", id_, terms_of(t.book, id_)["lifetime"])


def task_of(t: Turn) -> tuple[bytes, Row]:
    """The task that an action is about."""
    id_ = bytes(t.body["task"])
    found = t.book.get(b"t" + id_)
    if found is None:
        raise Refusal("task_unknown")
    return id_, found


def check_keeper(t: Turn, task: Row) -> None:
    steward = task["payer"][:1] != b"m" and may(t, "task.cancel", task["department"])
    refuse(task["opener"] != t.root and not steward, "not_opener")


@action("task.publish", "task:link")
def publish(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(task["status"] != "draft", "task_not_draft")
    check_keeper(t, task)
    check_opening(t, task)
    check_funds(t.book, task["payer"], task["unit"], task["amount"])
    _publish(t, id_)


@action("task.edit", "task:link " + TERMS)
def edit_task(t: Turn) -> None:
    body, book = t.body, t.book
    id_, old = task_of(t)
    check_keeper(t, old)
    refuse(old["assignees"], "task_claimed")
    refuse(old["status"] not in ("draft", "open"), "task_closed")
    check_opening(t, body)
    check_terms(book, id_, body)
    new = {
        **old, "title": body["title"], "payer": body["payer"], "unit": body["unit"], "amount": body["amount"],
        "department": plain(body.get("department")), "version": old["version"] + 1,
    }  # fmt: skip
    if old["status"] == "open":
        new = _change_reward(t, id_, old, new)
    lifetime = terms_of(book, id_)["lifetime"]
    put_terms(book, id_, read_terms(body))
    book.put(b"t" + id_, new)
    if old["status"] == "open" and body["lifetime"] != lifetime:
        t.begin("task", id_, body["lifetime"])


def _change_reward(t: Turn, id_: bytes, old: Row, new: Row) -> Row:
    """Out of the same purse only the difference moves; a task whose money moved opens anew."""
    same = (old["payer"], old["unit"]) == (new["payer"], new["unit"])
    if same and old["amount"] == new["amount"]:
        return new
    if is_held(old):
        check_final(t, old)
    more = max(new["amount"] - old["amount"], 0) if same else new["amount"]
    back = max(old["amount"] - new["amount"], 0) if same else old["amount"]
    if more:
        check_funds(t.book, new["payer"], new["unit"], more)
    out_of_escrow(t.book, id_, old, back)
    into_escrow(t.book, id_, new, more)
    return {**new, "opened": t.height}


@action("task.cancel", "task:link")
def cancel_task(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(task["opener"] != t.root and not may(t, "task.cancel", task["department"]), "not_opener")
    if task["status"] == "accepted" and task["resumes"]:
        t.book.change(b"t" + id_, resumes=0)
        return
    refuse(task["status"] in ("submitted", "changes", "disputed"), "work_handed_in")
    refuse(task["status"] not in (*AHEAD, "draft"), "task_closed")
    if is_held(task):
        check_final(t, task)
    end_task(t, id_, "cancelled")


def end_task(t: Turn, id_: bytes, status: str) -> None:
    task = t.book[b"t" + id_]
    if is_held(task):
        out_of_escrow(t.book, id_, task, task["amount"])
    t.book.change(b"t" + id_, status=status, returns=0, closed=t.height)


def roots_of(task: Row) -> list[bytes]:
    return [root for root, _ in task["assignees"]]


def equal_shares(roots: list[bytes]) -> tuple[tuple[bytes, int], ...]:
    return tuple(zip(roots, hamilton(10_000, [1] * len(roots)), strict=True))


def pays_for(task: Row, root: bytes) -> bool:
    return bool(task["unit"]) and task["payer"] == b"m" + root


def check_taking(t: Turn, task: Row) -> None:
    check_final(t, task)
    refuse(t.body.get("version", task["version"]) != task["version"], "task_changed")
    refuse(pays_for(task, t.root), "own_task")


@action("task.claim", "task:link version?:count")
def claim_task(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(not may(t, "task.claim", task["department"]), "not_allowed")
    refuse(task["status"] == "draft", "task_draft")
    roots, terms = roots_of(task), terms_of(t.book, id_)
    refuse(t.root in roots, "already_assigned")
    full = roots and (len(roots) >= terms["seats"] or task["assignees"] != equal_shares(roots))
    refuse(full or task["status"] not in AHEAD, "task_not_open")
    check_taking(t, task)
    refuse(terms["approval"], "by_application")
    status = "claimed" if task["status"] == "open" else task["status"]
    t.book.change(b"t" + id_, status=status, assignees=equal_shares([*roots, t.root]))


@action("task.apply", "task:link version?:count note?:ref")
def apply_for_task(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(not may(t, "task.claim", task["department"]), "not_allowed")
    refuse(task["status"] != "open", "task_not_open")
    check_taking(t, task)
    refuse(not terms_of(t.book, id_)["approval"], "not_by_application")
    refuse(t.root in task["applicants"], "already_applied")
    refuse(len(task["applicants"]) >= 64, "count_too_large")
    t.book.change(b"t" + id_, applicants=(*task["applicants"], t.root))


def may_assign(t: Turn, task: Row) -> bool:
    return bool(task["opener"] == t.root) or may(t, "task.fund", task["department"])


@action("task.assign", "task:link members:shares")
def assign_task(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(not may_assign(t, task), "not_assigner")
    refuse(task["status"] == "draft", "task_draft")
    refuse(task["status"] in ("submitted", "changes", "disputed"), "work_handed_in")
    refuse(task["status"] not in AHEAD, "task_closed")
    check_final(t, task)
    rows = tuple(map(tuple, t.body["members"]))
    refuse(not rows or len(dict(rows)) < len(rows), "assignees_bad")
    for root, _ in rows:
        refuse(not is_active(t.book, root), "assignee_unknown")
        member = t.book[b"m" + root]
        able = has_right(t.book, member, rights_everywhere(t.book, member), "task.claim", task["department"])
        refuse(not able, "assignee_unknown")
        refuse(pays_for(task, root), "own_task")
    refuse(not all(share for _, share in rows) or sum(share for _, share in rows) != 10_000, "shares_bad")
    status = "claimed" if task["status"] == "open" else task["status"]
    t.book.change(b"t" + id_, status=status, assignees=rows)


@action("task.unassign", "task:link member:key")
def unassign_task(t: Turn) -> None:
    id_, task = task_of(t)
    root, status = t.body["member"], task["status"]
    refuse(root != t.root and not may_assign(t, task), "not_assigner")
    refuse(root not in roots_of(task), "not_assignee")
    refuse(status not in ("claimed", "started", "changes"), "work_handed_in")
    refuse(status == "changes" and root != t.root, "work_handed_in")
    left = [row for row in task["assignees"] if row[0] != root]
    shares = hamilton(10_000, [share for _, share in left])
    rows = tuple((row[0], share) for row, share in zip(left, shares, strict=True))
    t.book.change(b"t" + id_, status=status if left else "open", assignees=rows)


@action("task.start", "task:link")
def start_work(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(t.root not in roots_of(task), "not_assignee")
    refuse(task["status"] != "claimed", "not_claimed")
    t.book.change(b"t" + id_, status="started")


@action("task.tick", "task:link item:count done:flag")
def tick(t: Turn) -> None:
    id_, task = task_of(t)
    item, ticks = t.body["item"], set(task["ticks"])
    refuse(t.root not in (*roots_of(task), task["opener"]), "not_concerned")
    refuse(task["status"] not in (*AHEAD, "submitted", "changes"), "task_closed")
    refuse(not 1 <= item <= len(terms_of(t.book, id_)["checklist"]), "item_unknown")
    refuse((item in ticks) == t.body["done"], "already_ticked")
    t.book.change(b"t" + id_, ticks=tuple(sorted(ticks ^ {item})))


@action("task.submit", "task:link note?:ref files?:files links?:addresses")
def submit(t: Turn) -> None:
    id_, task = task_of(t)
    refuse(task["status"] not in ("claimed", "started", "changes", "submitted"), "not_claimed")
    refuse(t.root not in roots_of(task), "not_assignee")
    check_files(t.body)
    files = tuple(map(tuple, t.body.get("files", ())))
    work = make("s", t.id, t.root, ref_of(t.body, "note"), files, tuple(t.body.get("links", ())), None, None)
    t.book.put(b"s" + id_, work)
    t.book.change(b"t" + id_, status="submitted")


# -- review ----------------------------------------------------------------------------------------
def is_undecided(book: Book, task: Row) -> bool:
    found = book.get(b"p" + task["proposal"]) if task["proposal"] else None
    if found is None:
        return False
    return found["status"] in ("discussion", "voting") or found["execution"] in ("waiting", "failed")


def task_to_review(t: Turn, *statuses: str) -> tuple[bytes, Row]:
    id_, task = task_of(t)
    refuse(task["status"] == "disputed" and is_undecided(t.book, task), "task_disputed")
    refuse(task["status"] not in (*statuses, "disputed"), "not_submitted")
    refuse(t.root in roots_of(task), "own_work")
    refuse(not may(t, "task.review", task["department"]), "not_allowed")
    refuse(not may_assign(t, task), "not_reviewer")
    work = t.book[b"s" + id_]
    refuse(t.body.get("work", work["action"]) != work["action"], "work_changed")
    return id_, task


def note_review(t: Turn, id_: bytes) -> None:
    t.book.change(b"s" + id_, reviewer=t.root, review=ref_of(t.body, "note"))


REVIEW = "task:link work?:link note?:ref"


@action("task.accept", REVIEW)
def accept(t: Turn) -> None:
    id_, _ = task_to_review(t, "submitted")
    terms = terms_of(t.book, id_)
    refuse(any(t.book[b"t" + one]["status"] not in OVER for one in terms["depends"]), "dependency_open")
    note_review(t, id_)
    pay_work(t, id_, t.id, (t.root,))
    if terms["every"]:
        t.begin("task_resume", id_, terms["every"] * DAY)


def pay_work(t: Turn, id_: bytes, origin: bytes, reviewers: tuple[bytes, ...]) -> None:
    """Pay by shares and record a contribution of each assignee; ``origin`` gives the ids of these."""
    task = t.book[b"t" + id_]
    parts = hamilton(task["amount"], [share for _, share in task["assignees"]]) if task["unit"] else []
    for place, (root, _) in enumerate(task["assignees"]):
        part = parts[place] if parts else 0
        if part:
            t.book.move(b"e" + id_, b"m" + root, task["unit"], part)
        name = sha(signed_text("contribution", origin), place.to_bytes(2, "big")) if place else origin
        found = make(
            "k", root, task["title"], None, "task", id_, task["unit"] if part else "", part, "claimed", reviewers,
            t.height, 0, "", task["department"], None, (), 0, 0, 0,
        )  # fmt: skip
        settle(t, b"k" + name, found)
    t.book.change(b"t" + id_, status="accepted", returns=0, closed=t.height)


@action("task.changes", REVIEW)
def ask_changes(t: Turn) -> None:
    id_, _ = task_to_review(t, "submitted")
    note_review(t, id_)
    t.book.change(b"t" + id_, status="changes", proposal=None, dispute=None)


@action("task.reject", REVIEW)
def reject_work(t: Turn) -> None:
    id_, task = task_to_review(t, "submitted", "changes")
    note_review(t, id_)
    if task["status"] == "disputed":
        end_task(t, id_, "rejected")
        return
    t.book.change(b"t" + id_, status="rejected")
    t.begin("task_return", id_, charter(t.book)["task_appeal_ms"])


def check_disputable(book: Book, id_: bytes) -> None:
    task = book.get(b"t" + id_)
    if task is None:
        raise Refusal("task_unknown")
    refuse(task["status"] == "disputed" and is_undecided(book, task), "task_disputed")
    open_ = task["status"] in ("submitted", "changes", "rejected", "disputed")
    refuse(task["closed"] or not open_, "not_submitted")


@action("task.dispute", "task:link proposal:link")
def dispute_task(t: Turn) -> None:
    id_, task = task_of(t)
    proposal = bytes(t.body["proposal"])
    refuse(t.root not in roots_of(task) and not may_assign(t, task), "not_concerned")
    check_disputable(t.book, id_)
    found = t.book.get(b"p" + proposal)
    if found is None:
        raise Refusal("proposal_unknown")
    refuse(found["kind"] != "decision" or found["status"] not in ("discussion", "voting"), "verdict_bad")
    t.book.change(b"t" + id_, status="disputed", returns=0, proposal=proposal, dispute=t.id)


def settle_dispute(t: Turn, id_: bytes, accepted: bool, proposal: bytes) -> None:
    """The verdict of an adopted proposal; time and height are those of the checkpoint that executes it."""
    task = t.book.get(b"t" + id_)
    if task is None:
        raise Refusal("task_unknown")
    refuse(task["status"] != "disputed" or task["proposal"] != proposal or task["dispute"] is None, "verdict_bad")
    if not accepted:
        end_task(t, id_, "rejected")
        return
    pay_work(t, id_, task["dispute"], ())
    every = terms_of(t.book, id_)["every"]
    if every:
        start_resume(t, id_, every * DAY)


# -- what time does to tasks -----------------------------------------------------------------------
def start_task(t: Turn, id_: bytes, lifetime: int, time: int | None = None) -> None:
    """The life of a round begins now; that of a further round when it was due."""
    started = t.time if time is None else time
    expires = started + lifetime if lifetime else 0
    t.book.change(b"t" + id_, started=started, expires=expires)
    if expires:
        t.book.agenda(expires, t.place, "expire_task", id_)


def expire_task(t: Turn, id_: bytes, time: int) -> None:
    task = t.book[b"t" + id_]
    if task["expires"] == time and task["status"] in AHEAD:
        end_task(t, id_, "expired")


def start_return(t: Turn, id_: bytes, appeal: int) -> None:
    if t.book[b"t" + id_]["status"] == "rejected":
        t.book.change(b"t" + id_, returns=t.time + appeal)
        t.book.agenda(t.time + appeal, t.place, "return_task", id_)


def return_task(t: Turn, id_: bytes, time: int) -> None:
    task = t.book[b"t" + id_]
    if task["status"] == "rejected" and task["returns"] == time:
        end_task(t, id_, "rejected")


def start_resume(t: Turn, id_: bytes, period: int) -> None:
    task = t.book[b"t" + id_]
    if task["status"] == "accepted":
        resumes = max(t.time, task["started"] + period)
        t.book.change(b"t" + id_, resumes=resumes)
        t.book.agenda(resumes, t.place, "resume_task", id_)


def resume_task(t: Turn, id_: bytes, time: int) -> None:
    """The next round of a recurring task, or why it does not open."""
    book = t.book
    task = book[b"t" + id_]
    if task["status"] != "accepted" or task["resumes"] != time:
        return
    try:
        check_funds(book, task["payer"], task["unit"], task["amount"])
    except Refusal as reason:
        book.change(b"t" + id_, resumes=0, stopped=reason.args[0])
        return
    terms = terms_of(book, id_)
    if terms["due"]:
        put_terms(book, id_, {**terms, "due": terms["due"] + terms["every"] * DAY})
    if b"s" + id_ in book:
        book.put(b"s" + id_, None)
    again = book.change(
        b"t" + id_, status="open", round=task["round"] + 1, opened=t.height, assignees=(), applicants=(), ticks=(),
        resumes=0, closed=0, proposal=None, dispute=None,
    )  # fmt: skip
    into_escrow(book, id_, again, task["amount"])
    start_task(t, id_, terms["lifetime"], time)


# ======================================================================================================================
# Contributions, points, reputation (docs/protocol.md §6)
# ======================================================================================================================
@action("contribution.claim", "title:title text?:ref category?:name department?:link evidence?:evidence")
def claim_contribution(t: Turn) -> None:
    body = t.body
    refuse("contribution.claim" not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_contributions"], "module_off")
    department = plain(body.get("department"))
    if department is not None:
        open_department_of(t.book, department)
    t.book.put(
        b"k" + t.id,
        make("k", t.root, body["title"], ref_of(body, "text"), "claim", None, "", 0, "claimed", (), t.height, 0,
             body.get("category", ""), department, None, (), 0, 0, 0),
    )  # fmt: skip


def others_contribution(t: Turn, right: str) -> tuple[bytes, Row]:
    key = b"k" + t.body["contribution"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("contribution_unknown")
    refuse(right not in t.rights, "not_allowed")
    refuse(not charter(t.book)["module_contributions"], "module_off")
    refuse(found["author"] == t.root, "own_contribution")
    refuse(found["status"] == "withdrawn", "contribution_closed")
    return key, found


def check_first_word(t: Turn, found: Row) -> None:
    refuse(t.root in found["endorsers"], "already_endorsed")
    refuse(t.root in dict(found["disputes"]), "already_disputed")


@action("contribution.endorse", "contribution:link")
def endorse(t: Turn) -> None:
    key, found = others_contribution(t, "contribution.endorse")
    check_first_word(t, found)
    refuse(len(found["endorsers"]) >= 64, "endorsed_enough")
    settle(t, key, {**found, "endorsers": (*found["endorsers"], t.root)})


@action("contribution.dispute", "contribution:link reason:ref")
def dispute_contribution(t: Turn) -> None:
    key, found = others_contribution(t, "contribution.endorse")
    check_first_word(t, found)
    refuse(len(found["disputes"]) >= 16, "disputed_enough")
    settle(t, key, {**found, "disputes": (*found["disputes"], (t.root, ref_of(t.body, "reason")))})


@action("contribution.withdraw", "contribution:link")
def withdraw_contribution(t: Turn) -> None:
    key = b"k" + t.body["contribution"]
    found = t.book.get(key)
    if found is None:
        raise Refusal("contribution_unknown")
    refuse(found["status"] == "withdrawn", "contribution_closed")
    if found["author"] == t.root and found["source"] == "claim":
        settle(t, key, {**found, "status": "withdrawn"})
        return
    disputes = tuple(row for row in found["disputes"] if row[0] != t.root)
    refuse(len(disputes) == len(found["disputes"]), "nothing_to_withdraw")
    settle(t, key, {**found, "disputes": disputes})


@action("contribution.value", "contribution:link points:count")
def value_contribution(t: Turn) -> None:
    key, found = others_contribution(t, "contribution.value")
    refuse(t.body["points"] > charter(t.book)["points_most"], "points_bounds")
    settle(t, key, {**found, "value": t.body["points"]})


def settle(t: Turn, key: bytes, found: Row) -> None:
    """Bring status, points and reputation in line with what was said about a contribution."""
    values, by_task = charter(t.book), found["source"] == "task"
    usual, points = values["endorsements"], 0
    needed = min((1 if by_task else usual) + usual * len(found["disputes"]), 64)
    if found["status"] != "withdrawn":
        counts = len(found["endorsers"]) >= needed
        status = "endorsed" if counts else "disputed" if found["disputes"] else "claimed"
        found = {**found, "status": status}
        if counts and found["value"] is not None:
            points = found["value"]
        elif counts:
            points = found["counted"] or values["points_task" if by_task else "points_claim"]
    t.book.put(key, _counted(t, found, points))


def _counted(t: Turn, found: Row, points: int) -> Row:
    more = points - found["counted"]
    if not more:
        return found
    root = found["author"]
    for key in [b"K" + root] + ([b"K" + root + found["department"]] if found["department"] is not None else []):
        t.book.put(key, make("K", (t.book.get(key) or {"points": 0})["points"] + more))
    hour = max(t.time // HOUR, found["hour"])
    kept = decayed(t.book, as_power(found["kept"]) or 0, found["hour"], hour)
    nano = more * 10**9 if more > 0 else kept * more // found["counted"]
    change_reputation(t, root, nano)
    return {**found, "counted": points, "kept": wire(max(0, kept + nano)), "hour": hour}


_factors: dict[int, int] = {}  # by half-life in hours


def hourly_factor(half_life: int) -> int:
    """The largest f of 64 bits with (f / 2**64) ** half_life at most one half, by exact integers."""
    if half_life not in _factors:
        low, high = 1 << 63, 1 << 64
        while high - low > 1:
            middle = (low + high) >> 1
            low, high = (middle, high) if _at_most_half(middle, half_life) else (low, middle)
        _factors[half_life] = low
    return _factors[half_life]


def _at_most_half(factor: int, power: int) -> bool:
    """Bounds of the power from below and above, with ever more bits until they agree."""
    for bits in itertools.count(128, 128):
        lower, upper = _power_bounds(factor, power, bits)
        if upper <= 1 << bits - 1:
            return True
        if lower > 1 << bits - 1:
            return False
    raise AssertionError


def _power_bounds(factor: int, power: int, bits: int) -> tuple[int, int]:
    lower = upper = 1 << bits
    low = high = factor << bits - 64
    for digit in bin(power)[:1:-1]:
        if digit == "1":
            lower, upper = lower * low >> bits, -(-(upper * high) >> bits)
        low, high = low * low >> bits, -(-(high * high) >> bits)
    return lower, upper


def decayed(book: Reader, nano: int, hour: int, until: int) -> int:
    """What is left at hour ``until`` of what stood at ``hour``; each hour by the half-life that held in it."""
    found = book.get(LIVES)
    rows = found["rows"] if found else ((0, charter(book)["reputation_half_life"]),)
    for place, (start, half_life) in enumerate(rows):
        end = rows[place + 1][0] if place + 1 < len(rows) else until
        hours = min(end, until) - max(start, hour)
        factor = hourly_factor(half_life)
        for _ in range(min(hours, 1_000_000)):
            if not nano:
                return 0
            nano = nano * factor >> 64
    return nano


def nano_reputation(book: Reader, root: bytes, time: int) -> int:
    found = book.get(b"S" + root)
    if found is None:
        return 0
    return decayed(book, as_power(found["value"]) or 0, found["hour"], max(found["hour"], time // HOUR))


def whole_reputation(book: Reader, root: bytes, time: int) -> int:
    return nano_reputation(book, root, time) // 10**9


def change_reputation(t: Turn, root: bytes, nano: int) -> None:
    found = t.book.get(b"S" + root)
    hour = max(t.time // HOUR, found["hour"] if found else 0)
    left = max(0, nano_reputation(t.book, root, t.time) + nano)
    t.book.put(b"S" + root, make("S", wire(left), hour))


def amend_half_life(t: Turn, before: int, after: int) -> None:
    found = t.book.get(LIVES)
    hour = t.time // HOUR
    rows = tuple(row for row in (found["rows"] if found else ((0, before),)) if row[0] < hour)
    refuse(len(rows) >= 1_000, "count_too_large")
    t.book.put(LIVES, make("H", (*rows, (hour, after))))


# ======================================================================================================================
# Comments, erasing
# ======================================================================================================================
@action("comment.add", "on:link text:ref mentions?:mentions")
def comment(t: Turn) -> None:
    on, mentions, book = bytes(t.body["on"]), tuple(t.body.get("mentions", ())), t.book
    refuse("comment.add" not in t.rights, "not_allowed")
    known = len(set(mentions)) == len(mentions) and all(b"m" + root in book for root in mentions)
    refuse(not known, "mentions_bad")
    key = next((kind + on for kind in (b"t", b"p", b"k") if kind + on in book), None)
    if key is None:
        raise Refusal("target_unknown")
    book.add(key, comments=1)
    book.put(b"c" + t.id, make("c", on, t.root, ref_of(t.body, "text"), mentions))


@action("content.erase", "on:link hash:key")
def erase(t: Turn) -> None:
    wanted = t.body["hash"]
    texts = list(_texts_on(t.book, bytes(t.body["on"]), t.root))
    refuse(not texts, "target_unknown")
    own = [ref for author, ref in texts if author == t.root]
    refuse(not own, "not_author")
    refuse(wanted not in [ref[0] for ref in own if ref], "content_unknown")
    t.book.put(b"z" + wanted, make("z", t.root, t.height))


# Where the texts of a kind of row stand: (who wrote it, the reference); the first kind that there is counts.
TEXTS_OF = {
    b"c": [("author", "text")],
    b"t": [("opener", "")],  # in the terms; the submission has more
    b"p": [("author", "text")],
    b"k": [("author", "text")],
    b"m": [("", "profile")],
    b"h": [("member", "title")],
    b"J": [("opener", "text")],
    b"Q": [("opener", "text")],
    b"O": [("by", "reference"), ("to", "answer")],
}


def _texts_on(book: Book, on: bytes, reader: bytes) -> Iterator[tuple[bytes, Any]]:
    kind = next((kind for kind in TEXTS_OF if kind + on in book), None)
    if kind is None:
        return
    row = book[kind + on]
    for author, field in TEXTS_OF[kind]:
        yield row[author] if author else on, row[field] if field else terms_of(book, on)["text"]
    if kind == b"t" and (work := book.get(b"s" + on)):
        yield work["by"], work["note"]
        if work["reviewer"] is not None:
            yield work["reviewer"], work["review"]
    if kind == b"k":
        yield from row["disputes"]
    if kind == b"J" and (gifts := book.get(b"G" + on + reader)):
        yield reader, gifts["note"]


# ======================================================================================================================
# Voting methods (docs/voting.md, docs/tally-format.md)
# ======================================================================================================================
class Count:
    """Of one vote: exact scores, winners (numbers from 1), and what the method itself says about passing."""

    def __init__(self, scores: list[Any], winners: Iterable[int], tie: bool | None = None, places: int = 0) -> None:
        self.scores, self.winners, self.places = scores, tuple(winners), places
        self.tie = len(self.winners) > 1 if tie is None else tie
        self.passed: bool | None = None
        self.valid_power = 0


Votes = list[tuple[Any, int]]  # ballot, power


def best(scores: list[Any]) -> list[int]:
    """Numbers of the options with the most, none where nothing is above 0."""
    top = max(scores, default=0)
    return [number for number, score in enumerate(scores, 1) if score == top] if top > 0 else []


def is_choice(value: Any, options: int) -> bool:
    return type(value) is int and 1 <= value <= options


def are_choices(value: Any, options: int) -> bool:
    return type(value) is list and all(is_choice(one, options) for one in value) and len(set(value)) == len(value)


def is_ranking(value: Any, options: int, settings: dict[str, Any]) -> bool:
    whole = len(value) == options if type(value) is list and settings.get("complete") else True
    return are_choices(value, options) and bool(value) and whole


def is_tiers(value: Any, options: int) -> bool:
    if type(value) is not list or not all(type(tier) is list and tier for tier in value):
        return False
    return are_choices([one for tier in value for one in tier], options)


def by_option(value: Any, options: int) -> bool:
    """A map that is not empty from option numbers as text."""
    return type(value) is dict and bool(value) and value.keys() <= set(map(str, range(1, options + 1)))


def is_graded(value: Any, options: int, settings: dict[str, Any]) -> bool:
    top = settings.get("max", 5)
    return by_option(value, options) and all(type(grade) is int and 0 <= grade <= top for grade in value.values())


DECIMAL = re.compile(r"(?P<whole>[0-9]+|-0+(?=[.eE]))(\.(?P<part>[0-9]+))?([eE](?P<power>[+-]?[0-9]{1,6}))?", re.ASCII)


def read_share(value: Any) -> tuple[int, int] | None:
    """Digits and exponent of ten of a share; None for what is none."""
    if type(value) is int:
        return (value, 0) if value >= 0 else None
    found = DECIMAL.fullmatch(value) if type(value) is str and len(value) <= 1_000 else None
    if found is None or abs(int(found["power"] or 0)) > 1_000:
        return None
    part = found["part"] or ""
    digits = int(found["whole"] + part)
    if not digits and (found["power"] is not None or value.startswith("-")):
        return 0, 0
    return digits, int(found["power"] or 0) - len(part)


def read_split(value: Any, options: int) -> dict[int, int] | None:
    """Shares by place from 0, all times the power of ten that makes the finest a whole number; None where the form is
    broken."""
    if not by_option(value, options):
        return None
    shares = {int(number) - 1: read_share(one) for number, one in value.items()}
    known = {place: share for place, share in shares.items() if share is not None}
    if len(known) < len(shares) or not any(digits for digits, _ in known.values()):
        return None
    finest = min(exponent for _, exponent in known.values())
    return {place: digits * 10 ** (exponent - finest) for place, (digits, exponent) in known.items()}


FIXED = {"yes-no-abstain": ("yes", "no", "abstain"), "consent": ("agree", "abstain", "disagree", "object")}
SETTINGS: dict[str, dict[str, Check]] = {  # what may be set of each method
    "single": {}, "yes-no-abstain": {}, "approval": {}, "weighted": {}, "quadratic": {}, "consent": {},
    "score": {"max": lambda v: type(v) is int and 1 <= v <= 10**18},
    "ranked": {"complete": lambda v: type(v) is bool},
    "copeland": {"tie_break": lambda v: type(v) is str and v in ("none", "support")},
    "schulze": {"strength": lambda v: type(v) is str and v in ("winning", "margins")},
    "stv": {
        "seats": lambda v: type(v) is int and 1 <= v <= 10_000,
        "complete": lambda v: type(v) is bool,
    },
}  # fmt: skip


def is_ballot(method: str, settings: dict[str, Any], options: int, value: Any) -> bool:
    """Is this a well-formed ballot?"""
    if method in FIXED:
        if method == "consent":
            value = value.get("stance") if type(value) is dict and len(value) == 1 else None
        return type(value) is str and value in FIXED[method]
    if method == "single":
        return is_choice(value, options)
    if method == "approval":
        return are_choices(value, options)
    if method == "score":
        return is_graded(value, options, settings)
    if method in ("ranked", "stv"):
        return is_ranking(value, options, settings)
    if method == "copeland":
        return is_ranking(value, options, {"complete": True})
    if method == "schulze":
        return is_tiers(value, options)
    return read_split(value, options) is not None


def count_sums(method: str, options: int, given: Votes) -> Count:
    """Single choice, approval, yes/no/abstain, consent and score: each option's sum of powers."""
    scores = [0] * options
    words = FIXED.get(method, ())
    for ballot, power in given:
        if method == "score":
            for number, grade in ballot.items():
                scores[int(number) - 1] += grade * power
            continue
        named = ballot["stance"] if method == "consent" else ballot
        for one in named if type(named) is list else [named]:
            scores[words.index(one) if words else one - 1] += power
    return Count(scores, best(scores))


def count_ranked(options: int, given: Votes) -> Count:
    """Instant run-off: one option goes out a round until one has more than half of the power that still counts."""
    left, past = set(range(1, options + 1)), []
    whole = sum(power for _, power in given)
    while True:
        tally = [0] * options
        for ranking, power in given:
            first = next((one for one in ranking if one in left), None)
            if first is not None:
                tally[first - 1] += power
        if not whole:
            return Count(tally, ())
        past.append(tally)
        leader = max(left, key=lambda one: (tally[one - 1], -one))
        if 2 * tally[leader - 1] > sum(tally):
            return Count(tally, (leader,))
        level = sorted(left)
        for earlier in reversed(past):
            least = min(earlier[one - 1] for one in level)
            level = [one for one in level if earlier[one - 1] == least]
        left.discard(level[-1])


def preferences(options: int, given: Votes, tiered: bool) -> list[list[int]]:
    """Power that prefers the option of the row to that of the column."""
    sums = [[0] * options for _ in range(options)]
    for ballot, power in given:
        tiers = ballot if tiered else [[one] for one in ballot]
        lower = set(range(1, options + 1))
        for tier in tiers:
            lower.difference_update(tier)
            for one in tier:
                row = sums[one - 1]
                for other in lower:
                    row[other - 1] += power
    return sums


def count_copeland(options: int, given: Votes, settings: dict[str, Any]) -> Count:
    sums = preferences(options, given, False)
    if not any(power for _, power in given):
        return Count([0] * options, ())
    halves = [sum(1 + (mine > theirs) - (mine < theirs) for mine, theirs in _met(sums, one)) for one in range(options)]
    scores = [Fraction(half, 2) for half in halves]
    winners = [number for number, score in enumerate(scores, 1) if score == max(scores)]
    if settings.get("tie_break") == "support":
        support = {number: sum(sums[number - 1]) for number in winners}
        winners = [number for number in winners if support[number] == max(support.values())]
    return Count(scores, winners)


def _met(sums: list[list[int]], one: int) -> list[tuple[int, int]]:
    return [(sums[one][other], sums[other][one]) for other in range(len(sums)) if other != one]


def count_schulze(options: int, given: Votes, settings: dict[str, Any]) -> Count:
    """Who beats whom by the strongest paths, found link by link from the strongest down."""
    sums, places = preferences(options, given, True), range(options)
    margins = settings.get("strength") == "margins"
    width = [
        [(sums[a][b] - margins * sums[b][a]) if sums[a][b] > sums[b][a] else 0 for b in places] for a in places
    ]
    for via in places:
        for a in places:
            if width[a][via]:
                for b in places:
                    width[a][b] = max(width[a][b], min(width[a][via], width[via][b]))
    beats = [{b for b in places if a != b and width[a][b] > width[b][a]} for a in places]
    compared = any(map(any, sums)) or (options == 1 and any(power for _, power in given))
    unbeaten = [a + 1 for a in places if not any(a in beaten for beaten in beats)] if compared else []
    return Count([len(beaten) for beaten in beats], unbeaten)


class Transfers:
    """A single transferable vote by the Scottish rules; votes are counted in hundred-thousandths."""

    ONE = 100_000

    def __init__(self, options: int, seats: int, seed: bytes, given: Votes) -> None:
        self.seats, self.seed = seats, seed
        self.quota = (sum(power for _, power in given) // (seats + 1) + 1) * self.ONE
        self.hopeful = set(range(1, options + 1))
        self.piles: dict[int, list[tuple[Any, int]]] = {one: [] for one in self.hopeful}  # ranking, worth of one
        self.votes = [0] * options
        self.past: list[list[int]] = []
        self.elected: list[int] = []
        merged = Counter[tuple[int, ...]]()
        for ranking, power in given:
            merged[tuple(ranking)] += power
        self.power = {ranking: power for ranking, power in merged.items() if power}

    def run(self) -> Count:
        if self.power:
            for ranking, power in self.power.items():
                self._credit(ranking, ranking[0], self.ONE, power)
            self.past.append(self.votes[:])
            while self._stage():
                self.past.append(self.votes[:])
        return Count([Fraction(votes, self.ONE) for votes in self.votes], sorted(self.elected), False)

    def _stage(self) -> bool:
        """Elect; then transfer one surplus or exclude one option. False when it is over."""
        self._elect(one for one in self.hopeful if self.votes[one - 1] >= self.quota)
        if len(self.hopeful) <= self.seats - len(self.elected):
            self._elect(iter(self.hopeful))
        if len(self.elected) >= self.seats or not self.hopeful:
            return False
        over = [one for one in self.elected if self.votes[one - 1] > self.quota]
        if over:
            one = self._extreme(over, 1)
            votes = self.votes[one - 1]
            self.votes[one - 1] = self.quota
            self._hand_on(one, lambda worth: (votes - self.quota) * worth // votes)
        else:
            one = self._extreme(sorted(self.hopeful), -1)
            self.hopeful.discard(one)
            self.votes[one - 1] = 0
            self._hand_on(one, lambda worth: worth)
        return True

    def _elect(self, found: Iterator[int]) -> None:
        for one in sorted(found, key=lambda one: (-self.votes[one - 1], one)):
            self.hopeful.discard(one)
            self.elected.append(one)

    def _extreme(self, level: list[int], sign: int) -> int:
        """The most (1) or the fewest (-1) votes now, else at the latest stage that tells apart, else by lot."""
        for votes in reversed(self.past):
            wanted = max(sign * votes[one - 1] for one in level)
            level = [one for one in level if sign * votes[one - 1] == wanted]
        lots = {sha(self.seed, one.to_bytes(4, "big")): one for one in level}
        return lots[max(lots) if sign > 0 else min(lots)]

    def _credit(self, ranking: Any, to: int, worth: int, power: int) -> None:
        self.piles[to].append((ranking, worth))
        self.votes[to - 1] += worth * power

    def _hand_on(self, one: int, worth_of: Callable[[int], int]) -> None:
        for ranking, worth in self.piles.pop(one):
            behind = ranking[ranking.index(one) + 1 :]
            to = next((other for other in behind if other in self.hopeful), None)
            if to is not None:
                self._credit(ranking, to, worth_of(worth), self.power[ranking])


def count_weighted(options: int, given: Votes) -> Count:
    """Power in the proportion of shares, exactly; grouped by sum of shares where denominators grow too long."""
    groups: dict[int, list[int]] = {}
    powers: Counter[int] = Counter()
    for ballot, power in given:
        split = read_split(ballot, options) or {}
        row = groups.setdefault(sum(split.values()), [0] * options)
        powers[sum(split.values())] += power
        for place, part in split.items():
            row[place] += part * power
    groups = {total: row for total, row in groups.items() if powers[total]}
    common = 1
    for total in groups:
        common = math.lcm(common, total)
        if common >= 10**4_000:
            return _weighted_cut(options, groups)
    scores = [Fraction(sum(row[place] * (common // total) for total, row in groups.items()), common)
              for place in range(options)]  # fmt: skip
    return Count(scores, best(scores))


def _weighted_cut(options: int, groups: dict[int, list[int]]) -> Count:
    fine = 10**48
    sums = [sum(fine * row[place] // total for total, row in groups.items()) for place in range(options)]
    scores = [Fraction(one, fine) for one in sums]
    return Count(scores, best(scores), places=24)


def count_quadratic(options: int, given: Votes) -> Count:
    """The square of the sum of roots, rescaled to the valid power; a root is cut after 24 decimals."""
    roots, inexact = [0] * options, False
    for ballot, power in given:
        split = read_split(ballot, options) or {}
        total, squares = sum(split.values()), 0
        for place, part in split.items():
            root = math.isqrt(power * 10**48 * part // total)
            roots[place] += root
            squares += root * root
        inexact |= squares != power * 10**48
    whole, valid = sum(root * root for root in roots), sum(power for _, power in given)
    scores = [Fraction(valid * root * root, whole) if whole else Fraction(0) for root in roots]
    return Count(scores, best(roots), places=24 if inexact else 0)


def count_votes(method: str, settings: dict[str, Any], options: int, given: Votes, seed: str) -> Count:
    if method == "ranked":
        found = count_ranked(options, given)
    elif method == "copeland":
        found = count_copeland(options, given, settings)
    elif method == "schulze":
        found = count_schulze(options, given, settings)
    elif method == "stv":
        found = Transfers(options, settings.get("seats", 1), seed.encode(), given).run()
    elif method == "weighted":
        found = count_weighted(options, given)
    elif method == "quadratic":
        found = count_quadratic(options, given)
    else:
        found = count_sums(method, options, given)
    found.valid_power = sum(power for _, power in given)
    return found


def written_score(score: Any, places: int) -> str:
    """As it stands in a result: a whole number, a fraction of at most 100 digits below, or 24 decimals, cut."""
    above, below = Fraction(score).numerator, Fraction(score).denominator
    if not places and below < 10**100:
        return decimal(above) if below == 1 else f"{decimal(above)}/{decimal(below)}"
    digits = decimal(above * 10**24 // below).rjust(25, "0")
    return f"{digits[:-24]}.{digits[-24:]}"


def decimal(number: int) -> str:
    """Decimal digits of a whole number from 0, of any length."""
    parts = []
    while number >= 10**4_000:
        number, part = divmod(number, 10**4_000)
        parts.append(str(part).rjust(4_000, "0"))
    return str(number) + "".join(reversed(parts))


# ======================================================================================================================
# Delegation
# ======================================================================================================================
def follow_delegates(
    powers: dict[bytes, int], voted: set[bytes], chosen: dict[bytes, bytes]
) -> tuple[dict[bytes, int], set[bytes]]:
    """Power that each voter carries, and the members whose delegated power reaches nobody."""
    carried = {root: power for root, power in powers.items() if root in voted}
    ends: dict[bytes, bytes | None] = {}  # of those who delegate: the voter, None where there is none
    for root in chosen:
        walked: list[bytes] = []
        at = root
        while at in chosen and at not in voted and at not in ends:
            walked.append(at)
            ends[at] = None  # a circle comes back here
            at = chosen[at]
        end = at if at in carried else ends.get(at)
        for passed in walked:
            ends[passed] = end
    for root, end in ends.items():
        if end is not None:
            carried[end] += powers[root]
    return carried, {root for root, end in ends.items() if end is None}


@action("vote.delegate", "to:key~ department?:link topic?:name")
def delegate(t: Turn) -> None:
    body, book, key = t.body, t.book, b"g" + t.root
    department, topic, to = plain(body.get("department")), body.get("topic"), body["to"]
    refuse("vote.delegate" not in t.rights, "not_allowed")
    if to is not None:
        refuse(not charter(book)["delegation"], "not_allowed")
        if department is not None:
            refuse(topic, "department_unknown")
            open_department_of(book, department)
        refuse(to == t.root, "delegate_self")
        found = book.get(b"m" + to)
        refuse(found is None or not votes(found), "delegate_unknown")
    scope = b"t" + topic.encode() if topic else b"d" + department if department else b""
    rows = dict(book[key]["rows"]) if key in book else {}
    had = bool(rows)
    if to is None:
        refuse(scope not in rows, "delegation_none")
        del rows[scope]
    else:
        refuse(scope not in rows and len(rows) >= 64, "delegations_many")
        refuse(_comes_back(book, t.root, to, scope), "delegation_cycle")
        rows[scope] = to
    book.put(key, make("g", tuple(sorted(rows.items()))) if rows else None)
    book.add(TOTALS, delegators=bool(rows) - had)


def _comes_back(book: Book, root: bytes, to: bytes | None, scope: bytes) -> bool:
    for _ in range(20_000):
        if to is None or to == root:
            return to is not None
        found = book.get(b"g" + to)
        to = dict(found["rows"]).get(scope) if found else None
    return True


# ======================================================================================================================
# Electorate and ballots
# ======================================================================================================================
def chunk_key(kind: bytes, id_: bytes, chunks: int, root: bytes) -> bytes:
    return kind + id_ + (int.from_bytes(root[:2], "big") & chunks - 1).to_bytes(2, "big")


def chunks_for(voters: int) -> int:
    return next(1 << bits for bits in range(13) if voters <= 16 << bits or bits == 12)


def freeze_electorate(t: Turn, id_: bytes, proposal: Row) -> tuple[int, int, int]:
    """Write down powers other than one each; returns voters, their power, chunks."""
    past, kind = Past(t.book), proposal["power_kind"]
    if kind == "member":
        found = past.get(TOTALS)
        voters = found["members"] if found else 0
        return voters, voters, chunks_for(voters)
    if kind == "table":
        rows = [(root, as_power(power) or 0) for root, power in t.book[b"w" + id_]["rows"]]
    else:
        rows = sorted(_powers(past, proposal, t.since))
    chunks = chunks_for(len(rows))
    if kind != "table":
        spread: dict[bytes, list[Any]] = {}
        for root, power in rows:
            spread.setdefault(chunk_key(b"w", id_, chunks, root), []).append((root, wire(power)))
        for key, part in spread.items():
            t.book.put(key, make("w", tuple(part)))
    return len(rows), sum(power for _, power in rows), chunks


def _powers(past: Past, proposal: Row, time: int) -> Iterator[tuple[bytes, int]]:
    kind = proposal["power_kind"]
    for root, member in everybody(past):
        power = 0
        if kind == "department":
            power = int(member["status"] == "active" and belongs(past, member, proposal["department"] or b""))
        elif votes(member):
            by_name = kind == "reputation"
            power = whole_reputation(past, root, time) if by_name else past.balance(b"m" + root, proposal["power_unit"])
        if power:
            yield root, power


def power_in_vote(book: Reader, id_: bytes, proposal: Row, root: bytes) -> int | None:
    """A member's power in an opened vote; None outside its electorate."""
    if proposal["power_kind"] == "member":
        member = book.get(b"m" + root)
        return 1 if member and voted_at(member, proposal["electorate"]) else None
    table = proposal["power_kind"] == "table"
    found = book.get(b"w" + id_ if table else chunk_key(b"w", id_, proposal["chunks"], root))
    power = dict(found["rows"]).get(root) if found else None
    return None if power is None else as_power(power)


def electorate(book: Reader, id_: bytes, proposal: Row) -> dict[bytes, int]:
    if proposal["power_kind"] == "member":
        return {root: 1 for root, member in everybody(book) if voted_at(member, proposal["electorate"])}
    chunks = [b""] if proposal["power_kind"] == "table" else [n.to_bytes(2, "big") for n in range(proposal["chunks"])]
    parts = [book.get(b"w" + id_ + chunk) for chunk in chunks]
    return {root: as_power(power) or 0 for part in parts if part for root, power in part["rows"]}


@action("vote.cast", "proposal:link choice:any")
def cast(t: Turn) -> None:
    id_, book, choice = bytes(t.body["proposal"]), t.book, t.body["choice"]
    found = book.get(b"p" + id_)
    if found is None:
        raise Refusal("proposal_unknown")
    refuse(found["status"] == "discussion", "voting_not_open")
    refuse(found["status"] != "voting", "voting_closed")
    power = power_in_vote(book, id_, found, t.root)
    if power is None:
        raise Refusal("not_in_electorate")
    good = is_ballot(found["method"], dict(found["parameters"]), len(found["options"]), choice)
    refuse(not good, "ballot_bad")
    key = chunk_key(b"v", id_, found["chunks"], t.root)
    rows = {row[0]: row for row in book[key]["rows"]} if key in book else {}
    again, locked = t.root in rows, rule_in_vote(book, found, "locked_ballots")
    refuse(locked and again, "ballot_locked")
    rows[t.root] = (t.root, pack(choice), wire(power), t.id)
    book.put(key, make("v", tuple(rows[root] for root in sorted(rows))))
    if not again:
        book.add(b"p" + id_, voted=1)
    if locked and book[b"p" + id_]["voted"] == found["voters"]:
        t.begin("all_voted", id_)


class Tally:
    """A vote as it stands: its count, the verdict, and where delegated power went."""

    def __init__(self, book: Reader, id_: bytes, proposal: Row, previous: bytes) -> None:
        rows: list[Any] = []
        for number in range(proposal["chunks"]):
            found = book.get(b"v" + id_ + number.to_bytes(2, "big"))
            rows += found["rows"] if found else ()
        own = {root: as_power(power) or 0 for root, _, power, _ in rows}
        powers, self.lost = self._delegated(book, id_, proposal, own)
        self.carried = sum(powers.values()) - sum(own.values())
        given = [(unpack(choice), powers.get(root, 0)) for root, choice, _, _ in rows]
        settings, method = dict(proposal["parameters"]), proposal["method"]
        self.count = count_votes(method, settings, len(proposal["options"]), given, (id_ + previous).hex())
        self.quorum = -(-rule_in_vote(book, proposal, "quorum_bp") * (as_power(proposal["power"]) or 0) // 10_000)
        self.passed = self._verdict(book, proposal)

    @staticmethod
    def _delegated(book: Reader, id_: bytes, proposal: Row, own: dict[bytes, int]) -> tuple[dict[bytes, int], int]:
        if not book[TOTALS]["delegators"] or not rule_in_vote(book, proposal, "delegation"):
            return own, 0
        scopes = [b"t" + proposal["topic"].encode()] if proposal["topic"] else []
        scopes += [b"d" + department for department in upwards(book, proposal["department"])]
        powers, chosen = electorate(book, id_, proposal), {}
        for root in powers:
            found = book.get(b"g" + root)
            if found and root not in own and is_active(book, root):
                rows = dict(found["rows"])
                to = next((rows[scope] for scope in [*scopes, b""] if scope in rows), None)
                if to is not None:
                    chosen[root] = to
        if not chosen:
            return own, 0
        carried, lost = follow_delegates(powers, set(own), chosen)
        return carried, sum(powers[root] for root in lost)

    def _verdict(self, book: Reader, proposal: Row) -> bool | None:
        count, method = self.count, proposal["method"]
        reached = count.valid_power >= self.quorum
        if method == "yes-no-abstain":
            yes, no, _ = count.scores
            least = max(rule_in_vote(book, proposal, "min_support_power"), as_power(proposal["min_support"]) or 0)
            above = yes * 10_000 > rule_in_vote(book, proposal, "support_bp") * (yes + no)
            adopted = above and reached and yes >= least
            count.winners = () if yes + no == 0 else (1,) if adopted else (2,)
            count.tie = False
            return bool(adopted)
        if method == "consent":
            objected, valid = count.scores[3], count.valid_power
            count.winners = () if not valid else (4,) if objected else (1,)
            count.tie = False
            return valid > 0 and not objected and reached
        if proposal["kind"] == "poll":
            return None
        return bool(count.winners) and reached and (proposal["kind"] == "election" or not count.tie)


# ======================================================================================================================
# Proposals (docs/protocol.md §6, §9.7)
# ======================================================================================================================
NEEDS_EFFECTS = ("spending", "amendment", "role", "issuance", "penalty", "election")
Purse = dict[tuple[bytes, str], int]  # by party and unit


def read_effects(value: Any) -> tuple[list[dict[str, Any]], bytes]:
    """Effects of a body and as they are kept."""
    refuse(type(value) is not list or len(value) > 16, "effects_too_large")
    for one in value:
        refuse(type(one) is not dict or type(one.get("do")) is not str, "effect_bad")
        found = EFFECTS.get(one["do"])
        if found is None:
            raise Refusal("effect_unknown")
        refuse(not found.shape.fits({name: part for name, part in one.items() if name != "do"}), "effect_bad")
    packed = pack(value) if value else b""
    refuse(len(packed) > 32 * 1024, "effects_too_large")
    return value, packed


def effects_of(proposal: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = unpack(proposal["effects"]) if proposal["effects"] else []
    return found


def sums_asked(effects: list[dict[str, Any]]) -> Purse:
    """What effects take out of the treasury and departments."""
    asked: Purse = {}
    for one in effects:
        if one["do"] in ("pay", "budget", "schedule"):
            key = (one.get("from", TREASURY), one["unit"])
            asked[key] = asked.get(key, 0) + one["amount"]
    return asked


def read_options(kind: str, method: str, options: list[str]) -> tuple[str, ...]:
    if method in FIXED:
        refuse(options, "options_bad")
        return FIXED[method]
    few = len(options) < (1 if kind == "election" else 2)
    refuse(few or len(set(options)) < len(options), "options_bad")
    return tuple(options)


def check_fit(book: Book, kind: str, method: str, settings: dict[str, Any], options: Any, effects: list[Any]) -> None:
    """Do method, options and effects fit the kind?"""
    refuse(BINDING[for_kind(charter(book), kind, "method")] not in ("any", method), "method_not_for_kind")
    refuse(any(kind not in EFFECTS[one["do"]].kinds for one in effects), "effect_not_for_kind")
    if not effects:
        refuse(kind in NEEDS_EFFECTS, "effects_missing")
    elif kind != "election":
        refuse(method not in FIXED, "method_not_for_kind")
    else:
        refuse(method in FIXED, "method_not_for_kind")
        refuse(len(effects) != 1 or len(effects[0]["candidates"]) != len(options), "options_bad")
        seats = effects[0]["seats"]
        refuse(method == "ranked" and seats != 1, "method_parameters")
        refuse(method == "stv" and settings.get("seats") != seats, "method_parameters")


def check_proposer(t: Turn, kind: str, department: bytes | None) -> None:
    refuse(kind not in KINDS, "kind_unknown")
    if department is not None:
        open_department_of(t.book, department)
    refuse(not may(t, "proposal.open", department), "not_allowed")
    stewards = for_kind(charter(t.book), kind, "proposer") == 1
    refuse(stewards and not may(t, "proposal.steward", department), "kind_not_yours")


def power_kind(t: Turn, kind: str, effects: list[Any], has_table: bool, has_department: bool) -> str:
    power = POWERS[for_kind(charter(t.book), kind, "power")]
    if has_table:
        refuse(power != "table" and effects, "power_kind_bad")
        return "table"
    refuse(power == "table", "table_bad")
    refuse(power == "department" and not has_department, "power_kind_bad")
    refuse(power == "token" and not t.book[ORG]["units"], "power_kind_bad")
    return power


def check_put(t: Turn, department: bytes | None, power: str) -> None:
    """Periods, topic, table, least support and bond of a new proposal."""
    body, values, kind = t.body, charter(t.book), t.body["kind"]
    least, shortest = for_kind(values, kind, "discussion_ms"), for_kind(values, kind, "voting_least_ms")
    in_time = least <= body["discussion"] <= YEAR and shortest <= body["voting"] <= YEAR
    refuse(not in_time, "period_out_of_bounds")
    if power == "table":
        refuse(not values["tables"] or not may(t, "proposal.table", department), "not_allowed")
        rows = [(root, as_power(found)) for root, found in body["table"]]
        sums = [found for _, found in rows if found is not None]
        sorted_ = all(one[0] < two[0] for one, two in itertools.pairwise(rows))
        good = rows and len(sums) == len(rows) and sum(sums) < 1 << 8 * POWER_BYTES and sorted_
        refuse(not good, "table_bad")
    refuse("min_support" in body and as_power(body["min_support"]) is None, "table_bad")
    bond = body.get("bond", 0)
    if bond:
        units = t.book[ORG]["units"]
        refuse(not values["bond"] or bond < values["bond"] or not units, "bond_too_low")
        refuse(t.book.balance(b"m" + t.root, units[0]) < bond, "balance_too_low")


def try_dry(t: Turn, id_: bytes, effects: list[Any], before: Purse, within: bytes | None) -> None:
    """What an execution now would be refused for, and the author's share of what is asked for."""
    if not effects:
        return
    mark = t.book.mark()
    run_effects(Run(t, id_, None, {}, within), effects)
    t.book.undo(mark)
    check_share(t.book, t.root, sums_asked(effects), before)


@action(
    "proposal.open",
    "title:title kind:name method:name options:options discussion:count voting:count text?:ref table?:table"
    " min_support?:any parameters?:settings effects?:any department?:link topic?:name bond?:count",
)
def open_proposal(t: Turn) -> None:
    body, book = t.body, t.book
    kind, method, settings = body["kind"], body["method"], body.get("parameters", {})
    department = plain(body.get("department"))
    check_proposer(t, kind, department)
    refuse(method not in SETTINGS, "method_unknown")
    good = all(name in SETTINGS[method] and SETTINGS[method][name](value) for name, value in settings.items())
    refuse(not good, "method_parameters")
    effects, packed = read_effects(body.get("effects", []))
    options = read_options(kind, method, body["options"])
    power = power_kind(t, kind, effects, "table" in body, department is not None)
    check_fit(book, kind, method, settings, options, effects)
    check_put(t, department, power)
    try_dry(t, t.id, effects, {}, department if power == "department" else None)
    book.add(TOTALS, proposals=1)
    unit, bond = book[ORG]["units"][:1], body.get("bond", 0)
    book.put(
        b"p" + t.id,
        make("p", book[TOTALS]["proposals"], body["title"], ref_of(body, "text"), t.root, kind, method,
             tuple(sorted(settings.items())), options, packed, department, body.get("topic", ""), 1,
             body["discussion"], body["voting"], power, unit[0] if power == "token" else "",
             body.get("min_support", 0), (), bond, (), "discussion", 0, 0, 0, 0, 0, 0, 0, 1, (), None, False,
             "waiting" if effects else "", "", 0, 0),
    )  # fmt: skip
    if "table" in body:
        book.put(b"w" + t.id, make("w", tuple(map(tuple, body["table"]))))
    if bond:
        book.move(b"m" + t.root, b"r" + t.id, unit[0], bond)
    count_asked(book, t.root, sums_asked(effects), 1)
    t.begin("proposal", t.id, body["discussion"])


def proposal_of(t: Turn) -> tuple[bytes, Row]:
    id_ = bytes(t.body["proposal"])
    found = t.book.get(b"p" + id_)
    if found is None:
        raise Refusal("proposal_unknown")
    return id_, found


@action("proposal.revise", "proposal:link title:title options:options text?:ref effects?:any")
def revise_proposal(t: Turn) -> None:
    id_, found = proposal_of(t)
    body, book, settings = t.body, t.book, dict(found["parameters"])
    kind, method, department = found["kind"], found["method"], found["department"]
    refuse(found["author"] != t.root, "not_author")
    refuse(found["status"] != "discussion", "discussion_over")
    check_proposer(t, kind, department)
    before = sums_asked(effects_of(found))
    effects, packed = read_effects(body.get("effects", []))
    options = read_options(kind, method, body["options"])
    power_kind(t, kind, effects, found["power_kind"] == "table", department is not None)
    check_fit(book, kind, method, settings, options, effects)
    try_dry(t, id_, effects, before, department if found["power_kind"] == "department" else None)
    count_asked(book, t.root, before, -1)
    count_asked(book, t.root, sums_asked(effects), 1)
    book.change(
        b"p" + id_, title=body["title"], text=ref_of(body, "text"), options=options, effects=packed,
        execution="waiting" if effects else "", version=found["version"] + 1, seconders=(),
    )  # fmt: skip
    t.begin("revision", id_, for_kind(charter(book), kind, "discussion_ms"))


@action("proposal.second", "proposal:link")
def second_proposal(t: Turn) -> None:
    id_, found = proposal_of(t)
    refuse(not may(t, "proposal.second", found["department"]), "not_allowed")
    refuse(found["status"] not in ("discussion", "voting"), "proposal_closed")
    refuse(found["author"] == t.root, "own_proposal")
    refuse(not sums_asked(effects_of(found)), "nothing_to_second")
    refuse(t.root in found["seconders"], "already_seconded")
    refuse(len(found["seconders"]) >= 20, "seconded_enough")
    t.book.change(b"p" + id_, seconders=(*found["seconders"], t.root))
    t.begin("reserve", id_)


@action("proposal.withdraw", "proposal:link")
def withdraw_proposal(t: Turn) -> None:
    id_, found = proposal_of(t)
    refuse(found["author"] != t.root, "not_author")
    refuse(found["status"] not in ("discussion", "voting"), "proposal_closed")
    t.book.change(b"p" + id_, status="withdrawn", execution="")
    t.begin("withdrawn", id_)


@action("proposal.execute", "proposal:link")
def ask_execution(t: Turn) -> None:
    id_, found = proposal_of(t)
    refuse("proposal.open" not in t.rights, "not_allowed")
    refuse(found["execution"] != "failed", "nothing_to_execute")
    t.begin("execute", id_)


# -- what open proposals ask for and set aside -----------------------------------------------------
def check_share(book: Book, root: bytes, asked: Purse, before: Purse) -> None:
    """Is what an author's open proposals ask for together within the charter's share of each purse?"""
    already = {(party, unit): amount for party, unit, amount in book[b"m" + root]["reserving"]}
    for (party, unit), amount in asked.items():
        whole = book.balance(party, unit) + set_aside_of(book, party, unit)
        mine = already.get((party, unit), 0) - before.get((party, unit), 0) + amount
        refuse(mine * 10_000 > whole * charter(book)["reserve_bp"], "reserve_cap")


def count_asked(book: Book, root: bytes, asked: Purse, sign: int) -> None:
    if asked:
        sums = {(party, unit): amount for party, unit, amount in book[b"m" + root]["reserving"]}
        for key, amount in asked.items():
            sums[key] = sums.get(key, 0) + sign * amount
        rows = sorted((party, unit, amount) for (party, unit), amount in sums.items() if amount)
        book.change(b"m" + root, reserving=tuple(rows))


def set_aside_of(book: Book, party: bytes, unit: str) -> int:
    if party == TREASURY:
        found: int = book[b"u" + unit.encode()]["reserved"]
        return found
    department = book.get(b"D" + party[1:])
    return dict(department["reserved"]).get(unit, 0) if department else 0


def add_set_aside(book: Book, party: bytes, unit: str, by: int) -> None:
    if party == TREASURY:
        book.add(b"u" + unit.encode(), reserved=by)
        return
    key = b"D" + party[1:]
    sums = Counter(dict(book[key]["reserved"]))
    sums[unit] += by
    book.change(key, reserved=tuple(sorted((one, amount) for one, amount in sums.items() if amount)))


def set_aside(t: Turn, id_: bytes) -> None:
    """All that a backed and open proposal asks for, or nothing."""
    book, values = t.book, charter(t.book)
    found = book[b"p" + id_]
    backed = len(found["seconders"]) >= values["seconders"] or 0 < values["bond"] <= found["bond"]
    if found["status"] != "voting" or found["reserved"] or stopped_until(book) or not backed:
        return
    asked = sums_asked(effects_of(found))
    if any(book.balance(party, unit) < amount for (party, unit), amount in asked.items()):
        return
    try:
        check_share(book, found["author"], asked, asked)
    except Refusal:
        return
    rows = tuple((party, unit, asked[party, unit]) for party, unit in sorted(asked))
    for party, unit, amount in rows:
        book.move(party, b"r" + id_, unit, amount)
        add_set_aside(book, party, unit, amount)
    book.change(b"p" + id_, reserved=rows)


def purse_of(proposal: Row) -> Purse:
    return {(party, unit): amount for party, unit, amount in proposal["reserved"]}


def release(t: Turn, id_: bytes, left: Purse) -> None:
    """What was set aside and is left goes back; the author's open proposals ask for no more of it."""
    book = t.book
    found = book[b"p" + id_]
    for party, unit, amount in found["reserved"]:
        add_set_aside(book, party, unit, -amount)
        if left.get((party, unit)):
            book.move(b"r" + id_, home_of(book, party), unit, left[party, unit])
    book.change(b"p" + id_, reserved=())
    count_asked(book, found["author"], sums_asked(effects_of(found)), -1)


def settle_bond(t: Turn, id_: bytes, earned: bool) -> None:
    found = t.book[b"p" + id_]
    if found["bond"]:
        to = b"m" + found["author"] if earned else TREASURY
        t.book.move(b"r" + id_, to, t.book[ORG]["units"][0], found["bond"])
        t.book.change(b"p" + id_, bond=0)


def end_withdrawn(t: Turn, id_: bytes) -> None:
    release(t, id_, purse_of(t.book[b"p" + id_]))
    settle_bond(t, id_, True)


# -- discussion, opening, closing ------------------------------------------------------------------
def start_discussion(t: Turn, id_: bytes) -> None:
    opens = t.time + t.book[b"p" + id_]["discussion"]
    t.book.change(b"p" + id_, opens=opens)
    t.book.agenda(opens, t.place, "open_vote", id_)


def start_revision(t: Turn, id_: bytes, least: int) -> None:
    found = t.book[b"p" + id_]
    opens = max(found["opens"], t.time + least)
    if found["status"] == "discussion" and opens != found["opens"]:
        t.book.change(b"p" + id_, opens=opens)
        t.book.agenda(opens, t.place, "open_vote", id_)


def open_vote(t: Turn, id_: bytes) -> None:
    book, values = t.book, charter(t.book)
    found = book[b"p" + id_]
    if found["status"] != "discussion" or found["opens"] > t.time:
        return
    voters, power, chunks = freeze_electorate(t, id_, found)
    rules = tuple((name, for_kind(values, found["kind"], name)) for name in OF_A_VOTE)
    closes = t.time + found["voting"] + grace_of(book, dict(rules)["grace_ms"])
    book.change(
        b"p" + id_, status="voting", opened=t.height, electorate=t.height - 1, voters=voters, power=wire(power),
        chunks=chunks, rules=rules, closes=closes,
    )  # fmt: skip
    book.agenda(closes, t.place, "close_vote", id_)
    if values["swing_bp"]:
        last_part = t.time + found["voting"] - found["voting"] * values["swing_bp"] // 10_000
        book.agenda(last_part, t.place, "mark_leader", id_)
    set_aside(t, id_)


def mark_leader(t: Turn, id_: bytes) -> None:
    if t.book[b"p" + id_]["status"] == "voting":
        past = Past(t.book)
        earlier = past.get(b"p" + id_)
        voting = earlier is not None and earlier["status"] == "voting"
        leader = Tally(past, id_, earlier, t.previous).count.winners if earlier and voting else ()
        t.book.change(b"p" + id_, leader=leader)


def close_vote(t: Turn, id_: bytes, all_voted: bool = False) -> None:
    """Count; extend once where the lead changed late; else close, settle, execute and write the result."""
    book = t.book
    found = book[b"p" + id_]
    if found["status"] != "voting" or (found["closes"] > t.time and not all_voted):
        return
    tally = Tally(book, id_, found, t.previous)
    count = tally.count
    swung = found["leader"] is not None and found["leader"] != count.winners
    if swung and not found["extended"] and not all_voted:
        closes = t.time + rule_in_vote(book, found, "swing_ms")
        book.change(b"p" + id_, closes=closes, extended=True)
        book.agenda(closes, t.place, "close_vote", id_)
        return
    outcome = {None: "decided", True: "passed", False: "not_passed"}[tally.passed]
    leader = count.winners
    if found["kind"] == "election":
        leader = elected_of(found["method"], effects_of(found)[0]["seats"], count)
    book.change(b"p" + id_, status=outcome, execution=found["execution"] if tally.passed else "", leader=leader)
    settle_bond(t, id_, count.valid_power >= tally.quorum)
    if outcome == "passed" and found["effects"]:
        execute(t, id_)
    else:
        release(t, id_, purse_of(book[b"p" + id_]))
    scores = tuple(written_score(score, count.places) for score in count.scores)
    t.book.results[id_] = make(
        "r", found["number"], found["method"], found["options"], scores, count.winners, count.tie,
        wire(count.valid_power), found["power"], found["voted"], wire(tally.carried), wire(tally.lost), outcome,
        t.height, t.time,
    )  # fmt: skip


def elected_of(method: str, seats: int, count: Count) -> tuple[int, ...]:
    """Options for the seats by score; more of them where the last seat is tied."""
    if method in ("stv", "ranked") or seats == 1:
        return count.winners
    order = sorted(range(len(count.scores)), key=lambda place: (-count.scores[place], place))
    last = count.scores[order[seats - 1]]
    return tuple(place + 1 for place in order if count.scores[place] >= last and count.scores[place] > 0)


def execute(t: Turn, id_: bytes) -> None:
    """All effects, or none and the reason."""
    book = t.book
    found = book[b"p" + id_]
    effects, elected = effects_of(found), None
    if found["kind"] == "election":
        elected = [effects[0]["candidates"][number - 1] for number in found["leader"] or ()]
    within = found["department"] if found["power_kind"] == "department" else None
    run = Run(t, id_, elected, purse_of(found), within)
    mark = book.mark()
    try:
        run_effects(run, effects)
    except Refusal as reason:
        book.undo(mark)
        until = found["retry_until"] or t.time + charter(book)["execution_retry_ms"]
        book.change(b"p" + id_, execution="failed", reason=reason.args[0], retry_until=until)
        if not found["retry_until"]:
            book.agenda(until, t.place, "end_execution", id_)
        return
    book.change(b"p" + id_, execution="done", reason="")
    release(t, id_, run.purse)


def execute_again(t: Turn, id_: bytes) -> None:
    if t.book[b"p" + id_]["execution"] == "failed":
        execute(t, id_)


def end_execution(t: Turn, id_: bytes) -> None:
    """A stop does not use up the time in which an execution may be tried again."""
    book = t.book
    found = book[b"p" + id_]
    if found["execution"] != "failed" or found["retry_until"] > t.time:
        return
    held = stopped_until(book)
    if held:
        until = held + charter(book)["execution_retry_ms"]
        book.change(b"p" + id_, retry_until=until)
        book.agenda(until, t.place, "end_execution", id_)
        return
    release(t, id_, purse_of(found))
    book.change(b"p" + id_, execution="expired")


# ======================================================================================================================
# Effects (docs/protocol.md §6, §9.8)
# ======================================================================================================================
class Run:
    """One performance of a proposal's effects. ``elected`` is None in a dry run; ``purse`` is what is set aside."""

    def __init__(self, t: Turn, proposal: bytes, elected: Any, purse: Purse, within: bytes | None) -> None:
        self.t, self.book, self.proposal = t, t.book, proposal
        self.elected, self.purse, self.within = elected, purse, within
        self.number = 0  # of the effect, from 0

    def new_id(self) -> bytes:
        return sha(self.proposal, bytes([self.number]))


Perform = Callable[[Run, dict[str, Any]], None]


class Effect:
    def __init__(self, perform: Perform, shape: Shape, kinds: list[str]) -> None:
        self.perform, self.shape, self.kinds = perform, shape, kinds


EFFECTS: dict[str, Effect] = {}


def effect(do: str, kinds: str, line: str = "") -> Callable[[Perform], Perform]:
    """Enter what performs an effect, with the kinds of proposals in which it may stand and its fields."""

    def enter(perform: Perform) -> Perform:
        EFFECTS[do] = Effect(perform, Shape(line), kinds.split())
        return perform

    return enter


def run_effects(run: Run, effects: list[dict[str, Any]]) -> None:
    book = run.book
    refuse(stopped_until(book) and any(one["do"] != "lift" for one in effects), "spending_stopped")
    before = charter(book)
    for run.number, one in enumerate(effects):
        refuse(run.within is not None and not stays_within(book, one, run.within), "effect_outside")
        EFFECTS[one["do"]].perform(run, one)
    refuse(steps_too_far(before, charter(book)), "charter_step")
    refuse(locks_out(run.t), "lockout")


def stays_within(book: Book, one: dict[str, Any], department: bytes | None) -> bool:
    """Does an effect concern nothing outside a department and those below it?"""
    do = one["do"]
    if do in ("assign", "unassign", "elect", "close_department"):
        places = [one["department"]]
    elif do == "found_department":
        places = [one["parent"]]
    elif do == "move_department":
        places = [one["department"], one["parent"]]
    elif do in ("pay", "schedule"):
        places = [None if one["from"] == TREASURY else one["from"][1:]]
    elif do == "settle_task":
        places = [(book.get(b"t" + one["task"]) or {"department": None})["department"]]
    else:
        return do == "adopt" and one["replaces"] is None
    return all(department in list(upwards(book, place)) for place in places)


def spend(run: Run, source: bytes, to: bytes, unit: str, amount: int) -> None:
    check_amount(run.book, unit, amount)
    refuse(not is_common(source), "effect_bad")
    refuse(source == to, "to_self")
    check_party(run.book, source, to)
    run.book.move(purse_for(run, source, unit, amount), to, unit, amount)


def purse_for(run: Run, source: bytes, unit: str, amount: int) -> bytes:
    """What is set aside for the proposal pays where it suffices, else the source itself."""
    held = run.purse.get((source, unit), 0)
    if held >= amount:
        run.purse[source, unit] = held - amount
        return b"r" + run.proposal
    refuse(run.book.balance(source, unit) < amount, "treasury_too_low")
    return source


@effect("pay", "spending", "from:party to:party unit:name amount:count")
def do_pay(run: Run, one: dict[str, Any]) -> None:
    spend(run, one["from"], one["to"], one["unit"], one["amount"])


@effect("budget", "spending", "department:key unit:name amount:count period:count")
def do_budget(run: Run, one: dict[str, Any]) -> None:
    period, t = one["period"], run.t
    refuse(period > YEAR or 0 < period < 1_000, "period_out_of_bounds")
    spend(run, TREASURY, b"d" + one["department"], one["unit"], one["amount"])
    until = t.time + period if period else 0
    key = b"B" + run.proposal + bytes([run.number])
    run.book.put(key, make("B", one["department"], one["unit"], one["amount"], until))
    if until:
        run.book.agenda(until, t.place, "end_budget", run.proposal)


def end_budget(t: Turn, proposal: bytes) -> None:
    for number in range(16):
        key = b"B" + proposal + bytes([number])
        found = t.book.get(key)
        if found and 0 < found["until"] <= t.time:
            source = b"d" + found["department"]
            rest = min(t.book.balance(source, found["unit"]), found["amount"])
            if rest:
                t.book.move(source, TREASURY, found["unit"], rest)
            t.book.change(key, until=0)


@effect("schedule", "spending", PLAN + " from:party")
def do_schedule(run: Run, one: dict[str, Any]) -> None:
    source = one["from"]
    refuse(not is_common(source), "effect_bad")
    check_party(run.book, source)
    check_plan(run.book, one, source)
    purse, id_ = purse_for(run, source, one["unit"], one["amount"]), run.new_id()
    put_plan(run.t, id_, one, source, purse, run.proposal)
    start_plan(run.t, id_, one["first"])


@effect("issue", "issuance", "to:party unit:name amount:count")
def do_issue(run: Run, one: dict[str, Any]) -> None:
    check_issue(run.t, one["unit"], one["amount"], one["to"])
    issue(run.t, one["unit"], one["amount"], one["to"])


@effect("amend", "amendment", "name:name value:count~")
def do_amend(run: Run, one: dict[str, Any]) -> None:
    before = charter(run.book).get(one["name"])
    amend(run.t, one["name"], one["value"], run.proposal)
    if one["name"] == "reputation_half_life" and before is not None:
        amend_half_life(run.t, before, one["value"])


@effect("define_role", "amendment", "code:code name_en:title name_zh:title permissions:permissions")
def do_define_role(run: Run, one: dict[str, Any]) -> None:
    code, rights = one["code"], set(one["permissions"])
    refuse(code in ROLES, "role_taken")
    refuse(not rights <= ALL_RIGHTS or rights & NEVER_DEFINED, "permission_unknown")
    codes = run.book[ORG]["roles"]
    if code not in codes:
        refuse(len(codes) >= 100, "count_too_large")
        run.book.change(ORG, roles=(*codes, code))
    row = make("R", one["name_en"], one["name_zh"], tuple(sorted(rights)), run.proposal)
    run.book.put(b"R" + code.encode(), row)


@effect("lift", "amendment decision")
def do_lift(run: Run, one: dict[str, Any]) -> None:
    found, time = run.book.get(STOP) or CALM, run.t.time
    refuse(not found["until"], "not_stopped")
    still = found["overruled"] if time < found["free"] else ()
    overruled = tuple(sorted({*found["supporters"], *still}))
    run.book.put(STOP, {**CALM, "overruled": overruled, "free": time + charter(run.book)["stop_ms"]})


@effect("settle_task", "decision", "task:key accept:flag")
def do_settle_task(run: Run, one: dict[str, Any]) -> None:
    proposal = run.book.get(b"p" + run.proposal)
    if proposal is None or proposal["status"] != "passed":  # a dry run
        check_disputable(run.book, one["task"])
    else:
        settle_dispute(run.t, one["task"], one["accept"], run.proposal)


@effect("cancel_round", "decision spending", "round:key")
def do_cancel_round(run: Run, one: dict[str, Any]) -> None:
    kind = b"Q" if b"Q" + one["round"] in run.book else b"J"
    take_back(run.t, kind + one["round"])


def hand_office(run: Run, root: bytes, one: dict[str, Any], again: bool) -> None:
    """Give a role by vote; ``again``: who has it holds it anew, for the new term."""
    book, scope, term = run.book, one["department"] or b"", one["term"]
    member = need_member(book, root)
    refuse(member["status"] != "active", "member_not_active")
    refuse(not role_known(book, one["role"]), "role_unknown")
    if one["department"] is not None:
        open_department_of(book, scope)
    refuse(term > YEAR or 0 < term < 1_000, "period_out_of_bounds")
    others = without_grant(member, one["role"], scope)
    if not again or len(others) == len(member["grants"]):
        check_new_grant(member, one["role"], scope)
    put_grant(run.t, root, others, one["role"], scope, term, run.proposal)


@effect("assign", "role", "member:key role:name department:key~ term:count")
def do_assign(run: Run, one: dict[str, Any]) -> None:
    hand_office(run, one["member"], one, False)


@effect("unassign", "role penalty", "member:key role:name department:key~")
def do_unassign(run: Run, one: dict[str, Any]) -> None:
    drop_role(run.t, one["member"], one["role"], one["department"] or b"")


@effect("elect", "election", "role:name department:key~ seats:count term:count candidates:candidates")
def do_elect(run: Run, one: dict[str, Any]) -> None:
    candidates, seats = one["candidates"], one["seats"]
    refuse(not 1 <= seats <= len(candidates) or len(set(candidates)) < len(candidates), "options_bad")
    if run.elected is None:
        for root in candidates:
            check_standing(run.book, root, "active")
    chosen = candidates[:seats] if run.elected is None else run.elected
    refuse(len(chosen) != seats, "election_tied")
    for root in chosen:
        hand_office(run, root, one, True)


def check_standing(book: Book, root: bytes, *allowed: str) -> Row:
    member = need_member(book, root)
    refuse(member["status"] not in allowed, "member_active" if member["status"] == "active" else "member_not_active")
    return member


@effect("admit", "role", "member:key")
def do_admit(run: Run, one: dict[str, Any]) -> None:
    member = check_standing(run.book, one["member"], "applicant", "suspended", "left", "expelled")
    put_member(run.t, one["member"], {**member, "status": "active", "suspended_until": 0})


@effect("suspend", "penalty", "member:key period:count")
def do_suspend(run: Run, one: dict[str, Any]) -> None:
    refuse(not 1_000 <= one["period"] <= YEAR, "period_out_of_bounds")
    member, until = check_standing(run.book, one["member"], "active"), run.t.time + one["period"]
    put_member(run.t, one["member"], {**member, "status": "suspended", "suspended_until": until})
    run.book.agenda(until, run.t.place, "end_suspension", one["member"])


@effect("expel", "penalty", "member:key")
def do_expel(run: Run, one: dict[str, Any]) -> None:
    member = check_standing(run.book, one["member"], "active", "suspended", "applicant")
    put_member(run.t, one["member"], {**member, "status": "expelled"})


@effect("fine", "penalty", "member:key unit:name amount:count")
def do_fine(run: Run, one: dict[str, Any]) -> None:
    check_amount(run.book, one["unit"], one["amount"])
    need_member(run.book, one["member"])
    source = b"m" + one["member"]
    refuse(run.book.balance(source, one["unit"]) < one["amount"], "balance_too_low")
    run.book.move(source, TREASURY, one["unit"], one["amount"])


@effect("reputation", "penalty", "member:key points:count")
def do_lower_reputation(run: Run, one: dict[str, Any]) -> None:
    refuse(not one["points"], "amount_not_positive")
    need_member(run.book, one["member"])
    change_reputation(run.t, one["member"], -one["points"] * 10**9)


@effect("elect_witnesses", "role", "seats:count candidates:seated")
def do_elect_witnesses(run: Run, one: dict[str, Any]) -> None:
    book, members, seats, t = run.book, one["candidates"], one["seats"], run.t
    refuse(seats not in (1, 4, 7, 10) or seats > len(members) or len(set(members)) < len(members), "witness_number")
    for root in members:
        refuse(need_member(book, root)["status"] != "active", "member_not_active")
    book.put(ELECTION, make("V", run.proposal, book[SEATS]["term"] + 1, seats, tuple(members), (), 0, True))
    start_election(t, run.proposal, charter(book)["witness_ready_ms"])


@effect("activate_rules", "amendment", "version:count")
def do_activate_rules(run: Run, one: dict[str, Any]) -> None:
    t = run.t
    refuse(one["version"] != run.book[ORG]["rules"] + 1, "rules_order")
    run.book.put(ACTIVATION, make("x", one["version"], run.proposal, t.time))
    run.book.agenda(t.time + RULES_WAIT, t.place, "end_rules_wait", run.proposal)


@effect("adopt", "adoption", "title:title replaces:key~")
def do_adopt(run: Run, one: dict[str, Any]) -> None:
    book, replaces = run.book, one["replaces"]
    if replaces is not None:
        old = book.get(b"A" + replaces)
        refuse(old is None or old["replaced"] is not None, "text_missing")
        book.change(b"A" + replaces, replaced=run.proposal)
    proposal = book.get(b"p" + run.proposal)
    text = proposal["text"] if proposal else None
    book.put(b"A" + run.proposal, make("A", one["title"], text, run.t.time, None))


@effect("found_department", "role", "name:title parent:key~")
def do_found_department(run: Run, one: dict[str, Any]) -> None:
    found_department(run.t, run.new_id(), one["name"], one["parent"], run.proposal)


@effect("move_department", "role", "department:key parent:key~")
def do_move_department(run: Run, one: dict[str, Any]) -> None:
    move_department(run.t, one["department"], one["parent"])


@effect("close_department", "role", "department:key")
def do_close_department(run: Run, one: dict[str, Any]) -> None:
    close_department(run.t, one["department"])


def end_term(t: Turn, root: bytes) -> None:
    """Roles whose term is over end; where nobody could decide any more they go on for a day."""
    book = t.book
    member = book[b"m" + root]
    kept = tuple(grant for grant in member["grants"] if not 0 < grant[3] <= t.time)
    if len(kept) == len(member["grants"]):
        return
    mark = book.mark()
    put_member(t, root, {**member, "grants": kept})
    if locks_out(t):
        book.undo(mark)
        until = t.time + DAY
        held = tuple((*grant[:3], until if 0 < grant[3] <= t.time else grant[3]) for grant in member["grants"])
        put_member(t, root, {**member, "grants": held})
        book.agenda(until, t.place, "end_term", root)


def end_suspension(t: Turn, root: bytes) -> None:
    member = t.book[b"m" + root]
    if member["status"] == "suspended" and member["suspended_until"] <= t.time:
        put_member(t, root, {**member, "status": "active", "suspended_until": 0})


# ======================================================================================================================
# Reward rounds (docs/protocol.md §6)
# ======================================================================================================================
LOOKS = {"immediate": (1, 32), "recent": (1, 100), "balanced": (0, 0), "special": (0, 0)}


def check_pool(t: Turn) -> None:
    """May the author set this money aside, of a round or a matching pool?"""
    body, source = t.body, t.body["from"]
    department = source[1:] if source[:1] == b"d" else None
    refuse(not is_common(source), "not_allowed")
    refuse(not (may(t, "round.open", department) and may(t, "task.fund", department)), "not_allowed")
    refuse(not charter(t.book)["module_rewards"], "module_off")
    refuse(stopped_until(t.book), "spending_stopped")
    check_amount(t.book, body["unit"], body["amount"])
    check_party(t.book, source)
    refuse(not 1_000 <= body["window"] <= YEAR, "period_out_of_bounds")
    refuse(t.book.balance(source, body["unit"]) < body["amount"], "balance_too_low")


def check_scope(book: Book, scope: Any) -> None:
    if type(scope) is bytes:
        open_department_of(book, scope)
    elif scope is not None:
        refuse(not scope or len(set(scope)) < len(scope), "round_members_bad")
        for root in scope:
            need_member(book, root)


@action(
    "round.open",
    "title:title unit:name amount:count from:party kind:name policy:name look:count givers:scope receivers:scope"
    " points:count window:count text?:ref to?:key",
)
def open_round(t: Turn) -> None:
    body, book, kind, policy = t.body, t.book, t.body["kind"], t.body["policy"]
    check_pool(t)
    refuse(kind not in ("peer", "points", "both"), "round_kind_bad")
    special = policy == "special"
    refuse(policy not in LOOKS or ("to" in body) != special or (special and kind != "points"), "round_policy_bad")
    least, most = LOOKS[policy]
    refuse(not least <= body["look"] <= most, "round_policy_bad")
    refuse(not 1 <= body["points"] <= 1_000_000, "points_bounds")
    if special:
        need_member(book, body["to"])
    check_scope(book, body["givers"])
    check_scope(book, body["receivers"])
    givers, receivers = (tuple(one) if type(one) is list else one for one in (body["givers"], body["receivers"]))
    book.add(TOTALS, rounds=1)
    book.put(
        b"J" + t.id,
        make("J", book[TOTALS]["rounds"], body["title"], ref_of(body, "text"), t.root, body["from"], body["unit"],
             body["amount"], kind, policy, body["look"], body.get("to"), givers, receivers, body["points"],
             charter(book)["round_peer_bp"], body["window"], "open", t.height, 0, 0, 0, 0, 0, 0),
    )  # fmt: skip
    book.move(body["from"], b"e" + t.id, body["unit"], body["amount"])
    t.begin("round", t.id)


def takes_part(book: Book, scope: Any, root: bytes, member: Row, opened: int) -> bool:
    """Is an active member among those meant?"""
    if member["status"] != "active":
        return False
    if scope is None:
        return voted_at(member, opened - 1)
    return belongs(book, member, scope) if type(scope) is bytes else root in scope


def start_pool(t: Turn, key: bytes, what: str) -> None:
    """The window of a round or a matching pool begins."""
    closes = t.time + t.book[key]["window"] + grace_of(t.book, charter(t.book)["grace_ms"])
    t.book.change(key, closes=closes)
    t.book.agenda(closes, t.place, what, key[1:])


@action("round.give", "round:link gifts:gifts note?:ref")
def give_points(t: Turn) -> None:
    id_, rows, book = bytes(t.body["round"]), t.body["gifts"], t.book
    found = book.get(b"J" + id_)
    if found is None:
        raise Refusal("round_unknown")
    refuse(not charter(book)["module_rewards"], "module_off")
    refuse(found["status"] != "open", "round_closed")
    refuse(not 0 < found["opened"] < t.height, "round_not_open")
    refuse(found["kind"] == "points", "round_without_gifts")
    refuse(not takes_part(book, found["givers"], t.root, t.member, found["opened"]), "not_in_round")
    roots = [root for root, _ in rows]
    refuse(t.root in roots, "gift_to_self")
    refuse(len(set(roots)) < len(roots), "gift_twice")
    refuse(not all(points for _, points in rows), "gift_zero")
    for root in roots:
        member = book.get(b"m" + root)
        receives = member and takes_part(book, found["receivers"], root, member, found["opened"])
        refuse(not receives, "gift_receiver")
    refuse(sum(points for _, points in rows) > found["points"], "gifts_over")
    key = b"G" + id_ + t.root
    before = bool(book[key]["rows"]) if key in book else False
    book.put(key, make("G", tuple(map(tuple, rows)), ref_of(t.body, "note"), t.id, ()))
    book.add(b"J" + id_, gave=bool(rows) - before)


def check_cancel(t: Turn, key: bytes, given: str) -> None:
    found = t.book.get(key)
    if found is None:
        raise Refusal("round_unknown")
    refuse(found["opener"] != t.root, "round_not_opener")
    refuse(found["status"] == "open" and found[given], "round_gifts_given")
    take_back(t, key)


def take_back(t: Turn, key: bytes) -> None:
    """End an open round or matching pool; its money returns."""
    found = t.book.get(key)
    if found is None:
        raise Refusal("round_unknown")
    refuse(found["status"] != "open", "round_closed")
    refuse(not 0 < found["opened"] < t.height, "round_not_open")
    t.book.move(b"e" + key[1:], home_of(t.book, found["payer"]), found["unit"], found["amount"])
    t.book.change(key, status="cancelled", closed=t.height)


@action("round.cancel", "round:link")
def cancel_round(t: Turn) -> None:
    check_cancel(t, b"J" + t.body["round"], "gave")


def finish_pool(t: Turn, key: bytes, found: Row, payments: list[tuple[bytes, int]]) -> int:
    """Pay out of the escrow; the rest returns. Returns what was paid."""
    paid = 0
    for party, amount in payments:
        if amount:
            paid += amount
            t.book.move(b"e" + key[1:], party, found["unit"], amount)
    if paid < found["amount"]:
        t.book.move(b"e" + key[1:], home_of(t.book, found["payer"]), found["unit"], found["amount"] - paid)
    return paid


class Closing:
    """The computation of a round that closes: who takes part, what counts, who gets how much."""

    def __init__(self, book: Book, id_: bytes, found: Row) -> None:
        self.book, self.id, self.found = book, id_, found
        self.givers: set[bytes] = set()
        self.receivers: list[bytes] = []  # in the order in which members joined
        for root, member in everybody(book):
            if found["kind"] != "points" and takes_part(book, found["givers"], root, member, found["opened"]):
                self.givers.add(root)
            meant = member["status"] == "active" and root == found["to"]
            if meant if found["to"] else takes_part(book, found["receivers"], root, member, found["opened"]):
                self.receivers.append(root)
        self.received = dict.fromkeys(self.receivers, 0)
        self.dropped = self._count_gifts()
        by_points = found["kind"] != "peer" and not found["to"]
        self.fresh = [self._fresh(root) if by_points else 0 for root in self.receivers]
        self.periods = self._period()
        self.weights = self._weights()
        self.payouts = hamilton(found["amount"], self.weights)

    def _count_gifts(self) -> dict[bytes, tuple[str, ...]]:
        """Add up the points received; of each giver with any, why gifts do not count ("": they do)."""
        reasons: dict[bytes, tuple[str, ...]] = {}
        for giver, _ in everybody(self.book) if self.found["gave"] else ():
            gifts = self.book.get(b"G" + self.id + giver)
            rows = gifts["rows"] if gifts else ()
            why = tuple(self._why_dropped(giver, receiver) for receiver, _ in rows)
            for (receiver, points), reason in zip(rows, why, strict=True):
                self.received[receiver] = self.received.get(receiver, 0) + (0 if reason else points)
            if any(why):
                reasons[giver] = why
        return reasons

    def _why_dropped(self, giver: bytes, receiver: bytes) -> str:
        if giver not in self.givers:
            return "not_a_member"
        return "" if receiver in self.receivers else "not_a_receiver"

    def share(self, root: bytes, kind: str) -> Row:
        return self.book.get(self.share_key(root, kind)) or make("y", 0, 0, (), 0)

    def share_key(self, root: bytes, kind: str) -> bytes:
        return b"".join((b"y", root, kind[-1].encode(), self.account))

    @property
    def account(self) -> bytes:
        return b"/".join((self.found["payer"], self.found["unit"].encode()))

    @property
    def series_key(self) -> bytes:
        return b"".join((b"Y", self.found["kind"][-1].encode(), self.account))

    @property
    def number(self) -> int:
        """Of this round in its series, if it pays."""
        series = self.book.get(self.series_key)
        return int(series["rounds"]) + 1 if series else 1

    def _fresh(self, root: bytes) -> int:
        points = self.book.get(b"K" + root + self.found["payer"][1:])
        return max(0, int(points["points"] if points else 0) - int(self.share(root, "points")["seen"]))

    def _period(self) -> list[int]:
        kind, peer = self.found["kind"], self.found["peer_bp"]
        received = [self.received[root] for root in self.receivers]
        if kind != "both":
            return received if kind == "peer" else self.fresh
        gifts, points = sum(received), sum(self.fresh)
        if gifts and points:
            mixed = zip(received, self.fresh, strict=True)
            return hamilton(10**6, [peer * got * points + (10_000 - peer) * own * gifts for got, own in mixed])
        return hamilton(10**6, received if gifts else self.fresh)

    def _weights(self) -> list[int]:
        policy, look = self.found["policy"], self.found["look"]
        if policy == "special":
            return [1] * len(self.receivers)
        if not any(self.periods):
            return [0] * len(self.receivers)
        shares = [self.share(root, self.found["kind"]) for root in self.receivers]
        if policy == "balanced":
            points = [share["points"] + new for share, new in zip(shares, self.periods, strict=True)]
            whole = self.found["amount"] + sum(share["paid"] for share in shares)
            owed = [whole * own - share["paid"] * sum(points) for own, share in zip(points, shares, strict=True)]
            return [max(0, one) for one in owed]
        first, weights = max(1, self.number - 31), []
        for share, new in zip(shares, self.periods, strict=True):
            earlier = dict(share["periods"])
            row = [*(earlier.get(number, 0) for number in range(first, self.number)), new]
            if policy == "immediate":
                weights.append(sum(row[-look:]))
            else:
                # accumulated = accumulated (1 - d) + new, all times whole ** (periods - 1)
                kept = 1 - Fraction(look, 100)
                ages = range(len(row) - 1, -1, -1)
                exact = sum((points * kept**age for points, age in zip(row, ages, strict=True)), Fraction(0))
                weights.append(int(exact * Fraction(look, 100).denominator ** (len(row) - 1)))
        return weights


def close_round(t: Turn, id_: bytes) -> None:
    book, key = t.book, b"J" + id_
    found = book[key]
    if found["status"] != "open" or found["closes"] > t.time:
        return
    done = Closing(book, id_, found)
    paid = finish_pool(t, key, found, [(b"m" + r, p) for r, p in zip(done.receivers, done.payouts, strict=True)])
    for giver, why in done.dropped.items():
        book.change(b"G" + id_ + giver, dropped=why)
    rows = list(zip(done.receivers, done.fresh, done.weights, done.payouts, strict=True))
    lines = [(root, done.received[root], fresh, wire(weight), payout) for root, fresh, weight, payout in rows
             if done.received[root] or fresh or weight]  # fmt: skip
    for start in range(0, len(lines), ROWS_LISTED):
        part = tuple(lines[start : start + ROWS_LISTED])
        book.put(numbered(b"L", start // ROWS_LISTED, id_), make("L", part))
    if paid and found["policy"] != "special":
        _enter_series(book, done)
    given = sum(done.received[root] for root in done.receivers)
    book.change(
        key, status="paid" if paid else "returned", voters=len(done.givers), given=given, lines=len(lines),
        closed=t.height,
    )  # fmt: skip


def _enter_series(book: Book, done: Closing) -> None:
    kind, number = done.found["kind"], done.number
    book.put(done.series_key, make("Y", number))
    for root, points, fresh, paid in zip(done.receivers, done.periods, done.fresh, done.payouts, strict=True):
        if not (points or fresh or paid):
            continue
        share = done.share(root, kind)
        periods = tuple(row for row in share["periods"] if row[0] > number - 32)
        if points:
            periods = (*periods, (number, points))
        entered = make("y", share["points"] + points, share["paid"] + paid, periods, share["seen"])
        book.put(done.share_key(root, kind), entered)
        if fresh:
            taken = done.share(root, "points")
            book.put(done.share_key(root, "points"), {**taken, "seen": taken["seen"] + fresh})


# ======================================================================================================================
# Matching pools (docs/protocol.md §6; docs/rewards-format.md, quadratic-match)
# ======================================================================================================================
@action(
    "match.open",
    "title:title unit:name amount:count from:party mode:name bound:count~ projects:projects window:count text?:ref",
)
def open_match(t: Turn) -> None:
    body, book = t.body, t.book
    check_pool(t)
    refuse(body["mode"] not in ("fill", "scale-down") or body["bound"] == 0, "round_policy_bad")
    titles = {title for title, _ in body["projects"]}
    refuse(not titles or len(titles) < len(body["projects"]), "projects_bad")
    for _, receiver in body["projects"]:
        refuse(receiver == body["from"], "to_self")
        check_party(book, receiver)
    book.add(TOTALS, matches=1)
    projects = tuple((title, receiver, 0, 0, 0, 0) for title, receiver in body["projects"])
    book.put(
        b"Q" + t.id,
        make("Q", book[TOTALS]["matches"], body["title"], ref_of(body, "text"), t.root, body["from"], body["unit"],
             body["amount"], projects, body["mode"], body["bound"], body["window"], "open", t.height, 0, 0, 0, 0),
    )  # fmt: skip
    book.move(body["from"], b"e" + t.id, body["unit"], body["amount"])
    t.begin("match", t.id)


@action("match.give", "match:link project:count amount:count memo?:ref")
def give_to_project(t: Turn) -> None:
    body, book, id_ = t.body, t.book, bytes(t.body["match"])
    number, amount, own = body["project"], body["amount"], b"m" + t.root
    found = book.get(b"Q" + id_)
    if found is None:
        raise Refusal("round_unknown")
    refuse("token.transfer" not in t.rights, "not_allowed")
    refuse(not charter(book)["module_rewards"], "module_off")
    refuse(found["status"] != "open", "round_closed")
    refuse(not 0 < found["opened"] < t.height, "round_not_open")
    refuse(not 1 <= number <= len(found["projects"]), "project_unknown")
    title, receiver, backers, given, matching, payout = found["projects"][number - 1]
    refuse(receiver == own, "to_self")
    check_amount(book, found["unit"], amount)
    check_party(book, receiver)
    refuse(book.balance(own, found["unit"]) < amount, "balance_too_low")
    key, pairs, all_backers = b"b" + id_ + bytes([number]) + t.root, found["pairs"], found["backers"]
    if key not in book:
        pairs += backers
        refuse(all_backers >= 10_000 or (found["bound"] is not None and pairs > 100_000), "match_full")
        enlist(book, numbered(b"l", all_backers // ROWS_LISTED, id_), bytes([number]) + t.root)
        all_backers, backers = all_backers + 1, backers + 1
        book.put(key, make("b", 0))
    book.add(key, amount=amount)
    project = (title, receiver, backers, given + amount, matching, payout)
    projects = (*found["projects"][: number - 1], project, *found["projects"][number:])
    book.change(b"Q" + id_, projects=projects, backers=all_backers, pairs=pairs)
    book.move(own, receiver, found["unit"], amount)


@action("match.cancel", "match:link")
def cancel_match(t: Turn) -> None:
    check_cancel(t, b"Q" + t.body["match"], "backers")


FINE = 10**72  # roots and quotients on the way
GRID = 10**24  # what is written down


def rounded(fine: int) -> int:
    """From 72 to 24 decimals, halves up."""
    return (2 * fine * GRID + FINE) // (2 * FINE)


def matchings(projects: list[dict[bytes, int]], bound: int | None) -> list[int]:
    """In units of 10**-72: for each project the sum of roots of products over ordered pairs of contributors."""
    if bound is None:
        found = []
        for project in projects:
            roots = [math.isqrt(amount * FINE * FINE) for amount in project.values()]
            found.append((sum(roots) ** 2 - sum(root * root for root in roots)) // FINE)
        return found
    together: Counter[frozenset[bytes]] = Counter()
    roots_of: list[dict[frozenset[bytes], int]] = []
    for project in projects:
        pairs = {
            frozenset((one, two)): math.isqrt(project[one] * project[two] * FINE * FINE)
            for one, two in itertools.combinations(project, 2)
        }
        together.update(pairs)
        roots_of.append(pairs)
    scale = bound * FINE
    return [sum(2 * root * scale // (scale + together[pair]) for pair, root in of.items()) for of in roots_of]


def close_match(t: Turn, id_: bytes) -> None:
    book, key = t.book, b"Q" + id_
    found = book[key]
    if found["status"] != "open" or found["closes"] > t.time:
        return
    sums: list[dict[bytes, int]] = [{} for _ in found["projects"]]
    for part in range(-(-found["backers"] // ROWS_LISTED)):
        for row in book[numbered(b"l", part, id_)]["ids"]:
            sums[row[0] - 1][row[1:]] = book[b"b" + id_ + row]["amount"]
    fine = matchings(sums, found["bound"])
    matching = [rounded(one) for one in fine]
    budget = found["amount"] if found["mode"] == "fill" else min(found["amount"], rounded(sum(fine)) // GRID)
    payouts = hamilton(budget, matching)
    projects = tuple(
        (*project[:4], wire(one), payout if party_stands(book, project[1]) else 0)
        for project, one, payout in zip(found["projects"], matching, payouts, strict=True)
    )
    paid = finish_pool(t, key, found, [(project[1], project[5]) for project in projects])
    book.change(key, projects=projects, status="paid" if paid else "returned", closed=t.height)


# ======================================================================================================================
# What a checkpoint begins, and what becomes due (docs/protocol.md §9.5)
# ======================================================================================================================
def start_invite(t: Turn, id_: bytes, lifetime: int) -> None:
    t.book.change(b"i" + id_, expires=t.time + lifetime)
    t.book.agenda(t.time + lifetime, t.place, "expire_invite", id_)


def expire_invite(t: Turn, id_: bytes) -> None:
    found = t.book[b"i" + id_]
    if found["status"] == "open":
        t.book.change(b"i" + id_, status="expired")
        t.book.add(b"m" + found["inviter"], open_invites=-1)


BEGINS: dict[str, Callable[[Turn, bytes, int], None]] = {  # turn, id, duration in ms
    "schedule": start_plan,
    "invite": start_invite,
    "task": start_task,
    "task_return": start_return,
    "task_resume": start_resume,
    "proposal": lambda t, id_, _: start_discussion(t, id_),
    "revision": start_revision,
    "reserve": lambda t, id_, _: set_aside(t, id_),
    "withdrawn": lambda t, id_, _: end_withdrawn(t, id_),
    "all_voted": lambda t, id_, _: close_vote(t, id_, True),
    "execute": lambda t, id_, _: execute_again(t, id_),
    "round": lambda t, id_, _: start_pool(t, b"J" + id_, "close_round"),
    "match": lambda t, id_, _: start_pool(t, b"Q" + id_, "close_match"),
    "election": start_election,
    "rekey": start_rekey,
    "stop": start_stop,
}
DUE: dict[str, Callable[[Turn, bytes, int], None]] = {  # turn, target, time at which it was due
    "instalment": lambda t, id_, _: pay_instalment(t, id_),
    "open_vote": lambda t, id_, _: open_vote(t, id_),
    "mark_leader": lambda t, id_, _: mark_leader(t, id_),
    "close_vote": lambda t, id_, _: close_vote(t, id_),
    "end_execution": lambda t, id_, _: end_execution(t, id_),
    "expire_task": expire_task,
    "return_task": return_task,
    "resume_task": resume_task,
    "expire_invite": lambda t, id_, _: expire_invite(t, id_),
    "end_budget": lambda t, id_, _: end_budget(t, id_),
    "end_term": lambda t, root, _: end_term(t, root),
    "end_suspension": lambda t, root, _: end_suspension(t, root),
    "close_round": lambda t, id_, _: close_round(t, id_),
    "close_match": lambda t, id_, _: close_match(t, id_),
    "end_election": lambda t, cause, _: end_election(t, cause),
    "end_rules_wait": lambda t, _, __: None,  # what follows is decided when witnesses are settled
    "rekey": lambda t, member, _: rekey(t, member),
    "end_stop": lambda t, _, __: end_stop(t),
}


# ======================================================================================================================
# Judging actions, forming checkpoints (docs/protocol.md §3, §4)
# ======================================================================================================================
def judge(book: Book, found: Signed, time: int, height: int, place: int) -> str | None:
    """Let an action have its effect; returns the code of the rejection, or None."""
    t = Turn(book, time, height, place, b"", 0)
    t.id, t.by, t.body, t.org = found.id, found.by, found.body, found.org or b""
    mark = book.mark()
    try:
        rule = RULES.get(found.type)
        if rule is None:
            return "unknown_type"
        if found.type not in FIRST:
            _find_author(t)
        refuse(not fits_body(found.type, found.body), "malformed")
        return rule(t)
    except Refusal as reason:
        book.undo(mark)
        return str(reason.args[0])


def _find_author(t: Turn) -> None:
    device = t.book.get(b"d" + t.by)
    if device is None or device["status"] == "refused":
        raise Refusal("device_refused")
    refuse(device["status"] == "frozen", "device_frozen")
    refuse(device["status"] == "revoked", "device_revoked")
    t.root = device["member"]
    member = t.book.get(b"m" + t.root)
    if member is None:
        raise Refusal("not_a_member")
    codes = {"applicant": "still_applicant", "suspended": "suspended"}
    refuse(member["status"] != "active", codes.get(member["status"], "not_a_member"))
    t.member, t.rights = member, rights_everywhere(t.book, member)


def final_order(found: dict[bytes, Signed], previous: bytes, frontier: bytes) -> list[bytes]:
    """Kahn's algorithm; among ready actions first those that take rights, then by a hash nobody can grind."""
    children: dict[bytes, list[bytes]] = {}
    waits = {}
    ready: list[tuple[bool, bytes, bytes]] = []
    salt = previous + frontier

    def release_(id_: bytes) -> None:
        heapq.heappush(ready, (found[id_].type not in TAKES_RIGHTS, sha(salt, id_), id_))

    for id_, one in found.items():
        inside = [parent for parent in one.parents if parent in found]
        waits[id_] = len(inside)
        for parent in inside:
            children.setdefault(parent, []).append(id_)
        if not inside:
            release_(id_)
    order = []
    while ready:
        id_ = heapq.heappop(ready)[2]
        order.append(id_)
        for child in children.get(id_, ()):
            waits[child] -= 1
            if not waits[child]:
                release_(child)
    return order


def finish_checkpoint(book: Book, time: int, height: int, previous: bytes, before: int) -> None:
    """After the actions: begin periods, take what is due, credit what came in."""

    def turn(place: int) -> Turn:
        return Turn(book, time, height, place, previous, before)

    begun, now = 0, before
    for _ in range(DUE_AT_ONCE):
        while begun < len(book.begun):
            what, id_, place, duration = book.begun[begun]
            begun += 1
            BEGINS[what](turn(place), id_, duration)
        item = book.take_due((now or time) // HOUR, time)
        if item is None:
            break
        now = max(now, item[0])
        DUE[item[2]](turn(item[1]), item[3], item[0])
    else:
        book.carry_over((now or time) // HOUR, time)
    settle_witnesses(turn(0))
    for key in list(book.before):
        row = book.rows.get(key) if key[:1] == b"a" else None
        if row and row["incoming"]:
            book.put(key, make("a", row["balance"] + row["incoming"], 0))


class History:
    """An organisation derived from its log, checkpoint by checkpoint."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.book = Book()
        self.state, self.results, self.frontier = MapTree(), MapTree(), MapTree()
        self.heads: dict[bytes, tuple[int, bytes]] = {}  # of each device under the frontier
        self.sealed: set[bytes] = set()
        self.height, self.time, self.id = 0, 0, log.org
        self.place = 0  # places given in the final order
        self.counts: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()  # actions of types that this verifier does not know
        self.results_found: dict[bytes, Row] = {}

    def witnesses(self) -> list[bytes]:
        """Keys of those who sign the next checkpoint, in order."""
        if SEATS in self.book:
            return [key for _, key in self.book[SEATS]["seats"]]
        return [self.log.actions[self.log.org].body["witness"]]

    def rules(self) -> int:
        """The version by which the next checkpoint is derived."""
        return int(self.book[ORG]["rules"]) if ORG in self.book else 1

    def under(self, certificate: Certificate) -> tuple[dict[bytes, Signed], set[bytes]]:
        """The actions that a certificate seals: every chain from the frontier to its new head, and those of losing
        branches on which something of these depends."""
        height, found = self.height + 1, dict[bytes, Signed]()
        for device, seq, head in certificate.moves:
            last, sealed = self.heads.get(device, (0, b""))
            if not last < seq <= last + SEALED_PER_DEVICE:
                raise Wrong("moves_reach", height=height, device=device, seq=seq)
            at = head
            for expected in range(seq, last, -1):
                found[at] = one = self._on_chain(height, device, expected, at)
                at = bytes(one.prev) if one.prev else b""
            if at != sealed:
                raise Wrong("moves_chain", height=height, device=device, seq=last + 1)
        losing: set[bytes] = set()
        for device, seq, head in certificate.extras:
            if head in found or head in self.sealed:
                raise Wrong("moves_chain", height=height, device=device, seq=seq)
            at, number = head, seq
            while at and at not in found and at not in self.sealed:
                found[at] = one = self._on_chain(height, device, number, at)
                losing.add(at)
                at, number = (bytes(one.prev) if one.prev else b""), number - 1
        self._check_sound(height, certificate, found, losing)
        return found, losing

    def _on_chain(self, height: int, device: bytes, seq: int, id_: bytes) -> Signed:
        one = self.log.actions.get(id_)
        if one is None:
            raise Wrong("moves_missing", height=height, device=device, id=id_)
        if (one.by, one.seq) != (device, seq) or id_ in self.sealed:
            raise Wrong("moves_chain", height=height, device=device, seq=seq)
        return one

    def _check_sound(
        self, height: int, certificate: Certificate, found: dict[bytes, Signed], losing: set[bytes]
    ) -> None:
        """Nothing without its parents, nothing over a cap, no extra head but the ends of branches that are needed."""
        counts: Counter[bytes] = Counter()
        needed, inner = set(), set()
        for one in found.values():
            for parent in one.parents:
                if parent not in found and parent not in self.sealed:
                    raise Wrong("moves_parent", height=height, id=one.id, parent=parent)
            needed |= one.parents - ({one.prev} if one.prev else set())
            if one.id in losing and one.prev:
                inner.add(bytes(one.prev))
            counts[b"d" + one.by] += 1
            device = self.book.get(b"d" + one.by)
            if device:
                counts[b"m" + device["member"]] += 1
        for device, seq, head in certificate.extras:
            if head not in needed or head in inner:
                raise Wrong("moves_extra", height=height, device=device, seq=seq)
        for who, number in counts.items():
            if number > (SEALED_PER_DEVICE if who[:1] == b"d" else SEALED_PER_MEMBER):
                raise Wrong("moves_many", height=height, who=who[1:], number=number)

    def seal(self, certificate: Certificate, recovery: Recovery | None = None) -> None:
        """Derive one checkpoint and compare everything that it says. A recovery names its witnesses anew."""
        point, book = certificate.point, self.book
        height = self.height + 1
        sealed, losing = self.under(certificate)
        book.before, book.journal, book.begun, book.results = {}, [], [], {}
        if recovery is not None:
            term = book[SEATS]["term"] + 1 if SEATS in book else 1
            book.put(SEATS, make("W", term, recovery.seats(book), (), (), height, recovery.id, False, ()))
            book.put(ELECTION, None)
        for device, seq, head in certificate.moves:
            self.heads[device] = (seq, head)
            self.frontier.write(device, pack([seq, head]))
        for device, seq, head in certificate.extras:
            self.frontier.write(device + head, pack([seq]))
        self.compare(height, "frontier", point["frontier"], self.frontier.root())
        self._judge_all(sealed, losing, point["frontier"])
        for device in {row[0] for row in certificate.extras}:
            end_device(book, device, "frozen", height)
        finish_checkpoint(book, point["time"], height, self.id, self.time)
        if TOTALS in book:
            book.change(TOTALS, place=self.place)
        self._check_money(height)
        for key in book.before:
            row = book.rows.get(key)
            self.state.write(key, None if row is None else pack(tuple(row.values())))
        for id_, row in book.results.items():
            self.results.write(b"r" + id_, pack(tuple(row.values())))
        self.results_found.update(book.results)
        self.compare(height, "state", point["state"], self.state.root())
        self.compare(height, "results", point["results"], self.results.root())
        if [bytes(key) for key in point["witnesses"]] != self.witnesses():
            raise Wrong("next_witnesses", height=height)
        self.sealed.update(sealed)
        self.height, self.time, self.id = height, point["time"], certificate.id
        self.counts["movements"] += book.movements
        book.movements = 0

    def _judge_all(self, sealed: dict[bytes, Signed], losing: set[bytes], frontier: bytes) -> None:
        for id_ in final_order(sealed, self.id, frontier):
            self.place += 1
            one = sealed[id_]
            reason = "forked" if id_ in losing else judge(self.book, one, self.time, self.height + 1, self.place)
            self.counts["rejected" if reason else "effective"] += 1
            if reason == "unknown_type":
                self.unknown[one.type] += 1

    def compare(self, height: int, what: str, said: bytes, found: bytes) -> None:
        if said != found:
            raise Wrong(f"root_{what}", height=height, said=said, found=found)
        self.counts["roots"] += 1

    def _check_money(self, height: int) -> None:
        """Per unit, accounts changed by as much as the supply did, and none is below zero."""
        book, gained = self.book, Counter[bytes]()
        for key, old in book.before.items():
            row = book.rows.get(key)
            if key[:1] == b"a":
                unit = key[key.index(b"/", 2 if key[1:2] == TREASURY else 34) + 1 :]
                gained[unit] += (row["balance"] if row else 0) - (old["balance"] if old else 0)
                if row and row["balance"] < 0:
                    raise Wrong("money_below", height=height, account=key)
            elif key[:1] == b"u":
                gained[key[1:]] -= (row["supply"] if row else 0) - (old["supply"] if old else 0)
        for unit, rest in gained.items():
            if rest:
                raise Wrong("money_sum", height=height, unit=unit.decode(), rest=rest)

    def check_balances(self) -> tuple[int, int]:
        """Add up all accounts of each unit; returns how many accounts and units."""
        sums, accounts = Counter[bytes](), 0
        for key, row in self.book.rows.items():
            if key[:1] == b"a":
                accounts += 1
                sums[key[key.index(b"/", 2 if key[1:2] == TREASURY else 34) + 1 :]] += row["balance"]
        units = {key[1:]: row["supply"] for key, row in self.book.rows.items() if key[:1] == b"u"}
        for unit, supply in units.items():
            if sums[unit] != supply:
                raise Wrong("money_sum", height=self.height, unit=unit.decode(), rest=sums[unit] - supply)
        return accounts, len(units)


# ======================================================================================================================
# Certificates (docs/protocol.md §4)
# ======================================================================================================================
POINT_FIELDS = {"v", "org", "height", "previous", "time", "frontier", "state", "results", "witnesses", "rules"}


def read_point(raw: Any) -> dict[str, Any]:
    """A checkpoint. Raises NotCbor for any other form."""
    point = unpack(raw) if type(raw) is bytes and len(raw) <= 8_192 else None
    if type(point) is not dict or point.keys() != POINT_FIELDS or not is_one(point["v"]):
        raise NotCbor
    hashes = all(is_key(point[name]) for name in ("org", "previous", "frontier", "state", "results"))
    numbers = all(is_count(point[name]) for name in ("height", "time", "rules"))
    named = is_list(point["witnesses"], WITNESSES, is_key) and point["witnesses"]
    if not (hashes and numbers and named and point["height"]):
        raise NotCbor
    return point


def rises(rows: list[Any], key: Callable[[Any], Any]) -> bool:
    return all(key(one) < key(two) for one, two in itertools.pairwise(rows))


class Certificate:
    """A checkpoint, who signed it, and how it moves the frontier."""

    def __init__(self, raw: bytes) -> None:
        """Raises NotCbor."""
        parts = unpack(raw) if len(raw) <= CERTIFICATE_BYTES else None
        if type(parts) is not list or len(parts) != 4:
            raise NotCbor
        self.point, self.id = read_point(parts[0]), sha(parts[0])
        self.signed, self.moves, self.extras = parts[1:]

        def is_seq(value: Any) -> bool:
            return is_count(value) and 1 <= value <= SEQ

        fits = (
            is_list(self.signed, WITNESSES, lambda row: is_row(row, is_key, is_count, is_signature))
            and all(is_list(part, CERTIFICATE_BYTES, lambda row: is_row(row, is_key, is_seq, is_key)) for part in
                    (self.moves, self.extras))
            and rises(self.signed, lambda row: row[0])
            and rises(self.moves, lambda row: row[0])
            and rises(self.extras, lambda row: (row[0], row[2]))
        )  # fmt: skip
        if not fits:
            raise NotCbor

    def check_quorum(self, witnesses: list[bytes], signatures: Signatures) -> None:
        """Good precommits of a quorum of these witnesses in one round."""
        rounds: Counter[int] = Counter()
        for key, round_, signature in self.signed:
            message = signed_text("precommit", pack([self.point["height"], round_, self.id]))
            if key in witnesses and signatures.holds(key, message, signature):
                rounds[round_] += 1
        needed, good = quorum_of(len(witnesses)), max(rounds.values(), default=0)
        if good < needed:
            raise Wrong("quorum", height=self.point["height"], needed=needed, good=good)


# ======================================================================================================================
# Bundles (docs/protocol.md §5)
# ======================================================================================================================
RAW, DAG_CBOR = 0x55, 0x71
CID_HEADS = {bytes((1, codec, 0x12, 0x20)): codec for codec in (RAW, DAG_CBOR)}


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number of at most 9 bytes, in its shortest form."""
    number = 0
    for place in range(9):
        if at + place >= len(data):
            break
        byte = data[at + place]
        number |= (byte & 127) << 7 * place
        if byte < 128:
            if not byte and place:
                break
            return number, at + place + 1
    raise Unreadable("car", at=at)


def read_car(data: bytes) -> tuple[bytes, dict[bytes, tuple[int, bytes]]]:
    """Root and blocks (codec, bytes) of a CARv1 file by digest; every digest is computed again."""
    size, at = read_varint(data, 0)
    try:
        header = unpack(data[at : at + size])
    except NotCbor as error:
        raise Unreadable("not_ours") from error
    roots = header.get("roots") if type(header) is dict else None
    if type(header) is not dict or header.keys() != {"roots", "version"} or not is_one(header["version"]):
        raise Unreadable("not_ours")
    if not is_list(roots, 1, lambda root: type(root) is Cid) or not roots:
        raise Unreadable("not_ours")
    blocks: dict[bytes, tuple[int, bytes]] = {}
    at += size
    while at < len(data):
        size, start = read_varint(data, at)
        end = start + size
        codec = CID_HEADS.get(data[start : start + 4])
        if size < 36 or end > len(data) or codec is None or len(blocks) >= BLOCKS:
            raise Unreadable("car", at=at)
        digest, block = data[start + 4 : start + 36], data[start + 36 : end]
        if sha(block) != digest:
            raise Wrong("block_cid", number=len(blocks) + 1, said=digest, found=sha(block))
        if digest in blocks:
            raise Wrong("block_twice", number=len(blocks) + 1, id=digest)
        blocks[digest] = (codec, block)
        at = end
    return bytes(roots[0]), blocks


class Bundle:
    """What a bundle lists: envelopes, certificates and contents, each block named once."""

    def __init__(self, data: bytes) -> None:
        root, self.blocks = read_car(data)
        self.listed: dict[bytes, None] = {}  # in the order in which they belong in the file
        manifest = self._map(root, {"v", "type", "org", "height", "head", "pages"}, "recoveries")
        fits = is_one(manifest["v"]) and manifest["type"] == "guildhall/bundle/1" and is_key(manifest["org"])
        links = is_list(manifest["pages"], PAGES, lambda page: type(page) is Cid)
        head = is_key(manifest["head"]) if manifest["height"] else manifest["head"] is None
        if not (fits and links and head and is_count(manifest["height"])):
            raise Unreadable("manifest")
        self.org, self.height, self.head = manifest["org"], manifest["height"], manifest["head"]
        self.recoveries = manifest.get("recoveries", [])
        if not is_list(self.recoveries, RECOVERIES, lambda one: type(one) is bytes and len(one) <= RECOVERY_BYTES):
            raise Unreadable("manifest")
        self.actions: list[tuple[bytes, Any]] = []
        self.certificates: list[bytes] = []
        self.contents: list[bytes] = []
        for page in manifest["pages"]:
            self._read_page(page)
        unlisted = self.blocks.keys() - self.listed.keys()
        if unlisted:
            raise Wrong("block_unlisted", id=min(unlisted))
        for number, (wanted, found) in enumerate(zip(self.listed, self.blocks, strict=False), 1):
            if wanted not in self.blocks:
                raise Wrong("block_missing", id=wanted)
            if wanted != found:
                raise Wrong("block_order", number=number, wanted=wanted, found=found)

    def block(self, digest: bytes, codec: int = DAG_CBOR) -> bytes:
        found = self.blocks.get(digest)
        if found is None or found[0] != codec:
            raise Wrong("block_missing", id=digest)
        return found[1]

    def _list(self, digest: bytes) -> bytes:
        """Take note that the bundle names this block."""
        if digest in self.listed:
            raise Wrong("block_listed_twice", id=digest)
        self.listed[digest] = None
        return digest

    def _map(self, digest: bytes, fields: set[str], optional: str = "") -> dict[str, Any]:
        try:
            value = unpack(self.block(self._list(bytes(digest))))
        except NotCbor as error:
            raise Unreadable("manifest") from error
        if type(value) is not dict or value.keys() - {optional} != fields:
            raise Unreadable("manifest")
        return value

    def _read_page(self, link: bytes) -> None:
        page = self._map(link, {"actions", "certificates", "contents"})
        fits = (
            is_list(page["actions"], PAGE_ROWS, lambda row: is_row(row, CHECKS["link"], is_signature))
            and is_list(page["certificates"], PAGE_ROWS, CHECKS["link"])
            and is_list(page["contents"], PAGE_ROWS, is_key)
            and 0 < sum(map(len, page.values())) <= PAGE_ROWS
        )
        if not fits:
            raise Unreadable("manifest")
        self.certificates += [self._list(bytes(link)) for link in page["certificates"]]
        self.actions += [(self._list(bytes(link)), signature) for link, signature in page["actions"]]
        self.contents += map(self._list, page["contents"])


class Recovery:
    """What members sign when witnesses are stuck: from which checkpoint to go on, and who seals next."""

    def __init__(self, raw: bytes) -> None:
        """Raises NotCbor."""
        found = unpack(raw)
        if type(found) is not dict or found.keys() != {"v", "org", "base", "branch", "members"}:
            raise NotCbor
        self.id, self.org, self.members = sha(raw), found["org"], found["members"]
        places = [found["base"], found["branch"]]
        listed = is_list(self.members, 10, is_key) and len(self.members) in (1, 4, 7, 10)
        fits = is_one(found["v"]) and is_key(self.org) and listed and len(set(self.members)) == len(self.members)
        if not fits or not all(is_row(place, is_count, is_key) for place in places):
            raise NotCbor
        self.base, self.branch = (tuple(place) for place in places)
        if self.branch[0] < self.base[0] or (self.branch[0] == self.base[0] and self.branch != self.base):
            raise NotCbor
        self.signers: set[bytes] = set()  # devices
        self.voices = (0, 0)  # members with a vote in the base's state who signed, and all of them

    @property
    def is_complete(self) -> bool:
        signed, voters = self.voices
        return 3 * signed > 2 * voters

    def count_voices(self, book: Book) -> None:
        """In the final state of the base: by active devices of members with a vote."""
        voters = {root for root, member in everybody(book) if votes(member)} if TOTALS in book else set()
        devices = [book.get(b"d" + device) for device in self.signers]
        signed = {row["member"] for row in devices if row and row["status"] == "active"} & voters
        self.voices = (len(signed), len(voters))

    def seats(self, book: Book) -> tuple[tuple[bytes, bytes], ...]:
        """Each of its members with the smallest key of their active devices; empty where one has none."""
        keys: dict[bytes, bytes] = {}
        for key, row in book.rows.items():
            if key[:1] == b"d" and row["status"] == "active" and row["member"] in self.members:
                keys[row["member"]] = min(keys.get(row["member"], key[1:]), key[1:])
        return tuple((root, keys[root]) for root in self.members) if len(keys) == len(self.members) else ()


def read_recoveries(bundle: Bundle, signatures: Signatures) -> list[Recovery]:
    """The recoveries that a bundle carries, with who signed them, by id."""
    found: dict[bytes, Recovery] = {}
    for place, signed in enumerate(bundle.recoveries, 1):
        try:
            parts = unpack(signed)
            if not is_row(parts, lambda raw: type(raw) is bytes, is_key, is_signature):
                raise NotCbor
            recovery = Recovery(parts[0])
        except NotCbor as error:
            raise Wrong("recovery_form", place=place) from error
        if recovery.org != bundle.org or not signatures.holds(parts[1], signed_text("recovery", recovery.id), parts[2]):
            raise Wrong("recovery_signature", place=place, device=parts[1])
        found.setdefault(recovery.id, recovery).signers.add(parts[1])
    return [found[id_] for id_ in sorted(found)]


Rows = list[tuple[str, dict[str, Any]]]


class Report:
    """What was checked and what could not be, as codes with facts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.checked: Rows = []
        self.unchecked: Rows = []

    def did(self, code: str, **facts: Any) -> None:
        self.checked.append((code, facts))

    def could_not(self, code: str, **facts: Any) -> None:
        self.unchecked.append((code, facts))


Anchor = tuple[int, bytes]


def check_bundle(data: bytes, org: bytes | None, anchor: Anchor | None, hash_: bytes | None) -> Report:
    """Derive the whole history of a bundle. Raises Wrong at the first thing that does not hold."""
    report, signatures = Report("bundle"), Signatures()
    bundle = Bundle(data)
    if org is not None and bundle.org != org:
        raise Wrong("other_org", wanted=org, found=bundle.org)
    log = Log(bundle.org, signatures)
    for id_, signature in bundle.actions:
        log.admit(bundle.block(id_), id_, signature)
    if bundle.org not in log.actions:
        raise Wrong("genesis_missing", org=bundle.org)
    history = History(log)
    terms = _follow(bundle, history, signatures, anchor, report)
    if (history.height, history.id if history.height else None) != (bundle.height, bundle.head):
        raise Wrong("manifest_head", said=bundle.height, found=history.height)
    report.did("blocks", number=len(bundle.blocks))
    report.did("actions", number=len(log.actions), devices=len(log.heads), signatures=signatures.good)
    counts = history.counts
    report.did("checkpoints", number=history.height, roots=counts["roots"])
    report.did("judged", effective=counts["effective"], rejected=counts["rejected"])
    report.did("results", number=len(history.results_found))
    closed = Counter(key[:1] for key, row in history.book.rows.items() if key[:1] in (b"J", b"Q") and row["closed"])
    report.did("rewards", rounds=closed[b"J"], pools=closed[b"Q"])
    accounts, units = history.check_balances()
    report.did("balances", accounts=accounts, units=units, movements=counts["movements"])
    report.did("entries", state=len(history.book.rows), results=len(history.results_found))
    _check_contents(bundle, log, report)
    if hash_ is not None:
        _compare_file(history.book.get(b"h" + hash_), hash_, report)
    _say_unchecked(report, history, org, terms)
    return report


Terms = list[tuple[int, list[bytes]]]  # sets of witnesses: the first height that they sign, their keys


def say_terms(report: Report, terms: Terms) -> None:
    """Whose keys could have made another history: those that sign now, and those whose term is over."""
    for number, (first, keys) in enumerate(terms, 1):
        shown = " ".join(key.hex()[:16] for key in keys)
        code = "forge_now" if number == len(terms) else "forge_retired"
        report.could_not(code, term=number, first=first, quorum=quorum_of(len(keys)), seats=len(keys), keys=shown)


def _follow(
    bundle: Bundle, history: History, signatures: Signatures, anchor: Anchor | None, report: Report
) -> Terms:
    """Seal checkpoint after checkpoint; returns who signed from which height on, beginning after an anchor."""
    terms: Terms = []
    recoveries = read_recoveries(bundle, signatures)
    for link in bundle.certificates:
        height, witnesses = history.height + 1, history.witnesses()
        try:
            certificate = Certificate(bundle.block(link))
        except NotCbor as error:
            raise Wrong("certificate_form", height=height) from error
        point = certificate.point
        if point["org"] != bundle.org:
            raise Wrong("other_org", wanted=bundle.org, found=point["org"])
        if point["height"] != height:
            raise Wrong("certificate_height", wanted=height, found=point["height"])
        if point["previous"] != history.id or point["time"] <= history.time:
            raise Wrong("certificate_chain", height=height)
        if anchor is not None and height == anchor[0] and certificate.id != anchor[1]:
            raise Wrong("anchor", height=height, wanted=anchor[1], found=certificate.id)
        recovery = _recovery_here(history, recoveries, certificate, signatures)
        if recovery is not None:
            witnesses = [key for _, key in recovery.seats(history.book)]
            signed, voters = recovery.voices
            report.did("recovery", height=height, signed=signed, voters=voters)
            report.could_not("recovery_delay", height=height)
        certificate.check_quorum(witnesses, signatures)
        if point["rules"] != history.rules():
            raise Wrong("rules", height=height, said=point["rules"], found=history.rules())
        if point["rules"] not in SUPPORTED_RULES:
            raise Unreadable("rules_unknown", height=height, version=point["rules"])
        if not terms or terms[-1][1] != witnesses:
            terms.append((height, witnesses))
        if anchor is not None and height == anchor[0]:
            terms = []
        _derive(history, certificate, recovery)
    if anchor is not None and history.height < anchor[0]:
        raise Wrong("anchor_beyond", height=anchor[0], found=history.height)
    return terms


def _recovery_here(
    history: History, recoveries: list[Recovery], certificate: Certificate, signatures: Signatures
) -> Recovery | None:
    """The recovery, if one names the last checkpoint as its branch and its members signed this certificate."""
    here = (history.height, history.id)
    for recovery in recoveries:
        if recovery.base == here:
            recovery.count_voices(history.book)
    for recovery in recoveries:
        seats = recovery.seats(history.book) if recovery.branch == here and recovery.is_complete else ()
        if seats and {row[0] for row in certificate.signed} <= {key for _, key in seats}:
            return recovery
    return None


def _derive(history: History, certificate: Certificate, recovery: Recovery | None) -> None:
    """A root that differs may come from a type of action that this verifier does not know: then it says so."""
    try:
        history.seal(certificate, recovery)
    except Wrong as wrong:
        if wrong.code in ("root_state", "root_results") and history.unknown:
            types = ", ".join(sorted(history.unknown))
            raise Wrong("root_unknown_types", height=certificate.point["height"], types=types) from wrong
        raise


REFERENCES = ("text", "note", "memo", "profile", "reason", "reference", "title")


def _check_contents(bundle: Bundle, log: Log, report: Report) -> None:
    """Contents that are there have the size that an action says, and none is there that no action names."""
    sizes = {
        one.body[name]["hash"]: one.body[name]["size"]
        for one in log.actions.values() for name in REFERENCES if is_reference(one.body.get(name))
    }  # fmt: skip
    for digest in bundle.contents:
        block = bundle.block(digest, RAW)
        if digest not in sizes or len(block) != sizes[digest] + 32:
            raise Wrong("content", id=digest)
    report.did("contents", number=len(bundle.contents), named=len(sizes))


def _compare_file(row: Row | None, hash_: bytes, report: Report) -> None:
    if row is None:
        raise Wrong("file_absent", hash=hash_)
    report.did("file", hash=hash_, height=row["height"], member=row["member"], size=row["size"])


def _say_unchecked(report: Report, history: History, org: bytes | None, terms: Terms) -> None:
    if org is None:
        report.could_not("whose_org", org=history.log.org)
    say_terms(report, terms)
    rest = len(history.log.actions) - len(history.sealed)
    if rest:
        report.could_not("unsealed", number=rest)
    if history.unknown:
        types = ", ".join(sorted(history.unknown))
        report.could_not("unknown_types", number=sum(history.unknown.values()), types=types)
    for device in sorted(history.log.forked):
        report.could_not("forked", device=device)
    report.could_not("clocks")


# ======================================================================================================================
# Proofs (docs/protocol.md §4)
# ======================================================================================================================
PROOF_FIELDS = {"v", "type", "kind", "org", "genesis", "chain", "entries", "envelopes"}


def read_proof(value: Any) -> dict[str, Any]:
    """A proof whose parts have their form."""
    if type(value) is not dict or value.keys() != PROOF_FIELDS:
        raise Unreadable("not_ours")
    if not is_one(value["v"]) or value["type"] != "guildhall/proof/1":
        raise Unreadable("proof_version")

    def is_link(row: Any) -> bool:
        signed = row[1] if type(row) is list and len(row) == 2 else None
        return type(signed) is list and type(row[0]) is bytes and is_list(
            signed, WITNESSES, lambda one: is_row(one, is_count, is_count, is_signature)
        )  # fmt: skip

    def is_bytes(one: Any) -> bool:
        return type(one) is bytes

    def is_path(most: int) -> Check:
        return lambda path: is_list(path, most, is_key)

    def is_entry(row: Any) -> bool:
        return is_row(row, is_count, is_bytes, is_bytes, is_count, is_count, is_path(64), is_path(12)) and row[0] < 2

    fits = (
        value["kind"] in ("result", "balance", "file", "evidence")
        and is_key(value["org"]) and is_bytes(value["genesis"])
        and is_list(value["chain"], CHAIN_LINKS, is_link)
        and is_list(value["entries"], 16, is_entry)
        and is_list(value["envelopes"], 2, is_bytes)
    )  # fmt: skip
    if not fits:
        raise Unreadable("proof_form")
    return value


def check_proof(value: Any, org: bytes | None, anchor: Anchor | None, hash_: bytes | None) -> Report:
    """Follow a proof from the organisation's id to what it proves. Raises Wrong."""
    proof, report, signatures = read_proof(value), Report("proof"), Signatures()
    if org is not None and proof["org"] != org:
        raise Wrong("other_org", wanted=org, found=proof["org"])
    if hash_ is not None and proof["kind"] != "file":
        raise Wrong("file_none", kind=proof["kind"])
    try:
        genesis = Signed(sha(proof["genesis"]), proof["genesis"])
    except NotCbor as error:
        raise Wrong("proof_genesis", org=proof["org"]) from error
    fits = genesis.type == "org.create" and fits_body("org.create", genesis.body)
    if genesis.id != proof["org"] or not fits:
        raise Wrong("proof_genesis", org=proof["org"])
    report.did("proof_org", org=proof["org"], name=one_line(genesis.body["name"]))
    if org is None:
        report.could_not("whose_org", org=proof["org"])
    if proof["kind"] == "evidence":
        _check_evidence(proof, report, signatures)
        return report
    last = _check_chain(proof, genesis.body["witness"], report, signatures, anchor)
    _check_entries(proof, last, report)
    _show_entries(proof, report, hash_)
    report.could_not("proof_rest")
    return report


def _check_chain(
    proof: dict[str, Any], founder: bytes, report: Report, signatures: Signatures, anchor: Anchor | None
) -> dict[str, Any]:
    witnesses, height, time, before = [founder], 0, 0, proof["org"]
    terms: Terms = []
    passed, point = False, None
    for raw, signed in proof["chain"]:
        try:
            point = read_point(raw)
        except NotCbor as error:
            raise Wrong("proof_link", height=height) from error
        id_, here = sha(raw), point["height"]
        rising = here > height and point["time"] > time and point["org"] == proof["org"]
        if not rising or (here == height + 1 and point["previous"] != before):
            raise Wrong("proof_link", height=here)
        if anchor is not None and here == anchor[0] and id_ != anchor[1]:
            raise Wrong("anchor", height=here, wanted=anchor[1], found=id_)
        _check_signers(point, id_, signed, witnesses, signatures)
        if not terms or terms[-1][1] != witnesses:
            terms.append((here, witnesses))
        if anchor is not None and here == anchor[0]:
            terms, passed = [], True
        witnesses, height, time, before = point["witnesses"], here, point["time"], id_
    if point is None:
        raise Wrong("proof_link", height=0)
    report.did("proof_chain", links=len(proof["chain"]), height=height, time=time, signatures=signatures.good)
    if anchor is not None and not passed:
        report.could_not("anchor_not_passed", height=anchor[0])
    say_terms(report, terms)
    return point


def _check_signers(
    point: dict[str, Any], id_: bytes, signed: list[Any], witnesses: list[bytes], signatures: Signatures
) -> None:
    """Exactly a quorum at rising places of the set, all of one round."""
    height, places = point["height"], [row[0] for row in signed]
    needed = quorum_of(len(witnesses))
    fits = len(places) == needed and rises(places, lambda place: place) and places[-1] < len(witnesses)
    if not fits or len({row[1] for row in signed}) != 1:
        raise Wrong("quorum", height=height, needed=needed, good=len(places))
    for place, round_, signature in signed:
        if not signatures.holds(witnesses[place], signed_text("precommit", pack([height, round_, id_])), signature):
            raise Wrong("witness_signature", height=height, witness=witnesses[place])


def _check_entries(proof: dict[str, Any], last: dict[str, Any], report: Report) -> None:
    """The entries are those of the kind, and each comes out under its root."""
    kind, keys = proof["kind"], [(row[0], row[1]) for row in proof["entries"]]
    first = keys[0][1] if keys else b""
    if kind == "result":
        wanted = [(1, b"r" + first[1:]), (0, b"p" + first[1:])]
    elif kind == "file":
        wanted = [(0, b"h" + first[1:])]
    else:
        wanted = [(0, b"a" + first[1:]), (0, b"u" + unit_in(first))]
    sized = kind == "balance" or len(first) == 33
    if keys != wanted or not sized or proof["envelopes"]:
        raise Wrong("proof_parts", kind=kind)
    for tree, key, value, place, size, low, high in proof["entries"]:
        root = climb(entry_leaf(key, value), place, size, low)
        root = None if root is None else climb(sha(b"\x00", root), bucket_number(key), BUCKETS, high)
        said = last["results" if tree else "state"]
        if root != said:
            raise Wrong("proof_path", key=key, said=said, found=root or b"")
    report.did("proof_entries", number=len(keys), height=last["height"])


def unit_in(key: bytes) -> bytes:
    """The code of the unit in an account's key; empty where it is none."""
    at = 2 if key[1:2] == TREASURY else 34
    return key[at + 1 :] if key[at : at + 1] == b"/" else b""


def _row_of(entry: list[Any]) -> Row:
    """An entry as a row; what it holds is shown only, so its form is checked just enough for that."""
    kind = chr(entry[1][0])
    try:
        values = unpack(entry[2])
    except NotCbor as error:
        raise Wrong("proof_value", key=entry[1]) from error
    if type(values) is not list or len(values) != len(FIELDS[kind]):
        raise Wrong("proof_value", key=entry[1])
    return dict(zip(FIELDS[kind], values, strict=True))


def _show_entries(proof: dict[str, Any], report: Report, hash_: bytes | None) -> None:
    rows = [_row_of(entry) for entry in proof["entries"]]
    first = proof["entries"][0][1]
    if proof["kind"] == "result":
        result, question = rows
        options, scores = _listed(result["options"]), _listed(result["scores"])
        texts = all(type(one) is str for one in (*options, *scores, question["title"], result["outcome"]))
        if not texts or len(options) != len(scores) or not is_count(result["voted"]):
            raise Wrong("proof_value", key=first)
        rows_ = zip(map(one_line, options), map(one_line, scores), strict=True)
        counted = "; ".join(f"{option}: {score}" for option, score in rows_)
        report.did(
            "shown_result", proposal=first[1:], title=one_line(question["title"]), outcome=result["outcome"],
            scores=counted, voted=result["voted"],
        )  # fmt: skip
    elif proof["kind"] == "balance":
        party = first[1 : len(first) - len(unit_in(first)) - 1]
        unit = unit_in(first).decode(errors="replace")
        amount, decimals = rows[0]["balance"], rows[1]["decimals"]
        if not is_count(amount) or not is_count(decimals) or decimals > 8:
            raise Wrong("proof_value", key=first)
        digits = str(amount).rjust(decimals + 1, "0")
        shown = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
        report.did("shown_balance", party=party, amount=shown, unit=one_line(unit))
    else:
        row = rows[0]
        if not (is_count(row["height"]) and is_count(row["size"]) and is_key(row["member"])):
            raise Wrong("proof_value", key=first)
        if hash_ is not None and first[1:] != hash_:
            raise Wrong("file_other", wanted=first[1:], found=hash_)
        report.did("file" if hash_ else "shown_file", hash=first[1:], height=row["height"], member=row["member"],
                   size=row["size"])  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else [None]


def one_line(text: str) -> str:
    """Foreign text without what could move the cursor or turn the direction of writing."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _check_evidence(proof: dict[str, Any], report: Report, signatures: Signatures) -> None:
    if proof["chain"] or proof["entries"] or len(proof["envelopes"]) != 2:
        raise Wrong("proof_parts", kind="evidence")
    one, two = proof["envelopes"]
    pair = double_vote(one, two)
    if pair is not None:
        if not all(signatures.holds(*vote.check()) for vote in pair):
            raise Wrong("evidence_signature")
        vote = pair[0]
        report.did("shown_votes", witness=vote.witness, height=vote.height, round=vote.round)
        return
    fork_ = forked_pair(one, two)
    if fork_ is None or fork_[0].org != proof["org"]:
        raise Wrong("evidence_none")
    for action_, signature in zip(fork_[:2], fork_[2:], strict=True):
        if not signatures.holds(action_.by, signed_text("action", action_.id), signature):
            raise Wrong("evidence_signature")
    report.did("shown_fork", device=fork_[0].by, seq=fork_[0].seq, one=fork_[0].id, two=fork_[1].id)


# ======================================================================================================================
# The command
# ======================================================================================================================
def read_hex(text: str, what: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise Unreadable("option", what=what)
    return found


def read_anchor(text: str) -> Anchor:
    height, colon, id_ = text.partition(":")
    if not colon or not re.fullmatch("[1-9][0-9]{0,15}", height):
        raise Unreadable("option", what="--anchor")
    return int(height), read_hex(id_, "--anchor")


def read_file(path: str, most: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise Unreadable("file_unread", path=path, why=error.strerror or "") from error
    if len(data) > most:
        raise Unreadable("too_large", path=path)
    return data


def hash_file(path: str) -> bytes:
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError as error:
        raise Unreadable("file_unread", path=path, why=error.strerror or "") from error
    return digest.digest()


def verify(path: str, org: str | None, anchor: str | None, file: str | None) -> Report:
    """Check a file, whichever it is. Raises Wrong or Unreadable."""
    wanted = None if org is None else read_hex(org, "--org")
    known = None if anchor is None else read_anchor(anchor)
    hash_ = None if file is None else hash_file(file)
    data = read_file(path, FILE_BYTES)
    proof = None
    if len(data) <= PROOF_BYTES:
        with contextlib.suppress(NotCbor):
            proof = unpack(data)
    try:
        if proof is not None:
            return check_proof(proof, wanted, known, hash_)
        return check_bundle(data, wanted, known, hash_)
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise Wrong("impossible", why=type(error).__name__) from error


def show(report: Report | None, failed: Wrong | Unreadable | None, as_json: bool, chinese: bool) -> str:
    """The answer as lines for people, or as JSON."""
    if as_json:
        return _as_json(report, failed, chinese)
    lines = []
    if failed is not None:
        lines.append(say("fails" if isinstance(failed, Wrong) else "unreadable", {}, chinese))
        lines.append("  " + say(failed.code, failed.facts, chinese))
    if report is not None:
        lines.append(say("holds_" + report.kind, {}, chinese))
        lines += ["  " + say(code, facts, chinese) for code, facts in report.checked]
        if report.unchecked:
            lines.append(say("not_checked", {}, chinese))
            lines += ["  " + say(code, facts, chinese) for code, facts in report.unchecked]
    return "\n".join(lines)


def _as_json(report: Report | None, failed: Wrong | Unreadable | None, chinese: bool) -> str:
    def row(code: str, facts: dict[str, Any]) -> dict[str, Any]:
        plain_ = {name: found.hex() if isinstance(found, bytes) else found for name, found in facts.items()}
        return {"code": code, "text": say(code, facts, chinese), **plain_}

    answer: dict[str, Any] = {"ok": failed is None}
    if report is not None:
        answer["kind"] = report.kind
        answer["checked"] = [row(*one) for one in report.checked]
        answer["not_checked"] = [row(*one) for one in report.unchecked]
    if failed is not None:
        answer["error"] = row(failed.code, failed.facts)
    return json.dumps(answer, ensure_ascii=False, indent=1)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise Unreadable("usage", usage=self.format_usage().strip())


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = Parser(prog="guildhall_verify.py", description="Checks a bundle or a proof of a Guildhall organisation.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--org", metavar="HEX")
    parser.add_argument("--anchor", metavar="HEIGHT:HEX")
    parser.add_argument("--file", metavar="PATH", dest="compare")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    given = sys.argv[1:] if arguments is None else arguments
    report: Report | None = None
    failed: Wrong | Unreadable | None = None
    as_json, chinese = "--json" in given, "zh" in given or "--lang=zh" in given
    try:
        options = parser.parse_args(given)
        report = verify(options.file, options.org, options.anchor, options.compare)
    except (Wrong, Unreadable) as found:
        failed = found
    print(show(report, failed, as_json, chinese))
    return 0 if failed is None else 1 if isinstance(failed, Wrong) else 2


WORDS.update(
    {
        "holds_bundle": ("The bundle holds. Checked:", "数据包成立。已检查："),
        "holds_proof": ("The proof holds. Checked:", "证明成立。已检查："),
        "fails": ("Something is wrong:", "发现问题："),
        "unreadable": ("This cannot be checked:", "无法检查："),
        "not_checked": ("Could not be checked:", "未能检查："),
        # what was checked
        "blocks": ("{number} blocks: every digest computed again", "{number} 个数据块：全部重新计算了摘要"),
        "actions": (
            "{number} actions of {devices} devices: chains, and {signatures} signatures with those inside and on"
            " checkpoints",
            "{devices} 台设备的 {number} 条操作：签名链，以及 {signatures} 个签名（含内部签名和检查点签名）",
        ),
        "checkpoints": (
            "{number} checkpoints: signed by their witnesses, order and {roots} roots computed again",
            "{number} 个检查点：均有见证人签名，重新计算了顺序和 {roots} 个根",
        ),
        "judged": (
            "{effective} actions had their effect, {rejected} were rejected by the rules, as the roots say",
            "{effective} 条操作生效，{rejected} 条被规则拒绝，与各个根一致",
        ),
        "results": ("{number} results of votes: all ballots counted again", "{number} 项表决结果：全部选票重新计数"),
        "rewards": (
            "{rounds} reward rounds and {pools} matching pools that are closed: shares computed again",
            "{rounds} 个已结束的分配轮次和 {pools} 个已结束的配捐池：重新计算了份额",
        ),
        "balances": (
            "{accounts} accounts in {units} units from {movements} movements: each sum is the supply",
            "{units} 种单位的 {accounts} 个账户，由 {movements} 笔流水重新计算：余额之和等于发行总量",
        ),
        "entries": (
            "{state} entries of the state and {results} of the results stand as certified",
            "状态中的 {state} 个条目和结果中的 {results} 个条目与检查点一致",
        ),
        "contents": (
            "{number} of {named} texts are in the bundle: digest and size are right",
            "数据包内有 {named} 份文本中的 {number} 份：摘要和大小正确",
        ),
        "recovery": (
            "before checkpoint {height} a recovery by {signed} of {voters} members with a vote named new witnesses",
            "在检查点 {height} 之前，有表决权的 {voters} 名成员中的 {signed} 名签署恢复，指定了新的见证人",
        ),
        "recovery_delay": (
            "whether the waiting time of the recovery before checkpoint {height} was kept",
            "检查点 {height} 之前的恢复是否遵守了等待时间",
        ),
        "file": (
            "the file with SHA-256 {hash} ({size} bytes) existed before checkpoint {height}; written down by {member}",
            "SHA-256 为 {hash} 的文件（{size} 字节）在检查点 {height} 之前已存在；由 {member} 登记",
        ),
        "shown_file": (
            "proven: a file with SHA-256 {hash} ({size} bytes) existed before checkpoint {height}; by {member}",
            "已证明：SHA-256 为 {hash} 的文件（{size} 字节）在检查点 {height} 之前已存在；由 {member} 登记",
        ),
        "proof_org": (
            "organisation {org}: its genesis is here, name “{name}”",
            "组织 {org}：含其创建操作，名称“{name}”",
        ),
        "proof_chain": (
            "a chain of {links} checkpoints up to height {height} ({time}): {signatures} witness signatures",
            "{links} 个检查点组成的链，直到高度 {height}（{time}）：{signatures} 个见证人签名",
        ),
        "proof_entries": (
            "{number} entries stand under the roots of checkpoint {height}",
            "{number} 个条目位于检查点 {height} 的根之下",
        ),
        "shown_result": (
            "proven: proposal {proposal} “{title}”: {outcome}; {scores}; {voted} voted",
            "已证明：提案 {proposal}“{title}”：{outcome}；{scores}；{voted} 人投票",
        ),
        "shown_balance": (
            "proven: {party} has {amount} {unit}",
            "已证明：{party}持有 {amount} {unit}",
        ),
        "party_o": ("the treasury", "金库"),
        "party_m": ("member {id}", "成员 {id}"),
        "party_d": ("department {id}", "部门 {id}"),
        "party_f": ("firm {id}", "企业 {id}"),
        "party_e": ("what is held for {id}", "为 {id} 预留的款项"),
        "outcome_passed": ("passed", "通过"),
        "outcome_not_passed": ("not passed", "未通过"),
        "outcome_decided": ("decided", "已选定"),
        "shown_votes": (
            "proven: the witness key {witness} signed two votes at height {height}, round {round}",
            "已证明：见证人密钥 {witness} 在高度 {height} 第 {round} 轮签了两张票",
        ),
        "shown_fork": (
            "proven: device {device} signed two actions with number {seq}: {one} and {two}",
            "已证明：设备 {device} 以序号 {seq} 签了两条操作：{one} 和 {two}",
        ),
        # what could not be checked
        "whose_org": (
            "whose organisation this is: compare its id {org} with one that you know (--org)",
            "这是谁的组织：请与你已知的编号比较（--org），这里的编号是 {org}",
        ),
        "forge_now": (
            "that there is no other history: {quorum} of the {seats} witness keys that sign now (set {term}, from"
            " checkpoint {first}) could sign one: {keys}",
            "不存在另一份历史：当前签名的 {seats} 个见证人密钥（第 {term} 组，自检查点 {first} 起）中的 {quorum} 个"
            "可以签出另一份：{keys}",
        ),
        "forge_retired": (
            "without a later anchor (--anchor): {quorum} of these {seats} retired witness keys (set {term}, from"
            " checkpoint {first}) could have made this file: {keys}",
            "没有更晚的锚点（--anchor）：{seats} 个已卸任的见证人密钥（第 {term} 组，自检查点 {first} 起）中的"
            " {quorum} 个也能造出此文件：{keys}",
        ),
        "anchor_not_passed": (
            "the anchor: this proof's chain does not pass checkpoint {height}",
            "锚点：此证明的链不经过检查点 {height}",
        ),
        "unsealed": (
            "what becomes of {number} actions that no checkpoint in this bundle seals",
            "{number} 条操作的结果：数据包中没有检查点包含它们",
        ),
        "unknown_types": (
            "{number} actions of types that this verifier does not know ({types}): rules version 1 rejects them, and"
            " the roots agree",
            "{number} 条操作的类型此检查程序不认识（{types}）：规则第 1 版拒绝它们，各个根与此一致",
        ),
        "forked": (
            "why device {device} signed two histories: both are here",
            "设备 {device} 为何签了两份历史：两份都在此",
        ),
        "clocks": (
            "whether clocks told the truth: times are those that the witnesses sealed",
            "时钟是否准确：时间以见证人封定的为准",
        ),
        "proof_rest": (
            "anything but these entries: a whole history takes a bundle",
            "这些条目以外的一切：检查完整历史需要数据包",
        ),
        # what is wrong
        "block_cid": (
            "block {number} does not have the digest that its CID says: {said} expected, {found} found",
            "第 {number} 个数据块与其 CID 不符：应为 {said}，实为 {found}",
        ),
        "block_twice": ("block {number} is there twice: {id}", "第 {number} 个数据块重复：{id}"),
        "block_missing": ("a block that the bundle lists is missing: {id}", "数据包列出的数据块缺失：{id}"),
        "block_listed_twice": ("a block is listed twice: {id}", "数据块被列出两次：{id}"),
        "block_order": (
            "block {number} is not the one that belongs there: {wanted} expected, {found} found",
            "第 {number} 个数据块不在其位：应为 {wanted}，实为 {found}",
        ),
        "block_unlisted": ("a block is there that the bundle does not list: {id}", "存在数据包未列出的数据块：{id}"),
        "manifest_head": (
            "the bundle says that it goes to height {said}; its certificates go to {found}, or to another checkpoint",
            "数据包声称到高度 {said}；其证书到 {found}，或到另一个检查点",
        ),
        "content": ("a text that no action names with this size: {id}", "文本未被任何操作以此大小引用：{id}"),
        "genesis_missing": ("the genesis of organisation {org} is missing", "缺少组织 {org} 的创建操作"),
        "other_org": (
            "of another organisation: {wanted} expected, {found} found",
            "属于另一个组织：应为 {wanted}，实为 {found}",
        ),
        "action_form": ("action {id} does not have the form of an action", "操作 {id} 的格式不正确"),
        "action_signature": (
            "action {id}: the signature is not one of its device {device}",
            "操作 {id}：签名不属于其设备 {device}",
        ),
        "action_other_org": ("action {id} is of another organisation", "操作 {id} 属于另一个组织"),
        "action_parent": (
            "action {id}: its parent {parent} is not before it",
            "操作 {id}：其前置操作 {parent} 不在它之前",
        ),
        "action_time": ("action {id} is earlier than its parent {parent}", "操作 {id} 早于其前置操作 {parent}"),
        "action_chain": (
            "action {id} does not continue the chain of device {device} at number {seq}",
            "操作 {id} 没有在序号 {seq} 处接上设备 {device} 的链",
        ),
        "device_uncertified": (
            "action {id}: device {device} is not brought in by a founding or a join",
            "操作 {id}：设备 {device} 没有通过创建或加入引入",
        ),
        "weak_key": ("action {id} brings in a key that is no good point", "操作 {id} 引入了不合格的密钥"),
        "inner_signature": ("action {id}: a signature inside it does not hold", "操作 {id}：内部签名不成立"),
        "recovery_form": ("recovery {place} does not have the form of one", "第 {place} 份恢复的格式不正确"),
        "recovery_signature": (
            "recovery {place}: of another organisation, or not signed by device {device}",
            "第 {place} 份恢复属于另一个组织，或不是设备 {device} 所签",
        ),
        "certificate_form": ("certificate {height} does not have the form of one", "第 {height} 份证书的格式不正确"),
        "certificate_height": (
            "a certificate of height {wanted} was expected, {found} found",
            "应为高度 {wanted} 的证书，实为 {found}",
        ),
        "certificate_chain": (
            "checkpoint {height} does not follow the one before it (its id, or a later time)",
            "检查点 {height} 没有接上前一个（编号或时间）",
        ),
        "anchor": (
            "checkpoint {height} is not the anchor: {wanted} expected, {found} found",
            "检查点 {height} 不是锚点：应为 {wanted}，实为 {found}",
        ),
        "anchor_beyond": (
            "the anchor is at height {height}; the bundle ends at {found}",
            "锚点在高度 {height}；数据包止于 {found}",
        ),
        "quorum": (
            "checkpoint {height}: {needed} good signatures of its witnesses in one round expected, {good} found",
            "检查点 {height}：同一轮中应有 {needed} 个见证人的有效签名，实有 {good} 个",
        ),
        "witness_signature": (
            "checkpoint {height}: the signature of witness {witness} does not hold",
            "检查点 {height}：见证人 {witness} 的签名不成立",
        ),
        "rules": (
            "checkpoint {height} says rules version {said}; version {found} is in force",
            "检查点 {height} 声称规则第 {said} 版；实际生效的是第 {found} 版",
        ),
        "rules_unknown": (
            "checkpoint {height} follows rules version {version}, unknown to this verifier; before it, all holds",
            "检查点 {height} 使用规则第 {version} 版，此检查程序不认识：此前的一切成立",
        ),
        "root_frontier": (
            "checkpoint {height}: the frontier root does not come out: {said} certified, {found} computed",
            "检查点 {height}：边界根不符：证书为 {said}，算得 {found}",
        ),
        "root_state": (
            "checkpoint {height}: the state root does not come out: {said} certified, {found} computed",
            "检查点 {height}：状态根不符：证书为 {said}，算得 {found}",
        ),
        "root_results": (
            "checkpoint {height}: the results root does not come out: {said} certified, {found} computed",
            "检查点 {height}：结果根不符：证书为 {said}，算得 {found}",
        ),
        "root_unknown_types": (
            "checkpoint {height}: a root does not come out, and there are actions of types that this verifier does not"
            " know: {types}",
            "检查点 {height}：根不符，且存在此检查程序不认识的操作类型：{types}",
        ),
        "next_witnesses": (
            "checkpoint {height} names other witnesses to come than the rules seat",
            "检查点 {height} 指定的下一组见证人与规则不符",
        ),
        "moves_reach": (
            "checkpoint {height}: device {device} goes back, or more than 256 actions ahead, to {seq}",
            "检查点 {height}：设备 {device} 后退，或一次前进超过 256 条，到 {seq}",
        ),
        "moves_missing": (
            "checkpoint {height}: action {id} of device {device} is not in the bundle",
            "检查点 {height}：数据包中没有设备 {device} 的操作 {id}",
        ),
        "moves_chain": (
            "checkpoint {height}: the chain of device {device} does not lead to its head at number {seq}",
            "检查点 {height}：设备 {device} 的链没有通到序号 {seq} 的末端",
        ),
        "moves_parent": (
            "checkpoint {height} seals action {id} without its parent {parent}",
            "检查点 {height} 包含操作 {id}，却不含其前置操作 {parent}",
        ),
        "moves_extra": (
            "checkpoint {height}: nothing needs the extra head of device {device} at number {seq}",
            "检查点 {height}：没有操作需要设备 {device} 序号 {seq} 的额外末端",
        ),
        "moves_many": (
            "checkpoint {height} seals {number} actions of {who}, more than it may",
            "检查点 {height} 包含 {who} 的 {number} 条操作，超过上限",
        ),
        "money_below": ("checkpoint {height}: account {account} is below zero", "检查点 {height}：账户 {account} 为负"),
        "money_sum": (
            "checkpoint {height}: the accounts of {unit} differ from its supply by {rest}",
            "检查点 {height}：{unit} 的账户总和与发行总量相差 {rest}",
        ),
        "impossible": (
            "the history leads to something that the rules do not allow for ({why})",
            "历史导致规则之外的情形（{why}）",
        ),
        "file_absent": ("no file with SHA-256 {hash} is written down", "没有登记 SHA-256 为 {hash} 的文件"),
        "file_none": ("this is no proof about a file, but of the kind “{kind}”", "这不是文件证明，而是“{kind}”类证明"),
        "file_other": (
            "the proof is about another file: {wanted}, the given one has {found}",
            "证明针对另一个文件：{wanted}，给出的文件为 {found}",
        ),
        "proof_genesis": ("the genesis is none, or not that of {org}", "创建操作不成立，或不属于 {org}"),
        "proof_link": ("the chain of checkpoints does not hold at height {height}", "检查点链在高度 {height} 处不成立"),
        "proof_parts": ("the entries are not those of a proof of the kind “{kind}”", "条目不符合“{kind}”类证明"),
        "proof_path": (
            "entry {key} does not stand under its root: {said} certified, {found} computed",
            "条目 {key} 不在其根之下：证书为 {said}，算得 {found}",
        ),
        "proof_value": ("entry {key} holds what the rules never write", "条目 {key} 的内容不可能由规则写出"),
        "evidence_signature": ("a signature of the evidence does not hold", "证据中的签名不成立"),
        "evidence_none": ("the two envelopes do not contradict each other", "两份封装并不互相矛盾"),
        # what cannot be read
        "usage": ("{usage}", "{usage}"),
        "option": ("{what} takes a value of another form", "{what} 的值格式不正确"),
        "file_unread": ("{path}: {why}", "{path}：{why}"),
        "too_large": ("{path} is too large", "{path} 过大"),
        "not_ours": ("this is neither a bundle nor a proof of Guildhall", "这既不是 Guildhall 的数据包，也不是证明"),
        "car": ("the CAR file breaks off or is malformed at byte {at}", "CAR 文件在第 {at} 字节处中断或格式错误"),
        "manifest": ("the bundle's manifest or a page does not have its form", "数据包的清单或页的格式不正确"),
        "proof_version": ("a proof of another version", "证明的版本不同"),
        "proof_form": ("a part of the proof does not have its form", "证明的某一部分格式不正确"),
        "library": (
            "this computer's libsodium judges signatures in a way that the protocol does not know",
            "本机的 libsodium 以协议未知的方式判断签名",
        ),
    }
)

if __name__ == "__main__":
    sys.exit(main())
