"""Every place where foreign bytes enter the program: what reads them, and the only errors that it may raise.

``SEEDS`` begin with true objects, so that a change of some bytes goes deep. Used by hypothesis in every test run
and by atheris in ``make fuzz``.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from dao_app.app.admission import parse_signed
from dao_app.app.bundles import export_bundle
from dao_app.app.errors import InputError
from dao_app.app.heads import Head, row_bytes
from dao_app.app.tables import read_table
from dao_app.core import attachment, encoding, tickets
from dao_app.core.envelope import parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.finality import messages as words
from dao_app.core.finality import recovery, snapshot
from dao_app.core.finality.bundle import BundleReader
from dao_app.core.finality.checkpoint import parse_certificate, parse_checkpoint
from dao_app.core.finality.proofs import parse_proof
from dao_app.core.invitation import Invitation
from dao_app.core.rewards.filereading import RewardsFileError
from dao_app.core.rewards.rewardsfile import compute
from dao_app.core.voting.tallyfile import TallyFileError, tally
from dao_app.crypto.keys import SeedSigner, seal_to
from dao_app.crypto.sealing import SodiumSealer
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net import gossip, hello, reconcile, records
from dao_app.net import messages as m
from dao_app.net.codec import FrameReader, PeerError, frame
from dao_app.platform.random import SystemRandom
from tests.fakes.world import TestSigner, World

VECTORS = Path(__file__).parents[1] / "vectors"
KEY = b"k" * 32


class Target(NamedTuple):
    """``read`` may return anything; it may raise ``allowed`` and nothing else, and must come to an end. ``good``: the
    seeds are read, not refused."""

    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    good: bool = True


def _vectors(name: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def _world() -> dict[str, bytes]:
    """True objects of a small organisation."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.add_member()
        world.seal()
        org = world.main
        record = org.store.checkpoint(1)
        assert record is not None
        path = Path(folder) / "bundle"

        async def no_pause() -> None: ...

        asyncio.run(export_bundle(org, path, no_pause, lambda done, total: None))
        head, roots = org.snapshots.served_head(0) or (b"", ())
        found = {
            "genesis": world.genesis, "certificate": record.raw, "bundle": path.read_bytes(), "head": head,
            "roots": roots[0] if roots else b"",
        }  # fmt: skip
        org.store.close()
        for other in world.replicas.values():
            other.store.close()
        return found


def _signed(key: bytes, message: bytes, signature: bytes) -> bool:
    return True


def _bundle(raw: bytes) -> None:
    reader = BundleReader([raw])
    for _ in reader.pages():
        pass


def _me() -> hello.Self:
    signer = TestSigner(b"s" * 32)
    random = SystemRandom()
    return hello.Self(
        b"o" * 32, signer.public, b"c", ((0, KEY),), b"i" * 8, SodiumVerifier(), b"n" * 32, random.token,
        may_join=lambda bearer, device: True, may_restore=lambda root: True,
    )  # fmt: skip


def _frames(raw: bytes) -> list[bytes]:
    """What a stranger sends, frame by frame."""
    return FrameReader(4_096).feed(raw)


def _acceptor(raw: bytes) -> None:
    acceptor = hello.Acceptor(_me(), TestSigner(b"p" * 32).public)
    for body in _frames(raw):
        acceptor.receive(body)


def _opener(raw: bytes) -> None:
    opener = hello.Opener(_me(), TestSigner(b"p" * 32).public)
    opener.start()
    for body in _frames(raw):
        opener.receive(body)


def _hint(raw: bytes) -> None:
    """What a member seals, and what an outsider sends."""
    sealer = SodiumSealer(SystemRandom())
    gossip.open_hint(sealer, KEY, raw)
    gossip.open_hint(sealer, KEY, sealer.seal(KEY, gossip.SEAL_PURPOSE, raw))


def _symbols(raw: bytes) -> None:
    """Whatever a peer sends for symbols, coded or listed."""
    items = reconcile.Items([row_bytes(bytes([n]) * 32, Head(n + 1, bytes([n]) * 32)) for n in range(20)], KEY)
    reconcile.difference(items, reconcile.unpack(raw))


def _listed(raw: bytes) -> None:
    items = reconcile.Items([row_bytes(bytes([n]) * 32, Head(n + 1, bytes([n]) * 32)) for n in range(20)], KEY)
    reconcile.difference_from_list(items, raw)


def _record() -> bytes:
    address = "/ip4/192.0.2.7/tcp/443/p2p/12D3KooWN4iBT5BEoaaYg59LudzGUHWLVrM8PkpQoaort6MyjkML"
    return records.sign_record(TestSigner(b"r" * 32), b"o" * 32, 5, True, [address]).raw


CARD = tickets.OrgCard(b"o" * 32, 7, b"a" * 32, ("/ip4/192.0.2.7/tcp/443/p2p/x",))
TICKETS: tuple[tuple[str, Any, Any], ...] = (
    ("card", tickets.OrgCard, CARD), ("device", tickets.DeviceRequest, tickets.DeviceRequest(KEY, "Laptop", 5)),
    ("grant", tickets.DeviceGrant, tickets.DeviceGrant(KEY, b"s" * 99)),
    ("root", tickets.RootRequest, tickets.RootRequest(KEY, "Wei", 5)),
)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda raw: read(raw.decode("utf-8", errors="replace"))


