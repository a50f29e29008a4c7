"""Bundles: a whole organisation as one file (SYNC-2), and what hostile files do: nothing (threat 30)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from dao_app.app import views_proofs as p
from dao_app.app.bundles import PART_BYTES
from dao_app.app.cases_bundles import BundleCases
from dao_app.app.errors import GuildhallError, InputError, NotFound, StorageError
from dao_app.app.organisation import Organisation
from dao_app.app.workspace import Workspace
from dao_app.core.encoding import Link, digest, encode
from dao_app.core.errors import EncodingError
from dao_app.core.finality.bundle import BundleReader, Manifest, Page, encode_manifest, encode_page
from dao_app.core.finality.car import BLOCK_BYTES_MAX, DAG_CBOR, RAW, Reader, block, header
from dao_app.core.finality.recovery import Place
from tests.fakes.history import History
from tests.fakes.world import World, roots
from tests.unit.app import test_snapshots as snapshots


async def _pause() -> None:
    await trio.lowlevel.checkpoint()


class Desk(BundleCases):
    """A folder with these organisations open."""

    def __init__(self, *orgs: Organisation) -> None:
        opened = {org.org_id: SimpleNamespace(org=org) for org in orgs}
        self.steps: list[tuple[str, int, int]] = []
        self.shared: set[bytes] = set()  # contents that linked peers are told of
        self._ws = cast(Workspace, SimpleNamespace(
            opened=opened, find=lambda name: next(iter(opened.values())), pause=_pause,
            progress=lambda *step: self.steps.append(step),
            announce=lambda opened, actions, contents: self.shared.update(contents),
        ))  # fmt: skip

    def export(self, path: Path) -> p.BundleView:
        return trio.run(self.bundle_export, "", str(path))

    def inspect(self, path: Path) -> p.BundleView:
        return trio.run(self.bundle_inspect, str(path))

    def merge(self, path: Path) -> p.BundleMerged:
        return trio.run(self.bundle_import, str(path))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(tmp_path_factory.mktemp("history"), 7, 160)


@pytest.fixture(scope="module")
def bundle(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "org.car"
    Desk(history.world.main).export(path)
    return path


def fresh(history: History, folder: Path) -> Organisation:
    """An empty replica that knows no more than the organisation's id and genesis."""
    return history.world.replica(name=f"{folder.name}-{history.world.random.token(4).hex()}")


def test_a_bundle_brings_everything_and_is_looked_at_before(history: History, bundle: Path, tmp_path: Path) -> None:
    main, other = history.world.main, fresh(history, tmp_path)
    counts = main.store.counts()
    before = roots(other)
    view = Desk(other).inspect(bundle)
    assert (view.org, view.name, view.yours, view.height) == (main.org_id.hex(), "Example Works", True, main.height())
    assert (view.actions, view.certificates, view.members) == (counts.actions, main.height(), 4)
    assert (view.actions_new, view.certificates_new) == (counts.actions - 1, main.height())
    assert view.size == bundle.stat().st_size and view.problems == ()
    assert roots(other) == before, "looking changes nothing"
    desk = Desk(other)
    merged = desk.merge(bundle)
    assert merged.stored == counts.actions - 1 and merged.height == main.height() and not merged.refused
    assert roots(other) == roots(main) and other.replay.provisional_root() == main.replay.provisional_root()
    assert len(other.store.contents(b"", 10_000)) == len(main.store.contents(b"", 10_000)) == merged.contents > 0
    assert desk.shared == set(other.store.contents(b"", 10_000)), "linked peers may want them"
    assert {job for job, _, _ in desk.steps} == {"inspect", "import"}
    again = Desk(other).inspect(bundle)
    assert (again.actions_new, again.certificates_new, again.contents_new) == (0, 0, 0)
    assert Desk(other).merge(bundle).stored == 0
    second = tmp_path / "second.car"
    Desk(other).export(second)
    assert second.read_bytes() == bundle.read_bytes(), "equal logs make equal bundles"
    assert second.stat().st_mode & 0o777 == 0o600


