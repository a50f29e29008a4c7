"""What an author can know beforehand is told before anything is signed, by name and in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.errors import GuildhallError
from dao_app.core.entities import Delegations, Entity, Grant, Member, Org, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import ORG_KEY, TOTALS_KEY, delegations_key, member_key
from dao_app.core.limits import DELEGATION_WALK_MAX
from dao_app.core.rules import delegations
from dao_app.core.rules.charter import complete
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import ROLES
from dao_app.core.state import State
from tests.unit.app.test_use_cases import FAST, PASSPHRASE, Desk

STRINGS = Path(__file__).parents[3] / "resources" / "strings"
Call = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An organisation of one with 1,000.00 in its treasury, two departments, and work handed in by its reviewer."""
    home = tmp_path_factory.mktemp("rejections") / "home"
    made = Desk(home)
    made.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    made.call("org_create", name="Example", initial="1000", parameters={**FAST, "bond": 100})
    for name, parent in (("Ops", ""), ("Night", "Ops")):
        made.call("department_open", org="", name=name, parent=parent)
    task = made.call("task_open", org="", title="Own work")
    made.settle()
    made = Desk(home)
    made.call("identity_unlock", passphrase=PASSPHRASE)
    made.call("task_claim", org="", task=task.id)
    made.call("task_submit", org="", task=task.id)
    made.own = task.id  # type: ignore[attr-defined]
    yield made
    made.handle.close()


def spend(amount: str, **more: Any) -> Call:
    effect = {"do": "pay", "to": "Lin", "amount": amount, **more}
    return "proposal_open", {"title": "Q", "kind": "spending", "effects": [effect]}


def ask(kind: str, effect: dict[str, str], **more: Any) -> Call:
    return "proposal_open", {"title": "Q", "kind": kind, "effects": [effect], **more}


CASES: dict[str, tuple[Call, str]] = {
    "a ballot of another method": (("vote", {"proposal": "P", "choice": [1, 2]}), "choice_bad"),
    "a ballot of no method": (("vote", {"proposal": "P", "choice": {"yes": 1}}), "choice_bad"),
    "more than there is": (spend("1000.01"), "reject.treasury_too_low"),
    "to somebody unknown": (spend("1", to="Nobody"), "member_unknown"),
    "from an empty department": (spend("1", **{"from": "department:Ops"}), "reject.treasury_too_low"),
    "an office that is held": (ask("role", {"do": "assign", "member": "Lin", "role": "founder"}), "reject.role_held"),
    "an effect of another kind": (
        ask("decision", {"do": "pay", "to": "Lin", "amount": "1"}), "reject.effect_not_for_kind",
    ),
    "a department below itself": (("department_move", {"department": "Ops", "parent": "Ops/Night"}),
                                  "reject.department_cycle"),
    "a department below itself by vote": (
        ask("role", {"do": "move_department", "department": "Ops", "parent": "Ops/Night"}), "reject.department_cycle",
    ),
    "a delegation to oneself": (("delegate", {"to": "Lin"}), "reject.delegate_self"),
    "an amount of nothing": (spend("0"), "amount_zero"),
    "an amount below nothing": (spend("-1"), "amount_form"),
    "the largest amount": (spend("90071992547409.91"), "reject.treasury_too_low"),
    "more than the largest amount": (spend("90071992547409.92"), "amount_size"),
    "a part of the smallest amount": (spend("0.001"), "amount_decimals"),
    "one's own work": (("task_accept", {"task": "T"}), "reject.own_work"),
    "an opening in the past": (("proposal_open", {"title": "Q", "opens_ms": 1_000_000_000_000}), "opens_past"),
    "a discussion of less than no time": (("proposal_open", {"title": "Q", "discussion_s": -1}), "period_bounds"),
    "nobody left": (ask("penalty", {"do": "expel", "member": "Lin"}), "reject.lockout"),
    "nobody left who may decide": (
        ask("role", {"do": "unassign", "member": "Lin", "role": "founder"}), "reject.lockout",
    ),
    "an amendment after which none could pass": (
        ask("amendment", {"do": "amend", "name": "min_support_power", "value": "2"}), "reject.lockout",
    ),
    "the treasury for one person": (spend("500.01"), "reject.reserve_cap"),
    "a bond that is none": (("proposal_open", {**spend("1")[1], "bond": "0.50"}), "reject.bond_too_low"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_named_before_signing(desk: Desk, case: tuple[Call, str]) -> None:
    (method, given), code = case
    params = dict(given)
    if params.get("task") == "T":
        params["task"] = desk.own  # type: ignore[attr-defined]
    if params.get("proposal") == "P":
        params["proposal"] = desk.call("proposal_open", org="", title="Open").id
    before = desk.call("log_list", org="")[0].id
    with pytest.raises(GuildhallError) as caught:
        desk.call(method, org="", **params)
    assert caught.value.code == code
    assert desk.call("log_list", org="")[0].id == before, "something was signed"
    for language in ("en", "zh"):
        texts = json.loads((STRINGS / f"{language}.json").read_text(encoding="utf-8"))
        assert texts[code if code.startswith("reject.") else f"error.{code}"].strip()


# -- delegation in a circle of ten thousand ------------------------------------------------------------
LENGTH = 10_000


class Chain:
    """A final state in which each of many members lets the next one vote."""

    def __init__(self, length: int) -> None:
        self.roots = [number.to_bytes(32, "big") for number in range(1, length + 1)]
        grants = (Grant("member", b"", b"", 0),)
        self.known: dict[bytes, Entity] = {
            ORG_KEY: Org("X", "", b"", complete({}), (), 1, ()),
            TOTALS_KEY: Totals(0, 0, length, 0, 0, length, 0, length - 1, 0),
        }
        for root, to in zip(self.roots, [*self.roots[1:], b""], strict=True):
            self.known[member_key(root)] = Member("active", grants, 1, None, b"", None, 0, ((1, 0),), (), ())
            if to:
                self.known[delegations_key(root)] = Delegations(((b"", to),))
        self.looked = 0

    def entity(self, key: bytes) -> Entity | None:
        self.looked += 1
        return self.known.get(key)

    def delegate(self, author: bytes, to: bytes) -> Rejection | None:
        member = self.known[member_key(author)]
        assert isinstance(member, Member)
        action = Action(b"", b"", b"", 1, None, (), 0, "vote.delegate", {"to": to})
        return delegations.delegate(
            State(self), action, Author(author, b"", member, ROLES["member"]), Context(0, 2, False, 0)
        )


def test_a_circle_of_ten_thousand_is_refused_in_bounded_steps() -> None:
    chain = Chain(LENGTH)
    assert chain.delegate(chain.roots[-1], chain.roots[0]) is Rejection.DELEGATION_CYCLE
    assert chain.looked < LENGTH + 10
    shorter = Chain(LENGTH)
    assert shorter.delegate(shorter.roots[-1], b"\xff" * 32) is Rejection.DELEGATE_UNKNOWN


def test_a_chain_too_long_to_follow_counts_as_a_circle() -> None:
    chain = Chain(DELEGATION_WALK_MAX + 2)
    stranger = b"\xee" * 32
    chain.known[member_key(stranger)] = chain.known[member_key(chain.roots[0])]
    assert chain.delegate(stranger, chain.roots[0]) is Rejection.DELEGATION_CYCLE
    assert chain.looked < DELEGATION_WALK_MAX + 10
