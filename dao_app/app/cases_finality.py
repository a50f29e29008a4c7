"""Use cases around finality: who co-signs, being a witness, handing over, electing."""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.app import views as v
from dao_app.app import views_finality as f
from dao_app.app.cases_proposals import ProposalCases
from dao_app.app.checkpoint_rows import checkpoint_row, is_online
from dao_app.app.duties import declare, term_open_to
from dao_app.app.errors import InputError, NotFound, Refused
from dao_app.app.organisation import Organisation
from dao_app.app.queries import Reader, fingerprint
from dao_app.app.recovering import Standing as RecoveryStanding
from dao_app.app.resolve import member_root
from dao_app.core.entities import Device
from dao_app.core.envelope import Action, author_key, unpack
from dao_app.core.finality.checkpoint import quorum
from dao_app.core.finality.consensus import Standing
from dao_app.core.finality.messages import parse_vote
from dao_app.core.finality.recovery import Place
from dao_app.core.keys import ACTIVATION_KEY, ELECTION_KEY, WITNESSES_KEY, device_key
from dao_app.core.rules.witnesses import SIZES
from dao_app.core.witness_entities import Activation, Election, Seat, Witnesses

EVIDENCE_ROWS_MAX = 50
NOBODY = Witnesses(0, (), (), (), 0, b"", False)


class FinalityCases(ProposalCases):
    """Part of ``app.api.Api``."""

    def finality(self, org: str) -> f.FinalityView:
        opened, reader = self._read(org)
        found = opened.org.replay.final.entity(WITNESSES_KEY)
        now = found if isinstance(found, Witnesses) else NOBODY
        standing = opened.org.witnessing.standing()
        need = quorum(max(1, len(now.seats)))
        return f.FinalityView(
            now.term,
            now.since,
            now.by_vote,
            need,
            max(0, len(now.seats) - need),
            tuple(self._seat(opened.org, reader, seat, now, standing) for seat in now.seats),
            tuple(f.CandidateView(reader.person(root), bool(key)) for root, key in now.reserve),
            None if standing is None else standing.round,
            len(now.seats) == 1 and not now.by_vote,
            _election(reader),
            term_open_to(opened.org) or 0 if opened.org.signer is not None else 0,
            opened.org.is_sole_witness() and not now.by_vote,
            standing is not None and standing.silent,
            tuple(checkpoint_row(reader, certificate) for certificate in opened.org.conflicting()),
            _rules(opened.org),
            tuple(_evidence(reader)),
            tuple(_recovery_row(reader, one) for one in opened.org.recovering.standings()),
            is_frozen(opened.org),
        )

    def _seat(
        self, org: Organisation, reader: Reader, seat: Seat, now: Witnesses, standing: Standing | None
    ) -> f.SeatView:
        root, key = seat
        here = key in org.witness_keys
        online = is_online(reader, root, here, self._ws.clock.now_ms())
        voted = ""
        if standing is not None:
            place = [k for _, k in now.seats].index(key)
            voted = "precommit" if standing.precommitted[place] else "prevote" if standing.prevoted[place] else ""
        leads = standing is not None and standing.leader == key
        return f.SeatView(reader.person(root), here, online, reader.seen(root), voted, key in now.faulty, leads)

    def witness_ready(self, org: str) -> f.FinalityView:
        opened, _ = self._read(org)
        self._need_signer(opened)
        vault = None if opened.demo else self._ws.need_vault()
        self._ws.announce(opened, [declare(opened.org, vault, self._ws.keys, self._ws.random)])
        return self.finality(org)

    def witness_move(self, org: str, member: str) -> f.FinalityView:
        opened, reader = self._read(org)
        self._write(opened, "witness.move", {"to": member_root(reader, member)})
        return self.finality(org)

    async def device_renew(self, org: str) -> f.FinalityView:
        opened, reader = self._read(org)
        self._need_signer(opened)
        if not _is_lost(opened.org, reader):
            raise Refused("device_not_frozen")
        await self._ws.entering.begin_anew(opened, ())
        return self.finality(org)

    def recovery_propose(self, org: str, members: Sequence[str], branch: str = "") -> f.FinalityView:
        opened, reader = self._read(org)
        self._need_signer(opened)
        roots = tuple(member_root(reader, name) for name in members)
        if len(roots) not in SIZES or len(set(roots)) != len(roots):
            raise Refused("reject.witness_number")
        opened.org.recovering.propose(_place(opened.org, branch), roots)
        return self.finality(org)

    def recovery_sign(self, org: str, recovery: str) -> f.FinalityView:
        opened, _ = self._read(org)
        self._need_signer(opened)
        found = opened.org.recovering.find(recovery.strip()) if recovery.strip() else None
        if found is None:
            raise NotFound("recovery_unknown", id=recovery[:40])
        opened.org.recovering.sign(found.raw)
        return self.finality(org)

    def witness_elect(self, org: str, members: Sequence[str], seats: int, title: str, text: str = "") -> v.ProposalRow:
        form = {"do": "elect_witnesses", "seats": str(seats), "candidates": list(members)}
        return self.proposal_open(org, title, text, kind="role", effects=[form])


