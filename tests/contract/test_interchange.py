"""What counts as a table, and that nothing in one changes on the way in."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.errors import EventError
from pandakit.interchange import as_table, is_table

TABLE = pa.table({"host": ["db-1", None], "n": [1, 2]})


class Exporter:
    """Stands for a library's frame: all that is known of it is its Arrow stream."""

    def __init__(self, stream):
        self._stream = stream

    def __arrow_c_stream__(self, requested_schema=None):
        return self._stream.__arrow_c_stream__(requested_schema)


SOURCES = {
    "table": lambda: TABLE,
    "batch": lambda: TABLE.to_batches()[0],
    "reader": TABLE.to_reader,
    "exporter": lambda: Exporter(TABLE),
    "relation": lambda: duckdb.sql("SELECT * FROM (VALUES ('db-1', 1), (NULL, 2)) t(host, n)"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_kind_of_table_is_read(source):
    """Arrow tables, batches and readers, and whatever exports a stream, hold the same rows."""
    value = SOURCES[source]()
    assert is_table(value)
    assert as_table(value).to_pydict() == TABLE.to_pydict()


def test_a_pandas_frame_is_returned_as_it_is():
    """A frame keeps its index and its attrs: it is the same object."""
    frame = pd.DataFrame({"a": [1]}, index=[7])
    assert as_table(frame) is frame


@pytest.mark.parametrize(
    "value",
    [None, "events.csv", [1], {"a": 1}, pd.DataFrame, pa.array([1]), pa.chunked_array([[1]]),
     pd.Series([1]), pd.Index([1]), pa.schema([]), Exporter],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_the_forms(value):
    """Text, lists, single columns and classes are named, with what is accepted instead."""
    assert not is_table(value)
    with pytest.raises(EventError, match=r"events: a .* is not a table; pass a pandas DataFrame"):
        as_table(value, name="events", error=EventError)


@pytest.mark.parametrize(
    "value",
    [
        Exporter(pa.chunked_array([[1]])),
        duckdb.sql("SELECT CAST(s AS INT) FROM (VALUES ('1'), ('x')) t(s)"),
    ],
)
def test_a_stream_that_breaks_is_one_typed_error(value):
    """A stream of one column, or one that fails half-way, raises the caller's error."""
    with pytest.raises(EventError, match=r"events: a .* cannot be read: "):
        as_table(value, name="events", error=EventError)


NESTED = [["a"], None, ["b", "c"], []]
LAYOUTS = [
    (pa.array(["a", None], pa.string_view()), pa.large_string()),
    (pa.array([b"a", None], pa.binary_view()), pa.large_binary()),
    (pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), ["x", "y"]), pa.string()),
    (pa.array(NESTED, pa.list_view(pa.string())), pa.list_(pa.string())),
    (pa.array(NESTED, pa.large_list_view(pa.string())), pa.large_list(pa.string())),
    (pa.array(NESTED, pa.list_(pa.string_view())), pa.list_(pa.large_string())),
    (
        pa.array([[["a"]], None], pa.list_(pa.list_view(pa.string()))),
        pa.list_(pa.list_(pa.string())),
    ),
    (pa.DictionaryArray.from_arrays(pa.nulls(2, pa.int8()), pa.nulls(0)), pa.null()),
    (
        pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["a"], pa.string_view())),
        pa.dictionary(pa.int64(), pa.large_string()),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "plain"), LAYOUTS, ids=lambda value: str(value)[:40])
def test_layouts_become_plain_and_values_stay(cells, plain):
    """Views and run-end encoding are unpacked, nulls and empty lists included."""
    expected = cells.to_pylist()
    table = as_table(pa.table({"c": cells}))
    assert table.schema.field("c").type == plain
    assert table.column("c").to_pylist() == expected


def test_plain_columns_and_metadata_are_not_touched():
    """A table without such layouts is the same object, and metadata outlives a change."""
    assert as_table(TABLE) is TABLE
    field = pa.field("c", pa.string_view(), metadata={"k": "v"})
    table = pa.table([["a"]], schema=pa.schema([field], metadata={"s": "t"}))
    schema = as_table(table).schema
    assert (schema.metadata, schema.field("c").metadata) == ({b"s": b"t"}, {b"k": b"v"})
