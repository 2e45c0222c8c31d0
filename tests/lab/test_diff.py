"""`diff`: two consolidations of the same events, against sets and loops."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit import consolidation
from pandakit.errors import EventError
from pandakit.lab import diff
from tests.consolidation import engines
from tests.consolidation.strategies import Scenario, scenarios
from tests.fuzz import examples

LAW = examples(quick=8, full=2_000)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "anchor": st.sampled_from(["first", "latest", "bucket"]),
        "matchers": st.sampled_from(["union", "intersect"]),
        "join_resolved": st.booleans(),
        "dedup": st.sampled_from(["identity_timestamp", "none"]),
        "reopen_window": st.sampled_from(["0s", "1h", None]),
        "expire_after": st.sampled_from(["1h", "1d", None]),
        "max_alerts": st.sampled_from([1, 2, None]),
    },
)


def consolidate(scenario: Scenario, **settings) -> consolidation.Consolidation:
    """Consolidate a scenario, some settings changed."""
    policy = engines.policy_of(scenario.settings).replace(**settings)
    return consolidation.consolidate(scenario.frame(), policy, unit=scenario.settings["unit"])


def opened_by(result) -> dict[int, int]:
    """The row that opened each alert."""
    opened = result.events["outcome"].eq("opened").to_numpy()
    ids = result.events["alert_id"].to_numpy()
    return {int(ids[row]): row for row in range(len(ids)) if opened[row]}


def members(result) -> dict[int, set[int]]:
    """The opening rows of each incident's alerts."""
    rows, found = opened_by(result), {}
    for alert, incident in result.alerts["incident_id"].items():
        found.setdefault(incident, set()).add(rows[alert])
    return found


def pairs_of(result) -> set[tuple[int, int]]:
    """All pairs of opening rows that share an incident."""
    return {pair for rows in members(result).values() for pair in combinations(sorted(rows), 2)}


