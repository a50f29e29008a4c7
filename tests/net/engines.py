"""Whole engines over loopback in one process: folders with an identity, organisations and a host each."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dao_app.app.errors import GuildhallError
from dao_app.bootstrap.engine import EngineThread, Options

PASSPHRASE = "correct horse battery"
LOOPBACK = ("/ip4/127.0.0.1/tcp/0",)
FAST = {"grace_ms": 0, "voting_least_ms": 1_000, "quorum_bp": 0, "rekey_delay_ms": 60_000}
WAIT_S = 60.0  # ample for a busy machine; a test that reaches it fails


class Machine:
    """An engine on a folder; ``call`` waits for the answer."""

    def __init__(self, home: Path) -> None:
        self.handle = EngineThread(Options(home, listen=LOOPBACK, mdns=False, socket=False, vault_cost="least"))
        self.service = self.handle.wait_ready()

    def call(self, method: str, /, **params: Any) -> Any:
        told: queue.Queue[Any] = queue.Queue()
        self.handle.call(method, params, told.put, told.put)
        found = told.get(timeout=WAIT_S)
        if isinstance(found, GuildhallError):
            raise found
        return found

    def ask(self, method: str, /, **params: Any) -> Any:
        """Of the only organisation."""
        return self.call(method, org="", **params)

    def founded(self) -> str:
        """A founder with an organisation; returns its id."""
        self.call("identity_create", name="Lin", passphrase=PASSPHRASE)
        return str(self.call("org_create", name="Example", initial="1000", parameters=FAST).id)

    def join(self, link: str, name: str) -> None:
        self.call("identity_create", name=name, passphrase=PASSPHRASE)
        assert self.call("join", link=link, wait_s=int(WAIT_S)).stage == "done"

    def invite(self) -> str:
        until(lambda: bool(self.ask("org_card").addresses))
        return str(self.ask("invite_create").link)

    def close(self) -> None:
        self.handle.close()


def until(condition: Callable[[], bool], seconds: float = WAIT_S) -> None:
    """Wait until it holds; fail after a time that no working machine needs."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it never came about")
        time.sleep(0.05)
