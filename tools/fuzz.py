"""make fuzz: coverage-guided fuzzing (atheris) of every place where foreign bytes enter the program.

Each target of ``tests/fuzz/targets.py`` runs in a process of its own for its share of the time. What is found is
written to ``fuzz-findings/`` with the bytes that do it; exits with 1 where there is any.
``python -m tools.fuzz --minutes 10 [TARGET…]``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FINDINGS = ROOT / "fuzz-findings"
INPUT_BYTES_MAX = 8_192
MEMORY_MIB_MAX = 2_048
INPUT_S_MAX = 10  # one input that takes longer is a hang


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of all targets together")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    given = parser.parse_args()
    if given.one:
        return run_one(given.targets[0], given.seconds)
    from tests.fuzz.targets import targets

    names = given.targets or sorted(targets())
    seconds = max(1, round(given.minutes * 60 / len(names)))
    failed = []
    for name in names:
        done = subprocess.run(
            [sys.executable, "-m", "tools.fuzz", "--one", "--seconds", str(seconds), name], cwd=ROOT, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        last = [line for line in done.stderr.splitlines() if "cov:" in line][-1:] or [""]
        print(f"{name}: {'ok' if not done.returncode else 'FAILED'}, {seconds} s, {last[0].strip()[:100]}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stderr[-4_000:], file=sys.stderr)
    print(f"{len(failed)} of {len(names)} targets failed")
    return 1 if failed else 0


def run_one(name: str, seconds: int) -> int:
    """Fuzz one target in this process; never returns where something is found."""
    import atheris

    with atheris.instrument_imports(include=["dao_app"]):
        from tests.fuzz.targets import targets

        target = targets()[name]
    corpus = FINDINGS / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(target.seeds):
        if len(seed) <= INPUT_BYTES_MAX:
            (corpus / f"seed{place}").write_bytes(seed)

    def test_one(raw: bytes) -> None:
        try:
            target.read(raw)
        except target.allowed:
            pass

    options = [
        f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", f"-rss_limit_mb={MEMORY_MIB_MAX}",
        f"-timeout={INPUT_S_MAX}", f"-artifact_prefix={FINDINGS}/{name}-",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], test_one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
