"""Calls by name: JSON parameters checked against ``app.api.Api``, results as JSON data.

Only methods that the protocol class declares can be called, with parameters of the declared types.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from dao_app.app.api import Api
from dao_app.app.errors import InputError
from dao_app.app.views import Progress, to_json

NOT_CALLED = frozenset({"subscribe"})  # takes a function; watching has its own message


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Mapping[str, inspect.Parameter]]:
    """Name → parameters (with resolved types) of everything that may be called."""
    found: dict[str, Mapping[str, inspect.Parameter]] = {}
    for name, function in inspect.getmembers(Api, inspect.isfunction):
        if name.startswith("_") or name in NOT_CALLED:
            continue
        hints = get_type_hints(function)
        listed = list(inspect.signature(function).parameters.values())[1:]
        found[name] = {p.name: p.replace(annotation=hints[p.name]) for p in listed}
    return found


def checked(method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, if method and all of them are as declared. Raises InputError."""
    declared = methods().get(method)
    if declared is None:
        raise InputError("call_unknown", method=str(method)[:80])
    for name, value in params.items():
        if name == "progress" or name not in declared or not fits(declared[name].annotation, value):
            raise InputError("call_parameter", method=method, name=str(name)[:80])
    for name, parameter in declared.items():
        if parameter.default is inspect.Parameter.empty and name not in params:
            raise InputError("call_parameter", method=method, name=name)
    return dict(params)


def fits(hint: Any, value: Any) -> bool:
    """Is this JSON value of the declared type? Lists stand for sequences and tuples."""
    if hint is Any:
        return True
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(one, value) for one in inner)
    if origin is tuple:
        if not isinstance(value, (list, tuple)) or len(value) != len(inner):
            return False
        return all(fits(one, item) for one, item in zip(inner, value, strict=True))
    if origin in (dict, Mapping):
        return isinstance(value, dict) and all(fits(inner[0], k) and fits(inner[1], v) for k, v in value.items())
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return isinstance(value, (list, tuple)) and all(fits(inner[0], item) for item in value)
    return hint is type(value)


async def invoke(
    api: Api, method: str, params: Mapping[str, Any], progress: Callable[[Progress], None] | None = None
) -> Any:
    """Call a use case and return its result as JSON data. Raises GuildhallError."""
    given = checked(method, params)
    if "progress" in methods()[method]:
        given["progress"] = progress
    result = getattr(api, method)(**given)
    if inspect.isawaitable(result):
        result = await result
    return to_json(result)
