"""The only module that knows libp2p: one host of one organisation's device.

TCP, Noise and Yamux and nothing else (the library's default would also accept plain text). Everything that a
peer can make the library raise is contained here; peers are named by their device keys. Importing this module
imports libp2p (about a second), so it is imported when the first host starts.
"""

from __future__ import annotations

import functools
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import multiaddr  # type: ignore[import-untyped]
import trio
from libp2p import new_swarm
from libp2p.abc import INetConn, INetStream, INetwork, INotifee, IRawConnection
from libp2p.crypto.ed25519 import Ed25519PublicKey
from libp2p.crypto.keys import KeyPair, KeyType, PrivateKey, PublicKey
from libp2p.crypto.x25519 import create_new_key_pair as new_x25519_key_pair
from libp2p.custom_types import TProtocol
from libp2p.discovery.mdns.mdns import MDNSDiscovery, create_mdns_discovery
from libp2p.host.basic_host import BasicHost
from libp2p.network.auto_connector import AutoConnector
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub, get_content_addressed_msg_id
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_ID
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_ID
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.tcp.tcp import TCP

from dao_app.app.ports import Signer
from dao_app.net.limits import CLOSE_S_MAX, DIAL_S_MAX, GOSSIP_BYTES_MAX, READ_BYTES

SYNC_PROTOCOL = TProtocol("/guildhall/sync/1")
GOSSIP_PROTOCOL = TProtocol("/meshsub/1.1.0")
MDNS_NAME = "guildhall"  # the same for all organisations: the LAN learns that the program runs, not for whom
_KEY_PREFIX = b"\x00\x24\x08\x01\x12\x20"  # identity multihash of an Ed25519 public key
_GOSSIP_RPC_BYTES_MAX = 4 * GOSSIP_BYTES_MAX

# After the import, because importing the library sets its loggers up; what peers do is no news for our log.
_LIBRARIES = ("libp2p", "multiaddr", "zeroconf")
for _name in (*_LIBRARIES, *list(logging.root.manager.loggerDict)):
    if _name.partition(".")[0] in _LIBRARIES:
        logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
        logging.getLogger(_name).propagate = False

ByteStream = INetStream
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


def peer_id_of(device: bytes) -> ID:
    return ID(_KEY_PREFIX + device)


def device_of(peer_id: ID) -> bytes | None:
    """The device key in a peer id; None for peers with other keys."""
    raw = peer_id.to_bytes()
    return raw[len(_KEY_PREFIX) :] if len(raw) == 38 and raw.startswith(_KEY_PREFIX) else None


def device_in(address: str) -> bytes | None:
    """The device key in a multiaddress that ends with /p2p/…, or None where it is none."""
    try:
        return device_of(info_from_p2p_addr(multiaddr.Multiaddr(address)).peer_id)
    except Exception:  # the library raises many kinds for foreign text
        return None


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the host tells its node. ``gossip`` says whether a message is good and may be passed on."""

    stream: StreamHandler
    connected: Callable[[bytes, str], None]
    disconnected: Callable[[bytes], None]
    gossip: GossipHandler


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


class MembersPubsub(Pubsub):
    """Pubsub with members only, in which nothing that a peer sends raises past the peer's own stream."""

    def __init__(self, host: BasicHost, router: GossipSub) -> None:
        self.members: set[ID] = set()
        super().__init__(
            host,
            router,
            strict_signing=False,  # what is inside is sealed and signed by us
            msg_id_constructor=get_content_addressed_msg_id,
            max_inbound_rpc_size=_GOSSIP_RPC_BYTES_MAX,
            max_subscriptions_per_rpc=8,
            max_subscriptions_per_peer=8,
        )

    async def stream_handler(self, stream: INetStream) -> None:
        if stream.muxed_conn.peer_id not in self.members:
            await stream.reset()
            return
        await super().stream_handler(stream)

    async def continuously_read_stream(self, stream: INetStream) -> None:
        try:
            await super().continuously_read_stream(stream)
        except Exception:  # garbage in any layer of the library; only this peer's stream ends
            await _quietly(stream.reset)
            self._handle_dead_peer(stream.muxed_conn.peer_id)

    async def push_msg(self, msg_forwarder: ID, msg: rpc_pb2.Message) -> None:
        try:
            await super().push_msg(msg_forwarder, msg)
        except Exception:  # such as a sender id that is none: the message is dropped
            return

    async def _handle_new_peer(self, peer_id: ID) -> None:
        if peer_id in self.members:
            try:
                await super()._handle_new_peer(peer_id)
            except Exception as error:  # gone meanwhile; the next hello tries again
                logging.getLogger(__name__).debug("no gossip stream: %s", type(error).__name__)

    def welcome(self, peer_id: ID) -> None:
        """This peer is a member: exchange gossip with it."""
        self.members.add(peer_id)
        if self.manager.is_running:
            self.manager.run_task(self._handle_new_peer, peer_id)

    def dismiss(self, peer_id: ID) -> None:
        self.members.discard(peer_id)
        self._handle_dead_peer(peer_id)


