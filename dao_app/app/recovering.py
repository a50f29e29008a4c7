"""Recoveries on this machine: gathering signatures, the delay, and putting one into effect.

Invariants: a recovery takes effect only when it is complete by the state of its base and its delay, counted from the
moment at which it was first complete here, is over; nothing signed by a member is lost by it: what it undoes becomes
provisional again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from dao_app.app.errors import Refused
from dao_app.app.ports import Clock, SignatureCheck, Verifier
from dao_app.app.verification import derive_to
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.recovery import (
    Place,
    Recovery,
    SignedRecovery,
    build_recovery,
    encode_signed,
    is_enough,
    parse_signed_recovery,
    recovery_message,
    seats_of,
    voices,
)
from dao_app.core.rules.charter import parameter
from dao_app.core.state import State, Tree

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

RECOVERIES_MAX = 16  # different ones kept
SIGNATURES_MAX = 1_000  # of each
KEPT, COMPLETE, IN_EFFECT = "recoveries", "recoveries_complete", "recoveries_in_effect"


class Standing(NamedTuple):
    """How far a recovery is. ``complete_ms`` and ``effect_ms`` are None before it is complete."""

    recovery: Recovery
    signed: int
    voters: int
    mine: bool
    complete_ms: int | None
    effect_ms: int | None
    in_effect: bool


class Recovering:
    """See the module. ``on_change``: something to tell people and peers."""

    def __init__(self, org: Organisation, clock: Clock, verifier: Verifier) -> None:
        self._org = org
        self._clock = clock
        self._verifier = verifier
        self.on_change: Callable[[], None] = lambda: None
        self._signed: dict[bytes, dict[bytes, bytes]] = {}  # recovery → device → signed object
        self._recoveries: dict[bytes, Recovery] = {}
        self._complete: dict[bytes, int] = {}
        self._bases: dict[Place, Tree | None] = {}
        store = org.store
        for raw in decode(store.meta(KEPT) or encode([])):
            self._keep(parse_signed_recovery(raw), raw)
        self._complete = dict(decode(store.meta(COMPLETE) or encode([])))

    def objects(self) -> dict[bytes, bytes]:
        """All signed objects, digest → bytes, for peers."""
        return {digest(raw): raw for rows in self._signed.values() for raw in rows.values()}

    def hear(self, raw: bytes) -> str:
        """A signed recovery from a peer; "" taken in, "known", or why it is refused."""
        try:
            signed = parse_signed_recovery(raw)
        except EncodingError:
            return "malformed"
        recovery = signed.recovery
        if recovery.org != self._org.org_id:
            return "other_organisation"
        if raw in self._signed.get(recovery.id, {}).values():
            return "known"
        check = SignatureCheck(signed.device, recovery_message(recovery.id), signed.signature)
        if not self._verifier.verify(check):
            return "signature"
        if self._org.certified(signed.device) == "unknown":
            return "uncertified_device"
        rows = self._signed.get(recovery.id, {})
        if (not rows and len(self._signed) >= RECOVERIES_MAX) or len(rows) >= SIGNATURES_MAX:
            return "too_many_recoveries"
        self._keep(signed, raw)
        self._org.store.set_meta(KEPT, encode([one for kept in self._signed.values() for one in kept.values()]))
        self.on_change()
        return ""

    def _keep(self, signed: SignedRecovery, raw: bytes) -> None:
        self._recoveries[signed.recovery.id] = signed.recovery
        self._signed.setdefault(signed.recovery.id, {})[signed.device] = raw

    # -- own voice ---------------------------------------------------------------------------------
    def propose(self, branch: Place, members: tuple[bytes, ...]) -> Recovery:
        """Begin a recovery and sign it. Raises Refused."""
        org = self._org
        conflict = org.conflicting()
        height = org.height()
        if conflict:
            height = min(height, conflict[0].checkpoint.height - 1)
        base = self._place(height)
        raw = build_recovery(org.org_id, base, branch if branch.height else base, members)
        return self.sign(raw)

    def _place(self, height: int) -> Place:
        record = self._org.store.checkpoint(height)
        return Place(0, self._org.org_id) if record is None else Place(height, record.id)

    def sign(self, raw: bytes) -> Recovery:
        """Sign a recovery (its bytes) by this device. Raises Refused."""
        signer = self._org.signer
        if signer is None:
            raise Refused("reject.not_a_member")
        signed = encode_signed(raw, signer.public, signer.sign(recovery_message(digest(raw))))
        try:
            recovery = parse_signed_recovery(signed).recovery
        except EncodingError as error:
            raise Refused("recovery_form") from error
        code = self.hear(signed)
        if code not in ("", "known"):
            raise Refused(f"recovery_{code}" if code == "too_many_recoveries" else "recovery_form")
        return recovery

    def find(self, prefix: str) -> Recovery | None:
        """By the beginning of its id in hexadecimal."""
        found = [r for id_, r in self._recoveries.items() if id_.hex().startswith(prefix.lower())]
        return found[0] if len(found) == 1 else None

    # -- standing and effect -------------------------------------------------------------------------
    def standings(self) -> list[Standing]:
        return [self._standing(recovery) for _, recovery in sorted(self._recoveries.items())]

    def _standing(self, recovery: Recovery) -> Standing:
        base = self._base(recovery.base)
        devices = self._signed[recovery.id]
        signed, voters = (0, 0) if base is None else voices(base, devices)
        own = self._org.signer
        complete = self._complete.get(recovery.id)
        effect = None
        if base is not None and is_enough(signed, voters):
            complete = self._complete.setdefault(recovery.id, self._clock.now_ms())
            above = self._org.anchor[0] > recovery.branch.height
            effect = complete if above else complete + parameter(State(base), "recovery_delay_ms")
        return Standing(
            recovery, signed, voters, own is not None and own.public in devices, complete, effect,
            recovery.id in self.in_effect(),
        )

    def _base(self, base: Place) -> Tree | None:
        """The final state of a checkpoint that this machine holds; None where it has another one or none."""
        if self._place(base.height) != base:
            return None
        if base.height == self._org.height():
            return self._org.replay.final
        if not self._org.history.is_complete:
            return None
        if base not in self._bases:
            self._bases = {base: derive_to(self._org, base.height).final}
        return self._bases[base]

    def in_effect(self) -> dict[bytes, int]:
        """Recoveries that were put into effect here, id → height after their branch."""
        return dict(decode(self._org.store.meta(IN_EFFECT) or encode([])))

    def effective(self) -> dict[int, Recovery]:
        """Height after the branch → the recovery that holds there."""
        found: dict[int, Recovery] = {}
        for id_, height in sorted(self.in_effect().items(), reverse=True):
            if id_ in self._recoveries:
                found[height] = self._recoveries[id_]
        return found

    def in_effect_signed(self) -> tuple[bytes, ...]:
        """Who signed the recoveries that took effect: signed objects by height, recovery and device."""
        rows = sorted((height, id_) for id_, height in self.in_effect().items())
        return tuple(raw for _, id_ in rows for _, raw in sorted(self._signed.get(id_, {}).items()))

    def tick(self) -> None:
        """Put into effect what has waited long enough."""
        if not self._recoveries or len(self.in_effect()) == len(self._recoveries):
            return
        if not self._org.history.is_complete:  # what led to the branch is not here to be derived again
            return
        for standing in self.standings():
            if standing.in_effect or standing.effect_ms is None:
                continue
            self._org.store.set_meta(COMPLETE, encode([[id_, at] for id_, at in sorted(self._complete.items())]))
            if self._clock.now_ms() >= standing.effect_ms and self._may_follow(standing.recovery):
                self._put_into_effect(standing.recovery)
                return

    def _may_follow(self, recovery: Recovery) -> bool:
        """Its branch is here, and its members can sign there."""
        if self._place(recovery.branch.height) != recovery.branch:
            return recovery.branch.height > recovery.base.height  # another branch is here: go back to the base
        state = self._base(recovery.branch)
        return state is not None and bool(seats_of(state, recovery.members))

    def _put_into_effect(self, recovery: Recovery) -> None:
        rows = {**self.in_effect(), recovery.id: recovery.branch.height + 1}
        same = self._place(recovery.branch.height) == recovery.branch
        keep = recovery.branch.height if same else recovery.base.height
        self._org.store.set_meta(IN_EFFECT, encode([[id_, height] for id_, height in sorted(rows.items())]))
        self._bases.clear()
        self._org.go_back_to(keep)
        self.on_change()
