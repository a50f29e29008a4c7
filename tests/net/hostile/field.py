"""Where a siege takes place: an organisation whose node is a process of its own, honest members, and a traitor for each
attack from within."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from dao_app.core.encoding import encode
from dao_app.core.envelope import device_message
from tests.fakes.world import Person, TestSigner, World
from tests.net.hostile.kit import INSIDERS, Attack, Camp
from tests.net.worlds import equip

ROOT = Path(__file__).parents[3]
LIMITS = {"HELLO_S_MAX": 2.0, "BAN_S": 1.0, "FRAME_S_MAX": 3.0, "STALL_S_MAX": 2.0}  # the same rules, sooner
NODE_SEED, HONEST_SEED = b"v" * 32, b"w" * 32


class Device:
    """A member's device in a process of its own (``victim``)."""

    def __init__(self, world: World, person: Person, seed: bytes, folder: Path) -> None:
        signature = person.root.sign(device_message(world.org_id, person.device.public))
        given = {
            "org": world.org_id.hex(), "now": world.clock.now, "device": seed.hex(), "folder": str(folder),
            "certificate": encode([person.root.public, person.device.public, signature]).hex(), "limits": LIMITS,
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.net.hostile.victim"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        self.address = self._ask(json.dumps(given))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the process is gone"
        return answer

    async def ask(self, line: str) -> Any:
        return json.loads(await trio.to_thread.run_sync(self._ask, line))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class Field:
    """See the module. ``attacks``: those from within get a traitor each."""

    def __init__(self, folder: Path, attacks: Sequence[Attack] = INSIDERS) -> None:
        real = Person.__init__
        seeds = [NODE_SEED, HONEST_SEED]

        def init(self: Person, random: Any) -> None:
            """The first two, founder and honest member, have device keys that other processes get to hold."""
            real(self, random)
            if seeds:
                self.device = TestSigner(seeds.pop(0))

        Person.__init__ = init  # type: ignore[method-assign]
        try:
            self.world = World(folder)
            self.honest, self.org = self.world.add_member()
        finally:
            Person.__init__ = real  # type: ignore[method-assign]
        self.traitors = {attack.__name__: self.world.add_member() for attack in attacks if attack in INSIDERS}
        self.world.everywhere()
        self.world.seal()
        self.world.everywhere()
        for person, org in [(self.honest, self.org), *self.traitors.values()]:
            equip(self.world, person, org)
        self.world.main.store.close()
        self.victim = Device(self.world, self.world.founder, NODE_SEED, self.world.folders[0])

    def honest_process(self) -> Device:
        """The honest member's device in a process too; then it is no longer to be used in this one."""
        self.org.store.close()
        return Device(self.world, self.honest, HONEST_SEED, self.world.folders[1])

    def camp(self, attack: Attack) -> Camp:
        person, org = self.traitors.get(attack.__name__, (None, None))
        return Camp(self.victim.address, self.world.founder.device.public, person, org)

    def close(self) -> None:
        self.victim.close()
        for _, org in self.traitors.values():
            org.store.close()
