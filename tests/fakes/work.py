"""The part of the stand-in engine that holds work, decisions and tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_tasks as vt
from dao_app.app.errors import NotFound, Refused
from tests.fakes.sample import (
    CHEN,
    DAY,
    HOUR,
    LIN,
    MINUTE,
    OPTIONS,
    PEOPLE,
    PRIYA,
    final,
    gld,
    ident,
    make_proposal,
    make_tally,
    make_task,
    pending,
    post,
    queued,
    task_can,
)


class FakeWork:
    """Tasks, proposals, contributions and tokens over the sample records."""

    tasks: dict[str, vt.TaskRow]
    proposals: dict[str, v.ProposalRow]
    comments: dict[str, list[v.CommentView]]
    contributions: dict[str, v.ContributionRow]
    ledger: list[v.LedgerRow]
    reasons: dict[str, str]  # gesture → rejection code

    def tell(self, *topics: str) -> None:
        raise NotImplementedError

    # -- tasks ---------------------------------------------------------------------------------
    def task_list(self, org: str, status: str = "") -> tuple[vt.TaskRow, ...]:
        return tuple(t for t in self.tasks.values() if not status or t.status == status)

    def _find(self, rows: dict[str, Any], key: str) -> Any:
        if key not in rows:
            raise NotFound("object_unknown", name=key)
        return rows[key]

    def task_open(self, org: str, title: str, reward: str = "", draft: bool = False, **terms: Any) -> vt.TaskRow:
        n = 300 + len(self.tasks)
        minor = round(float(reward) * 100) if reward else 0
        row = replace(
            make_task(n, title, "draft" if draft else "open", 0, LIN, None, 0, stamp=pending(0)),
            number=None,
            reward=gld(minor) if minor else None,
            escrow_final=not minor,
        )
        self.tasks[row.id] = row
        self.tell("tasks")
        return row

    def task_edit(self, org: str, task: str, title: str | None = None, **terms: Any) -> vt.TaskRow:
        return self._step(task, **({"title": title} if title else {}))

    def task_show(self, org: str, task: str) -> vt.TaskDetail:
        row = self._find(self.tasks, task)
        activity = [v.ActivityView(ident("a1" + task), row.opener, "task.open", final(9 * DAY))]
        for assignee in row.assignees[:1]:
            activity.append(v.ActivityView(ident("a2" + task), assignee.person, "task.claim", final(6 * DAY)))
        handed_in = row.status in ("submitted", "accepted")
        by = row.assignees[0].person if row.assignees else LIN
        if handed_in:
            activity.append(v.ActivityView(ident("a3" + task), by, "task.submit", pending(40 * MINUTE)))
        text = (
            "Bring the 2024 and 2025 entries in as opening balances. Every row must keep its **old reference**, and "
            "the totals per member must match the signed-off spreadsheet.\n\n"
            "1. export both years\n2. map names to keys\n3. compare totals"
        )
        file = vt.FileView(ident("file"), "dry-run.csv", 217_088)
        work = vt.SubmissionView(
            ident("work " + task), by, "Done as described; totals agree.", (file,), ("https://example.org/totals",),
            None, None, pending(40 * MINUTE),
        )
        steps = (
            "Export both years as CSV", "Map old member names to keys", "Dry run, totals compared",
            "Three mismatches explained in the notes", "Run the import and sign it", "Ask Jonas and Priya to review",
        )
        other = vt.TaskLink(ident("task 210"), "abcdef", 210, "Keyboard path through voting", "submitted", False)
        return vt.TaskDetail(
            row=row, text=text,
            checklist=tuple(vt.CheckItem(s, n < row.ticked) for n, s in enumerate(steps[: row.items])),
            files=(file,) if row.items else (), depends=(other,) if row.items else (),
            applications=tuple(
                vt.ApplicationView(p, "I know the register well.", final(DAY)) for p in (PRIYA, CHEN)[: row.applicants]
            ),
            submission=work if handed_in else None, payer="treasury", payer_person=None, lifetime_s=0, version=1,
            stopped="", proposal=None, activity=tuple(activity), comments=tuple(self.comments.get(task, ())),
        )  # fmt: skip

    def _step(self, task: str, **changes: Any) -> vt.TaskRow:
        row = replace(self._find(self.tasks, task), stamp=pending(0), **changes)
        row = replace(row, can=task_can(row))
        self.tasks[task] = row
        self.tell("tasks", "ledger")
        return row

    def task_why(self, org: str, task: str, gesture: str) -> str:
        return "" if gesture in self._find(self.tasks, task).can else self.reasons.get(gesture, "task_not_open")

    def task_publish(self, org: str, task: str) -> vt.TaskRow:
        return self._step(task, status="open")

    def task_claim(self, org: str, task: str) -> vt.TaskRow:
        return self._step(task, status="claimed", assignees=(vt.AssigneeView(LIN, 10_000),))

    def task_apply(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(task)

    def task_assign(self, org: str, task: str, assignees: Sequence[tuple[str, str]]) -> vt.TaskRow:
        return self._step(task, status="claimed")

    def task_unassign(self, org: str, task: str, member: str = "") -> vt.TaskRow:
        return self._step(task, status="open", assignees=())

    def task_start(self, org: str, task: str) -> vt.TaskRow:
        return self._step(task, status="started")

    def task_tick(self, org: str, task: str, item: int, done: bool = True) -> vt.TaskRow:
        return self._step(task)

    def task_submit(self, org: str, task: str, note: str = "", files: Any = (), links: Any = ()) -> vt.TaskRow:
        return self._step(task, status="submitted")

    def task_accept(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(task, status="accepted")

    def task_changes(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(task, status="changes")

    def task_reject(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(task, status="rejected", payment="disputable")

    def task_dispute(self, org: str, task: str, title: str = "", reason: str = "", proposal: str = "") -> vt.TaskRow:
        return self._step(task, status="disputed")

    def task_cancel(self, org: str, task: str) -> vt.TaskRow:
        return self._step(task, status="cancelled")

    def task_import_check(self, org: str, rows: Any, lines: Any, columns: Any, payer: str = "") -> vt.ImportPreview:
        shown = []
        for row, line in zip(rows, lines, strict=True):
            title = row[columns.index("title")]
            problem = "" if title else "text_empty"
            shown.append(vt.ImportLine(line, title, gld(1_000), None, (), problem, {"field": "title"}, ()))
        good = sum(not line.problem for line in shown)
        total = vt.ImportTotal(gld(1_000 * good), 6_520_000)
        return vt.ImportPreview(tuple(shown), good, len(shown) - good, (total,), ident(str(rows)))

    def task_import(self, org: str, rows: Any, lines: Any, columns: Any, digest: str, payer: str = "") -> Any:
        return tuple(self.task_open(org, row[columns.index("title")]) for row in rows if row[columns.index("title")])

    def task_export(self, org: str) -> str:
        return "number,title\r\n" + "".join(f"T-{t.number},{t.title}\r\n" for t in self.tasks.values())

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

    def proposal_open(
        self,
        org: str,
        title: str,
        text: str = "",
        kind: str = "decision",
        method: str = "yes-no-abstain",
        options: Sequence[str] = (),
        discussion_s: int = 0,
        voting_s: int = 0,
        table: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> v.ProposalRow:
        row = replace(
            make_proposal(90 + len(self.proposals), title, method, "voting", LIN, 0, kind=kind, stamp=pending(0)),
            number=None,
        )
        self.proposals[row.id] = row
        self.tell("proposals")
        return row

    def proposal_show(self, org: str, proposal: str) -> v.ProposalDetail:
        row = self._find(self.proposals, proposal)
        done = row.status in ("passed", "not_passed", "decided")
        options: tuple[str, ...] = ()
        if row.method == "single":
            options = OPTIONS
            tally = v.TallyView(
                "single",
                options,
                ("9", "3", "14", "5"),
                (3,),
                False,
                "31",
                "48",
                31,
                48,
                "24",
                True,
                0,
                "0",
                "decided",
                False,
            )
        elif row.method == "approval":
            options = ("Monday", "Tuesday", "Wednesday")
            tally = v.TallyView(
                "approval",
                options,
                ("7", "2", "9"),
                (3,),
                False,
                "12",
                "48",
                12,
                48,
                "24",
                False,
                0,
                "0",
                "none",
                False,
            )
        else:
            yes = {"not_passed": 14, "passed": 29, "closing": 24}.get(row.status, 12)
            no = {"not_passed": 21, "passed": 6, "closing": 10}.get(row.status, 5)
            tally = make_tally(yes, no, 2, done)
        ballots = tuple(
            v.BallotView(
                p,
                "3" if row.method == "single" else "[1, 3]" if row.method == "approval" else '"yes"',
                "1",
                final(i * HOUR) if i else pending(),
            )
            for i, p in enumerate(PEOPLE[1:])
        )
        text = (
            "Our hosting contract ends on 30 April. It carries the bootstrap node, the file mirror and the website. "
            "Choose the option you prefer; the *costs* are per year."
        )
        activity = (v.ActivityView(ident("pa" + proposal), row.author, "proposal.open", final(7 * DAY)),)
        return v.ProposalDetail(
            row,
            text,
            options,
            0,
            3 * DAY,
            20 * MINUTE,
            None if row.status in ("discussion", "withdrawn") else tally,
            ballots,
            activity,
            tuple(self.comments.get(proposal, ())),
            cosigned=(3, 4, 3) if row.status in ("passed", "not_passed", "decided") else (0, 4, 3),
        )

    def proposal_withdraw(self, org: str, proposal: str) -> v.ProposalRow:
        row = replace(self.proposals[proposal], status="withdrawn", can=("comment",))
        self.proposals[proposal] = row
        self.tell("proposals")
        return row

    def vote(self, org: str, proposal: str, choice: Any, reason: str = "") -> v.ProposalRow:
        row = self._find(self.proposals, proposal)
        if "vote" not in row.can:
            raise Refused("reject.voting_closed")
        row = replace(row, my_choice=json.dumps(choice), voted=row.voted + (row.my_choice is None))
        self.proposals[proposal] = row
        self.tell("proposals")
        return row

    # -- tokens ---------------------------------------------------------------------------------------
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
        row = post(kind, source, to, round(float(amount) * 100), memo, pending(0))
        self.ledger.insert(0, row)
        self.tell("ledger")
        return row

    def token_transfer(
        self, org: str, to: str, amount: str, unit: str = "", memo: str = "", from_treasury: bool = False
    ) -> v.LedgerRow:
        return self._move("transfer", to, amount, memo, "treasury" if from_treasury else LIN.id)

    def token_tip(self, org: str, to: str, amount: str, unit: str = "", reason: str = "") -> v.LedgerRow:
        return self._move("tip", to, amount, reason, LIN.id)

    def token_issue(self, org: str, amount: str, unit: str = "", to: str = "treasury", memo: str = "") -> v.LedgerRow:
        return self._move("issue", to, amount, memo, "issue")
