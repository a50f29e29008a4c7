"""make mutate: each answer to an attack is taken out of a copy of the program, and a run must notice (docs/threats.md).

A mutant is a few replacements of text in dao_app; what must notice is a simulation (``tools.soak``) or tests. Exits
with 1 where one survives, or where its text is no longer there. ``python -m tools.mutate NAME…`` tries some only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 300  # a run that does not end has noticed too: the program hangs


class Edit(NamedTuple):
    file: str  # below dao_app
    old: str
    new: str


class Mutant(NamedTuple):
    """``threats`` as in docs/threats.md; ``notices``: arguments of tools.soak, or of pytest where they name a file."""

    name: str
    threats: tuple[int, ...]
    edits: tuple[Edit, ...]
    notices: tuple[str, ...]


def simulation(kind: str, witnesses: int, seed: int, runs: int) -> tuple[str, ...]:
    return ("--kind", kind, "--witnesses", str(witnesses), "--seed", str(seed), "--runs", str(runs))


CONSENSUS = "core/finality/consensus.py"
WITNESSES_TEST = "tests/unit/app/test_witnesses.py"
TELLING_TEST = "tests/net/test_telling.py"
ADMISSION_TEST = "tests/unit/app/test_admission.py"
DEVICES_TEST = "tests/unit/rules/test_devices.py"
RELAY_TEST = "tests/net/test_relay.py"
REACHING_TEST = "tests/net/test_reaching.py"
HELLO_TEST = "tests/net/test_hello.py"
EPOCHS_TEST = "tests/net/test_epochs.py"
KEYS_TEST = "tests/unit/app/test_epoch_keys.py"

MUTANTS = (
    Mutant(
        "drop the lock rule", (14,),
        (Edit(CONSENSUS, "locked is not None and locked.proposal.id != proposal.id", "False"),),
        simulation("fight", 4, 0, 500),
    ),
    Mutant(
        "a lock gives way to an earlier quorum", (14,),
        (Edit(CONSENSUS, "locked.round > proposal.valid_round", "locked.round < -1"),),
        simulation("fight", 4, 500, 600),
    ),
    Mutant(
        "a re-proposal needs no quorum", (14,),
        (Edit(CONSENSUS, "if not self._heard.has_quorum(proposal.valid_round, PREVOTE, proposal.id):", "if False:"),),
        simulation("fight", 4, 0, 500),
    ),
    Mutant(
        "a valid value is not proposed again", (14,),
        (Edit(CONSENSUS, "if self._valid is not None:\n            known", "if False:\n            known"),),
        simulation("fight", 4, 0, 50),
    ),
    Mutant(
        "two votes of a witness are no evidence", (14,),
        (Edit("core/finality/heard.py", "mine[0] if len(mine) == 2 else None", "None"),),
        (WITNESSES_TEST,),
    ),
    Mutant(
        "a label leads where it says", (18,),
        (Edit("app/cases_attachments.py", "place / safe_name(found.file.name)", "place / found.file.name"),),
        ("tests/unit/app/test_attachments.py",),
    ),
    Mutant(
        "a file may be written over", (18,),
        (Edit("app/attachments.py", "os.O_CREAT | os.O_EXCL", "os.O_CREAT | os.O_TRUNC"),),
        ("tests/unit/app/test_attachments.py",),
    ),
    Mutant(
        "a quota is not asked", (16,),
        (Edit("app/cases_attachments.py", "self._ws.files.need_room(found.file.size - found.here)", "pass"),),
        ("tests/unit/app/test_attachments.py",),
    ),
    Mutant(
        "do not persist a vote", (38,),
        (Edit("app/witnessing.py", "self._org.store.set_meta(SAVED, encode([machine.height, output.saved]))", "pass"),),
        simulation("restarted", 4, 0, 1),
    ),
    Mutant(
        "speak on after hearing oneself say what one does not know", (38,),
        (Edit(CONSENSUS, "            self._silent = True\n", ""),),
        ("tests/unit/core/finality/test_consensus.py",),
    ),
    Mutant(
        "delta on re-proposals", (34,),
        (
            Edit(
                CONSENSUS, 'verdict == "valid" or (verdict == "left_out" and not (fresh and locked is None))',
                'verdict == "valid"',
            ),
        ),
        simulation("fight", 4, 0, 50),
    ),
    Mutant(
        "delta against arrival", (34,),
        (
            Edit(
                "app/checkpoints.py", "self._left_out(sealing, checkpoint.time) if fresh",
                "self._left_out(sealing, self._clock.now_ms()) if fresh",
            ),
        ),
        simulation("slow_news", 4, 2, 1),
    ),
    Mutant(
        "closing by claimed time", (33,),
        (
            Edit(
                "core/rules/ballots.py", '    if found.status != "voting":\n',
                '    if found.status != "voting" or action.at > found.closes:\n',
            ),
        ),
        simulation("live", 4, 0, 8),
    ),
    Mutant(
        "a vote may be opened in the past", (33,),
        (Edit("core/rules/closing.py", "moment.time + found.voting + w", "moment.since + found.voting + w"),),
        simulation("live", 1, 0, 30),
    ),
    Mutant(
        "electorate from provisional state", (42,),
        (Edit("core/rules/closing.py", "electorate=moment.height - 1", "electorate=moment.height"),),
        simulation("live", 1, 0, 60),
    ),
    Mutant(
        "execution before actions", (33,),
        (
            Edit(
                "core/replay.py",
                "        verdicts: Verdicts = {}\n        for id_ in order:\n            place += 1\n",
                "        verdicts: Verdicts = {}\n"
                "        results = finish_checkpoint(state, self.final, before.time, time, height, before.id)\n"
                "        for id_ in order:\n            place += 1\n",
            ),
            Edit(
                "core/replay.py",
                "            freeze(state, device, height)\n"
                "        results = finish_checkpoint(state, self.final, before.time, time, height, before.id)\n",
                "            freeze(state, device, height)\n",
            ),
        ),
        simulation("live", 1, 0, 10),
    ),
    Mutant(
        "one device may fill the pool of orphans", (10,),
        (Edit("app/admission.py", "if held >= ORPHANS_PER_DEVICE_MAX:", "if False:"),), (ADMISSION_TEST,),
    ),
    Mutant(
        "any number of parents", (11,),
        (
            Edit("core/envelope.py", "for count in range(DEPS_MAX + 1)]", "for count in range(24)]"),
            Edit("core/envelope.py", "for count in range(DEPS_MAX + 1):", "for count in range(24):"),
        ),
        (ADMISSION_TEST,),
    ),
    Mutant(
        "a stranger may take any time", (17,),
        (
            Edit("net/link.py", "with trio.move_on_after(limits.HELLO_S_MAX):", "if True:"),
            Edit(
                "net/node.py",
                "        if device not in self._links:\n"
                "            self._strangers[device] = trio.current_time() + limits.HELLO_S_MAX",
                "        if device not in self._links:\n"
                "            self._strangers[device] = trio.current_time() + 3600",
            ),
        ),
        ("tests/net/hostile/test_protocol.py", "-k", "stalls"),
    ),
    Mutant(
        "anybody may knock as often as they like", (16, 31),
        (Edit("net/meters.py", "return bucket.take(1, now) and self._all.take(1, now)", "return True"),),
        ("tests/net/test_parts.py",),
    ),
    Mutant(
        "secrets lie open to others on the machine", (21,),
        (Edit("crypto/vault.py", "os.O_CREAT | os.O_EXCL, 0o600", "os.O_CREAT | os.O_EXCL, 0o644"),),
        ("tests/unit/crypto/test_vault.py",),
    ),
    Mutant(
        "recovery words may stand in the log", (22,),
        (Edit("platform/log.py", "return _without_phrases(text)", "return text"),),
        ("tests/unit/platform/test_log.py",),
    ),
    Mutant(
        "a database's password may stand in the log", (22,),
        (Edit("platform/log.py", 'text = _ADDRESS_PASSWORD.sub(rf"\\1:{HIDDEN}@", text)', "pass"),),
        ("tests/unit/platform/test_log.py",),
    ),
    Mutant(
        "any bucket of a snapshot will do", (27,),
        (Edit("core/finality/snapshot.py", "if bucket_root(entries) != root:", "if False:"),),
        ("tests/unit/app/test_snapshots.py",),
    ),
    Mutant(
        "a link may be damaged", (30,),
        (Edit("core/links.py", "digest(raw[:-CHECKSUM_BYTES])[:CHECKSUM_BYTES] == raw[-CHECKSUM_BYTES:]", "True"),),
        ("tests/unit/test_invitation.py",),
    ),
    Mutant(
        "ties by claimed time", (39,),
        (Edit("core/ordering.py", "node.removes else 1, tie.digest())", "node.removes else 1, node.at, node.id)"),),
        simulation("live", 1, 0, 10),
    ),
    Mutant(
        "extra head left out", (13, 35),
        (Edit("core/frontier.py", "            spare.add(id_)\n", ""),),
        simulation("live", 4, 2, 6),
    ),
    Mutant(
        "a losing branch has effect", (13, 35),
        (Edit("core/replay.py", "        if id_ in sealing.losing:\n            return Rejection.FORKED\n", ""),),
        (WITNESSES_TEST,),
    ),
    Mutant(
        "reuse of a seq", (13,),
        (Edit("app/log_keeper.py", "        self._note_head(action)\n        self._store", "        self._store"),),
        simulation("live", 1, 0, 5),
    ),
    Mutant(
        "an invitation has no end of uses", (12,),
        (Edit("core/rules/membership.py", '"used" if used == found.uses else "open"', '"open"'),),
        simulation("sybils", 4, 0, 1),
    ),
    Mutant(
        "an invitation has no end of time", (12,),
        (Edit("core/rules/membership.py", 'found._replace(status="expired")', "found"),),
        simulation("sybils", 4, 0, 1),
    ),
    Mutant(
        "any number of invitations", (12,),
        (Edit("core/rules/membership.py", "author.member.open_invites >= INVITES_OPEN_PER_MEMBER_MAX", "False"),),
        simulation("sybils", 4, 0, 1),
    ),
    Mutant(
        "no quarantine", (9,),
        (Edit("app/log_keeper.py", "if action.at > self._clock.now_ms() + CLOCK_AHEAD_MS_MAX:", "if False:"),),
        (ADMISSION_TEST,),
    ),
    Mutant(
        "heads ahead of one's clock become parents", (41,),
        (Edit("app/log_keeper.py", "if device != by and at <= now]", "if device != by]"),),
        (ADMISSION_TEST,),
    ),
    Mutant(
        "a comparison's key is always the same", (28,),
        (Edit("net/reconcile.py", "sha256(KEY_PREFIX + org + opener + answerer + salt)", "sha256(KEY_PREFIX + org)"),),
        (TELLING_TEST,),
    ),
    Mutant(
        "digests that go on differing are left alone", (28,),
        (Edit("net/telling.py", "[self._open()]\n\n    def _open", "[]\n\n    def _open"),),
        (TELLING_TEST,),
    ),
    Mutant(
        "rules that half the witnesses cannot run", (44,),
        (Edit("core/rules/witnesses.py", "    if able >= enough:\n", "    if able >= enough // 2:\n"),),
        (WITNESSES_TEST,),
    ),
    Mutant(
        "a loss of rights asks for no other key", (32,),
        (Edit("core/rules/devices.py", "    epochs.begin(state, height)\n", ""),),
        (DEVICES_TEST,),
    ),
    Mutant(
        "who goes keeps the key", (32,),
        (Edit("core/rules/members.py", "        epochs.begin(state, height)\n", "        pass\n"),),
        (DEVICES_TEST,),
    ),
    Mutant(
        "a revoked device goes on", (21,),
        (Edit("core/transition.py", 'if device.status == "revoked":', "if False:"),),
        (DEVICES_TEST,),
    ),
    Mutant(
        "of two keys the first one stays", (36,),
        (Edit("core/rules/epochs.py", ' or action.body["id"] < found.key_id:', ":"),),
        (DEVICES_TEST,),
    ),
    Mutant(
        "an earlier list of guardians is put again", (21,),
        (Edit("core/rules/guardians.py", "(before.version if before is not None else 0) + 1", 'body["version"]'),),
        (DEVICES_TEST,),
    ),
    Mutant(
        "a relay serves anybody", (16, 31),
        (Edit("net/host_relay.py", " or not self._is_member(source):", ":"),),
        (f"{RELAY_TEST}::test_a_stranger_gets_neither_place_nor_circuit",),
    ),
    Mutant(
        "anybody may bring a circuit", (16, 31),
        (Edit("net/host_relay.py", "relay not in self.used or not self._is_member(relay)", "False"),),
        (f"{RELAY_TEST}::test_only_a_relay_that_keeps_our_place_may_bring_somebody",),
    ),
    Mutant(
        "no end of circuits", (16,),
        (Edit("net/relaying.py", " or self.circuits >= CIRCUITS_MAX", ""),), ("tests/net/test_relaying.py",),
    ),
    Mutant(
        "no end of a circuit", (16,),
        (Edit("net/host_relay.py", "if not data or not budget.take(len(data)):", "if not data:"),),
        (f"{RELAY_TEST}::test_a_circuit_that_used_up_its_bytes_ends",),
    ),
    Mutant(
        "a stranger has itself dialled back", (31,),
        (Edit("net/host_punch.py", "if not self._is_member(device) or self._dialling_back", "if self._dialling_back"),),
        (f"{RELAY_TEST}::test_a_stranger_is_told_nothing_and_nobody_asks_all_the_time",),
    ),
    Mutant(
        "a word that nobody signed is taken", (15,),
        (Edit("net/reaching.py", " or not is_signed(record, self._tools.verifier):", ":"),), (REACHING_TEST,),
    ),
    Mutant(
        "an old word replaces a newer one", (15,),
        (
            Edit("net/reaching.py", "entry is not None and entry.record_ms >= record.at_ms", "False"),
            Edit("app/addresses.py", "entry is None or record_ms <= entry.record_ms", "entry is None"),
        ),
        (REACHING_TEST,),
    ),
    Mutant(
        "anybody's word is passed on", (15, 16),
        (
            Edit("net/reaching.py", 'standing == "unknown" and record.device != teller', "False"),
            Edit("net/reaching.py", 'standing == "refused" or (standing != "active" and record.device != teller)', "0"),
        ),
        (REACHING_TEST,),
    ),
    Mutant(
        "any version will do", (23,),
        (Edit("net/hello.py", "if value[0] != VERSION:", "if False:"),), ("tests/net/test_old_peers.py",),
    ),
    Mutant(
        "the transcript is not under the MAC", (23,),
        (Edit("net/hello.py", " + opener + acceptor + self._transcript.digest(), ", " + opener + acceptor, "),),
        (HELLO_TEST,),
    ),
    Mutant(
        "certificates before the final state is asked", (31,),
        (Edit("net/hello.py", "self._check_key(key)\n                    self._key = key", "self._key = key"),),
        (HELLO_TEST,),
    ),
    Mutant(
        "an older key is as good as the newest", (36,),
        (Edit("net/hello.py", "may_meet(self._peer, key == self._me.keys[-1])", "may_meet(self._peer, True)"),),
        (HELLO_TEST,),
    ),
    Mutant(
        "a removed device is met", (32,),
        (Edit("app/organisation.py", 'standing != "refused" if newest else standing == "active"', "True"),),
        (EPOCHS_TEST,),
    ),
    Mutant(
        "answers go on after a removal", (32,),
        (Edit("net/session.py", "        self._bulk.clear()\n", ""),),
        ("tests/net/test_session.py",),
    ),
    Mutant(
        "a removed device hears gossip until its session ends", (32,),
        (Edit("net/hinting.py", "            for device in removed:\n                host.dismiss(device)\n", ""),),
        ("tests/net/test_hinting.py",),
    ),
    Mutant(
        "a crumb of the answer is enough", (10,),
        (Edit("net/link.py", ">= self._last_answer[0] + limits.ANSWER_BYTES_MIN", "> self._last_answer[0]"),),
        ("tests/net/test_link.py",),
    ),
    Mutant(
        "texts that nobody has hide the others", (10,),
        (Edit("net/contents.py", "self._place = hash_", "self._place = b\"\""),),
        ("tests/net/test_contents.py",),
    ),
    Mutant(
        "what another peer lacked is not asked for here", (10,),
        (Edit("net/fetching.py", "self.releases += bool(given_up)", "self.releases += 0"),),
        ("tests/net/test_contents.py",),
    ),
    Mutant(
        "the next key is sealed to everybody", (32,),
        (Edit("app/key_duty.py", ' or row.status != "active":', ":"),),
        (KEYS_TEST,),
    ),
    Mutant(
        "whatever a peer offers serves", (36,),
        (Edit("app/key_ring.py", "if place in named:", "if True:"),),
        (KEYS_TEST,),
    ),
    Mutant(
        "a key that is sealed wrongly is taken", (36,),
        (Edit("app/key_ring.py", " and key_id(self._org, height, found) == id_:", ":"),),
        (KEYS_TEST,),
    ),
    Mutant(
        "a restored device takes the same key again", (38,),
        (Edit("app/cases_devices.py", "seed = ws.random.token(32)", "seed = digest(root.public)"),),
        ("tests/unit/app/test_locking.py",),
    ),
)


def survives(mutant: Mutant) -> str:
    """Apply it to a copy and run what must notice; "" where it was noticed, else what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("dao_app", "tests", "tools"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "resources", "docs"):
            (copy / name).symlink_to(ROOT / name)
        for edit in mutant.edits:
            path = copy / "dao_app" / edit.file
            text = path.read_text("utf-8")
            if text.count(edit.old) != 1:
                return f"its text stands {text.count(edit.old)} times in {edit.file}"
            path.write_text(text.replace(edit.old, edit.new), "utf-8")
        tests = mutant.notices[0].endswith(".py") or "::" in mutant.notices[0]
        tool = ["-m", "pytest", "-n", "0", "-q", "-x", "-p", "no:cacheprovider"] if tests else ["-m", "tools.soak"]
        command = [sys.executable, *tool, *mutant.notices]
        environ = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=copy, env=environ, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            return ""
        if done.returncode == 0:
            return "nothing noticed"
        told = (done.stdout + done.stderr).strip()
        if "Broken" in told or "broken" in told or "FAILED" in told or "Error" in told:
            return ""
        return f"the run itself failed: {told[-300:]}"


def main() -> int:
    wanted = sys.argv[1:]
    bad = 0
    for mutant in MUTANTS:
        if wanted and not any(word in mutant.name for word in wanted):
            continue
        begun = time.monotonic()
        problem = survives(mutant)
        bad += bool(problem)
        threats = ", ".join(map(str, mutant.threats))
        verdict = f"SURVIVES: {problem}" if problem else "noticed"
        print(f"{mutant.name} (threats {threats}): {verdict}, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{bad} survive")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
