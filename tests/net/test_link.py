"""A link drives its session: what a peer says twice or never answers. The session is a stand-in, time virtual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from dao_app.app.ports import AdmitReport
from dao_app.net import limits
from dao_app.net.codec import frame
from dao_app.net.effects import AdmitCertificates, Effect
from dao_app.net.link import Link


class FakeSession:
    """Takes every frame for the same certificates; ``waiting`` for ever."""

    closing = None
    standing = "member"

    def __init__(self, waiting: bool) -> None:
        self.waiting = waiting
        self.answers = 0
        self.admits = 0

    def start(self, now_ms: int) -> None: ...
    def send_state(self, now_ms: int, keepalive: bool) -> None: ...
    def end(self) -> None: ...

    def changed(self, now_ms: int) -> list[Effect]:
        return []

    def next_frame(self) -> None:
        return None

    def receive(self, body: bytes, now_ms: int) -> list[Effect]:
        self.answers += {b"answer": limits.ANSWER_BYTES_MIN, b"crumb": 600}.get(body, 0)
        return [AdmitCertificates((b"x",), cast(Any, None))] if body == b"certificates" else []

    def admitted(self, report: AdmitReport, request: None) -> list[Effect]:
        self.admits += 1
        return []


class FakeStream:
    """Each piece after its seconds; then nothing more."""

    def __init__(self, pieces: Iterator[tuple[float, bytes]]) -> None:
        self._pieces = pieces

    async def read(self) -> bytes:
        for after, data in self._pieces:
            await trio.sleep_until(trio.current_time() + after)
            return data
        await trio.sleep_forever()
        raise AssertionError

    async def write(self, data: bytes) -> bool:
        return True

    async def close(self) -> None: ...


class FakeOwner:
    def stored(self, link: Link) -> None: ...
    def view_changed(self, link: Link) -> None: ...


class FakeReplica:
    async def admit_certificates(self, items: tuple[bytes, ...]) -> AdmitReport:
        await wait_all_tasks_blocked()
        return AdmitReport(0, 0, 0, {})


class Clock:
    def now_ms(self) -> int:
        return round(trio.current_time() * 1_000)


def run_link(session: FakeSession, pieces: Iterator[tuple[float, bytes]], for_s: float) -> tuple[str, float]:
    """Why the link ended within so many seconds ("" if it did not), and after how many."""

    async def main() -> tuple[str, float]:
        link = Link(
            cast(Any, FakeOwner()), cast(Any, FakeReplica()), cast(Any, Clock()), cast(Any, None),
            FakeStream(pieces), True, cast(Any, session),
        )  # fmt: skip
        began = trio.current_time()
        with trio.move_on_after(for_s):
            await link.run()
        return link.ended, trio.current_time() - began

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def test_a_peer_may_say_the_same_thing_twice_at_once() -> None:
    """Equal effects are two: a crash of the link would be one of the whole network."""
    session = FakeSession(waiting=False)
    many = limits.INTAKES_AT_ONCE * 2 + 1
    assert run_link(session, iter([(0.0, frame(b"certificates") * many)]), 5.0)[0] == ""
    assert session.admits == many


def test_who_says_everything_but_the_answer_is_left() -> None:
    """What was asked of it can be asked of others only when this link ends."""
    chatter = iter([(limits.STALL_S_MAX / 2, frame(b"state"))] * 100)
    ended, after = run_link(FakeSession(waiting=True), chatter, 1_000.0)
    assert ended == "too_slow" and after <= limits.ANSWER_S_MAX + 2 * limits.TICK_S


def test_who_answers_a_crumb_at_a_time_is_left() -> None:
    crumbs = iter([(limits.STALL_S_MAX / 2, frame(b"crumb"))] * 100)
    ended, after = run_link(FakeSession(waiting=True), crumbs, 1_000.0)
    assert ended == "too_slow" and after <= limits.ANSWER_S_MAX + 2 * limits.TICK_S


def test_who_answers_slowly_is_kept() -> None:
    pause, pauses = limits.STALL_S_MAX / 2, int(limits.ANSWER_S_MAX / limits.STALL_S_MAX)
    part = [*[(pause, frame(b"state"))] * pauses, (pause, frame(b"answer"))]
    assert run_link(FakeSession(waiting=True), iter(part * 10), 10 * pause * (pauses + 1))[0] == ""
