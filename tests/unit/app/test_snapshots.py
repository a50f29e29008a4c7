"""Snapshots: the certified state, the tail, then the history (SYNC-4); poisoned pieces are refused (threat 27)."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from dao_app.app.history import CERTIFICATES_AT_ONCE
from dao_app.app.organisation import Organisation
from dao_app.app.proofs import make_proof, signed_by
from dao_app.app.service import Service
from dao_app.app.snapshots import Intake, served_buckets, served_head
from dao_app.app.verification import verify_everything
from dao_app.app.workspace import Workspace
from dao_app.core.encoding import digest
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import encode_certificate, encode_checkpoint, parse_certificate
from dao_app.core.finality.proofs import Proven, keys_of_balance, verify
from dao_app.core.finality.snapshot import SLOTS, Poisoned
from dao_app.core.keys import TREASURY
from dao_app.store.log import SqlStore
from tests.fakes.history import History
from tests.fakes.world import World, roots

ENOUGH = 1 << 30


async def _pause() -> None:
    await trio.lowlevel.checkpoint()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    made = History(tmp_path_factory.mktemp("history"), 9, 260)
    made.world.main.write("contribution.claim", {"title": "in the last checkpoint"})
    made.world.seal()
    made.world.main.write("contribution.claim", {"title": "not sealed yet"})
    return made


def empty(world: World, folder: Path, name: str = "empty") -> Organisation:
    """A replica that knows the organisation's id and nothing else."""
    store = SqlStore(folder / name / "log.db")
    return Organisation(world.org_id, store, world.verifier, world.clock, world.random)


def begin(source: Organisation, target: Organisation, anchor: int = 0) -> Intake:
    intake = Intake(target)
    served = served_head(source, anchor)
    assert served is not None
    intake.take_head(*served)
    return intake


def fetch(source: Organisation, intake: Intake, portion: int = 500, rounds: int = SLOTS) -> None:
    """Ask for what is missing, some slots at a time."""
    for _ in range(rounds):
        wanted = intake.wanted(portion)
        if not wanted:
            return
        assert intake.take_buckets(source.height(), served_buckets(source, wanted, 4_096)) > 0


def catch_up(source: Any, target: Organisation) -> None:
    """What a sync session does: the tail, then the history in portions."""
    idle = 0
    while idle < 3:
        mine, heads = target.heads(), source.heads()
        tail = [
            envelope for device, head in heads.items()
            for envelope in source.envelopes(device, (mine[device].seq if device in mine else 0) + 1, head.seq, ENOUGH)
        ]  # fmt: skip
        before = (target.store.counts().actions, target.height(), target.store.first_height())
        trio.run(target.admit_certificates, source.certificates(target.height() + 1, ENOUGH))
        trio.run(target.admit, tail)
        ranges, ids, certificates = target.history.wants(100, 40)
        for device, first, last in ranges:
            trio.run(target.admit, source.envelopes(device, first, last, ENOUGH))
        trio.run(target.admit, source.envelopes_of(ids, ENOUGH))
        if certificates:
            trio.run(target.admit_certificates, source.certificates(certificates, ENOUGH))
        same = before == (target.store.counts().actions, target.height(), target.store.first_height())
        idle = idle + 1 if same else 0


def fill(org: Organisation) -> bool:
    return trio.run(org.history.fill, _pause, lambda done, total: None)


def test_a_snapshot_gives_the_state_then_the_tail_then_the_history(history: History, tmp_path: Path) -> None:
    main, org = history.world.main, empty(history.world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake)
    assert intake.is_complete and intake.progress[0] == intake.progress[1] > 0
    assert org.height() == 0, "nothing takes effect before it is whole"
    intake.install()
    assert roots(org) == roots(main) and org.store.counts().actions == 1
    assert org.heads().keys() == main.heads().keys()
    assert not org.history.is_complete
    report = trio.run(verify_everything, org, org.verifier, _pause, lambda done, total: None)
    assert report.ok and report.missing == main.store.counts().sealed - 1, "only the genesis is here"
    proof = make_proof(org, "balance", keys_of_balance(TREASURY, "GLD"))
    assert isinstance(verify(proof, signed_by(history.world.verifier), org.org_id), Proven)
    assert org.certificates(1, ENOUGH) == [] and org.certificates(org.height() + 1, ENOUGH) == []
    catch_up(main, org)
    assert org.replay.provisional_root() == main.replay.provisional_root() and org.heads() == main.heads()
    assert org.history.is_fetched
    assert fill(org) and org.history.is_complete and not org.conflict
    same_as(org, main)
    again = Organisation(org.org_id, org.store, history.world.verifier, history.world.clock, history.world.random)
    assert roots(again) == roots(main) and again.history.is_complete


