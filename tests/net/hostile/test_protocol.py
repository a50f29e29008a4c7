"""Hostile peers over real libp2p: whatever they send or leave out, the node stays up and serves its members."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.pubsub.pb import rpc_pb2

from dao_app.core.encoding import encode
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip, limits
from dao_app.net import messages as m
from dao_app.net.codec import FrameReader, frame
from dao_app.net.host import GOSSIP_PROTOCOL, SYNC_PROTOCOL, Host, read_some, write_all
from dao_app.net.network import LibNetwork
from dao_app.platform.random import SystemRandom
from tests.net.hostile.kit import GARBAGE, PROTOCOLS, Camp, greeted, hostile_host, raw_stream, send_raw
from tests.net.test_loopback import Party
from tests.net.worlds import ORG_KEY, in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")
HOSTILE_SEED = b"h" * 32


class Siege:
    """A founder's node under attack and an honest member."""

    def __init__(self, party: Party, node: LibNetwork, honest: LibNetwork, address: str) -> None:
        self.party = party
        self.node = node
        self.honest = honest
        self.address = address
        self.device = party.people[0].device.public

    async def serves(self) -> None:
        """News still reach the honest member, both ways."""
        await reach(self.honest, self.party.org_id, self.address)
        self.party.claim(self.node, 0, "still here")
        self.party.claim(self.honest, 1, "so am I")
        await until(lambda: in_step(self.party.orgs[:2]))


def siege(tmp_path: Path, attack: Callable[[Siege], Awaitable[None]], members: int = 1) -> None:
    party = Party(tmp_path, members)

    async def main() -> None:
        async with networks(2, relays=True) as (node, honest):
            address = await party.start(node, 0)
            await party.start(honest, 1)
            found = Siege(party, node, honest, address)
            await attack(found)
            await found.serves()

    trio.run(main)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_garbage_from_a_stranger_on_each_protocol(tmp_path: Path, protocol: TProtocol) -> None:
    async def attack(found: Siege) -> None:
        async with hostile_host(SeedSigner(HOSTILE_SEED), found.address) as host:
            for data in GARBAGE:
                await send_raw(host, found.device, protocol, data)
            await found.serves()

    siege(tmp_path, attack)


def test_garbage_before_any_protocol(tmp_path: Path) -> None:
    async def attack(found: Siege) -> None:
        port = int(found.address.split("/")[4])
        held = []
        for data in [*GARBAGE, b"", b"\x13/multistream/1.0.0\n" * 50]:
            raw = socket.create_connection(("127.0.0.1", port))
            raw.sendall(data)
            held.append(raw)  # half-open: says no more and does not close
        await found.serves()
        for raw in held:
            raw.close()

    siege(tmp_path, attack)


def test_a_stranger_that_stalls_is_put_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, far below any rate: the whole hello has one deadline."""
    monkeypatch.setattr(limits, "HELLO_S_MAX", 0.5)

    async def attack(found: Siege) -> None:
        async with hostile_host(SeedSigner(HOSTILE_SEED), found.address) as host:
            stream = await raw_stream(host, found.device, SYNC_PROTOCOL)
            with trio.fail_after(10):

                async def drip() -> None:
                    for byte in frame(encode([1, b"n" * 32])):
                        if not await write_all(stream, bytes([byte])):
                            return
                        await trio.sleep(0.1)

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(drip)
                    assert await read_some(stream) == b""
                    nursery.cancel_scope.cancel()
            await until(lambda: not host.is_connected(found.device))

    siege(tmp_path, attack)


def test_many_strangers_at_once_cost_bounded_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELLOS_AT_ONCE_MAX", 4)
    monkeypatch.setattr(limits, "HELLOS_BURST", 6.0)
    monkeypatch.setattr(limits, "HELLOS_PER_S", 0.2)

    async def attack(found: Siege) -> None:
        async with hostile_host(SeedSigner(HOSTILE_SEED), found.address) as host:
            opening = frame(encode([1, b"n" * 32]))
            greeted = [await send_raw(host, found.device, SYNC_PROTOCOL, opening) for _ in range(30)]
            assert 0 < sum(map(bool, greeted)) <= 8

    siege(tmp_path, attack)


# -- members with bad intentions -------------------------------------------------------------------------------


@asynccontextmanager
async def insider(found: Siege) -> AsyncIterator[tuple[Host, object]]:
    """The third member's device, greeted by the node."""
    camp = Camp(found.address, found.device, found.party.people[2], found.party.orgs[2])
    async with greeted(camp) as met:
        yield met


def _linked(found: Siege) -> bool:
    device = found.party.people[2].device.public
    return any(p.device == device and p.connected for p in found.node.peers(found.party.org_id))


async def _says(found: Siege, *data: bytes) -> None:
    """The node ends the link after this, and would not have ended it without."""
    async with insider(found) as (_, stream):
        await until(lambda: _linked(found))
        for piece in data:
            await write_all(stream, piece)
        await until(lambda: not _linked(found))


FORGED = [b"\x82" + b"x" * 100] * (limits.REFUSED_MAX + 1)


