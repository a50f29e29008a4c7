"""The part of the stand-in engine that tells how a node is."""

from __future__ import annotations

from dao_app.app.views_node import NodeOrgView, NodeView
from tests.fakes.sample import NOW_MS, ORG


class FakeNode:
    """Mixed into ``FakeEngine``."""

    node_problems: tuple[str, ...] = ()

    def node_status(self) -> NodeView:
        problems = self.node_problems
        row = NodeOrgView(ORG, "Example Alliance", 1_284, NOW_MS, 48_212, 7, 0, 6, 9, 120_000, 240_000, problems)
        return NodeView(not self.node_problems, False, (row,))
