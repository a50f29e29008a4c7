"""Writes tests/vectors/: what another implementation must reproduce (docs/protocol.md explains each file).

Run after a deliberate change of the protocol only; the tests compare the program with the files.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import nacl.bindings
import nacl.signing

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dao_app.app.heads import Head, HeadTable, row_bytes  # noqa: E402
from dao_app.app.proofs import make_evidence, make_proof, signed_by  # noqa: E402
from dao_app.core.encoding import Link, cid_text, digest, encode  # noqa: E402
from dao_app.core.envelope import (  # noqa: E402
    build_payload,
    device_message,
    guardians_message,
    pack,
    parse_action,
    revoke_message,
    signed_message,
    unpack,
)
from dao_app.core.finality.checkpoint import parse_certificate  # noqa: E402
from dao_app.core.finality.proofs import (  # noqa: E402
    Fault,
    Proof,
    Proven,
    encode_proof,
    keys_of_balance,
    keys_of_file,
    keys_of_result,
    verify,
)
from dao_app.core.keys import TREASURY  # noqa: E402
from dao_app.core.merkle import bucket_of, entry_leaf, map_root  # noqa: E402
from dao_app.core.ordering import final_order, node_of  # noqa: E402
from dao_app.core.org_keys import key_id  # noqa: E402
from dao_app.core.tickets import WORDS, DeviceGrant, DeviceRequest, Granted, OrgCard, RootRequest  # noqa: E402
from dao_app.core.words import words_for  # noqa: E402
from dao_app.net import reconcile  # noqa: E402
from dao_app.net.hello import Acceptor, Opener, Self  # noqa: E402
from tests.fakes.chains import Chain, witnesses  # noqa: E402
from tests.fakes.history import History  # noqa: E402
from tests.fakes.world import SodiumOnly, TestSigner, World, roots  # noqa: E402
from tests.unit.rules.votes import adopt, body  # noqa: E402

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
    assert len(cases) == 3, "too short a history to show an order"
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


def proofs_file(folder: Path) -> dict[str, Any]:
    """Proofs of each kind over one change of witnesses or none, and changed ones with what is wrong with them."""
    world = World(folder, SEED)
    world.seal()
    world.main.write("file.notarise", {"hash": digest(b"the contract"), "size": 12})
    result = adopt(world, body("decision", title="Choose the shared press"))
    good = [
        make_proof(world.main, "result", keys_of_result(result)),
        make_proof(world.main, "balance", keys_of_balance(TREASURY, "GLD"), 2),
        make_proof(world.main, "file", keys_of_file(digest(b"the contract"))),
        fork_proof(world),
        over_a_change(world),
    ]
    chain, entries = good[4].chain, good[4].entries
    swapped = tuple((place + 1, round_, signature) for place, round_, signature in chain[-1].signatures)
    moved = entries[0].inclusion._replace(size=entries[0].inclusion.size + 1)
    mixed = tuple((place, place, signature) for place, _, signature in chain[-1].signatures)
    bad = [
        good[0]._replace(genesis=good[0].genesis[:-1] + b"\x00"), good[4]._replace(chain=chain[1:]),
        good[4]._replace(chain=chain[::-1]), good[4]._replace(chain=(chain[0], chain[1]._replace(signatures=swapped))),
        good[4]._replace(chain=(chain[0], chain[1]._replace(signatures=mixed))),
        good[4]._replace(entries=entries[::-1]), good[2]._replace(kind="balance"),
        good[4]._replace(entries=(entries[0]._replace(inclusion=moved), entries[1])), good[4]._replace(chain=()),
        good[3]._replace(envelopes=good[3].envelopes[::-1]),
    ]
    signed = signed_by(world.verifier)
    anchor = world.main.store.checkpoint(2)
    assert anchor is not None and all(isinstance(verify(proof, signed), Proven) for proof in good)
    rows = [{"kind": proof.kind, "proof": encode_proof(proof).hex(), "fault": ""} for proof in good]
    for proof in bad:
        fault = verify(proof, signed)
        assert isinstance(fault, Fault)
        rows.append({"kind": proof.kind, "proof": encode_proof(proof).hex(), "fault": fault.value})
    return {"org": world.org_id.hex(), "anchor": {"height": 2, "id": anchor.id.hex(), "passed_by": 1}, "proofs": rows}


def fork_proof(world: World) -> Proof:
    """Two actions of the founder's device under one seq."""
    head, pair = world.main.heads()[world.founder.device.public], {}
    for stance in ("producer", "consumer"):
        payload = build_payload(
            world.org_id, world.founder.device.public, head.seq + 1, head.digest, (), world.clock.now,
            "member.stances", {"stances": [stance]},
        )  # fmt: skip
        id_ = digest(payload)
        pair[id_] = pack(payload, world.founder.device.sign(signed_message(id_)))
    return make_evidence(world.main, *(pair[id_] for id_ in sorted(pair)))


def over_a_change(world: World) -> Proof:
    """A balance under a made-up chain: the founder hands over to four witnesses, who sign in round 1."""
    chain = Chain(world)
    chain.extend(witnesses(world, 4))
    chain.extend(round_=1)
    return make_proof(world.main, "balance", keys_of_balance(TREASURY, "GLD"))._replace(chain=chain.rows())


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


