"""`smallest_window`: against trying every window through `consolidate`."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.consolidation import CURRENT, Pattern, Policy, consolidate
from pandakit.lab import smallest_window
from tests.fuzz import examples

MINUTE = 60
LIMIT = 90  # minutes
PATTERNS = [
    [Pattern("cluster", "20min")],
    [Pattern("cluster", "20min"), Pattern("host", "33min")],
    [Pattern("host", "45min"), Pattern("cluster", "20min"), Pattern(["check", "cluster"], "90s")],
]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["critical", "critical", "warning", "ok"]),
        st.sampled_from("abcd"),
        st.sampled_from("xyz"),
        st.sampled_from(["p", "q"]),
    ),
    min_size=2,
    max_size=14,
)


def frame_of(rows):
    """Events some minutes apart, and some seconds off the minute."""
    frame = pd.DataFrame(rows, columns=["timestamp", "status", "host", "cluster", "check"])
    frame["timestamp"] = (frame["timestamp"] * 151).cumsum()
    return frame


def with_window(policy, name, minutes):
    """The policy with another window for one pattern."""
    return policy.replace(
        patterns=[
            dataclasses.replace(one, window=timedelta(minutes=minutes)) if one.name == name else one
            for one in policy.patterns
        ]
    )


@examples(quick=5, full=1_000)  # each tries 90 windows
@given(
    ROWS,
    st.sampled_from(PATTERNS),
    st.sampled_from(["first", "latest", "bucket"]),
    st.sampled_from(["union", "intersect"]),
    st.booleans(),
    st.sampled_from([None, 2, 3]),
    st.sampled_from(["cluster", "host"]),
    st.data(),
)
def test_it_is_what_trying_every_minute_gives(
    rows, patterns, anchor, matchers, join_resolved, max_alerts, name, data
):
    """The window, and for every minute whether the alerts are together, are those of a loop."""
    policy = Policy(
        patterns=patterns,
        anchor=anchor,
        matchers=matchers,
        join_resolved=join_resolved,
        max_alerts=max_alerts,
        reopen_window="10min",
        expire_after="40min",
    )
    if name not in {one.name for one in patterns}:
        name = "cluster"
    events = frame_of(rows)
    n_alerts = len(consolidate(events, policy).alerts)
    if n_alerts < 2:
        return
    ids = data.draw(
        st.lists(st.integers(0, n_alerts - 1), min_size=2, max_size=3, unique=True),
        label="together",
    )
    found = smallest_window(events, policy, ids, pattern=name, step="1min", limit=f"{LIMIT}min")
    together = {}
    for minutes in range(1, LIMIT + 1):
        alerts = consolidate(events, with_window(policy, name, minutes)).alerts
        together[minutes] = len(set(alerts["incident_id"].loc[ids])) == 1
    first = next((minutes for minutes, yes in together.items() if yes), None)
    assert found.window == (None if first is None else pd.Timedelta(minutes=first))
    if not len(found.ranges):
        assert first is None
        assert "share no value" in found.text
        return
    told = {}
    for row in found.ranges.itertuples(index=False):
        for minutes in range(
            int(row[0].total_seconds()) // 60, int(row[1].total_seconds()) // 60 + 1
        ):
            told[minutes] = row[2]
    assert told == together


def events(times, **columns):
    """One alert per time, all of one host."""
    checks = [f"check {number}" for number in range(len(times))]
    frame = {"timestamp": times, "status": "critical", "host": "db-1", "check": checks}
    return pd.DataFrame(frame | columns)


def test_a_wider_window_may_part_them_again():
    """Where an older alert takes one of them away, the ranges say so, and the text does."""
    policy = Policy(patterns=[Pattern("host", "1min")], max_alerts=2)
    found = smallest_window(events([0, 600, 900]), policy, [1, 2])
    assert found.window == pd.Timedelta("5min")
    assert found.ranges["together"].tolist() == [False, True, False]
    assert "at 10 min they are apart again" in found.text


def test_no_chain_of_values():
    """Alerts that nothing links can never be together, and the answer says that."""
    found = smallest_window(events([0, 60], host=["a", "b"]), CURRENT, [0, 1])
    assert found.window is None
    assert "share no value of any pattern" in found.text


def test_none_up_to_the_limit_explains_the_alert_that_stays_apart():
    """The explanation is that of the limit, word for word."""
    frame = events([0, 7_200])
    found = smallest_window(frame, CURRENT, [0, 1], limit="1h")
    at_limit = consolidate(frame, CURRENT.replace(patterns=[Pattern("host", "1h")]))
    assert found.window is None
    assert at_limit.explain(1).text in found.text


@pytest.mark.parametrize("together", [3, None])
def test_one_id_is_no_list(together):
    """What holds no ids is a TypeError that shows what to pass."""
    with pytest.raises(TypeError, match=r"together: pass the ids of alerts, such as \[0, 2\]"):
        smallest_window(events([0, 60]), CURRENT, together)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"together": [0]}, "at least two alerts"),
        ({"together": [0, 0]}, "at least two alerts"),
        ({"together": [0, 9]}, "no alert 9; the ids are 0 to 1"),
        ({"together": [0, "1"]}, "no alert '1'"),
        ({"together": [True, 0]}, "no alert True"),
        ({"pattern": "hots"}, "none called 'hots'; there is host"),
        ({"step": "0s"}, "not above zero"),
        ({"step": "2h", "limit": "1h"}, "no window is left"),
        ({"limit": "soon"}, "limit: 'soon' is not a span"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    """Each argument without a meaning is a ValueError that names it."""
    given_arguments = {"together": [0, 1]} | arguments
    with pytest.raises(ValueError, match=message):
        smallest_window(events([0, 60]), CURRENT, **given_arguments)
