"""Two or more sessions in one process, no network: frames are carried by hand, in any order that a seed gives."""

from __future__ import annotations

import random
from collections import deque

from dao_app.app.ports import AdmitReport
from dao_app.core.encoding import digest
from dao_app.net.codec import FrameReader, PeerError
from dao_app.net.effects import (
    AddContents,
    Admit,
    AdmitCertificates,
    AdmitWords,
    Effect,
    JoinAnswered,
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
        self.broken = ""


class Pump:
    """Replicas with sessions between some of them; ``run`` until nothing moves any more."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self.pairs: list[tuple[End, End]] = []
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

    def run(self) -> None:
        """Carry frames until all sessions are quiet."""
        for _ in range(STEPS_MAX):
            moves = [(pair, side) for pair in self.pairs for side in (0, 1)]
            self._random.shuffle(moves)
            moved = [self._step(pair[side], pair[1 - side]) for pair, side in moves]
            if not any(moved) and not self._tick():
                return
        raise AssertionError("the sessions never come to rest")

    def _tick(self) -> bool:
        """What the driver does now and then; did anything new come of it?"""
        moved = False
        for pair in self.pairs:
            for end in pair:
                self._perform(end, end.session.changed(NOW))
                end.session.send_state(NOW)
                moved = moved or bool(end.session._control or end.session._bulk)
        return moved

    def _step(self, end: End, other: End) -> bool:
        if end.broken:
            return False
        moved = False
        frame = end.session.next_frame()
        if frame is not None:
            other.inbox.append(frame)
            moved = True
        if end.inbox and self._random.random() < 0.7:
            for body in end.reader.feed(end.inbox.popleft()):
                try:
                    self._perform(end, end.session.receive(body, NOW))
                except PeerError as error:
                    end.broken = error.code
            moved = True
        return moved or bool(end.inbox)

    def _perform(self, end: End, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Admit):
                self._perform(end, end.session.admitted(end.replica.admit_now(effect.envelopes)))
            elif isinstance(effect, AdmitCertificates):
                fresh = [c for c in effect.items if c not in end.replica.held_certificates]
                end.replica.held_certificates += fresh
                self._perform(end, end.session.admitted(AdmitReport(len(fresh), len(effect.items) - len(fresh), 0, {})))
            elif isinstance(effect, AdmitWords):
                end.session.words_admitted(end.replica.admit_words_now(effect.items))
            elif isinstance(effect, AddContents):
                came = [digest(blob) for blob in effect.blobs if end.replica.add_content(blob)]
                self._perform(end, end.session.contents_added())
                for pair in self.pairs:
                    for one in pair:
                        if one.replica is end.replica and one is not end and came:
                            one.session.tell_content(came)
            elif isinstance(effect, TakeKeys):
                for epoch, key in effect.rows:
                    end.replica.add_org_key(epoch, key)
            elif isinstance(effect, JoinAnswered):
                end.answers.append(effect.code)
