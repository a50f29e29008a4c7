"""Use cases of governance: what people write becomes bodies, what the state holds becomes views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.effects_form import FIELDS, charter_value
from dao_app.app.errors import InputError, Locked, NotFound, Refused
from dao_app.core.rules.effects import KINDS
from tests.unit.app.test_use_cases import FAST, PASSPHRASE, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    made.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    made.call("org_create", name="Example", initial="1000", parameters=FAST)
    yield made
    made.handle.close()


def check(desk: Desk, kind: str, *effects: dict[str, Any], **more: Any) -> Any:
    return desk.call("proposal_check", org="", title="Q", kind=kind, effects=list(effects), **more)


def test_every_effect_has_a_form() -> None:
    assert set(FIELDS) == set(KINDS)


def test_effects_are_written_as_people_say_them(desk: Desk) -> None:
    desk.call("department_open", org="", name="Operations")
    desk.call("department_open", org="", name="Night", parent="Operations")
    view = check(desk, "spending", {"do": "budget", "department": "Operations/Night", "amount": "12.50", "period": 60})
    assert view.reason == ""
    assert view.asks[0].minor == 1_250
    assert [f.text for f in view.effects[0].fields if f.kind == "department"] == ["Night"]
    view = check(desk, "spending", {"do": "pay", "to": "Lin", "amount": "999"})
    assert view.reason == "reserve_cap"
    view = check(desk, "amendment", {"do": "amend", "name": "spending.quorum_bp", "value": "general"})
    assert view.reason in ("", "lockout") and view.votes == 1
    view = check(desk, "spending", {"do": "schedule", "to": "Lin", "amount": "3", "count": "3", "every": "30d"})
    fields = {f.name: f.text for f in view.effects[0].fields}
    assert (fields["every"], fields["revocable"]) == ("2592000000", "yes")


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ({"do": "magic"}, "effect_unknown"),
        ({"do": "pay", "to": "Lin"}, "effect_missing"),
        ({"do": "pay", "to": "Lin", "amount": "1", "colour": "red"}, "effect_field"),
        ({"do": "pay", "to": "Nobody", "amount": "1"}, "member_unknown"),
        ({"do": "pay", "to": "Lin", "amount": "much"}, "amount_form"),
        ({"do": "budget", "department": "Nowhere", "amount": "1"}, "department_unknown"),
        ({"do": "budget", "department": "Nowhere", "amount": "1", "period": "soon"}, "department_unknown"),
        ({"do": "amend", "name": "nonsense", "value": "1"}, "parameter_unknown"),
        ({"do": "amend", "name": "quorum_bp", "value": "-1"}, "charter_value"),
        ({"do": "suspend", "member": "Lin", "period": "soon"}, "effect_length"),
        ({"do": "adopt", "replaces": "P-99"}, "proposal_unknown"),
    ],
)
def test_what_cannot_be_read_says_why(desk: Desk, effect: dict[str, Any], code: str) -> None:
    with pytest.raises((InputError, NotFound), match=code):
        check(desk, "decision", effect)


def test_kinds_and_too_many_effects_are_refused_by_name(desk: Desk) -> None:
    with pytest.raises(InputError, match="kind_unknown"):
        check(desk, "coup")
    with pytest.raises(InputError, match="effects_many"):
        check(desk, "decision", *[{"do": "lift"}] * 17)
    with pytest.raises(InputError, match="effect_number"):
        check(desk, "election", {"do": "elect", "role": "steward", "candidates": "Lin", "seats": "two"})


def test_a_dry_run_needs_an_unlocked_key(tmp_path: Path) -> None:
    first = Desk(tmp_path / "home")
    first.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    first.call("org_create", name="Example", parameters=FAST)
    first.handle.close()
    locked = Desk(tmp_path / "home")
    with pytest.raises(Locked, match="locked"):
        locked.call("proposal_check", org="", title="Q")
    locked.handle.close()


def test_charter_values_as_people_write_them() -> None:
    assert charter_value("method", "consent") == 2
    assert charter_value("delegation", "no") == 0
    assert charter_value("quorum_bp", "3000") == 3_000
    assert charter_value("spending.quorum_bp", "general") is None
    assert charter_value("quorum_bp", "30%") == 3_000
    assert charter_value("amendment.support_bp", "66.6 %") == 6_660
    assert charter_value("voting_ms", "3d") == 3 * 86_400_000


@pytest.mark.parametrize(("name", "text"), [
    ("voting_ms", "30%"), ("quorum_bp", "3d"), ("quorum_bp", "1.234%"), ("quorum_bp", "-1%"), ("seconders", "two"),
])
def test_a_charter_value_in_a_wrong_unit_is_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match="charter_value"):
        charter_value(name, text)


def test_the_charter_as_shown(desk: Desk) -> None:
    view = desk.call("charter_show", org="")
    rows = {row.name: row for row in view.rows}
    assert rows["quorum_bp"].value == 0 and rows["quorum_bp"].default == 2_000
    assert ("amendment", 6_666) in rows["support_bp"].kinds
    assert view.history == () and view.texts == ()


def test_who_may_do_what_and_why(desk: Desk) -> None:
    rows = desk.call("permission_list", org="", member="Lin")
    assert {row.why[0].cause for row in rows} == {"founding"}
    assert "treasury.spend" in {row.permission for row in rows}
    roles = {row.code: row for row in desk.call("role_list", org="")}
    assert [p.name for p in roles["founder"].holders] == ["Lin"]


def test_departments_with_roles_and_gestures(desk: Desk) -> None:
    desk.call("department_open", org="", name="Operations")
    row = desk.call("role_give", org="", department="Operations", member="Lin", role="steward")
    assert [p.name for p in row.stewards] == ["Lin"]
    assert row.cause == "Lin" and {"open", "move", "close", "give"} <= set(row.can)
    with pytest.raises(Refused, match="role_held"):
        desk.call("role_give", org="", department="Operations", member="Lin", role="steward")
    desk.call("role_take", org="", department="Operations", member="Lin", role="steward")
    with pytest.raises(Refused, match="department_cycle"):
        desk.call("department_move", org="", department="Operations", parent="Operations")
    desk.call("department_close", org="", department="Operations")
    assert [d.active for d in desk.call("department_list", org="")] == [False]


def test_firms_delegation_requests_and_the_stop(desk: Desk) -> None:
    firm = desk.call("firm_register", org="", name="Mill Ltd", signers=[("Lin", "5.00")], dual="1.00")
    assert (firm.signers[0].limit, firm.dual, firm.can) == ("5.00", "1.00", ("pay", "change"))
    with pytest.raises(Refused, match="balance_too_low"):
        desk.call("firm_pay", org="", firm="Mill Ltd", to="Lin", amount="2")
    with pytest.raises(NotFound, match="firm_unknown"):
        desk.call("firm_pay", org="", firm="Nobody", to="Lin", amount="2")
    with pytest.raises(NotFound, match="payment_unknown"):
        desk.call("firm_approve", org="", payment="abcdef12")
    with pytest.raises(Refused, match="delegate_self"):
        desk.call("delegate", org="", to="Lin")
    with pytest.raises(Refused, match="to_self"):
        desk.call("payment_request", org="", payer="Lin", amount="2")
    plan = desk.call(
        "schedule_open", org="", to="Lin", amount="30", instalments=3, every_s=60, source="treasury", revocable=False
    )
    assert (plan.amount.minor, plan.instalments, plan.can) == (3_000, 3, ("stop",))  # the receiver may renounce
    with pytest.raises(Refused, match="not_allowed"):
        desk.call("emergency_stop", org="")
    assert desk.call("emergency_show", org="").can == ()
    with pytest.raises(Refused, match="lockout"):
        desk.call("member_leave", org="")
    with pytest.raises(InputError, match="stance_unknown"):
        desk.call("member_stances", org="", stances=["bystander"])
    desk.call("member_stances", org="", stances=["producer", "consumer"])
    assert desk.call("member_list", org="")[0].stances == ("consumer", "producer")


def test_events_come_once_and_go_on_from_a_cursor(desk: Desk) -> None:
    start = desk.call("events", org="").cursor
    desk.call("contribution_claim", org="", title="First")
    first = desk.call("events", org="", after=start)
    assert [e.type for e in first.events if e.event == "arrived"] == ["contribution.claim"]
    desk.call("contribution_claim", org="", title="Second")
    second = desk.call("events", org="", after=first.cursor)
    assert [e.type for e in second.events if e.event == "arrived"] == ["contribution.claim"]
    seen = {e.id for e in first.events if e.event == "arrived"} | {e.id for e in second.events if e.event == "arrived"}
    assert len(seen) == 2
    everything = desk.call("events", org="", after="0.0")
    assert everything.events[0].type == "org.create"
    with pytest.raises(InputError, match="cursor_form"):
        desk.call("events", org="", after="yesterday")


def test_revising_and_the_templates(desk: Desk) -> None:
    row = desk.call(
        "proposal_open", org="", title="Pay", kind="spending", effects=[{"do": "pay", "to": "Lin", "amount": "5"}],
        discussion_s=60,
    )
    assert row.asks[0].minor == 500
    desk.call("proposal_revise", org="", proposal=row.id, title="Pay less",
              effects=[{"do": "pay", "to": "Lin", "amount": "4"}])  # fmt: skip
    shown = desk.call("proposal_show", org="", proposal=row.id)
    assert (shown.row.title, shown.row.version, shown.row.asks[0].minor) == ("Pay less", 2, 400)
    templates = desk.call("proposal_templates", org="")
    assert {t.kind for t in templates} == {
        "poll", "decision", "spending", "amendment", "role", "issuance", "penalty", "election", "adoption",
    }  # fmt: skip
