"""A PostgreSQL server of its own for tests: a fresh cluster in a folder, on a socket there, without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60


def programs() -> Path | None:
    """Folder of the newest server programs that are installed (Debian keeps them out of PATH)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).parent if other else None


class Server:
    """A running server; ``address(name)`` makes a database."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self._folder = folder
        self._bin = bin_
        self._count = 0

    def run(self, program: str, *args: str) -> None:
        command = [str(self._bin / program), *args]
        if os.geteuid() == 0:  # the server refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, capture_output=True, timeout=START_S, cwd="/")

    def start(self) -> None:
        options = f"-c listen_addresses='' -k {self._folder} -c fsync=off"
        self.run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-o", options, "-l", f"{self._folder}/log", "start")

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-m", how, "stop")

    def address(self) -> str:
        """The address of a new database."""
        self._count += 1
        self.run("createdb", "-h", str(self._folder), "-U", "guild", f"test{self._count}")
        return f"postgresql+psycopg://guild@/test{self._count}?host={self._folder}"


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server while the block runs. Raises RuntimeError where none is installed."""
    bin_ = programs()
    if bin_ is None:
        raise RuntimeError("no PostgreSQL server is installed here (Debian: postgresql)")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Server(folder, bin_)
    made.run("initdb", "-D", f"{folder}/data", "-U", "guild", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
    made.start()
    try:
        yield made
    finally:
        made.stop("immediate")
