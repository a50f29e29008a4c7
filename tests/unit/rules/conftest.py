from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A founded organisation with 10,000.00 GLD in its treasury, sealed at height 1."""
    made = World(tmp_path)
    made.seal()
    return made
