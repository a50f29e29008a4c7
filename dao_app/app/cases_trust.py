"""Use cases around trust: status, checkpoints, the log, verifying everything, peers, doctor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dao_app.app import views as v
from dao_app.app.addresses import ADDRESS_CHARS_MAX, read_address
from dao_app.app.cases import Cases
from dao_app.app.checkpoint_rows import checkpoint_row, is_online
from dao_app.app.errors import InputError, NetworkError, NotFound
from dao_app.app.organisation import Organisation
from dao_app.app.queries import Reader, fingerprint
from dao_app.app.resolve import ids_by_prefix
from dao_app.app.storage import LogRecord
from dao_app.app.verification import verify_everything
from dao_app.app.workspace import Opened
from dao_app.core.encoding import Link, cid_text, decode_trusted
from dao_app.core.entities import Totals
from dao_app.core.envelope import parse_trusted
from dao_app.core.finality.checkpoint import parse_certificate, quorum
from dao_app.core.keys import TOTALS_KEY, WITNESSES_KEY
from dao_app.core.state import Tree
from dao_app.core.witness_entities import Seat, Witnesses
from dao_app.core.words import words_for

CHECKPOINT_ROWS = 24
LOG_ROWS_MAX = 5_000
HISTORY_WORDS = 6
PLACES_BACK_MAX = 500  # checkpoints searched for the place of an entry


REACH_KNOWN = frozenset({"net_reached", "net_not_reached", "net_only_dials"})  # there is nothing more to wait for
DIAGNOSE_STEP_S = 0.5


class TrustCases(Cases):
    """Part of ``app.api.Api``."""

    # -- checkpoints ---------------------------------------------------------------------------------
    def trust(self, org: str) -> v.TrustView:
        opened, reader = self._read(org)
        replay = opened.org.replay
        counts = opened.org.store.counts()
        keys = opened.org.witnesses()
        waits_for, _ = reader.witness()
        last = opened.org.store.checkpoints(max(1, replay.position.height - CHECKPOINT_ROWS + 1), CHECKPOINT_ROWS)
        rows = tuple(checkpoint_row(reader, parse_certificate(record.raw)) for record in reversed(last))
        witnesses = tuple(self._witness(opened.org, reader, root, key) for root, key in _seats(replay.final))
        return v.TrustView(
            replay.position.height,
            replay.position.time,
            counts.sealed,
            len(replay.pending),
            len(replay.verdicts),
            witnesses,
            quorum(max(1, len(keys))),
            len(keys) == 1,
            waits_for if replay.pending else (),
            opened.waits_since_ms if replay.pending else None,
            words_for(replay.position.id, HISTORY_WORDS),
            rows,
        )

    def _witness(self, org: Organisation, reader: Reader, root: bytes, key: bytes) -> v.WitnessView:
        here = key in org.witness_keys
        online = is_online(reader, root, here, self._ws.clock.now_ms())
        return v.WitnessView(reader.person(root), here, online, reader.seen(root))

    def state_root(self, org: str) -> v.RootView:
        opened = self._ws.find(org)
        replay = opened.org.replay
        return v.RootView(
            opened.org.org_id.hex(),
            replay.position.height,
            replay.position.time,
            replay.final.root.hex(),
            replay.results.root.hex(),
            replay.frontier.root.hex(),
            replay.position.id.hex(),
            len(replay.pending),
            replay.provisional_root().hex(),
        )

    # -- the log -------------------------------------------------------------------------------------
    def log_list(self, org: str, limit: int = 200, before: str = "") -> tuple[v.LogRow, ...]:
        _, reader = self._read(org)
        pos = None
        if before:
            found = reader.org.store.record(self._entry(reader, before))
            pos = found.pos if found is not None else None
        records = reader.org.store.newest(max(1, min(limit, LOG_ROWS_MAX)), pos)
        places = _places(reader, {record.id for record in records})
        reader.look_ahead(record.id for record in records)
        return tuple(_log_row(reader, record, places) for record in records)

    def log_show(self, org: str, entry: str) -> v.LogEntry:
        _, reader = self._read(org)
        record = reader.org.store.record(self._entry(reader, entry))
        assert record is not None
        payload = plain(decode_trusted(record.payload))
        return v.LogEntry(
            _log_row(reader, record, _places(reader, {record.id})),
            cid_text(record.id),
            payload,
            record.signature.hex(),
            len(record.payload) + len(record.signature),
        )

    def _entry(self, reader: Reader, name: str) -> bytes:
        matches = ids_by_prefix(reader, name.strip())
        if len(matches) != 1:
            raise NotFound("entry_unknown" if not matches else "name_ambiguous", name=name[:80])
        return matches[0]

    def log_verify_rest(self, rest: bool) -> bool:
        self._ws.resting = rest
        return rest

    async def log_verify(self, org: str, progress: Callable[[v.Progress], None] | None = None) -> v.VerifyReport:
        opened, _ = self._read(org)

        def told(done: int, total: int) -> None:
            self._ws.progress("verify", done, total)
            if progress is not None:
                progress(v.Progress("verify", done, total))

        self._ws.resting = False
        return await verify_everything(opened.org, self._ws.verifier, self._ws.rest, told)

    # -- network -------------------------------------------------------------------------------------
    def status(self, org: str) -> v.StatusView:
        opened, reader = self._read(org)
        replay = opened.org.replay
        network = self._ws.network
        peers = network.peers(opened.org.org_id) if network is not None and opened.online else ()
        waits_for, seen = reader.witness()
        connected = sum(p.connected for p in peers)
        return v.StatusView(
            connected,
            None if connected or network is None else opened.offline_since_ms,
            len(self._ws.unsent.get(opened.org.org_id, ())),
            len(replay.pending),
            replay.position.height,
            replay.position.time or None,
            waits_for if replay.pending else (),
            seen,
            opened.syncing,
        )

    def addresses(self, org: str) -> tuple[str, ...]:
        """Multiaddresses of this device's host; empty without a network."""
        opened = self._ws.find(org)
        network = self._ws.network
        return network.addresses(opened.org.org_id) if network is not None and opened.online else ()

    def peer_list(self, org: str) -> tuple[v.PeerRow, ...]:
        opened, reader = self._read(org)
        network = self._ws.network
        if network is None or not opened.online:
            return ()
        rows = []
        for p in network.peers(opened.org.org_id):
            person = reader.author(p.device)
            rows.append(
                v.PeerRow(
                    person,
                    p.device.hex(),
                    fingerprint(p.device),
                    p.address,
                    p.path,
                    p.connected,
                    p.seen_ms,
                    p.height,
                    p.agrees,
                    p.behind,
                    p.delay_ms,
                )
            )
        return tuple(rows)

    async def peer_add(self, org: str, address: str) -> v.PeerRow:
        opened, _ = self._read(org)
        network = self._ws.network
        address = address.strip()
        if read_address(address) is None:
            raise InputError("address_form", address=address[:ADDRESS_CHARS_MAX])
        if network is None or not opened.online:
            self._ws.remember_address(opened, address)
            return v.PeerRow(None, "", "", address, "none", False, None, None, None, None)
        reached = await network.dial(opened.org.org_id, address)
        self._ws.remember_address(opened, address)
        if not reached:
            raise NetworkError("peer_unreachable", address=address)
        row = next((p for p in self.peer_list(org) if p.address == address), None)
        return row or v.PeerRow(None, "", "", address, "direct", True, None, None, None, None)

    async def doctor(self, org: str = "") -> tuple[v.Finding, ...]:
        findings = [*self._ws.examine()]
        chosen = [self._ws.find(org)] if org else list(self._ws.opened.values())
        for opened in chosen:
            name = opened.org.org_id.hex()[:8]
            if opened.org.conflict:
                findings.append(v.Finding("conflict", "problem", {"org": name, "height": opened.org.conflict}))
            if opened.org.witnessing.is_silent():
                findings.append(v.Finding("witness_silent", "problem", {"org": name}))
            if not opened.org.knows_rules():
                version = str(opened.org.replay.rules())
                findings.append(v.Finding("rules_unknown", "problem", {"org": name, "version": version}))
            if opened.org.evidence:
                findings.append(v.Finding("forks", "problem", {"org": name, "count": str(len(opened.org.evidence))}))
            findings.extend(await self._diagnose(opened, 0))
        return tuple(findings)

    async def doctor_network(self, org: str = "", wait_s: int = 0) -> tuple[v.Finding, ...]:
        codes = ("locked", "no_identity", "no_organisation", "network_not_running")
        findings = [finding for finding in self._ws.examine() if finding.code in codes]
        for opened in [self._ws.find(org)] if org else list(self._ws.opened.values()):
            findings.extend(await self._diagnose(opened, wait_s))
        return tuple(findings)

    async def _diagnose(self, opened: Opened, wait_s: int) -> list[v.Finding]:
        """What the network says; waited for until somebody has told whether this device is reached."""
        network = self._ws.network
        if network is None or not opened.online:
            return []
        until_ms = self._ws.clock.now_ms() + wait_s * 1000
        while True:
            found = await network.diagnose(opened.org.org_id)
            codes = {finding.code for finding in found}
            if codes & REACH_KNOWN or self._ws.clock.now_ms() >= until_ms:
                return found
            await self._ws.runtime.sleep(DIAGNOSE_STEP_S)


