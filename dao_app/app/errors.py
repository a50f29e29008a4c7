"""Errors that a person meets: a code with parameters; texts stand in the catalogue.

Hierarchy::

    GuildhallError            anything a use case refuses
    ├── InputError            what was asked cannot be read or is out of bounds   (exit code 2)
    ├── NotFound              no such object, organisation or member              (exit code 3)
    ├── Refused               a rule would reject it; ``code`` is ``reject.<name>`` (exit code 4)
    ├── Locked                passphrase missing or wrong, folder in use           (exit code 5)
    ├── NetworkError          nobody reached, port taken                           (exit code 6)
    └── StorageError          disk full, damaged or foreign data                   (exit code 7)

For each code the catalogue has ``error.<code>``: what happened, what was not done, what to do.
"""

from __future__ import annotations


class GuildhallError(Exception):
    """Base; ``params`` fill the placeholders of the text and may hold foreign text."""

    exit_code = 1

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = {k: str(v) for k, v in params.items()}

    def __str__(self) -> str:
        given = ", ".join(f"{k}={v}" for k, v in sorted(self.params.items()))
        return f"{self.code} ({given})" if given else self.code


class InputError(GuildhallError):
    exit_code = 2


class NotFound(GuildhallError):
    exit_code = 3


class Refused(GuildhallError):
    exit_code = 4


class Locked(GuildhallError):
    exit_code = 5


class NetworkError(GuildhallError):
    exit_code = 6


class StorageError(GuildhallError):
    exit_code = 7