def linked_groups(a, b) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Follow shared alerts from incident to incident, one after the other."""
    of_a, of_b = members(a), members(b)
    left = {("a", one) for one in of_a} | {("b", one) for one in of_b}
    groups = set()
    while left:
        group, frontier = set(), [left.pop()]
        while frontier:
            side, one = frontier.pop()
            group.add((side, one))
            own, others, name = (of_a, of_b, "b") if side == "a" else (of_b, of_a, "a")
            near = {(name, other) for other, rows in others.items() if rows & own[one]}
            frontier += near & left
            left -= near
        groups.add(
            tuple(tuple(sorted(one for name, one in group if name == side)) for side in "ab")
        )
    return groups


def change_of(group, of_a, of_b) -> str:
    """The kind of change, decided one case after the other."""
    a, b = group
    if not b:
        return "gone"
    if not a:
        return "new"
    if len(a) > 1 and len(b) > 1:
        return "reshuffled"
    if len(b) > 1:
        return "split"
    if len(a) > 1:
        return "merged"
    return "same" if of_a[a[0]] == of_b[b[0]] else "changed"


@LAW
@given(scenarios(), SETTINGS)
def test_incidents_are_the_groups_that_shared_alerts_link(scenario, settings):
    """Each group, its kind of change and its number of alerts are those of a search by hand."""
    a, b = consolidate(scenario), consolidate(scenario, **settings)
    of_a, of_b = members(a), members(b)
    found = diff(a, b).incidents
    expected = linked_groups(a, b)
    assert set(zip(found["a"], found["b"], strict=True)) == expected
    for row in found.itertuples():
        rows_a = set().union(*(of_a[one] for one in row.a))
        rows_b = set().union(*(of_b[one] for one in row.b))
        assert row.change == change_of((row.a, row.b), of_a, of_b)
        assert row.n_alerts == len(rows_a | rows_b)
        starts = [a.incidents["start"][one] for one in row.a]
        starts += [b.incidents["start"][one] for one in row.b]
        assert row.start == min(starts)
    assert found["start"].is_monotonic_increasing


@LAW
@given(scenarios(), SETTINGS)
def test_pairs_are_counted_as_sets_of_pairs(scenario, settings):
    """Pairs kept, lost and gained; the sums of lost and gained companions are twice the pairs."""
    a, b = consolidate(scenario), consolidate(scenario, **settings)
    in_a, in_b = pairs_of(a), pairs_of(b)
    changes = diff(a, b)
    summary = changes.summary
    assert summary.loc["pairs", ["a", "b"]].tolist() == [len(in_a), len(in_b)]
    assert summary.loc["pairs_kept", "a"] == len(in_a & in_b)
    assert summary.loc["pairs_lost", "a"] == len(in_a - in_b)
    assert summary.loc["pairs_gained", "b"] == len(in_b - in_a)
    assert changes.alerts["n_lost"].sum() == 2 * len(in_a - in_b)
    assert changes.alerts["n_gained"].sum() == 2 * len(in_b - in_a)
    moved = {row for pair in in_a ^ in_b for row in pair}
    assert changes.alerts["moved"].sum() == len(moved)
    of_a, of_b = opened_by(a), opened_by(b)
    for alert in changes.alerts.itertuples():
        row = of_b[alert.alert_b] if pd.isna(alert.alert_a) else of_a[alert.alert_a]
        assert alert.n_lost == sum(row in pair for pair in in_a - in_b)
        assert alert.n_gained == sum(row in pair for pair in in_b - in_a)
        assert alert.moved == (row in moved)


@LAW
@given(scenarios(), SETTINGS)
def test_a_diff_mirrors(scenario, settings):
    """`diff(b, a)` has sides and signs exchanged, split for merged, and gone for new."""
    a, b = consolidate(scenario), consolidate(scenario, **settings)
    one, other = diff(a, b), diff(b, a)
    mirrored = one.summary.rename(
        index={"pairs_lost": "pairs_gained", "pairs_gained": "pairs_lost"}
    )
    mirrored = mirrored.rename(columns={"a": "b", "b": "a"}).assign(
        difference=-mirrored["difference"]
    )
    pd.testing.assert_frame_equal(
        other.summary.sort_index(), mirrored[["a", "b", "difference"]].sort_index()
    )
    turned = {"split": "merged", "merged": "split", "gone": "new", "new": "gone"}
    groups = {(r.change, r.a, r.b) for r in one.incidents.itertuples()}
    assert groups == {
        (turned.get(r.change, r.change), r.b, r.a) for r in other.incidents.itertuples()
    }
    per_day, turned_days = one.per_day(), other.per_day()
    assert (per_day["numerator"] == -turned_days["numerator"]).all()


@LAW
@given(scenarios(), SETTINGS)
def test_each_id_appears_once(scenario, settings):
    """Every incident and every alert of both sides is in exactly one row."""
    a, b = consolidate(scenario), consolidate(scenario, **settings)
    changes = diff(a, b)
    for name, result in (("a", a), ("b", b)):
        ids = [one for group in changes.incidents[name] for one in group]
        assert sorted(ids) == list(result.incidents.index)
        assert sorted(changes.alerts[f"alert_{name}"].dropna()) == list(result.alerts.index)
        rows = changes.alerts.dropna(subset=[f"alert_{name}"])
        found = rows.set_index(f"alert_{name}")[f"incident_{name}"].sort_index()
        assert found.tolist() == result.alerts["incident_id"].tolist()


def events(**columns):
    """Four alerts of two hosts and one cluster."""
    times = [0, 600, 4500, 90_000]
    frame = {"timestamp": times, "status": "critical", "host": list("abaa"), "check": list("pqrs")}
    return pd.DataFrame(frame | {"cluster": "x"} | columns)


def sides(frame):
    """Grouped by host and by cluster."""
    wider = consolidation.CURRENT.replace(patterns=[consolidation.Pattern("cluster", "2h")])
    return [consolidation.consolidate(frame, one) for one in (consolidation.CURRENT, wider)]


def test_a_group_starts_with_the_earlier_side():
    """Where the sides' first alerts differ, start and title are those of the earlier, both ways."""
    frame = pd.DataFrame(
        {
            "timestamp": [0, 60, 7_200, 7_260],
            "status": ["critical", "ok", "critical", "critical"],
            "host": list("aaab"),
            "cluster": "x",
        }
    )
    policy = consolidation.CLASSIC.replace(patterns=[consolidation.Pattern("cluster", "10min")])
    new_alert, reopened = (
        consolidation.consolidate(frame, policy.replace(reopen_window=window))
        for window in ("0s", None)
    )
    earlier, later = new_alert.incidents.loc[1], reopened.incidents.loc[1]
    assert earlier["start"] < later["start"]
    assert earlier["title"] != later["title"]
    for changes in (diff(new_alert, reopened), diff(reopened, new_alert)):
        assert changes.incidents["change"].tolist() == ["same", "changed"]
        assert changes.incidents.loc[1, ["start", "title"]].tolist() == [
            *earlier[["start", "title"]]
        ]


