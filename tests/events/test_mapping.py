"""Columns, constants and statuses of the caller; what is guessed, and what is refused."""

# ruff: noqa: E501 - cases stand in tables, one a line

import pandas as pd
import pyarrow as pa
import pytest

import pandakit as pk
from pandakit import EventError, RejectedEventsWarning
from pandakit.events import read_events
from tests.consolidation import sample

ROWS = pd.DataFrame(
    {
        "when": [10, 20, 30],
        "machine_id": ["a", "b", "a"],
        "what": ["disk", "cpu", "disk"],
        "condition": ["Firing", "2", "RESOLVED"],
        "site": ["x", "y", "x"],
        "rack": [1, 2, 1],
    }
)
ASKED = {
    "columns": {"host": "machine_id", "check": "what", "status": "condition", "location": "site"},
    "status": {"firing": "critical", "resolved": "ok", 2: "warning"},
    "time": "when",
}


def test_columns_are_renamed_and_statuses_translated():
    """Each column of the events has the values of its source; other columns stay tags."""
    events = read_events(ROWS, **ASKED)
    assert events.columns.tolist() == ["timestamp", "status", "host", "check", "location", "rack"]
    assert events["status"].tolist() == ["critical", "warning", "ok"]
    assert events["host"].tolist() == ["a", "b", "a"]
    assert events["location"].tolist() == ["x", "y", "x"]
    assert len(pk.consolidate(events).alerts) == 2


def test_the_source_is_not_changed():
    """The caller's frame is the same after reading."""
    before = ROWS.copy(deep=True)
    read_events(ROWS, **ASKED)
    pd.testing.assert_frame_equal(ROWS, before)


def test_columns_may_change_places_and_be_used_twice():
    """A mapping is read from the source, never from a column that it made."""
    table = pa.table({"timestamp": [1], "status": ["ok"], "host": ["h"], "check": ["c"]})
    swapped = read_events(table, columns={"host": "check", "check": "host", "device": "host"})
    assert swapped[["host", "check", "device"]].iloc[0].tolist() == ["c", "h", "h"]


def test_constants_fill_whole_columns():
    """A constant stands in each row, in the place of a column of that name."""
    table = pa.table({"timestamp": [1, 2], "host": ["a", "b"], "app_key": ["x", None]})
    events = read_events(table, constants={"status": "critical", "app_key": "nagios", "floor": 3})
    assert events["status"].tolist() == ["critical"] * 2
    assert events["app_key"].tolist() == ["nagios"] * 2
    assert events["floor"].tolist() == [3, 3]


ALARMS = pd.DataFrame(
    {
        "device": ["a", "b", "c"],
        "severity": ["critical", "warning", None],
        "raised": [30, 10, 20],
        "cleared": [40, None, 20],
    }
)


