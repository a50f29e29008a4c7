"""The sample organisation (DESK-8): seven people at work for three weeks, made from a seed, offline.

It is really signed and sealed, with keys that anybody could derive: nothing in it is secret or of value.
You look around as Robin, a steward; the founder's witness key is here too, so what you do becomes final.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from dao_app.app import views as v
from dao_app.app.errors import StorageError
from dao_app.app.organisation import Organisation
from dao_app.app.sample_story import FOUNDER, GENESIS, YOU, play
from dao_app.app.scribe import Scribe, SetClock
from dao_app.app.workspace import Workspace
from dao_app.bootstrap.home import write_private
from dao_app.core.encoding import decode, encode
from dao_app.crypto.keys import SeedSigner
from dao_app.store.log import SqlStore

SEED = b"guildhall sample organisation 1"
STORY_MS = 21 * 86_400_000  # it begins so long before the day on which it is made
EDITION = b"2"  # another edition is made anew


class SeededRandom:
    """Bytes that depend on the seed alone."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._drawn = 0

    def token(self, size: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._seed + self._drawn.to_bytes(8, "big")).digest(size)


async def open_sample(folder: Path, workspace: Workspace, told: Callable[[v.Progress], None]) -> bytes:
    """Open the sample organisation, making it the first time; returns its id."""
    for org_id, opened in workspace.opened.items():
        if opened.demo:
            return org_id
    kept = _kept(folder)
    if kept is None:
        kept = await _make(folder, workspace, told)
    org_id, device, witness, root = kept
    org = Organisation(
        org_id, SqlStore(folder / "log.db"), workspace.verifier, workspace.clock, workspace.random,
        SeedSigner(device), SeedSigner(witness),
    )
    workspace.attach_sample(org, root)
    return org_id


def _kept(folder: Path) -> tuple[bytes, bytes, bytes, bytes] | None:
    path = folder / "sample.keys"
    if not path.exists():
        return None
    try:
        edition, *fields = decode(path.read_bytes())
        org_id, device, witness, root = fields
        if edition == EDITION and (folder / "log.db").exists():
            return org_id, device, witness, root
    except (OSError, ValueError, TypeError) as error:
        raise StorageError("sample_damaged", path=str(folder)) from error
    return None


async def _make(
    folder: Path, workspace: Workspace, told: Callable[[v.Progress], None]
) -> tuple[bytes, bytes, bytes, bytes]:
    _empty(folder)
    random = RecordingRandom(SEED)
    clock = SetClock(workspace.clock.now_ms() - STORY_MS)
    scribe = Scribe(
        lambda org_id: SqlStore(folder / "log.db"), workspace.verifier, clock, random, random.signer, FOUNDER, GENESIS
    )
    people = {}
    for step, total, found in play(scribe, workspace.clock.now_ms()):
        people.update(found)
        told(v.Progress("sample", step, total))
        await workspace.pause()
    scribe.org.store.close()
    you = people[YOU]
    fields = (scribe.org_id, random.seed_of(you.device.public), random.seed_of(scribe.witness.public), you.root.public)
    write_private(folder / "sample.keys", encode([EDITION, *fields]))
    return fields


def _empty(folder: Path) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StorageError("no_rights", path=str(folder)) from error


class RecordingRandom(SeededRandom):
    """Remembers which seed made which key, so that the sample can be opened again."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self._seeds: dict[bytes, bytes] = {}

    def signer(self, seed: bytes) -> SeedSigner:
        signer = SeedSigner(seed)
        self._seeds[signer.public] = seed
        return signer

    def seed_of(self, public: bytes) -> bytes:
        return self._seeds[public]


