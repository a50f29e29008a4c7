"""One member with several machines, played by real processes: taken in, lost and revoked, restored from words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_member_with_several_machines() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo_devices.py")],
        capture_output=True, text=True, check=False, timeout=400, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the laptop has learnt nothing" in done.stdout and "One member, four machines, one lost" in done.stdout
