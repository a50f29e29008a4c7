"""Use cases around trust: today, status, checkpoints, the log, verifying everything, peers, doctor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_tasks as vt
from dao_app.app.cases import Cases
from dao_app.app.cases_tokens import balances
from dao_app.app.contribution_rows import contribution_row
from dao_app.app.effects_form import amount_of
from dao_app.app.errors import InputError, NetworkError, NotFound
from dao_app.app.proposal_views import proposal_row
from dao_app.app.queries import COMMENT, Reader, fingerprint
from dao_app.app.resolve import ids_by_prefix
from dao_app.app.reward_rows import payout_row, round_row
from dao_app.app.storage import CheckpointRecord, LogRecord
from dao_app.app.task_rows import task_ids, task_row
from dao_app.app.verification import verify_everything
from dao_app.app.workspace import Opened
from dao_app.core.encoding import Link, cid_text, decode_trusted
from dao_app.core.entities import Contribution, Proposal, Task, Totals
from dao_app.core.envelope import parse_trusted
from dao_app.core.finality.checkpoint import parse_certificate, quorum
from dao_app.core.keys import (
    TOTALS_KEY,
    contribution_key,
    firm_party,
    member_party,
    payment_key,
    payout_key,
    proposal_key,
    request_key,
    round_key,
    task_key,
)
from dao_app.core.money_entities import Payment, PaymentRequest
from dao_app.core.reward_entities import PayoutRecord, Round
from dao_app.core.rules.task_flow import AT_WORK
from dao_app.core.rules.task_money import LIVE
from dao_app.core.words import words_for

CHECKPOINT_ROWS = 24
LOG_ROWS_MAX = 5_000
HISTORY_WORDS = 6
MINE = (*LIVE, "changes", "submitted", "disputed")
MENTION_MS = 14 * 24 * 3_600_000  # an unanswered mention is shown for so long
MENTIONS_LOOKED_AT = 1_000  # newest actions searched for mentions
DECIDED_ROWS = 8
PLACES_BACK_MAX = 500  # checkpoints searched for the place of an entry
ADDRESS_CHARS_MAX = 512


class TrustCases(Cases):
    """Part of ``app.api.Api``."""

    def today(self, org: str) -> v.TodayView:
        opened, reader = self._read(org)
        now = self._ws.clock.now_ms()
        tasks = [task_row(reader, i) for i in task_ids(reader)]
        proposals = [
            proposal_row(reader, i, now)
            for i in reader.org.store.of_type("proposal.open")
            if reader.state.get(proposal_key(i), Proposal)
        ]
        mine = tuple(t for t in tasks if t.yours and t.status in MINE)
        decided = [p for p in proposals if p.status in ("passed", "not_passed", "decided")]
        decided.sort(key=lambda p: p.closes_ms or 0, reverse=True)
        upcoming = [
            v.TodayItem("vote", p.id, p.number, p.title, p.closes_ms, None) for p in proposals if p.status == "voting"
        ]
        upcoming += [
            v.TodayItem("work", t.id, t.number, t.title, due, t.reward)
            for t in tasks
            if (due := t.due_ms or t.expires_ms) and t.status in LIVE
        ]
        upcoming.sort(key=lambda item: item.due_ms or 0)
        own = balances(reader, [member_party(reader.member)]) if reader.member else ()
        return v.TodayView(
            tuple(self._needs(opened, reader, tasks, proposals)),
            mine,
            tuple(decided[:DECIDED_ROWS]),
            own,
            tuple(upcoming[:8]),
        )

    def _needs(
        self, opened: Opened, reader: Reader, tasks: list[vt.TaskRow], proposals: list[v.ProposalRow]
    ) -> list[v.TodayItem]:
        needs = []
        profile = {} if opened.demo else self._ws.home.load_profile()
        if profile.get("member") and not profile.get("words_confirmed") and reader.permissions():
            needs.append(v.TodayItem("confirm_words", "", None, "", None, None))
        for p in proposals:
            if "vote" in p.can and p.my_choice is None:
                needs.append(v.TodayItem("vote", p.id, p.number, p.title, p.closes_ms, None))
        for t in tasks:
            if "accept" in t.can:
                needs.append(v.TodayItem("review", t.id, t.number, t.title, None, t.reward))
            elif t.applicants and "assign" in t.can and not t.assignees:
                needs.append(v.TodayItem("assign", t.id, t.number, t.title, t.due_ms, t.reward))
            elif "submit" in t.can and t.status in AT_WORK:
                needs.append(v.TodayItem("work", t.id, t.number, t.title, t.due_ms or t.expires_ms, t.reward))
        needs += self._mentions(reader)
        for id_ in reader.org.store.of_type("contribution.claim"):
            entity = reader.state.get(contribution_key(id_), Contribution)
            if entity is not None and entity.status == "claimed":
                row = contribution_row(reader, id_, id_)
                if "endorse" in row.can:
                    needs.append(v.TodayItem("endorse", row.id, None, row.title, None, None))
        return [*needs, *self._reward_needs(reader), *_payment_needs(reader)]

    def _reward_needs(self, reader: Reader) -> list[v.TodayItem]:
        """Points to share out, and payouts to confirm."""
        needs = []
        for id_ in reader.org.store.of_type("round.open"):
            found = reader.state.get(round_key(id_), Round)
            if found is None or found.status != "open" or found.kind == "points":
                continue
            row = round_row(reader, id_, self._ws.clock.now_ms())
            if "give" in row.can and not row.my_given and row.status == "open":
                needs.append(v.TodayItem("share_points", row.id, row.number, row.title, row.closes_ms, row.amount))
        for id_ in reader.org.store.of_type("payout.record"):
            payout = reader.state.get(payout_key(id_), PayoutRecord)
            if payout is not None and payout.status == "recorded" and payout.to == reader.member:
                one = payout_row(reader, id_)
                needs.append(v.TodayItem("confirm_payout", one.id, None, one.by.name, None, one.amount))
        return needs

    def _mentions(self, reader: Reader) -> list[v.TodayItem]:
        """Objects on which somebody lately named you and you have not spoken since, newest first."""
        since = self._ws.clock.now_ms() - MENTION_MS
        told: dict[bytes, v.TodayItem | None] = {}
        for record in reader.org.store.newest(MENTIONS_LOOKED_AT, None):
            action = parse_trusted(record.id, record.payload)
            if action.type != COMMENT or action.at < since or not reader.stands(action.id):
                continue
            on, author = bytes(action.body["on"]), reader.author(action.by)
            if author.you:
                told.setdefault(on, None)
            elif reader.member in action.body.get("mentions", ()) and on not in told:
                told[on] = self._mention(reader, on)
        return [item for item in told.values() if item is not None]

    @staticmethod
    def _mention(reader: Reader, on: bytes) -> v.TodayItem | None:
        entities: list[tuple[str, Task | Proposal | Contribution | None]] = [
            ("task", reader.state.get(task_key(on), Task)),
            ("proposal", reader.state.get(proposal_key(on), Proposal)),
            ("contribution", reader.state.get(contribution_key(on), Contribution)),
        ]
        for kind, entity in entities:
            if entity is not None:
                number = None if isinstance(entity, Contribution) else entity.number or None
                return v.TodayItem(f"mention_{kind}", on.hex(), number, entity.title, None, None)
        return None

    # -- checkpoints ---------------------------------------------------------------------------------
    def trust(self, org: str) -> v.TrustView:
        opened, reader = self._read(org)
        replay = opened.org.replay
        counts = opened.org.store.counts()
        keys = opened.org.witnesses()
        waits_for, seen = reader.witness()
        last = opened.org.store.checkpoints(max(1, replay.position.height - CHECKPOINT_ROWS + 1), CHECKPOINT_ROWS)
        rows = tuple(self._checkpoint(reader, record) for record in reversed(last))
        founded = reader.founded()
        witnesses: tuple[v.WitnessView, ...] = ()
        if founded is not None:
            here = opened.org.is_witness()
            now = self._ws.clock.now_ms()
            online = here or (seen is not None and now - seen < 10_000)
            witnesses = (v.WitnessView(reader.person(founded.witness_member), here, online, seen),)
        return v.TrustView(
            replay.position.height,
            replay.position.time,
            counts.sealed,
            len(replay.pending),
            len(replay.verdicts),
            witnesses,
            quorum(max(1, len(keys))),
            len(keys) == 1,
            waits_for if replay.pending else (),
            opened.waits_since_ms if replay.pending else None,
            words_for(replay.position.id, HISTORY_WORDS),
            rows,
        )

    def _checkpoint(self, reader: Reader, record: CheckpointRecord) -> v.CheckpointRow:
        certificate = parse_certificate(record.raw)
        checkpoint = certificate.checkpoint
        founded = reader.founded()
        signers = tuple(
            reader.person(founded.witness_member).name or fingerprint(p.witness)
            if founded is not None and p.witness == founded.witness
            else fingerprint(p.witness)
            for p in certificate.precommits
        )
        return v.CheckpointRow(
            record.height,
            record.id.hex(),
            record.time,
            record.actions,
            checkpoint.state.hex(),
            checkpoint.results.hex(),
            checkpoint.frontier.hex(),
            signers,
            len(checkpoint.witnesses),
            quorum(len(checkpoint.witnesses)),
        )

    def state_root(self, org: str) -> v.RootView:
        opened = self._ws.find(org)
        replay = opened.org.replay
        return v.RootView(
            opened.org.org_id.hex(),
            replay.position.height,
            replay.position.time,
            replay.final.root.hex(),
            replay.results.root.hex(),
            replay.frontier.root.hex(),
            replay.position.id.hex(),
            len(replay.pending),
            replay.provisional_root().hex(),
        )

    # -- the log -------------------------------------------------------------------------------------
    def log_list(self, org: str, limit: int = 200, before: str = "") -> tuple[v.LogRow, ...]:
        _, reader = self._read(org)
        pos = None
        if before:
            found = reader.org.store.record(self._entry(reader, before))
            pos = found.pos if found is not None else None
        records = reader.org.store.newest(max(1, min(limit, LOG_ROWS_MAX)), pos)
        places = _places(reader, {record.id for record in records})
        reader.look_ahead(record.id for record in records)
        return tuple(_log_row(reader, record, places) for record in records)

    def log_show(self, org: str, entry: str) -> v.LogEntry:
        _, reader = self._read(org)
        record = reader.org.store.record(self._entry(reader, entry))
        assert record is not None
        payload = plain(decode_trusted(record.payload))
        return v.LogEntry(
            _log_row(reader, record, _places(reader, {record.id})),
            cid_text(record.id),
            payload,
            record.signature.hex(),
            len(record.payload) + len(record.signature),
        )

    def _entry(self, reader: Reader, name: str) -> bytes:
        matches = ids_by_prefix(reader, name.strip())
        if len(matches) != 1:
            raise NotFound("entry_unknown" if not matches else "name_ambiguous", name=name[:80])
        return matches[0]

    async def log_verify(self, org: str, progress: Callable[[v.Progress], None] | None = None) -> v.VerifyReport:
        opened, _ = self._read(org)

        def told(done: int, total: int) -> None:
            self._ws.progress("verify", done, total)
            if progress is not None:
                progress(v.Progress("verify", done, total))

        return await verify_everything(opened.org, self._ws.verifier, self._ws.pause, told)

    # -- network -------------------------------------------------------------------------------------
    def status(self, org: str) -> v.StatusView:
        opened, reader = self._read(org)
        replay = opened.org.replay
        network = self._ws.network
        peers = network.peers(opened.org.org_id) if network is not None and opened.online else ()
        waits_for, seen = reader.witness()
        connected = sum(p.connected for p in peers)
        return v.StatusView(
            connected,
            None if connected or network is None else opened.offline_since_ms,
            len(self._ws.unsent.get(opened.org.org_id, ())),
            len(replay.pending),
            replay.position.height,
            replay.position.time or None,
            waits_for if replay.pending else (),
            seen,
            opened.syncing,
        )

    def addresses(self, org: str) -> tuple[str, ...]:
        """Multiaddresses of this device's host; empty without a network."""
        opened = self._ws.find(org)
        network = self._ws.network
        return network.addresses(opened.org.org_id) if network is not None and opened.online else ()

    def peer_list(self, org: str) -> tuple[v.PeerRow, ...]:
        opened, reader = self._read(org)
        network = self._ws.network
        if network is None or not opened.online:
            return ()
        rows = []
        for p in network.peers(opened.org.org_id):
            person = reader.author(p.device)
            rows.append(
                v.PeerRow(
                    person,
                    fingerprint(p.device),
                    p.address,
                    p.path,
                    p.connected,
                    p.seen_ms,
                    p.height,
                    p.agrees,
                    p.behind,
                )
            )
        return tuple(rows)

    async def peer_add(self, org: str, address: str) -> v.PeerRow:
        opened, _ = self._read(org)
        network = self._ws.network
        address = address.strip()
        if not address.startswith("/") or "/p2p/" not in address or len(address) > ADDRESS_CHARS_MAX:
            raise InputError("address_form", address=address[:ADDRESS_CHARS_MAX])
        if network is None or not opened.online:
            self._ws.remember_address(opened, address)
            return v.PeerRow(None, "", address, "none", False, None, None, None, None)
        reached = await network.dial(opened.org.org_id, address)
        self._ws.remember_address(opened, address)
        if not reached:
            raise NetworkError("peer_unreachable", address=address)
        row = next((p for p in self.peer_list(org) if p.address == address), None)
        return row or v.PeerRow(None, "", address, "direct", True, None, None, None, None)

    async def doctor(self, org: str = "") -> tuple[v.Finding, ...]:
        findings = [*self._ws.examine()]
        chosen = [self._ws.find(org)] if org else list(self._ws.opened.values())
        for opened in chosen:
            name = opened.org.org_id.hex()[:8]
            if opened.org.conflict:
                findings.append(v.Finding("conflict", "problem", {"org": name, "height": opened.org.conflict}))
            if opened.org.forks:
                findings.append(v.Finding("forks", "problem", {"org": name, "count": str(len(opened.org.forks))}))
            if self._ws.network is not None and opened.online:
                findings.extend(await self._ws.network.diagnose(opened.org.org_id))
        return tuple(findings)



