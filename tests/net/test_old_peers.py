"""The old-peer matrix: whoever speaks another version is told so, gets nothing, and takes no link down with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from dao_app.core.encoding import decode, encode
from dao_app.crypto.keys import SeedSigner
from dao_app.net import hello, host
from dao_app.net.codec import frame
from dao_app.net.host import read_some, write_all
from tests.net.hostile.kit import hostile_host, raw_stream
from tests.net.hostile.test_protocol import HOSTILE_SEED
from tests.net.test_loopback import Party
from tests.net.worlds import in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_hello_of_another_version_is_answered_with_ours_and_ends(tmp_path: Path, version: int) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (node, honest):
            address = await party.start(node, 0)
            await party.start(honest, 1)
            await reach(honest, party.org_id, address)
            device = party.people[0].device.public
            async with hostile_host(SeedSigner(HOSTILE_SEED), address) as old:
                stream = await raw_stream(old, device, host.SYNC_PROTOCOL)
                assert await write_all(stream, frame(encode([version, b"n" * 32])))
                answer = await read_some(stream)
                assert decode(answer[1:])[0] == hello.VERSION
                await write_all(stream, frame(encode([0, [bytes(32)] * 8])))
                assert await read_some(stream) == b""
            party.claim(honest, 1, "undisturbed")
            await until(lambda: in_step(party.orgs))

    trio.run(main)


@pytest.mark.parametrize("what", ["hello", "protocol"])
def test_two_members_of_different_versions_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    party = Party(tmp_path, 1)
    newer = party.people[1].device.public

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            if what == "hello":
                start = hello.Opener.start
                monkeypatch.setattr(hello.Opener, "start", lambda self: as_version_2(self, start(self), newer))
            else:
                monkeypatch.setattr(host, "SYNC_PROTOCOL", "/guildhall/sync/2")
            await party.start(two, 1)
            assert not await two.dial(party.org_id, address)
            told = {"net_other_version"}
            async def codes(net):
                return {finding.code for finding in await net.diagnose(party.org_id)}
            assert told <= await codes(one) | await codes(two)
            assert not any(p.connected for net in (one, two) for p in net.peers(party.org_id))

    trio.run(main)


def as_version_2(opener: hello.Opener, opening: bytes, newer: bytes) -> bytes:
    value = decode(opening)
    return encode([2, value[1]]) if opener._me.device == newer else opening
