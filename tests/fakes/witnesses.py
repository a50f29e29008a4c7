"""Messages of made-up witnesses for the consensus machine: keys are b"w0"…, signatures are not checked by it."""

from __future__ import annotations

from typing import Any

from dao_app.core.encoding import digest
from dao_app.core.finality.consensus import Cast, Consensus, Judge, Offer, Output, ProposeValue
from dao_app.core.finality.messages import Proposal, Vote, propose

HEIGHT = 4  # a multiple of four: of four witnesses the first one leads round 0


def keys(count: int) -> tuple[bytes, ...]:
    return tuple(b"w%d" % place for place in range(count))


def value(name: str) -> bytes:
    """A checkpoint's bytes; its id is ``id_of(name)``."""
    return f"checkpoint {name}".encode()


def id_of(name: str | None) -> bytes | None:
    return None if name is None else digest(value(name))


def proposal(round_: int, name: str, valid_round: int = -1, by: int | None = None, count: int = 4) -> Proposal:
    """A proposal by the round's leader, or by another one."""
    witness = keys(count)[(HEIGHT + round_) % count if by is None else by]
    return propose(HEIGHT, round_, valid_round, value(name), (), (), witness)._replace(signature=b"s")


def vote(step: int, round_: int, name: str | None, by: int) -> Vote:
    return Vote(step, HEIGHT, round_, id_of(name), b"w%d" % by, (), b"s")


class Played:
    """One machine with the answers given as told; keeps everything that came out."""

    def __init__(self, me: int | None = 1, count: int = 4, saved: bytes | None = None, synced: bool = True) -> None:
        key = None if me is None else b"w%d" % me
        self.machine = Consensus(HEIGHT, keys(count), key, 0, saved)
        self.now = 0
        self.verdicts: dict[str, Any] = {}  # by name of the checkpoint; "valid" where nothing is said
        self.mine: str | None = None  # what this witness proposes
        self.out: list[Output] = []
        if synced:
            self.take(self.machine.synced(0))

    def take(self, outputs: list[Output]) -> list[Output]:
        """Answer the machine's questions and hand its own words back; returns all that came out."""
        all_ = list(outputs)
        self.out.extend(outputs)
        for output in outputs:
            if isinstance(output, ProposeValue):
                raw = None if self.mine is None else value(self.mine)
                all_ += self.take(self.machine.proposed(output.round, raw, (), (), self.now))
            elif isinstance(output, Judge):
                name = output.proposal.checkpoint.decode().removeprefix("checkpoint ")
                verdict = self.verdicts.get(name, "valid")
                verdict = verdict(output) if callable(verdict) else verdict
                if verdict is not None:
                    all_ += self.take(self.machine.judged(output, verdict, (b"\1" * 32,), self.now))
            elif isinstance(output, Cast):
                all_ += self.take(self.machine.receive(output.vote._replace(signature=b"s"), self.now))
            elif isinstance(output, Offer):
                all_ += self.take(self.machine.receive(output.proposal._replace(signature=b"s"), self.now))
        return all_

    def hear(self, *messages: Proposal | Vote) -> list[Output]:
        found: list[Output] = []
        for message in messages:
            found += self.take(self.machine.receive(message, self.now))
        return found

    def wait(self, ms: int) -> list[Output]:
        self.now += ms
        return self.take(self.machine.tick(self.now))

    def want(self) -> list[Output]:
        return self.take(self.machine.wanted(self.now, True))

    def said(self) -> list[tuple[int, int, bytes | None]]:
        """Every vote cast: (round, step, id)."""
        return [(o.vote.round, o.vote.step, o.vote.id) for o in self.out if isinstance(o, Cast)]

    def saved(self) -> bytes:
        return [o.saved for o in self.out if isinstance(o, Cast | Offer)][-1]
