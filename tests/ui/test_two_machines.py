"""One member's two machines through real windows over real engines: taken in by request and answer, a file fetched, one
machine revoked by the other, which then locks itself and is opened again."""

from __future__ import annotations

from pathlib import Path

from dao_app.app import views_devices as d
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.contributions import ContributionDialog
from dao_app.ui.dialogs.devices import GrantDialog, GrantedDialog
from dao_app.ui.pages.people_devices import DevicesTab
from dao_app.ui.widgets.hand_on import HandOn
from tests.ui.test_two_windows import Desk, desks

__all__ = ["desks"]  # a fixture
PASSPHRASE = "four plain words here"


def found(desk: Desk) -> None:
    desk.make_identity("found")
    start = desk.window.start
    start.org.name.setText("Harbour Works")
    start.org.initial.setText("1000")
    start.org.go_on()
    desk.until(lambda: desk.window._stack.currentWidget() is desk.window.shell and desk.window.ui.org_view)
    desk.until(desk.listens)


def devices(desk: Desk) -> DevicesTab:
    people = desk.window.shell.people
    desk.window.shell.go("people")
    people.open("devices")
    tab = people._more["devices"]
    assert isinstance(tab, DevicesTab)
    return tab


def rows(desk: Desk) -> list[d.DeviceRow]:
    tab = devices(desk)
    tab.refresh()
    return list(tab._devices)


def come_in(first: Desk, second: Desk) -> None:
    """The request and the answer go over by hand; the words are the same on both screens."""
    second.window.start._show_further()
    page = second.window.start.further
    page.name.setText("Second machine")
    page.first.setText(PASSPHRASE)
    page.again.setText(PASSPHRASE)
    page.go_on()
    second.until(lambda: page.findChildren(HandOn))
    devices(first).primary()
    asked = first.dialog(GrantDialog)
    (shown,) = page.findChildren(HandOn)
    asked.link.put(shown._link)
    first.until(asked.compare.isVisible)
    asked.compare.match.setChecked(True)
    asked.passphrase.setText(PASSPHRASE)
    first.sign(asked)
    granted = first.dialog(GrantedDialog)
    page.answer.put(granted.hand_on._link)
    granted.reject()
    page.go_on()
    sync = second.window.start.sync
    second.until(sync.next.isEnabled)
    sync.go_on()
    second.until(lambda: second.window._stack.currentWidget() is second.window.shell and second.window.ui.org_view)


def test_a_member_with_two_machines(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    first, second = desks
    found(first)
    come_in(first, second)
    assert second.window.ui.identity.id == first.window.ui.identity.id
    first.until(lambda: [row.status for row in rows(first)] == ["active", "active"])

    # what one machine writes is on the other, with a file that is fetched when asked for
    second.window.shell.go("contributions")
    second.window.shell.contributions.primary()
    claim = second.dialog(ContributionDialog)
    claim.title.setText("Painted the pier")
    second.sign(claim)
    page = first.window.shell.contributions
    first.window.shell.go("contributions")
    first.until(lambda: [row.title for row in page._rows] == ["Painted the pier"])
    path = tmp_path / "pier.txt"
    path.write_text("The pier, before and after.\n" * 1_000)
    target = page._rows[0].id
    second.window.ui.write(second.window, "attachment_add", lambda _: None, target=target, path=str(path))
    files: list[tuple[str, str]] = []

    def look() -> bool:
        def told(view: object) -> None:
            files[:] = [(row.id, row.file.state) for row in view.rows]  # type: ignore[attr-defined]

        first.window.ui.ask(first.window, "attachment_list", told)
        return bool(files)

    first.until(lambda: look() and files[0][1] == "absent")
    first.window.ui.write(first.window, "attachment_fetch", lambda _: None, attachment=files[0][0])
    first.until(lambda: look() and files[0][1] == "here")

    # the second machine is lost
    tab = devices(first)
    other = next(row for row in tab._devices if not row.here)
    assert tab.table.list.select(other.device)
    tab._revoke()
    first.sign(first.dialog(ConfirmDialog))
    first.until(lambda: sorted(row.status for row in rows(first)) == ["active", "revoked"])

    # the first one locks itself and asks again
    first.window.ui.bridge.call(first.window, "identity_lock", {}, lambda _: None, writes=True)
    first.until(lambda: first.window._stack.currentWidget() is first.window.start)
    welcome = first.window.start.welcome
    welcome.passphrase.setText(PASSPHRASE)
    welcome._open()
    first.until(lambda: first.window._stack.currentWidget() is first.window.shell)
