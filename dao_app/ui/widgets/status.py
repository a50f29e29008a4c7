"""The status bar: peers, what is not sent, what is pending and for whom it waits, the last final checkpoint."""

from __future__ import annotations

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.widgets.glyphs import IconView, SealView
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, row

NARROW = 900  # effective pixels


class StatusBar(Box):
    """Always there; being offline is a sentence, not an alarm."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "status", height=28)
        self._view: v.StatusView | None = None
        self._peer_icon, self._peers = (
            IconView(ui, "peers", "text2", back="window"),
            Label(ui, role="caption", tone="text2"),
        )
        self._sent_icon, self._sent = (
            IconView(ui, "sent", "text2", 14, "window"),
            Label(ui, role="caption", tone="text2"),
        )
        self._unsent = SealView(ui, back="window")
        self._sync = Label(ui, role="caption", tone="text2")
        self._pending, self._final = SealView(ui, back="window"), SealView(ui, "final", back="window")
        self._when = Label(ui, role="caption", tone="text3")
        left = row(
            ui,
            row(ui, self._peer_icon, self._peers, gap=6),
            row(ui, self._sent_icon, self._sent, self._unsent, gap=6),
            self._sync,
            gap=18,
        )
        right = row(ui, self._pending, self._final, self._when, gap=18)
        self.setLayout(row(ui, left, None, right, gap=18, margins=(14, 0, 14, 0)))
        self._narrow = False

    def show_status(self, view: v.StatusView) -> None:
        self._view = view
        self.render_again()

    def reset(self) -> None:
        """Nothing is known of the organisation yet."""
        self._view = None
        for label in (self._peers, self._sent, self._sync, self._when):
            label.say("")
        for seal in (self._unsent, self._pending, self._final):
            seal.hide()

    def render_again(self) -> None:
        view = self._view
        if view is None:
            return
        ui, now = self._ui, self._ui.now_ms()
        offline = view.peers == 0
        self._peer_icon.show_icon("off" if offline else "peers")
        if offline and view.offline_since_ms is not None:
            self._peers.say(ui.t("status.offline", time=ui.texts.moment(view.offline_since_ms, now)))
        elif offline:
            self._peers.say(ui.t("status.alone"))
        else:
            self._peers.say(ui.t("status.peers" if view.syncing else "status.peers_synced", n=view.peers))
        self._unsent.setVisible(view.unsent > 0)
        self._sent.setVisible(view.unsent == 0 and not self._narrow)
        self._sent_icon.setVisible(view.unsent == 0 and not self._narrow)
        self._when.setVisible(not self._narrow)
        if view.unsent:
            self._unsent.show_state("queued", ui.t("status.unsent", n=view.unsent))
        else:
            self._sent.say_key("status.all_sent")
        self._sync.setVisible(view.syncing is not None)
        if view.syncing is not None:
            self._sync.say(ui.t("status.syncing", done=view.syncing[0], total=view.syncing[1]))
        self._pending.setVisible(view.provisional > 0)
        if view.provisional:
            waits = ui.waits_text(view.waits_for, view.witness_seen_ms)
            pending = ui.t("status.pending", n=view.provisional)
            self._pending.show_state("provisional", ui.t("list.joiner").join(p for p in (pending, waits) if p))
        self._final.setVisible(view.height > 0)
        self._final.show_state("final", ui.t("status.final", height=view.height))
        self._when.say(ui.texts.ago(view.sealed_ms, now) if view.sealed_ms is not None else "")

    def fold(self, width: int) -> None:
        """Let go of what is least needed on a narrow window."""
        self._narrow = width < NARROW
        self.render_again()
