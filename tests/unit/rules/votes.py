"""Short ways for tests of governance: put a proposal, let everybody vote, close it."""

from __future__ import annotations

from typing import Any

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.entities import Account, Member, Proposal, Result
from dao_app.core.keys import TREASURY, account_key, member_key, proposal_key, result_key
from dao_app.core.rules.charter import values_of
from dao_app.core.state import State
from tests.fakes.world import Person, World

VOTING = 5_000
DAY = 86_400_000


def body(kind: str, *effects: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Of a proposal decided by yes and no."""
    base: dict[str, Any] = {
        "title": "Q", "kind": kind, "method": "yes-no-abstain", "options": [], "discussion": 0, "voting": VOTING,
    }
    if effects:
        base["effects"] = list(effects)
    return {**base, **changes}


def refusal(org: Organisation, type_: str, content: dict[str, Any]) -> str:
    """The code that the author is told before signing, "" where the action would stand."""
    try:
        org.write(type_, content)
    except Refused as error:
        return error.code.removeprefix("reject.")
    return ""


def put(world: World, content: dict[str, Any], by: Organisation | None = None) -> bytes:
    """Put a proposal and let its vote open everywhere."""
    action = (by or world.main).write("proposal.open", content)
    world.everywhere()
    world.seal()
    world.everywhere()
    return action.id


def vote(org: Organisation, id_: bytes, choice: Any = "yes") -> None:
    org.write("vote.cast", {"proposal": Link(id_), "choice": choice})


def close(world: World, by: int = VOTING) -> None:
    world.everywhere()
    world.seal(by)
    world.everywhere()


def adopt(world: World, content: dict[str, Any], by: Organisation | None = None) -> bytes:
    """Put a proposal, say yes on every device, close it."""
    id_ = put(world, content, by)
    for org in world.replicas.values():
        if org.standing(org.signer.public if org.signer else b"") == "active":
            try:
                vote(org, id_)
            except Refused:
                continue
    close(world)
    return id_


def proposal(world: World, id_: bytes) -> Proposal:
    found = world.main.replay.final.entity(proposal_key(id_))
    assert isinstance(found, Proposal)
    return found


def result(world: World, id_: bytes) -> Result:
    found = world.main.replay.results.entity(result_key(id_))
    assert isinstance(found, Result)
    return found


def member(world: World, person: Person) -> Member:
    found = world.main.replay.final.entity(member_key(person.root.public))
    assert isinstance(found, Member)
    return found


def balance(world: World, party: bytes, unit: str = "GLD") -> int:
    found = world.main.replay.final.entity(account_key(party, unit))
    return found.balance if isinstance(found, Account) else 0


def pay(to: bytes, amount: int = 100, source: bytes = TREASURY) -> dict[str, Any]:
    return {"do": "pay", "from": source, "to": to, "unit": "GLD", "amount": amount}


def assign(root: bytes, role: str, department: bytes | None = None, term: int = 0) -> dict[str, Any]:
    return {"do": "assign", "member": root, "role": role, "department": department, "term": term}


def charter(world: World) -> dict[str, int]:
    return values_of(State(world.main.replay.final))
