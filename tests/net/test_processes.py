"""Members in processes of their own over loopback; one is killed and comes back from its folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from dao_app.core.encoding import encode
from dao_app.core.envelope import device_message
from tests.fakes.world import Person, TestSigner, World
from tests.net.worlds import LOOPBACK, equip, networks, until

pytestmark = pytest.mark.xdist_group("loopback")
DEVICE_SEED = b"d" * 32


def member(world: World) -> Person:
    """A member whose device key is known to the test, so that another process can hold it."""
    person = Person(world.random)
    person.device = TestSigner(DEVICE_SEED)
    invite, bearer = world.invite(world.main)
    assert world.main.admit_now([world.join_envelope(person, invite, bearer)]).stored == 1
    world.seal()
    return person


def start_peer(world: World, person: Person, folder: Path, address: str, title: str) -> subprocess.Popen[str]:
    signature = person.root.sign(device_message(world.org_id, person.device.public))
    given = {
        "org": world.org_id.hex(), "now": world.clock.now, "device": DEVICE_SEED.hex(), "folder": str(folder),
        "certificate": encode([person.root.public, person.device.public, signature]).hex(), "address": address,
        "title": title,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.net.peer_process"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(given) + "\n")
    process.stdin.flush()
    return process


def test_a_killed_peer_comes_back_where_it_was(tmp_path: Path) -> None:
    world = World(tmp_path)
    person = member(world)
    equip(world, world.founder, world.main)
    device = person.device.public

    async def line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        with trio.fail_after(60):
            return (await trio.to_thread.run_sync(process.stdout.readline, abandon_on_cancel=True)).strip()

    async def main() -> None:
        async with networks(1) as (net,):
            await net.start(world.main, world.founder.device, LOOPBACK, False)
            address = net.addresses(world.org_id)[0]
            for round_ in (1, 2):
                process = start_peer(world, person, tmp_path / "peer", address, f"round {round_}")
                try:
                    assert await line(process) == "in step"
                    written = bytes.fromhex(await line(process))
                    await until(lambda id_=written: world.main.store.record(id_) is not None)
                    assert world.main.heads()[device].seq == round_ + 1
                finally:
                    process.kill()
                    process.communicate()
                await until(lambda: not any(p.connected for p in net.peers(world.org_id)))
                world.main.write("contribution.claim", {"title": "while the peer is away"})

    trio.run(main)
