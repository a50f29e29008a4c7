"""The use cases, one method per gesture; window and command line know nothing else of the engine.

All methods run in the engine (its thread, or the process that owns the folder); they are reached
in-process through the window's bridge or over the local socket, with the same names and
parameters. ``org`` is an organisation id, a unique prefix of one, its name, or "" for the only
one. Objects are named by id, unique id prefix (at least 6 digits) or number ("T-12", "P-3").
Amounts are decimal text in the unit's own decimals ("12.50"); durations are seconds; times are
milliseconds since 1970 UTC. Every method may raise ``GuildhallError``.

``async`` methods wait for the network or take long; the others return within milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app import views_tasks as vt
from dao_app.app.api_devices import DevicesApi
from dao_app.app.api_files import FilesApi
from dao_app.app.api_finality import FinalityApi
from dao_app.app.api_node import NodeApi
from dao_app.app.api_proofs import ProofsApi
from dao_app.app.api_rewards import RewardsApi

ProgressSink = Callable[[v.Progress], None]
ChangeSink = Callable[[v.Change], None]


class Api(DevicesApi, RewardsApi, ProofsApi, FinalityApi, FilesApi, NodeApi, Protocol):
    # -- who you are ---------------------------------------------------------------------------
    def identity_status(self) -> v.IdentityView: ...
    def identity_create(self, name: str, passphrase: str) -> tuple[v.IdentityView, tuple[str, ...]]:
        """Make an identity; returns it with its 24 recovery words (shown once, never logged)."""
        ...

    def identity_restore(self, words: str, name: str, passphrase: str) -> v.IdentityView: ...
    def identity_unlock(self, passphrase: str) -> v.IdentityView: ...
    def identity_words(self, passphrase: str) -> tuple[str, ...]: ...
    def identity_confirm_words(self, words: Sequence[str], positions: Sequence[int]) -> bool:
        """Check the words at these positions (from 1) and remember that they were written down."""
        ...

    # -- organisations and membership ----------------------------------------------------------
    def org_list(self) -> tuple[v.OrgRow, ...]: ...
    def org_create(
        self,
        name: str,
        purpose: str = "",
        unit: str = "GLD",
        unit_name_en: str = "",
        unit_name_zh: str = "",
        decimals: int = 2,
        cap: str = "1000000",
        initial: str = "0",
        parameters: dict[str, int] | None = None,
    ) -> v.OrgRow:
        """Found an organisation; ``initial`` is issued to the treasury; ``parameters`` override
        charter defaults (names as in ``ParameterView.key``)."""
        ...

    def org_show(self, org: str) -> v.OrgView: ...
    def invite_create(
        self, org: str, role: str = "member", uses: int = 1, lifetime_s: int = 604_800, note: str = ""
    ) -> v.InviteCreated: ...
    def invite_list(self, org: str) -> tuple[v.InviteRow, ...]: ...
    def invite_show(self, org: str, invite: str) -> v.InviteCreated:
        """The link again, on the device that made it."""
        ...

    def invite_revoke(self, org: str, invite: str) -> v.Stamp: ...
    def invite_read(self, link: str) -> v.InvitePreview:
        """Read a link, plain text with a link in it, or the text of an invitation file."""
        ...

    async def join(self, link: str, wait_s: int = 0) -> v.JoinView:
        """Ask to join; returns at once (wait_s = 0) or when it is settled or the time is over."""
        ...

    def join_status(self, org: str) -> v.JoinView: ...
    def member_list(self, org: str) -> tuple[v.MemberRow, ...]: ...

    # -- tasks ---------------------------------------------------------------------------------
    def task_open(
        self,
        org: str,
        title: str,
        text: str = "",
        reward: str = "",
        unit: str = "",
        payer: str = "treasury",
        lifetime_s: int = 0,
        labels: Sequence[str] = (),
        priority: str = "normal",
        due_ms: int = 0,
        estimate_min: int = 0,
        checklist: Sequence[str] = (),
        files: Sequence[tuple[str, str, int]] = (),
        depends: Sequence[str] = (),
        every_days: int = 0,
        approval: bool = False,
        seats: int = 1,
        department: str = "",
        draft: bool = False,
    ) -> vt.TaskRow:
        """``payer``: "treasury", "own" or a department by name or id; files are (SHA-256 in hexadecimal, name,
        bytes); a draft holds no reward until it is published."""
        ...

    def task_edit(
        self,
        org: str,
        task: str,
        title: str | None = None,
        text: str | None = None,
        reward: str | None = None,
        unit: str | None = None,
        payer: str | None = None,
        lifetime_s: int | None = None,
        labels: Sequence[str] | None = None,
        priority: str | None = None,
        due_ms: int | None = None,
        estimate_min: int | None = None,
        checklist: Sequence[str] | None = None,
        files: Sequence[tuple[str, str, int]] | None = None,
        depends: Sequence[str] | None = None,
        every_days: int | None = None,
        approval: bool | None = None,
        seats: int | None = None,
        department: str | None = None,
    ) -> vt.TaskRow:
        """Change a draft, or an open task that nobody has claimed; None leaves a term as it is."""
        ...

    def task_list(self, org: str, status: str = "") -> tuple[vt.TaskRow, ...]: ...
    def task_show(self, org: str, task: str) -> vt.TaskDetail: ...
    def task_why(self, org: str, task: str, gesture: str) -> str:
        """Rejection code that a gesture of ``TaskRow.can`` would meet now, "" where it is allowed."""
        ...

    def task_publish(self, org: str, task: str) -> vt.TaskRow: ...
    def task_claim(self, org: str, task: str) -> vt.TaskRow: ...
    def task_apply(self, org: str, task: str, note: str = "") -> vt.TaskRow: ...
    def task_assign(self, org: str, task: str, assignees: Sequence[tuple[str, str]]) -> vt.TaskRow:
        """(member, share in percent) pairs; all shares "" makes them equal."""
        ...

    def task_unassign(self, org: str, task: str, member: str = "") -> vt.TaskRow:
        """Give a task back (""), or take it from a member."""
        ...

    def task_start(self, org: str, task: str) -> vt.TaskRow: ...
    def task_tick(self, org: str, task: str, item: int, done: bool = True) -> vt.TaskRow:
        """Items of the checklist count from 1."""
        ...

    def task_submit(
        self,
        org: str,
        task: str,
        note: str = "",
        files: Sequence[tuple[str, str, int]] = (),
        links: Sequence[str] = (),
    ) -> vt.TaskRow: ...
    def task_accept(self, org: str, task: str, note: str = "") -> vt.TaskRow: ...
    def task_changes(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        """Request changes: the task goes back to its assignees."""
        ...

    def task_reject(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        """Reject for good; the reward returns unless an assignee disputes it in the charter's time."""
        ...

    def task_dispute(
        self, org: str, task: str, title: str = "", reason: str = "", proposal: str = ""
    ) -> vt.TaskRow:
        """Let a proposal decide: one that runs, or a new one with this title and reason."""
        ...

    def task_cancel(self, org: str, task: str) -> vt.TaskRow: ...
    def task_import_check(
        self,
        org: str,
        rows: Sequence[Sequence[str]],
        lines: Sequence[int],
        columns: Sequence[str],
        payer: str = "treasury",
    ) -> vt.ImportPreview:
        """Judge the rows of a table (without its head) without signing; ``columns`` says what each column is
        ("" for nothing), ``lines`` where each row stands in the file."""
        ...

    def task_import(
        self,
        org: str,
        rows: Sequence[Sequence[str]],
        lines: Sequence[int],
        columns: Sequence[str],
        digest: str,
        payer: str = "treasury",
    ) -> tuple[vt.TaskRow, ...]:
        """Open the good rows as tasks, if they still are those of the preview with this digest."""
        ...

    def task_export(self, org: str) -> str:
        """All tasks as CSV text."""
        ...

    def comment_add(self, org: str, target: str, text: str) -> v.CommentView: ...
    def content_erase(self, org: str, target: str) -> v.Stamp:
        """Ask all to drop the free text that you wrote with this action (comment, description)."""
        ...

    # -- proposals -----------------------------------------------------------------------------
    def proposal_open(
        self,
        org: str,
        title: str,
        text: str = "",
        *,
        kind: str = "decision",
        method: str = "yes-no-abstain",
        options: Sequence[str] = (),
        discussion_s: int = 0,
        opens_ms: int = 0,
        voting_s: int = 0,
        table: Sequence[tuple[str, str]] = (),
        effects: Sequence[Mapping[str, Any]] = (),
        parameters: dict[str, Any] | None = None,
        department: str = "",
        topic: str = "",
        bond: str = "",
    ) -> v.ProposalRow:
        """``opens_ms``: when voting shall open, instead of ``discussion_s`` (ms since 1970 UTC; it opens as much later
        as the opening is sealed later); ``voting_s`` 0 takes the charter's usual time; ``table`` gives (member, power)
        pairs instead of one member one vote; ``effects`` as in ``app.effects_form``, ``parameters`` those of the
        method."""
        ...

    def proposal_check(
        self,
        org: str,
        title: str,
        text: str = "",
        *,
        kind: str = "decision",
        method: str = "yes-no-abstain",
        options: Sequence[str] = (),
        discussion_s: int = 0,
        opens_ms: int = 0,
        voting_s: int = 0,
        table: Sequence[tuple[str, str]] = (),
        effects: Sequence[Mapping[str, Any]] = (),
        parameters: dict[str, Any] | None = None,
        department: str = "",
        topic: str = "",
        bond: str = "",
    ) -> g.CheckView:
        """A dry run with the arguments of ``proposal_open``; nothing is signed."""
        ...

    def proposal_revise(
        self, org: str, proposal: str, title: str = "", text: str = "", options: Sequence[str] | None = None,
        effects: Sequence[Mapping[str, Any]] | None = None,
    ) -> v.ProposalRow:
        """A new version during the discussion; what is left out stays as it is."""
        ...

    def proposal_second(self, org: str, proposal: str) -> v.ProposalRow: ...
    def proposal_execute(self, org: str, proposal: str) -> v.ProposalRow:
        """Try a failed execution again, within the charter's time."""
        ...

    def proposal_templates(self, org: str) -> tuple[g.TemplateView, ...]: ...
    def proposal_list(self, org: str, status: str = "") -> tuple[v.ProposalRow, ...]: ...
    def proposal_show(self, org: str, proposal: str) -> v.ProposalDetail: ...
    def proposal_withdraw(self, org: str, proposal: str) -> v.ProposalRow: ...
    def vote(self, org: str, proposal: str, choice: Any, reason: str = "") -> v.ProposalRow:
        """``choice`` as the method's ballot in docs/tally-format.md; ``reason``
        stands beside it as a comment."""
        ...

    def delegation_list(self, org: str) -> g.DelegationsView: ...
    def delegate(self, org: str, to: str, department: str = "", topic: str = "") -> g.DelegationsView:
        """Let a member vote for you in a topic, a department or everything; ``to`` "" revokes."""
        ...

    # -- how it is governed ----------------------------------------------------------------------
    def charter_show(self, org: str) -> g.CharterView: ...
    def role_list(self, org: str) -> tuple[g.RoleRow, ...]: ...
    def permission_list(self, org: str, member: str = "") -> tuple[g.MayRow, ...]:
        """Who may do what, and why."""
        ...

    def role_give(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow: ...
    def role_take(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow: ...
    def department_list(self, org: str) -> tuple[g.DepartmentRow, ...]: ...
    def department_open(self, org: str, name: str, parent: str = "") -> g.DepartmentRow: ...
    def department_move(self, org: str, department: str, parent: str = "") -> g.DepartmentRow: ...
    def department_close(self, org: str, department: str) -> g.DepartmentRow: ...
    def emergency_show(self, org: str) -> g.EmergencyView: ...
    def emergency_stop(self, org: str, reason: str = "") -> g.EmergencyView: ...
    def member_stances(self, org: str, stances: Sequence[str]) -> v.Stamp:
        """Say on which sides you stand: producer, consumer, promoter, investor; none takes it back."""
        ...

    def member_leave(self, org: str) -> v.Stamp: ...
    def payment_requests(self, org: str) -> tuple[g.RequestRow, ...]:
        """Requests that concern you, open ones first."""
        ...

    def payment_request(
        self, org: str, payer: str, amount: str, unit_code: str = "", memo: str = ""
    ) -> g.RequestRow: ...
    def payment_settle(self, org: str, request: str) -> g.RequestRow: ...
    def payment_close(self, org: str, request: str) -> g.RequestRow: ...
    def schedule_list(self, org: str) -> tuple[g.ScheduleRow, ...]: ...
    def schedule_open(
        self, org: str, to: str, amount: str, instalments: int, every_s: int, first_s: int = 0, unit_code: str = "",
        source: str = "", revocable: bool = True, memo: str = "",
    ) -> g.ScheduleRow: ...
    def schedule_stop(self, org: str, schedule: str) -> g.ScheduleRow: ...
    def firm_list(self, org: str) -> tuple[g.FirmRow, ...]: ...
    def firm_register(
        self, org: str, name: str, signers: Sequence[tuple[str, str]], register: str = "", dual: str = "-"
    ) -> g.FirmRow:
        """``signers`` are (member, limit); limits and ``dual`` are amounts of the first unit, "-" for none."""
        ...

    def firm_change(
        self, org: str, firm: str, signers: Sequence[tuple[str, str]], dual: str = "-"
    ) -> g.FirmRow: ...
    def firm_pay(
        self, org: str, firm: str, to: str, amount: str, unit_code: str = "", memo: str = ""
    ) -> g.FirmRow: ...
    def firm_approve(self, org: str, payment: str) -> g.FirmRow: ...
    def firm_cancel(self, org: str, payment: str) -> g.FirmRow: ...

    # -- tokens --------------------------------------------------------------
    def token_balance(self, org: str, party: str = "") -> tuple[v.BalanceView, ...]:
        """Of you (""), "treasury", "all" or a member (id, prefix or unambiguous name)."""
        ...

    def token_issue(
        self, org: str, amount: str, unit: str = "", to: str = "treasury", memo: str = ""
    ) -> v.LedgerRow: ...
    def token_transfer(
        self, org: str, to: str, amount: str, unit: str = "", memo: str = "", from_treasury: bool = False
    ) -> v.LedgerRow: ...
    def token_tip(
        self, org: str, to: str, amount: str, unit: str = "", reason: str = "", payer: str = ""
    ) -> v.LedgerRow:
        """From your own balance, or from "treasury" or "department:NAME" where a role allows it."""
        ...

    def token_ledger(self, org: str, party: str = "", limit: int = 1000) -> tuple[v.LedgerRow, ...]: ...

    # -- trust and network ---------------------------------------------------------------------
    def today(self, org: str) -> v.TodayView: ...
    def trust(self, org: str) -> v.TrustView: ...
    def log_list(self, org: str, limit: int = 200, before: str = "") -> tuple[v.LogRow, ...]: ...
    def log_show(self, org: str, entry: str) -> v.LogEntry: ...
    async def log_verify(self, org: str, progress: ProgressSink | None = None) -> v.VerifyReport: ...
    def log_verify_rest(self, rest: bool) -> bool:
        """Let a verification under way rest, or go on."""
        ...

    def events(self, org: str, after: str = "", limit: int = 200) -> v.EventsView:
        """What arrived and what became final after a cursor ("pos.height"); "" begins now."""
        ...

    def state_root(self, org: str) -> v.RootView: ...
    def status(self, org: str) -> v.StatusView: ...
    def peer_list(self, org: str) -> tuple[v.PeerRow, ...]: ...
    async def peer_add(self, org: str, address: str) -> v.PeerRow:
        """Remember a multiaddress (".../p2p/<id>") and dial it now."""
        ...

    async def doctor(self, org: str = "") -> tuple[v.Finding, ...]: ...
    async def doctor_network(self, org: str = "", wait_s: int = 0) -> tuple[v.Finding, ...]:
        """How this device is reached and reaches others, of one organisation or all; ``wait_s``: how long to wait
        where the network has just begun."""
        ...

    def subscribe(self, sink: ChangeSink) -> Callable[[], None]:
        """Call ``sink`` in the engine's thread after each change, at most 20 times a second;
        returns the way to stop."""
        ...

    # -- the guided demo (DESK-8) --------------------------------------------------------------
    async def demo_open(self, progress: ProgressSink | None = None) -> v.OrgRow:
        """Open the filled sample organisation beside one's own; builds it the first time."""
        ...
