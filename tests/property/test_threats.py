"""Threats 24, 40, 42 and 43: each attack comes to nothing, and with the answer taken out the same scenario fails.

Actions are signed by hand and admitted where the founder seals, so nothing but the rules of the core stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dao_app.core import transition
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Account, Proposal, Unit
from dao_app.core.envelope import build_payload, pack, signed_message, unpack
from dao_app.core.keys import TREASURY, account_key, member_party, unit_key
from dao_app.core.limits import INT_MAX
from dao_app.core.rules import ballots, closing, electorate, firms, ledger, members, membership, reserves
from dao_app.core.state import Posting, State
from dao_app.core.transition import InvariantBroken
from tests.fakes.checks import check_governance
from tests.fakes.world import Person, World
from tests.unit.rules.votes import adopt, balance, body, close, pay, proposal, put, result, vote

Scenario = Callable[[Path], None]
Mutant = Callable[[pytest.MonkeyPatch], None]


class Threat(NamedTuple):
    """``number`` as in docs/threats.md; ``mutant`` takes the answer out."""

    number: int
    scenario: Scenario
    mutant: Mutant


def founded(path: Path, **charter: int) -> World:
    world = World(path, charter=charter)
    world.seal()
    return world


def envelope(world: World, person: Person, type_: str, content: dict[str, Any]) -> bytes:
    """The person's next action, whatever the rules will say of it."""
    head = world.main.heads()[person.device.public]
    payload = build_payload(
        world.org_id, person.device.public, head.seq + 1, head.digest, (), world.clock.now, type_, content
    )
    return pack(payload, person.device.sign(signed_message(digest(payload))))


def act(world: World, person: Person, type_: str, content: dict[str, Any]) -> bytes:
    """Have it admitted; returns its id."""
    raw = envelope(world, person, type_, content)
    assert world.main.admit_now([raw]).stored == 1
    return world.main.heads()[person.device.public].digest


def sealed(world: World, ms: int = 1_000) -> dict[bytes, str]:
    """Seal; the rejections of that checkpoint by action."""
    world.seal(ms)
    check_governance(world.main)
    return world.main.store.verdicts(world.main.store.order(world.main.height()))


def order(to: bytes, amount: int, source: bytes | None = None) -> dict[str, Any]:
    content = {"unit": "GLD", "amount": amount, "to": to}
    return content if source is None else {**content, "for": source}


def party(person: Person) -> bytes:
    return member_party(person.root.public)


def with_money(path: Path, amount: int = 500) -> tuple[World, Person, Person]:
    world = founded(path)
    one, other = world.add_member()[0], world.add_member()[0]
    world.main.write("token.transfer", order(party(one), amount, TREASURY))
    sealed(world)
    return world, one, other


# -- 24: overflow, negative balance, double spend, double payout -----------------------------------
def all_is_spent_once(path: Path) -> None:
    world, one, other = with_money(path)
    ids = [act(world, one, "token.transfer", order(to, 500)) for to in (party(other), TREASURY)]
    ids += [act(world, one, "token.tip", order(party(other), 500))]
    rejected = sealed(world)
    assert [rejected.get(id_) for id_ in ids] == [None, "balance_too_low", "balance_too_low"]


def nothing_is_issued_beyond_the_cap(path: Path) -> None:
    world = founded(path)
    for amount in (INT_MAX, 9_000_001, 9_000_000, 1):
        act(world, world.founder, "token.issue", order(TREASURY, amount))
    assert set(sealed(world).values()) == {"cap_exceeded"}
    unit = world.main.replay.final.entity(unit_key("GLD"))
    assert isinstance(unit, Unit) and unit.supply == unit.cap


def amounts_stay_within_their_bounds(path: Path) -> None:
    world, one, other = with_money(path)
    act(world, one, "token.transfer", order(party(other), 0))
    act(world, one, "token.transfer", order(party(other), -5))
    act(world, one, "token.transfer", order(party(other), INT_MAX))
    act(world, one, "token.transfer", order(party(one), 5))
    rejected = sorted(sealed(world).values())
    assert rejected == ["amount_not_positive", "balance_too_low", "malformed", "to_self"]
    assert balance(world, party(one)) == 500


