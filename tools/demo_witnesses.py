"""make demo, second part: four witnesses in four processes; one after the other is killed at random moments.

The founder alone seals until the four are elected; each node declares its key by itself. While members write and
vote, processes are killed as a power cut does and come back. Afterwards all four hold the same, and the whole
history is checked by the independent verifier.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from demo_peers import ROOT, Peer, environ, until

PASSPHRASE = "sample passphrase for the demo"
NAMES = ("Amara", "Ben", "Chen", "Dana")
DELAY_MS = 1_000  # the charter's Δ here, so that a vote closes within seconds
VOTING_S = 3
QUESTION_S = 9  # open long enough that the loss of a leader does not eat the vote
KILLS = 4
SLOW_S = 60.0  # a round may be lost with the witness that led it


def found(peers: list[Peer]) -> None:
    """Found, invite, join."""
    first = peers[0]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda peer: peer.command("identity", "create", peer.name), peers))
    first.command(
        "org", "create", "Lighthouse Council", "--initial", "1000", "--parameter", "grace_ms=0",
        "--parameter", "voting_least_ms=1000", "--parameter", f"witness_delay_ms={DELAY_MS}",
    )  # fmt: skip
    first.start()
    for peer in peers[1:]:
        link = first.call("invite_create")["link"]
        peer.start()
        peer.call("join", link=link)
        until(f"{peer.name} has joined", lambda peer=peer: peer.call("org_list")[0]["membership"] == "active")


def elect(peers: list[Peer]) -> None:
    """All of them become witnesses."""
    effect = {"do": "elect_witnesses", "seats": str(len(peers)), "candidates": [peer.name for peer in peers]}
    proposal = peers[0].call(
        "proposal_open", title="Who makes things final", kind="role", effects=[effect], voting_s=VOTING_S
    )["id"]  # fmt: skip
    until("the vote is open everywhere", lambda: all(status(p, proposal) == "voting" for p in peers))
    for peer in peers:
        peer.call("vote", proposal=proposal, choice="yes")
    until("they have taken over", lambda: all(seats(p) == len(peers) for p in peers), SLOW_S)


def seats(peer: Peer) -> int:
    return len(peer.call("finality")["seats"])


def status(peer: Peer, id_: str) -> str:
    return str(next((row["status"] for row in peer.call("proposal_list") if row["id"] == id_), ""))


def is_final(peer: Peer, id_: str) -> bool:
    rows = peer.call("contribution_list")
    return any(row["id"] == id_ and row["stamp"]["state"] == "final" for row in rows)


def work(peers: list[Peer], dice: random.Random, kills: int) -> None:
    """Members write and vote while one witness after the other is killed and comes back."""
    waits = [lose_one(peers, number, dice) for number in range(kills)]
    print(f"  final with one witness gone: {statistics.median(waits):.2f} s median of {len(waits)}", flush=True)


def lose_one(peers: list[Peer], number: int, dice: random.Random) -> float:
    """Kill one at a random moment, go on, let it come back; returns how long finality took meanwhile (s)."""
    victim = peers[dice.randrange(4)]
    alive = [peer for peer in peers if peer is not victim]
    proposal = alive[0].call("proposal_open", title=f"Question {number + 1}", voting_s=QUESTION_S)["id"]
    time.sleep(dice.random())
    victim.kill()
    print(f"  {victim.name} is killed", flush=True)
    claim = alive[1].call("contribution_claim", title=f"Work {number + 1}")["id"]
    started = time.monotonic()
    until("three witnesses make it final", lambda: is_final(alive[0], claim), SLOW_S)
    took = time.monotonic() - started
    until("the vote is open", lambda: all(status(p, proposal) == "voting" for p in alive), SLOW_S)
    for peer in alive:
        peer.call("vote", proposal=proposal, choice="yes" if number % 2 else "no")
    victim.start()
    expected = "passed" if number % 2 else "not_passed"
    until("the same result on all four", lambda: all(status(p, proposal) == expected for p in peers), SLOW_S)
    return took


def settle(peers: list[Peer]) -> None:
    def roots() -> set[Any]:
        found = [peer.call("state_root") for peer in peers]
        return {(row["height"], row["state_root"], row["results_root"], row["provisional"]) for row in found}

    until("all four hold the same, nothing pending", lambda: len(roots()) == 1 and next(iter(roots()))[3] == 0, SLOW_S)


def check(peers: list[Peer], folder: Path) -> bool:
    """Each log verified by its program, and one bundle by the independent verifier."""
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda peer: peer.command("log", "verify"), peers))
        states = list(pool.map(lambda peer: peer.command("state", "root"), peers))
    good = all(report["ok"] for report in reports)
    same = len({state["state_root"] for state in states}) == 1
    print(f"  verified by each program: {good}; equal on all four: {same}")
    bundle = folder / "council.car"
    peers[0].command("bundle", "export", str(bundle))
    command = [sys.executable, str(ROOT / "tools" / "guildhall_verify.py"), str(bundle), "--org", states[0]["org"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ())
    print("  " + done.stdout.strip().replace("\n", "\n  "))
    return good and same and done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20_261_126)
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="guildhall-witnesses-"))
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    peers = [Peer(folder, name, "/ip4/127.0.0.1/tcp/0") for name in NAMES]
    print(f"Four witnesses, seed {given.seed}")
    try:
        found(peers)
        elect(peers)
        work(peers, random.Random(given.seed), given.kills)
        settle(peers)
        for peer in peers:
            peer.stop()
        good = check(peers, folder)
    finally:
        for peer in peers:
            peer.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'All four agree' if good else 'THE WITNESSES DIFFER'}; {time.monotonic() - started:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
