"""Tables of every kind: what pandas, Arrow and others may hold is checked, never a raw error."""

import datetime as dt
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.enrichment import (
    EnrichmentSchema,
    apply_enrichment,
    diff_enrichment,
    preview_enrichment,
    table_text,
    validate_enrichment,
    write_enrichment_csv,
)
from pandakit.errors import EnrichmentError

BEHIND_UTC = dt.timezone(dt.timedelta(hours=-5))
FOR_EVER = dt.datetime(9999, 12, 31, 23, 59, tzinfo=BEHIND_UTC)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def objects(*cells):
    """Make a column of Python objects, each as it is."""
    array = np.empty(len(cells), object)
    array[:] = [None] * len(cells)
    for row, cell in enumerate(cells):
        array[row] = cell
    return pd.Series(array, dtype=object)


def arrow(*pieces, kind=None):
    """Make a column of an Arrow type, a chunk for each piece."""
    chunks = [piece if isinstance(piece, pa.Array) else pa.array(piece, kind) for piece in pieces]
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(chunks)))


def labels(codes, values):
    """Make an Arrow dictionary array."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(values, pa.string()))


WITH_TEXT = {
    "view": (arrow(["a"], ["b", None], kind=pa.string_view()), ["a", "b", ""]),
    "run ends": (
        arrow(pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["a", "b"])),
        ["a", "a", "b"],
    ),
    "run ends of numbers": (
        arrow(pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), [1.0, 2.5])),
        ["1", "1", "2.5"],
    ),
    "null label": (arrow(labels([0, 1], ["a", None]), labels([1], [None, "b"])), ["a", "", "b"]),
    "labels of nothing": (
        arrow(pa.DictionaryArray.from_arrays(pa.array([0, 0, None], pa.int8()), pa.nulls(1))),
        ["", "", ""],
    ),
    "nothing": (arrow(pa.nulls(3)), ["", "", ""]),
    "list view": (arrow([["a", "b"], [], None], kind=pa.list_view(pa.string())), ["a|b", "", ""]),
    "list": (arrow([["a|b"], ["c", None], None], kind=pa.list_(pa.string())), ['"a|b"', "c", ""]),
    "decimal": (arrow([Decimal("1.50"), None, Decimal(2)]), ["1.50", "", "2.00"]),
    "first missing": (objects(pd.NaT, NOON, "x"), ["", "2026-03-01T12:00:00Z", "x"]),
    "first missing, then text": (objects(pd.NaT, "a", None), ["", "a", ""]),
    "first missing, then lists": (objects(pd.NaT, ["a"], ["b", 1]), ["", "a", "b|1"]),
    "sparse": (pd.Series(pd.arrays.SparseArray([0, 2, 0])), ["0", "2", "0"]),
    "sparse objects": (
        pd.Series(pd.arrays.SparseArray(np.array(["a", None, "b"], dtype=object))),
        ["a", "", "b"],
    ),
    "last year": (
        pd.Series([dt.datetime(9999, 12, 31, 23, 59)] * 3).astype("M8[us]").dt.tz_localize("UTC"),  # noqa: DTZ001
        ["9999-12-31T23:59:00Z"] * 3,
    ),
}


@pytest.mark.parametrize("name", WITH_TEXT)
def test_every_layout_has_its_text(name, tmp_path):
    """However a column is laid out in memory, its text in the file is that of its cells."""
    column, texts = WITH_TEXT[name]
    frame = pd.DataFrame({"host": ["x", "y", "z"], "owner": column})
    schema = EnrichmentSchema("host", "owner")
    report = validate_enrichment(frame, schema)
    assert report.ok
    file = write_enrichment_csv(frame, schema, tmp_path / "t.csv")
    assert table_text(file, schema)["owner"].to_pylist() == texts
    assert len(report.fix()[1]) == 0


WITHOUT_TEXT = {
    "signalling NaN": objects("a", Decimal("sNaN")),
    "for ever": objects("a", FOR_EVER),
    "a Series": objects("a", pd.Series([1, 2])),
    "a frame": objects("a", pd.DataFrame({"x": [1]})),
    "an index": objects("a", pd.Index([1])),
    "an Arrow scalar": objects("a", pa.scalar("x")),
    "a list in a list": objects("a", ["x", ["y"]]),
    "a tuple in a list": objects("a", ["x", ("y",)]),
    "two dimensions": objects("a", np.array([["x"]])),
    "no dimension": objects("a", np.array("x")),
    "bytes": objects("a", b"x"),
    "half a pair": objects("a", "\ud800"),
    "Arrow lists in lists": arrow([None, [["x"]]], kind=pa.list_(pa.list_(pa.string()))),
    "Arrow maps": arrow([None, [("x", 1)]], kind=pa.map_(pa.string(), pa.int64())),
    "Arrow structs": arrow([None, {"x": 1}], kind=pa.struct([("x", pa.int64())])),
    "Arrow bytes": arrow([None, b"x"], kind=pa.binary()),
    "Arrow dates": arrow([None, dt.date(2026, 1, 1)]),
    "naive": pd.Series([pd.NaT, dt.datetime(2026, 1, 1)]),  # noqa: DTZ001
    "timedelta": pd.Series([pd.NaT, pd.Timedelta("1h")]),
    "period": pd.Series([pd.NaT, pd.Period("2026-01", "M")], dtype="period[M]"),
    "complex": objects("a", 1j),
}


@pytest.mark.parametrize("name", WITHOUT_TEXT)
@pytest.mark.parametrize("role", ["host", "owner"])
def test_what_has_no_text_is_refused_with_its_place(name, role, tmp_path):
    """A cell that cannot become text is an error with its row and column, and no exception."""
    frame = pd.DataFrame({"host": ["x", "y"], "owner": ["1", "2"]})
    frame[role] = WITHOUT_TEXT[name]
    schema = EnrichmentSchema("host", "owner")
    report = validate_enrichment(frame, schema)
    found = [(each.rule, each.column, each.row) for each in report.errors]
    rule = "lone_surrogate" if name == "half a pair" else "no_text_form"
    assert found == [(rule, role, 1)]
    assert report.to_text()
    assert report._repr_html_()
    report.fix()
    with pytest.raises(EnrichmentError, match=f"column '{role}', row 1"):
        write_enrichment_csv(frame, schema, tmp_path / "t.csv")
    with pytest.raises(EnrichmentError, match=f"column '{role}', row 1"):
        table_text(frame, schema)


class Stream:
    """A table of some other library."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


