"""The command line over the stand-in engine: services in memory, and a run's exit code and output."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dao_app.app import views as v
from dao_app.app.ports import Caller
from dao_app.app.views_proofs import ProofView
from dao_app.platform.callers import HandleCaller
from tests.fakes.engine import FakeEngine, ident

ORG = ident("org example")


class FakeServices:
    """Implements ``cli.services.Services`` on sample data."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.connected: list[tuple[Path, bool]] = []
        self.node: dict[str, Any] = {}
        self.watched: list[v.Change] = []
        self.codes: dict[str, str] = {}
        self.listens = ["/ip4/127.0.0.1/tcp/4001"]

    def home(self, given: str) -> Path:
        return Path(given or "usual")

    def connect(self, home: Path, network: bool) -> Caller:
        self.connected.append((home, network))
        caller = HandleCaller(self.engine)
        changes = self.watched

        def watch(sink: Callable[[v.Change], None]) -> None:
            for change in changes:
                sink(change)
            raise KeyboardInterrupt

        caller.watch = watch  # type: ignore[method-assign]
        return caller

    def run_node(
        self, home: Path, passphrase: Callable[[], str], listen: Sequence[str], mdns: bool,
        ready: Callable[[Mapping[str, Any]], None], report: Path | None = None, database: str = "", metrics: str = "",
        announce: Sequence[str] = (), relays: bool = True,
    ) -> None:
        self.node = {
            "home": home, "passphrase": passphrase(), "listen": tuple(listen), "mdns": mdns, "report": report,
            "announce": tuple(announce), "relays": relays,
        }  # fmt: skip
        self.node |= {"database": database} if database else {}
        address = f"http://{metrics}" if metrics else ""
        ready({"pid": 7, "home": str(home), "addresses": {ORG: self.listens}, "metrics": address})

    def run_window(self, home: Path, announce: Sequence[str] = (), relays: bool = False) -> int:
        self.window = (tuple(announce), relays)
        return 3

    def paint_card(self, view: ProofView, language: str) -> bytes:
        assert view.result is not None and view.result.options == ("yes", "no", "abstain")
        return b"\x89PNG card in " + language.encode()

    def read_code(self, path: Path) -> str:
        return self.codes[path.name]

    def build_demo(self, home: Path, data: Path | None, progress: Callable[[v.Progress], None]) -> Mapping[str, Any]:
        progress(v.Progress("record", 1, 2))
        progress(v.Progress("record", 2, 2))
        return {"proposals": 388, "differences": [{"id": "a1", "title": "\x1b[31mred"}]}


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]
