"""Attached files: taken apart, fetched on demand, bounded, saved, let go, erased (threats 18, 30)."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dao_app.app.admission import content_hash
from dao_app.app.cases_attachments import AttachmentCases
from dao_app.app.cases_tasks import TaskCases
from dao_app.app.errors import InputError, NotFound, Refused, StorageError
from dao_app.app.file_keeping import FileKeeping
from dao_app.app.organisation import Organisation
from dao_app.app.workspace import Opened, Workspace
from dao_app.core.attachment import CHUNK_BYTES, FILE_BYTES_MAX, Attachment, encode_attachment
from dao_app.core.encoding import Link
from tests.fakes.world import Person, World

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def no_pause() -> None:
    return


class Desk(AttachmentCases, TaskCases):
    """The use cases of one member's replica."""

    def __init__(self, world: World, org: Organisation, person: Person) -> None:
        self.opened = Opened(org, member=person.root.public)
        self.profile: dict[str, Any] = {}
        self.asked = 0
        home = SimpleNamespace(load_profile=lambda: self.profile, save_profile=self.profile.update)
        self._ws = cast(Workspace, SimpleNamespace(
            member_in=lambda opened: opened.member, locking=SimpleNamespace(used=lambda: None),
            find=lambda name: self.opened, network=None, clock=world.clock, unsent={}, vault=object(), home=home,
            announce=lambda *told: None, member=lambda: person.root.public, verifier=world.verifier,
            random=world.random, pause=no_pause, opened={org.org_id: self.opened}, mark=lambda org_id, topics: None,
        ))  # fmt: skip
        self._ws.files = FileKeeping(self._ws)

    def attach(self, path: Path, target: str = "T-1") -> Any:
        return asyncio.run(self.attachment_add("", target, str(path)))

    def save(self, attachment: str, path: Path) -> Path:
        return Path(asyncio.run(self.attachment_save("", attachment, str(path))))


