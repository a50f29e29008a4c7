"""One host of one organisation's device: with ``net.host_*`` beside it, all that knows libp2p.

TCP, Noise and Yamux and nothing else (the library's default would also accept plain text). Everything that a
peer can make the library raise is contained here; peers are named by their device keys. Importing this module
imports libp2p (about a second), so it is imported when the first host starts.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import multiaddr  # type: ignore[import-untyped]
import trio
from libp2p import new_swarm
from libp2p.abc import INetConn, INetStream, INetwork, INotifee, IRawConnection
from libp2p.crypto.ed25519 import Ed25519PublicKey
from libp2p.crypto.keys import KeyPair, KeyType, PrivateKey, PublicKey
from libp2p.crypto.x25519 import create_new_key_pair as new_x25519_key_pair
from libp2p.custom_types import THandler, TProtocol
from libp2p.discovery.mdns.mdns import MDNSDiscovery, create_mdns_discovery
from libp2p.host.basic_host import BasicHost
from libp2p.io.abc import ReadWriteCloser
from libp2p.network.auto_connector import AutoConnector
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_ID
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_ID
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.tcp.tcp import TCP, TCPListener

from dao_app.app.ports import Signer
from dao_app.net import limits
from dao_app.net.host_parts import (
    ByteStream,
    connection_of,
    device_of,
    is_relayed,
    is_taken,
    peer_id_of,
    quietly,
    spelled_out,
)
from dao_app.net.host_pubsub import MembersPubsub
from dao_app.net.host_punch import Puncher, Seen
from dao_app.net.host_relay import Relay
from dao_app.net.limits import CLOSE_S_MAX, DIAL_S_MAX, HEAD_START_S, READ_BYTES
from dao_app.net.meters import Gate

SYNC_PREFIX = "/guildhall/sync/"
SYNC_PROTOCOL = TProtocol(f"{SYNC_PREFIX}1")
IDENTIFY_TRIES, IDENTIFY_STEP_S = 10, 0.1  # within which a peer says which protocols it speaks
GOSSIP_PROTOCOL = TProtocol("/meshsub/1.1.0")
MDNS_ADDRESSES_MAX = 8
LAN_DEVICES_MAX = 256  # looked at, of all that announce themselves
MDNS_NAME = "guildhall"  # the same for all organisations: the LAN learns that the program runs, not for whom

# After the import, because importing the library sets its loggers up; what peers do is no news for our log.
_LIBRARIES = ("libp2p", "multiaddr", "zeroconf")
for _name in (*_LIBRARIES, *list(logging.root.manager.loggerDict)):
    if _name.partition(".")[0] in _LIBRARIES:
        logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
        logging.getLogger(_name).propagate = False

StreamHandler = Callable[[bytes, ByteStream], Awaitable[None]]
GossipHandler = Callable[[bytes, bytes], Awaitable[bool]]


class _DeviceKey(PrivateKey):
    """The device key as libp2p wants it; it signs through the signer and has no bytes."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def to_bytes(self) -> bytes:
        raise ValueError("the device key stays with its signer")

    def get_type(self) -> KeyType:
        return KeyType.Ed25519

    def sign(self, data: bytes) -> bytes:
        return self._signer.sign(data)

    def get_public_key(self) -> PublicKey:
        return Ed25519PublicKey.from_bytes(self._signer.public)


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the host tells its node. ``gossip`` says whether a message is good and may be passed on; ``member``
    whether a device is a linked member's."""

    stream: StreamHandler
    connected: Callable[[bytes, str], None]
    disconnected: Callable[[bytes], None]
    gossip: GossipHandler
    member: Callable[[bytes], bool] = lambda device: False


