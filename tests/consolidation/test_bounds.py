"""The bounds of what pandas can hold: times from 1678 to 2262, spans of 292 years."""

import datetime as dt

import pandas as pd
import pytest

from pandakit.consolidation import CLASSIC, Consolidator, Pattern, Policy, consolidate
from pandakit.errors import EventError

LONGEST = pd.Timedelta(days=106_751)
OLD, NEW = "1700-01-01T00:00:00Z", "2250-01-01T00:00:00Z"
SPAN = pd.Timestamp(NEW).as_unit("us") - pd.Timestamp(OLD).as_unit("us")


def events(*times):
    """Give critical events on one host, each an alert of its own."""
    checks = [str(number) for number in range(len(times))]
    return pd.DataFrame({"timestamp": times, "status": "critical", "host": "h", "check": checks})


@pytest.mark.parametrize("anchor", ["first", "latest", "bucket"])
def test_the_longest_window_has_right_gaps_and_margins(anchor):
    """Gap and margin of the longest window that is allowed are exact, and never negative."""
    policy = Policy(patterns=[Pattern("host", LONGEST)], anchor=anchor)
    times = ["1971-01-01T00:00:00Z", "2262-04-10T23:47:16.854775Z"]
    alerts = consolidate(events(*times), policy).alerts
    gap = pd.Timestamp(times[1]) - pd.Timestamp(times[0])
    assert alerts["gap"].tolist()[1] == gap
    margin = alerts["margin"].tolist()[1]
    assert pd.isna(margin) if anchor == "bucket" else margin == LONGEST - gap


@pytest.mark.parametrize("anchor", ["first", "latest", "bucket"])
def test_alerts_further_apart_than_nanoseconds_reach_are_explained(anchor):
    """An explanation says right how long ago a candidate was, even 550 years."""
    facts = consolidate(events(OLD, NEW), CLASSIC.replace(anchor=anchor)).explain(1).facts
    assert facts["joined_by"] is None
    assert facts["candidates"][0]["gap"] == SPAN


def test_a_slot_that_ends_beyond_the_bounds_is_explained():
    """The end of a slot may lie where nanoseconds do not reach."""
    policy = Policy(patterns=[Pattern("host", LONGEST)], anchor="bucket")
    explained = consolidate(events(NEW, "2262-01-01T00:00:00Z"), policy).explain(1)
    assert explained.facts["slot_end"] == pd.Timestamp("1970-01-01", tz="UTC") + pd.Timedelta(
        LONGEST
    )
    policy = Policy(patterns=[Pattern("host", "80000d")], anchor="bucket")
    explained = consolidate(events(NEW, "2262-01-01T00:00:00Z"), policy).explain(1)
    assert "slot, which ends 2408-01-25 00:00:00 UTC" in explained.text


def test_an_incident_of_550_years_is_shown():
    """The display survives an incident that lasts longer than nanoseconds reach."""
    frame = pd.DataFrame({"timestamp": [OLD, OLD, NEW, NEW], "host": "h"})
    frame["status"] = ["critical", "ok", "critical", "ok"]
    policy = CLASSIC.replace(reopen_window=None, expire_after=None, dedup="none")
    result = consolidate(frame, policy)
    assert result.incidents["end"].tolist() == [pd.Timestamp(NEW)]
    assert "200883 d" in result._repr_html_()


@pytest.mark.parametrize(
    "value",
    [
        "3000-01-01T00:00:00Z",
        dt.datetime(3000, 1, 1, tzinfo=dt.UTC),
        pd.Timestamp("1500-01-01", tz="UTC"),
    ],
    ids=repr,
)
def test_times_out_of_bounds(value):
    """As a timestamp such a time rejects its row; as `as_of` it raises and says the bounds."""
    frame = events(NEW, value)
    frame["timestamp"] = frame["timestamp"].astype(object)
    assert consolidate(frame).events["reason"].tolist()[1] == "bad_timestamp"
    with pytest.raises(EventError, match=r"as_of: .* out of bounds.*from 1678 to 2262"):
        consolidate(events(OLD), as_of=value)


def test_an_end_is_never_out_of_bounds():
    """An alert can expire only before `as_of`, so that its end can be held."""
    last = pd.Timestamp("2262-04-11T23:47:16Z")
    consolidator = Consolidator(CLASSIC.replace(expire_after=LONGEST))
    consolidator.feed(events(OLD, NEW))
    ends = consolidator.result(as_of=last).alerts["end"]
    assert ends.tolist() == [pd.Timestamp(OLD) + LONGEST, pd.NaT]
