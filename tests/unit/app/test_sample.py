"""The sample organisation as somebody finds it who looks around."""

from __future__ import annotations

from pathlib import Path

from tests.unit.app.test_use_cases import Desk


def test_nothing_in_the_sample_failed_and_there_is_something_to_do(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    org = desk.call("demo_open").id
    assert [row for row in desk.call("log_list", org=org, limit=1_000) if row.stamp.reason] == []
    needs = {item.what for item in desk.call("today", org=org).needs}
    assert {"vote", "review", "endorse", "share_points", "pay"} <= needs
    rounds = {row.title: row for row in desk.call("round_list", org=org)}
    assert (rounds["Autumn thanks"].status, rounds["Winter thanks"].status) == ("paid", "open")
    assert desk.call("firm_list", org=org)[0].name == "Old Mill Bindery"
    executions = [row.execution for row in desk.call("proposal_list", org=org) if row.execution]
    assert executions.count("done") == 2 and set(executions) == {"done", "waiting"}
    desk.handle.close()
