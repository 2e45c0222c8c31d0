"""The tenant's own events simulated, and how its incidents were handled."""

import pandas as pd
import pytest

import pandakit as pk
from tests.services.conftest import column

KEYS = ["nagios.core", "cloudmetrics.eu", "cloudmetrics.us", "synthetics.edge"]


def test_the_tenants_policy_agrees_with_production(bigpanda):
    """In the sandbox every alert of production matches, and every score is 1."""
    found = bigpanda.simulate("All Incidents", KEYS, start="2026-05-01")
    assert found.agreement.n_matched == len(found.production) > 100
    assert found.agreement.unmatched.empty
    scores = ("precision", "recall", "f1", "adjusted_rand", "v_measure")
    assert [getattr(found.agreement, name) for name in scores] == [1.0] * 5
    assert found.agreement.disagreements.empty
    assert found.policy == bigpanda.policy()


def test_another_policy_disagrees(bigpanda):
    """Alerts that stay alone have no pairs in common with production."""
    alone = pk.CURRENT.replace(patterns=[pk.Pattern(["host", "check"], "1min")])
    found = bigpanda.simulate("All Incidents", KEYS, start="2026-05-20", policy=alone)
    assert found.agreement.recall < 0.5
    assert found.policy is alone


def incidents(**columns):
    """Make a frame of incidents."""
    start = pd.to_datetime(["2026-01-05T00:30:00Z", "2026-01-05T01:00:00Z", "2026-01-06T00:00:00Z"])
    frame = pd.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "start": start,
            "end": start + pd.to_timedelta([60, 180, None], unit="s"),
            "flapping": pd.array([True, False, None], dtype="boolean"),
            "n_alerts": pd.array([1, 4, 1], dtype="Int64"),
            "team": ["x", "x", "y"],
        }
    )
    return frame.assign(**columns)


def activity(incident, kind, seconds):
    """Make an activity, so long after the first incident's start."""
    first = pd.Timestamp("2026-01-05T00:30:00Z")
    return {
        "incident_id": incident,
        "type": kind,
        "timestamp": first + pd.Timedelta(seconds, unit="s"),
    }


ACTIVITIES = pd.DataFrame(
    [
        activity("a", "incident_created", 10),
        activity("a", "incident_commented", 30),
        activity("a", "incident_assigned", 20),
        activity("a", "incident_reopened", 90),
        activity("b", "incident_shared", 1800 + 40),
        activity("c", "incident_reopen", 99_999),
    ]
)


def test_measures_show_what_they_are_made_of():
    """Each measure has the numerator and the denominator of its definition."""
    found = pk.bigpanda.measures(incidents(), ACTIVITIES)
    made_of = {
        name: (row["numerator"], row["denominator"], row["value"]) for name, row in found.iterrows()
    }
    assert made_of == {
        "time_to_acknowledge": (10 + 40, 2, 25),
        "acknowledged": (2, 3, 2 / 3),
        "not_actioned": (1, 3, 1 / 3),
        "time_to_resolve": (240, 2, 120),
        "resolved": (2, 3, 2 / 3),
        "single_alert": (2, 3, 2 / 3),
        "flapping": (1, 3, 1 / 3),
        "reopened": (2, 3, 2 / 3),
        "correlation_compression": (3, 6, 0.5),
    }
    assert found.loc["time_to_resolve", ["median", "p90"]].tolist() == [120, 168]


def test_measures_without_activities_or_incidents():
    """What needs activities is missing without them; 0/0 is missing."""
    found = pk.bigpanda.measures(incidents())
    assert column(found, "value")[0] != column(found, "value")[0]
    assert found.loc["reopened"].isna().all()
    empty = pk.bigpanda.measures(incidents().head(0), ACTIVITIES)
    assert empty["value"].isna().all()
    assert (empty["denominator"] == 0).all()


def test_measures_by_a_column_and_by_the_hour_of_the_week():
    """Groups have the measures of their own incidents."""
    by_team = pk.bigpanda.measures(incidents(), ACTIVITIES, by="team")
    assert by_team.loc[("x", "resolved"), "value"] == 1
    assert by_team.loc["y"].equals(pk.bigpanda.measures(incidents().tail(1), ACTIVITIES))
    hours = pk.bigpanda.measures(incidents(), by="hour_of_week")
    assert list(hours.index.get_level_values("hour_of_week").unique()) == [0, 1, 24]
    with pytest.raises(ValueError, match="by='colour'"):
        pk.bigpanda.measures(incidents(), by="colour")
    with pytest.raises(ValueError, match="no column end"):
        pk.bigpanda.measures(incidents().drop(columns="end"))


def test_the_noisiest_identities():
    """Alerts are counted by source and key, with their incidents, shares and median time open."""
    alerts = pd.DataFrame(
        {
            "incident_id": ["a", "a", "b", "b"],
            "source_system": ["s", "t", "s", "s"],
            "incident_key": ["k", "k", "k", None],
            "start": pd.to_datetime([0, 0, 10, 0], unit="s", utc=True),
            "end": pd.to_datetime([10, 5, 40, None], unit="s", utc=True),
        }
    )
    found = pk.bigpanda.noisiest(alerts)
    assert found.iloc[0].to_dict() == {
        "source_system": "s", "incident_key": "k", "alerts": 2, "incidents": 2,
        "share": 0.5, "cumulative_share": 0.5, "median_open_s": 20,
    }  # fmt: skip
    assert found["alerts"].sum() == 4
    assert found["cumulative_share"].iloc[-1] == 1
    assert pk.bigpanda.noisiest(alerts.head(0)).empty
    with pytest.raises(ValueError, match="no column incident_key"):
        pk.bigpanda.noisiest(alerts.drop(columns="incident_key"))
