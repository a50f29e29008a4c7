"""Gossipsub among members only, in which nothing that a peer sends raises past the peer's own stream."""

from __future__ import annotations

import logging

from libp2p.abc import INetStream
from libp2p.host.basic_host import BasicHost
from libp2p.peer.id import ID
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub, get_content_addressed_msg_id

from dao_app.net.host_parts import quietly
from dao_app.net.limits import GOSSIP_BYTES_MAX

_GOSSIP_RPC_BYTES_MAX = 4 * GOSSIP_BYTES_MAX


class MembersPubsub(Pubsub):
    """See the module."""

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
            await quietly(stream.reset)
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
            if peer_id not in self.members:  # dismissed while its stream was being opened
                self.dismiss(peer_id)

    def welcome(self, peer_id: ID) -> None:
        """This peer is a member: exchange gossip with it."""
        self.members.add(peer_id)
        try:
            if self.manager.is_running:
                self.manager.run_task(self._handle_new_peer, peer_id)
        except Exception as error:  # pubsub itself is stopping
            logging.getLogger(__name__).debug("contained: %s", type(error).__name__)

    def dismiss(self, peer_id: ID) -> None:
        self.members.discard(peer_id)
        try:
            self._handle_dead_peer(peer_id)
        except Exception as error:  # pubsub itself is stopping
            logging.getLogger(__name__).debug("contained: %s", type(error).__name__)


