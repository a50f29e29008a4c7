"""The tool as a command: what it needs, what it answers, and that nothing makes it crash or hang."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any

import pytest

from dao_app.core.encoding import digest
from dao_app.core.finality.checkpoint import parse_certificate
from tests.fakes.world import World
from tests.unit.app.test_bundles import Desk
from tests.verifier.bundling import TOOL, parts_of

FOLDER = Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tool")
    world = World(folder, "tool")
    world.seal()
    world.main.write("file.notarise", {"hash": digest(b"a file"), "size": 6})
    world.seal()
    parts = parts_of(world.main)
    path = folder / "org.car"
    path.write_bytes(parts.car())
    (folder / "facts.json").write_text(
        json.dumps({"org": parts.org.hex(), "ids": [parse_certificate(raw).id.hex() for raw in parts.certificates]})
    )
    return path


def test_what_the_program_exports(
    verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program's own bundle, not only ours."""
    world = World(tmp_path / "org")
    world.seal()
    world.add_member()
    text, blob = world.main.detach("Hello", "text")
    world.main.write("contribution.claim", {"title": "Helped", "text": text}, [blob])
    world.seal()
    world.main.write("member.stances", {"stances": []})
    path = tmp_path / "org.car"
    Desk(world.main).export(path)
    status, answer = said(verifier, capsys, str(path), "--org", world.org_id.hex(), "--json")
    found = json.loads(answer)
    assert status == 0, found
    assert {row["code"]: row.get("number") for row in found["not_checked"]}["unsealed"] == 1
    assert {row["code"]: row.get("number") for row in found["checked"]}["contents"] == 1


def facts_of(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle.parent / "facts.json").read_text())
    return found


