"""A kit of hostile peers: one attack for each layer, made to go on until it is stopped.

``OUTSIDERS`` belong to nothing and hold no key; ``INSIDERS`` are members' devices whose hello succeeds and who break
everything afterwards. Each gets a ``Camp`` and runs until it is cancelled; what the node does to it is no error here.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio
import trio.lowlevel
from libp2p.custom_types import TProtocol
from libp2p.pubsub.pb import rpc_pb2

from dao_app.app.addresses import read_address
from dao_app.app.organisation import Organisation
from dao_app.app.ports import Signer
from dao_app.core.encoding import digest, encode
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import gossip, limits, reconcile
from dao_app.net import messages as m
from dao_app.net.codec import FrameReader, frame
from dao_app.net.hello import Opener, Self
from dao_app.net.host import GOSSIP_PROTOCOL, SYNC_PROTOCOL, Handlers, Host, open_host, peer_id_of, read_some, write_all
from dao_app.net.host_punch import PUNCH_PROTOCOL, REACH_PROTOCOL
from dao_app.net.host_relay import HOP_PROTOCOL, STOP_PROTOCOL
from dao_app.platform.clock import SystemClock
from dao_app.platform.random import SystemRandom
from tests.fakes.world import Person, TestSigner
from tests.net.worlds import ORG_KEY

PROTOCOLS = [
    SYNC_PROTOCOL, GOSSIP_PROTOCOL, "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0",
    HOP_PROTOCOL, STOP_PROTOCOL, PUNCH_PROTOCOL, REACH_PROTOCOL,
]  # fmt: skip
GARBAGE = [
    b"\x00", b"\xff" * 300, frame(b"\xff" * 99),
    frame(b"\x81" * 1_000), b"\xff\xff\xff\xff\x0f", b"GET / HTTP/1.1\r\n",
]  # fmt: skip
MULTISTREAM = b"\x13/multistream/1.0.0\n"
NOISE = b"\x07/noise\n"
SOCKETS = 64  # held open by one attacker at once
_SYN = 1
_WINDOW = 1


@dataclass(slots=True)
class Camp:
    """What an attacker knows: where the node is, and its device key; ``person`` and ``org`` where it is a member.
    ``blows`` counts what it did."""

    address: str
    device: bytes
    person: Person | None = None
    org: Organisation | None = None
    blows: int = 0

    @property
    def port(self) -> int:
        return int(self.address.split("/")[4])


Attack = Callable[[Camp], Awaitable[None]]
_seeds = itertools.count(1)


def stranger() -> SeedSigner:
    """A key that nobody has seen."""
    return SeedSigner(next(_seeds).to_bytes(4, "big") * 8)


async def _nothing(device: bytes, stream: object) -> None: ...
async def _no_hint(device: bytes, data: bytes) -> bool:
    return True


@asynccontextmanager
async def hostile_host(signer: Signer, address: str) -> AsyncIterator[Host]:
    """A libp2p host of somebody with bad intentions, connected to the node where it lets it."""
    handlers = Handlers(_nothing, lambda device, address: None, lambda device: None, _no_hint)
    async with open_host(signer, handlers, SystemClock().now_ms) as host:
        to = read_address(address)
        if to is not None:
            await host.dial(to.device, [address])
        yield host


async def raw_stream(host: Host, device: bytes, protocol: str) -> object:
    return await host._basic.new_stream(peer_id_of(device), [TProtocol(protocol)])


async def send_raw(host: Host, device: bytes, protocol: str, data: bytes, wait_s: float = 0.2) -> bytes:
    """Bytes on a stream of its own, and the answer; b"" where the node ended it."""
    try:
        stream = await raw_stream(host, device, protocol)
    except Exception:  # refused, reset, connection closed: the library has many names for it
        return b""
    await write_all(stream, data)
    with trio.move_on_after(wait_s):
        return await read_some(stream)
    return b""


async def again(camp: Camp, once: Callable[[Host], Awaitable[None]]) -> None:
    """Do it over and over, with a new identity and connection whenever the node closed the last one."""
    while True:
        try:
            async with hostile_host(stranger(), camp.address) as host:
                while host.is_connected(camp.device):
                    await once(host)
                    camp.blows += 1
                    await trio.lowlevel.checkpoint()
        except Exception:
            continue
        finally:
            await trio.sleep(0.02)


# -- outsiders -----------------------------------------------------------------------------------
async def _sockets(camp: Camp, say: Callable[[int], bytes], hold: bool) -> None:
    held: list[trio.SocketStream] = []
    try:
        for number in itertools.count():
            try:
                stream = await trio.open_tcp_stream("127.0.0.1", camp.port)
                held.append(stream)
                await stream.send_all(say(number))
                camp.blows += 1
            except (OSError, trio.BrokenResourceError):
                await trio.sleep(0.01)
            while len(held) > (SOCKETS if hold else 0):
                await trio.aclose_forcefully(held.pop(0))
            await trio.sleep(0.002)
    finally:
        with trio.CancelScope(shield=True):
            for stream in held:
                await trio.aclose_forcefully(stream)


async def tcp_garbage(camp: Camp) -> None:
    """Bytes that are no protocol at all."""
    await _sockets(camp, lambda n: GARBAGE[n % len(GARBAGE)], hold=False)


async def tcp_half_open(camp: Camp) -> None:
    """Connections that begin to speak and say no more."""
    await _sockets(camp, lambda n: MULTISTREAM[: 1 + n % len(MULTISTREAM)], hold=True)


async def multistream_garbage(camp: Camp) -> None:
    await _sockets(camp, lambda n: MULTISTREAM + GARBAGE[n % len(GARBAGE)] * 20, hold=True)


async def noise_garbage(camp: Camp) -> None:
    """A handshake of the right length and wrong bytes, a wrong length, or none that ends."""
    says = [
        struct.pack(">H", 32) + b"\x09" * 32, struct.pack(">H", 65_535), b"\x00\x00" * 500,
        struct.pack(">H", 96) + b"x" * 96,
    ]  # fmt: skip
    await _sockets(camp, lambda n: MULTISTREAM + NOISE + says[n % len(says)], hold=True)


def _yamux_frames(number: int) -> bytes:
    kinds = [
        struct.pack(">BBHII", 9, 9, 0xFFFF, 1, 0xFFFFFFFF),
        struct.pack(">BBHII", 0, 0, 0, 77, 0xFFFFFFF0),
        struct.pack(">BBHII", 0, _WINDOW, 0, 3, 0xFFFFFFFF) * 50,
        struct.pack(">BBHII", 0, 2, _SYN, 0, 7) * 200,
        struct.pack(">BBHII", 0, 0, _SYN, 0, 16) + b"z" * 16,
    ]
    return kinds[number % len(kinds)]


async def yamux_garbage(camp: Camp) -> None:
    """Inside the encrypted connection, beneath the streams."""
    numbers = itertools.count()

    async def once(host: Host) -> None:
        await _secured(host, camp).write(_yamux_frames(next(numbers)))
        await trio.sleep(0.02)

    await again(camp, once)


async def ten_thousand_streams(camp: Camp) -> None:
    """All at once, none of them used."""

    async def once(host: Host) -> None:
        opening = b"".join(struct.pack(">BBHII", 0, _WINDOW, _SYN, 1 + 2 * n, 0) for n in range(10_000))
        with trio.move_on_after(0.5):  # the node need not read all of it
            await _secured(host, camp).write(opening)

    await again(camp, once)


def _secured(host: Host, camp: Camp) -> object:
    connections = host._basic.get_network().connections[peer_id_of(camp.device)]
    first = connections[0] if isinstance(connections, list) else connections
    return first.muxed_conn.secured_conn


async def protocol_garbage(camp: Camp) -> None:
    """On every protocol that the node offers, sync and gossip among them."""
    numbers = itertools.count()

    async def once(host: Host) -> None:
        n = next(numbers)
        data = GARBAGE[n // len(PROTOCOLS) % len(GARBAGE)]
        await send_raw(host, camp.device, PROTOCOLS[n % len(PROTOCOLS)], data, 0.01)

    await again(camp, once)


async def hello_flood(camp: Camp) -> None:
    """Well-formed openings, and MACs that are random bytes."""

    async def once(host: Host) -> None:
        opening = frame(encode([1, SystemRandom().token(32)]))
        macs = frame(encode([0, [SystemRandom().token(32) for _ in range(limits.HELLO_KEYS_MAX)]]))
        await send_raw(host, camp.device, SYNC_PROTOCOL, opening, 0.02)
        await send_raw(host, camp.device, SYNC_PROTOCOL, opening + macs, 0.02)

    await again(camp, once)


async def hello_drip(camp: Camp) -> None:
    """One byte at a time on many streams."""

    async def once(host: Host) -> None:
        async def drip() -> None:
            try:
                stream = await raw_stream(host, camp.device, SYNC_PROTOCOL)
            except Exception:  # the node has had enough of it
                return
            camp.blows += 1
            for byte in frame(encode([1, b"n" * 32])):
                if not await write_all(stream, bytes([byte])):
                    return
                await trio.sleep(0.5)

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(drip)

    await again(camp, once)


async def many_identities(camp: Camp) -> None:
    """Connects with a new key each time and goes away."""
    while True:
        async with hostile_host(stranger(), camp.address):
            camp.blows += 1


# -- members -------------------------------------------------------------------------------------
def self_of(device: TestSigner, org: Organisation) -> Self:
    return Self(
        org.org_id, device.public, org.device_certificate(), org.org_keys(), b"i" * 8, SodiumVerifier(),
        SystemRandom().token(32), SystemRandom().token,
    )  # fmt: skip


@asynccontextmanager
async def greeted(camp: Camp) -> AsyncIterator[tuple[Host, object]]:
    """A member's device, greeted by the node; what it says next is not what a session would say."""
    assert camp.person is not None and camp.org is not None
    async with hostile_host(camp.person.device, camp.address) as host:
        stream = await raw_stream(host, camp.device, SYNC_PROTOCOL)
        hello = Opener(self_of(camp.person.device, camp.org), camp.device)
        await write_all(stream, frame(hello.start()))
        reader = FrameReader()
        while hello.met is None:
            data = await read_some(stream)
            if not data:
                raise ConnectionError("not greeted")
            for body in reader.feed(data):
                answer = hello.receive(body)
                if answer is not None:
                    await write_all(stream, frame(answer))
        host.welcome(camp.device)
        yield host, stream


