"""Dates, lengths of time and sizes as people type them. Raises InputError."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from dao_app.app.errors import InputError
from dao_app.core.limits import DUE_MS_MAX

_DAY = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日)"
    r"(?:[T ]\s*([0-9]{1,2})[:：]([0-9]{2})(?:[:：][0-9]{2}(?:\.[0-9]+)?)?(Z)?)?",
    re.ASCII,
)
_END_OF_DAY = (23, 59)
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def read_date(text: str, zone: tzinfo | None = None) -> int:
    """Ms since 1970 UTC of "2026-03-12", "2026/3/12 16:00" or "2026年3月12日"; without a time the end of that day.
    ``zone`` None: the machine's. "" is no date: 0."""
    text = text.strip()
    if not text:
        return 0
    found = _DAY.fullmatch(text)
    if not found:
        raise InputError("date_form", date=text[:40])
    year, month, day = int(found[1]), int(found[2] or found[4]), int(found[3] or found[5])
    hour, minute = (int(found[6]), int(found[7])) if found[6] else _END_OF_DAY
    try:
        moment = datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00")
        if found[8]:
            moment = datetime.fromisoformat(moment.isoformat() + "+00:00")
        elif zone is not None:
            moment = moment.replace(tzinfo=zone)
        ms = int(moment.timestamp()) * 1_000
    except (ValueError, OverflowError, OSError) as error:
        raise InputError("date_form", date=text[:40]) from error
    if not 0 < ms <= DUE_MS_MAX:
        raise InputError("date_form", date=text[:40])
    return ms


def read_length(text: str) -> int | None:
    """Seconds of "90", "90s", "15m", "2h", "7d" or "2w"; None: no such thing."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw]?)", text.strip().lower(), re.ASCII)
    return int(found[1]) * _UNIT_S[found[2]] if found else None


def read_size(text: str) -> int | None:
    """Bytes of "1024", "500 MB" or "2GiB" (powers of 1,024 either way); None: no such thing."""
    found = re.fullmatch(r"([0-9]{1,12})\s*([kmgt]?)(?:i?b)?", text.strip().lower(), re.ASCII)
    return int(found[1]) * 1024 ** " kmgt".index(found[2] or " ") if found else None
