"""Rounds, pools and escrow over random histories on several devices with restarts: nothing is paid twice, sums
are kept, points and reputation follow from what counts."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from dao_app.core.encoding import power_from_wire
from dao_app.core.entities import Account, Contribution
from dao_app.core.keys import account_key, contribution_key, escrow_party, match_key, points_key, round_key
from dao_app.core.reward_entities import Match, Points, Round
from dao_app.core.rewards import rewardsfile
from dao_app.core.rewards.decay import SCALE
from dao_app.core.rules import reputation
from dao_app.core.rules.round_closing import lines_of
from dao_app.core.state import State
from tests.fakes.checks import check_money
from tests.fakes.reward_history import RewardHistory
from tests.fakes.world import roots

SEEDS = (1, 2, 3, 4)


@pytest.fixture(scope="module", params=SEEDS)
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RewardHistory:
    print(f"history seed {request.param}")
    made = RewardHistory(tmp_path_factory.mktemp("rewards"), request.param, 320)
    made.world.seal(60_000)
    made.world.everywhere()
    return made


def test_all_devices_agree(history: RewardHistory) -> None:
    orgs = history.world.replicas.values()
    assert len({(*roots(org), org.replay.provisional_root()) for org in orgs}) == 1
    onlooker = history.world.replica()
    history.world.sync(history.world.main, onlooker)
    assert roots(onlooker) == roots(history.world.main) and not onlooker.conflict
    check_money(history.world.main)


def test_each_escrow_is_paid_out_exactly_once(history: RewardHistory) -> None:
    main = history.world.main
    state = State(main.replay.final)
    into: Counter[bytes] = Counter()
    out: Counter[bytes] = Counter()
    rewards: Counter[bytes] = Counter()
    for posting in main.store.postings(1_000_000):
        if posting.target[:1] == b"e":
            into[posting.target] += posting.amount
        if posting.source[:1] == b"e":
            out[posting.source] += posting.amount
            rewards[posting.source] += posting.amount if posting.kind in ("reward", "match") else 0
    paid = 0
    for id_ in history.made["round"] + history.made["match"]:
        found = state.get(round_key(id_), Round) or state.get(match_key(id_), Match)
        if found is None:
            continue  # opened with money that another opening, earlier in the final order, had taken
        escrow = escrow_party(id_)
        assert into[escrow] == found.amount
        if found.status == "open":
            assert out[escrow] == 0
            continue
        account = state.get(account_key(escrow, "GLD"), Account)
        assert account is not None and account.balance == 0 and out[escrow] == found.amount
        if isinstance(found, Round):
            assert rewards[escrow] == (found.amount if found.status == "paid" else 0)
            lines = lines_of(state, id_, found)
            assert sum(line.payout for line in lines) == rewards[escrow]
        paid += found.status == "paid"
    assert paid, "nothing was paid: it would prove little"


def test_anybody_computes_a_closed_round_again(history: RewardHistory) -> None:
    state = State(history.world.main.replay.final)
    again = 0
    for id_ in history.made["round"]:
        found = state.get(round_key(id_), Round)
        if found is None or found.status != "paid":
            continue
        lines = lines_of(state, id_, found)
        weights = [str(power_from_wire(line.weight)) for line in lines]
        file = {"rule": "hamilton", "budget": found.amount, "weights": weights}
        result = rewardsfile.compute_value(rewardsfile.parse(json.dumps(file).encode()))
        assert result["payouts"] == [str(line.payout) for line in lines]
        again += 1
    assert again


def test_points_and_reputation_are_those_of_what_counts(history: RewardHistory) -> None:
    """And nobody has more reputation than the points that ever counted."""
    main = history.world.main
    state = State(main.replay.final)
    sums: Counter[tuple[bytes, bytes | None]] = Counter()
    for id_ in history.made["contribution"]:
        found = state.get(contribution_key(id_), Contribution)
        if found is None or not found.counted:
            continue
        assert found.status == "endorsed"
        sums[found.author, None] += found.counted
        if found.department is not None:
            sums[found.author, found.department] += found.counted
    for root in history.roots:
        for department in (None, history.department):
            counted = state.get(points_key(root, department), Points)
            assert (counted.points if counted else 0) == sums[root, department]
        nano = reputation.nano_of(state, root, main.replay.position.time)
        assert 0 <= nano <= sums[root, None] * SCALE + len(history.made["contribution"])
