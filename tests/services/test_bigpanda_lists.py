"""BigPanda's loaders against the sandbox: every incident, alert and event of the seed arrives."""

import pandas as pd
import pytest

import pandakit as pk
from pandakit import consolidate
from tests.services.conftest import column, plain, seconds, told

EVERYTHING = "All Incidents"


def seed(services, name):
    """Give rows of the seed."""
    return services.organisation.bigpanda[name]


def environment(services, name=EVERYTHING):
    """Give the id of an environment."""
    return next(row["id"] for row in seed(services, "environments") if row["name"] == name)


def test_environments_equal_the_seed(bigpanda, services):
    """Every environment comes with its id, name and filter."""
    frame, rows = bigpanda.environments(), seed(services, "environments")
    assert column(frame, "environment_id") == [row["id"] for row in rows]
    assert column(frame, "name") == [row["name"] for row in rows]
    assert column(frame, "filter") == [row["filter"] for row in rows]
    assert column(frame, "roles") == [row["roles"] for row in rows]


def test_incidents_equal_the_seed(bigpanda, services):
    """All pages of incidents arrive, each incident once, with the seed's values."""
    frame = bigpanda.incidents(EVERYTHING).set_index("incident_id")
    rows = {row["id"]: row for row in seed(services, "incidents")}
    assert set(frame.index) == set(rows)
    assert len(frame) == len(rows)
    for key, row in rows.items():
        cells = frame.loc[key]
        for name in ("status", "severity", "active", "flapping", "shared", "folders"):
            assert cells[name] == row[name], name
        for name in ("start", "changed_at", "updated_at", "end"):
            assert plain(cells[name]) == seconds(row[name]), name
        assert cells["n_alerts"] == len(row["alerts"])
        assert cells["alerts"] == [{"alert_id": each["id"]} for each in row["alerts"]]
        assert cells["snoozed"] == row["snooze"]["snoozed"]
        assert plain(cells["snooze_end"]) == seconds(row["snooze"].get("end_time"))
        assert plain(cells["assignee_email"]) == row.get("assignee", {}).get("email")
        assert cells["environments"] == row["environments"]


def test_incidents_say_what_holds_them_together(bigpanda, services):
    """The current patterns of an incident are those of the last entry of its log."""
    frame = bigpanda.incidents(EVERYTHING).set_index("incident_id")
    for row in seed(services, "incidents"):
        last = row["correlation_matchers_log"][-1]
        assert frame.loc[row["id"], "pattern_ids"] == [each["correlation_id"] for each in last]
        assert frame.loc[row["id"], "n_patterns_current"] == len(last)


def test_durations_and_tags_of_incidents(bigpanda, services):
    """A closed incident has its duration in seconds, an open one none; tags are columns."""
    frame = bigpanda.incidents(EVERYTHING).set_index("incident_id")
    for row in seed(services, "incidents"):
        expected = None if row["end"] is None else row["end"] - row["start"]
        assert plain(frame.loc[row["id"], "duration_s"]) == expected
        tags = {each["tag_id"]: each["tag_value"] for each in row["incident_tags"]}
        assert frame.loc[row["id"], "tag.priority"] == tags.get("priority")


def test_an_environment_may_be_named_or_given_by_id(bigpanda, services):
    """Name and id of an environment give the same incidents, and only those in it."""
    by_name, by_id = (
        bigpanda.incidents("Payments"),
        bigpanda.incidents(environment(services, "Payments")),
    )
    pd.testing.assert_frame_equal(by_name, by_id)
    expected = {
        row["id"]
        for row in seed(services, "incidents")
        if environment(services, "Payments") in row["environments"]
    }
    assert set(by_name["incident_id"]) == expected
    assert expected


def test_an_unknown_environment_lists_the_known_ones(bigpanda):
    """A name that does not exist is a NotFoundError with the names that do."""
    with pytest.raises(pk.NotFoundError, match="'Payments'"):
        bigpanda.incidents("payments!")


def test_an_empty_environment_has_all_columns(bigpanda):
    """No incidents: an empty frame with the declared columns and dtypes."""
    empty, full = bigpanda.incidents("Laboratory"), bigpanda.incidents(EVERYTHING)
    assert len(empty) == 0
    shared = {name: full.dtypes[name] for name in empty.columns}
    assert empty.dtypes.to_dict() == shared
    assert {"tag.priority", "ai_analysis_state"} == set(full.columns) - set(empty.columns)


