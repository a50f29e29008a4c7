"""The data folder: implements ``app.workspace.Home`` and ``KeyTools`` with the real adapters.

Layout: ``profile.json`` (public: member id, name), ``vault/`` (sealed secrets), ``orgs/<id>/log.db``, or in its place
``orgs/<id>/database``: the address of the server that keeps the log.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from dao_app.app.errors import StorageError
from dao_app.app.ports import Random, Signer
from dao_app.crypto import keys
from dao_app.crypto.vault import Vault
from dao_app.store.log import SqlStore
from dao_app.store.moving import is_empty, move_to
from dao_app.store.postgres import ServerSchema, check_address, drop_schema, open_postgres

PROFILE_BYTES_MAX = 64 * 1024
ADDRESS_BYTES_MAX = 4 * 1024
MOVED = "log.db.moved"  # what a log's file is called once a server keeps the log


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, and have it on the disk. Raises OSError."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put(path: Path, data: bytes) -> None:
    """Replace a private file as a whole. Raises OSError."""
    fresh = path.with_suffix(".new")
    write_private(fresh, data)
    fresh.replace(path)


class FolderHome:
    """One data folder. ``database``: the address of a server where its logs are to be; "" where they are."""

    def __init__(self, folder: Path, vault_cost: str = "moderate", database: str = "") -> None:
        self._folder = folder
        self._cost = vault_cost
        self._database = database
        if database:
            check_address(database)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError("no_rights", path=str(folder)) from error

    @property
    def folder(self) -> Path:
        return self._folder

    def vault_exists(self) -> bool:
        return Vault.exists(self._folder / "vault")

    def create_vault(self, passphrase: str) -> Vault:
        return Vault.create(self._folder / "vault", passphrase, self._cost)

    def open_vault(self, passphrase: str) -> Vault:
        return Vault.open(self._folder / "vault", passphrase)

    def open_vault_with(self, key: bytes) -> Vault:
        return Vault.open_with(self._folder / "vault", key)

    def change_passphrase(self, old: str, new: str) -> None:
        self.open_vault(old).change_passphrase(new, self._cost)

    def load_profile(self) -> dict[str, Any]:
        path = self._folder / "profile.json"
        if not path.exists():
            return {}
        try:
            if path.stat().st_size > PROFILE_BYTES_MAX:
                raise ValueError("too large")
            profile = json.loads(path.read_text("utf-8"))
            if not isinstance(profile, dict):
                raise ValueError("no object")
            bytes.fromhex(str(profile.get("member", "")))
        except (OSError, ValueError) as error:
            raise StorageError("profile_damaged", path=path.name) from error
        return profile

    def save_profile(self, profile: dict[str, Any]) -> None:
        path = self._folder / "profile.json"
        try:
            _put(path, json.dumps(profile, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise StorageError("disk_full", path=path.name) from error

    def organisations(self) -> list[bytes]:
        folder = self._folder / "orgs"
        if not folder.is_dir():
            return []
        names = sorted(
            p.name for p in folder.iterdir()
            if len(p.name) == 64 and ((p / "log.db").exists() or (p / "database").exists())
        )  # fmt: skip
        return [bytes.fromhex(name) for name in names if set(name) <= set("0123456789abcdef")]

    def _place(self, org_id: bytes) -> Path:
        return self._folder / "orgs" / org_id.hex()

    def _kept_at(self, place: Path) -> str:
        """The address of the server that keeps this log; "" where it is a file. Raises StorageError."""
        path = place / "database"
        try:
            if not path.exists():
                return ""
            if path.stat().st_size > ADDRESS_BYTES_MAX:
                raise ValueError("too large")
            return path.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise StorageError("profile_damaged", path=path.name) from error

    def open_store(self, org_id: bytes) -> SqlStore:
        place = self._place(org_id)
        kept = self._kept_at(place)
        address = self._database or kept
        if not address:
            return SqlStore(place / "log.db")
        base = open_postgres(address, _schema(org_id))
        try:
            self._settle_in(base, place, address, kept)
        except OSError as error:
            base.close()
            raise StorageError("no_rights", path="database") from error
        except BaseException:
            base.close()
            raise
        return SqlStore(base)

    def _settle_in(self, base: ServerSchema, place: Path, address: str, kept: str) -> None:
        """From now on the server keeps this log; what the file holds moves there, and the file stays as a copy. The
        address is written between the two, so that a log that is cut off here is found again, and by one way only."""
        file = place / "log.db"
        if address != kept:
            if kept and is_empty(base):
                raise StorageError("database_holds_nothing", path=base.name)
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            if file.exists() and not kept:
                move_to(base, file)
            _put(place / "database", address.encode())
        if file.exists():
            file.rename(place / MOVED)

    def remove_store(self, org_id: bytes) -> None:
        place = self._place(org_id)
        kept = self._kept_at(place)
        if kept:
            drop_schema(kept, _schema(org_id))
        shutil.rmtree(place, ignore_errors=True)


def _schema(org_id: bytes) -> str:
    """The name of an organisation's schema: PostgreSQL's names have at most 63 bytes."""
    return f"guildhall_{org_id.hex()[:40]}"


class RealKeys:
    """Key derivation by the crypto adapter."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def new_entropy(self) -> bytes:
        return keys.new_entropy(self._random)

    def words_of(self, entropy: bytes) -> tuple[str, ...]:
        return keys.words_of(entropy)

    def entropy_of(self, words: str) -> bytes:
        return keys.entropy_of(words)

    def root_seed(self, entropy: bytes) -> bytes:
        return keys.root_seed(entropy)

    def signer(self, seed: bytes) -> Signer:
        return keys.SeedSigner(seed)

    def seal_to(self, device: bytes, secret: bytes) -> bytes:
        return keys.seal_to(device, secret)
