"""The charter: every parameter with type, unit, default, bounds and the most one amendment may change.

A parameter of voting may be set for one kind of proposal alone (``spending.support_bp``); where it is not,
the general one (``support_bp``) holds. Invariants: every value lies within its bounds; a general parameter
has always a value; values change only by ``amend``, which an adopted proposal calls; an open vote keeps the
rules that held when it opened.
"""

from __future__ import annotations

from typing import NamedTuple

from dao_app.core.entities import Amendment, Org, Proposal, Totals
from dao_app.core.keys import ORG_KEY, TOTALS_KEY, amendment_key
from dao_app.core.limits import INT_MAX, PERIOD_MS_MAX
from dao_app.core.rewards.decay import HALF_LIFE_HOURS_MAX
from dao_app.core.rewards.peer_round import POINTS_DEFAULT
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

KINDS = (
    "poll", "decision", "spending", "amendment", "role", "issuance", "penalty", "election", "adoption",
)
POWERS = ("member", "token", "reputation", "table", "department")
PROPOSERS = ("members", "stewards")
MODULES = ("tasks", "contributions", "rewards", "tokens", "firms")
BINDING = ("any", "yes-no-abstain", "consent")


class Parameter(NamedTuple):
    """``unit``: bp (hundredths of a percent), ms, hours, power, points, count, flag, choice, amount (minor units).

    ``step`` is the most that one amendment may change it by, 0 for any change within the bounds; the
    values of a choice are places in ``choices``. ``for_kind``: it may be set for a kind of proposal alone.
    """

    default: int
    least: int
    most: int
    unit: str
    step: int = 0
    choices: tuple[str, ...] = ()
    for_kind: bool = False


