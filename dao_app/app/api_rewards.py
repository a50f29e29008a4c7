"""The use cases of contributions and rewards; see ``app.api``. A ``payer`` is "treasury" or "department:NAME"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dao_app.app import views_rewards as r


class RewardsApi(Protocol):
    # -- contributions and reputation ----------------------------------------------------------
    def contribution_claim(
        self,
        org: str,
        title: str,
        text: str = "",
        category: str = "",
        department: str = "",
        evidence: Sequence[tuple[str, str]] = (),
    ) -> r.ContributionRow:
        """``evidence``: (link or file name, SHA-256 in hexadecimal or "")."""
        ...

    def contribution_endorse(self, org: str, contribution: str) -> r.ContributionRow: ...
    def contribution_dispute(self, org: str, contribution: str, reason: str) -> r.ContributionRow: ...
    def contribution_withdraw(self, org: str, contribution: str) -> r.ContributionRow:
        """Take back your own claim, or your own dispute."""
        ...

    def contribution_value(self, org: str, contribution: str, points: int) -> r.ContributionRow: ...
    def contribution_list(self, org: str, mine: bool = False) -> tuple[r.ContributionRow, ...]: ...
    def contribution_show(self, org: str, contribution: str) -> r.ContributionDetail: ...
    def reputation_list(self, org: str) -> tuple[r.ReputationRow, ...]: ...

    # -- reward rounds and matching pools ------------------------------------------------------
    def round_open(
        self,
        org: str,
        title: str,
        amount: str,
        unit: str = "",
        text: str = "",
        kind: str = "peer",
        policy: str = "immediate",
        look: int = -1,
        to: str = "",
        payer: str = "treasury",
        givers: Sequence[str] = (),
        receivers: Sequence[str] = (),
        points: int = 0,
        window_s: int = 604_800,
    ) -> r.RoundRow:
        """``look``: rounds that count (immediate), discount in percent (recent); -1 the usual. ``givers`` and
        ``receivers``: () all with a vote, one "department:NAME", or members. ``points`` 0: the charter's."""
        ...

    def round_list(self, org: str, status: str = "") -> tuple[r.RoundRow, ...]: ...
    def round_show(self, org: str, round: str) -> r.RoundDetail: ...
    def round_give(self, org: str, round: str, gifts: Sequence[tuple[str, int]], note: str = "") -> r.RoundRow:
        """Instead of what you gave before; () takes it back."""
        ...

    def round_cancel(self, org: str, round: str) -> r.RoundRow: ...
    def match_open(
        self,
        org: str,
        title: str,
        amount: str,
        projects: Sequence[tuple[str, str]],
        unit: str = "",
        text: str = "",
        mode: str = "fill",
        bound: str = "",
        payer: str = "treasury",
        window_s: int = 604_800,
    ) -> r.MatchRow:
        """``projects``: (title, receiver), receivers as a party: a member, "department:NAME" or "firm:NAME"."""
        ...

    def match_list(self, org: str, status: str = "") -> tuple[r.MatchRow, ...]: ...
    def match_show(self, org: str, match: str) -> r.MatchDetail: ...
    def match_give(self, org: str, match: str, project: int, amount: str, memo: str = "") -> r.MatchRow:
        """Give from your own balance to project number ``project``; it goes there at once."""
        ...

    def match_cancel(self, org: str, match: str) -> r.MatchRow: ...

    # -- payout records and earnings -----------------------------------------------------------
    def payout_record(
        self, org: str, to: str, amount: str, currency: str, day: str, reference: str = ""
    ) -> r.PayoutRow:
        """``day``: "2026-03-14", when it was paid."""
        ...

    def payout_list(self, org: str, member: str = "") -> tuple[r.PayoutRow, ...]: ...
    def payout_totals(self, org: str, member: str = "", by: str = "month") -> tuple[r.PayoutTotal, ...]:
        """Per person, period ("month" or "year") and currency; what the receiver disputes is left out."""
        ...

    def payout_confirm(self, org: str, payout: str, text: str = "") -> r.PayoutRow: ...
    def payout_dispute(self, org: str, payout: str, text: str = "") -> r.PayoutRow: ...
    def earnings(self, org: str, unit: str = "", member: str = "") -> r.EarningsView:
        """What came to you, or to a member."""
        ...
