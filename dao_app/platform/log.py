"""The log file: bounded, readable by its owner only, and without secrets.

Whatever is logged, by us or by a library, passes ``redact``: recovery words, passphrases, keys, bytes and
invitation links never reach the file (threat 22). Ids are logged short, as the window shows them.
"""

from __future__ import annotations

import logging
import os
import re
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dao_app.platform.paths import make_private, storage_error

LOG_BYTES_MAX = 1024 * 1024  # of one file; two older ones are kept
LOG_FILES_KEPT = 2
WORDS_RUN_MIN = 5  # so many recovery words in a row are taken for a phrase
HIDDEN = "[hidden]"

_INVITATION = re.compile(r"guildhall:(?:/{0,2})join/[^\s\"'<>]*", re.IGNORECASE)
_ADDRESS_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s@]*@")
_LABELLED = re.compile(
    r"""(?ix)\b(pass(?:phrase|word|code)?|secret\w*|(?:\w+_)?seed|entropy|mnemonic|words|bearer\w*|private\w*|token_key)\b
        (["']?\s*[=:]\s*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\([^)\n]*\)|\[[^\]\n]*\]|[^\n]*)"""
)
_BYTES = re.compile(r"""\bb(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?:0x)?[0-9a-fA-F]{64,}(?![0-9a-zA-Z])")
_BASE64 = re.compile(
    r"(?<![\w+/-])(?:[A-Za-z0-9+/]{42,}={1,2}|(?!12D3Koo|bafy)(?=[\w+-]*[A-Z])(?=[\w+-]*[0-9])[A-Za-z0-9+_-]{43,})"
)
_WORD = re.compile(r"[a-z]{3,8}")
_GAP = re.compile(r"[\s,;\"'()\[\].:0-9-]*")


@lru_cache(maxsize=1)
def _recovery_words() -> frozenset[str]:
    from mnemonic import Mnemonic  # only once something is logged

    return frozenset(Mnemonic("english").wordlist)


def redact(text: str) -> str:
    """The text without what must never be written down."""
    text = _INVITATION.sub(f"guildhall:join/{HIDDEN}", text)
    text = _ADDRESS_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    text = _LABELLED.sub(rf"\1\2{HIDDEN}", text)
    text = _BYTES.sub(HIDDEN, text)
    text = _HEX.sub(HIDDEN, text)
    text = _BASE64.sub(HIDDEN, text)
    return _without_phrases(text)


def _without_phrases(text: str) -> str:
    """Replace runs of recovery words, however they are separated."""
    known = _recovery_words()
    found = [m for m in _WORD.finditer(text) if m.group() in known and _stands_alone(text, m)]
    kept, at, place = [], 0, 0
    while place < len(found):
        end = place
        while end + 1 < len(found) and _GAP.fullmatch(text, found[end].end(), found[end + 1].start()):
            end += 1
        if end - place + 1 >= WORDS_RUN_MIN:
            kept += [text[at : found[place].start()], HIDDEN]
            at = found[end].end()
        place = end + 1
    return "".join([*kept, text[at:]])


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    return not (before.isalpha() or after.isalpha())


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, and redacts the whole."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> object:  # type: ignore[override]
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        return stream


def start_log(path: Path, level: int = logging.INFO) -> logging.Handler:
    """Log everything from this level on to the file; returns the handler. Raises StorageError."""
    make_private(path.parent)
    try:
        handler = _PrivateFile(path, maxBytes=LOG_BYTES_MAX, backupCount=LOG_FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise storage_error(error, path) from error
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    return handler
