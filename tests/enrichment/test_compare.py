"""What an upload would change."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.enrichment import EnrichmentSchema, diff_enrichment, write_enrichment_csv
from tests.fuzz import examples

SCHEMA = EnrichmentSchema(["host", "site"], ["owner", "tier"])
OLD = pd.DataFrame(
    [("a", "x", "ann", 1), ("b", "x", "bob", 2), ("c", "x", "eve", None)], columns=SCHEMA.columns
)


def changed(new, old=OLD):
    """Return the changes as lists, `None` where there is nothing."""
    frame = diff_enrichment(new, old, SCHEMA)
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def test_equal_tables_have_no_changes():
    """Other types, another order of rows or columns, and files change nothing."""
    assert changed(OLD) == []
    assert changed(OLD.iloc[::-1, ::-1]) == []
    assert changed(OLD.astype({"tier": "Int64"}).astype("string")) == []


def test_rows_added_changed_removed():
    """New rows come in the new order with their values, then those that are gone."""
    new = pd.DataFrame(
        [("d", "x", "dan", 4), ("b", "x", "bob", 9), ("a", "x", "ann", 1)], columns=SCHEMA.columns
    )
    assert list(diff_enrichment(new, OLD, SCHEMA)) == [
        "change",
        "host",
        "site",
        "owner.old",
        "owner.new",
        "tier.old",
        "tier.new",
    ]
    assert changed(new) == [
        ["added", "d", "x", None, "dan", None, "4"],
        ["changed", "b", "x", "bob", "bob", "2", "9"],
        ["removed", "c", "x", "eve", None, "", None],
    ]


def test_keys_that_stand_twice_are_taken_in_order():
    """A table with a key twice is compared occurrence by occurrence."""
    old = pd.concat([OLD, OLD.iloc[[0]].assign(owner="zoe")])
    assert changed(OLD, old) == [["removed", "a", "x", "zoe", None, "1", None]]
    assert changed(old, OLD) == [["added", "a", "x", None, "zoe", None, "1"]]


def test_against_the_last_file(tmp_path):
    """The last written file serves as the old table."""
    file = write_enrichment_csv(OLD, SCHEMA, tmp_path / "t.csv")
    for old in (file, file.path):
        assert changed(OLD, old) == []
        assert changed(OLD.iloc[1:], old) == [["removed", "a", "x", "ann", None, "1", None]]


@pytest.mark.parametrize("empty", ["new", "old"])
def test_empty_tables(empty):
    """Against nothing every row is added, or removed."""
    none = OLD.iloc[:0]
    kinds = [row[0] for row in (changed(none, OLD) if empty == "new" else changed(OLD, none))]
    assert kinds == (["removed"] if empty == "new" else ["added"]) * 3
    assert changed(none, none) == []


names = st.sampled_from(["a", "b", "c"])
tables = st.dictionaries(st.tuples(names, names), st.tuples(names, names), max_size=6)


@given(tables, tables)
@examples(quick=15, full=1500)
def test_agrees_with_dictionaries(new, old):
    """For any two tables with unique keys the changes are those of two dictionaries."""
    frames = [
        pd.DataFrame([(*key, *row) for key, row in table.items()], columns=SCHEMA.columns)
        for table in (new, old)
    ]
    kinds = {(row[1], row[2]): row[0] for row in changed(*frames)}
    expected = {key: "added" for key in new if key not in old}
    expected |= {key: "removed" for key in old if key not in new}
    expected |= {key: "changed" for key in new if key in old and new[key] != old[key]}
    assert kinds == expected
