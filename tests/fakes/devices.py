"""Devices, guardians and locking over sample data (part of the stand-in engine)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.errors import InputError, Locked, NotFound
from dao_app.core.words import words_for
from tests.fakes.sample import AMARA, CHEN, DAY, LIN, MINUTE, NOW_MS, ORG, final, ident

LAPTOP, PHONE = ident("device laptop"), ident("device phone")
REQUEST = "guildhall:device/" + "abcd" * 12
GRANT = "guildhall:grant/" + "efgh" * 12
CARD = "guildhall:org/" + "ijkl" * 12
ROOT = "guildhall:root/" + "mnop" * 12


class FakeDevices:
    """What ``app.api_devices`` promises; nothing is sealed or signed."""

    identity: v.IdentityView
    passphrase: str
    tell: Callable[..., None]

    def _fill_devices(self) -> None:
        self.devices = [
            d.DeviceRow(ident("device here"), "d41c 7a20 99ef", "", "active", True, NOW_MS - 90 * DAY, NOW_MS, True,
                        ("label", "revoke")),
            d.DeviceRow(LAPTOP, "77ab 1c2d 3e4f", "Laptop", "active", False, NOW_MS - 20 * DAY, NOW_MS - 2 * DAY, False,
                        ("label", "revoke")),
            d.DeviceRow(PHONE, "0b1c 2d3e 4f50", "", "revoked", False, NOW_MS - 60 * DAY, NOW_MS - 40 * DAY, False,
                        ("label",)),
        ]  # fmt: skip
        self.guardians = d.GuardiansView((AMARA, CHEN), 2, (), (self.ward(),))
        self.locking = d.LockView(False, True, 0)

    def ward(self) -> d.WardRow:
        rekey = d.RekeyView(AMARA, "5a5a 6b6b 7c7c", words_for(b"new root", 6), (CHEN,), 2, 0, ())
        return d.WardRow(AMARA, (LIN, CHEN), 2, (rekey,), False, ("approve",))

    # -- devices -------------------------------------------------------------------------------
    def device_list(self, org: str) -> tuple[d.DeviceRow, ...]:
        return tuple(self.devices)

    def _one(self, name: str) -> int:
        for place, row in enumerate(self.devices):
            if name == row.label or (len(name) >= 6 and row.device.startswith(name)):
                return place
        raise NotFound("device_unknown", name=name)

    def device_label(self, org: str, device: str, label: str) -> d.DeviceRow:
        place = self._one(device)
        self.devices[place] = replace(self.devices[place], label=label)
        self.tell("devices")
        return self.devices[place]

    def device_revoke(self, org: str, device: str) -> v.Stamp:
        place = self._one(device)
        self.devices[place] = replace(self.devices[place], status="revoked", can=("label",))
        self.tell("devices", "members")
        return final(MINUTE)

    def device_request(self, name: str, passphrase: str) -> d.DeviceRequestView:
        self.passphrase = passphrase
        return d.DeviceRequestView(REQUEST, REQUEST, words_for(b"request", 6), name, NOW_MS)

    def device_read(self, link: str) -> d.DeviceRequestView:
        if REQUEST not in link:
            raise InputError("link_missing")
        return d.DeviceRequestView(REQUEST, REQUEST, words_for(b"request", 6), "Laptop", NOW_MS)

    def device_grant(self, link: str, passphrase: str) -> d.DeviceGrantView:
        if passphrase != self.passphrase:
            raise Locked("passphrase_wrong")
        return d.DeviceGrantView(GRANT, GRANT, self.device_read(link).words, "Laptop", ("Example Alliance",))

    async def device_accept(self, link: str, wait_s: int = 0) -> tuple[v.JoinView, ...]:
        if GRANT not in link:
            raise InputError("link_missing")
        self.identity = v.IdentityView(True, True, LIN.id, LIN.name, LIN.fingerprint, True)
        self.tell("identity", org="")
        return (v.JoinView(ORG, "done", 0, 0),)

    def org_card(self, org: str) -> d.OrgCardView:
        return d.OrgCardView(CARD, CARD, ORG, ("/ip4/192.0.2.7/tcp/4001/p2p/12D3",))

    async def org_restore(self, link: str, wait_s: int = 0) -> v.JoinView:
        if CARD not in link and "guildhall:join/" not in link:
            raise InputError("link_missing")
        return v.JoinView(ORG, "done", 0, 0)

    # -- guardians -----------------------------------------------------------------------------
    def guardian_list(self, org: str) -> d.GuardiansView:
        return self.guardians

    def guardian_set(self, org: str, members: Sequence[str], needed: int) -> v.Stamp:
        people = {key: person for person in (AMARA, CHEN) for key in (person.name, person.id)}
        for name in members:
            if name not in people:
                raise NotFound("member_unknown", name=name)
        self.guardians = replace(self.guardians, guardians=tuple(people[name] for name in members), needed=needed)
        self.tell("devices")
        return final(MINUTE)

    def guardian_request(self) -> d.GuardianRequestView:
        return d.GuardianRequestView(ROOT, ROOT, words_for(b"new root", 6), "Amara", "5a5a 6b6b 7c7c", NOW_MS)

    def guardian_read(self, link: str) -> d.GuardianRequestView:
        if ROOT not in link:
            raise InputError("link_missing")
        return self.guardian_request()

    def guardian_approve(self, org: str, member: str, link: str) -> v.Stamp:
        self.guardian_read(link)
        ward = replace(self.ward(), approved=True, can=())
        self.guardians = replace(self.guardians, wards=(ward,))
        self.tell("devices")
        return final(MINUTE)

    def guardian_refuse(self, org: str) -> v.Stamp:
        self.guardians = replace(self.guardians, waiting=())
        self.tell("devices")
        return final(MINUTE)

    # -- passphrase, keyring, locking ----------------------------------------------------------
    def identity_passphrase(self, old: str, new: str) -> v.IdentityView:
        if old != self.passphrase:
            raise Locked("passphrase_wrong")
        self.passphrase = new
        return self.identity

    def identity_keyring(self, on: bool, passphrase: str = "") -> d.LockView:
        if on and not self.locking.keyring_available:
            raise Locked("keyring_missing")
        if on and passphrase != self.passphrase:
            raise Locked("passphrase_wrong")
        self.locking = replace(self.locking, keyring=on)
        self.identity = replace(self.identity, keyring=on)
        self.tell("identity", org="")
        return self.locking

    async def identity_lock(self) -> v.IdentityView:
        self.identity = replace(self.identity, unlocked=False)
        self.tell("identity", org="")
        return self.identity

    def identity_lock_after(self, seconds: int) -> d.LockView:
        self.locking = replace(self.locking, lock_after_s=seconds)
        return self.locking

    def identity_locking(self) -> d.LockView:
        return self.locking

    def identity_used(self) -> None: ...
