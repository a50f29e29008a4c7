"""``guildhall node run``: the engine without a window, until a signal ends it."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from dao_app.app.errors import GuildhallError, StorageError
from dao_app.app.service import Service
from dao_app.bootstrap.engine import Options, run_engine
from dao_app.platform.metrics import loopback

if TYPE_CHECKING:
    from dao_app.platform.metrics import Board

_log = logging.getLogger(__name__)
ADDRESS_WAIT_S = 10.0  # a host is up within this, or its address is taken
SHOW_S = 5.0  # monitoring reads what was true so long ago at most


async def keep_node(
    options: Options, passphrase: Callable[[], str], ready: Callable[[Mapping[str, Any]], None], report: Path | None,
    metrics: str,
) -> None:
    """Own the folder until SIGINT or SIGTERM; stops cleanly, and leaves ``report`` behind if asked to. ``metrics``:
    the loopback address where monitoring may read, or ""."""
    if metrics:
        loopback(metrics)
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
                unlock(service, passphrase)
            except GuildhallError:
                stop.set()
                raise
            told = await _told(options, service)
            async with _measured(metrics, service) as address:
                ready({**told, "metrics": address})
                await asked.wait()
            service.settle()
            if report is not None:
                _write_report(report, service)
            stop.set()


@asynccontextmanager
async def _measured(metrics: str, service: Service) -> AsyncIterator[str]:
    """Monitoring may read while the block runs; gives the address, "" where there is none."""
    if not metrics:
        yield ""
        return
    from dao_app.platform.metrics import Board, MetricsServer

    board = Board(time.monotonic)
    board.show(service.node_status())
    server = MetricsServer(metrics, board)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_keep_showing, board, service)
            yield server.address
            nursery.cancel_scope.cancel()
    finally:
        await trio.to_thread.run_sync(server.close)


async def _keep_showing(board: Board, service: Service) -> None:
    while True:
        await trio.sleep(SHOW_S)
        with suppress(StorageError):  # the store is away: what is shown grows old, and that is not healthy
            board.show(service.node_status())


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


def unlock(service: Service, passphrase: Callable[[], str]) -> None:
    """By the system keyring where that is on and answers, else by the passphrase."""
    if service.identity_status().keyring:
        try:
            service.identity_unlock("")
            return
        except GuildhallError as error:
            _log.warning("the system keyring did not open the key file: %s", error.code)
    service.identity_unlock(passphrase())


async def _engine(
    options: Options, services: list[Service], stop: trio.Event, task_status: trio.TaskStatus[None]
) -> None:
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
