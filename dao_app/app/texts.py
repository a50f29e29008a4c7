"""The one catalogue of texts, for window and command line, in English and Simplified Chinese.

A catalogue is a flat JSON object: key → text, or key → {"one": …, "other": …} where English counts.
Placeholders are ``{name}``; integers are written with thousands separators. ``n`` chooses the plural form.
A missing key is an error of ours and is shown as the key itself, so that nothing foreign is evaluated.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, NamedTuple

from dao_app.app.errors import GuildhallError
from dao_app.app.views import AmountView

LANGUAGES = ("en", "zh")
MINUS = "\u2212"  # the true minus sign, as wide as a figure
ISOLATE_FIRST = "\u2068"
ISOLATE_END = "\u2069"
SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

Forms = str | dict[str, str]
DateStyle = Literal["day", "weekday", "time", "full"]


class ErrorText(NamedTuple):
    """What a person reads after a refusal; ``str()`` gives it in three lines."""

    happened: str
    undone: str
    todo: str

    def __str__(self) -> str:
        return "\n".join(line for line in self if line)


def resource(*parts: str) -> Traversable:
    """A file of the resources folder, installed as a package or in the checkout."""
    try:
        root: Traversable = resources.files("guildhall_resources")
    except ModuleNotFoundError:
        root = Path(__file__).resolve().parents[2] / "resources"
    return root.joinpath(*parts)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, Forms]:
    """All texts of a language ("en" or "zh")."""
    loaded: dict[str, Forms] = json.loads(resource("strings", f"{language}.json").read_text(encoding="utf-8"))
    return loaded


def language_of(locale_name: str) -> str:
    """The catalogue for a locale such as "zh_CN.UTF-8": Chinese for any zh, else English."""
    return "zh" if locale_name.lower().startswith("zh") else "en"


def isolate(foreign: str) -> str:
    """Foreign text between directional isolates, on one line, without control or override characters."""
    kept = "".join(" " if c in "\n\r\t" else c for c in foreign if c in "\n\r\t" or not is_control(c))
    return f"{ISOLATE_FIRST}{kept}{ISOLATE_END}" if kept else ""


def is_control(char: str) -> bool:
    """Does this character steer rather than show: control, direction, lone surrogate?"""
    code = ord(char)
    return (
        code < 0x20
        or 0x7F <= code < 0xA0
        or code in (0x200E, 0x200F, 0x061C, 0xFEFF)
        or 0x2028 <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or 0xD800 <= code <= 0xDFFF
    )


class Texts:
    """Texts and formats of one language, in the viewer's time zone (``zone`` None: the machine's)."""

    def __init__(self, language: str, zone: tzinfo | None = None) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.zone = zone
        self._table = catalogue(self.language)

    # -- texts ---------------------------------------------------------------------------------
    def has(self, key: str) -> bool:
        return key in self._table

    def t(self, key: str, /, **params: object) -> str:
        """The text of a key with its placeholders filled; ``n`` chooses between one and other."""
        forms = self._table.get(key)
        if forms is None:
            return key
        if isinstance(forms, dict):
            forms = forms["one" if params.get("n") == 1 else "other"]
        if not params:
            return forms
        shown = {name: self._param(value) for name, value in params.items()}
        try:
            return forms.format_map(shown)
        except (KeyError, IndexError, ValueError):
            return forms

    def _param(self, value: object) -> str:
        if isinstance(value, bool):
            return str(value)
        return self.number(value) if isinstance(value, int) else str(value)

    def reason(self, code: str) -> str:
        """Why an action has no effect, from its rejection code."""
        key = f"reject.{code}"
        return self.t(key).split("\n")[0] if self.has(key) else self.t("reject.other", code=code)

    def action(self, kind: str) -> str:
        """What somebody did, from the action type ("task.claim" → "claimed the task")."""
        key = f"action.{kind}"
        return self.t(key) if self.has(key) else self.t("action.other", type=kind)

    def finding(self, code: str, params: Mapping[str, str]) -> str:
        """A line of the doctor; what ends with _ms is a time, shown under its name without that."""
        shown = {
            name.removesuffix("_ms"): self.stamp(int(value)) if name.endswith("_ms") else value
            for name, value in params.items()
        }
        return self.t(f"doctor.{code}", **shown)

    def error_text(self, error: GuildhallError) -> ErrorText:
        """What happened, what was not done and what to do; foreign parameters are isolated."""
        params = {name: isolate(value) for name, value in error.params.items()}
        field = f"field.{error.params.get('field', '')}"
        if self.has(field):
            params["field"] = self.t(field)
        if error.code.startswith("reject."):
            lines = self.t(error.code, **params).split("\n") if self.has(error.code) else []
            reason = lines[0] if lines else self.t("reject.other", code=error.code)
            return ErrorText(reason, self.t("error.refused_undone"), lines[1] if len(lines) > 1 else "")
        key = f"error.{error.code}"
        if not self.has(key):
            details = ", ".join(f"{name}: {value}" for name, value in sorted(params.items()))
            lines = self.t("error.unknown", code=error.code, details=details).split("\n")
        else:
            lines = self.t(key, **params).split("\n")
        happened, undone, todo = (*lines, "", "", "")[:3]
        return ErrorText(happened, undone, todo)

    # -- numbers and amounts -------------------------------------------------------------------
    def number(self, value: int) -> str:
        """An integer with thousands separators and a true minus sign."""
        return f"{abs(value):,}" if value >= 0 else f"{MINUS}{abs(value):,}"

    def figure(self, minor: int, decimals: int, signed: bool = False) -> str:
        """An amount without its unit; decimals are left out where all are zero."""
        whole, part = divmod(abs(minor), 10**decimals)
        text = f"{whole:,}" + (f".{part:0{decimals}d}" if part else "")
        sign = MINUS if minor < 0 else "+" if signed and minor > 0 else ""
        return sign + text

    def amount(self, amount: AmountView, signed: bool = False) -> str:
        """An amount with its unit: "1,840 GLD"."""
        return f"{self.figure(amount.minor, amount.decimals, signed)}\u00a0{amount.unit}"

    def score(self, printed: str) -> str:
        """A printed score (an integer, a fraction "7/3" or a decimal): integers grouped, others with two decimals."""
        exact = Fraction(printed)
        return self.number(int(exact)) if exact.denominator == 1 else self.figure(round(exact * 100), 2)

    def percent(self, part: int, whole: int) -> str:
        """A share as a whole percentage, rounded to nearest; 0 of 0 is 0."""
        return f"{(200 * part + whole) // (2 * whole) if whole else 0}\u202f%"

    def basis_points(self, value: int) -> str:
        """5000 → "50 %", 5025 → "50.25 %"."""
        whole, part = divmod(value, 100)
        return (f"{whole}.{part:02d}".rstrip("0") if part else str(whole)) + "\u202f%"

    def join(self, words: tuple[str, ...] | list[str]) -> str:
        """Words as a list in the language's form."""
        return ("、" if self.language == "zh" else ", ").join(words)

    # -- time ----------------------------------------------------------------------------------
    def local(self, ms: int) -> datetime:
        """The moment in the viewer's time zone; times out of the calendar's range are brought to its edge."""
        seconds = min(max(ms // 1000, -62_135_000_000), 253_402_000_000)
        return datetime.fromtimestamp(seconds, self.zone) if self.zone else datetime.fromtimestamp(seconds).astimezone()

    def clock(self, ms: int) -> str:
        """ "16:05"."""
        return self.local(ms).strftime("%H:%M")

    def day(self, ms: int, now_ms: int) -> str:
        """ "today", "yesterday", "tomorrow" or the date; the year only where it is another one."""
        moment, now = self.local(ms), self.local(now_ms)
        distance = (moment.date() - now.date()).days
        near = {0: "time.today", -1: "time.yesterday", 1: "time.tomorrow"}.get(distance)
        return self.t(near) if near else self.date(ms, year=moment.year != now.year)

    def date(self, ms: int, year: bool = True) -> str:
        """ "12 March 2026" / "2026 年 3 月 12 日"."""
        moment = self.local(ms)
        key = "time.date_year" if year else "time.date"
        return self.t(key, day=str(moment.day), month=self.month(moment.month), year=str(moment.year))

    def weekday(self, ms: int) -> str:
        """ "Thursday 12 March" / "3 月 12 日 星期四"."""
        return self.day_name(self.local(ms).date())

    def day_name(self, day: dt.date) -> str:
        """A calendar day: "Thursday 12 March"."""
        shown = self.t("time.date", day=str(day.day), month=self.month(day.month))
        return self.t("time.weekday_date", weekday=self.weekday_name(day), date=shown)

    def weekday_name(self, day: dt.date) -> str:
        """ "Thursday" / "星期四"."""
        return self.t(f"time.weekday{day.isoweekday()}")

    def month_name(self, day: dt.date) -> str:
        """The month of a day: "March 2026"."""
        return self.t("time.month_year", month=self.month(day.month), year=str(day.year))

    def moment(self, ms: int, now_ms: int) -> str:
        """Day and time, shortest that is unambiguous: "09:31", "yesterday 21:04", "10 March"."""
        distance = (self.local(ms).date() - self.local(now_ms).date()).days
        if distance == 0:
            return self.clock(ms)
        if abs(distance) == 1:
            return self.t("time.day_time", day=self.day(ms, now_ms), time=self.clock(ms))
        return self.day(ms, now_ms)

    def stamp(self, ms: int) -> str:
        """Date and time in full, for tooltips and the log."""
        return self.t("time.day_time", day=self.date(ms), time=self.local(ms).strftime("%H:%M:%S"))

    def until(self, ms: int, now_ms: int) -> str:
        """Day and time of a deadline: "today 16:00", "14 March 18:00"."""
        return self.t("time.day_time", day=self.day(ms, now_ms), time=self.clock(ms))

    def duration(self, ms: int, parts: int = 2) -> str:
        """A length of time in its largest units: "6 h 18 min", "3 days", "45 s"."""
        rest, found = max(ms, 0), []
        for key, size in (("days", DAY_MS), ("hours", HOUR_MS), ("minutes", MINUTE_MS), ("seconds", SECOND_MS)):
            count, rest = divmod(rest, size)
            if count:
                found.append(self.t(f"time.{key}", n=count))
            elif found:
                break
            if len(found) == parts:
                break
        return " ".join(found) or self.t("time.seconds", n=0)

    def ago(self, ms: int, now_ms: int) -> str:
        """ "just now", "2 min ago", "3 h ago", then the date."""
        passed = now_ms - ms
        if passed < MINUTE_MS:
            return self.t("time.just_now")
        if passed < DAY_MS:
            return self.t("time.ago", duration=self.duration(passed, parts=1))
        return self.day(ms, now_ms)

    def month(self, month: int) -> str:
        """ "March" by its number from 1, as dates are put together of it."""
        return self.t(f"time.month{month}")
