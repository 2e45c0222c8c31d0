"""The page about columns is what the tables say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make_docs():
    """Load the script that writes the page."""
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_columns_page_is_fresh():
    """docs/columns.md is, byte for byte, what `make docs` writes."""
    written = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    assert written == make_docs().columns_page()


def test_every_column_says_what_it_is():
    """No declared column of any service lacks its meaning."""
    script = make_docs()
    tables = [row.columns for row in (*script.PANTHER.values(), *script.BIGPANDA.values())]
    tables += [
        script.EVENT_COLUMNS,
        script.ROOT_COLUMNS,
        script.SCHEMA_COLUMNS,
        *(each for _, each in script.CHILDREN),
    ]
    nameless = [column.name for columns in tables for column in columns if not column.meaning]
    assert nameless == []
    for columns in tables:
        names = [column.name for column in columns]
        assert len(names) == len(set(names))
