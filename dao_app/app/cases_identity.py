"""Use cases around the person at this machine: identity, recovery words, passphrase."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.errors import GuildhallError, InputError, Locked
from dao_app.app.queries import fingerprint
from dao_app.app.resolve import one_line

NAME_BYTES_MAX = 120
PASSPHRASE_CHARS_MIN = 8
PASSPHRASE_CHARS_MAX = 1_024


class IdentityCases(Cases):
    """Part of ``app.api.Api``."""

    def identity_status(self) -> v.IdentityView:
        profile = self._ws.home.load_profile()
        member = profile.get("member", "")
        if not member:
            return v.IdentityView(False, False)
        return v.IdentityView(
            True, self._ws.vault is not None, member, profile.get("name", ""), fingerprint(bytes.fromhex(member)),
            bool(profile.get("words_confirmed")),
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

    def _make(self, name: str, passphrase: str, entropy: bytes, words_confirmed: bool) -> v.IdentityView:
        if self._ws.home.vault_exists():
            raise GuildhallError("identity_exists")
        name = one_line(name, "name", NAME_BYTES_MAX)
        if not PASSPHRASE_CHARS_MIN <= len(passphrase) <= PASSPHRASE_CHARS_MAX:
            raise InputError("passphrase_length", least=PASSPHRASE_CHARS_MIN)
        vault = self._ws.home.create_vault(passphrase)
        vault.put("identity", entropy)
        self._ws.vault = vault
        member = self._ws.root().public.hex()
        self._ws.home.save_profile({"member": member, "name": name, "words_confirmed": words_confirmed})
        self._ws.mark(None, {"identity"})
        return self.identity_status()