@pytest.mark.parametrize(
    "data",
    [
        frame(b"\xff" * 40),
        frame(b"\x81" * 5_000),
        b"\xff\xff\xff\xff\x0f",
        frame(m.encode_message(m.Actions(1, (b"unasked",)))),
        frame(m.encode_message(m.Join(b"x"))),
        b"".join(frame(m.encode_message(m.Want(i, 1, (), ()))) for i in range(400)),
    ],
    ids=["garbage", "depth", "length", "unasked", "join", "wants"],
)
def test_a_member_that_breaks_the_protocol_loses_its_link(tmp_path: Path, data: bytes) -> None:
    async def attack(found: Siege) -> None:
        await _says(found, data)

    siege(tmp_path, attack, members=2)


def test_a_member_that_forges_is_banned_for_a_while(tmp_path: Path) -> None:
    async def attack(found: Siege) -> None:
        liar = SeedSigner(b"l" * 32).public
        state = frame(m.encode_message(m.State(b"d" * 32, 0, 0, 0)))
        heads = frame(m.encode_message(m.Heads(0, (m.HeadRow(liar, len(FORGED), b"h" * 32),), False)))
        async with insider(found) as (_, stream):
            await until(lambda: _linked(found))
            await write_all(stream, state + heads)
            reader, asked = FrameReader(), None
            while asked is None:
                for body in reader.feed(await read_some(stream)):
                    message = m.decode_message(body)
                    if isinstance(message, m.Want) and message.ranges:
                        asked = message.id
            for message in (m.Actions(asked, tuple(FORGED)), m.Done(asked)):
                await write_all(stream, frame(m.encode_message(message)))
            await until(lambda: not _linked(found))
        async with hostile_host(found.party.people[2].device, found.address) as host:
            assert await send_raw(host, found.device, SYNC_PROTOCOL, frame(encode([1, b"n" * 32]))) == b""

    siege(tmp_path, attack, members=2)


def _garbage_gossip() -> list[bytes]:
    topic = gossip.topic_of(ORG_KEY)
    sealer = SodiumSealer(SystemRandom())
    bad_sender = rpc_pb2.RPC(publish=[rpc_pb2.Message(from_id=b"\xff\xfe", data=b"x", seqno=b"1", topicIDs=[topic])])
    sealed = sealer.seal(ORG_KEY, gossip.SEAL_PURPOSE, b"\xff" * 50)
    inside = rpc_pb2.RPC(publish=[rpc_pb2.Message(from_id=b"\x00\x01a", data=sealed, seqno=b"2", topicIDs=[topic])])
    hint = sealer.seal(ORG_KEY, gossip.SEAL_PURPOSE, encode([[b"no envelope"], [b"no certificate"]]))
    forged = rpc_pb2.RPC(publish=[rpc_pb2.Message(from_id=b"\x00\x01b", data=hint, seqno=b"3", topicIDs=[topic])])
    many = rpc_pb2.RPC(subscriptions=[rpc_pb2.RPC.SubOpts(subscribe=True, topicid=f"t{i}") for i in range(5_000)])
    control = rpc_pb2.RPC()
    control.control.ihave.add(topicID=topic, messageIDs=[b"\xff" * 10] * 100)
    control.control.graft.add(topicID="nowhere")
    control.control.prune.add(topicID=topic, backoff=2**60)
    messages = [bad_sender, inside, forged, many, control]
    return [frame(message.SerializeToString()) for message in messages] + GARBAGE


@pytest.mark.parametrize("place", range(5 + len(GARBAGE)))
def test_garbage_gossip_from_a_member(tmp_path: Path, place: int) -> None:
    async def attack(found: Siege) -> None:
        async with insider(found) as (host, _):
            await until(lambda: _linked(found))
            gossip_stream = await raw_stream(host, found.device, GOSSIP_PROTOCOL)
            await write_all(gossip_stream, _garbage_gossip()[place])
            await found.serves()

    siege(tmp_path, attack, members=2)


def test_a_flood_of_hints_does_not_stop_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GOSSIP_BURST", 20.0)
    monkeypatch.setattr(limits, "GOSSIP_PER_S", 1.0)
    opened: list[bytes] = []
    real = gossip.open_hint

    def counted(sealer: gossip.Sealer, key: bytes, sealed: bytes) -> gossip.Hint | None:
        opened.append(sealed)
        return real(sealer, key, sealed)

    monkeypatch.setattr(gossip, "open_hint", counted)

    async def attack(found: Siege) -> None:
        topic = gossip.topic_of(ORG_KEY)
        async with insider(found) as (host, _):
            await until(lambda: _linked(found))
            stream = await raw_stream(host, found.device, GOSSIP_PROTOCOL)
            for i in range(500):
                message = rpc_pb2.Message(from_id=b"\x00\x01a", data=b"flood %d" % i, seqno=b"1", topicIDs=[topic])
                await write_all(stream, frame(rpc_pb2.RPC(publish=[message]).SerializeToString()))
            await found.serves()
            assert sum(data.startswith(b"flood") for data in opened) <= 60

    siege(tmp_path, attack, members=2)


def test_who_knocks_too_often_is_turned_away_before_any_handshake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KNOCKS", (0.5, 10.0))

    async def attack(found: Siege) -> None:
        port = int(found.address.split("/")[4])
        answered = 0
        for _ in range(40):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                with trio.move_on_after(2):
                    try:
                        await stream.send_all(b"\x13/multistream/1.0.0\n")
                        answered += bool(await stream.receive_some(64))
                    except trio.BrokenResourceError:
                        pass
        assert 0 < answered <= 12

    siege(tmp_path, attack)
