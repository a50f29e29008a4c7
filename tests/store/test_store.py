"""The store keeps all or nothing: kill at any moment, full disk, damage, a second owner (threats 20, 29). What
holds for every database is tried on both: a file, and a schema of a real PostgreSQL server."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from dao_app.app.errors import StorageError
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest
from dao_app.core.state import RESULTS_TREE, STATE_TREE, Tree
from dao_app.store.log import SqlStore
from dao_app.store.postgres import open_postgres
from tests.fakes import postgres
from tests.fakes.world import World, roots

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    if postgres.programs() is None and not os.environ.get("CI"):
        pytest.skip("no PostgreSQL server is installed here (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="guildhall-pg-"))  # a socket's path is short; its owner is another user
    folder.chmod(0o755)
    with postgres.server(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest) -> Callable[[Path], SqlStore]:
    """How a replica's store is opened: the same tests for both databases."""
    if request.param == "sqlite":
        return lambda folder: SqlStore(folder / "log.db")
    return on_server(request.getfixturevalue("server").address())


OPEN: list[SqlStore] = []


def on_server(address: str) -> Callable[[Path], SqlStore]:
    def opened(folder: Path) -> SqlStore:
        OPEN.append(SqlStore(open_postgres(address, folder.name)))
        return OPEN[-1]

    return opened


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """A connection to a server that nobody closed would be reported somewhere else."""
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def either(tmp_path: Path, places: Callable[[Path], SqlStore]) -> World:
    """An organisation on one of the databases."""
    made = World(tmp_path, open_store=places)
    made.seal()
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.seal()
    return made


def reopened(world: World) -> Organisation:
    return Organisation(
        world.org_id, world.open_store(world.folders[0]), world.verifier, world.clock, world.random,
        world.founder.device, world.founder.witness,
    )


def test_reopening_gives_the_same(either: World) -> None:
    world = either
    world.add_member()
    task = world.main.write("task.open", {"title": "T", "unit": "GLD", "amount": 5, "payer": b"o", "lifetime": 0})
    before = (*roots(world.main), world.main.heads_digest(), world.main.replay.provisional_root())
    world.main.store.close()
    again = reopened(world)
    assert (*roots(again), again.heads_digest(), again.replay.provisional_root()) == before
    assert task.id in again.replay.pending
    assert again.seal() is not None


def test_a_read_within_a_transaction_is_a_bug_that_shows(either: World) -> None:
    """There is one connection: closing a read would roll back what was written before it."""
    world = either
    store = world.main.store
    assert isinstance(store, SqlStore)
    with pytest.raises(RuntimeError), store._writing():
        store.counts()
    assert store.counts().actions


@pytest.mark.parametrize("failing", ["INSERT INTO checkpoint", "INSERT INTO entity", "INSERT INTO bucket"])
def test_a_checkpoint_that_cannot_be_stored_leaves_nothing(either: World, failing: str) -> None:
    world = either
    world.main.write("task.open", {"title": "T", "unit": "GLD", "amount": 5, "payer": b"o", "lifetime": 0})
    before = roots(world.main)
    engine = world.main.store._base.engine  # type: ignore[attr-defined]

    def fail(conn, cursor, statement, parameters, context, executemany):  # type: ignore[no-untyped-def]
        if statement.startswith(failing):
            raise RuntimeError("the machine stopped")

    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        world.main.seal()
    event.remove(engine, "before_cursor_execute", fail)
    assert roots(world.main) == before
    world.main.store.close()
    again = reopened(world)
    assert roots(again) == before
    assert again.seal() is not None and again.height() == before[0] + 1


def test_a_full_disk_is_said_and_nothing_is_lost(world: World) -> None:
    store = world.main.store
    with store._base.engine.connect() as connection:  # type: ignore[attr-defined]
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages:d}")
    heads = world.main.heads()
    with pytest.raises(StorageError) as caught:
        for number in range(300):
            heads = world.main.heads()
            world.main.write("contribution.claim", {"title": f"Work {number} " + "x" * 300})
    assert caught.value.code == "disk_full"
    assert world.main.heads() == heads, "the sequence number of what was not stored is free again"
    with store._base.engine.connect() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    world.main.write("contribution.claim", {"title": "Afterwards"})
    assert world.main.seal() is not None


@pytest.mark.parametrize("damage", ["header", "middle", "short", "text"])
def test_a_damaged_database_is_an_error_that_says_so(world: World, damage: str) -> None:
    for number in range(60):
        world.main.write("contribution.claim", {"title": f"Work {number} " + "x" * 300})
    world.seal()
    folder = world.folders[0]
    world.main.store.close()
    path = folder / "log.db"
    raw = bytearray(path.read_bytes())
    if damage == "header":
        raw[:100] = bytes(100)
    elif damage == "middle":
        for place in range(4096, len(raw), 512):
            raw[place : place + 200] = b"\xa5" * 200
    elif damage == "short":
        del raw[6000:]
    else:
        raw = bytearray(b"this is no database at all, but a letter to a friend " * 200)
    path.write_bytes(raw)
    with pytest.raises(StorageError) as caught:
        reopened(world)
    assert caught.value.code in ("database_damaged", "disk_failing")


def test_a_newer_database_is_left_alone(world: World) -> None:
    with world.main.store._base.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("PRAGMA user_version = 99")
    world.main.store.close()
    with pytest.raises(StorageError, match="database_newer"):
        reopened(world)


