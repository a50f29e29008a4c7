"""Organisations for the simulator: signatures are keyed hashes, members are light (they sign, and hand what they
signed to some peer), and the history up to the first co-signed checkpoint is made once and copied to every peer."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dao_app.app.organisation import Organisation
from dao_app.app.ports import Clock, Random, SignatureCheck, Signer, Verifier
from dao_app.core.encoding import Link, digest
from dao_app.core.envelope import (
    GENESIS_TYPE,
    bearer_message,
    build_payload,
    device_message,
    pack,
    signed_message,
    witness_message,
)
from dao_app.store.log import SqlStore
from tests.simulation.engine import MINUTE, START_MS

SECOND = 1_000
VOTING_MS = 10 * MINUTE
DELTA_MS = 10 * MINUTE  # the charter's default
CHARTER = {"voting_least_ms": SECOND, "voting_ms": VOTING_MS, "grace_ms": 0, "quorum_bp": 0, "witness_ready_ms": 60_000}


class HashSigner(Signer):
    """The public key is a hash of the seed, and only the verifier of the simulation knows the way back."""

    secrets: dict[bytes, bytes] = {}  # noqa: RUF012  one book for all runs: keys are hashes of their names

    def __init__(self, *name: object) -> None:
        self._secret = digest(repr(name).encode())
        self._public = digest(b"public" + self._secret)
        self.secrets[self._public] = self._secret

    @property
    def public(self) -> bytes:
        return self._public

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self._secret, message, hashlib.sha512)


class HashVerifier(Verifier):
    def verify(self, check: SignatureCheck) -> bool:
        secret = HashSigner.secrets.get(check.key)
        return secret is not None and hmac.digest(secret, check.message, hashlib.sha512) == check.signature

    def verify_many(self, checks: Sequence[SignatureCheck]) -> list[bool]:
        return [self.verify(check) for check in checks]

    def is_valid_key(self, key: bytes) -> bool:
        return True


class Counter(Random):
    """Bytes that depend on how many were asked for."""

    def __init__(self, name: object) -> None:
        self._name = repr(name).encode()
        self._drawn = 0

    def token(self, size: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_128(self._name + b"/%d" % self._drawn).digest(size)


class HandClock(Clock):
    """The simulation's time, with an error of its own."""

    def __init__(self, now: int = START_MS) -> None:
        self.now = now

    def now_ms(self) -> int:
        return self.now


class Light:
    """A member's device without a log of its own."""

    def __init__(self, name: object) -> None:
        self.name = name
        self.root = HashSigner("root", name)
        self.device = HashSigner("device", name)
        self.seq = 0
        self.head: bytes | None = None
        self.at = 0

    def envelope(
        self, org_id: bytes | None, type_: str, body: dict[str, Any], at: int, deps: Sequence[bytes] = ()
    ) -> tuple[bytes, bytes]:
        """Sign the next action; returns its id and the envelope. ``at`` is moved up where it would be refused."""
        self.at = max(at, self.at)
        id_, raw = self.sign_at(self.seq + 1, self.head, org_id, type_, body, self.at, deps)
        self.seq, self.head = self.seq + 1, id_
        return id_, raw

    def sign_at(
        self, seq: int, prev: bytes | None, org_id: bytes | None, type_: str, body: dict[str, Any], at: int,
        deps: Sequence[bytes] = (),
    ) -> tuple[bytes, bytes]:
        """Sign anything at any place: also what an honest device never would."""
        payload = build_payload(org_id, self.device.public, seq, prev, tuple(deps), at, type_, body)
        id_ = digest(payload)
        return id_, pack(payload, self.device.sign(signed_message(id_)))

    def copy(self) -> Light:
        other = Light(self.name)
        other.seq, other.head, other.at = self.seq, self.head, self.at
        return other


