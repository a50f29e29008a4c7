"""Frames: an unsigned varint of the length, then so many bytes (as libp2p frames everything).

Sans-IO. A frame that announces more than it may have is refused before a byte of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from dao_app.net.limits import FRAME_BYTES_MAX, VARINT_BYTES_MAX


class PeerError(Exception):
    """What a peer sent breaks the protocol; ``code`` says how. Never shown to the peer in detail."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def frame(body: bytes) -> bytes:
    """Length and body."""
    size = len(body)
    head = bytearray()
    while size >= 0x80:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class FrameReader:
    """Bytes in, frames out. ``bound`` gives the most bytes a frame may have, from its first two bytes."""

    def __init__(self, bytes_max: int = FRAME_BYTES_MAX, bound: Callable[[bytes], int] | None = None) -> None:
        self._bytes_max = bytes_max
        self._bound = bound
        self._data = bytearray()
        self._checked = False

    @property
    def inside(self) -> bool:
        """A frame has begun and is not complete."""
        return bool(self._data)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames completed by these bytes. Raises PeerError ``frame_too_large`` or ``frame_length``."""
        self._data += data
        found = []
        at = 0
        while (head := self._length(at)) is not None:
            size, start = head
            if self._bound is not None and not self._checked and len(self._data) >= start + min(size, 2):
                if size > self._bound(bytes(self._data[start : start + 2])):
                    raise PeerError("frame_too_large")
                self._checked = True
            if len(self._data) < start + size:
                break
            found.append(bytes(self._data[start : start + size]))
            at = start + size
            self._checked = False
        del self._data[:at]
        return found

    def _length(self, at: int) -> tuple[int, int] | None:
        """Length of the frame that begins here and where its body begins; None while it is incomplete."""
        size = 0
        for place in range(VARINT_BYTES_MAX):
            if at + place >= len(self._data):
                return None
            byte = self._data[at + place]
            size |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if place and not byte:
                    raise PeerError("frame_length")  # not the shortest form
                if size > self._bytes_max:
                    raise PeerError("frame_too_large")
                return size, at + place + 1
        raise PeerError("frame_length")