def test_the_file_is_ours_alone(world: World) -> None:
    folder = world.folders[0]
    assert (folder / "log.db").stat().st_mode & 0o077 == 0


PAYLOADS = ["'; DROP TABLE action; --", "\" OR 1=1 --", "%_\\", "Robert'); DELETE FROM action;--", "{x} ? :a %s"]


@pytest.mark.parametrize("text", PAYLOADS)
def test_text_never_becomes_sql(either: World, text: str) -> None:
    world = either
    claim = world.main.write("contribution.claim", {"title": text})
    world.main.store.set_meta(text, text.encode())
    world.seal()
    assert world.main.store.meta(text) == text.encode()
    assert world.main.replay.action(claim.id).body["title"] == text
    assert world.main.store.counts().actions == 2


KILLED = """
import sys
from pathlib import Path
from dao_app.store.log import SqlStore
from dao_app.store.postgres import open_postgres
from tests.fakes.world import World
folder, address = sys.argv[1:]
def opened(folder):
    return SqlStore(open_postgres(address, folder.name) if address else folder / "log.db")
world = World(Path(folder), "killed", open_store=opened)
print("ready", flush=True)
for number in range(10_000):
    action = world.main.write("contribution.claim", {"title": f"Work {number}"})
    print(action.seq, action.id.hex(), flush=True)
    if number % 7 == 0:
        world.clock.forward(10)
        world.main.seal()
"""


@pytest.mark.parametrize(("database", "seed"), [("sqlite", n) for n in range(4)] + [("postgres", n) for n in range(2)])
def test_kill_9_loses_nothing_that_was_answered(
    tmp_path: Path, database: str, seed: int, request: pytest.FixtureRequest
) -> None:
    """What the writer was told is stored is there after the kill, and the log goes on from it."""
    rng = random.Random(seed)
    address = request.getfixturevalue("server").address() if database == "postgres" else ""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), address], stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT
    )
    assert process.stdout is not None
    answered = []
    for _ in range(rng.randrange(5, 120)):
        line = process.stdout.readline().split()
        if len(line) == 2:
            answered.append((int(line[0]), bytes.fromhex(line[1])))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    world = World(tmp_path / "again", "killed")
    open_store = on_server(address) if address else world.open_store
    org = Organisation(
        world.org_id, open_store(tmp_path / world.folders[0].name), world.verifier, world.clock, world.random,
        world.founder.device, world.founder.witness,
    )
    world.clock.forward(3_600_000)
    for seq, id_ in answered:
        record = org.store.at(world.founder.device.public, seq)
        assert record is not None and record.id == id_
    head = org.heads()[world.founder.device.public]
    after = org.write("contribution.claim", {"title": "After the kill"})
    assert after.seq == head.seq + 1 and after.prev == head.digest
    assert org.seal() is not None and not org.replay.pending
    assert Link(after.id) == after.id


def test_what_is_wanted_is_listed_in_order_page_by_page(either: World) -> None:
    store = either.main.store
    here = set(store.wanted(b"", 100))
    chunks = [(digest(b"chunk %d" % number), 10) for number in range(10)]
    store.want_chunks(digest(b"one list"), chunks[:7])
    store.want_chunks(digest(b"another"), chunks[4:])
    pages: list[list[bytes]] = [[b""]]
    while pages[-1]:
        pages.append(store.wanted(pages[-1][-1], 3))
    listed = [hash_ for page in pages[1:] for hash_ in page]
    assert listed == sorted(here | {hash_ for hash_, _ in chunks}) and len(listed) > 9
    blob = b"s" * 32 + b"a chunk"
    store.add_content(chunks[2][0], blob)
    asked = [hash_ for hash_, _ in chunks] + [digest(b"unknown")]
    assert store.which(asked, here=True) == {chunks[2][0]}
    assert store.which(asked, here=False) == {hash_ for hash_, _ in chunks} - {chunks[2][0]}


def test_erased_content_leaves_no_bytes_in_the_database(world: World) -> None:
    secret = "Sample Street 7, third floor " * 400
    reference, blob = world.main.detach(secret, "text")
    claim = world.main.write("contribution.claim", {"title": "Moved", "text": reference}, [blob])
    world.seal()
    folder = world.folders[0]
    world.main.store.close()
    assert b"Sample Street" in (folder / "log.db").read_bytes()
    again = reopened(world)
    again.write("content.erase", {"on": Link(claim.id), "hash": reference["hash"]})
    world.clock.forward(1_000)
    assert again.seal() is not None
    again.store.close()
    assert b"Sample Street" not in b"".join(p.read_bytes() for p in folder.iterdir())


def test_a_checkpoint_that_could_not_be_stored_leaves_nothing_in_memory_even_if_nothing_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next one is sealed over a state that no other replica has."""
    world = World(tmp_path)
    world.seal()
    before = world.main.replay.final.root
    world.main.write("contribution.claim", {"title": "Pending"})
    world.clock.forward(1_000)

    def away(*_: object, **__: object) -> None:
        raise StorageError("database_unreachable")

    with monkeypatch.context() as patch:
        for method in ("commit", "load_roots", "load_bucket"):
            patch.setattr(type(world.main.store), method, away)
        with pytest.raises(StorageError):
            world.main.seal()
    assert world.main.replay.final.root == before
    assert world.main.seal() is not None
    assert world.main.replay.final.root == Tree(STATE_TREE, world.main.store).root
    assert world.main.replay.results.root == Tree(RESULTS_TREE, world.main.store).root
