"""The charts of detections: what is drawn is what the frames say."""

from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.figure import Figure

from pandakit import detections, plots

RULES = pd.DataFrame(
    {
        "kind": "rules",
        "id": ["a", "b", "c"],
        "severity": ["HIGH", "LOW", "HIGH"],
        "enabled": [True, False, True],
        "log_types": [["Okta"], ["Okta", "Zeek"], ["Zeek$x$"]],
        "reports": [
            {"MITRE ATT&CK": ["TA0001:T1078"]}, {"MITRE ATT&CK": ["TA0001:T1078", "odd"]}, {}
        ],
    }
)  # fmt: skip
ALERTS = pd.DataFrame(
    {
        "detection_id": ["a", "a", "b"],
        "event_count": [1, 2, 3],
        "status": ["CLOSED", "OPEN", "OPEN"],
        "quality": ["NOISE", None, None],
    }
)


def labels(figure):
    """Give the texts in the panel."""
    return [text.get_text() for text in figure.axes[0].texts]


def test_coverage_draws_each_count():
    """Bars are as wide as the counts, stacked by severity, with the sum at their end."""
    figure = plots.coverage(detections.coverage(RULES))
    widths = [bar.get_width() for bar in figure.axes[0].patches if bar.get_width()]
    assert widths == [1, 1, 1, 1]
    assert labels(figure) == ["2", "1", "1"]
    assert figure.axes[0].get_yticklabels()[2].get_text() == r"Zeek\$x\$"


def test_mitre_draws_all_and_enabled():
    """The dark bar is what is enabled, the light one all; an entry without tactic is there."""
    figure = plots.mitre(detections.mitre(RULES))
    assert labels(figure) == ["1 of 2 enabled", "0 of 1 enabled"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [2, 1, 1, 0]
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["TA0001 T1078", "odd"]


def test_noise_draws_the_loudest():
    """The loudest come first, with their shares; quiet detections are counted, not drawn."""
    table = detections.noise(ALERTS, RULES)
    figure = plots.noise(table, count=1)
    assert labels(figure) == ["2, 50% closed, 50% noise"]
    assert figure.texts[0].get_text() == "The 1 noisiest of 3 detections"
    assert len(labels(plots.noise(table))) == 2
    with pytest.raises(ValueError, match="at least 1"):
        plots.noise(table, count=0)


def test_dedup_draws_a_line_per_threshold():
    """Alerts by period, one line per threshold, the settings in force marked."""
    times = pd.to_datetime(["2026-01-01T10:00Z", "2026-01-01T11:30Z", "2026-01-01T12:00Z"])
    matches = pd.DataFrame({"rule_id": "a", "dedup": "k", "time": times})
    table = detections.dedup_sweep(matches, periods=["1h", "4h"], thresholds=[1, 2])
    figure = plots.dedup(table, today=(pd.Timedelta("1h"), 1))
    lines = [line.get_ydata().tolist() for line in figure.axes[0].lines]
    assert lines[:2] == [[2, 1], [1, 1]]
    assert labels(figure) == ["threshold 1", "threshold 2", "today: 2"]


def test_thresholds_that_end_alike_have_a_name_each():
    """Names of lines that end in one point stand above one another, inside the panel."""
    rows = [(period, threshold, 9) for period in ("1h", "2h") for threshold in (1, 2, 3)]
    table = pd.DataFrame(rows, columns=["period", "threshold", "alerts"])
    figure = plots.dedup(table.astype({"period": "timedelta64[ns]"}))
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda b: b.y0)
    for lower, upper in pairwise(boxes):
        assert upper.y0 >= lower.y0 + 0.8 * lower.height
    assert boxes[-1].y1 <= figure.axes[0].get_window_extent().y1 + boxes[-1].height


def test_nothing_is_drawn_as_nothing():
    """An empty table makes an empty figure, not an error."""
    for figure in (
        plots.coverage(detections.coverage(RULES[:0])),
        plots.mitre(detections.mitre(RULES[:0])),
        plots.noise(detections.noise(ALERTS[:0])),
    ):
        assert isinstance(figure, Figure)
        assert labels(figure) == []
