"""A node as it is run: on a PostgreSQL server, watched by monitoring, stopped by a signal; and its unit file."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from dao_app.cli.running import run
from tests.fakes import postgres
from tools.demo_peers import Peer

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "guildhall-node.service"


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    if postgres.programs() is None and not os.environ.get("CI"):
        pytest.skip("no PostgreSQL server is installed here (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="guildhall-pg-"))
    folder.chmod(0o755)
    with postgres.server(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def test_a_node_on_a_database_server(server: postgres.Server, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("sample passphrase")
    peer = Peer(tmp_path, "node", "/ip4/127.0.0.1/tcp/0")
    peer.command("identity", "create", "Node")
    org = peer.command("org", "create", "Archive Works")["id"]
    address = server.address()
    told = peer.start("--database", address, "--metrics", "127.0.0.1:0")
    try:
        folder = peer.home / "orgs" / org
        assert (folder / "database").read_text() == address and not (folder / "log.db").exists()
        with urllib.request.urlopen(told["metrics"] + "/metrics", timeout=10) as answer:
            assert f'guildhall_actions{{org="{org[:12]}"}} 1.0' in answer.read().decode().splitlines()
        with urllib.request.urlopen(told["metrics"] + "/health", timeout=10) as answer:
            assert json.load(answer)["healthy"]
        peer.call("contribution_claim", org=org, title="Kept on the server")
        status = peer.command("node", "status")
        assert status["healthy"] and status["organisations"][0]["actions"] == 2
    finally:
        peer.stop()
    report = json.loads(peer.report.read_text())["organisations"][org]
    assert report["height"] == peer.command("state", "root")["height"], "found without being told"


def test_the_unit_file_names_options_that_there_are() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(UNIT)
    words = shlex.split(unit["Service"]["ExecStart"])
    known = {name for parameter in run.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    assert words[words.index("node") + 1] == "run"
    assert unit["Service"]["KillSignal"] == "SIGTERM" and unit["Service"]["NoNewPrivileges"] == "true"
