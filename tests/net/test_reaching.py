"""Peer exchange: whose word is taken, kept and passed on, and how much of it. No network: links are stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from dao_app.app import addresses
from dao_app.app.addresses import AddressBook, device_text
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import limits, reaching
from dao_app.net.host_punch import Seen
from dao_app.net.link import Link
from dao_app.net.reaching import Asked, Reaching
from dao_app.net.records import Record, sign_record
from dao_app.net.tools import Tools
from tests.fakes.world import Person, TestSigner, World
from tests.net.worlds import Told


class FakeSession:
    def __init__(self) -> None:
        self.standing = "member"
        self.told: list[bytes] = []

    def tell_addresses(self, records: list[bytes]) -> None:
        self.told += records


class FakeLink:
    """A link that only remembers what it was told."""

    def __init__(self, device: bytes) -> None:
        self.device = device
        self.opener = True
        self.session = FakeSession()

    def poke(self) -> None: ...


class FakeHost:
    """A host that keeps what it was asked for."""

    def __init__(self, refuses: bool = False) -> None:
        self.kept: dict[bytes, float] = {}
        self.asked: list[bytes] = []
        self.direct = True
        self._refuses = refuses

    def addresses(self) -> list[str]:
        return []

    def is_direct(self, device: bytes) -> bool:
        return self.direct

    def places(self) -> dict[bytes, float]:
        return dict(self.kept)

    async def reserve(self, relay: bytes) -> bool:
        self.asked.append(relay)
        if not self._refuses:
            self.kept[relay] = trio.current_time() + limits.RESERVATION_S
        return not self._refuses

    async def punch(self, device: bytes, known: list[str]) -> bool:
        self.asked.append(device)
        return False


class Desk:
    """A member's device with links to two others of three."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.people = [self.world.founder, *(self.world.add_member()[0] for _ in range(3))]
        self.now = self.world.clock.now
        self.links = {person.device.public: FakeLink(person.device.public) for person in self.people[1:3]}
        self.book = AddressBook()
        self.tools = Tools(
            Told(), self.world.clock, self.world.random, SodiumVerifier(), SodiumSealer(self.world.random)
        )

        async def dial(address: str) -> bool:
            return False

        async def direct(device: bytes) -> None: ...

        self.reaching = Reaching(
            self.tools, self.world.main, self.people[0].device, self.book, cast(Any, self.links), dial, direct
        )

    def word(
        self, person: Person, at_ms: int = 0, port: int = 443, org: bytes | None = None, relays: bool = False
    ) -> Record:
        address = f"/ip4/192.0.2.7/tcp/{port}/p2p/{device_text(person.device.public)}"
        return sign_record(person.device, org or self.world.org_id, self.now + at_ms, relays, [address])

    def hear(self, teller: int, *records: Record) -> int:
        link = self.links[self.people[teller].device.public]
        return len(self.reaching.came(cast(Link, link), tuple(record.raw for record in records)))

    def told(self, place: int) -> list[bytes]:
        return self.links[self.people[place].device.public].session.told


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def in_trio(work: Any) -> None:
    async def main() -> None:
        work()

    trio.run(main)


def test_a_members_word_is_taken_and_passed_on_to_the_others(desk: Desk) -> None:
    def work() -> None:
        word = desk.word(desk.people[3])
        assert desk.hear(1, word) == 1
        assert [a.text for a in desk.book.addresses(word.device)] == list(word.addresses)
        assert desk.told(2) == [word.raw] and desk.told(1) == []
        assert desk.hear(2, word) == 0  # once is enough
        assert desk.told(1) == []

    in_trio(work)


def test_newest_wins(desk: Desk) -> None:
    def work() -> None:
        assert desk.hear(1, desk.word(desk.people[3], 10, port=2)) == 1
        assert desk.hear(1, desk.word(desk.people[3], 9, port=1)) == 0
        assert desk.hear(1, desk.word(desk.people[3], 11, port=3)) == 1
        assert [a.port for a in desk.book.addresses(desk.people[3].device.public)] == [3]

    in_trio(work)