def test_two_members_merge_by_stick_what_they_wrote_apart(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    world.seal()
    _, ann = world.add_member()
    world.everywhere()
    ann.write("contribution.claim", {"title": "offline"})
    stick = tmp_path / "stick.car"
    Desk(ann).export(stick)
    world.main.write("contribution.claim", {"title": "meanwhile"})
    merged = Desk(world.main).merge(stick)
    assert (merged.stored, merged.checkpoints) == (1, 0)
    world.seal()
    Desk(world.main).export(stick)
    assert Desk(ann).merge(stick).checkpoints == 1
    assert roots(ann) == roots(world.main)


def test_a_bundle_brings_the_recovery_by_which_it_goes_on(tmp_path: Path) -> None:
    """The sole witness is gone; three of four members name another. Who hears by stick waits as long as they."""
    world = World(tmp_path / "world", charter={"recovery_delay_ms": 60_000})
    orgs = [world.main, *(world.add_member()[1] for _ in range(3))]
    world.everywhere()
    last = Place(world.main.height(), world.main.replay.position.id)
    recovery = orgs[1].recovering.propose(last, (world.people[2].root.public,))
    for org in orgs[2:]:
        org.hear(list(orgs[1].recovering.objects().values()))
        org.recovering.sign(recovery.raw)
    for _ in range(2):
        for org in orgs[2:]:
            orgs[2].hear(list(org.recovering.objects().values()))
        orgs[2].recovering.tick()
        world.clock.forward(60_000)
    orgs[2].write("contribution.claim", {"title": "And on it goes"})
    assert orgs[2].seal() is not None
    stick = tmp_path / "stick.car"
    Desk(orgs[2]).export(stick)
    assert Desk(world.main).inspect(stick).problems == ()
    merged = Desk(world.main).merge(stick)
    assert (merged.checkpoints, merged.refused) == (0, {"certificate": 1})
    assert [standing.signed for standing in world.main.recovering.standings()] == [3]
    world.clock.forward(60_000)
    world.main.recovering.tick()
    assert Desk(world.main).merge(stick).checkpoints == 1
    assert roots(world.main) == roots(orgs[2])


def test_who_has_a_snapshot_alone_writes_no_bundle(history: History, tmp_path: Path) -> None:
    main, late = history.world.main, snapshots.empty(history.world, tmp_path)
    intake = snapshots.begin(main, late)
    snapshots.fetch(main, intake)
    intake.install()
    assert not late.history.is_complete
    with pytest.raises(InputError, match="bundle_incomplete"):
        Desk(late).export(tmp_path / "half.car")
    assert not (tmp_path / "half.car").exists()


def test_a_bundle_of_an_organisation_that_is_not_here_says_what_to_do(bundle: Path, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    desk = Desk(other.main)
    view = desk.inspect(bundle)
    assert not view.yours and view.actions_new == view.actions
    with pytest.raises(NotFound, match="bundle_of_unknown"):
        desk.merge(bundle)
    with pytest.raises(InputError):
        trio.run(desk.bundle_inspect, "relative.car")
    with pytest.raises(InputError):
        desk.inspect(tmp_path / "gone.car")
    with pytest.raises(StorageError):
        Desk(other.main).export(tmp_path / "no" / "folder.car")
    assert list(tmp_path.glob("*.new")) == []


# -- hostile files -------------------------------------------------------------------------------
def refusal(org: Organisation, path: Path) -> str:
    """The code with which a file is refused; what is here stays as it was, whatever the file says."""
    before, heads = roots(org), dict(org.heads())
    code = ""
    for step in (Desk(org).inspect, Desk(org).merge):
        try:
            step(path)
        except GuildhallError as error:
            code = error.code
    assert roots(org) == before and org.heads() == heads
    return code


def test_every_changed_bit_is_noticed_before_anything_is_merged(
    history: History, bundle: Path, tmp_path: Path
) -> None:
    raw, org, path = bundle.read_bytes(), fresh(history, tmp_path), tmp_path / "bad.car"
    rng = random.Random(30)
    for _ in range(60):
        changed = bytearray(raw)
        changed[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        assert refusal(org, path) in ("bundle_unreadable", "bundle_damaged")
    for size in (0, 1, 40, 60, len(raw) // 3, len(raw) - 1):
        path.write_bytes(raw[:size])
        assert refusal(org, path) in ("bundle_unreadable", "bundle_damaged")
    path.write_bytes(raw + block(RAW, b"more"))
    assert refusal(org, path) == "bundle_damaged"
    path.write_bytes(raw + b"\x01")
    assert refusal(org, path) == "bundle_damaged"


def car(*blocks: tuple[int, bytes]) -> bytes:
    return header(digest(blocks[0][1])) + b"".join(block(codec, data) for codec, data in blocks)


def made(history: History, page: Page, *blocks: tuple[int, bytes], **changes: Any) -> bytes:
    raw = encode_page(page)
    manifest = Manifest(history.world.org_id, 0, None, (digest(raw),))._replace(**changes)
    return car((DAG_CBOR, encode_manifest(manifest)), (DAG_CBOR, raw), *blocks)


def test_files_that_are_no_bundle_are_refused(history: History, tmp_path: Path) -> None:
    org, path = fresh(history, tmp_path), tmp_path / "bad.car"
    payload, signature = history.world.genesis[:5], bytes(64)
    row = (digest(b"x"), signature)
    text = encode({"v": 1})
    for name, raw, code in (
        ("text", b"hello, this is no archive", "bundle_unreadable"),
        ("endless varint", b"\xff" * 64, "bundle_unreadable"),
        ("long varint", b"\x80\x80\x80\x80\x01", "bundle_unreadable"),
        ("varint not minimal", b"\xba\x00" + b"\x00" * 80, "bundle_unreadable"),
        ("huge header", b"\xff\xff\x7f" + b"\xa0" * 200, "bundle_unreadable"),
        ("other root", header(digest(b"other")) + block(DAG_CBOR, text), "bundle_unreadable"),
        ("no manifest", car((DAG_CBOR, text)), "bundle_unreadable"),
        ("raw manifest", header(digest(text)) + block(RAW, text), "bundle_unreadable"),
        ("action missing", made(history, Page((row,), (), ())), "bundle_damaged"),
        ("another block", made(history, Page((row,), (), ()), (DAG_CBOR, b"y")), "bundle_damaged"),
        ("no payload", made(history, Page(((digest(payload), signature),), (), ()), (DAG_CBOR, payload)),
         "bundle_damaged"),
        ("content as dag-cbor", made(history, Page((), (), (digest(b"c"),)), (DAG_CBOR, b"c")), "bundle_damaged"),
        ("huge block", car((DAG_CBOR, encode_manifest(Manifest(history.world.org_id, 0, None, ()))))
         + b"\xff\xff\xff\x7f", "bundle_damaged"),
        ("empty page", made(history, Page((), (), ())), "bundle_damaged"),
    ):  # fmt: skip
        path.write_bytes(raw)
        assert refusal(org, path) == code, name


def test_a_bundle_with_wrong_signatures_or_made_up_checkpoints_brings_nothing(
    history: History, bundle: Path, tmp_path: Path
) -> None:
    """The file is whole, so it can be merged; but each part is judged like what a peer sends."""
    org, path = fresh(history, tmp_path), tmp_path / "forged.car"
    reader = BundleReader([bundle.read_bytes()])
    blocks: list[tuple[int, bytes]] = []
    pages = []
    for page in reader.pages():
        forged = Page(
            tuple((digest(payload), bytes(64)) for payload, _ in page.actions),
            tuple(digest(raw) for raw in page.certificates), (),
        )  # fmt: skip
        if not forged.actions and not forged.certificates:
            continue
        raw = encode_page(forged)
        pages.append(digest(raw))
        parts = [raw, *page.certificates, *(payload for payload, _ in page.actions)]
        blocks += [(DAG_CBOR, part) for part in parts]
    manifest = encode_manifest(reader.manifest._replace(pages=tuple(pages)))
    path.write_bytes(car((DAG_CBOR, manifest), *blocks))
    merged = Desk(org).merge(path)
    assert merged.stored == 0 and set(merged.refused) == {"signature"}
    assert merged.height == 1, "the first checkpoint seals nothing but the genesis, and its certificate is genuine"


def test_what_does_not_fit_is_told_in_the_preview(history: History, bundle: Path, tmp_path: Path) -> None:
    org, path = fresh(history, tmp_path), tmp_path / "odd.car"
    reader = BundleReader([bundle.read_bytes()])
    page = next(reader.pages())
    late = page.actions[-3:]
    rows = Page(tuple((digest(payload), signature) for payload, signature in late), (), ())
    path.write_bytes(made(history, rows, *((DAG_CBOR, payload) for payload, _ in late)))
    assert "parents_missing" in Desk(org).inspect(path).problems
    path.write_bytes(
        made(history, rows, *((DAG_CBOR, payload) for payload, _ in late), height=3, head=bytes(32))
    )
    assert "head_differs" in Desk(org).inspect(path).problems
    path.write_bytes(made(history, rows, *((DAG_CBOR, payload) for payload, _ in late), org=bytes(32)))
    assert "other_organisation" in Desk(org).inspect(path).problems
    twin = World(tmp_path / "twin", 7)  # the founder's keys in a second place, sealing another history
    assert twin.org_id == org.org_id and Desk(twin.main).inspect(bundle).problems == ()
    twin.seal(77)
    assert Desk(twin.main).inspect(bundle).problems == ("contradicts",)
    Desk(twin.main).merge(bundle)
    assert twin.main.conflict == "1", "two certified checkpoints at one height stop everything, wherever they come from"


def test_a_car_reader_takes_any_parts(history: History, bundle: Path) -> None:
    raw = bundle.read_bytes()

    def split(size: int) -> Callable[[], list[bytes]]:
        return lambda: [raw[n : n + size] for n in range(0, len(raw), size)]

    whole = list(Reader([raw]).blocks())
    assert len(raw) < PART_BYTES < BLOCK_BYTES_MAX
    for size in (1, 7, 4_096):
        assert list(Reader(split(size)()).blocks()) == whole
    assert Reader([b"", raw[:3], b"", raw[3:]]).root == Reader([raw]).root
    with pytest.raises(EncodingError):
        Reader([encode({"roots": [Link(bytes(32))], "version": 1})])
