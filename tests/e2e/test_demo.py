"""The main job with three processes over real libp2p, as `make demo` plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_three_processes_agree(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo.py"), "--out", str(tmp_path / "out"), "--no-pictures"],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All peers agree" in done.stdout
    reports = [json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "out").glob("*.json"))]
    assert len({report["pid"] for report in reports}) == 3
    held = [next(iter(report["organisations"].values())) for report in reports]
    assert held[0] == held[1] == held[2]
    assert held[0]["results"]["P-1"]["status"] == "passed"
    assert sum(held[0]["balances"].values()) == 100_000
