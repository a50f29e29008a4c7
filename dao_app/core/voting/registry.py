"""All voting methods by the name that proposals and tally files use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dao_app.core.voting.approval import Approval
from dao_app.core.voting.base import Method
from dao_app.core.voting.single import SingleChoice
from dao_app.core.voting.yes_no_abstain import YesNoAbstain

_ALL: tuple[Method, ...] = (SingleChoice(), Approval(), YesNoAbstain())
METHODS: Mapping[str, Method] = MappingProxyType({method.name: method for method in _ALL})
