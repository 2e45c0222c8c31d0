"""From matches to alerts: the rules of deduplication and threshold, against a plain loop."""

from collections import defaultdict
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from pandakit import detections

START = pd.Timestamp("2026-01-01T10:00Z")


def matches(rows):
    """Make matches from (rule, dedup, minutes, unique)."""
    frame = pd.DataFrame(rows, columns=["rule_id", "dedup", "time", "unique"])
    return frame.assign(time=START + pd.to_timedelta(frame["time"], unit="min"))


def plain_loop(rows, period, threshold):
    """Make alerts one match after the other, as the vendor describes it."""
    windows = defaultdict(list)
    for rule_id, key, minute, unique in sorted(rows, key=lambda row: row[2]):
        mine = windows[rule_id, key]
        if not mine or minute >= mine[-1][0][0] + period:
            mine.append([])
        mine[-1].append((minute, unique))
    alerts = []
    for (rule_id, key), mine in windows.items():
        for window in mine:
            seen, count = set(), 0
            for minute, unique in window:
                count += unique is None or unique not in seen
                seen.add(unique)
                if count == threshold:
                    alerts.append((minute, rule_id, key, window[0][0], window[-1][0], len(window)))
                    break
    return sorted(alerts)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["R", "S"]),
        st.sampled_from(["a", "b", "", "a "]),
        st.integers(0, 40),
        st.none() | st.sampled_from(["x", "y", ""]),
    ),
    max_size=30,
)


@settings(deadline=None)  # the first example compiles the kernel
@given(ROWS, st.integers(1, 15), st.integers(1, 4))
def test_alerts_are_those_of_a_plain_loop(rows, period, threshold):
    """Any matches make the same alerts as a loop over them, with distinct values or without."""
    found = detections.dedup(matches(rows), period=f"{period}min", threshold=threshold)
    minutes = {
        name: ((found[name] - START) / pd.Timedelta("1min")).astype(int)
        for name in ("created_at", "first_event_at", "last_event_at")
    }
    columns = [
        minutes["created_at"], found["rule_id"], found["dedup"], minutes["first_event_at"],
        minutes["last_event_at"], found["event_count"],
    ]  # fmt: skip
    assert found["created_at"].is_monotonic_increasing
    assert sorted(zip(*columns, strict=True)) == plain_loop(rows, period, threshold)
    counted = detections.dedup_sweep(
        matches(rows), periods=[timedelta(minutes=period), "1d"], thresholds=[threshold]
    )
    assert counted["alerts"].tolist() == [len(found), len(plain_loop(rows, 1440, threshold))]


def test_the_vendors_example():
    """10:07 opens an hour, 10:36, 10:42 and 11:06 join it, 11:07 opens the next."""
    rows = [("R", "k", minute, None) for minute in (7, 36, 42, 66, 67)]
    found = detections.dedup(matches(rows).drop(columns="unique"), period="1h")
    assert found["event_count"].tolist() == [4, 1]
    assert found["created_at"].tolist() == [START + pd.Timedelta(m, "min") for m in (7, 67)]


def test_the_order_of_rows_does_not_matter():
    """Matches may come in any order; an empty frame has the columns of a full one."""
    rows = matches([("R", "k", minute, None) for minute in (66, 7, 67, 36)])
    full = detections.dedup(rows)
    pd.testing.assert_frame_equal(full, detections.dedup(rows.sort_values("time")))
    empty = detections.dedup(rows[:0])
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        ({"time": pd.NaT}, {}, "column time: 1 rows"),
        ({"rule_id": None}, {}, "column rule_id: 1 rows"),
        ({"dedup": None}, {}, "column dedup: 1 rows"),
        ({"time": pd.Timestamp("2026-01-01")}, {}, "zone"),
        ({}, {"threshold": 0}, "at least 1"),
        ({}, {"period": "0min"}, "positive"),
        ({}, {"period": "soon"}, "period"),
    ],
)
def test_bad_input_is_refused(change, settings, words):
    """What is missing or makes no sense is a ValueError that names it."""
    frame = matches([("R", "k", 1, None)]).assign(**change)
    with pytest.raises(ValueError, match=words):
        detections.dedup(frame, **settings)
    with pytest.raises(ValueError, match="no column dedup"):
        detections.dedup(matches([]).drop(columns="dedup"))
    with pytest.raises(ValueError, match="at least one setting"):
        detections.dedup_sweep(matches([]), periods=[])
    with pytest.raises(TypeError, match="whole number"):
        detections.dedup(matches([]), threshold=1.5)
