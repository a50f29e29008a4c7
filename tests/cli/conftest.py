from __future__ import annotations

from pathlib import Path

import pytest

from dao_app.cli.app import run
from tests.fakes.command_line import FakeServices, Result, Run
from tests.fakes.engine import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def services(engine: FakeEngine) -> FakeServices:
    return FakeServices(engine)


@pytest.fixture
def cli(services: FakeServices, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.delenv("GUILDHALL_PASSPHRASE_FILE", raising=False)

    def call(*argv: str, lang: str = "en") -> Result:
        code = run([*argv], services, {"LANG": {"en": "en_GB.UTF-8", "zh": "zh_CN.UTF-8"}[lang]})
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def passphrase_file(tmp_path: Path, engine: FakeEngine) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("correct horse battery\nsecond line\n")
    engine.passphrase = "correct horse battery"
    return path