async def _as_member(camp: Camp, once: Callable[[Host, object], Awaitable[bool]]) -> None:
    """Greet and do it until the link is gone; then again, as far as the node hears this device at all."""
    while True:
        try:
            async with greeted(camp) as (host, stream):
                while await once(host, stream):
                    camp.blows += 1
                    await trio.lowlevel.checkpoint()
        except Exception:
            continue
        finally:
            await trio.sleep(0.2)


async def _say(stream: object, *messages: m.Message) -> bool:
    return await write_all(stream, b"".join(frame(m.encode_message(message)) for message in messages))


def _heads(count: int, seq: int, seed: bytes) -> m.Heads:
    rows = tuple(m.HeadRow(digest(seed + bytes([n])), seq, digest(seed + b"h" + bytes([n]))) for n in range(count))
    return m.Heads(0, rows, False)


async def member_garbage(camp: Camp) -> None:
    numbers = itertools.count()

    async def once(host: Host, stream: object) -> bool:
        return await write_all(stream, GARBAGE[next(numbers) % len(GARBAGE)])

    await _as_member(camp, once)


async def lying_heads(camp: Camp) -> None:
    """Devices and actions that there are not; asked for them, it has nothing."""
    numbers = itertools.count()

    async def once(host: Host, stream: object) -> bool:
        n = next(numbers)
        good = await _say(stream, m.State(digest(b"%d" % n), 0, 0, 200), _heads(200, 2**31, b"%d" % n))
        return good and await _answer_nothing(stream)

    await _as_member(camp, once)


