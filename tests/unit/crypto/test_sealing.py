"""Sealing with a key and to a device."""

from __future__ import annotations

from dao_app.app.ports import Random
from dao_app.crypto.sealing import SodiumSealer

KEY = bytes(range(32))


class CountingRandom(Random):
    def __init__(self) -> None:
        self._drawn = 0

    def token(self, size: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(size, "big")


def test_sealed_opens_with_key_and_purpose_only() -> None:
    sealer = SodiumSealer(CountingRandom())
    box = sealer.seal(KEY, b"gossip", b"words")
    assert b"words" not in box
    assert sealer.open(KEY, b"gossip", box) == b"words"
    assert sealer.open(bytes(32), b"gossip", box) is None
    assert sealer.open(KEY, b"other", box) is None
    assert sealer.seal(KEY, b"gossip", b"words") != box
    for place in range(len(box)):
        assert sealer.open(KEY, b"gossip", box[:place] + bytes([box[place] ^ 1]) + box[place + 1 :]) is None
    for size in (0, 23, 39):
        assert sealer.open(KEY, b"gossip", box[:size]) is None
