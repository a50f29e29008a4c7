"""What window and command line are given: implements ``cli.services.Services``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import trio

from dao_app.app.addresses import check_announced, check_listened
from dao_app.app.errors import InputError, StorageError
from dao_app.app.ports import Caller, EngineHandle
from dao_app.app.texts import Texts
from dao_app.app.views import Progress
from dao_app.app.views_proofs import ProofView
from dao_app.platform.callers import connect
from dao_app.platform.log import start_log
from dao_app.platform.paths import Paths, data_home


class RealServices:
    """The program's own services."""

    def home(self, given: str) -> Path:
        return data_home(given or None).home

    def connect(self, home: Path, network: bool) -> Caller:
        return connect(home, lambda: self._open(home, network))

    @staticmethod
    def _open(home: Path, network: bool) -> EngineHandle:
        from dao_app.bootstrap.engine import EngineThread, Options  # a call over the socket needs none of it

        thread = EngineThread(Options(home, network=network, socket=network))
        thread.wait_ready()
        start_log(Paths(home).log)  # once the folder is ours: the owner's log is not rotated beneath it
        return thread

    def run_node(
        self, home: Path, passphrase: Callable[[], str], listen: Sequence[str], mdns: bool,
        ready: Callable[[Mapping[str, Any]], None], report: Path | None = None, database: str = "", metrics: str = "",
        announce: Sequence[str] = (), relays: bool = True,
    ) -> None:
        from dao_app.bootstrap.engine import Options, single_error
        from dao_app.bootstrap.node import keep_node

        start_log(Paths(home).log)
        check_listened(listen)
        check_announced(announce)
        options = Options(
            home, network=True, listen=tuple(listen), mdns=mdns, node=True, database=database,
            announce=tuple(announce), relays=relays,
        )
        try:
            trio.run(keep_node, options, passphrase, ready, report, metrics)
        except BaseException as error:
            raise single_error(error) from None

    def run_window(self, home: Path, announce: Sequence[str] = (), relays: bool = False) -> int:
        check_announced(announce)
        if sys.platform.startswith("linux") and not _has_display():
            raise InputError("no_display")
        from dao_app.bootstrap.window import open_window  # Qt: only for the window

        return open_window(home, announce, relays)

    def paint_card(self, view: ProofView, language: str) -> bytes:
        from dao_app.ui.card import card_png  # Qt: only for the picture

        return card_png(view, Texts(language))

    def read_code(self, path: Path) -> str:
        from dao_app.ui.pictures import invitation_in_picture, load_picture  # Qt: only for the picture

        try:
            return invitation_in_picture(load_picture(path))
        except OSError as error:
            raise InputError("file_unreadable", path=path, detail=error.strerror or "") from error

    def build_demo(self, home: Path, data: Path | None, progress: Callable[[Progress], None]) -> Mapping[str, Any]:
        if data is not None:
            return build_record(home, data, progress)
        caller = self.connect(home, network=False)
        try:
            row = caller.call("demo_open", {}, progress)
        finally:
            caller.close()
        assert isinstance(row, dict)
        return {"org": row["id"], "name": row["name"], "members": row["members"]}


def _has_display() -> bool:
    return bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal", "vnc"))
    )  # fmt: skip


def build_record(home: Path, data: Path, progress: Callable[[Progress], None]) -> Mapping[str, Any]:
    """Turn an export of a public record into an organisation of this folder, and recount it."""
    from dao_app.app.record_import import GENESIS, RecordPlayer, read_record
    from dao_app.app.scribe import Scribe, SetClock
    from dao_app.bootstrap.home import FolderHome
    from dao_app.crypto.keys import SeedSigner
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.lock import FolderLock
    from dao_app.platform.random import SystemRandom

    record = read_record(data)
    if not record.proposals:
        raise InputError("record_empty", path=str(data))
    with FolderLock(home):
        folder = FolderHome(home)
        clock = SetClock(record.proposals[0].started_ms - 86_400_000)
        made: list[bytes] = []

        def store(org_id: bytes) -> Any:
            made.append(org_id)
            return folder.open_store(org_id)

        try:
            scribe = Scribe(
                store, SodiumVerifier(), clock, SystemRandom(), SeedSigner, "Clerk of the record",
                {**GENESIS, "name": f"{data.resolve().name} (public record)"[:80]},
            )
            recount = RecordPlayer(record, scribe, lambda done, total: progress(Progress("record", done, total))).play()
            scribe.org.store.close()
        except (StorageError, KeyboardInterrupt):
            for org_id in made:
                folder.remove_store(org_id)
            raise
    report = asdict(recount)
    report["differences"] = [
        {**difference, "why": "the rule says passed; it was rejected for another reason than its votes"}
        for difference in report["differences"]
    ]
    return report