def same_as(org: Organisation, main: Organisation) -> None:
    """Everything that a replica with the whole history has, it has too."""
    assert [r.raw for r in org.store.checkpoints(1, 1_000)] == [r.raw for r in main.store.checkpoints(1, 1_000)]
    for height in range(1, main.height() + 1):
        ids = main.store.order(height)
        assert org.store.order(height) == ids and org.store.verdicts(ids) == main.store.verdicts(ids)
    mine, theirs = (sorted(o.store.postings(100_000)) for o in (org, main))
    assert mine == theirs
    assert org.store.counts().actions == main.store.counts().actions
    assert org.store.counts().sealed == main.store.counts().sealed
    for kind in ("task.open", "proposal.open", "contribution.claim"):
        assert set(org.store.of_type(kind)) == set(main.store.of_type(kind))
        for id_ in main.store.of_type(kind):
            assert {r.id for r in org.store.about(id_)} == {r.id for r in main.store.about(id_)}
    report = trio.run(verify_everything, org, org.verifier, _pause, lambda done, total: None)
    assert report.ok and report.checkpoints == main.height()
    assert org.certificates(1, ENOUGH) == main.certificates(1, ENOUGH)


def test_it_goes_on_where_it_stopped_and_follows_a_state_that_moves(tmp_path: Path) -> None:
    """Chunks that were checked are kept over a restart and over checkpoints that come meanwhile."""
    made = History(tmp_path / "history", 3, 120)
    world, main = made.world, made.world.main
    org = empty(world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake, portion=2, rounds=10)
    intake.keep()
    kept = intake.progress[0]
    assert 0 < kept < intake.progress[1]
    org.store.close()
    org = empty(world, tmp_path)
    intake = Intake(org)
    assert intake.height == 0 and not intake.is_complete
    main.write("contribution.claim", {"title": "meanwhile"})
    world.seal()
    served = served_head(main, 0)
    assert served is not None
    intake.take_head(*served)
    have, total = intake.progress
    assert kept - 12 <= have < total, "only what changed is lost"
    main.write("contribution.claim", {"title": "and again"})
    world.seal()
    before = intake.height
    fetched = intake.take_buckets(main.height(), served_buckets(main, intake.wanted(SLOTS), ENOUGH))
    assert fetched > 0 and not intake.is_complete, "what changed does not fit, and is no poison: the peer has moved on"
    served = served_head(main, 0)
    assert served is not None
    intake.take_head(*served)
    assert intake.height == before + 1
    fetch(main, intake)
    intake.install()
    assert roots(org) == roots(main)
    catch_up(main, org)
    assert fill(org)
    same_as(org, main)


def test_every_bit_of_a_snapshot_is_bound_by_the_certificate(history: History, tmp_path: Path) -> None:
    main, org = history.world.main, empty(history.world, tmp_path)
    served = served_head(main, 2)
    assert served is not None
    head, parts = served
    rng, certified = random.Random(27), main.replay.position.id
    for raw in (head, *parts):
        for _ in range(150):
            changed, intake = bytearray(raw), Intake(org)
            changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
            given = [bytes(changed) if one is raw else one for one in (head, *parts)]
            try:
                intake.take_head(given[0], tuple(given[1:]))
            except (Poisoned, EncodingError):
                assert intake.head is None
            else:  # what no signature covers: the list of moves, which the history shows to be right
                assert raw is head and intake.head is not None and intake.head.certificate.id == certified
    intake = Intake(org)
    with pytest.raises(Poisoned):
        intake.take_head(head, parts[::-1])
    intake.take_head(head, parts)
    buckets = list(served_buckets(main, intake.wanted(SLOTS), ENOUGH))
    for slot, raw in rng.sample(buckets, 40):
        changed = bytearray(raw)
        changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        with pytest.raises((Poisoned, EncodingError)):
            intake.take_buckets(main.height(), [(slot, bytes(changed))])
        with pytest.raises(Poisoned):
            intake.take_buckets(main.height(), [(slot, b"\x80")])
    for slot in (-1, SLOTS, 5 * SLOTS):
        with pytest.raises(Poisoned):
            intake.take_buckets(main.height(), [(slot, buckets[0][1])])
    assert intake.progress[0] == 0 and org.store.staged() == {}, "nothing of it was kept"
    fetch(main, intake)
    intake.install()
    assert roots(org) == roots(main)


