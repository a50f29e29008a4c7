"""What a person chose on this device: language, theme, scale, listen addresses. No secrets.

A JSON object of at most 64 KiB. A damaged file is kept aside and the defaults take its place: ``note``
then names where it lies. Writing is atomic: a power cut leaves the old file or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from dao_app.app.errors import InputError
from dao_app.platform.paths import make_private, storage_error

SETTINGS_BYTES_MAX = 64 * 1024  # a hundred times what the program writes
KEPT_ASIDE_SUFFIX = ".damaged"


class Settings:
    """``values`` are JSON data; ``note`` is the path of a damaged file kept aside, or None."""

    def __init__(self, path: Path) -> None:
        """Read the file; a missing one means defaults. Raises StorageError where it cannot be read at all."""
        self.path = path
        self.note: Path | None = None
        self.values: MutableMapping[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            with self.path.open("rb") as file:
                data = file.read(SETTINGS_BYTES_MAX + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise storage_error(error, self.path) from error
        try:
            if len(data) > SETTINGS_BYTES_MAX:
                raise ValueError("too large")
            values = json.loads(data)
            if type(values) is not dict:
                raise ValueError("no object")
        except (ValueError, RecursionError):
            self._keep_aside()
            return {}
        return values

    def _keep_aside(self) -> None:
        aside = self.path.with_name(self.path.name + KEPT_ASIDE_SUFFIX)
        try:
            os.replace(self.path, aside)
        except OSError as error:
            raise storage_error(error, self.path) from error
        self.note = aside

    def save(self) -> None:
        """Write the values. Raises StorageError, and InputError where they outgrow the bound."""
        data = json.dumps(self.values, ensure_ascii=False, indent=2, sort_keys=True).encode()
        if len(data) > SETTINGS_BYTES_MAX:
            raise InputError("settings_too_large", limit=SETTINGS_BYTES_MAX)
        make_private(self.path.parent)
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
        except OSError as error:
            raise storage_error(error, self.path) from error
