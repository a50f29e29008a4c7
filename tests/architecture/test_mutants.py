"""Mutants go out of date silently: each must find its text in the code that it changes, and its tests must exist."""

from __future__ import annotations

import pytest

from tools.mutate import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_finds_its_text_once(mutant: Mutant) -> None:
    for edit in mutant.edits:
        text = (ROOT / "dao_app" / edit.file).read_text("utf-8")
        assert text.count(edit.old) == 1, edit
    for word in mutant.notices:
        if word.endswith(".py"):
            assert (ROOT / word).is_file()
