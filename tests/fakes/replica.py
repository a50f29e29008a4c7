"""A small in-memory replica with really signed chains, for tests of sync without an organisation around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import trio

from dao_app.app.admission import parse_signed
from dao_app.app.heads import HeadTable
from dao_app.app.ports import AdmitReport, DeviceStanding, Replica, Signer, Snapshots, Verifier
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.envelope import JOIN_TYPE, build_payload, device_message, pack, signed_message
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.verifier import SodiumVerifier

ORG = digest(b"an organisation")
ORG_KEY = b"k" * 32
FIRST_AT = 1_790_000_000_000
_VERIFIER = SodiumVerifier()


class Device:
    """A device with a root; writes actions of one chain."""

    def __init__(self, name: str) -> None:
        self.signer = SeedSigner(digest(f"device {name}".encode()))
        self.root = SeedSigner(digest(f"root {name}".encode()))
        self.seq = 0
        self.prev: bytes | None = None

    def certificate(self, org: bytes = ORG) -> bytes:
        signature = self.root.sign(device_message(org, self.signer.public))
        return encode([self.root.public, self.signer.public, signature])

    def write(self, at: int, deps: tuple[bytes, ...] = (), type_: str = "contribution.claim") -> bytes:
        """The envelope of this device's next action."""
        self.seq += 1
        body = {"title": f"work {self.seq}"}
        payload = build_payload(ORG, self.signer.public, self.seq, self.prev, deps, at, type_, body)
        self.prev = digest(payload)
        return pack(payload, self.signer.sign(signed_message(self.prev)))


