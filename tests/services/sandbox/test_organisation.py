"""The invented organisation: repeatable, believable, and consistent with itself."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from pandakit import sandbox


@pytest.fixture(scope="module")
def organisation():
    """The organisation of seed 0."""
    return sandbox.build(0)


def text_of(organisation):
    """Give everything in it as one text."""
    parts = [organisation.panther, organisation.bigpanda, organisation.pangea.events]
    return json.dumps([*parts, organisation.pangea.schema], ensure_ascii=False)


def alerts_of(organisation):
    """Give each alert with its identity, by incident."""
    for incident in organisation.bigpanda["incidents"]:
        for alert in incident["alerts"]:
            tags = {tag["name"]: tag["value"] for tag in alert["tags"]}
            identity = (alert["source_system"], tags[alert["primary_property"]], tags["check"])
            yield incident, alert, identity, tags


def test_the_same_seed_gives_the_same_bytes(organisation):
    """Two builds of a seed are equal to the last character; another seed differs."""
    assert text_of(sandbox.build(0)) == text_of(organisation)
    assert text_of(sandbox.build(1)) != text_of(organisation)


def test_time_moves_with_now():
    """Another `now` moves all times with it and changes nothing else."""
    early, late = (
        sandbox.build(3, now=datetime(year, 1, 1, tzinfo=UTC), incidents=40, audit_events=20)
        for year in (2025, 2026)
    )
    year = 365 * 86_400
    for before, after in zip(early.bigpanda["incidents"], late.bigpanda["incidents"], strict=True):
        assert after["start"] - before["start"] == year
        assert len(after["alerts"]) == len(before["alerts"])


def test_everything_lies_before_now_and_the_last_week_is_not_empty(organisation):
    """No event is in the future, and spans such as 7 days back from `now` find something."""
    now = organisation.now.timestamp()
    times = [event["timestamp"] for event in organisation.bigpanda["events"]]
    assert times == sorted(times)
    assert max(times) <= now
    assert sum(now - moment < 7 * 86_400 for moment in times) > 1_000
    received = [e["envelope"]["received_at"] for e in organisation.pangea.events]
    assert received == sorted(received)
    assert "2026-05-25" < received[-1] < "2026-06-01T12"


def test_names_are_invented_and_say_so():
    """Every host, address and mailbox is of a domain or network kept for documentation."""
    organisation = sandbox.build(0, incidents=200, audit_events=200)
    text = text_of(organisation)
    assert set(re.findall(r"[\w.-]+@([\w.-]+)", text)) == {"example.com"}
    addresses = re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text)
    assert addresses
    assert all(ip.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for ip in addresses)
    hosts = {e["host"] for e in organisation.bigpanda["events"] if "host" in e}
    assert all(host.endswith(".example.com") for host in hosts)


def test_alerts_arise_from_the_events(organisation):
    """Each alert starts and ends with an event of its identity, and has its last words."""
    events = defaultdict(list)
    for event in organisation.bigpanda["events"]:
        subject = event.get("host") or event.get("service")
        events[event["app_key"], subject, event["check"]].append(event)
    for incident, alert, identity, _ in alerts_of(organisation):
        end = alert["end"] or organisation.now.timestamp()
        mine = [e for e in events[identity] if alert["start"] <= e["timestamp"] <= end]
        assert mine[0]["timestamp"] == alert["start"] >= incident["start"]
        assert mine[0]["status"] != "ok"
        assert (mine[-1]["status"] == "ok") == (alert["end"] is not None)
        assert mine[-1]["description"] == alert["description"]


def test_the_tenants_patterns_find_its_incidents_again(organisation):
    """Grouping alerts by cluster within 120 minutes, else by host within 60, counted from the
    first alert of a group, gives the incidents back: no more, no fewer.
    """
    minutes = {p["tags"][0]: p["time_window"] for p in organisation.bigpanda["patterns"][:2]}
    rows = sorted(alerts_of(organisation), key=lambda row: row[1]["start"])
    opened = {}  # (tag, value) -> (first start, group)
    groups = defaultdict(set)
    for _, alert, identity, tags in rows:
        keys = [(name, tags[name]) for name in ("cluster", "host") if name in tags]
        held = [opened[key] for key in keys if key in opened]
        live = [
            group
            for (name, _), (first, group) in zip(
                [key for key in keys if key in opened], held, strict=True
            )
            if alert["start"] - first <= 60 * minutes[name]
        ]
        group = live[0] if live else alert["id"]
        for key in keys:
            if not live or key not in opened or opened[key][1] != group:
                opened[key] = (alert["start"], group)
        groups[group].add((identity, alert["start"]))
    expected = defaultdict(set)
    for incident, alert, identity, _ in rows:
        expected[incident["id"]].add((identity, alert["start"]))
    assert sorted(map(sorted, groups.values())) == sorted(map(sorted, expected.values()))


def test_no_alert_could_reopen_an_older_one(organisation):
    """Between two alerts of one identity lie more than 48 hours."""
    last = {}
    for _, alert, identity, _ in sorted(alerts_of(organisation), key=lambda row: row[1]["start"]):
        if identity in last:
            assert last[identity] is not None
            assert alert["start"] - last[identity] > 48 * 3_600
        last[identity] = alert["end"]


def test_the_funnel_is_believable(organisation):
    """There are duplicates, repeats, orphans and payloads without a subject; alerts are a
    quarter of the events or less, and half of the incidents have more than one alert or so.
    """
    events = organisation.bigpanda["events"]
    incidents = organisation.bigpanda["incidents"]
    alerts = list(alerts_of(organisation))
    distinct = {json.dumps(event, sort_keys=True) for event in events}
    assert 0.05 < 1 - len(distinct) / len(events) < 0.25
    assert sum("host" not in e and "service" not in e for e in events) == 12
    assert len(alerts) < len(events) / 4
    assert 0.3 < sum(len(row["alerts"]) > 1 for row in incidents) / len(incidents) < 0.7


def test_incidents_agree_with_their_alerts(organisation):
    """Activity, status, start and end of an incident follow from its alerts."""
    for row in organisation.bigpanda["incidents"]:
        alerts = row["alerts"]
        assert row["active"] == any(alert["active"] for alert in alerts)
        assert row["start"] == min(alert["start"] for alert in alerts)
        if not row["active"]:
            assert row["end"] == max(alert["end"] for alert in alerts)
            assert row["status"] == "ok"


def test_the_seeded_map_misses_some_hosts(organisation):
    """The owners' table covers most hosts with alerts, but not all of them."""
    table = next(iter(organisation.bigpanda["tables"].values()))
    owned = {row["host"] for row in table}
    seen = {tags["host"] for *_, tags in alerts_of(organisation) if "host" in tags}
    assert len(owned) == len(table)
    assert 0.8 < len(seen & owned) / len(seen) < 1


@pytest.mark.parametrize("wrong", [{"now": datetime(2026, 1, 1)}, {"audit_events": 0}])  # noqa: DTZ001 - the fault
def test_impossible_organisations_are_refused(wrong):
    """A time without a zone and an empty log raise ValueError."""
    with pytest.raises(ValueError, match=r"zone|at least"):
        sandbox.build(0, **wrong)
