"""One organisation derived from its log: the final part checkpoint by checkpoint, then the provisional rest.

``Replay`` holds what is not sealed yet, forms and checks checkpoints, and derives the provisional state.
It is pure: actions and certificates come in, values go out; what a checkpoint wrote is returned for the
store, and nothing is kept that the store could not give back (protocol §3, §4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import NamedTuple

from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.entities import Device, Entity, Org, Totals
from dao_app.core.envelope import Action
from dao_app.core.finality.checkpoint import Checkpoint, Move
from dao_app.core.finality.recovery import Recovery, put_seats, seats_of
from dao_app.core.frontier import Cut, Head, Missing, Under, choose, trunk_after, under
from dao_app.core.keys import ORG_KEY, TOTALS_KEY, WITNESSES_KEY, device_key
from dao_app.core.limits import PROVISIONAL_SNAPSHOT_EVERY
from dao_app.core.ordering import Node, final_order, node_of, provisional_order
from dao_app.core.rules.context import Context
from dao_app.core.rules.devices import freeze
from dao_app.core.rules.founding import RULES_VERSION
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.witnesses import keys_of
from dao_app.core.state import FRONTIER_TREE, RESULTS_TREE, STATE_TREE, Posting, Source, State, Tree, TreeChange
from dao_app.core.transition import apply, finish_checkpoint, results_entities
from dao_app.core.witness_entities import Witnesses

KEY_BYTES = 32  # of a device's own entry in the frontier; an extra head's key is longer
RECENT_ACTIONS_MAX = 20_000  # decoded actions kept; about 1.5 kB each
Verdicts = dict[bytes, Rejection]  # rejected actions only
Rank = tuple[int, int, bytes]  # of the provisional order: (removes rights first, at, id)


class Position(NamedTuple):
    """The last certified checkpoint: id (the organisation's before any), height, time, rules version."""

    id: bytes
    height: int
    time: int


class Branching(NamedTuple):
    """What a checkpoint says of branches: the new heads of devices, and which of their actions are on the trunk
    (0), off it (1), or sealed off it (2)."""

    heads: Mapping[bytes, Head]
    places: Mapping[bytes, int]


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
    cut: Cut
    branching: Branching


class Replay:
    """See the module. ``load`` gives an action that is stored but no longer in memory; ``supported`` is the newest
    rules version that this program knows."""

    def __init__(
        self, org: bytes, source: Source, load: Callable[[bytes], Action], position: Position | None = None,
        persistent: bool = True, supported: int = RULES_VERSION,
    ) -> None:
        self.org = org
        self.supported = supported
        self.recoveries: dict[int, Recovery] = {}  # height after the branch → what holds there
        self.position = position or Position(org, 0, 0)
        self.final = Tree(STATE_TREE, source, persistent)
        self.results = Tree(RESULTS_TREE, source, persistent)
        self.frontier = Tree(FRONTIER_TREE, source, persistent)
        self.sealed: dict[bytes, tuple[int, bytes]] = {
            key: tuple(decode_trusted(value)) for key, value in self.frontier.entries() if len(key) == KEY_BYTES
        }
        self.pending: dict[bytes, Node] = {}
        self.off: set[bytes] = set()  # pending actions off their device's trunk
        self._forked: dict[bytes, int] = {}  # device → first seq that has several actions
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
    def add(self, action: Action, off: bool = False) -> None:
        """Take in an admitted action; parents are in already. ``off``: not on its device's trunk."""
        self.pending[action.id] = node_of(action)
        if off:
            self.off.add(action.id)
            self._note_fork(action)
        if len(self._actions) < RECENT_ACTIONS_MAX:
            self._actions[action.id] = action
        self._fresh.append(action.id)

    def action(self, id_: bytes) -> Action:
        return self._actions.get(id_) or self._load(id_)

    def _recovery(self) -> Recovery | None:
        """What holds for the next checkpoint, if it comes after the branch that a recovery names."""
        found = self.recoveries.get(self.position.height + 1)
        return found if found is not None and found.branch.id == self.position.id else None

    # -- the final part ------------------------------------------------------------------------
    def choose_frontier(self) -> Cut:
        """As much of the provisional rest as one checkpoint may hold, closed under parents."""
        return choose(self.pending, self.off, provisional_order(self.pending), self.owner)

    def owner(self, device: bytes) -> bytes | None:
        """The member behind a device in the final state."""
        found = self.final.entity(device_key(device))
        return found.member if isinstance(found, Device) else None

    def under(self, cut: Cut) -> Under | Missing | None:
        """The actions that this cut seals; see ``frontier.under``."""
        return under(cut, self.pending, self.sealed, self.owner)

    def rules(self) -> int:
        """The rules version of the next checkpoint."""
        org = self.final.entity(ORG_KEY)
        return org.rules if isinstance(org, Org) else 1

    def witnesses(self) -> tuple[bytes, ...]:
        """Keys that sign the next checkpoint; empty while no genesis is here."""
        recovery = self._recovery()
        if recovery is not None:
            return tuple(key for _, key in seats_of(self.final, recovery.members))
        found = self.final.entity(WITNESSES_KEY)
        if isinstance(found, Witnesses):
            return keys_of(found)
        return (self.action(self.org).body["witness"],) if self.org in self.pending else ()

    def seal(self, cut: Cut, sealing: Under, time: int) -> Sealed:
        """Derive the checkpoint over these actions at this time, and write it into the trees.

        The caller compares it with a certificate's, or proposes it; ``undo`` takes it back, ``rewind`` where
        an error came in between. The rules version must be known (``rules`` at most ``supported``).
        """
        before = self.position
        height = before.height + 1
        rules = self.rules()
        values = {m.device: encode_trusted([m.seq, m.head]) for m in cut.moves}
        values.update({m.device + m.head: encode_trusted([m.seq]) for m in cut.extras})
        frontier = self.frontier.put_all(values)
        order = final_order(sealing.nodes, before.id, self.frontier.root)
        state = State(self.final)
        recovery = self._recovery()
        if recovery is not None:
            put_seats(state, recovery, seats_of(self.final, recovery.members), height)
        totals = self.final.entity(TOTALS_KEY)
        place = totals.place if isinstance(totals, Totals) else 0
        verdicts: Verdicts = {}
        for id_ in order:
            place += 1
            rejection = self._judge_sealed(state, id_, sealing, Context(before.time, height, True, place))
            if rejection is not None:
                verdicts[id_] = rejection
        for device in {m.device for m in cut.extras}:
            freeze(state, device, height)
        results = finish_checkpoint(state, self.final, before.time, time, height, before.id)
        last = state.get(TOTALS_KEY, Totals)
        if last is not None:
            state.put(TOTALS_KEY, last._replace(place=place))
        named = state.get(WITNESSES_KEY, Witnesses)
        witnesses = keys_of(named) if named is not None else self.witnesses()
        written = self.final.commit(state.changed)
        closed = self.results.commit(results_entities(results))
        checkpoint = Checkpoint(
            self.org, height, before.id, time, self.frontier.root, self.final.root, self.results.root, witnesses, rules
        )
        branching = self._branching(cut, sealing.nodes.keys(), sealing.losing)
        return Sealed(
            checkpoint, order, verdicts, state.postings, written, closed, frontier, state.changed, cut, branching
        )

    def _judge_sealed(self, state: State, id_: bytes, sealing: Under, context: Context) -> Rejection | None:
        if id_ in sealing.losing:
            return Rejection.FORKED
        return apply(state, self.action(id_), context)

    def _branching(self, cut: Cut, inside: Set[bytes], losing: Set[bytes]) -> Branching:
        """Which branch each forked device goes on with after this cut, also where it seals a losing branch alone."""
        heads: dict[bytes, Head] = {}
        places: dict[bytes, int] = dict.fromkeys(losing, 2)
        bases = {m.device: Move(m.device, *self.sealed.get(m.device, (0, b""))) for m in cut.extras}
        bases.update({m.device: m for m in cut.moves if m.device in self._forked or m.device in bases})
        for device, base in bases.items():
            left = {id_: n for id_, n in self.pending.items() if n.by == device and id_ not in losing}
            chain = trunk_after(base, left, self.off)
            heads[device] = (chain[-1].seq, chain[-1].id) if chain else (base.seq, base.head)
            trunk = {n.id for n in chain}
            places.update({id_: 0 if id_ in trunk or id_ in inside else 1 for id_ in left})
        return Branching(heads, places)

    def undo(self, sealed: Sealed) -> None:
        """Take back what ``seal`` wrote into the trees."""
        for tree, change in self._written(sealed):
            tree.put_all(change.before)

    def redo(self, sealed: Sealed) -> Sealed:
        """Write again what was taken back; of forked devices more may have come in since it was formed."""
        for tree, change in self._written(sealed):
            tree.put_all(change.values)
        losing = {id_ for id_, place in sealed.branching.places.items() if place == 2}
        return sealed._replace(branching=self._branching(sealed.cut, set(sealed.order), losing))

    def _written(self, sealed: Sealed) -> tuple[tuple[Tree, TreeChange], ...]:
        return (self.final, sealed.state), (self.results, sealed.results), (self.frontier, sealed.frontier)

    def advance(self, sealed: Sealed, id_: bytes) -> None:
        """The checkpoint is stored: drop what it sealed from the provisional rest."""
        self.position = Position(id_, sealed.checkpoint.height, sealed.checkpoint.time)
        for move in sealed.cut.moves:
            self.sealed[move.device] = (move.seq, move.head)
        for action in sealed.order:
            del self.pending[action]
            self._actions.pop(action, None)
        self.off -= set(sealed.order)
        for action, place in sealed.branching.places.items():
            if action in self.pending:
                (self.off.add if place else self.off.discard)(action)
        self._reset_provisional()

    def rewind(self) -> None:
        """Go back to what the store holds after ``seal`` came to nothing."""
        for tree in (self.final, self.results, self.frontier):
            tree.reload()

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

    def _note_fork(self, action: Action) -> None:
        """Nothing of a forked device has effect from the fork on while no checkpoint chose."""
        first = self._forked.get(action.by)
        if first is None or action.seq < first:
            self._forked[action.by] = action.seq
            self._reset_provisional()

    def is_forked(self, node: Node) -> bool:
        """Has its device several actions from here on, and no checkpoint has chosen yet?"""
        first = self._forked.get(node.by)
        if first is None or node.seq < first:
            return False
        return node.id in self.off or self.sealed.get(node.by, (0, b""))[0] < first

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
        if self.is_forked(node):
            rejection: Rejection | None = Rejection.FORKED
        else:
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
