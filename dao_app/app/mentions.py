"""Members named in a text with @: resolved to ids before signing, so that names stay names and no text is markup.

"@Lin Wei" names the member with that name, the longest name that fits; "@7f3a91c2…" the member whose id begins
with these digits. An @ inside a word (an address) names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dao_app.app.errors import InputError
from dao_app.core.limits import MENTIONS_MAX

_AT = re.compile(r"(?<![\w@.])@(?=\S)")
_DIGITS = re.compile(r"[0-9a-f]{6,64}(?![0-9a-z])", re.ASCII)


def mentioned(text: str, names: Mapping[bytes, str]) -> tuple[bytes, ...]:
    """Members named in ``text``, in order of first mention; ``names`` maps each member's root to the name.

    Raises InputError where a name belongs to several members, or where more are named than one comment may.
    """
    found: list[bytes] = []
    for at in _AT.finditer(text):
        matches = _members_at(text[at.end() :], names)
        if len(matches) > 1:
            raise InputError("mention_ambiguous", name=names[matches[0]])
        found += [root for root in matches if root not in found]
    if len(found) > MENTIONS_MAX:
        raise InputError("mentions_many", limit=MENTIONS_MAX)
    return tuple(found)


def _members_at(rest: str, names: Mapping[bytes, str]) -> list[bytes]:
    """Whom the beginning of ``rest`` names: members of the longest name that fits, else by digits of the id."""
    folded = rest.casefold()
    fitting = [(len(name), root) for root, name in names.items() if name and _is_name(folded, name.casefold())]
    if fitting:
        longest = max(length for length, _ in fitting)
        return [root for length, root in fitting if length == longest]
    digits = _DIGITS.match(rest.lower())
    return [root for root in names if digits and root.hex().startswith(digits[0])]


def _is_name(rest: str, name: str) -> bool:
    """Does ``rest`` begin with the name as a whole word? Scripts without spaces need no end."""
    if not rest.startswith(name):
        return False
    after = rest[len(name) : len(name) + 1]
    return not (name[-1].isascii() and after.isascii() and after.isalnum())
