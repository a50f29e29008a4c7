"""A sync session between two members over one stream. Sans-IO: messages in; effects and messages out.

Both sides tell where they are (``State``). Where that differs, they find out which heads do (``telling``), and each
asks for what it lacks (``Want``); answers come as certificates, actions in causal order, contents, then ``Done``.
Afterwards only heads that change are told, so the same few messages serve catching up and living on. A side sends no
more than one request at a time and takes answers to it alone; bulk is made when the stream has room (``next_frame``),
so nothing piles up.

A guest (a joiner before its join is final) may send ``Join`` and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dao_app.app.ports import CHAIN_MAX, AdmitReport, Replica
from dao_app.core.encoding import digest
from dao_app.core.envelope import JOIN_TYPE, parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.answers import answers_to
from dao_app.net.codec import PeerError, frame
from dao_app.net.effects import (
    AddContents,
    Admit,
    AdmitCertificates,
    AdmitWords,
    Effect,
    JoinAnswered,
    Progressed,
    TakeAddresses,
    TakeKeys,
)
from dao_app.net.fetching import Fetching
from dao_app.net.hello import Standing
from dao_app.net.meters import Traffic
from dao_app.net.snapshotting import Snapshotting
from dao_app.net.telling import Telling
from dao_app.net.words import Told

_FORGED = frozenset({"malformed", "signature", "other_organisation", "weak_key", "certification", "certificate"})


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
        token: Callable[[int], bytes], addresses: Iterable[bytes] = (),
    ) -> None:
        self._replica = replica
        self._device = device
        self.standing = standing
        self._fetching = fetching
        self._snapshot = Snapshotting(replica, fetching, self)
        self._addresses = tuple(addresses)
        self._control: deque[m.Message] = deque()
        self._bulk: deque[Iterator[m.Message]] = deque()
        self._telling = Telling(replica, me, device, token)
        self._sent_digest: bytes | None = None
        self._tried: dict[bytes, tuple[int, ...]] = {}
        self._want: m.Want | None = None
        self._want_id = 0
        self._got = self._asked = 0
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._answered = False
        self._progress = False
        self._in_work = 0
        self._words = Told()  # that the peer has
        self._ids_tried: set[bytes] = set()
        self._content_due = True
        self._content_absent: set[bytes] = set()
        self._refused = 0
        self._asked_to_join = False
        self._invite = b""  # by which the guest asks to join
        self._told_guest = False  # why it cannot join
        self.closing: str | None = None
        self.view = View()
        self.traffic = Traffic()

    # -- what the driver calls ---------------------------------------------------------------------
    def start(self, now_ms: int) -> None:
        """After the hello."""
        if self.standing == "member":
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
        if isinstance(message, m.Bye):
            self.closing = message.code
            return []
        if isinstance(message, m.Addresses):
            return [TakeAddresses(message.items)]
        if self.standing == "guest":
            return self._from_guest(message)
        if self.standing == "joiner":
            return self._as_joiner(message, now_ms)
        return self._from_member(message, now_ms)

    def admitted(self, report: AdmitReport) -> list[Effect]:
        """What became of an ``Admit`` or ``AdmitCertificates``. Raises PeerError after too much forgery."""
        self._in_work -= 1
        self._refused += sum(count for code, count in report.refused.items() if code in _FORGED)
        if self._refused > limits.REFUSED_MAX:
            raise PeerError("forged")
        if self.standing == "guest":
            code = next(iter(report.refused), "")
            self._control.append(m.Joined(code[: m.CODE_CHARS_MAX]))
            return []
        if report.stored:
            self._content_due = self._progress = True
        return self._finish_want()

    def words_admitted(self, report: AdmitReport) -> None:
        """What became of ``AdmitWords``. Raises PeerError after too much forgery."""
        self._refused += sum(count for code, count in report.refused.items() if code in _FORGED)
        if self._refused > limits.REFUSED_MAX:
            raise PeerError("forged")

    def snapshot_taken(self, code: str) -> list[Effect]:
        """What became of ``TakeHead`` or ``TakeBuckets``. Raises PeerError where it was poison."""
        self._in_work -= 1
        self._snapshot.taken(code)
        return [Progressed(*self._replica.snapshots.progress()), *self._finish_snapshot()]

    def _finish_snapshot(self) -> list[Effect]:
        if self._in_work or not self._snapshot.finish():
            return []
        self._tried.clear()
        return self._ask()

    def contents_added(self) -> list[Effect]:
        self._in_work -= 1
        return self._finish_want()

    def changed(self, now_ms: int) -> list[Effect]:
        """Something changed here, or some time passed: tell and ask what follows from it."""
        if self.standing == "guest":
            self._settle_guest(now_ms)
        if self.standing == "member":
            if self._replica.standing(self._device) == "refused":
                self.say_bye("refused")
                return []
            self._control += self._telling.news()
            self._control += self._words.news(self._replica.words())
            return self._ask()
        return []

    def content_wanted(self) -> None:
        """Something that refers to content came in by another way."""
        self._content_due = True

    def tell_content(self, hashes: Iterable[bytes]) -> None:
        """Content came in here; the peer may want it."""
        if self.standing == "member":
            self._control.append(m.Have(tuple(hashes)[: limits.HASHES_PER_MESSAGE_MAX]))

    def tell_addresses(self, records: Sequence[bytes]) -> None:
        for start in range(0, len(records), limits.RECORDS_PER_MESSAGE_MAX):
            self._control.append(m.Addresses(tuple(records[start : start + limits.RECORDS_PER_MESSAGE_MAX])))

    def send_state(self, now_ms: int, keepalive: bool = False) -> None:
        """Tell our digest, if the peer has not heard this one or has heard nothing for long."""
        if self.standing == "member":
            if keepalive:
                self._ids_tried.clear()
                self._snapshot.try_again()
                self._words.forget()  # what the peer had no room for it may have room for now
                self._control += self._telling.audit()
            digest = self._replica.heads_digest()
            if keepalive or digest != self._sent_digest:
                self._send_state(now_ms)
            self._look(digest)
        elif keepalive:
            self.tell_addresses(self._addresses[:1])

    def say_bye(self, code: str) -> None:
        if self.closing is None:
            self._control.append(m.Bye(code))
            self.closing = code

    def end(self) -> None:
        """The stream is gone: what was asked for may be asked of others."""
        self._fetching.release(self)

    @property
    def waiting(self) -> bool:
        """An answer is outstanding."""
        return self._snapshot.waiting or self._telling.waiting or (self._want is not None and not self._answered)

    # -- guests and joiners ------------------------------------------------------------------------
    def _from_guest(self, message: m.Message) -> list[Effect]:
        if not isinstance(message, m.Join) or self._asked_to_join:
            raise PeerError("guest")
        self._asked_to_join = True
        try:
            action = parse_action(unpack(message.envelope)[0])
        except EncodingError as error:
            raise PeerError("guest") from error
        if action.type != JOIN_TYPE or action.by != self._device:
            raise PeerError("guest")
        invite = action.body.get("invite")
        self._invite = bytes(invite) if isinstance(invite, bytes) else b""
        refusal = self._replica.join_refusal(self._invite)
        if refusal and self._replica.standing(self._device) not in ("active", "joining"):
            self._control.append(m.Joined(refusal))
            self._told_guest = True
            return []
        self._in_work += 1
        return [Admit((message.envelope,))]

    def _settle_guest(self, now_ms: int) -> None:
        """Once the join is final the guest gets the organisation's keys and is a member like any other."""
        standing = self._replica.standing(self._device)
        if standing == "refused" or self._told_guest:
            if not self._told_guest:  # it has no log in which to read why
                self._told_guest = True
                self._control.append(m.Joined(self._replica.join_refusal(self._invite) or "refused"))
            self.say_bye("refused")
        elif standing == "active" and self._replica.org_keys():
            self._control.append(m.Keys(tuple(self._replica.org_keys())[-limits.HELLO_KEYS_MAX :]))
            self.standing = "member"
            self.start(now_ms)

    def _as_joiner(self, message: m.Message, now_ms: int) -> list[Effect]:
        if isinstance(message, m.Joined):
            return [JoinAnswered(message.code)]
        if not isinstance(message, m.Keys):
            raise PeerError("order")
        self.standing = "member"
        self.start(now_ms)
        return [TakeKeys(message.rows)]

    # -- members: hearing ---------------------------------------------------------------------------
    def _from_member(self, message: m.Message, now_ms: int) -> list[Effect]:
        if isinstance(message, m.State):
            return self._hear_state(message, now_ms)
        if isinstance(message, m.Heads):
            self._telling.hear_heads(message)
            return [] if message.more else self._ask()
        if isinstance(message, m.Compare | m.Symbols | m.More | m.Compared):
            self._control += self._telling.hear(message)
            return self._ask()
        if isinstance(message, m.Want | m.SnapshotWant):
            if len(self._bulk) >= limits.WANTS_WAITING_MAX:
                raise PeerError("too_many_wants")
            self._bulk.append(answers_to(message, self._replica))
            return []
        if isinstance(message, m.Actions | m.Certificates | m.Contents):
            return self._hear_items(message)
        if isinstance(message, m.SnapshotHead | m.SnapshotPart):
            self._in_work += 1
            return [self._snapshot.hear(message)]
        if isinstance(message, m.Done) and self._snapshot.done(message.id):
            return self._finish_snapshot()
        if isinstance(message, m.Done):
            if self._want is None or message.id != self._want.id or self._answered:
                raise PeerError("order")
            self._answered = True
            return self._hand_on() + self._finish_want()
        if isinstance(message, m.Words):
            self._words.know(digest(raw) for raw in message.items)
            return [AdmitWords(message.items)]
        if isinstance(message, m.Have):
            self._content_absent.difference_update(message.hashes)
            self._content_due = True
            return self._ask()
        if isinstance(message, m.Keys):
            return [TakeKeys(message.rows)] if not self._replica.org_keys() else []
        raise PeerError("order")

    def _hear_state(self, state: m.State, now_ms: int) -> list[Effect]:
        self._control += self._telling.hear_state(state)
        self.view.clock_difference_ms = state.clock_ms - now_ms
        self._look(self._replica.heads_digest())
        return self._ask()

    def _hear_items(self, message: m.Actions | m.Certificates | m.Contents) -> list[Effect]:
        want = self._want
        if want is None or message.id != want.id or self._answered:
            raise PeerError("order")
        if isinstance(message, m.Certificates):
            self._in_work += 1
            return [AdmitCertificates(message.items)]
        if isinstance(message, m.Contents):
            self._in_work += 1
            return [AddContents(message.items)]
        self._got += len(message.items)
        if self._got > self._asked:
            raise PeerError("unasked")
        self._gathered += message.items
        self._gathered_bytes += sum(map(len, message.items))
        full = len(self._gathered) >= limits.ADMIT_ACTIONS or self._gathered_bytes >= limits.ADMIT_BYTES
        return self._hand_on() if full else []

    def _hand_on(self) -> list[Effect]:
        """What was gathered, as one batch."""
        if not self._gathered:
            return []
        batch, self._gathered, self._gathered_bytes = tuple(self._gathered), [], 0
        self._in_work += 1
        return [Admit(batch), Progressed(self._got, self._asked)]

    # -- members: telling and asking ------------------------------------------------------------------
    def _send_state(self, now_ms: int) -> None:
        state = self._telling.state(now_ms)
        self._sent_digest = state.digest
        self._control.append(state)

    def _ids(self) -> tuple[bytes, ...]:
        """Actions to ask for by name: each once, until something came in or some time passed."""
        wanted = [*self._replica.missing_ids(limits.IDS_PER_WANT_MAX), *self._telling.odd]
        self._telling.odd.clear()
        fresh = [id_ for id_ in dict.fromkeys(wanted) if id_ not in self._ids_tried][: limits.IDS_PER_WANT_MAX]
        self._ids_tried.update(fresh)
        return tuple(fresh)

    def _ask(self) -> list[Effect]:
        """Ask for the next part of what is lacking, unless an answer is outstanding."""
        if self._want is not None or self._snapshot.is_open or self.closing is not None:
            return []
        height = self._replica.height()
        for device in self._telling.forget_arrived():
            self._tried.pop(device, None)
        if self._snapshot.is_due(self._telling.missing()):
            self._want_id += 1
            self._control += self._snapshot.ask(self._want_id)
            return []
        contents: tuple[bytes, ...] = ()
        history = self._snapshot.history(True)
        if history is None:
            ranges = self._ranges(height)
            certificates = self._certificates_from(height)
            ids = self._ids() if not ranges else ()
            if not ranges and not certificates and self._content_due:
                contents = self._contents()
            if not (ranges or certificates or contents or ids):
                certificates = self._certificate_of_another_history(height)
            if not (ranges or certificates or contents or ids):
                history = self._snapshot.history(False)
        if history is not None:
            ranges, ids, certificates = history
        elif not (ranges or certificates or contents or ids):
            return []
        self._want_id += 1
        self._want = m.Want(self._want_id, certificates, ranges, contents, ids)
        total = sum(row.last - row.first + 1 for row in ranges) + len(ids) * CHAIN_MAX
        self._got, self._asked = 0, min(total, limits.ACTIONS_PER_WANT_MAX)
        self._progress = False
        self._answered = False
        self._control.append(self._want)
        return [Progressed(0, self._asked)] if self._asked else []

    def _ranges(self, height: int) -> tuple[m.RangeRow, ...]:
        """Ranges to ask for: not those that another session fetches, nor what failed and has not changed."""
        rows: list[m.RangeRow] = []
        heads = self._replica.heads()
        for device, last in self._telling.lacking.items():
            if len(rows) == limits.RANGES_PER_WANT_MAX:
                break
            first = heads.at(device).seq + 1
            if self._tried.get(device) == (first, last, height) or not self._fetching.take(device, self):
                continue
            self._tried[device] = (first, last, height)
            rows.append(m.RangeRow(device, first, last))
        return tuple(rows)

    def _certificates_from(self, height: int) -> int:
        key = b"certificates"
        if self._telling.peer_height <= height or self._tried.get(key) == (height, self._telling.peer_height):
            return 0
        if not self._fetching.take(key, self):
            return 0
        self._tried[key] = (height, self._telling.peer_height)
        return max(1, height)  # our last one too: where the peer's is another one, both must be seen

    def _certificate_of_another_history(self, height: int) -> int:
        """Nothing is lacking, both are at one height, and still the digests differ: another checkpoint there?"""
        key = b"other history"
        telling = self._telling
        if not height or telling.peer_height != height or telling.peer_digest in (None, self._replica.heads_digest()):
            return 0
        if self._tried.get(key) == (height,):
            return 0
        self._tried[key] = (height,)
        return height

    def _contents(self) -> tuple[bytes, ...]:
        found: list[bytes] = []
        for hash_ in self._replica.wanted_content(limits.CONTENTS_PER_WANT_MAX * 4):
            if hash_ not in self._content_absent and self._fetching.take(hash_, self):
                found.append(hash_)
            if len(found) == limits.CONTENTS_PER_WANT_MAX:
                return tuple(found)
        self._content_due = False
        return tuple(found)

    def _finish_want(self) -> list[Effect]:
        """When everything that came is stored: ask on, and tell others that they may."""
        if not self._answered or self._in_work or self._want is None:
            return []
        want, self._want = self._want, None
        if want.contents:
            still = self._replica.wanted_content(limits.MISSING_CONTENT_MAX)
            self._content_absent.update(set(want.contents).intersection(still))
            if len(self._content_absent) > limits.MISSING_CONTENT_MAX:
                self._content_absent.clear()
            self._content_due = True
        if self._progress:
            self._ids_tried.clear()
            self._tried.clear()  # what could not be placed before, or was beyond the answer's bound, may go now
        self._fetching.release(self)
        done: list[Effect] = [Progressed(self._asked, self._asked)] if self._asked else []
        return done + self._ask()

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
