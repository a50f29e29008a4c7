"""The Trust page's connection tab: each finding in words, in the language of now."""

from __future__ import annotations

from collections.abc import Callable

from dao_app.app.texts import Texts, isolate
from dao_app.ui.pages.trust import TrustPage
from dao_app.ui.widgets.labels import Paragraph
from tests.fakes.engine import FINDINGS
from tests.ui.conftest import Opened


def lines(page: TrustPage) -> list[str]:
    return [label.text() for label in page.connection.findChildren(Paragraph) if label.accessibleName()]


def test_findings_are_lines_in_both_languages(opened: Callable[..., Opened]) -> None:
    for language, problem in (("en", "Problem: "), ("zh", "问题")):
        o = opened(language=language)
        o.go("trust", "connection")
        page = o.window.shell.trust
        texts = Texts(language)
        o.until(lambda page=page: len(lines(page)) == len(FINDINGS))
        named = {"org": isolate("Example Alliance")}
        assert lines(page) == [texts.finding(finding.code, {**finding.params, **named}) for finding in FINDINGS]
        spoken = [label.accessibleName() for label in page.connection.findChildren(Paragraph)]
        assert sum(name.startswith(problem) for name in spoken) == 1


def test_checking_again_replaces_the_lines(opened: Callable[..., Opened]) -> None:
    o = opened()
    o.go("trust", "connection")
    page = o.window.shell.trust
    page.connection.show_findings(FINDINGS[:1])
    assert len(lines(page)) == 1
    page.connection.refresh()
    o.until(lambda: len(lines(page)) == len(FINDINGS))
