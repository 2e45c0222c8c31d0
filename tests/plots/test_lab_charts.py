"""Pictures of what-if analysis: what is drawn is what the frames say."""

from __future__ import annotations

import pandas as pd
import pytest

import pandakit as pk
from pandakit import plots
from pandakit.consolidation import CLASSIC, Pattern, Policy, consolidate
from pandakit.lab import diff, sensitivity, sweep
from pandakit.text import counted

POLICY = Policy(patterns=[Pattern("host", "1h"), Pattern("cluster", "10min")], reopen_window="1h")
OTHER = POLICY.replace(patterns=[Pattern("host", "4h")])


def alarms(n=60):
    """Make events of a few hosts; the last ones stay open."""
    return pd.DataFrame(
        {
            "timestamp": [1_760_000_000 + 700 * k for k in range(n)],
            "status": (["critical", "warning", "ok"] * n)[:n],
            "host": [f"h{k % 7}" for k in range(n)],
            "check": [f"c{k % 5}" for k in range(n)],
            "cluster": [f"x{k % 3}" for k in range(n)],
        }
    )


EVENTS = alarms()


def pictures(events):
    """Draw everything there is to draw of some events."""
    result, other = consolidate(events, POLICY), consolidate(events, OTHER)
    swept = sweep(events, POLICY, windows=["10min", "1h"], reopen_window=["0s", None], chance=2)
    return {
        "chance": plots.sweep(swept, today="1h"),
        "timeline": plots.timeline(result),
        "diff": plots.diff(diff(result, other)),
        "noise_by_hour": plots.noise_by_hour(result),
        "noisiest": plots.noisiest(result),
        "sensitivity": plots.sensitivity(sensitivity(events, POLICY)),
    }


def headline(figure):
    """Return title and subtitle."""
    return [text.get_text() for text in figure.texts]


def texts(figure):
    """Return what is written inside the panel."""
    return [text.get_text() for text in figure.axes[0].texts]


def test_chance_is_shaded_below_what_is_saved():
    """The line is the compression, the shade ends at the level of chance, and today is marked."""
    frame = sweep(EVENTS, POLICY, windows=["10min", "1h", "4h"], chance=3)
    figure = plots.sweep(frame, today="1h")
    line, chance = figure.axes[0].lines[0], figure.axes[0].lines[2]
    assert line.get_ydata().tolist() == frame["compression"].tolist()
    assert chance.get_ydata().tolist() == frame["by_chance"].tolist()
    (shade,) = figure.axes[0].collections
    assert shade.get_paths()[0].get_extents().ymax == pytest.approx(frame["by_chance"].max())
    assert "today: 1 h" in texts(figure)
    assert headline(figure)[1].endswith("; shaded: saved by chance")


def test_lines_of_a_sweep_are_named_for_what_differs():
    """Settings of one value are not named; spans and None are written out."""
    frame = sweep(
        EVENTS, POLICY, windows=["10min", "8h"], reopen_window=["0s", None], order="as_given"
    )
    figure = plots.sweep(frame)
    assert sorted(texts(figure)) == ["reopen_window 0 s", "reopen_window none"]
    assert headline(figure)[0].endswith("depending on window and reopen_window")


def test_a_timeline_has_a_bar_per_alert_and_a_band_per_incident():
    """Incident by incident, in the order in which they opened; bars run from start to end."""
    result = consolidate(EVENTS, POLICY)
    figure = plots.timeline(result, incidents=[1, 0])
    alerts = result.alerts[result.alerts["incident_id"].isin([0, 1])]
    alerts = alerts.sort_values("incident_id", ascending=False, kind="stable")
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == (alerts["primary_value"] + "  " + alerts["secondary_value"]).tolist()
    bars = figure.axes[0].patches
    assert len(bars) == len(alerts) + 2
    days = (alerts["end"].fillna(result.as_of) - alerts["start"]).dt.total_seconds() / 86_400
    assert [bar.get_width() for bar in bars[2:]] == pytest.approx(days.tolist(), abs=1e-6)
    sizes = result.incidents["n_alerts"]
    assert texts(figure) == [
        f"incident {one}\n{counted(int(sizes[one]), 'alert')}" for one in (1, 0)
    ]


def test_a_timeline_says_what_it_leaves_out():
    """The subtitle has how many alerts there are; unknown incidents are refused."""
    result = consolidate(EVENTS, OTHER)
    n_alerts = int(result.incidents["n_alerts"].nlargest(3).sum())
    figure = plots.timeline(result, rows=2)
    assert headline(figure)[1].startswith(f"the first 2 of {n_alerts} alerts; ")
    with pytest.raises(ValueError, match="there is no 99; the ids are 0 to"):
        plots.timeline(result, incidents=[99])


