"""What the modules around ``net.host`` share: names of peers, addresses of this machine, containing the library.

Peers are named by their device keys: a device key is the libp2p key of its organisation's host.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from libp2p.abc import INetConn, INetStream
from libp2p.connection_types import ConnectionType
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.utils.address_validation import get_available_interfaces

from dao_app.app.addresses import KEY_PREFIX

ByteStream = INetStream


def peer_id_of(device: bytes) -> ID:
    return ID(KEY_PREFIX + device)


def device_of(peer_id: ID) -> bytes | None:
    """The device key in a peer id; None for peers with other keys."""
    raw = peer_id.to_bytes()
    return raw[len(KEY_PREFIX) :] if len(raw) == 38 and raw.startswith(KEY_PREFIX) else None


async def quietly(work: Callable[[], Awaitable[Any]]) -> None:
    """Do it; what the library raises ends here."""
    try:
        await work()
    except Exception as error:
        logging.getLogger(__name__).debug("contained: %s", type(error).__name__)


def is_relayed(connection: INetConn) -> bool:
    """Does this connection go through a member's relay?"""
    return connection.get_connection_type() == ConnectionType.RELAYED


def connection_of(swarm: Swarm, stream: ByteStream) -> INetConn | None:
    """The connection that carries a stream; None when it is gone."""
    for connection in swarm.get_connections(stream.muxed_conn.peer_id):
        if connection.muxed_conn is stream.muxed_conn:
            return connection
    return None


def is_taken(address: str) -> bool:
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


def spelled_out(address: str) -> list[str]:
    """An address on all interfaces as those that others can dial, loopback last."""
    for wildcard, family in (("/ip4/0.0.0.0/", "ip4"), ("/ip6/::/", "ip6")):
        if address.startswith(wildcard):
            rest = address[len(wildcard) :]
            return [f"/{family}/{ip}/{rest}" for ip in _interfaces(family)]
    return [address]


def _interfaces(family: str) -> list[str]:
    found = []
    for address in get_available_interfaces(1):
        ip = address.value_for_protocol(family) if f"/{family}/" in str(address) else None
        if ip:
            found.append(ip)
    found.sort(key=lambda ip: ip.startswith("127.") or ip == "::1")
    return found or ["127.0.0.1" if family == "ip4" else "::1"]
