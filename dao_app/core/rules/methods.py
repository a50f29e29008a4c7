"""The voting method of a proposal, set up with the proposal's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dao_app.core.entities import Proposal
from dao_app.core.voting.base import Method, Outcome
from dao_app.core.voting.registry import METHODS, PARAMETERS, method

SCORE_DIGITS_MAX = 100  # of a denominator in a result: longer fractions are kept as decimals, so results stay small
SEED = "seed"  # nobody sets it: it comes from the proposal and the checkpoints


def set_up(name: str, parameters: Mapping[str, Any]) -> Method | None:
    """The method, or None where a parameter is not one of its."""
    made = None if SEED in parameters else method(name, parameters)
    return made if isinstance(made, Method) else None


def method_of(proposal: Proposal, key: bytes = b"") -> Method:
    """The proposal's method; ``key``, in hexadecimal, is the seed of lots where the method draws any."""
    if not proposal.parameters and SEED not in PARAMETERS[proposal.method]:
        return METHODS[proposal.method]  # as it comes; it keeps nothing of an election
    parameters = dict(proposal.parameters)
    if SEED in PARAMETERS[proposal.method]:
        parameters[SEED] = key.hex()
    made = method(proposal.method, parameters)
    assert isinstance(made, Method)  # checked when the proposal was put
    return made


def printed(outcome: Outcome) -> tuple[str, ...]:
    """Scores as they stand in a result."""
    return outcome.printed_scores(SCORE_DIGITS_MAX)
