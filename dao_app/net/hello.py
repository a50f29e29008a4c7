"""Hello: what two devices say before anything else (protocol §5). Sans-IO: messages in, messages out.

::

    opener                                       acceptor
    1  [version, nonce]                  ─►
                                         ◄─      [version, nonce]                                    2
    3  [0, MACs under its newest keys]   ─►                      (a member)
       [1, bearer key, proof, certificate, instance]             (a joiner)
       [2, root key, proof, certificate, instance]               (a member's new device)
                                         ◄─      [0, place of the key, MAC, certificate, instance]   4
                                                 [1, certificate, instance]
    5  [certificate, instance]           ─►                      (a member)

A MAC covers both device keys (which Noise has proved) and all messages before it, so nothing can be relayed,
replayed or downgraded. Always ``HELLO_KEYS_MAX`` MACs are sent, filled up with random bytes: neither side
learns anything about an organisation that it does not know. An acceptor tries all keys that it holds, so an absent
member is found by an old one; whichever side knows a newer key goes on only if the other device is active in its own
final state. Certificates follow only after the MACs. Whatever is wrong, an acceptor ends the stream in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dao_app.app.ports import SignatureCheck, Signer, Verifier
from dao_app.core.encoding import decode, encode
from dao_app.core.envelope import device_message
from dao_app.core.errors import EncodingError
from dao_app.net.codec import PeerError
from dao_app.net.limits import HELLO_BYTES_MAX, HELLO_KEYS_MAX

VERSION = 1
NONCE_BYTES = 32
INSTANCE_BYTES = 8
MAC_PREFIX = b"guildhall/hello/1\0"
BEARER_HELLO_PREFIX = b"guildhall/hello-join/1\0"
ROOT_HELLO_PREFIX = b"guildhall/hello-root/1\0"
_MEMBER, _JOINER, _RESTORER = 0, 1, 2

Standing = Literal["member", "guest", "joiner"]


@dataclass(frozen=True, slots=True)
class Self:
    """What a device brings to a hello. ``keys``: (epoch, key), oldest first; ``bearer`` only while joining, ``root``
    only while coming in by the member's root. ``may_meet``: a device that proved our newest key, or an older one."""

    org: bytes
    device: bytes
    certificate: bytes
    keys: Sequence[tuple[int, bytes]]
    instance: bytes
    verifier: Verifier
    nonce: bytes
    padding: Callable[[int], bytes]
    bearer: Signer | None = None
    root: Signer | None = None
    may_join: Callable[[bytes, bytes], bool] = lambda bearer, device: False
    may_restore: Callable[[bytes], bool] = lambda root: False
    may_meet: Callable[[bytes, bool], bool] = lambda device, newest: newest


@dataclass(frozen=True, slots=True)
class Met:
    """A finished hello. ``standing`` says how this link goes on: both members; the peer is a guest that may
    only ask to join; or we are the joiner. ``instance`` differs after the peer's restart; ``key``: under which members
    met."""

    device: bytes
    root: bytes
    standing: Standing
    instance: bytes
    key: tuple[int, bytes] | None = None


class _Hello:
    """What both sides share: the transcript and the checks."""

    def __init__(self, me: Self, peer: bytes) -> None:
        self._me = me
        self._peer = peer
        self._transcript = hashlib.sha256()
        self.met: Met | None = None

    def _note(self, raw: bytes) -> bytes:
        self._transcript.update(len(raw).to_bytes(4, "big") + raw)
        return raw

    def _mac(self, key: bytes, side: bytes, opener: bytes, acceptor: bytes) -> bytes:
        return hmac.digest(key, MAC_PREFIX + side + opener + acceptor + self._transcript.digest(), "sha256")

    def _read(self, raw: bytes) -> list[Any]:
        if len(raw) > HELLO_BYTES_MAX:
            raise PeerError("hello")
        try:
            value = decode(raw)
        except EncodingError as error:
            raise PeerError("hello") from error
        if type(value) is not list:
            raise PeerError("hello")
        return value

    def _read_opening(self, raw: bytes) -> None:
        value = self._read(raw)
        if len(value) < 2 or type(value[0]) is not int:
            raise PeerError("hello")
        if value[0] != VERSION:
            raise PeerError("version")
        if len(value) != 2 or type(value[1]) is not bytes or len(value[1]) != NONCE_BYTES:
            raise PeerError("hello")

    def _check_key(self, key: tuple[int, bytes]) -> None:
        """May the peer be met by this key? Raises PeerError where the final state says no."""
        if not self._me.may_meet(self._peer, key == self._me.keys[-1]):
            raise PeerError("hello")

    def _root_of(self, certificate: Any) -> bytes:
        """The root behind the peer's certificate, if it certifies the device that we talk to."""
        if type(certificate) is not bytes or len(certificate) > HELLO_BYTES_MAX:
            raise PeerError("hello")
        parts = self._read(certificate)
        if len(parts) != 3 or any(type(part) is not bytes for part in parts):
            raise PeerError("hello")
        root, device, signature = parts
        check = SignatureCheck(root, device_message(self._me.org, device), signature)
        if len(root) != 32 or device != self._peer or not self._me.verifier.is_valid_key(root):
            raise PeerError("hello")
        if not self._me.verifier.verify(check):
            raise PeerError("hello")
        return bytes(root)

    def _proof(self, prefix: bytes, opener: bytes, acceptor: bytes) -> bytes:
        """What a bearer key or a root signs."""
        return prefix + encode([opener, acceptor, self._transcript.digest()])

    def _instance(self, value: Any) -> bytes:
        if type(value) is not bytes or len(value) != INSTANCE_BYTES:
            raise PeerError("hello")
        return value


