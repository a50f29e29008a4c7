"""Views of one organisation, read from its derived state and log; nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dao_app.app import views as v
from dao_app.app.attachments import Found, find
from dao_app.app.organisation import Organisation
from dao_app.app.storage import FileState, LogRecord
from dao_app.core.attachment import KIND
from dao_app.core.encoding import power_from_wire
from dao_app.core.entities import Department, Device, Firm, Member, Org, Proposal, Ref, Task, Unit
from dao_app.core.envelope import Action, parse_trusted
from dao_app.core.keys import (
    ORG_KEY,
    WITNESSES_KEY,
    department_key,
    device_key,
    firm_key,
    match_key,
    member_key,
    proposal_key,
    round_key,
    task_key,
    unit_key,
)
from dao_app.core.reward_entities import Match, Round
from dao_app.core.rules import effects
from dao_app.core.rules.context import Context
from dao_app.core.rules.members import all_members, permissions_everywhere
from dao_app.core.rules.registry import about
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State
from dao_app.core.transition import apply
from dao_app.core.witness_entities import Witnesses

COMMENT = "comment.add"


def fingerprint(key: bytes) -> str:
    """Short form of a key for people: three groups of four digits."""
    text = key.hex()
    return f"{text[:4]} {text[4:8]} {text[8:12]}"


PARTIES = {b"o": "treasury", b"e": "escrow", b"r": "reserve", b"d": "department", b"f": "firm", b"s": "schedule"}


class Reader:
    """Helpers shared by all views of one organisation.

    ``member`` is the root of this machine's member or None; ``seen`` maps devices to the time when they
    were last connected; ``unsent`` holds own actions that no peer has yet.
    """

    def __init__(self, org: Organisation, member: bytes | None, seen: dict[bytes, int], unsent: set[bytes]) -> None:
        self.org = org
        self.member = member
        self._seen = seen
        self._unsent = unsent
        org.replay.derive()
        self.state: State = org.replay.provisional
        self._people: dict[bytes, v.PersonView] = {}
        self._roots: tuple[bytes, ...] | None = None
        self._held: dict[bytes, dict[bytes, list[str]]] | None = None
        self._actions: dict[bytes, Action] = {}
        self._latest: dict[bytes, bytes] | None = None
        self._files: dict[bytes, FileState] | None = None
        self._witness_members: dict[bytes, bytes] | None = None
        self._witness: tuple[tuple[str, ...], int | None] | None = None

    # -- people and parties --------------------------------------------------------------------
    def person(self, root: bytes) -> v.PersonView:
        found = self._people.get(root)
        if found is None:
            member = self.state.get(member_key(root), Member)
            name = self.text(member.profile) if member is not None else ""
            found = self._people[root] = v.PersonView(
                root.hex(), name or "", fingerprint(root), root == self.member
            )
        return found

    def roots(self) -> tuple[bytes, ...]:
        """Roots of all who joined, in the order in which they did."""
        if self._roots is None:
            self._roots = tuple(all_members(self.state)) if self.founded() is not None else ()
        return self._roots

    def held_in(self, department: bytes) -> dict[bytes, list[str]]:
        """Active members with a role in a department → these roles; all members are gone through once."""
        if self._held is None:
            self._held = {}
            for root in self.roots():
                member = self.state.need(member_key(root), Member)
                for grant in member.grants if member.status == "active" else ():
                    if grant.department:
                        self._held.setdefault(grant.department, {}).setdefault(root, []).append(grant.role)
        return self._held.get(department, {})

    def author(self, device: bytes) -> v.PersonView:
        """The member behind a device; a device that is no member's stands for itself."""
        found = self.state.get(device_key(device), Device)
        return self.person(found.member) if found is not None else v.PersonView(device.hex(), "", fingerprint(device))

    def party(self, party: bytes) -> tuple[str, v.PersonView | None]:
        kind = party[:1]
        if kind == b"m":
            return party[1:].hex(), self.person(party[1:])
        return PARTIES.get(kind, "issue"), None

    def party_name(self, party: bytes) -> str:
        """Name of a department or firm; "" for other parties."""
        if party[:1] == b"d":
            return self.department_name(party[1:])
        if party[:1] == b"f":
            firm = self.state.get(firm_key(party[1:]), Firm)
            return firm.name if firm is not None else party[1:5].hex()
        return ""

    def department_name(self, id_: bytes | None) -> str:
        if not id_:
            return ""
        found = self.state.get(department_key(bytes(id_)), Department)
        return found.name if found is not None else bytes(id_[:4]).hex()

    def effects_of(self, proposal: Proposal) -> list[dict[str, Any]]:
        return effects.unpack(proposal.effects)

    def label(self, id_: bytes) -> str:
        """How people call what an action made or caused: "P-12", "T-3", or a short id."""
        proposal = self.state.get(proposal_key(id_), Proposal)
        if proposal is not None and proposal.number:
            return f"P-{proposal.number}"
        task = self.state.get(task_key(id_), Task)
        if task is not None and task.number:
            return f"T-{task.number}"
        round_, match = self.state.get(round_key(id_), Round), self.state.get(match_key(id_), Match)
        if round_ is not None and round_.number:
            return f"R-{round_.number}"
        return f"M-{match.number}" if match is not None and match.number else id_[:4].hex()

    def founded(self) -> Org | None:
        return self.state.get(ORG_KEY, Org)

    def units(self) -> tuple[str, ...]:
        org = self.founded()
        return () if org is None else org.units

    def amount(self, unit: str, minor: int) -> v.AmountView | None:
        if not unit:
            return None
        entity = self.state.get(unit_key(unit), Unit)
        return v.AmountView(unit, minor, entity.decimals if entity else 0)

    def permissions(self) -> frozenset[str]:
        member = self.state.get(member_key(self.member), Member) if self.member else None
        if member is None or member.status != "active":
            return frozenset()
        return permissions_everywhere(self.state, member)

    # -- text and stamps -------------------------------------------------------------------------
    def text(self, reference: Ref | None) -> str | None:
        return self.org.text_of(reference)

    def look_ahead(self, ids: Iterable[bytes]) -> None:
        """Stamps of these will be asked for: those that are sealed are read at once."""
        self.org.settled.load(id_ for id_ in ids if id_ not in self.org.replay.pending)

    def stamp(self, id_: bytes) -> v.Stamp:
        """How settled an action is."""
        node = self.org.replay.pending.get(id_)
        if node is None:
            code, at = self.org.settled.of(id_)
            return v.Stamp("rejected" if code else "final", at, reason=code)
        rejection = self.org.replay.verdicts.get(id_)
        waits_for, seen = self.witness()
        if rejection is not None:
            return v.Stamp("contested", node.at, waits_for=waits_for, seen_ms=seen, reason=rejection.value)
        state: v.State = "queued" if id_ in self._unsent else "provisional"
        return v.Stamp(state, node.at, waits_for=waits_for, seen_ms=seen)

    def object_stamp(self, id_: bytes) -> v.Stamp:
        """How settled an object is: that of the newest unsealed action about it, else of its own."""
        return self.stamp(self._pending_about().get(id_, id_))

    def _pending_about(self) -> dict[bytes, bytes]:
        if self._latest is None:
            self._latest = {}
            for id_ in self.org.replay.provisional_ids:
                action = self.org.replay.action(id_)
                target = about(action)
                if target is not None and action.type != COMMENT:
                    self._latest[target] = id_
        return self._latest

    def witness(self) -> tuple[tuple[str, ...], int | None]:
        """Names of the witnesses awaited and when one was last connected; nobody where it is this device."""
        if self._witness is None:
            self._witness = self._find_witness()
        return self._witness

    def _find_witness(self) -> tuple[tuple[str, ...], int | None]:
        named = self.org.replay.final.entity(WITNESSES_KEY)
        if not isinstance(named, Witnesses) or self.org.is_sole_witness():
            return (), None
        awaited = [root for root, key in named.seats if key not in self.org.signed_now()]
        people = [self.person(root) for root in awaited]
        seen = max((at for root in awaited if (at := self.seen(root)) is not None), default=None)
        return tuple(person.name or person.fingerprint for person in people), seen

    def seen(self, root: bytes) -> int | None:
        """When a device of this member was last connected (ms since 1970 UTC)."""
        return max((at for device, at in self._seen.items() if self._is_of(device, root)), default=None)

    def witness_members(self) -> dict[bytes, bytes]:
        """Witness key → member, of all terms."""
        if self._witness_members is None:
            found = {}
            for id_ in [self.org.org_id, *self.org.store.of_type("witness.ready")]:
                action = self.action(id_)
                device = self.state.get(device_key(action.by), Device)
                if device is not None:
                    found[action.body["witness" if id_ == self.org.org_id else "key"]] = device.member
            self._witness_members = found
        return self._witness_members

    def _is_of(self, device: bytes, root: bytes) -> bool:
        found = self.state.get(device_key(device), Device)
        return found is not None and found.member == root

    # -- the log ---------------------------------------------------------------------------------
    def action(self, id_: bytes) -> Action:
        return self._actions.get(id_) or self.org.replay.action(id_)

    def is_here(self, id_: bytes) -> bool:
        """False for what is under a snapshot and has not been fetched yet."""
        return id_ in self._actions or bool(self.org.store.known([id_]))

    def load(self, ids: Iterable[bytes]) -> None:
        """Actions of these will be asked for: they are read at once."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._actions]
        self._actions.update((r.id, parse_trusted(r.id, r.payload)) for r in self.org.store.records(wanted))

    def about(self, id_: bytes) -> list[Action]:
        """Actions that concern an object, by claimed time."""
        records: Iterable[LogRecord] = self.org.store.about(id_)
        return sorted((parse_trusted(r.id, r.payload) for r in records), key=lambda a: (a.at, a.id))

    def activity(self, id_: bytes) -> tuple[v.ActivityView, ...]:
        """Steps in the life of an object, its own creation first; comments stand apart."""
        first = self.action(id_)
        steps = [first, *(a for a in self.about(id_) if a.type != COMMENT)]
        self.look_ahead(a.id for a in steps)
        return tuple(v.ActivityView(a.id.hex(), self.author(a.by), a.type, self.stamp(a.id)) for a in steps)

    def comments(self, id_: bytes) -> tuple[v.CommentView, ...]:
        found = [a for a in self.about(id_) if a.type == COMMENT]
        self.look_ahead(a.id for a in found)
        return tuple(self.comment(a) for a in found if self.stands(a.id))

    def comment(self, action: Action) -> v.CommentView:
        reference = action.body["text"]
        erased = self.org.is_erased(reference["hash"])
        if reference["kind"] == KIND:
            view = file_view(find(self.org, action, self._file_states()))
            return v.CommentView(action.id.hex(), self.author(action.by), "", erased, self.stamp(action.id), (), view)
        text = None if erased else self.text((reference["hash"], reference["size"]))
        return v.CommentView(
            action.id.hex(), self.author(action.by), text, erased, self.stamp(action.id),
            tuple(self.person(root) for root in action.body.get("mentions", ())),
        )

    def _file_states(self) -> dict[bytes, FileState]:
        """Read once for all comments that a reader shows."""
        if self._files is None:
            self._files = self.org.store.file_states()
        return self._files

    def stands(self, id_: bytes) -> bool:
        """Has it an effect? What was rejected may have any body at all and is never shown."""
        return self.org.stands(id_)

    # -- what you may do ---------------------------------------------------------------------------
    def judge(self, type_: str, body: dict[str, Any]) -> Rejection | None:
        """What a rule would say to this gesture of this device now."""
        if self.org.signer is None:
            return Rejection.NOT_A_MEMBER
        draft = Action(b"\0" * 32, self.org.org_id, self.org.signer.public, 2, b"\0" * 32, (), 0, type_, body)
        position = self.org.replay.position
        return apply(State(self.state), draft, Context(position.time, position.height + 1, False, 0))

    def can(self, gestures: Iterable[tuple[str, str, dict[str, Any]]]) -> tuple[str, ...]:
        """Names of the gestures (name, action type, body) that would be accepted now."""
        return tuple(name for name, type_, body in gestures if self.judge(type_, body) is None)


def file_view(found: Found) -> v.AttachedFile:
    """An attachment with what may be done about it."""
    file, state = found.file, found.state
    can = {
        "fetch": state in ("absent", "partial"),
        "stop": state == "coming",
        "save": state == "here",
        "preview": file is not None and found.here > 0,
        "drop": found.here > 0,
    }
    gestures = tuple(name for name, there in can.items() if there)
    return v.AttachedFile(file.name if file else "", file.size if file else 0, found.here, state, gestures)


def choice_json(choice: Any) -> str:
    return json.dumps(list(choice) if isinstance(choice, tuple) else choice)


def power(value: int | bytes) -> int:
    """A stored power as a number."""
    return power_from_wire(value) or 0

