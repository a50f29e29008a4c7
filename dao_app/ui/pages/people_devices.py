"""One's own devices and guardians, and whose guardian one is: a tab of the People page."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.devices import ApproveDialog, GrantDialog, GuardiansDialog, HandOnDialog, LabelDialog
from dao_app.ui.models.rows import Group
from dao_app.ui.pages.people_tabs import Tab
from dao_app.ui.widgets.rows import Cell, Col
from dao_app.ui.widgets.tables import Table

COLUMNS = (
    Col("col.called", share=3), Col("col.state", share=2), Col("col.since", width=130, drop=8),
    Col("col.seen", width=150, drop=6),
)  # fmt: skip
TONES = {
    "active": "text", "joining": "provisional", "revoking": "provisional", "revoked": "text3", "frozen": "danger",
    "refused": "text3",
}  # fmt: skip


class DevicesTab(Tab):
    """See the module."""

    new_key = "device.add"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._devices: tuple[d.DeviceRow, ...] = ()
        self._view = d.GuardiansView((), 0, (), ())
        self._wanted = ""
        self.table = Table(
            ui, "people.tab.devices", COLUMNS, self._identify, self._cells, self._describe, "device.empty", "device.add"
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.build(
            self.table, ("device_label", "", self._label), ("device_revoke", "danger", self._revoke),
            ("guardian_approve", "primary", self._approve), ("guardian_refuse", "danger", self._refuse),
            ("guardians_choose", "", self._choose), ("org_card", "", self._card),
        )  # fmt: skip

    def makes(self) -> bool:
        return self.ui.identity.unlocked

    def refresh(self) -> None:
        self.ui.ask(self, "device_list", self._show_devices)
        self.ui.ask(self, "guardian_list", self._show_guardians)

    def choose(self, name: str) -> None:
        """The member whose guardian one is; "": another key for oneself."""
        self._wanted = f"ward {name}" if name else "rekey"
        self._fill()

    def render_again(self) -> None:
        self._fill()

    def _show_devices(self, rows: tuple[d.DeviceRow, ...]) -> None:
        self._devices = tuple(rows)
        self._fill()

    def _show_guardians(self, view: d.GuardiansView) -> None:
        self._view = view
        self._fill()

    def _fill(self) -> None:
        ui, view = self.ui, self._view
        rows: list[Any] = []
        groups: tuple[tuple[str, tuple[Any, ...]], ...] = (
            (ui.t("device.own"), self._devices),
            (ui.t("guardians.waiting"), view.waiting),
            (ui.t("guardians.own", k=view.needed, n=len(view.guardians)), view.guardians),
            (ui.t("guardians.wards"), view.wards),
        )
        for title, part in groups:
            if part:
                rows += [Group(title), *part]
        self.table.show_rows(rows)
        if self._wanted:
            wanted = next((one for one in rows if self._identify_any(one).startswith(self._wanted)), None)
            if wanted is not None:
                self.table.choose(self._identify(wanted))
                self._wanted = ""
        self.table.empty.offer(self.makes())
        self._offer()

    def _offer(self) -> None:
        current = self.table.current()
        found = ["guardians_choose", "org_card"] if self.makes() else []
        if isinstance(current, d.DeviceRow):
            found += [f"device_{gesture}" for gesture in current.can]
        elif isinstance(current, d.RekeyView | d.WardRow):
            found += [f"guardian_{gesture}" for gesture in current.can]
        self.offer(found)

    # -- rows ----------------------------------------------------------------------------------
    @staticmethod
    def _identify(one: Any) -> str:
        if isinstance(one, d.DeviceRow):
            return one.device
        if isinstance(one, d.RekeyView):
            return f"rekey {one.fingerprint}"
        return f"ward {one.member.id}" if isinstance(one, d.WardRow) else f"guardian {one.id}"

    def _identify_any(self, one: Any) -> str:
        return "" if isinstance(one, Group) else self._identify(one)

    def _name(self, device: d.DeviceRow) -> str:
        return isolate(device.label) or device.fingerprint

    def _cells(self, one: Any) -> list[Cell]:
        ui = self.ui
        if isinstance(one, d.DeviceRow):
            here = ui.t("device.here") if one.here else ""
            since = ui.texts.date(one.since_ms) if one.since_ms else ""
            seen = ui.texts.moment(one.seen_ms, ui.now_ms()) if one.seen_ms else ""
            seen = ui.t("member.connected") if one.connected else seen
            after = " · ".join(part for part in (one.fingerprint if one.label else "", here) if part)
            state = Cell(ui.t(f"device.status.{one.status}"), TONES[one.status])
            return [Cell(self._name(one), after=after, icon="key"), state, Cell(since), Cell(seen)]
        if isinstance(one, d.RekeyView):
            return [Cell(one.fingerprint, "danger", icon="warn", icon_tone="danger"), Cell(self._rekey(one), "danger")]
        if isinstance(one, d.WardRow):
            of = ui.t("guardians.of", k=one.needed, n=len(one.guardians))
            state = Cell(self._rekey(one.waiting[0]), "provisional") if one.waiting else Cell(of, "text2")
            return [Cell(ui.name_you(one.member), person=one.member), state]
        return [Cell(ui.name_you(one), person=one), Cell("")]

    def _rekey(self, rekey: d.RekeyView) -> str:
        """How far another key for somebody has come."""
        if rekey.due_ms:
            return self.ui.t("guardians.due", time=self.ui.texts.until(rekey.due_ms, self.ui.now_ms()))
        return self.ui.t("guardians.approved", k=len(rekey.approved_by), n=rekey.needed)

    def _describe(self, one: Any) -> str:
        return ", ".join(cell.text for cell in self._cells(one) if cell.text)

    # -- gestures ------------------------------------------------------------------------------
    def primary(self) -> None:
        if self.makes():
            GrantDialog(self.ui, self.window()).open()

    def _label(self) -> None:
        current = self.table.current()
        if isinstance(current, d.DeviceRow):
            LabelDialog(self.ui, self.window(), current, lambda _: self.refresh()).open()

    def _revoke(self) -> None:
        current = self.table.current()
        if isinstance(current, d.DeviceRow):
            facts = [("col.called", self._name(current)), ("col.key", current.fingerprint)]
            self.confirm("device_revoke", "device_revoke", facts, device=current.device)

    def _choose(self) -> None:
        def show(members: tuple[v.MemberRow, ...]) -> None:
            people = [m.person for m in members if m.status == "active" and not m.person.you]
            people.sort(key=lambda person: person.name.casefold())
            GuardiansDialog(self.ui, self.window(), self._view, people, lambda _: self.refresh()).open()

        self.ui.ask(self, "member_list", show)

    def _approve(self) -> None:
        current = self.table.current()
        if isinstance(current, d.WardRow):
            ApproveDialog(self.ui, self.window(), current.member, lambda _: self.refresh()).open()

    def _refuse(self) -> None:
        current = self.table.current()
        if isinstance(current, d.RekeyView):
            facts = [("col.key", current.fingerprint), ("col.state", self._rekey(current))]
            self.confirm("guardian_refuse", "guardian_refuse", facts)

    def _card(self) -> None:
        def show(card: d.OrgCardView) -> None:
            HandOnDialog(self.ui, self.window(), "org_card", card.link, card.text).open()

        self.ui.ask(self, "org_card", show)
