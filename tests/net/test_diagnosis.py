"""What the network says of itself: facts in, findings out, each with a text in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dao_app.app.texts import LANGUAGES, Texts
from dao_app.net.diagnosis import Facts, findings

ADDRESS = "/ip4/192.168.1.2/tcp/4001/p2p/12D3KooWexample"
WELL = Facts(
    org="b12f03aa", addresses=[ADDRESS], only_dials=False, port_taken="", mdns=True, known=2, linked=2, relayed=0,
    alone_since_ms=None, outside="203.0.113.7", reached=True, relays_known=1, places=0, relays=False, other_version=(),
    clocks=[("a", 0), ("b", 1_000)], behind=0,
)  # fmt: skip
ALONE: dict[str, Any] = {"linked": 0, "outside": "", "reached": None, "clocks": [], "alone_since_ms": 1_790_000_000_000}
LATE = 7 * 60_000
GOOD = "net_listens ok, net_connected ok, net_reached ok"


@pytest.mark.parametrize(("change", "wanted"), [
    ({}, GOOD),
    ({"addresses": []}, "net_no_address problem, net_connected ok, net_reached ok"),
    ({"addresses": [], "only_dials": True, "reached": None, "outside": ""},
     "net_only_dials note, net_connected ok, net_reach_unknown note"),
    ({"port_taken": "/ip4/0.0.0.0/tcp/443"},
     "net_listens ok, net_port_taken problem, net_connected ok, net_reached ok"),
    ({"mdns": False}, "net_listens ok, net_no_mdns note, net_connected ok, net_reached ok"),
    ({"relays": True}, "net_listens ok, net_relays ok, net_connected ok, net_reached ok"),
    ({"relayed": 1}, "net_listens ok, net_connected ok, net_relayed note, net_reached ok"),
    ({"behind": 2}, "net_listens ok, net_connected ok, net_all_behind note, net_reached ok"),
    ({"behind": 1}, GOOD),
    ({**ALONE, "known": 0}, "net_listens ok, net_no_peer_known note"),
    (ALONE, "net_listens ok, net_none_reachable problem"),
    ({"reached": False, "relays_known": 0},
     "net_listens ok, net_connected ok, net_not_reached problem, net_no_relay problem"),
    ({"reached": False}, "net_listens ok, net_connected ok, net_not_reached problem"),
    ({"reached": False, "places": 1}, "net_listens ok, net_connected ok, net_not_reached note, net_has_place ok"),
    ({"other_version": ["c"]}, f"{GOOD}, net_other_version problem"),
    ({"clocks": [("a", LATE), ("b", LATE)]}, f"{GOOD}, net_clock_slow problem"),
    ({"clocks": [("a", -LATE), ("b", -LATE)]}, f"{GOOD}, net_clock_fast problem"),
    ({"clocks": [("a", LATE), ("b", 0)]}, f"{GOOD}, net_peer_clock_ahead problem"),
    ({"clocks": [("a", LATE), ("b", -LATE)]},
     f"{GOOD}, net_peer_clock_ahead problem, net_peer_clock_behind problem"),
    ({"clocks": [("a", -LATE)]}, f"{GOOD}, net_peer_clock_behind problem"),
])  # fmt: skip
def test_what_follows_from_the_facts(change: dict[str, Any], wanted: str) -> None:
    found = findings(replace(WELL, **change))
    assert ", ".join(f"{finding.code} {finding.level}" for finding in found) == wanted
    for language in LANGUAGES:
        for finding in found:
            text = Texts(language).finding(finding.code, finding.params)
            assert "{" not in text and finding.params["org"] in text


def test_the_minutes_and_the_time_are_told() -> None:
    found = findings(replace(WELL, clocks=[("a", LATE), ("b", LATE + 999)]))
    (slow,) = [finding for finding in found if finding.code == "net_clock_slow"]
    assert slow.params["minutes"] == "7" and slow.params["peers"] == "2"
    (alone,) = [f for f in findings(replace(WELL, **ALONE)) if f.code == "net_none_reachable"]
    assert "2026" in Texts("en").finding(alone.code, alone.params)
