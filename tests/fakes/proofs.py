"""The part of the stand-in engine that holds notarised files and proofs; nothing in them is signed."""

from __future__ import annotations

import base64
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_proofs as p
from dao_app.app.errors import NotFound
from tests.fakes.sample import AMARA, DAY, JONAS, LIN, NOW_MS, ORG, final, ident, pending


def make_file(name: str, person: v.PersonView, height: int, stamp: v.Stamp) -> p.FileRow:
    sealed = stamp.at_ms + 2_000 if height else 0
    return p.FileRow(ident("file " + name), 48_212, name, person, ident("notarise " + name), height, sealed, stamp)


def make_proof(kind: str, **parts: Any) -> p.ProofView:
    return p.ProofView(
        True, "", kind, ORG, "Example Alliance", ident("proof " + kind), 1_284, NOW_MS - DAY, ident("checkpoint 1284"),
        4, 3, 1, False, **parts,
    )  # fmt: skip


RESULT = p.ResultPart(
    57, "Move the weekly meeting to Thursday", "decision", "yes-no-abstain", ("yes", "no", "abstain"),
    ("29", "6", "3"), (), False, "passed", 38, 48, "38", "48", NOW_MS - DAY, ident("proposal 57"),
)


class FakeProofs:
    """Mixed into ``FakeEngine``."""

    files: dict[str, p.FileRow]
    bundle = p.BundleView(
        ORG, "Example Alliance", True, 1_290, ident("checkpoint 1290"), 48, 48_300, 81, 1_290, 6, 3_120, 4,
        NOW_MS - 400 * DAY, NOW_MS, 31_400_000, (),
    )  # fmt: skip

    def _fill_proofs(self) -> None:
        rows = (
            make_file("Frame agreement 2026.pdf", AMARA, 1_284, final(DAY)),
            make_file("供货合同 第三批.pdf", LIN, 1_279, final(6 * DAY)),
            make_file("Inspection report, batch 14.pdf", JONAS, 0, pending(2_000)),
        )
        self.files = {row.hash: row for row in rows}

    def file_notarise(self, org: str, hash: str, size: int, title: str = "") -> p.FileRow:
        row = p.FileRow(hash, size, title, LIN, ident("notarise " + hash), 0, 0, pending(0))
        self.files[hash] = row
        return row

    def file_check(self, org: str, hash: str) -> p.FileRow:
        if hash not in self.files:
            raise NotFound("file_unknown", hash=hash)
        return self.files[hash]

    def file_list(self, org: str) -> tuple[p.FileRow, ...]:
        return tuple(sorted(self.files.values(), key=lambda row: row.stamp.at_ms, reverse=True))

    def _made(self, view: p.ProofView) -> p.ProofMade:
        return p.ProofMade(view, base64.b64encode(b"proof of " + view.kind.encode()).decode())

    def certificate_result(self, org: str, proposal: str, anchor: int = 0) -> p.ProofMade:
        return self._made(make_proof("result", result=RESULT))

    def certificate_balance(self, org: str, party: str = "", unit: str = "", anchor: int = 0) -> p.ProofMade:
        return self._made(make_proof("balance", balance=p.BalancePart("treasury", "", unit or "GLD", 7_125_000, 2)))

    def certificate_file(self, org: str, hash: str, anchor: int = 0) -> p.ProofMade:
        part = p.FilePart(hash, 48_212, LIN.id, ident("notarise"), 1_279)
        return self._made(make_proof("file", file=part))

    def certificate_evidence(self, org: str, entry: str) -> p.ProofMade:
        part = p.EvidencePart("fork", JONAS.id, 7, ident("one"), ident("two"))
        return self._made(make_proof("evidence", evidence=part))

    def certificate_check(self, data: str, org: str = "", anchor: str = "", hash: str = "") -> p.ProofView:
        good = base64.b64decode(data) == b"proof of result"
        if good:
            return make_proof("result", result=RESULT)
        return p.ProofView(False, "signature", "result", ORG, "", ident("bad"), 0, 0, "", 0, 0, 0, False)

    # -- bundles ---------------------------------------------------------------------------------
    async def bundle_export(self, org: str, path: str, progress: Any = None) -> p.BundleView:
        return self.bundle

    async def bundle_inspect(self, path: str, progress: Any = None) -> p.BundleView:
        return self.bundle

    async def bundle_import(self, path: str, progress: Any = None) -> p.BundleMerged:
        return p.BundleMerged(self.bundle.actions_new, 0, self.bundle.certificates_new, 1_290, 0, {"signature": 1})
