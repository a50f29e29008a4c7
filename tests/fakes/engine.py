"""A stand-in for the engine: the use cases of ``app.api`` over sample data held in memory.

Calls are answered at once, in the caller's thread; changes are told as the engine tells them. The sample
organisation is made up. Nothing here is signed, ordered or counted by the rules: the window's tests need
what the views promise, the rules have tests of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError, InputError, Locked, NotFound, Refused

NOW_MS = 1_773_305_040_000  # 2026-03-12 08:44 UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WORDS = tuple(
    "anchor candle forest harvest island kettle lantern meadow orchard pepper saddle window "
    "bridge carpet dolphin engine fabric garden hammer jungle ladder magnet nephew orange".split()
)


def ident(text: str) -> str:
    """A stable id for sample data."""
    return hashlib.sha256(text.encode()).hexdigest()


def person(name: str, you: bool = False) -> v.PersonView:
    digits = ident("person " + name)
    return v.PersonView(digits, name, f"{digits[:4]} {digits[4:8]} {digits[8:12]}", you)


LIN, AMARA, JONAS, CHEN, PRIYA, WANG, SOFIA = (
    person(n, n == "Lin Wei") for n in ("Lin Wei", "Amara Okafor", "Jonas Berg", "陈默", "Priya", "Wang Hai", "Sofia")
)
PEOPLE = (LIN, AMARA, JONAS, CHEN, PRIYA, WANG, SOFIA)
ORG = ident("org example")
DEMO = ident("org demo")


def gld(minor: int) -> v.AmountView:
    return v.AmountView("GLD", minor, 2)


def final(age_ms: int, height: int = 1284) -> v.Stamp:
    return v.Stamp("final", NOW_MS - age_ms, height)


def pending(age_ms: int = 5 * MINUTE) -> v.Stamp:
    return v.Stamp("provisional", NOW_MS - age_ms, None, ("Amara Okafor",), NOW_MS - 34 * MINUTE)


def queued() -> v.Stamp:
    return v.Stamp("queued", NOW_MS - 1_000, None, ("Amara Okafor",), NOW_MS - 34 * MINUTE)


PERMISSIONS = (
    "comment.add content.erase token.transfer token.tip token.issue treasury.spend task.open task.claim task.submit "
    "task.review task.fund task.cancel proposal.open proposal.table vote.cast contribution.claim "
    "contribution.endorse invite.create invite.role"
).split()


def _task(
    n: int, title: str, status: str, reward: int, opener: v.PersonView, assignee: v.PersonView | None, age: int, **extra: Any
) -> v.TaskRow:
    base = v.TaskRow(
        ident(f"task {n}"), ident(f"task {n}")[:6], n, title, status, gld(reward * 100) if reward else None, True,
        opener, assignee, extra.pop("expires", None), extra.pop("comments", 0), extra.pop("stamp", final(age)), (),
    )
    return replace(base, can=_task_can(base), **extra)


def _task_can(row: v.TaskRow) -> tuple[str, ...]:
    can = ["comment"]
    if row.status == "open" and row.escrow_final and not row.opener.you:
        can.append("claim")
    if row.status == "open" and row.opener.you:
        can.append("cancel")
    if row.status == "claimed" and row.assignee is not None and row.assignee.you:
        can.append("submit")
    if row.status == "submitted" and row.assignee is not None and not row.assignee.you:
        can += ["accept", "reject"]
    return tuple(can)


def _tasks() -> list[v.TaskRow]:
    return [
        _task(214, "Import the ledger from the old spreadsheet", "claimed", 60, JONAS, LIN, 6 * DAY,
              expires=NOW_MS + 8 * HOUR, comments=1),
        _task(219, "Draft the levy reminder for firms", "claimed", 15, AMARA, LIN, 3 * DAY, expires=NOW_MS + DAY),
        _task(216, "Relay fallback when two peers are behind strict routers", "claimed", 80, LIN, CHEN, 4 * DAY,
              expires=NOW_MS + 6 * DAY),
        _task(218, "Hosting comparison for P-58", "claimed", 35, LIN, JONAS, 3 * DAY),
        _task(220, "Large-text pass over every dialog", "claimed", 40, AMARA, PRIYA, 2 * DAY, expires=NOW_MS + 8 * DAY),
        _task(221, "Clock-skew warning on first sync", "open", 30, JONAS, None, 2 * DAY, expires=NOW_MS + 4 * DAY),
        _task(224, "Compare two compressions for the sync log and write up the result", "open", 50, AMARA, None, DAY),
        _task(225, "Print view for the member register", "open", 20, LIN, None, DAY, expires=NOW_MS + 7 * DAY),
        _task(226, "Chinese wording for voting methods", "open", 25, CHEN, None, 20 * HOUR, comments=3),
        replace(_task(228, "Document how to add a witness", "open", 20, JONAS, None, HOUR), number=None,
                escrow_final=False, stamp=pending(), can=("comment",)),
        _task(198, "Find peers on the local network", "submitted", 60, JONAS, LIN, 9 * DAY),
        _task(207, "Translate the newcomer guide", "submitted", 40, LIN, AMARA, 7 * DAY, comments=2),
        _task(210, "Keyboard path through the whole voting flow", "submitted", 45, JONAS, PRIYA, 5 * DAY),
        _task(193, "Repair duplicate invites after a merge", "accepted", 45, AMARA, LIN, 7 * DAY),
        _task(191, "Release notes in Chinese", "accepted", 57, JONAS, CHEN, 11 * DAY),
        _task(188, "Second relay in the west", "expired", 20, JONAS, None, 20 * DAY),
    ]


def _tally(yes: int, no: int, abstain: int, closed: bool, **extra: Any) -> v.TallyView:
    passed = yes > no and yes + no + abstain >= 24
    return v.TallyView(
        "yes-no-abstain", ("yes", "no", "abstain"), (str(yes), str(no), str(abstain)), (1,) if passed else (), False,
        str(yes + no + abstain), "48", yes + no + abstain, 48, "24", yes + no + abstain >= 24, 5000, "0",
        "passed" if passed else "not_passed", closed, **extra,
    )


def _proposal(n: int, title: str, method: str, status: str, author: v.PersonView, voted: int, **extra: Any) -> v.ProposalRow:
    voting = status == "voting"
    fields: dict[str, Any] = {
        "opens_ms": NOW_MS - 3 * DAY, "closes_ms": NOW_MS + 6 * HOUR + 18 * MINUTE if voting else NOW_MS - DAY,
        "my_choice": None, "comments": 0, "stamp": final(3 * DAY), "can": ("vote", "comment") if voting else ("comment",),
    }
    fields.update(extra)
    return v.ProposalRow(
        ident(f"proposal {n}"), ident(f"proposal {n}")[:6], n, title, fields.pop("kind", "decision"), method, status, author,
        fields["opens_ms"], fields["closes_ms"], voted, 48, fields["my_choice"], fields["comments"], fields["stamp"],
        fields["can"],
    )


OPTIONS = ("Two regional providers, data split", "One provider, three-year term", "Member-run servers, cost shared",
           "Renew the current contract")


class FakeEngine:
    """An ``EngineHandle`` over sample data. ``fail`` maps a method to the error it raises next."""

    def __init__(self, filled: bool = True, founder_alone: bool = False) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fail: dict[str, GuildhallError] = {}
        self.closed = False
        self.founder_alone = founder_alone
        self.offline = False
        self._sinks: list[Callable[[v.Change | v.Progress], None]] = []
        self.identity = v.IdentityView(False, False)
        self.passphrase = ""
        self.orgs: list[v.OrgRow] = []
        self.joining: v.JoinView | None = None
        self.permissions: tuple[str, ...] = tuple(PERMISSIONS)
        self._fill() if filled else None

    def _fill(self) -> None:
        self.identity = v.IdentityView(True, True, LIN.id, "Lin Wei", LIN.fingerprint, True)
        self.orgs = [v.OrgRow(ORG, "Example Alliance", 48, "active", ("founder",))]
        self._fill_records()

    def _fill_records(self) -> None:
        self.tasks = {t.id: t for t in _tasks()}
        self.proposals = {
            p.id: p for p in (
                _proposal(58, "Choose shared hosting for 2026–27", "single", "voting", JONAS, 31, kind="poll", comments=3),
                _proposal(59, "Open the books to partner firms", "yes-no-abstain", "voting", AMARA, 19,
                          closes_ms=NOW_MS + 2 * DAY),
                _proposal(60, "Which days suit the monthly meeting?", "approval", "voting", CHEN, 12, kind="poll",
                          my_choice="[1, 3]", closes_ms=NOW_MS + 3 * DAY),
                _proposal(61, "A second meeting room", "yes-no-abstain", "discussion", LIN, 0, opens_ms=NOW_MS + DAY,
                          closes_ms=NOW_MS + 4 * DAY, can=("withdraw", "comment"), stamp=pending()),
                _proposal(57, "Extend the newcomer programme", "yes-no-abstain", "closing", PRIYA, 40,
                          closes_ms=NOW_MS - 2 * MINUTE),
                _proposal(55, "Keep the levy at 1.5 % for the second quarter", "yes-no-abstain", "passed", JONAS, 35),
                _proposal(54, "Contribution policy, third edition", "yes-no-abstain", "passed", AMARA, 41,
                          closes_ms=NOW_MS - 3 * DAY),
                _proposal(52, "Pause the newsletter over the summer", "yes-no-abstain", "not_passed", SOFIA, 35,
                          closes_ms=NOW_MS - 6 * DAY),
            )
        }
        self.comments: dict[str, list[v.CommentView]] = {
            ident("proposal 58"): [
                v.CommentView(ident("c3"), AMARA, "If C wins, our firm can take the first month of on-call, provided "
                              "someone else takes April.", False, pending(13 * MINUTE)),
                v.CommentView(ident("c2"), CHEN, "I measured both sites for **A**: `18` and `31 ms` round trip.\n\n"
                              "- numbers in the [record](https://example.org/latency)\n- more on Friday", False,
                              final(12 * HOUR)),
                v.CommentView(ident("c1"), JONAS, "Added the exit terms for B. Anyone who has voted can still change "
                              "their ballot before the close.", False, final(2 * DAY)),
            ],
            ident("task 214"): [v.CommentView(ident("c4"), AMARA, "The 2024 sheet has two columns named *Total*.", False,
                                              final(2 * DAY))],
        }
        self.contributions = {
            c.id: c for c in (
                v.ContributionRow(ident("con 1"), "Find peers on the local network", LIN, "task", "T-198", gld(6000),
                                  "endorsed", (), 0, pending(), ("comment",)),
                v.ContributionRow(ident("con 2"), "Facilitated the monthly meeting", LIN, "claim", None, None, "claimed",
                                  (AMARA,), 2, final(5 * DAY), ("comment",)),
                v.ContributionRow(ident("con 3"), "Repair duplicate invites after a merge", LIN, "task", "T-193", gld(4500),
                                  "endorsed", (), 0, final(7 * DAY), ("comment",)),
                v.ContributionRow(ident("con 4"), "Meeting notes, February", SOFIA, "claim", None, None, "claimed", (), 2,
                                  final(2 * DAY), ("endorse", "comment")),
                v.ContributionRow(ident("con 5"), "Release notes in Chinese", CHEN, "task", "T-191", gld(5700), "endorsed",
                                  (), 0, final(11 * DAY), ("comment",)),
            )
        }
        self.ledger = [
            self._post("transfer", LIN.id, WANG.id, 32000, "Print run, member handbook", pending()),
            self._post("pay", "escrow", LIN.id, 6000, "T-198", pending(20 * MINUTE)),
            self._post("tip", JONAS.id, AMARA.id, 500, "for the patient review", final(DAY)),
            self._post("escrow", "treasury", "escrow", 4500, "T-210", final(5 * DAY)),
            self._post("pay", "escrow", LIN.id, 4500, "T-193", final(7 * DAY)),
            self._post("refund", "escrow", "treasury", 2000, "T-188", final(9 * DAY)),
            self._post("issue", "issue", "treasury", 7125000, "Founding", final(60 * DAY, 1)),
        ]
        self.invites = {
            i.id: i for i in (
                v.InviteRow(ident("inv 1"), "member", LIN, 1, 0, NOW_MS + 6 * DAY, "open", "for Liu Jia", final(DAY),
                            ("revoke", "show")),
                v.InviteRow(ident("inv 2"), "observer", CHEN, 5, 2, NOW_MS + 2 * DAY, "open", "", final(3 * DAY), ()),
                v.InviteRow(ident("inv 3"), "member", JONAS, 1, 1, NOW_MS - DAY, "used", "", final(8 * DAY), ()),
            )
        }

    @staticmethod
    def _post(kind: str, source: str, target: str, minor: int, memo: str, stamp: v.Stamp) -> v.LedgerRow:
        named = {p.id: p for p in PEOPLE}
        return v.LedgerRow(ident(f"post {kind} {memo} {minor}"), kind, source, named.get(source), target, named.get(target),
                           gld(minor), memo, stamp)

    # -- the handle ----------------------------------------------------------------------------
    def call(
        self, method: str, params: Mapping[str, object], done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None:
        self.calls.append((method, dict(params)))
        error = self.fail.pop(method, None)
        if error is None:
            try:
                result = getattr(self, method)(**params)
                if inspect.iscoroutine(result):
                    result = asyncio.run(result)
            except GuildhallError as refused:
                error = refused
        if error is not None:
            failed(error)
        else:
            done(result)

    def subscribe(self, sink: Callable[[v.Change | v.Progress], None]) -> Callable[[], None]:
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    def close(self) -> None:
        self.closed = True

    def tell(self, *topics: str, org: str = ORG) -> None:
        for sink in list(self._sinks):
            sink(v.Change(org, frozenset(topics)))

    def named(self, method: str) -> list[dict[str, Any]]:
        """Parameters of all calls of a method."""
        return [params for name, params in self.calls if name == method]

    # -- identity and organisations ------------------------------------------------------------
    def identity_status(self) -> v.IdentityView:
        return self.identity

    def identity_create(self, name: str, passphrase: str) -> tuple[v.IdentityView, tuple[str, ...]]:
        self.passphrase = passphrase
        self.identity = v.IdentityView(True, True, LIN.id, name, LIN.fingerprint, False)
        self.tell("identity", org="")
        return self.identity, WORDS

    def identity_restore(self, words: str, name: str, passphrase: str) -> v.IdentityView:
        if tuple(words.split()) != WORDS:
            raise InputError("words_bad")
        self.identity = v.IdentityView(True, True, LIN.id, name, LIN.fingerprint, True)
        return self.identity

    def identity_unlock(self, passphrase: str) -> v.IdentityView:
        if passphrase != self.passphrase:
            raise Locked("passphrase_wrong")
        self.identity = replace(self.identity, unlocked=True)
        return self.identity

    def identity_words(self, passphrase: str) -> tuple[str, ...]:
        if passphrase != self.passphrase:
            raise Locked("passphrase_wrong")
        return WORDS

    def identity_confirm_words(self, words: Sequence[str], positions: Sequence[int]) -> bool:
        right = all(WORDS[place - 1] == word.strip().lower() for word, place in zip(words, positions, strict=True))
        if right:
            self.identity = replace(self.identity, words_confirmed=True)
        return right

    def org_list(self) -> tuple[v.OrgRow, ...]:
        return tuple(self.orgs)

    def org_create(self, name: str, purpose: str = "", **rest: Any) -> v.OrgRow:
        row = v.OrgRow(ident("org " + name), name, 1, "active", ("founder",))
        self.orgs.append(row)
        self._fill_records()
        self.tell("orgs", org="")
        return row

    def org_show(self, org: str) -> v.OrgView:
        row = next((o for o in self.orgs if o.id == org), None)
        if row is None:
            raise NotFound("org_unknown", org=org)
        unit = v.UnitView("GLD", "Guild points", "行会积分", 2, 7_125_000, 10_000_000)
        charter = (v.ParameterView("quorum_bp", "5000", "bp"), v.ParameterView("support_bp", "5000", "bp"),
                   v.ParameterView("voting_ms", str(3 * DAY), "ms"), v.ParameterView("endorsements", "2", "count"))
        return v.OrgView(row, "Shared tools and fair pay across six firms.", NOW_MS - 400 * DAY, (unit,), charter, LIN,
                         self.permissions)

    async def demo_open(self, progress: Any = None) -> v.OrgRow:
        row = v.OrgRow(DEMO, "Harbour Guild", 24, "active", ("member",), True)
        if row not in self.orgs:
            self.orgs.append(row)
            self._fill_records()
        return row

    # -- invitations and people ----------------------------------------------------------------
    def invite_create(self, org: str, role: str = "member", uses: int = 1, lifetime_s: int = 604_800, note: str = "") -> v.InviteCreated:
        row = v.InviteRow(ident(f"inv {len(self.invites) + 1}"), role, LIN, uses, 0, None, "open", note, pending(1000),
                          ("revoke", "show"))
        self.invites[row.id] = row
        self.tell("invites")
        return self._created(row, lifetime_s * 1000)

    @staticmethod
    def _created(row: v.InviteRow, lifetime_ms: int) -> v.InviteCreated:
        link = "guildhall:join/" + (ident("bearer " + row.id) * 4)
        return v.InviteCreated(row.id, link, f"You are invited to a Guildhall organisation.\n{link}",
                               ("lantern", "orbit", "maple", "seven"), lifetime_ms)

    def invite_show(self, org: str, invite: str) -> v.InviteCreated:
        return self._created(self.invites[invite], 604_800_000)

    def invite_list(self, org: str) -> tuple[v.InviteRow, ...]:
        return tuple(self.invites.values())

    def invite_revoke(self, org: str, invite: str) -> v.Stamp:
        self.invites[invite] = replace(self.invites[invite], status="revoked", can=())
        self.tell("invites")
        return pending(0)

    def invite_read(self, link: str) -> v.InvitePreview:
        at = link.find("guildhall:join/")
        if at < 0 or len(link) < at + 40:
            raise InputError("invite_unreadable")
        return v.InvitePreview(ORG, "member", AMARA.fingerprint, NOW_MS + 6 * DAY, ("/ip4/127.0.0.1/tcp/4001",),
                               ("lantern", "orbit", "maple", "seven"), 1284)

    async def join(self, link: str, wait_s: int = 0) -> v.JoinView:
        self.invite_read(link)
        self.joining = v.JoinView(ORG, "searching", 0, 0)
        return self.joining

    def join_status(self, org: str) -> v.JoinView:
        return self.joining or v.JoinView(org, "done", 0, 0)

    def advance_join(self, stage: str, received: int = 0, total: int = 0, reason: str = "") -> None:
        """Let the join go on, as the network would."""
        self.joining = v.JoinView(ORG, stage, received, total, reason)
        if stage == "done":
            self.orgs.append(v.OrgRow(ORG, "Example Alliance", 48, "active", ("member",)))
            self._fill_records()
        self.tell("join", "orgs")

    def member_list(self, org: str) -> tuple[v.MemberRow, ...]:
        roles = {"Lin Wei": ("founder",), "Amara Okafor": ("witness", "steward"), "Jonas Berg": ("steward",),
                 "Wang Hai": ("partner",), "Sofia": ("auditor",)}
        rows = [
            v.MemberRow(p, roles.get(p.name, ("member",)), "active", None if p is LIN else LIN, NOW_MS - (90 - 9 * i) * DAY,
                        "1", (ident("dev " + p.name)[:12],), i < 4, final((90 - 9 * i) * DAY))
            for i, p in enumerate(PEOPLE)
        ]
        rows.append(v.MemberRow(person("Liu Jia"), ("member",), "joining", CHEN, NOW_MS - 8 * MINUTE, "0", ("ab12",), True,
                                pending(8 * MINUTE)))
        return tuple(rows)

    # -- tasks ---------------------------------------------------------------------------------
    def task_list(self, org: str, status: str = "") -> tuple[v.TaskRow, ...]:
        return tuple(t for t in self.tasks.values() if not status or t.status == status)

    def _find(self, rows: dict[str, Any], key: str) -> Any:
        if key not in rows:
            raise NotFound("object_unknown", name=key)
        return rows[key]

    def task_open(self, org: str, title: str, text: str = "", reward: str = "", unit: str = "", from_treasury: bool = True, lifetime_s: int = 0) -> v.TaskRow:
        n = 300 + len(self.tasks)
        minor = round(float(reward) * 100) if reward else 0
        row = replace(_task(n, title, "open", 0, LIN, None, 0, stamp=pending(0)), number=None,
                      reward=gld(minor) if minor else None, escrow_final=not minor)
        self.tasks[row.id] = row
        self.tell("tasks")
        return row

    def task_show(self, org: str, task: str) -> v.TaskDetail:
        row = self._find(self.tasks, task)
        activity = [v.ActivityView(ident("a1" + task), row.opener, "task.open", final(9 * DAY))]
        if row.assignee:
            activity.append(v.ActivityView(ident("a2" + task), row.assignee, "task.claim", final(6 * DAY)))
        if row.status in ("submitted", "accepted"):
            activity.append(v.ActivityView(ident("a3" + task), row.assignee or LIN, "task.submit", pending(40 * MINUTE)))
        text = ("Bring the 2024 and 2025 entries in as opening balances. Every row must keep its **old reference**, and "
                "the totals per member must match the signed-off spreadsheet.\n\n1. export both years\n2. map names to keys\n"
                "3. compare totals")
        submission = "Done as described; totals agree." if row.status in ("submitted", "accepted") else None
        return v.TaskDetail(row, text, submission, True, tuple(activity), tuple(self.comments.get(task, ())))

    def _step(self, task: str, **changes: Any) -> v.TaskRow:
        row = replace(self._find(self.tasks, task), stamp=pending(0), **changes)
        row = replace(row, can=_task_can(row))
        self.tasks[task] = row
        self.tell("tasks", "ledger")
        return row

    def task_claim(self, org: str, task: str) -> v.TaskRow:
        return self._step(task, status="claimed", assignee=LIN)

    def task_submit(self, org: str, task: str, note: str = "") -> v.TaskRow:
        return self._step(task, status="submitted")

    def task_accept(self, org: str, task: str) -> v.TaskRow:
        return self._step(task, status="accepted")

    def task_reject(self, org: str, task: str, note: str = "") -> v.TaskRow:
        return self._step(task, status="claimed")

    def task_cancel(self, org: str, task: str) -> v.TaskRow:
        return self._step(task, status="cancelled")

    def comment_add(self, org: str, target: str, text: str) -> v.CommentView:
        comment = v.CommentView(ident(f"comment {target} {text}"), LIN, text, False, queued())
        self.comments.setdefault(target, []).insert(0, comment)
        self.tell("tasks", "proposals", "contributions")
        return comment

    def content_erase(self, org: str, target: str) -> v.Stamp:
        return pending(0)

    # -- proposals -----------------------------------------------------------------------------
    def proposal_list(self, org: str, status: str = "") -> tuple[v.ProposalRow, ...]:
        return tuple(p for p in self.proposals.values() if not status or p.status == status)

    def proposal_open(self, org: str, title: str, text: str = "", kind: str = "decision", method: str = "yes-no-abstain",
                      options: Sequence[str] = (), discussion_s: int = 0, voting_s: int = 0,
                      table: Sequence[tuple[str, str]] = ()) -> v.ProposalRow:
        row = replace(_proposal(90 + len(self.proposals), title, method, "voting", LIN, 0, kind=kind, stamp=pending(0)), number=None)
        self.proposals[row.id] = row
        self.tell("proposals")
        return row

    def proposal_show(self, org: str, proposal: str) -> v.ProposalDetail:
        row = self._find(self.proposals, proposal)
        done = row.status in ("passed", "not_passed", "decided")
        options: tuple[str, ...] = ()
        if row.method == "single":
            options = OPTIONS
            tally = v.TallyView("single", options, ("9", "3", "14", "5"), (3,), False, "31", "48", 31, 48, "24", True, 0, "0",
                                "decided", False)
        elif row.method == "approval":
            options = ("Monday", "Tuesday", "Wednesday")
            tally = v.TallyView("approval", options, ("7", "2", "9"), (3,), False, "12", "48", 12, 48, "24", False, 0, "0",
                                "none", False)
        else:
            yes = {"not_passed": 14, "passed": 29, "closing": 24}.get(row.status, 12)
            no = {"not_passed": 21, "passed": 6, "closing": 10}.get(row.status, 5)
            tally = _tally(yes, no, 2, done)
        ballots = tuple(
            v.BallotView(p, "3" if row.method == "single" else "[1, 3]" if row.method == "approval" else '"yes"', "1",
                         final(i * HOUR) if i else pending()) for i, p in enumerate(PEOPLE[1:])
        )
        text = ("Our hosting contract ends on 30 April. It carries the bootstrap node, the file mirror and the website. "
                "Choose the option you prefer; the *costs* are per year.")
        activity = (v.ActivityView(ident("pa" + proposal), row.author, "proposal.open", final(7 * DAY)),)
        return v.ProposalDetail(row, text, options, 0, 3 * DAY, 20 * MINUTE,
                                None if row.status in ("discussion", "withdrawn") else tally, ballots, activity,
                                tuple(self.comments.get(proposal, ())))

    def proposal_withdraw(self, org: str, proposal: str) -> v.ProposalRow:
        row = replace(self.proposals[proposal], status="withdrawn", can=("comment",))
        self.proposals[proposal] = row
        self.tell("proposals")
        return row

    def vote(self, org: str, proposal: str, choice: Any) -> v.ProposalRow:
        row = self._find(self.proposals, proposal)
        if "vote" not in row.can:
            raise Refused("reject.voting_closed")
        row = replace(row, my_choice=json.dumps(choice), voted=row.voted + (row.my_choice is None))
        self.proposals[proposal] = row
        self.tell("proposals")
        return row

    # -- contributions and tokens --------------------------------------------------------------
    def contribution_list(self, org: str, mine: bool = False) -> tuple[v.ContributionRow, ...]:
        return tuple(c for c in self.contributions.values() if not mine or c.author.you)

    def contribution_show(self, org: str, contribution: str) -> v.ContributionDetail:
        row = self._find(self.contributions, contribution)
        return v.ContributionDetail(row, "Notes are in the shared folder.", tuple(self.comments.get(contribution, ())))

    def contribution_claim(self, org: str, title: str, text: str = "") -> v.ContributionRow:
        row = v.ContributionRow(ident("con " + title), title, LIN, "claim", None, None, "claimed", (), 2, pending(0), ("comment",))
        self.contributions[row.id] = row
        self.tell("contributions")
        return row

    def contribution_endorse(self, org: str, contribution: str) -> v.ContributionRow:
        row = self._find(self.contributions, contribution)
        row = replace(row, endorsed_by=(*row.endorsed_by, LIN), can=("comment",), stamp=row.stamp)
        self.contributions[contribution] = row
        self.tell("contributions")
        return row

    def token_balance(self, org: str, party: str = "") -> tuple[v.BalanceView, ...]:
        mine = v.BalanceView(LIN.id, LIN, "GLD", 2, 178_000, 6_000, 32_000, 0)
        treasury = v.BalanceView("treasury", None, "GLD", 2, 6_520_000, 0, 0, 48_000)
        if party == "treasury":
            return (treasury,)
        return (treasury, mine) if party == "all" else (mine,)

    def token_ledger(self, org: str, party: str = "", limit: int = 1000) -> tuple[v.LedgerRow, ...]:
        if not party:
            return tuple(self.ledger[:limit])
        return tuple(r for r in self.ledger if party in (r.source, r.target))[:limit]

    def _move(self, kind: str, to: str, amount: str, memo: str, source: str) -> v.LedgerRow:
        row = self._post(kind, source, to, round(float(amount) * 100), memo, pending(0))
        self.ledger.insert(0, row)
        self.tell("ledger")
        return row

    def token_transfer(self, org: str, to: str, amount: str, unit: str = "", memo: str = "", from_treasury: bool = False) -> v.LedgerRow:
        return self._move("transfer", to, amount, memo, "treasury" if from_treasury else LIN.id)

    def token_tip(self, org: str, to: str, amount: str, unit: str = "", reason: str = "") -> v.LedgerRow:
        return self._move("tip", to, amount, reason, LIN.id)

    def token_issue(self, org: str, amount: str, unit: str = "", to: str = "treasury", memo: str = "") -> v.LedgerRow:
        return self._move("issue", to, amount, memo, "issue")

    # -- trust ---------------------------------------------------------------------------------
    def today(self, org: str) -> v.TodayView:
        needs = (
            v.TodayItem("vote", ident("proposal 58"), 58, "Choose shared hosting for 2026–27", NOW_MS + 6 * HOUR + 18 * MINUTE, None),
            v.TodayItem("review", ident("task 207"), 207, "Translate the newcomer guide", None, gld(4000)),
            v.TodayItem("work", ident("task 214"), 214, "Import the ledger from the old spreadsheet", NOW_MS + 8 * HOUR, gld(6000)),
            v.TodayItem("endorse", ident("con 4"), None, "Meeting notes, February", None, None),
        )
        if not self.identity.words_confirmed:
            needs = (v.TodayItem("confirm_words", "", None, "", None, None), *needs)
        mine = tuple(t for t in self.tasks.values() if t.assignee is not None and t.assignee.you and t.status in ("claimed", "submitted"))
        decided = tuple(p for p in self.proposals.values() if p.status in ("passed", "not_passed", "decided"))
        upcoming = (
            v.TodayItem("vote", ident("proposal 58"), 58, "Choose shared hosting for 2026–27", NOW_MS + 6 * HOUR + 18 * MINUTE, None),
            v.TodayItem("work", ident("task 219"), 219, "Draft the levy reminder for firms", NOW_MS + DAY, None),
            v.TodayItem("vote", ident("proposal 59"), 59, "Open the books to partner firms", NOW_MS + 2 * DAY, None),
        )
        return v.TodayView(needs, mine, decided, self.token_balance(org), upcoming)

    def trust(self, org: str) -> v.TrustView:
        checkpoints = tuple(
            v.CheckpointRow(1284 - i, ident(f"cp {i}"), NOW_MS - 4 * MINUTE - i * 20 * MINUTE, 7 + i % 5, ident(f"s {i}"),
                            ident(f"r {i}"), ident(f"f {i}"), (AMARA.name,), 1, 1)
            for i in range(24)
        )
        witness = LIN if self.founder_alone else AMARA
        return v.TrustView(1284, NOW_MS - 4 * MINUTE, 48_205, 7, 1, (v.WitnessView(witness, witness is LIN, True, NOW_MS),), 1,
                           self.founder_alone, (witness.name,), NOW_MS - 5 * MINUTE,
                           ("copper", "nine", "river", "tulip", "anvil", "march"), checkpoints)

    def log_list(self, org: str, limit: int = 200, before: str = "") -> tuple[v.LogRow, ...]:
        kinds = ("vote.cast", "task.claim", "comment.add", "token.tip", "proposal.open", "contribution.endorse")
        start = 0 if not before else int(before[-4:], 16) % 400 + 1
        rows = []
        for i in range(start, min(start + limit, 400)):
            stamp = pending(i * MINUTE) if i < 7 else final(i * 20 * MINUTE, 1284 - i // 7)
            if i == 9:
                stamp = v.Stamp("rejected", NOW_MS - i * 20 * MINUTE, 1283, reason="task_not_open")
            author = PEOPLE[i % len(PEOPLE)]
            rows.append(v.LogRow(ident(f"log {i}")[:60] + f"{i:04x}", None if i < 7 else 48_212 - i, author,
                                 ident("dev " + author.name)[:12], 900 - i, kinds[i % len(kinds)], stamp))
        return tuple(rows)

    def log_show(self, org: str, entry: str) -> v.LogEntry:
        row = next(r for r in self.log_list(org, 400) if r.id == entry)
        payload = {"v": 1, "org": {"bytes": org}, "by": {"bytes": ident("dev")}, "seq": row.seq, "type": row.type,
                   "body": {"proposal": {"/": "bafyreib"}, "choice": "yes"}}
        return v.LogEntry(row, "bafyrei" + entry[:52], payload, ident("sig") * 2, 297)

    async def log_verify(self, org: str, progress: Callable[[v.Progress], None] | None = None) -> v.VerifyReport:
        for sink in list(self._sinks):
            sink(v.Progress("verify", 31_340, 48_212))
        return v.VerifyReport(48_212, 0, 1284, 0, 57, 0, 1912, 0, True, True)

    def state_root(self, org: str) -> v.RootView:
        return v.RootView(org, 1284, NOW_MS, ident("s 0"), ident("r 0"), ident("f 0"), ident("cp 0"), 7, ident("prov"))

    def status(self, org: str) -> v.StatusView:
        if self.offline:
            return v.StatusView(0, NOW_MS - 34 * MINUTE, 3, 9, 1284, NOW_MS - 40 * MINUTE, ("Amara Okafor",), NOW_MS - 34 * MINUTE, None)
        return v.StatusView(6, None, 0, 7, 1284, NOW_MS - 2 * MINUTE, ("Amara Okafor",), NOW_MS - MINUTE, None)

    def peer_list(self, org: str) -> tuple[v.PeerRow, ...]:
        paths = ("direct", "direct", "local", "none")
        return tuple(
            v.PeerRow(p, ident("dev " + p.name)[:12], f"/ip4/192.0.2.{i + 1}/tcp/4001/p2p/12D3KooW{ident(p.name)[:12]}", paths[i % 4],
                      i != 3, NOW_MS - i * 20_000, 1284 - (i == 3), True if i != 3 else None, 0 if i != 3 else 12)
            for i, p in enumerate((AMARA, JONAS, CHEN, PRIYA))
        )

    async def peer_add(self, org: str, address: str) -> v.PeerRow:
        if "/p2p/" not in address:
            raise InputError("address_bad", address=address)
        return v.PeerRow(None, "new", address, "direct", True, NOW_MS, None, None, None)

    async def doctor(self, org: str = "") -> tuple[v.Finding, ...]:
        return (v.Finding("clock_fine", "ok", {}),)
