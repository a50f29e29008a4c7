"""A sync session between two members over one stream. Sans-IO: messages in; effects and messages out.

Both sides tell where they are (``State``). Where that differs, they find out which heads do (``telling``), and each
asks for what it lacks (``asking``); answers come as certificates, actions in causal order, contents, then ``Done``.
Afterwards only heads that change are told, so the same few messages serve catching up and living on. Bulk is made
when the stream has room (``next_frame``), so nothing piles up.

A guest (who is not in yet) may send ``Join`` and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dao_app.app.ports import AdmitReport, Replica
from dao_app.core.encoding import digest
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.answers import answers_to
from dao_app.net.asking import Asking, Request
from dao_app.net.codec import PeerError, frame
from dao_app.net.effects import (
    AdmitWords,
    Effect,
    JoinAnswered,
    TakeAddresses,
    TakeKeys,
)
from dao_app.net.fetching import Fetching
from dao_app.net.guests import Guest
from dao_app.net.hello import Standing
from dao_app.net.meters import Traffic
from dao_app.net.telling import Telling
from dao_app.net.words import Told


@dataclass(slots=True)
class View:
    """What this session knows of the peer, for people."""

    height: int | None = None
    agrees: bool | None = None
    behind: int | None = None
    clock_difference_ms: int = 0


class Session:
    """See the module. ``fetching`` is shared by the sessions of one organisation: nothing is asked of two."""

    def __init__(
        self, replica: Replica, me: bytes, device: bytes, standing: Standing, fetching: Fetching,
        token: Callable[[int], bytes], addresses: Iterable[bytes] = (), key: tuple[int, bytes] | None = None,
    ) -> None:
        self._replica = replica
        self._device = device
        self.standing = standing
        self._key = key  # the newest of the organisation's keys that the peer is known to have
        self._addresses = tuple(addresses)
        self._control: deque[m.Message] = deque()
        self._bulk: deque[Iterator[m.Message]] = deque()
        self._telling = Telling(replica, me, device, token)
        self._sent_digest: bytes | None = None
        self._asking = Asking(replica, self._telling, fetching, self._control)
        self._words = Told()  # that the peer has
        self._guest = Guest(replica, device, self._control.append)
        self.answers = 0  # bytes of answers that came; what was not asked for ends the session
        self.closing: str | None = None
        self.view = View()
        self.traffic = Traffic()

    # -- what the driver calls ---------------------------------------------------------------------
    def start(self, now_ms: int) -> None:
        """After the hello."""
        if self.standing == "member":
            self._tell_keys()
            self._send_state(now_ms)
            self.tell_addresses(self._addresses)
        elif self.standing == "joiner":
            self._control.append(m.Join(self._replica.join_envelope()))

    def next_frame(self) -> bytes | None:
        """The next frame to write, or None; bulk is made here, one message at a time."""
        message = self._next_message()
        if message is None:
            return None
        data = frame(m.encode_message(message))
        self.traffic.bytes_out += len(data)
        self.traffic.messages_out += 1
        return data

    def receive(self, raw: bytes, now_ms: int) -> list[Effect]:
        """What to do about a frame. Raises PeerError where it breaks the protocol."""
        self.traffic.bytes_in += len(raw) + 3
        self.traffic.messages_in += 1
        message = m.decode_message(raw)
        if isinstance(message, m.PARTS):
            self.answers += len(raw)
        elif isinstance(message, m.ANSWERS):
            self.answers += limits.ANSWER_BYTES_MIN
        if isinstance(message, m.Bye):
            self.closing = message.code
            return []
        if isinstance(message, m.Addresses):
            return [TakeAddresses(message.items)]
        if self.standing == "guest":
            return self._guest.hear(message)
        if self.standing == "joiner":
            return self._as_joiner(message, now_ms)
        return self._from_member(message, now_ms)

    def admitted(self, report: AdmitReport, request: Request | None) -> list[Effect]:
        """What became of an ``Admit`` or ``AdmitCertificates``. Raises PeerError after too much forgery."""
        if request is not None:
            return self._asking.admitted(report, request)
        code = next(iter(report.refused), "")
        self._control.append(m.Joined(code[: m.CODE_CHARS_MAX]))
        return []

    def words_admitted(self, report: AdmitReport) -> None:
        """What became of ``AdmitWords``. Raises PeerError after too much forgery."""
        self._asking.refused(report)

    def snapshot_taken(self, code: str) -> list[Effect]:
        """What became of ``TakeHead`` or ``TakeBuckets``. Raises PeerError where it was poison."""
        return self._asking.snapshot_taken(code)

    def contents_added(self, request: Request) -> list[Effect]:
        return self._asking.contents_added(request)

    def changed(self, now_ms: int) -> list[Effect]:
        """Something changed here, or some time passed: tell and ask what follows from it."""
        if self.standing == "guest":
            self._settle_guest(now_ms)
        if self.standing == "member":
            if self._replica.standing(self._device) == "refused":
                self.say_bye("refused")
                return []
            self._tell_keys()
            self._control += self._telling.news()
            self._control += self._words.news(self._replica.words())
            return self._ask(now_ms)
        return []

    def content_wanted(self) -> None:
        """Something that refers to content came in by another way."""
        self._asking.content_wanted()

    def tell_content(self, hashes: Sequence[bytes]) -> None:
        """Content came in here; the peer may want it."""
        if self.standing == "member":
            for start in range(0, len(hashes), limits.HASHES_PER_MESSAGE_MAX):
                self._control.append(m.Have(tuple(hashes[start : start + limits.HASHES_PER_MESSAGE_MAX])))

    def tell_addresses(self, records: Sequence[bytes]) -> None:
        for start in range(0, len(records), limits.RECORDS_PER_MESSAGE_MAX):
            self._control.append(m.Addresses(tuple(records[start : start + limits.RECORDS_PER_MESSAGE_MAX])))

    def send_state(self, now_ms: int, keepalive: bool = False) -> None:
        """Tell our digest, if the peer has not heard this one or has heard nothing for long."""
        if self.standing == "member":
            if keepalive:
                self._asking.try_again()
                self._words.forget()  # what the peer had no room for it may have room for now
                self._control += self._telling.audit()
            digest = self._replica.heads_digest()
            if keepalive or digest != self._sent_digest:
                self._send_state(now_ms)
            self._look(digest)
        elif keepalive:
            self.tell_addresses(self._addresses[:1])

    def say_bye(self, code: str) -> None:
        """End it: what was asked for and is not on its way yet stays here."""
        self._bulk.clear()
        if self.closing is None:
            self._control.append(m.Bye(code))
            self.closing = code

    def end(self) -> None:
        """The stream is gone: what was asked for may be asked of others."""
        self._asking.end()

    @property
    def waiting(self) -> bool:
        """An answer is outstanding."""
        return self._asking.waiting or self._telling.waiting

    # -- guests and joiners ------------------------------------------------------------------------
    def _settle_guest(self, now_ms: int) -> None:
        """Once it is in the guest gets the organisation's keys and is a member like any other."""
        verdict = self._guest.settle()
        if verdict == "refused":
            self.say_bye("refused")
        elif verdict == "in":
            self.standing = "member"
            self.start(now_ms)

    def _as_joiner(self, message: m.Message, now_ms: int) -> list[Effect]:
        if isinstance(message, m.Joined):
            return [JoinAnswered(message.code)]
        if not isinstance(message, m.Keys):
            raise PeerError("order")
        self.standing = "member"
        self._key = message.rows[-1]
        self.start(now_ms)
        return [TakeKeys(message.rows)]

    def _tell_keys(self) -> None:
        """Give the organisation's keys to a peer that may lack the newest, if it is in by our final state."""
        keys = tuple(self._replica.org_keys())[-limits.HELLO_KEYS_MAX :]
        if keys and keys[-1] != self._key and self._replica.standing(self._device) == "active":
            self._key = keys[-1]
            self._control.append(m.Keys(keys))

    # -- members: hearing ---------------------------------------------------------------------------
    def _from_member(self, message: m.Message, now_ms: int) -> list[Effect]:
        if self._replica.standing(self._device) == "refused":
            self.say_bye("refused")
            return []
        if isinstance(message, m.State):
            return self._hear_state(message, now_ms)
        if isinstance(message, m.Heads):
            self._telling.hear_heads(message)
            return [] if message.more else self._ask(now_ms)
        if isinstance(message, m.Compare | m.Symbols | m.More | m.Compared):
            self._control += self._telling.hear(message)
            return self._ask(now_ms)
        if isinstance(message, m.Want | m.SnapshotWant):
            if len(self._bulk) >= limits.WANTS_WAITING_MAX:
                raise PeerError("too_many_wants")
            self._bulk.append(answers_to(message, self._replica))
            return []
        if isinstance(message, m.Actions | m.Certificates | m.Contents):
            return self._asking.hear(message)
        if isinstance(message, m.SnapshotHead | m.SnapshotPart):
            return self._asking.hear_snapshot(message)
        if isinstance(message, m.Done):
            return self._asking.hear_done(message.id)
        if isinstance(message, m.Words):
            self._words.know(digest(raw) for raw in message.items)
            return [AdmitWords(message.items)]
        if isinstance(message, m.Have):
            self._asking.may_be_fetched(message.hashes)
            return self._ask(now_ms)
        if isinstance(message, m.Keys):
            self._key = message.rows[-1]
            return [TakeKeys(message.rows)]
        raise PeerError("order")

    def _hear_state(self, state: m.State, now_ms: int) -> list[Effect]:
        self._control += self._telling.hear_state(state)
        self.view.clock_difference_ms = state.clock_ms - now_ms
        self._look(self._replica.heads_digest())
        return self._ask(now_ms)

    def _ask(self, now_ms: int) -> list[Effect]:
        return [] if self.closing is not None else self._asking.ask(now_ms)

    def _send_state(self, now_ms: int) -> None:
        state = self._telling.state(now_ms)
        self._sent_digest = state.digest
        self._control.append(state)

    def _look(self, digest: bytes) -> None:
        """Bring up to date what people see of this peer."""
        theirs = self._telling.peer_digest
        self.view.height = self._telling.peer_height if theirs is not None else None
        self.view.agrees = None if theirs is None else digest == theirs
        self.view.behind = 0 if self.view.agrees else self._telling.behind()

    def _next_message(self) -> m.Message | None:
        if self._control:
            return self._control.popleft()
        while self._bulk:
            message = next(self._bulk[0], None)
            if message is not None:
                return message
            self._bulk.popleft()
        return None
