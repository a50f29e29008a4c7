"""The same actions and checkpoints give the same roots: any arrival order, partition or crash point."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dao_app.app.organisation import Organisation
from dao_app.store.log import SqlStore
from tests.fakes.device_history import DeviceHistory
from tests.fakes.governance_history import GovernanceHistory
from tests.fakes.history import History
from tests.fakes.world import World, roots


@pytest.fixture(scope="module", params=[(History, 1), (History, 7), (GovernanceHistory, 1), (GovernanceHistory, 4),
                                        (DeviceHistory, 2)])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> History:
    kind, seed = request.param
    print(f"{kind.__name__} seed {seed}")
    made: History = kind(tmp_path_factory.mktemp("history"), seed, 160)
    return made


def all_roots(org: Organisation) -> tuple[object, ...]:
    return (*roots(org), org.replay.provisional_root(), org.heads_digest())


def test_all_replicas_of_the_history_agree(history: History) -> None:
    found = {all_roots(org) for org in history.orgs}
    assert len(found) == 1
    assert history.world.main.height() > 5
    history.check()


@given(st.randoms(use_true_random=False), st.integers(1, 40))
@settings(max_examples=12)
def test_any_arrival_order(history: History, rng: random.Random, size: int) -> None:
    world = history.world
    envelopes = [raw for chain in history.chains().values() for raw in chain]
    certificates = world.main.certificates(1, 1 << 30)
    rng.shuffle(envelopes)
    org = world.replica()
    parts = [envelopes[i : i + size] for i in range(0, len(envelopes), size)]
    for number, part in enumerate(parts):
        org.admit_now(part)
        if rng.random() < 0.3:
            first = rng.randrange(len(certificates))
            org.admit_certificates_now(certificates[first : first + 3])
        if number % 3 == 0:
            org.admit_now(part)
    org.admit_certificates_now(certificates)
    for part in parts:  # a later session: what came before its device's join was final is offered again
        org.admit_now(part)
    assert all_roots(org) == all_roots(world.main)
    assert not org.conflict
    org.store.close()


@given(st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_a_crash_between_any_two_writes(history: History, rng: random.Random) -> None:
    """The program stops at random places and opens its folder again."""
    world = history.world
    main = world.main
    name = f"crash-{rng.getrandbits(48):x}"
    org = world.replica(name=name)
    writes = [("a", raw) for chain in history.chains().values() for raw in chain]
    writes += [("c", raw) for raw in main.certificates(1, 1 << 30)]
    for kind, raw in writes:
        if kind == "a":
            org.admit_now([raw])
        else:
            org.admit_certificates_now([raw])
        if rng.random() < 0.02:
            org.store.close()
            org = world.replica(name=name)
    for device, head in main.heads().items():
        org.admit_now(main.envelopes(device, 1, head.seq, 1 << 30))
    org.admit_certificates_now(main.certificates(1, 1 << 30))
    assert all_roots(org) == all_roots(main)
    org.store.close()


def test_verdicts_are_equal_everywhere(history: History) -> None:
    ids = [
        node for height in range(1, history.world.main.height() + 1) for node in history.world.main.store.order(height)
    ]
    found = [org.store.verdicts(ids) for org in history.orgs]
    assert all(one == found[0] for one in found)
    assert found[0], "the history rejects nothing: it would prove little"


def test_reopening_needs_no_replay(history: History) -> None:
    """Opening loads what is not sealed and nothing else."""
    main = history.world.main
    loaded: list[bytes] = []

    class Watched(SqlStore):
        def records(self, ids):  # type: ignore[no-untyped-def]
            loaded.extend(ids)
            return super().records(ids)

    world: World = history.world
    folder = next(p for p in world.folder.iterdir() if p.name.startswith("replica0"))
    again = Organisation(world.org_id, Watched(folder / "log.db"), world.verifier, world.clock, world.random)
    assert all_roots(again) == all_roots(main)
    assert not loaded
    again.store.close()
