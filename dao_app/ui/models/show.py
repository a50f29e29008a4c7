"""What rows of each kind show and how they read aloud; pure functions from views to cells."""

from __future__ import annotations

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.widgets.rows import Cell

PROPOSAL_CHIPS = {"voting": "warn", "closing": "warn", "passed": "accent", "decided": "accent", "discussion": "info"}
SOON_MS = 24 * 3_600_000


def title(text: str) -> str:
    """A title of a member's making: one line, isolated."""
    return isolate(text)


def proposal_name(ui: Ui, row: v.ProposalRow) -> str:
    return ui.object_name("P", row.number, row.short)


def stamp_cell(ui: Ui, stamp: v.Stamp, text: str = "") -> Cell:
    tone = "text2" if stamp.state == "final" else ""
    return Cell(text or ui.stamp_word(stamp), tone=tone, role="caption", seal=stamp.state)


def due_tone(ui: Ui, due_ms: int | None) -> str:
    return "provisional" if due_ms is not None and due_ms - ui.now_ms() < SOON_MS else "text2"


# -- proposals ---------------------------------------------------------------------------------
def proposal_when(ui: Ui, row: v.ProposalRow) -> str:
    """When it opens, closes or closed, as a short line."""
    now = ui.now_ms()
    if row.status == "discussion" and row.opens_ms is not None:
        return ui.t("proposal.opens", when=ui.texts.until(row.opens_ms, now))
    if row.status == "voting" and row.closes_ms is not None:
        return ui.t("time.closes_in", duration=ui.texts.duration(row.closes_ms - now, 1))
    if row.status == "closing":
        return ui.t("proposal.waits_seal")
    if row.status == "withdrawn" or row.closes_ms is None:
        return ""
    return ui.t("proposal.closed", when=ui.texts.day(row.closes_ms, now))


def describe_proposal(ui: Ui, row: v.ProposalRow) -> str:
    parts = [
        proposal_name(ui, row),
        title(row.title),
        ui.t(f"proposal.status.{row.status}"),
        ui.t("proposal.voted", voted=row.voted, electorate=row.electorate),
        proposal_when(ui, row),
        ui.stamp_text(row.stamp),
    ]
    return ui.t("list.comma").join(p for p in parts if p)


def proposal_cells(ui: Ui, row: v.ProposalRow) -> list[Cell]:
    kind = f"{ui.t(f'kind.{row.kind}')} · {ui.t(f'method.{row.method}')}"
    turnout = ui.t("proposal.voted", voted=row.voted, electorate=row.electorate) if row.status != "discussion" else ""
    yours = ui.t("proposal.you_voted") if row.my_choice is not None else ""
    return [
        Cell(icon="proposals", icon_tone="accent" if row.status == "voting" else "text2"),
        Cell(proposal_name(ui, row), tone="text3", role="caption"),
        Cell(
            title(row.title), weight=600 if row.status == "voting" else 400, under=f"{kind} · {ui.name_you(row.author)}"
        ),
        Cell(chips=((ui.t(f"proposal.status.{row.status}"), PROPOSAL_CHIPS.get(row.status, "")),)),
        Cell(turnout, tone="text2", role="caption", under=yours),
        Cell(
            proposal_when(ui, row),
            tone=due_tone(ui, row.closes_ms) if row.status == "voting" else "text2",
            role="caption",
        ),
        stamp_cell(ui, row.stamp),
    ]


def decided_cells(ui: Ui, row: v.ProposalRow) -> list[Cell]:
    when = ui.texts.day(row.closes_ms, ui.now_ms()) if row.closes_ms is not None else ""
    return [
        Cell(icon="proposals"),
        Cell(proposal_name(ui, row), tone="text3", role="caption"),
        Cell(title(row.title)),
        Cell(ui.t(f"proposal.status.{row.status}"), tone="text2", role="caption"),
        Cell(when, tone="text2", role="caption"),
        stamp_cell(ui, row.stamp),
    ]


# -- contributions -----------------------------------------------------------------------------
def describe_contribution(ui: Ui, row: v.ContributionRow) -> str:
    earned = ui.texts.amount(row.earned) if row.earned else ""
    parts = [title(row.title), ui.name_you(row.author), endorsed_text(ui, row), earned, ui.stamp_text(row.stamp)]
    return ui.t("list.comma").join(p for p in parts if p)


def endorsed_text(ui: Ui, row: v.ContributionRow) -> str:
    """How far a contribution is endorsed, and whether somebody doubts it."""
    if row.status in ("disputed", "withdrawn"):
        said = ui.t(f"contribution.status.{row.status}")
        done = ui.t("contribution.endorsed_of", done=len(row.endorsed_by), needed=row.endorsements_needed)
        return f"{said} · {done}" if row.status == "disputed" else said
    if row.source == "task" and row.status == "endorsed":
        return ui.t("contribution.from_task")
    if row.status == "endorsed":
        return ui.t("contribution.endorsed")
    return ui.t("contribution.endorsed_of", done=len(row.endorsed_by), needed=row.endorsements_needed)


