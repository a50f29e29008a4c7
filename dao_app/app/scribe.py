"""Playing an organisation's history with many generated members on one replica (samples, imports).

Every member has real keys and signs real actions; one replica holds all devices, so a history of years is
written in seconds. Time is the caller's: a clock that is set, never the machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dao_app.app.organisation import Organisation
from dao_app.app.ports import Random, Signer, Verifier
from dao_app.app.storage import OrgStore
from dao_app.core.encoding import Link, digest
from dao_app.core.envelope import (
    GENESIS_TYPE,
    JOIN_TYPE,
    Action,
    bearer_message,
    build_payload,
    device_message,
    pack,
    signed_message,
)
from dao_app.core.org_keys import KEY_BYTES, key_id

MakeSigner = Callable[[bytes], Signer]
JOINS_PER_INVITE = 500


class SetClock:
    """A clock that says what it was set to, in ms since 1970 UTC."""

    def __init__(self, now_ms: int) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now


class Member(NamedTuple):
    name: str
    root: Signer
    device: Signer


class Scribe:
    """Founds the organisation; then members join and write through it."""

    def __init__(
        self, store: Callable[[bytes], OrgStore], verifier: Verifier, clock: SetClock, random: Random,
        signer: MakeSigner, founder: str, genesis: dict[str, Any],
    ) -> None:
        self._random = random
        self._signer = signer
        self.clock = clock
        self.founder = self._person(founder)
        self.witness = signer(random.token(32))
        root, device = self.founder.root, self.founder.device
        profile, blob = self._profile(founder)
        body = {
            **genesis,
            "root": root.public,
            "cert": root.sign(device_message(None, device.public)),
            "witness": self.witness.public,
            "nonce": random.token(16),
            "key": key_id(b"", 0, random.token(KEY_BYTES)),  # nobody meets: the key itself is of no use
            "profile": profile,
        }
        payload = build_payload(None, device.public, 1, None, (), clock.now, GENESIS_TYPE, body)
        self.org_id = digest(payload)
        self.org = Organisation(
            self.org_id, store(self.org_id), verifier, clock, random, device, self.witness
        )
        self.org.admit_now([pack(payload, device.sign(signed_message(self.org_id)))])
        self.org.add_content(blob)
        self.seal()

    def seal(self) -> None:
        """Have the founder seal all that may be sealed now."""
        while self.org.seal() is not None and self.org.replay.pending:
            self.clock.now += 1

    def join(self, names: Sequence[str], role: str = "member") -> list[Member]:
        """Let these people join with invitations of the founder."""
        people = []
        for start in range(0, len(names), JOINS_PER_INVITE):
            part = names[start : start + JOINS_PER_INVITE]
            bearer = self._signer(self._random.token(32))
            body = {"bearer": bearer.public, "role": role, "uses": len(part), "lifetime": 3_600_000}
            invite = self.write(self.founder, "invite.create", body)
            joined = [self._person(name) for name in part]
            envelopes, blobs = [], []
            for person in joined:
                profile, blob = self._profile(person.name)
                envelopes.append(self._join_envelope(person, invite, bearer, profile))
                blobs.append(blob)
            self.org.admit_now(envelopes)
            for blob in blobs:
                self.org.add_content(blob)
            self.clock.now += 1_000
            self.seal()
            people.extend(joined)
        return people

    def write(self, by: Member, type_: str, body: dict[str, Any], text: str = "", field: str = "text") -> Action:
        """An action of a member, a moment later than the last; ``text`` lies beside the log."""
        self.clock.now += 1
        contents = []
        if text:
            reference, blob = self.org.detach(text, field)
            body, contents = {**body, field: reference}, [blob]
        self.org.signer = by.device
        return self.org.write(type_, body, contents)

    def _person(self, name: str) -> Member:
        return Member(name, self._signer(self._random.token(32)), self._signer(self._random.token(32)))

    def _profile(self, name: str) -> tuple[dict[str, Any], bytes]:
        blob = self._random.token(32) + name.encode()
        return {"hash": digest(blob), "size": len(blob) - 32, "kind": "profile"}, blob

    def _join_envelope(self, person: Member, invite: Action, bearer: Signer, profile: dict[str, Any]) -> bytes:
        root, device = person.root, person.device
        body = {
            "invite": Link(invite.id),
            "root": root.public,
            "cert": root.sign(device_message(self.org_id, device.public)),
            "proof": bearer.sign(bearer_message(self.org_id, root.public, device.public)),
            "profile": profile,
        }
        payload = build_payload(self.org_id, device.public, 1, None, (invite.id,), self.clock.now, JOIN_TYPE, body)
        return pack(payload, device.sign(signed_message(digest(payload))))
