"""Use cases of contributions and rewards on replicas of several members: what people type and read."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dao_app.app import earnings as sums
from dao_app.app.cases_contributions import ContributionCases
from dao_app.app.cases_rewards import RewardCases
from dao_app.app.cases_tasks import TaskCases
from dao_app.app.cases_tokens import TokenCases
from dao_app.app.errors import InputError, NotFound, Refused
from dao_app.app.organisation import Organisation
from dao_app.app.texts import Texts
from dao_app.app.workspace import Workspace
from dao_app.core.rewards import rewardsfile
from tests.fakes.world import Person, World


class Desk(ContributionCases, RewardCases, TaskCases, TokenCases):
    """The use cases of one member's replica."""

    def __init__(self, world: World, org: Organisation, person: Person) -> None:
        opened = SimpleNamespace(org=org, member=person.root.public, online=False)
        self.root = person.root.public.hex()
        self._ws = cast(Workspace, SimpleNamespace(
            member_in=lambda opened: opened.member, locking=SimpleNamespace(used=lambda: None),
            find=lambda name: opened, network=None, clock=world.clock, unsent={}, vault=object(),
            announce=lambda *told: None, member=lambda: person.root.public,
        ))  # fmt: skip


class Team:
    """A founder and two members."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.seal()
        self.lin = Desk(self.world, self.world.main, self.world.founder)
        self.ann, self.ben = (self._member() for _ in range(2))

    def _member(self) -> Desk:
        person, org = self.world.add_member()
        return Desk(self.world, org, person)

    def seal(self, ms: int = 1_000) -> None:
        self.world.everywhere()
        self.world.seal(ms)
        self.world.everywhere()


@pytest.fixture
def team(tmp_path: Path) -> Team:
    made = Team(tmp_path)
    made.seal()
    return made


def test_a_contribution_from_claim_to_points(team: Team) -> None:
    row = team.ann.contribution_claim(
        "", " Wrote  the guide ", text="long", category="docs",
        evidence=[("https://example.org/a", ""), ("a.txt", "AB" * 32)],
    )
    assert (row.title, row.status, row.points, row.counted) == ("Wrote the guide", "claimed", 10, 0)
    assert row.can == ("withdraw", "comment")
    team.seal()
    assert team.ben.contribution_list("")[0].can == ("endorse", "dispute", "comment")
    team.ben.contribution_dispute("", row.id[:8], "copied")
    team.seal()
    detail = team.lin.contribution_show("", row.id)
    assert (detail.row.status, detail.row.endorsements_needed) == ("disputed", 2)
    assert [(one.person.id, one.reason) for one in detail.disputes] == [(team.ben.root, "copied")]
    assert [(one.label, one.hash) for one in detail.evidence] == [("https://example.org/a", ""), ("a.txt", "ab" * 32)]
    assert [step.what for step in detail.activity] == ["contribution.claim", "contribution.dispute"]
    team.ben.contribution_withdraw("", row.id)
    team.lin.contribution_value("", row.id, 40)
    team.seal()
    team.lin.contribution_endorse("", row.id)
    team.seal()
    found = team.ann.contribution_list("", mine=True)[0]
    assert (found.status, found.counted, found.valued) == ("endorsed", 40, True)
    first = team.lin.reputation_list("")[0]
    assert (first.person.id, first.whole, first.exact, first.points) == (team.ann.root, 40, "40.000000000", 40)


def test_what_contributions_refuse_before_signing(team: Team) -> None:
    with pytest.raises(InputError, match="evidence_hash"):
        team.ann.contribution_claim("", "x", evidence=[("a.txt", "abc")])
    with pytest.raises(InputError, match="evidence_many"):
        team.ann.contribution_claim("", "x", evidence=[("a.txt", "")] * 9)
    with pytest.raises(NotFound, match="department_unknown"):
        team.ann.contribution_claim("", "x", department="Nowhere")
    row = team.ann.contribution_claim("", "x")
    with pytest.raises(InputError, match="text_empty"):
        team.ben.contribution_dispute("", row.id, " ")
    with pytest.raises(InputError, match="points_form"):
        team.lin.contribution_value("", row.id, -1)


def played(team: Team, **more: Any) -> str:
    row = team.lin.round_open("", "March", "10", window_s=5, **more)
    team.seal()
    team.ann.round_give("", row.id, [(team.ben.root, 60)], note="for the guide")
    team.ben.round_give("", row.id, [(team.ann.root, 20), (team.lin.root, 10)])
    team.seal()
    return row.id


def test_a_round_line_by_line(team: Team) -> None:
    id_ = played(team)
    row = team.lin.round_list("", "open")[0]
    assert (row.number, row.gave, row.may_give, row.my_given, row.points) == (1, 2, True, 0, 100)
    assert team.ann.round_show("", "R-1").row.my_given == 60
    assert "cancel" not in row.can
    preview = team.lin.round_show("", id_)
    assert [line.payout.minor for line in preview.lines] == [111, 222, 667]
    team.seal(5_000)
    detail = team.ann.round_show("", id_)
    assert detail.row.status == "paid"
    assert [(one.giver.id, one.receiver.id, one.points, one.dropped) for one in detail.gifts] == [
        (team.ann.root, team.ben.root, 60, ""), (team.ben.root, team.ann.root, 20, ""),
        (team.ben.root, team.lin.root, 10, ""),
    ]  # fmt: skip
    assert [(one.given, one.burned, one.note) for one in detail.givers] == [(60, 40, "for the guide"), (30, 70, "")]
    assert team.lin.round_show("", id_).lines == preview.lines
    again = rewardsfile.compute_value(rewardsfile.parse(detail.computation.encode()))
    assert again["payouts"] == [str(line.payout.minor) for line in detail.lines]
    assert team.lin.token_balance("", team.ben.root)[0].available_minor == 667


def test_what_rounds_refuse_before_signing(team: Team) -> None:
    with pytest.raises(Refused, match="not_allowed"):
        team.ann.round_open("", "March", "10")
    with pytest.raises(Refused, match="round_policy_bad"):
        team.lin.round_open("", "March", "10", policy="special")
    with pytest.raises(NotFound, match="member_unknown"):
        team.lin.round_open("", "March", "10", receivers=["Nobody"])
    id_ = played(team)
    with pytest.raises(Refused, match="gifts_over"):
        team.lin.round_give("", id_, [(team.ann.root, 101)])
    with pytest.raises(InputError, match="points_form"):
        team.lin.round_give("", id_, [(team.ann.root, -1)])
    with pytest.raises(Refused, match="round_gifts_given"):
        team.lin.round_cancel("", id_)
    with pytest.raises(NotFound, match="round_unknown"):
        team.lin.round_show("", "R-9")


def test_a_matching_pool(team: Team) -> None:
    for who in (team.ann, team.ben):
        team.lin.token_transfer("", who.root, "10", from_treasury=True)
    team.seal()
    row = team.lin.match_open("", "Pool", "5", [("Choir", team.lin.root)], mode="scale-down", window_s=5)
    team.seal()
    assert "give" in team.ann.match_list("")[0].can and "give" not in team.lin.match_list("")[0].can
    team.ann.match_give("", "M-1", 1, "0.40")
    team.ben.match_give("", row.id, 1, "0.90", memo="more songs")
    team.seal()
    project = team.ann.match_show("", row.id).row.projects[0]
    assert (project.backers, project.given.minor, project.my_given.minor) == (2, 130, 40)
    assert (project.matching, project.payout.minor) == ("120", 120)
    with pytest.raises(NotFound, match="project_unknown"):
        team.ann.match_give("", row.id, 2, "1")
    team.seal(5_000)
    assert team.ann.match_list("", "paid")[0].projects[0].payout.minor == 120
    assert [entry.source for entry in team.lin.earnings("").rows] == ["match", "match", "match"]


def test_payouts_and_their_totals(team: Team) -> None:
    for amount, day in (("100", "2026-03-14"), ("20.505", "2026-03-20"), ("7", "2026-04-01"), ("1", "2025-01-01")):
        row = team.lin.payout_record("", team.ann.root, amount, "cny", day, reference="bank 17")
        team.seal()
        if amount != "7":
            team.ann.payout_confirm("", row.id)
        if amount == "1":
            continue
    disputed = team.lin.payout_record("", team.ann.root, "1000", "CNY", "2026-03-01")
    team.seal()
    team.ann.payout_dispute("", disputed.id, "never came")
    team.seal()
    rows = team.lin.payout_list("", team.ann.root)
    assert [(one.day, one.status) for one in rows][:2] == [("2026-04-01", "recorded"), ("2026-03-20", "confirmed")]
    assert rows[0].reference == "bank 17" and rows[3].answer == "never came"
    monthly = team.lin.payout_totals("")
    found = [(one.period, one.amount.minor, one.amount.decimals, one.confirmed.minor) for one in monthly]
    assert found == [("2026-04", 700, 2, 0), ("2026-03", 120_505, 3, 120_505), ("2025-01", 100, 2, 100)]
    yearly = [(one.period, one.amount.minor) for one in team.lin.payout_totals("", by="year")]
    assert yearly == [("2026", 127_505), ("2025", 100)]
    for bad in ("14.3.2026", "2026-02-30", "1969-12-31"):
        with pytest.raises(InputError, match="day_form"):
            team.lin.payout_record("", team.ann.root, "1", "CNY", bad)
    with pytest.raises(InputError, match="currency_form"):
        team.lin.payout_record("", team.ann.root, "1", "¥", "2026-03-14")


def test_earnings_by_source_state_and_time(team: Team) -> None:
    played(team)
    team.seal(5_000)
    team.lin.token_tip("", team.ann.root, "3", reason="=cmd|' /C calc'!A0", payer="treasury")
    task = team.lin.task_open("", "Paint", reward="8")
    team.seal()
    team.ann.task_claim("", task.id)
    team.seal()
    team.lin.token_transfer("", team.ann.root, "1", from_treasury=True)
    team.world.everywhere()
    view = team.ann.earnings("")
    assert [(row.source, row.state, row.amount.minor) for row in view.rows] == [
        ("task", "held", 800), ("transfer", "provisional", 100), ("tip", "final", 300), ("round", "final", 222)
    ]  # fmt: skip
    assert [row.about for row in view.rows] == ["T-1", "", "", "R-1"]
    assert view.available_minor == 522
    for row in view.rows:
        assert team.world.main.replay.action(bytes.fromhex(row.action)).id.hex() == row.action
    assert sums.sums(view.rows)["tip", "final"] == 300
    texts = Texts("en", UTC)
    months = sums.buckets(view.rows, texts, "month", view.now_ms, 12)
    assert len(months) == 12 and months[-1].first == date(2026, 9, 1)
    assert (sum(months[-1].final), months[-1].provisional, months[-1].held) == (522, 100, 800)
    weeks = sums.buckets(view.rows, texts, "week", view.now_ms, 3)
    assert [one.first.weekday() for one in weeks] == [0, 0, 0] and weeks[-1].total == 1_422
    assert [one.total for one in weeks[:-1]] == [0, 0]


def test_buckets_follow_the_viewers_zone(team: Team) -> None:
    """One moment is in different months here and there."""
    at = 1_790_812_800_000 - 1_000  # 2026-09-30T23:59:59 UTC
    assert sums.first_day(Texts("en", UTC), at, "month") == date(2026, 9, 1)
    assert sums.first_day(Texts("zh", timezone(timedelta(hours=8))), at, "month") == date(2026, 10, 1)


def test_the_statement_is_plain_data(team: Team) -> None:
    team.lin.token_tip("", team.ann.root, "3", reason="=cmd|' /C calc'!A0", payer="treasury")
    team.seal()
    team.lin.token_tip("", team.ann.root, "0.05", payer="treasury")
    team.seal()
    view = team.ann.earnings("")
    texts = Texts("en", UTC)
    data = sums.statement_csv(view, view.rows, texts)
    rows = list(csv.reader(io.StringIO(data)))
    assert len(rows) == 3
    assert [row[5] for row in rows[1:]] == ["3.00", "0.05"]
    assert rows[1][3] == "'=cmd|' /C calc'!A0"
    assert rows[1][8] == view.rows[1].action
    today = texts.local(view.now_ms).date()
    assert sums.between(view.rows, texts, today, today) == list(view.rows)
    assert sums.between(view.rows, texts, None, today - timedelta(days=1)) == []
    assert json.loads(json.dumps(rows[0])) == rows[0]