MESSAGES = (
    m.State(b"d" * 32, 3, 1_700_000_000_000, 9),
    m.Want(1, 1, (m.RangeRow(b"d" * 32, 1, 5),), (b"h" * 32,), (b"i" * 32,)),
    m.Actions(1, (b"x" * 40,)), m.Certificates(1, (b"x" * 40,)), m.Contents(1, (b"x" * 40,)), m.Done(1),
    m.Have((b"h" * 32,)),
    m.Join(b"e"), m.Joined("used"), m.Keys(((0, KEY),)), m.Addresses((b"record",)), m.Words((b"w",)),
    m.SnapshotWant(1, 0, ((0, 3),)), m.SnapshotHead(1, b"h", (b"r",)), m.SnapshotPart(1, 2, ((0, b"b"),)),
    m.Bye("refused"), m.Compare(b"s" * 16, bytes(8 * 32), bytes(reconcile.SAMPLES_BYTES)),
    m.Symbols(b"\xff" * 4, True, bytes(12 * reconcile.SYMBOL_BYTES)), m.More(3),
    m.Compared(True, bytes(9), bytes(5)),
)  # fmt: skip


@lru_cache(maxsize=1)
def targets() -> dict[str, Target]:
    """By name."""
    world = _world()
    actions = _vectors("actions")["actions"]
    envelopes = tuple(bytes.fromhex(row["envelope"]) for row in actions[:4])
    payloads = tuple(bytes.fromhex(row["payload"]) for row in actions[:4])
    proofs = tuple(bytes.fromhex(row["proof"]) for row in _vectors("proofs")["proofs"][:3])
    links = tuple(row["link"].encode() for row in _vectors("invitation")["invitations"])
    list_ = attachment.Attachment("plan.txt", "text/plain", 5, ((b"a" * 32, 5),))
    ballots = tuple(json.dumps(row["file"]).encode() for row in _vectors("tally")["elections"])
    vote = words.encode_vote(words.Vote(words.PREVOTE, 3, 0, b"c" * 32, b"w" * 32, (), b"s" * 64))
    verifier = SodiumVerifier()
    return {
        "encoding": Target(encoding.decode, (EncodingError,), payloads),
        "action": Target(parse_action, (EncodingError,), payloads),
        "envelope": Target(unpack, (EncodingError,), envelopes),
        "admission": Target(lambda raw: parse_signed(raw, verifier), (), (world["genesis"], *envelopes)),
        "certificate": Target(parse_certificate, (EncodingError,), (world["certificate"],)),
        "checkpoint": Target(parse_checkpoint, (EncodingError,), (encoding.decode(world["certificate"])[0],)),
        "vote": Target(words.parse_vote, (EncodingError,), (vote,)),
        "proposal": Target(words.parse_proposal, (EncodingError,), (world["certificate"],), False),
        "recovery": Target(recovery.parse_signed_recovery, (EncodingError,), (b"\x80",), False),
        "proof": Target(parse_proof, (EncodingError,), proofs),
        "bundle": Target(_bundle, (EncodingError,), (world["bundle"],)),
        "snapshot_head": Target(
            lambda raw: snapshot.read_head(raw, b"o" * 32, (0, b""), _signed), (EncodingError, snapshot.Poisoned),
            (world["head"],), False,
        ),
        "snapshot_roots": Target(
            lambda raw: snapshot.read_roots(raw, b"r" * 32), (EncodingError, snapshot.Poisoned), (world["roots"],),
            False,
        ),
        "snapshot_bucket": Target(
            lambda raw: snapshot.read_bucket(raw, 0, b"r" * 32), (EncodingError, snapshot.Poisoned),
            (encoding.encode([[b"key", b"value"]]),), False,
        ),
        "attachment": Target(attachment.read_attachment, (EncodingError,), (attachment.encode_attachment(list_),)),
        "invitation": Target(_text(Invitation.from_text), (EncodingError,), links),
        **{
            f"link_{name}": Target(_text(kind.from_text), (EncodingError,), (ticket.to_link().encode(),))
            for name, kind, ticket in TICKETS
        },
        "granted": Target(tickets.Granted.decoded, (), (tickets.Granted(KEY, "Wei", (CARD,)).encoded(),)),
        "sealed": Target(SeedSigner(KEY).unseal, (), (seal_to(SeedSigner(KEY).public, KEY),), False),
        "frames": Target(_frames, (PeerError,), (frame(b"body") * 3,)),
        "message": Target(m.decode_message, (PeerError,), tuple(map(m.encode_message, MESSAGES))),
        "hello_acceptor": Target(_acceptor, (PeerError,), (frame(encoding.encode([1, b"n" * 32])) * 2,), False),
        "hello_opener": Target(_opener, (PeerError,), (frame(encoding.encode([1, b"n" * 32])) * 2,), False),
        "symbols": Target(_symbols, (PeerError,), (bytes(12 * reconcile.SYMBOL_BYTES),)),
        "listed": Target(_listed, (PeerError,), (bytes(2 * reconcile.ITEM_BYTES),), False),
        "record": Target(records.read_record, (), (_record(),)),
        "hint": Target(_hint, (), (encoding.encode([[b"e"], [b"c"]]),)),
        "table": Target(read_table, (InputError,), (b"title,reward\nx,5\n", "标题;报酬\nx;5\n".encode())),
        "tally": Target(tally, (TallyFileError,), ballots),
        "rewards": Target(compute, (RewardsFileError,), (b'{"kind": "peer"}',), False),
    }
