"""One organisation's host with its peers: greets, links, dials, gossips, and answers what people ask.

Everything runs in the engine's loop. Peers are told of each other's news: whatever a link stores pokes all
other links, so that two desktops that only both reach a third are in step through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import trio

from dao_app.app.addresses import LISTEN_NOWHERE, AddressBook
from dao_app.app.errors import StorageError
from dao_app.app.ports import PeerInfo, Replica, Signer
from dao_app.app.views import Finding
from dao_app.core.encoding import digest
from dao_app.net import diagnosis, limits
from dao_app.net.codec import PeerError
from dao_app.net.dialing import Dialer
from dao_app.net.fetching import Fetching
from dao_app.net.hello import INSTANCE_BYTES, NONCE_BYTES, Met, Self
from dao_app.net.hinting import Hints
from dao_app.net.host import Handlers, Host, close_stream, open_host, read_some, write_all
from dao_app.net.host_parts import ByteStream
from dao_app.net.link import Link, greet
from dao_app.net.meters import Bucket
from dao_app.net.outbound import Outbound
from dao_app.net.reaching import Reaching
from dao_app.net.session import Session
from dao_app.net.tools import Tools

__all__ = ["Node", "open_host"]

PORT_FIRST, PORTS = 20_000, 20_000  # a device listens on a port of its own, the same after each start


@dataclass(slots=True)
class Peer:
    """What is known of a peer device."""

    address: str = ""
    seen_ms: int | None = None
    height: int | None = None
    agrees: bool | None = None
    behind: int | None = None
    clock_difference_ms: int = 0


class HostStream:
    """``link.Stream`` over the host's."""

    def __init__(self, stream: ByteStream, relayed: bool) -> None:
        self._stream = stream
        self.relayed = relayed

    async def read(self) -> bytes:
        return await read_some(self._stream)

    async def write(self, data: bytes) -> bool:
        return await write_all(self._stream, data)

    async def close(self) -> None:
        await close_stream(self._stream)


