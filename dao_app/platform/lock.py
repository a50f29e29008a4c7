"""One owner per data folder: an advisory lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from dao_app.app.errors import Locked
from dao_app.platform.paths import Paths, storage_error

PID_BYTES_MAX = 32


class FolderLock:
    """Held from construction to ``release``."""

    def __init__(self, home: Path) -> None:
        """Take the data folder. Raises Locked("folder_in_use") naming the owner's process, or StorageError."""
        paths = Paths(home)
        paths.make()
        try:
            self._file = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise storage_error(error, paths.lock) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._file, PID_BYTES_MAX).decode("ascii", "replace").strip()
            os.close(self._file)
            raise Locked("folder_in_use", pid=pid if pid.isdigit() else "?", folder=paths.home) from None
        except OSError as error:
            os.close(self._file)
            raise storage_error(error, paths.lock) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the folder back; once."""
        os.close(self._file)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
