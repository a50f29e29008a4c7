"""The engine: one trio loop that owns a data folder, in a thread beside the window or alone in a node.

``run_engine`` opens folder, network and local socket and keeps the heartbeat; ``EngineThread`` is the
``EngineHandle`` through which another thread calls.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from dao_app.app import views as v
from dao_app.app.addresses import AddressBook
from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.log_keeper import Judge
from dao_app.app.service import Service
from dao_app.app.workspace import Workspace
from dao_app.bootstrap.home import FolderHome, RealKeys
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.pool import Ticket, VerifierPool
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.platform.clock import SystemClock
from dao_app.platform.keyring import SystemKeyring
from dao_app.platform.lock import FolderLock
from dao_app.platform.random import SystemRandom
from dao_app.platform.rpc import serve

_log = logging.getLogger(__name__)
TICK_S = 0.1  # heartbeat: changes are told at most ten times a second


@dataclass(frozen=True, slots=True)
class Options:
    """How to open a folder. ``network`` off: no host is started (quick commands of the command line); ``node``:
    always on, so it declares a witness key by itself when its member is elected; ``database``: the server that is to
    keep the logs from now on; ``announce``: addresses under which others reach it; ``relays``: members may reach each
    other through it."""

    home: Path
    network: bool = True
    listen: Sequence[str] = ()
    mdns: bool = True
    socket: bool = True
    vault_cost: str = "moderate"
    node: bool = False
    database: str = ""
    announce: Sequence[str] = ()
    relays: bool = False


class TrioRuntime:
    """``app.workspace.Runtime`` on a nursery."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    def spawn(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        self._nursery.start_soon(work, *args)

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class NetworkWatcher:
    """``ports.NetworkEvents``: what the network tells, kept where views look for it."""

    def __init__(self) -> None:
        self.workspace: Workspace | None = None

    def known(self, org_id: bytes) -> AddressBook:
        """Where an organisation's peers are; the network keeps it up, the workspace writes it down."""
        opened = self.workspace.opened.get(org_id) if self.workspace is not None else None
        return opened.book if opened is not None else AddressBook()

    def peers_changed(self, org_id: bytes) -> None:
        if self.workspace is not None:
            self.workspace.peers_changed(org_id)

    def join_refused(self, org_id: bytes, code: str) -> None:
        if self.workspace is not None:
            self.workspace.join_refused(org_id, code)

    def progress(self, org_id: bytes, done: int, total: int) -> None:
        if self.workspace is not None:
            self.workspace.sync_progress(org_id, done, total)


async def run_engine(options: Options, ready: Callable[[Service], None], stop: trio.Event) -> None:
    """Own the folder until ``stop`` is set. Raises GuildhallError where it cannot be opened."""
    clock, random = SystemClock(), SystemRandom()
    verifier = SodiumVerifier()
    async with AsyncExitStack() as stack:
        stack.enter_context(FolderLock(options.home))
        home = FolderHome(options.home, options.vault_cost, options.database)
        pool = VerifierPool(verifier)
        stack.callback(pool.close)
        nursery = await stack.enter_async_context(trio.open_nursery())
        stack.callback(nursery.cancel_scope.cancel)
        watcher = NetworkWatcher()
        network = None
        if options.network:
            from dao_app.net.network import open_network  # heavy: only where a host is wanted

            network = await stack.enter_async_context(
                open_network(
                    watcher, clock, random, verifier, SodiumSealer(random), SeedSigner, watcher.known,
                    options.announce, options.relays,
                )
            )
        workspace = Workspace(
            home, RealKeys(random), verifier, clock, random, TrioRuntime(nursery), network, judge_with(pool),
            options.listen, options.mdns, SystemKeyring(),
        )
        workspace.stands_ready = workspace.files.archive = options.node
        stack.callback(workspace.close_all)
        watcher.workspace = workspace
        service = Service(workspace, _demo_opener(options, workspace))
        if options.socket:
            await nursery.start(serve, options.home, service)
        ready(service)
        while not stop.is_set():
            workspace.tick()
            with trio.move_on_after(TICK_S):
                await stop.wait()
        workspace.seal_all()


