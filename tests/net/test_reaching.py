"""Peer exchange: whose word is taken, kept and passed on, and how much of it. No network: links are stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import trio

from dao_app.app.addresses import AddressBook, device_text
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import limits
from dao_app.net.link import Link
from dao_app.net.reaching import Reaching
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
        self.session = FakeSession()

    def poke(self) -> None: ...


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

    def word(self, person: Person, at_ms: int = 0, port: int = 443, org: bytes | None = None) -> Record:
        address = f"/ip4/192.0.2.7/tcp/{port}/p2p/{device_text(person.device.public)}"
        return sign_record(person.device, org or self.world.org_id, self.now + at_ms, False, [address])

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
        assert desk.reaching.renew() and desk.reaching.own.at_ms > before.at_ms

    in_trio(work)
