"""The story of the loosened rule: what each service knows of it fits what the others know."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pandakit import sandbox
from pandakit.sandbox.organisation import build
from pandakit.sandbox.story import FORWARDER

START, END = "2026-05-01", "2026-06-02"
KEYS = ["nagios.core", "cloudmetrics.eu", "cloudmetrics.us", "synthetics.edge", FORWARDER]


@pytest.fixture(scope="module")
def told():
    """A sandbox with the story."""
    with sandbox.start(
        incidents=300, audit_events=100, requests_per_second=None, loosened_rule=True
    ) as services:
        yield services


@pytest.fixture(scope="module")
def change(told):
    """The audit event of the change."""
    log = told.pangea.search("action:update", start=START, end=END)
    (row,) = log[log["target"].str.startswith("panther-rule")].to_dict("records")
    return row


def test_the_log_has_what_the_rule_has_now(told, change):
    """Rule, time and settings of the change are those of Panther."""
    rule = told.panther.get("rules", change["target"].removeprefix("panther-rule "))
    assert rule.loc[0, "last_modified"].floor("s") == change["timestamp"]
    new = json.loads(change["new"])
    assert new["threshold"] == rule.loc[0, "threshold"] < json.loads(change["old"])["threshold"]
    assert new["dedupPeriodMinutes"] == rule.loc[0, "dedup_period_minutes"]
    assert change["actor"] in set(told.panther.users()["email"])


def test_the_alerts_of_the_rule_rose(told, change):
    """After the change there are at least ten times as many alerts a day."""
    alerts = told.panther.alerts(start=START, end=END)
    mine = alerts[alerts["detection_id"] == change["target"].removeprefix("panther-rule ")]
    days = (told.now - change["timestamp"]).days
    after = int((mine["created_at"] > change["timestamp"]).sum())
    before = len(mine) - after
    assert before > 0
    assert after / days > 10 * before / (28 - days)


def test_every_forwarded_alert_is_one_of_panther(told, change):
    """Panther's alerts of the rule and BigPanda's events from there are one to one."""
    events = told.bigpanda.raw_alerts(FORWARDER, start=START)
    opened = events[events["status"] == "warning"]
    alerts = told.panther.alerts(start=START, end=END).set_index("id")
    mine = alerts[alerts["detection_id"] == change["target"].removeprefix("panther-rule ")]
    assert sorted(opened["panther_alert_id"]) == sorted(mine.index)
    apart = pd.to_datetime(opened["timestamp"].to_numpy(), utc=True) - pd.DatetimeIndex(
        mine.loc[opened["panther_alert_id"], "created_at"]
    )
    assert set(apart) == {pd.Timedelta("20s")}


def test_the_incidents_are_still_those_of_the_tenants_patterns(told):
    """The simulation has production's incidents, with the forwarded alerts in them."""
    window = {"start": "2026-05-04", "end": "2026-06-01"}
    simulation = told.bigpanda.simulate("All Incidents", KEYS, **window)
    assert simulation.agreement.f1 == 1
    assert simulation.agreement.unmatched.empty


def test_the_story_changes_nothing_else():
    """Without it there is no trace of it; with it the number of incidents stays."""
    plain, told = (
        build(3, incidents=60, audit_events=50, loosened_rule=one) for one in (False, True)
    )
    assert FORWARDER not in {event["app_key"] for event in plain.bigpanda["events"]}
    assert len(plain.bigpanda["incidents"]) == len(told.bigpanda["incidents"])
    assert len(told.pangea.events) == len(plain.pangea.events) + 1
    others = [event for event in told.bigpanda["events"] if event["app_key"] != FORWARDER]
    assert others == plain.bigpanda["events"]
    rules = zip(plain.panther["rules"], told.panther["rules"], strict=True)
    assert sum(one != other for one, other in rules) == 1
    again = build(3, incidents=60, audit_events=50, loosened_rule=True)
    assert (again.panther, again.bigpanda) == (told.panther, told.bigpanda)
    assert again.pangea.events == told.pangea.events
