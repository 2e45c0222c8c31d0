"""Repairs: they change only the cells they list, and never what a table means."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from pandakit.enrichment import EnrichmentSchema, table_text, validate_enrichment
from pandakit.errors import PartialWarning
from tests.fuzz import examples

SCHEMA = EnrichmentSchema(["host", "site"], ["owner"])


def fix(frame, schema=SCHEMA):
    """Fix a table; whitespace that is left is no failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialWarning)
        return validate_enrichment(frame, schema).fix()


def test_fix_makes_safe_repairs_only(schema):
    """Renames by case, trims texts, drops rows with the same text: each is listed."""
    frame = pd.DataFrame(
        {
            "HOST": pd.Series([" a", "b", "b ", "c\n", 7], dtype="object"),
            "owner": pd.Series(["x", "y", "y", [" l"], 1.0], dtype="object"),
        }
    ).set_axis([10, 11, 12, 13, 14], axis=0)
    before = frame.copy(deep=True)
    fixed, changes = validate_enrichment(frame, schema).fix()
    pd.testing.assert_frame_equal(frame, before)
    assert fixed.to_dict("list") == {"host": ["a", "b", "c", 7], "owner": ["x", "y", [" l"], 1.0]}
    assert list(fixed.index) == [10, 11, 13, 14]
    listed = changes.astype(object).where(changes.notna(), None).to_numpy().tolist()
    assert listed == [
        ["renamed", "HOST", None, "HOST", "host"],
        ["trimmed", "host", 0, " a", "a"],
        ["trimmed", "host", 2, "b ", "b"],
        ["trimmed", "host", 3, "c\n", "c"],
        ["dropped", None, 2, "b, y", None],
    ]


def test_fix_leaves_conflicts_and_bad_values(schema):
    """What needs a decision stays: two results for a key, inner line breaks, odd objects."""
    rows = {"host": ["a", "a", "b", "c"], "owner": ["1", "2", "x\ny", b"raw "]}
    frame = pd.DataFrame(rows)
    fixed, changes = validate_enrichment(frame, schema).fix()
    pd.testing.assert_frame_equal(fixed, frame)
    assert len(changes) == 0
    assert list(changes) == ["change", "column", "row", "before", "after"]


def test_fix_keeps_rows_whose_odd_cells_differ(schema):
    """Two objects without text form are not the same row, two equal ones are."""
    rows = pd.DataFrame({"host": ["a", "a", "a"], "owner": [b"1", b"2", b"1"]})
    fixed, _ = validate_enrichment(rows, schema).fix()
    assert list(fixed["owner"]) == [b"1", b"2"]


def test_fix_reads_a_file_as_text(schema, tmp_path):
    """A file with marks and ends of Windows becomes a frame that validates."""
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfHost,owner\r\n007, NA\r\nb,c\r\nb,c")
    report = validate_enrichment(path, schema)
    assert {each.rule for each in report.errors} >= {"byte_order_mark", "line_ends"}
    fixed, changes = report.fix()
    assert fixed.to_dict("list") == {"host": ["007", "b"], "owner": ["NA", "c"]}
    assert list(changes["change"]) == ["renamed", "trimmed", "dropped"]
    assert validate_enrichment(fixed, schema).ok


def arrow(kind):
    """Return a function that makes a column of an Arrow type, in two pieces."""

    def make(cells):
        half = len(cells) // 2
        pieces = [pa.array(cells[:half], kind), pa.array(cells[half:], kind)]
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(pieces)))

    return make


def run_end_encoded(cells):
    """Make a run-end encoded column."""
    ends = pa.array(range(1, len(cells) + 1), pa.int32())
    encoded = pa.RunEndEncodedArray.from_arrays(ends, pa.array(cells, pa.string()))
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([encoded])))


def null_label(cells):
    """Make a dictionary column whose missing cells point to a null label, in two pieces."""
    pieces = []
    for part in (cells[: len(cells) // 2], cells[len(cells) // 2 :]):
        labels = list(dict.fromkeys(part))
        codes = pa.array([labels.index(cell) for cell in part], pa.int8())
        pieces.append(pa.DictionaryArray.from_arrays(codes, pa.array(labels, pa.string())))
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(pieces)))


COLUMNS = {
    "object": lambda cells: pd.Series(cells, dtype=object),
    "str": lambda cells: pd.Series(cells, dtype="str"),
    "string": lambda cells: pd.Series(cells, dtype="string"),
    "python": lambda cells: pd.Series(cells, dtype=pd.StringDtype("python", na_value=np.nan)),
    "category": lambda cells: pd.Series(cells, dtype="category"),
    "ordered": lambda cells: pd.Series(pd.Categorical(cells, ordered=True)),
    "sparse": lambda cells: pd.Series(pd.arrays.SparseArray(np.array(cells, dtype=object))),
    "arrow": arrow(pa.string()),
    "large": arrow(pa.large_string()),
    "view": arrow(pa.string_view()),
    "dictionary": arrow(pa.dictionary(pa.int8(), pa.string())),
    "run ends": run_end_encoded,
    "null label": null_label,
}