class _Watch(INotifee):
    """Connections come and go. ``told`` gets (device, connected)."""

    def __init__(self, told: Callable[[ID, INetConn, bool], None]) -> None:
        self._told = told

    async def connected(self, network: INetwork, conn: INetConn) -> None:
        self._told(conn.muxed_conn.peer_id, conn, True)

    async def disconnected(self, network: INetwork, conn: INetConn) -> None:
        self._told(conn.muxed_conn.peer_id, conn, False)

    async def opened_stream(self, network: INetwork, stream: INetStream) -> None: ...
    async def closed_stream(self, network: INetwork, stream: INetStream) -> None: ...
    async def listen(self, network: INetwork, multiaddr: multiaddr.Multiaddr) -> None: ...
    async def listen_close(self, network: INetwork, multiaddr: multiaddr.Multiaddr) -> None: ...


class _Tcp(TCP):
    """Turns away who knocks too often, before any handshake; and remembers the connections that it dialled: the
    library leaves them open where the peer closed first."""

    def __init__(self) -> None:
        super().__init__()
        one, all_ = limits.KNOCKS, limits.KNOCKS_ALL
        self._gate = Gate(one, all_, limits.KNOCKERS_MAX, trio.current_time())
        self._dialled: dict[str, list[IRawConnection]] = {}  # by the peer's id

    def create_listener(self, handler_function: THandler) -> TCPListener:
        async def gated(stream: ReadWriteCloser) -> None:
            remote = stream.get_remote_address()
            if self._gate.admits(remote[0] if remote is not None else "", trio.current_time()):
                await handler_function(stream)
            else:
                await quietly(stream.close)

        return super().create_listener(gated)

    async def dial(self, maddr: multiaddr.Multiaddr) -> IRawConnection:
        return self._keep(maddr, await super().dial(maddr))

    async def dial_with_source(self, maddr: multiaddr.Multiaddr, source: tuple[str, int]) -> IRawConnection:
        return self._keep(maddr, await super().dial_with_source(maddr, source))

    def _keep(self, maddr: multiaddr.Multiaddr, connection: IRawConnection) -> IRawConnection:
        self._dialled.setdefault(str(maddr).rpartition("/p2p/")[2], []).append(connection)
        return connection

    async def close_dialled(self, peers: Iterable[str]) -> None:
        for peer in peers:
            for connection in self._dialled.pop(peer, []):
                await quietly(connection.close)

    async def close(self) -> None:
        await self.close_dialled(list(self._dialled))


class _NoAutoConnector(AutoConnector):
    """Whom to dial is decided by our own book and back-off alone."""

    async def maybe_connect(self) -> None:
        return


