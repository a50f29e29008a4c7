"""Views of devices, guardians and locking; see ``app.api_devices``. Times are milliseconds since 1970 UTC."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views import PersonView


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """``status``: active | joining | revoking (not final yet) | revoked | frozen | refused. ``label`` is known on this
    machine alone."""

    device: str
    fingerprint: str
    label: str
    status: str
    here: bool  # this very device
    since_ms: int | None  # author's clock at its first action
    seen_ms: int | None  # last connected to this machine or, else, last wrote something
    connected: bool
    can: tuple[str, ...]  # of revoke, label


@dataclass(frozen=True, slots=True)
class DeviceRequestView:
    """What a new device shows to the first one."""

    link: str
    text: str
    words: tuple[str, ...]  # to compare aloud
    name: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class DeviceGrantView:
    """The answer; secret only to whoever holds the request's key."""

    link: str
    text: str
    words: tuple[str, ...]
    name: str
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrgCardView:
    link: str
    text: str
    org: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RekeyView:
    """Another root key for a member: who approved it, and from when on it holds (0: not yet under way)."""

    member: PersonView
    fingerprint: str
    words: tuple[str, ...]
    approved_by: tuple[PersonView, ...]
    needed: int
    due_ms: int
    can: tuple[str, ...]  # refuse


@dataclass(frozen=True, slots=True)
class WardRow:
    """A member whose guardian one is."""

    member: PersonView
    guardians: tuple[PersonView, ...]
    needed: int
    waiting: tuple[RekeyView, ...]  # one for each key that anybody approved
    approved: bool  # by oneself
    can: tuple[str, ...]  # approve


@dataclass(frozen=True, slots=True)
class GuardiansView:
    """One's own guardians, and whose guardian one is."""

    guardians: tuple[PersonView, ...]
    needed: int
    waiting: tuple[RekeyView, ...]
    wards: tuple[WardRow, ...]


@dataclass(frozen=True, slots=True)
class GuardianRequestView:
    """The root key of a new identity, to be shown to one's guardians."""

    link: str
    text: str
    words: tuple[str, ...]
    name: str
    fingerprint: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class LockView:
    keyring: bool  # the system keyring opens the key file
    keyring_available: bool
    lock_after_s: int  # 0: never