class Two:
    """The founder's desk and a member's; content goes over only as the member asks for it."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        person, org = self.world.add_member()
        self.founder = Desk(self.world, self.world.main, self.world.founder)
        self.member = Desk(self.world, org, person)
        self.founder._write(self.founder.opened, "task.open", {
            "title": "Work", "unit": "GLD", "amount": 5, "payer": b"o", "lifetime": 0,
        })  # fmt: skip
        self.meet()

    def meet(self) -> None:
        """Actions go over, and texts; what was not asked for does not."""
        self.world.everywhere()
        self.world.seal()
        self.world.everywhere()

    def carry(self, most: int = 10_000) -> int:
        """Wanted content goes over, at most so much; returns how much did."""
        one, two = self.founder.opened.org, self.member.opened.org
        blobs = [blob for hash_ in two.wanted_content(b"", most) if (blob := one.content(hash_)) is not None]
        return sum(two.add_content(blob) for blob in blobs)


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path / "world")


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "plan.bin"
    path.write_bytes(b"\0" + bytes(range(256)) * (CHUNK_BYTES * 2 // 256) + b"end")
    return path


def test_a_file_goes_over_when_somebody_asks(two: Two, large: Path, tmp_path: Path) -> None:
    view = two.founder.attach(large)
    assert (view.file.name, view.file.size, view.file.state) == ("plan.bin", large.stat().st_size, "here")
    two.meet()
    assert two.carry() == 0, "the list of chunks alone went over"
    (comment,) = two.member.task_show("", "T-1").comments
    assert comment.file is not None and (comment.file.state, comment.file.can) == ("absent", ("fetch",))
    with pytest.raises(InputError, match="attachment_not_here"):
        two.member.save(view.id, tmp_path / "x")
    assert two.member.attachment_fetch("", view.id).file.state == "coming"
    assert two.carry(1) == 1
    coming = two.member.attachment_list("").rows[0].file
    assert (coming.state, coming.here) == ("coming", CHUNK_BYTES)
    stopped = two.member.attachment_stop("", view.id).file
    assert (stopped.state, stopped.here, two.carry()) == ("partial", CHUNK_BYTES, 0), "what is here stays"
    two.member.attachment_fetch("", view.id)
    assert two.carry() == 2
    assert two.member.save(view.id, tmp_path / "got").read_bytes() == large.read_bytes()


def test_it_is_saved_whole_for_its_owner_alone_and_never_over_another(two: Two, large: Path, tmp_path: Path) -> None:
    view = two.founder.attach(large)
    place = two.founder.save(view.id, tmp_path / "copy.bin")
    assert place.read_bytes() == large.read_bytes() and place.stat().st_mode & 0o177 == 0
    with pytest.raises(InputError, match="file_exists"):
        two.founder.save(view.id, tmp_path / "copy.bin")
    folder = tmp_path / "folder"
    folder.mkdir()
    assert two.founder.save(view.id, folder) == folder / "plan.bin"


@pytest.mark.parametrize("label", ["../../evil", "/etc/passwd", "CON", "a\0b", "x" * 255])
def test_a_name_is_a_label(two: Two, tmp_path: Path, label: str) -> None:
    """A peer may write any name into the list."""
    org, random = two.founder.opened.org, two.world.random
    chunk = random.token(32) + b"data"
    listed = random.token(32) + encode_attachment(Attachment(label, "t", 4, ((content_hash(chunk), 4),)))
    hash_ = content_hash(listed)
    org.store.put_chunk(hash_, 0, content_hash(chunk), chunk, 4)
    text = {"hash": hash_, "size": len(listed) - 32, "kind": "file"}
    action = org.write("comment.add", {"on": Link(org.store.of_type("task.open")[0]), "text": text}, [listed])
    folder = tmp_path / "saved"
    folder.mkdir()
    place = two.founder.save(action.id.hex(), folder)
    assert place.parent == folder and place.read_bytes() == b"data"
    assert [p for p in tmp_path.iterdir() if p.name not in ("world", "saved")] == []


def test_what_is_too_large_or_empty_or_missing_is_not_attached(two: Two, tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    with pytest.raises(InputError, match="attachment_large"):
        two.founder.attach(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="attachment_empty"):
        two.founder.attach(path)
    with pytest.raises(InputError, match="file_unreadable"):
        two.founder.attach(tmp_path / "nowhere")
    with pytest.raises(InputError, match="file_unreadable"):
        two.founder.attach(Path("relative"))
    assert two.founder.opened.org.store.file_states() == {}


def test_who_may_not_comment_leaves_nothing_behind(two: Two, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two.member.opened.org, "signer", Person(two.world.random).device)
    with pytest.raises(Refused):
        two.member.attach(large)
    assert two.member.opened.org.store.file_states() == {}


def test_the_quota_binds(two: Two, large: Path) -> None:
    view = two.founder.attach(large)
    two.meet()
    two.member.attachment_quota(CHUNK_BYTES)
    with pytest.raises(InputError, match="attachment_quota"):
        two.member.attachment_fetch("", view.id)
    assert two.member.opened.org.wanted_content(b"", 10) == []
    assert two.member.attachment_quota(10 * CHUNK_BYTES).quota == 10 * CHUNK_BYTES
    two.member.attachment_fetch("", view.id)
    assert two.member.attachment_room().used == large.stat().st_size
    two.member.attachment_drop("", view.id)
    assert two.member.attachment_room().used == 0
    with pytest.raises(InputError, match="quota_value"):
        two.member.attachment_quota(-1)


def test_a_chunk_that_is_not_what_the_list_names_is_not_kept(two: Two, large: Path) -> None:
    view = two.founder.attach(large)
    two.meet()
    two.member.attachment_fetch("", view.id)
    org, source = two.member.opened.org, two.founder.opened.org
    blob = source.content(org.wanted_content(b"", 1)[0])
    assert blob is not None
    assert not org.add_content(blob[:-1] + b"\xff" + blob[-1:]) and not org.add_content(bytes(len(blob)))
    assert org.add_content(blob) and not org.add_content(blob), "once"


def test_an_erased_file_is_dropped_and_not_fetched_again(two: Two, large: Path) -> None:
    view = two.founder.attach(large)
    two.meet()
    two.member.attachment_fetch("", view.id)
    two.meet()
    two.founder.content_erase("", view.id)
    two.meet()
    for desk in (two.founder, two.member):
        (row,) = desk.attachment_list("").rows
        assert (row.file.state, row.file.can) == ("erased", ())
        assert desk.opened.org.store.file_states() == {}
    with pytest.raises(NotFound, match="attachment_erased"):
        two.member.attachment_fetch("", view.id)


def test_an_archive_fetches_by_itself_within_the_quota(two: Two, large: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.txt"
    small.write_text("short")
    two.founder.attach(large)
    two.founder.attach(small)
    two.meet()
    two.member.attachment_quota(CHUNK_BYTES)
    keeping = two.member._ws.files
    keeping.archive = True
    keeping.tick(two.world.clock.now_ms())
    assert two.carry() == 1, "the small one"
    two.member.attachment_quota(10 * CHUNK_BYTES)
    keeping.tick(two.world.clock.now_ms() + 10_000)
    assert two.carry() == 3
    assert {row.file.state for row in two.member.attachment_list("").rows} == {"here"}


def test_an_archive_whose_store_fails_for_a_while_goes_on_afterwards(
    two: Two, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the use cases: what is raised there would end the engine's heartbeat."""
    two.founder.attach(large)
    two.meet()
    workspace, failed = two.member._ws, list[str]()
    workspace.failed = lambda opened, error: failed.append(error.code)  # type: ignore[method-assign]
    workspace.files.archive = True

    def away(*_: object) -> list[bytes]:
        raise StorageError("database_unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(type(two.member.opened.org.store), "of_type", away)
        workspace.files.tick(two.world.clock.now_ms())
    assert failed == ["database_unreachable"]
    workspace.files.tick(two.world.clock.now_ms() + 10_000)
    assert two.carry() > 0


def test_previews_say_what_a_file_is_by_its_bytes(two: Two, tmp_path: Path) -> None:
    for name, data, kind in (
        ("picture.txt", PNG, "image"), ("text.png", "Grüße, 你好".encode(), "text"), ("x.sh", b"\x7fELF\0\0", "none"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        view = two.founder.attach(path)
        found = two.founder.attachment_preview("", view.id)
        assert (found.kind, found.name) == (kind, name)
        if kind == "image":
            assert base64.b64decode(found.image) == PNG
        if kind == "text":
            assert (found.text, found.cut) == ("Grüße, 你好", False)
    long = tmp_path / "long.txt"
    long.write_text("ä" * 200_000)
    found = two.founder.attachment_preview("", two.founder.attach(long).id)
    assert found.cut and len(found.text) <= 65_536


def test_a_damaged_list_is_said(two: Two) -> None:
    org = two.founder.opened.org
    reference, blob = org.detach("no list at all", "file")
    action = org.write("comment.add", {"on": Link(org.store.of_type("task.open")[0]), "text": reference}, [blob])
    (row,) = two.founder.attachment_list("").rows
    assert row.file.state == "damaged"
    with pytest.raises(NotFound, match="attachment_damaged"):
        two.founder.attachment_fetch("", action.id.hex())
    with pytest.raises(NotFound, match="attachment_unknown"):
        two.founder.attachment_fetch("", org.store.of_type("task.open")[0].hex())
