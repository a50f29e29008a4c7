"""Four witnesses in four processes, one of them killed again and again, checked by the independent verifier."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_four_witnesses_agree_whoever_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo_witnesses.py"), "--kills", "2"],
        capture_output=True, text=True, check=False, timeout=400, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All four agree" in done.stdout
