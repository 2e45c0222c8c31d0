"""Text that Parquet stores as dictionaries is `category`, and means the same as text."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import pandakit as pk
from pandakit import EventError
from pandakit.events import read_events

ROWS = 600
NUMBERS = np.arange(ROWS)


def drawn(labels):
    """Return every label again and again."""
    return pa.array(labels).take(pa.array(NUMBERS % len(labels)))


EVENTS = pa.table(
    {
        "timestamp": 1_777_903_419 + NUMBERS * 60,
        "status": drawn(["critical", "Warning", "ok", "OK", "acknowledged"]),
        "host": drawn(["db-1", "db-2", "web-1", None, "web-3", "web-4", "web-5"]),
        "service": drawn(["shop", "mail"]),
        "check": drawn(["disk", "", "cpu"]),
        "team": drawn(["a", "b", None]),
        "id": [f"id-{number}" for number in NUMBERS],
    }
)
CATEGORIES = ["status", "host", "service", "check", "team"]


def write(table, path, **options):
    """Write Parquet in row groups of 100; return the path."""
    pa.parquet.write_table(table, path, row_group_size=100, **options)
    return path


def kinds(events):
    """Return the columns of each kind of text."""
    named = {name: str(kind) for name, kind in events.dtypes.items() if name != "timestamp"}
    assert set(named.values()) <= {"category", "string"}
    return [name for name, kind in named.items() if kind == "category"]


def assert_same(found, expected):
    """Compare cells, with dictionaries as text."""
    text = pd.StringDtype("pyarrow")
    names = [name for name in expected if name != "timestamp"]
    assert list(found) == list(expected)
    pd.testing.assert_frame_equal(
        found.astype(dict.fromkeys(names, text)), expected.astype(dict.fromkeys(names, text))
    )


def test_values_that_repeat_are_categories_and_mean_the_same(tmp_path):
    """The cells, and the alerts, are those of the same table as text."""
    found = read_events(write(EVENTS, tmp_path / "events.parquet"))
    expected = read_events(EVENTS)
    assert kinds(found) == CATEGORIES
    assert kinds(expected) == []
    assert_same(found, expected)
    for policy in (pk.CLASSIC, pk.CURRENT):
        one, other = (pk.consolidate(events, policy) for events in (found, expected))
        pd.testing.assert_frame_equal(one.alerts, other.alerts)
        pd.testing.assert_frame_equal(one.incidents, other.incidents)


@pytest.mark.parametrize(
    "options",
    [{"use_dictionary": False}, {"dictionary_pagesize_limit": 1, "write_batch_size": 1}],
    ids=["none", "given up"],
)
def test_text_that_is_no_dictionary_in_the_file_is_text(options, tmp_path):
    """A writer may use none, or give it up."""
    found = read_events(write(EVENTS, tmp_path / "events.parquet", **options))
    assert "id" not in kinds(found)
    assert_same(found, read_events(EVENTS))


def test_files_with_other_dictionaries_are_put_under_each_other(tmp_path):
    """A column is a category if it is one in every file."""
    other = EVENTS.set_column(3, "service", drawn(["a", "b", "c"]))
    parts = [EVENTS.slice(0, 300), other.slice(300)]
    for number, part in enumerate(parts):
        encoded = ["status", "host", "service", "check"][: 4 - number]
        write(part, tmp_path / f"{number}.parquet", use_dictionary=encoded)
    found = read_events(tmp_path)
    assert kinds(found) == ["status", "host", "service"]
    assert_same(found, read_events(pa.concat_tables(parts)))


def test_rows_are_rejected_by_the_same_rules(tmp_path):
    """Statuses without a meaning, and hosts that are empty text."""
    status, host = drawn(["critical", "red"]), drawn(["a", "", "b"])
    table = pa.table({"timestamp": EVENTS["timestamp"], "status": status, "host": host})
    path = write(table, tmp_path / "events.parquet")
    with pytest.raises(EventError) as caught:
        read_events(table)
    with pytest.raises(EventError) as as_dictionary:
        read_events(path)
    assert str(as_dictionary.value) == str(caught.value)
    assert "300 bad_status" in str(caught.value)
    assert "100 no_primary" in str(caught.value)
    options = {"status": {"red": "warning"}, "skip_bad": True}
    with pytest.warns(pk.RejectedEventsWarning):
        found = read_events(path, **options)
    with pytest.warns(pk.RejectedEventsWarning):
        assert_same(found, read_events(table, **options))


def test_alarms_and_renamed_columns(tmp_path):
    """An event at the start, `ok` at the end; names that are guessed."""
    table = pa.table(
        {
            "start": EVENTS["timestamp"], "end": 1_777_903_450 + NUMBERS * 60,
            "device": EVENTS["service"], "alarm": EVENTS["team"], "state": EVENTS["status"],
        }
    )  # fmt: skip
    found = read_events(write(table, tmp_path / "alarms.parquet"))
    assert_same(found, read_events(table))
    assert kinds(found) == ["device", "check"]


def test_categorical_frames_may_have_names_that_are_guessed():
    """Also with so many rows that a guess looks at how many values differ."""
    frame = EVENTS.to_pandas().rename(columns={"service": "machine"}).drop(columns="host")
    found = read_events(frame.astype({"machine": "category"}))
    assert found["host"].tolist() == frame["machine"].tolist()
