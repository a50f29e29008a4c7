"""A bundle read by IPLD's own libraries (@ipld/car, @ipld/dag-cbor), which recompute every CID of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dao_app.core.encoding import cid_text
from dao_app.core.finality.car import DAG_CBOR, RAW, Reader
from tests.fakes.history import History
from tests.unit.app.test_bundles import Desk

FOLDER = Path(__file__).parents[2] / "packaging" / "ipld"
INSTALLED = FOLDER / "node_modules" / "@ipld" / "car"
needs_node = pytest.mark.skipif(
    not os.environ.get("CI") and (shutil.which("node") is None or not INSTALLED.exists()),
    reason="node or its packages are missing: npm ci --prefix packaging/ipld",
)


@needs_node
def test_ipld_libraries_read_a_bundle_and_recompute_every_cid(tmp_path: Path) -> None:
    path = tmp_path / "org.car"
    Desk(History(tmp_path / "history", 5, 120).world.main).export(path)
    reader = Reader([path.read_bytes()])
    blocks = list(reader.blocks())
    seen = json.loads(check(path).stdout)
    assert seen["root"] == cid_text(reader.root)
    assert (seen["blocks"], seen["cbor"], seen["raw"]) == (
        len(blocks), sum(b.codec == DAG_CBOR for b in blocks), sum(b.codec == RAW for b in blocks),
    )  # fmt: skip
    assert seen["raw"] > 0 and seen["links"] > len(blocks)
    assert seen["manifest"]["type"] == "guildhall/bundle/1"


@needs_node
def test_they_notice_a_changed_bit(tmp_path: Path) -> None:
    path = tmp_path / "org.car"
    Desk(History(tmp_path / "history", 5, 30).world.main).export(path)
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert check(path, fails=True).returncode != 0


def check(path: Path, fails: bool = False) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["node", str(FOLDER / "check.mjs"), str(path)], capture_output=True, text=True, check=False
    )
    assert fails or done.returncode == 0, done.stderr
    return done