def what_was_adopted_is_paid_once(path: Path) -> None:
    """It failed at first; then two members ask at once for another try."""
    world, one, other = with_money(path)
    to = party(other)
    id_ = put(world, body("spending", pay(to, 400_000)))
    world.main.write("token.transfer", order(party(one), 700_000, TREASURY))
    vote(world.main, id_)
    close(world)
    assert proposal(world, id_).execution == "failed"
    act(world, one, "token.transfer", order(TREASURY, 700_000))
    sealed(world)
    for person in (one, other):
        act(world, person, "proposal.execute", {"proposal": Link(id_)})
    sealed(world)
    assert balance(world, to) == 400_000


def a_waiting_payment_is_paid_once(path: Path) -> None:
    world = founded(path)
    a, b, c = (world.add_member("partner")[0] for _ in range(3))
    signers = [[person.root.public, 900] for person in (a, b, c)]
    firm = act(world, a, "firm.register", {"name": "Mill", "register": "", "signers": signers, "dual": 10})
    sealed(world)
    act(world, world.founder, "token.transfer", order(b"f" + firm, 2_000, TREASURY))
    sealed(world)
    payment = act(world, a, "firm.pay", {"firm": Link(firm), **order(party(a), 500)})
    sealed(world)
    for person in (b, c):
        act(world, person, "firm.approve", {"payment": Link(payment)})
    sealed(world)
    assert balance(world, party(a)) == 500


# -- 40: one member on two devices ---------------------------------------------------------------------
def the_last_ballot_in_the_final_order_counts(path: Path) -> None:
    world, one, _ = with_money(path)
    id_ = put(world, body("decision"))
    for choice in ("yes", "no", "yes", "no"):
        act(world, one, "vote.cast", {"proposal": Link(id_), "choice": choice})
    close(world)
    assert result(world, id_).scores == ("0", "1", "0")


def two_devices_of_a_member_have_one_vote(path: Path) -> None:
    """Both certified by the root: whichever ballot is last in the final order counts, once."""
    world, one, _ = with_money(path)
    second, _ = world.add_device(one)
    id_ = put(world, body("decision"))
    for device, choice in ((one, "yes"), (second, "no"), (one, "yes"), (second, "no")):
        act(world, device, "vote.cast", {"proposal": Link(id_), "choice": choice})
        sealed(world)
    close(world)
    assert (result(world, id_).scores, result(world, id_).voted) == (("0", "1", "0"), 1)


def two_devices_of_a_member_spend_one_account(path: Path) -> None:
    """Each device sees enough; in the final order one of the two is too much."""
    world, one, other = with_money(path)
    second, _ = world.add_device(one)
    whole = balance(world, party(one))
    for device in (one, second):
        act(world, device, "token.transfer", order(party(other), whole))
    assert list(sealed(world).values()) == ["balance_too_low"]
    assert balance(world, party(one)) == 0


def two_histories_of_a_device_are_one_ballot_and_no_more(path: Path) -> None:
    """The second replica of a device is a fork: of its ballots at most the sealed branch's counts."""
    world, one, other = with_money(path)
    id_ = put(world, body("decision"))
    twin = {c: envelope(world, one, "vote.cast", {"proposal": Link(id_), "choice": c}) for c in ("yes", "no")}
    assert world.main.admit_now([twin["yes"]]).stored == 1
    assert world.main.admit_now([twin["no"]]).refused == {"fork": 1}
    pair = sorted(twin.values(), key=lambda raw: digest(unpack(raw)[0]))
    act(world, other, "device.fork", {"one": pair[0], "two": pair[1]})
    sealed(world)
    again = envelope(world, one, "vote.cast", {"proposal": Link(id_), "choice": "no"})
    assert world.main.admit_now([again]).refused == {"device_refused": 1}
    close(world)
    assert result(world, id_).voted <= 1
    assert result(world, id_).scores[1] == "0"


