"""Whether a witness believes itself abreast of its peers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from dao_app.app.workspace import CATCHING_UP_MS, Opened, Workspace
from tests.fakes.world import FakeClock


def look(clock: FakeClock, opened: Any, heights: list[int | None]) -> bool:
    """What the witness is told with these peers connected."""
    peers = tuple(SimpleNamespace(connected=True, height=height) for height in heights)
    space = SimpleNamespace(network=SimpleNamespace(peers=lambda org: peers), clock=clock)
    Workspace._look_for_peers(space, opened)  # type: ignore[arg-type]
    return bool(opened.org.told[-1])


def test_a_peer_that_claims_to_be_further_is_waited_for_a_while_only() -> None:
    """Any member could silence the witnesses otherwise."""
    told: list[bool] = []
    org = SimpleNamespace(
        org_id=b"", height=lambda: 7, told=told, witnessing=SimpleNamespace(in_touch=told.append)
    )
    opened, clock = Opened(org, online=True), FakeClock()  # type: ignore[arg-type]
    assert not look(clock, opened, [])
    assert not look(clock, opened, [None])
    assert look(clock, opened, [7, 5])
    assert not look(clock, opened, [7, 10**9])
    clock.forward(CATCHING_UP_MS - 1)
    assert not look(clock, opened, [7, 10**9])
    clock.forward(1)
    assert look(clock, opened, [7, 10**9])
    org.height = lambda: 8  # something came: it may be true after all
    assert not look(clock, opened, [8, 10**9])
