"""What became of sealed actions: it never changes, so it is read from the store once.

Invariant: only actions that the final order has taken are asked for; what is pending has no verdict yet and is
never kept here.
"""

from __future__ import annotations

from collections.abc import Iterable

from dao_app.app.storage import SNAPSHOT_META, OrgStore
from dao_app.core.envelope import parse_trusted

SETTLED_MAX = 50_000  # verdicts and times kept, about 200 bytes each
Settlement = tuple[str, int]  # rejection code or "", claimed time in ms


class Settled:
    """Verdict and claimed time of each sealed action."""

    def __init__(self, store: OrgStore) -> None:
        self._store = store
        self._kept: dict[bytes, Settlement] = {}

    def of(self, id_: bytes) -> Settlement:
        """What is under the snapshot with which this replica began, and not here yet, counts as settled by it. Raises
        KeyError where the store has no such action and nothing is on its way."""
        found = self._kept.get(id_)
        if found is None:
            self.load((id_,))
            found = self._kept.get(id_)
        if found is None:
            last = self._store.last_checkpoint()
            if last is None or self._store.meta(SNAPSHOT_META) is None:
                raise KeyError(id_.hex())
            return "", last.time
        return found

    def load(self, ids: Iterable[bytes]) -> None:
        """Read those that are not kept, many at once."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._kept][:SETTLED_MAX]
        if not wanted:
            return
        if len(self._kept) + len(wanted) > SETTLED_MAX:
            self._kept.clear()
        verdicts = self._store.verdicts(wanted)
        for record in self._store.records(wanted):
            at = parse_trusted(record.id, record.payload).at
            self._kept[record.id] = verdicts.get(record.id, ""), at