def reconcile_file() -> dict[str, Any]:
    """Sets of heads, and what a comparison says of them (protocol §5)."""
    dice = random.Random(SEED)
    cases = []
    for count, symbols in ((1, 12), (40, 60)):
        rows = [(dice.randbytes(32), Head(dice.randrange(1, 70_000), dice.randbytes(32))) for _ in range(count)]
        org, opener, answerer, salt, checkpoint = (dice.randbytes(size) for size in (32, 32, 32, 16, 32))
        key = reconcile.key_of(org, opener, answerer, salt)
        heads, items = HeadTable(dict(rows)), reconcile.Items([row_bytes(*row) for row in rows], key)
        names = {"org": org, "opener": opener, "answerer": answerer, "salt": salt, "key": key, "checkpoint": checkpoint}
        cases.append(
            {name: value.hex() for name, value in names.items()}
            | {
                "height": 7, "rows": [[device.hex(), seq, id_.hex()] for device, (seq, id_) in rows],
                "digest": heads.digest(7, checkpoint).hex(),
                "fingerprints": [one.hex() for one in reconcile.fingerprints(reconcile.ranged(heads, 32), key)],
                "samples": reconcile.samples(reconcile.ranged(heads, 32), key).hex(),
                "items": reconcile.listed(items).hex(),
                "count": symbols, "symbols": reconcile.pack(items.symbols(symbols)).hex(),
            }
        )  # fmt: skip
    about = "Heads, their digest, and one side's part of a comparison; docs/protocol.md, section 5"
    return {"about": about, "cases": cases}


def keys_file() -> dict[str, Any]:
    """Ids of epoch keys, what roots sign, a sealed key, and a hello between two members word by word."""
    org, key = digest(b"an organisation"), bytes(range(32))
    root, device, other = (TestSigner(digest(name)) for name in (b"root", b"device", b"other"))
    names = sorted(digest(name) for name in (b"ann", b"bob"))
    curve = nacl.signing.VerifyKey(device.public).to_curve25519_public_key().encode()
    secret = digest(b"ephemeral")
    public = nacl.bindings.crypto_scalarmult_base(secret)
    nonce = hashlib.blake2b(public + curve, digest_size=24).digest()
    sealed = public + nacl.bindings.crypto_box(key, nonce, curve, secret)
    assert device.unseal(sealed) == key
    signed = [
        {"message": message.hex(), "signature": root.sign(message).hex(), "root": root.public.hex(), "about": about}
        for about, message in (
            ("device.revoke", revoke_message(org, device.public)),
            ("guardian.set", guardians_message(org, root.public, 3, 2, names)),
        )
    ]
    return {
        "org": org.hex(),
        "ids": [{"height": h, "key": key.hex(), "id": key_id(org, h, key).hex()} for h in (0, 1, 300)],
        "signed": signed,
        "guardians": [name.hex() for name in names],
        "seal": {
            "seed": digest(b"device").hex(), "device": device.public.hex(), "sealed": sealed.hex(), "key": key.hex(),
        },
        "hello": hello(org, key, root, device, other),
        "links": links(org, root, device),
    }


def links(org: bytes, root: TestSigner, device: TestSigner) -> dict[str, str]:
    """What people hand to each other beside invitations; the grant's sealed part is not a real one here."""
    card = OrgCard(org, 7, digest(b"anchor"), ("/ip4/192.0.2.7/tcp/443/p2p/12D3KooW",))
    return {
        "card": card.to_link(),
        "device": DeviceRequest(device.public, "Laptop", 1_790_000_000_000).to_link(),
        "grant": DeviceGrant(device.public, digest(b"sealed")).to_link(),
        "granted": Granted(bytes(32), "Wei", (card,)).encoded().hex(),
        "root": RootRequest(root.public, "Wei", 1_790_000_000_000).to_link(),
        "words": " ".join(words_for(device.public, WORDS)),
    }


def hello(org: bytes, key: bytes, root: TestSigner, device: TestSigner, other: TestSigner) -> dict[str, Any]:
    """All messages of a hello by the second key, and of one by a root."""

    def side(signer: TestSigner, keys: list[tuple[int, bytes]], by_root: bool = False) -> Self:
        signature = root.sign(device_message(org, signer.public))
        return Self(
            org, signer.public, encode([root.public, signer.public, signature]), keys, bytes(8), SodiumOnly(),
            digest(signer.public), bytes, root=root if by_root else None,
            may_restore=lambda root: True, may_meet=lambda device, newest: True,
        )  # fmt: skip

    found: dict[str, Any] = {"opener": device.public.hex(), "acceptor": other.public.hex(), "root": root.public.hex()}
    for name, by_root, keys in (("members", False, [(0, bytes(32)), (9, key)]), ("by_root", True, [])):
        opener = Opener(side(device, keys, by_root), other.public)
        acceptor = Acceptor(side(other, [(0, bytes(32)), (9, key), (12, digest(key))]), device.public)
        said: list[str] = []
        raw: bytes | None = opener.start()
        while raw is not None:
            said.append(raw.hex())
            raw = (acceptor if len(said) % 2 else opener).receive(raw)
        found[name] = said
    return found


def main() -> None:
    write_tally(FOLDER / "tally.json")
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder), SEED, STEPS)
        for name, value in (
            ("encoding", encoding()), ("actions", actions(history)),
            ("ordering", ordering(History(Path(folder) / "ordering", SEED, 5 * STEPS))),
            ("roots", roots_file(history)), ("proofs", proofs_file(Path(folder) / "proofs")),
            ("reconcile", reconcile_file()), ("keys", keys_file()),
        ):  # fmt: skip
            path = FOLDER / f"{name}.json"
            path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
