"""The use cases of finality; see ``app.api``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dao_app.app import views as v
from dao_app.app import views_finality as f


class FinalityApi(Protocol):
    def finality(self, org: str) -> f.FinalityView: ...
    def witness_ready(self, org: str) -> f.FinalityView:
        """Be a witness on this device: make the key of the term for which you are elected, and declare it."""
        ...

    def witness_move(self, org: str, member: str) -> f.FinalityView:
        """Hand the sole, unelected witness over to a member (a node)."""
        ...

    def witness_elect(self, org: str, members: Sequence[str], seats: int, title: str, text: str = "") -> v.ProposalRow:
        """Put the election of these members, by rank, to the vote; the charter's usual times hold."""
        ...

    async def device_renew(self, org: str) -> f.FinalityView:
        """Certify a new device key for this folder, where the old one is frozen."""
        ...

    def recovery_propose(self, org: str, members: Sequence[str], branch: str = "") -> f.FinalityView:
        """Begin a recovery: the members who seal next, and the checkpoint ("HEIGHT:ID", "" the last common one) from
        which to go on. This device signs it."""
        ...

    def recovery_sign(self, org: str, recovery: str) -> f.FinalityView:
        """Sign a recovery, named by the beginning of its id."""
        ...