def test_a_flow_draws_the_alerts_that_incidents_share():
    """Blocks are as high as their alerts, ribbons as the alerts of both; the title counts kinds."""
    events = pd.DataFrame(
        {"timestamp": [0, 60, 7200], "status": "critical", "host": list("aba"), "cluster": "x"}
    ).assign(check=["p", "q", "r"])
    a = consolidate(events, POLICY)
    b = consolidate(events, OTHER)
    figure = plots.diff(diff(a, b))
    kinds = [text for text in texts(figure) if ":" not in text]
    assert kinds == diff(a, b).incidents["change"].tolist() == ["reshuffled"]
    blocks = [
        patch.get_height() for patch in figure.axes[0].patches if hasattr(patch, "get_height")
    ]
    assert [round(high / min(blocks)) for high in blocks] == [2, 1, 2, 1]
    assert len(figure.axes[0].patches) - len(blocks) == 3
    assert headline(figure) == [
        "2 incidents become 2: 1 reshuffled",
        "1 changed group; an incident is as high as its alerts",
    ]


def test_a_flow_without_changes_says_so():
    """Equal consolidations have no ribbon and a title that says it."""
    result = consolidate(EVENTS, POLICY)
    figure = plots.diff(diff(result, result))
    assert not figure.axes[0].patches
    title, subtitle = headline(figure)
    assert title.endswith("all of them the same")
    assert subtitle == "no group of incidents changed"


def test_hours_are_those_of_the_time_zone():
    """Each cell counts the alerts that open in its hour, where the reader lives."""
    events = pd.DataFrame(
        {"timestamp": pd.to_datetime(["2026-01-05T23:30Z"] * 3), "status": "critical"}
    ).assign(host=list("abc"))
    result = consolidate(events, CLASSIC)
    image = plots.noise_by_hour(result, tz="Europe/Berlin").axes[0].images[0].get_array()
    assert (image[1, 0], image.sum()) == (3, 3)
    assert plots.noise_by_hour(result).axes[0].images[0].get_array()[0, 23] == 3
    with pytest.raises(ValueError, match="tz: 'Mars' is not a time zone"):
        plots.noise_by_hour(result, tz="Mars")


def test_the_noisiest_identities_come_first():
    """Bars are alerts and, lighter, reopens; the title says of how many identities."""
    alerts = consolidate(EVENTS, POLICY).alerts
    by = alerts.groupby(["primary_value", "secondary_value"])
    counts = pd.DataFrame({"alerts": by.size(), "reopens": by["n_reopens"].sum()})
    top = counts.sort_values(["alerts", "reopens"], ascending=False).head(4)
    figure = plots.noisiest(consolidate(EVENTS, POLICY), count=4)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == [*top["alerts"], *top["reopens"]]
    assert headline(figure)[0] == f"The 4 noisiest of {len(counts)} identities"
    assert headline(figure)[1].startswith(f"{top['alerts'].sum()} of {len(alerts)} alerts")


def test_a_tornado_spans_the_changes_of_each_setting():
    """The widest setting is on top; its ends are the least and the greatest change."""
    table = sensitivity(EVENTS, POLICY)
    figure = plots.sensitivity(table)
    changes = table.groupby("setting")["change"].agg(["min", "max"])
    span = changes["max"].clip(lower=0) - changes["min"].clip(upper=0)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == len(changes)
    assert names[0].startswith(span.idxmax())
    found = sorted(bar.get_width() for bar in figure.axes[0].patches)
    expected = [*changes["min"].clip(upper=0), *changes["max"].clip(lower=0)]
    assert found == pytest.approx(sorted(change for change in expected if change))


@pytest.mark.parametrize("name", ["timeline", "noisiest", "diff"])
@pytest.mark.parametrize("count", [0, True, 1.5], ids=repr)
def test_a_count_that_means_nothing_is_refused(name, count):
    """Zero, a flag or a part of a row is a ValueError that names the argument."""
    result = consolidate(EVENTS, POLICY)
    given = diff(result, result) if name == "diff" else result
    argument = "rows" if name == "timeline" else "count"
    with pytest.raises(ValueError, match=f"{argument}: {count!r} is not a whole number"):
        getattr(plots, name)(given, **{argument: count})


@pytest.mark.parametrize("events", [EVENTS, EVENTS[:1], EVENTS[:0]], ids=["many", "one", "none"])
def test_every_picture_can_be_shown_and_is_the_same_each_time(events):
    """Many rows, one, or none: two drawings of the same data have the same bytes."""
    first, second = pictures(events), pictures(events)
    for name, figure in first.items():
        assert figure._repr_png_() == second[name]._repr_png_(), name


def test_all_are_public():
    """The names are those that users type."""
    names = {"sweep", "timeline", "diff", "noise_by_hour", "noisiest", "sensitivity"}
    assert names <= set(pk.plots.__all__)
