"""The part of the stand-in engine that holds contributions, rounds, pools, payouts and earnings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_rewards as r
from dao_app.app.reward_rows import payout_totals
from tests.fakes import sample
from tests.fakes.sample import AMARA, CHEN, DAY, JONAS, LIN, NOW_MS, PEOPLE, SOFIA, final, gld, ident, pending


def make_round(number: int, title: str, status: str = "open", kind: str = "peer", **changes: Any) -> r.RoundRow:
    base = r.RoundRow(
        ident(f"round {number}"), ident(f"round {number}")[:8], number, title, kind, "immediate", 1, None,
        gld(240_000), "treasury", status, AMARA, NOW_MS + 2 * DAY, 100, 3, True, 0, final(5 * DAY),
        ("give",) if status == "open" and kind != "points" else (),
    )
    return replace(base, **changes)


def make_match() -> r.MatchRow:
    projects = (
        r.ProjectRow(1, "Community garden", "Operations", None, 14, gld(38_000), gld(1_000), "2100.5", gld(90_000)),
        r.ProjectRow(2, "Evening choir", SOFIA.id, SOFIA, 6, gld(9_000), gld(0), "620", gld(30_000)),
    )
    return r.MatchRow(
        ident("match 1"), ident("match 1")[:8], 1, "Neighbourhood projects", gld(120_000), "treasury", "fill",
        gld(5_000), "open", LIN, NOW_MS + 9 * DAY, projects, final(DAY), ("give", "cancel"),
    )


def earn(source: str, minor: int, days: int, title: str, about: str = "", state: str = "final") -> r.EarningRow:
    person = JONAS if source in ("tip", "transfer") else None
    payer = JONAS.id if person else "treasury"
    action = ident(f"earn {title} {days}")
    return r.EarningRow(action, source, state, about, title, payer, person, gld(minor), NOW_MS - days * DAY)


def earnings() -> r.EarningsView:
    rows = [
        earn("task", 6_000, 0, "Find peers on the local network", "T-198", "held"),
        earn("tip", 1_200, 1, "for the patient review", "", "provisional"),
        earn("round", 14_800, 5, "February", "R-14"),
        earn("task", 4_500, 7, "Repair duplicate invites after a merge", "T-193"),
        earn("match", 2_000, 8, "Neighbourhood projects", "M-1"),
        earn("transfer", 900, 9, "shared lunch"),
    ]
    for month in range(1, 12):
        rows.append(earn("task", 4_000 + 700 * (month % 5), 30 * month, f"Task of month {month}", f"T-{150 - month}"))
        rows.append(earn("round", 9_000 + 1_300 * (month % 4), 30 * month + 3, f"Round {month}", f"R-{13 - month}"))
    return r.EarningsView(LIN, "GLD", 2, tuple(rows), 178_000, False, NOW_MS)


def make_payout(number: int, to: v.PersonView, minor: int, day: str, status: str = "recorded") -> r.PayoutRow:
    can = ("confirm", "dispute") if to is LIN and status == "recorded" else ()
    return r.PayoutRow(
        ident(f"payout {number}"), to, AMARA, v.AmountView("CNY", minor, 2), day, f"bank {number}", status,
        "never arrived" if status == "disputed" else "", final(number * DAY), can,
    )


class FakeRewards:
    """Answers as the engine would, from sample data."""

    tell: Callable[..., None]
    comments: dict[str, Any]
    _find: Callable[..., Any]

    def _fill_rewards(self) -> None:
        self.contributions: dict[str, v.ContributionRow] = sample.contributions()
        rounds = (
            make_round(16, "March reward round"),
            make_round(15, "February reward round", "paid", closes_ms=NOW_MS - 20 * DAY, can=()),
            make_round(14, "By contribution points", "returned", "points", closes_ms=NOW_MS - 50 * DAY),
        )
        self.rounds = {one.id: one for one in rounds}
        self.matches = {one.id: one for one in (make_match(),)}
        self.payouts = {
            one.id: one
            for one in (
                make_payout(3, LIN, 125_000, "2026-03-10"),
                make_payout(2, JONAS, 80_000, "2026-03-02", "confirmed"),
                make_payout(1, CHEN, 40_000, "2026-02-11", "disputed"),
            )
        }
        self.given: dict[str, int] = {}
        self.earned = earnings()

    # -- contributions -------------------------------------------------------------------------
    def contribution_list(self, org: str, mine: bool = False) -> tuple[v.ContributionRow, ...]:
        return tuple(c for c in self.contributions.values() if not mine or c.author.you)

    def contribution_show(self, org: str, contribution: str) -> v.ContributionDetail:
        row = self._find(self.contributions, contribution)
        evidence = (r.EvidenceView("https://example.org/notes", ""), r.EvidenceView("notes.txt", ident("file")))
        disputes = tuple(r.DisputeView(person, "I took these notes.") for person in row.disputed_by)
        return v.ContributionDetail(
            row, "Notes are in the shared folder.", tuple(self.comments.get(contribution, ())),
            evidence if row.source == "claim" else (), disputes, (), 100,
        )

    def contribution_claim(self, org: str, title: str, text: str = "", **more: Any) -> v.ContributionRow:
        row = v.ContributionRow(
            ident("con " + title), title, LIN, "claim", None, None, "claimed", (), 2, pending(0), ("comment",)
        )
        self.contributions[row.id] = row
        self.tell("contributions")
        return row

    def contribution_endorse(self, org: str, contribution: str) -> v.ContributionRow:
        row = self._find(self.contributions, contribution)
        return self._keep(replace(row, endorsed_by=(*row.endorsed_by, LIN), can=("comment",)))

    def contribution_dispute(self, org: str, contribution: str, reason: str) -> v.ContributionRow:
        row = self._find(self.contributions, contribution)
        return self._keep(replace(row, status="disputed", disputed_by=(LIN,), can=("withdraw", "comment")))

    def contribution_withdraw(self, org: str, contribution: str) -> v.ContributionRow:
        row = self._find(self.contributions, contribution)
        return self._keep(replace(row, status="withdrawn" if row.author.you else "claimed", can=("comment",)))

    def contribution_value(self, org: str, contribution: str, points: int) -> v.ContributionRow:
        return self._keep(replace(self._find(self.contributions, contribution), points=points, valued=True))

    def _keep(self, row: v.ContributionRow) -> v.ContributionRow:
        self.contributions[row.id] = row
        self.tell("contributions")
        return row

    # -- rounds and pools ----------------------------------------------------------------------
    def round_list(self, org: str, status: str = "") -> tuple[r.RoundRow, ...]:
        return tuple(one for one in self.rounds.values() if not status or one.status == status)

    def round_show(self, org: str, round: str) -> r.RoundDetail:
        row = self._find(self.rounds, round)
        receivers = PEOPLE
        gifts = [r.GiftRow(AMARA, JONAS, 40, ""), r.GiftRow(JONAS, CHEN, 20, "not_a_receiver")]
        gifts += [r.GiftRow(LIN, p, self.given[p.id], "") for p in PEOPLE if self.given.get(p.id)]
        lines = (
            r.LineRow(JONAS, 40, 0, "40", gld(160_000)), r.LineRow(AMARA, 20, 0, "20", gld(80_000)),
        )  # fmt: skip
        givers = (r.GiverRow(AMARA, 40, 60, "for the hosting comparison"), r.GiverRow(JONAS, 20, 100, ""))
        if row.kind == "points":
            return r.RoundDetail(row, "", (), (), (), (), "", ())
        return r.RoundDetail(row, "For work that no task names.", receivers, givers, tuple(gifts), lines, "{}", ())

    def round_open(self, org: str, title: str, amount: str, **more: Any) -> r.RoundRow:
        row = make_round(17, title, stamp=pending(0), closes_ms=None, can=("cancel",), gave=0)
        self.rounds = {row.id: row, **self.rounds}
        self.tell("rewards")
        return row

    def round_give(self, org: str, round: str, gifts: Sequence[tuple[str, int]], note: str = "") -> r.RoundRow:
        self.given = dict(gifts)
        row = replace(self._find(self.rounds, round), my_given=sum(points for _, points in gifts))
        self.rounds[round] = row
        self.tell("rewards")
        return row

    def round_cancel(self, org: str, round: str) -> r.RoundRow:
        row = self.rounds[round] = replace(self._find(self.rounds, round), status="cancelled", can=())
        self.tell("rewards")
        return row

    def match_list(self, org: str, status: str = "") -> tuple[r.MatchRow, ...]:
        return tuple(self.matches.values())

    def match_show(self, org: str, match: str) -> r.MatchDetail:
        return r.MatchDetail(self._find(self.matches, match), "", ())

    def match_open(self, org: str, title: str, amount: str, projects: Any, **more: Any) -> r.MatchRow:
        return self.matches[ident("match 1")]

    def match_give(self, org: str, match: str, project: int, amount: str, memo: str = "") -> r.MatchRow:
        return self._find(self.matches, match)

    def match_cancel(self, org: str, match: str) -> r.MatchRow:
        return self._find(self.matches, match)

    # -- payouts and earnings ------------------------------------------------------------------
    def payout_list(self, org: str, member: str = "") -> tuple[r.PayoutRow, ...]:
        return tuple(self.payouts.values())

    def payout_totals(self, org: str, member: str = "", by: str = "month") -> tuple[r.PayoutTotal, ...]:
        return payout_totals(self.payouts.values(), by)

    def payout_record(
        self, org: str, to: str, amount: str, currency: str, day: str, reference: str = ""
    ) -> r.PayoutRow:
        person = next(p for p in PEOPLE if p.id == to)
        row = self.payouts[ident("payout 4")] = make_payout(4, person, round(float(amount) * 100), day)
        self.tell("rewards")
        return row

    def payout_confirm(self, org: str, payout: str, text: str = "") -> r.PayoutRow:
        row = self.payouts[payout] = replace(self._find(self.payouts, payout), status="confirmed", can=())
        self.tell("rewards")
        return row

    def payout_dispute(self, org: str, payout: str, text: str = "") -> r.PayoutRow:
        row = self.payouts[payout] = replace(self._find(self.payouts, payout), status="disputed", answer=text, can=())
        self.tell("rewards")
        return row

    def earnings(self, org: str, unit: str = "", member: str = "") -> r.EarningsView:
        return self.earned

    def reputation_list(self, org: str) -> tuple[r.ReputationRow, ...]:
        return tuple(r.ReputationRow(p, 40 - 5 * i, f"{40 - 5 * i}.500000000", 60) for i, p in enumerate(PEOPLE))