class Opener(_Hello):
    """The side that opened the stream. ``start()``, then each answer into ``receive`` until ``met``."""

    def start(self) -> bytes:
        return self._note(encode([VERSION, self._me.nonce]))

    def receive(self, raw: bytes) -> bytes | None:
        """The next message to send, or None. Raises PeerError ``hello`` or ``version``."""
        if self._sent is None:
            return self._prove(raw)
        return self._finish(raw)

    def __init__(self, me: Self, peer: bytes) -> None:
        super().__init__(me, peer)
        self._sent: list[tuple[int, bytes]] | None = None

    def _prove(self, raw: bytes) -> bytes:
        self._read_opening(raw)
        self._note(raw)
        me = self._me
        kind, prefix = (_JOINER, BEARER_HELLO_PREFIX) if me.bearer is not None else (_RESTORER, ROOT_HELLO_PREFIX)
        claim = me.bearer or me.root
        if claim is not None:
            proof = claim.sign(self._proof(prefix, me.device, self._peer))
            self._sent = []
            return self._note(encode([kind, claim.public, proof, me.certificate, me.instance]))
        self._sent = list(reversed(me.keys))[:HELLO_KEYS_MAX]
        macs = [self._mac(key, b"o", me.device, self._peer) for _, key in self._sent]
        macs += [me.padding(32) for _ in range(HELLO_KEYS_MAX - len(macs))]
        return self._note(encode([_MEMBER, macs]))

    def _finish(self, raw: bytes) -> bytes | None:
        value = self._read(raw)
        if self._me.bearer is not None or self._me.root is not None:
            if len(value) != 3 or value[0] != _JOINER:
                raise PeerError("hello")
            self.met = Met(self._peer, self._root_of(value[1]), "joiner", self._instance(value[2]))
            return None
        assert self._sent is not None
        if len(value) != 5 or value[0] != _MEMBER or type(value[1]) is not int or type(value[2]) is not bytes:
            raise PeerError("hello")
        _, place, mac, certificate, instance = value
        if not 0 <= place < len(self._sent):
            raise PeerError("hello")
        key = self._sent[place]
        if not hmac.compare_digest(mac, self._mac(key[1], b"a", self._me.device, self._peer)):
            raise PeerError("hello")
        self._check_key(key)
        self.met = Met(self._peer, self._root_of(certificate), "member", self._instance(instance), key)
        return encode([self._me.certificate, self._me.instance])


class Acceptor(_Hello):
    """The side that the stream was opened to. Each message into ``receive`` until ``met``."""

    def __init__(self, me: Self, peer: bytes) -> None:
        super().__init__(me, peer)
        self._step = 1
        self._refused: PeerError | None = None
        self._key: tuple[int, bytes] | None = None

    def receive(self, raw: bytes) -> bytes | None:
        """The answer to send, or None. Raises PeerError ``hello`` or ``version``."""
        step, self._step = self._step, self._step + 1
        if step == 1:
            try:
                self._read_opening(raw)
            except PeerError as error:
                if error.code != "version":
                    raise
                self._refused = error  # after the answer: it tells the opener which version is spoken here
            self._note(raw)
            return self._note(encode([VERSION, self._me.nonce]))
        if self._refused is not None:
            raise self._refused
        if step == 2:
            return self._answer(raw)
        self._finish(raw)
        return None

    def _answer(self, raw: bytes) -> bytes:
        value = self._read(raw)
        if value[:1] == [_MEMBER] and len(value) == 2:
            return self._answer_member(raw, value[1])
        if value[:1] in ([_JOINER], [_RESTORER]) and len(value) == 5 and type(value[0]) is int:
            return self._answer_guest(raw, *value)
        raise PeerError("hello")

    def _answer_member(self, raw: bytes, macs: Any) -> bytes:
        if type(macs) is not list or len(macs) != HELLO_KEYS_MAX or any(type(m) is not bytes for m in macs):
            raise PeerError("hello")
        for key in reversed(self._me.keys):
            expected = self._mac(key[1], b"o", self._peer, self._me.device)
            for place, mac in enumerate(macs):
                if hmac.compare_digest(mac, expected):
                    self._check_key(key)
                    self._key = key
                    self._note(raw)
                    own = self._mac(key[1], b"a", self._peer, self._me.device)
                    return encode([_MEMBER, place, own, self._me.certificate, self._me.instance])
        raise PeerError("hello")

    def _answer_guest(self, raw: bytes, kind: int, claim: Any, proof: Any, certificate: Any, instance: Any) -> bytes:
        """A joiner with an invitation's bearer key, or a member's new device with the root key."""
        if type(claim) is not bytes or len(claim) != 32 or type(proof) is not bytes:
            raise PeerError("hello")
        prefix = BEARER_HELLO_PREFIX if kind == _JOINER else ROOT_HELLO_PREFIX
        check = SignatureCheck(claim, self._proof(prefix, self._peer, self._me.device), proof)
        if not self._me.keys or not self._me.verifier.verify(check):
            raise PeerError("hello")
        if not (self._me.may_join(claim, self._peer) if kind == _JOINER else self._me.may_restore(claim)):
            raise PeerError("hello")
        root = self._root_of(certificate)
        if kind == _RESTORER and root != claim:
            raise PeerError("hello")
        self._note(raw)
        self.met = Met(self._peer, root, "guest", self._instance(instance))
        return encode([_JOINER, self._me.certificate, self._me.instance])

    def _finish(self, raw: bytes) -> None:
        value = self._read(raw)
        if len(value) != 2:
            raise PeerError("hello")
        self.met = Met(self._peer, self._root_of(value[0]), "member", self._instance(value[1]), self._key)
