"""Chunks: wherever the events are cut, the result is that of the whole."""

import numpy as np
import pandas as pd
import pytest

from pandakit.consolidation import CLASSIC, CURRENT, Consolidator, consolidate
from pandakit.errors import EventError

ROWS = 600


@pytest.fixture(scope="module")
def frame():
    """Give events with repeated times, texts that come late, and rejected rows."""
    rng = np.random.default_rng(7)
    late = np.arange(ROWS) // 60
    return pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 200, ROWS)) * 900,
            "status": rng.choice(
                ["critical", "warning", "ok", "?"], ROWS, p=[0.4, 0.2, 0.35, 0.05]
            ),
            "host": [f"h{n}" for n in rng.integers(0, 3 + late)],
            "check": rng.choice(["a", "b", None], ROWS),
            "cluster": rng.choice(["x", "y", None], ROWS),
            "description": [f"text {n}" if n % 3 else None for n in range(ROWS)],
            "tag": rng.choice(["p", "q"], ROWS),
        }
    )


POLICIES = {
    "CLASSIC": CLASSIC,
    "CURRENT": CURRENT,
    "expiring": CURRENT.replace(expire_after="2h", reopen_window="1h", max_alerts=3),
    "nothing reopens": CLASSIC.replace(join_resolved=False, reopen_window="0s", dedup="payload"),
}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("size", [1, 7, 250, ROWS])
def test_chunks_equal_whole(frame, name, size):
    """Chunks of any size give the same events, alerts, incidents, funnel and notes."""
    rows = min(ROWS, 150 * size)
    frame = frame[:rows]
    whole = consolidate(frame, POLICIES[name])
    consolidator = Consolidator(POLICIES[name])
    parts = [consolidator.feed(frame[at : at + size]) for at in range(0, rows, size)]
    result = consolidator.result()
    pd.testing.assert_frame_equal(pd.concat(parts), whole.events)
    for part in ("alerts", "incidents", "funnel"):
        pd.testing.assert_frame_equal(getattr(result, part), getattr(whole, part))
    assert result.notes == whole.notes


def test_a_result_does_not_end_the_feeding(frame):
    """A result taken on the way changes nothing of what follows."""
    consolidator = Consolidator(CURRENT)
    for at in range(0, ROWS, 100):
        consolidator.feed(frame[at : at + 100])
        consolidator.result(as_of="2030-01-01T00:00:00Z")
    pd.testing.assert_frame_equal(consolidator.result().alerts, consolidate(frame, CURRENT).alerts)


def test_columns_may_come_and_go():
    """A column that a chunk lacks is missing in all its rows."""
    parts = [
        pd.DataFrame({"timestamp": [0], "status": ["critical"], "host": ["h"]}),
        pd.DataFrame({"timestamp": [1], "status": ["critical"], "service": ["s"], "check": ["c"]}),
        pd.DataFrame({"timestamp": [2], "status": ["ok"], "host": ["h"], "check": [None]}),
    ]
    consolidator = Consolidator()
    outcomes = [consolidator.feed(part)["outcome"].iloc[0] for part in parts]
    assert outcomes == ["opened", "opened", "resolved"]
    assert consolidator.result().alerts["primary_property"].tolist() == ["host", "service"]


def test_a_repeat_across_the_cut():
    """A payload that is repeated at the same time in the next chunk is a duplicate."""
    row = pd.DataFrame({"timestamp": [5], "status": ["critical"], "host": ["h"], "x": ["1"]})
    consolidator = Consolidator(CURRENT)
    outcomes = [
        consolidator.feed(part)["outcome"].iloc[0]
        for part in (row, row.assign(x="2"), row, row.assign(x=None, y="1"), row.drop(columns="x"))
    ]
    assert outcomes == ["opened", "updated", "duplicate", "updated", "updated"]


def test_a_late_chunk_raises_and_leaves_no_trace(frame):
    """A chunk that starts before the end of the last one names its rows, and is not taken."""
    consolidator = Consolidator()
    consolidator.feed(frame[100:200])
    rest = frame[200:]
    late = rest.assign(timestamp=rest["timestamp"].where(rest.index != 205, 0))
    with pytest.raises(EventError, match=r"'timestamp'.*earlier.*\(1 row: 5\)"):
        consolidator.feed(late)
    consolidator.feed(rest)
    whole = consolidate(frame[100:])
    pd.testing.assert_frame_equal(consolidator.result().alerts, whole.alerts)


def test_a_chunk_that_failed_half_way_is_remembered():
    """After an error in the middle of a chunk nothing more is counted on top."""
    consolidator = Consolidator()
    chunk = pd.DataFrame({"timestamp": [0], "status": ["ok"], "host": ["h"], "cluster": [{}]})
    with pytest.raises(EventError, match="'cluster', row 0"):
        consolidator.feed(chunk.assign(status="critical"))
    with pytest.raises(EventError, match="start again"):
        consolidator.feed(chunk.assign(cluster="x"))
    with pytest.raises(EventError, match="start again"):
        consolidator.result()


def test_events_of_chunks_were_handed_out(frame):
    """The frame of all events does not exist in chunked use, and the error says where it went."""
    consolidator = Consolidator()
    consolidator.feed(frame)
    with pytest.raises(EventError, match="feed returned"):
        _ = consolidator.result().events


def test_no_chunk_at_all():
    """A consolidator that was fed nothing gives empty frames."""
    result = Consolidator().result()
    assert len(result.alerts) == len(result.incidents) == 0
    assert result.as_of is None
