"""All voting methods by the name that proposals and tally files use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dao_app.core.voting.approval import Approval
from dao_app.core.voting.base import Method
from dao_app.core.voting.consent import Consent
from dao_app.core.voting.copeland import Copeland
from dao_app.core.voting.parameters import BadParameter, Parameter, ParameterProblem
from dao_app.core.voting.quadratic import Quadratic
from dao_app.core.voting.ranked import Ranked
from dao_app.core.voting.schulze import Schulze
from dao_app.core.voting.score import Score
from dao_app.core.voting.single import SingleChoice
from dao_app.core.voting.stv import SingleTransferableVote
from dao_app.core.voting.weighted import Weighted
from dao_app.core.voting.yes_no_abstain import YesNoAbstain

_ALL: tuple[type[Method], ...] = (
    SingleChoice, YesNoAbstain, Approval, Score, Ranked, Copeland, Schulze, SingleTransferableVote, Weighted,
    Quadratic, Consent,
)  # fmt: skip
_CLASSES: Mapping[str, type[Method]] = MappingProxyType({kind.name: kind for kind in _ALL})
METHODS: Mapping[str, Method] = MappingProxyType({name: kind() for name, kind in _CLASSES.items()})
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {name: MappingProxyType(dict(kind.PARAMETERS)) for name, kind in _CLASSES.items()}
)


def method(name: Any, parameters: Mapping[str, Any]) -> Method | BadParameter:
    """A method set up with these parameters; those left out take their defaults. Never raises for foreign data.

    Of several bad parameters the first in the order of the mapping is named.
    """
    if type(name) is not str or name not in _CLASSES:
        return BadParameter(ParameterProblem.METHOD_UNKNOWN, str(name) if type(name) is str else "")
    table = PARAMETERS[name]
    for key, value in parameters.items():
        if key not in table:
            return BadParameter(ParameterProblem.PARAMETER_UNKNOWN, key)
        if not table[key].allows(value):
            return BadParameter(ParameterProblem.PARAMETER_BAD, key)
    return _CLASSES[name](**parameters)
