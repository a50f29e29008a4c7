from __future__ import annotations

from types import ModuleType

import pytest

from tests.verifier.bundling import load_verifier


@pytest.fixture(scope="session")
def verifier() -> ModuleType:
    """The tool as a module; it shares nothing with the program."""
    return load_verifier()
