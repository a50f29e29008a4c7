"""Comments below each other with their state, the field to write one, and the signed steps of an object."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app.views import ActivityView, CommentView
from dao_app.ui.context import Ui
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.widgets.buttons import KEY_SIGN, Button, IconButton
from dao_app.ui.widgets.fields import Area
from dao_app.ui.widgets.file_row import FileRow
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row
from dao_app.ui.widgets.mentions import Mentions

SHOWN_AT_FIRST = 30  # comments made into widgets at once; older ones on demand
SHOWN_MORE = 100
COMPOSER_LINES_MAX = 6


class Post(QWidget):
    """One comment."""

    link = Signal(str)
    erase = Signal(str)
    file = Signal(object, str)

    def __init__(self, ui: Ui, comment: CommentView) -> None:
        super().__init__()
        when = ui.texts.moment(comment.stamp.at_ms, ui.now_ms())
        seal = SealView(ui)
        seal.show_stamp(comment.stamp)
        name = Label(ui, weight=600, hug=True)
        name.say(ui.name_you(comment.author))
        time = Label(ui, role="caption", tone="text3")
        time.say(when)
        head = row(ui, name, time, None, gap=8)
        if comment.author.you and comment.text is not None and ui.can("content.erase"):
            erase = IconButton(ui, "x", "comment.erase")
            erase.clicked.connect(lambda: self.erase.emit(comment.id))
            erase.setFixedHeight(ui.look.px(20))
            head.addWidget(erase)
        head.addWidget(seal)
        body: QWidget
        if comment.file is not None:
            body = FileRow(ui, comment.file)
            body.wanted.connect(lambda gesture: self.file.emit(comment, gesture))
        elif comment.erased or comment.text is None:
            body = Paragraph(ui, "comment.erased" if comment.erased else "comment.absent", tone="text3")
        else:
            body = MarkdownView(ui)
            body.show_text(comment.text)
            body.link.connect(self.link)
        picture = column(ui, 1, AvatarView(ui, comment.author), None)
        texts = column(ui, head, body)
        if comment.mentions and not comment.erased:
            named = Label(ui, role="caption", tone="accent", elide=True)
            named.say(ui.t("comment.mentions", names=ui.texts.join([ui.name_you(p) for p in comment.mentions])))
            texts.addWidget(named)
        layout = row(ui, picture, texts, gap=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)


class Posts(QWidget):
    """The comments of an object, newest first."""

    link = Signal(str)
    erase = Signal(str)
    file = Signal(object, str)  # the comment that carries it, one of ``AttachedFile.can``

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._comments: tuple[CommentView, ...] = ()
        self._limit = SHOWN_AT_FIRST
        self._list: QVBoxLayout = column(ui, gap=12)
        self._more = Button(ui, "comment.older", "link")
        self._more.clicked.connect(self._show_more)
        self.setLayout(column(ui, self._list, self._more, gap=8))
        self._more.hide()

    def show_comments(self, comments: Sequence[CommentView], again: bool = False) -> None:
        """Rebuild the list where it differs (or ``again`` after a change of language)."""
        newest_first = tuple(sorted(comments, key=lambda c: (-c.stamp.at_ms, c.id)))
        if newest_first == self._comments and not again:
            return
        self._comments = newest_first
        clear(self._list)
        for comment in newest_first[: self._limit]:
            post = Post(self._ui, comment)
            post.link.connect(self.link)
            post.erase.connect(self.erase)
            post.file.connect(self.file)
            self._list.addWidget(post)
        left = len(newest_first) - self._limit
        self._more.setVisible(left > 0)
        if left > 0:
            self._more.say_key("comment.older", n=left)

    def relook(self) -> None:
        """Names, times and states are written out: they follow the language."""
        self.show_comments(self._comments, again=True)

    def _show_more(self) -> None:
        self._limit += SHOWN_MORE
        self.show_comments(self._comments, again=True)


class Composer(Box):
    """Where a comment is written; it grows with the text, Ctrl+Enter signs. Files may be dropped on it."""

    written = Signal(str)
    attach = Signal()
    dropped = Signal(str)

    def __init__(self, ui: Ui, margins: tuple[int, int, int, int] = (24, 10, 24, 10)) -> None:
        super().__init__(ui, "bottom")
        self.field = Area(ui, "comment.write", lines=1)
        self.field.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sign = Button(ui, "comment.sign", "primary", KEY_SIGN)
        self._sign.clicked.connect(self._send)
        clip = IconButton(ui, "clip", "attachment.add")
        clip.clicked.connect(self.attach)
        layout = row(ui, column(ui, None, clip), self.field, column(ui, None, self._sign), gap=8, margins=margins)
        layout.setStretch(1, 1)
        self.setAcceptDrops(True)
        self.field.setAcceptDrops(False)  # a file dropped on the text is attached, not written out as a path
        self.setLayout(layout)
        self._sign.hide()
        self.field.textChanged.connect(self._grow)
        self.field.installEventFilter(self)
        self.mentions = Mentions(ui, self.field)  # asked before us for the keys that it needs

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt)
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt)
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.dropped.emit(local[0])

    def put(self, text: str) -> None:
        """Bring back what was typed."""
        self.field.setPlainText(text)

    def _grow(self) -> None:
        look = self._ui.look
        lines = min(max(self.field.document().blockCount(), 1), COMPOSER_LINES_MAX)
        self.field.setFixedHeight(look.line("body") * lines + look.px(14))
        self._sign.setVisible(bool(self.field.text()))

    def _send(self) -> None:
        text = self.field.text()
        if text:
            self.field.clear()
            self.written.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._send()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.field.clearFocus()
                self.window().setFocus()
                return True
        return super().eventFilter(watched, event)


class Activity(QWidget):
    """Who did what, each step with its state."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._steps: tuple[ActivityView, ...] = ()
        self._list: QVBoxLayout = column(ui, gap=5)
        self.setLayout(self._list)

    def show_steps(self, steps: Sequence[ActivityView], again: bool = False) -> None:
        ordered = tuple(sorted(steps, key=lambda s: -s.stamp.at_ms))
        if ordered == self._steps and not again:
            return
        self._steps = ordered
        clear(self._list)
        for step in ordered:
            ui = self._ui
            who = Label(ui, role="caption", weight=600, hug=True)
            who.say(ui.name_you(step.author))
            what = Label(ui, role="caption", elide=True)
            what.say(ui.texts.action(step.what))
            seal = SealView(ui)
            seal.show_stamp(step.stamp, ui.texts.moment(step.stamp.at_ms, ui.now_ms()))
            line = row(ui, AvatarView(ui, step.author, 18), who, what, seal, gap=6)
            line.setStretch(2, 1)
            self._list.addLayout(line)

    def relook(self) -> None:
        self.show_steps(self._steps, again=True)
