"""One run of the command line: its options, its connection to the engine, its output."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from dao_app.app.errors import GuildhallError, Locked
from dao_app.app.ports import Caller
from dao_app.app.texts import Texts
from dao_app.app.views import Progress
from dao_app.cli.passphrase import PassphraseSource
from dao_app.cli.services import Services

# Foreign text must not steer a terminal: C1 controls, direction marks and lone surrogates are escaped in JSON.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Session:
    """Made by ``cli.app.run``; commands receive it as ``click``'s context object."""

    def __init__(self, services: Services, texts: Texts) -> None:
        self.services = services
        self.texts = texts
        self.home_given = ""
        self.org = ""
        self.json = False
        self.passphrase_file = ""
        self.network = False  # whether an engine opened here starts a host
        self._caller: Caller | None = None
        self._passphrase: PassphraseSource | None = None

    # -- reaching the engine ---------------------------------------------------------------------
    @property
    def home(self) -> Path:
        return self.services.home(self.home_given)

    @property
    def passphrase(self) -> PassphraseSource:
        if self._passphrase is None:
            self._passphrase = PassphraseSource(self.texts, self.passphrase_file)
        return self._passphrase

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            self._caller = self.services.connect(self.home, self.network)
        return self._caller

    def call(self, method: str, /, progress: Callable[[Progress], None] | None = None, **params: object) -> Any:
        """Call a use case; where it needs the passphrase, unlock and call again."""
        try:
            return self.caller.call(method, params, progress)
        except Locked as error:
            if error.code != "locked":
                raise
        self._open()
        return self.caller.call(method, params, progress)

    def _open(self) -> None:
        """Unlock by the system keyring where that is on and answers, else by the passphrase."""
        status: Any = self.caller.call("identity_status", {})
        if status.get("keyring"):
            try:
                self.caller.call("identity_unlock", {"passphrase": ""})
                return
            except GuildhallError as error:
                self.note("\n".join(filter(None, self.texts.error_text(error))))
        self.caller.call("identity_unlock", {"passphrase": self.passphrase.get()})

    def ask(self, method: str, /, progress: Callable[[Progress], None] | None = None, **params: object) -> Any:
        """Call a use case of the organisation that is meant."""
        return self.call(method, progress, org=self.org, **params)

    def unlock(self, silently: bool = False) -> None:
        """Unlock the identity, if there is one; ``silently`` only where nobody need be asked."""
        status: Any = self.caller.call("identity_status", {})
        silent = self.passphrase.is_silent or bool(status.get("keyring"))
        if status["exists"] and not status["unlocked"] and (silent or not silently):
            self._open()

    def close(self) -> None:
        if self._caller is not None:
            self._caller.close()
            self._caller = None

    # -- output ----------------------------------------------------------------------------------
    def t(self, key: str, /, **params: object) -> str:
        return self.texts.t(key, **params)

    def show(self, value: Any, human: Callable[[Any], None]) -> None:
        """Print a result: as JSON where that was asked for, else as a person reads it."""
        if self.json:
            self.line(json_text(value, indent=2))
        else:
            human(value)

    def line(self, text: str = "") -> None:
        click.echo(text)

    def note(self, text: str) -> None:
        """A remark beside the output: to stderr."""
        click.echo(text, err=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[Progress], None]]:
        """A bar on stderr while something long runs; plain tenths where that is no terminal."""
        stream = sys.stderr
        if self.json or not stream.isatty():
            yield self._tenths(stream)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        described = TextColumn("{task.description}", markup=False)
        columns = (described, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(file=stream), transient=True) as bar:
            jobs: dict[str, Any] = {}

            def sink(step: Progress) -> None:
                if step.job not in jobs:
                    jobs[step.job] = bar.add_task(self.job(step.job), total=step.total or None)
                bar.update(jobs[step.job], completed=step.done, total=step.total or None)

            yield sink

    def job(self, name: str) -> str:
        key = f"cli.job.{name}"
        return self.t(key) if self.texts.has(key) else self.t("cli.job.other")

    def _tenths(self, stream: TextIO) -> Callable[[Progress], None]:
        told: dict[str, int] = {}

        def sink(step: Progress) -> None:
            tenth = 10 * step.done // step.total if step.total else 0
            if not self.json and told.get(step.job) != tenth:
                told[step.job] = tenth
                click.echo(f"{self.job(step.job)} {self.texts.percent(step.done, step.total)}", file=stream)

        return sink


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that is safe to print: Chinese stays readable, nothing steers the terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_mapping)
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def stdout_is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
