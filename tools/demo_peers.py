"""Peers of the demos: one data folder and one process each, driven by console command and local socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WAIT_S = 25.0
STEP_S = 0.05


class Peer:
    """One data folder, and its process while it runs."""

    def __init__(self, folder: Path, name: str, listen: str) -> None:
        self.name = name
        self.home = folder / name
        self.report = folder / f"{name}.json"
        self.passphrase = folder / "passphrase"
        self.listen = listen
        self._process: subprocess.Popen[str] | None = None
        self._caller: Any = None

    def command(self, *words: str) -> Any:
        """Run the console command on this folder; returns its JSON."""
        done = subprocess.run([*self._program(), *words], capture_output=True, text=True, check=False, env=environ())
        if done.returncode:
            raise SystemExit(f"{self.name}: guildhall {' '.join(words)} failed:\n{done.stderr}")
        return json.loads(done.stdout)

    def _program(self) -> list[str]:
        return [
            sys.executable, str(ROOT / "main.py"), "--home", str(self.home), "--json",
            "--passphrase-file", str(self.passphrase),
        ]  # fmt: skip

    def start(self, *more: str) -> dict[str, Any]:
        """Start the peer's own process and wait until it answers on its local socket; returns what it told."""
        words = ["node", "run", "--listen", self.listen, "--no-mdns", "--report", str(self.report), *more]
        self._process = subprocess.Popen([*self._program(), *words], stdout=subprocess.PIPE, text=True, env=environ())
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if not told:
            raise SystemExit(f"{self.name}: the node did not start")
        from dao_app.platform.callers import SocketCaller

        self._caller = SocketCaller(self.home)
        return dict(json.loads(told))

    def stop(self) -> None:
        """Stop it cleanly; it writes its report."""
        if self._caller is not None:
            self._caller.close()
            self._caller = None
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def kill(self) -> None:
        """Stop it as a power cut does."""
        if self._caller is not None:
            self._caller.close()
            self._caller = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def call(self, method: str, /, **params: Any) -> Any:
        """A use case, over the local socket."""
        given = params if method in ("org_list", "join") else {"org": "", **params}
        return self._caller.call(method, given)


def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}


def until(what: str, condition: Callable[[], Any], seconds: float = WAIT_S) -> Any:
    """Wait for it; says how long it took."""
    started = time.monotonic()
    while not (found := condition()):
        if time.monotonic() - started > seconds:
            raise SystemExit(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(STEP_S)
    print(f"  {what:58} {time.monotonic() - started:5.2f} s", flush=True)
    return found
