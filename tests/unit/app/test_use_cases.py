"""Use cases through the whole engine without a network: gestures, wrong input, what survives."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.addresses import device_text
from dao_app.app.errors import GuildhallError, InputError, Locked, NotFound, Refused
from dao_app.bootstrap.engine import EngineThread, Options

PASSPHRASE = "correct horse battery"
FAST = {"grace_ms": 0, "voting_least_ms": 1_000, "quorum_bp": 0}


class Desk:
    """An engine on a folder; ``call`` waits."""

    def __init__(self, home: Path) -> None:
        self.handle = EngineThread(Options(home, network=False, socket=False, vault_cost="least"))
        self.service = self.handle.wait_ready()

    def call(self, method: str, /, **params: Any) -> Any:
        told: queue.Queue[Any] = queue.Queue()
        self.handle.call(method, params, told.put, told.put)
        found = told.get(timeout=60)
        if isinstance(found, GuildhallError):
            raise found
        return found

    def settle(self) -> None:
        """Have everything sealed now."""
        self.handle.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "home")
    yield made
    made.handle.close()


@pytest.fixture
def founded(desk: Desk) -> Desk:
    desk.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    desk.call("org_create", name="Example", initial="1000", parameters=FAST)
    return desk


def test_nothing_can_be_signed_without_an_identity(desk: Desk) -> None:
    assert not desk.call("identity_status").exists
    with pytest.raises(Locked, match="no_identity"):
        desk.call("org_create", name="Example")
    with pytest.raises(NotFound, match="no_organisation"):
        desk.call("task_list", org="")


def test_identity_words_passphrase(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "one")
    view, words = desk.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    assert len(words) == 24 and view.unlocked and not view.words_confirmed
    assert not desk.call("identity_confirm_words", words=["wrong", words[4]], positions=[1, 5])
    assert desk.call("identity_confirm_words", words=[words[0], words[4]], positions=[1, 5])
    assert desk.call("identity_words", passphrase=PASSPHRASE) == words
    with pytest.raises(Locked, match="passphrase_wrong"):
        desk.call("identity_words", passphrase="another phrase")
    with pytest.raises(GuildhallError, match="identity_exists"):
        desk.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    desk.handle.close()
    again = Desk(tmp_path / "one")
    assert again.call("identity_status").exists and not again.call("identity_status").unlocked
    with pytest.raises(Locked, match="passphrase_wrong"):
        again.call("identity_unlock", passphrase="wrong wrong wrong")
    assert again.call("identity_unlock", passphrase=PASSPHRASE).unlocked
    again.handle.close()
    other = Desk(tmp_path / "two")
    assert other.call("identity_restore", words=" ".join(words), name="Lin", passphrase=PASSPHRASE).id == view.id
    other.handle.close()


@pytest.mark.parametrize(
    ("method", "params", "error", "code"),
    [
        ("task_open", {"title": " "}, InputError, "text_empty"),
        ("task_open", {"title": "x" * 401}, InputError, "title_too_long"),
        ("task_open", {"title": "T", "reward": "-5"}, InputError, "amount_form"),
        ("task_open", {"title": "T", "reward": "1.234"}, InputError, "amount_decimals"),
        ("task_open", {"title": "T", "reward": "٥"}, InputError, "amount_form"),
        ("task_open", {"title": "T", "reward": "1e3"}, InputError, "amount_form"),
        ("task_open", {"title": "T", "reward": "99999999999999999999"}, InputError, "amount_form"),
        ("task_open", {"title": "T", "reward": "5", "unit": "EUR"}, NotFound, "unit_unknown"),
        ("task_open", {"title": "T", "reward": "5000"}, Refused, "reject.balance_too_low"),
        ("task_open", {"title": "T", "lifetime_s": -1}, InputError, "period_bounds"),
        ("task_open", {"title": "T", "text": "x" * 300_000}, Refused, "text_too_long"),
        ("task_show", {"task": "T-9"}, NotFound, "task_unknown"),
        ("task_show", {"task": "zz; DROP"}, NotFound, "task_unknown"),
        ("task_claim", {"task": "abcdef"}, NotFound, "task_unknown"),
        ("proposal_open", {"title": "P", "method": "dice"}, Refused, "reject.method_unknown"),
        ("proposal_open", {"title": "P", "voting_s": 10**12}, InputError, "period_bounds"),
        ("proposal_open", {"title": "P", "method": "single", "options": ["A"]}, Refused, "reject.options_bad"),
        ("proposal_open", {"title": "P", "table": [["Lin", "-1"]]}, InputError, "power_form"),
        ("proposal_open", {"title": "P", "table": [["Lin", "1"], ["Lin", "2"]]}, InputError, "power_twice"),
        ("vote", {"proposal": "P-1", "choice": "yes"}, NotFound, "proposal_unknown"),
        ("token_transfer", {"to": "nobody", "amount": "1"}, NotFound, "member_unknown"),
        ("token_transfer", {"to": "treasury", "amount": "1"}, Refused, "reject.balance_too_low"),
        ("token_issue", {"amount": "9999999"}, Refused, "reject.cap_exceeded"),
        ("token_tip", {"to": "Lin", "amount": "1"}, Refused, "reject.to_self"),
        ("comment_add", {"target": "T-1", "text": "hello"}, NotFound, "target_unknown"),
        ("invite_create", {"role": "king"}, InputError, "role_unknown"),
        ("invite_create", {"uses": 0}, InputError, "uses_bounds"),
        ("invite_create", {"lifetime_s": 10**9}, InputError, "period_bounds"),
        ("invite_revoke", {"invite": "abcdef"}, NotFound, "invite_unknown"),
        ("log_show", {"entry": "xyz"}, NotFound, "entry_unknown"),
        ("peer_add", {"address": "somewhere"}, InputError, "address_form"),
        ("peer_add", {"address": "/ip4/0.0.0.0/tcp/1/p2p/x"}, InputError, "address_form"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_signed(
    founded: Desk, method: str, params: dict[str, Any], error: type[GuildhallError], code: str
) -> None:
    before = founded.call("log_list", org="")
    with pytest.raises(error) as caught:
        founded.call(method, org="", **params)
    assert caught.value.code == code
    assert founded.call("log_list", org="")[0].id == before[0].id


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invite_missing"),
        ("hello", "invite_missing"),
        ("guildhall:join/aaaaaaaaaaaa", "invite_damaged"),
        ("guildhall:join/" + "a" * 7_000, "invite_too_long"),
    ],
)
def test_bad_invitations(founded: Desk, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        founded.call("invite_read", link=text)
    assert caught.value.code == code


def test_an_invitation_reads_as_it_was_made(founded: Desk) -> None:
    made = founded.call("invite_create", org="", role="observer", note="for the library")
    preview = founded.call("invite_read", link=f"Hello!\n{made.text}\nSee you")
    assert (preview.role, preview.words) == ("observer", made.words)
    assert founded.call("invite_show", org="", invite=made.id).link.startswith("guildhall:join/")
    (row,) = founded.call("invite_list", org="")
    assert row.status == "open" and set(row.can) == {"revoke", "show"}
    founded.call("invite_revoke", org="", invite=made.id)
    assert founded.call("invite_list", org="")[0].status == "revoked"


def test_closing_seals_what_was_signed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "home")
    desk.call("identity_create", name="Lin", passphrase=PASSPHRASE)
    desk.call("org_create", name="Example", initial="10", parameters=FAST)
    desk.call("task_open", org="", title="Sealed when the program closes", reward="2.50")
    desk.handle.close()
    again = Desk(tmp_path / "home")
    (row,) = again.call("task_list", org="")
    assert row.number == 1 and row.stamp.state == "final" and row.reward.minor == 250
    (treasury,) = again.call("token_balance", org="", party="treasury")
    assert (treasury.available_minor, treasury.held_minor) == (750, 250)
    with pytest.raises(Locked, match="locked"):
        again.call("task_open", org="", title="Not without the passphrase")
    again.handle.close()


def test_a_second_instance_is_told(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="folder_in_use"):
        Desk(tmp_path / "home")


def test_the_sample_organisation_is_one_call_away(desk: Desk) -> None:
    row = desk.call("demo_open")
    assert row.demo and row.members == 7
    statuses = {p.status for p in desk.call("proposal_list", org=row.id)}
    assert {"voting", "passed", "not_passed", "decided"} <= statuses
    assert desk.call("log_verify", org=row.id).ok
    voted = desk.call("vote", org=row.id, proposal="P-5", choice="yes")
    assert voted.my_choice == '"yes"'
    desk.call("vote", org=row.id, proposal="P-5", choice="no", reason="Too much for one group")
    detail = desk.call("proposal_show", org=row.id, proposal="P-5")
    assert detail.row.my_choice == '"no"' and detail.comments[-1].text == "Too much for one group"
    assert desk.call("demo_open").id == row.id


def test_an_address_that_was_added_is_there_after_a_restart(founded: Desk, tmp_path: Path) -> None:
    address = f"/ip4/192.0.2.7/tcp/443/p2p/{device_text(b'd' * 32)}"
    founded.call("peer_add", org="", address=f" {address} ")
    founded.handle.close()
    again = Desk(tmp_path / "home")
    (opened,) = again.service._ws.opened.values()
    assert opened.book.texts() == [address]
    codes = {finding.code for finding in again.call("doctor_network")}
    assert {"network_not_running", "locked"} <= codes
    again.handle.close()
