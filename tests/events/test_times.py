"""Times of anybody's columns: numbers in a unit, datetimes with and without a zone, text."""

# ruff: noqa: E501 - cases stand in tables, one a line

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from pandakit import EventError
from pandakit.events import read_events

BERLIN = "Europe/Berlin"
MAY = "2026-05-04T14:03:39"
MAY_S = 1777903419


def events(cells, **options):
    """Read events with these times."""
    if not isinstance(cells, (list, pa.Array)):
        cells = list(cells)
    table = pa.table(
        {"timestamp": cells, "status": ["ok"] * len(cells), "host": ["a"] * len(cells)}
    )
    return read_events(table, **options)


def times(cells, **options):
    """Return the times that are read, in UTC."""
    return [f"{time:%Y-%m-%dT%H:%M:%S.%f}" for time in events(cells, **options)["timestamp"]]


GOOD = [
    (MAY_S, {}, ""), (MAY_S * 10**3, {}, ""), (MAY_S * 10**6, {}, ""), (MAY_S * 10**9, {}, ""),
    (float(MAY_S), {}, ""), (MAY_S + 0.25, {}, ".25"), (MAY_S + 0.1, {}, ".1"),
    (Decimal(f"{MAY_S}.5"), {}, ".5"), (MAY_S, {"unit": "s"}, ""), (MAY_S * 10**3, {"unit": "ms"}, ""),
    (f"{MAY_S}", {}, ""), (f"{MAY_S}.0", {}, ""), (f"{MAY_S}.25", {}, ".25"), (f" {MAY_S}000 ", {}, ""),
    (MAY + "Z", {}, ""), (MAY + "z", {}, ""), (MAY + ".123456789Z", {}, ".123456"),
    (MAY + ",5Z", {}, ".5"), ("2026-05-04 14:03:39 UTC", {}, ""), ("2026-05-04 14:03:39+00", {}, ""),
    ("2026-05-04T16:03:39+02:00", {}, ""), ("2026-05-04 06:03:39 -0800", {}, ""),
    ("20260504T140339Z", {}, ""), ("2026-05-04 16:03:39", {"tz": BERLIN}, ""),
    ("2026-05-04T16:03:39.5", {"tz": ZoneInfo(BERLIN)}, ".5"), (MAY, {"tz": "UTC"}, ""),
    ("04/05/2026 16:03:39", {"tz": BERLIN, "time_format": "%d/%m/%Y %H:%M:%S"}, ""),
    ("May 4, 2026 14:03:39 +0000", {"time_format": "%b %d, %Y %H:%M:%S %z"}, ""),
    (dt.datetime(2026, 5, 4, 14, 3, 39, tzinfo=dt.UTC), {}, ""),
    (dt.datetime(2026, 5, 4, 16, 3, 39), {"tz": BERLIN}, ""),  # noqa: DTZ001 - naive on purpose
]  # fmt: skip


@pytest.mark.parametrize(("cell", "options", "fraction"), GOOD, ids=str)
def test_every_way_to_write_a_time(cell, options, fraction):
    """Numbers of any unit, text of numbers, ISO 8601, a given format, datetimes: one instant."""
    assert times([cell], **options) == [f"{MAY}.{fraction[1:]:0<6}"]


def test_different_ways_in_one_column():
    """A column of text may mix numbers, zones and forms, midnight as 24:00 too."""
    cells = [f"{MAY_S}", MAY + "Z", "2026-05-03T24:00:00Z", "2026-05-04 16:03:39+02:00"]
    assert times(cells) == [f"{MAY}.000000"] * 2 + ["2026-05-04T00:00:00.000000", f"{MAY}.000000"]


@pytest.mark.parametrize("cells", [[30685, 86400], ["30685", "86400"], [30685.0, 86400.0]])
def test_small_numbers_are_seconds(cells):
    """Numbers that no unit puts between 1990 and 2100 count seconds from 1970."""
    assert times(cells) == ["1970-01-01T08:31:25.000000", "1970-01-02T00:00:00.000000"]


