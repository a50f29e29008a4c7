"""What the composition root gives the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from dao_app.app.ports import Caller
from dao_app.app.views import Progress
from dao_app.app.views_proofs import ProofView


class Services(Protocol):
    """Everything that reaches beyond ``app``; all of it may raise GuildhallError."""

    def home(self, given: str) -> Path:
        """The data folder that is meant; "" for the usual one."""
        ...

    def connect(self, home: Path, network: bool) -> Caller:
        """Reach the process that owns the folder, else open it in this process, with a host on the
        network only if asked for. It may be locked: then calls raise Locked("locked")."""
        ...

    def run_node(
        self,
        home: Path,
        passphrase: Callable[[], str],
        listen: Sequence[str],
        mdns: bool,
        ready: Callable[[Mapping[str, Any]], None],
        report: Path | None = None,
        database: str = "",
        metrics: str = "",
        announce: Sequence[str] = (),
        relays: bool = True,
    ) -> None:
        """Own the folder without a window until interrupted or terminated. ``ready`` is told once:
        {"pid", "home", "addresses": {organisation id: [multiaddress]}, "metrics": address or ""}. ``report`` is
        written at the end: heights, roots, results and balances, to compare with another peer's.
        ``database``: address of a server that is to keep the logs from now on. ``metrics``: loopback address where
        monitoring may read. ``announce``: addresses under which others reach it though it listens elsewhere;
        ``relays``: members may reach each other through it."""
        ...

    def run_window(self, home: Path, announce: Sequence[str] = (), relays: bool = False) -> int:
        """Open the window; returns the exit code of its event loop. ``announce`` and ``relays`` as for a node."""
        ...

    def paint_card(self, view: ProofView, language: str) -> bytes:
        """A proven result as a picture (PNG); needs no display."""
        ...

    def read_code(self, path: Path) -> str:
        """The text of the QR code in a picture; needs no display."""
        ...

    def build_demo(
        self, home: Path, data: Path | None, progress: Callable[[Progress], None]
    ) -> Mapping[str, Any]:
        """Fill a folder with a sample organisation, or with the public record in ``data``; returns a
        report as JSON data: numbers and texts by name, and lists of such reports."""
        ...
