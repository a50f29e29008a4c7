"""Markdown of members, rendered to a small safe subset of Qt's rich text.

markdown-it-py parses with HTML, images and automatic links off; from its tokens we write only the tags
listed here, with every text escaped. What is not known is written as text. Links are shown, and opened
only after the address was shown (``MarkdownView.link``).
"""

from __future__ import annotations

from functools import lru_cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy

from dao_app.app.texts import isolate
from dao_app.ui.context import Ui

TEXT_SHOWN_MAX = 64 * 1024  # characters laid out at once; more is cut and said
LINK_SCHEMES = ("https:", "http:", "mailto:", "guildhall:")

_BLOCKS = {
    "paragraph_open": "p",
    "paragraph_close": "/p",
    "bullet_list_open": "ul",
    "bullet_list_close": "/ul",
    "ordered_list_open": "ol",
    "ordered_list_close": "/ol",
    "list_item_open": "li",
    "list_item_close": "/li",
    "blockquote_open": "blockquote",
    "blockquote_close": "/blockquote",
    "strong_open": "b",
    "strong_close": "/b",
    "em_open": "i",
    "em_close": "/i",
    "hardbreak": "br",
    "hr": "hr",
}


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 12}).disable(
        ["image", "html_block", "html_inline"]
    )


def safe_link(address: str) -> bool:
    """May this address be offered at all."""
    return address.lower().startswith(LINK_SCHEMES) and not any(c.isspace() or ord(c) < 0x20 for c in address)


def render(text: str, line_px: int, mono: str, accent: str) -> str:
    """Rich text for Qt; ``line_px`` is the line height, ``mono`` a font family, ``accent`` a link colour."""
    out: list[str] = []
    for token in _parser().parse(_clean(text[:TEXT_SHOWN_MAX])):
        _write(token, out, line_px, mono, accent)
    return "".join(out)


def _clean(text: str) -> str:
    """Every line without control and override characters, isolated from what stands beside it."""
    return "\n".join(isolate(line).strip("\u2068\u2069") for line in text.replace("\r\n", "\n").split("\n"))


def _write(token: Token, out: list[str], line_px: int, mono: str, accent: str) -> None:
    kind = token.type
    if kind == "inline":
        for child in token.children or ():
            _write(child, out, line_px, mono, accent)
    elif kind == "text":
        out.append(escape(token.content))
    elif kind == "softbreak":
        out.append("<br>")
    elif kind in ("code_inline", "code_block", "fence"):
        code = escape(token.content.rstrip("\n")).replace("\n", "<br>").replace("  ", "&nbsp; ")
        tag = "span" if kind == "code_inline" else "p"
        out.append(f"<{tag} style=\"font-family:'{mono}'; margin:0 0 6px 0\">{code}</{tag}>")
    elif kind == "heading_open":
        out.append(f'<p style="line-height:{line_px}px; margin:6px 0 2px 0"><b>')
    elif kind == "heading_close":
        out.append("</b></p>")
    elif kind == "link_open":
        address = str(token.attrGet("href") or "")
        out.append(f'<a style="color:{accent}" href="{escape(address, quote=True)}">' if safe_link(address) else "<u>")
    elif kind == "link_close":
        opened = next((t for t in reversed(out) if t.startswith("<a ") or t == "<u>"), "<u>")
        out.append("</a>" if opened.startswith("<a ") else "</u>")
    elif kind == "paragraph_open":
        out.append(f'<p style="line-height:{line_px}px; margin:0 0 6px 0">')
    elif kind in _BLOCKS:
        out.append(f"<{_BLOCKS[kind]}>")
    elif token.content:
        out.append(escape(token.content))


class MarkdownView(QLabel):
    """The one label that shows rich text: written here from tokens, never from foreign markup."""

    link = Signal(str)

    def __init__(self, ui: Ui, tone: str = "text") -> None:
        super().__init__()
        self._ui, self._source = ui, ""
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setProperty("tone", tone)
        self.setWordWrap(True)
        self.setOpenExternalLinks(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.linkActivated.connect(self.link)
        self.relook()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(60), self._ui.look.line("body") if self._source else 0)

    def show_text(self, text: str) -> None:
        if text != self._source:
            self._source = text
            self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFont(look.font("body"))
        self.setText(render(self._source, look.line("body"), look.font("mono").families()[0], look.hex("accent")))