PARAMETERS: dict[str, Parameter] = {
    # How a proposal is decided; each may be set for one kind alone.
    "proposer": Parameter(0, 0, 1, "choice", choices=PROPOSERS, for_kind=True),
    "method": Parameter(0, 0, len(BINDING) - 1, "choice", choices=BINDING, for_kind=True),
    "power": Parameter(0, 0, len(POWERS) - 1, "choice", choices=POWERS, for_kind=True),
    "support_bp": Parameter(5_000, 0, 9_999, "bp", 2_000, for_kind=True),  # yes/(yes+no) strictly above
    "quorum_bp": Parameter(2_000, 0, 10_000, "bp", 2_000, for_kind=True),  # participation of all power
    "discussion_ms": Parameter(0, 0, PERIOD_MS_MAX, "ms", 30 * DAY_MS, for_kind=True),  # shortest discussion
    "voting_ms": Parameter(3 * DAY_MS, 1_000, PERIOD_MS_MAX, "ms", 30 * DAY_MS, for_kind=True),  # usual time
    "voting_least_ms": Parameter(HOUR_MS, 1_000, PERIOD_MS_MAX, "ms", 30 * DAY_MS, for_kind=True),
    "grace_ms": Parameter(20 * MINUTE_MS, 0, DAY_MS, "ms", for_kind=True),  # with several witnesses at least 2Δ
    # All proposals.
    "min_support_power": Parameter(0, 0, INT_MAX, "power"),
    "tables": Parameter(1, 0, 1, "flag"),  # stewards may give a proposal a fixed power table
    "locked_ballots": Parameter(0, 0, 1, "flag"),  # a vote cannot be changed; all votes in: closed at once
    "swing_bp": Parameter(0, 0, 5_000, "bp", 2_500),  # a new leader in this last part extends the vote once
    "swing_ms": Parameter(DAY_MS, 1_000, 30 * DAY_MS, "ms"),  # by so much
    "delegation": Parameter(1, 0, 1, "flag"),
    "execution_retry_ms": Parameter(7 * DAY_MS, 0, 90 * DAY_MS, "ms"),  # a failed execution may be tried again
    # Money asked for in open proposals.
    "seconders": Parameter(1, 0, 20, "count"),  # needed before a spending proposal reserves its sum
    "bond": Parameter(0, 0, INT_MAX, "amount"),  # of the first unit, instead of seconders; 0: no bond taken
    "reserve_bp": Parameter(5_000, 1, 10_000, "bp", 2_500),  # of the treasury, by one author's open proposals
    # Money.
    "direct_issue": Parameter(1, 0, 1, "flag"),  # the treasurer may issue within the caps without a vote
    "issue_period_ms": Parameter(30 * DAY_MS, HOUR_MS, PERIOD_MS_MAX, "ms"),
    "issue_period_bp": Parameter(10_000, 0, 10_000, "bp"),  # of the cap, in one period
    # Members and work.
    "admission_vote": Parameter(0, 0, 1, "flag"),  # who joins is an applicant until admitted by vote
    "members_invite": Parameter(1, 0, 1, "flag"),
    "members_open_tasks": Parameter(1, 0, 1, "flag"),  # with rewards from their own balance
    "endorsements": Parameter(1, 1, 20, "count"),  # needed for a claimed contribution
    # Contributions, reputation, reward rounds.
    "points_claim": Parameter(10, 0, 1_000_000, "points"),  # of an endorsed claim
    "points_task": Parameter(10, 0, 1_000_000, "points"),  # of an accepted task, for each who did it
    "points_most": Parameter(100, 0, 1_000_000, "points"),  # that a steward's valuation may give
    "reputation_half_life": Parameter(4_383, 1, HALF_LIFE_HOURS_MAX, "hours"),  # half a year
    "round_points": Parameter(POINTS_DEFAULT, 1, 1_000_000, "points"),  # each gives in a round, as a rule
    "round_peer_bp": Parameter(5_000, 0, 10_000, "bp"),  # of a round by gifts and points: what gifts decide
    "task_appeal_ms": Parameter(3 * DAY_MS, 0, 30 * DAY_MS, "ms"),  # to dispute a rejection before money goes back
    # The emergency stop.
    "stop_auditors": Parameter(1, 1, 20, "count"),  # who must ask for it
    "stop_ms": Parameter(7 * DAY_MS, HOUR_MS, 60 * DAY_MS, "ms"),
    # Witnesses.
    "witness_delay_ms": Parameter(10 * MINUTE_MS, 1_000, HOUR_MS, "ms"),  # Δ: what one had before must be sealed
    "witness_ready_ms": Parameter(7 * DAY_MS, MINUTE_MS, 60 * DAY_MS, "ms"),  # for the elected to declare a key
    "recovery_delay_ms": Parameter(3 * DAY_MS, MINUTE_MS, 30 * DAY_MS, "ms"),  # before a recovery takes effect
    # Keys.
    "rekey_delay_ms": Parameter(3 * DAY_MS, MINUTE_MS, 30 * DAY_MS, "ms"),  # before a new root of guardians holds
    # Modules that can be off.
    "module_tasks": Parameter(1, 0, 1, "flag"),
    "module_contributions": Parameter(1, 0, 1, "flag"),
    "module_rewards": Parameter(1, 0, 1, "flag"),
    "module_tokens": Parameter(1, 0, 1, "flag"),
    "module_firms": Parameter(1, 0, 1, "flag"),
}
# What a kind asks beyond the general rule unless its founders say otherwise.
KIND_DEFAULTS: dict[str, int] = {
    "spending.method": BINDING.index("yes-no-abstain"),
    "amendment.method": BINDING.index("yes-no-abstain"),
    "amendment.support_bp": 6_666,
    "role.method": BINDING.index("yes-no-abstain"),
    "issuance.method": BINDING.index("yes-no-abstain"),
    "penalty.method": BINDING.index("yes-no-abstain"),
    "penalty.support_bp": 6_666,
    "adoption.method": BINDING.index("any"),
    "election.method": BINDING.index("any"),
}

# What decides an open vote; amendments leave it alone until the vote is closed.
OF_A_VOTE = ("delegation", "grace_ms", "locked_ballots", "min_support_power", "quorum_bp", "support_bp", "swing_ms")


def parameter_of(name: str) -> Parameter | None:
    """The description of a parameter, also of one for a kind ("spending.support_bp")."""
    kind, dot, general = name.partition(".")
    if not dot:
        return PARAMETERS.get(name)
    found = PARAMETERS.get(general)
    return found if found is not None and found.for_kind and kind in KINDS else None


def all_names() -> tuple[str, ...]:
    """Every name that a charter may hold."""
    per_kind = tuple(f"{kind}.{name}" for kind in KINDS for name, p in PARAMETERS.items() if p.for_kind)
    return (*PARAMETERS, *per_kind)


