"""The tables of mutants fit the code, so that `make mutants` tests what it says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLES = sorted((ROOT / "scripts" / "mutants").glob("*.toml"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_mutant_changes_exactly_one_place(path: Path):
    """The old text of each mutant is found once in its file, and the new text differs."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    misfits = [
        mutant["breaks"]
        for mutant in table["mutant"]
        for source in [(ROOT / mutant.get("file", table.get("file"))).read_text(encoding="utf-8")]
        if source.count(mutant["old"]) != 1 or mutant["old"] == mutant["new"]
    ]
    assert misfits == []


def test_no_rule_is_broken_twice():
    """Each mutant of a room breaks a rule of its own."""
    for path in TABLES:
        rules = [one["breaks"] for one in tomllib.loads(path.read_text("utf-8"))["mutant"]]
        assert len(set(rules)) == len(rules) >= 8
