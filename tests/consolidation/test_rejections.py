"""Rows that the service would refuse are loud."""

import numpy as np
import pandas as pd
import pytest

from pandakit.consolidation import Consolidator, consolidate
from pandakit.errors import EventError, RejectedEventsWarning
from pandakit.lab import sweep

pytestmark = pytest.mark.filterwarnings("error")
SECONDS = 1_777_903_419


def events(n_bad, rows=200):
    """Give events of which the first ones have statuses that the service does not know."""
    statuses = [f"fatal-{row}" if row < n_bad else "critical" for row in range(rows)]
    return pd.DataFrame({"timestamp": SECONDS, "status": statuses, "host": "h", "cluster": "c"})


def fed(frame):
    """Consolidate in two chunks."""
    consolidator = Consolidator()
    for chunk in (frame[:70], frame[70:]):
        consolidator.feed(chunk)
    return consolidator.result()


WAYS = {"consolidate": consolidate, "sweep": sweep, "chunks": fed}


@pytest.mark.parametrize("way", WAYS)
def test_one_in_a_hundred_is_no_warning_and_more_is(way):
    """Above 1 % a warning has counts, three examples with rows, and what is accepted."""
    WAYS[way](events(2))
    with pytest.warns(RejectedEventsWarning) as caught:
        WAYS[way](events(5))
    (warning,) = caught
    said = str(warning.message)
    assert "5 of 200 events (2.5%) were rejected (bad_status 5), so every count is too low" in said
    assert (
        "such as 'fatal-0' in row 0, 'fatal-1' in row 1, 'fatal-2' in row 2; accepted: ok" in said
    )
    assert "fatal-3" not in said
    assert warning.filename == __file__


@pytest.mark.parametrize("way", WAYS)
def test_all_is_an_error(way):
    """When no event at all is accepted the call raises, with the same facts."""
    with pytest.raises(EventError, match=r"every event was rejected: bad_status 200 \(such as"):
        WAYS[way](events(200))


def test_a_chunk_of_rejected_rows_is_no_error():
    """One chunk may be lost as a whole: the result of all chunks is what counts."""
    consolidator = Consolidator()
    assert consolidator.feed(events(3, rows=3))["reason"].tolist() == ["bad_status"] * 3
    consolidator.feed(events(0, rows=400))
    assert consolidator.result().funnel["value"]["rejected"] == 3


def test_the_result_says_so_everywhere():
    """Notes, both displays and the funnel have the rejected rows, even a few."""
    result = consolidate(events(1))
    assert result.notes == ("1 of 200 events (0.5%) were rejected (bad_status 1)",)
    assert repr(result).endswith("1 rejected>")
    assert "1 rejected: bad_status 1." in result._repr_html_()
    assert result.funnel["value"]["rejected"] == 1


def test_each_reason_has_its_examples():
    """The message names a value for each reason, or the row where a value is missing."""
    frame = pd.DataFrame(
        {
            "timestamp": [SECONDS, "soon", SECONDS, SECONDS, SECONDS],
            "status": ["critical", "critical", True, "critical", "critical"],
            "host": ["h", "h", "h", None, "h"],
            "app_key": ["x", "x", "x", "x", None],
        }
    )
    with pytest.warns(RejectedEventsWarning) as caught:
        consolidate(frame)
    said = str(caught[0].message)
    for part in ("no_app_key 1 (such as", "'soon' in row 1", "True in row 2", "such as row 3"):
        assert part in said


def test_counts_in_the_funnel_are_whole_numbers():
    """A count reads as 200, a compression as a share."""
    funnel = consolidate(events(0)).funnel
    values = funnel["value"].tolist()
    assert [type(value) for value in values] == [int] * 6 + [float] * 3
    assert "200.0" not in funnel.to_string()


@pytest.mark.parametrize("year", [1989, 2300])
def test_odd_years_are_noted(year):
    """Events before 1990 or after next year have a note that names the unit."""
    start = np.datetime64(f"{min(year, 2250)}-06-01", "s").astype(int)
    frame = events(0, rows=2).assign(timestamp=start)
    assert any("unit='s'" in note for note in consolidate(frame).notes)
    assert consolidate(events(0, rows=2)).notes == ()


def test_seconds_read_as_milliseconds_are_noted():
    """Seconds that were taken for milliseconds lie in 1970, and a note names the unit."""
    (note,) = consolidate(events(0, rows=2), unit="ms").notes
    assert "1970-01-21" in note
    assert "unit='ms'" in note
