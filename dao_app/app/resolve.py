"""What people type → what the engine means: object names, parties, amounts. Raises InputError, NotFound."""

from __future__ import annotations

import re

from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader
from dao_app.core.entities import Contribution, Department, Firm, Invite, Proposal, Task, Unit
from dao_app.core.keys import (
    TREASURY,
    contribution_key,
    department_key,
    department_party,
    firm_key,
    firm_party,
    invite_key,
    match_key,
    member_party,
    payout_key,
    proposal_key,
    round_key,
    task_key,
    unit_key,
)
from dao_app.core.limits import INT_MAX, PERIOD_MS_MAX
from dao_app.core.reward_entities import Match, PayoutRecord, Round
from dao_app.core.rules.departments import all_departments
from dao_app.core.rules.members import chain_of

PREFIX_DIGITS_MIN = 6
AMOUNT_CHARS_MAX = 40
_AMOUNT = re.compile(r"[0-9]{1,16}(?:[.,][0-9]{1,8})?", re.ASCII)
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_KINDS = {
    "task": ("T", "task.open", task_key, Task),
    "proposal": ("P", "proposal.open", proposal_key, Proposal),
    "contribution": ("", "", contribution_key, Contribution),
    "invite": ("", "invite.create", invite_key, Invite),
    "round": ("R", "round.open", round_key, Round),
    "match": ("M", "match.open", match_key, Match),
    "payout": ("", "payout.record", payout_key, PayoutRecord),
}


def object_id(reader: Reader, kind: str, name: str) -> bytes:
    """Id of an object of a kind of ``_KINDS`` by id, prefix, number ("T-12") or link text."""
    letter, type_, key, entity = _KINDS[kind]
    text = name.strip().removeprefix("guildhall:").rpartition("/")[2]
    if letter and (found := re.fullmatch(rf"{letter}-?([0-9]{{1,15}})", text, re.IGNORECASE | re.ASCII)):
        for id_ in reader.org.store.of_type(type_):
            one = reader.state.get(key(id_), entity)
            if one is not None and one.number == int(found[1]):
                return id_
        raise NotFound(f"{kind}_unknown", name=name[:80])
    matches = [id_ for id_ in ids_by_prefix(reader, text) if reader.state.get(key(id_), entity) is not None]
    if len(matches) != 1:
        raise NotFound(f"{kind}_unknown" if not matches else "name_ambiguous", name=name[:80])
    return matches[0]


def ids_by_prefix(reader: Reader, text: str) -> list[bytes]:
    """Ids of actions that begin with these hexadecimal digits (at least 6)."""
    text = text.lower()
    if not PREFIX_DIGITS_MIN <= len(text) <= 64 or not _HEX.fullmatch(text):
        return []
    even = bytes.fromhex(text[: len(text) // 2 * 2])
    odd = int(text[-1], 16) if len(text) % 2 else None
    return reader.org.store.find(even, odd, 8)


def target_id(reader: Reader, name: str) -> bytes:
    """Id of anything that can be commented on or erased."""
    for kind in ("task", "proposal", "contribution", "round", "match", "payout"):
        try:
            return object_id(reader, kind, name)
        except NotFound:
            continue
    matches = ids_by_prefix(reader, name.strip())
    if len(matches) != 1:
        raise NotFound("target_unknown" if not matches else "name_ambiguous", name=name[:80])
    return matches[0]


def member_root(reader: Reader, name: str) -> bytes:
    """Root of a member by id, prefix, fingerprint or unambiguous name."""
    text = name.strip()
    digits = text.replace(" ", "").lower()
    matches = []
    for root in reader.roots():
        if (
            root.hex() == digits
            or (len(digits) >= PREFIX_DIGITS_MIN and root.hex().startswith(digits))
            or reader.person(root).name == text
        ):
            matches.append(root)
    if len(matches) != 1:
        raise NotFound("member_unknown" if not matches else "name_ambiguous", name=text[:80])
    return matches[0]


def party(reader: Reader, name: str) -> bytes:
    """The treasury, "department:NAME", "firm:NAME", or a member."""
    kind, colon, rest = name.partition(":")
    if kind == "department" and colon:
        return department_party(department_id(reader, rest))
    if kind == "firm" and colon:
        return firm_party(firm_id(reader, rest))
    return TREASURY if name == "treasury" else member_party(member_root(reader, name))


def department_id(reader: Reader, name: str) -> bytes:
    """Id of a department by id, prefix or name; a path "Operations/Night" tells equal names apart."""
    text = name.strip()
    found = []
    for id_ in all_departments(reader.state):
        entity = reader.state.need(department_key(id_), Department)
        by_id = len(text) >= PREFIX_DIGITS_MIN and id_.hex().startswith(text.lower())
        if by_id or (entity.status == "active" and text in (entity.name, department_path(reader, id_))):
            found.append(id_)
    if len(found) != 1:
        raise NotFound("department_unknown" if not found else "name_ambiguous", name=text[:80])
    return found[0]


def department_path(reader: Reader, id_: bytes) -> str:
    """Names from the top down, "/" between them."""
    return "/".join(reader.department_name(one) for one in reversed(list(chain_of(reader.state, id_))))


def firm_id(reader: Reader, name: str) -> bytes:
    """Id of a firm by id, prefix or name."""
    text = name.strip()
    found = []
    for id_ in reader.org.store.of_type("firm.register"):
        entity = reader.state.get(firm_key(id_), Firm)
        if entity is not None and (
            entity.name == text or (len(text) >= PREFIX_DIGITS_MIN and id_.hex().startswith(text.lower()))
        ):
            found.append(id_)
    if len(found) != 1:
        raise NotFound("firm_unknown" if not found else "name_ambiguous", name=text[:80])
    return found[0]


def unit(reader: Reader, code: str) -> tuple[str, Unit]:
    """A declared unit; "" takes the organisation's first."""
    units = reader.units()
    if not code and units:
        code = units[0]
    found = reader.state.get(unit_key(code), Unit) if code in units else None
    if found is None:
        raise NotFound("unit_unknown", unit=code[:40] or "?")
    return code, found


def minor(text: str, decimals: int) -> int:
    """Minor units of a decimal text such as "12.50". Raises InputError (form, decimals, zero, size)."""
    text = text.strip().replace(" ", "")
    if len(text) > AMOUNT_CHARS_MAX or not _AMOUNT.fullmatch(text):
        raise InputError("amount_form", amount=text[:AMOUNT_CHARS_MAX])
    whole, _, part = text.replace(",", ".").partition(".")
    if len(part) > decimals:
        raise InputError("amount_decimals", amount=text, decimals=decimals)
    value = int(whole + part.ljust(decimals, "0"))
    if not value:
        raise InputError("amount_zero")
    if value > INT_MAX:
        raise InputError("amount_size", amount=text)
    return value


def period_ms(seconds: int, name: str) -> int:
    """A duration in ms; raises InputError outside 0 … 366 days."""
    if not 0 <= seconds * 1000 <= PERIOD_MS_MAX:
        raise InputError("period_bounds", name=name, seconds=seconds)
    return int(seconds) * 1000


def one_line(text: str, field: str, most_bytes: int) -> str:
    """Text for a title or name. Raises InputError (empty, too long, control characters)."""
    text = " ".join(text.split())
    if not text:
        raise InputError("text_empty", field=field)
    if len(text.encode()) > most_bytes:
        raise InputError("title_too_long", field=field, limit=most_bytes)
    if any(c < " " or "\x7f" <= c <= "\x9f" for c in text):
        raise InputError("text_control", field=field)
    return text