class Judged:
    """Verdicts under way; may be dropped without being awaited."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def __await__(self) -> Generator[Any, Any, list[bytes | str]]:
        return trio.to_thread.run_sync(self._ticket.result, abandon_on_cancel=True).__await__()


def judge_with(pool: VerifierPool) -> Judge:
    """Judging in bulk by the pool's worker, awaited without holding up the loop."""

    return lambda envelopes: Judged(pool.submit(list(envelopes)))


def _demo_opener(options: Options, workspace: Workspace) -> Callable[..., Awaitable[bytes]]:
    async def opened(told: Callable[[v.Progress], None]) -> bytes:
        from dao_app.bootstrap.sample import open_sample  # only where somebody wants to look around

        return await open_sample(options.home / "sample", workspace, told)

    return opened


class EngineThread:
    """``ports.EngineHandle``: the engine in a thread of its own."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._service: Service | None = None
        self._failure: BaseException | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._stop: trio.Event | None = None
        self._nursery: trio.Nursery | None = None
        self._ready = threading.Event()
        self._sinks: list[Callable[[v.Change | v.Progress], None]] = []
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def wait_ready(self) -> Service:
        """Block until the folder is open; raises what kept it from opening."""
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        assert self._service is not None
        return self._service

    def call(
        self, method: str, params: Mapping[str, object], done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None:
        self._ready.wait()
        if self._failure is not None or self._token is None:
            failed(self._failure if isinstance(self._failure, GuildhallError) else GuildhallError("engine_stopped"))
            return
        try:
            self._token.run_sync_soon(self._begin, method, dict(params), done, failed)
        except trio.RunFinishedError:
            failed(GuildhallError("engine_stopped"))

    def subscribe(self, sink: Callable[[v.Change | v.Progress], None]) -> Callable[[], None]:
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink) if sink in self._sinks else None

    def close(self) -> None:
        self._ready.wait()
        if self._token is not None and self._stop is not None and self._thread.is_alive():
            try:
                self._token.run_sync_soon(self._stop.set)
            except trio.RunFinishedError:
                pass
        self._thread.join()

    # -- in the engine's thread -------------------------------------------------------------------
    def _run(self) -> None:
        try:
            trio.run(self._main)
        except BaseException as error:
            self._failure = single_error(error)
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._stop = trio.Event()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await run_engine(self._options, self._opened, self._stop)
            nursery.cancel_scope.cancel()

    def _opened(self, service: Service) -> None:
        self._service = service
        self._token = trio.lowlevel.current_trio_token()
        service.subscribe(self._tell)
        self._ready.set()

    def _tell(self, change: v.Change | v.Progress) -> None:
        for sink in list(self._sinks):
            sink(change)

    def _begin(
        self, method: str, params: dict[str, Any], done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None:
        assert self._service is not None and self._nursery is not None
        work = getattr(self._service, method, None)
        if work is None or method.startswith("_"):
            failed(InputError("method_unknown", name=method))
            return
        try:
            result = work(**params)
        except GuildhallError as error:
            failed(error)
            return
        except Exception as error:  # a bug of ours: the one call fails, the engine and its log go on
            failed(_internal(method, error))
            return
        if isinstance(result, Awaitable):
            self._nursery.start_soon(self._finish, method, result, done, failed)
        else:
            done(result)

    async def _finish(
        self, method: str, result: Awaitable[object], done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None:
        try:
            value = await result
        except GuildhallError as error:
            failed(error)
            return
        except Exception as error:
            failed(_internal(method, error))
            return
        done(value)


def _internal(method: str, error: Exception) -> GuildhallError:
    _log.error("%s failed", method, exc_info=error)
    return GuildhallError("internal", method=type(error).__name__)


def single_error(error: BaseException) -> BaseException:
    """The one error inside nested groups; a group of several stays as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
