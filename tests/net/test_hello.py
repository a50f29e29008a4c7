"""Hello: members recognise each other, joiners prove their invitation, everybody else learns nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import decode, digest, encode
from dao_app.crypto.keys import SeedSigner
from dao_app.crypto.verifier import SodiumVerifier
from dao_app.net.codec import PeerError
from dao_app.net.hello import HELLO_KEYS_MAX, Acceptor, Met, Opener, Self
from tests.fakes.replica import ORG, Device

VERIFIER = SodiumVerifier()
KEY, OLD_KEY, OTHER = b"k" * 32, b"o" * 32, b"x" * 32
LIN, WEI = Device("lin"), Device("wei")
BEARER = SeedSigner(b"b" * 32)


def me(device: Device, keys: tuple[bytes, ...] = (KEY,), **changes: object) -> Self:
    fields: dict[str, object] = {
        "org": ORG, "device": device.signer.public, "certificate": device.certificate(),
        "keys": tuple(enumerate(keys)), "instance": b"i" * 8, "verifier": VERIFIER,
        "nonce": digest(device.signer.public), "padding": lambda size: digest(b"padding")[:size],
        "bearer": None, "may_join": lambda bearer, device: bearer == BEARER.public,
    }  # fmt: skip
    return Self(**{**fields, **changes})  # type: ignore[arg-type]


def talk(one: Self, two: Self, seen: list[bytes] | None = None, alter: object = None) -> tuple[Met | None, Met | None]:
    """Run a hello; ``alter(step, raw)`` may change what is on the way."""
    opener, acceptor = Opener(one, two.device), Acceptor(two, one.device)
    raw: bytes | None = opener.start()
    sides = [acceptor, opener]
    step = 0
    while raw is not None:
        step += 1
        raw = alter(step, raw) if alter is not None else raw  # type: ignore[operator]
        if seen is not None:
            seen.append(raw)
        raw = sides[(step - 1) % 2].receive(raw)
    return opener.met, acceptor.met


def refusal(one: Self, two: Self, alter: object = None) -> str:
    with pytest.raises(PeerError) as refused:
        talk(one, two, alter=alter)
    return refused.value.code


def test_two_members_meet() -> None:
    mine, theirs = talk(me(LIN), me(WEI))
    assert mine == Met(WEI.signer.public, WEI.root.public, "member", b"i" * 8)
    assert theirs == Met(LIN.signer.public, LIN.root.public, "member", b"i" * 8)


@pytest.mark.parametrize("one", [(OLD_KEY, KEY), (KEY,), (OLD_KEY,)])
@pytest.mark.parametrize("two", [(OLD_KEY, KEY), (OTHER, OLD_KEY, KEY)])
def test_any_common_key_is_enough(one: tuple[bytes, ...], two: tuple[bytes, ...]) -> None:
    assert all(talk(me(LIN, one), me(WEI, two)))


def test_without_a_common_key_nobody_meets_and_nobody_shows_a_certificate() -> None:
    seen: list[bytes] = []
    with pytest.raises(PeerError):
        talk(me(LIN, (OTHER,)), me(WEI), seen)
    assert len(seen) == 3
    for raw in seen:
        assert LIN.root.public not in raw
        assert WEI.root.public not in raw
        assert ORG not in raw


def test_what_an_outsider_sees_does_not_depend_on_the_number_of_keys() -> None:
    sizes = set()
    for count in range(1, HELLO_KEYS_MAX + 1):
        seen: list[bytes] = []
        with pytest.raises(PeerError):
            talk(me(LIN, tuple(bytes([i]) * 32 for i in range(count))), me(WEI), seen)
        sizes.add(tuple(map(len, seen)))
    assert len(sizes) == 1


def test_a_joiner_proves_the_invitation() -> None:
    mine, theirs = talk(me(LIN, (), bearer=BEARER), me(WEI))
    assert mine is not None and mine.standing == "joiner"
    assert theirs is not None and theirs.standing == "guest"
    assert theirs.root == LIN.root.public
    assert refusal(me(LIN, (), bearer=SeedSigner(b"z" * 32)), me(WEI)) == "hello"
    assert refusal(me(LIN, (), bearer=BEARER), me(WEI, (), bearer=BEARER)) == "hello"


@given(st.integers(1, 5), st.data())
def test_any_altered_byte_ends_the_hello(step: int, data: st.DataObject) -> None:
    def alter(now: int, raw: bytes) -> bytes:
        if now != step:
            return raw
        place = data.draw(st.integers(0, len(raw) - 1))
        return raw[:place] + bytes([raw[place] ^ data.draw(st.integers(1, 255))]) + raw[place + 1 :]

    instance = b"i" * 8
    try:
        mine, theirs = talk(me(LIN), me(WEI), alter=alter)
    except PeerError:
        return
    # The instance alone is a hint outside the MACs; whoever controls the channel's end sends its own anyway.
    assert mine is not None and theirs is not None
    assert (mine.device, mine.root, theirs.device, theirs.root) == (
        WEI.signer.public, WEI.root.public, LIN.signer.public, LIN.root.public,
    )  # fmt: skip
    assert mine.instance != instance or theirs.instance != instance


def test_a_hello_cannot_be_relayed_to_another_device() -> None:
    """A machine in the middle has a key of its own: MACs over the proved device keys do not fit."""
    eve = Device("eve")
    lin, wei = Opener(me(LIN), eve.signer.public), Acceptor(me(WEI), eve.signer.public)
    second = wei.receive(lin.start())
    assert second is not None
    third = lin.receive(second)
    assert third is not None
    with pytest.raises(PeerError):
        wei.receive(third)


def test_a_recorded_hello_cannot_be_replayed() -> None:
    seen: list[bytes] = []
    talk(me(LIN), me(WEI), seen)
    again = Acceptor(me(WEI, nonce=b"n" * 32), LIN.signer.public)
    again.receive(seen[0])
    with pytest.raises(PeerError):
        again.receive(seen[2])


def test_a_joiner_s_proof_is_for_one_device_alone() -> None:
    seen: list[bytes] = []
    talk(me(LIN, (), bearer=BEARER), me(WEI), seen)
    eve = Device("eve")
    fields = decode(seen[2])
    acceptor = Acceptor(me(WEI), eve.signer.public)
    acceptor.receive(seen[0])
    with pytest.raises(PeerError):
        acceptor.receive(encode([*fields[:3], eve.certificate(), fields[4]]))


@pytest.mark.parametrize("wrong", ["other device", "other organisation", "no signature", "garbage", "weak root"])
def test_a_certificate_must_be_the_device_s_own(wrong: str) -> None:
    root, device, signature = decode(LIN.certificate())
    certificate = {
        "other device": WEI.certificate(),
        "other organisation": LIN.certificate(digest(b"another")),
        "no signature": encode([root, device, bytes(64)]),
        "garbage": b"\xff" * 40,
        "weak root": encode([bytes(32), device, signature]),
    }[wrong]
    assert refusal(me(LIN, certificate=certificate), me(WEI)) == "hello"
    assert refusal(me(WEI), me(LIN, certificate=certificate)) == "hello"


def test_another_version_is_told_apart() -> None:
    def newer(step: int, raw: bytes) -> bytes:
        return encode([2, *decode(raw)[1:]]) if step == 2 else raw

    assert refusal(me(LIN), me(WEI), newer) == "version"
    acceptor = Acceptor(me(WEI), LIN.signer.public)
    answer = acceptor.receive(encode([2, "whatever", "comes"]))
    assert answer is not None and decode(answer)[0] == 1  # so that the newer side can say what is wrong
    with pytest.raises(PeerError, match="version"):
        acceptor.receive(b"\x80")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_garbage_raises_nothing_else(bodies: list[bytes]) -> None:
    for side in (Acceptor(me(WEI), LIN.signer.public), Opener(me(LIN), WEI.signer.public)):
        if isinstance(side, Opener):
            side.start()
        try:
            for body in bodies:
                side.receive(body)
        except PeerError:
            pass
        assert side.met is None
