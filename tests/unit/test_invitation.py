"""Invitations survive what people and chat programs do to them, and damage is told from strangeness."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import mnemonic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import digest, encode
from dao_app.core.invitation import SCHEME, Invitation
from dao_app.core.links import LINK_CHARS_MAX, TEXT_CHARS_MAX, LinkError
from dao_app.core.words import WORDS, words_for

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "invitation.json").read_text("utf-8"))
ADDRESS = "/ip4/192.0.2.17/tcp/4001/p2p/12D3KooWQoKZe7cmQa9ar4fNqwAGGGGyJ5vhCkEvyTdkb3xwBw4f"
SAMPLE = Invitation(
    b"o" * 32, b"i" * 32, 1_790_000_000_000, 5, b"a" * 32, b"s" * 32, (ADDRESS,), 1_790_000_600_000, "member", b"r" * 32
)
keys = st.binary(min_size=32, max_size=32)
invitations = st.builds(
    Invitation, keys, keys, st.integers(0, 2**53 - 1), st.integers(0, 2**32), keys, keys,
    st.lists(st.text(max_size=80), max_size=8).map(tuple), st.integers(0, 2**53 - 1), st.text(max_size=16), keys,
)  # fmt: skip


def reason(text: str) -> str:
    with pytest.raises(LinkError) as refused:
        Invitation.from_text(text)
    return refused.value.reason


def link_of(raw: bytes) -> str:
    return SCHEME + base64.b32encode(raw + digest(raw)[:4]).decode().lower().rstrip("=")


@pytest.mark.parametrize("case", VECTORS["invitations"], ids=lambda c: c["name"])
def test_published_vectors(case: dict) -> None:
    plain = [bytes.fromhex(v["hex"]) if isinstance(v, dict) else v for v in case["fields"]]
    invitation = Invitation(*[tuple(v) if isinstance(v, list) else v for v in plain])
    assert invitation.to_link() == case["link"]
    assert Invitation.from_text(case["link"]) == invitation


@given(invitations)
def test_every_invitation_comes_back_from_link_and_text(invitation: Invitation) -> None:
    assert Invitation.from_text(invitation.to_link()) == invitation
    assert Invitation.from_text(invitation.to_text()) == invitation


@given(st.data())
def test_breaks_and_blanks_inside_are_harmless(data: st.DataObject) -> None:
    link = SAMPLE.to_link()
    cuts = data.draw(st.lists(st.integers(1, len(link) - 1), max_size=30, unique=True).map(sorted))
    blank = data.draw(st.sampled_from([" ", "\n", "\r\n", "\n> ", "\t", "\u200b", "\u3000", "  \n\n"]))
    pieces = [link[a:b] for a, b in zip([0, *cuts], [*cuts, len(link)], strict=True)]
    assert Invitation.from_text("你好 hello:\n" + blank.join(pieces) + "\nsee you tomorrow") == SAMPLE


@pytest.mark.parametrize(
    "text",
    [
        "{}", " {} ", "Join us: {} bye", "<{}>", "({}).", "[here]({})", '"{}"', "{}\nabcdef\nbcdefg", "{}，明天见",
        "not guildhall:join/aaaa but {}",
    ],
)  # fmt: skip
def test_found_in_any_surroundings(text: str) -> None:
    assert Invitation.from_text(text.format(SAMPLE.to_link())) == SAMPLE
    assert Invitation.from_text(text.format(SAMPLE.to_link().upper())) == SAMPLE
    assert Invitation.from_text(text.format(SAMPLE.to_link().replace("guildhall:", "guildhall://"))) == SAMPLE


def test_any_wrong_sign_is_noticed() -> None:
    link = SAMPLE.to_link()
    for place in range(len(SCHEME), len(link)):
        wrong = link[:place] + ("b" if link[place] == "a" else "a") + link[place + 1 :]
        assert reason(wrong) == "damaged"
    assert reason(link[:-9]) == "damaged"
    assert reason(link[: len(SCHEME)]) == "damaged"


def test_reasons_differ() -> None:
    assert reason("") == "missing"
    assert reason("hello, come to https://example.org/join/abc") == "missing"
    assert reason("x" * (TEXT_CHARS_MAX + 1)) == "too_long"
    assert reason(SCHEME + "a" * (LINK_CHARS_MAX + 1)) == "too_long"
    assert reason(link_of(encode([2, "whatever", "comes"]))) == "newer"
    assert reason(link_of(b"\xff\xff")) == "damaged"


@pytest.mark.parametrize(
    "place,value",
    [
        (0, 0), (1, b"short"), (2, None), (3, -1), (4, "5"), (6, b"s" * 33), (7, ["x" * 257]), (7, [ADDRESS] * 9),
        (7, [b"x"]), (8, -5), (9, "r" * 65), (9, b"member"), (10, b""),
    ],
)  # fmt: skip
def test_fields_out_of_bounds_are_refused(place: int, value: object) -> None:
    fields: list[object] = [1, *SAMPLE._replace(addresses=[ADDRESS])]  # type: ignore[arg-type]
    assert Invitation.from_text(link_of(encode(fields))) == SAMPLE
    fields[place] = value
    assert reason(link_of(encode(fields))) == "damaged"
    assert reason(link_of(encode(fields[:-1]))) == "damaged"


@given(st.text(max_size=300))
def test_no_text_raises_anything_else(text: str) -> None:
    for probe in (text, SCHEME + text, SAMPLE.to_link()[:40] + text):
        with pytest.raises(LinkError):
            Invitation.from_text(probe)


def test_the_secret_is_not_in_repr() -> None:
    assert (b"s" * 32).hex() not in repr(SAMPLE)
    assert repr(b"s" * 32) not in repr(SAMPLE)


def test_the_words_are_ours_and_cannot_be_confused() -> None:
    recovery = set(mnemonic.Mnemonic("english").wordlist)
    assert len(WORDS) == 256
    assert len(set(WORDS)) == 256
    assert not recovery & set(WORDS)
    assert len({word[:4] for word in WORDS}) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() and 4 <= len(word) <= 8 for word in WORDS)


def test_words_depend_on_every_byte() -> None:
    assert words_for(b"", 4) == tuple(VECTORS["words_of_nothing"])
    assert words_for(b"x", 6)[:4] == words_for(b"x", 4)
    assert words_for(b"x", 6) != words_for(b"y", 6)
