"""Members named in a text with @: resolved to ids before signing, so that names stay names and no text is markup.

"@Lin Wei" names the member with that name, the longest name that fits; "@7f3a91c2…" the member whose id begins
with these digits. An @ inside a word (an address) names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dao_app.app.errors import InputError
from dao_app.app.views_parts import PersonView
from dao_app.core.limits import MENTIONS_MAX

WANTED_CHARS_MAX = 64  # of a name being typed; what is longer is no name any more
OFFERED_MAX = 8
ID_DIGITS_MIN = 8
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


# -- while typing --------------------------------------------------------------------------------------
def wanted(before: str) -> str | None:
    """What of a name stands between the last @ and the cursor on its line; None where no name is being typed."""
    line = before.rpartition("\n")[2]
    found = [at.end() for at in re.finditer(r"(?<![\w@.])@(?!\s)", line)]
    if not found or len(line) - found[-1] > WANTED_CHARS_MAX:
        return None
    return line[found[-1] :]


def offered(typed: str, people: Sequence[PersonView]) -> tuple[PersonView, ...]:
    """Whom this may name: names that begin so, then names with a word that does, then ids."""
    folded = typed.casefold()
    digits = folded.replace(" ", "")
    ranked = []
    for person in people:
        name = person.name.casefold()
        if name.startswith(folded):
            rank = 0
        elif folded and any(word.startswith(folded) for word in name.split()):
            rank = 1
        elif len(digits) > 1 and person.id.startswith(digits):
            rank = 2
        else:
            continue
        ranked.append((rank, name, person.id, person))
    return tuple(entry[3] for entry in sorted(ranked, key=lambda entry: entry[:3])[:OFFERED_MAX])


def written(person: PersonView, people: Sequence[PersonView]) -> str:
    """How a text names this member beyond doubt: "@Lin Wei", or digits of the id where the name is another's too,
    is no plain text of one line, or would be taken for the beginning of a longer one."""
    name = person.name
    text = f"@{name} "
    names = {bytes.fromhex(one.id): one.name for one in people}
    if name and name == " ".join(name.split()):
        try:
            if mentioned(text, names) == (bytes.fromhex(person.id),):
                return text
        except InputError:
            pass
    others = [one.id for one in people if one.id != person.id]
    length = next(
        (n for n in range(ID_DIGITS_MIN, len(person.id)) if not any(o.startswith(person.id[:n]) for o in others)),
        len(person.id),
    )
    return f"@{person.id[:length]} "
