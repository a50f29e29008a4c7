"""``ports.Network``: the hosts of all open organisations, in one nursery of the engine's loop.

libp2p is imported in a thread when the first host starts, so that opening a folder or a window does not wait
for it.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from dao_app.app.addresses import AddressBook
from dao_app.app.errors import StorageError
from dao_app.app.ports import Clock, NetworkEvents, PeerInfo, Random, Replica, Signer, Verifier
from dao_app.app.views import Finding
from dao_app.core.invitation import Invitation
from dao_app.net import limits
from dao_app.net.gossip import Sealer
from dao_app.net.tools import Tools

if TYPE_CHECKING:
    from dao_app.net.node import Node

KnownAddresses = Callable[[bytes], AddressBook]
MakeSigner = Callable[[bytes], Signer]


class LibNetwork:
    """See the module; made by ``open_network``. ``known`` gives an organisation's address book, kept up here."""

    def __init__(
        self, nursery: trio.Nursery, tools: Tools, make_signer: MakeSigner, known: KnownAddresses
    ) -> None:
        self._nursery = nursery
        self._tools = tools
        self._make_signer = make_signer
        self._known = known
        self._nodes: dict[bytes, Node] = {}
        self._scopes: dict[bytes, trio.CancelScope] = {}
        self._ended: dict[bytes, trio.Event] = {}

    async def start(self, replica: Replica, signer: Signer, listen: Sequence[str], mdns: bool) -> None:
        """Bring the organisation's host up; returns when it listens (or has found that it cannot)."""
        await self._start(replica, signer, None, None, listen, mdns, ())

    async def start_joining(
        self, invitation: Invitation, replica: Replica, signer: Signer, listen: Sequence[str], mdns: bool
    ) -> None:
        bearer = self._make_signer(invitation.bearer_seed)
        await self._start(replica, signer, bearer, None, listen, mdns, invitation.addresses)

    async def start_restoring(
        self, root: Signer, addresses: Sequence[str], replica: Replica, signer: Signer, listen: Sequence[str],
        mdns: bool,
    ) -> None:
        await self._start(replica, signer, None, root, listen, mdns, addresses)

    async def _start(
        self, replica: Replica, signer: Signer, bearer: Signer | None, root: Signer | None, listen: Sequence[str],
        mdns: bool, invited_to: Sequence[str],
    ) -> None:
        org = replica.org_id
        if org in self._scopes:
            return
        self._scopes[org] = trio.CancelScope()
        self._ended[org] = trio.Event()
        started = trio.Event()
        self._nursery.start_soon(
            self._keep, replica, signer, bearer, root, tuple(listen), mdns, tuple(invited_to), started
        )
        await started.wait()

    async def _keep(
        self, replica: Replica, signer: Signer, bearer: Signer | None, root: Signer | None, listen: Sequence[str],
        mdns: bool, invited_to: Sequence[str], started: trio.Event,
    ) -> None:
        org = replica.org_id
        try:
            with self._scopes[org]:
                parts = await trio.to_thread.run_sync(importlib.import_module, "dao_app.net.node")
                clock, relays = self._tools.clock, self._tools.relays
                while True:
                    try:
                        node = self._nodes[org] = parts.Node(
                            self._tools, replica, signer, self._known(org), bearer, root
                        )
                        async with parts.open_host(signer, node.handlers(), clock.now_ms, relays) as host:
                            await node.run(host, listen, mdns, invited_to, started.set)
                    except* StorageError:
                        started.set()  # a full disk, a server that is away: the host is down until it may be back
                    await trio.sleep(limits.STORE_AWAY_S)
        finally:
            started.set()
            self._nodes.pop(org, None)
            self._scopes.pop(org)
            self._ended.pop(org).set()

    async def stop(self, org_id: bytes) -> None:
        ended = self._ended.get(org_id)
        if ended is not None:
            self._scopes[org_id].cancel()
            await ended.wait()

    def announce(self, org_id: bytes, envelopes: Sequence[bytes], certificates: Sequence[bytes]) -> None:
        node = self._nodes.get(org_id)
        if node is not None:
            node.announce(envelopes, certificates)

    def keys_changed(self, org_id: bytes) -> None:
        node = self._nodes.get(org_id)
        if node is not None:
            node.keys_changed()

    def announce_content(self, org_id: bytes, digests: Sequence[bytes]) -> None:
        node = self._nodes.get(org_id)
        if node is not None:
            node.announce_content(digests)

    def want_content(self, org_id: bytes) -> None:
        node = self._nodes.get(org_id)
        if node is not None:
            node.want_content()

    async def dial(self, org_id: bytes, address: str) -> bool:
        node = self._nodes.get(org_id)
        return node is not None and await node.dial(address)

    def addresses(self, org_id: bytes) -> tuple[str, ...]:
        node = self._nodes.get(org_id)
        return () if node is None else node.addresses()

    def peers(self, org_id: bytes) -> tuple[PeerInfo, ...]:
        node = self._nodes.get(org_id)
        return () if node is None else node.peers()

    def traffic(self, org_id: bytes) -> tuple[int, int]:
        node = self._nodes.get(org_id)
        return (0, 0) if node is None else node.traffic()

    async def diagnose(self, org_id: bytes) -> list[Finding]:
        node = self._nodes.get(org_id)
        return [] if node is None else node.diagnose()


@asynccontextmanager
async def open_network(
    events: NetworkEvents, clock: Clock, random: Random, verifier: Verifier, sealer: Sealer, make_signer: MakeSigner,
    known: KnownAddresses = lambda org_id: AddressBook(), announce: Sequence[str] = (), relays: bool = False,
) -> AsyncIterator[LibNetwork]:
    """The network while the block runs. ``make_signer`` turns an invitation's bearer seed into its signer; ``announce``
    and ``relays`` as in ``Tools``."""
    tools = Tools(events, clock, random, verifier, sealer, tuple(announce), relays)
    async with trio.open_nursery() as nursery:
        yield LibNetwork(nursery, tools, make_signer, known)
        nursery.cancel_scope.cancel()
