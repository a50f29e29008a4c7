"""Trust: can I rely on it? Overview, peers, checkpoints and the signed log."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_finality as f
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.proofs import export_proof
from dao_app.ui.dialogs.trust import PeerDialog, entry_opened
from dao_app.ui.dialogs.witnesses import MoveDialog, RecoverDialog, ask_to_declare, ask_to_renew, ask_to_sign
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Page, TopBar
from dao_app.ui.pages.trust_connection import ConnectionTab
from dao_app.ui.pages.trust_files import FilesTab
from dao_app.ui.pages.trust_overview import Overview
from dao_app.ui.pages.trust_side import TrustSide
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.layout import Box, column, row, scrolling
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

LOG_PAGE = 200  # entries fetched at once
RAIL_NEEDS = 940
LOG_COLUMNS = (
    Col("col.place", width=72, right=True),
    Col("col.date", width=116),
    Col("col.person", width=170),
    Col("col.what"),
    Col("col.type", width=170, drop=23),
    Col("col.state", width=116, drop=6),
)
CHECKPOINT_COLUMNS = (
    Col("trust.checkpoint", width=96),
    Col("col.time", width=190),
    Col("trust.fact.entries", width=80, right=True),
    Col("trust.fact.root", drop=14),
    Col("trust.signed_by", width=170, drop=6),
)
PEER_COLUMNS = (
    Col("col.peer", width=190),
    Col("col.path", width=190, drop=6),
    Col("col.seen", width=110, drop=12),
    Col("col.agrees", share=2),
    Col("peer.address", share=2, drop=25),
)
TABS = ("overview", "peers", "connection", "checkpoints", "log", "files")


class TrustPage(Page):
    """The only page with the exact terms."""

    name = "trust"
    topics = frozenset({"log", "checkpoints", "peers", "status", "files"})

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._trust: v.TrustView | None = None
        self._peer_rows: tuple[v.PeerRow, ...] = ()
        self._log_rows: tuple[v.LogRow, ...] = ()
        self._more_asked = False
        self._tabs = Choices(ui, [(n, f"trust.tab.{n}") for n in TABS])
        self._tabs.chosen.connect(self._switch)
        verify = Button(ui, "verify.start", key="Y", icon="shield")
        verify.clicked.connect(self._verify)
        self._export = Button(ui, "proof.export", "ghost", icon="copy")
        self._export.clicked.connect(self.export_proof)
        self.top = TopBar(ui, "page.trust", self._tabs, [self._export, verify])
        self._finality: f.FinalityView | None = None
        self._overview = Overview(ui, self._open_entry)
        council = self._overview.council
        council.declare.connect(self._declare)
        council.move.connect(lambda: MoveDialog(self.ui, self.window(), self._show_finality).open())
        council.elect.connect(self._elect)
        council.recover.connect(self.recover)
        council.sign.connect(self._sign_recovery)
        council.renew.connect(lambda: ask_to_renew(self.ui, self.window(), self._show_finality).open())
        self._overview.add_peer.clicked.connect(self._add_peer)
        overview = QWidget()
        overview.setProperty("box", "surface")
        overview.setLayout(column(ui, self._overview, margins=(24, 16, 24, 16)))
        self._stack = QStackedWidget()
        self._stack.addWidget(scrolling(overview))
        self._stack.addWidget(self._build_peers())
        self.connection = ConnectionTab(ui)
        self._stack.addWidget(self.connection)
        self._stack.addWidget(self._build_checkpoints())
        self._stack.addWidget(self._build_log())
        self.files = FilesTab(ui)
        self._stack.addWidget(self.files)
        self.setAcceptDrops(True)
        self.side = TrustSide(ui)
        self._rail = Box(ui, "pane", column(ui, scrolling(self.side, ui.t("verify.title"))), width=400)
        body = row(ui, self._stack, self._rail, gap=0)
        body.setStretch(0, 1)
        layout = column(ui, self.top, body)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _listing(self, header: Header, rows: RowList, *foot: QWidget) -> QWidget:
        holder = QWidget()
        layout = column(self.ui, header, rows, *foot, margins=(16, 8, 16, 8))
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder

    def _build_peers(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda r: r.device + r.address, partial(show.describe_peer, ui), self)
        self._peers = RowList(ui, model, RowDelegate(ui, PEER_COLUMNS, partial(show.peer_cells, ui)), "trust.tab.peers")
        add = Button(ui, "peer.add", "link", icon="plus")
        add.clicked.connect(self._add_peer)
        self._no_peers = Empty(ui, "peer.empty", "peer.empty_why", "peer.add")
        self._no_peers.pressed.connect(self._add_peer)
        stack = QStackedWidget()
        foot = QWidget()
        foot.setLayout(row(ui, add, None, margins=(4, 6, 0, 6)))
        stack.addWidget(self._listing(Header(ui, PEER_COLUMNS, self._peers), self._peers, foot))
        stack.addWidget(self._no_peers)
        self._peer_stack = stack
        return stack

    def _build_checkpoints(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda r: r.id, partial(show.describe_checkpoint, ui), self)
        delegate = RowDelegate(ui, CHECKPOINT_COLUMNS, partial(show.checkpoint_cells, ui))
        self._checkpoints = RowList(ui, model, delegate, "trust.tab.checkpoints")
        return self._listing(Header(ui, CHECKPOINT_COLUMNS, self._checkpoints), self._checkpoints)

    def _build_log(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda r: r.id, partial(show.describe_log, ui), self)
        self._log = RowList(ui, model, RowDelegate(ui, LOG_COLUMNS, partial(show.log_cells, ui)), "trust.tab.log")
        self._log.opened.connect(lambda r: self._open_entry(r.id))
        self._log.verticalScrollBar().valueChanged.connect(self._maybe_more)
        return self._listing(Header(ui, LOG_COLUMNS, self._log), self._log)

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        ui = self.ui
        ui.ask(self, "trust", self._show)
        ui.ask(self, "finality", self._show_finality)
        ui.ask(self, "peer_list", self._show_peers)
        if self._tabs.selected() == "files":
            self.files.refresh()
        if self._tabs.selected() == "connection":
            self.connection.refresh()
        if self._tabs.selected() == "log" and len(self._log_rows) <= LOG_PAGE:
            ui.ask(self, "log_list", self._show_log, limit=LOG_PAGE)

    def render_again(self) -> None:
        if self._trust is not None:
            self._show(self._trust)
        if self._finality is not None:
            self._show_finality(self._finality)
        self._show_peers(self._peer_rows)

    def reset(self) -> None:
        self._trust, self._finality, self._peer_rows, self._log_rows = None, None, (), ()
        self._log.rows.set_rows(())
        self._peers.rows.set_rows(())
        self._checkpoints.rows.set_rows(())

    def _show(self, trust: v.TrustView) -> None:
        self._trust = trust
        self._overview.show_trust(trust)
        self.side.show_trust(trust)
        if self._finality is not None:
            self.side.show_finality(trust, self._finality)
        self._checkpoints.rows.set_rows(trust.checkpoints)
        number = self.ui.texts.number
        self._tabs.count("checkpoints", number(trust.height))
        self._tabs.count("log", number(trust.actions_final + trust.actions_provisional))

    def _show_finality(self, view: object) -> None:
        assert isinstance(view, f.FinalityView)
        self._finality = view
        self._overview.show_finality(view)
        if self._trust is not None:
            self.side.show_finality(self._trust, view)

    def _show_peers(self, peers: tuple[v.PeerRow, ...]) -> None:
        self._peer_rows = peers
        self._peers.rows.set_rows(peers)
        self._overview.show_peers(peers)
        self._peer_stack.setCurrentIndex(0 if peers else 1)
        connected = sum(1 for p in peers if p.connected)
        self._tabs.count("peers", self.ui.texts.number(connected) if peers else "")

    def _show_log(self, rows: tuple[v.LogRow, ...]) -> None:
        self._log_rows = rows
        self._more_asked = len(rows) < LOG_PAGE
        self._log.rows.set_rows(rows)

    def _maybe_more(self, value: int) -> None:
        bar = self._log.verticalScrollBar()
        if self._more_asked or not self._log_rows or value < bar.maximum() - bar.pageStep():
            return
        self._more_asked = True
        self.ui.ask(self, "log_list", self._add_log, limit=LOG_PAGE, before=self._log_rows[-1].id)

    def _add_log(self, rows: tuple[v.LogRow, ...]) -> None:
        known = {r.id for r in self._log_rows}
        self._log_rows = (*self._log_rows, *(r for r in rows if r.id not in known))
        self._more_asked = len(rows) < LOG_PAGE
        place = self._log.verticalScrollBar().value()
        self._log.rows.set_rows(self._log_rows)
        self._log.verticalScrollBar().setValue(place)

    # -- navigation and gestures ---------------------------------------------------------------
    def _switch(self, tab: str) -> None:
        self._tabs.select(tab)
        self._stack.setCurrentIndex(TABS.index(tab))
        if tab == "log":
            self.ui.ask(self, "log_list", self._show_log, limit=LOG_PAGE)
        elif tab == "files":
            self.files.refresh()
        elif tab == "connection":
            self.connection.refresh()

    def open(self, target: str) -> None:
        if target.startswith("entry:"):
            self._switch("log")
            self._open_entry(target[len("entry:") :])
        elif target in TABS:
            self._switch(target)

    def _open_entry(self, entry: str) -> None:
        self.ui.ask(self, "log_show", partial(entry_opened, self.ui, self.window()), entry=entry)

    def _declare(self) -> None:
        if self._finality is not None and self._finality.may_declare:
            ask_to_declare(self.ui, self.window(), self._finality.may_declare, self._show_finality).open()

    def recover(self) -> None:
        if self._finality is not None:
            RecoverDialog(self.ui, self.window(), self._finality, self._show_finality).open()

    def _sign_recovery(self, id_: str) -> None:
        found = next((row_ for row_ in self._finality.recoveries if row_.id == id_), None) if self._finality else None
        if found is not None:
            ask_to_sign(self.ui, self.window(), found, self._show_finality).open()

    def _elect(self) -> None:
        self.ui.act.emit("propose:witnesses")

    def _add_peer(self) -> None:
        PeerDialog(self.ui, self.window(), lambda _: self.refresh()).open()

    def export_proof(self) -> None:
        export_proof(self.ui, self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt)
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self._switch("files")
            self.files.take(paths[0])

    def _verify(self) -> None:
        self._switch("overview")
        self.side.verify.run()

    def fold(self, width: int) -> None:
        self._rail.setVisible(width >= RAIL_NEEDS)
        self._export.compact(width < RAIL_NEEDS)

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"Y": self._verify, **({"N": self.files.choose} if self._tabs.selected() == "files" else {})}
