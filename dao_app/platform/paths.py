"""Where things lie on this machine.

The data folder is ``--home``, else ``GUILDHALL_HOME``, else ``guildhall`` in the XDG data directory. It and
everything private in it can be entered by its owner only. Source: XDG Base Directory Specification 0.8.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dao_app.app.errors import StorageError

HOME_VARIABLE = "GUILDHALL_HOME"
PRIVATE_DIR = 0o700


@dataclass(frozen=True, slots=True)
class Paths:
    """The places inside one data folder."""

    home: Path

    @property
    def lock(self) -> Path:
        return self.home / "owner.lock"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def socket(self) -> Path:
        return self.run_dir / "engine.sock"

    @property
    def settings(self) -> Path:
        return self.home / "settings.json"

    @property
    def log(self) -> Path:
        return self.home / "log" / "guildhall.log"

    def make(self) -> None:
        """Make the folder and its private subfolders. Raises StorageError (no_rights, disk_full)."""
        for folder in (self.home, self.run_dir, self.log.parent):
            make_private(folder)


def data_home(given: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Paths:
    """The data folder that is meant; it need not exist yet."""
    named = os.fspath(given) if given else environ.get(HOME_VARIABLE, "")
    if named:
        return Paths(Path(named).expanduser().absolute())
    base = environ.get("XDG_DATA_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "share"
    return Paths(root / "guildhall")


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter; one that is there keeps its contents."""
    try:
        folder.mkdir(mode=PRIVATE_DIR, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o777 != PRIVATE_DIR:
            folder.chmod(PRIVATE_DIR)
    except OSError as error:
        raise storage_error(error, folder) from error


def storage_error(error: OSError, path: Path) -> StorageError:
    """What an operating system's refusal means to a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("disk_full", path=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError("no_rights", path=path)
    return StorageError("disk_failing", path=path, detail=error.strerror or type(error).__name__)
