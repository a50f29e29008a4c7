"""The tables of docs/protocol.md §9 say what the program and the verifier do."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from dao_app.core import entities
from dao_app.core.rules import charter, roles
from dao_app.core.rules.effects import KINDS
from dao_app.core.rules.registry import TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


def section(number: str) -> str:
    start = PAGE.index(f"### {number} ")
    return PAGE[start : PAGE.find("\n### ", start + 4)]


def code_blocks(text: str) -> list[str]:
    return re.findall(r"```\n(.*?)```", text, re.S)


def without_brackets(text: str) -> str:
    """A cell without what stands in brackets, however deep."""
    while (shorter := re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", text)) != text:
        text = shorter
    return text


def test_fields_of_rows(verifier: ModuleType) -> None:
    told = {}
    for line in section("9.1").splitlines():
        if not line.startswith("| `"):
            continue
        key, fields = line.strip("| ").split(" | ")
        names = [name.strip() for name in without_brackets(fields).partition(".")[0].split(",")]
        for kind in re.findall(r"`(\w)`", without_brackets(key)):
            told[kind] = tuple(names)
    assert told == verifier.FIELDS
    assert told == {chr(kind): made._fields for kind, made in entities._CLASSES.items()}


def test_shapes_of_bodies_and_effects(verifier: ModuleType) -> None:
    text = section("9.2")
    terms, plan = (re.search(rf"\*{name}\*: `([^`]+)`", text.replace("\n", " ")) for name in ("terms", "plan"))
    assert terms is not None and plan is not None
    told = []
    for block in code_blocks(text):
        rows = [line.split(None, 1) for line in block.splitlines()]
        told.append({row[0]: " ".join(row[1:]).replace("*terms*", terms[1]).replace("*plan*", plan[1]) for row in rows})
    assert told[0] == {kind: shape.line for kind, shape in verifier.SHAPES.items()}
    assert told[1] == {do: effect.shape.line for do, effect in verifier.EFFECTS.items()}
    assert told[0].keys() == TYPES.keys() | {"org.create", "member.join", "device.certify"}
    assert told[1].keys() == KINDS.keys()
    for do, effect in verifier.EFFECTS.items():
        assert set(effect.kinds) == set(KINDS[do].kinds)
    for name in {word.partition(":")[2].rstrip("~") for line in (*told[0].values(), *told[1].values()) for word in
                 line.split()}:  # fmt: skip
        assert re.search(rf"\b{name}\b", text.partition("```")[0]), f"no word about the shape {name}"


def test_roles(verifier: ModuleType) -> None:
    told = {}
    for line in section("9.3").splitlines():
        if line.startswith("| ") and not line.startswith("| role"):
            names, rights = line.strip("| ").split(" | ")
            told.update(dict.fromkeys(names.split(", "), frozenset(rights.split(", "))))
    told["founder"] = told["steward"] | told["treasurer"]
    assert told == verifier.ROLES == roles.ROLES


def test_charter(verifier: ModuleType) -> None:
    (block,) = code_blocks(section("9.4"))
    told = {}
    for line in block.splitlines():
        name, *numbers = line.split()
        told[name.rstrip("*")] = (*map(int, numbers), name.endswith("*"))
    assert told == {
        name: (p.default, p.least, p.most, p.step, p.for_kind) for name, p in charter.PARAMETERS.items()
    }
    assert told == {name: (*entry, name in verifier.PER_KIND) for name, entry in verifier.CHARTER.items()}
    assert charter.KIND_DEFAULTS == verifier.AT_FOUNDING
    assert tuple(verifier.OF_A_VOTE) == charter.OF_A_VOTE


def test_every_due_transition_and_reason_is_told_of(verifier: ModuleType) -> None:
    due, effects = section("9.5"), section("9.8")
    assert all(f"`{name}`" in due for name in verifier.DUE)
    for name in verifier.EFFECTS:
        assert f"| `{name}` |" in effects
