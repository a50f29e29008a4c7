"""Notarised files as people use them (TRUST-2)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dao_app.app.cases_proofs import ProofCases
from dao_app.app.cases_tasks import TaskCases
from dao_app.app.errors import InputError, NotFound, Refused
from dao_app.app.organisation import Organisation
from dao_app.app.workspace import Workspace
from dao_app.core.entities import NotarisedFile
from dao_app.core.keys import file_key
from tests.fakes.world import Person, World

HASH = hashlib.sha256(b"the contract").hexdigest()


class Desk(ProofCases, TaskCases):
    """The use cases of one member's replica."""

    def __init__(self, world: World, org: Organisation, person: Person) -> None:
        opened = SimpleNamespace(org=org, member=person.root.public, online=False)
        self._ws = cast(Workspace, SimpleNamespace(
            find=lambda name: opened, network=None, clock=world.clock, unsent={}, vault=object(),
            announce=lambda opened, actions: None, member=lambda: person.root.public, verifier=world.verifier,
        ))  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.seal()
    return made


@pytest.fixture
def founder(world: World) -> Desk:
    return Desk(world, world.main, world.founder)


def test_a_notarised_file_is_known_by_its_digest_before_a_checkpoint(world: World, founder: Desk) -> None:
    row = founder.file_notarise("", HASH.upper(), 12, " The contract ")
    assert (row.hash, row.size, row.title, row.height, row.stamp.state) == (HASH, 12, "The contract", 0, "provisional")
    world.seal()
    row = founder.file_check("", HASH)
    assert (row.height, row.sealed_ms, row.stamp.state) == (world.main.height(), world.clock.now, "final")
    assert founder.file_list("") == (row,)
    entity = world.main.replay.final.entity(file_key(bytes.fromhex(HASH)))
    assert isinstance(entity, NotarisedFile) and entity.member == world.founder.root.public


def test_the_first_record_of_a_file_stands(world: World, founder: Desk) -> None:
    founder.file_notarise("", HASH, 12)
    with pytest.raises(Refused, match=r"reject\.file_known"):
        founder.file_notarise("", HASH, 12)
    person, org = world.add_member("observer")
    other = Desk(world, org, person)
    assert other.file_notarise("", "ab" * 32, 0).person.you
    with pytest.raises(Refused, match=r"reject\.malformed"):
        other.file_notarise("", "ac" * 32, -1)
    for wrong in ("", "ab" * 31, "gg" * 32):
        with pytest.raises(InputError):
            founder.file_notarise("", wrong, 1)
    with pytest.raises(NotFound):
        founder.file_check("", "ad" * 32)


def test_the_title_of_a_file_can_be_erased_and_the_record_stays(world: World, founder: Desk) -> None:
    row = founder.file_notarise("", HASH, 12, "Secret name")
    world.seal()
    founder.content_erase("", row.action)
    world.seal()
    row = founder.file_check("", HASH)
    assert row.title is None and row.height
