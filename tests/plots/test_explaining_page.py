"""The page about explaining says what the package does."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from pandakit.consolidation import consolidate
from tests.consolidation.test_explain import CASES, frame

PAGE = Path(__file__).parents[2] / "docs" / "explaining.md"


def test_the_code_on_the_page_gives_what_is_shown(tmp_path, monkeypatch):
    """Every example runs and prints what stands below it."""
    monkeypatch.chdir(tmp_path)
    options = doctest.NORMALIZE_WHITESPACE
    done = doctest.testfile(str(PAGE), module_relative=False, optionflags=options)
    assert done.attempted > 10
    assert done.failed == 0
    assert (tmp_path / "sweep.png").exists()


def test_every_reason_is_on_the_page():
    """The table of reasons names exactly the reasons that candidates can have."""
    reasons = set()
    for policy, lines, _ in CASES.values():
        result = consolidate(frame(*lines), policy)
        for alert in result.alerts.index:
            for candidate in result.explain(alert).facts["candidates"]:
                reasons.update(candidate["reasons"])
    table = PAGE.read_text(encoding="utf-8").partition("key in `reasons`")[2]
    named = set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", table, re.MULTILINE))
    assert named == reasons
