"""Metrics and health over HTTP, on this machine only: Prometheus text at /metrics, yes or no at /health.

The server runs in a thread of its own and reads the last view that the engine handed over; it never waits for the
engine, and the engine never for it.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from dao_app.app.errors import InputError, NetworkError
from dao_app.app.views_node import NodeView

STALE_S = 30.0  # without a fresh view the engine counts as stuck
REQUEST_S = 5.0  # a client that says nothing for so long is left
_GAUGES = {
    "height": "Height of the last certified checkpoint",
    "actions": "Actions in the log",
    "provisional": "Actions that no checkpoint has sealed yet",
    "unsent": "Own actions that no peer has yet",
    "peers": "Peers that are connected",
    "known_peers": "Peers that are known",
}
_COUNTERS = {"bytes_in": "Bytes received in sync sessions", "bytes_out": "Bytes sent in sync sessions"}


class Board:
    """The last view of the node, and when it came."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._shown: tuple[NodeView, float] | None = None

    def show(self, view: NodeView) -> None:
        self._shown = view, self._clock()

    @property
    def view(self) -> NodeView | None:
        """None before the first, and when the engine has been silent for too long."""
        shown = self._shown
        return shown[0] if shown is not None and self._clock() - shown[1] < STALE_S else None

    @property
    def is_healthy(self) -> bool:
        """Does all that is to be done go on? A locked node does nothing."""
        view = self.view
        return view is not None and view.healthy

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client's registry."""
        view = self.view
        yield GaugeMetricFamily("guildhall_healthy", "1 where nothing is wrong", float(self.is_healthy))
        rows = view.organisations if view is not None else ()
        for name, text in _GAUGES.items():
            gauge = GaugeMetricFamily(f"guildhall_{name}", text, labels=["org"])
            for row in rows:
                gauge.add_metric([row.id[:12]], getattr(row, name))
            yield gauge
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"guildhall_{name}", text, labels=["org"])
            for row in rows:
                counter.add_metric([row.id[:12]], getattr(row, name))
            yield counter
        problems = GaugeMetricFamily("guildhall_problem", "1 for each problem that there is", labels=["org", "problem"])
        for row in rows:
            for code in row.problems:
                problems.add_metric([row.id[:12], code], 1)
        yield problems
        sealed = GaugeMetricFamily("guildhall_sealed_timestamp_seconds", "Time of the last checkpoint", labels=["org"])
        for row in rows:
            if row.sealed_ms is not None:
                sealed.add_metric([row.id[:12]], row.sealed_ms / 1000)
        yield sealed


class _Quiet(WSGIRequestHandler):
    timeout = REQUEST_S  # of the connection

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""


def loopback(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT". Raises InputError for anything that others could reach."""
    host, _, port = address.rpartition(":")
    host = host or "127.0.0.1"
    try:
        local = ipaddress.IPv4Address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise InputError("metrics_address") from error
    if not port.isdecimal() or not 0 <= int(port) <= 65_535 or not local.is_loopback:
        raise InputError("metrics_address")
    return str(local), int(port)


class MetricsServer:
    """Serves a board at a loopback address until closed. Raises InputError and NetworkError (port taken)."""

    def __init__(self, address: str, board: Board) -> None:
        host, port = loopback(address)
        registry = CollectorRegistry()
        registry.register(board)
        ProcessCollector(registry=registry)
        metrics = make_wsgi_app(registry)

        def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                return _answer(start_response, "405 Method Not Allowed", b"")
            if environ["PATH_INFO"] == "/metrics":
                found: Iterable[bytes] = metrics(environ, start_response)
                return found
            if environ["PATH_INFO"] == "/health":
                return _health(board, start_response)
            return _answer(start_response, "404 Not Found", b"")

        try:
            self._server = make_server(host, port, app, WSGIServer, _Quiet)
        except OSError as error:
            raise NetworkError("metrics_port_taken", address=address) from error
        self.address = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _health(board: Board, start_response: Any) -> Iterable[bytes]:
    view, healthy = board.view, board.is_healthy
    told = {
        "healthy": healthy,
        "locked": view is not None and view.locked,
        "problems": {row.id[:12]: row.problems for row in view.organisations if row.problems} if view else "no answer",
    }
    status = "200 OK" if healthy else "503 Service Unavailable"
    return _answer(start_response, status, json.dumps(told).encode(), "application/json")


def _answer(start_response: Any, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
    return [body]