class Node:
    """See the module. ``bearer`` while joining, ``root`` while a member's new device comes in; ``run`` keeps it
    up until cancelled."""

    def __init__(
        self, tools: Tools, replica: Replica, signer: Signer, book: AddressBook, bearer: Signer | None = None,
        root: Signer | None = None,
    ) -> None:
        self._tools = tools
        self.replica = replica
        self._signer = signer
        self._bearer = bearer
        self._root = root
        self._instance = tools.random.token(INSTANCE_BYTES)
        self._fetching = Fetching(self._poke)
        self._dialer = Dialer(lambda: int.from_bytes(tools.random.token(4), "big") / 2**32, book)
        self._links: dict[bytes, Link] = {}
        self._relayed: set[bytes] = set()  # whose link goes through a member's relay
        self._reaching = Reaching(tools, replica, signer, book, self._links, self.dial, self._went_direct)
        self._outbound = Outbound(
            tools, signer, self._dialer, self._reaching, self._is_left_alone, self._open_link, self._not_reached
        )
        self._hints = Hints(tools, replica, self._links, self._poke)
        self._peers: dict[bytes, Peer] = {}
        self._banned: dict[bytes, float] = {}
        self._hellos = 0
        self._hello_bucket = Bucket(limits.HELLOS_PER_S, limits.HELLOS_BURST, trio.current_time())
        self._strangers: dict[bytes, float] = {}
        self._greeting: dict[bytes, int] = {}  # hellos under way, both ways
        self._settled: dict[bytes, trio.Event] = {}
        self._host: Host | None = None
        self._nursery: trio.Nursery | None = None
        self._only_dials = False
        self._port_taken = ""
        self._alone_since_ms: int | None = tools.clock.now_ms()
        self._wrong_version: set[bytes] = set()
        self._ended_traffic = (0, 0)

    # -- lifetime ------------------------------------------------------------------------------------
    def handlers(self) -> Handlers:
        return Handlers(self._accept, self._connected, self._disconnected, self._hints.came, self._is_member)

    def _is_member(self, device: bytes) -> bool:
        link = self._links.get(device)
        return link is not None and link.session.standing == "member"

    async def run(
        self, host: Host, listen: Sequence[str], mdns: bool, invited_to: Sequence[str], started: Callable[[], None]
    ) -> None:
        self._host = host
        self._reaching.begin(host)
        await self._listen(host, listen)
        for address in invited_to:
            self._outbound.learn(address)
        self._outbound.learn_book()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._outbound.run, host)
                nursery.start_soon(self._hints.run, host)
                nursery.start_soon(self._strangers_loop)
                nursery.start_soon(self._reaching.run, host, self._outbound.learn_book)
                try:
                    await self._hints.join_topic(host)
                    if mdns:
                        nursery.start_soon(self._outbound.look_in_lan, host)
                    started()
                    await trio.sleep_forever()
                finally:
                    self._nursery = None  # links that end now start nothing more
        finally:
            self._host = None
            self._reaching.stopped()
            for link in list(self._links.values()):
                link.close("stopped")

    async def _listen(self, host: Host, listen: Sequence[str]) -> None:
        """Listen where asked ("none": nowhere, only dial); without a wish on a port that belongs to this
        device; else on any."""
        self._only_dials = tuple(listen) == (LISTEN_NOWHERE,)
        if self._only_dials:
            return
        own = PORT_FIRST + int.from_bytes(self._signer.public[:4], "big") % PORTS
        for address in listen or (f"/ip4/0.0.0.0/tcp/{own}",):
            if await host.listen(address):
                continue
            self._port_taken = address
            self._reaching.announces = False
            parts = address.split("/")
            if len(parts) > 4 and parts[3] == "tcp":
                await host.listen("/".join([*parts[:4], "0", *parts[5:]]))

    # -- what the port offers ------------------------------------------------------------------------
    def announce(self, envelopes: Sequence[bytes], certificates: Sequence[bytes]) -> None:
        self._poke()
        self._hints.announce(envelopes, certificates)

    def announce_content(self, hashes: Sequence[bytes]) -> None:
        for link in self._links.values():
            link.session.tell_content(hashes)
            link.poke()

    def want_content(self) -> None:
        for link in self._links.values():
            link.session.content_wanted()
            link.poke()

    def addresses(self) -> tuple[str, ...]:
        return self._reaching.addresses()

    async def dial(self, address: str) -> bool:
        """Dial now; is the peer greeted within the time of dial and hello?"""
        device = self._outbound.learn(address)
        if device is None:
            return False
        self._dialer.known[device].next_s = 0.0
        settled = self._settled.setdefault(device, trio.Event())
        self._outbound.dial_soon()
        with trio.move_on_after(limits.DIAL_S_MAX + limits.HELLO_S_MAX):
            if device not in self._links:
                await settled.wait()
        return device in self._links

    def peers(self) -> tuple[PeerInfo, ...]:
        return tuple(
            PeerInfo(
                device, peer.address, self._path(device), device in self._links,
                self._tools.clock.now_ms() if device in self._links else peer.seen_ms, peer.height,
                peer.agrees if device in self._links else None, peer.behind,
                self._host.delay_ms(device) if self._host is not None and device in self._links else None,
            )
            for device, peer in self._peers.items()
        )  # fmt: skip

    def traffic(self) -> tuple[int, int]:
        """Bytes of all sessions, in and out, those that ended included."""
        now = [link.session.traffic for link in self._links.values()]
        came, went = self._ended_traffic
        return came + sum(t.bytes_in for t in now), went + sum(t.bytes_out for t in now)

    def _path(self, device: bytes) -> str:
        if device not in self._links:
            return "none"
        if device in self._relayed:
            return "relay"
        known = self._dialer.known.get(device)
        return "local" if known is not None and known.local else "direct"

    def diagnose(self) -> list[Finding]:
        """What works and what to change."""
        outside = self._reaching.seen_outside()
        return diagnosis.findings(diagnosis.Facts(
            org=self.replica.org_id.hex()[:8],
            addresses=self.addresses(),
            only_dials=self._only_dials,
            port_taken=self._port_taken,
            mdns=self._outbound.mdns,
            known=len(self._dialer.known),
            linked=len(self._links),
            relayed=len(self._relayed),
            alone_since_ms=self._alone_since_ms,
            outside=outside[0].host if outside else "",
            reached=self._reaching.is_reachable() if outside else None,
            relays_known=self._reaching.relays_known(),
            places=self._reaching.places(),
            relays=self._tools.relays,
            other_version=[device.hex()[:12] for device in sorted(self._wrong_version)],
            clocks=[(device.hex()[:12], self._peers[device].clock_difference_ms) for device in self._links],
            behind=sum(bool(self._peers[device].behind) for device in self._links),
        ))  # fmt: skip

    # -- greeting ------------------------------------------------------------------------------------
    def _self(self) -> Self:
        random, replica = self._tools.random, self.replica
        is_in = replica.standing(self._signer.public) == "active"  # until then a peer's word for the keys may be wrong
        return Self(
            replica.org_id, self._signer.public, replica.device_certificate(), tuple(replica.org_keys()),
            self._instance, self._tools.verifier, random.token(NONCE_BYTES), random.token,
            None if is_in else self._bearer, None if is_in else self._root,
            self._may_join, replica.root_known, replica.may_meet,
        )  # fmt: skip

    def _may_join(self, bearer: bytes, device: bytes) -> bool:
        """Whoever holds an invitation is heard, be it only to be told that it is used up."""
        return self.replica.standing(device) in ("active", "joining") or self.replica.invitation_known(bearer)

    async def _accept(self, device: bytes, stream: ByteStream) -> None:
        """A peer opened a stream: bounded work for strangers, the same end for all who do not belong."""
        now = trio.current_time()
        if (
            self._banned.get(device, 0) > now
            or self._hellos >= limits.HELLOS_AT_ONCE_MAX
            or not self._hello_bucket.take(1, now)
            or len(self._links) >= limits.LINKS_MAX
        ):
            return
        self._hellos += 1
        try:
            wrapped = self._wrapped(stream)
            met = await self._greeted(device, wrapped, False)
        finally:
            self._hellos -= 1
        if met is not None:
            await self._link(met, wrapped, False)

    def _wrapped(self, stream: ByteStream) -> HostStream:
        return HostStream(stream, self._host is not None and self._host.goes_through_relay(stream))

    async def _greeted(self, device: bytes, stream: HostStream, opener: bool) -> Met | None:
        with self._meeting(device):
            try:
                met = await greet(self._self(), device, stream, opener)
            except PeerError as error:
                if error.code == "version" and (opener or self._is_known(device)):
                    self._wrong_version.add(device)
                return None
            except StorageError:
                return None  # who it is cannot be looked up now: nobody is met
        self._wrong_version.discard(device)
        return met

    def _is_known(self, device: bytes) -> bool:
        """Has this device rights here? Of strangers nothing is remembered."""
        try:
            return self.replica.standing(device) == "active"
        except StorageError:
            return False

    @contextmanager
    def _meeting(self, device: bytes) -> Iterator[None]:
        """A hello with this device is under way while the block runs."""
        self._greeting[device] = self._greeting.get(device, 0) + 1
        try:
            yield
        finally:
            self._greeting[device] -= 1
            if not self._greeting[device]:
                del self._greeting[device]

    async def _link(self, met: Met, stream: HostStream, opener: bool) -> None:
        """Keep one link per peer: both sides prefer a direct one, then the stream that the lower key opened."""
        old = self._links.get(met.device)
        if old is not None:
            lower_opened = old.opener == (self._signer.public < met.device)
            same_way = stream.relayed == (met.device in self._relayed)
            better = lower_opened if same_way else stream.relayed
            if old.met.instance == met.instance and better and not old.ended:
                return
            old.close("replaced")
        (self._relayed.add if stream.relayed else self._relayed.discard)(met.device)
        self._reaching.renew()
        session = Session(
            self.replica, self._signer.public, met.device, met.standing, self._fetching, self._tools.random.token,
            [self._reaching.own.raw], met.key,
        )
        link = Link(self, self.replica, self._tools.clock, met, stream, opener, session)
        self._links[met.device] = link
        self._greet_done(met)
        try:
            await link.run()
        finally:
            self._ended(link)

    def _greet_done(self, met: Met) -> None:
        self._strangers.pop(met.device, None)
        self._alone_since_ms = None
        self._dialer.greeted(met.device)
        self._peers.setdefault(met.device, Peer())
        settled = self._settled.pop(met.device, None)
        if settled is not None:
            settled.set()
        self._hints.linked()
        if self._host is not None and met.standing == "member":
            self._host.welcome(met.device)
        self._tools.events.peers_changed(self.replica.org_id)

    def _ended(self, link: Link) -> None:
        device = link.device
        if link.ended in ("forged", "unasked", "guest", "poisoned"):
            self._banned[device] = trio.current_time() + limits.BAN_S
        came, went = self._ended_traffic
        self._ended_traffic = came + link.session.traffic.bytes_in, went + link.session.traffic.bytes_out
        if self._links.get(device) is not link:
            return
        del self._links[device]
        self._relayed.discard(device)
        if not self._links:
            self._alone_since_ms = self._tools.clock.now_ms()
        self._peers[device].seen_ms = self._tools.clock.now_ms()
        if link.session.standing == "guest":
            del self._peers[device]  # anybody with an old invitation may come, under any number of keys
        self._hints.forget(device)
        self._dialer.lost(device, trio.current_time())
        if self._host is not None:
            self._host.dismiss(device)
        if self._nursery is not None and link.ended != "replaced":
            self._nursery.start_soon(self._drop_connection, device)
        self._poke()
        self._tools.events.peers_changed(self.replica.org_id)

    def _is_left_alone(self, device: bytes) -> bool:
        """Linked or about to be; or one more where enough are, or are about to be: handshakes cost both sides much, and
        where all dial all at once nobody gets to the end of one."""
        meeting = len(self._greeting)
        if device in self._links or device in self._greeting or meeting >= limits.MEETINGS_MAX:
            return True
        return device not in self._settled and len(self._links) + meeting >= limits.LINKS_WANTED

    async def _drop_connection(self, device: bytes) -> None:
        """A connection without a link is of no use; dialling begins anew. Where a hello is under way, two dialled each
        other and the other stream is to stay: what comes of it has the time of any hello."""
        if device in self._greeting:
            self._strangers[device] = trio.current_time() + limits.HELLO_S_MAX
        elif device not in self._links and self._host is not None:
            await self._host.disconnect(device)
        self._outbound.dial_soon()

    # -- connections ---------------------------------------------------------------------------------
    def _connected(self, device: bytes, address: str) -> None:
        if device not in self._links:
            self._strangers[device] = trio.current_time() + limits.HELLO_S_MAX

    def _disconnected(self, device: bytes) -> None:
        self._strangers.pop(device, None)
        link = self._links.get(device)
        if link is not None:
            link.close("gone")

    async def _strangers_loop(self) -> None:
        """Close connections that do not say hello in time, and the oldest when there are too many."""
        while True:
            await trio.sleep(limits.TICK_S)
            now = trio.current_time()
            self._banned = {device: until for device, until in self._banned.items() if until > now}
            late = [device for device, until in self._strangers.items() if until < now]
            late += list(self._strangers)[: max(0, len(self._strangers) - limits.STRANGERS_MAX)]
            for device in dict.fromkeys(late):
                self._strangers.pop(device, None)
                if device not in self._links and self._host is not None:
                    await self._host.disconnect(device)

    async def _open_link(self, device: bytes, address: str) -> bool:
        """Say hello on a connection, and keep the link up; False where there was no hello."""
        host = self._host
        with self._meeting(device):
            stream = None if host is None else await host.open_stream(device)
        if host is None or stream is None:
            if host is not None and await host.speaks_another_version(device):
                self._wrong_version.add(device)
            return False
        wrapped = self._wrapped(stream)
        met = await self._greeted(device, wrapped, True)
        if met is None:
            await wrapped.close()
            return False
        if address:
            self._dialer.book.succeeded(address, self._tools.clock.now_ms())
            self._peers.setdefault(device, Peer()).address = address
        await self._link(met, wrapped, True)
        return True

    async def _went_direct(self, device: bytes) -> None:
        """A relayed link gets a direct successor; the relay is left once that is up."""
        if self._nursery is None or self._host is None:
            return
        self._nursery.start_soon(self._open_link, device, "")
        with trio.move_on_after(limits.HELLO_S_MAX):
            while device in self._relayed:  # noqa: ASYNC110  (either side may open the direct one)
                await trio.sleep(0.05)
        if self._host is not None:
            await self._host.leave_relay(device)

    def _not_reached(self, device: bytes) -> None:
        self._dialer.failed(device, trio.current_time())
        settled = self._settled.pop(device, None)
        if settled is not None:
            settled.set()
        if self._nursery is not None:
            self._nursery.start_soon(self._drop_connection, device)

    # -- what links tell (link.LinkOwner) --------------------------------------------------------------
    def _poke(self, but: Link | None = None) -> None:
        for link in self._links.values():
            if link is not but:
                link.poke()

    def stored(self, link: Link) -> None:
        self._poke()

    def contents_stored(self, link: Link, hashes: list[bytes]) -> None:
        for other in self._links.values():
            if other is not link:
                other.session.tell_content(hashes)
                other.poke()

    def keys_changed(self) -> None:
        """Other keys serve now: hints go under the newest, and peers that may lack it are given it soon."""
        if self._nursery is not None and self._host is not None:
            self._nursery.start_soon(self._hints.join_topic, self._host)
        self._poke()

    def keys_came(self, link: Link, rows: tuple[tuple[int, bytes], ...]) -> None:
        self.replica.offer_keys(rows)
        if self._host is not None:
            self._host.welcome(link.device)
        self._tools.events.peers_changed(self.replica.org_id)

    def addresses_came(self, link: Link, items: tuple[bytes, ...]) -> None:
        for record in self._reaching.came(link, items):
            for address in record.addresses:
                self._outbound.learn(address)
            peer = self._peers.get(record.device)
            if record.device == link.device and peer is not None and record.addresses and not peer.address:
                peer.address = record.addresses[0]
                self._tools.events.peers_changed(self.replica.org_id)

    def join_answered(self, link: Link, code: str) -> None:
        if code:
            self._tools.events.join_refused(self.replica.org_id, code)

    def progressed(self, link: Link, done: int, total: int) -> None:
        self._tools.events.progress(self.replica.org_id, done, total)

    def view_changed(self, link: Link) -> None:
        view, peer = link.session.view, self._peers[link.device]
        fresh = (view.height, view.agrees, view.behind)
        peer.clock_difference_ms = view.clock_difference_ms
        if fresh != (peer.height, peer.agrees, peer.behind):
            peer.height, peer.agrees, peer.behind = fresh
            self._tools.events.peers_changed(self.replica.org_id)

    def content_hash(self, blob: bytes) -> bytes:
        return digest(blob)