async def _answer_nothing(stream: object) -> bool:
    reader = FrameReader()
    with trio.move_on_after(0.05):
        while data := await read_some(stream):
            for body in reader.feed(data):
                message = m.decode_message(body)
                if isinstance(message, m.Want):
                    await _say(stream, m.Done(message.id))
        return False
    return True


async def reconciling(camp: Camp) -> None:
    """Comparisons that lead nowhere: symbols of noise, more of them, results nobody asked for."""
    numbers, random = itertools.count(), SystemRandom()
    width = reconcile.SYMBOL_BYTES

    async def once(host: Host, stream: object) -> bool:
        says = (
            m.Compare(random.token(16), random.token(8 * 32), random.token(reconcile.SAMPLES_BYTES)),
            m.Symbols(b"\xff" * 4, True, random.token(width * 500)),
            m.Symbols(b"\xff" * 4, False, random.token(reconcile.ITEM_BYTES * 500)),
            m.More(limits.SYMBOLS_MAX), m.Compared(True, random.token(9 * 1_000), random.token(5 * 1_000)),
            m.Compared(False, b"", b""),
        )  # fmt: skip
        n = next(numbers)
        return await _say(stream, m.State(digest(b"%d" % n), 0, 0, 20_000), says[0], says[n % len(says)])

    await _as_member(camp, once)


async def stalling(camp: Camp) -> None:
    """Promises actions, is asked, and says nothing more."""

    async def once(host: Host, stream: object) -> bool:
        good = await _say(stream, m.State(SystemRandom().token(32), 0, 0, 50), _heads(50, 100, b"stall"))
        camp.blows += 1
        await trio.sleep(1)
        return good

    await _as_member(camp, once)


async def wants_flood(camp: Camp) -> None:
    """Asks for everything, over and over, and does not read."""
    numbers = itertools.count(1)

    async def once(host: Host, stream: object) -> bool:
        assert camp.org is not None
        rows = tuple(m.RangeRow(device, 1, head.seq) for device, head in camp.org.heads().items())
        with trio.move_on_after(1):
            return await _say(stream, *(m.Want(next(numbers), 1, rows, ()) for _ in range(20)))
        return True

    await _as_member(camp, once)


