"""Key duties on worlds of tests: who makes the organisation's next key, and who comes to hold it."""

from __future__ import annotations

from typing import Any

import nacl.public
import nacl.signing

from dao_app.app.key_duty import KeyDuty, make_key
from dao_app.app.organisation import Organisation
from dao_app.core.entities import Device
from dao_app.core.envelope import Action
from dao_app.core.key_entities import Epoch
from dao_app.core.keys import EPOCH_KEY, device_key
from dao_app.core.org_keys import key_id
from tests.fakes.world import ORG_KEY, Person, TestSigner, World


class Keys:
    """``workspace_ports.KeyTools`` as far as duties need it."""

    def signer(self, seed: bytes) -> TestSigner:
        return TestSigner(seed)

    def seal_to(self, device: bytes, secret: bytes) -> bytes:
        return bytes(nacl.public.SealedBox(nacl.signing.VerifyKey(device).to_curve25519_public_key()).encrypt(secret))


class Duties:
    """The duties of all replicas of a world, each with a memory of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.of: dict[bytes, KeyDuty] = {}
        for org in world.replicas.values():
            org.ring.hold(0, ORG_KEY)

    def one(self, org: Organisation) -> list[Action]:
        assert org.signer is not None
        duty = self.of.setdefault(org.signer.public, KeyDuty())
        return make_key(org, duty, Keys(), self.world.random, self.world.clock.now)  # type: ignore[arg-type]

    def all(self, seconds: int = 60, but: tuple[Organisation, ...] = ()) -> list[Action]:
        """Let time pass second by second; everybody hears of everything, nothing is sealed."""
        done: list[Action] = []
        for _ in range(seconds):
            for org in self.world.replicas.values():
                made = [] if org in but else self.one(org)
                if made:
                    self.world.everywhere()
                done += made
            self.world.clock.forward(1_000)
        return done


def revoke(world: World, person: Person) -> int:
    """Revoke a device and seal; returns the epoch that begins."""
    world.main.write("device.revoke", world.revocation(person, person.device.public))
    world.seal()
    world.everywhere()
    return world.main.height()


def epoch(org: Organisation) -> Epoch:
    found = org.replay.final.entity(EPOCH_KEY)
    assert isinstance(found, Epoch)
    return found


def newest(org: Organisation) -> tuple[int, bytes]:
    return org.org_keys()[-1]


def publish(org: Organisation, key: bytes, sealed: dict[bytes, bytes], height: int = 0) -> Action:
    """Write a key as a member may who makes it by hand; ``sealed``: device → bytes."""
    height = height or epoch(org).height
    rows: list[Any] = [[device, box] for device, box in sorted(sealed.items())]
    return org.write("key.epoch", {"height": height, "id": key_id(org.org_id, height, key), "seals": rows})


def status(org: Organisation, device: bytes) -> str:
    found = org.replay.final.entity(device_key(device))
    return found.status if isinstance(found, Device) else ""
