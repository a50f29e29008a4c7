"""The genesis: organisation, charter, units, founder with the first device, sole witness (ORG-1, ORG-6).

Invariants: there is one genesis; its charter lies within its bounds; what it issues at first lies within
each unit's cap; its author is the founder and the organisation's only witness.
"""

from __future__ import annotations

from dao_app.core.entities import Device, Grant, Member, Org, Totals, Unit
from dao_app.core.envelope import Action
from dao_app.core.key_entities import Epoch
from dao_app.core.keys import EPOCH_KEY, ORG_KEY, TOTALS_KEY, TREASURY, device_key, unit_key
from dao_app.core.limits import UNITS_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules import witnesses
from dao_app.core.rules.charter import check_charter, complete
from dao_app.core.rules.context import Context
from dao_app.core.rules.ledger import book_issue
from dao_app.core.rules.members import put_member
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

RULES_VERSION = 1
DECIMALS_MAX = 8
CREATE = s.Schema(
    {
        "name": s.title,
        "purpose": s.text_or_empty,
        "charter": s.map_of_counts,
        "units": s.list_of(s.row_of(s.name, s.title, s.title, s.count, s.count), UNITS_MAX),
        "initial": s.list_of(s.row_of(s.name, s.count), UNITS_MAX),
        "root": s.key,
        "cert": s.signature,
        "witness": s.key,
        "key": s.key,
        "nonce": s.nonce,
    },
    {"profile": s.ref},
)


def create(state: State, action: Action, context: Context) -> Rejection | None:
    """Found the organisation. Units are rows [code, English name, Chinese name, decimals, cap]."""
    body = action.body
    if state.get(ORG_KEY, Org) is not None:
        return Rejection.ALREADY_FOUNDED
    refused = check_charter(body["charter"])
    if refused:
        return refused
    caps = {row[0]: row[4] for row in body["units"]}
    if len(caps) != len(body["units"]) or any(row[3] > DECIMALS_MAX for row in body["units"]):
        return Rejection.UNIT_REPEATED
    initial: dict[str, int] = {}
    for code, amount in body["initial"]:
        if code not in caps:
            return Rejection.UNIT_UNKNOWN
        if code in initial or amount <= 0:
            return Rejection.AMOUNT_NOT_POSITIVE
        if amount > caps[code]:
            return Rejection.CAP_EXCEEDED
        initial[code] = amount
    _put_all(state, action, context, initial)
    return None


def _put_all(state: State, action: Action, context: Context, initial: dict[str, int]) -> None:
    body = action.body
    root = body["root"]
    state.put(
        ORG_KEY,
        Org(
            body["name"],
            body["purpose"],
            root,
            complete(body["charter"]),
            tuple(row[0] for row in body["units"]),
            RULES_VERSION,
            (),
        ),
    )
    witnesses.found(state, action.id, root, body["witness"], context.height)
    state.put(EPOCH_KEY, Epoch(0, body["key"], ()))
    state.put(TOTALS_KEY, Totals(0, 0, 0, 0, 0, 0, 0, 0, 0))
    profile = s.reference(body, "profile")
    founder = Member(
        "active", (Grant("founder", b"", action.id, 0),), context.height, None, action.id, profile, 0, (), (), (),
        devices=(action.by,),
    )  # fmt: skip
    put_member(state, root, founder, context.height)
    state.put(device_key(action.by), Device(root, "active", context.height))
    for code, name_en, name_zh, decimals, cap in body["units"]:
        state.put(unit_key(code), Unit(name_en, name_zh, decimals, cap, 0, 0, 0, 0))
    for code, amount in initial.items():
        book_issue(state, action.id, code, amount, TREASURY, None, context.time)
