"""Texts: plural forms, foreign parameters, numbers, amounts, dates and durations in both languages."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from dao_app.app.errors import InputError, Refused
from dao_app.app.texts import MINUS, Texts, isolate, language_of
from dao_app.app.views import AmountView

NOW = 1_773_305_040_000  # Thursday 12 March 2026, 08:44 UTC
HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def en() -> Texts:
    return Texts("en", UTC)


@pytest.fixture
def zh() -> Texts:
    return Texts("zh", UTC)


def test_english_counts_and_chinese_does_not(en: Texts, zh: Texts) -> None:
    assert en.t("org.members", n=1) == "1 member"
    assert en.t("org.members", n=1284) == "1,284 members"
    assert zh.t("org.members", n=1) == "1 名成员"


def test_a_missing_key_is_shown_as_itself_and_nothing_is_evaluated(en: Texts) -> None:
    assert en.t("no.such.key", name="{0.__class__}") == "no.such.key"
    assert en.t("task.by", name="{n} {0}") == "by {n} {0}"


def test_unknown_language_is_english() -> None:
    assert Texts("fr").language == "en"
    assert (language_of("zh_CN.UTF-8"), language_of("de_DE")) == ("zh", "en")


@pytest.mark.parametrize(
    ("minor", "decimals", "shown"),
    [
        (184000, 2, "1,840"),
        (-32050, 2, f"{MINUS}320.50"),
        (5, 2, "0.05"),
        (0, 2, "0"),
        (7, 0, "7"),
        (10**15, 6, "1,000,000,000"),
    ],
)
def test_amounts_keep_their_decimals(en: Texts, minor: int, decimals: int, shown: str) -> None:
    assert en.figure(minor, decimals) == shown


def test_signed_amount_has_its_unit(en: Texts) -> None:
    assert en.amount(AmountView("GLD", 6000, 2), signed=True) == "+60\u00a0GLD"


def test_shares_are_rounded_from_integers(en: Texts) -> None:
    assert en.percent(2, 3) == "67\u202f%"
    assert en.percent(0, 0) == "0\u202f%"
    assert en.basis_points(5025) == "50.25\u202f%"


def test_days_are_named_in_the_viewers_zone(en: Texts, zh: Texts) -> None:
    assert en.moment(NOW, NOW) == "08:44"
    assert en.moment(NOW - DAY, NOW) == "yesterday 08:44"
    assert en.until(NOW + DAY, NOW) == "tomorrow 08:44"
    assert zh.moment(NOW - 2 * DAY, NOW) == "3 月 10 日"
    assert zh.weekday(NOW) == "3 月 12 日 星期四"
    late = Texts("en", timezone(timedelta(hours=20)))
    assert late.until(NOW, NOW - 10 * HOUR) == "tomorrow 04:44"
    assert en.date(NOW - 400 * DAY) == "5 February 2025"


def test_times_out_of_the_calendar_do_not_fail(en: Texts) -> None:
    assert en.date(2**53 - 1)
    assert en.date(-(2**53))


def test_durations_have_two_parts_at_most(en: Texts, zh: Texts) -> None:
    assert en.duration(6 * HOUR + 18 * 60_000 + 5_000) == "6 h 18 min"
    assert en.duration(DAY) == "1 day"
    assert en.duration(999) == "0 s"
    assert zh.duration(3 * DAY + HOUR, parts=1) == "3 天"


def test_error_says_what_happened_what_not_and_what_to_do(en: Texts, zh: Texts) -> None:
    text = en.error_text(InputError("amount_form", amount="12,5\u202e"))
    assert text.happened == "“\u206812,5\u2069” is no amount."
    assert (text.undone, bool(text.todo)) == ("Nothing was signed.", True)
    assert len(str(zh.error_text(InputError("amount_form", amount="x"))).split("\n")) == 3


def test_refusal_names_its_reason(en: Texts) -> None:
    text = en.error_text(Refused("reject.own_work"))
    assert text.happened == "Nobody accepts their own work."
    assert text.undone == "Nothing was signed."
    assert en.reason("own_work") == text.happened


def test_unknown_error_keeps_code_and_details(en: Texts) -> None:
    text = en.error_text(InputError("never_heard_of", path="a"))
    assert "never_heard_of" in text.happened
    assert "path" in text.happened


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u2069", "\u200f", "\x00", "\x1b", "\u2028", "\ud800"])
def test_foreign_text_loses_what_steers_the_line(char: str) -> None:
    assert isolate(f"a{char}b") == "\u2068ab\u2069"


def test_line_breaks_in_a_title_become_spaces() -> None:
    assert isolate("a\nb\tc") == "\u2068a b c\u2069"
    assert isolate("\u202e") == ""
