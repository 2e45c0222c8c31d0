"""The text form of cells."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.text import to_text

MISSING = [
    None,
    math.nan,
    pd.NA,
    pd.NaT,
    "",
    Decimal("NaN"),
    [],
    [None, ""],
    np.datetime64("NaT", "ns"),
]


def texts(values):
    """Return the text form as a list."""
    return to_text(values).to_pylist()


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_missing(value):
    """Every way to write a missing value gives null, beside text and beside other objects."""
    text = pd.Series(["x", None], dtype=object)
    text.iloc[1] = value
    mixed = pd.Series([1, None, True], dtype=object)
    mixed.iloc[1] = value
    assert texts(text) == ["x", None]
    assert texts(mixed) == ["1", None, "true"]


CELLS = [
    ("as it is ", "as it is "),
    (3, "3"),
    (2**70, str(2**70)),
    (np.int8(-4), "-4"),
    (3.0, "3"),
    (-0.0, "0"),
    (1e22, "10000000000000000000000"),
    (0.1, "0.1"),
    (np.float32(0.1), "0.1"),
    (0.1 + 0.2, "0.30000000000000004"),
    (math.inf, "inf"),
    (True, "true"),
    (np.bool_(False), "false"),
    (["a", 1.0, None, True], "a|1|true"),
    (("a", "b"), "a|b"),
    (np.array([1.0, math.nan, 2.5]), "1|2.5"),
    (Decimal("1E+3"), "1000"),
    (Decimal("0.0000001"), "0.0000001"),
    (
        dt.datetime(2026, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        "2026-03-01T10:00:00Z",
    ),
    (pd.Timestamp("2026-03-01T00:00:00.000000001Z"), "2026-03-01T00:00:00.000000001Z"),
]


@pytest.mark.parametrize(("cell", "text"), CELLS, ids=[repr(cell) for cell, _ in CELLS])
def test_cell(cell, text):
    """A cell of an object column has the text form that the documentation's table gives."""
    column = pd.Series([None, None], dtype=object)
    column.iloc[0] = cell
    assert texts(column) == [text, None]


