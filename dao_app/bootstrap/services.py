"""What window and command line are given: implements ``cli.services.Services``."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from dao_app.app.errors import GuildhallError, InputError, StorageError
from dao_app.app.ports import Caller, EngineHandle
from dao_app.app.service import Service
from dao_app.app.texts import Texts
from dao_app.app.views import Progress
from dao_app.app.views_proofs import ProofView
from dao_app.platform.callers import connect
from dao_app.platform.log import start_log
from dao_app.platform.paths import Paths, data_home

if TYPE_CHECKING:
    from dao_app.bootstrap.engine import Options

ADDRESS_WAIT_S = 10.0  # a host is up within this, or its address is taken


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
        ready: Callable[[Mapping[str, Any]], None], report: Path | None = None,
    ) -> None:
        from dao_app.bootstrap.engine import Options, single_error

        start_log(Paths(home).log)
        options = Options(home, network=True, listen=tuple(listen), mdns=mdns, node=True)
        try:
            trio.run(_node, options, passphrase, ready, report)
        except BaseException as error:
            raise single_error(error) from None

    def run_window(self, home: Path) -> int:
        if sys.platform.startswith("linux") and not _has_display():
            raise InputError("no_display")
        from dao_app.bootstrap.window import open_window  # Qt: only for the window

        return open_window(home)

    def paint_card(self, view: ProofView, language: str) -> bytes:
        from dao_app.ui.card import card_png  # Qt: only for the picture

        return card_png(view, Texts(language))

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


async def _node(
    options: Options, passphrase: Callable[[], str], ready: Callable[[Mapping[str, Any]], None], report: Path | None
) -> None:
    """Own the folder until SIGINT or SIGTERM; stops cleanly, and leaves ``report`` behind if asked to."""
    asked, stop = trio.Event(), trio.Event()
    services: list[Service] = []
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:

            async def wait_for_signal() -> None:
                async for _ in signals:
                    asked.set()
                    return

            nursery.start_soon(wait_for_signal)
            await nursery.start(_engine, options, services, stop)
            service = services[0]
            try:
                service.identity_unlock(passphrase())
            except GuildhallError:
                stop.set()
                raise
            ready(await _told(options, service))
            await asked.wait()
            service.settle()
            if report is not None:
                _write_report(report, service)
            stop.set()


def _write_report(path: Path, service: Service) -> None:
    try:
        path.write_text(json.dumps(report_of(service), indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise StorageError("no_rights", path=str(path)) from error


def report_of(service: Service) -> Mapping[str, Any]:
    """What this process holds, to compare with another's: per organisation height, roots, results, balances."""
    organisations = {}
    for row in service.org_list():
        root = service.state_root(row.id)
        results = {
            f"P-{p.number}": {"status": p.status, "scores": list(tally.scores) if tally else []}
            for p in service.proposal_list(row.id)
            for tally in [service.proposal_show(row.id, p.id).tally]
        }
        balances = {f"{b.party}/{b.unit}": b.available_minor for b in service.token_balance(row.id, "all")}
        organisations[row.id] = {
            "height": root.height, "root": root.state_root, "results_root": root.results_root, "results": results,
            "balances": balances,
        }  # fmt: skip
    return {"peer": service.identity_status().name, "pid": os.getpid(), "organisations": organisations}


async def _engine(
    options: Options, services: list[Service], stop: trio.Event, task_status: trio.TaskStatus[None]
) -> None:
    from dao_app.bootstrap.engine import run_engine

    def opened(service: Service) -> None:
        services.append(service)
        task_status.started()

    await run_engine(options, opened, stop)


async def _told(options: Options, service: Service) -> Mapping[str, Any]:
    """What a node says once its hosts are up."""
    addresses: dict[str, list[str]] = {}
    with trio.move_on_after(ADDRESS_WAIT_S):
        while True:
            addresses = {row.id: list(service.addresses(row.id)) for row in service.org_list()}
            if all(addresses.values()):
                break
            await trio.sleep(0.05)
    return {"pid": os.getpid(), "home": str(options.home), "addresses": addresses}


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
