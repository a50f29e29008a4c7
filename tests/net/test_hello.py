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
ROOT = LIN.root  # of a member by the final state
NEW = Device("another device of lin")
NEW.root = ROOT


def me(device: Device, keys: tuple[bytes, ...] = (KEY,), **changes: object) -> Self:
    fields: dict[str, object] = {
        "org": ORG, "device": device.signer.public, "certificate": device.certificate(),
        "keys": tuple(enumerate(keys)), "instance": b"i" * 8, "verifier": VERIFIER,
        "nonce": digest(device.signer.public), "padding": lambda size: digest(b"padding")[:size],
        "bearer": None, "root": None, "may_restore": lambda root: root == ROOT.public,
        "may_meet": lambda device, newest: True, "may_join": lambda bearer, device: bearer == BEARER.public,
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
    assert mine == Met(WEI.signer.public, WEI.root.public, "member", b"i" * 8, (0, KEY))
    assert theirs == Met(LIN.signer.public, LIN.root.public, "member", b"i" * 8, (0, KEY))


@pytest.mark.parametrize("one", [(OLD_KEY, KEY), (KEY,), (OLD_KEY,)])
@pytest.mark.parametrize("two", [(OLD_KEY, KEY), (OTHER, OLD_KEY, KEY)])
def test_any_common_key_is_enough(one: tuple[bytes, ...], two: tuple[bytes, ...]) -> None:
    assert all(talk(me(LIN, one), me(WEI, two)))


@pytest.mark.parametrize("absent_opens", [True, False])
@pytest.mark.parametrize("active", [True, False])
def test_by_an_older_key_only_who_is_active_for_the_side_that_knows_more(absent_opens: bool, active: bool) -> None:
    asked: list[tuple[bytes, bool]] = []

    def may_meet(device: bytes, newest: bool) -> bool:
        asked.append((device, newest))
        return newest or active

    absent = me(LIN, (OLD_KEY,), may_meet=lambda device, newest: newest)
    ahead = me(WEI, (OTHER, OLD_KEY, KEY), may_meet=may_meet)
    sides = (absent, ahead) if absent_opens else (ahead, absent)
    if active:
        mine, theirs = talk(*sides)
        assert mine is not None and theirs is not None
        assert {mine.key, theirs.key} == {(0, OLD_KEY), (1, OLD_KEY)}  # each numbers its own here
    else:
        assert refusal(*sides) == "hello"
    assert asked == [(LIN.signer.public, False)]


def test_who_is_out_by_the_final_state_is_not_met_by_the_newest_key_either() -> None:
    seen: list[bytes] = []
    with pytest.raises(PeerError):
        talk(me(LIN), me(WEI, may_meet=lambda device, newest: False), seen)
    assert len(seen) == 3 and all(WEI.root.public not in raw for raw in seen)


def test_an_acceptor_tries_every_key_that_it_holds() -> None:
    """Who was away over more changes than MACs are sent is found by the old key all the same."""
    keys = (OLD_KEY, *(bytes([i]) * 32 for i in range(100, 100 + 3 * HELLO_KEYS_MAX)))
    assert all(talk(me(LIN, (OLD_KEY,)), me(WEI, keys)))


def test_of_several_common_keys_the_newest_is_taken() -> None:
    mine, theirs = talk(me(LIN, (OTHER, OLD_KEY, KEY)), me(WEI, (OTHER, OLD_KEY, KEY)))
    assert mine is not None and theirs is not None and mine.key == theirs.key == (2, KEY)


def test_a_new_device_proves_the_member_s_root() -> None:
    mine, theirs = talk(me(NEW, (), root=ROOT), me(WEI))
    assert mine is not None and theirs is not None and (mine.standing, theirs.standing) == ("joiner", "guest")
    assert theirs.root == ROOT.public
    stranger = Device("stranger")
    assert refusal(me(stranger, (), root=stranger.root), me(WEI)) == "hello"
    # somebody else's certificate, and a bearer key where a root is asked for
    assert refusal(me(NEW, (), root=ROOT, certificate=stranger.certificate()), me(WEI)) == "hello"
    assert refusal(me(LIN, (), root=BEARER), me(WEI)) == "hello"


def test_a_root_s_proof_is_for_one_device_and_one_hello() -> None:
    seen: list[bytes] = []
    talk(me(NEW, (), root=ROOT), me(WEI), seen)
    fields = decode(seen[2])
    for device, nonce in ((Device("eve").signer.public, digest(WEI.signer.public)), (NEW.signer.public, b"n" * 32)):
        acceptor = Acceptor(me(WEI, nonce=nonce), device)
        acceptor.receive(seen[0])
        with pytest.raises(PeerError):
            acceptor.receive(encode(fields))
    acceptor = Acceptor(me(WEI), NEW.signer.public)  # nor does it pass for an invitation's
    acceptor.receive(seen[0])
    with pytest.raises(PeerError):
        acceptor.receive(encode([1, *fields[1:]]))


@pytest.mark.parametrize("claim", ["macs", "bearer", "root", "garbage"])
def test_whoever_does_not_belong_sees_the_same_of_a_member_and_of_nobody(claim: str) -> None:
    """Threat 31: the answers of an acceptor of another organisation, of one that knows none, and of one that was
    asked by somebody who is out are the same, byte by byte."""

    def transcript(acceptor: Self) -> list[bytes | str]:
        stranger = Device("stranger")
        third = {
            "macs": me(stranger, (OTHER,)), "bearer": me(stranger, (), bearer=SeedSigner(b"z" * 32)),
            "root": me(stranger, (), root=stranger.root), "garbage": me(stranger),
        }[claim]  # fmt: skip
        opener, side = Opener(third, acceptor.device), Acceptor(acceptor, stranger.signer.public)
        answer = side.receive(opener.start())
        assert answer is not None
        said: list[bytes | str] = [answer]
        try:
            reply = side.receive(b"\xff" if claim == "garbage" else opener.receive(answer) or b"")
            said.append(reply or b"")
        except PeerError as error:
            said.append(error.code)
        return said

    out = {"may_meet": lambda device, newest: False}
    sides = [me(WEI), me(WEI, ()), me(WEI, (OTHER,), **out), me(WEI, tuple(bytes([i]) * 32 for i in range(40)))]
    assert len({tuple(transcript(side)) for side in sides}) == 1


def test_version_and_nonces_are_in_the_transcript() -> None:
    """Threat 23: a middleman that makes both sides believe in an older version changes what the MACs cover."""
    opener = Opener(me(LIN), WEI.signer.public)
    first = opener.start()
    altered = encode([1, digest(b"another nonce")])
    acceptor = Acceptor(me(WEI), LIN.signer.public)
    second = acceptor.receive(altered)
    assert second is not None and first != altered
    third = opener.receive(second)
    assert third is not None
    with pytest.raises(PeerError):
        acceptor.receive(third)


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
