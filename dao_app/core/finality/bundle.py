"""What stands in a bundle: manifest and pages (protocol §5, *Bundle*). Reading is strict and bounded.

manifest: {v, type, org, height, head, pages, recoveries?}; page: {actions: [[link, signature] …],
certificates: [link …], contents: [hash …]}, at most ``PAGE_ROWS_MAX`` rows together. After the manifest, for
each page in order: the page, its certificates, its actions, its contents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from dao_app.core.encoding import Link, decode, encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.car import BLOCK_BYTES_MAX, DAG_CBOR, RAW, Block, Reader
from dao_app.core.finality.checkpoint import is_bytes, is_count
from dao_app.core.finality.recovery import SIGNED_BYTES_MAX
from dao_app.core.limits import PAYLOAD_BYTES_MAX

VERSION = 1
TYPE = "guildhall/bundle/1"
PAGE_ROWS_MAX = 1_000  # a page has at most 110 kB
PAGES_MAX = 20_000  # 20 million rows
MANIFEST_BYTES_MAX = BLOCK_BYTES_MAX  # PAGES_MAX links of 41 bytes, and recoveries by thousands of members
RECOVERIES_MAX = 16_000  # signed ones: as many as a peer keeps


class Manifest(NamedTuple):
    """``head`` is the id of the checkpoint at ``height``, None at 0; ``pages`` are digests; ``recoveries`` are the
    signed ones that took effect (see ``core.finality.recovery``)."""

    org: bytes
    height: int
    head: bytes | None
    pages: tuple[bytes, ...]
    recoveries: tuple[bytes, ...] = ()


class Page(NamedTuple):
    """Ids of actions with their signatures, ids of certificates (digests of their bytes), hashes of contents."""

    actions: tuple[tuple[bytes, bytes], ...]
    certificates: tuple[bytes, ...]
    contents: tuple[bytes, ...]


class Filled(NamedTuple):
    """A page with what it names: (payload, signature) pairs, certificates, salt ‖ content blobs."""

    actions: list[tuple[bytes, bytes]]
    certificates: list[bytes]
    contents: list[bytes]


def encode_manifest(manifest: Manifest) -> bytes:
    head = manifest.head
    recoveries = {"recoveries": list(manifest.recoveries)} if manifest.recoveries else {}
    return encode(
        {
            "v": VERSION, "type": TYPE, "org": manifest.org, "height": manifest.height, "head": head,
            "pages": [Link(page) for page in manifest.pages], **recoveries,
        }
    )  # fmt: skip


def encode_page(page: Page) -> bytes:
    return encode(
        {
            "actions": [[Link(id_), signature] for id_, signature in page.actions],
            "certificates": [Link(id_) for id_ in page.certificates],
            "contents": list(page.contents),
        }
    )


def parse_manifest(raw: bytes) -> Manifest:
    if len(raw) > MANIFEST_BYTES_MAX:
        raise EncodingError("manifest too large")
    value = decode(raw)
    if type(value) is not dict or value.keys() - {"recoveries"} != {"v", "type", "org", "height", "head", "pages"}:
        raise EncodingError("not the fields of a manifest")
    if value["v"] != VERSION or type(value["v"]) is not int or value["type"] != TYPE:
        raise EncodingError("unknown version of bundle")
    head, height = value["head"], value["height"]
    if not is_bytes(value["org"], 32) or not is_count(height) or (head is None) != (height == 0):
        raise EncodingError("bad manifest")
    if head is not None and not is_bytes(head, 32):
        raise EncodingError("bad head")
    pages = _links(value["pages"], PAGES_MAX)
    return Manifest(value["org"], height, head, pages, _recoveries(value))


def _recoveries(value: dict[str, Any]) -> tuple[bytes, ...]:
    """Signed recoveries as byte strings; what they say is judged where they are heard."""
    if "recoveries" not in value:
        return ()
    rows = value["recoveries"]
    if type(rows) is not list or not 0 < len(rows) <= RECOVERIES_MAX:
        raise EncodingError("bad recoveries")
    if not all(type(row) is bytes and len(row) <= SIGNED_BYTES_MAX for row in rows):
        raise EncodingError("bad recovery")
    return tuple(rows)


def parse_page(raw: bytes) -> Page:
    value = decode(raw)
    if type(value) is not dict or value.keys() != {"actions", "certificates", "contents"}:
        raise EncodingError("not the fields of a page")
    rows, contents = value["actions"], value["contents"]
    if type(rows) is not list or type(contents) is not list:
        raise EncodingError("bad page")
    for row in rows:
        if type(row) is not list or len(row) != 2 or type(row[0]) is not Link or not is_bytes(row[1], 64):
            raise EncodingError("bad row of an action")
    if not all(is_bytes(hash_, 32) for hash_ in contents):
        raise EncodingError("bad content hash")
    certificates = _links(value["certificates"], PAGE_ROWS_MAX)
    if not 0 < len(rows) + len(certificates) + len(contents) <= PAGE_ROWS_MAX:
        raise EncodingError("page out of bounds")
    return Page(tuple((bytes(row[0]), row[1]) for row in rows), certificates, tuple(contents))


def _links(value: Any, most: int) -> tuple[bytes, ...]:
    if type(value) is not list or len(value) > most or not all(type(link) is Link for link in value):
        raise EncodingError("not a list of links, or too long")
    return tuple(bytes(link) for link in value)


class BundleReader:
    """Reads a bundle from its parts: the manifest at once, the pages once, one at a time. Raises EncodingError."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._car = Reader(parts)
        self._blocks = self._car.blocks()
        self.manifest = parse_manifest(self._next(DAG_CBOR, self._car.root))

    @property
    def size(self) -> int:
        """Bytes read so far."""
        return self._car.size

    def pages(self) -> Iterator[Filled]:
        for digest in self.manifest.pages:
            page = parse_page(self._next(DAG_CBOR, digest))
            certificates = [self._next(DAG_CBOR, id_) for id_ in page.certificates]
            actions = [(self._next(DAG_CBOR, id_), signature) for id_, signature in page.actions]
            if any(len(payload) > PAYLOAD_BYTES_MAX for payload, _ in actions):
                raise EncodingError("action too large")
            yield Filled(actions, certificates, [self._next(RAW, hash_) for hash_ in page.contents])
        if next(self._blocks, None) is not None:
            raise EncodingError("more than the pages name")

    def _next(self, codec: int, digest: bytes) -> bytes:
        found: Block | None = next(self._blocks, None)
        if found is None or found.codec != codec or found.digest != digest:
            raise EncodingError("not the block that belongs here")
        return found.data
