"""The part of ``app.api.Api`` about an always-on node."""

from __future__ import annotations

from typing import Protocol

from dao_app.app.views_node import NodeView


class NodeApi(Protocol):
    """See ``app.api``."""

    def node_status(self) -> NodeView:
        """How the process that owns this folder is; never waits for the network."""
        ...
