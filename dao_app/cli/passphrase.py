"""Where passphrases and recovery words come from: a file, or a question; never an argument.

Arguments stand in process lists and shell histories, so no command takes a secret there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from dao_app.app.errors import InputError, Locked
from dao_app.app.texts import Texts

PASSPHRASE_FILE_VARIABLE = "GUILDHALL_PASSPHRASE_FILE"  # noqa: S105  (a name, no secret)
SECRET_FILE_BYTES_MAX = 4 * 1024  # 24 words in any layout; a passphrase has at most 1,024 characters


def read_secret(path: Path) -> str:
    """The first line of a file, without its line end. Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(SECRET_FILE_BYTES_MAX + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "UTF-8"
        raise InputError("secret_file", path=path, detail=detail or "") from error
    if len(data) > SECRET_FILE_BYTES_MAX:
        raise InputError("secret_file", path=path, detail=f"> {SECRET_FILE_BYTES_MAX} bytes")
    return text


class PassphraseSource:
    """Asks at most once per run."""

    def __init__(
        self, texts: Texts, file: str, environ: Mapping[str, str] = os.environ, question: str = "cli.ask.passphrase"
    ) -> None:
        self._texts = texts
        self._question = question
        self._file = file or environ.get(PASSPHRASE_FILE_VARIABLE, "")
        self._known: str | None = None

    def get(self, again: bool = False) -> str:
        """The passphrase; asked for twice where a new one is set (``again``). Raises Locked, InputError."""
        if self._known is None:
            self._known = self._read(again)
        return self._known

    @property
    def is_silent(self) -> bool:
        """Can it be had without asking anybody?"""
        return bool(self._file) or self._known is not None

    def _read(self, again: bool) -> str:
        if self._file:
            return read_secret(Path(self._file)).split("\n", 1)[0].rstrip("\r")
        if not sys.stdin.isatty():
            raise Locked("passphrase_needed")
        text: str = click.prompt(self._texts.t(self._question), hide_input=True, err=True)
        if again:
            repeated = click.prompt(self._texts.t("cli.ask.passphrase_again"), hide_input=True, err=True)
            if repeated != text:
                raise InputError("passphrases_differ")
        return text
