"""Counts of open proposals that are kept: one more ballot enters what was counted before, nothing is recounted.

Invariant: the outcome is that of a count from scratch (``tests/unit/rules/test_live.py`` compares them); what
is kept here is memory only and can be dropped at any time.
"""

from __future__ import annotations

from collections import OrderedDict

from dao_app.core.encoding import decode_trusted
from dao_app.core.entities import Proposal
from dao_app.core.voting.base import Method, Outcome, Rule

LIVE_MAX = 64  # proposals whose count is kept; an organisation's open ones, and those looked at
Rows = dict[bytes, tuple[bytes, int]]  # member → (ballot in DAG-CBOR, power it carries)


class LiveCount:
    """The count of one proposal as it stood last."""

    def __init__(self, method: Method, options: int) -> None:
        self._running = method.start(options)
        self._rows: Rows = {}

    def outcome(self, rows: Rows, rule: Rule) -> Outcome:
        """Enter what is new, take back what is gone, and report."""
        before = self._rows
        for member, row in before.items():
            if rows.get(member) != row:
                self._running.remove(decode_trusted(row[0]), row[1])
        for member, row in rows.items():
            if before.get(member) != row:
                self._running.add(decode_trusted(row[0]), row[1])
        self._rows = rows
        return self._running.outcome(rule)


class LiveCounts:
    """The counts of one organisation's proposals, the ones looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], LiveCount] = OrderedDict()

    def of(self, id_: bytes, proposal: Proposal, method: Method) -> LiveCount:
        """The kept count of a proposal; a new one where its method, options or lots are others now."""
        key = (id_, proposal.method, tuple(sorted(method.parameters.items())), len(proposal.options))
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = LiveCount(method, len(proposal.options))
            while len(self._kept) > LIVE_MAX:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found
