"""guildhall rewards compute: published vectors through the command line, errors in words."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dao_app.cli.app import run

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "rewards.json").read_bytes())


class NoServices:
    """Computing a file must touch nothing else."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def compute(capsys: pytest.CaptureFixture[str], *argv: str, lang: str = "en") -> tuple[int, str, str]:
    code = run(["rewards", "compute", *argv], NoServices(), {"LANG": lang})  # type: ignore[arg-type]
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("vector", VECTORS["computations"], ids=lambda vector: vector["about"])
def test_published_computations(vector: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, result = tmp_path / "file.json", vector["result"]
    file.write_text(json.dumps(vector["file"]))
    code, out, err = compute(capsys, str(file), "--json")
    assert (code, json.loads(out), err) == (0, result, "")
    paid = result.get("payouts", [])
    shown = [*(paid.values() if isinstance(paid, dict) else paid)]
    shown += [result[key] for key in ("total", "left", "value", "carried_power", "lost_power") if key in result]
    for lang in ("en", "zh"):
        code, out, err = compute(capsys, str(file), lang=lang)
        assert code == 0 and "cli." not in out and not err
        assert all(number in out for number in shown)


def test_a_list_of_computations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.json"
    file.write_text(json.dumps([vector["file"] for vector in VECTORS["computations"]]))
    code, out, _ = compute(capsys, str(file), "--json")
    assert code == 0 and json.loads(out) == [vector["result"] for vector in VECTORS["computations"]]
    assert compute(capsys, str(file))[0] == 0


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("vector", VECTORS["errors"], ids=lambda vector: vector["about"])
def test_published_errors(
    vector: dict[str, Any], lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    file.write_text(vector["text"])
    code, out, err = compute(capsys, str(file), lang=lang)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 3 and vector["where"] in err and "error." not in err
    code, out, err = compute(capsys, str(file), "--json", lang=lang)
    assert json.loads(err)["error"]["code"] == f"rewards_{vector['code']}"


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = b'{"rule": "special", "budget": 7, "to": "ana"}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    code, out, _ = compute(capsys, "-", "--json")
    assert code == 0 and json.loads(out)["payouts"] == {"ana": "7"}


def test_unread_keys_are_told_and_foreign_names_steer_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    steering = "\u001b[1m\u202ename"
    file.write_text(json.dumps({
        "rule": "hamilton", "budget": 1, "weights": {steering: 1}, "title": steering, "bugdet": 2,
    }))  # fmt: skip
    code, out, err = compute(capsys, str(file))
    assert code == 0 and "bugdet" in err
    assert "name" in out and "\x1b" not in out and "\u202e" not in out


def test_why_gifts_and_power_do_not_count_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.json"
    gifts = [{"from": "ana", "to": "ana", "points": 1}, {"from": "ana", "to": "bo", "points": 101}]
    delegations = [{"from": "ana", "to": "bo"}, {"from": "bo", "to": "ana"}, {"from": "cy", "to": "dee"}]
    file.write_text(json.dumps([
        {"rule": "peer-round", "budget": 1, "members": ["ana", "bo"], "gifts": gifts},
        {"rule": "delegation", "members": ["ana", "bo", "cy", "dee"], "voted": [], "delegations": delegations},
    ]))  # fmt: skip
    code, out, _ = compute(capsys, str(file))
    assert code == 0
    for told in ("given to oneself", "given than allowed", "run in a circle", "nobody at the end voted", "dee"):
        assert told in out


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = compute(capsys, str(tmp_path / "gone.json"))
    assert code == 2 and "gone.json" in err
