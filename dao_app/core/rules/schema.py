"""Shapes of action bodies: exact keys, checked types and bounds. A body that misfits is rejected whole.

Invariant: after a schema accepted a body, a rule may index its required fields without checking types.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dao_app.core.encoding import Link
from dao_app.core.limits import CONTENT_BYTES_MAX, INT_MAX, TITLE_BYTES_MAX

_CODE = re.compile("[a-z][a-z0-9-]{0,31}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
Check = Callable[[Any], bool]
VOTE_BODY_BYTES_MAX = 512  # of a vote in evidence: ids, key and signature have 150
NAME_BYTES_MAX = 64  # codes of units, methods, roles, charter parameters


class Schema:
    """Required and optional fields of one action type."""

    __slots__ = ("_required", "_optional")

    def __init__(self, required: dict[str, Check], optional: dict[str, Check] | None = None) -> None:
        self._required = required
        self._optional = optional or {}

    def accepts(self, body: dict[str, Any]) -> bool:
        seen = 0
        for name, check in self._required.items():
            if name not in body or not check(body[name]):
                return False
            seen += 1
        if seen == len(body):
            return True
        for name, check in self._optional.items():
            if name in body:
                if not check(body[name]):
                    return False
                seen += 1
        return seen == len(body)


def link(value: Any) -> bool:
    return type(value) is Link


def key(value: Any) -> bool:
    """A 32-byte public key."""
    return type(value) is bytes and len(value) == 32


def signature(value: Any) -> bool:
    return type(value) is bytes and len(value) == 64


def vote(value: Any) -> bool:
    """A witness's vote as it was signed, without missing ids."""
    return type(value) is bytes and 0 < len(value) <= VOTE_BODY_BYTES_MAX


def nonce(value: Any) -> bool:
    return type(value) is bytes and len(value) == 16


def count(value: Any) -> bool:
    """A whole number from 0."""
    return type(value) is int and 0 <= value <= INT_MAX


def flag(value: Any) -> bool:
    return type(value) is bool


def title(value: Any) -> bool:
    """One line of text, not empty, at most 400 bytes in UTF-8, no control characters."""
    return (
        type(value) is str and 0 < len(value.encode()) <= TITLE_BYTES_MAX and _one_line(value) and value.strip() != ""
    )


def text_or_empty(value: Any) -> bool:
    return value == "" and type(value) is str or title(value)


def name(value: Any) -> bool:
    """A short code."""
    return type(value) is str and 0 < len(value.encode()) <= NAME_BYTES_MAX and _one_line(value)


def ref(value: Any) -> bool:
    """Detached content: {"hash": 32 bytes, "size": bytes without the salt, "kind": code} (protocol §2)."""
    return (
        type(value) is dict
        and value.keys() == {"hash", "size", "kind"}
        and key(value["hash"])
        and type(value["size"]) is int
        and 0 < value["size"] <= CONTENT_BYTES_MAX
        and name(value["kind"])
    )


def party(value: Any) -> bool:
    """b"o" for the treasury; b"m" and a root for a member, b"d" or b"f" and an id for a department or firm."""
    return type(value) is bytes and (value == b"o" or len(value) == 33 and value[0] in b"mdf")


def code(value: Any) -> bool:
    """A code that an organisation gives: lower-case letters, digits, hyphens."""
    return type(value) is str and _CODE.fullmatch(value) is not None


def optional(check: Check) -> Check:
    """Null, or what the check accepts."""

    def accepts(value: Any) -> bool:
        return value is None or check(value)

    return accepts


def anything(value: Any) -> bool:
    """Whatever the strict subset holds; the rule looks closer."""
    return True


def list_of(check: Check, most: int) -> Check:
    def accepts(value: Any) -> bool:
        return type(value) is list and len(value) <= most and all(check(item) for item in value)

    return accepts


def row_of(*checks: Check) -> Check:
    def accepts(value: Any) -> bool:
        return (
            type(value) is list
            and len(value) == len(checks)
            and all(check(item) for check, item in zip(checks, value, strict=True))
        )

    return accepts


def map_of_counts(value: Any) -> bool:
    return type(value) is dict and len(value) <= 256 and all(name(k) and count(v) for k, v in value.items())


def map_of_anything(value: Any) -> bool:
    """Parameters by name; the rule looks closer."""
    return type(value) is dict and len(value) <= 16 and all(name(k) for k in value)


def reference(body: dict[str, Any], field: str) -> tuple[bytes, int] | None:
    """The (hash, size) pair of an optional detached field."""
    value = body.get(field)
    return None if value is None else (value["hash"], value["size"])


def _one_line(value: str) -> bool:
    """No C0 or C1 control characters: compared by code point, so no Unicode tables are used."""
    return _CONTROL.search(value) is None
