"""The use cases of devices, guardians and locking; see ``app.api``.

A ``device`` is named by its key in hexadecimal, a unique prefix of at least 6 digits, or its label. A ``link`` may be
plain text with a link in it, or the text of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dao_app.app import views_devices as d
from dao_app.app.views import IdentityView, JoinView, Stamp


class DevicesApi(Protocol):
    # -- devices ---------------------------------------------------------------------------------
    def device_list(self, org: str) -> tuple[d.DeviceRow, ...]:
        """One's own devices, this one first."""
        ...

    def device_label(self, org: str, device: str, label: str) -> d.DeviceRow:
        """Call a device something on this machine; "" takes the name away."""
        ...

    def device_revoke(self, org: str, device: str) -> Stamp:
        """Take a device's rights for good; signed by the root key, written by this device."""
        ...

    def device_request(self, name: str, passphrase: str) -> d.DeviceRequestView:
        """On a new machine without an identity: what to show to the first device. Asked again while it waits, the
        same."""
        ...

    def device_read(self, link: str) -> d.DeviceRequestView:
        """On the first device: whose request it is; compare the words before granting it."""
        ...

    def device_grant(self, link: str, passphrase: str) -> d.DeviceGrantView:
        """Give the identity to the device that made the request, sealed to it."""
        ...

    async def device_accept(self, link: str, wait_s: int = 0) -> tuple[JoinView, ...]:
        """On the new device: take the identity, and come in to each of its organisations."""
        ...

    def org_card(self, org: str) -> d.OrgCardView:
        """The address card that leads a member's new device to any peer; no secret."""
        ...

    async def org_restore(self, link: str, wait_s: int = 0) -> JoinView:
        """Come in with a new device of a member, by a card or any invitation of the organisation."""
        ...

    # -- guardians -------------------------------------------------------------------------------
    def guardian_list(self, org: str) -> d.GuardiansView: ...
    def guardian_set(self, org: str, members: Sequence[str], needed: int) -> Stamp:
        """Name guardians, ``needed`` of whom are enough; none ends it."""
        ...

    def guardian_request(self) -> d.GuardianRequestView:
        """With a new identity, after the old words were lost: what to show to one's guardians."""
        ...

    def guardian_read(self, link: str) -> d.GuardianRequestView: ...
    def guardian_approve(self, org: str, member: str, link: str) -> Stamp: ...
    def guardian_refuse(self, org: str) -> Stamp:
        """Refuse a new root key for oneself, from any device."""
        ...

    # -- passphrase, keyring, locking ------------------------------------------------------------
    def identity_passphrase(self, old: str, new: str) -> IdentityView: ...
    def identity_keyring(self, on: bool, passphrase: str = "") -> d.LockView:
        """Let the system keyring open the key file, or no longer. Raises Locked ``keyring_missing``."""
        ...

    async def identity_lock(self) -> IdentityView:
        """Forget all keys; hosts stop."""
        ...

    def identity_lock_after(self, seconds: int) -> d.LockView: ...
    def identity_locking(self) -> d.LockView: ...
    def identity_used(self) -> None:
        """A person is here: the time until it locks itself begins anew."""
        ...
