"""A guest of a session: a joiner, or a member's new device, before the action by which it comes in is final.

Invariant: a guest hands in one such action of its own and is told what becomes of it; nothing else is heard or said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from dao_app.app.ports import Replica
from dao_app.core.envelope import CERTIFY_TYPE, JOIN_TYPE, parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from dao_app.net.effects import Admit, Effect


class Guest:
    """See the module. ``say`` queues a message to the guest."""

    def __init__(self, replica: Replica, device: bytes, say: Callable[[m.Message], None]) -> None:
        self._replica = replica
        self._device = device
        self._say = say
        self._asked = False
        self._invite = b""  # by which it asks to join
        self._told = False  # why it cannot

    def hear(self, message: m.Message) -> list[Effect]:
        """What to do about a guest's message. Raises PeerError ``guest``."""
        if not isinstance(message, m.Join) or self._asked:
            raise PeerError("guest")
        self._asked = True
        try:
            action = parse_action(unpack(message.envelope)[0])
        except EncodingError as error:
            raise PeerError("guest") from error
        if action.type not in (JOIN_TYPE, CERTIFY_TYPE) or action.by != self._device:
            raise PeerError("guest")
        invite = action.body.get("invite")
        self._invite = bytes(invite) if isinstance(invite, bytes) else b""
        refusal = self._replica.join_refusal(self._invite, self._device)
        if refusal and self._replica.standing(self._device) not in ("active", "joining"):
            self._say(m.Joined(refusal))
            self._told = True
            return []
        return [Admit((message.envelope,), None)]

    def settle(self) -> Literal["waits", "in", "refused"]:
        """How the final state answers; who was refused is told why, for it has no log in which to read it."""
        standing = self._replica.standing(self._device)
        if standing == "refused" or self._told:
            if not self._told:
                self._told = True
                self._say(m.Joined(self._replica.join_refusal(self._invite, self._device) or "refused"))
            return "refused"
        return "in" if standing == "active" and self._replica.org_keys() else "waits"
