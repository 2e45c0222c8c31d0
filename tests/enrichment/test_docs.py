"""The documentation says what the code does."""

import doctest
from pathlib import Path

from pandakit.enrichment._rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "enrichment.md"


def rules_table():
    """Give the table of rules as the page must have it."""
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