TABLE = pa.table({"host": ["a", "b", "a"], "owner": [1, None, 2], "x": ["p", "q", "r"]})
AS = {
    "Arrow table": lambda table: table,
    "record batch": lambda table: table.combine_chunks().to_batches()[0],
    "reader": lambda table: table.to_reader(),
    "stream": Stream,
    "DuckDB": duckdb.from_arrow,
    "Arrow views": lambda table: table.set_column(
        0, "host", pa.chunked_array([pa.array(table["host"].to_pylist(), pa.string_view())])
    ),
}


@pytest.mark.parametrize("kind", AS)
def test_every_table_is_taken(kind, tmp_path):
    """Arrow's tables, readers and any exporter of a stream are checked and written as frames."""
    schema = EnrichmentSchema(["host", "x"], "owner")
    found = validate_enrichment(AS[kind](TABLE), schema)
    assert found.to_text() == validate_enrichment(TABLE.to_pandas(), schema).to_text()
    file = write_enrichment_csv(AS[kind](TABLE), schema, tmp_path / "t.csv")
    assert file.path.read_bytes() == b'"host","x","owner"\n"a","p","1"\n"b","q",""\n"a","r","2"\n'
    assert diff_enrichment(AS[kind](TABLE), file, schema).empty
    assert preview_enrichment(file, AS[kind](TABLE), schema).is_empty
    alerts = pd.DataFrame({"host": ["b", "a"], "x": ["q", "r"]})
    assert apply_enrichment(alerts, AS[kind](TABLE), schema).alerts["owner"].iloc[1] == "2"


def test_a_repeated_column_of_a_stream_is_found(schema):
    """Two columns of one name, which Arrow allows, are a finding."""
    table = pa.table([["a"], ["b"], ["c"]], ["host", "owner", "owner"])
    assert [each.rule for each in validate_enrichment(table, schema).errors] == ["repeated_column"]