def _places(reader: Reader, wanted: set[bytes]) -> dict[bytes, int]:
    """Places of these actions in the final order, looked for in the newest checkpoints."""
    totals = reader.org.replay.final.entity(TOTALS_KEY)
    end = totals.place if isinstance(totals, Totals) else 0
    wanted = wanted - reader.org.replay.pending.keys()
    places: dict[bytes, int] = {}
    height = reader.org.height()
    for back in range(min(height, PLACES_BACK_MAX)):
        if len(places) == len(wanted):
            break
        order = reader.org.store.order(height - back)
        end -= len(order)
        places.update({id_: end + number for number, id_ in enumerate(order, 1) if id_ in wanted})
    return places


def _log_row(reader: Reader, record: LogRecord, places: dict[bytes, int]) -> v.LogRow:
    action = parse_trusted(record.id, record.payload)
    return v.LogRow(
        record.id.hex(),
        places.get(record.id),
        reader.author(record.device),
        fingerprint(record.device),
        record.seq,
        action.type,
        reader.stamp(record.id),
    )


def plain(value: Any) -> Any:
    """A payload as JSON: links as {"/": cid}, bytes as {"bytes": hex} (the form IPLD tools print)."""
    if isinstance(value, Link):
        return {"/": cid_text(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _seats(final: Tree) -> tuple[Seat, ...]:
    found = final.entity(WITNESSES_KEY)
    return found.seats if isinstance(found, Witnesses) else ()
