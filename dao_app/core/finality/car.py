"""CARv1: a file of blocks, each named by its content (IPLD, "Content Addressable aRchives", version 1).

Header: varint length ‖ DAG-CBOR {roots: [link], version: 1}; block: varint length ‖ CID ‖ data. Here a file has
one root, and CIDs are version 1 with SHA-256 over dag-cbor or raw bytes. Reading is strict: every digest is
recomputed, varints are minimal (unsigned LEB128), and what is not exactly that raises EncodingError. It works
on a stream, so memory holds one block, whatever the file's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dao_app.core.encoding import Link, decode, digest, encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import CERTIFICATE_BYTES_MAX

VERSION = 1
DAG_CBOR, RAW = 0x71, 0x55  # multicodec
CID_BYTES = 36
BLOCK_BYTES_MAX = CERTIFICATE_BYTES_MAX  # the largest thing that a bundle holds
HEADER_BYTES_MAX = 128  # one root
VARINT_BYTES_MAX = 4  # 2^28 - 1 is far above any block


class Block(NamedTuple):
    codec: int
    digest: bytes
    data: bytes


def header(root: bytes) -> bytes:
    """The beginning of a file whose root is the dag-cbor block with this digest."""
    raw = encode({"roots": [Link(root)], "version": VERSION})
    return _varint(len(raw)) + raw


def block(codec: int, data: bytes) -> bytes:
    """One block as it stands in a file."""
    return _varint(CID_BYTES + len(data)) + _cid(codec, digest(data)) + data


def _cid(codec: int, hash_: bytes) -> bytes:
    return bytes((1, codec, 0x12, 0x20)) + hash_


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


class Reader:
    """Reads a file from its parts, of any size. ``root`` is known at once; ``blocks`` can be gone through once.

    Raises EncodingError, at the beginning or while blocks are read.
    """

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._buffer = bytearray()
        self.size = 0  # bytes read so far
        length = self._length()
        if length is None or not 0 < length <= HEADER_BYTES_MAX:
            raise EncodingError("no CAR file")
        value = decode(self._take(length))
        if type(value) is not dict or value.keys() != {"roots", "version"} or type(value["version"]) is not int:
            raise EncodingError("not the fields of a CAR header")
        roots = value["roots"]
        if value["version"] != VERSION or type(roots) is not list or len(roots) != 1 or type(roots[0]) is not Link:
            raise EncodingError("not version 1 with one root")
        self.root = bytes(roots[0])

    def blocks(self) -> Iterator[Block]:
        while (length := self._length()) is not None:
            if not CID_BYTES <= length <= CID_BYTES + BLOCK_BYTES_MAX:
                raise EncodingError("block out of bounds")
            raw = self._take(length)
            codec, hash_, data = raw[1], raw[4:CID_BYTES], raw[CID_BYTES:]
            if codec not in (DAG_CBOR, RAW) or raw[:CID_BYTES] != _cid(codec, hash_):
                raise EncodingError("CID that is none of ours")
            if digest(data) != hash_:
                raise EncodingError("block that is not what its CID says")
            yield Block(codec, hash_, data)

    def _length(self) -> int | None:
        """The next varint; None at the end of the file."""
        value = 0
        for place in range(VARINT_BYTES_MAX):
            if not self._fill(1):
                if place:
                    raise EncodingError("cut off")
                return None
            byte = self._buffer[0]
            del self._buffer[0]
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if place and not byte:
                    raise EncodingError("varint not in its shortest form")
                return value
        raise EncodingError("varint too long")

    def _take(self, size: int) -> bytes:
        if not self._fill(size):
            raise EncodingError("cut off")
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def _fill(self, size: int) -> bool:
        """Have at least so many bytes at hand, if the file still holds them."""
        while len(self._buffer) < size:
            part = next(self._parts, None)
            if part is None:
                return False
            self._buffer += part
            self.size += len(part)
        return True
