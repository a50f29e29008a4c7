"""Notarised files (TRUST-2): a file's SHA-256 is written down before a checkpoint.

Invariants: a hash is written down once and the first one stands; nothing changes or removes it. Nobody sees
the file itself; whoever has it can compare.
"""

from __future__ import annotations

from dao_app.core.entities import NotarisedFile
from dao_app.core.envelope import Action
from dao_app.core.keys import file_key
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

NOTARISE = s.Schema({"hash": s.key, "size": s.count}, {"title": s.ref})


def notarise(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Write a file down by its hash and size in bytes."""
    if "comment.add" not in author.permissions:
        return Rejection.NOT_ALLOWED
    key = file_key(action.body["hash"])
    if state.get(key, NotarisedFile) is not None:
        return Rejection.FILE_KNOWN
    height = context.height if context.final else 0
    file = NotarisedFile(author.root, action.id, action.body["size"], height, s.reference(action.body, "title"))
    state.put(key, file)
    return None
