"""make demo, third part: one member with several machines, each a process with a folder of its own.

Ben takes in a laptop by a request and an answer that travel as picture and file, works on both, attaches a file that
Amara fetches, loses the laptop and revokes it: everybody moves to another key of the organisation and the laptop gets
nothing that is written afterwards. Then a new machine is restored from his words and comes in by an address card
through Amara alone.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

from demo_peers import ROOT, Peer, until

PASSPHRASE = "sample passphrase for the demo"
FILE_BYTES = 700_000  # three chunks
QUIET_S = 5.0  # in which the revoked machine, dialling on and on, gets nothing


def titles(peer: Peer) -> set[str]:
    return {row["title"] for row in peer.call("contribution_list")}


def come_together(amara: Peer, ben: Peer) -> None:
    amara.command("identity", "create", "Amara")
    amara.command("org", "create", "Lighthouse Works", "--initial", "1000")
    amara.start()
    ben.command("identity", "create", "Ben")
    words = ben.command("identity", "words")
    ben.home.parent.joinpath("words").write_text(" ".join(words), encoding="utf-8")
    ben.start()
    ben.call("join", link=amara.call("invite_create", uses=1)["link"])
    until("Ben has joined", lambda: ben.call("org_list")[0]["membership"] == "active")


def take_in(ben: Peer, laptop: Peer, folder: Path) -> str:
    """The laptop's request and the answer go over as pictures of QR codes."""
    request, answer = folder / "request.png", folder / "answer.txt"
    asked = laptop.command("device", "request", "Laptop", "--picture", str(request))
    granted = ben.command("device", "grant", "--file", str(request), "--to-file", str(answer), "--yes")
    assert asked["words"] == granted["words"], "the words differ"
    print(f"  words on both screens: {' '.join(asked['words'])}", flush=True)
    laptop.command("device", "accept", "--file", str(answer))
    laptop.start()
    rows = until("Ben has two devices", lambda: [r for r in ben.call("device_list") if r["status"] == "active"][1:])
    return str(rows[0]["device"])


def attach(amara: Peer, ben: Peer, folder: Path) -> None:
    path = folder / "drawing.bin"
    path.write_bytes(b"\0" + bytes(range(256)) * (FILE_BYTES // 256))
    claim = ben.call("contribution_claim", title="A drawing of the lamp")["id"]
    id_ = ben.call("attachment_add", target=claim, path=str(path))["id"]
    until("Amara sees the file", lambda: any(r["id"] == id_ for r in amara.call("attachment_list")["rows"]))

    def state() -> str:
        return str(next(r["file"]["state"] for r in amara.call("attachment_list")["rows"] if r["id"] == id_))

    until("its description is there", lambda: state() != "unread")
    if state() == "absent":  # a node keeps files by itself
        amara.call("attachment_fetch", attachment=id_)
    until("Amara has it", lambda: state() == "here")
    saved = Path(amara.call("attachment_save", attachment=id_, path=str(folder / "copy.bin")))
    assert hashlib.sha256(saved.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()


def lose(amara: Peer, ben: Peer, laptop: Peer, device: str) -> None:
    """Revoked; what is written from then on never reaches it, though it holds the old key and keeps dialling."""
    ben.call("device_revoke", device=device)
    until("that is final", lambda: status(ben, device) == "revoked")
    height = ben.call("status")["height"]
    until("Amara knows it", lambda: amara.call("status")["height"] >= height)
    until("nobody is linked with it", lambda: not any(linked(peer, device) for peer in (amara, ben)))
    amara.call("contribution_claim", title="Written after the loss")
    until("Ben reads on", lambda: "Written after the loss" in titles(ben))
    until_quiet = time.monotonic() + QUIET_S
    while time.monotonic() < until_quiet:
        assert "Written after the loss" not in titles(laptop), "the lost laptop reads on"
        time.sleep(0.2)
    print(f"  the laptop has learnt nothing for {QUIET_S:.0f} s", flush=True)


def status(peer: Peer, device: str) -> str:
    return str(next(row["status"] for row in peer.call("device_list") if row["device"] == device))


def linked(peer: Peer, device: str) -> bool:
    return any(row["device"] == device and row["connected"] for row in peer.call("peer_list"))


def come_back(amara: Peer, ben: Peer, fresh: Peer, folder: Path) -> None:
    """Ben's desktop is off: his words and anybody's address card are enough."""
    card = folder / "card.txt"
    amara.command("org", "card", "--file", str(card))
    ben.stop()
    fresh.command("identity", "restore", "Ben", "--words-file", str(folder / "words"))
    fresh.command("org", "restore", "--file", str(card))
    fresh.start()
    until("the new machine is in", lambda: fresh.call("org_list")[0]["membership"] == "active")
    until("and has everything", lambda: "Written after the loss" in titles(fresh))
    fresh.call("contribution_claim", title="From the new machine")
    until("Amara hears of it", lambda: "From the new machine" in titles(amara))
    assert len([r for r in fresh.call("device_list") if r["status"] == "active"]) == 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="guildhall-devices-"))
    (folder / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    listen = "/ip4/127.0.0.1/tcp/0"
    machines = [Peer(folder, name, listen) for name in ("amara", "ben", "laptop", "fresh")]
    amara, ben, laptop, fresh = machines
    started = time.monotonic()
    try:
        come_together(amara, ben)
        device = take_in(ben, laptop, folder)
        laptop.call("contribution_claim", title="From the laptop")
        until("both machines are Ben", lambda: "From the laptop" in titles(ben))
        attach(amara, ben, folder)
        lose(amara, ben, laptop, device)
        come_back(amara, ben, fresh, folder)
    finally:
        for machine in machines:
            machine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"One member, four machines, one lost; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