def contribution_cells(ui: Ui, row: v.ContributionRow) -> list[Cell]:
    return [
        Cell(ui.texts.moment(row.stamp.at_ms, ui.now_ms()), tone="text2", role="caption"),
        Cell(title(row.title)),
        Cell(ui.name_you(row.author), tone="text2", person=row.author),
        Cell(row.task or "–", tone="accent" if row.task else "text3", role="caption"),
        Cell(endorsed_text(ui, row), tone="provisional" if row.status == "disputed" else "text2", role="caption"),
        Cell(ui.texts.number(row.counted) if row.counted else ""),
        Cell(ui.texts.amount(row.earned) if row.earned else ""),
        stamp_cell(ui, row.stamp),
    ]


# -- ledger ------------------------------------------------------------------------------------
def party_name(ui: Ui, party: str, person: v.PersonView | None) -> str:
    if person is not None:
        return ui.name_you(person)
    key = f"party.{party}"
    return ui.t(key) if ui.texts.has(key) else party[:12]


def ledger_title(ui: Ui, row: v.LedgerRow) -> str:
    kind = ui.t(f"ledger.kind.{row.kind}")
    return f"{kind} · {isolate(row.memo)}" if row.memo else kind


def ledger_sign(row: v.LedgerRow) -> int:
    """−1 where it leaves you, +1 where it comes to you, else 0."""
    if row.source_person is not None and row.source_person.you:
        return -1
    return 1 if row.target_person is not None and row.target_person.you else 0


def ledger_amount(ui: Ui, row: v.LedgerRow) -> str:
    sign = ledger_sign(row)
    minor = -row.amount.minor if sign < 0 else row.amount.minor
    return ui.texts.amount(v.AmountView(row.amount.unit, minor, row.amount.decimals), signed=sign > 0)


def ledger_parties(ui: Ui, row: v.LedgerRow) -> str:
    return f"{party_name(ui, row.source, row.source_person)} → {party_name(ui, row.target, row.target_person)}"


def describe_ledger(ui: Ui, row: v.LedgerRow) -> str:
    return ui.t("list.comma").join(
        (ledger_title(ui, row), ledger_parties(ui, row), ledger_amount(ui, row), ui.stamp_text(row.stamp))
    )


def ledger_cells(ui: Ui, row: v.LedgerRow) -> list[Cell]:
    return [
        Cell(ui.texts.moment(row.stamp.at_ms, ui.now_ms()), tone="text2", role="caption"),
        Cell(ledger_title(ui, row)),
        Cell(ledger_parties(ui, row), tone="text2"),
        Cell(ledger_amount(ui, row)),
        stamp_cell(ui, row.stamp),
    ]


# -- people ------------------------------------------------------------------------------------
def role_name(ui: Ui, code: str) -> str:
    """A built-in role by its text, another one by its code."""
    key = f"role.{code}"
    return ui.t(key) if ui.texts.has(key) else title(code)


