"""Whatever bytes come in, they are read or refused: never another error, never a hang (threats 5 to 8, 30)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import Target, targets

NAMES = sorted(targets())
changes = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "put", "twice"]), st.integers(0, 1 << 20), st.integers(0, 255)),
    max_size=6,
)


def changed(raw: bytes, steps: list[tuple[str, int, int]]) -> bytes:
    """A true object with some bytes changed, left out, put in or doubled."""
    data = bytearray(raw)
    for what, where, value in steps:
        at = where % (len(data) + 1)
        if what == "flip" and at < len(data):
            data[at] = value
        elif what == "cut":
            del data[at : at + 1 + value % 16]
        elif what == "put":
            data[at:at] = bytes([value]) * (1 + value % 4)
        elif what == "twice":
            data[at:at] = data[at : at + value]
    return bytes(data)


def try_one(target: Target, raw: bytes) -> None:
    try:
        target.read(raw)
    except target.allowed:
        pass


@pytest.mark.parametrize("name", NAMES)
def test_the_seeds_are_true_objects(name: str) -> None:
    target = targets()[name]
    for seed in target.seeds:
        if target.good:
            target.read(seed)
        else:
            try_one(target, seed)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_changed_is_read_or_refused(name: str, data: st.DataObject) -> None:
    target = targets()[name]
    seed = data.draw(st.sampled_from(target.seeds))
    try_one(target, changed(seed, data.draw(changes)))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=80)
@given(raw=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(name: str, raw: bytes) -> None:
    try_one(targets()[name], raw)