def cells_of(column):
    """Return the cells of a column as Python objects, missing ones as None."""
    is_arrow = isinstance(column.dtype, pd.ArrowDtype)
    cells = pa.array(column.array).to_pylist() if is_arrow else column.astype(object)
    return [cell if isinstance(cell, str) else None for cell in cells]


def rows_of(frame):
    """Return the rows of a frame as tuples of Python objects."""
    return list(zip(*(cells_of(frame[name]) for name in frame), strict=True))


texts = st.sampled_from(["a", "a ", " a", "b", "b\t", " ", "", None, '"a"', ' "a"', "a|b ", "A "])
tables = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=7)
kinds = st.tuples(*[st.sampled_from(sorted(COLUMNS))] * 3)


@given(tables, kinds)
@examples(quick=20, full=10_000)
def test_the_laws_of_repairs(rows, kinds):
    """For a column of any dtype: listed cells change and no others, and a second time nothing.

    A table that may be sent still may, no key is emptied, and the caller's frame is untouched.
    """
    columns = zip(kinds, zip(*rows, strict=True), strict=True)
    cells = [COLUMNS[kind](list(column)) for kind, column in columns]
    frame = pd.DataFrame(dict(zip(SCHEMA.columns, cells, strict=True)))
    before = rows_of(frame)
    fixed, changes = fix(frame)
    assert rows_of(frame) == before
    kept = sorted(set(range(len(rows))) - set(changes.loc[changes["change"] == "dropped", "row"]))
    after = rows_of(fixed)
    assert len(after) == len(kept)
    trims = changes[changes["change"] == "trimmed"]
    places = zip(trims["row"], trims["column"], strict=True)
    listed = dict(zip(places, trims["after"], strict=True))
    for row, now in zip(kept, after, strict=True):
        expected = [
            listed.get((row, name), cell)
            for name, cell in zip(SCHEMA.columns, before[row], strict=True)
        ]
        assert list(now) == expected
    again, more = fix(fixed)
    assert len(more) == 0
    assert rows_of(again) == after
    if validate_enrichment(frame, SCHEMA).ok:
        assert validate_enrichment(fixed, SCHEMA).ok
    for row, now in zip(kept, after, strict=True):
        assert [not cell for cell in now[:2]] == [not cell for cell in before[row][:2]]


REBUILT = {"category", "ordered", "sparse", "run ends", "view"}


@pytest.mark.parametrize("kind", sorted(set(COLUMNS) - REBUILT))
def test_a_repaired_column_keeps_its_dtype(kind):
    """A column whose dtype can hold any text has the dtype it had."""
    column = COLUMNS[kind](["a ", None, "b"])
    frame = pd.DataFrame({"host": ["x", "y", "z"], "site": "s", "owner": column})
    fixed, changes = fix(frame)
    assert len(changes) == 1
    assert fixed["owner"].dtype == column.dtype


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([("a", "s", "1"), ("a ", "s", "2")], "host"),
        ([("a", "s", "1"), ("a", " s", "2")], "site"),
        ([(" ", "s", "1")], "host"),
        ([("x", "s", ' "a|b"')], "owner"),
    ],
)
def test_what_is_left_is_said(rows, left):
    """Whitespace that keeps keys apart or not empty, or a pipe in force, stays with a warning."""
    frame = pd.DataFrame(rows, columns=SCHEMA.columns)
    report = validate_enrichment(frame, SCHEMA)
    with pytest.warns(PartialWarning, match=f"column '{left}', rows") as caught:
        fixed, changes = report.fix()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    pd.testing.assert_frame_equal(fixed, frame)
    assert len(changes) == 0


def test_the_last_row_keeps_its_place():
    """No repair lets the table end in a row with trailing whitespace, which is refused."""
    rows = [("a", "s", "1"), ("c", "s", "3"), ("a ", "s", "2"), (" c", "s", "3")]
    frame = pd.DataFrame(rows, columns=SCHEMA.columns)
    fixed, changes = fix(frame)
    assert list(changes["row"]) == [3, 1]
    assert list(changes["change"]) == ["trimmed", "dropped"]
    assert list(fixed["host"]) == ["a", "a ", "c"]
    assert validate_enrichment(fixed, SCHEMA).ok


def test_arrow_tables_are_repaired(schema):
    """A table of Arrow is repaired as a frame with Arrow's types."""
    table = pa.table({"HOST": ["a ", "b"], "owner": ["x", "y"]})
    fixed, changes = fix(table, schema)
    assert table_text(fixed, schema).to_pydict() == {"host": ["a", "b"], "owner": ["x", "y"]}
    assert list(changes["change"]) == ["renamed", "trimmed"]


def test_columns_that_cannot_be_fixed_are_left():
    """A table with several columns of a name, or names of several levels, comes back as it is."""
    twice = pd.DataFrame([[" a", "b", "c"]], columns=["host", "host", "owner"])
    levels = pd.DataFrame([[" a", "b"]], columns=pd.MultiIndex.from_tuples([("host", 1), ("x", 2)]))
    for frame in (twice, levels):
        fixed, changes = fix(frame)
        pd.testing.assert_frame_equal(fixed, frame)
        assert len(changes) == 0
