"""People: members with roles and keys, and the invitations that are out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.governing import StancesDialog
from dao_app.ui.dialogs.invite import InvitationDialog, InviteDialog
from dao_app.ui.models import show
from dao_app.ui.models.governing import grant_text
from dao_app.ui.models.rows import Group, ViewModel
from dao_app.ui.pages.base import FILTERS_NEED, Facts, Filters, Pane, SplitPage, TopBar
from dao_app.ui.pages.people_devices import DevicesTab
from dao_app.ui.pages.people_tabs import DelegationsTab, DepartmentsTab, FirmsTab, RolesTab, Tab
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row, scrolling
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

COLUMNS = (
    Col("col.name", share=3),
    Col("col.roles", share=3),
    Col("col.power", width=64, right=True, drop=8),
    Col("col.key", width=132, drop=12),
    Col("col.since", width=130, drop=4),
)
INVITE_COLUMNS = (Col(width=16), Col(), Col(width=96), Col(width=130, drop=6))
MORE: dict[str, type[Tab]] = {
    "departments": DepartmentsTab, "roles": RolesTab, "firms": FirmsTab, "delegations": DelegationsTab,
    "devices": DevicesTab,
}  # fmt: skip
TABS = ("members", *MORE, "invites")
OFFICES = ("founder", "steward", "auditor", "treasurer", "witness")


def _by_name(member: v.MemberRow) -> tuple[str, str]:
    return member.person.name.casefold(), member.person.id


class MemberPane(Pane):
    """One member."""

    tip_wanted = Signal(str)
    delegate_wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._row: v.MemberRow | None = None
        self._picture, self._title = AvatarView(ui, size=40), Label(ui, role="heading", elide=True)
        self._since = Label(ui, role="caption", tone="text2", elide=True)
        self._key, self._roles = Label(ui, role="mono"), Paragraph(ui)
        self._power, self._devices = Label(ui, elide=True), Paragraph(ui, role="mono")
        self._stances = Paragraph(ui)
        self._say = Button(ui, "member.stances.say")
        self._say.clicked.connect(self._say_stances)
        self._may = Paragraph(ui, role="caption", tone="text2")
        self._by, self._state = Label(ui, elide=True), SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        self._facts = Facts(ui)
        for key, value in (
            ("col.key", self._key),
            ("col.roles", self._roles),
            ("col.why", self._may),
            ("member.stances", self._stances),
            ("col.power", self._power),
            ("member.devices", self._devices),
            ("member.invited_by", self._by),
        ):
            self._facts.add(key, value)
        self._facts.add("fact.state", self._state, None)
        self._facts.add("fact.waits", self._waits)
        texts = column(ui, self._title, self._since)
        head = row(ui, self._picture, texts, gap=12)
        head.setStretch(1, 1)
        self._tip = Button(ui, "move.tip", key="P", icon="contrib")
        self._tip.clicked.connect(self.tip)
        self._delegate = Button(ui, "delegation.to_them", key="D")
        self._delegate.clicked.connect(self.delegate)
        ways = row(ui, self._tip, self._delegate, self._say, None)
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(ui, head, 12, self._facts, 12, ways, None, margins=(20, 16, 20, 16))
        )
        self.body.addWidget(scrolling(content))
        self.link.hide()

    def show_row(self, row_: v.MemberRow) -> None:
        ui = self._ui
        self._row = row_
        self.name.say(ui.t("role.member"))
        self.chip.say(ui.t(f"member.status.{row_.status}"), "accent" if row_.status == "active" else "warn")
        self._picture.show_person(row_.person)
        self._title.say(ui.name(row_.person))
        connected = ui.t("member.connected") if row_.online and not row_.person.you else ""
        since = ui.t("member.since", date=ui.texts.date(row_.joined_ms))
        self._since.say(" · ".join(p for p in (since, connected) if p))
        self._key.say(row_.person.fingerprint)
        self._roles.say(ui.texts.join([show.role_name(ui, r) for r in row_.roles]))
        self._stances.say(ui.texts.join([ui.t(f"stance.{one}") for one in row_.stances]))
        self._facts.show_line("member.stances", bool(row_.stances))
        self._say.setVisible(row_.person.you and row_.status == "active")
        self._may.say("")
        ui.ask(self, "permission_list", self._show_may, member=row_.person.id)
        self._power.say(ui.t("member.votes", n=int(row_.power)))
        self._devices.say("\n".join(row_.devices))
        self._by.say(ui.name_you(row_.invited_by) if row_.invited_by else "")
        self._facts.show_line("member.invited_by", row_.invited_by is not None)
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._delegate.setVisible(not row_.person.you and row_.power != "0" and ui.can("vote.delegate"))
        self._tip.setVisible(not row_.person.you and row_.status == "active" and ui.can("token.tip"))

    def _show_may(self, rows: tuple[g.MayRow, ...]) -> None:
        """Each grant that gives something, once."""
        if self._row is None or any(one.person.id != self._row.person.id for one in rows):
            return
        said = dict.fromkeys(grant_text(self._ui, grant) for one in rows for grant in one.why)
        self._may.say("\n".join(said))
        self._facts.show_line("col.why", bool(said))

    def render_again(self) -> None:
        if self._row is not None:
            self.show_row(self._row)

    @property
    def shown(self) -> str:
        return self._row.person.id if self._row else ""

    def forget(self) -> None:
        self._row = None

    def _say_stances(self) -> None:
        if self._row is not None:
            StancesDialog(self._ui, self.window(), self._row.stances).open()

    def delegate(self) -> None:
        if self._row is not None and not self._delegate.isHidden():
            self.delegate_wanted.emit(self._row.person.id)

    def tip(self) -> None:
        if self._row is not None and not self._tip.isHidden():
            self.tip_wanted.emit(self._row.person.id)


class PeoplePage(SplitPage):
    """Who belongs to the organisation, and who may."""

    name = "people"
    topics = frozenset({"members", "invites", "checkpoints", "peers", "join", "devices"})
    tip_wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._members: tuple[v.MemberRow, ...] = ()
        self._invites: tuple[v.InviteRow, ...] = ()
        self._tabs = Choices(ui, [(name, f"people.tab.{name}") for name in TABS])
        self._tabs.chosen.connect(lambda _: self._tab_chosen())
        self._more: dict[str, Tab] = {}
        self._find = Line(ui, "people.find", "people.find")
        self._find.setFixedWidth(ui.look.px(180))
        self._find.textChanged.connect(lambda _: self._fill())
        self._invite = Button(ui, "invite.new", key="I", icon="plus")
        self._invite.clicked.connect(self.invite)
        self._new = Button(ui, "department.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self._filters = Filters(ui, self._find)
        self._roomy = True
        self.top = TopBar(ui, "page.people", self._tabs, [self._filters, self._new, self._invite])
        members = ViewModel(lambda r: r.person.id, partial(show.describe_member, ui), self)
        self._list = RowList(
            ui, members, RowDelegate(ui, COLUMNS, partial(show.member_cells, ui)), "people.tab.members"
        )
        self._list.opened.connect(self._open_row)
        listing = QWidget()
        inner = column(ui, Header(ui, COLUMNS, self._list), self._list, margins=(16, 10, 16, 8))
        inner.setStretch(1, 1)
        listing.setLayout(inner)
        self._stack = QStackedWidget()
        self._stack.addWidget(listing)
        self._stack.addWidget(self._build_invites())
        for name, kind in MORE.items():
            self._more[name] = kind(ui)
            self._stack.addWidget(self._more[name])
        self.pane = MemberPane(ui)
        self.pane.closed.connect(self.close_detail)
        self.pane.tip_wanted.connect(self.tip_wanted)
        self.pane.delegate_wanted.connect(self._delegate)
        tops = QWidget()
        tops.setLayout(column(ui, self.top, self._filters.line))
        self.set_up(tops, self._stack, self.pane)

    def _build_invites(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda r: r.id, partial(show.describe_invite, ui), self)
        delegate = RowDelegate(ui, INVITE_COLUMNS, partial(show.invite_cells, ui), height=54)
        self._invite_list = RowList(ui, model, delegate, "people.tab.invites")
        self._invite_list.picked.connect(self._offer_invite)
        self._show_again = Button(ui, "invite.show")
        self._show_again.clicked.connect(self._show_invite)
        self._revoke = Button(ui, "invite.revoke", "danger")
        self._revoke.clicked.connect(self._revoke_invite)
        self._no_invites = Empty(ui, "invite.empty", "invite.empty_why", "invite.new", "I")
        self._no_invites.pressed.connect(self.invite)
        self._invite_stack = QStackedWidget()
        holder = QWidget()
        foot = Box(ui, "bottom", row(ui, self._show_again, self._revoke, None, margins=(16, 10, 16, 10)))
        body = column(ui, self._invite_list, margins=(16, 8, 16, 8))
        inner = column(ui, body, foot)
        inner.setStretch(0, 1)
        holder.setLayout(inner)
        self._invite_stack.addWidget(holder)
        self._invite_stack.addWidget(self._no_invites)
        return self._invite_stack

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self._invite.setVisible(self.ui.can("invite.create"))
        self._no_invites.offer(self.ui.can("invite.create"))
        modules = self.ui.org_view.modules if self.ui.org_view else ()
        self._tabs.show_only(set(TABS) - (set() if "firms" in modules else {"firms"}))
        if (tab := self._more.get(self._tabs.selected())) is not None:
            tab.refresh()
        self.ui.ask(self, "member_list", self._show_members)
        self.ui.ask(self, "invite_list", self._show_invites)

    def relook(self) -> None:
        super().relook()
        self._find.setFixedWidth(self.ui.look.px(180))

    def fold(self, width: int) -> None:
        super().fold(width)
        self._roomy = width >= FILTERS_NEED
        self._filters.fold(self._tabs.selected() == "members" and not self._roomy)
        for button in (self._new, self._invite):
            button.compact(not self._roomy)
        self._invite.set_icon("plus" if self._roomy else "people")  # beside "new" without its words

    def render_again(self) -> None:
        self._fill()
        for tab in self._more.values():
            tab.render_again()

    def _tab_chosen(self) -> None:
        self._fill()
        if (tab := self._more.get(self._tabs.selected())) is not None:
            tab.refresh()

    def reset(self) -> None:
        self._members, self._invites = (), ()
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show_members(self, members: tuple[v.MemberRow, ...]) -> None:
        self._members = members
        self._fill()

    def _show_invites(self, invites: tuple[v.InviteRow, ...]) -> None:
        self._invites = invites
        self._fill()

    def _grouped(self) -> Sequence[Group | v.MemberRow]:
        """Offices first, then members, then those who are joining, each under a headline."""
        ui = self.ui
        wanted = self._find.text().strip().casefold()
        found = [m for m in self._members if wanted in f"{m.person.name} {m.person.fingerprint}".casefold()]
        groups: list[tuple[str, list[v.MemberRow]]] = [
            ("people.group.offices", [m for m in found if m.status == "active" and set(m.roles) & set(OFFICES)]),
            ("people.group.members", [m for m in found if m.status == "active" and not set(m.roles) & set(OFFICES)]),
            ("people.group.joining", [m for m in found if m.status != "active"]),
        ]
        rows: list[Group | v.MemberRow] = []
        for title, members in groups:
            if members:
                rows.append(Group(ui.t(title), ui.texts.number(len(members))))
                members.sort(key=_by_name)
                rows.extend(members)
        return rows

    def _fill(self) -> None:
        tab = self._tabs.selected()
        members = tab == "members"
        self._stack.setCurrentIndex(("members", "invites", *MORE).index(tab))
        more = self._more.get(tab)
        self._new.setVisible(more is not None and more.makes())
        if more is not None and more.new_key:
            self._new.say_key(more.new_key)
        self._find.setVisible(members)
        self._filters.fold(members and not self._roomy)
        self._list.rows.set_rows(self._grouped())
        self._invite_list.rows.set_rows(sorted(self._invites, key=lambda i: (i.status != "open", -i.stamp.at_ms, i.id)))
        self._invite_stack.setCurrentIndex(0 if self._invites else 1)
        open_ = sum(1 for i in self._invites if i.status == "open")
        self._tabs.count("members", self.ui.texts.number(sum(1 for m in self._members if m.status == "active")))
        self._tabs.count("invites", self.ui.t("people.open_n", n=open_) if open_ else "")
        if not members:
            self.show_detail(False)
        if self.pane.shown:
            now = next((m for m in self._members if m.person.id == self.pane.shown), None)
            if now is not None:
                self.pane.show_row(now)
        self._offer_invite(self._invite_list.rows.view(self._invite_list.currentIndex()))

    # -- gestures ------------------------------------------------------------------------------
    def _open_row(self, row_: v.MemberRow) -> None:
        if isinstance(row_, v.MemberRow):
            self.pane.show_row(row_)
            self.show_detail(True)

    def open(self, target: str) -> None:
        if target in TABS:
            self._tabs.select(target)
            self._tab_chosen()
            return
        if target == "may":
            self.open("roles")
            roles = self._more["roles"]
            assert isinstance(roles, RolesTab)
            roles.show_kind("may")
            return
        kind, colon, name = target.partition(":")
        if colon and kind == "payment":
            self.open("firms")
            firms = self._more["firms"]
            assert isinstance(firms, FirmsTab)
            firms.payments.choose(name)
            return
        if colon and kind == "devices":
            self.open("devices")
            self._more["devices"].choose(name)
            return
        member = next((m for m in self._members if m.person.id == target), None)
        if member is not None:
            self._tabs.select("members")
            self._fill()
            self._list.select(target)
            self._open_row(member)

    def close_detail(self) -> bool:
        if self.pane.isHidden():
            return False
        self.show_detail(False)
        self.pane.forget()
        return True

    def primary(self) -> None:
        """N: what the tab makes new; an invitation on the others."""
        tab = self._more.get(self._tabs.selected())
        if tab is not None and tab.makes():
            tab.primary()
        else:
            self.invite()

    def _delegate(self, to: str) -> None:
        tab = self._more["delegations"]
        assert isinstance(tab, DelegationsTab)
        tab.primary(to)

    def invite(self) -> None:
        if self.ui.can("invite.create"):
            InviteDialog(self.ui, self.window(), self._present).open()

    def _present(self, created: v.InviteCreated) -> None:
        InvitationDialog(self.ui, self.window(), created).open()
        self.refresh()

    def _current_invite(self) -> v.InviteRow | None:
        row_ = self._invite_list.rows.view(self._invite_list.currentIndex())
        return row_ if isinstance(row_, v.InviteRow) else None

    def _offer_invite(self, row_: object) -> None:
        can = row_.can if isinstance(row_, v.InviteRow) else ()
        self._show_again.setVisible("show" in can)
        self._revoke.setVisible("revoke" in can)

    def _show_invite(self) -> None:
        row_ = self._current_invite()
        if row_ is not None:
            self.ui.ask(
                self, "invite_show", lambda c: InvitationDialog(self.ui, self.window(), c).open(), invite=row_.id
            )

    def _revoke_invite(self) -> None:
        row_ = self._current_invite()
        if row_ is not None and "revoke" in row_.can:
            self.ui.hold(
                self.ui.t("invite.revoke.held"),
                lambda: self.ui.write(self, "invite_revoke", lambda _: self.refresh(), invite=row_.id),
            )

    def keys(self) -> dict[str, Callable[[], None]]:
        return {
            "I": self.invite, "N": self.primary, "F": self._find.setFocus, "P": self.pane.tip, "D": self.pane.delegate,
        }  # fmt: skip