def test_by_counts_incidents_by_a_value_of_the_first_alert():
    """Incidents by a column of the events or of the alerts, the most changed value first."""
    a, b = sides(events(team=["red", "blue", "red", None]))
    found = diff(a, b).by("team")
    assert found.loc["red"].tolist() == [2, 1, -1]
    assert found.loc["blue"].tolist() == [1, 0, -1]
    assert found.iloc[-1].tolist() == [1, 1, 0]
    assert found[["a", "b"]].sum().tolist() == [len(a.incidents), len(b.incidents)]
    assert diff(a, b).by("primary_value").loc["b", "difference"] == -1
    with pytest.raises(ValueError, match="no column 'taem'; there is team"):
        diff(a, b).by("taem")


def test_per_day_draws_whole_days():
    """The mean is the difference by days; the same seed gives the same percentiles."""
    a, b = sides(events())
    found = diff(a, b).per_day(seed=3)
    assert found.loc["incidents", ["numerator", "denominator"]].tolist() == [-2, 2]
    assert found.loc["incidents", "mean"] == -1
    assert found.loc["incidents", "p5"] == -2
    assert found.loc["incidents", "p95"] == 0
    pd.testing.assert_frame_equal(found, diff(a, b).per_day(seed=3))


def test_explain_has_both_sides():
    """Both explanations of an alert, word for word."""
    a, b = sides(events())
    changes = diff(a, b)
    both = changes.explain(1)
    assert both.a.text == a.explain(1).text
    assert both.b.text == b.explain(1).text
    assert both.text == f"a: {both.a.text}\nb: {both.b.text}"
    with pytest.raises(KeyError, match="no row 9"):
        changes.explain(9)


def test_no_events_at_all():
    """Two empty results differ in nothing."""
    nothing = consolidation.consolidate(events().iloc[:0])
    changes = diff(nothing, nothing)
    assert len(changes.incidents) == len(changes.alerts) == 0
    assert changes.per_day()["denominator"].tolist() == [0, 0]
    assert "0 -> 0 incidents" in repr(changes)


def test_different_events_are_refused():
    """Another table, another unit, chunks and anything that is no result are errors."""
    a, _ = sides(events())
    other = consolidation.consolidate(events(host="z"))
    with pytest.raises(ValueError, match="different events"):
        diff(a, other)
    chunks = consolidation.Consolidator()
    chunks.feed(events())
    with pytest.raises(EventError, match="chunks"):
        diff(a, chunks.result())
    with pytest.raises(TypeError, match="pass a result of consolidate"):
        diff(a, events())
    assert diff(a, consolidation.consolidate(events().copy())).incidents is not None


def test_the_page_shows_what_changes_and_escapes_it():
    """The HTML page has the policies, the counts and the largest changes; values are escaped."""
    a, b = sides(events(host=["<i>", "b", "<i>", "<i>"]))
    page = diff(a, b).to_html()
    assert page.startswith("<!doctype html>")
    assert "merged" in page
    assert "<i>" not in page
    assert "&lt;i&gt;" in page


def test_the_page_has_room_for_every_column():
    """A group of many incidents is named by its first ids and their number."""
    frame = pd.DataFrame({"timestamp": range(20), "status": "critical", "site": "x"})
    frame["host"] = [f"h{number}" for number in range(20)]
    by_host, by_site = (
        consolidation.Policy(patterns=[consolidation.Pattern(tag, "1h")])
        for tag in ("host", "site")
    )
    apart, together = (consolidation.consolidate(frame, one) for one in (by_host, by_site))
    assert "0, 1, 2, 3, 4, 5 and 14 more" in diff(apart, together).to_html()
