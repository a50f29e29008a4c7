"""Computations as a JSON file: the format of docs/rewards-format.md.

Each rule reads its keys, calls the module that an organisation's rules call, and prints numbers as text. Raises only
``RewardsFileError``, which names the place in the file and what is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from dao_app.core.rewards import decay, delegation, policies, quadratic_match
from dao_app.core.rewards.delegation import EVERYTHING, Breadth, Scope
from dao_app.core.rewards.filereading import (
    COMPUTATIONS_MAX,
    Fields,
    RewardsFileError,
    integers,
    number,
    number_rows,
    parse,
    read_number,
    scaled,
)
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rewards.peer_round import POINTS_DEFAULT, Gift, compute_round
from dao_app.core.rewards.quadratic_match import Mode
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.tallyfile import read_share, shown

VALUE_PLACES = 9  # decimal places of a reputation: decay.SCALE is 10⁹

Printed = dict[str, Any]


def compute(data: bytes) -> Any:
    """Compute a file. Raises RewardsFileError."""
    return compute_value(parse(data))


def compute_value(value: Any) -> Any:
    """Compute a parsed file: one object for one computation, a list of them for a list, in order."""
    if type(value) is not list:
        return _compute(value, "")
    if len(value) > COMPUTATIONS_MAX:
        raise RewardsFileError("too_many", "", f"{len(value)} > {COMPUTATIONS_MAX}")
    return [_compute(item, f"[{place}]") for place, item in enumerate(value)]


def _compute(value: Any, where: str) -> Printed:
    fields = Fields(value, where, "not_a_computation")
    name = fields.raw("rule")
    rule = RULES.get(name) if type(name) is str else None
    if rule is None:
        raise RewardsFileError("rule_unknown", fields.at("rule"), shown(name))
    result: Printed = {"rule": name, **rule(fields)}
    ignored = fields.ignored()
    return result | {"ignored": ignored} if ignored else result


# -- budgets -------------------------------------------------------------------------------------
def _hamilton(fields: Fields) -> Printed:
    budget = fields.amount("budget")
    if type(fields.raw("weights")) is list:
        numbers = [number(item, at) for at, item in fields.items("weights")]
        payouts = share_out(budget, scaled(numbers, fields.at("weights"))[0])
        return {"payouts": [str(one) for one in payouts], **_sums(budget, payouts)}
    table = {name: number(item, at) for name, (at, item) in fields.table("weights").items()}
    return _paid(budget, table, scaled(list(table.values()), fields.at("weights"))[0])


def _immediate(fields: Fields) -> Printed:
    budget, rows = fields.amount("budget"), number_rows(fields.table("points"))
    last = fields.amount("last", 1)
    if last < 1:
        raise RewardsFileError("amount_bad", fields.at("last"), "0")
    whole, scale = _whole_rows(rows, fields.at("points"))
    return _weighed(budget, rows, policies.immediate(whole, last), scale)


def _recent(fields: Fields) -> Printed:
    budget, rows = fields.amount("budget"), number_rows(fields.table("points"))
    discount = fields.one("discount", read_share, "share_bad")
    if discount > 1:
        raise RewardsFileError("share_bad", fields.at("discount"), shown(fields.raw("discount")))
    whole, scale = _whole_rows(rows, fields.at("points"))
    periods = max((len(row) for row in whole), default=0)
    if discount.denominator.bit_length() * periods > policies.SCALE_BITS_MAX:
        raise RewardsFileError("too_fine", fields.at("discount"))
    return _weighed(budget, rows, policies.recent(whole, discount), scale)


def _balanced(fields: Fields) -> Printed:
    budget, rows = fields.amount("budget"), number_rows(fields.table("points"))
    paid = integers(fields.table("paid")) if fields.has("paid") else {}
    for name in paid:
        rows.setdefault(name, [Fraction(0)])
    points, _ = scaled([sum(row, Fraction(0)) for row in rows.values()], fields.at("points"))
    weights = policies.balanced(budget, points, [paid.get(name, 0) for name in rows])
    return _weighed(budget, rows, weights, 1)


def _special(fields: Fields) -> Printed:
    return _paid(fields.amount("budget"), [fields.name("to")], [1])


def _peer_round(fields: Fields) -> Printed:
    budget, points = fields.amount("budget"), fields.amount("points", POINTS_DEFAULT)
    members = fields.names("members")
    receivers = fields.names("receivers") if fields.has("receivers") else members
    known = set(members)
    for place, name in enumerate(receivers):
        if name not in known:
            raise RewardsFileError("name_unknown", f"{fields.at('receivers')}[{place}]", shown(name))
    rows = fields.rows("gifts")
    gifts = [Gift(row.name("from"), row.name("to"), row.amount("points")) for row in rows]
    done = compute_round(budget, points, members, receivers, gifts)
    lines = [
        {"from": gift.giver, "to": gift.receiver, "points": str(gift.points), "dropped": reason}
        for gift, reason in zip(gifts, done.dropped, strict=True)
    ]
    share = {name: printed(Fraction(got, max(done.given, 1))) for name, got in done.received.items()}
    return {
        "lines": lines, "received": _texts(done.received), "given": str(done.given), "shares": share,
        "burned": _texts(done.burned), "payouts": _texts(done.payouts), **_sums(budget, done.payouts.values()),
    }  # fmt: skip


def _quadratic_match(fields: Fields) -> Printed:
    pool, mode = fields.amount("pool"), fields.choice("mode", Mode, Mode.FILL)
    bound = fields.amount("pairwise_bound") if fields.has("pairwise_bound") else None
    if bound == 0:
        raise RewardsFileError("amount_bad", fields.at("pairwise_bound"), "0")
    rows = [(row, row.name("from"), row.name("project"), row.amount("amount")) for row in fields.rows("contributions")]
    named = fields.names("projects") if fields.has("projects") else [project for _, _, project, _ in rows]
    known = set(named)
    for row, _, project, _ in rows:
        if project not in known:
            raise RewardsFileError("name_unknown", row.at("project"), shown(project))
    sums = quadratic_match.summed(((who, project, amount) for _, who, project, amount in rows), named)
    for project, given in sums.items():
        if max(given.values(), default=0) > quadratic_match.AMOUNT_MAX:
            raise RewardsFileError("too_much", fields.at("contributions"), shown(project))
    try:
        matched = quadratic_match.match(pool, list(sums.values()), mode, bound)
    except quadratic_match.TooManyPairs:
        found = f"> {quadratic_match.PAIRS_MAX}"
        raise RewardsFileError("too_many_pairs", fields.at("contributions"), found) from None
    return {
        "contributed": _texts({project: sum(given.values()) for project, given in sums.items()}),
        "matching": {
            project: _decimal(one, quadratic_match.PLACES) for project, one in zip(sums, matched.matching, strict=True)
        },
        "matching_total": _decimal(matched.total, quadratic_match.PLACES),
        "payouts": _texts(dict(zip(sums, matched.payouts, strict=True))),
        **_sums(pool, matched.payouts),
    }


# -- reputation and power ------------------------------------------------------------------------
def _decay(fields: Fields) -> Printed:
    value = fields.one("value", _nano_points, "value_bad")
    hours, half_life = fields.amount("hours"), fields.amount("half_life_hours")
    if hours > decay.HOURS_MAX:
        raise RewardsFileError("hours_bad", fields.at("hours"), f"> {decay.HOURS_MAX}")
    if not 1 <= half_life <= decay.HALF_LIFE_HOURS_MAX:
        raise RewardsFileError("hours_bad", fields.at("half_life_hours"), f"1 … {decay.HALF_LIFE_HOURS_MAX}")
    return {
        "value": _decimal(decay.advance(value, hours, half_life), VALUE_PLACES),
        "factor": str(decay.hourly_factor(half_life)),
    }


def _nano_points(value: Any) -> int | None:
    exact = read_number(value)
    nano = None if exact is None else exact * decay.SCALE
    return nano.numerator if nano is not None and nano.denominator == 1 else None


def _delegation(fields: Fields) -> Printed:
    power = _electorate(fields)
    voted = fields.names("voted")
    for place, name in enumerate(voted):
        if name not in power:
            raise RewardsFileError("name_unknown", f"{fields.at('voted')}[{place}]", shown(name))
    above = _departments(fields) if fields.has("departments") else None
    topic = fields.name("topic") if fields.has("topic") else None
    lineage = _lineage(_department(fields, above), above or {}) if fields.has("department") else ()
    given: dict[str, dict[Scope, str]] = {}
    for row in fields.rows("delegations"):
        giver = row.name("from")
        if giver not in power:
            raise RewardsFileError("name_unknown", row.at("from"), shown(giver))
        given.setdefault(giver, {})[_scope(row, above)] = row.name("to")
    ordered = delegation.scopes(topic, lineage)
    chosen = {member: delegation.narrowest(own, ordered) for member, own in given.items()}
    done = delegation.resolve(power, voted, {member: to for member, to in chosen.items() if to is not None})
    votes_for: dict[str, list[str]] = {voter: [] for voter in done.carried}
    for member in power:
        if member in done.route:
            votes_for[done.route[member]].append(member)
    lost = {name: {"power": str(power[name]), "reason": done.lost[name]} for name in power if name in done.lost}
    return {
        "carried": _texts(done.carried), "votes_for": votes_for, "carried_power": str(sum(done.carried.values())),
        "lost": lost, "lost_power": str(sum(power[name] for name in done.lost)),
        "silent": list(done.silent), "silent_power": str(sum(power[name] for name in done.silent)),
    }  # fmt: skip


def _electorate(fields: Fields) -> dict[str, int]:
    if type(fields.raw("members")) is list:
        return dict.fromkeys(fields.names("members"), 1)
    return integers(fields.table("members"))


def _departments(fields: Fields) -> dict[str, str | None]:
    """department → the one above it; None at the root."""
    above: dict[str, str | None] = {}
    table = fields.table("departments")
    for name, (where, value) in table.items():
        if value is not None and type(value) is not str:
            raise RewardsFileError("name_bad", where, shown(value))
        if value is not None and value not in table:
            raise RewardsFileError("name_unknown", where, shown(value))
        above[name] = value
    sound: set[str | None] = {None}
    for name, (where, _) in table.items():
        walked: set[str | None] = set()
        at: str | None = name
        while at is not None and at not in sound:
            if at in walked:
                raise RewardsFileError("department_cycle", where, shown(at))
            walked.add(at)
            at = above[at]
        sound |= walked
    return above


def _department(fields: Fields, above: Mapping[str, str | None] | None) -> str:
    """The department under "department"; where a tree is given it must stand there."""
    name = fields.name("department")
    if above is not None and name not in above:
        raise RewardsFileError("name_unknown", fields.at("department"), shown(name))
    return name


def _lineage(department: str, above: Mapping[str, str | None]) -> Sequence[str]:
    """The department and those above it, to the root."""
    lineage: list[str] = []
    at: str | None = department
    while at is not None:
        lineage.append(at)
        at = above.get(at)
    return lineage


def _scope(row: Fields, above: Mapping[str, str | None] | None) -> Scope:
    topic, department = row.has("topic"), row.has("department")
    if topic and department:
        raise RewardsFileError("scope_bad", row.at("topic"))
    if topic:
        return Scope(Breadth.TOPIC, row.name("topic"))
    return Scope(Breadth.DEPARTMENT, _department(row, above)) if department else EVERYTHING


# -- printing ------------------------------------------------------------------------------------
def _whole_rows(rows: Mapping[str, Sequence[Fraction]], where: str) -> tuple[list[list[int]], int]:
    """The rows over one denominator."""
    flat, scale = scaled([one for row in rows.values() for one in row], where)
    width = len(next(iter(rows.values()), ()))
    return [flat[start : start + width] for start in range(0, len(flat), width)] if width else [[] for _ in rows], scale


def _weighed(budget: int, names: Iterable[str], weights: policies.Weights, scale: int) -> Printed:
    names = list(names)
    exact = (printed(Fraction(value, weights.scale * scale)) for value in weights.values)
    return {"weights": dict(zip(names, exact, strict=True)), **_paid(budget, names, weights.values)}


def _paid(budget: int, names: Iterable[str], weights: Sequence[int]) -> Printed:
    payouts = share_out(budget, weights)
    return {"payouts": _texts(dict(zip(names, payouts, strict=True))), **_sums(budget, payouts)}


def _sums(budget: int, payouts: Iterable[int]) -> Printed:
    total = sum(payouts)
    return {"total": str(total), "left": str(budget - total)}


def _texts(numbers: Mapping[str, int]) -> dict[str, str]:
    return {name: str(one) for name, one in numbers.items()}


def _decimal(value: int, places: int) -> str:
    """A number of units of 10^−places."""
    return printed(Fraction(value, 10**places), places)


RULES: Mapping[str, Callable[[Fields], Printed]] = {
    "hamilton": _hamilton,
    "peer-round": _peer_round,
    "quadratic-match": _quadratic_match,
    "immediate": _immediate,
    "recent": _recent,
    "balanced": _balanced,
    "special": _special,
    "decay": _decay,
    "delegation": _delegation,
}
