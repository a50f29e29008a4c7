"""The installed console script on a real data folder: alone, through a running node, and with wrong input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(sys.executable).with_name("guildhall")
TIMEOUT_S = 120  # that no working machine needs
Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUILDHALL_", "LC_"))}
    return kept | {"LANG": "C.UTF-8", "GUILDHALL_HOME": str(folder / "home"),
                   "GUILDHALL_PASSPHRASE_FILE": str(folder / "passphrase")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cli")
    (made / "passphrase").write_text("a passphrase for tests\n")
    return made


@pytest.fixture(scope="module")
def cli(folder: Path) -> Cli:
    def call(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *argv], check=False, env=environment(folder) | env, capture_output=True, text=True,
            timeout=TIMEOUT_S, stdin=subprocess.DEVNULL,
        )

    made = call("identity", "create", "Lin Wei", "--json")
    assert made.returncode == 0, made.stderr
    assert len(json.loads(made.stdout)["words"]) == 24
    founded = call("org", "create", "Mill Lane", "--initial", "1000", "--parameter", "voting_least_ms=1000", "--json")
    assert founded.returncode == 0, founded.stderr
    opened = call("proposal", "open", "Green?", "--voting", "2h", "--json")
    assert opened.returncode == 0, opened.stderr
    return call


def result(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_work_and_votes_on_a_folder_of_ones_own(cli: Cli) -> None:
    result(cli("task", "open", "Paint the hall", "--reward", "12.50", "--json"))
    (task,) = result(cli("task", "list", "--json"))
    assert (task["number"], task["escrow_final"], task["stamp"]["state"]) == (1, True, "final")
    assert result(cli("vote", "P-1", "yes", "--json"))["my_choice"] == '"yes"'
    (treasury,) = result(cli("token", "balance", "treasury", "--json"))
    assert (treasury["available_minor"], treasury["held_minor"]) == (98_750, 1_250)
    assert result(cli("log", "verify", "--json"))["ok"] is True


def test_nothing_private_can_be_read_by_others(cli: Cli, folder: Path) -> None:
    open_ = [str(path) for path in (folder / "home").rglob("*")
             if path.is_dir() and path.name in ("vault", "run", "log") and path.stat().st_mode & 0o077]
    assert (folder / "home" / "profile.json").stat().st_mode & 0o777 == 0o600
    assert not open_ and (folder / "home").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["task", "show", "T-99"], 3),
        (["task", "open", "Dear", "--reward", "1000000000"], 4),
        (["task", "open", "Odd", "--reward", "1.234"], 2),
        (["task", "open", ""], 2),
        (["vote", "P-1", "maybe"], 2),
        (["join", "guildhall:join/nonsense"], 2),
        (["token", "transfer", "nobody", "1"], 3),
        (["identity", "create", "Again"], 1),
        (["task", "list", "--org", "elsewhere"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_wrong_input_is_explained(cli: Cli, argv: list[str], code: int) -> None:
    done = cli(*argv)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert len(done.stderr.strip().splitlines()) >= 2 and "Traceback" not in done.stderr


def test_a_wrong_passphrase_does_nothing(cli: Cli, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase\n")
    done = cli("token", "issue", "1", "--passphrase-file", str(wrong), "--json")
    assert done.returncode == 5 and json.loads(done.stderr)["error"]["kind"] == "Locked"


@pytest.fixture
def node(cli: Cli, folder: Path) -> Iterator[dict[str, Any]]:
    argv = [SCRIPT, "node", "run", "--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns", "--json"]
    with subprocess.Popen(argv, env=environment(folder), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 0


def test_the_command_line_acts_through_a_running_node(cli: Cli, folder: Path, node: dict[str, Any]) -> None:
    ((_, addresses),) = node["addresses"].items()
    assert addresses and "/p2p/" in addresses[0]
    assert (folder / "home" / "run" / "engine.sock").stat().st_mode & 0o777 == 0o600
    done = cli("contribution", "claim", "Took notes", "--json", GUILDHALL_PASSPHRASE_FILE="/nowhere")
    assert result(done)["title"] == "Took notes"  # the node is unlocked: no passphrase is needed
    assert cli("task", "show", "T-99").returncode == 3
    second = cli("node", "run", "--json")
    assert second.returncode == 5 and str(node["pid"]) in json.loads(second.stderr)["error"]["params"]["pid"]