def test_what_is_not_taken(desk: Desk) -> None:
    def work() -> None:
        other = desk.people[3]
        good = desk.word(other)
        forged = bytearray(good.raw)
        forged[-1] ^= 1
        stranger = Person(desk.world.random)
        assert desk.hear(1, good._replace(raw=bytes(forged))) == 0
        assert desk.hear(1, desk.word(other, org=b"x" * 32)) == 0
        assert desk.hear(1, desk.word(other, limits.RECORD_AHEAD_MS_MAX + 1)) == 0
        assert desk.hear(1, desk.word(other, -limits.RECORD_AGE_MS_MAX - 1)) == 0
        assert desk.hear(1, desk.word(desk.people[0])) == 0  # of this very device
        assert desk.hear(1, desk.word(stranger)) == 0
        assert desk.told(2) == [] and stranger.device.public not in desk.book.entries

    in_trio(work)


def test_a_removed_members_word_is_taken_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        monkeypatch.setattr(desk.world.main, "standing", lambda device: "refused")
        assert desk.hear(1, desk.word(desk.people[3])) == 0
        assert desk.hear(1, desk.word(desk.people[1])) == 0

    in_trio(work)


def test_a_removed_device_is_forgotten_at_the_next_checkpoint(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        word = desk.word(desk.people[3])
        desk.hear(1, word)
        desk.reaching._drop_removed()
        monkeypatch.setattr(desk.world.main, "standing", lambda device: "refused")
        desk.reaching._drop_removed()
        assert word.device in desk.book.entries  # nothing was sealed since
        monkeypatch.setattr(desk.world.main, "height", lambda: 99)
        desk.reaching._drop_removed()
        assert desk.book.entries == {} and desk.book.changed

    in_trio(work)


def test_a_stream_of_new_words_of_one_device_is_slowed(desk: Desk) -> None:
    def work() -> None:
        words = [desk.word(desk.people[3], i) for i in range(50)]
        assert desk.hear(1, *words) == limits.RECORDS_BURST
        assert len(desk.told(2)) == limits.RECORDS_BURST
        assert desk.hear(1, desk.word(desk.people[2])) == 1  # others are heard

    in_trio(work)


def test_forging_does_not_silence_the_device_that_is_forged(desk: Desk) -> None:
    def work() -> None:
        liar = TestSigner(b"l" * 32)
        true = desk.word(desk.people[3], 100)
        for i in range(50):
            lie = sign_record(liar, desk.world.org_id, desk.now + i, False, ())
            raw = lie.raw.replace(liar.public, desk.people[3].device.public)
            assert desk.hear(1, lie._replace(raw=raw)) == 0
        assert desk.hear(2, true) == 1

    in_trio(work)


def test_words_wait_for_the_log_that_names_their_device(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        word = desk.word(desk.people[3])
        with monkeypatch.context() as early:
            early.setattr(desk.world.main, "standing", lambda device: "unknown")
            assert desk.hear(1, word) == 0
            assert desk.reaching._look_at_waiting() == []
        assert desk.reaching._look_at_waiting() == [word.raw]
        assert desk.told(2) == [word.raw]

    in_trio(work)


def test_a_full_book_takes_no_hearsay_about_strangers_but_a_devices_own_word(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forgot one device for another would find the first new again: two words would go round for ever."""

    def work() -> None:
        assert desk.hear(1, desk.word(desk.people[1])) == 1
        for module in (addresses, reaching):
            monkeypatch.setattr(module, "DEVICES_MAX", 1)
        assert desk.hear(1, desk.word(desk.people[3])) == 0
        assert list(desk.book.entries) == [desk.people[1].device.public]
        assert desk.hear(1, desk.word(desk.people[1], at_ms=1)) == 1
        assert desk.hear(2, desk.word(desk.people[2])) == 1
        assert list(desk.book.entries) == [desk.people[2].device.public]

    in_trio(work)


def test_a_new_link_hears_of_everybody_once(desk: Desk) -> None:
    def work() -> None:
        word = desk.word(desk.people[3])
        desk.hear(1, word)
        desk.reaching._tell_newcomers()
        desk.reaching._tell_newcomers()
        assert desk.told(1) == [word.raw]

    in_trio(work)


def test_an_own_word_is_signed_anew_only_where_something_changed(desk: Desk) -> None:
    def work() -> None:
        before = desk.reaching.own
        assert not desk.reaching.renew()
        desk.world.clock.forward(limits.RECORD_AGAIN_MS)
        assert desk.told(1) == []
        assert desk.reaching.renew() and desk.reaching.own.at_ms > before.at_ms
        assert desk.told(1) == desk.told(2) == [desk.reaching.own.raw]  # whoever asked for it: the beat or a new link

    in_trio(work)


# -- places and holes: in virtual time ---------------------------------------------------------------------------


def in_virtual_time(work: Any) -> None:
    clock = MockClock()
    trio.run(work, clock.jump, clock=clock)


def test_who_is_not_reached_keeps_places_where_members_relay_and_renews_them(desk: Desk) -> None:
    async def work(pass_s: Callable[[float], None]) -> None:
        host = FakeHost()
        desk.reaching.begin(cast(Any, host))
        one, two = (desk.people[place].device.public for place in (1, 2))
        await desk.reaching._keep_places(cast(Any, host))
        assert host.asked == []  # nobody says that he relays
        desk.hear(1, desk.word(desk.people[1], relays=True))
        await desk.reaching._keep_places(cast(Any, host))
        await desk.reaching._keep_places(cast(Any, host))
        assert host.asked == [one]
        assert desk.reaching.renew()
        ours = desk.reaching.own.addresses
        assert [text.partition("/p2p-circuit")[0] for text in ours] == list(desk.word(desk.people[1]).addresses)
        pass_s(limits.RESERVATION_S / 2 + 1)
        await desk.reaching._keep_places(cast(Any, host))
        assert host.asked == [one, one] and two not in host.asked

    in_virtual_time(work)


def test_who_is_reached_from_outside_keeps_no_place(desk: Desk) -> None:
    async def work(pass_s: Callable[[float], None]) -> None:
        host = FakeHost()
        desk.reaching.begin(cast(Any, host))
        desk.hear(1, desk.word(desk.people[1], relays=True))
        near, outside = Seen("192.168.1.2", {443: True}), Seen("203.0.113.7", {443: True})
        desk.reaching._now.asked[b"a"] = Asked(0.0, near)  # says nothing about the outside
        assert not desk.reaching.is_reachable()
        desk.reaching._now.asked[b"b"] = Asked(0.0, outside)
        assert desk.reaching.is_reachable()
        await desk.reaching._keep_places(cast(Any, host))
        assert host.asked == []
        pass_s(2 * limits.ASK_BACK_AGAIN_S + 1)  # who said so is gone, and nobody says it again
        assert not desk.reaching.is_reachable()
        desk.reaching._now.asked[b"b"] = Asked(trio.current_time(), outside)
        assert desk.reaching.is_reachable()
        desk.reaching.ask_anew()  # another network
        await desk.reaching._keep_places(cast(Any, host))
        assert host.asked != []

    in_virtual_time(work)


def test_a_relay_that_refuses_is_left_alone_for_a_while(desk: Desk) -> None:
    async def work(pass_s: Callable[[float], None]) -> None:
        host = FakeHost(refuses=True)
        desk.reaching.begin(cast(Any, host))
        desk.hear(1, desk.word(desk.people[1], relays=True))
        for _ in range(3):
            await desk.reaching._keep_places(cast(Any, host))
        assert len(host.asked) == 1
        pass_s(limits.BACKOFF_S_MAX + 1)
        await desk.reaching._keep_places(cast(Any, host))
        assert len(host.asked) == 2

    in_virtual_time(work)


def test_a_relayed_link_is_tried_directly_by_the_side_that_was_dialled_a_few_times(desk: Desk) -> None:
    async def work(pass_s: Callable[[float], None]) -> None:
        host = FakeHost()
        host.direct = False
        desk.reaching.begin(cast(Any, host))
        one, two = (desk.people[place].device.public for place in (1, 2))
        desk.links[one].opener, desk.links[two].opener = False, True
        async with trio.open_nursery() as nursery:
            for _ in range(1_000):
                desk.reaching._punch(nursery, cast(Any, host))
                pass_s(limits.RELAY_TICK_S)
                await wait_all_tasks_blocked()
        assert host.asked == [one] * limits.PUNCH_ATTEMPTS_MAX

    in_virtual_time(work)
