"""Places and circuits of a relay: bounds, renewal, what is given back."""

from __future__ import annotations

from dao_app.net import limits
from dao_app.net.relaying import Budget, Places


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_a_place_is_kept_for_its_time_and_renewed() -> None:
    places = Places()
    assert places.reserve(key(1), 0.0)
    assert places.is_kept(key(1), limits.RESERVATION_S - 1) and not places.is_kept(key(1), limits.RESERVATION_S)
    assert places.reserve(key(1), limits.RESERVATION_S - 1)
    assert places.is_kept(key(1), limits.RESERVATION_S + 1)
    places.release(key(1))
    assert not places.is_kept(key(1), 0.0)


def test_places_are_bounded_and_old_ones_make_room() -> None:
    places = Places()
    assert all(places.reserve(key(i), 0.0) for i in range(limits.RESERVATIONS_MAX))
    assert not places.reserve(b"one more" * 4, 1.0)
    assert places.reserve(key(0), 1.0)  # who has one may renew it
    assert places.reserve(b"one more" * 4, limits.RESERVATION_S)


def test_circuits_are_bounded_in_all_and_for_each_device() -> None:
    places = Places()
    for i in range(limits.CIRCUITS_PER_DEVICE_MAX):
        assert places.open_circuit(key(100 + i), key(1))
    assert not places.open_circuit(key(99), key(1)) and not places.open_circuit(key(1), key(99))
    places.close_circuit(key(100), key(1))
    assert places.open_circuit(key(1), key(99))
    opened = places.circuits
    for i in range(limits.CIRCUITS_MAX):
        opened += places.open_circuit(key(1_000 + i), key(2_000 + i))
    assert places.circuits == opened == limits.CIRCUITS_MAX
    assert not places.open_circuit(key(5), key(5))


def test_a_budget_ends() -> None:
    budget = Budget(10)
    assert budget.take(6) and budget.take(4) and not budget.take(1)
