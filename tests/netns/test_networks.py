"""Real networks in one machine: routers with NAT and a relay between, a LAN, a partition, a slow line, no DNS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.netns.lab import OUTSIDE, Lab, missing, needs_namespaces
from tests.netns.party import WAIT_S, Member, Party, in_step, until

pytestmark = [needs_namespaces, pytest.mark.xdist_group("netns")]
NODE = f"{OUTSIDE}.10"


def test_in_continuous_integration_nothing_is_skipped() -> None:
    assert missing() == ""


def two_homes(lab: Lab) -> tuple[str, list[str]]:
    """A node in the open, and two desks behind routers of their own, in home networks that look the same."""
    wan, node = lab.switch("wan"), lab.host("node")
    lab.join(node, wan, f"{NODE}/24")
    desks = []
    for place, name in ((1, "a"), (2, "b")):
        lan, desk = lab.switch(f"lan{name}"), lab.host(f"desk{name}")
        lab.router(f"router{name}", wan, f"{OUTSIDE}.{place}/24", lan, "192.168.1.1/24")
        lab.join(desk, lan, "192.168.1.2/24", "192.168.1.1")
        desks.append(desk)
    return node, desks


def start_in_homes(lab: Lab, folder: Path, node: str, desks: list[str], relays: bool) -> list[Member]:
    party = Party(lab, folder, 2)
    relay = party.start(0, node, ["/ip4/0.0.0.0/tcp/443"], relays=relays)
    members = [relay]
    for place, desk in enumerate(desks, 1):
        members.append(party.start(place, desk))
        members[-1].reach(relay.look()["addresses"][0])
    return members


def test_desks_behind_routers_meet_through_a_members_node_and_then_directly(tmp_path: Path) -> None:
    with Lab() as lab:
        relay, one, two = start_in_homes(lab, tmp_path, *two_homes(lab), relays=True)
        until(lambda: one.path_to(two) and two.path_to(one))
        one.ask({"write": "from behind a router"})
        until(lambda: in_step(relay, one, two))
        until(lambda: one.path_to(two) == two.path_to(one) == "direct", 2 * WAIT_S)  # a hole through both routers
        assert {"net_not_reached", "net_has_place"} <= one.codes()
        assert {"net_reached", "net_relays"} <= relay.codes()
        two.ask({"write": "past the relay"})
        until(lambda: in_step(relay, one, two))


def test_desks_behind_routers_are_in_step_though_nobody_relays(tmp_path: Path) -> None:
    with Lab() as lab:
        node, one, two = start_in_homes(lab, tmp_path, *two_homes(lab), relays=False)
        one.ask({"write": "passed on"})
        until(lambda: in_step(node, one, two))
        assert one.path_to(two) == ""
        until(lambda: {"net_not_reached", "net_no_relay"} <= one.codes())


def test_a_lan_finds_itself_parts_and_heals(tmp_path: Path) -> None:
    with Lab() as lab:
        lan = lab.switch("lan")
        hosts = [lab.host(name) for name in "abc"]
        cables = [lab.join(host, lan, f"192.168.7.{place}/24") for place, host in enumerate(hosts, 1)]
        for host, cable in zip(hosts, cables, strict=True):
            lab.run(host, "ip", "route", "add", "default", "dev", cable)
        party = Party(lab, tmp_path, 2)
        members = [party.start(place, host, mdns=True) for place, host in enumerate(hosts)]
        until(lambda: all(m.path_to(o) == "local" for m in members for o in members if m is not o))
        until(lambda: in_step(*members))
        lab.set_link(hosts[2], cables[2], up=False)
        until(lambda: not members[2].look()["peers"] and members[2].device not in members[0].look()["peers"])
        members[0].ask({"write": "on this side"})
        members[2].ask({"write": "on the other"})
        until(lambda: in_step(*members[:2]))
        assert not in_step(*members) and "net_none_reachable" in members[2].codes()
        lab.set_link(hosts[2], cables[2], up=True)
        until(lambda: in_step(*members))


def test_a_line_with_a_fifth_of_a_second_and_loss(tmp_path: Path) -> None:
    with Lab() as lab:
        hosts = [lab.host("a"), lab.host("b")]
        line = lab.line(hosts[0], hosts[1], ("10.77.0.1/24", "10.77.0.2/24"), delay_ms=200, loss=0.02, seed=7)
        party = Party(lab, tmp_path, 1)
        one = party.start(0, hosts[0])
        two = party.start(1, hosts[1])
        two.reach(one.look()["addresses"][0])
        until(lambda: in_step(one, two))
        for number in range(10):
            one.ask({"write": f"there {number}"})
            two.ask({"write": f"back {number}"})
        until(lambda: in_step(one, two))
        until(lambda: (one.look()["peers"][two.device]["delay_ms"] or 0) >= 400)
        assert line.lost > 0


def test_a_node_on_port_443_without_any_name_service(tmp_path: Path) -> None:
    """The recipe for a node on any cloud or office machine, with the program itself."""
    with Lab() as lab:
        wan, node, desk = lab.switch("wan"), lab.host("node"), lab.host("desk")
        lab.join(node, wan, f"{NODE}/24")
        lab.join(desk, wan, f"{OUTSIDE}.1/24")
        machine, home = Program(lab, node, tmp_path / "node"), Program(lab, desk, tmp_path / "desk")
        machine.run("identity", "create", "Node")
        machine.run("org", "create", "Works")
        announced = f"/ip4/{NODE}/tcp/443"
        told = machine.serve("--listen", "/ip4/0.0.0.0/tcp/443", "--announce", announced, "--no-mdns")
        (addresses,) = told["addresses"].values()
        assert addresses[0].startswith(f"{announced}/p2p/")
        link = json.loads(machine.run("invite", "create", "--json"))["link"]
        home.run("identity", "create", "Desk")
        assert json.loads(home.run("join", link, "--json", "--wait", "30s"))["stage"] == "done"
        assert {"net_listens", "net_connected", "net_reached"} <= home.codes()
        assert {"net_listens", "net_relays"} <= machine.codes()  # asked of the node that runs on the folder


class Program:
    """The program in a host, with a data folder of its own."""

    def __init__(self, lab: Lab, host: str, home: Path) -> None:
        self._lab, self._host, self._home = lab, host, home
        self._secret = home.with_suffix(".passphrase")
        self._secret.write_text("correct horse battery\n")
        self._secret.chmod(0o600)

    def _words(self, words: tuple[str, ...]) -> list[str]:
        return [*words, "--home", str(self._home), "--passphrase-file", str(self._secret)]

    def run(self, *words: str, fails: bool = False) -> str:
        process = self._lab.program(self._host, *self._words(words))
        out, _ = process.communicate(timeout=90)
        assert fails or process.returncode == 0, out
        return out

    def codes(self) -> set[str]:
        """What the doctor says of the network."""
        found = json.loads(self.run("doctor", "network", "--json", fails=True))
        return {finding["code"] for finding in found}

    def serve(self, *words: str) -> dict[str, dict[str, list[str]]]:
        process = self._lab.program(self._host, *self._words(("node", "run", "--json", *words)))
        assert process.stdout is not None
        told: dict[str, dict[str, list[str]]] = json.loads(process.stdout.readline())
        return told