def _place(org: Organisation, text: str) -> Place:
    """A checkpoint as people name it: HEIGHT:ID, with enough of the id to tell it from others; "" for none."""
    if not text.strip():
        return Place(0, b"")
    height, _, digits = text.strip().lower().partition(":")
    if not (height.isascii() and height.isdigit() and len(height) <= 15 and len(digits) >= 8):
        raise InputError("checkpoint_form", value=text[:80])
    known = [certificate.id for certificate in org.conflicting() if certificate.checkpoint.height == int(height)]
    record = org.store.checkpoint(int(height))
    matches = {id_ for id_ in (*known, *((record.id,) if record else ())) if id_.hex().startswith(digits)}
    if len(matches) != 1:
        raise NotFound("checkpoint_unknown", value=text[:80])
    return Place(int(height), matches.pop())


def _recovery_row(reader: Reader, one: RecoveryStanding) -> f.RecoveryRow:
    recovery = one.recovery
    return f.RecoveryRow(
        recovery.id.hex(), recovery.base.height, recovery.branch.height, recovery.branch.id.hex(),
        tuple(reader.person(root) for root in recovery.members), one.signed, one.voters, 2 * one.voters // 3 + 1,
        one.mine, one.effect_ms, one.in_effect,
    )  # fmt: skip


def is_frozen(org: Organisation) -> bool:
    return _status(org) == "frozen"


def _status(org: Organisation) -> str:
    """Of this device, "" where it is not known."""
    found = org.replay.final.entity(device_key(org.signer.public)) if org.signer is not None else None
    return found.status if isinstance(found, Device) else ""


def _is_lost(org: Organisation, reader: Reader) -> bool:
    """Has this device lost its rights? What it signed itself counts at once: nobody may tell it that this is final."""
    now = reader.state.get(device_key(org.signer.public), Device) if org.signer is not None else None
    return not {_status(org), now.status if now is not None else ""}.isdisjoint({"frozen", "revoked"})


def _election(reader: Reader) -> f.ElectionView | None:
    election = reader.state.get(ELECTION_KEY, Election)
    if election is None:
        return None
    ready = dict(election.ready)
    candidates = tuple(f.CandidateView(reader.person(root), root in ready) for root in election.ranked)
    return f.ElectionView(election.term, election.seats, candidates, election.until or None, election.by_vote)


def _rules(org: Organisation) -> tuple[int, int, int]:
    activation = org.replay.final.entity(ACTIVATION_KEY)
    return org.replay.rules(), org.replay.supported, activation.version if isinstance(activation, Activation) else 0


def _evidence(reader: Reader) -> list[f.EvidenceRow]:
    """Proofs of two histories and of two votes that had an effect, newest first."""
    rows = []
    for what, type_ in (("device", "device.fork"), ("witness", "witness.evidence")):
        for id_ in reader.org.store.of_type(type_)[-EVIDENCE_ROWS_MAX:]:
            if reader.stands(id_):
                rows.append(_evidence_row(reader, what, reader.action(id_)))
    return rows[::-1]


def _evidence_row(reader: Reader, what: str, action: Action) -> f.EvidenceRow:
    if what == "device":
        key = author_key(unpack(action.body["one"])[0])
        device = reader.state.get(device_key(key), Device)
        member = device.member if device is not None else None
    else:
        key = parse_vote(action.body["one"]).witness
        member = reader.witness_members().get(key)
    person = reader.person(member) if member is not None else None
    return f.EvidenceRow(what, person, fingerprint(key), action.id.hex(), reader.stamp(action.id).at_ms)
