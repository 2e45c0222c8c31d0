"""Laws that hold for every timeline and every policy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit import consolidation
from pandakit.errors import EventError
from tests.consolidation import engines
from tests.consolidation.reference_engine import text_of, time_of
from tests.consolidation.strategies import DAY, HOUR, Scenario, scenarios
from tests.fuzz import examples

LAW = examples(quick=10, full=1_000)
OUTCOMES = {"opened", "updated", "resolved", "reopened", "duplicate", "orphan_ok", "rejected"}
WITH_ALERT = ["opened", "updated", "resolved", "reopened"]
ALERT_TIMES = ("start", "end", "last_event_at")
ALERT_NAMES = ("app_key", "primary_value", "secondary_value", "incident_identifier", "description")


def consolidate(scenario: Scenario) -> consolidation.Consolidation:
    """Ask the package for its result itself."""
    return engines.package_result(scenario)


def in_microseconds(scenario: Scenario, shift: int = 0) -> Scenario:
    """Write all good times as whole microseconds, moved by a constant; bad ones are missing."""
    rows = []
    for row in scenario.rows:
        time = time_of(row["timestamp"], scenario.settings["unit"])
        rows.append({**row, "timestamp": None if time is None else time + shift})
    as_of = scenario.settings["as_of"]
    moved = {"unit": "us", "as_of": None if as_of is None else as_of + shift}
    return replace(
        scenario,
        rows=rows,
        forms=scenario.forms | {"timestamp": "mixed"},
        settings=scenario.settings | moved,
    )


def in_time_order(scenario: Scenario) -> Scenario:
    """Sort the rows by time; rows without one come first."""
    rows = in_microseconds(scenario).rows
    ordered = sorted(rows, key=lambda row: (row["timestamp"] is not None, row["timestamp"]))
    return replace(in_microseconds(scenario), rows=ordered)


# ---------------------------------------------------------------- counts


@LAW
@given(scenarios())
def test_each_row_has_exactly_one_outcome(scenario: Scenario):
    """The events frame has the input's rows in the input's order, each with one outcome."""
    frame = scenario.frame()
    events = consolidate(scenario).events
    pd.testing.assert_index_equal(events.index, frame.index)
    assert set(events["outcome"]) <= OUTCOMES
    assert events["reason"].notna().eq(events["outcome"].eq("rejected")).all()
    has_alert = events["outcome"].isin(WITH_ALERT)
    assert events["alert_id"].notna().eq(has_alert).all()
    assert events["incident_id"].notna().eq(has_alert).all()


@LAW
@given(scenarios())
def test_each_alert_is_in_exactly_one_incident(scenario: Scenario):
    """Ids run from zero without gaps, and no incident is empty."""
    result = consolidate(scenario)
    alerts, incidents = result.alerts, result.incidents
    assert list(alerts.index) == list(range(len(alerts)))
    assert list(incidents.index) == list(range(len(incidents)))
    assert set(alerts["incident_id"]) == set(incidents.index)
    placed = result.events.dropna(subset="alert_id")
    assert (placed["incident_id"] == placed["alert_id"].map(alerts["incident_id"])).all()


@LAW
@given(scenarios())
def test_counts_add_up(scenario: Scenario):
    """Every event, alert and incident is counted once, at each level and in the funnel."""
    result = consolidate(scenario)
    events, alerts, incidents = result.events, result.alerts, result.incidents
    outcomes = events["outcome"].value_counts()
    counted = {name: int(outcomes.get(name, 0)) for name in OUTCOMES}
    assert alerts["n_events"].sum() == sum(counted[name] for name in WITH_ALERT)
    assert alerts["n_reopens"].sum() == counted["reopened"]
    assert len(alerts) == counted["opened"]
    by_incident = alerts.groupby("incident_id")
    assert by_incident.size().tolist() == incidents["n_alerts"].tolist()
    assert by_incident["n_events"].sum().tolist() == incidents["n_events"].tolist()
    still_open = alerts["end"].isna().groupby(alerts["incident_id"]).sum()
    assert still_open.tolist() == incidents["n_open_alerts"].tolist()
    assert incidents["active"].eq(incidents["n_open_alerts"].gt(0)).all()
    value = result.funnel["value"]
    assert value["received"] == len(scenario.rows) == sum(counted.values())
    assert value["rejected"] == counted["rejected"]
    assert value["duplicates"] == counted["duplicate"]
    assert value["events"] == value["received"] - value["rejected"] - value["duplicates"]
    assert (value["alerts"], value["incidents"]) == (len(alerts), len(incidents))


# ---------------------------------------------------------------- invariance


SHIFTS = st.sampled_from([1, -1, 7 * HOUR + 13, -400 * DAY, 365 * DAY])


@LAW
@given(scenarios(), SHIFTS)
def test_shifting_all_times_changes_nothing_but_times(scenario: Scenario, shift: int):
    """A constant added to all times is added to all times, unless slots are counted."""
    if scenario.settings["anchor"] == "bucket":
        shift = shift // DAY * DAY  # every window of the strategies divides a day
    before = engines.package(in_microseconds(scenario))
    after = engines.package(in_microseconds(scenario, shift))
    for table, names in (("alerts", ALERT_TIMES), ("incidents", ("start", "end"))):
        for row in before[table]:
            row |= {name: row[name] + shift for name in names if row[name] is not None}
    for answer in (before, after):  # whose years may be worth a note
        answer["notes"] = [note for note in answer["notes"] if "check the unit" not in note]
    assert after == before


def renamed(value: Any) -> str | None:
    """Write a value backwards, with a sign: one-to-one, and in another alphabetical order."""
    text = text_of(value)
    return None if text is None else f"~{text[::-1]}"


@LAW
@given(scenarios())
def test_renaming_values_changes_only_names(scenario: Scenario):
    """Where no filter looks at them, only the equality of values counts."""
    # A status keeps its name, as a primary too.
    by_host = [
        row | {"primary_property": "host"} if row.get("primary_property") == "status" else row
        for row in scenario.rows
    ]
    scenario = replace(scenario, rows=by_host)
    free = [pattern | {"filter": None} for pattern in scenario.settings["patterns"]]
    scenario = replace(scenario, settings=scenario.settings | {"patterns": free})
    kept = {"timestamp", "status", "primary_property", "secondary_property", "seconday_property"}
    others = [name for name in scenario.columns if name not in kept]
    rows = [{**row, **{name: renamed(row.get(name)) for name in others}} for row in scenario.rows]
    forms = scenario.forms | dict.fromkeys(others, "object")
    before = engines.package(scenario)
    after = engines.package(replace(scenario, rows=rows, forms=forms))
    for table, names in (("alerts", ALERT_NAMES), ("incidents", ("title", "subtitle"))):
        for row in before[table]:
            row |= {name: renamed(row[name]) for name in names if row.get(name)}
    assert after == before


@LAW
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_order_of_rows_counts_only_at_equal_times(scenario: Scenario, random: Any):
    """Rows at different times may arrive in any order."""
    scenario = in_time_order(scenario)
    one_each = list({row["timestamp"]: row for row in scenario.rows}.values())
    scenario = replace(scenario, rows=one_each)
    places = list(range(len(one_each)))
    random.shuffle(places)
    mixed = replace(scenario, rows=[scenario.rows[place] for place in places])
    before, after = engines.package(scenario), engines.package(mixed)
    before["events"] = [before["events"][place] for place in places]
    assert after == before


# ---------------------------------------------------------------- chunks


@LAW
@given(scenarios(), st.lists(st.integers(0, 80), max_size=5))
def test_chunks_of_any_size_change_nothing(scenario: Scenario, cuts: list[int]):
    """A `Consolidator` fed with pieces of the time-ordered input answers as one call does."""
    scenario = in_time_order(scenario)
    frame, whole = scenario.frame(), engines.package(scenario)
    consolidator = consolidation.Consolidator(engines.policy_of(scenario.settings), unit="us")
    edges = [0, *sorted(min(cut, len(frame)) for cut in cuts), len(frame)]
    pieces = [consolidator.feed(frame.iloc[start:stop]) for start, stop in pairwise(edges)]
    result = consolidator.result(as_of=engines.moment(scenario.settings["as_of"]))
    fed = {name: engines.records(getattr(result, name)) for name in ("alerts", "incidents")}
    assert [row for piece in pieces for row in engines.records(piece)] == whole["events"]
    assert fed == {name: whole[name] for name in fed}
    assert engines.funnel(result.funnel) == whole["funnel"]
    assert result.n_conflicting_duplicates == whole["n_conflicting_duplicates"]
    pd.testing.assert_index_equal(pieces[0].index, frame.index[: len(pieces[0])])


def test_a_late_chunk_raises_and_names_its_rows():
    """A chunk that starts before the end of the last one is refused, with the rows."""
    late = pd.DataFrame({"timestamp": [90, 200, 99], "status": "critical", "host": "a"})
    consolidator = consolidation.Consolidator(consolidation.CLASSIC)
    consolidator.feed(pd.DataFrame({"timestamp": [0, 100], "status": "critical", "host": "a"}))
    with pytest.raises(EventError, match=r"0.*2"):
        consolidator.feed(late)


def test_a_chunk_may_start_at_the_time_at_which_the_last_one_ended():
    """Equal times are in order of arrival, also across chunks: the second is a duplicate."""
    frame = pd.DataFrame({"timestamp": [100], "status": "critical", "host": "a"})
    consolidator = consolidation.Consolidator(consolidation.CLASSIC)
    outcomes = [consolidator.feed(frame)["outcome"].item() for _ in range(2)]
    assert outcomes == ["opened", "duplicate"]


def test_the_events_of_a_consolidator_are_not_kept():
    """`.events` of a result that was fed in chunks raises and says why."""
    consolidator = consolidation.Consolidator(consolidation.CLASSIC)
    consolidator.feed(pd.DataFrame({"timestamp": [0], "status": "critical", "host": "a"}))
    with pytest.raises(EventError, match="feed"):
        _ = consolidator.result().events


# ---------------------------------------------------------------- the caller's frame


@LAW
@given(scenarios())
def test_the_input_is_never_changed(scenario: Scenario):
    """The caller's frame is the same after the call."""
    frame, untouched = scenario.frame(), scenario.frame()
    consolidation.consolidate(
        frame, engines.policy_of(scenario.settings), unit=scenario.settings["unit"]
    )
    pd.testing.assert_frame_equal(frame, untouched)
