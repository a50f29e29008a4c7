"""What the palette offers to do and where it leads: every page, tab and gesture that the viewer has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from dao_app.ui.context import Ui
from dao_app.ui.dialogs.palette import Entry
from dao_app.ui.pages.charter import TABS as CHARTER_TABS
from dao_app.ui.pages.contributions import TABS as CONTRIBUTION_TABS
from dao_app.ui.pages.people import TABS as PEOPLE_TABS
from dao_app.ui.pages.proposals import TABS as PROPOSAL_TABS
from dao_app.ui.pages.tasks import VIEWS as TASK_VIEWS
from dao_app.ui.pages.treasury import TABS as TREASURY_TABS
from dao_app.ui.pages.trust import TABS as TRUST_TABS
from dao_app.ui.shell import Shell
from dao_app.ui.widgets.sidebar import PAGES, page_is_on

# What is made new: text, page, tab ("" for the page's own), icon, permission, module, key.
NEW = (
    ("proposal.new", "proposals", "", "proposals", "proposal.open", "", ""),
    ("task.new", "tasks", "", "tasks", "task.open", "tasks", ""),
    ("contribution.new", "contributions", "all", "contrib", "contribution.claim", "contributions", ""),
    ("round.new", "contributions", "rounds", "contrib", "round.open", "rewards", ""),
    ("payout.new", "contributions", "payouts", "contrib", "payout.record", "rewards", ""),
    ("invite.new", "people", "invites", "people", "invite.create", "", "I"),
    ("department.new", "people", "departments", "people", "department.manage", "", ""),
    ("firm.new", "people", "firms", "people", "firm.manage", "firms", ""),
    ("delegation.new", "people", "delegations", "proposals", "vote.delegate", "", ""),
    ("move.transfer", "treasury", "ledger", "arrow", "token.transfer", "", ""),
    ("request.new", "treasury", "requests", "arrow", "token.transfer", "tokens", ""),
    ("schedule.new", "treasury", "schedules", "arrow", "token.transfer", "", ""),
)
# Tabs of a page: prefix of their texts, names, modules that some of them need.
TABS: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("tasks", "task.", TASK_VIEWS, {}),
    ("proposals", "proposal.tab.", tuple(PROPOSAL_TABS), {}),
    ("contributions", "contribution.tab.", CONTRIBUTION_TABS,
     {"all": "contributions", "rounds": "rewards", "payouts": "rewards"}),
    ("treasury", "treasury.tab.", TREASURY_TABS, {}),
    ("people", "people.tab.", PEOPLE_TABS, {"firms": "firms"}),
    ("charter", "charter.tab.", CHARTER_TABS, {}),
    ("trust", "trust.tab.", TRUST_TABS, {}),
)  # fmt: skip


class Frame(Protocol):
    """What of the window the commands need."""

    ui: Ui
    shell: Shell

    def org_action(self, what: str, org: str = "") -> None: ...
    def show_settings(self) -> None: ...
    def show_keys(self) -> None: ...


def commands(window: Frame) -> list[Entry]:
    """Everything that can be done or gone to now, each once."""
    return [*_making(window), *_gestures(window), *_places(window), *_window(window)]


def _on(ui: Ui, module: str) -> bool:
    return not module or (ui.org_view is not None and module in ui.org_view.modules)


def _making(window: Frame) -> list[Entry]:
    ui = window.ui
    return [
        Entry(key, ui.t(key), icon, partial(go_and_do, window.shell, page, tab), cap)
        for key, page, tab, icon, permission, module, cap in NEW
        if ui.can(permission) and _on(ui, module)
    ]


def go_and_do(shell: Shell, page: str, tab: str = "") -> None:
    """Show the page, at its tab, and begin its main action."""
    shell.go(page, tab)
    shell.primary()


def _gestures(window: Frame) -> list[Entry]:
    """Gestures that are no main action of a page."""
    ui, shell = window.ui, window.shell
    possible: tuple[tuple[str, str, bool, Callable[[], None], str], ...] = (
        ("move.tip", "contrib", ui.can("token.tip") and _on(ui, "tokens"), partial(_move, shell, "tip"), ""),
        ("move.issue", "treasury", ui.can("token.issue"), partial(_move, shell, "issue"), ""),
        ("match.new", "contrib", ui.can("round.open") and _on(ui, "rewards"), partial(_new_pool, shell), ""),
        ("task.import", "tasks", ui.can("task.open") and _on(ui, "tasks"), partial(_import, shell), ""),
        ("task.export", "tasks", _on(ui, "tasks"), partial(_export, shell), ""),
        ("emergency.ask", "warn", ui.can("emergency.stop"), partial(_ask_stop, shell), ""),
        ("file.add", "note", ui.can("comment.add"), partial(_notarise, shell), ""),
        ("proof.export", "copy", True, partial(_export_proof, shell), ""),
        ("proof.check", "shield", True, partial(_check_proof, shell), ""),
        ("bundle.export", "copy", True, partial(_bundle, shell, True), ""),
        ("bundle.import", "below", True, partial(_bundle, shell, False), ""),
        ("recovery.propose", "warn", True, partial(_recover, shell), ""),
        ("verify.start", "shield", True, partial(_verify, shell), "Y"),
    )
    return [Entry(key, ui.t(key), icon, act, cap) for key, icon, may, act, cap in possible if may]


def _recover(shell: Shell) -> None:
    shell.go("trust")
    shell.trust.recover()


def _move(shell: Shell, kind: str) -> None:
    shell.go("treasury", "ledger")
    shell.treasury.start_move(kind)


def _new_pool(shell: Shell) -> None:
    shell.go("contributions", "rounds")
    shell.contributions.rounds.new_pool()


def _import(shell: Shell) -> None:
    shell.go("tasks")
    shell.tasks.import_table()


def _export(shell: Shell) -> None:
    shell.go("tasks")
    shell.tasks.export_table()


def _ask_stop(shell: Shell) -> None:
    shell.go("charter")
    shell.charter.ask_stop()


def _notarise(shell: Shell) -> None:
    shell.go("trust", "files")
    shell.trust.files.choose()


def _export_proof(shell: Shell) -> None:
    shell.go("trust")
    shell.trust.export_proof()


def _check_proof(shell: Shell) -> None:
    shell.go("trust", "files")
    shell.trust.files.check()


def _bundle(shell: Shell, out: bool) -> None:
    shell.go("trust")
    box = shell.trust.side.bundle
    (box.save if out else box.choose)()


def _verify(shell: Shell) -> None:
    shell.go("trust")
    shell.trust.keys()["Y"]()


def _places(window: Frame) -> list[Entry]:
    """Pages and their tabs."""
    ui, shell, found = window.ui, window.shell, []
    modules = ui.org_view.modules if ui.org_view else ()
    tabs = {page: (prefix, names, needed) for page, prefix, names, needed in TABS}
    for name, icon, cap in PAGES:
        if not page_is_on(name, modules):
            continue
        page = ui.t(f"page.{name}")
        found.append(Entry(f"go {name}", ui.t("palette.go", page=page), icon, partial(shell.go, name), f"G {cap}"))
        prefix, names, needed = tabs.get(name, ("", (), {}))
        for tab in names:
            if _on(ui, needed.get(tab, "")):
                text = ui.t("palette.go_tab", page=page, tab=ui.t(f"{prefix}{tab}"))
                found.append(Entry(f"go {name} {tab}", text, icon, partial(shell.go, name, tab)))
    if ui.org_view is not None:
        text = ui.t("palette.go_tab", page=ui.t("page.people"), tab=ui.t("people.may"))
        found.append(Entry("go may", text, "people", partial(shell.go, "people", "may")))
    return found


def _window(window: Frame) -> list[Entry]:
    ui = window.ui
    found = [
        Entry(what, ui.t(f"org.menu.{what}"), icon, partial(window.org_action, what))
        for what, icon in (("about", "home"), ("join", "link"), ("found", "plus"))
    ]
    found.append(Entry("settings", ui.t("settings"), "gear", window.show_settings))
    found.append(Entry("keys", ui.t("keys.title"), "key", window.show_keys, "?"))
    return found