class Host:
    """See the module."""

    def __init__(
        self, basic: BasicHost, swarm: Swarm, tcp: _Tcp, pubsub: MembersPubsub, handlers: Handlers, relay: Relay
    ) -> None:
        self._basic = basic
        self._tcp = tcp
        self._swarm = swarm
        self._pubsub = pubsub
        self._handlers = handlers
        self._relay = relay
        self._puncher = Puncher(basic, swarm, tcp, handlers.member, self._listens)
        self._mdns: MDNSDiscovery | None = None
        self._topic: str | None = None

    async def listen(self, address: str) -> bool:
        """Listen on one more address; False where it is taken or cannot be used."""
        if is_taken(address):
            return False
        try:
            return await self._swarm.listen(multiaddr.Multiaddr(address))
        except Exception:  # the library raises many kinds for addresses that it cannot use
            return False

    def addresses(self) -> list[str]:
        """Where this host can be reached, with /p2p/; an address for all interfaces is spelled out."""
        found: list[str] = []
        for address in self._basic.get_transport_addrs():
            found += spelled_out(str(address))
        return [f"{a}/p2p/{self._basic.get_id()}" for a in dict.fromkeys(found)]

    def _listens(self) -> list[tuple[str, int]]:
        """IP version ("ip4") and port of each address that this host listens on."""
        parts = [str(address).split("/") for address in self._basic.get_transport_addrs()]
        return [(part[1], int(part[4])) for part in parts if len(part) > 4 and part[3] == "tcp"]

    async def dial(self, device: bytes, addresses: Sequence[str]) -> str:
        """Connect to a device; the address that answered, or "". Addresses are tried with a short head start for each
        before the next; gives up after ``DIAL_S_MAX`` seconds, and ``HEAD_START_S`` for each further address."""
        answered: list[str] = []
        if self.is_connected(device) or not addresses:
            return addresses[0] if addresses else ""
        async with trio.open_nursery() as nursery:
            for address in addresses:
                failed = trio.Event()
                nursery.start_soon(self._dial_one, device, address, answered, failed, nursery.cancel_scope)
                with trio.move_on_after(HEAD_START_S):
                    await failed.wait()
        return answered[0] if answered else ""

    async def _dial_one(
        self, device: bytes, address: str, answered: list[str], failed: trio.Event, scope: trio.CancelScope
    ) -> None:
        peer_id = peer_id_of(device)
        self._swarm.unblock_peer(peer_id)  # when to dial again is decided by our own back-off
        try:
            with trio.fail_after(DIAL_S_MAX):
                await self._swarm.dial_addr(multiaddr.Multiaddr(address.rpartition("/p2p/")[0]), peer_id)
        except Exception:  # unreachable, refused, other key, timed out: not reached
            failed.set()
            return
        answered.append(address)
        scope.cancel()

    async def open_stream(self, device: bytes) -> ByteStream | None:
        """A sync stream to a connected device; None where it speaks no such protocol or is gone."""
        try:
            with trio.fail_after(DIAL_S_MAX):
                return await self._basic.new_stream(peer_id_of(device), [SYNC_PROTOCOL])
        except Exception:  # gone meanwhile, or another protocol
            return None

    async def speaks_another_version(self, device: bytes) -> bool:
        """Does a connected device offer the sync protocol in another version only?"""
        for _ in range(IDENTIFY_TRIES):
            try:
                offered = [str(name) for name in self._swarm.peerstore.get_protocols(peer_id_of(device))]
            except Exception:  # it has not said yet
                offered = []
            if offered or not self.is_connected(device):
                return any(name.startswith(SYNC_PREFIX) and name != SYNC_PROTOCOL for name in offered)
            await trio.sleep(IDENTIFY_STEP_S)
        return False

    def is_connected(self, device: bytes) -> bool:
        return bool(self._swarm.get_connections(peer_id_of(device)))

    def goes_through_relay(self, stream: ByteStream) -> bool:
        """Is this stream carried by a member's relay?"""
        connection = connection_of(self._swarm, stream)
        return connection is not None and is_relayed(connection)

    def delay_ms(self, device: bytes) -> int | None:
        """The last round trip to a connected device; None before one was measured."""
        for health in self._swarm.health_data.get(peer_id_of(device), {}).values():
            if health.ping_latency > 0:
                return max(1, round(health.ping_latency))
        return None

    async def disconnect(self, device: bytes) -> None:
        """Close all connections to a device."""
        await quietly(functools.partial(self._basic.disconnect, peer_id_of(device)))
        await self._tcp.close_dialled([str(peer_id_of(device))])

    # -- through members -------------------------------------------------------------------------------
    async def dial_through(self, relay: bytes, device: bytes) -> bool:
        """Connect to a device through a connected member's relay."""
        return self.is_connected(device) or await self._relay.dial(relay, device)

    async def reserve(self, relay: bytes) -> bool:
        """Ask a connected member's device to keep a place, so that others reach us through it."""
        return await self._relay.reserve(relay)

    def places(self) -> dict[bytes, float]:
        """Relays that keep a place for this device, and until when (trio's clock)."""
        now = trio.current_time()
        return {relay: until for relay, until in self._relay.used.items() if until > now}

    def is_direct(self, device: bytes) -> bool:
        """Is there a connection to this device that no relay carries?"""
        return self._puncher.is_direct(device)

    async def punch(self, device: bytes, known: Sequence[str]) -> bool:
        """From a relayed connection to a direct one: at known addresses, or if the routers between let it through."""
        return await self._puncher.punch(device, known)

    async def leave_relay(self, device: bytes) -> None:
        """Close the relayed connections to a device that is connected directly."""
        for connection in self._swarm.get_connections(peer_id_of(device)):
            if is_relayed(connection) and self._puncher.is_direct(device):
                await quietly(connection.close)

    async def ask_back(self, device: bytes, ports: Sequence[int]) -> Seen | None:
        """Ask a member's device from where we come and which of these ports it reaches there."""
        return await self._puncher.ask_back(device, ports)

    # -- gossip ------------------------------------------------------------------------------------
    async def join_topic(self, topic: str) -> None:
        """Take part in this topic alone."""
        if self._topic == topic:
            return
        if self._topic is not None:
            await self._pubsub.unsubscribe(self._topic)
            self._pubsub.remove_topic_validator(self._topic)
        self._topic = topic
        self._pubsub.set_topic_validator(topic, self._validate, is_async_validator=True)
        await self._pubsub.subscribe(topic)

    async def publish(self, data: bytes) -> None:
        if self._topic is not None:
            await quietly(functools.partial(self._pubsub.publish, self._topic, data))

    def welcome(self, device: bytes) -> None:
        self._pubsub.welcome(peer_id_of(device))

    def dismiss(self, device: bytes) -> None:
        self._pubsub.dismiss(peer_id_of(device))

    async def _validate(self, forwarder: ID, message: rpc_pb2.Message) -> bool:
        if forwarder == self._basic.get_id():
            return True
        device = device_of(forwarder)
        return device is not None and await self._handlers.gossip(device, bytes(message.data))

    # -- discovery in the LAN ------------------------------------------------------------------------
    async def start_mdns(self) -> bool:
        """Announce this host in the LAN and look for others; False where the machine allows no multicast."""
        listens = self._listens()
        if not listens or self._mdns is not None:
            return False
        try:
            self._mdns = await trio.to_thread.run_sync(self._make_mdns, listens[0][1])
        except Exception:  # no network interface, port 5353 kept by others
            return False
        return True

    def _make_mdns(self, port: int) -> MDNSDiscovery:
        # Addresses spelled out: given the host, the library would announce 0.0.0.0, where everybody finds himself.
        here = [address.partition("/p2p/")[0] for address in self.addresses()]
        elsewhere = [address for address in here if "/127." not in address and "/ip6/::1/" not in address]
        found = create_mdns_discovery(
            self._swarm, port, (elsewhere or here)[:MDNS_ADDRESSES_MAX], private_network_fingerprint=MDNS_NAME
        )
        found.broadcaster.register()
        return found

    def seen_in_lan(self) -> dict[bytes, list[str]]:
        """Devices that announce themselves now, with their addresses."""
        found: dict[bytes, list[str]] = {}
        services = list(self._mdns.listener.discovered_services.values()) if self._mdns is not None else []
        for peer_id, _ in services[:LAN_DEVICES_MAX]:
            device = device_of(peer_id)
            if device is not None:
                found[device] = [f"{address}/p2p/{peer_id}" for address in self._known_addresses(peer_id)]
        return found

    def _known_addresses(self, peer_id: ID) -> list[multiaddr.Multiaddr]:
        try:
            return list(self._swarm.peerstore.addrs(peer_id))
        except Exception:  # forgotten meanwhile
            return []

    async def stop_mdns(self) -> None:
        discovery, self._mdns = self._mdns, None
        if discovery is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(_close_mdns, discovery)

    # -- from the library ----------------------------------------------------------------------------
    async def take_stream(self, stream: INetStream) -> None:
        """Handler of the sync protocol: what goes wrong with a stream ends with it."""
        device = device_of(stream.muxed_conn.peer_id)
        try:
            if device is not None:
                await self._handlers.stream(device, stream)
        finally:
            with trio.CancelScope(shield=True):
                await quietly(stream.reset)

    def connection_changed(self, peer_id: ID, connection: INetConn, connected: bool) -> None:
        device = device_of(peer_id)
        if device is None:
            return
        if connected:
            self._handlers.connected(device, _remote_address(connection, peer_id))
        elif not self.is_connected(device):
            self._relay.gone(device)
            self._puncher.gone(device)
            self._handlers.disconnected(device)


