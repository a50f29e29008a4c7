"""What a proof file says, as a view: read from the proof alone, so that it works without the organisation's log."""

from __future__ import annotations

from dao_app.app import views_proofs as p
from dao_app.app.queries import PARTIES
from dao_app.core.encoding import digest, power_from_wire
from dao_app.core.entities import Account, NotarisedFile, Proposal, Result, Unit
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE
from dao_app.core.finality.proofs import Fault, Proof, Proven
from dao_app.core.keys import account_unit

_STEPS = {PREVOTE: "prevotes", PRECOMMIT: "precommits"}


def proof_view(proof: Proof, raw: bytes, found: Proven | Fault, wanted: bytes | None = None) -> p.ProofView:
    """``wanted``: SHA-256 of the file that a proof of a file must be about."""
    org, mark = proof.org.hex(), digest(raw).hex()
    if isinstance(found, Fault):
        return p.ProofView(False, found.value, proof.kind, org, "", mark, 0, 0, "", 0, 0, 0, False)
    last = found.last
    view = p.ProofView(
        True, "", proof.kind, org, found.genesis.body["name"], mark,
        last.checkpoint.height if last else 0, last.checkpoint.time if last else 0, last.id.hex() if last else "",
        found.witnesses, found.quorum, found.retired, found.anchored,
        _result(proof), _balance(proof), _file(proof), _evidence(found),
    )  # fmt: skip
    if wanted is not None and (view.file is None or view.file.hash != wanted.hex()):
        return p.ProofView(False, "other_file", proof.kind, org, view.name, mark, 0, 0, "", 0, 0, 0, False)
    return view


def _result(proof: Proof) -> p.ResultPart | None:
    if proof.kind != "result":
        return None
    result, proposal = (entry.entity() for entry in proof.entries)
    assert isinstance(result, Result) and isinstance(proposal, Proposal)  # ``verify`` has looked
    return p.ResultPart(
        result.number, proposal.title, proposal.kind, result.method, result.options, result.scores, result.winners,
        result.tie, result.outcome, result.voted, proposal.voters, _power(result.valid_power),
        _power(result.electorate_power), result.closed, proof.entries[0].key[1:].hex(),
    )


def _power(value: int | bytes) -> str:
    return str(power_from_wire(value) or 0)


def _balance(proof: Proof) -> p.BalancePart | None:
    if proof.kind != "balance":
        return None
    account, unit = (entry.entity() for entry in proof.entries)
    assert isinstance(account, Account) and isinstance(unit, Unit)
    key = proof.entries[0].key
    kind = "member" if key[1:2] == b"m" else PARTIES.get(key[1:2], "escrow")
    id_ = "" if kind == "treasury" else key[2:34].hex()
    return p.BalancePart(kind, id_, account_unit(key), account.balance, unit.decimals)


def _file(proof: Proof) -> p.FilePart | None:
    if proof.kind != "file":
        return None
    found = proof.entries[0].entity()
    assert isinstance(found, NotarisedFile)
    hash_ = proof.entries[0].key[1:].hex()
    return p.FilePart(hash_, found.size, found.member.hex(), found.action.hex(), found.height)


def _evidence(found: Proven) -> p.EvidencePart | None:
    if found.actions:
        one, two = found.actions
        return p.EvidencePart("fork", one.by.hex(), one.seq, one.id.hex(), two.id.hex())
    if found.votes:
        first, second = found.votes
        ids = [(vote.id or b"").hex() for vote in (first, second)]
        return p.EvidencePart(_STEPS[first.step], first.witness.hex(), first.height, ids[0], ids[1], first.round)
    return None