class Founding:
    """The history before the simulated part: genesis, joins, and for more than one witness their election.

    Members 0 to witnesses-1 have the seats, ``spare`` more are in reserve; member 0 is the founder.
    """

    def __init__(self, folder: Path, witnesses: int, members: int, spare: int = 1) -> None:
        self.folder = folder
        self.clock = HandClock(START_MS - 86_400_000)
        self.members = [Light((witnesses, number)) for number in range(members)]
        self.keys = [HashSigner("witness", witnesses, number) for number in range(witnesses + spare)]
        self.sole = HashSigner("sole witness", witnesses)
        self.bearer = HashSigner("bearer", witnesses)
        founder = self.members[0]
        body = {
            "name": "Simulated", "purpose": "", "charter": CHARTER, "initial": [["GLD", 1_000_000]],
            "units": [["GLD", "Guild token", "公会积分", 2, 10_000_000]], "root": founder.root.public,
            "cert": founder.root.sign(device_message(None, founder.device.public)),
            "witness": self.sole.public, "nonce": bytes(16), "key": bytes(32),
        }  # fmt: skip
        self.org_id, genesis = founder.envelope(None, GENESIS_TYPE, body, self.clock.now)
        self.path = folder / f"founding-{witnesses}-{members}.db"
        self.org = self.open(self.path, None, self.clock)
        self.org.add_witness_key(self.sole)
        self.org.admit_now([genesis])
        self._join()
        if witnesses > 1:
            self._elect(witnesses, spare)
        self.height = self.org.height()
        self.org.store.close()

    def open(self, path: Path, device: Signer | None, clock: Clock) -> Organisation:
        return Organisation(self.org_id, SqlStore(path), HashVerifier(), clock, Counter(path.name), device)

    def copy_to(self, path: Path) -> None:
        shutil.copy(self.path, path)

    def join_body(self, member: Light) -> dict[str, Any]:
        device, root = member.device.public, member.root
        return {
            "invite": Link(self.invite), "root": root.public, "cert": root.sign(device_message(self.org_id, device)),
            "proof": self.bearer.sign(bearer_message(self.org_id, root.public, device)),
        }  # fmt: skip

    def _act(self, member: Light, type_: str, body: dict[str, Any], deps: Sequence[bytes] = ()) -> bytes:
        id_, raw = member.envelope(self.org_id, type_, body, self.clock.now, deps)
        report = self.org.admit_now([raw])
        if report.stored != 1:
            raise AssertionError(f"{type_}: {report}")
        return id_

    def _seal(self, ms: int = SECOND) -> None:
        self.clock.now += ms
        if self.org.seal() is None:
            raise AssertionError("nothing was sealed")
        rejected = self.org.store.verdicts(self.org.store.order(self.org.height()))
        if rejected:
            raise AssertionError(f"rejected: {rejected}")

    def _join(self) -> None:
        body = {"bearer": self.bearer.public, "role": "member", "uses": 1_000, "lifetime": 30 * 86_400_000}
        self.invite = self._act(self.members[0], "invite.create", body)
        self._seal()
        for member in self.members[1:]:
            self._act(member, "member.join", self.join_body(member), (self.invite,))
        self._seal()

    def _elect(self, witnesses: int, spare: int) -> None:
        roots = [member.root.public for member in self.members[: witnesses + spare]]
        body = {
            "title": "Witnesses", "kind": "role", "method": "yes-no-abstain", "options": [], "discussion": 0,
            "voting": SECOND, "effects": [{"do": "elect_witnesses", "seats": witnesses, "candidates": roots}],
        }  # fmt: skip
        proposal = self._act(self.members[0], "proposal.open", body)
        self._seal()
        for member in self.members[:5]:
            self._act(member, "vote.cast", {"proposal": Link(proposal), "choice": "yes"})
        self._seal(2 * SECOND)
        for member, key in zip(self.members, self.keys, strict=False):
            proof = key.sign(witness_message(self.org_id, 2, member.device.public, key.public))
            self._act(member, "witness.ready", {"term": 2, "key": key.public, "proof": proof})
        self._seal()
        if self.org.witnesses() != tuple(key.public for key in self.keys[:witnesses]):
            raise AssertionError("the witnesses were not seated")
