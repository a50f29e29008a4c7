"""An organisation whose members' devices run in namespaces: the first is the founder's and holds the whole log."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dao_app.core.encoding import encode
from dao_app.core.envelope import device_message
from tests.fakes.world import Person, World
from tests.netns.lab import Lab

WAIT_S = 30.0  # ample for a busy machine; a test that reaches it fails


class Member:
    """One running device."""

    def __init__(self, process: subprocess.Popen[str], device: bytes) -> None:
        self._process = process
        self.device = device.hex()

    def ask(self, command: dict[str, Any] | None = None) -> Any:
        """One command, its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        if command is not None:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], WAIT_S)
        assert ready, "no answer"
        return json.loads(self._process.stdout.readline())

    def look(self) -> Any:
        return self.ask({"look": True})

    def path_to(self, other: Member) -> str:
        """How it is linked to the other one; "" where it is not."""
        peer = self.look()["peers"].get(other.device)
        return "" if peer is None else str(peer["path"])

    def codes(self) -> set[str]:
        return {code for code, _ in self.look()["findings"]}

    def reach(self, address: str) -> None:
        until(lambda: self.ask({"dial": address}))


class Party:
    """See the module. ``members``: how many beside the founder."""

    def __init__(self, lab: Lab, folder: Path, members: int) -> None:
        self.lab = lab
        self.world = World(folder)
        self.people = [self.world.founder]
        for _ in range(members):
            person, org = self.world.add_member()
            self.people.append(person)
            org.store.close()
        self._founders = next(folder.glob("replica0-*"))
        self.world.main.store.close()

    def start(
        self, place: int, host: str, listen: Sequence[str] = ("/ip4/0.0.0.0/tcp/4001",), **options: Any
    ) -> Member:
        """Run somebody's device in a host; ``options`` as in ``tests.netns.member``."""
        person = self.people[place]
        given = {
            "org": self.world.org_id.hex(), "now": self.world.clock.now, "device": _seed(person),
            "folder": str(self._founders if place == 0 else self.world.folder / f"device{place}"),
            "certificate": self._certificate(person), "listen": list(listen), **options,
        }  # fmt: skip
        member = Member(self.lab.python(host, "tests.netns.member"), person.device.public)
        assert member.ask(given) == "up"
        return member

    def _certificate(self, person: Person) -> str:
        device = person.device.public
        signature = person.root.sign(device_message(self.world.org_id, device))
        return encode([person.root.public, device, signature]).hex()


def _seed(person: Person) -> str:
    return bytes(person.device._key).hex()


def until(condition: Callable[[], Any], seconds: float = WAIT_S) -> None:
    """Ask until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)


def in_step(*members: Member) -> bool:
    return len({member.look()["digest"] for member in members}) == 1
