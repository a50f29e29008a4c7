"""Verify everything: the whole log again from the genesis, in memory, beside what is kept.

Signatures, chains and certificates are judged anew; every checkpoint is derived anew and its roots, results
and ledgers are compared with what was certified and with what the store holds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from dao_app.app.ports import SignatureCheck, Verifier
from dao_app.app.storage import CHAIN_META
from dao_app.app.views import VerifyReport
from dao_app.core.encoding import decode, digest, encode
from dao_app.core.entities import Account, Unit, decode_entity
from dao_app.core.envelope import Action, parse_action, parse_trusted, signed_message
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import has_quorum, parse_certificate
from dao_app.core.finality.proofs import Fault, chain_from_wire, verify_chain
from dao_app.core.frontier import Cut, Under
from dao_app.core.keys import account_unit, unit_key
from dao_app.core.limits import INT_MAX
from dao_app.core.merkle import map_root
from dao_app.core.replay import Replay
from dao_app.core.state import FRONTIER_TREE, RESULTS_TREE, STATE_TREE, MemorySource, Tree
from dao_app.core.transition import InvariantBroken

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

CHUNK = 250  # signatures between two pauses: about 15 ms
Pause = Callable[[], Awaitable[None]]


async def verify_everything(
    org: Organisation, verifier: Verifier, pause: Pause, told: Callable[[int, int], None]
) -> VerifyReport:
    """Check the whole history; never raises for what it finds."""
    if not org.history.is_complete:
        return await _verify_from_snapshot(org, verifier, pause, told)
    store = org.store
    counts = store.counts()
    total = max(1, counts.actions)
    actions = bad_signatures = checkpoints = bad_checkpoints = results = ledgers = bad_ledgers = 0
    loaded: dict[bytes, Action] = {}
    replay = Replay(org.org_id, MemorySource(), lambda id_: loaded[id_], persistent=False)
    replay.recoveries = org.replay.recoveries
    done = 0
    height = 0
    while height < org.height():  # it may grow meanwhile
        height += 1
        record = store.checkpoint(height)
        if record is None:
            bad_checkpoints += 1
            break
        loaded.clear()
        for one in store.records(store.order(height)):
            actions += 1
            try:
                action = parse_action(one.payload)
            except EncodingError:
                bad_signatures += 1
                continue
            good = action.id == one.id and verifier.verify(
                SignatureCheck(action.by, signed_message(action.id), one.signature)
            )
            bad_signatures += not good
            loaded[action.id] = action
            replay.add(action, bool(one.off))
            done += 1
            if done % CHUNK == 0:
                told(done, total)
                await pause()
        checkpoints += 1
        if not _reseal(replay, record.raw, verifier):
            bad_checkpoints += 1
            break
        await pause()
    ledgers, bad_ledgers = _check_ledgers(replay.final)
    results = sum(1 for _ in replay.results.entries())
    for node in list(org.replay.pending.values()):
        stored = store.record(node.id)
        actions += 1
        if stored is None or not verifier.verify(SignatureCheck(node.by, signed_message(node.id), stored.signature)):
            bad_signatures += 1
    matches = replay.final.root == org.replay.final.root and replay.position.id == org.replay.position.id
    results_bad = int(replay.results.root != org.replay.results.root)
    told(total, total)
    ok = not (bad_signatures or bad_checkpoints or bad_ledgers or results_bad) and matches
    return VerifyReport(
        actions, bad_signatures, checkpoints, bad_checkpoints, results, results_bad, ledgers, bad_ledgers, matches, ok
    )


async def _verify_from_snapshot(
    org: Organisation, verifier: Verifier, pause: Pause, told: Callable[[int, int], None]
) -> VerifyReport:
    """While what led to a snapshot is on its way: the chain to it, the checkpoints since, every entry of the state
    under the certified roots, ledgers, and the signatures of what is here."""
    store, counts = org.store, org.store.counts()

    def signed(key: bytes, message: bytes, signature: bytes) -> bool:
        return verifier.verify(SignatureCheck(key, message, signature))

    bad_checkpoints, checkpoints = 0, 0
    genesis = org.replay.action(org.org_id)
    rows = chain_from_wire(decode(store.meta(CHAIN_META) or encode([])))
    bad_checkpoints += isinstance(verify_chain(genesis, rows, signed, None), Fault)
    signers: tuple[bytes, ...] = ()
    for record in store.checkpoints(org.history.height, org.height()):
        certificate = parse_certificate(record.raw)
        checkpoints += 1
        bad_checkpoints += bool(signers) and not has_quorum(certificate, signers, signed)
        signers = certificate.checkpoint.witnesses
        await pause()
    actions = bad_signatures = 0
    pos = -INT_MAX
    while records := store.after(pos, CHUNK):
        for one in records:
            actions += 1
            message = signed_message(one.id)
            good = digest(one.payload) == one.id and signed(one.device, message, one.signature)
            bad_signatures += not good
        pos = records[-1].pos
        told(actions, max(1, counts.actions))
        await pause()
    last = parse_certificate(store.checkpoints(org.height(), 1)[0].raw).checkpoint
    roots = [map_root(dict(store.load_tree(tree))) for tree in (STATE_TREE, RESULTS_TREE, FRONTIER_TREE)]
    matches = roots == [last.state, last.results, last.frontier]
    ledgers, bad_ledgers = _check_ledgers(org.replay.final)
    results = sum(1 for _ in org.replay.results.entries())
    missing = max(0, counts.sealed - (actions - len(org.replay.pending)))
    ok = not (bad_signatures or bad_checkpoints or bad_ledgers) and matches
    return VerifyReport(
        actions, bad_signatures, checkpoints, bad_checkpoints, results, 0, ledgers, bad_ledgers, matches, ok, missing
    )


def derive_to(org: Organisation, height: int) -> Replay:
    """The state after a checkpoint that this machine holds, derived anew in memory; nothing is judged."""
    replay = fresh_replay(org)
    for number in range(1, height + 1):
        record = org.store.checkpoint(number)
        assert record is not None
        for one in org.store.records(org.store.order(number)):
            replay.add(parse_trusted(one.id, one.payload), bool(one.off))
        certificate = parse_certificate(record.raw)
        cut = Cut(certificate.moves, certificate.extras)
        sealing = replay.under(cut)
        assert isinstance(sealing, Under)
        replay.advance(replay.seal(cut, sealing, certificate.checkpoint.time), certificate.id)
    return replay


def fresh_replay(org: Organisation) -> Replay:
    """An empty derivation of this organisation, in memory."""
    replay = Replay(org.org_id, MemorySource(), org.replay.action, persistent=False, supported=org.replay.supported)
    replay.recoveries = org.replay.recoveries
    return replay


def _reseal(replay: Replay, raw: bytes, verifier: Verifier) -> bool:
    """Derive the next checkpoint anew; True where the certificate is good and its roots come out."""
    certificate = parse_certificate(raw)
    checkpoint = certificate.checkpoint
    good = has_quorum(certificate, replay.witnesses(), lambda *check: verifier.verify(SignatureCheck(*check)))
    cut = Cut(certificate.moves, certificate.extras)
    sealing = replay.under(cut)
    if not good or not isinstance(sealing, Under) or replay.rules() > replay.supported:
        return False
    try:
        sealed = replay.seal(cut, sealing, checkpoint.time)
    except InvariantBroken:
        return False
    if sealed.checkpoint != checkpoint:
        return False
    replay.advance(sealed, certificate.id)
    return True


def _check_ledgers(final: Tree) -> tuple[int, int]:
    """Per unit: do all accounts together make the supply, and is none below zero? (units, wrong ones)"""
    sums: dict[str, int] = {}
    wrong: set[str] = set()
    supplies: dict[str, int] = {}
    for key, value in final.entries():
        if key[0] == 0x61:
            account = decode_entity(key, value)
            assert isinstance(account, Account)
            unit = account_unit(key)
            sums[unit] = sums.get(unit, 0) + account.balance
            if account.balance < 0 or account.incoming:
                wrong.add(unit)
        elif key[0] == unit_key("")[0]:
            entity = decode_entity(key, value)
            assert isinstance(entity, Unit)
            supplies[key[1:].decode()] = entity.supply
    wrong |= {unit for unit, supply in supplies.items() if sums.get(unit, 0) != supply}
    return len(supplies), len(wrong)
