"""Writes tests/vectors/: what another implementation must reproduce (docs/protocol.md explains each file).

Run after a deliberate change of the protocol only; the tests compare the program with the files.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dao_app.core.encoding import Link, cid_text, digest, encode  # noqa: E402
from dao_app.core.envelope import pack, parse_action, signed_message, unpack  # noqa: E402
from dao_app.core.finality.checkpoint import parse_certificate  # noqa: E402
from dao_app.core.merkle import bucket_of, entry_leaf, map_root  # noqa: E402
from dao_app.core.ordering import final_order, node_of  # noqa: E402
from tests.fakes.history import History  # noqa: E402
from tests.fakes.world import TestSigner, roots  # noqa: E402

FOLDER = ROOT / "tests" / "vectors"
SEED, STEPS = 11, 60


def plain(value: Any) -> Any:
    """JSON form: bytes as hexadecimal under "bytes", links under "link"."""
    if isinstance(value, Link):
        return {"link": value.hex()}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def encoding() -> dict[str, Any]:
    samples = [
        0, -1, 23, 24, 255, 256, 65_536, 2**53 - 1, -(2**53) + 1, "", "guild", "共治", b"", b"\x00\xff", True, None, [],
        [1, [2, [3]]], {}, {"b": 1, "a": 2, "aa": 3, "ä": 4}, Link(bytes(range(32))),
        {"to": Link(bytes(32)), "n": [None]},
    ]  # fmt: skip
    good = [{"value": plain(v), "cbor": encode(v).hex(), "cid": cid_text(digest(encode(v)))} for v in samples]
    bad = {
        "float": "f93c00", "indefinite list": "9f01ff", "long form of 5": "1805", "unsorted keys": "a2616201616101",
        "repeated key": "a2616101616102", "2^53": "1b0020000000000000", "date": "c06432303133",
        "undefined": "f7", "trailing byte": "0102", "depth 17": "81" * 17 + "00",
    }  # fmt: skip
    return {"accepted": good, "refused": bad}


def actions(history: History) -> dict[str, Any]:
    rows = []
    for chain in list(history.chains().values())[:2]:
        for raw in chain[:4]:
            payload, signature = unpack(raw)
            action = parse_action(payload)
            rows.append(
                {
                    "payload": payload.hex(), "id": action.id.hex(), "cid": cid_text(action.id), "by": action.by.hex(),
                    "signed": signed_message(action.id).hex(), "signature": signature.hex(), "envelope": raw.hex(),
                    "type": action.type,
                }
            )  # fmt: skip
    seed = bytes(range(32))
    signer = TestSigner(seed)
    message = signed_message(digest(b"guildhall"))
    rows_sign = [
        {
            "seed": seed.hex(),
            "public": signer.public.hex(),
            "message": message.hex(),
            "signature": signer.sign(message).hex(),
        }
    ]
    assert pack(bytes.fromhex(rows[0]["payload"]), bytes.fromhex(rows[0]["signature"])).hex() == rows[0]["envelope"]
    return {"actions": rows, "signatures": rows_sign}


def ordering(history: History) -> dict[str, Any]:
    org = history.world.main
    cases = []
    for height in range(1, org.height() + 1):
        record = org.store.checkpoint(height)
        assert record is not None
        order = org.store.order(height)
        if len(order) < 3:
            continue
        certificate = parse_certificate(record.raw)
        nodes = {i: node_of(org.replay.action(i)) for i in order}
        previous, frontier = certificate.checkpoint.previous, certificate.checkpoint.frontier
        assert final_order(nodes, previous, frontier) == order
        listed = [
            {"id": n.id.hex(), "parents": [p.hex() for p in n.parents], "removes_rights": n.removes}
            for n in sorted(nodes.values(), key=lambda n: n.id)
        ]
        cases.append(
            {
                "previous": previous.hex(),
                "frontier_root": frontier.hex(),
                "actions": listed,
                "order": [i.hex() for i in order],
            }
        )
        if len(cases) == 3:
            break
    return {"cases": cases}


def roots_file(history: History) -> dict[str, Any]:
    org = history.world.main
    height, state, results, frontier = roots(org)
    certificates = org.certificates(1, 1 << 30)
    small = {b"tA": b"\x01", b"tB": b"\x02", b"pC": b"\x83\x01\x02\x03"}
    return {
        "small_map": [
            {"key": k.hex(), "value": v.hex(), "bucket": bucket_of(k), "leaf": entry_leaf(k, v).hex()}
            for k, v in sorted(small.items())
        ],
        "small_map_root": map_root(small).hex(),
        "history": {
            "org": org.org_id.hex(),
            "envelopes": [raw.hex() for chain in history.chains().values() for raw in chain],
            "certificates": [raw.hex() for raw in certificates],
            "height": height, "state_root": state.hex(), "results_root": results.hex(), "frontier_root": frontier.hex(),
            "provisional_root": org.replay.provisional_root().hex(),
            "rejected": {
                i.hex(): code
                for h in range(1, height + 1)
                for i, code in sorted(org.store.verdicts(org.store.order(h)).items())
            },
        },
    }  # fmt: skip


def tally_file() -> dict[str, Any]:
    """The elections and texts stand in the file; what counting them prints is written anew."""
    from dao_app.core.voting.tallyfile import tally

    held: dict[str, Any] = json.loads((FOLDER / "tally.json").read_bytes())
    for election in held["elections"]:
        election["result"] = tally(json.dumps(election["file"]).encode())
    return held


def write_tally(path: Path) -> None:
    """One line for each value of an election: whole files would be unreadable otherwise."""
    held = tally_file()
    rows = []
    for one in [*held["elections"], *held["errors"]]:
        values = (f"   {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in one.items())
        rows.append("  {\n" + ",\n".join(values) + "\n  }")
    cut = len(held["elections"])
    lists = (("elections", rows[:cut]), ("errors", rows[cut:]))
    body = ",\n".join(f' "{name}": [\n' + ",\n".join(listed) + "\n ]" for name, listed in lists)
    path.write_text(f'{{\n "about": {json.dumps(held["about"])},\n{body}\n}}\n', encoding="utf-8")
    print(path.name, path.stat().st_size)


def main() -> None:
    write_tally(FOLDER / "tally.json")
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder), SEED, STEPS)
        for name, value in (
            ("encoding", encoding()), ("actions", actions(history)), ("ordering", ordering(history)),
            ("roots", roots_file(history)),
        ):  # fmt: skip
            path = FOLDER / f"{name}.json"
            path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