def test_window_folder_and_query_choose(bigpanda, services):
    """A window gives what was active in it; folder and query narrow further."""
    start, end = pd.Timestamp("2026-05-10", tz="UTC"), pd.Timestamp("2026-05-20", tz="UTC")
    frame = bigpanda.incidents(
        EVERYTHING, start=start, end=end, folder="resolved", query="application = checkout"
    )
    expected = {
        row["id"]
        for row in seed(services, "incidents")
        if row["start"] <= end.timestamp()
        and row["end"] is not None
        and row["end"] >= start.timestamp()
        and any(
            {"name": "application", "value": "checkout"} in alert["tags"] for alert in row["alerts"]
        )
    }
    assert expected
    assert set(frame["incident_id"]) == expected
    assert told(frame)["window"] == [start.isoformat(), end.isoformat()]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "closed"}, "one of active"),
        ({"query": "x" * 2_001}, "2001 characters"),
        ({"start": "2026-05-02", "end": "2026-05-01"}, "before start"),
        ({"start": "2026-05-02T00:00:00"}, "zone"),
    ],
)
def test_bad_options_are_refused_here(bigpanda, options, words):
    """What the service would refuse is a ValueError that says why."""
    with pytest.raises(ValueError, match=words):
        bigpanda.incidents(EVERYTHING, **options)


def test_expanded_incidents_have_whole_alerts(bigpanda, services):
    """With `expand`, given as one name or several, the alerts are whole."""
    rows = {row["id"]: row for row in seed(services, "incidents")}
    one = bigpanda.incidents("Payments", expand="alerts")
    several = bigpanda.incidents("Payments", expand=["alerts"])
    assert column(one, "alerts") == column(several, "alerts")
    for key, alerts in zip(one["incident_id"], one["alerts"], strict=True):
        assert alerts == rows[key]["alerts"]


def test_one_incident(bigpanda, services):
    """`incident` gives one row with the columns of `incidents`, expanded on request."""
    row = seed(services, "incidents")[3]
    frame = bigpanda.incident(EVERYTHING, row["id"], expand=["alerts"])
    assert column(frame, "incident_id") == [row["id"]]
    assert frame["alerts"][0] == row["alerts"]
    with pytest.raises(pk.NotFoundError, match="BIGPANDA_REGION"):
        bigpanda.incident("Laboratory", row["id"])


def test_alerts_equal_the_seed(bigpanda, services):
    """Every alert of every incident is one row, with its incident, its cells and its tags."""
    frame = bigpanda.alerts(EVERYTHING).set_index(["incident_id", "alert_id"])
    rows = {
        (row["id"], alert["id"]): alert
        for row in seed(services, "incidents")
        for alert in row["alerts"]
    }
    assert set(frame.index) == set(rows)
    assert len(frame) == len(rows)
    assert told(frame.reset_index())["rows"] == len(rows)
    for key, alert in rows.items():
        cells = frame.loc[key]
        tags = {tag["name"]: tag["value"] for tag in alert["tags"]}
        for name in ("status", "active", "source_system", "incident_key", "description"):
            assert cells[name] == alert[name], name
        for name in ("start", "end", "last_event_at"):
            assert plain(cells[name]) == seconds(alert[name]), name
        assert cells["primary_value"] == tags[alert["primary_property"]]
        assert cells["secondary_value"] == tags["check"]
        assert {name: cells[f"tag.{name}"] for name in tags} == tags


def test_a_cap_on_alerts_counts_alerts(bigpanda):
    """`max_rows` of `alerts` counts its own rows, not incidents."""
    with pytest.warns(pk.TruncatedWarning):
        assert len(bigpanda.alerts(EVERYTHING, max_rows=13)) == 13


def test_activities_equal_the_seed(bigpanda, services):
    """The activities of several incidents come with their incident, newest first."""
    ids = [row["id"] for row in seed(services, "incidents")[:30]]
    frame = bigpanda.activities(pd.Series(ids))
    expected = [
        (key, row["id"], row["type"], seconds(row["timestamp"]))
        for key in ids
        for row in seed(services, "activities")
        if row["incident_id"] == key
    ]
    names = ("incident_id", "activity_id", "type", "timestamp")
    assert list(zip(*(column(frame, name) for name in names), strict=True)) == expected


def test_activities_of_some_types(bigpanda, services):
    """`types` takes one or several; both spellings of reopen are one."""
    known = seed(services, "activities")[:200]
    ids = list(dict.fromkeys(row["incident_id"] for row in known))[:20]
    one = bigpanda.activities(ids, types="incident_created")
    assert set(one["type"]) == {"incident_created"}
    both = ["incident_created", "incident_commented"]
    frame = bigpanda.activities(pd.Series(ids), types=both)
    wanted = [row for row in seed(services, "activities") if row["incident_id"] in ids]
    assert len(frame) == sum(row["type"] in both for row in wanted)
    with pytest.raises(ValueError, match="incident_reopen"):
        bigpanda.activities(ids, types="incident_reopend")
    assert bigpanda.activities(ids, types="incident_reopened").empty


