"""A store that fails for a while (a full disk, a server that restarts) ends links and hosts, never the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dao_app.app.errors import StorageError
from dao_app.net import limits
from dao_app.net.host import Host
from dao_app.net.node import Node
from dao_app.net.outbound import Outbound
from tests.net.engines import Machine, until

pytestmark = pytest.mark.xdist_group("loopback")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    made = Machine(tmp_path / "one"), Machine(tmp_path / "two")
    yield made
    for machine in made:
        machine.close()


def test_a_host_that_went_down_comes_up_again(pair: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    founder, member = pair
    run, tries = Outbound.run, []
    monkeypatch.setattr(limits, "STORE_AWAY_S", 0)

    async def away_once(self: Outbound, host: Host) -> None:
        tries.append(host)
        if len(tries) == 1:
            raise StorageError("database_unreachable")
        await run(self, host)

    monkeypatch.setattr(Outbound, "run", away_once)
    founder.founded()
    until(lambda: len(tries) > 1)
    member.join(founder.invite(), "Wei")


def test_who_cannot_be_looked_up_is_not_met(pair: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    founder, member = pair
    greeted, failed = Node._self, []

    def away_once(self: Node) -> object:
        if not failed:
            failed.append(self)
            raise StorageError("database_unreachable")
        return greeted(self)

    founder.founded()
    link = founder.invite()
    monkeypatch.setattr(Node, "_self", away_once)
    member.join(link, "Wei")
    assert failed
