"""The verifier reproduces the published vectors too."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def meant(verifier: ModuleType, value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return bytes.fromhex(value["bytes"])
        if value.keys() == {"link"}:
            return verifier.Cid(bytes.fromhex(value["link"]))
        return {key: meant(verifier, item) for key, item in value.items()}
    return [meant(verifier, item) for item in value] if isinstance(value, list) else value


def test_encoding(verifier: ModuleType) -> None:
    vectors = load("encoding")
    for case in vectors["accepted"]:
        data = bytes.fromhex(case["cbor"])
        assert verifier.unpack(data) == meant(verifier, case["value"])
        assert verifier.pack(meant(verifier, case["value"])) == data
    for name, data in vectors["refused"].items():
        with pytest.raises(verifier.NotCbor):
            print(name)
            verifier.unpack(bytes.fromhex(data))


def test_golden_signatures(verifier: ModuleType) -> None:
    signatures = verifier.Signatures()
    for case in load("golden_ed25519")["vectors"]:
        key, message, signature = (bytes.fromhex(case[name]) for name in ("key", "message", "signature"))
        good = signatures.holds(key, message, signature) and verifier.is_point(key)
        assert good == (case["cofactorless"] and verifier.is_point(key)), case["name"]


def test_order(verifier: ModuleType) -> None:
    for case in load("ordering")["cases"]:
        found = {}
        for one in case["actions"]:
            action = object.__new__(verifier.Signed)
            action.id, action.parents = bytes.fromhex(one["id"]), set(map(bytes.fromhex, one["parents"]))
            action.type = "role.take" if one["removes_rights"] else "role.give"
            found[action.id] = action
        order = verifier.final_order(found, bytes.fromhex(case["previous"]), bytes.fromhex(case["frontier_root"]))
        assert [id_.hex() for id_ in order] == case["order"]


def test_roots_of_a_small_map(verifier: ModuleType) -> None:
    vectors, tree = load("roots"), verifier.MapTree()
    assert tree.root() == verifier.MapTree().root()
    for entry in vectors["small_map"]:
        key, value = bytes.fromhex(entry["key"]), bytes.fromhex(entry["value"])
        assert verifier.bucket_number(key) == entry["bucket"]
        assert verifier.entry_leaf(key, value).hex() == entry["leaf"]
        tree.write(key, value)
    assert tree.root().hex() == vectors["small_map_root"]


def test_a_small_history(verifier: ModuleType) -> None:
    history = load("roots")["history"]
    log = verifier.Log(bytes.fromhex(history["org"]), verifier.Signatures())
    waiting = [verifier.unpack(bytes.fromhex(envelope)) for envelope in history["envelopes"]]
    while waiting:  # parents before children
        payload, signature = waiting.pop(0)
        if verifier.Signed(b"", payload).parents <= log.actions.keys():
            log.admit(payload, verifier.sha(payload), signature)
        else:
            waiting.append((payload, signature))
    derived = verifier.History(log)
    for raw in history["certificates"]:
        certificate = verifier.Certificate(bytes.fromhex(raw))
        certificate.check_quorum(derived.witnesses(), log.signatures)
        derived.seal(certificate)
    assert derived.height == history["height"]
    assert derived.counts["rejected"] == len(history["rejected"])


FAULTS = {  # what the program calls it, and the verifier
    "genesis": {"proof_genesis"}, "chain": {"proof_link"}, "quorum": {"quorum"}, "signature": {"witness_signature"},
    "entries": {"proof_parts"}, "path": {"proof_path"}, "evidence": {"evidence_none"},
}  # fmt: skip


def test_proofs(verifier: ModuleType) -> None:
    vectors = load("proofs")
    org = bytes.fromhex(vectors["org"])
    anchor = (vectors["anchor"]["height"], bytes.fromhex(vectors["anchor"]["id"]))
    for place, case in enumerate(vectors["proofs"]):
        proof = verifier.unpack(bytes.fromhex(case["proof"]))
        if not case["fault"]:
            report = verifier.check_proof(proof, org, None, None)
            assert report.kind == "proof" and not [code for code, _ in report.unchecked if code == "whose_org"]
            if place == vectors["anchor"]["passed_by"]:
                anchored = verifier.check_proof(proof, org, anchor, None)
                first = [dict(found.unchecked)["forge_now"]["first"] for found in (report, anchored)]
                assert first == [anchor[0], anchor[0] + 1]  # with the anchor only who signs after it is trusted
                with pytest.raises(verifier.Wrong) as wrong:
                    verifier.check_proof(proof, org, (anchor[0], bytes(32)), None)
                assert wrong.value.code == "anchor"
            continue
        with pytest.raises(verifier.Wrong) as wrong:
            verifier.check_proof(proof, org, None, None)
        assert wrong.value.code in FAULTS[case["fault"]], case["fault"]
    with pytest.raises(verifier.Wrong) as wrong:
        verifier.check_proof(verifier.unpack(bytes.fromhex(vectors["proofs"][0]["proof"])), bytes(32), None, None)
    assert wrong.value.code == "other_org"