def test_alarms_become_one_or_two_events_in_the_order_of_time():
    """An alarm opens at its start and closes at its end; the start comes first at equal times."""
    events = read_events(ALARMS.drop(columns="severity"), start="raised", end="cleared")
    seconds = (events["timestamp"].astype("int64") // 10**9).tolist()
    assert list(zip(seconds, events["status"], events["device"], strict=True)) == [
        (10, "critical", "b"), (20, "critical", "c"), (20, "ok", "c"),
        (30, "critical", "a"), (40, "ok", "a"),
    ]  # fmt: skip


def test_alarms_have_the_status_of_their_column():
    """The status column speaks for the start, `ok` is the end; a missing status is bad."""
    with pytest.raises(EventError, match=r"1 bad_status \(row 2: None\)"):
        read_events(ALARMS, start="raised", end="cleared")
    known = read_events(ALARMS.head(2), start="raised", end="cleared")
    assert known["status"].tolist() == ["warning", "critical", "ok"]


def test_alarms_without_an_end_column_stay_open():
    """With `start` alone each row is one event."""
    events = read_events(ALARMS.drop(columns="severity"), start="raised")
    assert events["status"].tolist() == ["critical"] * 3


def test_alarms_agree_with_events_from_alarms():
    """Both ways from a network's alarms to events give the same alerts and incidents."""
    alarms = sample.alarms().head(5_000)
    read = read_events(
        alarms, start="start", end="end", columns={"host": "device", "check": "kind", "cluster": "site"}
    )  # fmt: skip
    made = pk.events_from_alarms(
        alarms, start="start", end="end", primary="device", secondary="kind", cluster="site"
    )
    ours, theirs = pk.consolidate(read), pk.consolidate(made)
    pd.testing.assert_frame_equal(ours.incidents, theirs.incidents)


def test_what_is_guessed_is_said_in_one_table(capsys):
    """Guessed columns are printed with their sources, and kept in the attrs."""
    alarms = ROWS.rename(
        columns={"when": "start_time", "machine_id": "device_id", "what": "alarm_name"}
    )
    events = read_events(alarms.assign(end_time=99).drop(columns="condition"))
    told = capsys.readouterr().err
    for words in (
        ("timestamp", "start_time and end_time"),
        ("host", "device_id"),
        ("check", "alarm_name"),
    ):
        assert any(all(word in line for word in (*words, "guessed")) for line in told.splitlines())
    facts = events.attrs["pandakit"]
    how = {row["field"]: (row["column"], row["how"]) for row in facts["mapping"]}
    assert how["host"] == ("device_id", "guessed")
    assert how["status"] == ("always critical", "default")


def test_nothing_is_said_where_nothing_is_guessed(capsys):
    """Columns that are called as those of events, and columns that were named, need no words."""
    read_events(ROWS, **ASKED)
    read_events(pd.DataFrame({"timestamp": [1], "status": "ok", "host": "a"}))
    assert capsys.readouterr().err == ""


def frame(**columns):
    """Return a frame of one row."""
    return pd.DataFrame({name: [value] for name, value in columns.items()})


REFUSED = {
    "two hosts": (frame(timestamp=1, status="ok", node="a", server="b"), "host may be 'node' or 'server'; pass columns={'host': 'node'}"),
    "two times": (frame(time=1, created_at=2, status="ok", host="a"), "timestamp may be 'time' or 'created_at'; pass time='time'"),
    "two statuses": (frame(timestamp=1, state="ok", severity="ok", host="a"), "status may be 'state' or 'severity'"),
    "events or alarms": (frame(time=1, start_time=1, end_time=2, host="a"), "pass time='time', or start='start_time', end='end_time'"),
    "no time": (frame(status="ok", host="a"), "no column is known to be the time; it has the columns status, host"),
    "no status": (frame(timestamp=1, host="a"), "no column is known to be the status.*constants={'status': 'critical'}"),
    "no host": (frame(timestamp=1, status="ok"), "no column is known to be the host"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_two_readings_or_none_are_refused_with_the_argument_that_decides(kind):
    """No column is chosen among two that fit, and none is invented."""
    rows, message = REFUSED[kind]
    with pytest.raises(EventError, match=message):
        read_events(rows)


def test_a_column_that_numbers_rows_is_no_check(capsys):
    """An id that is different in every row would make an alert of every event."""
    rows = pd.DataFrame(
        {"timestamp": range(60), "status": "critical", "host": "a", "alarm_id": range(60)}
    )
    assert "check" not in read_events(rows)
    assert "alarm_id" not in capsys.readouterr().err
    assert "check" in read_events(rows.assign(alarm_id=rows["alarm_id"] // 2))


WRONG = {
    "no such column": ({"columns": {"host": "machin"}}, r"columns=\{'host': 'machin'\}.*nearest: machine_id"),
    "no such time": ({"time": "whenn"}, "time='whenn'.*nearest: when"),
    "time twice": ({"columns": {"timestamp": "rack"}}, "time='when' and columns="),
    "both": ({"constants": {"host": "a"}}, "'host' is given by columns= and by constants="),
    "constant time": ({"constants": {"timestamp": 1}}, "name its column with time="),
    "status": ({"status": {"firing": "red"}}, "status={'firing': 'red'}: a status is one of"),
    "constant status": ({"columns": None, "constants": {"status": "red"}}, "a status is one of"),
    "statuses disagree": ({"status": {"a": "ok", "A": "critical"}}, "given twice"),
    "time and start": ({"start": "when"}, "time='when' is for events, start='when' for alarms"),
    "end alone": ({"time": None, "end": "when"}, "end='when' needs start="),
    "no name": ({"columns": {"host": 1}}, "columns: 'host': 1 is not the name"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_arguments_without_a_meaning_are_refused(kind):
    """Unknown columns are named with the nearest ones, contradictions with both arguments."""
    changes, message = WRONG[kind]
    with pytest.raises(ValueError, match=message):
        read_events(ROWS, **{**ASKED, **changes})


DIRTY = pd.DataFrame(
    {
        "timestamp": ["1", "soon", "3", "4", "5", None],
        "status": ["ok", "ok", "red", "critical", "ok", "blue"],
        "host": ["a", "a", "a", None, "a", "a"],
    }
)


def test_bad_rows_are_all_told_at_once():
    """Counts by reason with examples and what would be accepted; the first reason counts."""
    with pytest.raises(EventError) as caught:
        read_events(DIRTY)
    message = str(caught.value)
    assert message.startswith("4 of 6 rows are not events:")
    assert "2 bad_timestamp (row 1: 'soon'; row 5: None)" in message
    assert "1 bad_status (row 2: 'red'): one of ok, acknowledged" in message
    assert "status={'red': 'critical'}" in message
    assert "1 no_primary (row 3): a value in one of host" in message
    assert "skip_bad=True" in message


def test_skipped_rows_are_counted_and_returned():
    """With skip_bad the good rows stay; each bad one is in the attrs with its reason and value."""
    with pytest.warns(RejectedEventsWarning, match="4 of 6 rows were left out"):
        events = read_events(DIRTY, skip_bad=True)
    assert len(events) == 2
    facts = events.attrs["pandakit"]
    assert facts["skipped"] == 4
    assert facts["skipped_by_reason"] == {"bad_timestamp": 2, "bad_status": 1, "no_primary": 1}
    assert [(row["row"], row["reason"], row["value"]) for row in facts["skipped_rows"]] == [
        (1, "bad_timestamp", "soon"), (5, "bad_timestamp", None), (2, "bad_status", "red"),
        (3, "no_primary", None),
    ]  # fmt: skip


def test_a_few_skipped_rows_need_no_warning():
    """Up to one percent is counted in the attrs only: warnings here would be errors."""
    rows = pd.DataFrame({"timestamp": [*range(100), None], "status": "ok", "host": "a"})
    assert read_events(rows, skip_bad=True).attrs["pandakit"]["skipped"] == 1


def test_no_event_at_all_is_an_error_even_with_skip_bad():
    """Numbers of nothing look like those of a quiet day: they are refused."""
    with pytest.raises(EventError, match="2 of 2 rows are not events"):
        read_events(DIRTY.iloc[1:3], skip_bad=True)


def test_alarms_that_end_before_they_start_are_bad():
    """Reversed times are named with both."""
    rows = pd.DataFrame({"host": ["a", "b"], "start": [10, 30], "end": [20, 25]})
    with pytest.raises(EventError, match=r"1 end_before_start \(row 1: '30 to 25'\)"):
        read_events(rows)


def test_facts_can_be_saved(tmp_path):
    """What was read, guessed and skipped outlives saving and loading."""
    events = read_events(ROWS, **ASKED)
    pk.save(events, tmp_path / "events.parquet")
    loaded = pk.load(tmp_path / "events.parquet")
    assert loaded.attrs["pandakit"]["mapping"] == events.attrs["pandakit"]["mapping"]
    pd.testing.assert_frame_equal(loaded, events)


def test_names_from_files_are_printed_without_their_control_characters(capsys):
    """A column name of a stranger's file cannot steer the terminal."""
    rows = pd.DataFrame({"timestamp": [1], "status": "ok", "Host\x1b[2J": "a", "host name": "b"})
    read_events(rows)
    assert "\x1b" not in capsys.readouterr().err
