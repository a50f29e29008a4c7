"""A real DAO's public record → an organisation of signed actions, recounted by our own tally.

Reads any export of this form: proposals.csv, votes.csv and (for the report) grants.csv. Columns used:
proposals: Proposal ID, Snapshot ID, Type, Title, Started, Ended, Threshold, Status; votes: Member,
Proposal ID (= Snapshot ID), Created, Choice #, Choice, VP; grants: Proposal ID, Status. A clerk opens every
proposal with the recorded powers as its fixed table; each voter signs the ballot with a key of their own.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from dao_app.app.errors import InputError
from dao_app.app.scribe import Member, Scribe
from dao_app.core.encoding import Link, power_to_wire
from dao_app.core.entities import Result
from dao_app.core.keys import result_key
from dao_app.core.limits import OPTIONS_MAX, TABLE_MAX, TITLE_BYTES_MAX

FILE_BYTES_MAX = 256 * 1024 * 1024
ROWS_MAX = 1_000_000
FIELD_CHARS_MAX = 64 * 1024
POWER_DECIMALS = 6  # voting power is rounded half up to this many
VP_CHARS_MAX = 60
SEAL_STEP_MS = 2_000  # the clerk seals so long after an opening or a closing
YES_NO = {"yes", "no"}
STILL_OPEN = "active"  # the record ends before its vote does: it stays open here too
DECIDED = {"passed": True, "enacted": True, "rejected": False}


@dataclass(slots=True)
class Vote:
    member: str
    created_ms: int
    number: int
    choice: str
    power: int  # in 10^-6


@dataclass(slots=True)
class RecordedProposal:
    id: str
    snapshot: str
    kind: str
    title: str
    started_ms: int
    ended_ms: int
    threshold: int  # in 10^-6
    status: str
    votes: list[Vote] = field(default_factory=list)

    @property
    def is_yes_no(self) -> bool:
        return bool(self.votes) and all(vote.choice.strip().lower() in YES_NO for vote in self.votes)


@dataclass(slots=True)
class Record:
    proposals: list[RecordedProposal]
    votes: int
    voters: int
    grants: int
    orphan_votes: int  # of proposals that the record does not hold


@dataclass(slots=True)
class Difference:
    """A decided yes/no proposal that comes out otherwise by the rule."""

    id: str
    title: str
    type: str
    recorded: str
    yes: str
    no: str
    threshold: str


@dataclass(slots=True)
class Recount:
    proposals: int
    ballots: int
    voters: int
    grants: int
    actions: int
    checkpoints: int
    decided: int
    matching: int
    differences: list[Difference]
    orphan_votes: int
    org: str


def read_record(folder: Path) -> Record:
    """Read an export. Raises InputError naming file, line and what is wrong."""
    proposals = {p.snapshot: p for p in (_proposal(*row) for row in _rows(folder / "proposals.csv", PROPOSAL_COLUMNS))}
    votes = orphans = 0
    voters: set[str] = set()
    for path, line, row in _rows(folder / "votes.csv", VOTE_COLUMNS):
        vote = _vote(path, line, row)
        proposal = proposals.get(row["Proposal ID"])
        votes += 1
        voters.add(vote.member)
        if proposal is None:
            orphans += 1
        else:
            proposal.votes.append(vote)
    grants = (
        sum(1 for _ in _rows(folder / "grants.csv", ("Proposal ID", "Status")))
        if (folder / "grants.csv").exists()
        else 0
    )
    ordered = sorted(proposals.values(), key=lambda p: (p.started_ms, p.id))
    for proposal in ordered:
        proposal.votes.sort(key=lambda v: (v.created_ms, v.member))
        if len({v.member for v in proposal.votes}) > TABLE_MAX:
            raise InputError("record_too_many", proposal=proposal.id[:80], limit=TABLE_MAX)
    return Record(ordered, votes, len(voters), grants, orphans)


PROPOSAL_COLUMNS = ("Proposal ID", "Snapshot ID", "Type", "Title", "Started", "Ended", "Threshold", "Status")
VOTE_COLUMNS = ("Member", "Proposal ID", "Created", "Choice #", "Choice", "VP")


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[Path, int, dict[str, str]]]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InputError("record_file_too_large", path=path.name)
        with path.open(encoding="utf-8-sig", newline="") as file:
            csv.field_size_limit(FIELD_CHARS_MAX)
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in columns if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError("record_columns", path=path.name, columns=", ".join(missing))
            for row in reader:
                if reader.line_num > ROWS_MAX:
                    raise InputError("record_file_too_large", path=path.name)
                if any(row[name] is None for name in columns):
                    raise InputError("record_row", path=path.name, line=reader.line_num, column=columns[-1])
                yield path, reader.line_num, row
    except FileNotFoundError as error:
        raise InputError("record_missing", path=path.name) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("record_unreadable", path=path.name) from error


def _proposal(path: Path, line: int, row: dict[str, str]) -> RecordedProposal:
    started, ended = _time(path, line, row, "Started"), _time(path, line, row, "Ended")
    if ended <= started:
        raise InputError("record_row", path=path.name, line=line, column="Ended")
    threshold = _power(path, line, row, "Threshold")
    return RecordedProposal(
        row["Proposal ID"], row["Snapshot ID"], row["Type"], row["Title"], started, ended, threshold, row["Status"]
    )


def _vote(path: Path, line: int, row: dict[str, str]) -> Vote:
    number = row["Choice #"]
    if not (number.isascii() and number.isdigit()) or not 1 <= int(number[:9]) <= OPTIONS_MAX:
        raise InputError("record_row", path=path.name, line=line, column="Choice #")
    return Vote(
        row["Member"].lower(),
        _time(path, line, row, "Created"),
        int(number),
        row["Choice"],
        _power(path, line, row, "VP"),
    )


def _time(path: Path, line: int, row: dict[str, str], column: str) -> int:
    try:
        moment = datetime.fromisoformat(row[column])
        if moment.tzinfo is None or moment.year < 1971:
            raise ValueError("no time zone")
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InputError("record_row", path=path.name, line=line, column=column) from error


def _power(path: Path, line: int, row: dict[str, str], column: str) -> int:
    try:
        if len(row[column]) > VP_CHARS_MAX:
            raise ValueError("too long")
        value = Decimal(row[column])
        if not value.is_finite() or value < 0 or value.adjusted() > 40:
            raise ValueError("no power")
        return int((value * 10**POWER_DECIMALS).to_integral_value(ROUND_HALF_UP))
    except (ValueError, InvalidOperation) as error:
        raise InputError("record_row", path=path.name, line=line, column=column) from error


def line_of(text: str, spare: str) -> str:
    """A foreign title as one line within our bounds."""
    text = " ".join("".join(c if c >= " " and not "\x7f" <= c <= "\x9f" else " " for c in text).split())
    while len(text.encode()) > TITLE_BYTES_MAX:
        text = text[: len(text) - max(1, (len(text.encode()) - TITLE_BYTES_MAX) // 4)]
    return text or spare


GENESIS: dict[str, Any] = {
    "name": "Public record",
    "purpose": "A real organisation's public record, signed anew and recounted",
    "charter": {
        "support_bp": 5_000, "quorum_bp": 0, "min_support_power": 0, "discussion_ms": 0, "voting_least_ms": 1_000,
        "grace_ms": 0,
    },
    "units": [["VP", "Voting power", "票权", 6, 2**53 - 1]],
    "initial": [],
}  # fmt: skip


class RecordPlayer:
    """Plays a record through a scribe in the order of its own times."""

    def __init__(self, record: Record, scribe: Scribe, told: Callable[[int, int], None]) -> None:
        self._record = record
        self._scribe = scribe
        self._told = told
        self._opened: dict[str, bytes] = {}
        self._members: dict[str, Member] = {}
        self._ballots = 0

    def play(self) -> Recount:
        """Sign everything and compare; takes about a minute for 15,000 ballots."""
        names = sorted({vote.member for p in self._record.proposals for vote in p.votes})
        people = self._scribe.join([f"{name[:6]}…{name[-4:]}" for name in names])
        self._members = dict(zip(names, people, strict=True))
        events: list[tuple[int, int, int, int]] = []
        for number, proposal in enumerate(self._record.proposals):
            events.append((proposal.started_ms, 0, number, 0))
            events.extend(
                (min(max(vote.created_ms, proposal.started_ms + 1), proposal.ended_ms - 1), 1, number, place)
                for place, vote in enumerate(proposal.votes)
            )
            if proposal.status != STILL_OPEN:
                events.append((proposal.ended_ms + SEAL_STEP_MS, 2, number, 0))
        events.sort()
        for done, (time, kind, number, place) in enumerate(events):
            self._event(time, kind, self._record.proposals[number], place)
            if done % 200 == 0:
                self._told(done, len(events))
        self._told(len(events), len(events))
        return self._report()

    def _event(self, time: int, kind: int, proposal: RecordedProposal, place: int) -> None:
        self._scribe.clock.now = max(self._scribe.clock.now, time)
        if kind == 0:
            self._open(proposal)
            self._scribe.seal()
        elif kind == 1:
            self._vote(proposal, proposal.votes[place])
        else:
            self._scribe.seal()

    def _open(self, proposal: RecordedProposal) -> None:
        powers = {self._members[vote.member].root.public: vote.power for vote in proposal.votes}
        table = powers or {self._scribe.founder.root.public: 0}
        body: dict[str, Any] = {
            "title": line_of(proposal.title, proposal.id),
            "kind": "decision" if proposal.is_yes_no else "poll",
            "method": "yes-no-abstain" if proposal.is_yes_no else "single",
            "options": [] if proposal.is_yes_no else _options(proposal),
            "discussion": 0,
            "voting": max(1_000, proposal.ended_ms - max(self._scribe.clock.now, proposal.started_ms) - 1),
            "table": [[root, power_to_wire(table[root])] for root in sorted(table)],
            "min_support": power_to_wire(proposal.threshold),
        }
        self._opened[proposal.id] = self._scribe.write(self._scribe.founder, "proposal.open", body).id

    def _vote(self, proposal: RecordedProposal, vote: Vote) -> None:
        choice: Any = vote.choice.strip().lower() if proposal.is_yes_no else vote.number
        body = {"proposal": Link(self._opened[proposal.id]), "choice": choice}
        self._scribe.write(self._members[vote.member], "vote.cast", body)
        self._ballots += 1

    def _report(self) -> Recount:
        decided = matching = 0
        differences = []
        for proposal in self._record.proposals:
            if proposal.status not in DECIDED or not proposal.is_yes_no:
                continue
            decided += 1
            result = self._scribe.org.replay.results.entity(result_key(self._opened[proposal.id]))
            assert isinstance(result, Result)
            if (result.outcome == "passed") == DECIDED[proposal.status]:
                matching += 1
                continue
            yes, no = (_decimal(score) for score in result.scores[:2])
            differences.append(
                Difference(
                    proposal.id,
                    line_of(proposal.title, proposal.id),
                    proposal.kind,
                    proposal.status,
                    yes,
                    no,
                    _decimal(str(proposal.threshold)),
                )
            )
        counts = self._scribe.org.store.counts()
        return Recount(
            len(self._record.proposals),
            self._ballots,
            self._record.voters,
            self._record.grants,
            counts.actions,
            self._scribe.org.height(),
            decided,
            matching,
            differences,
            self._record.orphan_votes,
            self._scribe.org_id.hex(),
        )


def _options(proposal: RecordedProposal) -> list[str]:
    """Option names by number, as far as ballots name them; at least two, all different."""
    named = {vote.number: line_of(vote.choice, f"Option {vote.number}") for vote in proposal.votes}
    names: list[str] = []
    for number in range(1, max([2, *named]) + 1):
        name = named.get(number, f"Option {number}")
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _decimal(power: str) -> str:
    whole, part = divmod(int(power), 10**POWER_DECIMALS)
    return f"{whole}.{part:0{POWER_DECIMALS}d}".rstrip("0").rstrip(".")