def test_how_the_organisation_is_set_up(bigpanda, services):
    """Plans, filters and tags are those of the seed; the tag's id is that of a column."""
    plans = bigpanda.maintenance_plans()
    assert list(plans["status"]) == ["done", "done", "running", "planned"]
    assert list(bigpanda.maintenance_plans(status="running")["status"]) == ["running"]
    assert list(bigpanda.alert_filters()["bpql"]) == [{"=": ["cluster", "laboratory"]}]
    tags = bigpanda.incident_tags(active=True)
    assert tags["created_at"].dt.year.between(2025, 2026).all()
    assert "tag." + tags["tag_id"][0] in bigpanda.incidents(EVERYTHING)


def test_no_plans_are_an_empty_frame(bigpanda_at):
    """204, as older services answer where there are no plans, is an empty list."""
    from werkzeug.wrappers import Response

    client, _ = bigpanda_at(lambda _: Response(status=204))
    assert client.maintenance_plans().empty


def test_activities_of_no_incident(bigpanda):
    """No incidents: an empty frame of the same columns, and nothing is asked."""
    empty = bigpanda.activities([])
    assert list(empty.columns)[:2] == ["incident_id", "activity_id"]
    assert told(empty)["requests"] == 0


def test_correlation_patterns_equal_the_seed(bigpanda, services):
    """Patterns come with tags, window in minutes, filter and state."""
    frame, rows = bigpanda.correlation_patterns(), seed(services, "patterns")
    assert column(frame, "pattern_id") == [row["correlation_id"] for row in rows]
    for name in ("active", "tags", "time_window", "filter", "cross_source", "execution_order"):
        assert column(frame, name) == [row[name] for row in rows]
    active = bigpanda.correlation_patterns(active=True)
    assert len(active) == sum(row["active"] for row in rows)


def test_raw_alerts_are_what_consolidate_takes(bigpanda, services):
    """Events load with the sender's own fields, and consolidate as the seed's own rows do."""
    app_key = "nagios.core"
    rows = [row for row in seed(services, "events") if row["app_key"] == app_key]
    frame = bigpanda.raw_alerts(app_key, start="2026-01-01")
    assert column(frame, "timestamp") == [seconds(row["timestamp"]) for row in rows]
    for name in ("host", "check", "status", "datacenter", "cluster", "description"):
        assert column(frame, name) == [row.get(name) for row in rows], name
    loaded, direct = consolidate(frame), consolidate(pd.DataFrame(rows))
    assert len(loaded.alerts) == len(direct.alerts) > 0
    assert len(loaded.incidents) == len(direct.incidents)


def test_raw_alerts_from_a_moment_on(bigpanda, services):
    """`start` leaves out what is older; larger pages give the same rows."""
    rows = [row for row in seed(services, "events") if row["app_key"] == "nagios.core"]
    middle = rows[len(rows) // 2]["timestamp"]
    start = pd.Timestamp(middle, unit="s", tz="UTC")
    small = bigpanda.raw_alerts("nagios.core", start=start)
    large = bigpanda.raw_alerts("nagios.core", start=start, page_size=500)
    assert len(small) == sum(row["timestamp"] >= middle for row in rows)
    pd.testing.assert_frame_equal(small, large)


def test_check_counts_what_the_token_sees(bigpanda):
    """`check` lists the environments and names the setting that gave the key."""
    assert str(bigpanda.check()).endswith(
        "answered: 6 environments (BIGPANDA_API_KEY from argument)"
    )


def test_enrichments_equal_the_seed(bigpanda, services):
    """Enrichments come with their columns by type; both versions of the API give them."""
    rows = seed(services, "schemas")
    for version in ("v2.1", "v1.0"):
        frame = bigpanda.enrichments(api_version=version)
        assert {row["id"] for row in rows} <= set(frame["schema_id"])
        first = frame.set_index("schema_id").loc[rows[0]["id"]]
        assert (first["name"], first["query_tags"]) == ("Host owners", ["host"])
        assert first["result_tags"] == ["owner_team", "tier"]


def test_the_policy_finds_the_incidents_again(bigpanda, services):
    """Events consolidated with the tenant's own patterns make the incidents that it has."""
    policy = bigpanda.policy()
    assert [pattern.tags for pattern in policy.patterns] == [("cluster",), ("host",)]
    assert [pattern.window.total_seconds() / 60 for pattern in policy.patterns] == [120, 60]
    assert policy.patterns[1].filter == "source_system != synthetics.*"
    app_keys = sorted({row["app_key"] for row in seed(services, "events")})
    events = pd.concat([bigpanda.raw_alerts(key, start="2026-01-01") for key in app_keys])
    simulated = consolidate(events.sort_values("timestamp", kind="stable"), policy).incidents
    starts = sorted(seconds(row["start"]) for row in seed(services, "incidents"))
    assert sorted(column(simulated, "start")) == starts