def check_charter(values: dict[str, int]) -> Rejection | None:
    """Are these overrides known and within their bounds?"""
    for name, value in values.items():
        parameter = parameter_of(name)
        if parameter is None:
            return Rejection.CHARTER_UNKNOWN
        if not parameter.least <= value <= parameter.most:
            return Rejection.CHARTER_BOUNDS
    return _check_together(dict(complete(values)))


def _check_together(full: dict[str, int]) -> Rejection | None:
    """The usual voting time is at least the shortest, for each kind."""
    for kind in KINDS:
        if _for_kind(full, kind, "voting_ms") < _for_kind(full, kind, "voting_least_ms"):
            return Rejection.CHARTER_BOUNDS
    return None


def complete(values: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """All parameters sorted by name: what is given, else the defaults; for kinds only what differs."""
    full = {name: p.default for name, p in PARAMETERS.items()}
    return tuple(sorted({**full, **KIND_DEFAULTS, **values}.items()))


_Pairs = tuple[tuple[str, int], ...]
_LAST: list[tuple[_Pairs, dict[str, int]]] = [((), {})]  # known by identity: hashing a charter costs more than a lookup


def _as_map(charter: _Pairs) -> dict[str, int]:
    pairs, values = _LAST[0]
    if pairs is not charter:
        values = dict(charter)
        _LAST[0] = (charter, values)
    return values


def values_of(state: State) -> dict[str, int]:
    """The charter as a map, not to be changed."""
    return _as_map(state.need(ORG_KEY, Org).charter)


def parameter(state: State, name: str) -> int:
    """Value of a general parameter of the founded organisation."""
    return values_of(state)[name]


def rule_for(state: State, kind: str, name: str) -> int:
    """Value of a parameter of voting for a kind of proposal."""
    return _for_kind(values_of(state), kind, name)


def _for_kind(values: dict[str, int], kind: str, name: str) -> int:
    own = values.get(f"{kind}.{name}")
    return values[name] if own is None else own


def rule_of(state: State, proposal: Proposal, name: str) -> int:
    """Value of one of ``OF_A_VOTE`` for a proposal: as it stood when the vote opened, before that as it stands."""
    for frozen, value in proposal.rules:
        if frozen == name:
            return value
    return rule_for(state, proposal.kind, name)


def rules_of_a_vote(state: State, kind: str) -> tuple[tuple[str, int], ...]:
    """What an opening writes down."""
    return tuple((name, rule_for(state, kind, name)) for name in OF_A_VOTE)


def is_step_too_long(before: dict[str, int], after: dict[str, int]) -> bool:
    """Does one proposal change a parameter, for all or for a kind, by more than its step? However many amendments
    it is cut into."""
    if before == after:
        return False
    for name, parameter_ in PARAMETERS.items():
        if not parameter_.step:
            continue
        if abs(after[name] - before[name]) > parameter_.step:
            return True
        for kind in KINDS if parameter_.for_kind else ():
            if abs(_for_kind(after, kind, name) - _for_kind(before, kind, name)) > parameter_.step:
                return True
    return False


def amend(state: State, name: str, value: int | None, proposal: bytes, time: int) -> Rejection | None:
    """Change one parameter; None lets a kind's follow the general one again. ``time`` is sealed.

    Whether the change is too long is judged for all amendments of a proposal together: ``is_step_too_long``.
    """
    found = parameter_of(name)
    if found is None or (value is None and "." not in name):
        return Rejection.CHARTER_UNKNOWN
    org = state.need(ORG_KEY, Org)
    values = dict(values_of(state))
    old = values.get(name)
    general = name.partition(".")[2]
    after = value if value is not None else values[general]
    if not found.least <= after <= found.most:
        return Rejection.CHARTER_BOUNDS
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
    refused = _check_together(values)
    if refused:
        return refused
    totals = state.need(TOTALS_KEY, Totals)
    number = totals.amendments + 1
    state.put(TOTALS_KEY, totals._replace(amendments=number))
    state.put(amendment_key(number), Amendment(name, old, value, proposal, time))
    state.put(ORG_KEY, org._replace(charter=tuple(sorted(values.items()))))
    return None
