"""Rows against each other: duplicates, keys with two results, keys that differ by case."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from pandakit.enrichment import (
    EnrichmentSchema,
    validate_enrichment,
)
from pandakit.enrichment._checks import duplicates as _duplicates
from pandakit.enrichment._source import source as _source
from tests.fuzz import examples

SCHEMA = EnrichmentSchema(["a", "b"], ["c"])
COUNTED = pa.proxy_memory_pool(pa.default_memory_pool())  # must outlive what it allocates


def repeats(rows, **options):
    """Return the findings about repeated rows: rule, row, key."""
    table = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object)
    report = validate_enrichment(table, SCHEMA, **options)
    rules = {"duplicate_row", "key_conflict", "key_case"}
    every = (*report.errors, *report.warnings)
    return [(each.rule, each.row, each.value) for each in every if each.rule in rules]


def test_the_same_row_twice():
    """Every row after the first with its text is an error that names the first."""
    rows = [("x", "y", "1"), ("p", "q", "1"), ("x", "y", "1"), ("x", "y", "1")]
    assert repeats(rows) == [("duplicate_row", 2, "x, y"), ("duplicate_row", 3, "x, y")]
    report = validate_enrichment(pd.DataFrame(rows, columns=["a", "b", "c"]), SCHEMA)
    assert report.errors[0].message == "the same text as row 0"


def test_one_key_with_two_results():
    """A key that has other results than before is an error; a duplicate is not counted again."""
    rows = [("x", "y", "1"), ("x", "y", "2"), ("x", "y", "1"), ("x", "z", "2")]
    assert repeats(rows) == [("duplicate_row", 2, "x, y"), ("key_conflict", 1, "x, y")]


@pytest.mark.parametrize("same", [(1, 1.0, "1"), (True, "true", "true"), (None, "", np.nan)])
def test_equal_is_what_is_sent_as_the_same_text(same):
    """Cells of different types are equal when their text is."""
    rows = [("x", "y", cell) for cell in same]
    assert repeats(rows) == [("duplicate_row", 1, "x, y"), ("duplicate_row", 2, "x, y")]


def test_values_do_not_run_together():
    """Where one value ends and the next begins is part of the key."""
    assert repeats([("ab", "c", "1"), ("a", "bc", "1"), ("abc", "", "1"), ("", "abc", "1")]) == []
    assert repeats([("\0", "", "1"), ("", "\0", "1"), ("\0\0", "", "1")]) == []


def test_keys_that_differ_by_case():
    """A key that another row has in other letters is warned of, once a spelling."""
    rows = [("Web", "y", "1"), ("web", "Y", "2"), ("WEB", "y", "3"), ("web", "Y", "2")]
    assert repeats(rows) == [
        ("duplicate_row", 3, "web, Y"),
        ("key_case", 1, "web, Y"),
        ("key_case", 2, "WEB, y"),
    ]
    assert repeats([("É", "y", "1"), ("é", "y", "1")]) == [("key_case", 1, "é, y")]
    assert repeats([("Web", "y", "1"), ("db", "y", "1")]) == []


def test_cells_without_text_form_are_not_taken_for_equal():
    """Two different objects that cannot be sent are no duplicates of each other."""
    assert repeats([("x", "y", b"1"), ("x", "y", b"2")]) == [("key_conflict", 1, "x, y")]


texts = st.sampled_from(["", "a", "A", "b", "ab", "aaaaaaaa", "aaaaaaaab", "é", "É", " a"])
tables = st.lists(st.tuples(texts, texts, texts), max_size=12)


def expected(rows):
    """Return the same findings by dictionaries."""
    seen, keys, folded, spellings = {}, {}, {}, set()
    bad = {"duplicate_row": [], "key_conflict": [], "key_case": []}
    for at, row in enumerate(rows):
        key = row[:2]
        if row in seen:
            bad["duplicate_row"].append(at)
        elif key in keys:
            bad["key_conflict"].append(at)
        low = tuple(cell.lower() for cell in key)
        if folded.setdefault(low, key) != key and key not in spellings:
            bad["key_case"].append(at)
        spellings.add(key)
        seen.setdefault(row, at)
        keys.setdefault(key, at)
    return [(rule, at) for rule, rows in bad.items() for at in rows]


@given(tables)
@examples(quick=20, full=2000)
def test_agrees_with_plain_dictionaries(rows):
    """For any small table the findings are those of three dictionaries."""
    assert [each[:2] for each in repeats(rows)] == expected(rows)


@pytest.mark.parametrize("hashes", [0, 1])
@given(rows=tables)
@examples(quick=20, full=600)
def test_hashes_only_say_where_to_look(hashes, rows):
    """When every hash collides, the findings are the same: the text decides."""

    def colliding(columns):
        return np.full(len(columns[0]), hashes, np.uint64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_duplicates, "row_hashes", colliding)
        patch.setattr(_duplicates, "key_hashes", colliding)
        assert [each[:2] for each in repeats(rows)] == expected(rows)


@pytest.mark.parametrize("at_once", [1, 500, 1_000_000])
@pytest.mark.parametrize("hashes", [3, 10, 1_000])
def test_finds_repeats_far_apart(monkeypatch, at_once, hashes):
    """Repeats are found in any batches, however few hashes and bytes of text are held at a time."""
    monkeypatch.setattr(_duplicates, "_AT_ONCE", at_once)
    monkeypatch.setattr(_duplicates, "_MOST_HASHES", hashes)
    monkeypatch.setattr(_source, "_BATCH_ROWS", 7)
    keys = [f"k{n % 10}" for n in range(25)]
    rows = [(key, "", str(n // 20)) for n, key in enumerate(keys)]
    found = repeats(rows)
    assert {row for rule, row, _ in found if rule == "duplicate_row"} == set(range(10, 20))
    assert {row for rule, row, _ in found if rule == "key_conflict"} == set(range(20, 25))


def test_the_first_rows_are_listed(monkeypatch):
    """Of many repeats the report lists those with the lowest row numbers, and counts all."""
    monkeypatch.setattr(_duplicates, "_AT_ONCE", 500)
    rows = [(f"k{n % 50}", "", str(n % 2)) for n in range(400)]
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    report = validate_enrichment(table, SCHEMA, max_findings=3)
    assert [each.row for each in report.errors] == [50, 51, 52, None]
    assert "row 0" in report.errors[0].message
    assert report.n_errors == 350


def test_one_key_for_all_rows():
    """A key with ever new results is counted row by row."""
    table = pd.DataFrame({"a": "x", "b": "y", "c": [str(n) for n in range(300)]})
    report = validate_enrichment(table, SCHEMA, max_findings=1)
    assert report.counts.to_dict("list")["count"] == [299]
    assert report.errors[0].rule == "key_conflict"


@pytest.mark.parametrize("copies", [2, 30_000])
def test_memory_where_every_row_repeats(monkeypatch, copies):
    """A table that is all repeats takes a small part of its own size to compare."""
    monkeypatch.setattr(_duplicates, "_AT_ONCE", 2 << 20)
    count = 60_000
    keys = pa.array([f"host-{n % (count // copies):08}-" + "x" * 80 for n in range(count)])
    table = pa.table({"a": keys, "b": keys, "c": keys}).to_pandas(types_mapper=pd.ArrowDtype)
    usual = pa.default_memory_pool()
    pa.set_memory_pool(COUNTED)
    try:
        report = validate_enrichment(table, SCHEMA, max_findings=1)
    finally:
        pa.set_memory_pool(usual)
    assert report.n_errors == count - count // copies
    assert COUNTED.max_memory() < 20 << 20


def test_a_table_in_many_arrow_pieces_is_one_table():
    """How Arrow cuts a column into chunks changes nothing, values on the borders included."""
    pieces = pa.chunked_array([["k1", "k2"], [], ["k3"], ["k1", "k2xxxxxxxxxx", "k2"]])
    table = pd.DataFrame({"a": pd.Series(pieces, dtype=pd.ArrowDtype(pa.string()))})
    table = table.assign(b="", c=["1", "1", "1", "2", "1", "1"])
    report = validate_enrichment(table, SCHEMA)
    assert [(each.rule, each.row) for each in report.errors] == [
        ("duplicate_row", 5),
        ("key_conflict", 3),
    ]
    assert list(report.counts["count"][report.counts["rule"] == "empty_key"]) == [6]
