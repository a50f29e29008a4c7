"""Secrets at rest: a random master key sealed with the passphrase, each secret in a file of its own.

``master.sealed``: DAG-CBOR {v, kdf, ops, mem, salt, box}; the box holds the master key under
Argon2id(passphrase). ``<name>.sealed``: nonce ‖ box under the master key with the name as associated data,
so that files cannot be exchanged. Files 0600, folder 0700, each write is all or nothing.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import unicodedata
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.exceptions

from dao_app.app.errors import InputError, Locked, StorageError
from dao_app.core.encoding import decode, encode
from dao_app.core.errors import EncodingError

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 24
SALT_BYTES = nacl.bindings.crypto_pwhash_SALTBYTES
SECRET_BYTES_MAX = 64 * 1024  # the largest secret is a list of organisation keys
FILE_BYTES_MAX = SECRET_BYTES_MAX + 4_096
PASSPHRASE_BYTES_MAX = 1_024
NAME_MAX = 200  # with its ending within 255 bytes, the longest file name
MEM_BYTES_MAX = 1 << 30  # what a file may ask of us when it is opened (libsodium's "sensitive")
OPS_MAX = 8
COSTS = {  # (passes, bytes of memory) of Argon2id; libsodium's names, "least" for tests
    "moderate": (3, 256 * 1024 * 1024),
    "interactive": (2, 64 * 1024 * 1024),
    "least": (1, 8 * 1024),
}
_MASTER = "master.sealed"
_PURPOSE = b"guildhall/vault/1\0"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class Vault:
    """An open vault. Everything may raise StorageError (``disk_full``, ``no_rights``, ``vault_damaged``)."""

    __slots__ = ("_folder", "_key")

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    @staticmethod
    def exists(folder: Path) -> bool:
        return (folder / _MASTER).exists()

    @classmethod
    def create(cls, folder: Path, passphrase: str, cost: str = "moderate") -> Vault:
        """A new vault with an own master key. Raises StorageError ``vault_exists`` where there is one."""
        if cls.exists(folder):
            raise StorageError("vault_exists")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise _storage(error, folder) from error
        vault = cls(folder, secrets.token_bytes(KEY_BYTES))
        vault.change_passphrase(passphrase, cost)
        return vault

    @classmethod
    def open(cls, folder: Path, passphrase: str) -> Vault:
        """Raises Locked ``no_identity`` or ``passphrase_wrong``, StorageError ``vault_damaged``."""
        if not cls.exists(folder):
            raise Locked("no_identity")
        head = _read_master(folder / _MASTER)
        wrapping = _stretch(passphrase, head["salt"], head["ops"], head["mem"])
        key = _open(wrapping, _MASTER, head["box"])
        if key is None:
            raise Locked("passphrase_wrong")
        return cls(folder, key)

    @classmethod
    def open_with(cls, folder: Path, key: bytes) -> Vault:
        """By the master key that the system keyring holds. Raises Locked ``no_identity`` or ``keyring_stale``."""
        if not cls.exists(folder):
            raise Locked("no_identity")
        vault = cls(folder, key)
        secrets_here = sorted(path for path in folder.glob("*.sealed") if path.name != _MASTER)
        if len(key) != KEY_BYTES or not secrets_here:
            raise Locked("keyring_stale")
        first = secrets_here[0]
        if _open(key, first.name.removesuffix(".sealed"), _read(first)) is None:
            raise Locked("keyring_stale")
        return vault

    def master_key(self) -> bytes:
        """What opens it without the passphrase: for the system keyring alone."""
        return self._key

    def change_passphrase(self, passphrase: str, cost: str = "moderate") -> None:
        """Seal the master key with another passphrase; the secrets stay as they are."""
        ops, mem = COSTS[cost]
        salt = secrets.token_bytes(SALT_BYTES)
        box = _seal(_stretch(passphrase, salt, ops, mem), _MASTER, self._key)
        head = {"v": VERSION, "kdf": "argon2id13", "ops": ops, "mem": mem, "salt": salt, "box": box}
        _write(self._folder / _MASTER, encode(head))

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret durably, replacing one of the same name."""
        if len(secret) > SECRET_BYTES_MAX:
            raise ValueError("secret too large")
        _write(self._path(name), _seal(self._key, name, secret))

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        if not path.exists():
            return None
        secret = _open(self._key, name, _read(path))
        if secret is None:
            raise StorageError("vault_damaged", path=path.name)
        return secret

    def delete(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise _storage(error, self._folder) from error

    def _path(self, name: str) -> Path:
        if len(name) > NAME_MAX or not _NAME.fullmatch(name) or f"{name}.sealed" == _MASTER:
            raise ValueError("not a name of a secret")
        return self._folder / f"{name}.sealed"

    def __repr__(self) -> str:
        return "Vault()"


def _stretch(passphrase: str, salt: bytes, ops: int, mem: int) -> bytes:
    typed = unicodedata.normalize("NFC", passphrase).encode()
    if len(typed) > PASSPHRASE_BYTES_MAX:
        raise InputError("passphrase_too_long", limit=PASSPHRASE_BYTES_MAX)
    algorithm = nacl.bindings.crypto_pwhash_ALG_ARGON2ID13
    return nacl.bindings.crypto_pwhash_alg(KEY_BYTES, typed, salt, ops, mem, algorithm)


def _seal(key: bytes, name: str, secret: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    purpose = _PURPOSE + name.encode()
    return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, purpose, nonce, key)


def _open(key: bytes, name: str, sealed: bytes) -> bytes | None:
    nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    if len(box) < nacl.bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES:
        return None
    try:
        purpose = _PURPOSE + name.encode()
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, purpose, nonce, key)
    except nacl.exceptions.CryptoError:
        return None


def _read_master(path: Path) -> dict[str, Any]:
    try:
        head = decode(_read(path))
    except EncodingError as error:
        raise StorageError("vault_damaged", path=path.name) from error
    kinds = {"v": int, "kdf": str, "ops": int, "mem": int, "salt": bytes, "box": bytes}
    good = (
        type(head) is dict
        and head.keys() == kinds.keys()
        and all(type(head[name]) is kind for name, kind in kinds.items())
        and head["v"] == VERSION
        and head["kdf"] == "argon2id13"
        and 1 <= head["ops"] <= OPS_MAX
        and 8 * 1024 <= head["mem"] <= MEM_BYTES_MAX
        and len(head["salt"]) == SALT_BYTES
        and len(head["box"]) == NONCE_BYTES + KEY_BYTES + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
    )
    if not good:
        raise StorageError("vault_damaged", path=path.name)
    return dict(head)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise StorageError("vault_damaged", path=path.name)
        return path.read_bytes()
    except OSError as error:
        raise _storage(error, path) from error


def _write(path: Path, data: bytes) -> None:
    """All or nothing, even when power fails: temporary file, sync, rename, sync of the folder."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.unlink(missing_ok=True)  # left over from an interrupted write
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _storage(error, path) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storage(error: OSError, path: Path) -> StorageError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return StorageError("disk_full" if full else "no_rights", path=path.name)
