"""Reading events: timestamps, identities, rejections, and the errors that name the fix."""

import datetime as dt
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pandakit.consolidation import (
    CLASSIC,
    CURRENT,
    Consolidator,
    Pattern,
    Policy,
    consolidate,
)
from pandakit.errors import EventError
from pandakit.lab import sweep

NOON = pd.Timestamp("2026-03-01T12:00:00Z")
SECONDS = int(NOON.timestamp())


def events(**columns):
    """Give a frame of critical events on one host, with columns replaced or added."""
    rows = max((len(values) for values in columns.values()), default=1)
    base = {"timestamp": [SECONDS] * rows, "status": ["critical"] * rows, "host": ["h"] * rows}
    return pd.DataFrame({**base, **columns})


def starts(timestamps, **settings):
    """Give the start of the one alert of each timestamp, read alone; None when refused."""
    result = consolidate(
        events(timestamp=timestamps, check=[str(n) for n in range(len(timestamps))]), **settings
    )
    alerts = result.events["alert_id"]
    return [None if pd.isna(a) else result.alerts["start"][a] for a in alerts]


READABLE = {
    "int": ([SECONDS], "s"),
    "float": ([SECONDS + 0.0], "s"),
    "text of digits": ([str(SECONDS)], "s"),
    "decimal text": ([f"{SECONDS}.0"], "s"),
    "decimal text among gaps": (pd.Series([f"{SECONDS}.000"], dtype="string[pyarrow]"), "s"),
    "long decimal text": ([f"{SECONDS}.{'0' * 30}"], "s"),
    "decimal text of milliseconds": ([f"{SECONDS}000.0"], "ms"),
    "digits of nanoseconds": ([str(SECONDS * 10**9)], "ns"),
    "arrow text": (pd.array([str(SECONDS)], dtype="string[pyarrow]"), "s"),
    "category": (pd.Categorical([str(SECONDS)]), "s"),
    "object": (pd.Series([SECONDS], dtype=object), "s"),
    "decimal": ([Decimal(SECONDS)], "s"),
    "nullable": (pd.array([SECONDS], dtype="Int64"), "s"),
    "milliseconds": ([SECONDS * 10**3], "ms"),
    "microseconds": ([SECONDS * 10**6], "us"),
    "nanoseconds": ([SECONDS * 10**9], "ns"),
    "datetimes": (pd.Series([NOON.tz_convert("Asia/Tokyo")]), "s"),
    "arrow datetimes": (pd.Series([NOON]).astype("timestamp[ns, tz=UTC][pyarrow]"), "s"),
    "category of datetimes": (pd.Series([NOON]).astype("category"), "s"),
    "dictionary of datetimes": (
        pd.Series(
            pd.arrays.ArrowExtensionArray(
                pa.array([NOON.to_pydatetime()], pa.timestamp("us", "UTC")).dictionary_encode()
            )
        ),
        "s",
    ),
    "datetime objects": (pd.Series([NOON.to_pydatetime()], dtype=object), "s"),
    "ISO text": (["2026-03-01T12:00:00Z"], "s"),
    "ISO text with a small zone": (["2026-03-01T12:00:00z"], "s"),
    "ISO text of midnight": (["2026-02-28T24:00:00-12:00"], "s"),
    "ISO text with a comma": (["2026-03-01T12:00:00,000Z"], "s"),
    "ISO week": (["2026-W09-7T12:00Z"], "s"),
    "ISO text with offset": (["2026-03-01 14:00:00.000000+02:00"], "s"),
}


@pytest.mark.parametrize("name", READABLE)
def test_timestamps_are_read(name):
    """Numbers in the unit, text of digits, and times with a zone all name the same moment."""
    values, unit = READABLE[name]
    assert starts(values, unit=unit) == [NOON]


