"""One organisation derived from its log: the final part checkpoint by checkpoint, then the provisional rest.

``Replay`` holds what is not sealed yet, forms and checks checkpoints, and derives the provisional state.
It is pure: actions and certificates come in, values go out; what a checkpoint wrote is returned for the
store, and nothing is kept that the store could not give back (protocol §3, §4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.entities import Entity, Totals
from dao_app.core.envelope import Action
from dao_app.core.finality.checkpoint import Checkpoint, Move
from dao_app.core.keys import TOTALS_KEY
from dao_app.core.limits import CHECKPOINT_DEVICE_ACTIONS_MAX, PROVISIONAL_SNAPSHOT_EVERY
from dao_app.core.ordering import Node, closed_under_parents, final_order, node_of, provisional_order
from dao_app.core.rules.context import Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import FRONTIER_TREE, RESULTS_TREE, STATE_TREE, Posting, Source, State, Tree, TreeChange
from dao_app.core.transition import apply, finish_checkpoint, results_entities

RECENT_ACTIONS_MAX = 20_000  # decoded actions kept; about 1.5 kB each
Verdicts = dict[bytes, Rejection]  # rejected actions only
Rank = tuple[int, int, bytes]  # of the provisional order: (removes rights first, at, id)


class Position(NamedTuple):
    """The last certified checkpoint: id (the organisation's before any), height, time, rules version."""

    id: bytes
    height: int
    time: int


class Sealed(NamedTuple):
    """What one checkpoint did, for the store: everything in one transaction."""

    checkpoint: Checkpoint
    order: list[bytes]
    verdicts: Verdicts
    postings: list[Posting]
    state: TreeChange
    results: TreeChange
    frontier: TreeChange
    changed: Mapping[bytes, Entity | None]


class Missing(NamedTuple):
    """The certificate cannot be applied yet: these devices' actions are not here."""

    devices: tuple[bytes, ...]


class Replay:
    """See the module. ``load`` gives an action that is stored but no longer in memory."""

    def __init__(
        self, org: bytes, source: Source, load: Callable[[bytes], Action], position: Position | None = None,
        persistent: bool = True,
    ) -> None:
        self.org = org
        self.position = position or Position(org, 0, 0)
        self.final = Tree(STATE_TREE, source, persistent)
        self.results = Tree(RESULTS_TREE, source, persistent)
        self.frontier = Tree(FRONTIER_TREE, source, persistent)
        self.sealed: dict[bytes, tuple[int, bytes]] = {
            device: tuple(decode_trusted(value)) for device, value in self.frontier.entries()
        }
        self.pending: dict[bytes, Node] = {}
        self._actions: dict[bytes, Action] = {}
        self._load = load
        self.provisional = State(self.final)
        self.verdicts: Verdicts = {}
        self._order: list[bytes] = []
        self._placed: set[bytes] = set()
        self._last_rank: Rank = (0, -1, b"")
        self._snapshots: list[tuple[int, State, Verdicts, Rank]] = []
        self._fresh: list[bytes] = []

    # -- the log -------------------------------------------------------------------------------
    def add(self, action: Action) -> None:
        """Take in an admitted action; parents are in already."""
        self.pending[action.id] = node_of(action)
        if len(self._actions) < RECENT_ACTIONS_MAX:
            self._actions[action.id] = action
        self._fresh.append(action.id)

    def action(self, id_: bytes) -> Action:
        return self._actions.get(id_) or self._load(id_)

    # -- the final part ------------------------------------------------------------------------
    def choose_frontier(self) -> list[Move]:
        """As much of the provisional rest as one checkpoint may hold, closed under parents."""
        nodes = [self.pending[id_] for id_ in provisional_order(self.pending)]
        heads = closed_under_parents(nodes, CHECKPOINT_DEVICE_ACTIONS_MAX, lambda id_: id_ not in self.pending)
        wanted = {(device, seq) for device, seq in heads.items()}
        return sorted(Move(n.by, n.seq, n.id) for n in nodes if (n.by, n.seq) in wanted)

    def under(self, moves: tuple[Move, ...] | list[Move]) -> dict[bytes, Node] | Missing | None:
        """The actions that these moves seal; Missing where some are not here; None where the moves are
        no valid extension of the frontier (over the cap, or without a parent)."""
        nodes: dict[bytes, Node] = {}
        missing = []
        for move in moves:
            seq, _ = self.sealed.get(move.device, (0, b""))
            if not seq < move.seq <= seq + CHECKPOINT_DEVICE_ACTIONS_MAX:
                return None
            id_ = move.head
            for expected in range(move.seq, seq, -1):
                node = self.pending.get(id_)
                if node is None:
                    missing.append(move.device)
                    break
                if node.by != move.device or node.seq != expected:
                    return None
                nodes[id_] = node
                id_ = node.parents[0] if node.seq > 1 else id_
        if missing:
            return Missing(tuple(missing))
        if any(p in self.pending and p not in nodes for node in nodes.values() for p in node.parents):
            return None
        return nodes

    def seal(
        self, moves: list[Move] | tuple[Move, ...], nodes: dict[bytes, Node], time: int, witnesses: tuple[bytes, ...],
        rules: int,
    ) -> Sealed:
        """Derive the checkpoint over these actions at this time, and make it the last final one.

        The caller compares the roots with a certificate's, or signs them; where that or storing fails
        it calls ``rewind``.
        """
        before = self.position
        height = before.height + 1
        frontier = self.frontier.put_all({m.device: encode_trusted([m.seq, m.head]) for m in moves})
        order = final_order(nodes, before.id, self.frontier.root)
        state = State(self.final)
        totals = self.final.entity(TOTALS_KEY)
        place = totals.place if isinstance(totals, Totals) else 0
        verdicts: Verdicts = {}
        for id_ in order:
            place += 1
            rejection = apply(state, self.action(id_), Context(before.time, height, True, place))
            if rejection is not None:
                verdicts[id_] = rejection
        results = finish_checkpoint(state, self.final, before.time, time, height, before.id)
        last = state.get(TOTALS_KEY, Totals)
        if last is not None:
            state.put(TOTALS_KEY, last._replace(place=place))
        written = self.final.commit(state.changed)
        closed = self.results.commit(results_entities(results))
        checkpoint = Checkpoint(
            self.org, height, before.id, time, self.frontier.root, self.final.root, self.results.root, witnesses, rules
        )
        return Sealed(checkpoint, order, verdicts, state.postings, written, closed, frontier, state.changed)

    def advance(self, sealed: Sealed, id_: bytes, moves: list[Move] | tuple[Move, ...]) -> None:
        """The checkpoint is stored: drop what it sealed from the provisional rest."""
        self.position = Position(id_, sealed.checkpoint.height, sealed.checkpoint.time)
        for move in moves:
            self.sealed[move.device] = (move.seq, move.head)
        for action in sealed.order:
            del self.pending[action]
            self._actions.pop(action, None)
        self._drop_losing_branches(moves)
        self._reset_provisional()

    def rewind(self) -> None:
        """Go back to what the store holds after ``seal`` came to nothing."""
        for tree in (self.final, self.results, self.frontier):
            tree.reload()

    def _drop_losing_branches(self, moves: list[Move] | tuple[Move, ...]) -> None:
        sealed = {m.device: m.seq for m in moves}
        for id_ in [i for i, n in self.pending.items() if n.seq <= sealed.get(n.by, 0)]:
            del self.pending[id_]
            self._actions.pop(id_, None)

    # -- the provisional rest ------------------------------------------------------------------
    def derive(self) -> None:
        """Bring the provisional state up to date with what came in since the last call."""
        if not self._fresh:
            return
        fresh, self._fresh = self._fresh, []
        if all(self._comes_last(id_) for id_ in fresh):
            return
        order = provisional_order(self.pending)
        same = 0
        for old, new in zip(self._order, order, strict=False):
            if old != new:
                break
            same += 1
        self._resume(same)
        for id_ in order[len(self._order) :]:
            self._step(id_)

    def judge(self, action: Action) -> Rejection | None:
        """What would become of this draft as the next provisional action; nothing is kept."""
        self.derive()
        return apply(State(self.provisional), action, self._context())

    def _context(self) -> Context:
        return Context(self.position.time, self.position.height + 1, False, 0)

    def _comes_last(self, id_: bytes) -> bool:
        """Append an action that is ordered behind all others; False where it is not."""
        node = self.pending.get(id_)
        if node is None:
            return True
        rank = (0 if node.removes else 1, node.at, node.id)
        if rank <= self._last_rank or any(p in self.pending and p not in self._placed for p in node.parents):
            return False
        self._step(id_)
        return True

    def _step(self, id_: bytes) -> None:
        if len(self._order) % PROVISIONAL_SNAPSHOT_EVERY == 0 and self._order:
            self._snapshots.append((len(self._order), self.provisional.copy(), dict(self.verdicts), self._last_rank))
        node = self.pending[id_]
        rejection = apply(self.provisional, self.action(id_), self._context())
        if rejection is not None:
            self.verdicts[id_] = rejection
        self._order.append(id_)
        self._placed.add(id_)
        self._last_rank = max(self._last_rank, (0 if node.removes else 1, node.at, node.id))

    def _resume(self, same: int) -> None:
        """Go back to the last intermediate state within the first ``same`` actions."""
        if same == len(self._order):
            return
        while self._snapshots and self._snapshots[-1][0] > same:
            self._snapshots.pop()
        if self._snapshots:
            count, state, verdicts, rank = self._snapshots[-1]
            self.provisional, self.verdicts, self._last_rank = state.copy(), dict(verdicts), rank
            self._order = self._order[:count]
            self._placed = set(self._order)
            return
        kept = self._fresh
        self._reset_provisional()
        self._fresh = kept

    def _reset_provisional(self) -> None:
        self.provisional = State(self.final)
        self.verdicts = {}
        self._order = []
        self._placed = set()
        self._last_rank = (0, -1, b"")
        self._snapshots = []
        self._fresh = list(self.pending)

    def provisional_root(self) -> bytes:
        """State root over the final state with the provisional changes; equal where the logs are equal."""
        self.derive()
        return self.final.preview(self.provisional.changed)

    @property
    def provisional_ids(self) -> list[bytes]:
        """Unsealed actions in the order in which they are shown."""
        self.derive()
        return self._order
