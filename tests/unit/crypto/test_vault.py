"""Secrets at rest: sealed, private to the user, all or nothing; damage and wrong passphrases are told apart."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dao_app.app.errors import InputError, Locked, StorageError
from dao_app.core.encoding import decode, encode
from dao_app.crypto import vault as vault_module
from dao_app.crypto.vault import Vault

SECRET = b"a device seed of thirty-two byte"


def _vault(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "vault"
    vault = Vault.create(folder, "pass phrase", "least")
    vault.put("aa.device", SECRET)
    return folder


def test_what_was_put_comes_back_after_reopening(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    vault = Vault.open(folder, "pass phrase")
    assert vault.get("aa.device") == SECRET
    assert vault.get("aa.witness") is None
    vault.put("aa.device", b"another")
    assert vault.get("aa.device") == b"another"
    vault.delete("aa.device")
    vault.delete("aa.device")
    assert vault.get("aa.device") is None


def test_no_secret_lies_on_disk_or_in_repr(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    for path in folder.iterdir():
        raw = path.read_bytes()
        assert SECRET not in raw
        assert b"pass phrase" not in raw
    vault = Vault.open(folder, "pass phrase")
    assert repr(vault) == "Vault()"
    assert not hasattr(vault, "__dict__")


def test_only_the_user_may_read(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_wrong_passphrase_and_no_vault(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    with pytest.raises(Locked, match="passphrase_wrong"):
        Vault.open(folder, "pass phrasE")
    with pytest.raises(Locked, match="no_identity"):
        Vault.open(tmp_path / "other", "pass phrase")
    with pytest.raises(StorageError, match="vault_exists"):
        Vault.create(folder, "pass phrase", "least")
    with pytest.raises(InputError, match="passphrase_too_long"):
        Vault.open(folder, "x" * 2_000)


def test_a_passphrase_typed_in_either_unicode_form_opens(tmp_path: Path) -> None:
    Vault.create(tmp_path / "v", "caf\u00e9", "least")
    Vault.open(tmp_path / "v", "cafe\u0301")


def test_changing_the_passphrase_keeps_the_secrets(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    Vault.open(folder, "pass phrase").change_passphrase("新口令", "least")
    assert Vault.open(folder, "新口令").get("aa.device") == SECRET
    with pytest.raises(Locked):
        Vault.open(folder, "pass phrase")


def test_every_flipped_bit_of_a_secret_is_noticed(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    vault = Vault.open(folder, "pass phrase")
    path = folder / "aa.device.sealed"
    raw = path.read_bytes()
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(StorageError, match="vault_damaged"):
            vault.get("aa.device")
    for cut in (b"", raw[:20], raw + b"x"):
        path.write_bytes(cut)
        with pytest.raises(StorageError, match="vault_damaged"):
            vault.get("aa.device")


def test_sealed_files_cannot_be_exchanged(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    vault = Vault.open(folder, "pass phrase")
    vault.put("bb.device", b"other")
    os.replace(folder / "bb.device.sealed", folder / "aa.device.sealed")
    with pytest.raises(StorageError, match="vault_damaged"):
        vault.get("aa.device")


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"kdf": "md5"}, {"ops": 10**9}, {"mem": 2**50}, {"mem": 1}, {"salt": b""}, {"box": b""}, {"x": 1}],
    ids=str,
)
def test_a_hostile_master_file_costs_nothing(tmp_path: Path, change: dict) -> None:
    folder = _vault(tmp_path)
    path = folder / "master.sealed"
    path.write_bytes(encode({**decode(path.read_bytes()), **change}))
    with pytest.raises(StorageError, match="vault_damaged"):
        Vault.open(folder, "pass phrase")


def test_garbage_for_a_master_file(tmp_path: Path) -> None:
    folder = _vault(tmp_path)
    for raw in (b"", b"\x00" * 10, b"x" * 200_000):
        (folder / "master.sealed").write_bytes(raw)
        with pytest.raises(StorageError, match="vault_damaged"):
            Vault.open(folder, "pass phrase")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "master", "A", "a\0b", "x" * 201, ".hidden"])
def test_names_are_never_paths(tmp_path: Path, name: str) -> None:
    vault = Vault.open(_vault(tmp_path), "pass phrase")
    with pytest.raises(ValueError):
        vault.put(name, b"x")


def test_a_full_disk_keeps_the_old_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _vault(tmp_path)
    vault = Vault.open(folder, "pass phrase")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault_module.os, "fsync", full)
    with pytest.raises(StorageError, match="disk_full"):
        vault.put("aa.device", b"another")
    monkeypatch.undo()
    assert vault.get("aa.device") == SECRET
    assert not list(folder.glob("*.new"))
