"""The voting method of a proposal, set up with the proposal's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dao_app.core.entities import Proposal
from dao_app.core.voting.base import Method, Outcome
from dao_app.core.voting.registry import METHODS


def set_up(name: str, parameters: Mapping[str, Any]) -> Method | None:
    """The method, or None where a parameter is not one of its."""
    return None if parameters else METHODS.get(name)


def method_of(proposal: Proposal, key: bytes = b"") -> Method:
    """The proposal's method; ``key`` decides lots where the method draws any."""
    found = set_up(proposal.method, dict(proposal.parameters))
    assert found is not None  # checked when the proposal was put
    return found


def printed(outcome: Outcome) -> tuple[str, ...]:
    """Scores as they stand in a result."""
    return tuple(str(score) for score in outcome.scores)
