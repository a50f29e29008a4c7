"""Admission (protocol §3.1): what makes an envelope fit for the log, and where it waits until then.

``checks_of`` lists every signature an action stands on; ``Waiting`` is the bounded pool for actions whose
parents are not here (orphans), that claim a time too far ahead (quarantine), or that lie on a second branch of
their device's chain and are needed by nothing so far (branches). All only delay.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dao_app.app.ports import SignatureCheck, Verifier
from dao_app.app.storage import StoredAction
from dao_app.core.attachment import is_attachment
from dao_app.core.encoding import digest
from dao_app.core.envelope import (
    CERTIFY_TYPE,
    GENESIS_TYPE,
    JOIN_TYPE,
    Action,
    author_key,
    bearer_message,
    device_message,
    guardians_message,
    parse_action,
    revoke_message,
    signed_message,
    unpack,
    unpack_trusted,
    witness_message,
)
from dao_app.core.errors import EncodingError
from dao_app.core.finality.messages import vote_message
from dao_app.core.limits import BRANCHES_MAX, ORPHAN_BYTES_MAX, ORPHANS_MAX, ORPHANS_PER_DEVICE_MAX, QUARANTINE_MAX
from dao_app.core.rules import devices, founding, guardians, membership, witnesses
from dao_app.core.rules.devices import fork_of
from dao_app.core.rules.registry import about
from dao_app.core.rules.schema import ref

_REF_FIELDS = frozenset({"text", "note", "memo", "profile", "reason", "reference", "title"})


class Parsed(NamedTuple):
    """An envelope whose own signature is good."""

    action: Action
    payload: bytes
    signature: bytes
    off: bool = False  # on a branch that is not its device's trunk here


def parse_signed(envelope: bytes, verifier: Verifier) -> Parsed | str:
    """Decode strictly and check the author's signature; a refusal code otherwise."""
    try:
        payload, signature = unpack(envelope)
        action = parse_action(payload)
    except EncodingError:
        return "malformed"
    if not verifier.verify(SignatureCheck(action.by, signed_message(action.id), signature)):
        return "signature"
    return Parsed(action, payload, signature)


def signed_id(envelope: bytes, verifier: Verifier) -> bytes | str:
    """The digest of an envelope that its author signed, or a refusal code; whether it is well formed is
    ``parse_verified``'s to say, so that the two cores share the work."""
    try:
        payload, signature = unpack(envelope)
        by = author_key(payload)
    except EncodingError:
        return "malformed"
    id_ = digest(payload)
    return id_ if verifier.verify(SignatureCheck(by, signed_message(id_), signature)) else "signature"


def parse_verified(envelope: bytes, id_: bytes) -> Parsed | str:
    """Decode strictly what ``signed_id`` found signed; ``id_`` is its digest."""
    try:
        payload, signature = unpack_trusted(envelope)
        return Parsed(parse_action(payload, id_), payload, signature)
    except EncodingError:
        return "malformed"


CARRY_KEYS = frozenset(
    {
        GENESIS_TYPE, JOIN_TYPE, CERTIFY_TYPE, "device.fork", "device.revoke", "guardian.set", "guardian.approve",
        "invite.create", "witness.ready", "witness.evidence",
    }
)  # keys or signatures inside


def checks_of(action: Action, bearer: bytes | None) -> list[SignatureCheck] | None:
    """Signatures inside the body that must hold beside the author's own; None where the body is no such
    object. ``bearer`` is the key of the invitation that a join names."""
    body = action.body
    if action.type == GENESIS_TYPE:
        if not founding.CREATE.accepts(body):
            return None
        return [SignatureCheck(body["root"], device_message(None, action.by), body["cert"])]
    if action.type == JOIN_TYPE:
        if not membership.JOIN.accepts(body) or bearer is None or action.org is None:
            return None
        proof = bearer_message(action.org, body["root"], action.by)
        return [
            SignatureCheck(body["root"], device_message(action.org, action.by), body["cert"]),
            SignatureCheck(bearer, proof, body["proof"]),
        ]
    if action.type == CERTIFY_TYPE and action.org is not None:
        if not devices.CERTIFY.accepts(body):
            return None
        return [SignatureCheck(body["root"], device_message(action.org, action.by), body["cert"])]
    if action.type == "device.fork":
        return _fork_checks(body)
    if action.type in ("device.revoke", "guardian.set") and action.org is not None:
        return _root_checks(action, action.org)
    if action.type == "witness.ready" and action.org is not None:
        if not witnesses.READY.accepts(body):
            return None
        message = witness_message(action.org, body["term"], action.by, body["key"])
        return [SignatureCheck(body["key"], message, body["proof"])]
    if action.type == "witness.evidence":
        return _vote_checks(body)
    return []


def _root_checks(action: Action, org: bytes) -> list[SignatureCheck] | None:
    """What a member's root signed: a device taken back, a list of guardians."""
    body = action.body
    if action.type == "device.revoke":
        if not devices.REVOKE.accepts(body):
            return None
        return [SignatureCheck(body["root"], revoke_message(org, body["device"]), body["sig"])]
    if not guardians.SET.accepts(body):
        return None
    message = guardians_message(org, body["root"], body["version"], body["needed"], body["guardians"])
    return [SignatureCheck(body["root"], message, body["sig"])]