@pytest.mark.parametrize(
    "value",
    [
        None,
        math.nan,
        "",
        "soon",
        "2026-03-01T25:00:00Z",
        "1e9",
        "5.",
        " 5",
        "1" * 5_000,
        "9999-12-31T23:59-05:00",
        dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        Decimal("sNaN"),
        True,
        math.inf,
        1e300,
        "9" * 30,
    ],
    ids=repr,
)
def test_bad_timestamps_are_rejected(value):
    """Anything else is rejected with a reason; the rows around it are read."""
    frame = events(timestamp=pd.Series([SECONDS, value, SECONDS + 1], dtype=object))
    result = consolidate(frame)
    assert result.events["reason"].tolist()[1] == "bad_timestamp"
    assert result.events["outcome"].tolist() == ["opened", "rejected", "updated"]


def test_a_column_of_booleans_is_no_time():
    """A boolean is not read as second 0 or 1."""
    with pytest.raises(EventError, match=r"bad_timestamp 1 \(such as True in row 0"):
        consolidate(events(timestamp=[True]))


@pytest.mark.parametrize(
    ("values", "unit", "microseconds"),
    [
        ([0.0000005], "s", 0),  # half a microsecond goes to the even neighbour
        ([0.0000015], "s", 2),
        ([1500], "ns", 2),
        ([2500], "ns", 2),
        ([2501], "ns", 3),
        (["0.0000005"], "s", 0),
        (["-0.0000015"], "s", -2),
        (["0.00000150000000000000000001"], "s", 2),
        (["2500.0"], "ns", 2),
        (["2500.000000000001"], "ns", 3),
        (["1970-01-01T00:00:00.000002501Z"], "s", 3),
    ],
)
def test_times_are_rounded_to_the_microsecond(values, unit, microseconds):
    """What is finer than a microsecond is rounded, half to even."""
    (start,) = starts(values, unit=unit)
    assert start == pd.Timestamp(microseconds, unit="us", tz="UTC")


@pytest.mark.parametrize(("unit", "ratio"), [("s", 10**6), ("ms", 10**3)])
@pytest.mark.parametrize("form", ["float64", "object", "Float64"])
def test_floats_are_rounded_exactly(unit, ratio, form):
    """The nearest microsecond is that of the number itself, whatever column it stands in."""
    seconds = np.random.default_rng(5).uniform(1.6e9, 1.8e9, 300)
    cells = pd.Series(np.concatenate([seconds, -seconds]) * (10**6 / ratio))
    exact = [round(Fraction(cell) * ratio) for cell in cells.tolist()]
    found = starts(cells.astype(form), unit=unit)
    assert [start.as_unit("us").asm8.astype(int) for start in found] == exact


def test_absurd_numbers_are_no_times():
    """What no clock can show is rejected without a warning from below."""
    cells = [1e305, -1e305, math.inf, 5.0, 6.0, 7.0, 8.0]
    assert starts(cells)[:3] == [None] * 3


