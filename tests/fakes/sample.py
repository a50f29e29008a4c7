"""A made-up organisation as views, for tests of the window."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_tasks as vt
from dao_app.core.rules.roles import ROLES

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


PERMISSIONS = tuple(sorted(ROLES["founder"]))


def make_task(
    n: int,
    title: str,
    status: str,
    reward: int,
    opener: v.PersonView,
    assignee: v.PersonView | None,
    age: int,
    **extra: Any,
) -> vt.TaskRow:
    people = extra.pop("people", ((assignee, 10_000),) if assignee else ())
    payment = {"accepted": "paid", "cancelled": "returned", "expired": "returned", "draft": "planned"}
    base = vt.TaskRow(
        id=ident(f"task {n}"),
        short=ident(f"task {n}")[:6],
        number=n,
        title=title,
        status=status,
        reward=gld(reward * 100) if reward else None,
        payment=payment.get(status, "held") if reward else "none",
        escrow_final=True,
        opener=opener,
        assignees=tuple(vt.AssigneeView(person, share) for person, share in people),
        applicants=extra.pop("applicants", 0),
        department=extra.pop("department", ""),
        labels=extra.pop("labels", ()),
        priority=extra.pop("priority", "normal"),
        due_ms=extra.pop("due", None),
        estimate_min=extra.pop("estimate", 0),
        ticked=extra.pop("ticked", 0),
        items=extra.pop("items", 0),
        blocked=extra.pop("blocked", False),
        approval=extra.pop("approval", False),
        seats=1,
        every_days=extra.pop("every", 0),
        round=1,
        expires_ms=extra.pop("expires", None),
        returns_ms=None,
        resumes_ms=None,
        comments=extra.pop("comments", 0),
        stamp=extra.pop("stamp", final(age)),
        can=(),
    )
    return replace(base, can=task_can(base), **extra)


def task_can(row: vt.TaskRow) -> tuple[str, ...]:
    can = ["comment"]
    if row.status == "draft" and row.opener.you:
        can += ["publish", "edit", "cancel"]
    if row.status == "open" and row.escrow_final and not row.opener.you:
        can.append("apply" if row.approval else "claim")
    if row.status == "open" and row.opener.you:
        can += ["edit", "assign", "cancel"]
    if row.status in ("claimed", "started", "changes") and row.yours:
        can += ["submit", "unassign", "tick"]
        can += ["start"] if row.status == "claimed" else []
    if row.status == "submitted":
        can += ["dispute"] if row.yours else ["accept", "changes", "reject", "dispute"]
    return tuple(can)


def tasks() -> list[vt.TaskRow]:
    return [
        make_task(
            214,
            "Import the ledger from the old spreadsheet",
            "claimed",
            60,
            JONAS,
            LIN,
            6 * DAY,
            people=((LIN, 6_000), (AMARA, 4_000)),
            department="Platform",
            labels=("ledger", "migration"),
            due=NOW_MS + 8 * HOUR,
            expires=NOW_MS + 8 * HOUR,
            ticked=4,
            items=6,
            comments=1,
        ),
        make_task(219, "Draft the levy reminder for firms", "claimed", 15, AMARA, LIN, 3 * DAY, expires=NOW_MS + DAY),
        make_task(
            216,
            "Relay fallback when two peers are behind strict routers",
            "claimed",
            80,
            LIN,
            CHEN,
            4 * DAY,
            expires=NOW_MS + 6 * DAY,
        ),
        make_task(218, "Hosting comparison for P-58", "claimed", 35, LIN, JONAS, 3 * DAY),
        make_task(220, "Large text in every dialog", "claimed", 40, AMARA, PRIYA, 2 * DAY, expires=NOW_MS + 8 * DAY),
        make_task(
            221, "Clock-skew warning on first sync", "open", 30, JONAS, None, 2 * DAY, due=NOW_MS + 4 * DAY,
            priority="urgent", labels=("sync",), department="Platform",
        ),
        make_task(224, "Compare two compressions for the sync log and write it up", "open", 50, AMARA, None, DAY),
        make_task(
            225, "Print view for the member register", "open", 20, LIN, None, DAY, due=NOW_MS + 7 * DAY,
            approval=True, applicants=2,
        ),
        make_task(226, "Chinese wording for voting methods", "open", 25, CHEN, None, 20 * HOUR, comments=3),
        replace(
            make_task(228, "Document how to add a witness", "open", 20, JONAS, None, HOUR),
            number=None,
            escrow_final=False,
            stamp=pending(),
            can=("comment",),
        ),
        make_task(198, "Find peers on the local network", "submitted", 60, JONAS, LIN, 9 * DAY),
        make_task(207, "Translate the newcomer guide", "submitted", 40, LIN, AMARA, 7 * DAY, comments=2),
        make_task(210, "Keyboard path through the whole voting flow", "submitted", 45, JONAS, PRIYA, 5 * DAY),
        make_task(193, "Repair duplicate invites after a merge", "accepted", 45, AMARA, LIN, 7 * DAY),
        make_task(191, "Release notes in Chinese", "accepted", 57, JONAS, CHEN, 11 * DAY),
        make_task(188, "Second relay in the west", "expired", 20, JONAS, None, 20 * DAY),
    ]


def make_tally(yes: int, no: int, abstain: int, closed: bool, **extra: Any) -> v.TallyView:
    passed = yes > no and yes + no + abstain >= 24
    return v.TallyView(
        "yes-no-abstain",
        ("yes", "no", "abstain"),
        (str(yes), str(no), str(abstain)),
        (1,) if passed else (),
        False,
        str(yes + no + abstain),
        "48",
        yes + no + abstain,
        48,
        "24",
        yes + no + abstain >= 24,
        5000,
        "0",
        "passed" if passed else "not_passed",
        closed,
        **extra,
    )


def make_proposal(
    n: int, title: str, method: str, status: str, author: v.PersonView, voted: int, **extra: Any
) -> v.ProposalRow:
    voting = status == "voting"
    fields: dict[str, Any] = {
        "opens_ms": NOW_MS - 3 * DAY,
        "closes_ms": NOW_MS + 6 * HOUR + 18 * MINUTE if voting else NOW_MS - DAY,
        "my_choice": None,
        "comments": 0,
        "stamp": final(3 * DAY),
        "can": ("vote", "comment") if voting else ("comment",),
    }
    fields.update(extra)
    return v.ProposalRow(
        ident(f"proposal {n}"),
        ident(f"proposal {n}")[:6],
        n,
        title,
        fields.pop("kind", "decision"),
        method,
        status,
        author,
        fields["opens_ms"],
        fields["closes_ms"],
        voted,
        48,
        fields["my_choice"],
        fields["comments"],
        fields["stamp"],
        fields["can"],
    )


OPTIONS = (
    "Two regional providers, data split",
    "One provider, three-year term",
    "Member-run servers, cost shared",
    "Renew the current contract",
)


def post(kind: str, source: str, target: str, minor: int, memo: str, stamp: v.Stamp) -> v.LedgerRow:
    named = {p.id: p for p in PEOPLE}
    return v.LedgerRow(
        ident(f"post {kind} {memo} {minor}"),
        kind,
        source,
        named.get(source),
        target,
        named.get(target),
        gld(minor),
        memo,
        stamp,
    )


def proposals() -> dict[str, v.ProposalRow]:
    return {
        p.id: p
        for p in (
            make_proposal(
                58, "Choose shared hosting for 2026–27", "single", "voting", JONAS, 31, kind="poll", comments=3
            ),
            make_proposal(
                59,
                "Open the books to partner firms",
                "yes-no-abstain",
                "voting",
                AMARA,
                19,
                closes_ms=NOW_MS + 2 * DAY,
            ),
            make_proposal(
                60,
                "Which days suit the monthly meeting?",
                "approval",
                "voting",
                CHEN,
                12,
                kind="poll",
                my_choice="[1, 3]",
                closes_ms=NOW_MS + 3 * DAY,
            ),
            make_proposal(
                61,
                "A second meeting room",
                "yes-no-abstain",
                "discussion",
                LIN,
                0,
                opens_ms=NOW_MS + DAY,
                closes_ms=NOW_MS + 4 * DAY,
                can=("withdraw", "comment"),
                stamp=pending(),
            ),
            make_proposal(
                57,
                "Extend the newcomer programme",
                "yes-no-abstain",
                "closing",
                PRIYA,
                40,
                closes_ms=NOW_MS - 2 * MINUTE,
            ),
            make_proposal(55, "Keep the levy at 1.5 % for the second quarter", "yes-no-abstain", "passed", JONAS, 35),
            make_proposal(
                54,
                "Contribution policy, third edition",
                "yes-no-abstain",
                "passed",
                AMARA,
                41,
                closes_ms=NOW_MS - 3 * DAY,
            ),
            make_proposal(
                52,
                "Pause the newsletter over the summer",
                "yes-no-abstain",
                "not_passed",
                SOFIA,
                35,
                closes_ms=NOW_MS - 6 * DAY,
            ),
        )
    }


def comments() -> dict[str, list[v.CommentView]]:
    return {
        ident("proposal 58"): [
            v.CommentView(
                ident("c3"),
                AMARA,
                "If C wins, our firm can take the first month of on-call, provided someone else takes April.",
                False,
                pending(13 * MINUTE),
            ),
            v.CommentView(
                ident("c2"),
                CHEN,
                "I measured both sites for **A**: `18` and `31 ms` round trip.\n\n"
                "- numbers in the [record](https://example.org/latency)\n- more on Friday",
                False,
                final(12 * HOUR),
            ),
            v.CommentView(
                ident("c1"),
                JONAS,
                "Added the exit terms for B. Anyone who has voted can still change their ballot before the close.",
                False,
                final(2 * DAY),
            ),
        ],
        ident("task 214"): [
            v.CommentView(
                ident("c5"), AMARA, "", False, final(1 * DAY), (),
                v.AttachedFile("Hours 2024 and 2025.ods", 412_300, 0, "absent", ("fetch",)),
            ),
            v.CommentView(ident("c4"), AMARA, "The 2024 sheet has two columns named *Total*.", False, final(2 * DAY))
        ],
    }


def contributions() -> dict[str, v.ContributionRow]:
    return {
        c.id: c
        for c in (
            v.ContributionRow(
                ident("con 1"),
                "Find peers on the local network",
                LIN,
                "task",
                "T-198",
                gld(6000),
                "endorsed",
                (),
                0,
                pending(),
                ("comment",),
            ),
            v.ContributionRow(
                ident("con 2"),
                "Facilitated the monthly meeting",
                LIN,
                "claim",
                None,
                None,
                "claimed",
                (AMARA,),
                2,
                final(5 * DAY),
                ("comment",),
            ),
            v.ContributionRow(
                ident("con 3"),
                "Repair duplicate invites after a merge",
                LIN,
                "task",
                "T-193",
                gld(4500),
                "endorsed",
                (),
                0,
                final(7 * DAY),
                ("comment",),
            ),
            v.ContributionRow(
                ident("con 4"),
                "Meeting notes, February",
                SOFIA,
                "claim",
                None,
                None,
                "claimed",
                (),
                2,
                final(2 * DAY),
                ("endorse", "comment"),
            ),
            v.ContributionRow(
                ident("con 5"),
                "Release notes in Chinese",
                CHEN,
                "task",
                "T-191",
                gld(5700),
                "endorsed",
                (),
                0,
                final(11 * DAY),
                ("comment",),
            ),
        )
    }


def ledger() -> list[v.LedgerRow]:
    return [
        post("transfer", LIN.id, WANG.id, 32000, "Print run, member handbook", pending()),
        post("pay", "escrow", LIN.id, 6000, "T-198", pending(20 * MINUTE)),
        post("tip", JONAS.id, AMARA.id, 500, "for the patient review", final(DAY)),
        post("escrow", "treasury", "escrow", 4500, "T-210", final(5 * DAY)),
        post("pay", "escrow", LIN.id, 4500, "T-193", final(7 * DAY)),
        post("refund", "escrow", "treasury", 2000, "T-188", final(9 * DAY)),
        post("issue", "issue", "treasury", 7125000, "Founding", final(60 * DAY, 1)),
    ]


def invites() -> dict[str, v.InviteRow]:
    return {
        i.id: i
        for i in (
            v.InviteRow(
                ident("inv 1"),
                "member",
                LIN,
                1,
                0,
                NOW_MS + 6 * DAY,
                "open",
                "for Liu Jia",
                final(DAY),
                ("revoke", "show"),
            ),
            v.InviteRow(ident("inv 2"), "observer", CHEN, 5, 2, NOW_MS + 2 * DAY, "open", "", final(3 * DAY), ()),
            v.InviteRow(ident("inv 3"), "member", JONAS, 1, 1, NOW_MS - DAY, "used", "", final(8 * DAY), ()),
        )
    }