def _action(camp: Camp, seq: int, prev: bytes | None, deps: tuple[bytes, ...], title: str) -> bytes:
    """An envelope of the member's own, well signed; whether it fits is another matter."""
    assert camp.person is not None and camp.org is not None
    device = camp.person.device
    at = camp.org._clock.now_ms()
    payload = build_payload(camp.org.org_id, device.public, seq, prev, deps, at, "contribution.claim", {"title": title})
    return pack(payload, device.sign(signed_message(digest(payload))))


async def _gossip(camp: Camp, host: Host, envelopes: list[bytes]) -> None:
    sealer, topic = SodiumSealer(SystemRandom()), gossip.topic_of(ORG_KEY)
    stream = await raw_stream(host, camp.device, GOSSIP_PROTOCOL)
    for sealed in gossip.sealed_hints(sealer, ORG_KEY, envelopes, []):
        message = rpc_pb2.Message(from_id=b"\x00\x01a", data=sealed, seqno=SystemRandom().token(8), topicIDs=[topic])
        await write_all(stream, frame(rpc_pb2.RPC(publish=[message]).SerializeToString()))
    await trio.sleep(0.02)


async def orphans(camp: Camp) -> None:
    """Actions whose parents never come."""
    numbers = itertools.count(100)

    async def once(host: Host, stream: object) -> bool:
        parents = [digest(b"parent %d" % next(numbers)) for _ in range(200)]
        await _gossip(camp, host, [_action(camp, 50 + n, p, (p,), f"orphan {n}") for n, p in enumerate(parents)])
        return await _say(stream, m.Have((b"h" * 32,)))

    await _as_member(camp, once)


async def replays(camp: Camp) -> None:
    """What everybody has, again and again."""

    async def once(host: Host, stream: object) -> bool:
        assert camp.org is not None
        known = [raw for d, h in camp.org.heads().items() for raw in camp.org.envelopes(d, 1, h.seq, 1 << 16)]
        await _gossip(camp, host, known * 5)
        return await _say(stream, m.Have((b"h" * 32,)))

    await _as_member(camp, once)


async def forks(camp: Camp) -> None:
    """A new second action of its device each time."""
    numbers = itertools.count()

    async def once(host: Host, stream: object) -> bool:
        assert camp.org is not None and camp.person is not None
        head = camp.org.heads()[camp.person.device.public]
        made = [_action(camp, head.seq + 1, head.digest, (), f"branch {next(numbers)}") for _ in range(50)]
        await _gossip(camp, host, made)
        return await _say(stream, m.Have((b"h" * 32,)))

    await _as_member(camp, once)


async def forgeries(camp: Camp) -> None:
    """Hints whose signatures are wrong."""

    async def once(host: Host, stream: object) -> bool:
        envelope = bytearray(_action(camp, 2, b"p" * 32, (), "forged"))
        made = []
        for place in range(100):
            envelope[-1 - place % 60] ^= 0xFF
            made.append(bytes(envelope))
        await _gossip(camp, host, made)
        return await _say(stream, m.Have((b"h" * 32,)))

    await _as_member(camp, once)


async def gossip_garbage(camp: Camp) -> None:
    """Well-framed pubsub messages that no honest library would send."""
    topic = gossip.topic_of(ORG_KEY)
    control = rpc_pb2.RPC()
    control.control.ihave.add(topicID=topic, messageIDs=[b"\xff" * 10] * 100)
    control.control.graft.add(topicID="nowhere")
    control.control.prune.add(topicID=topic, backoff=2**60)
    says = [
        rpc_pb2.RPC(publish=[rpc_pb2.Message(from_id=b"\xff\xfe", data=b"x", seqno=b"1", topicIDs=[topic])]),
        rpc_pb2.RPC(subscriptions=[rpc_pb2.RPC.SubOpts(subscribe=True, topicid=f"t{i}") for i in range(2_000)]),
        control,
    ]
    numbers = itertools.count()

    async def once(host: Host, stream: object) -> bool:
        n = next(numbers)
        data = says[n % len(says)].SerializeToString() if n % 2 else GARBAGE[n % len(GARBAGE)]
        gossip_stream = await raw_stream(host, camp.device, GOSSIP_PROTOCOL)
        await write_all(gossip_stream, frame(data))
        await trio.sleep(0.01)
        return await _say(stream, m.Have((b"h" * 32,)))

    await _as_member(camp, once)


OUTSIDERS: tuple[Attack, ...] = (
    tcp_garbage, tcp_half_open, multistream_garbage, noise_garbage, yamux_garbage, ten_thousand_streams,
    protocol_garbage, hello_flood, hello_drip, many_identities,
)  # fmt: skip
INSIDERS: tuple[Attack, ...] = (
    member_garbage, lying_heads, reconciling, stalling, wants_flood, orphans, replays, forks, forgeries, gossip_garbage,
)  # fmt: skip