BAD = ["soon", True, np.inf, 10.0**19, "1,777,903,419", "9999-12-31T00:00:00Z", b"x", None, ""]


@pytest.mark.parametrize("cell", BAD, ids=str)
def test_what_is_no_time_is_named_with_its_row(cell):
    """Words, booleans, infinity, other ages and missing times are bad, never a wrong time."""
    with pytest.raises(EventError, match=r"1 bad_timestamp \(row 0: "):
        events([cell])


@pytest.mark.parametrize(
    "cells",
    [["2026-05-04 14:03:39"], ["1", "2026-05-04T14:03:39"], [dt.datetime(2026, 5, 4)], [dt.date(2026, 5, 4)]],  # noqa: DTZ001
)  # fmt: skip
def test_a_time_without_a_zone_asks_for_one(cells):
    """Naive times raise, in any row, and the message shows the argument."""
    with pytest.raises(EventError, match=r"without a zone \(row \d: .*tz='Europe/Berlin'"):
        events(cells)


SPRING, AUTUMN = "2026-03-29 02:30:00", "2026-10-25 02:30:00"


@pytest.mark.parametrize(("text", "reason"), [(SPRING, "skipped_hour"), (AUTUMN, "repeated_hour")])
@pytest.mark.parametrize("kind", ["text", "datetime", "format"])
def test_hours_of_clock_changes_are_named(text, reason, kind):
    """A local time that the clock skipped or showed twice is no time; others are read."""
    cells = [text, "2026-07-01 12:00:00"]
    options = {"time_format": "%Y-%m-%d %H:%M:%S"} if kind == "format" else {}
    cells = pa.array(cells).cast(pa.timestamp("us")) if kind == "datetime" else cells
    with pytest.raises(EventError, match=rf"1 {reason} \(row 0: .*{text[:10]}"):
        events(cells, tz=BERLIN, **options)
    with pytest.warns(match=reason):
        left = times(cells, tz=BERLIN, skip_bad=True, **options)
    assert left == ["2026-07-01T10:00:00.000000"]


def test_times_with_an_offset_need_no_zone():
    """The two hours of a change are told apart by their offsets, whatever `tz` says."""
    cells = [f"2026-10-25T02:30:00+0{hours}:00" for hours in (2, 1)]
    assert times(cells, tz=BERLIN) == ["2026-10-25T00:30:00.000000", "2026-10-25T01:30:00.000000"]


@given(st.lists(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 1, 1)), min_size=1))  # noqa: DTZ001
def test_local_times_are_those_of_pandas(local):
    """Reading in a zone is what `tz_localize` does, wherever that is not ambiguous."""
    series = pd.Series(local).astype("datetime64[us]")
    expected = series.dt.tz_localize(BERLIN, ambiguous="NaT", nonexistent="NaT")
    if expected.isna().any():
        return
    read = events(pa.array(series), tz=BERLIN)["timestamp"]
    assert (read == expected.dt.tz_convert("UTC")).all()


@given(
    st.lists(st.integers(631_152_000, 4_102_444_799), min_size=1),
    st.sampled_from(["s", "ms", "us", "ns"]),
    st.sampled_from([int, str, pd.Int64Dtype()]),
)
def test_the_unit_is_told_by_the_size_of_numbers(seconds, unit, kind):
    """Every instant from 1990 to 2100 is read alike in each unit, as number and as text."""
    numbers = [second * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] for second in seconds]
    cells = pd.Series(numbers).astype(kind)
    read = events(pa.array(cells))["timestamp"].astype("int64") // 10**9
    assert read.tolist() == seconds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tz": "Europe/Belin"}, "Europe/Berlin"),
        ({"unit": "min"}, "none of s, ms, us, ns"),
        ({"time_format": "%Q"}, "time_format='%Q'"),
    ],
)
def test_options_without_a_meaning_are_refused(options, message):
    """A wrong zone, unit or format is a `ValueError` that names it."""
    with pytest.raises(ValueError, match=message):
        events(["2026-05-04"], **{"tz": "UTC", **options})
