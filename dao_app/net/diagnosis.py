"""The network of one organisation in plain words: what works and what to change. Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dao_app.app.views import Finding
from dao_app.net.limits import CLOCK_DIFFERENCE_MS_MAX


@dataclass(frozen=True, slots=True)
class Facts:
    """``org`` and devices as people see them; ``mdns`` and ``reached`` None while that is not known; ``outside`` the
    IP address that others see; ``clocks``: of each linked device how far its clock is ahead of this one's, in ms."""

    org: str
    addresses: Sequence[str]
    only_dials: bool
    port_taken: str
    mdns: bool | None
    known: int
    linked: int
    relayed: int
    alone_since_ms: int | None
    outside: str
    reached: bool | None
    relays_known: int
    places: int
    relays: bool
    other_version: Sequence[str]
    clocks: Sequence[tuple[str, int]]
    behind: int


def findings(facts: Facts) -> list[Finding]:
    """In the order in which a person would look: this device, the others, the way between them, clocks and versions."""
    return [*_here(facts), *_others(facts), *_from_outside(facts), *_versions(facts), *_clocks(facts)]


def _finding(facts: Facts, code: str, level: str, **params: object) -> Finding:
    return Finding(code, level, {"org": facts.org, **{name: str(value) for name, value in params.items()}})


def _here(facts: Facts) -> list[Finding]:
    found = []
    if facts.only_dials:
        found.append(_finding(facts, "net_only_dials", "note"))
    elif not facts.addresses:
        found.append(_finding(facts, "net_no_address", "problem"))
    else:
        found.append(_finding(facts, "net_listens", "ok", address=facts.addresses[0]))
    if facts.port_taken:
        found.append(_finding(facts, "net_port_taken", "problem", address=facts.port_taken))
    if facts.mdns is False:
        found.append(_finding(facts, "net_no_mdns", "note"))
    if facts.relays:
        found.append(_finding(facts, "net_relays", "ok"))
    return found


def _others(facts: Facts) -> list[Finding]:
    if facts.linked:
        found = [_finding(facts, "net_connected", "ok", peers=facts.linked)]
        if facts.relayed:
            found.append(_finding(facts, "net_relayed", "note", peers=facts.relayed))
        if facts.behind == facts.linked:
            found.append(_finding(facts, "net_all_behind", "note", peers=facts.linked))
        return found
    if not facts.known:
        return [_finding(facts, "net_no_peer_known", "note")]
    return [_finding(facts, "net_none_reachable", "problem", known=facts.known, since_ms=facts.alone_since_ms or 0)]


def _from_outside(facts: Facts) -> list[Finding]:
    if facts.reached:
        return [_finding(facts, "net_reached", "ok", address=facts.outside)]
    found = []
    if facts.reached is False:
        level = "note" if facts.places else "problem"
        found.append(_finding(facts, "net_not_reached", level, address=facts.outside))
    elif facts.linked:
        found.append(_finding(facts, "net_reach_unknown", "note"))
    if facts.places:
        found.append(_finding(facts, "net_has_place", "ok", places=facts.places))
    elif facts.reached is False and not facts.relays_known:
        found.append(_finding(facts, "net_no_relay", "problem"))
    return found


def _versions(facts: Facts) -> list[Finding]:
    return [_finding(facts, "net_other_version", "problem", device=device) for device in facts.other_version]


def _clocks(facts: Facts) -> list[Finding]:
    """Where all others agree against this one, its own clock is wrong; else it is between the two."""
    off = [(device, ms) for device, ms in facts.clocks if abs(ms) > CLOCK_DIFFERENCE_MS_MAX]
    if len(off) > 1 and len(off) == len(facts.clocks) and len({ms > 0 for _, ms in off}) == 1:
        middle = sorted(ms for _, ms in off)[len(off) // 2]
        code = "net_clock_slow" if middle > 0 else "net_clock_fast"
        return [_finding(facts, code, "problem", peers=len(off), minutes=_minutes(middle))]
    return [
        _finding(
            facts, "net_peer_clock_ahead" if ms > 0 else "net_peer_clock_behind", "problem",
            device=device, minutes=_minutes(ms),
        )
        for device, ms in off
    ]  # fmt: skip


def _minutes(ms: int) -> int:
    return (abs(ms) + 30_000) // 60_000
