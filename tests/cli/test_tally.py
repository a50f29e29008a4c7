"""guildhall tally: published vectors through the command line, errors in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dao_app.cli.app import run

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tally.json").read_bytes())


class NoServices:
    """Counting a file must touch nothing else."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def tally(capsys: pytest.CaptureFixture[str], *argv: str, lang: str = "en") -> tuple[int, str, str]:
    code = run(["tally", *argv], NoServices(), {"LANG": lang})  # type: ignore[arg-type]
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("vector", VECTORS["elections"], ids=lambda vector: vector["about"])
def test_published_elections(vector: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "election.json"
    file.write_text(json.dumps(vector["file"]))
    code, out, err = tally(capsys, str(file), "--json")
    assert (code, json.loads(out), err) == (0, vector["result"], "")
    for lang in ("en", "zh"):
        code, out, err = tally(capsys, str(file), lang=lang)
        assert code == 0 and "cli." not in out and not err
        assert all(score in out for score in vector["result"]["scores"] if "/" not in score)


def test_rounds_tie_break_and_steps_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vector = next(one for one in VECTORS["elections"] if one["about"].startswith("stv: transfer values"))
    file = tmp_path / "election.json"
    file.write_text(json.dumps(vector["file"]))
    _, out, _ = tally(capsys, str(file))
    assert "6.18178" in out and "309089/50000" not in out  # five decimals are shown as such
    assert "Stage 1: A is elected with 11." in out and "latest earlier stage, then lot (not needed)" in out
    _, out, _ = tally(capsys, str(file), lang="zh")
    assert "第 1 阶段：A 以 11 当选。" in out


def test_a_list_of_elections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "elections.json"
    file.write_text(json.dumps([vector["file"] for vector in VECTORS["elections"]]))
    code, out, _ = tally(capsys, str(file), "--json")
    assert code == 0 and json.loads(out) == [vector["result"] for vector in VECTORS["elections"]]
    assert tally(capsys, str(file))[0] == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("vector", VECTORS["errors"], ids=lambda vector: vector["about"])
def test_published_errors(
    vector: dict[str, Any], lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "election.json"
    file.write_text(vector["text"])
    code, out, err = tally(capsys, str(file), lang=lang)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 3 and vector["where"] in err and "error." not in err
    code, out, err = tally(capsys, str(file), "--json", lang=lang)
    assert json.loads(err)["error"]["code"] == f"tally_{vector['code']}"


def test_unread_keys_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "election.json"
    file.write_text('{"method": "single", "options": ["A"], "ballots": [], "quorom": "5", "title": "\\u001b[1mT"}')
    code, out, err = tally(capsys, str(file))
    assert code == 0 and "quorom" in err and "\x1b" not in out


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = tally(capsys, str(tmp_path / "gone.json"))
    assert code == 2 and "gone.json" in err
    assert tally(capsys, str(tmp_path))[0] == 2
