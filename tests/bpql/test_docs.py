"""The page about BPQL says what the package does."""

import inspect
import re
from pathlib import Path

import pytest

from pandakit.bpql import Bpql
from pandakit.errors import BpqlSyntaxError

PAGE = (Path(__file__).parents[2] / "docs" / "bpql.md").read_text(encoding="utf-8")


def rows(heading):
    """Give the cells of the first table below a heading."""
    lines = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def test_rules_on_the_page():
    """Every example in the table of rules is a query."""
    examples = [text for _, cell in rows("Rules") for text in re.findall("`([^`]+)`", cell)]
    assert len(examples) >= 12
    for example in examples:
        assert Bpql(str(Bpql(example))) == Bpql(example)


def test_settings_on_the_page():
    """The table of open readings names every setting, with its default."""
    shown = {
        setting.strip("`"): default.partition(":")[0].partition(" ")[0].strip("`")
        for _, setting, default, _ in rows("Open readings")
    }
    parameters = list(inspect.signature(Bpql).parameters.values())[1:]
    assert shown == {p.name: repr(p.default).replace("'", '"') for p in parameters}


def test_refused_on_the_page():
    """Every operator in the table of refusals is refused, whatever stands around it."""
    found = rows("What is refused")
    words = [word for cell in found[:5] for word in re.findall("`([^`]+)`", cell[0])]
    assert len(words) >= 20
    for word in words:
        with pytest.raises(BpqlSyntaxError, match=r"^BPQL (has no|does not order)"):
            Bpql("host {} a".format(word.replace("\\|", "|")))


def test_message_on_the_page():
    """The error shown on the page is the one that is raised."""
    with pytest.raises(BpqlSyntaxError) as caught:
        Bpql("host = web* AND port < 1024")
    assert f"```\n{caught.value}\n```" in PAGE
