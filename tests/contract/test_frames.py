"""Declared columns: the same frame, with rows or without, whatever the service sends."""

from unittest.mock import Mock

import pandas as pd
import pytest

import pandakit as pk
from pandakit.frames import Column, build_frame, facts

COLUMNS = [
    Column("rule_id", "text", ("id",)),
    Column("threshold", "integer"),
    Column("enabled", "boolean"),
    Column("created_at", "time", ("createdAt",)),
    Column("started", "epoch", ("start",)),
    Column("actor", "word", ("createdBy.type",)),
    Column("tags", "list"),
]


def test_an_empty_frame_has_the_same_columns_and_dtypes():
    """No rows, one row, and rows full of nulls have the same columns and dtypes."""
    full = build_frame([{"id": "a", "threshold": 1, "createdAt": "2026-01-01T00:00:00Z"}], COLUMNS)
    nulls = build_frame([{"id": None}, {}], COLUMNS)
    empty = build_frame([], COLUMNS)
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    pd.testing.assert_series_equal(nulls.dtypes, full.dtypes)


def test_whole_seconds_beside_nanoseconds():
    """One column may mix nine-digit fractions and whole seconds, and loses nothing."""
    texts = ["2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:01Z", "2026-01-01T02:00:02+02:00"]
    frame = build_frame([{"createdAt": text} for text in texts], COLUMNS)
    assert [time.nanosecond for time in frame["created_at"]] == [789, 0, 0]
    assert frame["created_at"].dt.second.tolist() == [0, 1, 2]


def test_never_set_times_are_missing_without_a_warning():
    """Go's zero time and the empty text mean "never"."""
    frame = build_frame(
        [
            {"createdAt": "0001-01-01T00:00:00Z"},
            {"createdAt": ""},
            {"createdAt": "2026-01-01T00:00:00Z"},
        ],
        COLUMNS,
    )
    assert frame["created_at"].isna().tolist() == [True, True, False]


def test_integers_stay_exact():
    """Integers above 2**53 beside nulls are not rounded through floats."""
    frame = build_frame([{"threshold": 2**53 + 1}, {"threshold": None}], COLUMNS)
    assert frame["threshold"].iloc[0] == 2**53 + 1


def test_ids_remain_text():
    """Ids that look like numbers or nulls stay as they came."""
    ids = ["007", "1e10", "NaN", "None", "null", ""]
    assert build_frame([{"id": text} for text in ids], COLUMNS)["rule_id"].tolist() == ids


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ({"threshold": 2**63}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"createdAt": "9999-12-31T00:00:00Z"}, "created_at"),
        ({"createdAt": "soon"}, "created_at"),
        ({"start": "soon"}, "started"),
        ({"start": True}, "started"),
        ({"id": "\ud800"}, "rule_id"),
    ],
)
def test_what_does_not_fit_is_missing_warned_and_kept_in_attrs(record, column):
    """A value that its column cannot hold becomes missing, is warned of and is kept as text."""
    with pytest.warns(pk.CellWarning, match=column):
        frame = build_frame([{"id": "x"}, record], COLUMNS)
    assert frame[column].isna().iloc[1]
    (entry,) = frame.attrs["pandakit"]["unreadable"]
    assert (entry["column"], entry["row"]) == (column, 1)
    pd.testing.assert_series_equal(
        frame[[c.name for c in COLUMNS]].dtypes, build_frame([], COLUMNS).dtypes
    )


