"""Bundles made from a store, for tests of the verifier: written here once more, from docs/protocol.md §5.

``Parts`` is what a bundle lists, so that a test can change one thing before it is written as a file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from dao_app.app.organisation import Organisation
from dao_app.app.storage import OrgStore
from dao_app.core.encoding import CID_PREFIX, Link, digest, encode
from dao_app.core.envelope import parse_trusted

TOOL = Path(__file__).resolve().parents[2] / "tools" / "guildhall_verify.py"
RAW_PREFIX = b"\x01\x55\x12\x20"
PAGE_ROWS = 1_000


def load_verifier() -> ModuleType:
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location("guildhall_verify", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def varint(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


@dataclass
class Parts:
    """What a bundle holds: (payload, signature) of actions with parents before children, certificates, contents."""

    org: bytes
    actions: list[tuple[bytes, bytes]] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    head: bytes | None = None
    height: int = 0
    recoveries: list[bytes] = field(default_factory=list)

    def blocks(self) -> list[tuple[bytes, bytes]]:
        """(CID, block) of everything, the manifest first."""
        rows: list[tuple[str, Any, bytes, bytes]] = [
            *(("certificates", Link(digest(c)), CID_PREFIX, c) for c in self.certificates),
            *(("actions", [Link(digest(p)), s], CID_PREFIX, p) for p, s in self.actions),
            *(("contents", digest(c), RAW_PREFIX, c) for c in self.contents),
        ]
        pages, blocks = [], []
        for start in range(0, len(rows), PAGE_ROWS):
            page: dict[str, list[Any]] = {"actions": [], "certificates": [], "contents": []}
            for name, row, _, _ in rows[start : start + PAGE_ROWS]:
                page[name].append(row)
            pages.append(encode(page))
            blocks.append((CID_PREFIX + digest(pages[-1]), pages[-1]))
            blocks += [(head + digest(block), block) for _, _, head, block in rows[start : start + PAGE_ROWS]]
        more = {"recoveries": self.recoveries} if self.recoveries else {}
        manifest = encode(
            {
                "v": 1, "type": "guildhall/bundle/1", "org": self.org, "height": self.height, "head": self.head,
                "pages": [Link(digest(page)) for page in pages], **more,
            }
        )  # fmt: skip
        return [(CID_PREFIX + digest(manifest), manifest), *blocks]

    def car(self) -> bytes:
        return car_of(self.blocks())


def car_of(blocks: list[tuple[bytes, bytes]]) -> bytes:
    """A CARv1 file whose root is the first block."""
    header = encode({"version": 1, "roots": [Link(blocks[0][0][4:])]})
    parts = [varint(len(header)) + header]
    parts += [varint(len(cid) + len(block)) + cid + block for cid, block in blocks]
    return b"".join(parts)


def parts_of(org: Organisation) -> Parts:
    """Everything that an organisation's store holds."""
    parts = parts_of_store(org.org_id, org.store)
    parts.recoveries = list(org.recovering.in_effect_signed())
    return parts


def parts_of_store(org_id: bytes, store: OrgStore) -> Parts:
    parts = Parts(org_id)
    for record in _records(store):
        parts.actions.append((record.payload, record.signature))
        for name in ("text", "note", "memo", "profile", "reason", "reference", "title"):
            found = parse_trusted(record.id, record.payload).body.get(name)
            blob = store.content(found["hash"]) if isinstance(found, dict) and "hash" in found else None
            if blob is not None and blob not in parts.contents:
                parts.contents.append(blob)
    last = store.last_checkpoint()
    if last is not None:
        parts.head, parts.height = last.id, last.height
        parts.certificates = [record.raw for record in store.checkpoints(1, last.height)]
    return parts


def _records(store: OrgStore) -> Iterator[Any]:
    after = 0
    while rows := store.after(after, 1_000):
        yield from rows
        after = rows[-1].pos
