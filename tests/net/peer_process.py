"""A member's device in a process of its own: ``python -m tests.net.peer_process`` with JSON on its first line.

Dials, gets in step, writes one action, and says each step on its output until its input ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trio

from dao_app.app.organisation import Organisation
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net.network import open_network
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import FakeClock
from tests.net.worlds import LOOPBACK, ORG_KEY, Told, reach, until


def say(word: str) -> None:
    print(word, flush=True)


async def main() -> None:
    given = json.loads(sys.stdin.readline())
    org_id = bytes.fromhex(given["org"])
    clock, random, verifier = FakeClock(given["now"]), SystemRandom(), SodiumVerifier()
    signer = SeedSigner(bytes.fromhex(given["device"]))
    org = Organisation(org_id, SqlStore(Path(given["folder"]) / "log.db"), verifier, clock, random, signer)
    org.certificate_of_device = bytes.fromhex(given["certificate"])
    org.ring.hold(0, ORG_KEY)
    async with open_network(Told(), clock, random, verifier, SodiumSealer(random), SeedSigner) as net:
        await net.start(org, signer, LOOPBACK, False)
        await reach(net, org_id, given["address"])
        await until(lambda: any(p.agrees for p in net.peers(org_id)))
        say("in step")
        action = org.write("contribution.claim", {"title": given["title"]})
        net.announce(org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])
        say(action.id.hex())
        await trio.to_thread.run_sync(sys.stdin.read)
    org.store.close()


if __name__ == "__main__":
    trio.run(main)
