"""A real DAO's public record, signed anew and recounted by the installed command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dao_app.app.errors import InputError
from dao_app.app.record_import import line_of, read_record

ROOT = Path(__file__).parents[2]
RECORD = ROOT.parent / "shared" / "data" / "decentraland-dao"
needs_record = pytest.mark.skipif(
    not RECORD.exists() and os.environ.get("CI") != "true", reason="the public record lies outside the project"
)


@needs_record
def test_recount(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, str(ROOT / "main.py"), "--home", str(tmp_path), "--json", "demo", "build",
            "--data", str(RECORD),
        ],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["proposals"], report["voters"], report["grants"]) == (734, 2_096, 158)
    assert report["ballots"] + report["orphan_votes"] == 14_166
    assert (report["decided"], report["matching"]) == (388, 386)
    assert {d["id"] for d in report["differences"]} == {
        "a1aa6a50-5c72-11ec-9c52-0d9746a59174", "90f57aa0-5908-11ec-9c52-0d9746a59174",
    }  # fmt: skip
    verified = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "--home", str(tmp_path), "--json", "log", "verify"],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert json.loads(verified.stdout)["ok"]


@needs_record
def test_any_export_of_that_form(tmp_path: Path) -> None:
    """Columns in another order, fewer rows, no grants: the reader goes by names."""
    import csv

    with (RECORD / "proposals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[300:310]
    with (RECORD / "votes.csv").open(encoding="utf-8", newline="") as file:
        votes = [row for row in csv.DictReader(file) if row["Proposal ID"] in {r["Snapshot ID"] for r in rows}]
    for name, listed in (("proposals.csv", rows), ("votes.csv", votes)):
        columns = sorted(listed[0])
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(listed)
    record = read_record(tmp_path)
    assert len(record.proposals) == 10 and record.votes == len(votes) and record.grants == 0


PROPOSALS = "Proposal ID,Snapshot ID,Type,Title,Started,Ended,Threshold,Status\n"
VOTES = "Member,Proposal ID,Created,Choice #,Choice,VP\n"
GOOD = "p1,s1,poll,Title,2022-01-01T00:00:00Z,2022-01-02T00:00:00Z,0,finished\n"


@pytest.mark.parametrize(
    ("proposals", "votes", "code"),
    [
        (None, VOTES, "record_missing"),
        (PROPOSALS + GOOD, None, "record_missing"),
        ("Title\nx\n", VOTES, "record_columns"),
        (PROPOSALS + GOOD.replace("2022-01-02", "2021-01-02"), VOTES, "record_row"),
        (PROPOSALS + GOOD.replace("2022-01-01T00:00:00Z", "yesterday"), VOTES, "record_row"),
        (PROPOSALS + GOOD.replace(",0,finished", ",NaN,finished"), VOTES, "record_row"),
        (PROPOSALS + GOOD.replace(",0,finished", ",1e999,finished"), VOTES, "record_row"),
        (PROPOSALS + GOOD, VOTES + "m,s1,2022-01-01T00:00:01Z,0,yes,1\n", "record_row"),
        (PROPOSALS + GOOD, VOTES + "m,s1,2022-01-01T00:00:01Z,1,yes,-1\n", "record_row"),
        (PROPOSALS + GOOD, VOTES + "m,s1,2022-01-01T00:00:01Z,1\n", "record_row"),
        (PROPOSALS + GOOD, VOTES + 'm,s1,"unclosed', "record_unreadable"),
        (PROPOSALS + GOOD, VOTES + "m" * 70_000 + ",s1,2022-01-01T00:00:01Z,1,yes,1\n", "record_unreadable"),
    ],
)
def test_bad_exports_are_named(tmp_path: Path, proposals: str | None, votes: str | None, code: str) -> None:
    for name, text in (("proposals.csv", proposals), ("votes.csv", votes)):
        if text is not None:
            (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_record(tmp_path)
    assert caught.value.code == code


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "proposals.csv").write_bytes(PROPOSALS.encode() + "标题".encode("gb18030") + b"\xff\n")
    with pytest.raises(InputError, match="record_unreadable"):
        read_record(tmp_path)


def test_foreign_titles_become_one_line() -> None:
    assert line_of("  two\nlines\tand\x00a zero\x9f ", "spare") == "two lines and a zero"
    assert line_of("\n\t", "spare") == "spare"
    assert len(line_of("共" * 1_000, "spare").encode()) <= 400
