"""The form of each method's ballot and parameters, at the edges; nothing foreign raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.voting.base import Method
from dao_app.core.voting.parameters import BadParameter, ParameterProblem
from dao_app.core.voting.registry import METHODS, PARAMETERS, method
from dao_app.core.voting.shares import SHARE_CHARS_MAX, SHARE_EXPONENT_MAX, read_shares
from dao_app.core.voting.tallyfile import Written

OPTIONS = 3


def made(name: str, **parameters: Any) -> Method:
    found = method(name, parameters)
    assert isinstance(found, Method)
    return found


GOOD: dict[str, list[Any]] = {
    "score": [{"1": 0}, {"3": 5}, {"1": 1, "2": 5, "3": 0}],
    "ranked": [[1], [3, 1], [2, 3, 1]],
    "copeland": [[2, 3, 1], [1, 2, 3]],
    "schulze": [[], [[1]], [[2, 3]], [[2], [3, 1]], [[3], [2], [1]], [[1, 2, 3]]],
    "stv": [[1], [3, 1], [2, 3, 1]],
    "weighted": [
        {"1": 1}, {"2": 0, "3": 7}, {"1": "0.5", "2": Written("1e-3"), "3": 10**30}, {"1": Written("-0.0"), "2": 1},
    ],
    "quadratic": [{"1": 1}, {"1": "0.25", "2": 0}],
    "consent": [{"stance": word} for word in ("agree", "abstain", "disagree", "object")],
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "score": [
        {}, [], None, 5, {"0": 1}, {"4": 1}, {"01": 1}, {1: 1}, {"1": -1}, {"1": 6}, {"1": "5"}, {"1": True},
        {"1": None}, {"1": Written("5.0")}, {"1": [1]}, {"1": 1, "2": 1, "3": 1, "4": 1}, {"1": 2, "x": 2}, {b"1": 1},
    ],
    "ranked": [[], [0], [4], [1, 1], [1, 2, 3, 1], [True], ["1"], [None], [[1]], [{}], (1,), {"1": 1}, 1, "1",
               None, [2**80]],
    "copeland": [[], [1], [1, 2], [1, 2, 2], [1, 2, 4], [1, 2, True], [[1], [2], [3]], [1, 2, 3, 3]],
    "schulze": [
        [1, 2, 3], [[]], [[1], []], [[1], [1]], [[1, 1]], [[0]], [[4]], [[1], [2], [3], [1]], [[True]], [["1"]],
        [[[1]]], [[1], 2], {"1": 1}, None, "1", [(1,)], [{}], [[1, 2], [3, 3]],
    ],
    "stv": [[], [0], [4], [1, 1], [True], {"1": 1}],
    "weighted": [
        {}, [], None, {"1": 0}, {"1": 0, "2": "0.0"}, {"1": -1, "2": 2}, {"1": "-1", "2": 2},
        {"1": Written("-0.5"), "2": 1},
        {"4": 1}, {"0": 1}, {"1": "1/2"}, {"1": "50%"}, {"1": ""}, {"1": "."}, {"1": ".5"}, {"1": "5."}, {"1": "+1"},
        {"1": " 1"}, {"1": "1_0"}, {"1": "१"}, {"1": True}, {"1": None}, {"1": [1]}, {"1": "nan"}, {"1": "1e"},
        {"1": "1" * (SHARE_CHARS_MAX + 1)}, {"1": f"1e{SHARE_EXPONENT_MAX + 1}"}, {"1": f"1e-{SHARE_EXPONENT_MAX + 1}"},
        {"1": 10**SHARE_CHARS_MAX}, {"1": 10**SHARE_CHARS_MAX, "2": "0.5"}, {"1": b"1"}, {1: 1}, {"-1": 1}, {"1": "-0"},
    ],
    "quadratic": [{}, {"1": 0}, {"1": -1, "2": 5}, [1], {"1": "x"}],
    "consent": [
        {}, {"stance": "Agree"}, {"stance": ""}, {"stance": None}, {"stance": ["object"]},
        {"stance": "object", "reason": "r"},
        "object", ["object"], None, {"Stance": "agree"}, {b"stance": "agree"}, {"stance": True}, {0: "agree"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "choice"), [(name, choice) for name, listed in GOOD.items() for choice in listed])
def test_well_formed_ballots(name: str, choice: Any) -> None:
    assert METHODS[name].check_choice(choice, OPTIONS)


@pytest.mark.parametrize(("name", "choice"), [(name, choice) for name, listed in BAD.items() for choice in listed])
def test_ballots_that_break_the_form(name: str, choice: Any) -> None:
    assert not METHODS[name].check_choice(choice, OPTIONS)
    with pytest.raises(ValueError, match="well-formed"):
        METHODS[name].start(OPTIONS).add(choice, 1)


def test_complete_demands_all_options() -> None:
    for name in ("ranked", "stv"):
        assert not made(name, complete=True).check_choice([1, 2], OPTIONS)
        assert made(name, complete=True).check_choice([1, 3, 2], OPTIONS)


def test_max_bounds_grades() -> None:
    assert made("score", max=9).check_choice({"1": 9}, OPTIONS)
    assert not made("score", max=9).check_choice({"1": 10}, OPTIONS)


def test_shares_become_whole_by_one_factor() -> None:
    found = read_shares({"3": "0.25", "1": Written("1e-1"), "2": 2}, OPTIONS)
    assert found is not None
    assert found == ([2, 0, 1], (25, 10, 200), 235)
    longest = read_shares({"1": "1e1000", "2": "1e-1000"}, OPTIONS)
    assert longest is not None and longest[1] == (10**2000, 1)


CBOR = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text(max_size=4) | st.binary(max_size=4)
    | st.sampled_from(["1", "2", "stance", "agree", "yes", "1e5", "0.5", "-0.0", 1, 2, 3]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=3) | st.sampled_from(["1", "2", "3", "stance", "reason"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.sampled_from(sorted(METHODS)), CBOR, st.integers(1, 5), st.integers(0, 2**70))
def test_no_foreign_ballot_raises_and_well_formed_ones_count(name: str, choice: Any, options: int, power: int) -> None:
    found = METHODS[name]
    if found.check_choice(choice, options):
        running = found.start(options)
        running.add(choice, power)
        assert running.outcome().valid_power == power
        running.remove(choice, power)
        assert running.outcome() == found.start(options).outcome()


@given(CBOR, st.dictionaries(st.sampled_from(["max", "seats", "seed", "strength", "x"]), CBOR, max_size=3))
def test_no_foreign_parameters_raise(name: Any, parameters: dict[str, Any]) -> None:
    assert isinstance(method(name, parameters), BadParameter)
    for known in METHODS:
        assert isinstance(method(known, parameters), (BadParameter, Method))


@pytest.mark.parametrize(
    ("name", "parameters", "problem", "where"),
    [
        ("borda", {}, ParameterProblem.METHOD_UNKNOWN, "borda"),
        (None, {"max": 0}, ParameterProblem.METHOD_UNKNOWN, ""),
        ("single", {"max": 5}, ParameterProblem.PARAMETER_UNKNOWN, "max"),
        ("stv", {"tie_break": "none"}, ParameterProblem.PARAMETER_UNKNOWN, "tie_break"),
        ("score", {"max": 0}, ParameterProblem.PARAMETER_BAD, "max"),
        ("score", {"max": 10**18 + 1}, ParameterProblem.PARAMETER_BAD, "max"),
        ("score", {"max": "5"}, ParameterProblem.PARAMETER_BAD, "max"),
        ("score", {"max": True}, ParameterProblem.PARAMETER_BAD, "max"),
        ("ranked", {"complete": 1}, ParameterProblem.PARAMETER_BAD, "complete"),
        ("copeland", {"tie_break": "lot"}, ParameterProblem.PARAMETER_BAD, "tie_break"),
        ("schulze", {"strength": "losing"}, ParameterProblem.PARAMETER_BAD, "strength"),
        ("schulze", {"strength": []}, ParameterProblem.PARAMETER_BAD, "strength"),
        ("stv", {"seats": 0}, ParameterProblem.PARAMETER_BAD, "seats"),
        ("stv", {"seats": 10_001}, ParameterProblem.PARAMETER_BAD, "seats"),
        ("stv", {"seats": 2, "seed": "x" * 1_001}, ParameterProblem.PARAMETER_BAD, "seed"),
        ("stv", {"seats": 2, "seed": b"x"}, ParameterProblem.PARAMETER_BAD, "seed"),
    ],
)
def test_bad_parameters_are_named(name: Any, parameters: dict[str, Any], problem: ParameterProblem, where: str) -> None:
    assert method(name, parameters) == BadParameter(problem, where)


def test_every_parameter_has_a_default_that_it_allows() -> None:
    for name, table in PARAMETERS.items():
        assert all(parameter.allows(parameter.default) for parameter in table.values())
        assert METHODS[name].parameters == {key: parameter.default for key, parameter in table.items()}
