"""What monitoring reads, and that nobody else can."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
import trio
import trio.lowlevel

from dao_app.app.errors import InputError, NetworkError, StorageError
from dao_app.app.service import Service
from dao_app.app.views_node import NodeOrgView, NodeView
from dao_app.bootstrap import node
from dao_app.platform.metrics import STALE_S, Board, MetricsServer, loopback

ROW = NodeOrgView("ab" * 32, "Example", 7, 1_700_000_000_500, 120, 3, 1, 2, 5, 1_000, 2_000, ())


class Now:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def board(clock: Now) -> Board:
    return Board(clock)


@pytest.fixture
def server(board: Board) -> Iterator[MetricsServer]:
    made = MetricsServer("127.0.0.1:0", board)
    yield made
    made.close()


def read(server: MetricsServer, path: str, **more: object) -> tuple[int, str]:
    request = urllib.request.Request(server.address + path, **more)  # type: ignore[arg-type]
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_are_prometheus_text(server: MetricsServer, board: Board) -> None:
    board.show(NodeView(True, False, (ROW,)))
    code, text = read(server, "/metrics")
    lines = text.splitlines()
    assert code == 200
    assert "guildhall_healthy 1.0" in lines
    assert 'guildhall_height{org="abababababab"} 7.0' in lines
    assert 'guildhall_bytes_out_total{org="abababababab"} 2000.0' in lines
    assert 'guildhall_sealed_timestamp_seconds{org="abababababab"} 1.7000000005e+09' in lines
    assert "# TYPE guildhall_bytes_in_total counter" in text or "# TYPE guildhall_bytes_in counter" in text
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
    assert "Example" not in text, "names of organisations stay in"


def test_health_says_what_is_wrong(server: MetricsServer, board: Board, clock: Now) -> None:
    assert read(server, "/health")[0] == 503, "nothing was shown yet"
    board.show(NodeView(True, False, (ROW,)))
    assert read(server, "/health")[0] == 200
    board.show(NodeView(False, False, (replace(ROW, problems=("storage",)),)))
    code, text = read(server, "/health")
    assert code == 503 and json.loads(text)["problems"] == {"abababababab": ["storage"]}
    assert 'guildhall_problem{org="abababababab",problem="storage"} 1.0' in read(server, "/metrics")[1]
    board.show(NodeView(False, True, (ROW,)))
    assert read(server, "/health")[0] == 503, "locked"
    assert "guildhall_healthy 0.0" in read(server, "/metrics")[1], "the same answer"
    board.show(NodeView(True, False, (ROW,)))
    clock.now += STALE_S
    code, text = read(server, "/health")
    assert code == 503 and json.loads(text)["problems"] == "no answer"
    assert "guildhall_healthy 0.0" in read(server, "/metrics")[1]


def test_nothing_else_is_answered(server: MetricsServer, board: Board) -> None:
    board.show(NodeView(True, False, (ROW,)))
    assert read(server, "/")[0] == read(server, "/../health")[0] == 404
    assert read(server, "/metrics", data=b"x", method="POST")[0] == 405


def test_a_taken_port_is_said(server: MetricsServer, board: Board) -> None:
    with pytest.raises(NetworkError, match="metrics_port_taken"):
        MetricsServer(server.address.removeprefix("http://"), board)


@pytest.mark.parametrize("address", ["0.0.0.0:1", "192.168.0.4:80", "[::]:80", "[::1]:80", "example:80", "127.0.0.1",
                                     "127.0.0.1:x", "127.0.0.1:70000", ""])
def test_only_this_machine_is_served(address: str) -> None:
    with pytest.raises(InputError, match="metrics_address"):
        loopback(address)


def test_loopback_addresses() -> None:
    assert loopback("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert loopback("localhost:1") == loopback(":1") == ("127.0.0.1", 1)


def test_a_store_that_is_away_for_a_while_does_not_end_the_node(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "SHOW_S", 0)
    answers: list[NodeView | StorageError] = [StorageError("database_unreachable"), NodeView(True, False, (ROW,))]

    class Asked:
        def node_status(self) -> NodeView:
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(found, StorageError):
                raise found
            return found

    async def look() -> None:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(node._keep_showing, board, cast(Service, Asked()))
                while board.view is None:
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()

    trio.run(look)
    assert len(answers) == 1 and board.view is not None
