"""Folders, settings and the folder's lock: private, bounded, and clear where something is wrong."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from dao_app.app.errors import InputError, Locked, StorageError
from dao_app.platform import settings as settings_module
from dao_app.platform.lock import FolderLock
from dao_app.platform.paths import Paths, data_home, make_private, storage_error
from dao_app.platform.settings import Settings


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("given", "environ", "home"),
    [
        ("/a/b", {"GUILDHALL_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/a/b"),
        (None, {"GUILDHALL_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/c"),
        (None, {"XDG_DATA_HOME": "/d"}, "/d/guildhall"),
        (None, {"XDG_DATA_HOME": "relative"}, str(Path.home() / ".local/share/guildhall")),
        ("", {}, str(Path.home() / ".local/share/guildhall")),
    ],
)
def test_the_data_folder_is_found_in_order(given: str | None, environ: dict[str, str], home: str) -> None:
    assert data_home(given, environ).home == Path(home)


def test_the_data_folder_is_made_private_even_if_it_was_open(tmp_path: Path) -> None:
    home = tmp_path / "open"
    home.mkdir(mode=0o755)
    paths = Paths(home)
    paths.make()
    assert [mode(p) for p in (home, paths.run_dir, paths.log.parent)] == [0o700] * 3


def test_a_file_in_the_folders_place_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        make_private(tmp_path / "file")


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EACCES, "no_rights"), (errno.EIO, "disk_failing")]
)
def test_what_a_systems_refusal_means(number: int, code: str) -> None:
    assert storage_error(OSError(number, os.strerror(number)), Path("x")).code == code


def test_settings_are_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    first = Settings(path)
    first.values.update(language="zh", scale=125)
    first.save()
    assert Settings(path).values == {"language": "zh", "scale": 125}
    assert (Settings(path).note, mode(path), os.listdir(tmp_path)) == (None, 0o600, ["settings.json"])


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 50_000, b"{" + b" " * 70_000 + b"}"])
def test_damaged_settings_are_kept_aside_and_defaults_used(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(data)
    found = Settings(path)
    assert found.values == {}
    assert found.note is not None and found.note.read_bytes() == data
    assert not path.exists()


def test_settings_that_cannot_be_written_leave_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    settings = Settings(path)
    settings.values["language"] = "en"
    settings.save()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(settings_module.os, "fsync", full)
    settings.values["language"] = "zh"
    with pytest.raises(StorageError, match="disk_full"):
        settings.save()
    assert json.loads(path.read_bytes()) == {"language": "en"}


def test_settings_have_a_bound(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.values["x"] = "y" * settings_module.SETTINGS_BYTES_MAX
    with pytest.raises(InputError, match="settings_too_large"):
        settings.save()


def test_a_folder_has_one_owner_and_is_free_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with FolderLock(home):
        with pytest.raises(Locked) as caught:
            FolderLock(home)
        assert (caught.value.code, caught.value.params["pid"]) == ("folder_in_use", str(os.getpid()))
    FolderLock(home).release()


def _hold(home: Path, held: Event, end: Event) -> None:
    with FolderLock(home):
        held.set()
        end.wait()


def test_another_processs_death_frees_the_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, end = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, end))
    other.start()
    assert held.wait(60)
    with pytest.raises(Locked) as caught:
        FolderLock(tmp_path)
    assert caught.value.params["pid"] == str(other.pid)
    other.kill()
    other.join()
    FolderLock(tmp_path).release()
