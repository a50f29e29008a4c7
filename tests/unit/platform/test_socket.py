"""The local socket: same calls, same errors, one user only, bounded, and cancelled when the client is gone."""

from __future__ import annotations

import json
import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trio

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError, InputError, Locked, Refused
from dao_app.platform import rpc
from dao_app.platform.callers import HandleCaller, SocketCaller, connect, error_from
from dao_app.platform.dispatch import checked, fits, methods
from dao_app.platform.paths import Paths
from dao_app.platform.rpc import serve


class FakeApi:
    """As much of ``Api`` as the tests call."""

    def __init__(self) -> None:
        self.sinks: list[Callable[[Any], None]] = []
        self.subscribed = threading.Event()
        self.cancelled = threading.Event()
        self.waiting = threading.Event()

    def identity_status(self) -> v.IdentityView:
        return v.IdentityView(exists=True, unlocked=False, name="Lin \u202e \n")

    def identity_unlock(self, passphrase: str) -> v.IdentityView:
        raise Locked("passphrase_wrong")

    def vote(self, org: str, proposal: str, choice: Any) -> Any:
        raise Refused("reject.voting_closed", proposal=proposal)

    def task_show(self, org: str, task: str) -> Any:
        raise RuntimeError("passphrase=hunter2hunter2")

    async def log_verify(self, org: str, progress: Callable[[v.Progress], None] | None = None) -> v.VerifyReport:
        assert progress is not None
        progress(v.Progress("verify", 1, 2))
        await trio.lowlevel.checkpoint()
        return v.VerifyReport(1, 0, 0, 0, 0, 0, 0, 0, True, True)

    async def join(self, link: str, wait_s: int = 0) -> Any:
        self.waiting.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()

    def subscribe(self, sink: Callable[[Any], None]) -> Callable[[], None]:
        self.sinks.append(sink)
        self.subscribed.set()
        return lambda: self.sinks.remove(sink)