@pytest.mark.parametrize("odd", ["soon", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
@pytest.mark.filterwarnings("ignore::pandakit.CellWarning")
def test_one_odd_time_does_not_slow_down_the_others(monkeypatch, odd):
    """A column is read as a whole, whether or not all of its cells are good times."""
    convert = Mock(wraps=pd.to_datetime)
    monkeypatch.setattr("pandakit.frames.pd.to_datetime", convert)
    good = "2026-01-01T00:00:00.123456789Z"
    records = [{"createdAt": odd if row % 10 == 7 else good} for row in range(1_000)]
    frame = build_frame(records, COLUMNS)
    assert frame["created_at"].isna().sum() == 100
    assert frame["created_at"][0] == pd.Timestamp(good)
    assert convert.call_count < 10


def test_unknown_fields_become_columns_at_the_end():
    """A field that nobody declared is kept and named, even when only the last row has it."""
    frame = build_frame([{"id": "a"}, {"id": "b", "emailConfig": {"to": 1}}], COLUMNS)
    assert frame.columns[-1] == "email_config"
    assert frame["email_config"].tolist() == [None, {"to": 1}]
    assert frame.attrs["pandakit"]["extra_columns"] == ["email_config"]


def test_names_that_collide_are_kept_apart():
    """Two fields that would get the same column name get two columns."""
    frame = build_frame([{"displayName": 1, "display_name": 2, "rule_id": 3}], COLUMNS)
    assert sorted(frame.attrs["pandakit"]["extra_columns"]) == [
        "display_name",
        "display_name_",
        "rule_id_",
    ]


def test_seconds_and_milliseconds_of_the_epoch():
    """Numbers above 1e11 are milliseconds; digits as text and fractions are read too."""
    frame = build_frame(
        [{"start": v} for v in (1_600_000_000, 1_600_000_000_123, "1600000000", 1.5)], COLUMNS
    )
    assert frame["started"].astype("int64").tolist() == [
        1_600_000_000_000_000_000,
        1_600_000_000_123_000_000,
        1_600_000_000_000_000_000,
        1_500_000_000,
    ]


def test_enum_words_are_lower_cased():
    """BigPanda prints `Critical` and documents `critical`: a `word` column has one spelling."""
    assert build_frame([{"createdBy": {"type": "User"}}], COLUMNS)["actor"].tolist() == ["user"]


def test_a_column_typed_differently_later_keeps_one_dtype():
    """Numbers on one page and text on another give one dtype: digits are read, the rest is told."""
    with pytest.warns(pk.CellWarning, match="threshold of row 2"):
        frame = build_frame([{"threshold": 1}, {"threshold": "2"}, {"threshold": "many"}], COLUMNS)
    assert frame["threshold"].dtype == "Int64"
    assert frame["threshold"].tolist()[:2] == [1, 2]
    assert frame["threshold"].isna().tolist() == [False, False, True]


def test_an_undeclared_column_typed_differently_keeps_what_came():
    """A field that nobody declared is not cast: each row keeps its own value."""
    frame = build_frame([{"weight": 1}, {"weight": "1"}, {"weight": 1.0}, {}], COLUMNS)
    assert [type(value) for value in frame["weight"]] == [int, str, float, type(None)]


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "\U0001f43c", "\u05e9\u05dc\u05d5\u05dd", "e\u0301", "\u200b", "  blanks  "],
    ids=["NUL", "emoji", "right to left", "combining", "zero width", "blanks"],
)
def test_odd_characters_are_preserved(text):
    """Text comes out as it went in, to the character."""
    assert build_frame([{"id": text}], COLUMNS)["rule_id"].tolist() == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-29T02:30:00+02:00", "2026-03-29T00:30:00+00:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00+00:00"),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00"),
        ("1677-09-22T00:00:00Z", "1677-09-22T00:00:00+00:00"),
        ("2262-04-11T00:00:00Z", "2262-04-11T00:00:00+00:00"),
    ],
    ids=["spring forward", "fall back", "no zone is UTC", "oldest", "latest"],
)
def test_times_follow_one_rule(text, expected):
    """Offsets become UTC, text without a zone is UTC, and the ends of the range hold."""
    assert build_frame([{"createdAt": text}], COLUMNS)["created_at"][0].isoformat() == expected


@pytest.mark.parametrize("text", ["2026-06-30T23:59:60Z", "0001-01-02T00:00:00Z", "10000-01-01"])
def test_times_beyond_the_range_do_not_overflow(text):
    """A leap second, year 1 and year 10000 are missing and told, never another time."""
    with pytest.warns(pk.CellWarning, match="created_at"):
        frame = build_frame([{"createdAt": text}], COLUMNS)
    assert frame["created_at"].isna().all()


def test_long_columns_of_text_hold_every_value():
    """A column that is built in parts has all values in order, and notes what cannot be held."""
    texts = [None if number % 7 == 0 else f"ł{number}" for number in range(20_000)]
    texts[15_000] = "\ud800"
    with pytest.warns(pk.CellWarning):
        frame = build_frame([{"a": each} for each in texts], [Column("a", "text")])
    texts[15_000] = None
    assert frame["a"].dtype == "string[pyarrow]"
    assert frame["a"].to_numpy(object, na_value=None).tolist() == texts
    assert [each["row"] for each in facts(frame)["unreadable"]] == [15_000]


@pytest.mark.parametrize("inner", [False, True])
def test_more_fields_than_a_frame_takes_are_an_error(inner):
    """Rows that each bring new fields do not become a table of the square of their size."""
    rows = [{f"field {row} {n}": n for n in range(60)} for row in range(100)]
    if inner:
        rows = [{"envelope": {"id": "a", **row}} for row in rows]
    with pytest.raises(pk.ProtocolError, match="different fields"):
        build_frame(rows, [Column("id", "text", ("envelope.id", "id"))])
