"""The use cases put together: implements ``app.api.Api`` on a ``Workspace``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dao_app.app import views as v
from dao_app.app.cases_attachments import AttachmentCases
from dao_app.app.cases_bundles import BundleCases
from dao_app.app.cases_contributions import ContributionCases
from dao_app.app.cases_devices import DeviceCases
from dao_app.app.cases_events import EventCases
from dao_app.app.cases_finality import FinalityCases
from dao_app.app.cases_firms import FirmCases
from dao_app.app.cases_governance import GovernanceCases
from dao_app.app.cases_guardians import GuardianCases
from dao_app.app.cases_membership import MembershipCases, org_row
from dao_app.app.cases_node import NodeCases
from dao_app.app.cases_payments import PaymentCases
from dao_app.app.cases_proofs import ProofCases
from dao_app.app.cases_rewards import RewardCases
from dao_app.app.cases_tasks import TaskCases
from dao_app.app.cases_today import TodayCases
from dao_app.app.cases_tokens import TokenCases
from dao_app.app.cases_trust import TrustCases
from dao_app.app.workspace import Workspace

OpenDemo = Callable[[Callable[[v.Progress], None]], Awaitable[bytes]]


class Service(
    DeviceCases, GuardianCases, MembershipCases, GovernanceCases, FirmCases, PaymentCases, EventCases, TaskCases,
    FinalityCases, ContributionCases, RewardCases, TokenCases, TodayCases, TrustCases, ProofCases, BundleCases,
    NodeCases, AttachmentCases,
):  # fmt: skip
    """One open data folder, as window and command line see it. ``open_demo`` builds and opens the sample
    organisation (given by the composition root)."""

    def __init__(self, workspace: Workspace, open_demo: OpenDemo) -> None:
        self._ws = workspace
        self._open_demo = open_demo

    def subscribe(self, sink: Callable[[v.Change | v.Progress], None]) -> Callable[[], None]:
        return self._ws.subscribe(sink)

    async def demo_open(self, progress: Callable[[v.Progress], None] | None = None) -> v.OrgRow:
        def told(step: v.Progress) -> None:
            self._ws.progress(step.job, step.done, step.total)
            if progress is not None:
                progress(step)

        org_id = await self._open_demo(told)
        opened = self._ws.opened[org_id]
        return org_row(self._reader(opened), opened)

    def settle(self) -> None:
        """Before closing: seal what a sole witness here may seal."""
        self._ws.seal_all()

    def tick(self) -> None:
        """The heartbeat; called a few times a second by the engine."""
        self._ws.tick()
