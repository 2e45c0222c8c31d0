"""The one grammar of spans, and the one form in which they are written."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.spans import is_span, read_span, span_text

LONGEST = timedelta(microseconds=(2**63 - 1) // 1_000)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90s", 90), ("90 sec", 90), ("60m", 3_600), ("60min", 3_600), ("1 minute", 60),
        ("1 hour", 3_600), ("2 Hours", 7_200), ("4h", 14_400), ("4H", 14_400), ("1.5h", 5_400),
        ("1h30min", 5_400), ("1h 30m", 5_400), (" 1 hour, 30 minutes ", 5_400), ("0", 0),
        ("1d", 86_400), ("3 days", 259_200), ("2w", 1_209_600), ("1 week", 604_800),
        ("1500ms", 1.5), ("2us", 2e-6), ("2µs", 2e-6), ("0.000001s", 1e-6), ("0s", 0), (0, 0),
        (timedelta(hours=1), 3_600), (pd.Timedelta("1h"), 3_600), (np.timedelta64(1, "h"), 3_600),
    ],
)  # fmt: skip
def test_spans_as_people_type_them(value, seconds):
    """Short and long units, several parts, fractions, and timedeltas of three libraries."""
    assert read_span(value, "window") == timedelta(seconds=seconds)
    assert is_span(value)


def test_the_spans_of_a_range_are_read():
    """`pandas.timedelta_range` can be passed wherever several spans can."""
    spans = pd.timedelta_range("1h", "3h", freq="1h")
    assert [read_span(span, "windows") for span in spans] == [
        timedelta(hours=hours) for hours in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    "value",
    ["", " ", "h", "4", "4 x", "5M", "1month", "1y", "-1h", "1h-30min", "1..5h", "1e3s", "٤h",
     "4h,,", "inf s", "0.0000001s", "9" * 5_000 + "s", "999999w", "2026-01-01",
     4, 4.0, True, None, b"4h", pd.NaT, np.timedelta64("NaT", "s"), np.timedelta64(1, "Y"),
     pd.Timedelta(1, "ns"), timedelta.max],
)  # fmt: skip
def test_what_is_no_span_is_refused_and_the_setting_is_named(value):
    """Numbers without a unit, months, signs, other digits and what pandas cannot hold."""
    assert not is_span(value)
    with pytest.raises(ValueError, match=r"^window: "):
        read_span(value, "window")


@given(st.timedeltas(timedelta(0), LONGEST))
def test_what_is_written_reads_back(span):
    """The written form of any span is that span again, from Python and from pandas."""
    assert read_span(span_text(span), "window") == span
    assert span_text(pd.Timedelta(span)) == span_text(span)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(minutes=90), "1 h 30 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=48), "48 h"),
        (timedelta(hours=72), "3 d"),
        (timedelta(days=30, seconds=1), "30 d 1 s"),
        (timedelta(milliseconds=1, microseconds=2), "1 ms 2 us"),
        (timedelta(hours=-1), "-1 h"),
    ],
)
def test_the_written_form(span, text):
    """Hours up to two days, days above, every unit that is not zero."""
    assert span_text(span) == text