def role_chips(ui: Ui, roles: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    strong = ("founder", "witness", "steward", "treasurer", "auditor")
    return tuple((role_name(ui, r), "accent" if r in strong else "") for r in roles)


def member_state(ui: Ui, row: v.MemberRow) -> str:
    if row.status != "active":
        return ui.t(f"member.status.{row.status}")
    return ui.t("member.connected") if row.online else ui.texts.date(row.joined_ms)


def describe_member(ui: Ui, row: v.MemberRow) -> str:
    roles = ui.texts.join([role_name(ui, r) for r in row.roles])
    parts = (ui.name(row.person), roles, row.person.fingerprint, member_state(ui, row), ui.stamp_text(row.stamp))
    return ui.t("list.comma").join(p for p in parts if p)


def member_cells(ui: Ui, row: v.MemberRow) -> list[Cell]:
    joining = row.status != "active"
    state = Cell(member_state(ui, row), tone="text2", role="caption")
    if joining:
        state = stamp_cell(ui, row.stamp, ui.t(f"member.status.{row.status}"))
    return [
        Cell(ui.name(row.person), person=row.person, after=ui.t("person.you_mark") if row.person.you else ""),
        Cell(chips=role_chips(ui, row.roles)),
        Cell(row.power),
        Cell(row.person.fingerprint, role="mono", tone="text2"),
        state,
    ]


def describe_invite(ui: Ui, row: v.InviteRow) -> str:
    parts = (
        invite_title(ui, row),
        invite_under(ui, row),
        ui.t(f"invite.status.{row.status}"),
        ui.stamp_text(row.stamp),
    )
    return ui.t("list.comma").join(p for p in parts if p)


def invite_title(ui: Ui, row: v.InviteRow) -> str:
    uses = ui.t("invite.uses", n=row.uses)
    return ui.t("list.comma").join(p for p in (ui.t(f"role.{row.role}"), uses, isolate(row.note)) if p)


def invite_under(ui: Ui, row: v.InviteRow) -> str:
    parts = [ui.t("invite.by", name=ui.name_you(row.inviter)), ui.t("invite.used", used=row.used, uses=row.uses)]
    if row.expires_ms is not None and row.status == "open":
        parts.append(ui.t("invite.until", when=ui.texts.until(row.expires_ms, ui.now_ms())))
    return " · ".join(parts)


def invite_cells(ui: Ui, row: v.InviteRow) -> list[Cell]:
    kind = {"open": "accent", "used": "", "expired": "", "revoked": ""}[row.status]
    return [
        Cell(icon="link"),
        Cell(invite_title(ui, row), under=invite_under(ui, row)),
        Cell(chips=((ui.t(f"invite.status.{row.status}"), kind),)),
        stamp_cell(ui, row.stamp),
    ]


# -- trust -------------------------------------------------------------------------------------
def describe_log(ui: Ui, row: v.LogRow) -> str:
    return ui.t("list.comma").join((ui.name_you(row.author), ui.texts.action(row.type), ui.stamp_text(row.stamp)))


def log_cells(ui: Ui, row: v.LogRow) -> list[Cell]:
    reason = ui.texts.reason(row.stamp.reason) if row.stamp.reason else ""
    return [
        Cell(ui.texts.number(row.place) if row.place is not None else "–", tone="text3", role="caption"),
        Cell(ui.texts.moment(row.stamp.at_ms, ui.now_ms()), tone="text2", role="caption"),
        Cell(ui.name_you(row.author), person=row.author),
        Cell(ui.texts.action(row.type), after=reason),
        Cell(row.type, role="mono", tone="text3"),
        stamp_cell(ui, row.stamp),
    ]


def describe_checkpoint(ui: Ui, row: v.CheckpointRow) -> str:
    return ui.t("list.comma").join(
        (ui.t("trust.checkpoint_n", n=row.height), ui.texts.stamp(row.time_ms), ui.t("trust.entries", n=row.actions))
    )


def checkpoint_cells(ui: Ui, row: v.CheckpointRow) -> list[Cell]:
    enough = len(row.signers) >= row.quorum
    return [
        Cell(ui.texts.number(row.height), seal="final" if enough else "provisional", tone="text"),
        Cell(ui.texts.stamp(row.time_ms), tone="text2", role="caption"),
        Cell(ui.texts.number(row.actions), tone="text2"),
        Cell(grouped(row.state_root), role="mono", tone="text2"),
        Cell(ui.texts.join([isolate(s) for s in row.signers]), tone="text2"),
    ]


PATH_ICONS = {"direct": "arrow", "local": "lan", "relay": "relay", "none": "off"}


def peer_path(ui: Ui, row: v.PeerRow) -> str:
    """How it is reached, and how long its answer takes."""
    path = ui.t(f"peer.path.{row.path}")
    return path if row.delay_ms is None else ui.t("peer.path_delay", path=path, n=row.delay_ms)


def peer_name(ui: Ui, row: v.PeerRow) -> str:
    return ui.name_you(row.person) if row.person is not None else row.fingerprint


def peer_agreement(ui: Ui, row: v.PeerRow) -> str:
    """Whether it has the same history, in words."""
    if not row.connected or row.height is None:
        return ui.t("peer.away")
    if row.agrees is False:
        return ui.t("peer.differs", height=row.height)
    if row.behind:
        return ui.t("peer.catching_up", n=row.behind, height=row.height)
    return ui.t("peer.agrees", height=row.height) if row.agrees else ui.t("peer.unknown")


def describe_peer(ui: Ui, row: v.PeerRow) -> str:
    return ui.t("list.comma").join(
        (peer_name(ui, row), peer_path(ui, row), peer_agreement(ui, row), row.address)
    )


def peer_cells(ui: Ui, row: v.PeerRow) -> list[Cell]:
    away = not row.connected or row.height is None
    tone = "danger" if row.agrees is False else "text3" if away else "provisional" if row.behind else "text2"
    icon = "warn" if row.agrees is False else "off" if away else "clock" if row.behind else "check"
    return [
        Cell(peer_name(ui, row), person=row.person),
        Cell(peer_path(ui, row), tone="text2", icon=PATH_ICONS.get(row.path, "off")),
        Cell(ui.texts.ago(row.seen_ms, ui.now_ms()) if row.seen_ms is not None else "", tone="text2", role="caption"),
        Cell(peer_agreement(ui, row), tone=tone, role="caption", icon=icon, icon_tone=tone),
        Cell(row.address, role="mono", tone="text3"),
    ]


def grouped(digits: str, groups: int = 4) -> str:
    """The first digits of a digest in groups of four."""
    return " ".join(digits[4 * i : 4 * i + 4] for i in range(groups)) + " …"
