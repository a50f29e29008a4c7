"""Use cases of tasks through the engine: from what people type to what is signed, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.errors import GuildhallError, InputError, NotFound, Refused
from dao_app.app.tables import read_table
from dao_app.app.task_table import guess_columns
from tests.unit.app.test_use_cases import Desk, desk, founded

__all__ = ["desk", "founded"]


def test_every_field_comes_back_as_it_was_typed(founded: Desk) -> None:
    first = founded.call("task_open", org="", title="First")
    made = founded.call(
        "task_open", org="", title="Mend  the roof", text="**Now**", reward="12.50", labels=["wood", " wood ", "roof"],
        priority="urgent", due_ms=1_773_359_940_000, estimate_min=90, checklist=["buy nails", "", "nail"],
        files=[("ab" * 32, "../plans/roof.pdf", 7)], depends=[first.id[:8]], every_days=7, approval=True, seats=2,
        lifetime_s=3_600,
    )
    assert (made.title, made.labels, made.priority, made.items) == ("Mend the roof", ("wood", "roof"), "urgent", 2)
    shown = founded.call("task_show", org="", task=made.id)
    assert (shown.text, [i.text for i in shown.checklist], shown.files[0].name) == (
        "**Now**", ["buy nails", "nail"], "roof.pdf",
    )  # fmt: skip
    assert [link.title for link in shown.depends] == ["First"] and shown.row.blocked
    assert (shown.payer, shown.lifetime_s, shown.row.payment, shown.version) == ("treasury", 3_600, "held", 1)


def test_an_edit_leaves_what_is_not_given(founded: Desk) -> None:
    made = founded.call("task_open", org="", title="A", text="Long text", labels=["x"], draft=True, reward="5")
    assert (made.status, made.payment) == ("draft", "planned")
    founded.call("task_edit", org="", task=made.id, title="B", labels=[])
    shown = founded.call("task_show", org="", task=made.id)
    assert (shown.row.title, shown.text, shown.row.labels, shown.version) == ("B", "Long text", (), 2)
    founded.call("task_edit", org="", task=made.id, text="Other", reward="0")
    shown = founded.call("task_show", org="", task=made.id)
    assert (shown.text, shown.row.reward) == ("Other", None)
    assert founded.call("task_publish", org="", task=made.id).status == "open"


@pytest.mark.parametrize(
    ("params", "error", "code"),
    [
        ({"priority": "soon"}, InputError, "choice_unknown"),
        ({"payer": "Nobody"}, NotFound, "department_unknown"),
        ({"department": "Nowhere"}, NotFound, "department_unknown"),
        ({"depends": ["T-9"]}, NotFound, "task_unknown"),
        ({"due_ms": -1}, InputError, "number_bounds"),
        ({"due_ms": 2**53 - 1}, Refused, "reject.period_out_of_bounds"),
        ({"every_days": 400}, Refused, "reject.period_out_of_bounds"),
        ({"estimate_min": 10**9}, Refused, "reject.count_too_large"),
        ({"seats": 17}, Refused, "reject.assignees_bad"),
        ({"labels": [str(n) for n in range(17)]}, InputError, "too_many"),
        ({"labels": ["x" * 65]}, InputError, "title_too_long"),
        ({"checklist": [str(n) for n in range(51)]}, InputError, "too_many"),
        ({"files": [("zz", "a", 1)]}, InputError, "file_hash"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_signed(
    founded: Desk, params: dict[str, Any], error: type[GuildhallError], code: str
) -> None:
    with pytest.raises(error) as caught:
        founded.call("task_open", org="", title="T", **params)
    assert caught.value.code == code
    assert founded.call("task_list", org="") == ()


def test_a_mention_is_kept_as_a_member_and_an_address_is_none(founded: Desk) -> None:
    task = founded.call("task_open", org="", title="T").id
    said = founded.call("comment_add", org="", target=task, text="@Lin, see lin@example.org")
    assert [person.name for person in said.mentions] == ["Lin"]
    shown = founded.call("task_show", org="", task=task)
    assert [person.you for person in shown.comments[0].mentions] == [True]


TABLE = "Title,Reward,Labels,Due Date,Priority,Note\nRoof,12.50,wood;nails,2026-03-12,High,x\n\u202eDoor,=5,,,,\n" \
        ",3,,,,\nFence,7,,soon,,\nGate,900,,,,\nShed,100,,,,\n"  # fmt: skip


def table() -> dict[str, Any]:
    read = read_table(TABLE.encode())
    return {
        "rows": [list(row) for row in read.rows[1:]], "lines": list(read.lines[1:]),
        "columns": guess_columns(read.rows[0]),
    }  # fmt: skip


def test_an_import_is_judged_row_by_row_and_signs_exactly_what_was_shown(founded: Desk) -> None:
    found = founded.call("task_import_check", org="", **table())
    assert founded.call("task_list", org="") == ()
    assert [(line.line, line.problem) for line in found.lines] == [
        (2, ""), (3, "amount_form"), (4, "text_empty"), (5, "date_form"), (6, ""), (7, "reject.balance_too_low"),
    ]  # fmt: skip
    assert found.lines[1].notes == ("control",)
    assert (found.good, found.bad) == (2, 4)
    (total,) = found.totals
    assert (total.reward.minor, total.available_minor) == (91_250, 100_000)
    made = founded.call("task_import", org="", **table(), digest=found.digest)
    assert [(row.title, row.reward.minor, row.priority) for row in made] == [
        ("Roof", 1_250, "high"), ("Gate", 90_000, "normal"),
    ]  # fmt: skip
    assert made[0].labels == ("wood", "nails")
    with pytest.raises(Refused, match="import_changed"):
        founded.call("task_import", org="", **table(), digest=found.digest)
    assert len(founded.call("task_list", org="")) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"columns": ["", "reward"]}, "field_title"),
        ({"columns": ["title", "title"]}, "field_twice"),
        ({"lines": []}, "table_rows"),
        ({"rows": [["a"]] * 1_001, "lines": [1] * 1_001}, "table_rows"),
        ({"payer": "Nobody"}, "department_unknown"),
    ],
)
def test_a_table_that_makes_no_sense(founded: Desk, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(GuildhallError) as caught:
        founded.call("task_import_check", org="", **{**table(), **changes})
    assert caught.value.code == code


def test_what_is_exported_can_be_imported_and_computes_nothing(founded: Desk, tmp_path: Path) -> None:
    founded.call("task_open", org="", title="=cmd|' /C calc'!A0", reward="3", labels=["a", "b"], checklist=["x", "y"],
                 due_ms=1_773_359_940_000, text="Two\nlines, \"quoted\"")  # fmt: skip
    text = founded.call("task_export", org="")
    read = read_table(text.encode("utf-8-sig"))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in read.rows for cell in row)
    columns = guess_columns(read.rows[0])
    found = founded.call(
        "task_import_check", org="", rows=[list(row) for row in read.rows[1:]], lines=list(read.lines[1:]),
        columns=columns,
    )
    (line,) = found.lines
    assert (line.title, line.problem, line.notes, line.labels) == ("'=cmd|' /C calc'!A0", "", ("formula",), ("a", "b"))
    assert (line.reward.minor, line.due_ms) == (300, 1_773_359_940_000)


def test_a_dispute_opens_its_proposal_only_where_there_is_something_to_dispute(founded: Desk) -> None:
    task = founded.call("task_open", org="", title="T").id
    with pytest.raises(Refused, match="not_submitted"):
        founded.call("task_dispute", org="", task=task, title="Pay?", reason="done")
    assert founded.call("proposal_list", org="") == ()


def test_why_a_gesture_cannot_be_made_is_said_without_signing(founded: Desk) -> None:
    made = founded.call("task_open", org="", title="A")
    before = len(founded.call("log_list", org=""))
    assert founded.call("task_why", org="", task=made.id, gesture="edit") == ""
    assert founded.call("task_why", org="", task=made.id, gesture="accept") == "not_submitted"
    assert founded.call("task_why", org="", task=made.id, gesture="submit") == "not_claimed"
    with pytest.raises(InputError):
        founded.call("task_why", org="", task=made.id, gesture="explode")
    assert len(founded.call("log_list", org="")) == before
