"""No secret reaches the log, however it gets into a record (threat 22)."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dao_app.platform.log import HIDDEN, redact, start_log

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
SEED = hashlib.sha256(b"seed").digest()
LINK = "guildhall:join/" + base64.b32encode(SEED * 4).decode().lower().rstrip("=")

SECRETS = {
    "link": (LINK, LINK[15:40]),
    "link with slashes": (LINK.replace(":", "://", 1), LINK[15:40]),
    "words": (WORDS, "sausage"),
    "words as a tuple": (repr(tuple(WORDS.split())), "sausage"),
    "words numbered": (" ".join(f"{n}. {w}" for n, w in enumerate(WORDS.split(), 1)), "sausage"),
    "five words": ("legal winner thank year wave", "winner"),
    "passphrase in JSON": ('{"passphrase": "correct horse \\" battery"}', "battery"),
    "passphrase in a dict": ("{'passphrase': 'correct horse battery', 'x': 1}", "battery"),
    "passphrase as told": ("passphrase=correct horse battery", "battery"),
    "hex key": (SEED.hex(), SEED.hex()[:16]),
    "private key": (SEED.hex() * 2, SEED.hex()[:16]),
    "bytes": (repr(SEED), repr(SEED)[6:14]),
    "base64": (base64.b64encode(SEED).decode(), base64.b64encode(SEED).decode()[:10]),
    "labelled list": (f"words: {WORDS.split()[:3]}", "winner"),
    "database, a slash in the password": ("postgresql+psycopg://guild:open/sesame@10.0.0.1/guildhall", "open/sesame"),
    "database": ("cannot reach postgresql+psycopg://guild:open-sesame@10.0.0.1/guildhall", "open-sesame"),
    "seed": ("root_seed = 0011223344", "0011223344"),
}


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "log" / "guildhall.log"
    handler = start_log(path, logging.DEBUG)
    yield path
    logging.getLogger().removeHandler(handler)
    handler.close()


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_secrets_never_reach_the_file(name: str, log_file: Path) -> None:
    text, core = SECRETS[name]
    log = logging.getLogger("some.library")
    log.warning("plainly " + text)
    log.warning("as argument %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("in a traceback")
    written = log_file.read_text()
    assert written.count(HIDDEN) >= 3
    assert core not in written


@pytest.mark.parametrize(
    "text",
    [
        "listening on /ip4/127.0.0.1/tcp/4001/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo",
        "sealed height 12 of 7f3a91c2e04d with 4 actions in 31 ms",
        "stored bafyreib2rxk3rybloqtqwbo5lbcr5dz6hyqrkbysf4ejz3hhukvsnjxpia",
        "all the day long we waited for this and that",
        "task_list failed",
    ],
)
def test_plain_messages_stay_readable(text: str) -> None:
    assert redact(text) == text


def test_the_file_is_private(log_file: Path) -> None:
    logging.getLogger("x").warning("hello")
    assert log_file.stat().st_mode & 0o777 == 0o600
    assert log_file.parent.stat().st_mode & 0o777 == 0o700
