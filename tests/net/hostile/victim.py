"""A device that is attacked, or looks on, in a process of its own: ``python -m tests.net.hostile.victim``, JSON on its
first line.

Says its address, then answers each line of its input: ``claim TITLE`` writes and announces an action, ``burst COUNT``
so many of them, ``dial ADDRESS`` reaches a peer, ``tell`` says how it is: actions, peers connected, memory (KiB: now,
at most).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trio
import trio.lowlevel

from dao_app.app.organisation import Organisation
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import limits
from dao_app.net.network import LibNetwork, open_network
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import FakeClock
from tests.net.worlds import LOOPBACK, ORG_KEY, Told, reach


def memory_kib() -> tuple[int, int]:
    """Resident memory of this process, now and at most."""
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines() if ":" in line
    )
    return int(status["VmRSS"].split()[0]), int(status["VmHWM"].split()[0])


def claim(org: Organisation, net: LibNetwork, title: str) -> str:
    action = org.write("contribution.claim", {"title": title})
    net.announce(org.org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])
    return action.id.hex()


async def obey(line: str, org: Organisation, net: LibNetwork) -> object:
    word, _, rest = line.strip().partition(" ")
    if word == "claim":
        return claim(org, net, rest)
    if word == "burst":
        for number in range(int(rest)):
            claim(org, net, f"one of many {number}")
            await trio.lowlevel.checkpoint()
        return int(rest)
    if word == "dial":
        await reach(net, org.org_id, rest)
        return rest
    now, most = memory_kib()
    connected = sum(peer.connected for peer in net.peers(org.org_id))
    return {"actions": org.store.counts().actions, "peers": connected, "now_kib": now, "most_kib": most}


async def main() -> None:
    given = json.loads(sys.stdin.readline())
    for name, value in given["limits"].items():
        setattr(limits, name, value)
    org_id = bytes.fromhex(given["org"])
    clock, random, verifier = FakeClock(given["now"]), SystemRandom(), SodiumVerifier()
    signer = SeedSigner(bytes.fromhex(given["device"]))
    org = Organisation(org_id, SqlStore(Path(given["folder"]) / "log.db"), verifier, clock, random, signer)
    org.certificate_of_device = bytes.fromhex(given["certificate"])
    org.ring.hold(0, ORG_KEY)
    async with open_network(Told(), clock, random, verifier, SodiumSealer(random), SeedSigner) as net:
        await net.start(org, signer, LOOPBACK, False)
        print(net.addresses(org_id)[0], flush=True)
        while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            print(json.dumps(await obey(line, org, net)), flush=True)
    org.store.close()


if __name__ == "__main__":
    trio.run(main)
