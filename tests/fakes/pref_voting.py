"""pref_voting without the solvers, plots and compiler that it imports and the compared functions do not use.

Importing this module puts empty modules in place of those while pref_voting is loaded, and takes them away again.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

_ABSENT: dict[str, tuple[str, ...]] = {  # module: the names that are imported from it
    "matplotlib": (), "matplotlib.pyplot": (), "nashpy": (), "numba": ("jit",), "ortools": (),
    "ortools.linear_solver": ("pywraplp",), "pandas": (), "scipy": (), "scipy.optimize": ("linprog",), "seaborn": (),
}  # fmt: skip


def _as_it_is(function: Any = None, **options: Any) -> Any:
    """A decorator that changes nothing, with or without options."""
    return function if function is not None else _as_it_is


def _load(*names: str) -> list[ModuleType]:
    before = {name: sys.modules.get(name) for name in _ABSENT}
    for name, held in _ABSENT.items():
        stub = ModuleType(name)
        for attribute in held:
            setattr(stub, attribute, _as_it_is)
        sys.modules[name] = stub
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [importlib.import_module(f"pref_voting.{name}") for name in names]
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


(c1_methods, grade_methods, iterative_methods, margin_based_methods, proportional_methods, grade_profiles, profiles,
 profiles_with_ties, rankings) = _load(
    "c1_methods", "grade_methods", "iterative_methods", "margin_based_methods", "proportional_methods",
    "grade_profiles", "profiles", "profiles_with_ties", "rankings",
)  # fmt: skip
