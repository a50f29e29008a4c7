"""The use cases of notarised files, proofs and bundles; see ``app.api``. A ``hash`` is a SHA-256 in hexadecimal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dao_app.app import views_proofs as p
from dao_app.app.views import Progress

ProgressSink = Callable[[Progress], None]


class ProofsApi(Protocol):
    # -- notarised files -----------------------------------------------------------------------
    def file_notarise(self, org: str, hash: str, size: int, title: str = "") -> p.FileRow:
        """Write down that this file exists; ``size`` in bytes. The file itself is not passed on."""
        ...

    def file_check(self, org: str, hash: str) -> p.FileRow:
        """Who wrote this file down, and before which checkpoint. Raises NotFound where nobody did."""
        ...

    def file_list(self, org: str) -> tuple[p.FileRow, ...]: ...

    # -- proofs: files that anybody checks without us -------------------------------------------
    def certificate_result(self, org: str, proposal: str, anchor: int = 0) -> p.ProofMade:
        """Prove a vote's final result. ``anchor``: height of a checkpoint that the proof shall pass, 0 for none."""
        ...

    def certificate_balance(self, org: str, party: str = "", unit: str = "", anchor: int = 0) -> p.ProofMade:
        """Prove a final balance: of you (""), "treasury", a member, "department:NAME" or "firm:NAME"."""
        ...

    def certificate_file(self, org: str, hash: str, anchor: int = 0) -> p.ProofMade: ...
    def certificate_evidence(self, org: str, entry: str) -> p.ProofMade:
        """Prove that a key signed twice, from an entry of the log that carries the evidence."""
        ...

    def certificate_check(self, data: str, org: str = "", anchor: str = "", hash: str = "") -> p.ProofView:
        """Check a proof file (base64). ``org``: the organisation that is meant; ``anchor``: "height:id" of a
        checkpoint known from elsewhere; ``hash``: of the file that it must be about. Needs no log."""
        ...

    # -- bundles: everything as one file ---------------------------------------------------------
    async def bundle_export(self, org: str, path: str, progress: ProgressSink | None = None) -> p.BundleView:
        """Write all that is here of an organisation into a file; ``path`` is absolute."""
        ...

    async def bundle_inspect(self, path: str, progress: ProgressSink | None = None) -> p.BundleView:
        """What a bundle holds, what of it is new here, what is wrong with it; changes nothing."""
        ...

    async def bundle_import(self, path: str, progress: ProgressSink | None = None) -> p.BundleMerged:
        """Merge a bundle into its organisation, which must be open here. Raises InputError, NotFound."""
        ...
