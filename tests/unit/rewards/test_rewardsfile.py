"""Reading and computing reward files: published vectors, the document's examples, exact errors, bounds."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.rewards import filereading, quadratic_match, rewardsfile
from dao_app.core.rewards.filereading import RewardsFileError, read_integer, read_number
from dao_app.core.rewards.rewardsfile import RULES, compute

ROOT = Path(__file__).parents[3]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "rewards.json").read_bytes())
DOCUMENT = (ROOT / "docs" / "rewards-format.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)\n```\n\nprints\n\n```json\n(.*?)\n```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("vector", VECTORS["computations"], ids=lambda vector: vector["about"])
def test_published_vectors(vector: dict[str, Any]) -> None:
    assert compute(json.dumps(vector["file"]).encode()) == vector["result"]


@pytest.mark.parametrize("vector", VECTORS["errors"], ids=lambda vector: vector["about"])
def test_published_errors(vector: dict[str, Any]) -> None:
    with pytest.raises(RewardsFileError) as caught:
        compute(vector["text"].encode())
    assert (caught.value.code, caught.value.where) == (vector["code"], vector["where"])


@pytest.mark.parametrize(("file", "printed"), EXAMPLES)
def test_every_example_of_the_document(file: str, printed: str) -> None:
    result, wanted = compute(file.encode()), json.loads(printed)
    assert result == wanted and list(result) == list(wanted)


def test_the_document_has_an_example_of_every_rule_and_no_other_json() -> None:
    assert {json.loads(file)["rule"] for file, _ in EXAMPLES} == set(RULES)
    assert DOCUMENT.count("```json") == 2 * len(EXAMPLES)


def test_every_error_has_a_text_in_both_languages() -> None:
    source = "".join(
        (ROOT / "dao_app" / "core" / part).read_text("utf-8")
        for part in ("rewards/rewardsfile.py", "rewards/filereading.py")
    )
    codes = set(re.findall(r'"([a-z]+(?:_[a-z]+)*_bad)"', source)) | set(
        re.findall(r'RewardsFileError\(\s*"([a-z_]+)"', source)
    )
    codes |= {"not_a_computation", "not_json", "not_utf8", "too_deep", "number_too_long", "key_twice"}
    assert len(codes) > 20
    for language in ("en", "zh"):
        texts = json.loads((ROOT / "resources" / "strings" / f"{language}.json").read_bytes())
        assert sorted(code for code in codes if texts.get(f"error.rewards_{code}", "").count("\n") != 2) == []
        left = {key.removeprefix("error.rewards_") for key in texts if key.startswith("error.rewards_")} - codes
        assert left == set()


def test_lists_are_computed_in_order_and_may_be_empty() -> None:
    files = [vector["file"] for vector in VECTORS["computations"]]
    assert compute(json.dumps(files).encode()) == [vector["result"] for vector in VECTORS["computations"]]
    assert compute(b"[]") == []


def test_unknown_keys_are_named() -> None:
    file = {"rule": "hamilton", "budget": 1, "weights": [1], "wieghts": [2], "title": "Fair", "": 0}
    assert compute(json.dumps(file).encode())["ignored"] == ['""', '"wieghts"']


def test_the_place_in_a_list_with_foreign_names() -> None:
    file = [{"rule": "hamilton", "budget": 1, "weights": {"a b\u202e": -1}}]
    with pytest.raises(RewardsFileError) as caught:
        compute(json.dumps(file).encode())
    assert caught.value.where == '[0].weights."a b\\u202e"'


@pytest.mark.parametrize(
    ("value", "exact"),
    [(3, 3), ("3", 3), ("0", 0), ("0.50", Fraction(1, 2)), ("7/3", Fraction(7, 3)), ("0/5", 0),
     ("9" * 500, 10**500 - 1)],
)  # fmt: skip
def test_numbers_are_exact(value: Any, exact: Fraction) -> None:
    assert read_number(value) == exact


@pytest.mark.parametrize(
    "value", ["-1", "+1", "1e3", "", " 1", "01", ".5", "5.", "1/0", "1/02", "1/2/3", "0x1", "१", "1_0", -1, True, None,
              [], 1.5, 10**500, "9" * 501]
)  # fmt: skip
def test_what_is_no_number(value: Any) -> None:
    assert read_number(value) is None and read_integer(value) is None


def test_json_decimals_are_read_as_written() -> None:
    tenth = compute(b'{"rule": "recent", "budget": 1, "discount": 0.1, "points": {"a": [0.1, 0]}}')
    assert tenth["weights"] == {"a": "9/100"}


def test_the_finest_numbers_still_print() -> None:
    """The longest weights that the bounds allow stay below what Python turns into text."""
    nines = "9" * 500
    fine = {"rule": "recent", "budget": nines, "discount": "1/" + "9" * 97,
            "points": {"a": [nines] * 10, "b": ["1/" + "9" * 498] * 10, "c": ["0." + "1" * 498] * 10}}  # fmt: skip
    assert compute(json.dumps(fine).encode())["total"] == nines
    owed = {"rule": "balanced", "budget": nines, "paid": {"a": nines}, "points": {"a": nines, "b": "1/" + "9" * 498}}
    assert compute(json.dumps(owed).encode())["total"] == nines
    with pytest.raises(RewardsFileError, match="too_fine"):
        compute(json.dumps(fine | {"points": {"a": [1] * 11}}).encode())


def refusal(**file: Any) -> str:
    with pytest.raises(RewardsFileError) as caught:
        compute(json.dumps(file).encode())
    return caught.value.code


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    denominators = [f"1/{10**400 + n}" for n in range(3)]
    assert refusal(rule="hamilton", budget=1, weights=denominators) == "too_fine"
    gifts = [{"from": "a", "project": "P", "amount": 10**60}, {"from": "a", "project": "P", "amount": 1}]
    assert refusal(rule="quadratic-match", pool=1, contributions=gifts) == "too_much"
    monkeypatch.setattr(quadratic_match, "PAIRS_MAX", 0)
    pair = [{"from": name, "project": "P", "amount": 1} for name in "ab"]
    assert refusal(rule="quadratic-match", pool=1, pairwise_bound=1, contributions=pair) == "too_many_pairs"
    monkeypatch.setattr(filereading, "ENTRIES_MAX", 2)
    assert refusal(rule="hamilton", budget=1, weights=[1, 1, 1]) == "too_many"
    assert refusal(rule="hamilton", budget=1, weights=dict.fromkeys("abc", 1)) == "too_many"
    assert refusal(rule="immediate", budget=1, points={"a": [1, 1], "b": [1, 1]}) == "too_many"
    assert refusal(rule="special", budget=1, to="x" * 1001) == "name_bad"
    monkeypatch.setattr(rewardsfile, "COMPUTATIONS_MAX", 1)
    with pytest.raises(RewardsFileError, match="too_many"):
        compute(b"[{}, {}]")
    monkeypatch.setattr(filereading, "FILE_BYTES_MAX", 10)
    with pytest.raises(RewardsFileError, match="too_large"):
        compute(b" " * 11)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        compute(data)
    except RewardsFileError:
        pass


NAMES = st.sampled_from(["a", "b", "c", ""])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from(["1", "1/2", "0.5", "50%", "fill", "scale-down", "a", "-1"])
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
KEYS = st.sampled_from([
    "budget", "pool", "weights", "points", "members", "receivers", "gifts", "contributions", "projects", "mode", "last",
    "pairwise_bound", "discount", "paid", "to", "value", "hours", "half_life_hours", "voted", "delegations", "topic",
    "department", "departments",
])  # fmt: skip
ROW_KEYS = st.sampled_from(["from", "to", "points", "project", "amount", "topic", "department"])
ROWS = st.lists(st.dictionaries(ROW_KEYS, SCALARS | NAMES), max_size=3)


@given(st.sampled_from(sorted(RULES)), st.dictionaries(KEYS, VALUES | ROWS | st.lists(NAMES, max_size=3)))
def test_no_json_raises_anything_else(rule: str, keys: dict[str, Any]) -> None:
    try:
        printed = compute(json.dumps({"rule": rule, **keys}).encode())
    except RewardsFileError as error:
        assert str(error).isprintable()
    else:
        json.dumps(printed)
