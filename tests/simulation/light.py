"""Replicas of which a thousand fit into one process: each knows how far chains are here; what was written stands once
in the shared ``History``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dao_app.app.heads import HeadTable
from dao_app.app.ports import AdmitReport
from dao_app.core.encoding import encode
from tests.fakes.replica import Device, FakeReplica

CERTIFICATE_BYTES = 650  # of a certificate by four witnesses, beside what it seals


class History:
    """What was ever written, once for all: chains with really signed envelopes, and certificates that seal them."""

    def __init__(self) -> None:
        self.places: dict[bytes, tuple[bytes, int, bytes]] = {}  # envelope → device, seq, id
        self.chains: dict[bytes, list[bytes]] = {}
        self.certificates: list[bytes] = []
        self.moves: list[list[tuple[bytes, int]]] = []
        self._heights: dict[bytes, int] = {}

    def write(self, device: Device, at_ms: int) -> bytes:
        envelope = device.write(at_ms)
        assert device.prev is not None
        self.places[envelope] = (device.signer.public, device.seq, device.prev)
        self.chains.setdefault(device.signer.public, []).append(envelope)
        return envelope

    def seal(self, moves: Sequence[tuple[bytes, int]]) -> None:
        height = len(self.certificates) + 1
        raw = encode([height, [list(move) for move in sorted(moves)], bytes(CERTIFICATE_BYTES)])
        self.certificates.append(raw)
        self.moves.append(sorted(moves))
        self._heights[raw] = height

    def height_of(self, raw: bytes) -> int:
        return self._heights[raw]

    def heads(self) -> dict[bytes, tuple[int, bytes]]:
        return {device: (len(chain), self.places[chain[-1]][2]) for device, chain in self.chains.items()}


class LightReplica(FakeReplica):
    """Knows how far each chain is here; what comes before its parents waits. Certificates take effect as in
    ``SealedReplica``."""

    def __init__(self, device: Device, history: History) -> None:
        super().__init__(device)
        self._history = history
        self._held = self._height = 0
        self._waiting: dict[tuple[bytes, int], bytes] = {}
        self._digest: tuple[int, int, bytes] | None = None
        self.stored: Callable[[bytes], None] = lambda envelope: None

    def be_in_step(self, heads: dict[bytes, tuple[int, bytes]], height: int) -> None:
        self._heads = HeadTable(heads)
        self._held = self._height = height

    def heads_digest(self) -> bytes:
        version = self._heads.version
        if self._digest is None or self._digest[:2] != (version, self._height):
            last = b"".join(self._history.certificates[self._height - 1 : self._height])
            self._digest = (version, self._height, self._heads.digest(self._height, last))
        return self._digest[2]

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        for envelope in self._history.chains.get(device, [])[first - 1 : min(last, self._heads.at(device).seq)]:
            found.append(envelope)
            size += len(envelope)
            if size > max_bytes:
                break
        return found

    def admit_now(self, envelopes: Sequence[bytes]) -> AdmitReport:
        stored = known = orphans = 0
        for envelope in envelopes:
            device, seq, _ = self._history.places[envelope]
            here = self._heads.at(device).seq
            if seq <= here:
                known += 1
            elif seq > here + 1:
                self._waiting[device, seq] = envelope
                orphans += 1
            else:
                stored += self._take(envelope)
        return AdmitReport(stored, known, orphans, {})

    def _take(self, envelope: bytes | None) -> int:
        """This one and those that waited for it."""
        count = 0
        while envelope is not None:
            device, seq, id_ = self._history.places[envelope]
            self._heads.put(device, seq, id_)
            self.stored(envelope)
            count += 1
            envelope = self._waiting.pop((device, seq + 1), None)
        if self._held > self._height:
            self._rise()
        return count

    def _rise(self) -> int:
        before = self._height
        while self._height < self._held and all(
            self._heads.at(device).seq >= seq for device, seq in self._history.moves[self._height]
        ):
            self._height += 1
        return self._height - before

    def height(self) -> int:
        return self._height

    def held_height(self) -> int:
        return self._held

    def sealed_after(self, height: int) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        for above in range(height + 1, self._held + 1):
            yield above, self._history.moves[above - 1]

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        for raw in self._history.certificates[first - 1 : self._height]:
            found.append(raw)
            size += len(raw)
            if size > max_bytes:
                break
        return found

    def take_certificates(self, items: Sequence[bytes]) -> int:
        for raw in items:
            if self._history.height_of(raw) == self._held + 1:
                self._held += 1
        return self._rise()

    def certificates_report(self, items: Sequence[bytes]) -> AdmitReport:
        fresh = self.take_certificates(items)
        return AdmitReport(fresh, len(items) - fresh, 0, {})
