"""Reading and counting tally files: published vectors, exact errors, bounds."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.voting import tallyfile
from dao_app.core.voting.tallyfile import TallyFileError, tally

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tally.json").read_bytes())


def election(**changes: Any) -> bytes:
    base = {
        "method": "single",
        "options": ["A", "B"],
        "ballots": [{"voter": "a", "power": "1", "ballot": 2}],
    }
    return json.dumps({key: value for key, value in (base | changes).items() if value is not ...}).encode()


@pytest.mark.parametrize("vector", VECTORS["elections"], ids=lambda vector: vector["about"])
def test_published_vectors(vector: dict[str, Any]) -> None:
    assert tally(json.dumps(vector["file"]).encode()) == vector["result"]


@pytest.mark.parametrize("vector", VECTORS["errors"], ids=lambda vector: vector["about"])
def test_published_errors(vector: dict[str, Any]) -> None:
    with pytest.raises(TallyFileError) as caught:
        tally(vector["text"].encode())
    assert (caught.value.code, caught.value.where) == (vector["code"], vector["where"])


def test_a_list_is_counted_in_order_and_may_be_empty() -> None:
    files = [json.loads(election()), json.loads(election(ballots=[]))]
    assert [item["winners"] for item in tally(json.dumps(files).encode())] == [[2], []]
    assert tally(b"[]") == []


def test_unknown_keys_are_named() -> None:
    assert tally(election(quorom="5"))["ignored"] == ['"quorom"']
    assert tally(election(quorum="5"))["ignored"] == ['"quorum"']  # single knows no quorum
    assert "ignored" not in tally(election(title="Where to meet"))


@pytest.mark.parametrize(
    "power", ["-1", "1.5", "1e3", "", " 1", "01", "+1", "0x1", "१", "1_000", -1, 1.5, True, None, [], "9" * 4001]
)
def test_a_power_that_is_no_whole_number_is_an_error_of_the_file(power: Any) -> None:
    with pytest.raises(TallyFileError) as caught:
        tally(election(ballots=[{"voter": "a", "power": power, "ballot": 1}]))
    assert (caught.value.code, caught.value.where) == ("power_bad", "ballots[0].power")


def test_the_largest_powers_are_read_summed_and_printed() -> None:
    nines = "9" * tallyfile.POWER_DIGITS_MAX
    rows = [{"voter": voter, "power": nines, "ballot": 1} for voter in "ab"]
    assert tally(election(ballots=rows))["scores"] == [str(2 * int(nines)), "0"]
    with pytest.raises(TallyFileError, match="number_too_long"):
        tally(b'{"power": ' + b"9" * 5000 + b"}")


def test_integers_stand_for_voters_and_powers_too() -> None:
    rows = [{"voter": 1, "power": 2, "ballot": 1}, {"voter": "1", "power": 3, "ballot": 2}]
    assert tally(election(ballots=rows))["scores"] == ["0", "3"]


@pytest.mark.parametrize(
    ("value", "share"),
    [("2/3", Fraction(2, 3)), ("0.5", Fraction(1, 2)), ("50%", Fraction(1, 2)), ("33.4%", Fraction(334, 1000)), (0, 0)],
)
def test_shares_are_exact(value: Any, share: Fraction) -> None:
    assert tallyfile.read_share(value) == share


@pytest.mark.parametrize(
    "value", ["1/0", "-0.5", "half", "", ".5", "1/2/3", "1e-3", None, 50, -1, True, "0." + "1" * 100]
)
def test_what_is_no_share(value: Any) -> None:
    assert tallyfile.read_share(value) is None


def test_json_decimals_are_read_as_written() -> None:
    body = b'{"method":"yes-no-abstain","support":0.1,"ballots":[{"voter":"a","power":"1","ballot":"yes"}]}'
    assert tally(body)["support"] == "1/10"


def test_a_tall_file_is_refused_by_its_depth() -> None:
    with pytest.raises(TallyFileError, match="too_deep"):
        tally(b"[" * 100_000)


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallyfile, "FILE_BYTES_MAX", 10)
    with pytest.raises(TallyFileError, match="too_large"):
        tally(b" " * 11)
    monkeypatch.undo()
    monkeypatch.setattr(tallyfile, "ELECTIONS_MAX", 1)
    with pytest.raises(TallyFileError, match="too_many"):
        tally(b"[{}, {}]")


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        tally(data)
    except TallyFileError:
        pass


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["method", "options", "ballots", "support", "quorum", "electorate", "min_support_power"]),
        JSON_VALUES | st.sampled_from(["single", "approval", "yes-no-abstain"])
        | st.lists(st.fixed_dictionaries(dict.fromkeys(("voter", "power", "ballot"), JSON_VALUES)), max_size=3),
    )
)
def test_no_json_raises_anything_else(value: Any) -> None:
    try:
        printed = tally(json.dumps(value).encode())
    except TallyFileError as error:
        assert str(error).isprintable()
    else:
        json.dumps(printed)
