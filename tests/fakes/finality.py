"""The stand-in engine's witnesses: four who co-sign, or the founder alone."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app import views_finality as f
from tests.fakes.sample import AMARA, CHEN, JONAS, LIN, MINUTE, NOW_MS, PRIYA, ident

COUNCIL = (AMARA, CHEN, LIN, PRIYA)
AWAY = {PRIYA.id: (20, 21), CHEN.id: (9,)}  # of the 24 latest checkpoints, oldest first


def signers_of(place: int) -> tuple[str, ...]:
    """Who signed the checkpoint at this place among the latest 24."""
    return tuple(p.name for p in COUNCIL if place not in AWAY.get(p.id, ()))


class FakeFinality:
    """Part of ``FakeEngine``."""

    founder_alone: bool
    proposals: dict[str, v.ProposalRow]
    elected = 0  # the term for which this member is elected
    alarm = 0  # certified checkpoints that contradict each other
    recovering = False  # members are recovering
    double = False  # somebody signed twice

    def witness_views(self) -> tuple[v.WitnessView, ...]:
        council = (LIN,) if self.founder_alone else COUNCIL
        return tuple(v.WitnessView(person, person is LIN, person is not PRIYA, NOW_MS - MINUTE) for person in council)

    def finality(self, org: str) -> f.FinalityView:
        alone = self.founder_alone
        voted = {AMARA.id: "precommit", CHEN.id: "precommit", LIN.id: "prevote"}
        seats = tuple(
            f.SeatView(w.person, w.here, w.online, w.seen_ms, "" if alone else voted.get(w.person.id, ""), False,
                       w.person is AMARA)
            for w in self.witness_views()
        )  # fmt: skip
        election = f.ElectionView(
            self.elected, 4, tuple(f.CandidateView(p, p is not LIN) for p in COUNCIL), NOW_MS + 90 * MINUTE, True
        ) if self.elected else None  # fmt: skip
        evidence = (
            f.EvidenceRow("device", JONAS, "7f3a 91c2 e04d", ident("log 3")[:60] + "0003", NOW_MS - 30 * MINUTE),
            f.EvidenceRow("witness", PRIYA, "91c2 7f3a 0be1", ident("log 5")[:60] + "0005", NOW_MS - 40 * MINUTE),
        ) if self.double else ()
        alarm = tuple(
            v.CheckpointRow(1285, ident(f"branch {i}"), NOW_MS, 7, ident("s"), ident("r"), ident("f"),
                            signers_of(0), 4, 3)
            for i in range(self.alarm)
        )  # fmt: skip
        reserve = () if alone else (f.CandidateView(JONAS, True),)
        return f.FinalityView(
            1 if alone else 3, 1 if alone else 1190, not alone, 1 if alone else 3, 0 if alone else 1, seats, reserve,
            None if alone else 0, alone, election, self.elected, alone, False, alarm, (1, 1, 0), evidence,
            self._recoveries(),
        )  # fmt: skip

    def _recoveries(self) -> tuple[f.RecoveryRow, ...]:
        if not self.recovering:
            return ()
        row = f.RecoveryRow(
            ident("recovery"), 1284, 1285, ident("branch 0"), (AMARA, CHEN, LIN, JONAS), 31, 46, 31, False,
            NOW_MS + 3 * 24 * 60 * MINUTE, False,
        )  # fmt: skip
        return (row,)

    def witness_ready(self, org: str) -> f.FinalityView:
        self.elected = 0
        return self.finality(org)

    def witness_move(self, org: str, member: str) -> f.FinalityView:
        return self.finality(org)

    def recovery_propose(self, org: str, members: Sequence[str], branch: str = "") -> f.FinalityView:
        return self.finality(org)

    def recovery_sign(self, org: str, recovery: str) -> f.FinalityView:
        return self.finality(org)

    def device_renew(self, org: str) -> f.FinalityView:
        return self.finality(org)

    def witness_elect(self, org: str, members: Sequence[str], seats: int, title: str, text: str = "") -> v.ProposalRow:
        return next(iter(self.proposals.values()))