def what_comes_in_is_spent_once_final(path: Path) -> None:
    world, one, other = with_money(path)
    act(world, one, "token.transfer", order(party(other), 500))
    world.sync(world.main, world.replicas[other.device.public])
    head = world.main.heads()[one.device.public].digest
    payload = build_payload(
        world.org_id, other.device.public, 2, world.main.heads()[other.device.public].digest, (head,), world.clock.now,
        "token.transfer", order(TREASURY, 500),
    )  # fmt: skip
    raw = pack(payload, other.device.sign(signed_message(digest(payload))))
    assert world.main.admit_now([raw]).stored == 1
    assert list(sealed(world).values()) == ["balance_too_low"]
    act(world, other, "token.transfer", order(TREASURY, 500))
    assert not sealed(world)


# -- 42: packing the electorate ------------------------------------------------------------------------------
def who_comes_with_the_opening_has_no_vote(path: Path) -> None:
    world = founded(path)
    invite, bearer = world.invite(world.main, uses=9)
    sealed(world)
    id_ = world.main.write("proposal.open", body("decision")).id
    guests = [Person(world.random) for _ in range(5)]
    for guest in guests:
        world.main.admit_now([world.join_envelope(guest, invite, bearer)])
    sealed(world)
    assert proposal(world, id_).status == "voting"
    act(world, world.founder, "vote.cast", {"proposal": Link(id_), "choice": "no"})
    for guest in guests:
        act(world, guest, "vote.cast", {"proposal": Link(id_), "choice": "yes"})
    assert list(sealed(world).values()) == ["not_in_electorate"] * 5
    close(world)
    assert (result(world, id_).scores, result(world, id_).electorate_power) == (("0", "1", "0"), 1)


def an_expired_invitation_lets_nobody_in(path: Path) -> None:
    world = founded(path)
    invite, bearer = world.invite(world.main, uses=9, lifetime=60_000)
    sealed(world)
    sealed(world, 60_000)
    guest = Person(world.random)
    world.main.admit_now([world.join_envelope(guest, invite, bearer)])
    assert list(sealed(world).values()) == ["invite_expired"]
    assert world.main.standing(guest.device.public) != "active"


def who_lost_the_vote_before_the_opening_has_none(path: Path) -> None:
    world, one, _ = with_money(path)
    gone = {"do": "unassign", "member": one.root.public, "role": "member", "department": None}
    adopt(world, body("role", gone))
    id_ = put(world, body("decision"))
    act(world, one, "vote.cast", {"proposal": Link(id_), "choice": "yes"})
    assert list(sealed(world).values()) == ["not_in_electorate"]
    assert proposal(world, id_).voters == 2


# -- 43: reserving the whole treasury -----------------------------------------------------------------------------
def one_author_holds_no_more_than_the_charters_share(path: Path) -> None:
    """Again and again, withdrawn and put anew, with a friend who seconds everything."""
    world, one, other = with_money(path)
    for attempt in range(3):
        ids = [act(world, one, "proposal.open", body("spending", pay(party(other), 300_000))) for _ in range(3)]
        sealed(world)
        known = [id_ for id_ in ids if isinstance(world.main.replay.final.entity(b"p" + id_), Proposal)]
        for id_ in known:
            act(world, other, "proposal.second", {"proposal": Link(id_)})
        sealed(world)
        assert balance(world, TREASURY) >= 1_000_000 // 2 - 500, attempt
        for id_ in known:
            act(world, one, "proposal.withdraw", {"proposal": Link(id_)})
        sealed(world)
        assert balance(world, TREASURY) == 1_000_000 - 500


def nobody_reserves_alone(path: Path) -> None:
    world, one, other = with_money(path)
    id_ = act(world, one, "proposal.open", body("spending", pay(party(other), 300_000)))
    sealed(world)
    act(world, one, "proposal.second", {"proposal": Link(id_)})
    sealed(world)
    assert balance(world, TREASURY) == 1_000_000 - 500


