"""What is final, what is pending and whom it waits for; the founder alone; the latest checkpoints at a glance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_finality as f
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import section_head
from dao_app.ui.pages.trust_council import Council, Reserve
from dao_app.ui.theme.look import Look
from dao_app.ui.theme.painting import seal
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import IconView, SealView
from dao_app.ui.widgets.labels import Label, tip
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

NAME_WIDTH = 150  # token pixels before the grid
CELL = 23
CHECKPOINTS_SHOWN = 24


def paint_mark(painter: QPainter, look: Look, box: QRectF, mark: str) -> None:
    """Filled: signed; hollow: awaited; a stroke: was away."""
    if mark == "away":
        painter.fillRect(QRectF(box.x() + 2, box.center().y() - 1, box.width() - 4, 2), look.color("text3"))
        return
    signed = mark == "signed"
    painter.setPen(Qt.PenStyle.NoPen if signed else QPen(look.color("provisional"), 1.5))
    painter.setBrush(look.color("accent") if signed else Qt.BrushStyle.NoBrush)
    inset = 0 if signed else 0.75
    painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), look.px(3), look.px(3))


class Mark(QWidget):
    """One mark of the legend."""

    def __init__(self, ui: Ui, mark: str) -> None:
        super().__init__()
        self._ui, self._mark = ui, mark
        self.relook()

    def relook(self) -> None:
        self.setFixedSize(self._ui.look.px(13), self._ui.look.px(13))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_mark(painter, self._ui.look, QRectF(self.rect()).adjusted(1, 1, -1, -1), self._mark)


class Grid(QWidget):
    """Which witness co-signed which of the latest checkpoints; below, the checkpoints themselves."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._trust: v.TrustView | None = None
        self._cosigned: frozenset[str] = frozenset()  # members who have co-signed the one being formed
        self.relook()

    def show_cosigned(self, members: frozenset[str]) -> None:
        self._cosigned = members
        self.update()

    def show_trust(self, trust: v.TrustView) -> None:
        self._trust = trust
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        witnesses = len(self._trust.witnesses) if self._trust else 1
        self.setFixedHeight(witnesses * look.px(27) + look.px(60))
        if self._trust is not None:
            parts = [self._line_text(w) for w in self._trust.witnesses]
            self.setAccessibleName(self._ui.t("list.comma").join(parts))
            tip(self, "\n".join(parts))
        self.update()

    def _signed(self, witness: v.WitnessView) -> list[bool]:
        assert self._trust is not None
        rows = list(reversed(self._trust.checkpoints[:CHECKPOINTS_SHOWN]))
        names = (witness.person.name, witness.person.id)
        return [any(s in names for s in row_.signers) for row_ in rows]

    def _line_text(self, witness: v.WitnessView) -> str:
        signed = self._signed(witness)
        return self._ui.t(
            "trust.witness_line", name=self._ui.name_you(witness.person), signed=sum(signed), total=len(signed)
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        if self._trust is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            y = 0
            for witness in self._trust.witnesses:
                self._paint_witness(painter, y, witness)
                y += self._ui.look.px(27)
            self._paint_checkpoints(painter, y + self._ui.look.px(6))

    def _cell(self) -> float:
        look = self._ui.look
        room = self.width() - look.px(NAME_WIDTH) - look.px(80)
        return min(float(look.px(CELL)), room / (CHECKPOINTS_SHOWN + 1))

    def _paint_witness(self, painter: QPainter, y: int, witness: v.WitnessView) -> None:
        look, trust = self._ui.look, self._trust
        assert trust is not None
        painter.setFont(look.font("body", 600 if witness.person.you else 400))
        painter.setPen(look.color("text"))
        name = (
            self._ui.t("trust.you_named", name=self._ui.name(witness.person))
            if witness.person.you
            else self._ui.name(witness.person)
        )
        shown = look.metrics().elidedText(name, Qt.TextElideMode.ElideRight, look.px(NAME_WIDTH - 10))
        painter.drawText(QRectF(0, y, look.px(NAME_WIDTH), look.px(24)), Qt.AlignmentFlag.AlignVCenter, shown)
        signed, step, edge = self._signed(witness), self._cell(), look.px(13)
        x = float(look.px(NAME_WIDTH))
        top = y + (look.px(24) - edge) / 2
        for done in signed:
            paint_mark(painter, look, QRectF(x, top, edge, edge), "signed" if done else "away")
            x += step
        if trust.actions_provisional:
            box = QRectF(x, top, edge, edge)
            paint_mark(painter, look, box, "signed" if witness.person.id in self._cosigned else "awaited")
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("text2"))
        count = self._ui.t("progress.of", done=sum(signed), total=len(signed))
        painter.drawText(
            QRectF(0, y, self.width(), look.px(24)), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count
        )

    def _paint_checkpoints(self, painter: QPainter, y: int) -> None:
        look, trust = self._ui.look, self._trust
        assert trust is not None
        painter.fillRect(QRectF(0, y, self.width(), 1), look.color("border"))
        y += look.px(6)
        painter.setFont(look.font("body"))
        painter.setPen(look.color("text2"))
        painter.drawText(
            QRectF(0, y, look.px(NAME_WIDTH), look.px(22)),
            Qt.AlignmentFlag.AlignVCenter,
            self._ui.t("trust.checkpoint"),
        )
        rows = list(reversed(trust.checkpoints[:CHECKPOINTS_SHOWN]))
        step, x, ratio = self._cell(), float(look.px(NAME_WIDTH)), self.devicePixelRatioF()
        painter.setFont(look.font("caption"))
        every = max(len(rows) // 3, 1)
        for place, row_ in enumerate(rows):
            state = "final" if len(row_.signers) >= row_.quorum else "provisional"
            painter.drawPixmap(round(x) - 1, y + look.px(4), seal(look, state, 14, ratio, "raised"))
            if (place % every == 0 and place < len(rows) - 2) or place == len(rows) - 1:
                painter.setPen(look.color("text2"))
                painter.drawText(
                    QRectF(x, y + look.px(22), look.px(80), look.px(18)),
                    Qt.AlignmentFlag.AlignVCenter,
                    self._ui.texts.number(row_.height),
                )
            x += step
        if trust.actions_provisional:
            painter.drawPixmap(round(x) - 1, y + look.px(4), seal(look, "provisional", 14, ratio, "raised"))


PEERS_SHOWN = 8
PEER_COLUMNS = (
    Col("col.peer", width=190),
    Col("col.path", width=140, drop=6),
    Col("col.seen", width=110, drop=11),
    Col("col.agrees"),
)


class Overview(QWidget):
    """The first tab of the Trust page."""

    def __init__(self, ui: Ui, opened: Callable[[str], None]) -> None:
        super().__init__()
        self._ui = ui
        state = self._build_state()
        self._build_notes()
        self.council, self.reserve = Council(ui), Reserve(ui, opened)
        self._note = Label(ui, role="caption", tone="text3", elide=True)
        self._grid = Grid(ui)
        marks: list[QWidget] = []
        for mark in ("signed", "awaited", "away"):
            marks += [Mark(ui, mark), Label(ui, f"trust.legend.{mark}", "caption", "text2")]
        self._legend = QWidget()
        self._legend.setLayout(row(ui, *marks, gap=6))
        self._build_peers()
        grid = Box(ui, "card", row(ui, self._grid, margins=(16, 12, 14, 8)))
        head = row(ui, Label(ui, "trust.witnesses", weight=600), self._note, self._legend, gap=8)
        head.setStretch(1, 1)
        witnesses = column(ui, head, 6, grid)
        peers = column(ui, section_head(ui, "trust.tab.peers", self._peer_note), 2, self._header, self.peers)
        notes = column(ui, self.council, self._contested, gap=8)
        self.setLayout(
            column(
                ui, state, 14, notes, 10, witnesses, 8, self.reserve, 14, peers, 6, row(ui, self.add_peer, None), None
            )
        )

    def _build_state(self) -> Box:
        """What is final on the left, what is pending on the right."""
        ui = self._ui
        self._final_seal = SealView(ui, "final", "", 28, "raised")
        self._pending_seal = SealView(ui, "provisional", "", 28, "raised")
        self._final, self._pending = Label(ui, weight=600, elide=True), Label(ui, weight=600, elide=True)
        self._final_note = Label(ui, role="caption", tone="text2", elide=True)
        self._pending_note = Label(ui, role="caption", tone="text2", elide=True)
        left = row(ui, self._final_seal, column(ui, self._final, self._final_note), gap=14)
        left.setStretch(1, 1)
        right = row(ui, self._pending_seal, column(ui, self._pending, self._pending_note), gap=14)
        right.setStretch(1, 1)
        line = Box(ui, "divide")
        line.setFixedWidth(1)
        both = row(ui, left, line, right, gap=14, margins=(16, 12, 16, 12))
        both.setStretch(0, 5)
        both.setStretch(2, 4)
        return Box(ui, "card", both)

    def _build_notes(self) -> None:
        ui = self._ui
        self._contested_text = Label(ui, weight=600)
        mark = IconView(ui, "warn", "danger", back="dangerSoft")
        contested = row(ui, mark, self._contested_text, None, gap=10, margins=(14, 10, 14, 10))
        self._contested = Box(ui, "problem", contested)

    def _build_peers(self) -> None:
        ui = self._ui
        self._peer_note = Label(ui, role="caption", tone="text3")
        model = ViewModel(lambda r: r.device + r.address, partial(show.describe_peer, ui), self)
        delegate = RowDelegate(ui, PEER_COLUMNS, partial(show.peer_cells, ui))
        self.peers = RowList(ui, model, delegate, "trust.tab.peers", fit=True)
        self.add_peer = Button(ui, "peer.add", "link", icon="plus")
        self._header = Header(ui, PEER_COLUMNS, self.peers)

    def show_peers(self, peers: tuple[v.PeerRow, ...]) -> None:
        connected = sum(1 for p in peers if p.connected)
        self._peer_note.say(
            self._ui.t("trust.peers_n", connected=connected, known=len(peers)) if peers else self._ui.t("peer.empty")
        )
        self.peers.rows.set_rows(sorted(peers, key=lambda p: not p.connected)[:PEERS_SHOWN])
        self._header.setVisible(bool(peers))

    def show_trust(self, trust: v.TrustView) -> None:
        ui = self._ui
        if trust.height:
            self._final.say(ui.t("trust.final_to", height=trust.height))
            when = ui.texts.moment(trust.sealed_ms, ui.now_ms())
            self._final_note.say(ui.t("trust.final_note", when=when, n=trust.actions_final))
        else:
            self._final.say(ui.t("trust.nothing_final"))
            self._final_note.say(ui.t("trust.nothing_final_note"))
        if trust.actions_provisional:
            self._pending.say(ui.t("trust.pending_n", n=trust.actions_provisional))
            waits = ui.waits_text(trust.waits_for, None)
            if trust.waits_since_ms is not None:
                since = ui.t("trust.since", when=ui.texts.moment(trust.waits_since_ms, ui.now_ms()))
                waits = ui.t("list.comma").join(p for p in (waits, since) if p)
            self._pending_note.say(waits)
        else:
            self._pending.say(ui.t("trust.nothing_pending"))
            self._pending_note.say(ui.t("trust.nothing_pending_note"))
        self._pending_seal.show_state("provisional" if trust.actions_provisional else "final", "")
        self._contested.setVisible(trust.contested > 0)
        self._contested_text.say(ui.t("trust.contested_n", n=trust.contested))
        self._note.say(ui.t("trust.quorum", quorum=trust.quorum, n=len(trust.witnesses)))
        self._grid.show_trust(trust)

    def show_finality(self, view: f.FinalityView) -> None:
        self.council.show_finality(view)
        self.reserve.show_finality(view)
        self._note.say(self._ui.t("trust.quorum_term", quorum=view.quorum, n=len(view.seats), term=view.term))
        self._grid.show_cosigned(frozenset(seat.person.id for seat in view.seats if seat.voted == "precommit"))
