"""Use cases around the person at this machine: identity, recovery words, passphrase, system keyring, locking."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.cases import Cases
from dao_app.app.errors import GuildhallError, InputError, Locked
from dao_app.app.locking import LOCK_AFTER_S_MAX
from dao_app.app.queries import fingerprint
from dao_app.app.resolve import one_line
from dao_app.app.workspace_ports import Vault

NAME_BYTES_MAX = 120
PASSPHRASE_CHARS_MIN = 8
PASSPHRASE_CHARS_MAX = 1_024
KEYRING = "keyring"  # in the profile: the name of the entry


class IdentityCases(Cases):
    """Part of ``app.api.Api``."""

    def identity_status(self) -> v.IdentityView:
        profile = self._ws.home.load_profile()
        member = profile.get("member", "")
        if not member:
            return v.IdentityView(False, self._ws.vault is not None)
        return v.IdentityView(
            True, self._ws.vault is not None, member, profile.get("name", ""), fingerprint(bytes.fromhex(member)),
            bool(profile.get("words_confirmed")), bool(profile.get(KEYRING)),
        )

    def identity_create(self, name: str, passphrase: str) -> tuple[v.IdentityView, tuple[str, ...]]:
        entropy = self._ws.keys.new_entropy()
        view = self._make(name, passphrase, entropy, words_confirmed=False)
        return view, self._ws.keys.words_of(entropy)

    def identity_restore(self, words: str, name: str, passphrase: str) -> v.IdentityView:
        return self._make(name, passphrase, self._ws.keys.entropy_of(words), words_confirmed=True)

    def identity_unlock(self, passphrase: str) -> v.IdentityView:
        if not self._ws.home.vault_exists():
            raise Locked("no_identity")
        entry = self._ws.home.load_profile().get(KEYRING)
        if not passphrase and entry:
            key = self._ws.keyring.get(str(entry))
            if key is None:
                raise Locked("keyring_empty")
            self._ws.use_vault(self._ws.home.open_vault_with(key))
        else:
            self._ws.unlock(passphrase)
        self._ws.mark(None, {"identity"})
        return self.identity_status()

    def identity_words(self, passphrase: str) -> tuple[str, ...]:
        vault = self._ws.home.open_vault(passphrase)
        entropy = vault.get("identity")
        if entropy is None:
            raise Locked("no_identity")
        return self._ws.keys.words_of(entropy)

    def identity_confirm_words(self, words: Sequence[str], positions: Sequence[int]) -> bool:
        right = self._ws.keys.words_of(self._ws.entropy())
        if not words or len(words) != len(positions) or not all(1 <= p <= len(right) for p in positions):
            raise InputError("words_positions")
        if any(right[p - 1] != w.strip().lower() for w, p in zip(words, positions, strict=True)):
            return False
        profile = self._ws.home.load_profile()
        self._ws.home.save_profile({**profile, "words_confirmed": True})
        self._ws.mark(None, {"identity"})
        return True

    # -- passphrase, keyring, locking ------------------------------------------------------------
    def identity_passphrase(self, old: str, new: str) -> v.IdentityView:
        _check_length(new)
        if not self._ws.home.vault_exists():
            raise Locked("no_identity")
        self._ws.home.change_passphrase(old, new)
        return self.identity_status()

    def identity_keyring(self, on: bool, passphrase: str = "") -> d.LockView:
        """The key file's master key goes into the system keyring under a name of its own; the passphrase stays."""
        profile = self._ws.home.load_profile()
        entry = str(profile.get(KEYRING, ""))
        if on and not entry:
            if not self._ws.keyring.is_there():
                raise Locked("keyring_missing")
            entry = self._ws.random.token(16).hex()
            self._ws.keyring.put(entry, self._ws.home.open_vault(passphrase).master_key())
            self._ws.home.save_profile({**profile, KEYRING: entry})
        elif not on and entry:
            self._ws.home.save_profile({name: value for name, value in profile.items() if name != KEYRING})
            self._ws.keyring.delete(entry)
        self._ws.mark(None, {"identity"})
        return self.identity_locking()

    async def identity_lock(self) -> v.IdentityView:
        await self._ws.locking.lock()
        return self.identity_status()

    def identity_lock_after(self, seconds: int) -> d.LockView:
        if not 0 <= seconds <= LOCK_AFTER_S_MAX:
            raise InputError("lock_after_bounds", most=LOCK_AFTER_S_MAX)
        self._ws.home.save_profile({**self._ws.home.load_profile(), "lock_after_s": seconds})
        self._ws.locking.used()
        self._ws.mark(None, {"identity"})
        return self.identity_locking()

    def identity_locking(self) -> d.LockView:
        on = bool(self._ws.home.load_profile().get(KEYRING))
        return d.LockView(on, self._ws.keyring.is_there(), self._ws.locking.after_s)

    def identity_used(self) -> None:
        self._ws.locking.used()

    # -- making one ------------------------------------------------------------------------------
    def _make(self, name: str, passphrase: str, entropy: bytes, words_confirmed: bool) -> v.IdentityView:
        if self._ws.home.load_profile().get("member"):
            raise GuildhallError("identity_exists")
        name = one_line(name, "name", NAME_BYTES_MAX)
        return self._settle_in(self._vault_for(passphrase), entropy, name, words_confirmed)

    def _vault_for(self, passphrase: str) -> Vault:
        """The key file, made if there is none; one may have been made for a request to another device."""
        if self._ws.home.vault_exists():
            return self._ws.home.open_vault(passphrase)
        _check_length(passphrase)
        return self._ws.home.create_vault(passphrase)

    def _settle_in(self, vault: Vault, entropy: bytes, name: str, words_confirmed: bool) -> v.IdentityView:
        vault.put("identity", entropy)
        self._ws.vault = vault
        self._ws.locking.used()
        member = self._ws.root().public.hex()
        profile = self._ws.home.load_profile()
        self._ws.home.save_profile({**profile, "member": member, "name": name, "words_confirmed": words_confirmed})
        self._ws.mark(None, {"identity"})
        return self.identity_status()


def _check_length(passphrase: str) -> None:
    if not PASSPHRASE_CHARS_MIN <= len(passphrase) <= PASSPHRASE_CHARS_MAX:
        raise InputError("passphrase_length", least=PASSPHRASE_CHARS_MIN)