def _vote_checks(body: dict[str, Any]) -> list[SignatureCheck] | None:
    """Both votes by their own witness; None where they prove nothing."""
    if not witnesses.EVIDENCE.accepts(body):
        return None
    votes = witnesses.double_vote(body["one"], body["two"])
    return None if votes is None else [SignatureCheck(v.witness, vote_message(v), v.signature) for v in votes]


def new_keys(action: Action) -> list[bytes]:
    """Keys that this action brings in; each must be a valid point."""
    if action.type == GENESIS_TYPE:
        return [action.by, action.body["root"], action.body["witness"]]
    if action.type in (JOIN_TYPE, CERTIFY_TYPE):
        return [action.by, action.body["root"]]
    if action.type == "witness.ready":
        return [action.body["key"]]
    if action.type == "guardian.approve":
        root = action.body.get("root")
        return [root] if type(root) is bytes and len(root) == 32 else []
    if action.type == "invite.create":
        bearer = action.body.get("bearer")
        return [bearer] if type(bearer) is bytes and len(bearer) == 32 else []
    return []


def _fork_checks(body: dict[str, Any]) -> list[SignatureCheck] | None:
    one, two = body.get("one"), body.get("two")
    if type(one) is not bytes or type(two) is not bytes:
        return None
    proof = fork_of(one, two)
    if proof is None:
        return None
    return [
        SignatureCheck(action.by, signed_message(action.id), unpack(raw)[1])
        for action, raw in zip(proof, (one, two), strict=True)
    ]


def refs_of(action: Action) -> tuple[tuple[bytes, int], ...]:
    """Detached content that a body refers to: (hash, size) pairs."""
    body = action.body
    if _REF_FIELDS.isdisjoint(body):
        return ()
    found = [body[name] for name in sorted(_REF_FIELDS) if name in body]
    return tuple((r["hash"], r["size"]) for r in found if ref(r))


def stored(parsed: Parsed) -> StoredAction:
    action = parsed.action
    listed = "attachment" if is_attachment(action.type, action.body) else action.type
    return StoredAction(
        action, parsed.payload, parsed.signature, listed, about(action), refs_of(action), parsed.off
    )


def content_hash(blob: bytes) -> bytes:
    """Hash of salt ‖ content."""
    return digest(blob)


@dataclass(slots=True)
class Waiting:
    """Orphans by id and by the parent that they wait for; quarantined actions; branches. Oldest go first when full."""

    orphans: OrderedDict[bytes, tuple[Parsed, bytes]] = field(default_factory=OrderedDict)
    quarantine: OrderedDict[bytes, Parsed] = field(default_factory=OrderedDict)
    branches: OrderedDict[bytes, Parsed] = field(default_factory=OrderedDict)
    _children: dict[bytes, set[bytes]] = field(default_factory=dict)
    _per_device: dict[bytes, int] = field(default_factory=dict)
    _bytes: int = 0

    def add_orphan(self, parsed: Parsed, missing: bytes) -> bool:
        """Keep it until ``missing`` arrives; False where its device already holds its share."""
        action = parsed.action
        if action.id in self.orphans:
            return True
        held = self._per_device.get(action.by, 0)
        if held >= ORPHANS_PER_DEVICE_MAX:
            return False
        while self.orphans and (len(self.orphans) >= ORPHANS_MAX or self._bytes >= ORPHAN_BYTES_MAX):
            self._drop(next(iter(self.orphans)))
        self.orphans[action.id] = (parsed, missing)
        self._per_device[action.by] = held + 1
        self._bytes += len(parsed.payload)
        self._children.setdefault(missing, set()).add(action.id)
        return True

    def released_by(self, id_: bytes) -> list[Parsed]:
        """Orphans that waited for this action; they leave the pool."""
        return [self._drop(child) for child in sorted(self._children.get(id_, ()))]

    def missing(self) -> list[bytes]:
        """Ids awaited."""
        return list(self._children)

    def is_parent(self, id_: bytes) -> bool:
        """Does an orphan wait for it?"""
        return id_ in self._children

    def add_branch(self, parsed: Parsed) -> None:
        """Keep what lies off its device's trunk."""
        while len(self.branches) >= BRANCHES_MAX:
            self.branches.popitem(last=False)
        self.branches[parsed.action.id] = parsed

    def add_early(self, parsed: Parsed) -> None:
        """Keep what claims a time too far ahead."""
        while len(self.quarantine) >= QUARANTINE_MAX:
            self.quarantine.popitem(last=False)
        self.quarantine[parsed.action.id] = parsed

    def ripe(self, latest_at: int) -> list[Parsed]:
        """Quarantined actions whose time is no longer too far ahead; they leave the pool."""
        ids = [id_ for id_, parsed in self.quarantine.items() if parsed.action.at <= latest_at]
        return [self.quarantine.pop(id_) for id_ in ids]

    def _drop(self, id_: bytes) -> Parsed:
        parsed, missing = self.orphans.pop(id_)
        siblings = self._children[missing]
        siblings.discard(id_)
        if not siblings:
            del self._children[missing]
        self._bytes -= len(parsed.payload)
        left = self._per_device[parsed.action.by] - 1
        if left:
            self._per_device[parsed.action.by] = left
        else:
            del self._per_device[parsed.action.by]
        return parsed
