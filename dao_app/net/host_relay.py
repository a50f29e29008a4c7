"""Circuit relay v2 (libp2p/specs relay/circuit-v2.md): serving members, being reached and reaching through a member.

The library's own relay keeps one circuit per peer and writes its status into the data; so the exchanges are done here,
over the library's streams and messages. Invariants: nothing is served to, and no circuit taken from, whom ``is_member``
does not name; a relay learns who talks to whom and how much, and nothing of what they say: Noise runs end to end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import multiaddr  # type: ignore[import-untyped]
import trio
from libp2p.abc import INetStream
from libp2p.connection_types import ConnectionType
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.relay.circuit_v2.pb.circuit_pb2 import HopMessage, Limit, PeerId, Reservation, Status, StopMessage
from libp2p.utils.varint import encode_varint_prefixed, read_varint_prefixed_bytes_limited

from dao_app.net import limits
from dao_app.net.host_parts import connection_of, device_of, is_relayed, peer_id_of, quietly
from dao_app.net.relaying import Budget, Places

HOP_PROTOCOL = TProtocol("/libp2p/circuit/relay/0.2.0/hop")
STOP_PROTOCOL = TProtocol("/libp2p/circuit/relay/0.2.0/stop")
_LIMIT = Limit(duration=int(limits.CIRCUIT_S_MAX), data=limits.CIRCUIT_BYTES_MAX)


async def send_message(stream: INetStream, message: Any) -> None:
    """Write one control message. Raises what the library raises."""
    await stream.write(encode_varint_prefixed(message.SerializeToString()))


async def read_message(stream: INetStream, kind: type[Any]) -> Any:
    """Read one control message of bounded size. Raises what the library raises."""
    message = kind()
    message.ParseFromString(await read_varint_prefixed_bytes_limited(stream, limits.RELAY_MESSAGE_BYTES_MAX))
    return message


class Relay:
    """See the module. ``serves``: circuits of members may go through this device."""

    def __init__(
        self, basic: BasicHost, swarm: Swarm, is_member: Callable[[bytes], bool], serves: bool,
        now_ms: Callable[[], int],
    ) -> None:
        self._basic = basic
        self._swarm = swarm
        self._is_member = is_member
        self._now_ms = now_ms
        self.places = Places()
        self.used: dict[bytes, float] = {}  # relay → until when it keeps a place for this device
        basic.set_stream_handler(STOP_PROTOCOL, self._stop)
        if serves:
            basic.set_stream_handler(HOP_PROTOCOL, self._hop)

    def gone(self, device: bytes) -> None:
        """No connection is left: neither side keeps a place."""
        self.places.release(device)
        self.used.pop(device, None)

    # -- serving -------------------------------------------------------------------------------------
    async def _hop(self, stream: INetStream) -> None:
        try:
            await self._serve(stream)
        except Exception as error:  # whatever a peer makes the library raise ends its own stream
            logging.getLogger(__name__).debug("no circuit: %s", type(error).__name__)
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await quietly(stream.reset)

    async def _serve(self, stream: INetStream) -> None:
        source, connection = device_of(stream.muxed_conn.peer_id), connection_of(self._swarm, stream)
        if source is None or connection is None or is_relayed(connection) or not self._is_member(source):
            return
        with trio.fail_after(limits.RELAY_S_MAX):
            request = await read_message(stream, HopMessage)
            if request.type == HopMessage.RESERVE:
                await self._reserve_for(source, stream)
                return
        if request.type == HopMessage.CONNECT:
            await self._connect_for(source, device_of(ID(request.peer.id)), stream)

    async def _reserve_for(self, source: bytes, stream: INetStream) -> None:
        answer = HopMessage(type=HopMessage.STATUS, status=Status.RESERVATION_REFUSED)
        if self.places.reserve(source, trio.current_time()):
            until = self._now_ms() // 1000 + limits.RESERVATION_S
            answer = HopMessage(
                type=HopMessage.STATUS, status=Status.OK, reservation=Reservation(expire=until), limit=_LIMIT
            )
        await send_message(stream, answer)
        await stream.close()

    async def _connect_for(self, source: bytes, target: bytes | None, stream: INetStream) -> None:
        if target is None or not self.places.is_kept(target, trio.current_time()) or not self._is_member(target):
            await self._answer(stream, Status.NO_RESERVATION)
        elif not self.places.open_circuit(source, target):
            await self._answer(stream, Status.RESOURCE_LIMIT_EXCEEDED)
        else:
            try:
                await self._carry(source, target, stream)
            finally:
                self.places.close_circuit(source, target)

    async def _answer(self, stream: INetStream, status: Any) -> None:
        with trio.fail_after(limits.RELAY_S_MAX):
            await send_message(stream, HopMessage(type=HopMessage.STATUS, status=status, limit=_LIMIT))
            if status != Status.OK:
                await stream.close()

    async def _carry(self, source: bytes, target: bytes, stream: INetStream) -> None:
        onward: INetStream | None = None
        try:
            with trio.move_on_after(limits.RELAY_S_MAX):
                onward = await self._ask_target(source, target)
            await self._answer(stream, Status.CONNECTION_FAILED if onward is None else Status.OK)
            if onward is not None:
                with trio.move_on_after(limits.CIRCUIT_S_MAX):
                    await _join(stream, onward)
        finally:
            if onward is not None:
                with trio.CancelScope(shield=True), trio.move_on_after(1):
                    await quietly(onward.reset)

    async def _ask_target(self, source: bytes, target: bytes) -> INetStream | None:
        """A stream to the target that it takes as a circuit; None where it does not."""
        if not self._swarm.get_connections(peer_id_of(target)):
            return None
        onward = await self._basic.new_stream(peer_id_of(target), [STOP_PROTOCOL])
        try:
            peer = PeerId(id=peer_id_of(source).to_bytes())
            await send_message(onward, StopMessage(type=StopMessage.CONNECT, peer=peer, limit=_LIMIT))
            answer = await read_message(onward, StopMessage)
            if answer.type == StopMessage.STATUS and answer.status == Status.OK:
                return onward
        except BaseException:
            with trio.CancelScope(shield=True):
                await quietly(onward.reset)
            raise
        await quietly(onward.reset)
        return None

    # -- being reached -------------------------------------------------------------------------------
    async def reserve(self, relay: bytes) -> bool:
        """Ask a connected member's device to keep a place."""
        try:
            with trio.fail_after(limits.RELAY_S_MAX):
                stream = await self._basic.new_stream(peer_id_of(relay), [HOP_PROTOCOL])
                try:
                    await send_message(stream, HopMessage(type=HopMessage.RESERVE))
                    answer = await read_message(stream, HopMessage)
                finally:
                    with trio.CancelScope(shield=True):
                        await quietly(stream.reset)
        except Exception:  # serves nobody, or is gone
            return False
        if answer.type != HopMessage.STATUS or answer.status != Status.OK:
            return False
        left_s = min(max(0, answer.reservation.expire - self._now_ms() // 1000), limits.RESERVATION_S)
        self.used[relay] = trio.current_time() + left_s
        return True

    async def _stop(self, stream: INetStream) -> None:
        """A relay brings somebody. The stream lives on as a connection, or is reset."""
        try:
            relay = device_of(stream.muxed_conn.peer_id)
            if relay is None or relay not in self.used or not self._is_member(relay):
                raise ConnectionError("not asked for")
            with trio.fail_after(limits.RELAY_S_MAX):
                request = await read_message(stream, StopMessage)
                source = device_of(ID(request.peer.id))
                if request.type != StopMessage.CONNECT or source is None:
                    raise ConnectionError("no request")
                await send_message(stream, StopMessage(type=StopMessage.STATUS, status=Status.OK))
                address = _circuit(relay, source)
                raw = RawConnection(stream, False, ConnectionType.RELAYED, [address])
                muxed = await self._swarm.upgrade_inbound_raw_conn(raw, address)
            self._mark(muxed, address)
        except Exception as error:  # a stranger, garbage, or gone meanwhile
            logging.getLogger(__name__).debug("no circuit taken: %s", type(error).__name__)
            await quietly(stream.reset)

    # -- reaching ------------------------------------------------------------------------------------
    async def dial(self, relay: bytes, device: bytes) -> bool:
        """Connect to a device through a connected member's relay, within ``DIAL_S_MAX`` seconds."""
        try:
            with trio.fail_after(limits.DIAL_S_MAX):
                stream = await self._basic.new_stream(peer_id_of(relay), [HOP_PROTOCOL])
                try:
                    peer = PeerId(id=peer_id_of(device).to_bytes())
                    await send_message(stream, HopMessage(type=HopMessage.CONNECT, peer=peer))
                    answer = await read_message(stream, HopMessage)
                    if answer.type != HopMessage.STATUS or answer.status != Status.OK:
                        raise ConnectionError("refused")
                    address = _circuit(relay, device)
                    raw = RawConnection(stream, True, ConnectionType.RELAYED, [address])
                    connection = await self._swarm.upgrade_outbound_raw_conn(raw, peer_id_of(device))
                except BaseException:
                    with trio.CancelScope(shield=True):
                        await quietly(stream.reset)
                    raise
            self._mark(connection.muxed_conn, address)
        except Exception:  # serves nobody, knows no such device, another key, timed out
            return False
        return True

    def _mark(self, muxed: Any, address: multiaddr.Multiaddr) -> None:
        """The library does not see that such a connection is relayed."""
        connection: Any
        for connection in self._swarm.get_connections(muxed.peer_id):
            if connection.muxed_conn is muxed:
                connection.set_transport_info([address], ConnectionType.RELAYED)


def _circuit(relay: bytes, device: bytes) -> multiaddr.Multiaddr:
    return multiaddr.Multiaddr(f"/p2p/{peer_id_of(relay)}/p2p-circuit/p2p/{peer_id_of(device)}")


async def _join(one: INetStream, two: INetStream) -> None:
    """Carry bytes both ways until either side ends, or the budget is used up."""
    budget = Budget(limits.CIRCUIT_BYTES_MAX)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_pour, one, two, budget, nursery.cancel_scope)
        nursery.start_soon(_pour, two, one, budget, nursery.cancel_scope)


async def _pour(source: INetStream, target: INetStream, budget: Budget, scope: trio.CancelScope) -> None:
    try:
        while True:
            data = await source.read(limits.CIRCUIT_READ_BYTES)
            if not data or not budget.take(len(data)):
                return
            with trio.fail_after(limits.CIRCUIT_WRITE_S_MAX):
                await target.write(data)
    except Exception:  # the end of a stream, reset, too slow
        return
    finally:
        scope.cancel()