ERRORS = {
    "no timestamp": (events().drop(columns="timestamp"), CLASSIC, "no column 'timestamp'"),
    "no status": (events().drop(columns="status"), CLASSIC, "no column 'status'"),
    "no primary": (events().drop(columns="host"), CLASSIC, "host, service, application, device"),
    "near name": (
        events().rename(columns={"timestamp": "timestamps"}),
        CLASSIC,
        "nearest: timestamps",
    ),
    "naive": (
        events(timestamp=[NOON.tz_localize(None)]),
        CLASSIC,
        r"without a zone.*tz_localize\('UTC'\)",
    ),
    "naive objects": (
        events(timestamp=pd.Series([dt.datetime(2026, 1, 1)], dtype=object)),  # noqa: DTZ001 - refused
        CLASSIC,
        "without a zone",
    ),
    "naive text": (
        events(timestamp=["2026-03-01T12:00:00Z", "2026-03-01T12:00:00"]),
        CLASSIC,
        r"ISO 8601 text without a zone \(1 row: 1\).*tz_localize\('UTC'\)",
    ),
    "naive text among others": (
        events(timestamp=pd.Series([SECONDS, "2026-03-01 24:00"], dtype=object)),
        CLASSIC,
        r"without a zone \(1 row: 1\)",
    ),
    "milliseconds as decimal text": (events(timestamp=[f"{SECONDS}000.0"]), CLASSIC, "unit='ms'"),
    "milliseconds": (events(timestamp=[SECONDS * 1000] * 3), CLASSIC, "unit='ms'"),
    "milliseconds as text": (events(timestamp=[str(SECONDS * 1000)]), CLASSIC, "unit='ms'"),
    "twice": (
        pd.concat([events(), events()[["host"]]], axis=1),
        CLASSIC,
        r"more than one column is called 'host'",
    ),
    "tag": (
        events(cluster_name=["x"]),
        Policy(patterns=[Pattern("clustername", "1h")]),
        "'clustername'.*nearest: cluster_name",
    ),
    "filter": (
        events(),
        Policy(patterns=[Pattern("host", "1h", filter="region = eu")]),
        "pattern 'host' looks at column 'region'",
    ),
    "no text": (events(host=[b"h"]), CLASSIC, "column 'host', row 0: a bytes"),
    "no text in a payload": (events(raw=[{"a": 1}]), CURRENT, "dedup='payload'.*'raw'"),
    "no frame": ([{"timestamp": 1}], CLASSIC, "events: a list is not a table"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_unreadable_events(name):
    """What cannot be read raises and names the column and the fix."""
    frame, policy, message = ERRORS[name]
    with pytest.raises(EventError, match=message):
        consolidate(frame, policy)


NAIVE = pd.Series([None, *[NOON.tz_localize(None)] * 7])
NAIVE_FORMS = {
    "datetime64": NAIVE,
    "objects": NAIVE.astype(object).where(NAIVE.notna(), None),
    "category": NAIVE.astype("category"),
    "arrow": NAIVE.astype(pd.ArrowDtype(pa.timestamp("us"))),
}


@pytest.mark.parametrize("form", NAIVE_FORMS)
def test_times_without_a_zone_are_named_by_their_rows(form):
    """The message has the column, the first rows and how many there are; gaps do not count."""
    message = r"column 'timestamp'.*\(7 rows: 1, 2, 3, 4, 5 \.\.\.\).*tz_localize\('UTC'\)"
    with pytest.raises(EventError, match=message):
        consolidate(events(timestamp=NAIVE_FORMS[form]))


LATE = SECONDS * 1000
MILLISECONDS = {
    "int": [SECONDS, LATE, LATE],
    "float": [math.nan, LATE + 0.0, LATE],
    "nullable": pd.array([None, LATE, LATE], dtype="Int64"),
    "text": [None, str(LATE), str(LATE)],
    "arrow text": pd.array(["soon", str(LATE), str(LATE)], dtype="string[pyarrow]"),
    "mixed": pd.Series(["soon", str(LATE), LATE], dtype=object),
    "decimal": [Decimal(SECONDS), Decimal(LATE), Decimal(LATE)],
    "category": pd.Categorical([SECONDS, LATE, LATE]),
    "category of text": pd.Categorical([None, str(LATE), str(LATE)]),
    "dictionary": pd.Series([None, str(LATE), str(LATE)]).astype(
        pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    ),
}


@pytest.mark.parametrize("form", MILLISECONDS)
def test_milliseconds_are_named_by_their_rows(form):
    """The message has the column, the rows that lie too far ahead, and the unit to say."""
    frame = events(timestamp=MILLISECONDS[form])
    message = r"column 'timestamp'.*\(2 rows: 1, 2\); for milliseconds pass unit='ms'"
    with pytest.raises(EventError, match=message):
        consolidate(frame)
    assert consolidate(frame, unit="ms").events["outcome"].tolist()[1:] == ["opened", "duplicate"]


@pytest.mark.parametrize("form", ["int64", "object", "category"])
def test_a_few_milliseconds_among_seconds_are_rejected(form):
    """The middle of all rows tells the unit, so that single odd values only lose their rows."""
    cells = pd.Series([SECONDS, SECONDS, SECONDS, LATE, LATE + 1]).astype(form)
    outcomes = consolidate(events(timestamp=cells)).events["outcome"].tolist()
    assert outcomes == ["opened", "duplicate", "duplicate", "rejected", "rejected"]


@pytest.mark.parametrize("form", ["float64", "object", "category", "Float64"])
def test_infinity_is_not_taken_for_milliseconds(form):
    """A column of which most is infinite has bad timestamps, and keeps its seconds."""
    cells = pd.Series([math.inf, SECONDS, math.inf, -math.inf, math.inf]).astype(form)
    reasons = consolidate(events(timestamp=cells)).events["reason"].isna().tolist()
    assert reasons == [False, True, False, False, False]


def test_digits_and_numbers_in_one_column_are_read_together():
    """One number written as text does not make the column one of milliseconds."""
    cells = pd.Series([SECONDS, SECONDS + 1, str(LATE)], dtype=object)
    outcomes = consolidate(events(timestamp=cells)).events["outcome"].tolist()
    assert outcomes == ["opened", "updated", "rejected"]


ODD = [None, "x", "x", {"a": 1}, "y"]
ODD_CELLS = {
    "tag": Policy(patterns=[Pattern("region", "1h")]),
    "filter": Policy(patterns=[Pattern("host", "1h", filter="region = x")]),
    "source_system": Policy(patterns=[Pattern("source_system", "1h")]),
    "description": Policy(patterns=[Pattern("host", "1h")]),
    "host": CLASSIC,
    "payload": CLASSIC.replace(dedup="payload"),
}


@pytest.mark.parametrize("role", ODD_CELLS)
def test_a_cell_without_text_is_named_by_its_row_in_the_frame(role):
    """Only some rows may be looked at; the message has the row of the frame all the same."""
    column = role if role in {"source_system", "description", "host"} else "region"
    frame = events(timestamp=[SECONDS, SECONDS, *[SECONDS + 60] * 3], host=list("aabcc"))
    frame[column] = pd.Series(ODD if column != "host" else ["a", *ODD[1:]], dtype=object)
    with pytest.raises(EventError, match=f"column '{column}', row 3: a dict"):
        consolidate(frame, ODD_CELLS[role])


def test_a_category_without_text_is_named_by_its_row():
    """The place of a label among the categories is not taken for a row."""
    frame = events(host=pd.Categorical(["a", "a", b"b"], categories=[b"b", "a"]))
    with pytest.raises(EventError, match="column 'host', row 2: a bytes"):
        consolidate(frame)


@pytest.mark.parametrize("value", ["2026-03-01T12:00:00", 5, "soon", None], ids=repr)
def test_as_of_needs_a_zone(value):
    """The time until which the clock runs has a zone; None is the last event."""
    if value is None:
        assert consolidate(events(), as_of=value).as_of == NOON
        return
    with pytest.raises(EventError, match="as_of"):
        consolidate(events(), as_of=value)


def test_as_of_before_the_last_event():
    """The clock does not run backwards."""
    with pytest.raises(EventError, match="earlier than the last event"):
        consolidate(events(), as_of=NOON - pd.Timedelta("1us"))


@pytest.mark.parametrize("call", [lambda **k: consolidate(events(), **k), Consolidator])
def test_unknown_unit(call):
    """A unit that is not one of four is refused, before any chunk comes."""
    with pytest.raises(ValueError, match="unit: 'm' is not one of s, ms, us, ns"):
        call(unit="m")


@pytest.mark.parametrize("call", [consolidate, sweep, lambda _, policy: Consolidator(policy)])
def test_what_is_no_policy(call):
    """The name of a preset, or a bare pattern, is no policy; the message says what is."""
    for given in ("CLASSIC", Pattern("host", "1h"), None):
        with pytest.raises(TypeError, match="policy: pass a Policy, such as CLASSIC"):
            call(events(), given)


def test_periods_are_no_times():
    """A column of periods is not read as the numbers that pandas keeps them as."""
    frame = events(timestamp=pd.period_range("2026-01-01", periods=2, freq="D"))
    with pytest.raises(EventError, match="bad_timestamp 2"):
        consolidate(frame)


def test_first_reason_counts():
    """A row with several faults is rejected for the first of them."""
    frame = events(app_key=[None, "a", "a", "a"], timestamp=[None, None, SECONDS, SECONDS])
    frame["status"] = ["?", "?", "?", "ok"]
    frame["host"] = None
    reasons = Consolidator().feed(frame)["reason"].tolist()
    assert reasons == ["no_app_key", "bad_timestamp", "bad_status", "no_primary"]


SAME = {
    "whole floats": ([1.0, math.nan], ["1", None]),
    "category": (pd.Categorical(["a", None]), ["a", None]),
    "booleans": ([True, False], ["true", "false"]),
    "lists": (pd.Series([["a", "b"], []], dtype=object), ["a|b", None]),
}


@pytest.mark.parametrize("name", SAME)
def test_values_are_compared_as_text(name):
    """A tag of any type groups like its text form."""
    given, text = SAME[name]
    policy = Policy(patterns=[Pattern("tag", "1h")])
    hosts = ["h1", "h2"]
    one = consolidate(events(host=hosts, tag=given), policy)
    other = consolidate(events(host=hosts, tag=text), policy)
    pd.testing.assert_frame_equal(one.events, other.events)
    pd.testing.assert_frame_equal(one.incidents, other.incidents)


def test_an_arrow_table_is_as_good():
    """An Arrow table, in several chunks, gives what the frame gives."""
    frame = events(
        timestamp=[SECONDS, SECONDS + 60, SECONDS + 61],
        host=["a", None, "a"],
        service=[None, "s", "s"],
        cluster=["x", "x", None],
    )
    whole = pa.Table.from_pandas(frame)
    table = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    one, other = consolidate(frame), consolidate(table)
    pd.testing.assert_frame_equal(one.alerts, other.alerts)
    pd.testing.assert_frame_equal(one.events, other.events)


def test_the_callers_frame_is_not_changed():
    """Index, dtypes and values of the input stay as they were."""
    frame = events(timestamp=[SECONDS + 5, SECONDS], status=["OK", "Critical"])
    frame.index = ["x", "y"]
    before = frame.copy(deep=True)
    result = consolidate(frame, CURRENT)
    pd.testing.assert_frame_equal(frame, before)
    assert list(result.events.index) == ["x", "y"]
    assert result.events["outcome"].tolist() == ["resolved", "opened"]


def test_filters_see_what_the_spec_says():
    """In a filter, status is in lower case and `source_system` falls back to `app_key`."""
    frame = events(
        status=["CRITICAL", "Warning"], host=["h1", "h2"], app_key=["a", "b"], cluster=["x", "x"]
    )
    patterns = [
        Pattern("cluster", "1h", filter='status IN ["critical", "warning"]', name="status"),
        Pattern("cluster", "1h", filter="source_system = a", name="source"),
    ]
    names = consolidate(frame, Policy(patterns=patterns)).incidents["patterns"].tolist()
    assert names == [("status", "source")]


def test_absent_known_columns_are_noted():
    """A pattern over a column that the Alerts API knows but the events lack matches nothing."""
    result = consolidate(events())
    assert result.notes == (
        "pattern 'cluster' matches nothing: the events have no column 'cluster'",
    )
    chunked = Consolidator()
    chunked.feed(events())
    chunked.feed(events(cluster=["x"]))
    assert chunked.result().notes == ()


def test_an_absent_source_is_noted():
    """Without `source_system` and `app_key`, which stands in for it, a pattern on it is noted."""
    policy = Policy(patterns=[Pattern("source_system", "1h")])
    result = consolidate(events(timestamp=[SECONDS, SECONDS + 1], host=["a", "b"]), policy)
    assert result.incidents["n_alerts"].tolist() == [1, 1]
    assert result.notes == (
        "pattern 'source_system' matches nothing: the events have no column 'app_key'",
    )
    for column in ("app_key", "source_system"):
        assert consolidate(events(**{column: ["x"]}), policy).notes == ()


def test_conflicting_duplicates_are_noted():
    """A lost `ok` is counted and said."""
    result = consolidate(events(status=["critical", "ok"]))
    assert result.n_conflicting_duplicates == 1
    assert any("lost 'ok'" in note for note in result.notes)


def test_large_numbers_as_text():
    """Identity values beyond 64 bits and negative zero are text like any other."""
    result = consolidate(events(host=pd.Series([2**70, np.float64(-0.0)], dtype=object)))
    assert result.alerts["primary_value"].tolist() == [str(2**70), "0"]


def test_a_status_is_lower_case_wherever_it_is_used():
    """As a primary and as a tag a status has no case, as it has none as a status."""
    frame = events(status=["Critical", "critical"], primary_property=["status"] * 2)
    result = consolidate(frame, Policy(patterns=[Pattern("status", "1h")]))
    assert result.events["outcome"].tolist() == ["opened", "duplicate"]
    assert result.alerts["primary_value"].tolist() == ["critical"]


UNREADABLE = {
    "complex": [1j],
    "bytes": [b"x"],
    "period": pd.period_range("2026", periods=1, freq="Y"),
    "interval": pd.interval_range(0, 1),
    "span": pd.to_timedelta([1], unit="s"),
    "signalling NaN": pd.Series([Decimal("sNaN")], dtype=object),
    "beyond the last year": pd.Series(
        [dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=-5)))],
        dtype=object,
    ),
    "list in a list": pd.Series([["a", ["b"]]], dtype=object),
}


