"""Many nodes on home lines in virtual time: real sync sessions over modelled lines, and gossip as a model.

Each ``Node`` has a light replica, one ``End`` with a real ``Session`` for each link, and a place in the gossip mesh.
Driver and timers do what ``net.link``, ``net.hinting`` and peer exchange do. Time is in microseconds; what a run does
follows from its seed alone.

Left out: the bytes of connecting (only its time is counted), relays, forged data, checkpoints that are made meanwhile,
detached texts, the time that machines take beyond ``JUDGE_US``; of gossipsub what keeps its mesh up (GRAFT, PRUNE).
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dao_app.app.addresses import device_text
from dao_app.crypto.sealing import SodiumSealer
from dao_app.net import gossip, limits
from dao_app.net.codec import FrameReader
from dao_app.net.effects import Admit, AdmitCertificates, Effect, TakeAddresses
from dao_app.net.fetching import Fetching
from dao_app.net.records import sign_record
from dao_app.net.session import Session
from tests.fakes.replica import FIRST_AT, ORG, ORG_KEY, Device
from tests.simulation.light import History, LightReplica

MS, SECOND = 1_000, 1_000_000  # in microseconds
LATENCY_US = (20 * MS, 150 * MS)  # of a link, one way
UP_BITS_S, DOWN_BITS_S = 10_000_000, 50_000_000  # a home line
LINE_BYTES = 82  # of one write beside what is written: yamux 12, Noise 18, TCP and IP 52
BUFFER_US = 50 * MS  # a stream takes frames while no more than this waits for the line
GATHER_US = int(limits.GATHER_S * SECOND)
TICK_US = int(limits.TICK_S * SECOND)
KEEPALIVE_US = int(limits.KEEPALIVE_S * SECOND)
JUDGE_US, JUDGE_ACTION_US = 3 * MS, 90  # for a batch, and for each action in it (docs/benchmarks.md)
CONNECT_ROUNDS = 5  # round trips: TCP, Noise, yamux, the stream, hello
DEGREE, DEGREE_LOW, DEGREE_HIGH = 6, 4, 12  # of the gossip mesh
BEAT_US, WINDOW_BEATS = SECOND, 3  # of gossipsub's heartbeat; so long messages are named to peers outside the mesh
HINT_RPC_BYTES = 309  # around a sealed hint: message, topic, and the peer record that the library adds to each
CONTROL_RPC_BYTES, HINT_ID_BYTES = 255, 46  # IHAVE or IWANT with the peer record; each message that it names


class Hint(NamedTuple):
    number: int
    size: int  # bytes, with what the library puts around it
    envelope: bytes


@dataclass(slots=True)
class Meter:
    """Of one node, in and out: bytes of sessions and of gossip, writes (each has ``LINE_BYTES`` around it), messages of
    sessions."""

    session: list[int] = field(default_factory=lambda: [0, 0])
    gossip: list[int] = field(default_factory=lambda: [0, 0])
    writes: list[int] = field(default_factory=lambda: [0, 0])
    messages: list[int] = field(default_factory=lambda: [0, 0])

    def line(self, way: int) -> int:
        """Bytes on the line, in (0) or out (1)."""
        return self.session[way] + self.gossip[way] + LINE_BYTES * self.writes[way]


class End:
    """One node's side of a link."""

    def __init__(self, node: Node, peer: Node, latency_us: int, addresses: Sequence[bytes]) -> None:
        self.node = node
        self.peer = peer
        self.latency_us = latency_us
        token = node.net.random.randbytes
        self.session = Session(
            node.replica, node.key, peer.key, "member", node.fetching, token, addresses, (0, ORG_KEY)
        )
        self.reader = FrameReader()
        self.is_open = True
        self.heard_us = 0  # when what came last is heard
        self.pump_due = False


class Node:
    """See the module. ``lacking``: storings that are still to come, of a node that catches up."""

    def __init__(self, net: Net, device: Device) -> None:
        self.net = net
        self.device = device
        self.key = device.signer.public
        self.replica = LightReplica(device, net.history)
        self.record = b""  # the device's word about its addresses
        self.fresh: set[bytes] = set()  # records that came since the beginning
        self.fetching = Fetching()
        self.ends: dict[bytes, End] = {}
        self.mesh: dict[bytes, None] = {}
        self.seen: dict[int, Hint] = {}
        self.window: list[tuple[int, Hint]] = []  # with the time until which it is named
        self.beat_phase_us = net.random.randrange(BEAT_US)
        self.beat_due = self.tell_due = self.look_due = False
        self.up_free_us = self.down_free_us = 0
        self.meter = Meter()
        self.lacking = 0
        self.came_us = 0


