"""What a device does by itself: declaring a key, signing evidence, destroying keys of ended terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.duties import declare, destroy_ended, do_duties, load_witness_keys, term_open_to
from dao_app.app.errors import Refused
from dao_app.core.encoding import decode, digest
from dao_app.core.envelope import build_payload, pack, signed_message
from tests.fakes.council import Council
from tests.fakes.world import TestSigner


class Vault:
    """Secrets in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class Keys:
    def signer(self, seed: bytes) -> TestSigner:
        return TestSigner(seed)


def seeds(vault: Vault, council: Council) -> list[bytes]:
    return list(decode(vault.kept[f"{council.org_id.hex()}.witness"]))


def moved(council: Council) -> tuple[Any, Vault]:
    """The founder hands over; the node declares a key kept in its vault and takes over."""
    node, vault = council.orgs[1], Vault()
    council.main.write("witness.move", {"to": council.people[1].root.public})
    council.everywhere()
    council.seal()
    council.everywhere()
    assert term_open_to(node) == 2 and term_open_to(council.main) is None
    assert [a.type for a in do_duties(node, vault, Keys(), council.random, True)] == ["witness.ready"]  # type: ignore[arg-type]
    council.everywhere()
    council.seal()
    council.everywhere()
    return node, vault


def test_a_node_declares_by_itself_and_a_desktop_waits_for_its_member(tmp_path: Path) -> None:
    council = Council(tmp_path, 1, extra=1)
    council.main.write("witness.move", {"to": council.people[1].root.public})
    council.everywhere()
    assert do_duties(council.orgs[1], Vault(), Keys(), council.random, False) == []  # type: ignore[arg-type]
    with pytest.raises(Refused):
        declare(council.main, Vault(), Keys(), council.random)  # type: ignore[arg-type]


def test_a_key_is_kept_before_it_is_declared_and_found_again(tmp_path: Path) -> None:
    council = Council(tmp_path, 1, extra=1)
    node, vault = moved(council)
    assert node.is_sole_witness() and len(seeds(vault, council)) == 1
    node.witness_keys.clear()
    load_witness_keys(node, vault, Keys())  # type: ignore[arg-type]
    assert node.is_sole_witness()


def test_a_key_is_destroyed_once_its_successors_have_sealed(tmp_path: Path) -> None:
    council = Council(tmp_path, 1, extra=1)
    vault = Vault()
    vault.put(f"{council.org_id.hex()}.witness", b"\x81\x58\x20" + council.founder.seeds[2])
    node, _ = moved(council)
    assert destroy_ended(council.main, vault, Keys()) == 0  # type: ignore[arg-type]
    assert seeds(vault, council) == [council.founder.seeds[2]]
    node.write("contribution.claim", {"title": "The successor's first"})
    assert node.seal() is not None
    council.everywhere()
    assert destroy_ended(council.main, vault, Keys()) == 1  # type: ignore[arg-type]
    assert seeds(vault, council) == [] and not council.main.witness_keys
    assert destroy_ended(node, Vault(), Keys()) == 0  # type: ignore[arg-type]


def test_a_fork_that_was_seen_is_signed_once(tmp_path: Path) -> None:
    council = Council(tmp_path, 1, extra=1)
    device = council.people[1].device
    head = council.main.heads()[device.public]
    for title in ("one", "two"):
        payload = build_payload(
            council.org_id, device.public, head.seq + 1, head.digest, (), council.clock.now, "contribution.claim",
            {"title": title},
        )  # fmt: skip
        council.main.admit_now([pack(payload, device.sign(signed_message(digest(payload))))])
    done = do_duties(council.main, None, Keys(), council.random, False)  # type: ignore[arg-type]
    assert [a.type for a in done] == ["device.fork"]
    assert do_duties(council.main, None, Keys(), council.random, False) == []  # type: ignore[arg-type]
