"""The local socket through which the command line acts while a window or node owns the data folder.

One JSON object a line, UTF-8. A client sends ``{"id", "method", "params"}`` and reads any number of
``{"id", "progress": {…}}``, then ``{"id", "result"}`` or ``{"id", "error": {"code", "params", "kind"}}``. After
the method ``watch`` was answered, ``{"id", "change": {…}}`` follow until the client hangs up. One call at a
time per connection; hanging up cancels it. Only processes of the same user are answered. Parameters may
hold a passphrase and are never logged.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trio

from dao_app.app.api import Api
from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.views import Change, Progress, to_json
from dao_app.platform.dispatch import invoke
from dao_app.platform.paths import Paths, make_private, storage_error

log = logging.getLogger(__name__)

ADDRESS_BYTES_MAX = 107  # of a Unix socket's path on Linux, without the final NUL
REQUEST_BYTES_MAX = 4 * 1024 * 1024  # the longest text, every character escaped, and a full power table
CHUNK_BYTES = 64 * 1024
CLIENTS_MAX = 16  # command lines at once
WRITE_TIMEOUT_S = 30  # a client that stopped reading is dropped
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of Linux


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """An address for the socket that fits the system's limit, valid inside the ``with``."""
    if len(os.fsencode(path)) <= ADDRESS_BYTES_MAX:
        yield os.fspath(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def is_same_user(raw: Any) -> bool:
    """Does the process at the other end run as this user?"""
    credentials = raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(credentials)[1]
    return uid == os.getuid()


def error_json(error: GuildhallError) -> dict[str, Any]:
    return {"code": error.code, "params": error.params, "kind": type(error).__name__}


async def serve(home: Path, api: Api, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
    """Answer on the data folder's socket until cancelled; started once clients can connect.

    To be run in the engine's nursery while the folder's lock is held. Raises StorageError.
    """
    await _Server(api, Paths(home)).run(task_status)


class _Server:
    def __init__(self, api: Api, paths: Paths) -> None:
        self._api = api
        self._paths = paths
        self._clients = 0

    async def run(self, task_status: Any) -> None:
        make_private(self._paths.run_dir)
        try:
            raw = self._listen()
        except OSError as error:
            raise storage_error(error, self._paths.socket) from error
        try:
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(raw))
            task_status.started()
            await trio.serve_listeners(self._serve, [listener])
        finally:
            raw.close()
            self._paths.socket.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        self._paths.socket.unlink(missing_ok=True)  # of an owner that was killed: we hold the lock now
        raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with reachable(self._paths.socket) as address:
                raw.bind(address)  # in a folder of mode 0700: nobody else can come between
            self._paths.socket.chmod(0o600)
            raw.listen(CLIENTS_MAX)
        except OSError:
            raw.close()
            raise
        return raw

    async def _serve(self, stream: trio.SocketStream) -> None:
        if self._clients >= CLIENTS_MAX or not is_same_user(stream.socket):
            await stream.aclose()
            return
        self._clients += 1
        try:
            await _Client(self._api, stream).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            log.debug("a client hung up")
        finally:
            self._clients -= 1
            await stream.aclose()


class _Client:
    """One connection."""

    def __init__(self, api: Api, stream: trio.SocketStream) -> None:
        self._api = api
        self._stream = stream
        self._buffer = bytearray()

    async def run(self) -> None:
        while (line := await self._line()) is not None:
            try:
                id_, method, params = _read_request(line)
            except InputError as error:
                await self._send({"id": None, "error": error_json(error)})
                return
            if method == "watch":
                await self._send({"id": id_, "result": None})
                await self._while_connected(self._watch, id_)
                return
            if not await self._while_connected(self._answer, id_, method, params):
                return

    async def _line(self) -> bytes | None:
        """The next line; None once the client hung up or sends too much."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > REQUEST_BYTES_MAX:
                error = InputError("call_too_large", limit=REQUEST_BYTES_MAX)
                await self._send({"id": None, "error": error_json(error)})
                return None
            if not await self._fill():
                return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    async def _fill(self) -> bool:
        data = await self._stream.receive_some(CHUNK_BYTES)
        self._buffer += data
        return bool(data)

    async def _while_connected(self, work: Callable[..., Any], *args: object) -> bool:
        """Do the work; give it up and say False if the client hangs up first."""
        gone = False

        async def listen(scope: trio.CancelScope) -> None:
            nonlocal gone
            while len(self._buffer) <= REQUEST_BYTES_MAX:
                try:
                    if await self._fill():
                        continue
                except trio.BrokenResourceError:
                    pass
                gone = True
                scope.cancel()
                return

        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen, nursery.cancel_scope)
            await work(*args)
            nursery.cancel_scope.cancel()
        return not gone

    async def _answer(self, id_: Any, method: str, params: Mapping[str, Any]) -> None:
        sender, receiver = trio.open_memory_channel[Progress](1)

        def progress(step: Progress) -> None:
            try:
                sender.send_nowait(step)
            except trio.WouldBlock:
                pass  # the client is slower than the work; a later step replaces this one

        async def pass_on() -> None:
            async for step in receiver:
                await self._send({"id": id_, "progress": to_json(step)})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pass_on)
            answer = await self._call(id_, method, params, progress)
            sender.close()
        await self._send(answer)

    async def _call(
        self, id_: Any, method: str, params: Mapping[str, Any], progress: Callable[[Progress], None]
    ) -> dict[str, Any]:
        try:
            return {"id": id_, "result": await invoke(self._api, method, params, progress)}
        except GuildhallError as error:
            return {"id": id_, "error": error_json(error)}
        except Exception:  # a bug of ours must not take the engine and its other work down
            log.exception("%s failed", method)
            return {"id": id_, "error": error_json(GuildhallError("internal", method=method))}

    async def _watch(self, id_: Any) -> None:
        changed: dict[str, set[str]] = {}
        woken = trio.Event()

        def sink(change: Change | Progress) -> None:
            if isinstance(change, Change):
                changed.setdefault(change.org, set()).update(change.topics)
                woken.set()

        stop = self._api.subscribe(sink)
        try:
            while True:
                await woken.wait()
                woken = trio.Event()
                merged, changed = changed, {}
                for org, topics in merged.items():
                    await self._send({"id": id_, "change": {"org": org, "topics": sorted(topics)}})
        finally:
            stop()

    async def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with trio.fail_after(WRITE_TIMEOUT_S):
            await self._stream.send_all(data)


def _read_request(line: bytes) -> tuple[Any, str, Mapping[str, Any]]:
    try:
        value = json.loads(line)
        id_, method, params = value["id"], value["method"], value["params"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise InputError("call_unreadable") from None
    if type(id_) is not int or type(method) is not str or type(params) is not dict:
        raise InputError("call_unreadable")
    return id_, method, params
