"""Which words of witnesses a peer has, and what is news to it. Sans-IO, part of ``session``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dao_app.net import limits
from dao_app.net import messages as m


class Told:
    """Digests of the words that a peer told, or was told."""

    def __init__(self) -> None:
        self._known: dict[bytes, None] = {}

    def news(self, words: Mapping[bytes, bytes]) -> Iterator[m.Words]:
        """What witnesses said and the peer has not, from us or to us."""
        batch: list[bytes] = []
        size = 0
        for id_, raw in words.items():
            if id_ in self._known:
                continue
            if batch and (size + len(raw) > limits.WORDS_BYTES or len(batch) == limits.WORDS_PER_MESSAGE_MAX):
                yield m.Words(tuple(batch))
                batch, size = [], 0
            batch.append(raw)
            size += len(raw)
            self.know([id_])
        if batch:
            yield m.Words(tuple(batch))

    def know(self, ids: Iterable[bytes]) -> None:
        self._known.update(dict.fromkeys(ids))
        while len(self._known) > limits.WORDS_KNOWN_MAX:
            del self._known[next(iter(self._known))]

    def forget(self) -> None:
        """Tell them again: what the peer had no room for it may have room for now."""
        self._known.clear()