class NoSnapshots(Snapshots):
    """Of a replica that neither has nor wants one."""

    def due(self, missing: int) -> bool:
        return False

    def served_head(self, anchor: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        return None

    def served_buckets(self, slots: Sequence[int], max_bytes: int) -> list[tuple[int, bytes]]:
        return [(slot, b"\x80") for slot in slots]

    def history_wanted(
        self, ranges_max: int, actions_max: int
    ) -> tuple[list[tuple[bytes, int, int]], list[bytes], int]:
        return [], [], 0


class FakeReplica(Replica):
    """Stores chains whose parents are here; orphans are reported and forgotten. Certificates are any bytes."""

    def __init__(self, device: Device, key: bool = True, verifier: Verifier = _VERIFIER) -> None:
        self.device = device
        self._verifier = verifier
        self.chains: dict[bytes, list[bytes]] = {}
        self.ids: dict[bytes, int] = {}
        self._heads = HeadTable()
        self.held_certificates: list[bytes] = []
        self.contents: dict[bytes, bytes] = {}
        self.wanted: set[bytes] = set()
        self.members: dict[bytes, DeviceStanding] = {}
        self.invitations: set[bytes] = set()
        self.roots: set[bytes] = set()
        self.keys: list[tuple[int, bytes]] = [(0, ORG_KEY)] if key else []
        self.join = b""
        self.said: dict[bytes, bytes] = {}
        self.words_max = 1_000
        self.admitted_in_order = True

    @property
    def org_id(self) -> bytes:
        return ORG

    @property
    def snapshots(self) -> Snapshots:
        return NoSnapshots()  # type: ignore[abstract]

    @property
    def signer(self) -> Signer:
        return self.device.signer

    def heads(self) -> HeadTable:
        return self._heads

    def heads_digest(self) -> bytes:
        return self._heads.digest(self.height(), b"".join(self.held_certificates[-1:]))

    def envelopes(self, device: bytes, first: int, last: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        size = 0
        for envelope in self.chains.get(device, [])[first - 1 : last]:
            found.append(envelope)
            size += len(envelope)
            if size > max_bytes:
                break
        return found

    def envelopes_of(self, ids: Sequence[bytes], max_bytes: int) -> list[bytes]:
        return []

    def missing_ids(self, limit: int) -> list[bytes]:
        return []

    def words(self) -> Mapping[bytes, bytes]:
        return self.said

    async def admit_words(self, items: Sequence[bytes]) -> AdmitReport:
        return self.admit_words_now(items)

    def admit_words_now(self, items: Sequence[bytes]) -> AdmitReport:
        """Keep words as far as there is room."""
        fresh = {digest(raw): raw for raw in items if digest(raw) not in self.said}
        for id_, raw in fresh.items():
            if len(self.said) < self.words_max:
                self.said[id_] = raw
        return AdmitReport(len(fresh), len(items) - len(fresh), 0, {})

    def height(self) -> int:
        return len(self.held_certificates)

    def held_height(self) -> int:
        return self.height()

    def sealed_after(self, height: int) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        return iter(())

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found: list[bytes] = []
        for raw in self.held_certificates[first - 1 :]:
            found.append(raw)
            if sum(map(len, found)) > max_bytes:
                break
        return found

    async def admit(self, envelopes: Sequence[bytes]) -> AdmitReport:
        await trio.lowlevel.checkpoint()
        return self.admit_now(envelopes)

    def admit_now(self, envelopes: Sequence[bytes]) -> AdmitReport:
        stored = known = orphans = 0
        refused: dict[str, int] = {}
        for envelope in envelopes:
            parsed = parse_signed(envelope, self._verifier)
            if isinstance(parsed, str) or parsed.action.org != ORG:
                code = parsed if isinstance(parsed, str) else "other_organisation"
                refused[code] = refused.get(code, 0) + 1
                continue
            action = parsed.action
            head = self._heads.at(action.by)
            if action.id in self.ids:
                known += 1
            elif action.seq != head.seq + 1 or any(dep not in self.ids for dep in action.deps):
                orphans += 1
                self.admitted_in_order = False
            else:
                stored += 1
                self._keep(envelope, action.id, action.by, action.seq, action.type)
        return AdmitReport(stored, known, orphans, refused)

    def _keep(self, envelope: bytes, id_: bytes, by: bytes, seq: int, type_: str) -> None:
        self.chains.setdefault(by, []).append(envelope)
        self.ids[id_] = seq
        self._heads.put(by, seq, id_)
        if type_ == JOIN_TYPE:
            self.members.setdefault(by, "joining")

    def write(self, device: Device, at: int, deps: tuple[bytes, ...] = (), type_: str = "contribution.claim") -> bytes:
        envelope = device.write(at, deps, type_)
        report = self.admit_now([envelope])
        assert report.stored == 1, report
        assert device.prev is not None
        return device.prev

    async def admit_certificates(self, certificates: Sequence[bytes]) -> AdmitReport:
        await trio.lowlevel.checkpoint()
        fresh = self.take_certificates(certificates)
        return AdmitReport(fresh, len(certificates) - fresh, 0, {})

    def take_certificates(self, items: Sequence[bytes]) -> int:
        fresh = [raw for raw in items if raw not in self.held_certificates]
        self.held_certificates += fresh
        return len(fresh)

    def copy_from(self, other: FakeReplica) -> None:
        """Hold what the other holds."""
        self.chains = {device: list(chain) for device, chain in other.chains.items()}
        self.ids = dict(other.ids)
        self._heads.replace(dict(other._heads.items()))
        self.held_certificates = list(other.held_certificates)

    def wanted_content(self, after: bytes, limit: int) -> list[bytes]:
        return sorted(hash_ for hash_ in self.wanted if hash_ > after)[:limit]

    def lacking_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        return self.wanted.intersection(hashes)

    def held_content(self, hashes: Sequence[bytes]) -> set[bytes]:
        return self.contents.keys() & set(hashes)

    def content(self, digest: bytes) -> bytes | None:
        return self.contents.get(digest)

    def add_content(self, blob: bytes) -> bool:
        hash_ = digest(blob)
        if hash_ not in self.wanted:
            return False
        self.wanted.discard(hash_)
        self.contents[hash_] = blob
        return True

    def standing(self, device: bytes) -> DeviceStanding:
        return self.members.get(device, "unknown")

    def invitation_open(self, bearer: bytes) -> bool:
        return bearer in self.invitations

    def invitation_known(self, bearer: bytes) -> bool:
        return bearer in self.invitations

    def join_refusal(self, invite: bytes, device: bytes) -> str:
        return ""

    def org_keys(self) -> Sequence[tuple[int, bytes]]:
        return self.keys

    def offer_keys(self, rows: Sequence[tuple[int, bytes]]) -> None:
        self.keys = sorted({*self.keys, *rows})

    def may_meet(self, device: bytes, newest: bool) -> bool:
        return self.standing(device) != "refused" if newest else self.standing(device) == "active"

    def root_known(self, root: bytes) -> bool:
        return root in self.roots

    def join_envelope(self) -> bytes:
        return self.join

    def device_certificate(self) -> bytes:
        return self.device.certificate()


class SealedReplica(FakeReplica):
    """Its certificates say what they seal (``seal``); one takes effect when all of it is here."""

    def seal(self) -> None:
        """Everything that is here and not sealed yet, as one more certificate."""
        moves = sorted([device, head.seq] for device, head in self._heads.items())
        self.held_certificates.append(encode([len(self.held_certificates) + 1, moves]))

    def _moves(self, height: int) -> list[tuple[bytes, int]]:
        return [(device, seq) for device, seq in decode(self.held_certificates[height - 1])[1]]

    def height(self) -> int:
        height = 0
        while height < len(self.held_certificates) and all(
            self._heads.at(device).seq >= seq for device, seq in self._moves(height + 1)
        ):
            height += 1
        return height

    def heads_digest(self) -> bytes:
        height = self.height()
        return self._heads.digest(height, b"".join(self.held_certificates[height - 1 : height]))

    def held_height(self) -> int:
        return len(self.held_certificates)

    def sealed_after(self, height: int) -> Iterator[tuple[int, list[tuple[bytes, int]]]]:
        for above in range(height + 1, len(self.held_certificates) + 1):
            yield above, self._moves(above)

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        return self.held_certificates[first - 1 : self.height()]

    def take_certificates(self, items: Sequence[bytes]) -> int:
        """Those that come next; another one for a height whose actions are not here replaces what waits. How many took
        effect."""
        before = self.height()
        for raw in items:
            height = decode(raw)[0]
            if height == len(self.held_certificates) + 1:
                self.held_certificates.append(raw)
            elif self.height() < height <= len(self.held_certificates):
                self.held_certificates[height - 1] = raw
        return self.height() - before