@pytest.mark.parametrize("column", ["timestamp", "status", "host", "check", "cluster", "app_key"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_column_of_another_kind_is_refused(kind, column):
    """A column that holds nothing that can be read raises, and names itself or its row."""
    with pytest.raises(EventError, match=rf"{column}|row 0"):
        consolidate(events(**{column: UNREADABLE[kind]}))


ARROW = {
    "view": pa.array(["critical", "critical"], pa.string_view()),
    "run ends": pa.RunEndEncodedArray.from_arrays([2], ["critical"]),
    "dictionary": pa.array(["critical", "critical"]).dictionary_encode(),
    "dictionaries": pa.chunked_array(
        [pa.array(["critical"]).dictionary_encode(), pa.array(["critical"]).dictionary_encode()]
    ),
}


@pytest.mark.parametrize("column", ["status", "host", "cluster", "tag"])
@pytest.mark.parametrize("kind", ARROW)
def test_every_layout_of_arrow_text_is_read(kind, column):
    """Views, runs and dictionaries of text are read as the text that they stand for."""
    plain = {"timestamp": [SECONDS, SECONDS + 1], "status": ["critical"] * 2, "host": ["h"] * 2}
    found = consolidate(pa.table({**plain, column: ARROW[kind]}), CURRENT)
    expected = consolidate(pd.DataFrame({**plain, column: ["critical"] * 2}), CURRENT)
    for part in ("events", "alerts", "incidents"):
        pd.testing.assert_frame_equal(getattr(found, part), getattr(expected, part))


def test_streams_are_read_once():
    """A reader of batches is consolidated, swept, fed and explained like its table."""
    table = pa.table({"timestamp": [SECONDS], "status": ["critical"], "host": ["h"]})
    assert consolidate(table.to_reader()).explain(0).text == consolidate(table).explain(0).text
    pd.testing.assert_frame_equal(sweep(table.to_reader()), sweep(table))
    assert Consolidator().feed(table.to_reader())["outcome"].tolist() == ["opened"]


def test_columns_whose_names_are_not_text():
    """Columns 0 and "0" are two fields of a payload, and are searched for keywords."""
    frame = events(timestamp=[SECONDS] * 2).assign(**{"0": [1, 2]})
    frame[0] = [1, 1]
    assert consolidate(frame, CURRENT).events["outcome"].tolist() == ["opened", "updated"]
    policy = CURRENT.replace(patterns=[Pattern("host", "1h", filter="2")])
    assert consolidate(frame.drop(columns="0"), policy).incidents["patterns"].tolist() == [()]
    frame[0] = [2, 2]
    assert consolidate(frame, policy).incidents["patterns"].tolist() == [("host",)]


def test_limits_of_any_size():
    """A limit beyond 64 bits is no limit; one that would take all memory is refused."""
    assert len(consolidate(events(), CURRENT.replace(max_alerts=2**63)).incidents) == 1
    with pytest.raises(ValueError, match="flap_changes: 1000000000000 is more than 1,000"):
        CURRENT.replace(flap_changes=10**12)
