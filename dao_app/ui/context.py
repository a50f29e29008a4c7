"""What every page and widget is given: look, texts, bridge, drafts and the organisation on show."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from dao_app.app.errors import GuildhallError
from dao_app.app.ports import EngineHandle
from dao_app.app.texts import Texts, isolate
from dao_app.app.views import IdentityView, OrgView, PersonView, Stamp
from dao_app.ui.bridge import Bridge, Done, Failed
from dao_app.ui.clipboard import Clipboard
from dao_app.ui.drafts import Draft, Drafts
from dao_app.ui.theme.look import Look

LAST_MOMENT_MS = 30_000  # this close to a deadline a gesture is signed without the time to undo
FINGERPRINT_GROUP = 4


class Settings(Protocol):
    """What is remembered on this device; ``save`` writes it down."""

    values: MutableMapping[str, Any]

    def save(self) -> None: ...


def machine_ms() -> int:
    return time.time_ns() // 1_000_000


class Ui(QObject):
    """One window's surroundings."""

    relooked = Signal()  # theme, language or scale changed; widgets are already up to date
    org_switched = Signal()
    org_updated = Signal()
    go = Signal(str, str)  # page, object id or ""
    said = Signal(str)  # a short notice
    failed = Signal(GuildhallError)
    act = Signal(str)  # an action of the palette or a key, by name

    def __init__(
        self,
        handle: EngineHandle,
        settings: Settings,
        now_ms: Callable[[], int] = machine_ms,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.settings = settings
        self.now_ms = now_ms
        self.look = Look(self)
        self.texts = Texts("en")
        self.bridge = Bridge(handle, self)
        self.drafts = Drafts(parent=self)
        self.clipboard = Clipboard(self)
        self.identity = IdentityView(exists=False, unlocked=False)
        self.org = ""
        self.org_view: OrgView | None = None
        self.bridge.failed.connect(self.failed)

    # -- texts ---------------------------------------------------------------------------------
    def t(self, key: str, **params: object) -> str:
        return self.texts.t(key, **params)

    def name(self, person: PersonView | None) -> str:
        """A member's name as shown, isolated; the fingerprint until the name arrived."""
        if person is None:
            return self.t("person.unknown")
        return isolate(person.name) or person.fingerprint

    def name_you(self, person: PersonView | None) -> str:
        """The same, "You" for oneself."""
        return self.t("person.you") if person is not None and person.you else self.name(person)

    def object_name(self, prefix: str, number: int | None, short: str) -> str:
        """ "T-12" once the final order gave a number, else the short id."""
        return f"{prefix}-{number}" if number is not None else short

    def waits_text(self, names: tuple[str, ...], seen_ms: int | None) -> str:
        """Whom something waits for: "waits for Lin Wei, last seen 08:10"."""
        if not names:
            return ""
        shown = self.texts.join([isolate(name) for name in names])
        if seen_ms is None:
            return self.t("state.waits_for", names=shown)
        return self.t("state.waits_for_seen", names=shown, seen=self.texts.moment(seen_ms, self.now_ms()))

    def waits_short(self, stamp: Stamp) -> str:
        """Whom a stamp waits for, for use beside the words "Waits for"; the reason where it has no effect."""
        if stamp.reason:
            return self.texts.reason(stamp.reason)
        shown = self.texts.join([isolate(name) for name in stamp.waits_for])
        if not shown or stamp.state == "final" or stamp.seen_ms is None:
            return "" if stamp.state == "final" else shown
        return self.t("state.last_seen", names=shown, seen=self.texts.moment(stamp.seen_ms, self.now_ms()))

    def stamp_word(self, stamp: Stamp) -> str:
        return self.t(f"state.{stamp.state}")

    def stamp_text(self, stamp: Stamp) -> str:
        """State in full for tooltips and screen readers: word, whom it waits for or why it has no effect, time."""
        parts = [self.stamp_word(stamp)]
        if stamp.reason:
            parts.append(self.texts.reason(stamp.reason))
        elif stamp.state in ("provisional", "queued", "closing"):
            waits = self.waits_text(stamp.waits_for, stamp.seen_ms)
            if waits:
                parts.append(waits)
        parts.append(self.texts.stamp(stamp.at_ms))
        return self.t("list.joiner").join(parts)

    # -- the engine ----------------------------------------------------------------------------
    def ask(self, owner: QObject, method: str, done: Done, failed: Failed | None = None, /, **params: object) -> None:
        """Read something of the organisation on show; only the newest answer per owner and method counts."""
        self.bridge.call(owner, method, {"org": self.org, **params}, done, failed, key=method)

    def write(self, owner: QObject, method: str, done: Done, failed: Failed | None = None, /, **params: object) -> None:
        """Make a signed gesture in the organisation on show."""
        self.bridge.call(owner, method, {"org": self.org, **params}, done, failed, writes=True)

    def hold(
        self,
        text: str,
        send: Callable[[], None],
        undo: Callable[[], None] | None = None,
        deadline_ms: int | None = None,
    ) -> None:
        """Make a gesture that can be undone for some seconds, if the deadline leaves them."""
        hurry = deadline_ms is not None and deadline_ms - self.now_ms() < LAST_MOMENT_MS
        self.drafts.hold(Draft(text, send, undo), at_once=hurry)

    def can(self, permission: str) -> bool:
        return self.org_view is not None and permission in self.org_view.permissions

    @property
    def unit(self) -> str:
        """The organisation's first unit, or ""."""
        return self.org_view.units[0].code if self.org_view and self.org_view.units else ""

    def unit_name(self, code: str) -> str:
        """A unit's name in the viewer's language, isolated; the code where it has none."""
        for unit in self.org_view.units if self.org_view else ():
            if unit.code == code:
                return isolate(unit.name_zh if self.texts.language == "zh" else unit.name_en) or code
        return code

    def signer(self) -> PersonView | None:
        return self.org_view.you if self.org_view else None