class Engine:
    """A server in a thread of its own."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.api = FakeApi()
        self.token: trio.lowlevel.TrioToken
        self._scope = trio.CancelScope()
        ready: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=trio.run, args=(self._run, ready))
        self._thread.start()
        ready.get(timeout=60)

    async def _run(self, ready: queue.SimpleQueue[None]) -> None:
        self.token = trio.lowlevel.current_trio_token()
        with self._scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(serve, self.paths.home, self.api)
                ready.put(None)

    def stop(self) -> None:
        self.token.run_sync_soon(self._scope.cancel)
        self._thread.join(60)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    running = Engine(Paths(tmp_path))
    yield running
    running.stop()


@pytest.fixture
def caller(engine: Engine) -> Iterator[SocketCaller]:
    made = SocketCaller(engine.paths.home)
    yield made
    made.close()


def test_results_come_back_as_json_data(caller: SocketCaller) -> None:
    result = caller.call("identity_status", {})
    assert isinstance(result, dict) and result["name"] == "Lin \u202e \n"


def test_errors_come_back_as_the_same_kind(caller: SocketCaller) -> None:
    with pytest.raises(Refused) as caught:
        caller.call("vote", {"org": "", "proposal": "P-1", "choice": ["any", 1]})
    assert (caught.value.code, caught.value.params, caught.value.exit_code) == (
        "reject.voting_closed", {"proposal": "P-1"}, 4,
    )
    with pytest.raises(Locked, match="passphrase_wrong"):
        caller.call("identity_unlock", {"passphrase": "wrong"})


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("__init__", {}, "call_unknown"),
        ("subscribe", {"sink": None}, "call_unknown"),
        ("tick", {}, "call_unknown"),
        ("vote", {"org": ""}, "call_parameter"),
        ("vote", {"org": 1, "proposal": "P-1", "choice": 1}, "call_parameter"),
        ("join", {"link": "x", "wait_s": True}, "call_parameter"),
        ("join", {"link": "x", "wait_s": 1.5}, "call_parameter"),
        ("identity_status", {"extra": 1}, "call_parameter"),
        ("log_verify", {"org": "", "progress": None}, "call_parameter"),
    ],
)
def test_only_declared_calls_are_made(caller: SocketCaller, method: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError, match=code):
        caller.call(method, params)
    assert caller.call("identity_status", {}) is not None  # the connection goes on


def test_declared_shapes_are_read() -> None:
    given = {"org": "", "title": "t", "table": [["lin", "3"]], "options": ["A", "B"]}
    assert checked("proposal_open", given) == given
    for bad in ({"table": [["lin"]]}, {"table": [["lin", 3]]}, {"options": "AB"}, {"options": [1]}):
        with pytest.raises(InputError):
            checked("proposal_open", given | bad)
    assert checked("org_create", {"name": "x", "parameters": None}) and "subscribe" not in methods()
    with pytest.raises(InputError):
        checked("org_create", {"name": "x", "parameters": {"quorum_bp": "many"}})


def test_a_bug_is_answered_and_logged_without_secrets(
    caller: SocketCaller, caplog: pytest.LogCaptureFixture
) -> None:
    from dao_app.platform.log import RedactingFormatter

    with pytest.raises(GuildhallError, match="internal"):
        caller.call("task_show", {"org": "", "task": "T-1"})
    (record,) = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert "hunter2" not in RedactingFormatter("%(message)s").format(record)
    assert caller.call("identity_status", {}) is not None


def test_progress_is_passed_on(caller: SocketCaller) -> None:
    steps: list[v.Progress] = []
    caller.call("log_verify", {"org": ""}, steps.append)
    assert steps == [v.Progress("verify", 1, 2)]


def test_changes_are_watched_and_merged(engine: Engine, caller: SocketCaller) -> None:
    class Enough(Exception):
        pass

    def sink(change: v.Change) -> None:
        assert change == v.Change("ab", frozenset({"tasks", "ledger"}))
        raise Enough

    def tell() -> None:
        for one in list(engine.api.sinks):
            one(v.Change("ab", frozenset({"tasks"})))
            one(v.Change("ab", frozenset({"ledger"})))

    def when_subscribed() -> None:
        if engine.api.subscribed.wait(60):
            engine.token.run_sync_soon(tell)

    thread = threading.Thread(target=when_subscribed)
    thread.start()
    with pytest.raises(Enough):
        caller.watch(sink)
    thread.join(60)


def test_hanging_up_cancels_the_call(engine: Engine) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(engine.paths.socket))
        raw.sendall(b'{"id": 1, "method": "join", "params": {"link": "x"}}\n')
        assert engine.api.waiting.wait(60)
    assert engine.api.cancelled.wait(60)


def test_the_socket_is_private(engine: Engine) -> None:
    assert engine.paths.socket.stat().st_mode & 0o777 == 0o600
    assert engine.paths.run_dir.stat().st_mode & 0o777 == 0o700


def test_another_users_process_is_not_answered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getuid()
    monkeypatch.setattr(rpc.os, "getuid", lambda: own + 1)
    with pytest.raises(Locked, match="owner_foreign"):
        SocketCaller(engine.paths.home)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(engine.paths.socket))
        assert raw.recv(1) == b""


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"1", b'{"id": 1}', b'{"id": "1", "method": "x", "params": {}}', b"\xff", b"[" * 99_999]
)
def test_unreadable_lines_are_refused(engine: Engine, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw, raw.makefile("rb") as lines:
        raw.connect(str(engine.paths.socket))
        raw.sendall(line + b"\n")
        answer = json.loads(lines.readline())
        assert answer["error"]["code"] == "call_unreadable"
        assert lines.readline() == b""


def test_endless_lines_are_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "REQUEST_BYTES_MAX", 1000)
    with socket.socket(socket.AF_UNIX) as raw, raw.makefile("rb") as lines:
        raw.connect(str(engine.paths.socket))
        raw.sendall(b"x" * 1001)
        assert json.loads(lines.readline())["error"]["code"] == "call_too_large"


def test_too_many_clients_are_turned_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "CLIENTS_MAX", 1)
    first = SocketCaller(engine.paths.home)
    first.call("identity_status", {})
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(engine.paths.socket))
        assert raw.recv(1) == b""
    first.close()


def test_a_long_path_works(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 40)
    running = Engine(Paths(deep))
    try:
        assert len(os.fsencode(running.paths.socket)) > rpc.ADDRESS_BYTES_MAX
        made = SocketCaller(running.paths.home)
        assert made.call("identity_status", {}) is not None
        made.close()
    finally:
        running.stop()
    assert not running.paths.socket.exists()


def test_a_killed_owners_socket_does_not_hinder_the_next(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.make()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(paths.socket))
    with pytest.raises(ConnectionRefusedError):
        SocketCaller(tmp_path)
    Engine(paths).stop()


class FakeHandle:
    """An engine in this process, in front of ``FakeApi``."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.sinks: list[Callable[[Any], None]] = []
        self.closed = False

    def call(self, method: str, params: Mapping[str, object], done: Any, failed: Any) -> None:
        for sink in list(self.sinks):
            sink(v.Progress("work", 1, 2))
        try:
            done(getattr(self.api, method)(**params))
        except GuildhallError as error:
            failed(error)

    def subscribe(self, sink: Callable[[Any], None]) -> Callable[[], None]:
        self.sinks.append(sink)
        return lambda: self.sinks.remove(sink)

    def close(self) -> None:
        self.closed = True


