"""Hash seed, time zone and locale change nothing (threat 25)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from tests.fakes.governance_history import GovernanceHistory
from tests.fakes.world import roots
history = GovernanceHistory(Path(sys.argv[1]), 5, 120)
print(*[part if isinstance(part, int) else part.hex() for part in roots(history.world.main)])
print(history.world.main.replay.provisional_root().hex(), history.world.org_id.hex())
"""
ROOT = Path(__file__).parents[2]


def root_in(folder: Path, **environ: str) -> str:
    env = {**os.environ, **environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], env=env, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_root_across_settings(tmp_path: Path) -> None:
    found = {
        root_in(tmp_path / "a", PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8"),
        root_in(tmp_path / "b", PYTHONHASHSEED="1", TZ="Asia/Shanghai", LC_ALL="C"),
        root_in(tmp_path / "c", PYTHONHASHSEED="4242", TZ="America/St_Johns", LC_ALL="tr_TR.UTF-8", PYTHONOPTIMIZE="1"),
    }
    assert len(found) == 1, found
