"""The chart of measures shows the values of its table."""

import pandas as pd
import pytest

import pandakit as pk
from pandakit import plots

START = pd.to_datetime(["2026-01-05T00:30Z", "2026-01-05T01:00Z", "2026-01-06T00:00Z"])
INCIDENTS = pd.DataFrame(
    {
        "incident_id": ["a", "b", "c"],
        "start": START,
        "end": START + pd.to_timedelta([60, 3600, 180], unit="s"),
        "flapping": [True, False, False],
        "n_alerts": [1, 4, 1],
        "team": ["x", "x", "y"],
    }
)


def test_groups_are_bars_with_value_and_count():
    """The largest group is on top, as a bar of hours or percent, with its text."""
    table = pk.bigpanda.measures(INCIDENTS, by="team")
    axes = plots.measures(table, "time_to_resolve").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]
    assert [text.get_text() for text in axes.texts] == [
        "30 min 30 s, 2 incidents",
        "3 min, 1 incident",
    ]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([1830 / 3600, 0.05])
    axes = plots.measures(table, "flapping").axes[0]
    assert [text.get_text() for text in axes.texts] == ["50% of 2", "0% of 1"]


def test_hours_of_the_week_are_points():
    """By hour of the week each hour that has incidents is a point at its place."""
    figure = plots.measures(pk.bigpanda.measures(INCIDENTS, by="hour_of_week"), "time_to_resolve")
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0, 1, 24]
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([60 / 3600, 1, 0.05])


def test_a_table_without_groups_or_measure_is_refused():
    """There is nothing to draw without groups, or without the measure."""
    with pytest.raises(ValueError, match="by="):
        plots.measures(pk.bigpanda.measures(INCIDENTS))
    with pytest.raises(ValueError, match="one of time_to_acknowledge"):
        plots.measures(pk.bigpanda.measures(INCIDENTS, by="team"), "speed")


def test_nothing_known_is_an_empty_chart():
    """Measures that need activities draw no bars without them."""
    figure = plots.measures(pk.bigpanda.measures(INCIDENTS, by="team"), "acknowledged")
    assert not figure.axes[0].patches
