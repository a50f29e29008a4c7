"""A random history of devices that come and go, keys for epochs, guardians and changes of roots, from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.entities import Device, Member
from dao_app.core.key_entities import Epoch, Guardians
from dao_app.core.keys import EPOCH_KEY, device_key, guardians_key, member_key
from tests.fakes.history import History
from tests.fakes.world import Person, TestSigner

DEVICES_MAX = 12  # of all members ever, or a history grows slow


class DeviceHistory(History):
    """See the module; ``certified`` holds all devices, those beside the first ones without a replica that is played."""

    CHARTER: ClassVar[dict[str, int]] = {"rekey_delay_ms": 60_000}
    SEAL_MS: ClassVar[tuple[int, ...]] = (20, 500, 500, 3_000, 70_000)

    def __init__(self, folder: Path, seed: int, steps: int) -> None:
        self.roots: dict[bytes, TestSigner] = {}  # of each member: the root now, as far as the history knows
        self.fresh: list[TestSigner] = []
        super().__init__(folder, seed, steps)

    def prepare(self) -> None:
        self.certified = list(self.world.people)
        self.roots = {person.root.public: person.root for person in self.world.people}
        self.fresh = [TestSigner(self.world.random.token(32)) for _ in range(3)]

    def gesture(self, org: Organisation) -> None:
        if self.rng.random() < 0.3:
            super().gesture(org)
            return
        person = self.world.people[self.orgs.index(org)]
        type_, body = self._move(org, person)
        if type_ == "device.certify":
            self._certify(person)
            return
        try:
            org.write(type_, body)
        except Refused:
            return

    def _certify(self, person: Person) -> None:
        if len(self.certified) >= DEVICES_MAX:
            return
        other = Person(self.world.random)
        other.root = self.rng.choice([self._root(person), person.root, *self.fresh])
        if not self.world.main.admit_now([self.world.certify_envelope(other)]).refused:
            self.certified.append(other)

    def _root(self, person: Person) -> TestSigner:
        """The person's root by the founder's final state."""
        row = self.world.main.replay.final.entity(guardians_key(person.root.public))
        known = {signer.public: signer for signer in (person.root, *self.fresh)}
        return known[row.current] if isinstance(row, Guardians) else person.root

    def _move(self, org: Organisation, person: Person) -> tuple[str, dict[str, Any]]:
        rng, world = self.rng, self.world
        members = [one.root.public for one in world.people]
        final = world.main.replay.final
        if rng.random() < 0.3:
            return "device.certify", {}
        if rng.random() < 0.25:
            epoch = final.entity(EPOCH_KEY)
            height = epoch.height if isinstance(epoch, Epoch) else 0
            seals = [[one.device.public, bytes(80)] for one in rng.sample(self.certified, 2)]
            return "key.epoch", {"height": height, "id": world.random.token(32), "seals": seals}
        if rng.random() < 0.2:
            # of the further devices, so that the history goes on; sometimes by the wrong root
            known = self.certified[len(world.people) :] or self.certified
            target = rng.choice(known)
            signer = Person(world.random)
            row = final.entity(device_key(target.device.public))
            owner = next((p for p in world.people if isinstance(row, Device) and p.root.public == row.member), person)
            signer.root = self._root(owner) if rng.random() < 0.8 else person.root
            return "device.revoke", world.revocation(signer, target.device.public)
        if rng.random() < 0.35:
            others = [root for root in members if root != person.root.public]
            names = sorted(rng.sample(others, rng.choice([0, 1, 2, 3])))
            row = org.replay.provisional.get(guardians_key(person.root.public), Guardians)
            signer = Person(world.random)
            signer.root = self._root(person)
            version = (row.version if row else 0) + 1
            return "guardian.set", world.guardians(signer, names, min(len(names), rng.choice([1, 2])), version)
        if rng.random() < 0.2:
            return "guardian.refuse", {"member": person.root.public}
        wanted = members[1:]  # the founder keeps the only witness's device
        return "guardian.approve", {"member": rng.choice(wanted), "root": rng.choice(self.fresh).public}

    def check(self) -> None:
        super().check()
        final = self.world.main.replay.final
        active: dict[bytes, set[bytes]] = {}
        for person in self.certified:
            row = final.entity(device_key(person.device.public))
            if isinstance(row, Device) and row.status == "active":
                active.setdefault(row.member, set()).add(person.device.public)
        for person in self.world.people:
            member = final.entity(member_key(person.root.public))
            assert isinstance(member, Member)
            assert member.devices == tuple(sorted(active.get(person.root.public, set())))
