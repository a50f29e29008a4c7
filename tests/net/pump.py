"""Two or more sessions in one process, no network: frames are carried by hand, in any order that a seed gives."""

from __future__ import annotations

import random
from collections import deque

from dao_app.app.ports import AdmitReport
from dao_app.core.encoding import digest
from dao_app.net import messages as m
from dao_app.net.asking import Request
from dao_app.net.codec import FrameReader, PeerError
from dao_app.net.effects import (
    AddContents,
    Admit,
    AdmitCertificates,
    AdmitWords,
    Effect,
    JoinAnswered,
    Progressed,
    TakeKeys,
)
from dao_app.net.fetching import Fetching
from dao_app.net.hello import Standing
from dao_app.net.session import Session
from tests.fakes.replica import FakeReplica

NOW = 1_790_000_100_000
STEPS_MAX = 100_000


class End:
    """One side of a pair."""

    def __init__(self, replica: FakeReplica, peer: FakeReplica, standing: Standing, fetching: Fetching) -> None:
        self.replica = replica
        self.session = Session(
            replica, replica.signer.public, peer.signer.public, standing, fetching, random.Random(7).randbytes
        )
        self.inbox: deque[bytes] = deque()
        self.reader = FrameReader()
        self.answers: list[str] = []
        self.progress: list[tuple[int, int]] = []
        self.heard: list[type[m.Message]] = []
        self.most_waiting = 0  # requests of the peer at once
        self.broken = ""
        self.poked = False  # something was stored


class Pump:
    """Replicas with sessions between some of them; ``run`` until nothing moves any more."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self.pairs: list[tuple[End, End]] = []
        self.now_ms = NOW
        self.lose_next_batch: End | None = None  # its link breaks before the batch is stored
        self.stalled: list[End] = []  # they say nothing more and are not heard
        self._fetching: dict[int, Fetching] = {}

    def connect(
        self, one: FakeReplica, two: FakeReplica, standings: tuple[Standing, Standing] = ("member", "member")
    ) -> tuple[End, End]:
        pair = (
            End(one, two, standings[0], self._fetching.setdefault(id(one), Fetching())),
            End(two, one, standings[1], self._fetching.setdefault(id(two), Fetching())),
        )
        for end in pair:
            end.session.start(NOW)
        self.pairs.append(pair)
        return pair

    def disconnect(self, pair: tuple[End, End]) -> None:
        self.pairs.remove(pair)
        for end in pair:
            end.session.end()

    def run(self, steps: int = STEPS_MAX) -> None:
        """Carry frames until all sessions are quiet, or for so many steps."""
        for _ in range(steps):
            moves = [(pair, side) for pair in self.pairs for side in (0, 1)]
            self._random.shuffle(moves)
            moved = [self._step(pair[side], pair[1 - side]) for pair, side in moves]
            if not any(moved) and not self._tick():
                return
        if steps == STEPS_MAX:
            raise AssertionError("the sessions never come to rest")

    def _tick(self) -> bool:
        """What the driver does now and then; did anything new come of it?"""
        moved = False
        for pair in self.pairs:
            for end in pair:
                if end.broken or end in self.stalled:
                    continue
                self._changed(end)
                end.session.send_state(self.now_ms)
                moved = moved or bool(end.session._control or end.session._bulk)
        return moved

    def _step(self, end: End, other: End) -> bool:
        if end.broken or end in self.stalled:
            return False
        moved = self._changed(end) if end.poked else False
        frame = end.session.next_frame()
        if frame is not None:
            other.inbox.append(frame)
            moved = True
        if end.inbox and self._random.random() < 0.7:
            for body in end.reader.feed(end.inbox.popleft()):
                end.heard.append(type(m.decode_message(body)))
                try:
                    self._perform(end, end.session.receive(body, self.now_ms))
                except PeerError as error:
                    self._break(end, error)
                end.most_waiting = max(end.most_waiting, len(end.session._bulk))
            moved = True
        return moved or bool(end.inbox)

    def _changed(self, end: End) -> bool:
        end.poked = False
        try:
            self._perform(end, end.session.changed(self.now_ms))
        except PeerError as error:
            self._break(end, error)
        return True

    def _admitted(self, end: End, report: AdmitReport, request: Request | None) -> None:
        self._perform(end, end.session.admitted(report, request))
        for pair in self.pairs:
            for one in pair:
                one.poked = one.poked or (one.replica is end.replica and report.stored > 0)

    def _break(self, end: End, error: PeerError) -> None:
        end.broken = error.code
        end.session.end()

    def _perform(self, end: End, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Admit) and end is self.lose_next_batch:
                self.lose_next_batch = None
            elif isinstance(effect, Admit):
                self._admitted(end, end.replica.admit_now(effect.envelopes), effect.request)
            elif isinstance(effect, AdmitCertificates):
                fresh = end.replica.take_certificates(effect.items)
                report = AdmitReport(fresh, len(effect.items) - fresh, 0, {})
                self._admitted(end, report, effect.request)
            elif isinstance(effect, AdmitWords):
                end.session.words_admitted(end.replica.admit_words_now(effect.items))
            elif isinstance(effect, AddContents):
                came = [digest(blob) for blob in effect.blobs if end.replica.add_content(blob)]
                self._perform(end, end.session.contents_added(effect.request))
                for pair in self.pairs:
                    for one in pair:
                        if one.replica is end.replica and one is not end and came:
                            one.session.tell_content(came)
            elif isinstance(effect, TakeKeys):
                end.replica.offer_keys(effect.rows)
            elif isinstance(effect, JoinAnswered):
                end.answers.append(effect.code)
            elif isinstance(effect, Progressed):
                end.progress.append((effect.done, effect.total))
