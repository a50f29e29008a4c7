"""Sixty nodes of the simulation of which docs/scale.md reports a thousand: bounds of bytes and time. That all have the
same in the end ``crowds.outcome`` itself asserts."""

from __future__ import annotations

import pytest

from tests.simulation import crowds

SEED, COUNT = 1, 60


@pytest.mark.parametrize(("lost", "all_s_max", "bytes_max"), [(0, 0.5, 9_000), (100, 0.8, 9_000), (1_000, 2.0, 5_000)])
def test_an_action_reaches_all_also_when_hints_are_lost(lost: int, all_s_max: float, bytes_max: int) -> None:
    found = crowds.one_writes(SEED, COUNT, lost)
    assert 0.02 < found.late_s[0] <= found.late_s[2] < all_s_max
    assert found.own_bytes < found.line_in < bytes_max
    assert (found.gossip_in == 0) == (lost == 1_000)


def test_many_write_at_once() -> None:
    found = crowds.many_write(SEED, COUNT, 20, 5)
    assert found.late_s[2] < 1.0
    assert found.overhead < 30


def test_two_halves_meet_again() -> None:
    apart, together = crowds.parted(SEED, COUNT, 10)
    assert apart.late_s[2] < 1.0
    assert together.late_s[2] < 60
    assert together.own_bytes < together.line_in < 60_000


def test_a_day_and_a_whole_history_are_caught_up_with() -> None:
    late, others = crowds.back(SEED, COUNT, 6, 300)
    assert late.late_s[2] < 5
    assert late.overhead < 4
    assert others.line_out < late.line_in
    new = crowds.newcomer(SEED, COUNT, 300)
    assert new.late_s[2] < 5
    assert new.overhead < 4


def test_a_seed_replays_exactly() -> None:
    assert crowds.one_writes(7, COUNT, 100) == crowds.one_writes(7, COUNT, 100)
    assert crowds.one_writes(7, COUNT, 100) != crowds.one_writes(8, COUNT, 100)
