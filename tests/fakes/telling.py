"""Two sides that tell each other of their heads, without a log behind them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping

from dao_app.app.heads import Head, HeadTable
from dao_app.app.ports import Replica
from dao_app.net import messages as m
from dao_app.net.codec import frame
from dao_app.net.telling import Telling

NOW = 1_790_000_100_000
ORG = b"o" * 32
LOW, HIGH = bytes(32), b"\xff" * 32  # devices: the lower one opens


class HeadsOnly(Replica):
    """A replica of which nothing but its heads is known."""

    def __init__(self, rows: Mapping[bytes, tuple[int, bytes]], height: int = 0) -> None:
        self.table = HeadTable(rows)
        self.certified = height

    @property
    def org_id(self) -> bytes:
        return ORG

    def heads(self) -> HeadTable:
        return self.table

    def heads_digest(self) -> bytes:
        return self.table.digest(self.certified, b"")

    def height(self) -> int:
        return self.certified


class Side:
    def __init__(self, replica: HeadsOnly, me: bytes, peer: bytes, token: Callable[[int], bytes]) -> None:
        self.replica = replica
        self.telling = Telling(replica, me, peer, token)
        self.inbox: deque[m.Message] = deque()
        self.said: list[m.Message] = []

    def hear(self, message: m.Message) -> list[m.Message]:
        telling = self.telling
        if isinstance(message, m.State):
            return telling.hear_state(message)
        if isinstance(message, m.Heads):
            telling.hear_heads(message)
            return []
        return telling.hear(message)


class Pair:
    """Their messages are carried as bytes; ``bytes`` and ``turns`` (half round trips) count what was said until both
    know."""

    def __init__(
        self, one: HeadsOnly, two: HeadsOnly, seed: int = 0, token: Callable[[int], bytes] | None = None
    ) -> None:
        token = random.Random(seed).randbytes if token is None else token
        self.low, self.high = Side(one, LOW, HIGH, token), Side(two, HIGH, LOW, token)
        self.bytes = self.turns = 0

    def start(self) -> None:
        for side, other in ((self.low, self.high), (self.high, self.low)):
            self.send(other, [side.telling.state(NOW)])

    def send(self, to: Side, messages: list[m.Message]) -> None:
        for message in messages:
            raw = m.encode_message(message)
            self.bytes += len(frame(raw))
            to.inbox.append(m.decode_message(raw))

    def run(self, between: Callable[[], None] = lambda: None) -> None:
        """Until nothing is said any more; ``between`` happens after each turn of both."""
        while self.low.inbox or self.high.inbox:
            self.turns += 1
            low, high = self.low, self.high
            waiting = [(low, high, low.inbox), (high, low, high.inbox)]
            low.inbox, high.inbox = deque(), deque()
            for side, other, messages in waiting:
                for message in messages:
                    side.said.append(message)
                    self.send(other, side.hear(message))
            between()

    def tell(self) -> None:
        """Each tells its news."""
        self.send(self.high, self.low.telling.news())
        self.send(self.low, self.high.telling.news())


def lacking(mine: HeadTable, theirs: HeadTable) -> dict[bytes, int]:
    """What the one with the first table should come to ask for."""
    return {device: head.seq for device, head in theirs.items() if head.seq > mine.at(device).seq}


def odd(mine: HeadTable, theirs: HeadTable) -> set[bytes]:
    """Heads at the same place that are not the same."""
    return {h.digest for d, h in theirs.items() if mine.at(d) != h and mine.at(d).seq == h.seq}


def some_heads(count: int, seed: int = 0) -> dict[bytes, Head]:
    dice = random.Random(seed)
    return {dice.randbytes(32): Head(dice.randrange(1, 5_000), dice.randbytes(32)) for _ in range(count)}


def changed(rows: Mapping[bytes, Head], count: int, seed: int = 0) -> dict[bytes, Head]:
    """The same with so many heads that went on."""
    dice = random.Random(seed)
    found = dict(rows)
    for device in dice.sample(sorted(rows), count):
        found[device] = Head(rows[device].seq + dice.randrange(1, 9), dice.randbytes(32))
    return found
