"""The documentation says what the code does."""

import doctest
import re
from pathlib import Path

from pandakit.enrichment._checks.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "enrichment.md"


def rules_table():
    """Return the table of rules as the page must have it."""
    lines = ["| rule | severity | what it says | source |", "|---|---|---|---|"]
    for rule in RULES.values():
        source = f'"{rule.source}"' if rule.source[:3] not in {"RFC", "our"} else rule.source
        lines.append(f"| `{rule.name}` | {rule.severity} | {rule.message} | {source} |")
    return "\n".join(lines)


def test_the_page_has_every_rule():
    """The table of rules on the page is the table in the code."""
    page = PAGE.read_text("utf-8")
    assert (
        page.split("<!-- rules -->")[1].split("<!-- end of rules -->")[0].strip() == rules_table()
    )


def test_every_fault_of_the_page_has_its_test():
    """The page lists U1 to U14, and each has a test of that name."""
    page = PAGE.read_text("utf-8")
    table = page.split("<!-- faults -->")[1].split("<!-- end of faults -->")[0]
    listed = re.findall(r"^\| U(\d+) \|", table, re.MULTILINE)
    assert listed == [str(number) for number in range(1, 15)]
    tests = (PAGE.parents[1] / "tests/services/test_bigpanda_upload_faults.py").read_text("utf-8")
    assert set(re.findall(r"^def test_u(\d+)_", tests, re.MULTILINE)) == set(listed)


def test_the_examples_run(tmp_path):
    """Every example on the page gives what it shows."""
    results = doctest.testfile(
        str(PAGE),
        module_relative=False,
        globs={"getfixture": lambda _: tmp_path},
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        encoding="utf-8",
    )
    assert results.attempted > 10
    assert results.failed == 0
