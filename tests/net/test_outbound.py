"""Waking up: after the machine slept, or in another network, everybody is dialled anew. In virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from dao_app.app.addresses import AddressBook
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import limits
from dao_app.net.dialing import Dialer
from dao_app.net.outbound import Outbound
from dao_app.net.tools import Tools
from tests.fakes.world import FakeClock, SeededRandom, TestSigner
from tests.net.worlds import Told


class FakeReaching:
    def __init__(self) -> None:
        self.here = ("/ip4/192.0.2.1/tcp/1",)
        self.anew = 0

    def addresses(self) -> tuple[str, ...]:
        return self.here

    def ask_anew(self) -> None:
        self.anew += 1


def moved(clock: FakeClock, reaching: FakeReaching) -> None:
    reaching.here = ("/ip4/198.51.100.1/tcp/1",)


def slept(clock: FakeClock, reaching: FakeReaching) -> None:
    clock.forward(limits.SLEPT_MS + 1)


def nothing(clock: FakeClock, reaching: FakeReaching) -> None: ...


@pytest.mark.parametrize(("happened", "times"), [(moved, 1), (slept, 1), (nothing, 0)])
def test_it_notices_once(happened: Callable[[FakeClock, FakeReaching], None], times: int) -> None:
    async def main() -> None:
        clock, random, reaching = FakeClock(), SeededRandom(1), FakeReaching()
        tools = Tools(Told(), clock, random, SodiumVerifier(), SodiumSealer(random))
        dialer = Dialer(lambda: 0.5, AddressBook())

        async def opened(device: bytes, address: str) -> bool:
            return False

        found = Outbound(
            tools, TestSigner(b"1" * 32), dialer, cast(Any, reaching), {}, opened, lambda device: None
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(found._wake)
            for step in range(60):
                time.jump(1)
                clock.forward(1_000)
                await wait_all_tasks_blocked()
                if step == 20:
                    happened(clock, reaching)
            nursery.cancel_scope.cancel()
        assert reaching.anew == times

    time = MockClock()
    trio.run(main, clock=time)
