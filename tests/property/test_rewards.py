"""Rewards: what holds for any input. Sums are whole, order matters only where it is said to, nothing appears."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.rewards.decay import HOURS_MAX, advance
from dao_app.core.rewards.delegation import Loss, resolve
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rewards.peer_round import Gift, compute_round
from dao_app.core.rewards.policies import balanced, immediate, recent
from dao_app.core.rewards.quadratic_match import UNIT, Mode, match

HUGE = 10**40
AMOUNTS = st.integers(0, 20) | st.integers(0, HUGE)
WEIGHTS = st.lists(AMOUNTS, max_size=12)
NAMES = st.sampled_from("abcdef")
GIVERS = st.sampled_from("abcdefg")  # g is no member
GIFTS = st.lists(st.builds(Gift, GIVERS, GIVERS, st.integers(0, 60)), max_size=25)
PROJECTS = st.lists(st.dictionaries(NAMES, st.integers(1, 30) | st.integers(1, HUGE)), max_size=5)
BOUNDS = st.none() | st.integers(1, HUGE)
VALUES = st.integers(0, 10**6) | st.integers(0, HUGE)
HOURS = st.integers(0, 400)
HALF_LIVES = st.sampled_from([1, 2, 3, 24, 168, 720, 8766, 876_600])


# -- largest remainders --------------------------------------------------------------------------
@given(AMOUNTS, WEIGHTS)
def test_the_sum_is_exactly_the_budget(budget: int, weights: list[int]) -> None:
    shares = share_out(budget, weights)
    total = sum(weights)
    assert sum(shares) == (budget if total else 0)
    for share, weight in zip(shares, weights, strict=True):
        assert share >= 0 and (weight or not share)
        assert not total or abs(Fraction(budget * weight, total) - share) < 1


@given(AMOUNTS, WEIGHTS)
def test_more_weight_never_gets_less(budget: int, weights: list[int]) -> None:
    shares = sorted(zip(weights, share_out(budget, weights), strict=True))
    assert [share for _, share in shares] == sorted(share for _, share in shares)


@given(AMOUNTS, WEIGHTS, st.integers(1, HUGE))
def test_the_scale_of_weights_changes_nothing(budget: int, weights: list[int], scale: int) -> None:
    assert share_out(budget, weights) == share_out(budget, [weight * scale for weight in weights])


@given(AMOUNTS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_decides_between_equal_remainders_only(budget: int, weights: list[int], rng: object) -> None:
    order = list(range(len(weights)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    before, shuffled = share_out(budget, weights), share_out(budget, [weights[place] for place in order])
    total = max(sum(weights), 1)
    rest = [budget * weight % total for weight in weights]
    extra = [share - budget * weight // total for share, weight in zip(before, weights, strict=True)]
    boundary = min((left for left, one in zip(rest, extra, strict=True) if one), default=0)
    for place, share in zip(order, shuffled, strict=True):
        assert share == before[place] or rest[place] == boundary
    assert sum(shuffled) == sum(before)


# -- peer rounds ---------------------------------------------------------------------------------
@given(AMOUNTS, GIFTS, st.sets(NAMES))
def test_points_of_a_round_are_given_or_burned(budget: int, gifts: list[Gift[str]], receivers: set[str]) -> None:
    members = list("abcdef")
    done = compute_round(budget, 100, members, receivers, gifts)
    counted = [gift for gift, reason in zip(gifts, done.dropped, strict=True) if reason is None]
    assert done.given == sum(gift.points for gift in counted) == sum(done.received.values())
    assert done.given + sum(done.burned.values()) == 100 * len(members)
    assert min(done.burned.values()) >= 0
    assert sum(done.payouts.values()) == (budget if done.given else 0)
    assert not [gift for gift in counted if gift.giver == gift.receiver or gift.receiver not in receivers]


@given(AMOUNTS, GIFTS, st.randoms(use_true_random=False))
def test_the_order_of_gifts_changes_nothing(budget: int, gifts: list[Gift[str]], rng: object) -> None:
    members = list("abcdef")
    first = compute_round(budget, 100, members, members, gifts)
    rng.shuffle(gifts)  # type: ignore[attr-defined]
    again = compute_round(budget, 100, members, members, gifts)
    assert (first.received, first.burned, first.payouts) == (again.received, again.burned, again.payouts)


@given(GIFTS, st.integers(0, 60))
def test_what_one_gives_oneself_changes_nothing(gifts: list[Gift[str]], points: int) -> None:
    members = list("abcdef")
    without = compute_round(1000, 100, members, members, gifts)
    assert compute_round(1000, 100, members, members, [*gifts, Gift("a", "a", points)]).payouts == without.payouts


# -- policies ------------------------------------------------------------------------------------
@given(AMOUNTS, st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8))
def test_balanced_pays_the_whole_budget_and_nobody_beyond_the_share(
    budget: int, people: list[tuple[int, int]]
) -> None:
    points, paid = [own for own, _ in people], [before for _, before in people]
    weights = balanced(budget, points, paid)
    payouts = share_out(budget, weights.values)
    assert min(weights.values) >= 0 and sum(payouts) == (budget if sum(points) else 0)
    assert Fraction(sum(weights.values), weights.scale) >= sum(payouts)
    for payout, owed in zip(payouts, weights.values, strict=True):
        assert payout < Fraction(owed, weights.scale) + 1


@given(st.lists(st.lists(AMOUNTS, min_size=4, max_size=4), max_size=5), st.fractions(0, 1, max_denominator=10**9))
def test_recent_lies_between_the_last_period_and_all_of_them(rows: list[list[int]], discount: Fraction) -> None:
    values, scale = recent(rows, discount)
    newest, everything = immediate(rows, 1).values, immediate(rows, 4).values
    for value, least, most in zip(values, newest, everything, strict=True):
        assert least <= Fraction(value, scale) <= most


# -- matching ------------------------------------------------------------------------------------
@given(AMOUNTS, PROJECTS, BOUNDS, st.sampled_from(Mode))
def test_a_pool_is_never_exceeded(pool: int, projects: list[dict[str, int]], bound: int | None, mode: Mode) -> None:
    matched = match(pool, projects, mode, bound)
    assert min([*matched.matching, *matched.payouts], default=0) >= 0
    paid = sum(matched.payouts)
    if mode is Mode.FILL:
        assert paid == (pool if any(matched.matching) else 0)
    else:
        assert paid == min(pool, matched.total // UNIT)
    assert all(not own for own, project in zip(matched.matching, projects, strict=True) if len(project) < 2)


@given(PROJECTS, st.integers(1, HUGE), st.integers(1, HUGE))
def test_a_bound_only_takes_and_a_wider_one_takes_less(projects: list[dict[str, int]], bound: int, more: int) -> None:
    narrow = match(0, projects, Mode.FILL, bound).matching
    wide = match(0, projects, Mode.FILL, bound + more).matching
    plain = match(0, projects, Mode.FILL).matching
    assert all(a <= b <= c for a, b, c in zip(narrow, wide, plain, strict=True))


@given(PROJECTS, NAMES, st.integers(1, HUGE))
def test_another_contribution_never_lowers_the_matching(projects: list[dict[str, int]], who: str, more: int) -> None:
    for place, project in enumerate(projects):
        raised = [*projects]
        raised[place] = project | {who: project.get(who, 0) + more}
        before, after = match(0, projects, Mode.FILL).matching, match(0, raised, Mode.FILL).matching
        assert after[place] >= before[place] and after[:place] == before[:place]


# -- decay ---------------------------------------------------------------------------------------
@given(VALUES, HOURS, HOURS, HALF_LIVES)
def test_it_does_not_matter_in_which_steps(value: int, first: int, then: int, half_life: int) -> None:
    assert advance(advance(value, first, half_life), then, half_life) == advance(value, first + then, half_life)


@given(VALUES, VALUES, HOURS, HALF_LIVES)
def test_reputation_only_falls_and_keeps_its_order(value: int, other: int, hours: int, half_life: int) -> None:
    left = advance(value, hours, half_life)
    assert 0 <= left <= value and (left < value or not value or not hours)
    low, high = sorted((value, other))
    assert advance(low, hours, half_life) <= advance(high, hours, half_life)


@given(VALUES, st.sampled_from([1, 2, 24, 168, 720]), st.integers(1, 4))
def test_each_half_life_halves_within_the_stated_bound(value: int, half_life: int, times: int) -> None:
    for _ in range(times):
        left = advance(value, half_life, half_life)
        assert Fraction(value, 2) - Fraction(value * half_life, 2**64) - half_life <= left <= Fraction(value, 2)
        value = left


@given(VALUES, st.integers(0, HOURS_MAX))
def test_any_gap_is_answered(value: int, hours: int) -> None:
    assert advance(value, hours, 24) <= value


# -- delegation ----------------------------------------------------------------------------------
MEMBERS = st.dictionaries(st.integers(0, 15), AMOUNTS, max_size=16)
FOLLOWS = st.dictionaries(st.integers(0, 15), st.integers(0, 18), max_size=16)


def walk(member: int, power: dict[int, int], voted: set[int], follows: dict[int, int]) -> int | str:
    """The definition, one member at a time: voter, "cycle", "dead_end" or "silent"."""
    seen: set[int] = set()
    at = member
    while at not in seen:
        if at not in power:
            return "dead_end"
        if at in voted:
            return at
        if at not in follows:
            return "silent" if at == member else "dead_end"
        seen.add(at)
        at = follows[at]
    return "cycle"


@given(MEMBERS, st.sets(st.integers(0, 15)), FOLLOWS)
def test_all_power_is_carried_lost_or_silent(power: dict[int, int], voted: set[int], follows: dict[int, int]) -> None:
    done = resolve(power, voted, follows)
    assert sum(done.carried.values()) + sum(power[m] for m in [*done.lost, *done.silent]) == sum(power.values())
    for member in power:
        end = walk(member, power, voted, follows)
        assert done.route.get(member) == (end if type(end) is int and member not in voted else None)
        assert done.lost.get(member) == (Loss(end) if end in ("cycle", "dead_end") else None)
        assert (member in done.silent) == (end == "silent")
    for voter, carried in done.carried.items():
        assert carried == power[voter] + sum(power[m] for m, to in done.route.items() if to == voter)


@given(MEMBERS, st.sets(st.integers(0, 15)), FOLLOWS)
def test_the_order_of_members_changes_nothing(power: dict[int, int], voted: set[int], follows: dict[int, int]) -> None:
    backwards = dict(reversed(power.items()))
    one, other = resolve(power, voted, follows), resolve(backwards, voted, follows)
    assert (one.carried, one.route, one.lost, set(one.silent)) == (
        other.carried, other.route, other.lost, set(other.silent),
    )  # fmt: skip
