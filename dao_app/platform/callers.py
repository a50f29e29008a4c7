"""The two ways in which the command line calls: over the local socket, or into an engine of its own process."""

from __future__ import annotations

import json
import queue
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dao_app.app import errors
from dao_app.app.errors import GuildhallError, InputError, Locked
from dao_app.app.ports import EngineHandle
from dao_app.app.views import Change, Progress, to_json
from dao_app.platform.dispatch import checked
from dao_app.platform.paths import Paths
from dao_app.platform.rpc import REQUEST_BYTES_MAX, is_same_user, reachable

CONNECT_TIMEOUT_S = 5  # a local socket answers at once or its owner hangs
RESPONSE_BYTES_MAX = 256 * 1024 * 1024  # the longest list, ten times over
OWNER_WAIT_S = 10.0  # another command line finishes, or a starting window begins to answer, within this
OWNER_RETRY_S = 0.1


def error_from(value: Any) -> GuildhallError:
    """The error that the engine raised, by its kind."""
    try:
        code, params, kind = str(value["code"]), dict(value["params"]), value["kind"]
    except (TypeError, KeyError, ValueError):
        return GuildhallError("engine_unreadable")
    found = getattr(errors, kind, None) if type(kind) is str else None
    class_ = found if isinstance(found, type) and issubclass(found, GuildhallError) else GuildhallError
    params.pop("code", None)
    return class_(code, **{str(name): value for name, value in params.items()})


class SocketCaller:
    """Implements ``app.ports.Caller`` towards the process that owns the folder."""

    def __init__(self, home: Path) -> None:
        """Connect. Raises OSError where nobody answers, Locked where it is another user's process."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(CONNECT_TIMEOUT_S)
        try:
            with reachable(Paths(home).socket) as address:
                self._socket.connect(address)
            if not is_same_user(self._socket):
                raise Locked("owner_foreign", folder=home)
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(None)
        self._lines = self._socket.makefile("rb")
        self._calls = 0
        self._held: list[object] = []

    def call(
        self, method: str, params: Mapping[str, object], progress: Callable[[Progress], None] | None = None
    ) -> object:
        self._ask(method, params)
        while True:
            answer = self._read()
            if "progress" in answer:
                if progress is not None:
                    progress(_progress(answer["progress"]))
            elif "change" in answer:  # while watching: kept until the sink is done
                self._held.append(answer["change"])
            elif "error" in answer:
                raise error_from(answer["error"])
            else:
                return answer.get("result")

    def watch(self, sink: Callable[[Change], None]) -> None:
        self._ask("watch", {})
        while True:
            change = self._held.pop(0) if self._held else self._read().get("change")
            if isinstance(change, dict):
                sink(Change(str(change.get("org", "")), frozenset(map(str, change.get("topics", ())))))

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _ask(self, method: str, params: Mapping[str, object]) -> None:
        self._calls += 1
        data = json.dumps({"id": self._calls, "method": method, "params": dict(params)}).encode() + b"\n"
        if len(data) > REQUEST_BYTES_MAX:
            raise InputError("call_too_large", limit=REQUEST_BYTES_MAX)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise GuildhallError("engine_gone") from error

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline(RESPONSE_BYTES_MAX)
        except OSError as error:
            raise GuildhallError("engine_gone") from error
        if not line.endswith(b"\n"):
            raise GuildhallError("engine_gone")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GuildhallError("engine_unreadable") from error
        if type(answer) is not dict:
            raise GuildhallError("engine_unreadable")
        return answer


def _progress(value: Any) -> Progress:
    if type(value) is not dict:
        raise GuildhallError("engine_unreadable")
    done, total = value.get("done", 0), value.get("total", 0)
    return Progress(str(value.get("job", "")), done if type(done) is int else 0, total if type(total) is int else 0)


class HandleCaller:
    """Implements ``app.ports.Caller`` on an engine in this process; closing it closes the engine."""

    def __init__(self, handle: EngineHandle) -> None:
        self._handle = handle

    def call(
        self, method: str, params: Mapping[str, object], progress: Callable[[Progress], None] | None = None
    ) -> object:
        told: queue.SimpleQueue[object] = queue.SimpleQueue()
        stop = self._handle.subscribe(told.put)
        try:
            self._handle.call(
                method, checked(method, params), lambda result: told.put(_Done(result)), told.put
            )
            while True:
                item = told.get()
                if isinstance(item, _Done):
                    return to_json(item.result)
                if isinstance(item, GuildhallError):
                    raise item
                if isinstance(item, Progress) and progress is not None:
                    progress(item)
        finally:
            stop()

    def watch(self, sink: Callable[[Change], None]) -> None:
        told: queue.SimpleQueue[object] = queue.SimpleQueue()
        stop = self._handle.subscribe(told.put)
        try:
            while True:
                item = told.get()
                if isinstance(item, Change):
                    sink(item)
        finally:
            stop()

    def close(self) -> None:
        self._handle.close()


class _Done:
    __slots__ = ("result",)

    def __init__(self, result: object) -> None:
        self.result = result


def connect(
    home: Path,
    open_engine: Callable[[], EngineHandle],
    wait_s: float = OWNER_WAIT_S,
    pause: Callable[[float], None] = time.sleep,
) -> SocketCaller | HandleCaller:
    """Reach the folder's owner, or open the folder in this process where it has none.

    ``open_engine`` raises Locked("folder_in_use") while another process holds the folder; one that neither
    answers nor lets go within the time is an error.
    """
    for _ in range(round(wait_s / OWNER_RETRY_S)):
        try:
            return SocketCaller(home)
        except OSError:
            pass  # nobody serves it: free, or its owner is starting or a quick command
        try:
            return HandleCaller(open_engine())
        except Locked as error:
            if error.code != "folder_in_use":
                raise
        pause(OWNER_RETRY_S)
    return HandleCaller(open_engine())
