"""The one grammar of `start` and `end`."""

from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest

from pandakit.timewindow import to_time, window

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-01-01T00:00:00+00:00"),
        (pd.Timestamp("2026-01-01T00:00:00.123456789Z"), "2026-01-01T00:00:00.123456+00:00"),
        (date(2026, 1, 1), "2026-01-01T00:00:00+00:00"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("7d", "2026-03-22T01:30:00+00:00"),
        ("36h", "2026-03-27T13:30:00+00:00"),
        ("15min", "2026-03-29T01:15:00+00:00"),
        ("0d", "2026-03-29T01:30:00+00:00"),
        ("15m", "2026-03-29T01:15:00+00:00"),
        ("1 hour 30 minutes", "2026-03-29T00:00:00+00:00"),
        (timedelta(hours=36), "2026-03-27T13:30:00+00:00"),
        (pd.Timedelta("7D"), "2026-03-22T01:30:00+00:00"),
    ],
)
def test_accepted_forms(value, expected):
    """Zone-aware times, ISO text with a zone, dates and spans all become UTC."""
    assert to_time(value, now=NOW).isoformat() == expected


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), "2026-01-01T00:00:00"])  # noqa: DTZ001 - naive on purpose
def test_a_naive_time_raises_and_shows_the_fix(value):
    """A time without a zone is refused, and the message shows how to write it."""
    with pytest.raises(ValueError, match=r"no zone.*2026-01-01T00:00:00Z"):
        to_time(value)


@pytest.mark.parametrize(
    "value",
    ["15M", "yesterday", "", "7 fortnights", "2026-13-01", "99999999999w", timedelta(hours=-1)],
)
def test_other_text_is_refused_with_the_forms(value):
    """Text of no accepted form is refused ("M" could be months), and so is the future."""
    with pytest.raises(ValueError, match=r"start|span"):
        to_time(value, now=NOW)


def test_other_types_are_refused():
    """A bare number is no time: seconds or milliseconds would be a guess."""
    with pytest.raises(TypeError, match="start is int"):
        to_time(1600000000)


def test_both_ends_count_from_the_same_now():
    """A window of spans is as long as the spans say, to the microsecond."""
    both = window("2h", "1h")
    assert both.end - both.start == timedelta(hours=1)


def test_a_window_that_ends_before_it_starts_is_refused():
    """Swapped ends raise; they do not give an empty frame."""
    with pytest.raises(ValueError, match="before start"):
        window("1h", "2h")