def test_it_needs_python_and_pynacl_only() -> None:
    imported = set()
    for node in ast.walk(ast.parse(TOOL.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - {"nacl"} <= set(sys.stdlib_module_names)


def test_it_runs_alone(bundle: Path, tmp_path: Path) -> None:
    """Copied elsewhere and started by a Python without our path: exit 0, and JSON that says the same."""
    alone = tmp_path / "verify.py"
    alone.write_bytes(TOOL.read_bytes())
    command = [sys.executable, "-I", str(alone), str(bundle), "--json"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    answer = json.loads(run.stdout)
    assert run.returncode == 0 and answer["ok"] and not run.stderr
    assert {row["code"] for row in answer["checked"]} >= {"actions", "checkpoints", "results", "balances", "entries"}
    assert {row["code"] for row in answer["not_checked"]} >= {"whose_org", "forge_now"}


def said(verifier: ModuleType, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = verifier.main(list(arguments))
    return status, capsys.readouterr().out


def test_answers(verifier: ModuleType, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts, file = facts_of(bundle), bundle.parent / "file.txt"
    file.write_bytes(b"a file")
    good = [str(bundle), "--org", facts["org"], "--anchor", f"2:{facts['ids'][1]}", "--file", str(file)]
    status, text = said(verifier, capsys, *good)
    assert status == 0 and "existed before checkpoint 2" in text and "--org" not in text
    status, text = said(verifier, capsys, *good, "--lang", "zh")
    assert status == 0 and text.startswith("数据包成立") and "检查点 2 之前已存在" in text
    file.write_bytes(b"another")
    status, text = said(verifier, capsys, *good)
    assert status == 1 and text.startswith("Something is wrong:") and digest(b"another").hex() in text
    status, text = said(verifier, capsys, str(bundle), "--org", "00" * 32, "--json")
    assert status == 1 and json.loads(text)["error"]["code"] == "other_org"


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--nonsense"], ["nowhere"], ["{car}", "--org", "12"], ["{car}", "--anchor", "0:" + "00" * 32],
        ["{car}", "--anchor", "1"], ["{car}", "--file", "nowhere"], ["{car}", "--lang", "fr"],
    ],
)  # fmt: skip
def test_what_cannot_be_read(
    verifier: ModuleType, bundle: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    for more in ([], ["--json"]):
        status, text = said(verifier, capsys, *(one.format(car=bundle) for one in arguments), *more)
        assert status == 2 and text.strip()


def test_proofs_are_told_from_bundles(
    verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vectors = json.loads((FOLDER / "proofs.json").read_text("utf-8"))
    wanted = {"result": "yes: ", "balance": "has 10000.00 GLD", "file": "existed before", "evidence": "signed two"}
    for case in vectors["proofs"]:
        path = tmp_path / "proof"
        path.write_bytes(bytes.fromhex(case["proof"]))
        status, text = said(verifier, capsys, str(path), "--org", vectors["org"])
        assert status == (1 if case["fault"] else 0), case
        assert case["fault"] or wanted[case["kind"]] in text
        status, text = said(verifier, capsys, str(path), "--file", str(path))
        other = "another file" if case["kind"] == "file" else "no proof about"
        assert status == 1 and (case["fault"] or other in text)


def test_random_damage_is_found_and_never_raises(
    verifier: ModuleType, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng, good = random.Random(7), bundle.read_bytes()
    proofs = [bytes.fromhex(c["proof"]) for c in json.loads((FOLDER / "proofs.json").read_text("utf-8"))["proofs"]]
    path = tmp_path / "damaged"
    for number in range(400):
        data = bytearray(good if number % 2 else rng.choice(proofs[:4]))
        for _ in range(rng.choice([1, 1, 2, 8])):
            place = rng.randrange(len(data))
            act = rng.randrange(3)
            if act == 0:
                data[place] ^= 1 << rng.randrange(8)
            elif act == 1:
                del data[place : place + rng.choice([1, 4, 200])]
            else:
                data[place:place] = rng.randbytes(rng.choice([1, 5, 60]))
        path.write_bytes(data)
        status, text = said(verifier, capsys, str(path))
        assert status in (1, 2) and text.count("\n") == 2, (number, text)


def test_what_hostile_witnesses_may_have_signed_is_shown_or_refused(verifier: ModuleType) -> None:
    """Entries that stand under a signed root may hold anything at all."""
    rng, odd = random.Random(3), [None, True, -1, 0, 7, 2**53 - 1, "x", "\u202etxt", b"", b"o", [], [1], ["a"], {}]
    kinds = {"result": (b"r", b"p"), "balance": (b"a", b"u"), "file": (b"h",)}
    shown = 0
    for _ in range(3_000):
        kind = rng.choice(list(kinds))
        party = b"o/GLD" if kind == "balance" else bytes(32)
        entries = []
        for letter in kinds[kind]:
            fields = verifier.FIELDS[letter.decode()]
            values = [rng.choice(odd) for _ in fields[: rng.choice([len(fields)] * 5 + [1])]]
            if rng.random() < 0.7:  # nearly good ones
                good = {"options": ["a"], "scores": ["1"], "title": "T", "outcome": "passed", "voted": 1, "balance": 5,
                        "decimals": 2, "height": 1, "size": 1, "member": bytes(32)}  # fmt: skip
                values = [good.get(name, value) if rng.random() < 0.95 else value
                          for name, value in zip(fields, values, strict=False)]  # fmt: skip
            entries.append([0, letter + party, verifier.pack(values)])
        report = verifier.Report("proof")
        try:
            verifier._show_entries({"kind": kind, "entries": entries}, report, None)
        except verifier.Wrong as wrong:
            assert verifier.say(wrong.code, wrong.facts, False)
            continue
        shown += 1
        text = verifier.show(report, None, False, True)
        assert "\u202e" not in text and json.loads(verifier.show(report, None, True, False))["ok"]
    assert shown > 300


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0", b"\x9f" * 100, b"\x81" * 100_000, b"\x9b" + b"\xff" * 8, b"\xbb" + b"\xff" * 8, b"\xff" * 4_096,
        b"\x5b" + b"\x7f" * 8, b"\x80" * 20, b"\xd8\x2a" * 50, b"PK\x03\x04" + bytes(100),
    ],
)  # fmt: skip
def test_hostile_bytes(
    verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(data)
    status, text = said(verifier, capsys, str(path))
    assert status == 2 and text.strip()


def test_both_languages_say_the_same_facts(verifier: ModuleType) -> None:
    """Every code that is raised or reported has its words, and both languages fill the same blanks."""
    source = TOOL.read_text("utf-8")
    raised = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("Wrong", "Unreadable", "did", "could_not", "say"):
                raised.add(node.args[0].value)
    assert raised <= verifier.WORDS.keys() and len(raised) > 60
    spoken = raised | {f"root_{name}" for name in ("frontier", "state", "results")}
    spoken |= {"holds_bundle", "holds_proof", "forge_now", "forge_retired", "fails", "unreadable", "shown_file"}
    spoken |= {f"party_{kind}" for kind in "omdfe"} | {f"outcome_{one}" for one in ("passed", "not_passed", "decided")}
    assert verifier.WORDS.keys() <= spoken
    for code, (english, chinese) in verifier.WORDS.items():
        blanks = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in (english, chinese)]
        assert blanks[0] == blanks[1], code
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese) or code in ("usage", "file_unread"), code
