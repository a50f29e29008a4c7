"""Organisations in one process with real signatures and real stores, a clock and randomness of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions
import nacl.public
import nacl.signing

from dao_app.app.organisation import Organisation
from dao_app.app.ports import Clock, Random, SignatureCheck, Signer, Verifier
from dao_app.core.encoding import Link, digest
from dao_app.core.envelope import (
    GENESIS_TYPE,
    Action,
    bearer_message,
    build_payload,
    device_message,
    guardians_message,
    pack,
    parse_action,
    revoke_message,
    signed_message,
)
from dao_app.core.org_keys import key_id
from dao_app.store.log import SqlStore

START_MS = 1_790_000_000_000
ORG_KEY = b"k" * 32  # the organisation's first key


class FakeClock(Clock):
    def __init__(self, now: int = START_MS) -> None:
        self.now = now

    def now_ms(self) -> int:
        return self.now

    def forward(self, ms: int) -> None:
        self.now += ms


class SeededRandom(Random):
    """Bytes that depend on the seed alone."""

    def __init__(self, seed: object) -> None:
        self._seed = str(seed).encode()
        self._drawn = 0

    def token(self, size: int) -> bytes:
        self._drawn += 1
        found = b""
        while len(found) < size:
            found += hashlib.sha256(self._seed + b"/%d/%d" % (self._drawn, len(found))).digest()
        return found[:size]


class TestSigner(Signer):
    __test__ = False

    def __init__(self, seed: bytes) -> None:
        self._key = nacl.signing.SigningKey(seed)

    @property
    def public(self) -> bytes:
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        return bytes(self._key.sign(message).signature)

    def unseal(self, sealed: bytes) -> bytes | None:
        try:
            return bytes(nacl.public.SealedBox(self._key.to_curve25519_private_key()).decrypt(sealed))
        except (nacl.exceptions.CryptoError, ValueError):
            return None


class SodiumOnly(Verifier):
    def verify(self, check: SignatureCheck) -> bool:
        try:
            nacl.bindings.crypto_sign_open(check.signature + check.message, check.key)
        except (nacl.exceptions.CryptoError, ValueError):
            return False
        return True

    def verify_many(self, checks: Any) -> list[bool]:
        return [self.verify(check) for check in checks]

    def is_valid_key(self, key: bytes) -> bool:
        return bool(nacl.bindings.crypto_core_ed25519_is_valid_point(key))


class Person:
    """A member with root, device and, if founder, witness key."""

    def __init__(self, random: SeededRandom) -> None:
        self.seeds = [random.token(32) for _ in range(3)]
        self.root, self.device, self.witness = (TestSigner(seed) for seed in self.seeds)


class World:
    """Founder and members of one organisation; each has a replica with a store of its own."""

    def __init__(
        self, folder: Path, seed: object = 0, charter: dict[str, int] | None = None, initial: int = 1_000_000,
        open_store: Callable[[Path], SqlStore] = lambda folder: SqlStore(folder / "log.db"),
    ) -> None:
        self.folder = folder
        self.open_store = open_store
        self.folders: list[Path] = []  # of the replicas, in the order they were made
        self.clock = FakeClock()
        self.random = SeededRandom(seed)
        self.verifier = SodiumOnly()
        self.founder = Person(self.random)
        self.people = [self.founder]
        base = {"voting_least_ms": 1_000, "voting_ms": 10_000, "grace_ms": 0, "quorum_bp": 0}
        body = {
            "name": "Example Works",
            "purpose": "",
            "charter": {**base, **(charter or {})},
            "units": [["GLD", "Guild token", "公会积分", 2, 10_000_000]],
            "initial": [["GLD", initial]] if initial else [],
            "root": self.founder.root.public,
            "cert": self.founder.root.sign(device_message(None, self.founder.device.public)),
            "witness": self.founder.witness.public,
            "nonce": self.random.token(16),
            "key": key_id(b"", 0, ORG_KEY),
        }
        payload = build_payload(None, self.founder.device.public, 1, None, (), self.clock.now, GENESIS_TYPE, body)
        self.org_id = digest(payload)
        self.genesis = pack(payload, self.founder.device.sign(signed_message(self.org_id)))
        self.replicas: dict[bytes, Organisation] = {}
        self.main = self.replica(self.founder, witness=True)

    def replica(self, person: Person | None = None, witness: bool = False, name: str = "") -> Organisation:
        """A replica with the genesis in it, for a person's device or an onlooker."""
        folder = self.folder / (name or f"replica{len(self.replicas)}-{self.random.token(4).hex()}")
        self.folders.append(folder)
        org = Organisation(
            self.org_id,
            self.open_store(folder),
            self.verifier,
            self.clock,
            self.random,
            person.device if person else None,
            person.witness if person and witness else None,
        )
        org.admit_now([self.genesis])
        if person is not None:
            self.replicas[person.device.public] = org
        return org

    def invite(
        self, by: Organisation, role: str = "member", uses: int = 1, lifetime: int = 3_600_000
    ) -> tuple[Action, TestSigner]:
        bearer = TestSigner(self.random.token(32))
        body = {"bearer": bearer.public, "role": role, "uses": uses, "lifetime": lifetime}
        return by.write("invite.create", body), bearer

    def join_envelope(self, person: Person, invite: Action, bearer: TestSigner) -> bytes:
        device, root = person.device, person.root
        body = {
            "invite": Link(invite.id),
            "root": root.public,
            "cert": root.sign(device_message(self.org_id, device.public)),
            "proof": bearer.sign(bearer_message(self.org_id, root.public, device.public)),
        }
        payload = build_payload(
            self.org_id, device.public, 1, None, (invite.id,), max(self.clock.now, invite.at), "member.join", body
        )
        return pack(payload, device.sign(signed_message(parse_action(payload).id)))

    def add_member(self, role: str = "member") -> tuple[Person, Organisation]:
        """Invite, join, seal and give the new member a replica in step with the founder's."""
        person = Person(self.random)
        self.people.append(person)
        invite, bearer = self.invite(self.main, role)
        envelope = self.join_envelope(person, invite, bearer)
        report = self.main.admit_now([envelope])
        assert report.stored == 1, report
        self.seal()
        org = self.replica(person)
        self.sync(self.main, org)
        return person, org

    def add_device(self, person: Person, root: TestSigner | None = None) -> tuple[Person, Organisation]:
        """A further device of a person, certified by this root or the first one, sealed, with a replica of its own."""
        other = Person(self.random)
        other.root = root or person.root
        assert self.main.admit_now([self.certify_envelope(other)]).stored == 1
        self.seal()
        org = self.replica(other)
        self.sync(self.main, org)
        return other, org

    def certify_envelope(self, person: Person) -> bytes:
        body = {
            "root": person.root.public,
            "cert": person.root.sign(device_message(self.org_id, person.device.public)),
        }
        payload = build_payload(
            self.org_id, person.device.public, 1, None, (), self.clock.now, "device.certify", body
        )
        return pack(payload, person.device.sign(signed_message(digest(payload))))

    def revocation(self, person: Person, device: bytes) -> dict[str, Any]:
        """Body of ``device.revoke`` by a person's root."""
        message = revoke_message(self.org_id, device)
        return {"device": device, "root": person.root.public, "sig": person.root.sign(message)}

    def guardians(self, person: Person, names: list[bytes], needed: int, version: int = 1) -> dict[str, Any]:
        """Body of ``guardian.set`` by a person's root."""
        message = guardians_message(self.org_id, person.root.public, version, needed, names)
        return {
            "guardians": names, "needed": needed, "version": version, "root": person.root.public,
            "sig": person.root.sign(message),
        }  # fmt: skip

    def seal(self, ms: int = 1_000) -> None:
        """Let time pass and have the founder seal."""
        self.clock.forward(ms)
        self.main.seal()

    def sync(self, source: Organisation, target: Organisation) -> None:
        """Bring everything of one replica into another."""
        mine = target.heads()
        for device, head in source.heads().items():
            have = mine[device].seq if device in mine else 0
            if head.seq > have:
                target.admit_now(source.envelopes(device, have + 1, head.seq, 1 << 30))
        for hash_ in target.wanted_content(b"", 10_000):
            blob = source.content(hash_)
            if blob is not None:
                target.add_content(blob)
        target.admit_certificates_now(source.certificates(target.height() + 1, 1 << 30))

    def everywhere(self) -> None:
        """Sync all pairs through the founder until nothing is new."""
        for _ in range(2):
            for org in self.replicas.values():
                if org is not self.main:
                    self.sync(org, self.main)
                    self.sync(self.main, org)


def roots(org: Organisation) -> tuple[int, bytes, bytes, bytes]:
    replay = org.replay
    return replay.position.height, replay.final.root, replay.results.root, replay.frontier.root