def test_the_chain_of_a_snapshot_must_pass_the_invitations_anchor(history: History, tmp_path: Path) -> None:
    main, world = history.world.main, history.world
    record = main.store.checkpoint(3)
    assert record is not None
    org = empty(world, tmp_path)
    org.set_anchor(3, record.id)
    for anchor in (0, 2):
        with pytest.raises(Poisoned, match="anchor"):
            begin(main, org, anchor)
    assert begin(main, org, 3).height == main.height()
    org = empty(world, tmp_path, "other")
    org.set_anchor(3, bytes(32))
    with pytest.raises(Poisoned, match="anchor"):
        begin(main, org, 3)
    assert served_head(main, main.height() + 1) is None
    assert served_head(empty(world, tmp_path, "third"), 0) is None


def test_history_that_nothing_certified_leads_to_is_not_taken(history: History, tmp_path: Path) -> None:
    """Neither actions that no head leads to yet, nor with a wrong signature, nor certificates out of line."""
    main, org = history.world.main, empty(history.world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake)
    intake.install()
    device, head = max(main.heads().items(), key=lambda row: row[1].seq)
    chain = main.envelopes(device, 1, head.seq, ENOUGH)
    sealed = org.replay.sealed[device][0]
    before = org.store.counts().actions
    report = trio.run(org.admit, chain[1 : sealed - 2])
    assert org.store.counts().actions == before and not report.refused and not org.evidence
    forged = chain[sealed - 1][:-1] + bytes([chain[sealed - 1][-1] ^ 1])
    assert trio.run(org.admit, [forged]).refused == {"signature": 1}
    assert org.store.counts().actions == before
    certificates = main.certificates(1, ENOUGH)
    trio.run(org.admit_certificates, certificates[: main.height() - 3])
    assert org.store.first_height() == org.height(), "not before the one that names it is here"
    trio.run(org.admit_certificates, certificates[-4:])
    assert org.store.first_height() == org.height() - 2, "of the lowest one it is not known who signs it"
    assert CERTIFICATES_AT_ONCE > 4
    trio.run(org.admit, chain[:sealed])
    assert org.store.counts().actions == before + sealed - (1 if device == history.world.founder.device.public else 0)


def test_a_tail_that_hangs_on_old_actions_waits_for_them_only(tmp_path: Path) -> None:
    """Somebody was away: the action names one from before the snapshot, deep in another device's chain."""
    world = World(tmp_path / "world")
    world.seal()
    person, ann = world.add_member()
    world.everywhere()
    for number in range(30):
        world.main.write("contribution.claim", {"title": f"number {number}"})
        if number == 10:
            world.everywhere()  # Ann hears of the eleventh, then is away
        if number % 5 == 4:
            world.seal()
    late = ann.write("contribution.claim", {"title": "written while away"})
    main = world.main
    org = empty(world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake)
    intake.install()
    world.sync(ann, main)
    assert late.id in main.replay.pending
    catch_up(main, org)
    assert late.id in org.replay.pending, "its parent came with the history"
    world.seal()
    catch_up(main, org)
    assert roots(org) == roots(main)
    assert person.device.public in org.heads() and fill(org)
    same_as(org, main)


