"""Relaying over loopback: members that cannot reach each other meet through a third's device; strangers get nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from libp2p.relay.circuit_v2.pb.circuit_pb2 import HopMessage, PeerId, StopMessage
from libp2p.utils.varint import encode_varint_prefixed

from dao_app.app.ports import PeerInfo
from dao_app.core.encoding import encode
from dao_app.crypto.keys import SeedSigner
from dao_app.net import limits
from dao_app.net.host import Host, peer_id_of
from dao_app.net.host_punch import REACH_PROTOCOL
from dao_app.net.host_relay import HOP_PROTOCOL, STOP_PROTOCOL
from dao_app.net.network import LibNetwork
from tests.net.hostile.kit import hostile_host, send_raw
from tests.net.hostile.test_protocol import HOSTILE_SEED
from tests.net.test_loopback import Party
from tests.net.worlds import in_step, networks, reach, until

pytestmark = pytest.mark.xdist_group("loopback")
NOWHERE = ("none",)


def peer(net: LibNetwork, party: Party, place: int) -> PeerInfo | None:
    device = party.people[place].device.public
    return next((p for p in net.peers(party.org_id) if p.device == device and p.connected), None)


def host_of(net: LibNetwork, party: Party) -> Host:
    host = net._nodes[party.org_id]._host
    assert host is not None
    return host


Scene = Callable[[Party, LibNetwork, LibNetwork, LibNetwork, str], Awaitable[None]]


def at_a_relay(tmp_path: Path, scene: Scene) -> None:
    """Two members that listen nowhere are linked to the founder's device, which relays."""
    party = Party(tmp_path, 2)

    async def main() -> None:
        async with networks(3, relays=True) as (relay, one, two):
            address = await party.start(relay, 0)
            for place, net in enumerate((one, two), 1):
                await net.start(party.orgs[place], party.people[place].device, NOWHERE, False)
                await reach(net, party.org_id, address)
            await scene(party, relay, one, two, address)

    trio.run(main)


def test_two_that_nobody_reaches_meet_through_a_members_device(tmp_path: Path) -> None:
    async def scene(party: Party, relay: LibNetwork, one: LibNetwork, two: LibNetwork, address: str) -> None:
        await until(lambda: peer(one, party, 2) is not None and peer(two, party, 1) is not None)
        met = peer(one, party, 2), peer(two, party, 1)
        assert [p.path for p in met if p is not None] == ["relay", "relay"]
        party.claim(one, 1, "through the relay")
        await until(lambda: in_step(party.orgs))
        codes = {finding.code for finding in await one.diagnose(party.org_id)}
        assert {"net_only_dials", "net_relayed", "net_has_place"} <= codes
        assert "net_relays" in {finding.code for finding in await relay.diagnose(party.org_id)}

    at_a_relay(tmp_path, scene)


def test_the_end_of_the_relay_is_the_end_of_the_circuit(tmp_path: Path) -> None:
    async def scene(party: Party, relay: LibNetwork, one: LibNetwork, two: LibNetwork, address: str) -> None:
        await until(lambda: peer(one, party, 2) is not None and peer(two, party, 1) is not None)
        await relay.stop(party.org_id)
        await until(lambda: not any(p.connected for net in (one, two) for p in net.peers(party.org_id)))

    at_a_relay(tmp_path, scene)


def test_a_circuit_that_used_up_its_bytes_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CIRCUIT_BYTES_MAX", 100)  # less than a handshake

    async def scene(party: Party, relay: LibNetwork, one: LibNetwork, two: LibNetwork, address: str) -> None:
        await until(lambda: all(host_of(net, party).places() for net in (one, two)))
        device = party.people[2].device.public
        assert not await host_of(one, party).dial_through(party.people[0].device.public, device)
        places = host_of(relay, party)._relay.places
        await until(lambda: places.circuits == 0)  # counted out again
        party.claim(one, 1, "by passing on")
        await until(lambda: in_step(party.orgs))
        assert peer(one, party, 2) is None

    at_a_relay(tmp_path, scene)


@pytest.mark.parametrize("asks", ["reserve", "connect"])
def test_a_stranger_gets_neither_place_nor_circuit(tmp_path: Path, asks: str) -> None:
    async def scene(party: Party, relay: LibNetwork, one: LibNetwork, two: LibNetwork, address: str) -> None:
        await until(lambda: all(host_of(net, party).places() for net in (one, two)))
        stranger = SeedSigner(HOSTILE_SEED)
        target = PeerId(id=peer_id_of(party.people[1].device.public).to_bytes())
        request = HopMessage(type=HopMessage.RESERVE) if asks == "reserve" else HopMessage(
            type=HopMessage.CONNECT, peer=target
        )  # fmt: skip
        async with hostile_host(stranger, address) as host:
            answer = await ask(host, party.people[0].device.public, HOP_PROTOCOL, request)
            assert answer == b""
            places = host_of(relay, party)._relay.places
            assert not places.is_kept(stranger.public, trio.current_time())
            assert not host_of(one, party).is_connected(stranger.public)

    at_a_relay(tmp_path, scene)


def test_only_a_relay_that_keeps_our_place_may_bring_somebody(tmp_path: Path) -> None:
    async def scene(party: Party, relay: LibNetwork, one: LibNetwork, two: LibNetwork, address: str) -> None:
        stranger = SeedSigner(HOSTILE_SEED)
        brings = StopMessage(type=StopMessage.CONNECT, peer=PeerId(id=peer_id_of(stranger.public).to_bytes()))
        async with hostile_host(stranger, address) as host:
            assert await ask(host, party.people[0].device.public, STOP_PROTOCOL, brings) == b""

    at_a_relay(tmp_path, scene)


# -- asking back -------------------------------------------------------------------------------------------------


def test_a_member_is_told_where_it_comes_from_and_which_of_its_ports_answer(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            await party.start(two, 1)
            await reach(two, party.org_id, address)
            own = int(two.addresses(party.org_id)[0].split("/")[4])
            others = int(address.split("/")[4])
            seen = await host_of(two, party).ask_back(party.people[0].device.public, [own, others, 1])
            assert seen is not None and seen.host == "127.0.0.1"
            assert seen.reached == {own: True, others: False, 1: False}  # another device answers at the second

    trio.run(main)


def test_a_stranger_is_told_nothing_and_nobody_asks_all_the_time(tmp_path: Path) -> None:
    party = Party(tmp_path, 1)

    async def main() -> None:
        async with networks(2) as (one, two):
            address = await party.start(one, 0)
            await two.start(party.orgs[1], party.people[1].device, NOWHERE, False)
            await reach(two, party.org_id, address)
            device = party.people[0].device.public
            async with hostile_host(SeedSigner(HOSTILE_SEED), address) as host:
                asked = encode_varint_prefixed(encode([1]))
                assert await send_raw(host, device, REACH_PROTOCOL, asked) == b""
            answers = [await host_of(two, party).ask_back(device, []) for _ in range(4)]
            assert answers[0] is not None and answers[-1] is None

    trio.run(main)


async def ask(host: Host, device: bytes, protocol: Any, message: Any) -> bytes:
    return await send_raw(host, device, protocol, encode_varint_prefixed(message.SerializeToString()))
