"""What only a database server can do to us: be gone, be used by another program, be newer; and moving a log there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dao_app.app.errors import InputError, StorageError
from dao_app.app.organisation import Organisation
from dao_app.bootstrap import home
from dao_app.bootstrap.home import FolderHome
from dao_app.store.log import SqlStore
from dao_app.store.moving import move_to
from dao_app.store.postgres import open_postgres
from tests.fakes import postgres
from tests.fakes.world import World, roots
from tests.store.test_store import closed, on_server, server

__all__ = ["closed", "server"]  # fixtures


@pytest.fixture
def address(server: postgres.Server) -> Iterator[str]:
    yield server.address()


def test_a_second_program_is_kept_out(address: str) -> None:
    """Two would use the same sequence numbers of one device."""
    first = on_server(address)(Path("org_a"))
    with pytest.raises(StorageError, match="database_in_use"):
        open_postgres(address, "org_a")
    on_server(address)(Path("org_b"))
    first.close()
    on_server(address)(Path("org_a"))


def test_a_server_that_goes_away_is_said_and_nothing_is_lost(server: postgres.Server, tmp_path: Path) -> None:
    world = World(tmp_path, open_store=on_server(server.address()))
    world.seal()
    world.main.write("contribution.claim", {"title": "Before"})
    before = (*roots(world.main), dict(world.main.heads()))
    server.stop("immediate")
    try:
        with pytest.raises(StorageError, match="database_unreachable"):
            world.main.write("contribution.claim", {"title": "Meanwhile"})
        assert world.main.heads() == before[-1], "the sequence number of what was not stored is free again"
    finally:
        server.start()
    assert (*roots(world.main), dict(world.main.heads())) == before
    world.main.write("contribution.claim", {"title": "Afterwards"})
    world.clock.forward(1_000)
    assert world.main.seal() is not None
    assert world.main.store.counts().actions == 3


def test_a_newer_schema_is_left_alone(address: str) -> None:
    store = on_server(address)(Path("org_a"))
    with store._base.engine.begin() as connection:
        connection.execute(text("UPDATE guildhall_version SET version = 99"))
    store.close()
    with pytest.raises(StorageError, match="database_newer"):
        open_postgres(address, "org_a")


@pytest.mark.parametrize("bad", ["", "nonsense", "sqlite:///x", "postgresql://h/d", "postgresql+psycopg://host", "://"])
def test_an_address_that_does_not_serve_is_refused(bad: str) -> None:
    with pytest.raises(InputError, match="database_address"):
        open_postgres(bad, "org_a")


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(StorageError, match="database_unreachable"):
        open_postgres("postgresql+psycopg://127.0.0.1:1/none", "org_a")


def test_a_password_is_never_told(address: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_postgres("postgresql+psycopg://me:very-secret@127.0.0.1:1/none", "org_a")
    assert "very-secret" not in str(caught.value) + repr(caught.value.params)


def test_a_log_moves_to_the_server_whole(address: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.add_member()
    reference, blob = world.main.detach("A longer text", "text")
    world.main.write("contribution.claim", {"title": "Work", "text": reference}, [blob])
    world.seal()
    world.main.write("contribution.claim", {"title": "Not sealed"})
    before = (*roots(world.main), world.main.heads_digest(), world.main.replay.provisional_root())
    world.main.store.close()
    there = open_postgres(address, "org_moved")
    move_to(there, world.folders[0] / "log.db")
    store = SqlStore(there)
    org = Organisation(
        world.org_id, store, world.verifier, world.clock, world.random, world.founder.device, world.founder.witness
    )
    assert (*roots(org), org.heads_digest(), org.replay.provisional_root()) == before
    assert store.content(reference["hash"]) == blob
    world.clock.forward(1_000)
    assert org.seal() is not None
    store.close()


@pytest.mark.parametrize("held", ["an action more", "no action yet"])
def test_a_schema_that_holds_something_is_not_written_over(address: str, tmp_path: Path, held: str) -> None:
    world = World(tmp_path)
    world.main.store.close()
    there = open_postgres(address, "org_moved")
    if held == "an action more":
        move_to(there, world.folders[0] / "log.db")
    SqlStore(there).set_meta("note", b"of a later time")
    with pytest.raises(StorageError, match="database_not_empty"):
        move_to(there, world.folders[0] / "log.db")
    there.close()


class Crash(BaseException):
    """The program ends here."""


@pytest.mark.parametrize("where", ["move_to", "_put", "rename"])
def test_a_move_that_was_cut_off_is_finished(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """After the commit on the server, after the address was written, after the file was renamed: nothing vanishes."""
    org_id = bytes(range(32))
    plain, address = FolderHome(tmp_path, "least"), server.address()
    store = plain.open_store(org_id)
    store.set_meta("note", b"kept")
    store.close()
    owner: Any = Path if where == "rename" else home
    done = getattr(owner, where)

    def cut(*given: Any) -> None:
        done(*given)
        raise Crash

    with monkeypatch.context() as crashing:
        crashing.setattr(owner, where, cut)
        with pytest.raises(Crash):
            FolderHome(tmp_path, "least", address).open_store(org_id)
    assert plain.organisations() == [org_id]
    for made in (FolderHome(tmp_path, "least", address), plain):
        again = made.open_store(org_id)
        assert again.meta("note") == b"kept"
        again.close()
    assert sorted(p.name for p in (tmp_path / "orgs" / org_id.hex()).iterdir()) == ["database", "log.db.moved"]
    plain.remove_store(org_id)


def test_another_server_that_holds_nothing_is_not_taken_for_the_log(server: postgres.Server, tmp_path: Path) -> None:
    """A wrong name, or a server that is not restored yet: an empty log there would use sequence numbers again."""
    org_id = bytes(range(32))
    with_log = FolderHome(tmp_path, "least", server.address())
    store = with_log.open_store(org_id)
    store.set_meta("note", b"kept")
    store.close()
    other = server.address()  # a new database
    with pytest.raises(StorageError, match="database_holds_nothing"):
        FolderHome(tmp_path, "least", other).open_store(org_id)
    again = FolderHome(tmp_path, "least").open_store(org_id)
    assert again.meta("note") == b"kept"
    again.close()
    with_log.remove_store(org_id)


def test_a_folder_remembers_the_server_that_keeps_its_logs(server: postgres.Server, tmp_path: Path) -> None:
    """Moved once when the address is given; later every command finds it; another address is followed."""
    address = server.address()
    org_id = bytes(range(32))
    plain = FolderHome(tmp_path, "least")
    store = plain.open_store(org_id)
    store.set_meta("note", b"kept")
    store.close()
    FolderHome(tmp_path, "least", address).open_store(org_id).close()
    folder = tmp_path / "orgs" / org_id.hex()
    assert sorted(p.name for p in folder.iterdir()) == ["database", "log.db.moved"]
    assert (folder / "database").stat().st_mode & 0o077 == 0, "an address may hold a password"
    assert plain.organisations() == [org_id]
    again = plain.open_store(org_id)
    assert again.meta("note") == b"kept"
    again.close()
    other = f"{address}&application_name=guildhall"
    FolderHome(tmp_path, "least", other).open_store(org_id).close()
    assert (folder / "database").read_text() == other
    plain.remove_store(org_id)
    assert plain.organisations() == []
    emptied = FolderHome(tmp_path, "least", address).open_store(org_id)
    assert emptied.meta("note") is None
    emptied.close()