# -- the answers, taken out ------------------------------------------------------------------------------------------
def _rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "balance", lambda self, party_, unit: INT_MAX)


def _any_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "check_issue", lambda *given: None)


def _any_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "check_amount", lambda *given: None)


def _executes_always(monkeypatch: pytest.MonkeyPatch) -> None:
    again = lambda s, begun, m: closing._execute(s, begun.id, m, begun.place)  # noqa: E731
    monkeypatch.setitem(transition.STARTED, "execute", again)


def _pays_what_was_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    real = firms._waiting

    def waiting(state: State, id_: bytes, author: Any) -> Any:
        key = firms.payment_key(id_)
        state.put(key, state.need(key, firms.Payment)._replace(status="waiting"))
        return real(state, id_, author)

    monkeypatch.setattr(firms, "_waiting", waiting)


def _keeps_the_first_ballot(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ballots._put_ballot

    def put_once(state: State, id_: bytes, found: Proposal, ballot: Any) -> int:
        return found.voted if ballots.ballot_of(state, id_, found, ballot.member) else real(state, id_, found, ballot)

    monkeypatch.setattr(ballots, "_put_ballot", put_once)


def _counts_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ballots._put_ballot

    def put_beside(state: State, id_: bytes, found: Proposal, ballot: Any) -> int:
        return real(state, id_, found, ballot._replace(member=digest(ballot.action)))

    monkeypatch.setattr(ballots, "_put_ballot", put_beside)


def _freezes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = transition.TYPES["device.fork"]
    monkeypatch.setitem(transition.TYPES, "device.fork", entry._replace(rule=lambda *given: None))


def _credits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real = State.move

    def move(self: State, posting: Posting) -> None:
        real(self, posting)
        key = account_key(posting.target, posting.unit)
        account = self.need(key, Account)
        self.put(key, Account(account.balance + account.incoming, 0))

    monkeypatch.setattr(State, "move", move)


def _votes_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(electorate, "had_vote", lambda member, height: members.has_vote(member))


def _votes_of_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "has_vote", lambda member: bool(member.joined))


def _any_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(membership, "_usable", lambda found: None)


def _no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserves, "refuse_share", lambda *given: None)


def _backed_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserves, "is_backed", lambda *given: True)


THREATS = [
    Threat(24, all_is_spent_once, _rich),
    Threat(24, nothing_is_issued_beyond_the_cap, _any_issue),
    Threat(24, amounts_stay_within_their_bounds, _any_amount),
    Threat(24, what_was_adopted_is_paid_once, _executes_always),
    Threat(24, a_waiting_payment_is_paid_once, _pays_what_was_paid),
    Threat(40, the_last_ballot_in_the_final_order_counts, _keeps_the_first_ballot),
    Threat(40, two_devices_of_a_member_have_one_vote, _counts_devices),
    Threat(40, two_devices_of_a_member_spend_one_account, _rich),
    Threat(40, two_histories_of_a_device_are_one_ballot_and_no_more, _freezes_nobody),
    Threat(40, what_comes_in_is_spent_once_final, _credits_at_once),
    Threat(42, who_comes_with_the_opening_has_no_vote, _votes_of_today),
    Threat(42, who_lost_the_vote_before_the_opening_has_none, _votes_of_ever),
    Threat(42, an_expired_invitation_lets_nobody_in, _any_invitation),
    Threat(43, one_author_holds_no_more_than_the_charters_share, _no_share),
    Threat(43, nobody_reserves_alone, _backed_by_nobody),
]
NAMES = [f"{threat.number}-{threat.scenario.__name__}" for threat in THREATS]


@pytest.mark.parametrize("threat", THREATS, ids=NAMES)
def test_the_attack_comes_to_nothing(threat: Threat, tmp_path: Path) -> None:
    threat.scenario(tmp_path)


@pytest.mark.parametrize("threat", THREATS, ids=NAMES)
def test_without_the_answer_it_would_be_noticed(
    threat: Threat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threat.mutant(monkeypatch)
    with pytest.raises((AssertionError, InvariantBroken)):
        threat.scenario(tmp_path)
