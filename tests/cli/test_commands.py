"""Every command against sample data: what it calls, what it prints, in both languages and as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError, Locked, NetworkError, NotFound, Refused, StorageError
from tests.fakes.command_line import ORG, FakeServices, Run
from tests.fakes.engine import WORDS, FakeEngine, ident

LINK = "guildhall:join/" + "abcdefgh" * 8
ENTRY = ident("log 0")[:60] + "0000"


READING = [
    ["identity", "show"], ["org", "list"], ["org", "show", "--org", ORG], ["invite", "list"],
    ["invite", "show", ident("inv 1")],
    ["member", "list"], ["task", "list"], ["task", "list", "--status", "open"], ["task", "show", ident("task 214")],
    ["proposal", "list"], ["proposal", "show", ident("proposal 58")], ["proposal", "show", ident("proposal 60")],
    ["proposal", "show", ident("proposal 55")], ["proposal", "show", ident("proposal 61")],
    ["contribution", "list"], ["contribution", "list", "--mine"], ["contribution", "show", ident("con 2")],
    ["token", "balance"], ["token", "balance", "all"], ["token", "ledger", "--limit", "5"],
    ["log", "list"], ["log", "show", ENTRY], ["log", "verify"], ["state", "root"],
    ["peer", "list"], ["doctor"], ["join", "--preview", LINK],
    ["attachment", "list"], ["attachment", "quota"], ["node", "status"],
]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("argv", READING, ids=" ".join)
def test_reading_commands_print_for_people(cli: Run, argv: list[str], lang: str) -> None:
    result = cli(*argv, lang=lang)
    assert result.code in (0, 1 if argv == ["doctor"] else 0), result.err
    assert result.out.strip() and (not result.err or argv == ["log", "verify"])
    assert not [word for word in result.out.split() if word.startswith(("cli.", "role.", "state.", "method."))]


@pytest.mark.parametrize("argv", READING, ids=" ".join)
def test_reading_commands_print_json(cli: Run, argv: list[str]) -> None:
    result = cli(*argv, "--json")
    assert result.json is not None and not result.err


WRITING = [
    (["task", "open", "Paint the hall", "--text", "Twice.", "--reward", "12.50", "--lifetime", "2d", "--own"],
     "task_open", {"title": "Paint the hall", "text": "Twice.", "reward": "12.50", "payer": "own",
                   "lifetime_s": 172_800}),
    (["task", "open", "Sweep", "--draft", "--label", "wood", "--label", "paint", "--priority", "high",
      "--estimate", "90m", "--item", "one", "--after", "T-3", "--every", "7", "--approval", "--seats", "2",
      "--department", "Works",
      "--pay-from", "Works"],
     "task_open", {"title": "Sweep", "draft": True, "labels": ["wood", "paint"], "priority": "high",
                   "estimate_min": 90, "checklist": ["one"], "depends": ["T-3"], "every_days": 7, "approval": True,
                   "seats": 2, "department": "Works", "payer": "Works"}),
    (["task", "edit", "T-1", "--title", "New", "--no-approval", "--label", ""],
     "task_edit", {"task": "T-1", "title": "New", "approval": False, "labels": [""]}),
    (["task", "publish", "T-1"], "task_publish", {"task": "T-1"}),
    (["task", "apply", "T-1", "--note", "me"], "task_apply", {"task": "T-1", "note": "me"}),
    (["task", "assign", "T-1", "Lin=60", "Jo"],
     "task_assign", {"task": "T-1", "assignees": [["Lin", "60"], ["Jo", ""]]}),
    (["task", "unassign", "T-1"], "task_unassign", {"task": "T-1", "member": ""}),
    (["task", "start", "T-1"], "task_start", {"task": "T-1"}),
    (["task", "tick", "T-1", "2", "--undo"], "task_tick", {"task": "T-1", "item": 2, "done": False}),
    (["task", "changes", "T-1", "--note", "more"], "task_changes", {"task": "T-1", "note": "more"}),
    (["task", "dispute", "T-1", "--title", "Pay?", "--reason", "done"],
     "task_dispute", {"task": "T-1", "title": "Pay?", "reason": "done", "proposal": ""}),
    (["task", "submit", "T-1", "--link", "https://example.org"],
     "task_submit", {"task": "T-1", "note": "", "links": ["https://example.org"]}),
    (["task", "claim", "T-1"], "task_claim", {"task": "T-1"}),
    (["task", "submit", "T-1", "--note", "done"], "task_submit", {"task": "T-1", "note": "done"}),
    (["task", "accept", "T-1"], "task_accept", {"task": "T-1", "note": ""}),
    (["task", "reject", "T-1", "--note", "again"], "task_reject", {"task": "T-1", "note": "again"}),
    (["task", "cancel", "T-1"], "task_cancel", {"task": "T-1"}),
    (["task", "comment", "T-1", "Good"], "comment_add", {"target": "T-1", "text": "Good"}),
    (["proposal", "open", "Where?", "--kind", "poll", "--method", "single", "--option", "A", "--option", "B",
      "--discussion", "90", "--voting", "15m"],
     "proposal_open", {"title": "Where?", "text": "", "kind": "poll", "method": "single", "options": ["A", "B"],
                       "discussion_s": 90, "voting_s": 900, "table": [], "effects": [],
      "parameters": None, "department": "", "topic": "", "bond": ""}),
    (["proposal", "withdraw", "P-1"], "proposal_withdraw", {"proposal": "P-1"}),
    (["proposal", "comment", "P-1", "Why?"], "comment_add", {"target": "P-1", "text": "Why?"}),
    (["contribution", "claim", "Took notes", "--category", "care", "--link", "https://example.org/n"],
     "contribution_claim",
     {"title": "Took notes", "text": "", "category": "care", "department": "",
      "evidence": [("https://example.org/n", "")]}),
    (["contribution", "dispute", "c0ffee", "not so"], "contribution_dispute",
     {"contribution": "c0ffee", "reason": "not so"}),
    (["contribution", "withdraw", "c0ffee"], "contribution_withdraw", {"contribution": "c0ffee"}),
    (["contribution", "value", "c0ffee", "40"], "contribution_value", {"contribution": "c0ffee", "points": 40}),
    (["round", "open", "March", "2400", "--kind", "both", "--policy", "recent", "--look", "10", "--receiver", "Ben",
      "--window", "2d"], "round_open",
     {"title": "March", "amount": "2400", "unit": "", "text": "", "kind": "both", "policy": "recent", "look": 10,
      "to": "", "payer": "treasury", "givers": [], "receivers": ["Ben"], "points": 0, "window_s": 172_800}),
    (["round", "give", "R-3", "Ben=25", "Chen Mo=12", "--note", "for the guide"], "round_give",
     {"round": "R-3", "gifts": [("Ben", 25), ("Chen Mo", 12)], "note": "for the guide"}),
    (["round", "cancel", "R-3"], "round_cancel", {"round": "R-3"}),
    (["match", "open", "Pool", "900", "Garden=department:Operations", "Choir=Ben", "--bound", "50"], "match_open",
     {"title": "Pool", "amount": "900", "projects": [("Garden", "department:Operations"), ("Choir", "Ben")],
      "unit": "", "text": "", "mode": "fill", "bound": "50", "payer": "treasury", "window_s": 604_800}),
    (["match", "give", "M-1", "2", "10"], "match_give", {"match": "M-1", "project": 2, "amount": "10", "memo": ""}),
    (["match", "cancel", "M-1"], "match_cancel", {"match": "M-1"}),
    (["payout", "record", "Ben", "120.50", "CNY", "--day", "2026-03-14"], "payout_record",
     {"to": "Ben", "amount": "120.50", "currency": "CNY", "day": "2026-03-14", "reference": ""}),
    (["payout", "confirm", "c0ffee"], "payout_confirm", {"payout": "c0ffee", "text": ""}),
    (["payout", "dispute", "c0ffee", "--text", "not here"], "payout_dispute",
     {"payout": "c0ffee", "text": "not here"}),
    (["contribution", "endorse", "c0ffee"], "contribution_endorse", {"contribution": "c0ffee"}),
    (["contribution", "comment", "c0ffee", "Yes"], "comment_add", {"target": "c0ffee", "text": "Yes"}),
    (["token", "transfer", "Jonas", "3", "--memo", "lunch", "--from-treasury"],
     "token_transfer", {"to": "Jonas", "amount": "3", "unit": "", "memo": "lunch", "from_treasury": True}),
    (["token", "tip", "Jonas", "3", "--reason", "kind"],
     "token_tip", {"to": "Jonas", "amount": "3", "unit": "", "reason": "kind", "payer": ""}),
    (["token", "issue", "100"], "token_issue", {"amount": "100", "unit": "", "to": "treasury", "memo": ""}),
    (["invite", "create", "--role", "observer", "--uses", "3", "--lifetime", "2w", "--note", "n"],
     "invite_create", {"role": "observer", "uses": 3, "lifetime_s": 1_209_600, "note": "n"}),
    (["invite", "revoke", "abcdef"], "invite_revoke", {"invite": "abcdef"}),
    (["peer", "add", "/ip4/127.0.0.1/tcp/1/p2p/x"], "peer_add", {"address": "/ip4/127.0.0.1/tcp/1/p2p/x"}),
]


def test_files_are_notarised_and_found_again_by_their_digest(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    path = tmp_path / "contract.txt"
    path.write_bytes(b"the contract")
    assert cli("file", "check", str(path)).code == 3
    assert cli("file", "notarise", str(path)).code == 0
    digest = hashlib.sha256(b"the contract").hexdigest()
    assert engine.named("file_notarise") == [{"org": "", "hash": digest, "size": 12, "title": "contract.txt"}]
    assert cli("file", "notarise", str(path), "--title", "").code == 0
    assert engine.named("file_notarise")[-1]["title"] == ""
    assert digest in cli("file", "check", str(path)).out
    assert "供货合同" in cli("file", "list").out and cli("file", "list", lang="zh").code == 0
    assert cli("file", "notarise", str(tmp_path / "gone")).code == 2


def test_a_proof_is_one_file_that_others_check(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    out, card = tmp_path / "p58.proof", tmp_path / "p58.png"
    made = cli("certificate", "result", "P-57", "--out", str(out), "--card", str(card), "--through", "1200", lang="zh")
    assert made.code == 0 and out.read_bytes() == b"proof of result" and card.read_bytes().endswith(b"zh")
    assert engine.named("certificate_result")[0] == {"org": "", "proposal": "P-57", "anchor": 1_200}
    told = cli("certificate", "check", str(out))
    assert told.code == 0 and "The proof holds." in told.out and "Compare" in told.out
    told = cli("certificate", "check", str(out), "--org", ORG, "--anchor", "9:" + "ab" * 32)
    assert "Compare" not in told.out and "does not pass" in told.out
    out.write_bytes(b"changed")
    told = cli("certificate", "check", str(out), "--file", str(card), lang="zh")
    assert told.code == 7 and "证明不成立" in told.out
    assert cli("certificate", "balance", "treasury", "--out", str(out)).code == 0
    assert engine.named("certificate_balance")[0]["party"] == "treasury"
    assert cli("certificate", "evidence", "c0ffee", "--out", str(out)).code == 0
    assert cli("certificate", "file", str(card), "--out", str(out)).code == 0
    assert cli("certificate", "balance").code == 2


def test_a_bundle_is_shown_before_it_is_merged(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "org.car"
    assert cli("bundle", "export", str(file)).code == 0
    assert engine.named("bundle_export")[0]["path"] == str(file)
    shown = cli("bundle", "inspect", str(file))
    assert shown.code == 0 and "81 new here" in shown.out and "48,300" in shown.out
    asked = cli("bundle", "import", str(file))
    assert asked.code == 2 and "81 new here" in asked.out and not engine.named("bundle_import")
    merged = cli("bundle", "import", str(file), "--yes", lang="zh")
    assert merged.code == 0 and "signature" in merged.out and len(engine.named("bundle_import")) == 1
    engine.bundle = replace(engine.bundle, problems=("contradicts",), yours=False)
    told = cli("bundle", "inspect", str(file)).out
    assert "another one than here" in told and "Join it" in told


@pytest.mark.parametrize(("argv", "method", "params"), WRITING)
def test_writing_commands_make_one_call(
    cli: Run, engine: FakeEngine, argv: list[str], method: str, params: dict[str, Any]
) -> None:
    engine.fail[method] = Refused("reject.not_allowed")
    result = cli(*argv, "--org", "Example Alliance")
    assert engine.calls == [(method, {"org": "Example Alliance", **params})]
    assert result.code == 4 and result.err.count("\n") >= 2 and not result.out


def test_org_create_passes_parameters(cli: Run, engine: FakeEngine) -> None:
    result = cli("org", "create", "Mill", "--parameter", "quorum_bp=3000", "--decimals", "0", "--json")
    assert result.code == 0 and result.json["name"] == "Mill"
    (params,) = engine.named("org_create")
    assert (params["parameters"], params["decimals"], params["cap"]) == ({"quorum_bp": 3000}, 0, "1000000")
    refused = cli("org", "create", "Mill", "--parameter", "quorum_bp=many")
    assert refused.code == 2 and "quorum_bp" in refused.err


@pytest.mark.parametrize(
    ("proposal", "typed", "choice"),
    [
        (59, ["yes"], "yes"), (59, ["Abstain"], "abstain"), (58, ["2"], 2), (60, ["3", "1"], [3, 1]),
        (60, ["3,1"], [3, 1]), (60, ["blank"], []), (60, ["2"], [2]),
    ],
)
def test_a_vote_is_read_as_its_method_wants(
    cli: Run, engine: FakeEngine, proposal: int, typed: list[str], choice: Any
) -> None:
    assert cli("vote", ident(f"proposal {proposal}"), *typed).code == 0
    assert engine.named("vote")[0]["choice"] == choice


def test_votes_can_be_typed_in_chinese(cli: Run, engine: FakeEngine) -> None:
    cli("vote", ident("proposal 59"), "赞成", "--reason", "省钱", lang="zh")
    assert (engine.named("vote")[0]["choice"], engine.named("vote")[0]["reason"]) == ("yes", "省钱")


@pytest.mark.parametrize(
    ("proposal", "typed"), [(59, ["1"]), (58, ["1", "2"]), (58, ["yes"]), (60, ["x"]), (58, ["１"])]
)
def test_what_is_no_vote_is_refused_before_the_call(
    cli: Run, engine: FakeEngine, proposal: int, typed: list[str]
) -> None:
    assert cli("vote", ident(f"proposal {proposal}"), *typed).code == 2
    assert not engine.named("vote")


def test_a_power_table_is_read_from_a_file(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("lin, 5\n\n\"a, b\",7\n")
    cli("proposal", "open", "Which?", "--table", str(table))
    assert engine.named("proposal_open")[0]["table"] == [["lin", "5"], ["a, b", "7"]]
    table.write_text("lin;5\n")
    refused = cli("proposal", "open", "Which?", "--table", str(table))
    assert refused.code == 2 and len(engine.named("proposal_open")) == 1


def test_long_text_comes_from_a_file_but_not_twice(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "text.md"
    file.write_text("Long\nstory")
    cli("contribution", "claim", "Title", "--text-file", str(file))
    assert engine.named("contribution_claim")[0]["text"] == "Long\nstory"
    assert cli("contribution", "claim", "Title", "--text-file", str(file), "--text", "x").code == 2
    file.write_bytes(b"\xff")
    assert cli("contribution", "claim", "Title", "--text-file", str(file)).code == 2
    assert cli("contribution", "claim", "Title", "--text-file", str(tmp_path / "gone")).code == 2
    file.write_bytes(b"x" * 300_000)
    assert "262144" in cli("contribution", "claim", "Title", "--text-file", str(file)).err


def test_an_invitation_is_handed_over_as_link_picture_and_file(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    picture, file = tmp_path / "i.png", tmp_path / "i.txt"
    result = cli("invite", "create", "--qr", str(picture), "--file", str(file))
    assert result.code == 0 and "guildhall:join/" in result.out
    assert picture.read_bytes().startswith(b"\x89PNG") and "guildhall:join/" in file.read_text()
    assert picture.stat().st_mode & 0o777 == 0o600
    assert cli("invite", "show", ident("inv 1"), "--qr", str(tmp_path / "i.svg")).code == 0
    refused = cli("invite", "create", "--qr", str(tmp_path / "i.gif"))
    assert refused.code == 2 and len(engine.named("invite_create")) == 1
    assert cli("invite", "create", "--file", str(tmp_path / "no" / "i.txt")).code == 7


def test_the_picture_holds_the_link(cli: Run, tmp_path: Path) -> None:
    import zxingcpp

    path = tmp_path / "i.svg"
    link = cli("invite", "show", ident("inv 1"), "--qr", str(path), "--json").json["link"]
    import segno

    matrix = [[255 - 255 * bit for bit in row] for row in segno.make(link, error="m", micro=False).matrix_iter(5, 4)]
    flat = bytes(cell for row in matrix for cell in row)
    image = memoryview(flat).cast("B", (len(matrix), len(matrix[0])))
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == link and path.read_text().startswith("<?xml")


def test_join_reads_a_file_shows_the_invitation_and_uses_the_network(
    cli: Run, services: FakeServices, tmp_path: Path
) -> None:
    file = tmp_path / "invitation.txt"
    file.write_text(f"Welcome!\n{LINK}\n")
    result = cli("join", "--file", str(file), "--wait", "0")
    assert result.code == 0 and result.out.strip()
    assert services.engine.named("join")[0] == {"link": f"Welcome!\n{LINK}\n", "wait_s": 0}
    assert cli("join").code == 2
    assert cli("join", LINK, "--file", str(file)).code == 2


def test_network_is_started_only_where_it_is_needed(cli: Run, services: FakeServices) -> None:
    for argv in (["task", "list"], ["doctor"], ["join", LINK], ["join", LINK, "--preview"], ["peer", "add", "/ip4/x"]):
        cli(*argv)
    assert [network for _, network in services.connected] == [False, True, True, False, True]


def test_global_options_may_stand_anywhere(cli: Run, services: FakeServices, engine: FakeEngine) -> None:
    for argv in (
        ["--home", "h", "--org", "o", "task", "list", "--json"],
        ["task", "--json", "list", "--org=o", "--home=h"],
    ):
        assert cli(*argv).json
    assert services.connected == [(Path("h"), False)] * 2
    assert engine.named("task_list") == [{"org": "o", "status": ""}] * 2


def test_language_is_chosen_by_option_before_locale(cli: Run) -> None:
    assert "任务" in cli("task", "--help", "--lang", "zh").out
    assert "Commands" in cli("task", "--help", "--lang=en", lang="zh").out


def test_help_names_every_command_in_both_languages(cli: Run) -> None:
    for lang in ("en", "zh"):
        result = cli("--help", lang=lang)
        assert result.code == 0 and "cli." not in result.out
        assert all(f"  {name} " in result.out for name in ("identity", "proposal", "tally", "watch"))
    assert "cli." not in cli("task", "open", "--help").out


WRONG_USAGE = [
    ["nonsense"], ["task", "nonsense"], ["task", "open"], ["task", "list", "--bogus"], ["--lang", "xx", "doctor"],
    ["task", "open", "T", "--lifetime", "soon"], ["task", "list", "--status", "bogus"], ["--home"],
]


@pytest.mark.parametrize("argv", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_explained_in_chinese_alone(cli: Run, argv: list[str]) -> None:
    result = cli(*argv, lang="zh")
    english = re.sub(r"--?[a-z-]+|'[^']*'|“[^”]*”|[A-Z_]{2,}", "", result.err.replace("guildhall", ""))
    assert result.code == 2 and not re.search(r" (is|not|a|the|of) ", english), result.err


@pytest.mark.parametrize(
    "argv",
    [["task", "list", "--status"], ["task", "foo"], ["task", "list", "more"], ["token", "ledger", "--limit", "0"],
     ["demo", "build", "--data", "/nowhere"]],
    ids=" ".join,
)
def test_each_kind_of_wrong_usage_has_a_text_of_its_own(cli: Run, argv: list[str]) -> None:
    error = json.loads(cli(*argv, "--json").err)["error"]
    assert error["kind"] == "InputError" and error["code"] not in ("usage", "usage_value")


def test_a_group_without_a_command_shows_its_help(cli: Run) -> None:
    result = cli("task", lang="zh")
    assert result.code == 2 and "命令：" in result.err and "\n  open" in result.err and "[选项] 命令" in result.err


def test_the_usual_values_in_help_are_translated(cli: Run) -> None:
    assert "[默认：7d]" in cli("invite", "create", "--help", lang="zh").out


@pytest.mark.parametrize(("stage", "code"), [("done", 0), ("waiting", 0), ("refused", 4), ("searching", 6)])
def test_a_join_tells_by_its_exit_code(cli: Run, engine: FakeEngine, stage: str, code: int) -> None:
    async def join(link: str, wait_s: int = 0) -> v.JoinView:
        return v.JoinView(ORG, stage, 0, 0, "invite_used" if stage == "refused" else "")

    engine.join = join  # type: ignore[method-assign]
    result = cli("join", LINK)
    assert result.code == code and result.out
    assert stage != "refused" or "used up" in result.out


@pytest.mark.parametrize("argv", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_says_what_and_where_to_look(cli: Run, engine: FakeEngine, argv: list[str]) -> None:
    result = cli(*argv)
    assert result.code == 2 and "--help" in result.err and not result.out and not engine.calls


@pytest.mark.parametrize(
    ("error", "code"),
    [(GuildhallError("internal", method="x"), 1), (NotFound("task_unknown", name="T-9"), 3),
     (Refused("reject.own_task"), 4), (Locked("passphrase_wrong"), 5), (NetworkError("peer_unreachable"), 6),
     (StorageError("disk_full", path="p"), 7)],
)
def test_exit_codes_and_json_errors(cli: Run, engine: FakeEngine, error: GuildhallError, code: int) -> None:
    engine.fail["task_list"] = error
    result = cli("task", "list", "--json")
    assert result.code == code and not result.out
    said = json.loads(result.err)["error"]
    assert (said["code"], said["kind"], said["params"]) == (error.code, type(error).__name__, error.params)
    assert said["happened"]


def test_a_bug_is_no_traceback(cli: Run, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(org: str, status: str = "") -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "task_list", broken)
    result = cli("task", "list")
    assert result.code == 1 and "Traceback" not in result.err and "ZeroDivisionError" in result.err


# -- secrets ---------------------------------------------------------------------------------------
def test_identity_is_created_with_a_passphrase_from_a_file(cli: Run, engine: FakeEngine, passphrase_file: Path) -> None:
    result = cli("identity", "create", "Lin Wei", "--passphrase-file", str(passphrase_file), "--json")
    assert result.json["words"] == list(WORDS)
    assert engine.named("identity_create") == [{"name": "Lin Wei", "passphrase": "correct horse battery"}]
    plain = cli("identity", "create", "Lin Wei", "--passphrase-file", str(passphrase_file))
    assert all(word in plain.out for word in WORDS)


def test_the_environment_names_a_passphrase_file(
    cli: Run, engine: FakeEngine, passphrase_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUILDHALL_PASSPHRASE_FILE", str(passphrase_file))
    assert cli("identity", "words", "--json").json == list(WORDS)


def test_identity_is_restored_from_words_in_a_file(cli: Run, passphrase_file: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("\n".join(WORDS))
    argv = ["identity", "restore", "Lin", "--words-file", str(words), "--passphrase-file", str(passphrase_file)]
    assert cli(*argv).code == 0
    words.write_bytes(b"x" * 5_000)
    assert cli(*argv).code == 2


@pytest.mark.parametrize("contents", [None, b"\xff\xff", b"x" * 5_000])
def test_an_unusable_passphrase_file_is_named(cli: Run, tmp_path: Path, contents: bytes | None) -> None:
    path = tmp_path / "p"
    if contents is not None:
        path.write_bytes(contents)
    result = cli("identity", "words", "--passphrase-file", str(path))
    assert result.code == 2 and str(path) in result.err


def test_a_locked_engine_is_unlocked_once_and_asked_again(cli: Run, engine: FakeEngine, passphrase_file: Path) -> None:
    engine.fail["task_claim"] = Locked("locked")
    assert cli("task", "claim", ident("task 214"), "--passphrase-file", str(passphrase_file)).code == 0
    assert [name for name, _ in engine.calls] == ["task_claim", "identity_status", "identity_unlock", "task_claim"]


def test_without_anybody_to_ask_the_passphrase_is_an_error(cli: Run, engine: FakeEngine) -> None:
    engine.fail["task_claim"] = Locked("locked")
    result = cli("task", "claim", ident("task 214"))
    assert result.code == 5 and "--passphrase-file" in result.err


def test_no_option_takes_a_secret() -> None:
    import click

    from dao_app.cli.app import tree

    def names(command: click.Command) -> set[str]:
        own = {opt for param in command.params if isinstance(param, click.Option) for opt in param.opts}
        below = command.commands.values() if isinstance(command, click.Group) else ()
        return own.union(*(names(one) for one in below)) if below else own

    secret = {name for name in names(tree()) if any(part in name for part in ("pass", "word", "secret", "seed"))}
    assert secret == {"--passphrase-file", "--new-passphrase-file", "--words-file"}


# -- foreign text ----------------------------------------------------------------------------------
EVIL = "\x1b]0;owned\x07[red]bold[/red] :boom: \u202etxt\u2066 \x9b31m\r\nline"


def test_foreign_text_neither_steers_the_terminal_nor_is_markup(cli: Run, engine: FakeEngine) -> None:
    made = cli("task", "open", EVIL, "--text", EVIL, "--json").json
    assert made["title"] == EVIL
    for argv in (["task", "list"], ["task", "show", made["id"]], ["task", "list", "--json"]):
        out = cli(*argv).out
        assert not any(c in out for c in "\x1b\x07\x9b\u202e\u2066\r")
        assert "[red]bold[/red] :boom:" in out


def test_foreign_text_in_errors_is_plain(cli: Run, engine: FakeEngine) -> None:
    engine.fail["task_list"] = NotFound("task_unknown", name=EVIL)
    for argv in (["task", "list"], ["task", "list", "--json"]):
        engine.fail["task_list"] = NotFound("task_unknown", name=EVIL)
        assert not any(c in cli(*argv).err for c in "\x1b\x07\x9b\u202e\u2066\r")


# -- what runs for a while -------------------------------------------------------------------------
def test_node_run(cli: Run, services: FakeServices, passphrase_file: Path) -> None:
    argv = ["node", "run", "--listen", "/ip4/0.0.0.0/tcp/1", "--no-mdns", "--passphrase-file", str(passphrase_file)]
    assert json.loads(cli(*argv, "--json").out)["pid"] == 7
    assert "/ip4/127.0.0.1/tcp/4001" in cli(*argv).out
    expected = {
        "home": Path("usual"), "passphrase": "correct horse battery", "listen": ("/ip4/0.0.0.0/tcp/1",), "mdns": False,
        "report": None, "announce": (), "relays": True,
    }  # fmt: skip
    assert services.node == expected
    cli(*argv, "--announce", "/ip4/203.0.113.7/tcp/443", "--no-relay")
    assert services.node == {**expected, "announce": ("/ip4/203.0.113.7/tcp/443",), "relays": False}
    result = cli(*argv, "--database", "postgresql+psycopg:///x", "--metrics", "127.0.0.1:1")
    assert "http://127.0.0.1:1/health" in result.out
    assert services.node["database"] == "postgresql+psycopg:///x"
    services.listens = []
    assert "Nobody can connect" in cli(*argv).out
    assert "Nobody can connect" not in cli(*argv[:2], "--listen", "none", *argv[4:]).out


def test_the_doctor_looks_at_the_network_alone(cli: Run) -> None:
    result = cli("doctor", "network", "--wait", "1s")
    assert result.code == 1 and "/ip4/192.168.1.20" in result.out and "multicast" in result.out
    assert "组播" in cli("--lang", "zh", "doctor", "network").out
    assert json.loads(cli("doctor", "network", "--json").out)[0]["code"] == "net_listens"


def test_window_returns_its_exit_code(cli: Run, services: FakeServices) -> None:
    assert cli("window").code == 3 and services.window == ((), False)  # a desktop carries nobody unless told
    cli("window", "--relay", "--announce", "/ip4/203.0.113.7/tcp/443")
    assert services.window == (("/ip4/203.0.113.7/tcp/443",), True)


def test_watch_streams_until_interrupted(cli: Run, services: FakeServices) -> None:
    services.watched = [v.Change(ORG, frozenset({"tasks", "log"})), v.Change(ORG, frozenset({"status"}))]
    result = cli("watch", "--json")
    assert result.code == 130
    (line,) = result.out.splitlines()
    told = json.loads(line)
    assert (told["org"], told["event"], told["cursor"]) == (ORG, "final", "8.2")
    assert "cli." not in cli("watch").out


def test_watch_goes_on_after_a_cursor_and_can_end(cli: Run, engine: FakeEngine) -> None:
    assert cli("--org", ORG, "watch", "--json", "--after", "7.1", "--once").code == 0
    assert [call["after"] for call in engine.named("events")] == ["7.1", "8.2"]


def test_demo_build_reports_and_shows_progress(cli: Run, tmp_path: Path) -> None:
    result = cli("demo", "build", "--data", str(tmp_path))
    assert "388" in result.out and "\x1b" not in result.out and "[31mred" in result.out
    assert "50" in result.err and "100" in result.err
    assert cli("demo", "build", "--json").json["proposals"] == 388
    assert cli("demo", "build", "--data", str(tmp_path / "gone")).code == 2


def test_demo_open(cli: Run) -> None:
    assert cli("demo", "open").code == 0


def test_log_verify_fails_where_something_is_wrong(
    cli: Run, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wrong(org: str, progress: Any = None) -> v.VerifyReport:
        return v.VerifyReport(9, 1, 2, 0, 3, 0, 4, 0, False, False)

    monkeypatch.setattr(engine, "log_verify", wrong)
    assert cli("log", "verify").code == 7
    assert cli("log", "verify", "--json").code == 7


def test_a_table_of_tasks_is_shown_then_signed_only_when_confirmed(
    cli: Run, engine: FakeEngine, tmp_path: Path
) -> None:
    file = tmp_path / "tasks.csv"
    file.write_bytes("标题;金额;旧号\n修楼梯;40;1\n;5;2\n".encode("gb18030"))
    shown = cli("task", "import", str(file), "--dry-run")
    assert shown.code == 0 and "GB18030" in shown.out.upper() and "修楼梯" in shown.out
    assert cli("task", "import", str(file)).code == 2  # nobody can be asked here
    assert not engine.named("task_import")
    done = cli("task", "import", str(file), "--yes", "--map", "旧号=labels", "--pay-from", "Works")
    assert done.code == 0 and "1" in done.out
    (params,) = engine.named("task_import")
    assert (params["rows"], params["lines"]) == ([["修楼梯", "40", "1"], ["", "5", "2"]], [2, 3])
    assert (params["columns"], params["payer"]) == (["title", "reward", "labels"], "Works")


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (b"\x00\x01\x02", [], "table_no_text"), (b"title\n", [], "table_empty"), (b"reward\n5\n", [], "field_title"),
        (b"title\nA\n", ["--map", "colour=labels"], "column_unknown"),
        (b"title\nA\n", ["--map", "title=colour"], "field_unknown"),
        (b"title\nA\n", ["--map", "title="], "field_title"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(
    cli: Run, engine: FakeEngine, tmp_path: Path, data: bytes, options: list[str], code: str
) -> None:
    file = tmp_path / "tasks.csv"
    file.write_bytes(data)
    refused = cli("task", "import", str(file), "--yes", "--json", *options)
    assert refused.code == 2 and json.loads(refused.err)["error"]["code"] == code
    assert not engine.named("task_import_check")


def test_tasks_are_exported_for_spreadsheets(cli: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert cli("task", "export", "--to-file", str(file)).code == 0
    assert file.read_bytes().startswith("\ufeffnumber,title".encode())
    assert cli("task", "export").out.startswith("number,title")


def test_tasks_are_filtered(cli: Run) -> None:
    assert [row["number"] for row in cli("task", "list", "--label", "sync", "--json").json] == [221]
    assert {row["number"] for row in cli("task", "list", "--department", "Platform", "--json").json} == {214, 221}
    assert [row["number"] for row in cli("task", "list", "--find", "RELAY FALLBACK", "--json").json] == [216]
    assert all(
        row["opener"]["you"] or row["assignees"][0]["person"]["you"]
        for row in cli("task", "list", "--mine", "--json").json
    )


def test_evidence_is_named_by_its_digest(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    file = tmp_path / "plan.pdf"
    file.write_bytes(b"abc")
    assert cli("task", "submit", "T-1", "--file", str(file)).code != 0  # the sample has no T-1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert engine.named("task_submit")[0]["files"] == [(digest, "plan.pdf", 3)]
    assert cli("task", "submit", "T-1", "--file", str(tmp_path / "gone")).code == 2


def test_the_payer_is_given_once(cli: Run, engine: FakeEngine) -> None:
    assert cli("task", "open", "T", "--own", "--pay-from", "Works").code == 2
    assert not engine.named("task_open")


def test_node_status_says_what_is_wrong(cli: Run, engine: FakeEngine) -> None:
    engine.node_problems = ("storage",)
    told = cli("node", "status")
    assert told.code == 1 and "storage fails" in told.out and "cli." not in told.out
    engine.node_problems = ()
    assert cli("node", "status").code == 0


def test_attachments_by_command(cli: Run, engine: FakeEngine, tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("plan")
    made = json.loads(cli("attachment", "add", ident("task 214"), str(path), "--json").out)
    assert engine.named("attachment_add")[0]["path"] == str(path)
    for words in (("list",), ("fetch", made["id"]), ("stop", made["id"]), ("drop", made["id"]), ("quota",),
                  ("save", made["id"], str(tmp_path / "out")), ("quota", "--set", "2GB")):  # fmt: skip
        told = cli("attachment", *words)
        assert told.code == 0 and "cli." not in told.out, words
    assert engine.named("attachment_quota")[0]["quota"] == 2 * 1024**3
    assert cli("attachment", "quota", "--set", "plenty").code != 0