class _Tcp(TCP):
    """Remembers the connections that it dialled: the library leaves them open where the peer closed first."""

    def __init__(self) -> None:
        super().__init__()
        self._dialled: dict[str, list[IRawConnection]] = {}

    async def dial(self, maddr: multiaddr.Multiaddr) -> IRawConnection:
        connection = await super().dial(maddr)
        self._dialled.setdefault(str(maddr), []).append(connection)
        return connection

    async def close_dialled(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            for connection in self._dialled.pop(address, []):
                await _quietly(connection.close)

    async def close(self) -> None:
        await self.close_dialled(list(self._dialled))


class _NoAutoConnector(AutoConnector):
    """Whom to dial is decided by our own book and back-off alone."""

    async def maybe_connect(self) -> None:
        return


class Host:
    """See the module."""

    def __init__(
        self, basic: BasicHost, swarm: Swarm, tcp: _Tcp, pubsub: MembersPubsub, handlers: Handlers
    ) -> None:
        self._basic = basic
        self._tcp = tcp
        self._dialled_at: dict[bytes, set[str]] = {}
        self._swarm = swarm
        self._pubsub = pubsub
        self._handlers = handlers
        self._mdns: MDNSDiscovery | None = None
        self._topic: str | None = None

    async def listen(self, address: str) -> bool:
        """Listen on one more address; False where it is taken or cannot be used."""
        if _is_taken(address):
            return False
        try:
            return await self._swarm.listen(multiaddr.Multiaddr(address))
        except Exception:  # the library raises many kinds for addresses that it cannot use
            return False

    def addresses(self) -> list[str]:
        """Where this host can be reached, with /p2p/; an address for all interfaces is spelled out."""
        found: list[str] = []
        for address in self._basic.get_transport_addrs():
            found += _spelled_out(str(address))
        return [f"{a}/p2p/{self._basic.get_id()}" for a in dict.fromkeys(found)]

    async def dial(self, address: str) -> bytes | None:
        """Connect; the device reached, or None. Gives up after ``DIAL_S_MAX`` seconds."""
        try:
            info = info_from_p2p_addr(multiaddr.Multiaddr(address))
            device = device_of(info.peer_id)
            if device is None:
                return None
            self._dialled_at.setdefault(device, set()).update(map(str, info.addrs))
            self._swarm.peerstore.clear_addrs(info.peer_id)  # try what was asked for, not what was known
            self._swarm.unblock_peer(info.peer_id)  # when to dial again is decided by our own back-off
            with trio.fail_after(DIAL_S_MAX):
                await self._basic.connect(info)
        except Exception:  # unreachable, refused, other key, malformed address, timed out: not reached
            return None
        return device

    async def open_stream(self, device: bytes) -> ByteStream | None:
        """A sync stream to a connected device; None where it speaks no such protocol or is gone."""
        try:
            with trio.fail_after(DIAL_S_MAX):
                return await self._basic.new_stream(peer_id_of(device), [SYNC_PROTOCOL])
        except Exception:  # gone meanwhile, or another protocol
            return None

    def is_connected(self, device: bytes) -> bool:
        return bool(self._swarm.get_connections(peer_id_of(device)))

    async def disconnect(self, device: bytes) -> None:
        """Close all connections to a device."""
        await _quietly(functools.partial(self._basic.disconnect, peer_id_of(device)))
        await self._tcp.close_dialled(self._dialled_at.pop(device, ()))

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
            await _quietly(functools.partial(self._pubsub.publish, self._topic, data))

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
        ports = [a.value_for_protocol("tcp") for a in self._basic.get_transport_addrs()]
        if not ports or self._mdns is not None:
            return False
        try:
            self._mdns = await trio.to_thread.run_sync(self._make_mdns, int(ports[0]))
        except Exception:  # no network interface, port 5353 kept by others
            return False
        return True

    def _make_mdns(self, port: int) -> MDNSDiscovery:
        found = create_mdns_discovery(
            self._swarm, port, private_network_fingerprint=MDNS_NAME, host=self._basic
        )
        found.broadcaster.register()
        return found

    def seen_in_lan(self) -> list[str]:
        """Addresses of hosts that announce themselves now."""
        if self._mdns is None:
            return []
        found = []
        for peer_id, _ in list(self._mdns.listener.discovered_services.values()):
            found += [f"{address}/p2p/{peer_id}" for address in self._known_addresses(peer_id)]
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
                await _quietly(stream.reset)

    def connection_changed(self, peer_id: ID, connection: INetConn, connected: bool) -> None:
        device = device_of(peer_id)
        if device is None:
            return
        if connected:
            self._handlers.connected(device, _remote_address(connection, peer_id))
        elif not self.is_connected(device):
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
        await _quietly(stream.reset)


async def _quietly(work: Callable[[], Awaitable[Any]]) -> None:
    try:
        await work()
    except Exception as error:
        logging.getLogger(__name__).debug("contained: %s", type(error).__name__)


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


def _is_taken(address: str) -> bool:
    """Does a program listen there already? The library shares ports (SO_REUSEPORT) and would not notice."""
    parts = address.split("/")
    if len(parts) < 5 or parts[1] not in ("ip4", "ip6") or parts[3] != "tcp" or not parts[4].isdecimal():
        return False
    family = socket.AF_INET if parts[1] == "ip4" else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what was closed just now is free
        try:
            probe.bind((parts[2], int(parts[4])))
        except (OSError, OverflowError):
            return True
    return False


def _spelled_out(address: str) -> list[str]:
    """An address on all interfaces as those that others can dial, loopback last."""
    for wildcard, family in (("/ip4/0.0.0.0/", "ip4"), ("/ip6/::/", "ip6")):
        if address.startswith(wildcard):
            rest = address[len(wildcard) :]
            return [f"/{family}/{ip}/{rest}" for ip in _interfaces(family)]
    return [address]


def _interfaces(family: str) -> list[str]:
    from libp2p.utils.address_validation import get_available_interfaces

    found = []
    for address in get_available_interfaces(1):
        ip = address.value_for_protocol(family) if f"/{family}/" in str(address) else None
        if ip:
            found.append(ip)
    found.sort(key=lambda ip: ip.startswith("127.") or ip == "::1")
    return found or ["127.0.0.1" if family == "ip4" else "::1"]


async def _close_host(basic: BasicHost, tcp: _Tcp) -> None:
    """Close connections and sockets before tasks are cancelled, or the library leaves them open."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(CLOSE_S_MAX):
            await _quietly(basic.close)
        with trio.move_on_after(CLOSE_S_MAX):
            await tcp.close()


@asynccontextmanager
async def open_host(signer: Signer, handlers: Handlers) -> AsyncIterator[Host]:
    """A running host that listens nowhere yet."""
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
    host = Host(basic, swarm, tcp, pubsub, handlers)
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
