"""Going out to peers: learning addresses, dialling whoever is due, looking in the local network, waking up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import trio

from dao_app.app.addresses import read_address
from dao_app.app.ports import Signer
from dao_app.net import limits
from dao_app.net.dialing import Dialer
from dao_app.net.host import Host
from dao_app.net.reaching import Reaching
from dao_app.net.tools import Tools


class Outbound:
    """See the module. ``open_link`` says hello to a connected device and keeps the link, False where there was no
    hello; ``not_reached`` is told of each device that was dialled in vain."""

    def __init__(
        self, tools: Tools, signer: Signer, dialer: Dialer, reaching: Reaching, is_left_alone: Callable[[bytes], bool],
        open_link: Callable[[bytes, str], Awaitable[bool]], not_reached: Callable[[bytes], None],
    ) -> None:
        self._tools = tools
        self._signer = signer
        self._dialer = dialer
        self._reaching = reaching
        self._is_left_alone = is_left_alone
        self._open_link = open_link
        self._not_reached = not_reached
        self._now = trio.Event()
        self.mdns: bool | None = None  # None while it was not tried

    # -- addresses -----------------------------------------------------------------------------------
    def learn(self, address: str, local: bool = False, delay_s: float = 0.0) -> bytes | None:
        """An address that may work; the device that it names."""
        read = read_address(address)
        if read is None or read.device == self._signer.public:
            return None
        now_ms = self._tools.clock.now_ms()
        device = self._dialer.learn(address, trio.current_time(), now_ms, local, delay_s)
        if not delay_s:
            self.dial_soon()
        return device

    def learn_book(self) -> None:
        """Whatever the book knows may be dialled."""
        for address in self._dialer.book.texts():
            self.learn(address)

    def dial_soon(self) -> None:
        self._now.set()

    # -- dialling ------------------------------------------------------------------------------------
    async def run(self, host: Host) -> None:
        """Dial whoever is due, a few at a time."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wake)
            while True:
                dialling = sum(known.dialling for known in self._dialer.known.values())
                most = limits.DIALS_AT_ONCE_MAX - dialling
                for device in self._dialer.due(trio.current_time(), self._is_left_alone, most):
                    nursery.start_soon(self._dial_device, host, device)
                self._now = trio.Event()
                with trio.move_on_after(limits.BACKOFF_S_MIN / 2):
                    await self._now.wait()

    async def _dial_device(self, host: Host, device: bytes) -> None:
        answered = await self._connect(host, device)
        self._dialer.connected(device)
        if not answered or not await self._open_link(device, answered):
            self._not_reached(device)

    async def _connect(self, host: Host, device: bytes) -> str:
        """The address that answered, or ""; what did not answer is counted."""
        book = self._dialer.book
        addresses = book.addresses(device)
        direct = [address.text for address in addresses if address.relay is None]
        answered = await host.dial(device, direct)
        if answered:
            return answered
        for text in direct:
            book.failed(text)
        for address in addresses:
            if address.relay is not None:
                if await self._reaching.through(address):
                    return address.text
                book.failed(address.text)
        return ""

    # -- the machine and its surroundings --------------------------------------------------------------
    async def _wake(self) -> None:
        """Notice that the machine slept (its clock ran, ours did not) or that its addresses changed: dial anew."""
        addresses, gap_ms = self._reaching.addresses(), self._clock_gap_ms()
        while True:
            await trio.sleep(limits.WAKE_LOOK_S)
            if self._reaching.addresses() != addresses or self._clock_gap_ms() - gap_ms > limits.SLEPT_MS:
                self._dialer.wake(trio.current_time())
                self._reaching.ask_anew()
                self.dial_soon()
            addresses, gap_ms = self._reaching.addresses(), self._clock_gap_ms()

    def _clock_gap_ms(self) -> float:
        return self._tools.clock.now_ms() - trio.current_time() * 1_000

    async def look_in_lan(self, host: Host) -> None:
        """Dial whom the LAN announces; of two that find each other the one with the lower key goes first."""
        self.mdns = await host.start_mdns()
        announced = host.addresses()
        while self.mdns:
            if host.addresses() != announced:
                announced = host.addresses()
                await host.stop_mdns()
                self.mdns = await host.start_mdns()
            for device, addresses in host.seen_in_lan().items():
                self._seen_in_lan(device, addresses)
            await trio.sleep(limits.MDNS_POLL_S)

    def _seen_in_lan(self, device: bytes, addresses: Sequence[str]) -> None:
        known = self._dialer.known.get(device)
        if known is not None and known.local:
            return
        for address in addresses:
            self.learn(address, True, 0.0 if self._signer.public < device else 2.0)
        if known is not None:
            known.local = True
