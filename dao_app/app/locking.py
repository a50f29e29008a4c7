"""Locking: all keys leave memory, by hand or after a time without use; hosts stop, what is here can still be read.

Invariant: while locked no signer, organisation key or witness key is held anywhere in the workspace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dao_app.app.errors import Locked
from dao_app.app.workspace_ports import Keyring

if TYPE_CHECKING:
    from dao_app.app.workspace import Workspace

LOCK_AFTER_S_MAX = 7 * 24 * 3_600  # a week: longer is as good as never


class NoKeyring(Keyring):
    """Where the system has none."""

    def is_there(self) -> bool:
        return False

    def get(self, name: str) -> bytes | None:
        return None

    def put(self, name: str, secret: bytes) -> None:
        raise Locked("keyring_missing")

    def delete(self, name: str) -> None: ...


class Locking:
    """``used`` is told whenever a person does something."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._used_ms = workspace.clock.now_ms()
        self._under_way = False

    def used(self) -> None:
        """A person is here."""
        self._used_ms = self._ws.clock.now_ms()

    @property
    def after_s(self) -> int:
        """Seconds without use before it locks itself, 0: never."""
        found = self._ws.home.load_profile().get("lock_after_s", 0)
        return found if type(found) is int and 0 <= found <= LOCK_AFTER_S_MAX else 0

    def tick(self) -> None:
        """Once a second."""
        if self._ws.vault is None or self._under_way:
            return
        after = self.after_s
        if after and self._ws.clock.now_ms() - self._used_ms >= 1_000 * after:
            self._under_way = True
            self._ws.runtime.spawn(self.lock)

    async def lock(self) -> None:
        """Forget all keys."""
        ws = self._ws
        self._under_way = True
        ws.vault = None
        for opened in list(ws.opened.values()):
            if opened.demo:
                continue  # its keys are everybody's
            opened.org.signer = None
            opened.org.ring.forget()
            opened.org.witness_keys.clear()
            opened.org.witnessing.begin()
        for org_id, opened in list(ws.opened.items()):
            if ws.network is not None and opened.online:
                await ws.network.stop(org_id)
                opened.online = False
        self._under_way = False
        if ws.vault is not None:  # somebody unlocked it while hosts were stopping
            for opened in ws.opened.values():
                ws.start_network(opened)
        ws.mark(None, {"identity"})
        for org_id in ws.opened:
            ws.mark_all(org_id)