def _payment_needs(reader: Reader) -> list[v.TodayItem]:
    """Payments that others ask the viewer for, and those of firms that wait for a second signer."""
    needs = []
    for id_ in reader.org.store.of_type("payment.request"):
        asked = reader.state.get(request_key(id_), PaymentRequest)
        if asked is not None and asked.status == "open" and asked.payer == reader.member:
            amount = amount_of(reader, asked.unit, asked.amount)
            needs.append(v.TodayItem("pay", "", None, reader.person(asked.payee).name, None, amount))
    for id_ in reader.org.store.of_type("firm.pay"):
        waiting = reader.state.get(payment_key(id_), Payment)
        if waiting is None or waiting.status != "waiting" or reader.judge("firm.approve", {"payment": Link(id_)}):
            continue
        amount = amount_of(reader, waiting.unit, waiting.amount)
        firm = reader.party_name(firm_party(waiting.firm))
        needs.append(v.TodayItem("approve_payment", "", None, firm, None, amount))
    return needs

def _places(reader: Reader, wanted: set[bytes]) -> dict[bytes, int]:
    """Places of these actions in the final order, looked for in the newest checkpoints."""
    totals = reader.org.replay.final.entity(TOTALS_KEY)
    end = totals.place if isinstance(totals, Totals) else 0
    wanted = wanted - reader.org.replay.pending.keys()
    places: dict[bytes, int] = {}
    height = reader.org.height()
    for back in range(min(height, PLACES_BACK_MAX)):
        if len(places) == len(wanted):
            break
        order = reader.org.store.order(height - back)
        end -= len(order)
        places.update({id_: end + number for number, id_ in enumerate(order, 1) if id_ in wanted})
    return places


def _log_row(reader: Reader, record: LogRecord, places: dict[bytes, int]) -> v.LogRow:
    action = parse_trusted(record.id, record.payload)
    return v.LogRow(
        record.id.hex(),
        places.get(record.id),
        reader.author(record.device),
        fingerprint(record.device),
        record.seq,
        action.type,
        reader.stamp(record.id),
    )


def plain(value: Any) -> Any:
    """A payload as JSON: links as {"/": cid}, bytes as {"bytes": hex} (the form IPLD tools print)."""
    if isinstance(value, Link):
        return {"/": cid_text(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