async def read_some(stream: ByteStream) -> bytes:
    """The next bytes; b"" at the end of the stream, however it ended."""
    try:
        return await stream.read(READ_BYTES)
    except Exception:  # end, reset, connection lost, and whatever else the library raises for them
        return b""


async def write_all(stream: ByteStream, data: bytes) -> bool:
    """Write; False where the stream is gone."""
    try:
        await stream.write(data)
    except Exception:  # reset, connection lost
        return False
    return True


async def close_stream(stream: ByteStream) -> None:
    with trio.CancelScope(shield=True), trio.move_on_after(1):
        await quietly(stream.reset)


def _close_mdns(discovery: MDNSDiscovery) -> None:
    for step in (discovery.broadcaster.unregister, discovery.listener.stop, discovery.zeroconf.close):
        try:
            step()
        except Exception as error:
            logging.getLogger(__name__).debug("contained: %s", type(error).__name__)


def _remote_address(connection: INetConn, peer_id: ID) -> str:
    try:
        addresses = connection.get_transport_addresses()
        return f"{addresses[0]}/p2p/{peer_id}" if addresses else ""
    except Exception:  # gone meanwhile
        return ""


async def _close_host(basic: BasicHost, tcp: _Tcp) -> None:
    """Close connections and sockets before tasks are cancelled, or the library leaves them open."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(CLOSE_S_MAX):
            await quietly(basic.close)
        with trio.move_on_after(CLOSE_S_MAX):
            await tcp.close()


@asynccontextmanager
async def open_host(
    signer: Signer, handlers: Handlers, now_ms: Callable[[], int], relays: bool = False
) -> AsyncIterator[Host]:
    """A running host that listens nowhere yet. ``relays``: members may reach each other through it."""
    private = _DeviceKey(signer)
    pair = KeyPair(private, private.get_public_key())
    noise = NoiseTransport(pair, noise_privkey=new_x25519_key_pair().private_key)
    tcp = _Tcp()
    swarm = cast(Swarm, new_swarm(
        transports=[tcp],
        key_pair=pair,
        sec_opt={NOISE_ID: noise},
        muxer_opt={TProtocol(YAMUX_ID): Yamux},
        retry_config=RetryConfig(max_retries=0),  # dialling again is ours, with back-off
        connection_config=ConnectionConfig(
            enable_health_monitoring=True,  # a frozen peer is noticed within seven seconds
            health_initial_delay=1,
            health_check_interval=2,
            health_warmup_window=0,
            ping_timeout=4,  # a loop that applies a large batch on a busy machine answers within that
            abort_connection_on_ping_failure=True,
            outbound_stream_protocol_negotiation_timeout=DIAL_S_MAX,
        ),
    ))
    swarm.auto_connector = _NoAutoConnector(swarm)
    basic = BasicHost(network=swarm, disable_identify_address_discovery=True)
    router = GossipSub(
        protocols=[GOSSIP_PROTOCOL],
        degree=6,
        degree_low=4,
        degree_high=12,
        heartbeat_interval=1,
        spam_protection_enabled=False,  # ours limits hints per peer and never loses an honest one
        eclipse_protection_enabled=False,  # all peers are certified devices, and may share an address
    )
    pubsub = MembersPubsub(basic, router)
    relay = Relay(basic, swarm, handlers.member, relays, now_ms)
    host = Host(basic, swarm, tcp, pubsub, handlers, relay)
    basic.set_stream_handler(SYNC_PROTOCOL, host.take_stream)
    swarm.register_notifee(_Watch(host.connection_changed))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(basic.run(listen_addrs=[]))
        await stack.enter_async_context(background_trio_service(pubsub))
        await stack.enter_async_context(background_trio_service(router))
        await pubsub.wait_until_ready()
        stack.push_async_callback(_close_host, basic, tcp)
        stack.push_async_callback(host.stop_mdns)
        yield host
