"""A member's device in a namespace: ``python -m tests.netns.member``, then one JSON command a line, one answer each."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import trio

from dao_app.app.organisation import Organisation
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net.network import open_network
from dao_app.platform.clock import SystemClock
from dao_app.platform.random import SystemRandom
from dao_app.store.log import SqlStore
from tests.fakes.world import FakeClock
from tests.net.worlds import ORG_KEY, Told


async def main() -> None:
    given = json.loads(sys.stdin.readline())
    random, verifier = SystemRandom(), SodiumVerifier()
    signer = SeedSigner(bytes.fromhex(given["device"]))
    org_id = bytes.fromhex(given["org"])
    store = SqlStore(Path(given["folder"]) / "log.db")
    org = Organisation(org_id, store, verifier, FakeClock(given["now"]), random, signer)
    org.certificate_of_device = bytes.fromhex(given["certificate"])
    org.ring.hold(0, ORG_KEY)
    async with open_network(
        Told(), SystemClock(), random, verifier, SodiumSealer(random), SeedSigner,
        announce=given.get("announce", []), relays=given.get("relays", False),
    ) as net:  # fmt: skip
        await net.start(org, signer, given["listen"], given.get("mdns", False))

        async def obey(command: dict[str, Any]) -> Any:
            if "dial" in command:
                return await net.dial(org_id, command["dial"])
            if "write" in command:
                action = org.write("contribution.claim", {"title": command["write"]})
                net.announce(org_id, org.envelopes(action.by, action.seq, action.seq, 1 << 20), [])
                return action.id.hex()
            peers = [{**asdict(peer), "device": peer.device.hex()} for peer in net.peers(org_id)]
            found = [[finding.code, finding.params] for finding in await net.diagnose(org_id)]
            return {
                "digest": org.heads_digest().hex(), "addresses": net.addresses(org_id), "findings": found,
                "peers": {peer["device"]: peer for peer in peers if peer["connected"]},
            }  # fmt: skip

        print(json.dumps("up"), flush=True)
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            print(json.dumps(await obey(json.loads(line))), flush=True)
        await net.stop(org_id)
    store.close()


if __name__ == "__main__":
    trio.run(main)
