"""Fifty members with hosts of their own in four processes: all come to hold the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.crowd import play

pytestmark = pytest.mark.xdist_group("loopback")


def test_fifty_hosts_converge(tmp_path: Path) -> None:
    """All but one begin with nothing and know three of the others; then everybody writes at once."""
    found = play(tmp_path, 50, 4)
    assert (found.hosts, found.digests) == (50, 1)
    assert found.bytes_in_mean < 12 * found.envelope_bytes
