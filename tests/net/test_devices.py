"""Devices, restoring and guardians through the use cases of whole engines that meet over loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.errors import GuildhallError, InputError, Locked, NotFound, Refused, StorageError
from dao_app.app.organisation import Organisation
from dao_app.platform.clock import SystemClock
from tests.net.engines import PASSPHRASE, WAIT_S, Machine, until

pytestmark = pytest.mark.xdist_group("loopback")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Callable[[], Machine]]:
    made: list[Machine] = []

    def make() -> Machine:
        made.append(Machine(tmp_path / f"machine{len(made)}"))
        return made[-1]

    yield make
    for machine in made:
        machine.close()


def own(machine: Machine) -> dict[str, Any]:
    return {row.device: row for row in machine.ask("device_list")}


def here(machine: Machine) -> str:
    (found,) = [row.device for row in machine.ask("device_list") if row.here]
    return str(found)


def keys(machine: Machine) -> list[tuple[int, bytes]]:
    (opened,) = machine.service._ws.opened.values()
    return list(opened.org.org_keys())


def names(machine: Machine) -> set[str]:
    return {row.person.name for row in machine.ask("member_list")}


def height(machine: Machine) -> int:
    (opened,) = machine.service._ws.opened.values()
    return int(opened.org.height())


def test_a_second_device_by_request_and_grant_and_its_revocation(machines: Callable[[], Machine]) -> None:
    first, second = machines(), machines()
    org = first.founded()
    until(lambda: bool(first.ask("org_card").addresses))
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    assert second.call("device_request", name="other", passphrase=PASSPHRASE) == request  # it waits
    read = first.call("device_read", link=request.text)
    assert (read.words, read.name) == (request.words, "Laptop") and len(read.words) == 6
    with pytest.raises(Locked, match="passphrase_wrong"):
        first.call("device_grant", link=request.link, passphrase="wrong wrong wrong")
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    assert (grant.organisations, grant.words) == (("Example",), request.words)
    (found,) = second.call("device_accept", link=grant.text, wait_s=int(WAIT_S))
    assert (found.org, found.stage) == (org, "done")
    assert second.call("identity_status").id == first.call("identity_status").id
    until(lambda: len(own(first)) == len(own(second)) == 2 and height(first) == height(second))
    laptop = here(second)
    assert own(first)[laptop].status == "active" and not own(first)[laptop].here
    assert first.ask("device_label", device=laptop[:8], label="Laptop").label == "Laptop"
    # both write as the same member
    until(lambda: bool(second.ask("org_show").row.name))
    second.ask("contribution_claim", title="from the laptop")
    until(lambda: [row.title for row in first.ask("contribution_list")] == ["from the laptop"])
    before = keys(first)
    first.ask("device_revoke", device="Laptop")
    until(lambda: own(first)[laptop].status == "revoked")
    until(lambda: keys(first)[-1] != before[-1])
    until(lambda: not any(peer.connected for peer in second.ask("peer_list")))
    first.ask("contribution_claim", title="not for the laptop")
    until(lambda: height(first) > height(second))
    assert keys(second) == before
    with pytest.raises(NotFound, match="device_unknown"):
        first.ask("device_revoke", device="feedfeed")
    for machine in (first, second):
        device = here(machine)
        machine.call("identity_lock")
        assert here(machine) == device and not own(machine)[device].connected


def test_a_grant_is_of_use_to_its_request_alone(machines: Callable[[], Machine]) -> None:
    first, second, third = machines(), machines(), machines()
    first.founded()
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    third.call("device_request", name="Thief", passphrase=PASSPHRASE)
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    with pytest.raises(InputError, match="device_grant_other"):
        third.call("device_accept", link=grant.link)
    with pytest.raises(NotFound, match="device_no_request"):
        first.call("device_accept", link=grant.link)
    with pytest.raises(GuildhallError, match="identity_exists"):
        first.call("device_request", name="x", passphrase=PASSPHRASE)
    with pytest.raises(InputError, match="link_missing"):
        first.call("device_read", link=grant.link)
    assert not third.call("identity_status").exists


def test_an_answer_never_replaces_an_identity_that_was_made_meanwhile(machines: Callable[[], Machine]) -> None:
    first, second = machines(), machines()
    first.founded()
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    second.founded()  # did not wait for the answer
    words = second.call("identity_words", passphrase=PASSPHRASE)
    with pytest.raises(GuildhallError, match="identity_exists"):
        second.call("device_accept", link=grant.link)
    assert second.call("identity_words", passphrase=PASSPHRASE) == words


def test_an_answer_brings_into_all_organisations_at_once_and_again_after_an_interruption(
    machines: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machines(), machines()
    orgs = {first.founded(), str(first.call("org_create", name="Other", initial="1").id)}
    until(lambda: all(first.call("org_card", org=org).addresses for org in orgs))
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    workspace = second.service._ws

    async def interrupted(condition: object, seconds: float) -> bool:
        assert {org.hex() for org in workspace.opened} == orgs  # nobody waits for another one's peers
        raise StorageError("disk_full")

    with monkeypatch.context() as patch, pytest.raises(StorageError, match="disk_full"):
        patch.setattr(workspace, "wait_for", interrupted)
        second.call("device_accept", link=grant.link, wait_s=1)
    found = second.call("device_accept", link=grant.link, wait_s=int(WAIT_S))
    assert {view.org for view in found} == orgs and {view.stage for view in found} == {"done"}
    with pytest.raises(NotFound, match="device_no_request"):
        second.call("device_accept", link=grant.link)


@pytest.mark.parametrize("by", ["card", "invitation"])
def test_coming_in_that_was_cut_off_before_its_request_was_kept_begins_anew(
    machines: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    founder, other = machines(), machines()
    founder.founded()
    if by == "card":
        words = " ".join(founder.call("identity_words", passphrase=PASSPHRASE))
        other.call("identity_restore", words=words, name="Lin", passphrase=PASSPHRASE)
        link, method = founder.invite(), "org_restore"
    else:
        other.call("identity_create", name="Wei", passphrase=PASSPHRASE)
        link, method = founder.invite(), "join"
    with monkeypatch.context() as patch, pytest.raises(StorageError, match="disk_full"):
        patch.setattr(Organisation, "set_anchor", _disk_full)
        other.call(method, link=link)
    other.close()
    again = Machine(tmp_path / "machine1")
    try:
        again.call("identity_unlock", passphrase=PASSPHRASE)
        assert again.call(method, link=link, wait_s=int(WAIT_S)).stage == "done"
    finally:
        again.close()


def _disk_full(*_: object) -> None:
    raise StorageError("disk_full")


def test_a_device_that_revoked_itself_by_mistake_is_made_anew(machines: Callable[[], Machine]) -> None:
    """Nobody tells it that its revocation is final."""
    first, second = machines(), machines()
    first.founded()
    until(lambda: bool(first.ask("org_card").addresses))
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    second.call("device_accept", link=grant.text, wait_s=int(WAIT_S))
    until(lambda: len(own(second)) == 2)
    with pytest.raises(Refused, match="device_not_frozen"):
        second.ask("device_renew")
    laptop = here(second)
    before = keys(first)
    second.ask("device_revoke", device=laptop)
    until(lambda: own(first)[laptop].status == "revoked" and keys(first)[-1] != before[-1])
    second.ask("device_renew")
    until(lambda: own(first).get(here(second)) is not None and own(first)[here(second)].status == "active")
    assert here(second) != laptop
    second.ask("contribution_claim", title="here again")
    until(lambda: [row.title for row in first.ask("contribution_list")] == ["here again"])


def test_a_device_that_was_revoked_while_away_comes_in_again_by_the_root(
    machines: Callable[[], Machine], tmp_path: Path
) -> None:
    """Nobody meets it, so it cannot know."""
    first, second = machines(), machines()
    first.founded()
    until(lambda: bool(first.ask("org_card").addresses))
    request = second.call("device_request", name="Laptop", passphrase=PASSPHRASE)
    grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
    second.call("device_accept", link=grant.text, wait_s=int(WAIT_S))
    until(lambda: len(own(second)) == 2 and height(first) == height(second))
    laptop = here(second)
    second.close()
    before = keys(first)
    first.ask("device_revoke", device=laptop)
    until(lambda: own(first)[laptop].status == "revoked" and keys(first)[-1] != before[-1])
    with pytest.raises(InputError, match="already_joined"):
        first.call("org_restore", link=first.ask("org_card").link)
    again = Machine(tmp_path / "machine1")
    try:
        again.call("identity_unlock", passphrase=PASSPHRASE)
        again.ask("contribution_claim", title="never sent")
        assert again.call("org_restore", link=first.ask("org_card").link, wait_s=int(WAIT_S)).stage == "done"
        assert here(again) != laptop
        again.ask("contribution_claim", title="here again")
        until(lambda: [row.title for row in first.ask("contribution_list")] == ["here again"])
        until(lambda: own(again)[laptop].status == "revoked" and keys(again)[-1] == keys(first)[-1])
    finally:
        again.close()


def test_a_device_too_many_is_told_so_and_comes_in_once_there_is_room(
    machines: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dao_app.core.rules.devices.DEVICES_ACTIVE_MAX", 2)
    first, second, third = machines(), machines(), machines()
    first.founded()
    until(lambda: bool(first.ask("org_card").addresses))
    told = []
    for machine in (second, third):
        request = machine.call("device_request", name="Laptop", passphrase=PASSPHRASE)
        grant = first.call("device_grant", link=request.link, passphrase=PASSPHRASE)
        (found,) = machine.call("device_accept", link=grant.text, wait_s=int(WAIT_S))
        told.append((found.stage, found.reason))
    assert told == [("done", ""), ("refused", "devices_many")]
    first.ask("device_revoke", device=here(second))
    until(lambda: len([row for row in own(first).values() if row.status == "active"]) == 1)
    assert third.call("org_restore", link=first.ask("org_card").link, wait_s=int(WAIT_S)).stage == "done"


@pytest.mark.parametrize("by", ["card", "invitation"])
def test_restoring_from_words_makes_a_new_device_through_any_peer(machines: Callable[[], Machine], by: str) -> None:
    """Threat 38: never an old key."""
    founder, member, restored = machines(), machines(), machines()
    founder.founded()
    member.join(founder.invite(), "Wei")
    until(lambda: height(member) == height(founder))
    old = here(member)
    words = member.call("identity_words", passphrase=PASSPHRASE)
    member.close()  # gone, with whatever it held
    link = founder.ask("org_card").text if by == "card" else founder.invite()
    restored.call("identity_restore", words=" ".join(words), name="Wei", passphrase=PASSPHRASE)
    found = restored.call("org_restore", link=link, wait_s=int(WAIT_S))
    assert found.stage == "done"
    until(lambda: height(restored) == height(founder))
    assert here(restored) != old and {row.status for row in own(restored).values()} == {"active"}
    until(lambda: keys(restored) == keys(founder))
    assert restored.ask("org_show").you.id == restored.call("identity_status").id
    restored.ask("contribution_claim", title="here again")
    until(lambda: [row.title for row in founder.ask("contribution_list")] == ["here again"])
    until(lambda: height(restored) == height(founder))
    restored.ask("device_revoke", device=old)
    until(lambda: own(restored)[old].status == "revoked" and keys(restored)[-1][0] > 0)
    with pytest.raises(InputError, match="already_joined"):
        restored.call("org_restore", link=link)


def test_coming_in_goes_on_after_a_restart_with_the_same_device_key(
    machines: Callable[[], Machine], tmp_path: Path
) -> None:
    founder, first = machines(), machines()
    founder.founded()
    until(lambda: bool(founder.ask("org_card").addresses))
    card = founder.ask("org_card").link
    words = founder.call("identity_words", passphrase=PASSPHRASE)
    first.call("identity_restore", words=" ".join(words), name="Lin", passphrase=PASSPHRASE)
    assert first.call("org_restore", link=card).stage == "searching"
    (opened,) = first.service._ws.opened.values()
    device = opened.org.signer.public
    first.close()
    again = Machine(tmp_path / "machine1")
    try:
        again.call("identity_unlock", passphrase=PASSPHRASE)
        until(lambda: again.ask("join_status").stage == "done")
        until(lambda: len(own(founder)) == 2)
        assert here(again) == device.hex() and own(founder)[device.hex()].status == "active"
    finally:
        again.close()


def test_guardians_give_a_member_another_root_and_the_member_keeps_its_id(
    machines: Callable[[], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = [0]
    now_ms = SystemClock.now_ms
    monkeypatch.setattr(SystemClock, "now_ms", lambda self: now_ms(self) + ahead[0])
    founder, friend, lost, fresh = machines(), machines(), machines(), machines()
    founder.founded()
    friend.join(founder.invite(), "Friend")
    lost.join(founder.invite(), "Wei")
    until(lambda: all(names(machine) == {"Lin", "Friend", "Wei"} for machine in (founder, friend, lost)))
    wei = lost.call("identity_status").id
    old = here(lost)
    with pytest.raises(Refused, match="guardians_bad"):
        lost.ask("guardian_set", members=["Lin", "Friend"], needed=-1)
    lost.ask("guardian_set", members=["Lin", "Friend"], needed=2)
    until(lambda: all(len(machine.ask("guardian_list").wards) == 1 for machine in (founder, friend)))
    until(lambda: height(lost) == height(friend) == height(founder))
    assert [person.name for person in lost.ask("guardian_list").guardians] != []
    lost.close()
    fresh.call("identity_create", name="Wei", passphrase=PASSPHRASE)
    request = fresh.call("guardian_request")
    for guardian in (founder, friend):
        read = guardian.call("guardian_read", link=request.text)
        assert (read.words, read.fingerprint) == (request.words, request.fingerprint)
        guardian.ask("guardian_approve", member="Wei", link=request.link)
    until(lambda: founder.ask("guardian_list").wards[0].waiting[0].due_ms > 0)
    (waiting,) = founder.ask("guardian_list").wards[0].waiting
    assert len(waiting.approved_by) == 2 and waiting.words == request.words
    ahead[0] = 61_000
    opened = founder.service._ws.opened
    until(lambda: all(o.org.root_known(bytes.fromhex(fresh.call("identity_status").id)) for o in opened.values()))
    found = fresh.call("org_restore", link=founder.ask("org_card").link, wait_s=int(WAIT_S))
    assert found.stage == "done"
    until(lambda: height(fresh) == height(founder))
    you = fresh.ask("org_show").you
    assert you.id == wei != fresh.call("identity_status").id
    statuses = {device: row.status for device, row in own(fresh).items()}
    assert statuses == {old: "revoked", here(fresh): "active"}
    fresh.ask("contribution_claim", title="with another key")
    until(lambda: [row.title for row in founder.ask("contribution_list")] == ["with another key"])
    fresh.ask("guardian_set", members=[], needed=0)
    until(lambda: founder.ask("guardian_list").wards == ())
