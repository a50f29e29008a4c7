"""The published vectors: the program reproduces each of them."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.organisation import Organisation
from dao_app.app.ports import SignatureCheck
from dao_app.app.proofs import signed_by
from dao_app.core.encoding import Link, cid_text, decode, digest, encode
from dao_app.core.envelope import guardians_message, parse_action, revoke_message, signed_message, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.finality.proofs import Fault, Proven, encode_proof, parse_proof, verify
from dao_app.core.merkle import bucket_of, entry_leaf, map_root
from dao_app.core.ordering import Node, final_order
from dao_app.core.org_keys import key_id
from dao_app.core.tickets import WORDS, DeviceGrant, DeviceRequest, Granted, OrgCard, RootRequest
from dao_app.core.words import words_for
from dao_app.crypto.keys import SeedSigner
from dao_app.store.log import SqlStore
from tests.fakes.world import FakeClock, SeededRandom, SodiumOnly, TestSigner

FOLDER = Path(__file__).parents[1] / "vectors"
LATER_MS = 1_900_000_000_000


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def meant(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return bytes.fromhex(value["bytes"])
        if value.keys() == {"link"}:
            return Link(bytes.fromhex(value["link"]))
        return {key: meant(item) for key, item in value.items()}
    return [meant(item) for item in value] if isinstance(value, list) else value


def test_encoding() -> None:
    vectors = load("encoding")
    assert len(vectors["accepted"]) > 15
    for case in vectors["accepted"]:
        data = bytes.fromhex(case["cbor"])
        assert encode(meant(case["value"])) == data
        assert decode(data) == meant(case["value"])
        assert cid_text(digest(data)) == case["cid"]
    for name, data in vectors["refused"].items():
        with pytest.raises(EncodingError):
            print(name)
            decode(bytes.fromhex(data))


def test_actions_and_signatures() -> None:
    vectors = load("actions")
    for case in vectors["actions"]:
        payload, signature = unpack(bytes.fromhex(case["envelope"]))
        action = parse_action(payload)
        assert (payload.hex(), signature.hex(), action.id.hex()) == (case["payload"], case["signature"], case["id"])
        assert signed_message(action.id).hex() == case["signed"] and cid_text(action.id) == case["cid"]
        assert (action.type, action.by.hex()) == (case["type"], case["by"])
    for case in vectors["signatures"]:
        signer = TestSigner(bytes.fromhex(case["seed"]))
        assert signer.public.hex() == case["public"]
        assert signer.sign(bytes.fromhex(case["message"])).hex() == case["signature"]


def test_ordering() -> None:
    cases = load("ordering")["cases"]
    assert cases
    for case in cases:
        nodes = {
            bytes.fromhex(a["id"]): Node(
                bytes.fromhex(a["id"]), b"", 1, tuple(bytes.fromhex(p) for p in a["parents"]), 0, a["removes_rights"]
            )
            for a in case["actions"]
        }
        order = final_order(nodes, bytes.fromhex(case["previous"]), bytes.fromhex(case["frontier_root"]))
        assert [i.hex() for i in order] == case["order"]


def test_roots(tmp_path: Path) -> None:
    vectors = load("roots")
    for case in vectors["small_map"]:
        key, value = bytes.fromhex(case["key"]), bytes.fromhex(case["value"])
        assert (bucket_of(key), entry_leaf(key, value).hex()) == (case["bucket"], case["leaf"])
    small = {bytes.fromhex(c["key"]): bytes.fromhex(c["value"]) for c in vectors["small_map"]}
    assert map_root(small).hex() == vectors["small_map_root"]
    history = vectors["history"]
    org = Organisation(
        bytes.fromhex(history["org"]), SqlStore(tmp_path / "log.db"), SodiumOnly(), FakeClock(LATER_MS), SeededRandom(1)
    )
    org.admit_certificates_now([bytes.fromhex(raw) for raw in history["certificates"]])
    org.admit_now([bytes.fromhex(raw) for raw in history["envelopes"]])
    replay = org.replay
    found = (org.height(), replay.final.root.hex(), replay.results.root.hex(), replay.frontier.root.hex())
    assert found == (history["height"], history["state_root"], history["results_root"], history["frontier_root"])
    assert replay.provisional_root().hex() == history["provisional_root"]
    ids = [i for height in range(1, org.height() + 1) for i in org.store.order(height)]
    assert {i.hex(): code for i, code in org.store.verdicts(ids).items()} == history["rejected"]


def test_proofs() -> None:
    vectors, signed = load("proofs"), signed_by(SodiumOnly())
    org, anchor = bytes.fromhex(vectors["org"]), vectors["anchor"]
    found_faults = set()
    for place, case in enumerate(vectors["proofs"]):
        proof = parse_proof(bytes.fromhex(case["proof"]))
        found = verify(proof, signed, org, (anchor["height"], bytes.fromhex(anchor["id"])))
        if case["fault"]:
            assert isinstance(verify(proof, signed), Fault) and verify(proof, signed) is Fault(case["fault"])
            found_faults.add(case["fault"])
        elif place == anchor["passed_by"]:
            assert isinstance(found, Proven) and found.anchored
        else:
            assert isinstance(verify(proof, signed, org), Proven) and encode_proof(proof).hex() == case["proof"]
    assert found_faults == {fault.value for fault in Fault} - {"other_organisation", "anchor"}


def test_keys_and_what_roots_sign() -> None:
    vectors = load("keys")
    org = bytes.fromhex(vectors["org"])
    for case in vectors["ids"]:
        key = bytes.fromhex(case["key"])
        assert key_id(org, case["height"], key).hex() == case["id"]
    revocation, guardians = vectors["signed"]
    assert revoke_message(org, bytes.fromhex(vectors["seal"]["device"])).hex() == revocation["message"]
    names = [bytes.fromhex(name) for name in vectors["guardians"]]
    root = bytes.fromhex(guardians["root"])
    assert guardians_message(org, root, 3, 2, names).hex() == guardians["message"]
    for case in (revocation, guardians):
        check = SignatureCheck(*(bytes.fromhex(case[name]) for name in ("root", "message", "signature")))
        assert SodiumOnly().verify(check)
    seal = {name: bytes.fromhex(value) for name, value in vectors["seal"].items()}
    assert SeedSigner(seal["seed"]).public == seal["device"]
    for signer in (SeedSigner(seal["seed"]), TestSigner(seal["seed"])):
        assert signer.unseal(seal["sealed"]) == seal["key"]
    assert SeedSigner(seal["seed"]).unseal(seal["sealed"][:-1] + b"\0") is None
    assert SeedSigner(seal["seed"]).unseal(b"") is None


def test_a_hello_word_by_word() -> None:
    """By hand from docs/protocol.md §5."""
    vectors = load("keys")
    said = vectors["hello"]
    opener, acceptor = (bytes.fromhex(said[name]) for name in ("opener", "acceptor"))
    messages = [bytes.fromhex(raw) for raw in said["members"]]
    key = bytes.fromhex(vectors["ids"][0]["key"])

    def transcript(count: int, rows: list[bytes]) -> bytes:
        return digest(b"".join(len(raw).to_bytes(4, "big") + raw for raw in rows[:count]))

    def mac(side: bytes, count: int) -> bytes:
        message = b"guildhall/hello/1\0" + side + opener + acceptor + transcript(count, messages)
        return hmac.digest(key, message, "sha256")

    kind, macs = decode(messages[2])
    assert (kind, len(macs), macs[0]) == (0, 8, mac(b"o", 2))
    answer = decode(messages[3])
    assert answer[:3] == [0, 0, mac(b"a", 3)]
    by_root = [bytes.fromhex(raw) for raw in said["by_root"]]
    kind, root, proof, certificate, _ = decode(by_root[2])
    assert (kind, root.hex(), decode(certificate)[:2]) == (2, said["root"], [root, opener])
    message = b"guildhall/hello-root/1\0" + encode([opener, acceptor, transcript(2, by_root)])
    assert SodiumOnly().verify(SignatureCheck(root, message, proof))
    assert len(by_root) == 4 and decode(by_root[3])[0] == 1


def test_links_between_people() -> None:
    vectors = load("keys")
    links, org = vectors["links"], bytes.fromhex(vectors["org"])
    card = OrgCard.from_text(links["card"])
    assert (card.org, card.anchor_height, card.addresses) == (org, 7, ("/ip4/192.0.2.7/tcp/443/p2p/12D3KooW",))
    assert card.to_link() == links["card"]
    request, root = DeviceRequest.from_text(links["device"]), RootRequest.from_text(links["root"])
    assert (request.key.hex(), request.name) == (vectors["seal"]["device"], "Laptop")
    assert (root.key.hex(), root.name, root.to_link()) == (vectors["signed"][0]["root"], "Wei", links["root"])
    assert " ".join(words_for(request.key, WORDS)) == links["words"]
    assert DeviceGrant.from_text(links["grant"]).to_link() == links["grant"]
    granted = Granted.decoded(bytes.fromhex(links["granted"]))
    assert granted is not None and (granted.entropy, granted.cards) == (bytes(32), (card,))
