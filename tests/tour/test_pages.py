"""The pages for contributors name what is there."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = [p for p in sorted((ROOT / "docs/decisions").glob("[a-z]*.md")) if p.stem != "index"]
PAGES = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "README.md")]
PAGES += [ROOT / "docs" / "architecture.md", *DECISIONS]
TOP = {path.name for path in ROOT.iterdir()}
MADE = ("demo-output", "docs/_build")  # by a command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_on_a_page_is_there(page):
    """A path of the repository that a page names exists: pages follow when files move."""
    found = re.findall(r"`((?:\w+/)+[\w./-]*|[\w-]+\.(?:md|py|toml))`", page.read_text("utf-8"))
    paths = [path for path in found if path.split("/")[0] in TOP]
    gone = [path for path in paths if not path.startswith(MADE) and not (ROOT / path).exists()]
    assert gone == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_four_parts(page):
    """Each record has context, decision, rejected options and what holds it."""
    heads = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert heads == ["Context", "Decision", "Rejected", "Held by"]


def test_the_tree_on_the_page_is_that_of_the_package():
    """docs/architecture.md names every module and package at the top of pandakit, and no other."""
    tree = (ROOT / "docs/architecture.md").read_text("utf-8").split("```")[1]
    named = set(re.findall(r"^  (.+?)(?:   |$)", tree, re.MULTILINE))
    listed = {name.strip("/") for group in named for name in group.split()}
    there = {path.name for path in (ROOT / "pandakit").iterdir() if path.suffix in {"", ".py"}}
    assert listed == there - {"__init__.py", "__main__.py", "__pycache__"}


def test_every_verb_on_the_pages_is_one_of_make():
    """`make x` on a page is a target of the Makefile."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        verb
        for page in PAGES
        for verb in re.findall(r"(?:`|^)make ([\w-]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert named - targets == set()


def test_the_code_on_the_page_about_loading_gives_what_is_shown():
    """Every example of docs/loading.md runs and returns what stands below it."""
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    page = ROOT / "docs" / "loading.md"
    done = doctest.testfile(str(page), module_relative=False, optionflags=options)
    assert done.attempted > 12
    assert done.failed == 0
