"""Coming in to an organisation: as a joiner with an invitation, or as a member's new device with its root key.

Both hand a member one signed action and wait for the final order. Invariant: the action is signed once and kept with
the key of its device; a second attempt is made by another device key, so no sequence number is used twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dao_app.app import views as v
from dao_app.app.workspace_ports import Vault
from dao_app.core.encoding import encode
from dao_app.core.entities import Device
from dao_app.core.envelope import device_message
from dao_app.core.invitation import SCHEME, Invitation
from dao_app.core.keys import device_key
from dao_app.core.links import ADDRESSES_MAX
from dao_app.core.tickets import OrgCard

if TYPE_CHECKING:
    from dao_app.app.workspace import Opened, Workspace

Ticket = Invitation | OrgCard


def ticket_of(kept: bytes) -> Ticket:
    """What was kept in the vault while this device is not in yet."""
    text = kept.decode()
    return Invitation.from_text(text) if text.startswith(SCHEME) else OrgCard.from_text(text)


def keep_secrets(vault: Vault, org: bytes, seed: bytes, signature: bytes, root: bytes, device: bytes) -> None:
    """Keep a device's key and its certificate."""
    vault.put(f"{org.hex()}.device", seed)
    vault.put(f"{org.hex()}.cert", encode([root, device, signature]))


class Entering:
    """See the module."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace

    def start(self, opened: Opened, ticket: Ticket) -> None:
        """Look for a member who takes the action by which this device comes in."""
        ws, org = self._ws, opened.org
        if ws.network is None or org.signer is None or opened.online:
            return
        opened.online = True
        if isinstance(ticket, Invitation):
            ws.runtime.spawn(ws.network.start_joining, ticket, org, org.signer, ws.listen, ws.mdns)
        else:
            ws.runtime.spawn(
                ws.network.start_restoring, ws.root(), ticket.addresses, org, org.signer, ws.listen, ws.mdns
            )

    async def begin_anew(self, opened: Opened, addresses: Sequence[str]) -> None:
        """Go on in an organisation under another device of this folder's member, in place of one that has lost its
        rights, and come in by the root: keys that it held may serve no more. Raises Refused."""
        ws, org = self._ws, opened.org
        vault, root, seed = ws.need_vault(), ws.root(), ws.random.token(32)
        signer = ws.keys.signer(seed)
        certificate = root.sign(device_message(org.org_id, signer.public))
        org.begin_device(signer, root.public, certificate)
        keep_secrets(vault, org.org_id, seed, certificate, root.public, signer.public)
        org.certificate_of_device = encode([root.public, signer.public, certificate])
        (envelope,) = org.envelopes(signer.public, 1, 1, 1 << 30)
        org.store.set_meta("join", envelope)
        where = tuple(dict.fromkeys([*addresses, *opened.book.proven(ADDRESSES_MAX)]))[:ADDRESSES_MAX]
        card = OrgCard(org.org_id, org.replay.position.height, org.replay.position.id, where)
        vault.put(f"{org.org_id.hex()}.join", card.to_link().encode())
        if ws.network is not None and opened.online:
            await ws.network.stop(org.org_id)
            opened.online = False
        opened.join = v.JoinView(org.org_id.hex(), "searching", 0, 0)
        self.start(opened, card)
        ws.mark_all(org.org_id, "join", "orgs")

    def resume(self, opened: Opened) -> None:
        """What was not settled when the program stopped goes on."""
        ws = self._ws
        kept = ws.vault.get(f"{opened.org.org_id.hex()}.join") if ws.vault is not None else None
        if kept is None or opened.org.signer is None:
            return
        opened.join = v.JoinView(opened.org.org_id.hex(), "searching", 0, 0)
        self.settle(opened)
        if opened.join_waits:
            self.start(opened, ticket_of(kept))

    def settle(self, opened: Opened) -> None:
        """Has the final order answered?"""
        if not opened.join_waits or opened.org.signer is None:
            return
        found = opened.org.replay.final.entity(device_key(opened.org.signer.public))
        if isinstance(found, Device):
            stage = "done" if found.status == "active" else "refused"
            opened.join = v.JoinView(opened.org.org_id.hex(), stage, 0, 0)
            if self._ws.vault is not None:
                self._ws.vault.delete(f"{opened.org.org_id.hex()}.join")
            opened.org.open_all_seals()
            self._ws.mark_all(opened.org.org_id, "join", "orgs")

    def taken(self, opened: Opened) -> None:
        """A member was reached and has the action."""
        if opened.join is not None and opened.join.stage == "searching":
            opened.join = v.JoinView(opened.org.org_id.hex(), "waiting", 0, 0)
            opened.org.store.set_meta("join_taken", b"1")
            self._ws.mark(opened.org.org_id, {"join"})

    def refused(self, opened: Opened, code: str) -> None:
        """A member says why it has no effect."""
        if opened.join_waits:
            opened.join = v.JoinView(opened.org.org_id.hex(), "refused", 0, 0, code)
            opened.org.store.set_meta("join_taken", b"")
            self._ws.mark(opened.org.org_id, {"join", "orgs"})
