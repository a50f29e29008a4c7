"""Checkpoints of made-up histories with many witness sets, signed with real keys: for proofs and their size."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.core.encoding import digest
from dao_app.core.envelope import parse_action, unpack
from dao_app.core.finality.checkpoint import (
    Certificate,
    Checkpoint,
    Precommit,
    encode_certificate,
    encode_checkpoint,
    parse_certificate,
    precommit_message,
    quorum,
)
from dao_app.core.finality.proofs import Row, signed_row
from tests.fakes.world import TestSigner, World


class Chain:
    """A history of checkpoints over one state: ``extend`` seals, perhaps with other witnesses to come."""

    def __init__(self, world: World) -> None:
        self.org, self.genesis = world.org_id, unpack(world.genesis)[0]
        assert parse_action(self.genesis).body["witness"] == world.founder.witness.public
        self.roots = (world.main.replay.frontier.root, world.main.replay.final.root, world.main.replay.results.root)
        self.signers: list[TestSigner] = [world.founder.witness]
        self.certificates: list[Certificate] = []
        self.sets: list[tuple[bytes, ...]] = []  # that signed each
        self._previous, self._time = world.org_id, world.clock.now

    def extend(self, to_come: Sequence[TestSigner] | None = None, round_: int = 0) -> Certificate:
        self._time += 1_000
        coming = list(to_come) if to_come is not None else self.signers
        checkpoint = Checkpoint(
            self.org, len(self.certificates) + 1, self._previous, self._time, *self.roots,
            tuple(s.public for s in coming), 1,
        )  # fmt: skip
        raw = encode_checkpoint(checkpoint)
        message = precommit_message(checkpoint.height, round_, digest(raw))
        signed = [Precommit(s.public, round_, s.sign(message)) for s in self.signers[: quorum(len(self.signers))]]
        certificate = parse_certificate(encode_certificate(raw, signed, []))
        self.certificates.append(certificate)
        self.sets.append(tuple(s.public for s in self.signers))
        self.signers, self._previous = coming, certificate.id
        return certificate

    def rows(self, passing: int = 0) -> tuple[Row, ...]:
        """The chain of a proof made at the last checkpoint."""
        heights = {
            c.checkpoint.height for c, signed in zip(self.certificates, self.sets, strict=True)
            if c.checkpoint.witnesses != signed
        } | ({passing} if passing else set()) | {len(self.certificates)}  # fmt: skip
        return tuple(signed_row(self.certificates[h - 1], self.sets[h - 1]) for h in sorted(heights))


def witnesses(world: World, n: int) -> list[TestSigner]:
    return [TestSigner(world.random.token(32)) for _ in range(n)]
