"""Members that dial each other at the same moment: one of the two ways stays, and nobody cuts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from dao_app.net import limits
from dao_app.net.host import Host
from tests.net.test_loopback import Party, run
from tests.net.worlds import networks, until

pytestmark = pytest.mark.xdist_group("loopback")
MEMBERS = 7


def test_those_who_dial_each_other_at_once_stay_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection to a member is closed while a hello with that member is under way, or a link stands."""
    party = Party(tmp_path, MEMBERS - 1)
    cut: list[bytes] = []
    real = Host.disconnect

    async def disconnect(self: Host, device: bytes) -> None:
        cut.append(device)
        await real(self, device)

    monkeypatch.setattr(Host, "disconnect", disconnect)
    monkeypatch.setattr(limits, "DIALS_AT_ONCE_MAX", MEMBERS)

    async def main() -> None:
        async with networks(MEMBERS) as nets:
            addresses = [await party.start(net, place) for place, net in enumerate(nets)]

            def linked(place: int) -> int:
                return sum(peer.connected for peer in nets[place].peers(party.org_id))

            async with trio.open_nursery() as nursery:
                for place, net in enumerate(nets):
                    for other, address in enumerate(addresses):
                        if other != place:
                            nursery.start_soon(net.dial, party.org_id, address)
            await until(all_of(lambda: [linked(place) == MEMBERS - 1 for place in range(MEMBERS)]))
            assert cut == []

    run(main)


def all_of(parts: Callable[[], list[bool]]) -> Callable[[], bool]:
    return lambda: all(parts())
