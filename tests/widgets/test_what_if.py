"""The controls of `what_if`, and their twin without a notebook."""

from __future__ import annotations

import re
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit.consolidation import CLASSIC, CURRENT, Pattern, Policy, consolidate
from pandakit.errors import EventError
from pandakit.lab import diff, sweep
from pandakit.spans import span_text
from pandakit.widgets import compare_policies, what_if
from tests.fuzz import examples

TWO = Policy(patterns=[Pattern("host", "24h"), Pattern("cluster", "1h")], reopen_window="0s")


def history(seed, rows=60):
    """Events of a few hosts and clusters."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 200_000, rows)),
            "status": rng.choice(["critical", "warning", "ok"], rows),
            "host": rng.choice(list("abcd"), rows),
            "check": rng.choice(list("xyz"), rows),
            "cluster": rng.choice(["p", "q", None], rows),
        }
    )


OTHERS = st.builds(
    lambda window, **settings: TWO.replace(
        patterns=[Pattern("host", window), Pattern("cluster", "1h")], **settings
    ),
    st.sampled_from(["10min", "2h", "48h"]),
    anchor=st.sampled_from(["first", "latest", "bucket"]),
    matchers=st.sampled_from(["union", "intersect"]),
    join_resolved=st.booleans(),
    reopen_window=st.sampled_from(["0s", "4h", None]),
)


@examples(quick=6, full=1_000)
@given(st.integers(0, 10_000), OTHERS)
def test_the_twin_is_a_sweep_and_a_difference(seed, other):
    """Measures are those of `sweep`, pairs and moved alerts those of `diff`."""
    events = history(seed)
    table = compare_policies(events, TWO, other, chance=2)
    for column, policy in (("today", TWO), ("other", other)):
        row = sweep(events, policy, chance=2).iloc[0]
        for name in ("alerts", "incidents", "compression", "largest", "p95", "single", "own"):
            assert table.loc[name, column] == pytest.approx(row[name])
        assert table.loc["longest_hours", column] == pytest.approx(
            row["longest"].total_seconds() / 3600
        )
    changes = diff(consolidate(events, TWO), consolidate(events, other))
    for name in ("pairs", "pairs_kept"):
        assert (
            table.loc[name, ["today", "other"]].tolist()
            == changes.summary.loc[name, ["a", "b"]].tolist()
        )
    assert table.loc["pairs_lost", "other"] == changes.summary.loc["pairs_lost", "a"]
    assert table.loc["pairs_gained", "other"] == changes.summary.loc["pairs_gained", "b"]
    both = changes.alerts[["alert_a", "alert_b"]].notna().all(axis=1)
    assert table.loc["moved", "other"] == changes.alerts.loc[both, "moved"].sum()
    assert (table["difference"] == table["other"] - table["today"]).all()


def test_no_alerts_have_no_shares():
    """Without alerts the counts are zero and the shares are missing."""
    table = compare_policies(history(0)[:0], TWO, TWO)
    assert table.loc["incidents"].tolist() == [0, 0, 0]
    assert table.loc[["compression", "p95", "longest_hours"]].isna().all(axis=None)


def test_other_patterns_are_refused():
    """Only windows may differ: other values would have to be read again."""
    with pytest.raises(ValueError, match="in windows only"):
        compare_policies(history(0), TWO, CURRENT)
    with pytest.raises(ValueError, match="none called 'hots'; there is host"):
        compare_policies(history(0), TWO, TWO, pattern="hots")


def test_each_step_shows_the_numbers_of_the_twin():
    """Whatever control is moved, the card has today's numbers and those of the chosen policy."""
    events = history(1)
    made = what_if(events, TWO)
    pattern, window, anchor, matchers, join_resolved, card = made.children
    before = card.value
    assert span_text(window.value) == "24 h"
    pattern.value = "cluster"
    assert span_text(window.value) == "1 h"
    window.value = pd.Timedelta("15min").to_pytimedelta()
    anchor.value, matchers.value, join_resolved.value = "bucket", "intersect", False
    other = Policy(
        patterns=[Pattern("host", "24h"), Pattern("cluster", "15min")], anchor="bucket",
        matchers="intersect", join_resolved=False, reopen_window="0s",
    )  # fmt: skip
    table = compare_policies(events, TWO, other, pattern="cluster")
    assert card.value != before
    assert str(other) in card.value.replace("&#x27;", "'")
    for name, value in table["other"].items():
        if name in ("incidents", "largest", "single", "pairs_lost", "moved"):
            assert f">{value:,.0f}<" in card.value
    assert f"{table.loc['compression', 'difference']:+.1%}" in card.value


def test_it_starts_at_today():
    """Untouched, nothing differs."""
    card = what_if(history(2), CLASSIC).children[-1]
    assert ">+0.0%<" in card.value
    assert ">+0<" in card.value


def test_what_means_nothing_is_refused_at_once(monkeypatch):
    """Windows, events and a missing package raise when the controls are made."""
    with pytest.raises(ValueError, match="not above zero"):
        what_if(history(0), TWO, windows=["0s"])
    with pytest.raises(EventError, match="timestamp"):
        what_if(history(0).drop(columns="timestamp"))
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"pandakit\[notebook\]'; compare_policies"):
        what_if(history(0))


def test_without_a_kernel_the_card_is_shown():
    """An export, which has no widgets, shows the card of the chosen policy."""
    made = what_if(history(3), TWO)
    made.children[2].value = "latest"
    assert made._repr_mimebundle_()["text/html"] == made.children[-1].value


def test_numbers_of_the_card_are_right_aligned():
    """Also those with a percent sign or a plus."""
    card = what_if(history(3), TWO).children[-1].value
    cells = re.findall(r"<td([^>]*)>([+-]?[0-9][0-9,.]*%?)</td>", card)
    assert len(cells) > 20
    assert all("number" in look for look, _ in cells)