def test_moves_that_were_changed_on_the_way_are_found_out_and_asked_again(history: History, tmp_path: Path) -> None:
    """No signature covers the list of moves: the frontier root does, when the history is derived."""
    main, world = history.world.main, history.world
    for which in ("last", "past"):
        org = empty(world, tmp_path, which)
        intake = begin(main, org)
        fetch(main, intake)
        intake.install()
        certificates = [parse_certificate(raw) for raw in main.certificates(1, ENOUGH)]
        height = org.height() if which == "last" else next(
            c.checkpoint.height for c in reversed(certificates[:-1]) if len(c.moves) > 1
        )
        good = certificates[height - 1]
        changed = encode_certificate(encode_checkpoint(good.checkpoint), good.precommits, good.moves[1:], good.extras)
        if which == "last":
            org.store.replace_certificate(height, changed)
        catch_up(Changed(main, height, changed), org)
        assert org.history.is_fetched and not fill(org) and not org.history.is_fetched
        assert org.certificates(1, ENOUGH) == [], "what did not come out is not passed on"
        catch_up(main, org)
        assert org.history.is_fetched and fill(org)
        same_as(org, main)


class Changed:
    """A peer that changes the moves of one certificate."""

    def __init__(self, source: Organisation, height: int, raw: bytes) -> None:
        self._source, self._height, self._raw = source, height, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def certificates(self, first: int, max_bytes: int) -> list[bytes]:
        found = self._source.certificates(first, max_bytes)
        if 0 <= self._height - first < len(found):
            found[self._height - first] = self._raw
        return found


def test_losing_branches_are_part_of_the_history(tmp_path: Path) -> None:
    """A forged device has two histories, and honest work hangs on the losing one: the snapshot's history has both."""
    world = World(tmp_path / "world")
    world.add_member()
    _, victim = world.add_member()
    world.everywhere()
    device, main = world.people[1].device, world.main
    head, branches = victim.heads()[device.public], []
    for title in ("one", "two"):
        payload = build_payload(
            world.org_id, device.public, head.seq + 1, head.digest, (), world.clock.now, "contribution.claim",
            {"title": title},
        )  # fmt: skip
        branches.append(pack(payload, device.sign(signed_message(digest(payload)))))
    victim.admit_now([branches[0]])
    work = victim.write("contribution.claim", {"title": "honest work"})
    main.admit_now([branches[1]])
    world.seal()
    main.admit_now(victim.envelopes(world.people[2].device.public, 1, 99, ENOUGH))
    main.admit_now(victim.envelopes_of(main.missing_ids(10), ENOUGH))
    world.seal()
    main.write("contribution.claim", {"title": "afterwards"})
    world.seal()
    assert any(parse_certificate(raw).extras for raw in main.certificates(1, ENOUGH))
    org = empty(world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake)
    intake.install()
    assert {gap.off for gap in org.store.gaps(100)} == {0, 2}
    catch_up(main, org)
    assert org.history.is_fetched and fill(org)
    same_as(org, main)
    assert org.store.verdict(work.id) is None and roots(org) == roots(main)


def test_people_see_the_state_while_its_history_is_on_the_way(history: History, tmp_path: Path) -> None:
    """Who is a member, who may what and what anybody has is there at once; nothing fails meanwhile."""
    main, world = history.world.main, history.world
    org = empty(world, tmp_path)
    intake = begin(main, org)
    fetch(main, intake)
    intake.install()
    desks = [Desk(world, one) for one in (org, main)]
    mine, theirs = ([row.person.id for row in desk.member_list("")] for desk in desks)
    assert mine == theirs and len(mine) > 2
    mine, theirs = ([(row.person.id, row.permission) for row in desk.permission_list("")] for desk in desks)
    assert mine == theirs
    mine, theirs = ([row.available_minor for row in desk.token_balance("", "all")] for desk in desks)
    assert mine == theirs
    for method in ("task_list", "proposal_list", "contribution_list", "token_ledger", "log_list", "trust", "org_show"):
        getattr(desks[0], method)("")


class Desk(Service):
    """The use cases of the founder over one replica."""

    def __init__(self, world: World, org: Organisation) -> None:
        opened = SimpleNamespace(
            org=org, member=world.founder.root.public, online=False, demo=False, join=None, waits_since_ms=None
        )
        self._ws = cast(Workspace, SimpleNamespace(
            member_in=lambda opened: opened.member, locking=SimpleNamespace(used=lambda: None),
            find=lambda name: opened, network=None, clock=world.clock, unsent={}, vault=object(), opened={},
            member=lambda: world.founder.root.public, verifier=world.verifier,
        ))  # fmt: skip
