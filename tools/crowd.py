"""Many members with hosts of their own in a few processes: all start empty but the first, all write, all converge.

``python -m tools.crowd HOSTS PROCESSES`` plays it and exits with 1 where they do not; without arguments it is one of
the processes, JSON lines in and out.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import trio

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import encode
from dao_app.core.envelope import device_message
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import limits
from dao_app.net.network import LibNetwork
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import ORG_KEY, FakeClock, Person, World
from tests.net.worlds import LOOPBACK, networks, until

ROOT = Path(__file__).resolve().parents[1]
DIALS = 2  # of each member, to others that came before it
LINKS = 4  # that each looks for: fifty with twelve each would take handshakes for minutes on two cores
ACTIONS = 200  # of the first member, before anybody else is there
LIMIT_S = 900.0  # fifty hosts on two busy cores


class Outcome(NamedTuple):
    """``sync_s``: from the dialling until all had everything; ``live_s``: from everybody's writing until all had that.
    Bytes are those that sessions carried, of one member and in its own direction."""

    hosts: int
    actions: int
    sync_s: float
    live_s: float
    envelope_bytes: int  # all actions' own
    bytes_in_mean: float
    bytes_in_most: int
    digests: int  # different ones at the end: 1


def make(folder: Path, hosts: int) -> tuple[World, list[dict[str, str]]]:
    """An organisation of so many members, and what each needs to be one."""
    world = World(folder)
    people = [world.founder]
    invite, bearer = world.invite(world.main, uses=hosts)
    for _ in range(hosts - 1):
        person = Person(world.random)
        assert world.main.admit_now([world.join_envelope(person, invite, bearer)]).stored == 1
        people.append(person)
    world.seal()
    for number in range(ACTIONS):
        world.main.write("contribution.claim", {"title": f"work {number}"})
    world.seal()
    members = []
    for number, person in enumerate(people):
        key = person.device.public
        certificate = encode([person.root.public, key, person.root.sign(device_message(world.org_id, key))])
        members.append(
            {"device": person.seeds[1].hex(), "certificate": certificate.hex(), "folder": str(folder / f"m{number}")}
        )
    return world, members


def play(folder: Path, hosts: int, processes: int) -> Outcome:
    """Run it. Raises AssertionError where they do not converge."""
    world, members = make(folder, hosts)
    org_id, now = world.org_id, world.clock.now
    first = world.folders[0]
    world.main.store.close()
    members[0]["folder"] = str(first)
    groups = [members[number::processes] for number in range(processes)]
    running = [_start(org_id, now, group) for group in groups]
    try:
        told = [_line(one)["addresses"] for one in running]
        places = [(group, place) for place in range(len(groups[0])) for group in range(processes)]
        addresses = [told[group][place] for group, place in places if place < len(told[group])]
        dice = random.Random(hosts)
        began = time.perf_counter()
        total = _counts(first)
        for group, one in enumerate(running):
            dials = [
                [addresses[n] for n in dice.sample(range(own), min(DIALS, own))]
                for own in (place * processes + group for place in range(len(groups[group])))
            ]
            _say(one, {"dials": dials, "actions": total})
        for one in running:
            assert _line(one)["have"] >= total
        synced = time.perf_counter()
        for one in running:
            _say(one, {"actions": total + hosts})
        ends = [_line(one) for one in running]
        done = time.perf_counter()
        came = [size for end in ends for size in end["bytes_in"]]
        return Outcome(
            hosts, total + hosts, synced - began, done - synced, ends[0]["envelope_bytes"], sum(came) / len(came),
            max(came), len({digest for end in ends for digest in end["digests"]}),
        )  # fmt: skip
    finally:
        for one in running:
            one.kill()
            one.communicate()


def _counts(folder: Path) -> int:
    store = SqlStore(folder / "log.db")
    found = store.counts().actions
    store.close()
    return found


def _start(org_id: bytes, now: int, members: list[dict[str, str]]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    _say(process, {"org": org_id.hex(), "now": now, "members": members})
    return process


def _say(process: subprocess.Popen[str], what: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "a process of the crowd ended"
    found: dict[str, Any] = json.loads(line)
    return found


# -- one of the processes --------------------------------------------------------------------------------
async def main() -> None:
    given = json.loads(sys.stdin.readline())
    org_id = bytes.fromhex(given["org"])
    orgs: list[Organisation] = []
    limits.LINKS_WANTED = LINKS
    for member in given["members"]:
        signer = SeedSigner(bytes.fromhex(member["device"]))
        store = SqlStore(Path(member["folder"]) / "log.db")
        org = Organisation(org_id, store, SodiumVerifier(), FakeClock(given["now"]), SystemRandom(), signer)
        org.certificate_of_device = bytes.fromhex(member["certificate"])
        org.ring.hold(0, ORG_KEY)
        orgs.append(org)
    async with networks(len(orgs)) as nets:
        for net, org in zip(nets, orgs, strict=True):
            assert org.signer is not None
            await net.start(org, org.signer, LOOPBACK, False)
        _tell({"addresses": [net.addresses(org_id)[0] for net in nets]})
        told = await _heard()
        async with trio.open_nursery() as nursery:
            for net, dials in zip(nets, told["dials"], strict=True):
                for address in dials:
                    nursery.start_soon(_reach, net, org_id, address)
        await until(lambda: all(org.store.counts().actions >= told["actions"] for org in orgs), LIMIT_S)
        _tell({"have": min(org.store.counts().actions for org in orgs)})
        told = await _heard()
        for net, org in zip(nets, orgs, strict=True):
            action = org.write("contribution.claim", {"title": "everybody says something"})
            net.announce(org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])
        await until(lambda: all(org.store.counts().actions >= told["actions"] for org in orgs), LIMIT_S)
        heads = orgs[0].heads()
        _tell(
            {
                "digests": [org.heads_digest().hex() for org in orgs],
                "bytes_in": [net.traffic(org_id)[0] for net in nets],
                "envelope_bytes": sum(
                    len(raw) for d, head in heads.items() for raw in orgs[0].envelopes(d, 1, head.seq, 1 << 30)
                ),
            }
        )
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)


async def _reach(net: LibNetwork, org_id: bytes, address: str) -> None:
    """Dial until it is reached: fifty that begin at once cross each other's connections."""
    while not await net.dial(org_id, address):
        pass


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


async def _heard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True))
    return found


def play_and_tell(hosts: int, processes: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        found = play(Path(folder), hosts, processes)
    print(
        f"{found.hosts} hosts in {processes} processes, {found.actions} actions of {found.envelope_bytes:,} bytes: all "
        f"have the history after {found.sync_s:.0f} s, and what each wrote after {found.live_s:.0f} s more; a host "
        f"received {found.bytes_in_mean:,.0f} bytes (most: {found.bytes_in_most:,}); {found.digests} outcome(s)"
    )
    return 0 if found.digests == 1 else 1


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sys.exit(play_and_tell(int(sys.argv[1]), int(sys.argv[2])))
    trio.run(main)
