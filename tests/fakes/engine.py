"""A stand-in for the engine: the use cases of ``app.api`` over sample data held in memory.

Calls are answered at once, in the caller's thread; changes are told as the engine tells them. The sample
organisation is made up. Nothing here is signed, ordered or counted by the rules: the window's tests need
what the views promise, the rules have tests of their own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.errors import GuildhallError, InputError, Locked, NotFound
from tests.fakes import sample
from tests.fakes.devices import FakeDevices
from tests.fakes.files import FakeFiles
from tests.fakes.finality import FakeFinality, signers_of
from tests.fakes.governing import FakeGoverning
from tests.fakes.node import FakeNode
from tests.fakes.proofs import FakeProofs
from tests.fakes.rewards import FakeRewards
from tests.fakes.sample import (
    AMARA,
    CHEN,
    DAY,
    DEMO,
    HOUR,
    JONAS,
    LIN,
    MINUTE,
    NOW_MS,
    ORG,
    PEOPLE,
    PERMISSIONS,
    PRIYA,
    WORDS,
    final,
    gld,
    ident,
    pending,
    person,
)
from tests.fakes.work import FakeWork

FINDINGS = (
    v.Finding("net_listens", "ok", {"org": "b12f03aa", "address": "/ip4/192.168.1.20/tcp/24811/p2p/12D3KooWexample"}),
    v.Finding("net_none_reachable", "problem", {"org": "b12f03aa", "known": "3", "since_ms": str(NOW_MS - 600_000)}),
    v.Finding("net_no_mdns", "note", {"org": "b12f03aa"}),
)


class FakeEngine(
    FakeWork, FakeGoverning, FakeRewards, FakeProofs, FakeFinality, FakeFiles, FakeDevices, FakeNode
):  # fmt: skip
    """An ``EngineHandle`` over sample data. ``fail`` maps a method to the error it raises next."""

    def __init__(self, filled: bool = True, founder_alone: bool = False) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fail: dict[str, GuildhallError] = {}
        self.reasons: dict[str, str] = {}
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
        self.tasks = {t.id: t for t in sample.tasks()}
        self.proposals = sample.proposals()
        self.comments = sample.comments()
        self.ledger = sample.ledger()
        self.invites = sample.invites()
        self._fill_governing()
        self._fill_rewards()
        self._fill_proofs()
        self._fill_devices()

    # -- the handle ----------------------------------------------------------------------------
    def call(
        self,
        method: str,
        params: Mapping[str, object],
        done: Callable[[object], None],
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
        if passphrase != self.passphrase and not (self.identity.keyring and not passphrase):
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
        charter = (
            v.ParameterView("quorum_bp", "5000", "bp"),
            v.ParameterView("support_bp", "5000", "bp"),
            v.ParameterView("voting_ms", str(3 * DAY), "ms"),
            v.ParameterView("endorsements", "2", "count"),
        )
        return v.OrgView(
            row,
            "Shared tools and fair pay across six firms.",
            NOW_MS - 400 * DAY,
            (unit,),
            charter,
            LIN,
            self.permissions,
        )

    async def demo_open(self, progress: Any = None) -> v.OrgRow:
        row = v.OrgRow(DEMO, "Harbour Guild", 24, "active", ("member",), True)
        if row not in self.orgs:
            self.orgs.append(row)
            self._fill_records()
        return row

    # -- invitations and people ----------------------------------------------------------------
    def invite_create(
        self, org: str, role: str = "member", uses: int = 1, lifetime_s: int = 604_800, note: str = ""
    ) -> v.InviteCreated:
        row = v.InviteRow(
            ident(f"inv {len(self.invites) + 1}"),
            role,
            LIN,
            uses,
            0,
            None,
            "open",
            note,
            pending(1000),
            ("revoke", "show"),
        )
        self.invites[row.id] = row
        self.tell("invites")
        return self._created(row, lifetime_s * 1000)

    @staticmethod
    def _created(row: v.InviteRow, lifetime_ms: int) -> v.InviteCreated:
        link = "guildhall:join/" + (ident("bearer " + row.id) * 4)
        return v.InviteCreated(
            row.id,
            link,
            f"You are invited to a Guildhall organisation.\n{link}",
            ("lantern", "orbit", "maple", "seven"),
            lifetime_ms,
        )

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
        return v.InvitePreview(
            ORG,
            "member",
            AMARA.fingerprint,
            NOW_MS + 6 * DAY,
            ("/ip4/127.0.0.1/tcp/4001",),
            ("lantern", "orbit", "maple", "seven"),
            1284,
        )

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
        roles = {
            "Lin Wei": ("founder",),
            "Amara Okafor": ("witness", "steward"),
            "Jonas Berg": ("steward",),
            "Wang Hai": ("partner",),
            "Sofia": ("auditor",),
        }
        rows = [
            v.MemberRow(
                p,
                roles.get(p.name, ("member",)),
                "active",
                None if p is LIN else LIN,
                NOW_MS - (90 - 9 * i) * DAY,
                "1",
                (ident("dev " + p.name)[:12],),
                i < 4,
                final((90 - 9 * i) * DAY),
            )
            for i, p in enumerate(PEOPLE)
        ]
        rows.append(
            v.MemberRow(
                person("Liu Jia"),
                ("member",),
                "joining",
                CHEN,
                NOW_MS - 8 * MINUTE,
                "0",
                ("ab12",),
                True,
                pending(8 * MINUTE),
            )
        )
        return tuple(rows)

    # -- trust ---------------------------------------------------------------------------------
    def today(self, org: str) -> v.TodayView:
        needs = (
            v.TodayItem(
                "vote",
                ident("proposal 58"),
                58,
                "Choose shared hosting for 2026–27",
                NOW_MS + 6 * HOUR + 18 * MINUTE,
                None,
            ),
            v.TodayItem("review", ident("task 207"), 207, "Translate the newcomer guide", None, gld(4000)),
            v.TodayItem(
                "work",
                ident("task 214"),
                214,
                "Import the ledger from the old spreadsheet",
                NOW_MS + 8 * HOUR,
                gld(6000),
            ),
            v.TodayItem(
                "vote", ident("proposal 59"), 59, "Open the books to partner firms", NOW_MS + 2 * DAY, None, "Platform",
                AMARA, "voted",
            ),
            v.TodayItem("pay", ident("request"), None, "Amara Okafor", None, gld(1200), "", AMARA),
            v.TodayItem("approve_payment", ident("payment"), None, "Harbour Works", None, gld(90_000), "", JONAS),
            v.TodayItem("endorse", ident("con 4"), None, "Meeting notes, February", None, None),
        )
        if not self.identity.words_confirmed:
            needs = (v.TodayItem("confirm_words", "", None, "", None, None), *needs)
        mine = tuple(
            t
            for t in self.tasks.values()
            if t.yours and t.status in ("claimed", "submitted")
        )
        decided = tuple(p for p in self.proposals.values() if p.status in ("passed", "not_passed", "decided"))
        upcoming = (
            v.TodayItem(
                "vote",
                ident("proposal 58"),
                58,
                "Choose shared hosting for 2026–27",
                NOW_MS + 6 * HOUR + 18 * MINUTE,
                None,
            ),
            v.TodayItem("work", ident("task 219"), 219, "Draft the levy reminder for firms", NOW_MS + DAY, None),
            v.TodayItem("vote", ident("proposal 59"), 59, "Open the books to partner firms", NOW_MS + 2 * DAY, None),
        )
        delegations = (g.DelegationRow("department", "Platform", ident("dep 1"), AMARA),)
        return v.TodayView(needs, mine, decided, self.token_balance(org), upcoming, delegations)

    def trust(self, org: str) -> v.TrustView:
        checkpoints = tuple(
            v.CheckpointRow(
                1284 - i,
                ident(f"cp {i}"),
                NOW_MS - 4 * MINUTE - i * 20 * MINUTE,
                7 + i % 5,
                ident(f"s {i}"),
                ident(f"r {i}"),
                ident(f"f {i}"),
                (LIN.name,) if self.founder_alone else signers_of(23 - i),
                1 if self.founder_alone else 4,
                1 if self.founder_alone else 3,
            )
            for i in range(24)
        )
        waits = LIN if self.founder_alone else PRIYA
        return v.TrustView(
            1284,
            NOW_MS - 4 * MINUTE,
            48_205,
            7,
            1,
            self.witness_views(),
            1 if self.founder_alone else 3,
            self.founder_alone,
            (waits.name,),
            NOW_MS - 5 * MINUTE,
            ("copper", "nine", "river", "tulip", "anvil", "march"),
            checkpoints,
        )

    def log_verify_rest(self, rest: bool) -> bool:
        return rest

    def log_list(self, org: str, limit: int = 200, before: str = "") -> tuple[v.LogRow, ...]:
        kinds = ("vote.cast", "task.claim", "comment.add", "token.tip", "proposal.open", "contribution.endorse")
        start = 0 if not before else int(before[-4:], 16) % 400 + 1
        rows = []
        for i in range(start, min(start + limit, 400)):
            stamp = pending(i * MINUTE) if i < 7 else final(i * 20 * MINUTE, 1284 - i // 7)
            if i == 9:
                stamp = v.Stamp("rejected", NOW_MS - i * 20 * MINUTE, 1283, reason="task_not_open")
            author = PEOPLE[i % len(PEOPLE)]
            rows.append(
                v.LogRow(
                    ident(f"log {i}")[:60] + f"{i:04x}",
                    None if i < 7 else 48_212 - i,
                    author,
                    ident("dev " + author.name)[:12],
                    900 - i,
                    kinds[i % len(kinds)],
                    stamp,
                )
            )
        return tuple(rows)

    def log_show(self, org: str, entry: str) -> v.LogEntry:
        row = next(r for r in self.log_list(org, 400) if r.id == entry)
        payload = {
            "v": 1,
            "org": {"bytes": org},
            "by": {"bytes": ident("dev")},
            "seq": row.seq,
            "type": row.type,
            "body": {"proposal": {"/": "bafyreib"}, "choice": "yes"},
        }
        return v.LogEntry(row, "bafyrei" + entry[:52], payload, ident("sig") * 2, 297)

    async def log_verify(self, org: str, progress: Callable[[v.Progress], None] | None = None) -> v.VerifyReport:
        for sink in list(self._sinks):
            sink(v.Progress("verify", 31_340, 48_212))
        return v.VerifyReport(48_212, 0, 1284, 0, 57, 0, 1912, 0, True, True)

    def state_root(self, org: str) -> v.RootView:
        return v.RootView(org, 1284, NOW_MS, ident("s 0"), ident("r 0"), ident("f 0"), ident("cp 0"), 7, ident("prov"))

    def status(self, org: str) -> v.StatusView:
        if self.offline:
            return v.StatusView(
                0, NOW_MS - 34 * MINUTE, 3, 9, 1284, NOW_MS - 40 * MINUTE, ("Amara Okafor",), NOW_MS - 34 * MINUTE, None
            )
        return v.StatusView(6, None, 0, 7, 1284, NOW_MS - 2 * MINUTE, ("Amara Okafor",), NOW_MS - MINUTE, None)

    def peer_list(self, org: str) -> tuple[v.PeerRow, ...]:
        paths = ("direct", "relay", "local", "none")
        return tuple(
            v.PeerRow(
                p,
                ident("dev " + p.name),
                ident("dev " + p.name)[:12],
                f"/ip4/192.0.2.{i + 1}/tcp/4001/p2p/12D3KooW{ident(p.name)[:12]}",
                paths[i % 4],
                i != 3,
                NOW_MS - i * 20_000,
                1284 - (i == 3),
                True if i != 3 else None,
                0 if i != 3 else 12,
                (12, 240, 1, None)[i % 4],
            )
            for i, p in enumerate((AMARA, JONAS, CHEN, PRIYA))
        )

    async def peer_add(self, org: str, address: str) -> v.PeerRow:
        if "/p2p/" not in address:
            raise InputError("address_bad", address=address)
        return v.PeerRow(None, "", "new", address, "direct", True, NOW_MS, None, None, None)

    async def doctor_network(self, org: str = "", wait_s: int = 0) -> tuple[v.Finding, ...]:
        return FINDINGS

    async def doctor(self, org: str = "") -> tuple[v.Finding, ...]:
        return (v.Finding("clock_fine", "ok", {}),)
