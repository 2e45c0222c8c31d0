"""The slider for the window, and its twin without a notebook."""

from __future__ import annotations

import sys
from datetime import timedelta

import pandas as pd
import pytest

from pandakit.consolidation import CLASSIC, CURRENT, Pattern, Policy, consolidate
from pandakit.errors import EventError
from pandakit.lab import sweep
from pandakit.widgets import consolidate_with_window, window_slider

EVENTS = pd.DataFrame(
    {
        "timestamp": [0, 1800, 7200, 20_000, 90_000],
        "status": "critical",
        "host": ["a", "b", "a", "b", "a"],
        "check": list("vwxyz"),
        "cluster": "c",
    }
)
WINDOWS = ["10min", "1h", timedelta(hours=6), "24h", "30d"]
TWO = Policy(patterns=[Pattern("host", "24h"), Pattern("cluster", "1h")])


@pytest.mark.parametrize("policy", [CLASSIC, CURRENT, TWO], ids=["classic", "current", "two"])
@pytest.mark.parametrize("pattern", [None, -1, "all"], ids=["first", "last", "all"])
def test_the_twin_counts_what_a_sweep_counts(policy, pattern):
    """At each window, alerts, incidents and the largest one are those of the sweep's row."""
    name = policy.patterns[pattern].name if pattern == -1 else pattern
    frame = sweep(EVENTS, policy, windows=WINDOWS, pattern=name)
    for window, (_, row) in zip(WINDOWS, frame.iterrows(), strict=True):
        result = consolidate_with_window(EVENTS, window, policy, pattern=name)
        assert len(result.alerts) == row["alerts"]
        assert len(result.incidents) == row["incidents"]
        assert result.incidents["n_alerts"].max() == row["largest"]


def test_one_window_moves_the_first_or_the_one_that_is_named():
    """Without a name the first pattern's window moves; "all" moves every one."""
    first = consolidate_with_window(EVENTS, "2h", TWO).policy
    assert [pattern.window for pattern in first.patterns] == [
        timedelta(hours=2),
        timedelta(hours=1),
    ]
    every = consolidate_with_window(EVENTS, "2h", TWO, pattern="all").policy
    assert [pattern.window for pattern in every.patterns] == [timedelta(hours=2)] * 2
    one = consolidate_with_window(EVENTS, "2h", TWO, pattern="cluster").policy
    assert [pattern.window for pattern in one.patterns] == [timedelta(days=1), timedelta(hours=2)]


@pytest.mark.parametrize(
    ("window", "pattern", "message"),
    [("soon", None, "soon"), ("0s", None, "not above zero"), ("1h", "clustre", "cluster")],
)
def test_what_means_nothing_is_refused(window, pattern, message):
    """A window that is none and a pattern that is not there raise, for twin and slider alike."""
    with pytest.raises(ValueError, match=message):
        consolidate_with_window(EVENTS, window, TWO, pattern=pattern)
    with pytest.raises(ValueError, match=message):
        window_slider(EVENTS, TWO, windows=["1h", window], pattern=pattern)


def test_a_slider_needs_windows():
    """There is nothing to slide over without windows."""
    with pytest.raises(ValueError, match="windows: pass at least one"):
        window_slider(EVENTS, windows=[])


def test_without_ipywidgets_the_error_names_the_extra(monkeypatch):
    """The message says what to install, and what does without it."""
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(
        ImportError, match=r"pip install 'pandakit\[notebook\]'; consolidate_with_window"
    ):
        window_slider(EVENTS)


@pytest.mark.parametrize("pattern", [None, "cluster"])
def test_moving_the_slider_shows_the_numbers_of_the_twin(pattern):
    """At every window the card shown is that of `consolidate_with_window`, and cards differ."""
    slider, shown = window_slider(EVENTS, TWO, windows=WINDOWS, pattern=pattern).children
    pages = []
    for window in WINDOWS:
        slider.value = window
        expected = consolidate_with_window(EVENTS, window, TWO, pattern=pattern)._repr_html_()
        assert shown.value == expected
        pages.append(shown.value)
    assert len(set(pages)) > 1


@pytest.mark.parametrize(
    ("windows", "start"),
    [(["1h", "24h", "2h"], "24h"), (["1h", "2h"], "1h"), (["1h", timedelta(days=1)], "24h")],
)
def test_it_starts_at_the_window_of_the_policy(windows, start):
    """The slider stands at the window of the pattern that it moves if it is there, else first."""
    slider, shown = window_slider(EVENTS, TWO, windows=windows).children
    assert pd.Timedelta(slider.value) == pd.Timedelta(start)
    assert shown.value == consolidate_with_window(EVENTS, start, TWO)._repr_html_()


@pytest.mark.parametrize(("pattern", "start"), [(None, "24h"), ("cluster", "1h"), ("all", "24h")])
def test_it_names_the_pattern_and_starts_where_the_policy_is(pattern, start):
    """The slider says whose window it moves; untouched, it shows what the policy itself gives."""
    slider, shown = window_slider(EVENTS, TWO, windows=WINDOWS, pattern=pattern).children
    assert slider.description == f"window of {pattern or 'host'}"
    assert pd.Timedelta(slider.value) == pd.Timedelta(start)
    if pattern != "all":
        assert shown.value == consolidate(EVENTS, TWO)._repr_html_()


def test_its_choices_are_the_windows():
    """The choices are the windows in the order given, written as spans are everywhere."""
    slider, _ = window_slider(EVENTS, windows=["4h", timedelta(hours=6)]).children
    assert slider.options == (("4 h", "4h"), ("6 h", timedelta(hours=6)))


def test_bad_events_are_refused_at_once():
    """Events that cannot be read raise when the slider is made, not when it is moved."""
    with pytest.raises(EventError, match="timestamp"):
        window_slider(EVENTS.drop(columns="timestamp"))


def test_without_a_kernel_the_card_is_shown():
    """An export, which has no widgets, shows the card of the window where the slider stands."""
    made = window_slider(EVENTS, TWO, windows=WINDOWS)
    made.children[0].value = "1h"
    bundle = made._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == made.children[1].value
