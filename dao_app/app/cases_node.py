"""How a node is: read by people (``guildhall node status``) and by monitoring."""

from __future__ import annotations

from dao_app.app.cases import Cases
from dao_app.app.errors import StorageError
from dao_app.app.views_node import NodeOrgView, NodeView
from dao_app.app.workspace import Opened

BEHIND_MS = 5 * 60_000  # a peer further for so long is more than catching up
HARMLESS = frozenset({"alone"})


class NodeCases(Cases):
    """See the module."""

    def node_status(self) -> NodeView:
        rows = tuple(self._vital(opened) for opened in self._ws.opened.values() if not opened.demo)
        locked = self._ws.vault is None
        healthy = not locked and all(HARMLESS.issuperset(row.problems) for row in rows)
        return NodeView(healthy, locked, rows)

    def _vital(self, opened: Opened) -> NodeOrgView:
        org, network = opened.org, self._ws.network
        online = network is not None and opened.online
        peers = network.peers(org.org_id) if network is not None and online else ()
        traffic = network.traffic(org.org_id) if network is not None and online else (0, 0)
        connected = sum(peer.connected for peer in peers)
        founded = self._reader(opened).founded()
        try:
            actions, problem = org.store.counts().actions, opened.problem
        except StorageError as error:
            actions, problem = 0, error.code
        return NodeOrgView(
            org.org_id.hex(),
            founded.name if founded is not None else "",
            org.height(),
            org.replay.position.time or None,
            actions,
            len(org.replay.pending),
            len(self._ws.unsent.get(org.org_id, ())),
            connected,
            len(peers),
            *traffic,
            self._problems(opened, problem, connected),
        )

    def _problems(self, opened: Opened, problem: str, connected: int) -> tuple[str, ...]:
        org = opened.org
        behind_ms = self._ws.clock.now_ms() - opened.behind[1] if opened.behind is not None else 0
        found = {
            "conflict": bool(org.conflict),
            "newer_rules": not org.knows_rules(),
            "storage": bool(problem),
            "behind": behind_ms > BEHIND_MS,
            "alone": not connected,
        }
        return tuple(code for code, there in found.items() if there)
