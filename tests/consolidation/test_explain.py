"""Explanations of hand-made timelines, word by word, and what cannot be explained."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from pandakit.consolidation import CLASSIC, Consolidator, Pattern, Policy, consolidate
from pandakit.errors import EventError

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def frame(*lines):
    """Read events written as "3h12min critical host=db-1 check=disk"."""
    rows = []
    for line in lines:
        time, status, *tags = line.split()
        rows.append({"timestamp": seconds(time), "status": status})
        rows[-1] |= dict(tag.split("=") for tag in tags)
    return pd.DataFrame(rows)


def seconds(text):
    """Read a sum such as "3h+12min" as seconds since a midnight."""
    total = 0
    for part in [] if text == "0" else text.split("+"):
        number, unit = part.rstrip("smindh"), part.lstrip("0123456789.")
        total += float(number) * UNITS[unit]
    return total


HOST = Policy(patterns=[Pattern("host", "1h")])
CASES = {
    "joined: gap, limit and margin are said": (
        CLASSIC,
        ["0 critical host=db-1 check=cpu", "3h+12min critical host=db-1 check=disk"],
        (
            "Alert 1 (host db-1, check disk) joined incident 0 because primary host=db-1 matches; "
            "anchor alert 0 started 3 h 12 min earlier; limit 24 h; margin 20 h 48 min."
        ),
    ),
    "joined by a plain tag in the same moment": (
        CLASSIC,
        ["0 critical host=db-1 cluster=db", "0 critical host=db-2 cluster=db"],
        (
            "Alert 1 (host db-2) joined incident 0 because cluster=db matches; anchor alert 0 "
            "started at the same time; limit 4 h; margin 4 h."
        ),
    ),
    "joined at the bound: no margin is left": (
        HOST,
        ["0 critical host=a check=x", "1h critical host=a check=y"],
        (
            "Alert 1 (host a, check y) joined incident 0 because host=a matches; anchor alert 0 "
            "started 1 h earlier; limit 1 h; margin 0 s."
        ),
    ),
    "joined by several tags of a named pattern, within one source": (
        Policy(patterns=[Pattern(["host", "check"], "3d", cross_source=False, name="twins")]),
        [
            "0 critical host=a check=x app_key=nagios incident_identifier=1",
            "2d+1s critical host=a check=x app_key=nagios incident_identifier=2",
        ],
        (
            "Alert 1 (host a, check x) joined incident 0 because twins (host=a, check=x, "
            "app_key=nagios) match; anchor alert 0 started 2 d 1 s earlier; limit 3 d; "
            "margin 23 h 59 min 59 s."
        ),
    ),
    "joined within one source that has no name": (
        Policy(patterns=[Pattern("host", "1h", cross_source=False)]),
        ["0 critical host=a check=x", "1min critical host=a check=y"],
        (
            "Alert 1 (host a, check y) joined incident 0 because host=a matches; anchor alert 0 "
            "started 1 min earlier; limit 1 h; margin 59 min."
        ),
    ),
    "joined: the anchor moved along under latest": (
        HOST.replace(anchor="latest"),
        [
            "0 critical host=a check=x",
            "50min critical host=a check=y",
            "1h+40min critical host=a check=z",
        ],
        (
            "Alert 2 (host a, check z) joined incident 0 because host=a matches; anchor alert 1 "
            "started 50 min earlier; limit 1 h; margin 10 min."
        ),
    ),
    "joined in a slot: its end is said instead of a margin": (
        HOST.replace(anchor="bucket"),
        ["0 critical host=a check=x", "59min critical host=a check=y"],
        (
            "Alert 1 (host a, check y) joined incident 0 because host=a matches; anchor alert 0 "
            "started 59 min earlier; in the same 1 h slot, which ends 1970-01-01 01:00:00 UTC."
        ),
    ),
    "joined by the secondary": (
        Policy(patterns=[Pattern("secondary", "1h")]),
        ["0 critical host=a check=x", "5min critical host=b check=x"],
        (
            "Alert 1 (host b, check x) joined incident 0 because secondary check=x matches; anchor "
            "alert 0 started 5 min earlier; limit 1 h; margin 55 min."
        ),
    ),
    "opened: nothing had the values before": (
        CLASSIC,
        ["0 critical host=a cluster=x"],
        (
            "Alert 0 (host a) opened incident 0 because no earlier incident had primary host=a, "
            "and no earlier incident had cluster=x."
        ),
    ),
    "opened: no pattern finds a value": (
        Policy(patterns=[Pattern(["cluster", "check"], "1h")]),
        ["0 critical host=a cluster=x"],
        (
            "Alert 0 (host a) opened incident 0 because it matches no pattern: cluster+check needs "
            "a value of check."
        ),
    ),
    "opened: the filter lets nothing pass": (
        Policy(patterns=[Pattern("host", "1h", filter="status = critical")]),
        ["0 warning host=a"],
        (
            "Alert 0 (host a) opened incident 0 because it matches no pattern: host takes only "
            "what passes its filter, status = critical."
        ),
    ),
    "opened: the window had passed": (
        HOST,
        ["0 critical host=a check=x", "1h+0.000001s critical host=a check=y"],
        (
            "Alert 1 (host a, check y) opened incident 1 because no incident with host=a could "
            "take it (incident 0: 1 h limit from alert 0 passed by 1 us)."
        ),
    ),
    "opened: the slot had ended": (
        HOST.replace(anchor="bucket"),
        ["59min critical host=a check=x", "1h critical host=a check=y"],
        (
            "Alert 1 (host a, check y) opened incident 1 because no incident with host=a could "
            "take it (incident 0: its 1 h slot ended 0 s before)."
        ),
    ),
    "opened: the incident was resolved": (
        HOST.replace(join_resolved=False),
        ["0 critical host=a check=x", "1min ok host=a check=x", "2min critical host=a check=y"],
        (
            "Alert 1 (host a, check y) opened incident 1 because no incident with host=a could "
            "take it (incident 0: resolved)."
        ),
    ),
    "opened: the only alert of the incident had expired": (
        HOST.replace(join_resolved=False, expire_after="10min"),
        ["0 critical host=a check=x", "11min critical host=a check=y"],
        (
            "Alert 1 (host a, check y) opened incident 1 because no incident with host=a could "
            "take it (incident 0: resolved)."
        ),
    ),
    "opened: the incident was full": (
        HOST.replace(max_alerts=2),
        [
            "0 critical host=a check=x",
            "1min critical host=a check=y",
            "2min critical host=a check=z",
        ],
        (
            "Alert 2 (host a, check z) opened incident 1 because no incident with host=a could "
            "take it (incident 0: full with 2 alerts)."
        ),
    ),
    "opened: the incident no longer shares the value": (
        CLASSIC.replace(matchers="intersect"),
        [
            "0 critical host=a check=x cluster=c",
            "1min critical host=b check=x cluster=c",
            "2min critical host=a check=y",
        ],
        (
            "Alert 2 (host a, check y) opened incident 1 because no incident with primary host=a "
            "could take it (incident 0: not shared by its alert 1)."
        ),
    ),
    "opened: all reasons of a candidate are said, newest candidate first": (
        HOST.replace(join_resolved=False, max_alerts=1),
        [
            "0 critical host=a check=x",
            "1min ok host=a check=x",
            "30min critical host=a check=y",
            "2h critical host=a check=z",
        ],
        (
            "Alert 2 (host a, check z) opened incident 2 because no incident with host=a could "
            "take it (incident 1: 1 h limit from alert 1 passed by 30 min, full with 1 alert; "
            "incident 0: 1 h limit from alert 0 passed by 1 h, resolved, full with 1 alert)."
        ),
    ),
    "opened: the newest five are listed, and that there are more": (
        HOST.replace(max_alerts=1),
        [f"{number}min critical host=a check={number}" for number in range(7)],
        (
            "Alert 6 (host a, check 6) opened incident 6 because no incident with host=a could "
            "take it (incident 5: full with 1 alert; incident 4: full with 1 alert; incident 3: "
            "full with 1 alert; incident 2: full with 1 alert; incident 1: full with 1 alert; "
            "older ones not listed)."
        ),
    ),
    "opened: a second entry of the same incident is a candidate of its own": (
        Policy(patterns=[Pattern("host", "1h"), Pattern("cluster", "3h")]),
        [
            "0 critical host=a check=x cluster=c",
            "2h critical host=a check=y cluster=c",
            "4h critical host=a check=z",
        ],
        (
            "Alert 2 (host a, check z) opened incident 1 because no incident with host=a could "
            "take it (incident 0: 1 h limit from alert 1 passed by 1 h; incident 0: 1 h limit from "
            "alert 0 passed by 3 h)."
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_alert_is_explained_in_these_words(case):
    """Each reason to join or not to join has its own words, with the exact spans."""
    policy, lines, sentence = CASES[case]
    result = consolidate(frame(*lines), policy)
    explanation = result.explain(result.alerts.index[-1])
    assert explanation.text == sentence
    assert str(explanation) == sentence
    assert repr(explanation) == f"<Explanation: {sentence}>"


EVENTS = frame(
    "0 critical host=a check=x cluster=c",
    "30min critical host=b check=x cluster=c",
    "1h ok host=a check=x cluster=c",
    "5h critical host=c check=x cluster=c",
    "5h nonsense host=c check=x cluster=c",
)


def test_all_facts_of_an_alert_that_joined():
    """The facts are plain values, timestamps in UTC and timedeltas, under documented keys."""
    facts = consolidate(EVENTS).explain(1).facts
    assert facts == {
        "alert_id": 1,
        "incident_id": 0,
        "start": pd.Timestamp("1970-01-01 00:30", tz="UTC"),
        "app_key": "",
        "primary_property": "host",
        "primary_value": "b",
        "secondary_property": "check",
        "secondary_value": "x",
        "incident_identifier": None,
        "anchor": "first",
        "matched": {"primary": {"primary": ("host", "b")}, "cluster": {"cluster": "c"}},
        "unmatched": {},
        "joined_by": "cluster",
        "anchor_alert_id": 0,
        "anchor_start": pd.Timestamp(0, tz="UTC"),
        "gap": pd.Timedelta(minutes=30),
        "limit": pd.Timedelta(hours=4),
        "margin": pd.Timedelta(hours=3, minutes=30),
        "slot_end": None,
        "candidates": [],
        "older_not_listed": [],
    }


def test_all_facts_of_a_candidate():
    """A candidate says where it was, how far from taking the alert, and why it did not."""
    facts = consolidate(EVENTS).explain(2).facts
    assert facts["joined_by"] is None
    assert facts["candidates"] == [
        {
            "pattern": "cluster",
            "incident_id": 0,
            "anchor_alert_id": 0,
            "anchor_start": pd.Timestamp(0, tz="UTC"),
            "gap": pd.Timedelta(hours=5),
            "limit": pd.Timedelta(hours=4),
            "margin": -pd.Timedelta(hours=1),
            "slot_end": None,
            "passed_by": pd.Timedelta(hours=1),
            "removed_by_alert_id": None,
            "n_alerts": 2,
            "n_open_alerts": 1,
            "reasons": ["window"],
        }
    ]


def test_facts_are_documented():
    """Every key of the facts, and of a candidate, stands in the docstring of explain."""
    result = consolidate(EVENTS)
    facts = result.explain(2).facts
    documented = type(result).explain.__doc__
    for key in [*facts, *facts["candidates"][0], *facts["unmatched"]]:
        assert f"``{key}``" in documented, key


@pytest.mark.parametrize("form", ["arrow", "batch", "object", "shuffled", "reindexed"])
def test_the_form_of_the_input_changes_no_explanation(form):
    """An Arrow table, object columns, another row order or index are explained alike."""
    expected = [consolidate(EVENTS).explain(alert) for alert in range(3)]
    events = {
        "arrow": lambda: pa.Table.from_pandas(EVENTS),
        "batch": lambda: pa.RecordBatch.from_pandas(EVENTS),
        "object": lambda: EVENTS.astype(object),
        "shuffled": lambda: EVENTS.iloc[[3, 1, 4, 0, 2]],
        "reindexed": lambda: EVENTS.set_index(pd.Index([7, 7, 7, 1, 1])),
    }[form]()
    result = consolidate(events)
    assert [result.explain(alert) for alert in range(3)] == expected


@pytest.mark.parametrize("alert_id", [-1, 3, "0", 1.0, True, None])
def test_an_unknown_alert_is_a_key_error_with_the_range(alert_id):
    """What is no id of an alert raises KeyError and the message says which ids there are."""
    with pytest.raises(KeyError, match=r"there is no alert .*; alert ids run from 0 to 2"):
        consolidate(EVENTS).explain(alert_id)


def test_without_alerts_nothing_can_be_explained():
    """An empty result says that there are no alerts."""
    with pytest.raises(KeyError, match="there are no alerts"):
        consolidate(EVENTS.iloc[:0]).explain(0)


def test_chunks_cannot_be_explained():
    """Events that came in chunks were not kept: the error says so and what to use."""
    consolidator = Consolidator()
    consolidator.feed(EVENTS)
    with pytest.raises(EventError, match=r"in chunks and were not kept.*consolidate\(\)"):
        consolidator.result().explain(0)


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events.loc.__setitem__(5, events.loc[0]),
        lambda events: events.__setitem__("timestamp", events["timestamp"] + 1),
        lambda events: events.__setitem__("status", "nonsense"),
        lambda events: events.__setitem__("cluster", ["c", "d", "c", "c", "c"]),
        lambda events: events.pop("cluster"),
        lambda events: setattr(events, "index", events.index[::-1]),
        lambda events: setattr(events, "columns", events.columns[::-1]),
    ],
    ids=["rows", "times", "status", "tags", "column dropped", "index", "columns"],
)
@pytest.mark.parametrize("kind", ["as given", "category"])
def test_a_changed_input_changes_no_explanation(change, kind):
    """An explanation speaks of the events as they were consolidated, whatever became of them."""
    events = EVENTS.copy()
    if kind == "category":
        events = events.astype(dict.fromkeys(("host", "check"), "category"))
    result = consolidate(events)
    before = [result.explain(alert).text for alert in range(3)]
    change(events)
    assert [result.explain(alert).text for alert in range(3)] == before


@pytest.mark.parametrize("column", EVENTS.columns)
def test_cells_that_are_changed_in_place_change_no_explanation(column):
    """Nor do arrays that the frame shares with the caller, which no frame can protect."""
    arrays = {name: EVENTS[name].to_numpy(copy=True) for name in EVENTS}
    shared = {name: pd.Series(a, dtype=a.dtype, copy=False) for name, a in arrays.items()}
    events = pd.DataFrame(shared, copy=False)
    before = [consolidate(events).explain(alert) for alert in range(3)]
    result, array = consolidate(events), arrays[column]
    array[:] = array[::-1].copy()
    array[0] = array[0] * 2
    events.loc[1:2, column] = array[0]
    assert [result.explain(alert) for alert in range(3)] == before


def test_an_absent_column_of_a_filter_is_blamed():
    """A filter that would pass is not named as the reason when its column is absent."""
    policy = CLASSIC.replace(patterns=[Pattern("host", "1h", filter="cluster != x")])
    explanation = consolidate(EVENTS.drop(columns="cluster"), policy).explain(0)
    assert "the filter of host looks at cluster, which the events do not have" in explanation.text
    assert explanation.facts["unmatched"]["host"]["absent"] == ["cluster"]


def test_explaining_leaves_the_input_alone():
    """The caller's frame is the same before and after."""
    events = EVENTS.copy()
    result = consolidate(events)
    for alert in range(3):
        result.explain(alert)
    pd.testing.assert_frame_equal(events, EVENTS)


def test_an_explanation_has_the_tags_of_its_own_alert():
    """Values of tags that are no primary differ between alerts, and so between explanations."""
    events = frame("0 critical host=a cluster=one", "1min critical host=b cluster=two")
    result = consolidate(events, Policy(patterns=[Pattern("cluster", "1h")]))
    matched = [result.explain(alert).facts["matched"]["cluster"] for alert in range(2)]
    assert [values["cluster"] for values in matched] == ["one", "two"]
