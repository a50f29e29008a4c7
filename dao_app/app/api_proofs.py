"""The use cases of notarised files, proofs and bundles; see ``app.api``. A ``hash`` is a SHA-256 in hexadecimal."""

from __future__ import annotations

from typing import Protocol

from dao_app.app import views_proofs as p


class ProofsApi(Protocol):
    # -- notarised files -----------------------------------------------------------------------
    def file_notarise(self, org: str, hash: str, size: int, title: str = "") -> p.FileRow:
        """Write down that this file exists; ``size`` in bytes. The file itself is not passed on."""
        ...

    def file_check(self, org: str, hash: str) -> p.FileRow:
        """Who wrote this file down, and before which checkpoint. Raises NotFound where nobody did."""
        ...

    def file_list(self, org: str) -> tuple[p.FileRow, ...]: ...
