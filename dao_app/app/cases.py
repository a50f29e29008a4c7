"""What all use cases share: finding the organisation, reading, writing, announcing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dao_app.app.admission import content_hash
from dao_app.app.errors import Locked
from dao_app.app.queries import Reader
from dao_app.app.workspace import Opened, Workspace
from dao_app.core.envelope import Action


class Cases:
    """Base of the use-case classes; they differ in subject only."""

    _ws: Workspace

    def _reader(self, opened: Opened) -> Reader:
        network = self._ws.network
        org_id = opened.org.org_id
        peers = network.peers(org_id) if network is not None and opened.online else ()
        now = self._ws.clock.now_ms()
        seen = {p.device: now if p.connected else p.seen_ms or 0 for p in peers if p.connected or p.seen_ms}
        return Reader(opened.org, self._ws.member_in(opened), seen, self._ws.unsent.get(org_id, set()))

    def _read(self, org: str) -> tuple[Opened, Reader]:
        opened = self._ws.find(org)
        return opened, self._reader(opened)

    def _need_signer(self, opened: Opened) -> None:
        """Raises Locked where nothing can be signed, nor judged as if it were."""
        if opened.org.signer is None:
            raise Locked("locked" if self._ws.vault is None else "not_a_member")

    def _write(
        self, opened: Opened, type_: str, body: dict[str, Any], text: tuple[str, str] = ("", ""),
        extra: Sequence[bytes] = (),
    ) -> Action:
        """Sign and store an own action; ``text`` is (free text, body field) kept beside the log."""
        self._need_signer(opened)
        self._ws.locking.used()
        contents = list(extra)
        if text[0].strip():
            reference, blob = opened.org.detach(text[0].strip(), text[1])
            body = {**body, text[1]: reference}
            contents.append(blob)
        action = opened.org.write(type_, body, contents)
        self._ws.announce(opened, [action], [content_hash(blob) for blob in contents])
        return action
