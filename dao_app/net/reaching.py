"""How one organisation's device is reached and reaches others: signed addresses, peer exchange, places at relays.

Invariants: of other devices only what they signed themselves is taken, kept and passed on, the newest of each, and
only of active members (of the peer itself also while its join is not final); a device that nobody outside its local
network reaches keeps places at members' relays; a relayed link becomes a direct one where the routers let it through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import trio

from dao_app.app.addresses import (
    ADDRESSES_PER_DEVICE_MAX,
    DEVICES_MAX,
    Address,
    AddressBook,
    device_text,
    is_near,
    read_address,
)
from dao_app.app.ports import Replica, Signer
from dao_app.net import limits
from dao_app.net.host import Host
from dao_app.net.host_punch import Seen
from dao_app.net.link import Link
from dao_app.net.meters import Bucket
from dao_app.net.records import Record, is_signed, read_record, sign_record
from dao_app.net.tools import Tools


@dataclass(slots=True)
class Asked:
    """What a peer said when it was asked to dial us back, and when (trio's clock)."""

    at_s: float
    seen: Seen | None


@dataclass(slots=True)
class Punching:
    attempts: int = 0
    next_s: float = 0.0


@dataclass(slots=True)
class _Now:
    """What belongs to the time that the host is up."""

    told: set[Link] = field(default_factory=set)
    asked: dict[bytes, Asked] = field(default_factory=dict)
    asking: bool = False
    refused: dict[bytes, float] = field(default_factory=dict)  # relay → when it may be asked again
    punching: dict[bytes, Punching] = field(default_factory=dict)


class Reaching:
    """See the module. ``links`` are the node's; ``dial`` reaches an address within its time; ``went_direct`` is told
    that a device with a relayed link is connected directly now."""

    def __init__(
        self, tools: Tools, replica: Replica, signer: Signer, book: AddressBook, links: Mapping[bytes, Link],
        dial: Callable[[str], Awaitable[bool]], went_direct: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._tools = tools
        self._replica = replica
        self._signer = signer
        self._book = book
        self._links = links
        self._dial = dial
        self._went_direct = went_direct
        self._waiting: dict[bytes, Record] = {}  # of devices that the log here does not know yet
        self._checks: dict[bytes, Bucket] = {}  # of signatures, by who tells
        self._rates: dict[bytes, Bucket] = {}  # of new words, by whose they are
        self._height = -1  # of the checkpoint after which removed devices were dropped
        self._now = _Now()
        self._host: Host | None = None
        self.announces = True  # False where the port that is announced could not be had
        self.own = sign_record(signer, replica.org_id, tools.clock.now_ms(), tools.relays, ())

    # -- own addresses -------------------------------------------------------------------------------
    def addresses(self) -> tuple[str, ...]:
        """Where this device is reached directly, most likely first."""
        if self._host is None:
            return ()
        announced = self._tools.announce if self.announces else ()
        told = [f"{address}/p2p/{device_text(self._signer.public)}" for address in announced]
        return tuple(dict.fromkeys([*told, *self._host.addresses()]))[:ADDRESSES_PER_DEVICE_MAX]

    def _all_addresses(self) -> tuple[str, ...]:
        """Direct ones, and those through relays that keep a place for us."""
        circuits = self._circuits()
        found = [address for address in map(read_address, self.addresses()) if address is not None]
        elsewhere = [address for address in found if not address.host.startswith("127.") and address.host != "::1"]
        direct = [address.text for address in elsewhere or found]
        return (*direct[: ADDRESSES_PER_DEVICE_MAX - len(circuits)], *circuits)

    def _circuits(self) -> list[str]:
        if self._host is None or self.is_reachable():
            return []
        found = []
        for relay in self._host.places():
            direct = [address.text for address in self._book.addresses(relay) if address.relay is None]
            found += [
                f"{text}/p2p-circuit/p2p/{device_text(self._signer.public)}"
                for text in direct[: limits.RELAY_ADDRESSES_MAX]
            ]
        return [text for text in found if read_address(text) is not None]

    def renew(self) -> bool:
        """Sign anew, and tell all links, where addresses changed or the last word is old; says whether it did."""
        now_ms, addresses = self._tools.clock.now_ms(), self._all_addresses()
        if addresses == self.own.addresses and now_ms - self.own.at_ms < limits.RECORD_AGAIN_MS:
            return False
        at_ms = max(now_ms, self.own.at_ms + 1)
        self.own = sign_record(self._signer, self._replica.org_id, at_ms, self._tools.relays, addresses)
        self._tell([self.own.raw])
        return True

    def ports(self) -> list[int]:
        found = [address.port for address in map(read_address, self.addresses()) if address is not None]
        return list(dict.fromkeys(found))[: limits.DIAL_BACK_PORTS_MAX]

    # -- peer exchange -------------------------------------------------------------------------------
    def came(self, link: Link, items: tuple[bytes, ...]) -> list[Record]:
        """Take in what a peer tells; those that were new."""
        fresh = []
        for raw in items:
            record = read_record(raw)
            if record is not None and self._take(record, link.device):
                fresh.append(record)
        if fresh:
            self._tell([record.raw for record in fresh], link)
        return fresh

    def _take(self, record: Record, teller: bytes | None) -> bool:
        now_ms, now = self._tools.clock.now_ms(), trio.current_time()
        entry = self._book.entries.get(record.device)
        if record.org != self._replica.org_id or record.device == self._signer.public:
            return False
        if not now_ms - limits.RECORD_AGE_MS_MAX <= record.at_ms <= now_ms + limits.RECORD_AHEAD_MS_MAX:
            return False
        if entry is not None and entry.record_ms >= record.at_ms:
            return False
        if entry is None and record.device != teller and len(self._book.entries) >= DEVICES_MAX:
            # Room would be made by forgetting another, which the next telling brings back as news, for ever.
            return False
        standing = self._replica.standing(record.device)
        if standing == "unknown" and record.device != teller:
            if len(self._waiting) < limits.RECORDS_TOLD_MAX:
                self._waiting[record.device] = record
            return False
        if standing == "refused" or (standing != "active" and record.device != teller):
            return False
        checks = self._checks.setdefault(teller or b"", _bucket(limits.CHECKS_PER_S, limits.CHECKS_BURST))
        if not checks.take(1, now) or not is_signed(record, self._tools.verifier):
            return False
        rate = self._rates.setdefault(record.device, _bucket(limits.RECORDS_PER_MIN / 60, limits.RECORDS_BURST))
        if not rate.take(1, now):
            return False
        return self._book.keep_record(record.device, record.raw, record.at_ms, record.addresses, now_ms)

    def _tell(self, records: list[bytes], but: Link | None = None) -> None:
        for link in self._links.values():
            if link is not but and link.session.standing == "member":
                link.session.tell_addresses(records)
                link.poke()

    def _tell_newcomers(self) -> None:
        """Who became a member's link since the last time hears of everybody."""
        now = self._now
        now.told.intersection_update(self._links.values())
        for link in self._links.values():
            if link in now.told or link.session.standing != "member":
                continue
            now.told.add(link)
            oldest = self._tools.clock.now_ms() - limits.RECORD_AGE_MS_MAX
            known = [
                entry.record
                for device, entry in self._book.entries.items()
                if entry.record and entry.record_ms > oldest and device != link.device
                and self._replica.standing(device) == "active"
            ]  # fmt: skip
            link.session.tell_addresses(known[: limits.RECORDS_TOLD_MAX])
            link.poke()

    def _drop_removed(self) -> None:
        """Devices that lost their rights are neither dialled nor told of; looked at after each checkpoint."""
        if self._replica.height() != self._height:
            self._height = self._replica.height()
            for device in list(self._book.entries):
                if self._replica.standing(device) == "refused":
                    self._book.drop(device)

    def _look_at_waiting(self) -> list[bytes]:
        waiting, self._waiting = self._waiting, {}
        fresh = [record.raw for record in waiting.values() if self._take(record, None)]
        if fresh:
            self._tell(fresh)
        return fresh

    # -- the heartbeat -------------------------------------------------------------------------------
    def begin(self, host: Host) -> None:
        """The host is up."""
        self._host, self._now = host, _Now()

    async def run(self, host: Host, learnt: Callable[[], None]) -> None:
        """Keep all of it up; ``learnt`` is told that there may be somebody to dial."""
        async with trio.open_nursery() as nursery:
            while True:
                for buckets in (self._checks, self._rates):
                    if len(buckets) > limits.BUCKETS_MAX:
                        buckets.clear()
                self._drop_removed()
                if self._look_at_waiting():
                    learnt()
                self.renew()
                self._tell_newcomers()
                self._ask_back(nursery)
                await self._keep_places(host)
                self._punch(nursery, host)
                await trio.sleep(limits.RELAY_TICK_S)

    def stopped(self) -> None:
        self._host = None

    def _direct_members(self) -> list[bytes]:
        """Linked members that are connected directly."""
        host = self._host
        if host is None:
            return []
        members = [device for device, link in self._links.items() if link.session.standing == "member"]
        return [device for device in members if host.is_direct(device)]

    # -- are we reached? -----------------------------------------------------------------------------
    def is_reachable(self) -> bool:
        """Did a device outside the local network reach this one lately?"""
        return any(any(seen.reached.values()) for seen in self.seen_outside())

    def seen_outside(self) -> list[Seen]:
        """What devices said lately that see this one come from outside their local network."""
        since = trio.current_time() - 2 * limits.ASK_BACK_AGAIN_S
        seen = [asked.seen for asked in self._now.asked.values() if asked.seen is not None and asked.at_s >= since]
        return [one for one in seen if not is_near(one.host)]

    def _ask_back(self, nursery: trio.Nursery) -> None:
        now, ports = trio.current_time(), self.ports()
        if self._now.asking or not ports:
            return
        for device in self._direct_members():
            last = self._now.asked.get(device)
            if last is None or now - last.at_s > limits.ASK_BACK_AGAIN_S:
                self._now.asking = True
                nursery.start_soon(self._ask_one_back, device, ports)
                return

    async def _ask_one_back(self, device: bytes, ports: list[int]) -> None:
        assert self._host is not None
        try:
            seen = await self._host.ask_back(device, ports)
        finally:
            self._now.asking = False
        if len(self._now.asked) >= limits.LINKS_MAX:
            self._now.asked.clear()
        self._now.asked[device] = Asked(trio.current_time(), seen)

    def ask_anew(self) -> None:
        """The network changed: what peers said before no longer counts."""
        self._now.asked.clear()
        self._now.refused.clear()

    # -- places at relays ----------------------------------------------------------------------------
    def relays_known(self) -> int:
        """Devices that say that members may reach each other through them."""
        records = [read_record(entry.record) for entry in self._book.entries.values() if entry.record]
        return sum(record is not None and record.relays for record in records)

    def places(self) -> int:
        return 0 if self._host is None else len(self._host.places())

    async def _keep_places(self, host: Host) -> None:
        if self.is_reachable():
            return
        now, places = trio.current_time(), host.places()
        for device in self._direct_members():
            until = places.get(device)
            if until is None and (len(places) >= limits.RELAYS_USED_MAX or not self._serves(device)):
                continue
            if until is not None and until - now > limits.RESERVATION_S / 2:
                continue
            if self._now.refused.get(device, 0.0) > now:
                continue
            if await host.reserve(device):
                places = host.places()
            else:
                self._now.refused[device] = now + limits.BACKOFF_S_MAX

    def _serves(self, device: bytes) -> bool:
        entry = self._book.entries.get(device)
        record = read_record(entry.record) if entry is not None and entry.record else None
        return record is not None and record.relays

    async def through(self, address: Address) -> bool:
        """Connect to a device by way of the relay in this address."""
        assert self._host is not None and address.relay is not None
        if address.relay == self._signer.public:
            return False
        if address.relay not in self._links and not await self._dial(address.relay_address):
            return False
        return await self._host.dial_through(address.relay, address.device)

    # -- from relayed to direct ----------------------------------------------------------------------
    def _punch(self, nursery: trio.Nursery, host: Host) -> None:
        """Try on those relayed links that the other side opened: one of both has to begin."""
        now, known = trio.current_time(), self._now.punching
        for device in known.keys() - self._links.keys():
            del known[device]
        for device, link in self._links.items():
            if link.opener or link.session.standing != "member" or host.is_direct(device):
                continue
            state = known.setdefault(device, Punching(0, now + limits.PUNCH_PAUSES_S[0]))
            if state.attempts < limits.PUNCH_ATTEMPTS_MAX and state.next_s <= now:
                state.attempts += 1
                state.next_s = now + limits.PUNCH_PAUSES_S[min(state.attempts, limits.PUNCH_ATTEMPTS_MAX - 1)]
                nursery.start_soon(self._punch_one, device, host)

    async def _punch_one(self, device: bytes, host: Host) -> None:
        direct = [address.text for address in self._book.addresses(device) if address.relay is None]
        if await host.punch(device, direct):
            await self._went_direct(device)


def _bucket(rate: float, burst: float) -> Bucket:
    return Bucket(rate, burst, trio.current_time())
