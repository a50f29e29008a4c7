"""A client of another make, js-libp2p, at a node's door: answered like any peer, it learns nothing of anybody."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trio

from dao_app.net.gossip import topic_of
from tests.net.test_loopback import Party
from tests.net.worlds import ORG_KEY, in_step, networks, reach, until

FOLDER = Path(__file__).parents[3] / "packaging" / "jsclient"
INSTALLED = FOLDER / "node_modules" / "libp2p"
PATIENCE_S = 3
needs_node = pytest.mark.skipif(
    not os.environ.get("CI") and (shutil.which("node") is None or not INSTALLED.exists()),
    reason="node or its packages are missing: npm ci --prefix packaging/jsclient",
)
pytestmark = [needs_node, pytest.mark.xdist_group("loopback")]


def knock(address: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(FOLDER / "knock.mjs"), address, str(PATIENCE_S)], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_connects_is_identified_pings_and_gets_nothing(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)
    party.orgs[0].write("contribution.claim", {"title": "nobody else's business"})

    async def main() -> None:
        async with networks(2, relays=True) as (node, honest):
            address = await party.start(node, 0)
            await party.start(honest, 1)
            await reach(honest, party.org_id, address)
            found = await trio.to_thread.run_sync(knock, address)
            assert address.endswith(found["peer"]) and found["ping_ms"] >= 0
            assert {"/guildhall/sync/1", "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"} <= set(found["protocols"])
            assert says_nothing(found, party)
            doors = found["doors"]
            hello = doors.pop("hello")
            # The hello's first answer, a version and a nonce, is the same for everybody; then the stream ends.
            assert 0 < hello["received"] < 64 and hello["ms"] < PATIENCE_S * 1000
            assert all(door["received"] == 0 for door in doors.values()), doors
            assert all(door["ms"] < PATIENCE_S * 1000 for door in doors.values()), doors
            assert found["topics"] == [] and found["heard"] == []
            assert not any(peer.device not in devices(party) for peer in node.peers(party.org_id))
            party.claim(honest, 1, "undisturbed")
            await until(lambda: in_step(party.orgs))

    trio.run(main)


def devices(party: Party) -> set[bytes]:
    return {person.device.public for person in party.people}


def says_nothing(found: dict[str, Any], party: Party) -> bool:
    """Neither organisation, topic, members nor their devices stand in what was told, but the node's own address."""
    text = json.dumps(found)
    secrets = [party.org_id.hex(), "Example Works", topic_of(ORG_KEY)]
    secrets += [person.root.public.hex() for person in party.people]
    peers = set(re.findall(r"12D3Koo\w+", text))
    return not any(secret in text for secret in secrets) and peers == {found["peer"]}
