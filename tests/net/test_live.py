"""News while everybody is connected: what gossip loses the session brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from dao_app.net.host import Host
from tests.net.test_loopback import Party, run
from tests.net.worlds import networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")
SOON_S = 5.0  # on a busy machine; a session tells within GATHER_S, a lost hint is not waited for


def test_what_gossip_loses_comes_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hint is dropped; the heads that the session tells are enough, over a third member too."""
    lost: list[bytes] = []

    async def lose(self: Host, data: bytes) -> None:
        lost.append(data)

    party = Party(tmp_path, 2)
    monkeypatch.setattr(Host, "publish", lose)

    async def main() -> None:
        async with networks(3) as (middle, one, two):
            address = await party.start(middle, 0)
            for place, net in enumerate((one, two), 1):
                await net.start(party.orgs[place], party.people[place].device, ("none",), False)
                await reach(net, party.org_id, address)
            await until(lambda: all(p.agrees for net in (one, two) for p in net.peers(party.org_id)))
            for title in ("first", "second"):
                party.claim(one, 1, title)
                head = party.orgs[1].heads()[party.people[1].device.public]
                await until(lambda head=head: bool(party.orgs[2].store.known([head.digest])), SOON_S)
            assert len(lost) >= 2

    run(main)
