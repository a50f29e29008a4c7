"""The system's keyring, where there is one: Secret Service, macOS Keychain, Windows Credential Locker.

Secrets are stored as hexadecimal text under one service name. What the keyring's own software raises is told as
StorageError; where the system has none, ``is_there`` says so and nothing else is tried.
"""

from __future__ import annotations

from typing import Any

from dao_app.app.errors import StorageError
from dao_app.app.workspace_ports import Keyring

SERVICE = "guildhall"


class SystemKeyring(Keyring):
    """``backend``: what stands in for the system's in tests (``keyring.backend.KeyringBackend``)."""

    def __init__(self, backend: Any = None) -> None:
        self._backend = backend

    def _found(self) -> Any:
        if self._backend is None:
            import keyring  # loaded only when somebody asks for it

            self._backend = keyring.get_keyring()
        return self._backend

    def is_there(self) -> bool:
        try:
            return bool(self._found().priority > 0)  # backends that store nothing, or in plain text, say 0 or less
        except Exception:  # whatever a system's software raises, it is of no use
            return False

    def get(self, name: str) -> bytes | None:
        try:
            text = self._found().get_password(SERVICE, name)
            return None if text is None else bytes.fromhex(text)
        except Exception as error:
            raise StorageError("keyring_failed", detail=type(error).__name__) from error

    def put(self, name: str, secret: bytes) -> None:
        try:
            self._found().set_password(SERVICE, name, secret.hex())
        except Exception as error:
            raise StorageError("keyring_failed", detail=type(error).__name__) from error

    def delete(self, name: str) -> None:
        try:
            if self._found().get_password(SERVICE, name) is not None:
                self._found().delete_password(SERVICE, name)
        except Exception as error:
            raise StorageError("keyring_failed", detail=type(error).__name__) from error
