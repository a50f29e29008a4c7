"""guildhall device, guardian, org card and restore, identity passphrase, keyring and lock against sample data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.errors import InputError, Locked, StorageError
from dao_app.app.views import JoinView
from dao_app.bootstrap.services import RealServices
from dao_app.cli.handing import write_qr
from dao_app.core.tickets import GRANTED_MAX, DeviceGrant
from dao_app.ui.pictures import invitation_in_picture, load_picture
from tests.fakes.command_line import FakeServices, Run
from tests.fakes.devices import CARD, GRANT, LAPTOP, REQUEST, ROOT, FakeDevices
from tests.fakes.engine import FakeEngine

READING = [["device", "list"], ["guardian", "list"], ["org", "card"], ["guardian", "request"]]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("argv", READING, ids=" ".join)
def test_reading_commands_print_for_people(cli: Run, argv: list[str], lang: str) -> None:
    result = cli(*argv, lang=lang)
    assert result.code == 0 and result.out.strip(), result.err
    assert not [word for word in result.out.split() if word.startswith(("cli.", "device.", "error."))]
    assert cli(*argv, "--json").json


def test_devices_are_listed_labelled_and_revoked(cli: Run, engine: FakeEngine, services: FakeServices) -> None:
    assert "Laptop" in cli("device", "list").out and "revoked" in cli("device", "list").out
    assert "Old one" in cli("device", "label", "Laptop", "Old one").out
    assert cli("device", "revoke", LAPTOP[:8]).code == 0
    assert engine.named("device_revoke") == [{"org": "", "device": LAPTOP[:8]}]
    assert services.connected[-1][1]  # the others shall hear of it
    refused = cli("device", "revoke", "Fridge")
    assert refused.code == 3 and "Fridge" in refused.err


def test_a_request_and_its_grant_by_link_picture_and_file(
    cli: Run, engine: FakeEngine, services: FakeServices, passphrase_file: Path, tmp_path: Path
) -> None:
    secret = ("--passphrase-file", str(passphrase_file))
    picture, text = tmp_path / "request.png", tmp_path / "request.txt"
    made = cli("device", "request", "Laptop", "--picture", str(picture), "--file", str(text), *secret)
    assert made.code == 0 and REQUEST in made.out and "device grant" in made.err
    assert invitation_in_picture(load_picture(picture)) == REQUEST and REQUEST in text.read_text("utf-8")
    services.codes["request.png"] = REQUEST
    for given in ([REQUEST], ["--file", str(text)], ["--file", str(picture)]):
        unanswered = cli("device", "grant", *given, *secret)
        assert unanswered.code == 2 and "compare" in unanswered.err.lower()
        assert engine.named("device_grant") == []
    granted = cli("device", "grant", "--file", str(picture), "--yes", "--to-file", str(tmp_path / "grant.txt"), *secret)
    assert granted.code == 0 and GRANT in granted.out
    accepted = cli("device", "accept", "--file", str(tmp_path / "grant.txt"), "--wait", "5s", *secret)
    assert accepted.code == 0 and "Lin" in accepted.err
    assert services.connected[-1][1]
    assert cli("device", "accept", REQUEST, *secret).code == 2
    assert cli("device", "request", "x", "--picture", "picture.tiff", *secret).code == 2


def test_the_exit_code_says_how_far_a_new_device_came(
    cli: Run, monkeypatch: pytest.MonkeyPatch, passphrase_file: Path
) -> None:
    async def accept(self: Any, link: str, wait_s: int = 0) -> tuple[JoinView, ...]:
        return JoinView("a" * 64, "done", 0, 0), JoinView("b" * 64, found[0], 0, 0, found[1])

    monkeypatch.setattr(FakeDevices, "device_accept", accept)
    words = ("device", "accept", GRANT, "--passphrase-file", str(passphrase_file), "--wait")
    found = ("refused", "devices_many")
    told = cli(*words, "5s")
    assert told.code == 4 and "8 active devices" in told.out
    found = ("searching", "")
    assert cli(*words, "5s").code == 6
    assert cli(*words, "0s").code == 0, "nobody waited for it"


def test_a_picture_that_would_be_too_full_is_told(tmp_path: Path) -> None:
    write_qr(tmp_path / "fits.svg", DeviceGrant(b"k" * 32, bytes(1_200)).to_link())
    with pytest.raises(InputError, match="picture_too_full"):
        write_qr(tmp_path / "no.png", DeviceGrant(b"k" * 32, bytes(2_000)).to_link())
    assert not (tmp_path / "no.png").exists() and GRANTED_MAX == 8


def test_address_card_and_coming_in_by_the_root(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    out = tmp_path / "card.txt"
    assert CARD in cli("org", "card", "--file", str(out), "--picture", str(tmp_path / "card.svg")).out
    assert (tmp_path / "card.svg").read_bytes().startswith(b"<?xml")
    assert cli("org", "restore", "--file", str(out), "--wait", "3s").code == 0
    assert engine.named("org_restore") == [{"link": out.read_text("utf-8"), "wait_s": 3}]
    assert cli("org", "restore", "nonsense").code == 2
    assert cli("org", "restore").code == 2


def test_guardians_are_named_approve_and_are_refused(cli: Run, engine: FakeEngine) -> None:
    assert cli("guardian", "set", "Amara Diallo", "Chen Yun").code in (0, 3)
    names = [person.name for person in engine.guardians.guardians]
    assert cli("guardian", "set", *names).code == 0
    assert engine.named("guardian_set")[-1]["needed"] == len(names) // 2 + 1
    assert cli("guardian", "set").code == 0
    assert engine.named("guardian_set")[-1] == {"org": "", "members": [], "needed": 0}
    unanswered = cli("guardian", "approve", "Amara", ROOT)
    assert unanswered.code == 2 and engine.named("guardian_approve") == []
    assert cli("guardian", "approve", "Amara", ROOT, "--yes").code == 0
    assert engine.named("guardian_approve") == [{"org": "", "member": "Amara", "link": ROOT}]
    assert cli("guardian", "refuse").code == 0


def test_passphrase_keyring_and_lock(cli: Run, engine: FakeEngine, passphrase_file: Path, tmp_path: Path) -> None:
    secret = ("--passphrase-file", str(passphrase_file))
    fresh = tmp_path / "new"
    fresh.write_text("quite another phrase\n", "utf-8")
    assert cli("identity", "passphrase", "--new-passphrase-file", str(fresh), *secret).code == 0
    assert engine.passphrase == "quite another phrase"
    new = ("--passphrase-file", str(fresh))
    assert cli("identity", "keyring", "on", *secret).code == 5
    assert "yes" in cli("identity", "keyring", "on", *new).out
    assert cli("identity", "lock").code == 0 and not engine.identity.unlocked
    engine.fail["task_list"] = Locked("locked")
    assert cli("task", "list").code == 0  # the keyring opens it; nobody is asked
    assert engine.named("identity_unlock")[-1] == {"passphrase": ""}
    engine.fail.update(task_list=Locked("locked"), identity_unlock=StorageError("keyring_failed", detail="x"))
    told = cli("task", "list", *new)
    assert told.code == 0 and "keyring" in told.err
    assert engine.named("identity_unlock")[-1] == {"passphrase": "quite another phrase"}
    assert "10" in cli("identity", "lock", "--after", "10m").out
    assert cli("identity", "keyring", "off").code == 0 and not engine.locking.keyring
    engine.locking = type(engine.locking)(False, False, 0)
    missing = cli("identity", "keyring", "on", *new)
    assert missing.code == 5 and "no keyring" in missing.err


def test_an_invitation_is_read_from_a_picture_too(cli: Run, services: FakeServices, tmp_path: Path) -> None:
    services.codes["invitation.PNG"] = "guildhall:join/" + "abcdefgh" * 8
    assert cli("join", "--file", str(tmp_path / "invitation.PNG"), "--preview").code == 0


def test_the_real_services_read_what_was_written(tmp_path: Path) -> None:
    picture = tmp_path / "card.png"
    write_qr(picture, CARD)
    assert RealServices().read_code(picture) == CARD
    for odd in (b"", b"no picture"):
        picture.write_bytes(odd)
        with pytest.raises(InputError):
            RealServices().read_code(picture)
    with pytest.raises(InputError):
        RealServices().read_code(tmp_path / "missing.png")
