"""Attached files over real libp2p: on demand, from whoever has them, also when their author is away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dao_app.app.admission import content_hash
from dao_app.app.attachments import find, put_together, take_apart
from dao_app.app.organisation import Organisation
from dao_app.core.attachment import CHUNK_BYTES
from dao_app.core.encoding import Link
from dao_app.core.envelope import Action
from tests.net.test_loopback import Party, run
from tests.net.worlds import in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")


async def no_pause() -> None:
    return


def attach(party: Party, path: Path) -> Action:
    org = party.orgs[0]
    task = org.write("task.open", {"title": "T", "unit": "GLD", "amount": 5, "payer": b"o", "lifetime": 0})
    blob = asyncio.run(take_apart(org, path, path.name, party.world.random.token, no_pause))
    text = {"hash": content_hash(blob), "size": len(blob) - 32, "kind": "file"}
    return org.write("comment.add", {"on": Link(task.id), "text": text}, [blob])


def state(org: Organisation, action: Action) -> str:
    return find(org, action, org.store.file_states()).state


def ask(org: Organisation, action: Action) -> None:
    found = find(org, action, org.store.file_states())
    assert found.file is not None
    org.store.want_chunks(found.list_hash, found.file.chunks)


def test_a_file_comes_from_whoever_has_it(tmp_path: Path) -> None:
    party = Party(tmp_path / "world", 2)
    path = tmp_path / "plan.bin"
    path.write_bytes(b"\0" + b"content " * (CHUNK_BYTES * 5 // 8))
    action = attach(party, path)
    party.world.seal()

    async def main() -> None:
        async with networks(3) as (one, two, three):
            address = await party.start(one, 0)
            second = await party.start(two, 1)
            await reach(two, party.org_id, address)
            await until(lambda: in_step(party.orgs[:2]) and state(party.orgs[1], action) == "absent")
            ask(party.orgs[1], action)
            two.want_content(party.org_id)
            await until(lambda: state(party.orgs[1], action) == "here")
            await one.stop(party.org_id)
            await party.start(three, 2)
            await reach(three, party.org_id, second)
            await until(lambda: in_step(party.orgs[1:]) and state(party.orgs[2], action) == "absent")
            ask(party.orgs[2], action)
            three.want_content(party.org_id)
            await until(lambda: state(party.orgs[2], action) == "here")
            found = find(party.orgs[2], action, party.orgs[2].store.file_states())
            assert await put_together(party.orgs[2], found, tmp_path / "got", no_pause) == path.stat().st_size
            assert (tmp_path / "got").read_bytes() == path.read_bytes()

    run(main)


def test_who_has_it_later_is_asked_then(tmp_path: Path) -> None:
    """A peer that has not got it is not asked again and again, but when it says that it has it now."""
    party = Party(tmp_path / "world", 2)
    path = tmp_path / "plan.txt"
    path.write_text("the plan")
    action = attach(party, path)
    party.world.seal()

    async def main() -> None:
        async with networks(3) as (one, two, three):
            address = await party.start(one, 0)
            second = await party.start(two, 1)
            await reach(two, party.org_id, address)
            await party.start(three, 2)
            await reach(three, party.org_id, second)
            await until(lambda: in_step(party.orgs) and state(party.orgs[2], action) == "absent")
            ask(party.orgs[2], action)
            three.want_content(party.org_id)
            ask(party.orgs[1], action)
            two.want_content(party.org_id)
            await until(lambda: state(party.orgs[2], action) == "here")

    run(main)