def test_an_engine_in_this_process_is_called_the_same_way() -> None:
    handle, steps = FakeHandle(), list[v.Progress]()
    made = HandleCaller(handle)
    result = made.call("identity_status", {}, steps.append)
    assert isinstance(result, dict) and result["exists"] is True
    assert steps == [v.Progress("work", 1, 2)]
    with pytest.raises(Refused, match="voting_closed"):
        made.call("vote", {"org": "", "proposal": "P-1", "choice": 1})
    with pytest.raises(InputError, match="call_unknown"):
        made.call("__class__", {})
    made.close()
    assert (handle.closed, handle.sinks) == (True, [])


def test_connect_reaches_the_owner_first(engine: Engine) -> None:
    reached = connect(engine.paths.home, FakeHandle)
    assert isinstance(reached, SocketCaller)
    reached.close()


def test_connect_opens_a_free_folder_here(tmp_path: Path) -> None:
    assert isinstance(connect(tmp_path, FakeHandle), HandleCaller)


def test_connect_waits_for_an_owner_that_is_finishing(tmp_path: Path) -> None:
    answers: list[Any] = [Locked("folder_in_use"), Locked("folder_in_use"), FakeHandle()]
    pauses: list[float] = []

    def open_engine() -> FakeHandle:
        answer = answers.pop(0)
        if isinstance(answer, Locked):
            raise answer
        assert isinstance(answer, FakeHandle)
        return answer

    assert isinstance(connect(tmp_path, open_engine, pause=pauses.append), HandleCaller)
    assert len(pauses) == 2


def test_connect_gives_up_on_an_owner_that_does_not_answer(tmp_path: Path) -> None:
    def open_engine() -> FakeHandle:
        raise Locked("folder_in_use", pid=7)

    pauses: list[float] = []
    with pytest.raises(Locked, match="folder_in_use"):
        connect(tmp_path, open_engine, wait_s=0.5, pause=pauses.append)
    assert len(pauses) == 5


def test_a_server_that_goes_away_is_told(tmp_path: Path) -> None:
    running = Engine(Paths(tmp_path))
    made = SocketCaller(running.paths.home)
    made.call("identity_status", {})
    running.stop()
    with pytest.raises(GuildhallError, match="engine_gone"):
        made.call("identity_status", {})
    made.close()


@pytest.mark.parametrize(
    "value", [None, [], {"code": "x"}, {"code": "x", "params": {"code": "y"}, "kind": "Exception"}]
)
def test_strange_errors_become_plain_ones(value: Any) -> None:
    assert type(error_from(value)) is GuildhallError


def test_every_parameter_of_every_use_case_can_be_given_as_json() -> None:
    """A hint that the check does not know would refuse each value: no call could ever be made."""
    samples: list[Any] = [
        "a", 1, True, None, ["a"], [["a", "b"]], [["a", 1]], [["a", 1, "a"]], [["a", "a", 1]], [{"do": "pay"}],
        {"quorum_bp": 1}, [1], {"1": 1},
    ]
    for name, parameters in methods().items():
        for one in parameters.values():
            if one.name != "progress":
                assert one.kind is not one.VAR_KEYWORD, name
                assert any(fits(one.annotation, sample) for sample in samples), f"{name}.{one.name}"
    assert checked("proposal_open", {"org": "", "title": "x", "effects": [{"do": "pay", "to": "Ben"}]})
