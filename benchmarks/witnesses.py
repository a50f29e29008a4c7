"""Finality in figures: latency over real processes, bytes of checkpoints and proofs, cost of sealing by state size."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LATENCY_SAMPLES = 40
POLL_S = 0.004
SIZES = (1_000, 10_000, 100_000)  # actions behind the state in which sealing is measured
SEALED_ACTIONS = 100
CHECKPOINTS, CHANGES = 1_000, 10  # of the history behind the measured proof


def latency() -> dict[str, float]:
    """From an action on one desktop to final on the same, with 1, 4, 7 witnesses, each a process on loopback (ms)."""
    found = {}
    for witnesses in (1, 4, 7):
        samples = _latencies(witnesses)
        found[f"final_latency_ms_{witnesses}"] = statistics.median(samples)
        found[f"final_latency_p99_ms_{witnesses}"] = sorted(samples)[-1 - len(samples) // 100]
    return found


def _latencies(witnesses: int) -> list[float]:
    sys.path.insert(0, str(ROOT / "tools"))
    from demo_peers import Peer
    from demo_witnesses import elect, found

    folder = Path(tempfile.mkdtemp(prefix="guildhall-latency-"))
    (folder / "passphrase").write_text("a passphrase for measuring\n")
    peers = [Peer(folder, f"w{number}", "/ip4/127.0.0.1/tcp/0") for number in range(max(2, witnesses))]
    try:
        found(peers)
        if witnesses > 1:
            elect(peers)
        writer = peers[-1]  # with one witness somebody else than the witness
        return [_final_after(writer, number) for number in range(LATENCY_SAMPLES)]
    finally:
        for peer in peers:
            peer.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _final_after(peer: Any, number: int) -> float:
    """Milliseconds from writing to nothing pending any more."""
    time.sleep(0.15)  # so that no earlier checkpoint is under way
    started = time.perf_counter()
    peer.call("contribution_claim", title=f"Sample {number}")
    while peer.call("status")["provisional"]:
        time.sleep(POLL_S)
    return (time.perf_counter() - started) * 1_000


def sizes() -> dict[str, float]:
    """Bytes of a small checkpoint, of what is said about it, and of a result's proof after a long history."""
    found: dict[str, float] = {}
    for seats in (1, 4, 7, 10):
        certificate, words, proof, check_ms = _history(seats)
        found[f"checkpoint_bytes_{seats}"] = certificate
        if words:
            found[f"checkpoint_wire_bytes_{seats}"] = words
        if proof:
            name = "certificate_bytes" if seats == 4 else f"certificate_bytes_{seats}"
            found[name], found[name.replace("bytes", "check_ms")] = proof, check_ms
    return found


def _history(seats: int) -> tuple[int, int, int, float]:
    """Certificate with one action under it, words of one height; proof after 1,000 checkpoints and 10 changes, and how
    long checking it takes (ms)."""
    from dao_app.app.proofs import make_proof, signed_by
    from dao_app.core.finality.proofs import Proven, encode_proof, keys_of_result, parse_proof, verify
    from tests.fakes.council import Council

    folder = Path(tempfile.mkdtemp(dir=_work()))
    council = Council(folder, seats)
    if seats > 1:
        council.elect()
        height = council.main.height()
        council.main.write("contribution.claim", {"title": "One"})
        said = council.talk_counting()
        assert council.main.height() > height
    else:
        said = 0
        council.main.write("contribution.claim", {"title": "One"})
        council.seal()
    certificate = len(council.main.certificates(council.main.height(), 1)[0])
    if seats not in (4, 10):
        council.close()
        shutil.rmtree(folder)
        return certificate, said, 0, 0.0
    proposal = council.decide()
    for number in range(CHANGES):
        council.change_witnesses(number)
    while council.main.height() < CHECKPOINTS:
        council.main.write("contribution.claim", {"title": "Filling"})
        council.seal_together()
    proof = encode_proof(make_proof(council.main, "result", keys_of_result(proposal), 0))
    started = time.perf_counter()
    assert isinstance(verify(parse_proof(proof), signed_by(council.verifier), council.org_id), Proven)
    check_ms = 1_000 * (time.perf_counter() - started)
    council.close()
    shutil.rmtree(folder)
    return certificate, said, len(proof), check_ms


def sealing() -> dict[str, float]:
    """Sealing 100 new actions on states of 1,000 to 100,000 actions (ms), and the ratio largest to smallest."""
    from benchmarks import workload
    from dao_app.app.organisation import Organisation
    from dao_app.crypto.keys import SeedSigner
    from dao_app.crypto.verifier import SodiumVerifier
    from dao_app.platform.random import SystemRandom
    from dao_app.store.log import SqlStore
    from tests.fakes.world import FakeClock

    found: dict[str, float] = {}
    for size in SIZES:
        load = workload.load(size)
        folder = Path(tempfile.mkdtemp(dir=_work()))
        signers = [SeedSigner(seed) for seed in load.founder]
        clock = FakeClock(workload.END_MS)
        org = Organisation(
            load.org_id, SqlStore(folder / "log.db"), SodiumVerifier(), clock, SystemRandom(), signers[1], signers[2]
        )
        org.admit_certificates_now(load.certificates)
        for start in range(0, len(load.envelopes), 2_000):
            org.admit_now(load.envelopes[start : start + 2_000])
        assert org.height() == len(load.certificates)
        times = []
        for number in range(9):
            for place in range(SEALED_ACTIONS):
                org.write("contribution.claim", {"title": f"{number} {place}"})
            clock.forward(10)
            started = time.perf_counter()
            assert org.seal() is not None
            times.append((time.perf_counter() - started) * 1_000)
        found[f"seal_100_ms_{size}"] = statistics.median(times)
        org.store.close()
        shutil.rmtree(folder)
    found["seal_growth"] = found[f"seal_100_ms_{SIZES[-1]}"] / found[f"seal_100_ms_{SIZES[0]}"]
    return found


def _work() -> Path:
    from benchmarks import workload

    workload.WORK.mkdir(exist_ok=True)
    return workload.WORK


def measure() -> dict[str, float]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return {**latency(), **sizes(), **sealing()}
