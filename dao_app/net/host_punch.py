"""From a relayed connection to a direct one (DCUtR, libp2p/specs relay/DCUtR.md), and dialling back for who asks.

Hole punching: both sides tell where they come from, one says SYNC and waits half a round trip, then both dial from
the port that they listen on, so that each one's router has just let something out when the other's comes in. Dialling
back: a member is told from which IP address it comes and which of its ports this device reaches there; only that IP
address is ever dialled, so nobody can be made to knock on somebody else's door.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import multiaddr  # type: ignore[import-untyped]
import trio
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.relay.circuit_v2.pb.dcutr_pb2 import HolePunch
from libp2p.transport.tcp.tcp import TCP
from libp2p.utils.varint import encode_varint_prefixed, read_varint_prefixed_bytes_limited

from dao_app.core.encoding import decode, encode
from dao_app.net import limits
from dao_app.net.host_parts import connection_of, device_of, is_relayed, peer_id_of, quietly
from dao_app.net.host_relay import read_message, send_message
from dao_app.net.meters import Bucket

INADDR_ANY = {"ip4": ipaddress.IPv4Address(0), "ip6": ipaddress.IPv6Address(0)}
PUNCH_PROTOCOL = TProtocol("/libp2p/dcutr")
REACH_PROTOCOL = TProtocol("/guildhall/reach/1")
_REACH_BYTES_MAX = 256


class Seen(NamedTuple):
    """What a peer says: the IP address that we come from, and which of the ports asked about it reached there."""

    host: str
    reached: dict[int, bool]


class Puncher:
    """See the module. ``observed``: (IP version, address) where this device comes from, as peers said."""

    def __init__(
        self, basic: BasicHost, swarm: Swarm, tcp: TCP, is_member: Callable[[bytes], bool],
        listens: Callable[[], Sequence[tuple[str, int]]],
    ) -> None:
        self._basic = basic
        self._swarm = swarm
        self._tcp = tcp
        self._is_member = is_member
        self._listens = listens
        self.observed: set[tuple[int, str]] = set()
        self._dialling_back = 0
        self._punching: set[bytes] = set()  # devices that asked for a hole and have it tried
        self._askers: dict[bytes, Bucket] = {}
        self._punchers: dict[bytes, Bucket] = {}
        basic.set_stream_handler(PUNCH_PROTOCOL, self._punched)
        basic.set_stream_handler(REACH_PROTOCOL, self._asked_back)

    def gone(self, device: bytes) -> None:
        self._askers.pop(device, None)
        self._punchers.pop(device, None)

    def is_direct(self, device: bytes) -> bool:
        return any(not is_relayed(c) for c in self._swarm.get_connections(peer_id_of(device)))

    # -- hole punching -------------------------------------------------------------------------------
    async def punch(self, device: bytes, known: Sequence[str]) -> bool:
        """Try to reach a device directly that is connected through a relay: first at addresses that are known."""
        direct = [multiaddr.Multiaddr(text.rpartition("/p2p/")[0]) for text in known[: limits.PUNCH_ADDRESSES_MAX]]
        if await self._dial(device, direct, False, limits.PUNCH_KNOWN_S_MAX):
            return True
        try:
            with trio.fail_after(limits.RELAY_S_MAX):
                stream = await self._basic.new_stream(peer_id_of(device), [PUNCH_PROTOCOL])
                try:
                    began = trio.current_time()
                    await send_message(stream, self._here())
                    theirs = await read_message(stream, HolePunch)
                    round_trip_s = trio.current_time() - began
                    if theirs.type != HolePunch.CONNECT:
                        return False
                    await send_message(stream, HolePunch(type=HolePunch.SYNC))
                    await trio.sleep(min(round_trip_s / 2, limits.PUNCH_DELAY_S_MAX))
                finally:
                    with trio.CancelScope(shield=True):
                        await quietly(stream.close)
            return await self._dial(device, _addresses(theirs), True)
        except Exception:  # no such protocol, gone, garbage
            return False

    async def _punched(self, stream: INetStream) -> None:
        """A peer that we are connected to through a relay wants to go direct."""
        device, connection = device_of(stream.muxed_conn.peer_id), connection_of(self._swarm, stream)
        try:
            if device is None or connection is None or not is_relayed(connection) or not self._may_punch(device):
                return
            self._punching.add(device)
            try:
                await self._answer_punch(device, stream)
            finally:
                self._punching.discard(device)
        except Exception as error:
            logging.getLogger(__name__).debug("no hole: %s", type(error).__name__)
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await quietly(stream.reset)

    def _may_punch(self, device: bytes) -> bool:
        """Members only, one hole at a time, each as often as this program tries: it makes us dial where they say."""
        if not self._is_member(device) or device in self._punching:
            return False
        now = trio.current_time()
        bucket = Bucket(1 / limits.PUNCH_PAUSES_S[-1], limits.PUNCH_ATTEMPTS_MAX, now)
        return self._punchers.setdefault(device, bucket).take(1, now)

    async def _answer_punch(self, device: bytes, stream: INetStream) -> None:
        with trio.fail_after(limits.RELAY_S_MAX):
            theirs = await read_message(stream, HolePunch)
            if theirs.type != HolePunch.CONNECT:
                return
            await send_message(stream, self._here())
            if (await read_message(stream, HolePunch)).type != HolePunch.SYNC:
                return
        await self._dial(device, _addresses(theirs), False)

    def _here(self) -> Any:
        """Where we come from: the addresses that peers saw, with the port that we listen on (most routers keep it)."""
        found = [
            f"/ip{version}/{host}/tcp/{port}"
            for version, host in sorted(self.observed) for kind, port in self._listens() if kind == f"ip{version}"
        ]  # fmt: skip
        observed = [multiaddr.Multiaddr(text).to_bytes() for text in found[: limits.PUNCH_ADDRESSES_MAX]]
        return HolePunch(type=HolePunch.CONNECT, ObsAddrs=observed)

    async def _dial(
        self, device: bytes, addresses: list[multiaddr.Multiaddr], as_responder: bool,
        seconds: float = limits.PUNCH_S_MAX,
    ) -> bool:
        """Dial all at once from the port that we listen on; one side takes the acceptor's part in the handshake."""
        if not addresses:
            return False
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                for address in addresses:
                    nursery.start_soon(self._dial_one, peer_id_of(device), address, as_responder)
                while not self.is_direct(device):  # noqa: ASYNC110  (several dials, or the other side's)
                    await trio.sleep(0.05)
                nursery.cancel_scope.cancel()
        return self.is_direct(device)

    async def _dial_one(self, peer_id: ID, address: multiaddr.Multiaddr, as_responder: bool) -> None:
        kind = str(address).split("/")[1]
        port = next((port for family, port in self._listens() if family == kind), None)
        source = None if port is None else (str(INADDR_ANY[kind]), port)
        dial = self._swarm.dial_addr_as_responder if as_responder else self._swarm.dial_addr
        try:
            await dial(address, peer_id, source)
        except Exception as error:  # closed, refused, another key, both sides in one part
            logging.getLogger(__name__).debug("no direct connection: %s", type(error).__name__)

    # -- dialling back -------------------------------------------------------------------------------
    async def ask_back(self, device: bytes, ports: Sequence[int]) -> Seen | None:
        """Ask a member's device from where we come and whether it reaches these ports there; None: no answer."""
        asked = list(ports)[: limits.DIAL_BACK_PORTS_MAX]
        try:
            with trio.fail_after(limits.RELAY_S_MAX + limits.DIAL_BACK_S_MAX * len(asked)):
                stream = await self._basic.new_stream(peer_id_of(device), [REACH_PROTOCOL])
                try:
                    await stream.write(encode_varint_prefixed(encode(asked)))
                    value = decode(await read_varint_prefixed_bytes_limited(stream, _REACH_BYTES_MAX))
                finally:
                    with trio.CancelScope(shield=True):
                        await quietly(stream.reset)
        except Exception:  # an older program, gone, garbage
            return None
        if type(value) is not list or list(map(type, value)) != [str, list] or len(value[1]) != len(asked):
            return None
        if any(type(reached) is not bool for reached in value[1]) or not _version(value[0]):
            return None
        self.observed = {(_version(value[0]), value[0]), *list(self.observed)[: limits.PUNCH_ADDRESSES_MAX - 1]}
        return Seen(value[0], dict(zip(asked, value[1], strict=True)))

    async def _asked_back(self, stream: INetStream) -> None:
        try:
            answer = await self._dial_back(stream)
            if answer is not None:
                with trio.fail_after(limits.RELAY_S_MAX):
                    await stream.write(encode_varint_prefixed(encode(answer)))
                    await stream.close()
                return
        except Exception as error:
            logging.getLogger(__name__).debug("not dialled back: %s", type(error).__name__)
        with trio.CancelScope(shield=True), trio.move_on_after(1):
            await quietly(stream.reset)

    async def _dial_back(self, stream: INetStream) -> list[Any] | None:
        """The answer to who asks; None where there is none."""
        device, connection = device_of(stream.muxed_conn.peer_id), connection_of(self._swarm, stream)
        if device is None or connection is None or is_relayed(connection) or not self._may_ask(device):
            return None
        host = str(connection.get_transport_addresses()[0]).split("/")[2]
        with trio.fail_after(limits.RELAY_S_MAX):
            ports = decode(await read_varint_prefixed_bytes_limited(stream, _REACH_BYTES_MAX))
        if type(ports) is not list or len(ports) > limits.DIAL_BACK_PORTS_MAX:
            return None
        if any(type(port) is not int or not 0 < port <= 65_535 for port in ports):
            return None
        self._dialling_back += 1
        try:
            return [host, [await self._reaches(device, host, port) for port in ports]]
        finally:
            self._dialling_back -= 1

    def _may_ask(self, device: bytes) -> bool:
        """Members only, a few at once, each now and then."""
        if not self._is_member(device) or self._dialling_back >= limits.DIAL_BACKS_AT_ONCE_MAX:
            return False
        now = trio.current_time()
        return self._askers.setdefault(device, Bucket(1 / limits.DIAL_BACK_EVERY_S, 2, now)).take(1, now)

    async def _reaches(self, device: bytes, host: str, port: int) -> bool:
        """Does that very device answer there? Its key is proved; no connection is kept."""
        raw = None
        try:
            with trio.fail_after(limits.DIAL_BACK_S_MAX):
                raw = await TCP.dial(self._tcp, multiaddr.Multiaddr(f"/ip{_version(host)}/{host}/tcp/{port}"))
                await self._swarm.upgrader.upgrade_security(raw, True, peer_id_of(device))
        except Exception:  # refused, silent, somebody else
            return False
        finally:
            if raw is not None:
                with trio.CancelScope(shield=True), trio.move_on_after(1):
                    await quietly(raw.close)
        return True


def _version(host: str) -> int:
    """4 or 6, or 0 for what is no IP address."""
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return 0


def _addresses(message: Any) -> list[multiaddr.Multiaddr]:
    """Direct TCP addresses in a peer's message."""
    found = []
    for raw in list(message.ObsAddrs)[: limits.PUNCH_ADDRESSES_MAX]:
        try:
            address = multiaddr.Multiaddr(raw)
            if str(address).split("/")[1::2] in (["ip4", "tcp"], ["ip6", "tcp"]):
                found.append(address)
        except Exception as error:
            logging.getLogger(__name__).debug("no address: %s", type(error).__name__)
    return found
