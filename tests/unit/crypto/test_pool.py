"""The verifying worker gives the same verdicts as this process, and losing it loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from dao_app.core.encoding import digest, encode
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.pool import VerifierPool, judge_envelopes
from dao_app.crypto.verifier import SodiumVerifier

VERIFIER = SodiumVerifier()


@pytest.fixture
def pool() -> Iterator[VerifierPool]:
    pool = VerifierPool(VERIFIER)
    yield pool
    pool.close()


def _batch(count: int) -> list[bytes]:
    signer = SeedSigner(bytes(32))
    found, prev = [], None
    for seq in range(1, count + 1):
        payload = build_payload(b"o" * 32, signer.public, seq, prev, (), 1_000 + seq, "token.tip", {"amount": seq})
        prev = digest(payload)
        found.append(pack(payload, signer.sign(signed_message(prev))))
    return found


def _mixed() -> list[bytes]:
    good = _batch(6)
    bad_signature = good[1][:-1] + bytes([good[1][-1] ^ 1])
    return [good[0], bad_signature, b"", b"\xff" * 40, encode([b"", bytes(64)]), good[2] + b"x", good[3]]


def test_verdicts_are_ids_or_codes(pool: VerifierPool) -> None:
    batch = _mixed()
    verdicts = pool.submit(batch).result()
    assert verdicts == judge_envelopes(batch, VERIFIER)
    assert [v if isinstance(v, str) else len(v) for v in verdicts] == [
        32, "signature", "malformed", "malformed", "malformed", "malformed", 32,
    ]  # fmt: skip
    assert pool.worker_pid is not None


def test_an_empty_batch_has_no_verdicts(pool: VerifierPool) -> None:
    assert pool.submit([]).result() == []


def test_killing_the_worker_loses_nothing(pool: VerifierPool) -> None:
    batch = _batch(200)
    pool.submit(batch[:1]).result()
    tickets = [pool.submit(batch) for _ in range(6)]
    assert pool.worker_pid is not None
    os.kill(pool.worker_pid, signal.SIGKILL)
    expected = judge_envelopes(batch, VERIFIER)
    assert all(ticket.result() == expected for ticket in tickets)
    assert pool.submit(batch).result() == expected


def test_after_closing_batches_are_judged_here() -> None:
    pool = VerifierPool(VERIFIER)
    pool.submit(_batch(1)).result()
    pool.close()
    assert pool.submit(_mixed()).result() == judge_envelopes(_mixed(), VERIFIER)
    assert pool.worker_pid is None
