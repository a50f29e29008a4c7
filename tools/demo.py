"""make demo: three peers as three processes over real libp2p on loopback play the main job.

Amara's and Ben's desktops listen nowhere, like machines behind a router: they reach each other only through
the third, `guildhall node run`. Everything goes through the program's own console command and local socket;
voting times are real, no clock is switched. Afterwards the three folders are opened again and compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from demo_peers import ROOT, Peer, environ, until

PASSPHRASE = "sample passphrase for the demo"
VOTING_S = 4
PEERS = ("amara", "node", "ben")


def play(amara: Peer, node: Peer, ben: Peer) -> None:
    """The main job."""
    print("Found, invite, join")
    names = {amara: "Amara", node: "Always-on node", ben: "Ben"}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda peer: peer.command("identity", "create", names[peer]), names))
    amara.command(
        "org", "create", "Harbour Works", "--initial", "1000", "--parameter", "grace_ms=0",
        "--parameter", "voting_least_ms=1000", "--parameter", "quorum_bp=5000",
    )  # fmt: skip
    amara.listen, usual = "/ip4/127.0.0.1/tcp/0", amara.listen
    amara.start()
    link = amara.call("invite_create")["link"]
    node.start()
    node.call("join", link=link)
    until("the node has joined", lambda: node.call("member_list") and _active(node))
    amara.stop()
    amara.listen = usual
    amara.start()
    until("Amara listens nowhere and reaches the node", lambda: _connected(amara))
    link = amara.call("invite_create", note="for Ben")["link"]
    ben.start()
    ben.call("join", link=link)
    until("Ben has joined, through the node alone", lambda: _active(ben))

    print("A task with escrowed reward, through to its pay")
    task = amara.call("task_open", title="Repair the landing stage", text="Before **April**.", reward="120")["id"]
    until("its escrow is final on Ben's desktop", lambda: _task(ben, task).get("escrow_final"))
    ben.call("task_claim", task=task)
    ben.call("comment_add", target=task, text="I start on Monday.")
    until("Amara sees the claim", lambda: _task(amara, task).get("status") == "claimed")
    until("Ben's claim is final", lambda: _task(ben, task)["stamp"]["state"] == "final")
    ben.call("task_submit", task=task, note="Done, pictures in the shared folder.")
    until("Amara sees the work", lambda: _task(amara, task).get("status") == "submitted")
    amara.call("task_accept", task=task)
    until("Ben is paid, final", lambda: _available(ben) == 12_000)

    print("A proposal, ballots, and a tip while somebody is offline")
    proposal = ben.call("proposal_open", title="Meet on Tuesdays", voting_s=VOTING_S)["id"]
    until(
        "voting is open everywhere", lambda: all(_proposal(p, proposal).get("status") == "voting" for p in (amara, ben))
    )
    amara.call("vote", proposal=proposal, choice="yes")
    ben.call("vote", proposal=proposal, choice="yes")
    until("both ballots are everywhere", lambda: all(_proposal(p, proposal)["voted"] == 2 for p in (amara, ben, node)))
    ben.stop()
    print("  Ben is offline; both sides go on working", flush=True)
    claim = amara.call("contribution_claim", title="Ordered the timber")["id"]
    alone = ben.command("contribution", "claim", "Wrote the tide table")["id"]
    tip_to = ben_root(amara)
    amara.call("token_transfer", to=tip_to, amount="30", from_treasury=True, memo="for the tide table")
    until("the proposal is closed and sealed", lambda: _proposal(amara, proposal).get("status") == "passed")
    ben.start()
    until("Ben is back: closed proposal here too", lambda: _proposal(ben, proposal).get("status") == "passed")
    until("what Ben wrote offline is with Amara", lambda: _contribution(amara, alone))
    ben.call("contribution_endorse", contribution=claim)
    amara.call("contribution_endorse", contribution=alone)
    until(
        "both contributions are endorsed",
        lambda: all(_contribution(p, c)["status"] == "endorsed" for p in (amara, ben) for c in (claim, alone)),
    )
    ben.call("token_tip", to=amara_root(ben), amount="5", reason="for the quick review")
    until("the tip is final at Amara's", lambda: _available(amara) == 500)
    govern(amara, node, ben)
    until("all three hold the same", lambda: len({_root(p) for p in (amara, node, ben)}) == 1)
    until("Amara and Ben are linked, by way of the node alone", lambda: _paths(amara) == ["direct", "relay"])


def govern(amara: Peer, node: Peer, ben: Peer) -> None:
    """A ranked election, a spending proposal that executes itself, and a peer round that pays."""
    peers = (amara, node, ben)
    print("A ranked election, a spending proposal, a reward round")
    keeper = {"do": "elect", "role": "treasurer", "candidates": ["Amara", "Ben", "Always-on node"]}
    election = amara.call(
        "proposal_open", title="Who keeps the books?", kind="election", method="ranked", effects=[keeper],
        voting_s=VOTING_S,
    )["id"]  # fmt: skip
    pay = {"do": "pay", "to": "Ben", "amount": "40"}
    spending = ben.call(
        "proposal_open", title="Timber for the stage", kind="spending", effects=[pay], voting_s=VOTING_S
    )["id"]
    both = (election, spending)
    until(
        "both votes are open everywhere",
        lambda: all(_proposal(p, id_).get("status") == "voting" for p in peers for id_ in both),
    )
    amara.call("proposal_second", proposal=spending)
    for peer, ranking in ((amara, [2, 1]), (ben, [1, 2]), (node, [3, 2])):
        peer.call("vote", proposal=election, choice=ranking)
    for peer in (amara, ben):
        peer.call("vote", proposal=spending, choice="yes")
    round_ = amara.call("round_open", title="Thanks for the autumn", amount="90", window_s=VOTING_S + 2)["id"]
    until("the round is open and sealed everywhere", lambda: all(_sealed(_round(p, round_)) for p in peers))
    amara.call("round_give", round=round_, gifts=[["Ben", 60], ["Always-on node", 40]], note="for the stage")
    ben.call("round_give", round=round_, gifts=[["Amara", 50], ["Always-on node", 50]])
    before = _available(ben)
    until("the election is decided", lambda: _proposal(amara, election).get("execution") == "done")
    until("Ben keeps the books, by vote", lambda: "treasurer" in _roles(ben, "Ben"))
    until("the spending has executed itself", lambda: _proposal(ben, spending).get("execution") == "done")
    until("the round has paid", lambda: all(_round(p, round_).get("status") == "paid" for p in peers))
    until("Ben has both, final", lambda: _available(ben) == before + 4_000 + 2_700)


def _round(peer: Peer, id_: str) -> dict[str, Any]:
    return next((row for row in peer.call("round_list") if row["id"] == id_), {})


def _sealed(row: dict[str, Any]) -> bool:
    return bool(row) and row["status"] == "open" and row["stamp"]["state"] == "final"


def _roles(peer: Peer, name: str) -> list[str]:
    return next(list(row["roles"]) for row in peer.call("member_list") if row["person"]["name"] == name)


def _active(peer: Peer) -> bool:
    return bool(peer.call("org_list")[0]["membership"] == "active")


def _connected(peer: Peer) -> bool:
    return any(row["connected"] for row in peer.call("peer_list"))


def _paths(peer: Peer) -> list[str]:
    """How a peer is linked to the others."""
    return sorted(row["path"] for row in peer.call("peer_list") if row["connected"])


def _task(peer: Peer, id_: str) -> dict[str, Any]:
    return next((row for row in peer.call("task_list") if row["id"] == id_), {})


def _proposal(peer: Peer, id_: str) -> dict[str, Any]:
    return next((row for row in peer.call("proposal_list") if row["id"] == id_), {})


def _contribution(peer: Peer, id_: str) -> dict[str, Any]:
    return next((row for row in peer.call("contribution_list") if row["id"] == id_), {})


def _available(peer: Peer) -> int:
    return sum(row["available_minor"] for row in peer.call("token_balance"))


def _root(peer: Peer) -> tuple[Any, ...]:
    found = peer.call("state_root")
    return found["height"], found["state_root"], found["results_root"], found["provisional"]


def _member(peer: Peer, name: str) -> str:
    return str(next(row["person"]["id"] for row in peer.call("member_list") if row["person"]["name"] == name))


def ben_root(peer: Peer) -> str:
    return _member(peer, "Ben")


def amara_root(peer: Peer) -> str:
    return _member(peer, "Amara")


def _reopened(peer: Peer) -> tuple[Any, ...]:
    report = json.loads(peer.report.read_text(encoding="utf-8"))
    root = peer.command("state", "root")
    verified = peer.command("log", "verify")
    (told,) = report["organisations"].values()
    same = told["root"] == root["state_root"] and told["height"] == root["height"]
    return (
        peer.name, report["pid"], root["height"], root["state_root"], told["results"], told["balances"], same,
        verified["ok"],
    )  # fmt: skip


def check(peers: tuple[Peer, ...]) -> bool:
    """Open the three folders again, verify each log, and compare with each other and with the reports."""
    print("Opening the three folders again")
    with ThreadPoolExecutor() as pool:
        rows = list(pool.map(_reopened, peers))
    print(f"  {'peer':8} {'pid':>7} {'height':>6}  {'root':16} {'results':28} same as told  log verified")
    for name, pid, height, root, results, _, same, ok in rows:
        said = ", ".join(f"{number} {value['status']}" for number, value in results.items())
        print(f"  {name:8} {pid:7} {height:6}  {root[:16]} {said:28} {same!s:12}  {ok}")
    equal = len({(r[2], r[3], json.dumps(r[4]), json.dumps(r[5])) for r in rows}) == 1
    print("  equal on all peers:", equal)
    return equal and all(row[6] and row[7] for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "demo-run", help="folder for homes, reports and pictures")
    parser.add_argument("--no-pictures", action="store_true")
    given = parser.parse_args()
    started = time.monotonic()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    folder = Path(tempfile.mkdtemp(prefix="guildhall-demo-"))
    (folder / "passphrase").write_text(PASSPHRASE + "\n")
    amara, node, ben = peers = tuple(
        Peer(folder, name, "/ip4/127.0.0.1/tcp/0" if name == "node" else "none") for name in PEERS
    )
    try:
        play(amara, node, ben)
        for peer in peers:
            peer.stop()
        good = check(peers)
        for peer in peers:
            shutil.copy(peer.report, given.out)
        if not given.no_pictures:
            pictures(amara, given.out / "pictures")
    finally:
        for peer in peers:
            peer.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'All peers agree' if good else 'THE PEERS DIFFER'}; {time.monotonic() - started:.0f} s")
    return 0 if good else 1


def pictures(peer: Peer, folder: Path) -> None:
    """The window on Amara's folder."""
    script = ROOT / "tools" / "screenshots.py"
    words = [
        str(folder), "--home", str(peer.home), "--passphrase-file", str(peer.passphrase), "--languages", "en",
        "--themes", "light",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script), *words], env=environ(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"no pictures:\n{done.stderr[-2_000:]}")
    print(f"Pictures of Amara's window: {os.path.relpath(folder)}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