COLUMNS = {
    "str": (pd.Series(["a", "", None], dtype="str"), ["a", "", None]),
    "string": (pd.Series(["a", "", pd.NA], dtype="string"), ["a", None, None]),
    "string[pyarrow]": (pd.Series(["a", "", None], dtype="string[pyarrow]"), ["a", None, None]),
    "arrow string": (
        pd.Series(["a", "", None], dtype=pd.ArrowDtype(pa.string())),
        ["a", None, None],
    ),
    "int": (pd.Series([1, -2]), ["1", "-2"]),
    "uint64": (pd.Series([2**64 - 1], dtype="uint64"), [str(2**64 - 1)]),
    "Int64": (pd.Series([1, None], dtype="Int64"), ["1", None]),
    "float": (pd.Series([1.0, math.nan, 0.5, -0.0, 1e-7]), ["1", None, "0.5", "0", "1e-07"]),
    "float32": (pd.Series([0.1, 2.0], dtype="float32"), ["0.1", "2"]),
    "Float64": (pd.Series([1.5, None], dtype="Float64"), ["1.5", None]),
    "bool": (pd.Series([True, False]), ["true", "false"]),
    "boolean": (pd.Series([True, None], dtype="boolean"), ["true", None]),
    "category": (pd.Series(["b", None, "a", ""], dtype="category"), ["b", None, "a", None]),
    "category of numbers": (pd.Series([2.0, None, 0.5], dtype="category"), ["2", None, "0.5"]),
    "category of anything": (
        pd.Series(pd.Categorical([1, "x", True, None], categories=["x", True])),
        ["true", "x", "true", None],
    ),
    "zone": (
        pd.Series(pd.to_datetime(["2026-01-01T01:00:00.5+01:00", None], utc=True)),
        ["2026-01-01T00:00:00.500000Z", None],
    ),
    "all missing": (pd.Series([None, None], dtype=object), [None, None]),
    "empty": (pd.Series([], dtype=object), []),
    "arrow list": (pa.array([["a", None, "b"], [], None]), ["a|b", None, None]),
    "arrow dictionary": (
        pa.chunked_array(
            [pa.array(["a", None]).dictionary_encode(), pa.array(["b", ""]).dictionary_encode()]
        ),
        ["a", None, "b", None],
    ),
    "arrow null": (pa.nulls(2), [None, None]),
    "arrow decimal": (pa.array([Decimal("1.50"), None]), ["1.50", None]),
    "arrow view": (pa.array(["a", ""], type=pa.string_view()), ["a", None]),
    "arrow float": (pa.array([1.0, math.nan, None]), ["1", None, None]),
    "no chunks": (pa.chunked_array([], type=pa.string()), []),
    "list": (["a", 1], ["a", "1"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_column(name):
    """Every dtype of pandas and Arrow that can hold tags has a text form."""
    values, expected = COLUMNS[name]
    got = to_text(values)
    assert isinstance(got, pa.ChunkedArray)
    assert got.type in {pa.string(), pa.large_string()}
    assert got.to_pylist() == [text or None for text in expected]


INSTANTS = [
    "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z",
    "2026-03-29T01:00:00Z", "2026-03-01T12:30:00.5Z", "2026-03-01T12:30:00.000001Z",
    "2026-03-01T12:30:00.120Z", "2026-10-25T00:30:00Z", "9999-12-31T23:59:59Z",
]  # fmt: skip


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "-05:30"])
def test_instants_of_a_typed_column(unit, zone):
    """A column of instants has, cell by cell, the text that its cells have as Python objects."""
    moments = [dt.datetime.fromisoformat(text) for text in INSTANTS]
    if unit == "ns":
        moments = moments[1:-1]  # its range is 1677 to 2262
    kept = [m.replace(microsecond=0) if unit == "s" else m for m in moments]
    kept = [m for m in kept if unit != "ms" or m.microsecond % 1000 == 0]
    array = pa.array([*kept, None], pa.timestamp(unit, zone))
    expected = texts(pd.Series([*kept, None], dtype=object))
    assert texts(array) == expected
    assert texts(pd.Series(array, dtype=pd.ArrowDtype(array.type))) == expected


def test_nanoseconds_of_a_typed_column():
    """Nanoseconds are kept: nine digits where there are any, else six, else none."""
    count = pa.array([1, 1_000, 1_000_000_000, -1]).cast(pa.timestamp("ns", "UTC"))
    assert texts(count) == texts(pd.Series(count.to_pandas().to_numpy(dtype=object)))
    assert texts(count)[0] == "1970-01-01T00:00:00.000000001Z"
    assert texts(count)[1] == "1970-01-01T00:00:00.000001Z"


def test_a_year_that_no_calendar_has():
    """An instant past the year 9999, or before the year 1, is refused with its row."""
    for seconds in (253_402_300_800, -62_135_596_801):
        column = pa.array([0, seconds]).cast(pa.timestamp("s", "UTC"))
        with pytest.raises(ValueError, match="column 'at', row 1: the year"):
            to_text(column, column="at")


def test_no_copy():
    """Arrow-backed text in which no cell is empty is handed on without a copy."""
    column = pa.chunked_array([pa.array(["a", "b", None], type=pa.large_string())])
    series = pd.Series(column, dtype=pd.ArrowDtype(pa.large_string()))
    address = column.chunk(0).buffers()[2].address
    assert to_text(series).chunk(0).buffers()[2].address == address


def test_caller_keeps_his_column():
    """The column that was given is not changed."""
    column = pd.Series(["a", "", 1.0], dtype=object)
    to_text(column)
    assert list(column) == ["a", "", 1.0]


NO_TEXT = {
    "bytes": b"x",
    "dict": {"a": 1},
    "set": {1},
    "naive datetime": dt.datetime(2026, 1, 1),  # noqa: DTZ001 - the refusal is what is tested
    "date": dt.date(2026, 1, 1),
    "surrogate": "\ud800",
    "nested": ["a", {"b": 1}],
    "complex": 1j,
}


@pytest.mark.parametrize("name", NO_TEXT)
def test_no_text_form(name):
    """A value without text form raises and names the column and the first such row."""
    column = pd.Series(["x", None, None, "y"], dtype=object)
    column.iloc[2] = NO_TEXT[name]
    with pytest.raises(ValueError, match="column 'host', row 2: "):
        to_text(column, column="host")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([None, b"x"]),
        pa.array([None, {"a": 1}]),
        pd.Series(pd.to_datetime([None, "2026-01-01"])),
        pd.Series(pd.to_timedelta([None, "1h"])),
        pd.Series(pd.PeriodIndex([None, "2026-01"], freq="M")),
        pd.Series([None, 1j]),
    ],
    ids=["binary", "struct", "naive", "duration", "period", "complex"],
)
def test_no_text_form_of_a_typed_column(column):
    """The same holds where the dtype, not the cell, has no text form."""
    with pytest.raises(ValueError, match="row 1: "):
        to_text(column)
