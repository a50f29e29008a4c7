"""Use cases around decisions: proposals with their effects, and ballots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.cases import Cases
from dao_app.app.effects_form import Form, asked, effect_view, read_effects
from dao_app.app.errors import InputError, Refused
from dao_app.app.proposal_views import proposal_detail, proposal_ids, proposal_row
from dao_app.app.queries import COMMENT, Reader
from dao_app.app.resolve import department_id, member_root, minor, object_id, one_line, period_ms, unit
from dao_app.app.workspace import Opened
from dao_app.core.encoding import Link, power_to_wire
from dao_app.core.entities import Proposal, Totals
from dao_app.core.keys import TOTALS_KEY, proposal_key
from dao_app.core.limits import PERIOD_MS_MAX, POWER_BYTES_MAX, TITLE_BYTES_MAX, TOPIC_BYTES_MAX
from dao_app.core.rules import charter
from dao_app.core.rules.methods import method_of

TEMPLATES: tuple[g.TemplateView, ...] = (
    g.TemplateView("poll", "poll", "approval", ()),
    g.TemplateView("decision", "decision", "yes-no-abstain", ()),
    g.TemplateView("consent", "decision", "consent", ()),
    g.TemplateView("spending", "spending", "yes-no-abstain", ("pay",)),
    g.TemplateView("budget", "spending", "yes-no-abstain", ("budget",)),
    g.TemplateView("amendment", "amendment", "yes-no-abstain", ("amend",)),
    g.TemplateView("role", "role", "yes-no-abstain", ("assign",)),
    g.TemplateView("admission", "role", "yes-no-abstain", ("admit",)),
    g.TemplateView("department", "role", "yes-no-abstain", ("found_department",)),
    g.TemplateView("issuance", "issuance", "yes-no-abstain", ("issue",)),
    g.TemplateView("penalty", "penalty", "yes-no-abstain", ("suspend",)),
    g.TemplateView("election", "election", "ranked", ("elect",)),
    g.TemplateView("witnesses", "role", "yes-no-abstain", ("elect_witnesses",)),
    g.TemplateView("adoption", "adoption", "yes-no-abstain", ("adopt",)),
)


class ProposalCases(Cases):
    """Part of ``app.api.Api``."""

    def proposal_open(self, org: str, title: str, text: str = "", **given: Any) -> v.ProposalRow:
        opened, reader = self._read(org)
        body = self._proposal_body(reader, title, **given)
        action = self._write(opened, "proposal.open", body, text=(text, "text"))
        return self._row(opened, action.id)

    def proposal_check(self, org: str, title: str, text: str = "", **given: Any) -> g.CheckView:
        opened, reader = self._read(org)
        self._need_signer(opened)
        body = self._proposal_body(reader, title, **given)
        refused = reader.judge("proposal.open", body)
        effects = body.get("effects", [])
        power = charter.POWERS[charter.rule_for(reader.state, body["kind"], "power")] if not refused else "member"
        totals = reader.state.need(TOTALS_KEY, Totals)
        return g.CheckView(
            tuple(effect_view(reader, effect) for effect in effects),
            refused.value if refused else "",
            asked(reader, effects),
            totals.members if power == "member" and "table" not in body else 0,
        )

    def _proposal_body(
        self, reader: Reader, title: str, kind: str = "decision", method: str = "yes-no-abstain",
        options: Sequence[str] = (), discussion_s: int = 0, voting_s: int = 0, opens_ms: int = 0,
        table: Sequence[tuple[str, str]] = (), effects: Sequence[Form] = (),
        parameters: dict[str, Any] | None = None, department: str = "", topic: str = "", bond: str = "",
    ) -> dict[str, Any]:
        if kind not in charter.KINDS:
            raise InputError("kind_unknown", kind=kind[:40], kinds=", ".join(charter.KINDS))
        body: dict[str, Any] = {
            "title": one_line(title, "title", TITLE_BYTES_MAX),
            "kind": kind,
            "method": method,
            "options": [one_line(option, "option", TITLE_BYTES_MAX) for option in options],
            "discussion": max(
                self._until(opens_ms) if opens_ms else period_ms(discussion_s, "discussion"),
                charter.rule_for(reader.state, kind, "discussion_ms"),
            ),
            "voting": period_ms(voting_s, "voting") or charter.rule_for(reader.state, kind, "voting_ms"),
        }
        if table:
            body["table"] = _table(reader, table)
        if effects:
            body["effects"] = read_effects(reader, effects, body["title"])
        if kind == "election" and not options:
            body["options"] = _candidates(reader, body.get("effects", []))
        if parameters:
            body["parameters"] = dict(parameters)
        if method == "stv" and kind == "election" and "seats" not in (parameters or {}):
            body["parameters"] = {**(parameters or {}), "seats": body["effects"][0]["seats"]}
        if department:
            body["department"] = Link(department_id(reader, department))
        if topic:
            body["topic"] = one_line(topic, "topic", TOPIC_BYTES_MAX)
        if bond:
            body["bond"] = minor(bond, unit(reader, "")[1].decimals)
        return body

    def _until(self, opens_ms: int) -> int:
        """The discussion that ends at this time, in ms."""
        left = opens_ms - self._ws.clock.now_ms()
        if left <= 0:
            raise InputError("opens_past")
        if left > PERIOD_MS_MAX:
            raise InputError("period_bounds", name="discussion", seconds=left // 1000)
        return left

    def proposal_list(self, org: str, status: str = "") -> tuple[v.ProposalRow, ...]:
        _, reader = self._read(org)
        now = self._ws.clock.now_ms()
        rows = [proposal_row(reader, i, now) for i in proposal_ids(reader, now, status)]
        rows.sort(key=lambda row: (row.stamp.at_ms, row.id), reverse=True)
        return tuple(rows)

    def proposal_show(self, org: str, proposal: str) -> v.ProposalDetail:
        _, reader = self._read(org)
        return proposal_detail(reader, object_id(reader, "proposal", proposal), self._ws.clock.now_ms())

    def proposal_revise(
        self, org: str, proposal: str, title: str = "", text: str = "", options: Sequence[str] | None = None,
        effects: Sequence[Form] | None = None,
    ) -> v.ProposalRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        entity = reader.state.need(proposal_key(id_), Proposal)
        fixed = bool(method_of(entity).fixed_options)
        kept = () if fixed else entity.options
        body: dict[str, Any] = {
            "proposal": Link(id_),
            "title": one_line(title or entity.title, "title", TITLE_BYTES_MAX),
            "options": [one_line(o, "option", TITLE_BYTES_MAX) for o in (kept if options is None else options)],
        }
        wanted = reader.effects_of(entity) if effects is None else read_effects(reader, effects, body["title"])
        if wanted:
            body["effects"] = wanted
        self._write(opened, "proposal.revise", body, text=(text or reader.text(entity.text) or "", "text"))
        return self._row(opened, id_)

    def proposal_withdraw(self, org: str, proposal: str) -> v.ProposalRow:
        return self._about(org, "proposal.withdraw", proposal)

    def proposal_second(self, org: str, proposal: str) -> v.ProposalRow:
        return self._about(org, "proposal.second", proposal)

    def proposal_execute(self, org: str, proposal: str) -> v.ProposalRow:
        return self._about(org, "proposal.execute", proposal)

    def proposal_templates(self, org: str) -> tuple[g.TemplateView, ...]:
        self._read(org)
        return TEMPLATES

    def vote(self, org: str, proposal: str, choice: Any, reason: str = "") -> v.ProposalRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        entity = reader.state.need(proposal_key(id_), Proposal)
        choice = _listed(choice)
        if not method_of(entity).check_choice(choice, len(entity.options)):
            raise InputError("choice_bad", method=entity.method, options=len(entity.options))
        if reason.strip() and "comment.add" not in reader.permissions():
            raise Refused("reject.not_allowed")
        self._write(opened, "vote.cast", {"proposal": Link(id_), "choice": choice})
        if reason.strip():
            self._write(opened, COMMENT, {"on": Link(id_)}, text=(reason, "text"))
        return self._row(opened, id_)

    def _about(self, org: str, type_: str, proposal: str) -> v.ProposalRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "proposal", proposal)
        self._write(opened, type_, {"proposal": Link(id_)})
        return self._row(opened, id_)

    def _row(self, opened: Opened, id_: bytes) -> v.ProposalRow:
        return proposal_row(self._reader(opened), id_, self._ws.clock.now_ms())


def _listed(choice: Any) -> Any:
    """Tuples, which a window hands over, as the lists of a ballot."""
    return [_listed(item) for item in choice] if isinstance(choice, (list, tuple)) else choice


def _candidates(reader: Reader, effects: list[dict[str, Any]]) -> list[str]:
    """Names of an election's candidates as its options; equal names get their fingerprint."""
    roots = effects[0].get("candidates", []) if effects else []
    people = [reader.person(root) for root in roots]
    names = [person.name for person in people]
    return [
        person.name if person.name and names.count(person.name) == 1 else f"{person.name} {person.fingerprint}".strip()
        for person in people
    ]


def _table(reader: Reader, table: Sequence[tuple[str, str]]) -> list[list[Any]]:
    rows: dict[bytes, int] = {}
    for member, text in table:
        root = member_root(reader, member)
        if not (text.isascii() and text.isdigit()) or len(text) > 80 or int(text) >= 1 << (8 * POWER_BYTES_MAX):
            raise InputError("power_form", power=text[:80])
        if root in rows:
            raise InputError("power_twice", name=member[:80])
        rows[root] = int(text)
    return [[root, power_to_wire(rows[root])] for root in sorted(rows)]
