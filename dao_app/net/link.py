"""One stream to one peer: the hello, then the session, with deadlines and limits. Performs their effects.

Three tasks: reading (and acting on what was read), writing, and telling changes. Batches are judged and stored
beside the reading, a few at a time, so that a peer that sends faster than we store is slowed down by the
stream's own window.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import trio

from dao_app.app.errors import StorageError
from dao_app.app.ports import Clock, Replica
from dao_app.net import limits
from dao_app.net.codec import FrameReader, PeerError, frame
from dao_app.net.effects import (
    AddContents,
    Admit,
    AdmitCertificates,
    AdmitWords,
    Effect,
    JoinAnswered,
    Progressed,
    TakeAddresses,
    TakeBuckets,
    TakeHead,
    TakeKeys,
)
from dao_app.net.hello import Acceptor, Met, Opener, Self
from dao_app.net.messages import bound_of
from dao_app.net.meters import Bucket
from dao_app.net.session import Session


class Stream(Protocol):
    """A two-way stream of bytes; reading gives b"" at its end, writing False."""

    async def read(self) -> bytes: ...
    async def write(self, data: bytes) -> bool: ...
    async def close(self) -> None: ...


class LinkOwner(Protocol):
    """What a link tells its node."""

    def stored(self, link: Link) -> None: ...
    def contents_stored(self, link: Link, hashes: list[bytes]) -> None: ...
    def keys_came(self, link: Link, rows: tuple[tuple[int, bytes], ...]) -> None: ...
    def addresses_came(self, link: Link, items: tuple[bytes, ...]) -> None: ...
    def join_answered(self, link: Link, code: str) -> None: ...
    def progressed(self, link: Link, done: int, total: int) -> None: ...
    def view_changed(self, link: Link) -> None: ...
    def content_hash(self, blob: bytes) -> bytes: ...


async def greet(me: Self, peer: bytes, stream: Stream, opener: bool) -> Met:
    """The hello, within its time. Raises PeerError (``hello``, ``version``, ``gone``, ``too_slow``)."""
    hello: Opener | Acceptor = Opener(me, peer) if opener else Acceptor(me, peer)
    reader = FrameReader(limits.HELLO_BYTES_MAX)
    with trio.move_on_after(limits.HELLO_S_MAX):
        if isinstance(hello, Opener):
            await _send(stream, hello.start())
        while hello.met is None:
            data = await stream.read()
            if not data:
                raise PeerError("gone")
            bodies = reader.feed(data)
            if len(bodies) > 1 or (bodies and reader.inside):
                raise PeerError("hello")  # nobody may speak twice in a row
            for body in bodies:
                answer = hello.receive(body)
                if answer is not None:
                    await _send(stream, answer)
        return hello.met
    raise PeerError("too_slow")


async def _send(stream: Stream, body: bytes) -> None:
    if not await stream.write(frame(body)):
        raise PeerError("gone")


class Link:
    """A greeted peer. ``run`` returns when the stream ends, with the reason in ``ended``."""

    def __init__(
        self, owner: LinkOwner, replica: Replica, clock: Clock, met: Met, stream: Stream, opener: bool, session: Session
    ) -> None:
        self.met = met
        self.opener = opener
        self.session = session
        self.ended = ""
        self._owner = owner
        self._replica = replica
        self._clock = clock
        self._stream = stream
        self._wake_writer = trio.Event()
        self._poked = trio.Event()
        self._last_heard = trio.current_time()
        self._frame_began: float | None = None
        self._last_answer = (0, self._last_heard)  # how much of answers was heard, and since when
        self._intake = trio.Semaphore(limits.INTAKES_AT_ONCE)  # by number: equal effects are two
        self._scope = trio.CancelScope()

    @property
    def device(self) -> bytes:
        return self.met.device

    def poke(self) -> None:
        """Something changed here; tell the peer soon."""
        self._poked.set()

    def close(self, reason: str) -> None:
        """End at once."""
        self.ended = self.ended or reason
        self._scope.cancel()

    async def run(self) -> None:
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    self.session.start(self._clock.now_ms())
                    nursery.start_soon(self._guarded, self._write)
                    nursery.start_soon(self._guarded, self._tell)
                    nursery.start_soon(self._watch)
                    await self._guarded(self._read, nursery)
                    nursery.cancel_scope.cancel()
        finally:
            self.session.end()
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await self._stream.close()

    async def _guarded(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """A peer that breaks the protocol ends its own link; so does a store of ours that fails."""
        try:
            await work(*args)
        except PeerError as error:
            self.close(error.code)
        except StorageError:
            self.close("storage")  # full disk: nothing half-done was kept; dialling again tries again

    # -- reading -----------------------------------------------------------------------------------
    async def _read(self, nursery: trio.Nursery) -> None:
        reader = FrameReader(bound=bound_of)
        now = trio.current_time()
        messages = Bucket(limits.MESSAGES_PER_S, limits.MESSAGES_BURST, now)
        volume = Bucket(limits.BYTES_PER_S, limits.BYTES_BURST, now)
        while not self.ended:
            data = await self._stream.read()
            if not data:
                self.ended = self.ended or "gone"
                return
            now = self._last_heard = trio.current_time()
            if not volume.take(len(data), now):
                raise PeerError("flood")
            bodies = reader.feed(data)
            if not reader.inside:
                self._frame_began = None
            elif bodies or self._frame_began is None:
                self._frame_began = now
            for body in bodies:
                if not messages.take(1, now):
                    raise PeerError("flood")
                await self._act(self.session.receive(body, self._clock.now_ms()), nursery)
            self._wake_writer.set()
            if self.session.closing is not None:
                self.ended = self.session.closing or "bye"
                return

    async def _act(self, effects: list[Effect], nursery: trio.Nursery) -> None:
        for effect in effects:
            if isinstance(effect, Admit | AdmitCertificates | AddContents):
                await self._intake.acquire()
                self._last_heard = trio.current_time()  # while we were busy the peer could say nothing
                self._last_answer = self.session.answers, self._last_heard
                nursery.start_soon(self._take_in, effect, nursery)
            elif isinstance(effect, AdmitWords):
                report = await self._replica.admit_words(effect.items)
                self.session.words_admitted(report)
                if report.stored:
                    self._owner.stored(self)
            elif isinstance(effect, TakeHead | TakeBuckets):
                await self._act(self.session.snapshot_taken(self._take_snapshot(effect)), nursery)
            elif isinstance(effect, Progressed):
                self._owner.progressed(self, effect.done, effect.total)
            elif isinstance(effect, TakeKeys):
                self._owner.keys_came(self, effect.rows)
            elif isinstance(effect, TakeAddresses):
                self._owner.addresses_came(self, effect.items)
            elif isinstance(effect, JoinAnswered):
                self._owner.join_answered(self, effect.code)

    def _take_snapshot(self, effect: TakeHead | TakeBuckets) -> str:
        before = self._replica.height()
        if isinstance(effect, TakeHead):
            code = self._replica.snapshots.take_head(effect.head, effect.roots)
        else:
            code = self._replica.snapshots.take_buckets(effect.height, effect.rows)
        if self._replica.height() != before:
            self._owner.stored(self)
        return code

    async def _take_in(self, effect: Admit | AdmitCertificates | AddContents, nursery: trio.Nursery) -> None:
        await self._guarded(self._perform, effect, nursery)

    async def _perform(self, effect: Admit | AdmitCertificates | AddContents, nursery: trio.Nursery) -> None:
        try:
            if isinstance(effect, AddContents):
                hashes = [self._owner.content_hash(b) for b in effect.blobs if self._replica.add_content(b)]
                following = self.session.contents_added(effect.request)
                if hashes:
                    self._owner.contents_stored(self, hashes)
            else:
                if isinstance(effect, Admit):
                    report = await self._replica.admit(effect.envelopes)
                else:
                    report = await self._replica.admit_certificates(effect.items)
                following = self.session.admitted(report, effect.request)
                if report.stored:
                    self._owner.stored(self)
        finally:
            self._intake.release()
        self._wake_writer.set()
        self._poked.set()
        await self._act(following, nursery)

    # -- writing and telling -------------------------------------------------------------------------
    async def _write(self) -> None:
        while True:
            while (data := self.session.next_frame()) is not None:
                written = False
                with trio.move_on_after(limits.WRITE_S_MAX):
                    written = await self._stream.write(data)
                if not written:
                    self.close("gone")
                    return
            if self.session.closing is not None:
                self.close(self.session.closing or "bye")
                return
            self._wake_writer = trio.Event()
            await self._wake_writer.wait()

    async def _tell(self) -> None:
        """Tell changes soon, gathered; tell the digest when it has changed; stay audible."""
        heard_at = trio.current_time()
        while True:
            for effect in self.session.changed(self._clock.now_ms()):
                if isinstance(effect, Progressed):
                    self._owner.progressed(self, effect.done, effect.total)
            now = trio.current_time()
            keepalive = now - heard_at >= limits.KEEPALIVE_S
            heard_at = now if keepalive else heard_at
            self.session.send_state(self._clock.now_ms(), keepalive)
            self._owner.view_changed(self)
            self._wake_writer.set()
            with trio.move_on_after(limits.TICK_S):
                await self._poked.wait()
            if self._poked.is_set():
                await trio.sleep(limits.GATHER_S)
                self._poked = trio.Event()

    async def _watch(self) -> None:
        """End what is too slow or silent."""
        waiting_since: float | None = None
        while True:
            await trio.sleep(limits.TICK_S)
            now = trio.current_time()
            waiting_since = (waiting_since or now) if self.session.waiting else None
            if self.session.answers >= self._last_answer[0] + limits.ANSWER_BYTES_MIN:
                self._last_answer = self.session.answers, now
            stalled = waiting_since is not None and (
                now - max(self._last_heard, waiting_since) > limits.STALL_S_MAX
                or now - max(self._last_answer[1], waiting_since) > limits.ANSWER_S_MAX
            )
            slow = self._frame_began is not None and now - self._frame_began > limits.FRAME_S_MAX
            if stalled or slow or now - self._last_heard > limits.SILENCE_S_MAX:
                self.close("too_slow")
                return