class _Tokens:
    def __init__(self, source: random.Random) -> None:
        self._source = source

    def token(self, size: int) -> bytes:
        return self._source.randbytes(size)


class Net:
    """All nodes and their time; ``lost`` of 1,000 gossip messages do not arrive."""

    def __init__(self, seed: int, lost: int = 0) -> None:
        self.random = random.Random(seed)
        self.lost = lost
        self.now_us = 0
        self.nodes: list[Node] = []
        self.history = History()
        self.known: set[bytes] = set()  # records that everybody has
        self.delays_us: list[int] = []  # of each storing, since the writing
        self.caught_up_us: list[int] = []  # of each node that lacked something, since it came
        self.left = 0  # storings that are still to come
        self._written_us: dict[bytes, int] = {}
        self._hints = 0
        self._sealer = SodiumSealer(_Tokens(self.random))
        self._events: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    # -- time ----------------------------------------------------------------------------------------
    def at(self, time_us: int, what: Callable[..., None], *args: object) -> None:
        self._count += 1
        heapq.heappush(self._events, (time_us, self._count, what, args))

    def run(self, until_us: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Up to this time, or until it is done, which is said."""
        while not done():
            if not self._events or self._events[0][0] > until_us:
                self.now_us = until_us
                return False
            self.now_us, _, what, args = heapq.heappop(self._events)
            what(*args)
        return True

    @property
    def now_ms(self) -> int:
        return FIRST_AT + self.now_us // MS

    # -- nodes and links -----------------------------------------------------------------------------
    def add(self, device: Device) -> Node:
        node = Node(self, device)
        node.replica.stored = lambda envelope: self._stored(node, envelope)
        self.sign(node)
        self.nodes.append(node)
        self.at(self.now_us + self.random.randrange(KEEPALIVE_US), self._keep_alive, node)
        return node

    def sign(self, node: Node) -> None:
        """The device says anew where it is, as after each start."""
        place = self.nodes.index(node) if node in self.nodes else len(self.nodes)
        host = f"/ip4/10.0.{place // 250}.{place % 250 + 1}/tcp/24001/p2p/{device_text(node.key)}"
        node.record = sign_record(node.device.signer, ORG, self.now_ms, False, [host]).raw

    def latency_us(self) -> int:
        return self.random.randrange(*LATENCY_US)

    def connect(self, one: Node, two: Node, latency_us: int, exchange: bool) -> None:
        """A link; ``exchange``: both tell the addresses that they know, as on each new link."""
        if two.key in one.ends:
            return
        for node, peer in ((one, two), (two, one)):
            end = node.ends[peer.key] = End(node, peer, latency_us, [node.record] if exchange else [])
            end.session.start(self.now_ms)
            if exchange:
                others = sorted([*self.known, *node.fresh])
                end.session.tell_addresses(self.random.sample(others, min(limits.RECORDS_TOLD_MAX, len(others))))
        self._graft(one)
        self._graft(two)
        self._pump(one.ends[two.key])
        self._pump(two.ends[one.key])

    def dial(self, one: Node, two: Node, at_us: int) -> None:
        """The link is up some round trips later."""
        latency_us = self.latency_us()
        self.at(at_us + 2 * CONNECT_ROUNDS * latency_us, self.connect, one, two, latency_us, True)

    def cut(self, one: Node, two: Node) -> None:
        for node, peer in ((one, two), (two, one)):
            end = node.ends.pop(peer.key)
            end.is_open = False
            end.session.end()
            node.mesh.pop(peer.key, None)
        self._graft(one)
        self._graft(two)

    def _graft(self, node: Node) -> None:
        """Fill up the mesh, on both sides of each edge."""
        if len(node.mesh) < DEGREE_LOW or len(node.ends) <= DEGREE:
            near = {key: len(end.peer.mesh) for key, end in node.ends.items() if key not in node.mesh}
            free = [key for key, edges in near.items() if edges < DEGREE_HIGH]
            for key in self.random.sample(free, min(len(free), max(0, DEGREE - len(node.mesh)))):
                node.mesh[key] = None
                node.ends[key].peer.mesh[node.key] = None

    # -- writing and storing ---------------------------------------------------------------------------
    def write(self, node: Node) -> None:
        envelope = self.history.write(node.device, self.now_ms)
        self._written_us[envelope] = self.now_us
        self.left += len(self.nodes) - 1
        node.replica.admit_now([envelope])
        self._poke(node)
        for raw in gossip.sealed_hints(self._sealer, ORG_KEY, [envelope], []):
            self._hints += 1
            hint = Hint(self._hints, len(raw) + HINT_RPC_BYTES, envelope)
            self._remember(node, hint)
            self._spread(node, hint, b"")

    def _stored(self, node: Node, envelope: bytes) -> None:
        written_us = self._written_us.get(envelope)
        if node.lacking:
            node.lacking -= 1
            if not node.lacking:
                self.caught_up_us.append(self.now_us - node.came_us)
        elif written_us is None:
            raise AssertionError("an action came to a node that lacked none")
        elif self.history.places[envelope][0] != node.key:
            self.delays_us.append(self.now_us - written_us)
        else:
            return  # its own
        self.left -= 1

    def count_from_now(self) -> None:
        """Bytes and delays from here on."""
        self.delays_us.clear()
        for node in self.nodes:
            node.meter = Meter()
        self._written_us = dict.fromkeys(self._written_us, self.now_us)

    # -- the driver: what net.link does ------------------------------------------------------------------
    def _line(self, node: Node, size: int) -> int:
        """Put so many bytes on the node's line; when the last of them is out."""
        node.meter.writes[1] += 1
        node.up_free_us = max(node.up_free_us, self.now_us) + (size + LINE_BYTES) * 8 * SECOND // UP_BITS_S
        return node.up_free_us

    def _off_line(self, node: Node, size: int) -> int:
        """When so many bytes that come now are in."""
        node.meter.writes[0] += 1
        node.down_free_us = max(node.down_free_us, self.now_us) + (size + LINE_BYTES) * 8 * SECOND // DOWN_BITS_S
        return node.down_free_us

    def _pump(self, end: End) -> None:
        """Write as long as the line takes it."""
        node, frames, size = end.node, [], 0
        while end.is_open:
            if node.up_free_us + size * 8 * SECOND // UP_BITS_S > self.now_us + BUFFER_US:
                if not end.pump_due:
                    end.pump_due = True
                    self.at(node.up_free_us + size * 8 * SECOND // UP_BITS_S, self._pump_again, end)
                break
            frame = end.session.next_frame()
            if frame is None:
                break
            frames.append(frame)
            size += len(frame)
        if frames:
            node.meter.session[1] += size
            node.meter.messages[1] += len(frames)
            self.at(self._line(node, size) + end.latency_us, self._arrive, end.peer, node.key, b"".join(frames))

    def _pump_again(self, end: End) -> None:
        end.pump_due = False
        self._pump(end)

    def _arrive(self, node: Node, peer: bytes, data: bytes) -> None:
        end = node.ends.get(peer)
        if end is None:
            return
        node.meter.session[0] += len(data)
        in_us = self._off_line(node, len(data))
        if in_us < self.now_us + MS and end.heard_us <= self.now_us:
            self._hear(end, data)
        else:
            end.heard_us = max(end.heard_us, in_us)
            self.at(end.heard_us, self._hear, end, data)

    def _hear(self, end: End, data: bytes) -> None:
        if not end.is_open:
            return
        for body in end.reader.feed(data):
            end.node.meter.messages[0] += 1
            self._act(end, end.session.receive(body, self.now_ms))
        if end.session._telling.lacking:
            self._look_again(end.node)
        self._pump(end)

    def _act(self, end: End, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Admit):
                pause_us = JUDGE_US + JUDGE_ACTION_US * len(effect.envelopes)
                self.at(self.now_us + pause_us, self._take_in, end, effect)
            elif isinstance(effect, AdmitCertificates):
                self.at(self.now_us + JUDGE_US, self._take_in, end, effect)
            elif isinstance(effect, TakeAddresses):
                self._addresses_came(end, effect.items)

    def _take_in(self, end: End, effect: Admit | AdmitCertificates) -> None:
        replica = end.node.replica
        if isinstance(effect, Admit):
            report = replica.admit_now(effect.envelopes)
        else:
            report = replica.certificates_report(effect.items)
        if end.is_open:
            self._act(end, end.session.admitted(report, effect.request))
            if not report.stored:
                self._tell_one(end)
            self._pump(end)
        if report.stored:
            self._poke(end.node)

    def _addresses_came(self, end: End, items: Sequence[bytes]) -> None:
        node = end.node
        fresh = [raw for raw in items if raw not in self.known and raw not in node.fresh and raw != node.record]
        node.fresh.update(fresh)
        if fresh:
            for other in node.ends.values():
                if other is not end:
                    other.session.tell_addresses(fresh)
            self._poke(node)

    def _poke(self, node: Node) -> None:
        if not node.tell_due:
            node.tell_due = True
            self.at(self.now_us + GATHER_US, self._tell, node)

    def _tell(self, node: Node) -> None:
        node.tell_due = False
        for end in node.ends.values():
            self._tell_one(end)
            self._pump(end)

    def _tell_one(self, end: End, keepalive: bool = False) -> None:
        self._act(end, end.session.changed(self.now_ms))
        end.session.send_state(self.now_ms, keepalive)

    def _look_again(self, node: Node) -> None:
        """The driver's tick, where anything could come of it: what is lacking may be asked for now."""
        if not node.look_due:
            node.look_due = True
            self.at(self.now_us + TICK_US, self._look, node)

    def _look(self, node: Node) -> None:
        node.look_due = False
        for end in node.ends.values():
            if end.session._telling.lacking:
                self._tell_one(end)
                self._pump(end)
                self._look_again(node)

    def _keep_alive(self, node: Node) -> None:
        for end in node.ends.values():
            self._tell_one(end, True)
            self._pump(end)
        self.at(self.now_us + KEEPALIVE_US, self._keep_alive, node)

    # -- gossip: what the library does -------------------------------------------------------------------
    def _spread(self, node: Node, hint: Hint, forwarder: bytes) -> None:
        for key in node.mesh:
            if key != forwarder:
                self._send(node, key, hint.size, self._hint_came, hint)

    def _send(self, node: Node, key: bytes, size: int, what: Callable[..., None], about: object) -> None:
        """One message of gossip, unless it is lost."""
        if self.lost and self.random.randrange(1_000) < self.lost:
            return
        end = node.ends[key]
        node.meter.gossip[1] += size
        self.at(self._line(node, size) + end.latency_us, self._gossip_came, end.peer, node.key, size, what, about)

    def _gossip_came(self, node: Node, peer: bytes, size: int, what: Callable[..., None], about: object) -> None:
        if peer in node.ends:
            node.meter.gossip[0] += size
            self._off_line(node, size)
            what(node, peer, about)

    def _remember(self, node: Node, hint: Hint) -> None:
        node.seen[hint.number] = hint
        node.window.append((self.now_us + WINDOW_BEATS * BEAT_US, hint))
        if not node.beat_due:
            node.beat_due = True
            self.at(self.now_us + BEAT_US - (self.now_us - node.beat_phase_us) % BEAT_US, self._beat, node)

    def _hint_came(self, node: Node, forwarder: bytes, hint: Hint) -> None:
        if hint.number not in node.seen:
            self._remember(node, hint)
            self._spread(node, hint, forwarder)
            self.at(self.now_us + JUDGE_US, self._take_hint, node, hint)

    def _take_hint(self, node: Node, hint: Hint) -> None:
        if node.replica.admit_now([hint.envelope]).stored:
            self._poke(node)

    def _beat(self, node: Node) -> None:
        """Name what came lately to peers outside the mesh."""
        node.window = [row for row in node.window if row[0] > self.now_us]
        node.beat_due = bool(node.window)
        if not node.beat_due:
            return
        hints = [hint for _, hint in node.window]
        outside = [key for key in node.ends if key not in node.mesh]
        for key in self.random.sample(outside, min(DEGREE, len(outside))):
            self._send(node, key, CONTROL_RPC_BYTES + HINT_ID_BYTES * len(hints), self._named, hints)
        self.at(self.now_us + BEAT_US, self._beat, node)

    def _named(self, node: Node, peer: bytes, hints: list[Hint]) -> None:
        missing = [hint for hint in hints if hint.number not in node.seen]
        if missing:
            self._send(node, peer, CONTROL_RPC_BYTES + HINT_ID_BYTES * len(missing), self._wanted, missing)

    def _wanted(self, node: Node, peer: bytes, hints: list[Hint]) -> None:
        for hint in hints:
            self._send(node, peer, hint.size, self._hint_came, hint)
