"""Use cases of bundles (SYNC-2, TRUST-4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dao_app.app import views as v
from dao_app.app import views_proofs as p
from dao_app.app.bundles import export_bundle, inspect_bundle, merge_bundle, open_bundle
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError, NotFound
from dao_app.app.organisation import Organisation

Sink = Callable[[v.Progress], None] | None


class BundleCases(Cases):
    """Part of ``app.api.Api``."""

    async def bundle_export(self, org: str, path: str, progress: Sink = None) -> p.BundleView:
        opened = self._ws.find(org)
        file = absolute(path)
        await export_bundle(opened.org, file, self._ws.pause, self._told("export", progress))
        return await self.bundle_inspect(path)

    async def bundle_inspect(self, path: str, progress: Sink = None) -> p.BundleView:
        return await inspect_bundle(absolute(path), self._here, self._ws.pause, self._told("inspect", progress))

    async def bundle_import(self, path: str, progress: Sink = None) -> p.BundleMerged:
        file = absolute(path)
        org_id = open_bundle(file).manifest.org
        opened = self._ws.opened.get(org_id)
        if opened is None:
            raise NotFound("bundle_of_unknown", org=org_id.hex()[:12])
        view = await inspect_bundle(file, self._here, self._ws.pause, self._told("inspect", progress))
        if "other_organisation" in view.problems:
            raise InputError("bundle_damaged", path=file.name)
        came = partial(self._ws.announce, opened, [])
        return await merge_bundle(opened.org, file, self._ws.pause, self._told("import", progress), came)

    def _here(self, org_id: bytes) -> Organisation | None:
        opened = self._ws.opened.get(org_id)
        return None if opened is None else opened.org

    def _told(self, job: str, progress: Sink) -> Callable[[int, int], None]:
        def told(done: int, total: int) -> None:
            self._ws.progress(job, done, total)
            if progress is not None:
                progress(v.Progress(job, done, total))

        return told


def absolute(path: str) -> Path:
    """The engine may run in another process, with another working folder."""
    found = Path(path)
    if not found.is_absolute():
        raise InputError("file_unreadable", path=path, detail="")
    return found
