"""BigPanda in the sandbox: incidents by page, limits, tokens, events."""

import json
from collections import Counter

import pytest
import requests

from pandakit import sandbox
from tests.tokens import WRONG

NAGIOS = {"app_key": "nagios.core"}


def incidents_of(ask, *, environment="All Incidents", page_size=100, **params):
    """Read all pages."""
    rows, page = [], 1
    while True:
        params |= {"page": page, "page_size": page_size}
        body = ask.bigpanda(ask.environment(environment), **params).json()
        rows += body["items"]
        if not body["items"]:
            assert len(rows) == body["total"]
            return rows
        page += 1


def seeded(ask, environment="All Incidents"):
    """Give the incidents of an environment from the seed."""
    found = ask.services.organisation.bigpanda
    key = next(row["id"] for row in found["environments"] if row["name"] == environment)
    return [row for row in found["incidents"] if key in row["environments"]]


def test_there_are_two_thousand_incidents(ask):
    """All pages together give the 2,000 incidents of the seed, each once."""
    rows = incidents_of(ask)
    assert len(rows) == 2_000
    assert {row["id"] for row in rows} == {row["id"] for row in seeded(ask)}


@pytest.mark.parametrize("environment", ["Payments", "Platform EU", "Jump hosts", "Laboratory"])
def test_an_environment_has_its_own_incidents(ask, environment):
    """Each environment gives the incidents that pass its filter; one has none."""
    expected = [row["id"] for row in seeded(ask, environment)]
    found = incidents_of(ask, environment=environment)
    assert Counter(row["id"] for row in found) == Counter(expected)


def test_expanded_incidents_carry_their_alerts(ask):
    """With expand=alerts the alerts come in full, otherwise only their ids."""
    incident = max(seeded(ask), key=lambda row: len(row["alerts"]))
    path = f"{ask.environment()}/{incident['id']}"
    assert ask.bigpanda(path, expand="alerts").json()["alerts"] == incident["alerts"]
    ids = [{"alert_id": alert["id"]} for alert in incident["alerts"]]
    assert ask.bigpanda(path).json()["alerts"] == ids


def test_statuses_are_capitalised_and_unknown_fields_come(ask):
    """Incidents spell their status with a capital, and carry a field of no schema."""
    rows = incidents_of(ask, environment="Payments")
    assert {row["status"] for row in rows} <= {"Ok", "Warning", "Critical"}
    assert {"ai_analysis_state" in row for row in rows} == {True}
    assert {True, False} == {"assignee" in row for row in rows}


def test_a_window_gives_what_was_active_in_it(ask):
    """`from` and `to` keep every incident that was active at any moment between them."""
    high = int(ask.services.now.timestamp()) - 5 * 86_400
    low = high - 86_400
    expected = {
        row["id"]
        for row in seeded(ask)
        if row["start"] <= high and (row["end"] is None or row["end"] >= low)
    }
    found = incidents_of(ask, **{"from": low, "to": high})
    assert {row["id"] for row in found} == expected
    assert any(row["start"] < low for row in found)


def tags_of(alert):
    """Give the tags that the queries of the tests look at."""
    named = {tag["name"]: tag["value"] for tag in alert["tags"]}
    kept = {name: named.get(name, "") for name in ("application", "host", "check")}
    return kept | {"status": alert["status"], "description": alert["description"]}


def on_first_hosts(tags):
    """Say whether the alert is of a cpu or a ping check on a host with number 01 or 02."""
    return ("-01." in tags["host"] or "-02." in tags["host"]) and tags["check"] in {"cpu", "ping"}


QUERIES = {
    "*": lambda _: True,
    "application = checkout": lambda t: t["application"] == "checkout",
    'APPLICATION = "CheckOut"': lambda t: t["application"] == "checkout",
    "application != checkout": lambda t: t["application"] != "checkout",
    "host = jump-0* AND status = ok": lambda t: "jump-0" in t["host"] and t["status"] == "ok",
    "application IN [ledger, search]": lambda t: t["application"] in {"ledger", "search"},
    "application NOT IN [ledger]": lambda t: t["application"] != "ledger",
    "host = /-0[12]\\./ AND (check = cpu OR check = ping)": on_first_hosts,
    "replica": lambda t: "replica" in t["check"] + t["description"],
}


@pytest.mark.parametrize(("query", "keep"), QUERIES.items())
def test_queries_keep_incidents_with_an_alert_that_matches(ask, query, keep):
    """A query keeps the incidents of which at least one alert passes it."""
    expected = {r["id"] for r in seeded(ask) if any(keep(tags_of(a)) for a in r["alerts"])}
    assert expected
    assert {row["id"] for row in incidents_of(ask, query=query)} == expected


@pytest.mark.parametrize("folder", ["active", "resolved", "shared", "unhandled"])
def test_folders_and_orders(ask, folder):
    """A folder keeps its incidents; sort_by=start gives the newest first."""
    rows = incidents_of(ask, folder=folder, sort_by="start")
    expected = [row["id"] for row in seeded(ask) if folder in row["folders"]]
    assert Counter(row["id"] for row in rows) == Counter(expected)
    assert [row["start"] for row in rows] == sorted((row["start"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    "params",
    [
        {"page_size": 101},
        {"page_size": 11, "expand": "alerts"},
        {"page": 0},
        {"query": "x" * 2_001},
        {"query": "host = ("},
        {"from": "yesterday"},
        {"folder": "Active"},
        {"expand": "comments"},
        {"sort_by": "name"},
        {"page": 101, "page_size": 100},
    ],
)
def test_what_the_search_refuses(ask, params):
    """Sizes above the limits, unreadable queries and pages beyond the ceiling answer 400."""
    assert ask.bigpanda(ask.environment(), **params).status_code == 400


def test_the_ceiling_hides_what_lies_beyond_it():
    """`total` says how many there are, but only the first ones up to the ceiling can be read."""
    with sandbox.start(incidents=60, audit_events=5, most_results=50) as services:
        headers = {"Authorization": f"Bearer {services.env['BIGPANDA_API_KEY']}"}
        key = services.organisation.bigpanda["environments"][0]["id"]
        url = f"{services.urls['bigpanda']}/resources/v2.0/environments/{key}/incidents"
        answers = [
            requests.get(url, params={"page": n, "page_size": 25}, headers=headers, timeout=10)
            for n in (1, 2, 3)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert answers[0].json()["total"] == 60


def test_five_requests_a_second_per_endpoint():
    """The sixth request in a moment is 429 without Retry-After; other endpoints are open; later
    five more pass, however long nobody asked.
    """
    with sandbox.start(incidents=5, audit_events=5) as services:
        services.control.clock = lambda: 100.0
        headers = {"Authorization": f"Bearer {services.env['BIGPANDA_API_KEY']}"}

        def get(path):
            url = f"{services.urls['bigpanda']}/resources/{path}"
            return requests.get(url, headers=headers, timeout=10)

        burst = [get("v2.0/environments") for _ in range(7)]
        other = get("v2.0/correlation-patterns")
        later = []
        for moment in (101.0, 160.0):
            services.control.clock = lambda moment=moment: moment
            later += [get("v2.0/environments").status_code for _ in range(6)]
    assert [answer.status_code for answer in burst] == [200] * 5 + [429] * 2
    assert "Retry-After" not in burst[-1].headers
    assert other.status_code == 200
    assert later == ([200] * 5 + [429]) * 2


def test_a_caller_that_keeps_the_pace_is_never_refused():
    """Requests exactly a fifth of a second apart all pass, however long it goes on."""
    from pandakit.sandbox.limiter import Limiter

    ticks = iter(range(200))
    limiter = Limiter(5, lambda: next(ticks) / 5)
    assert all(limiter.allows("x") for _ in range(200))


def test_tokens_of_two_kinds(ask):
    """An unknown token is 401, a token of the wrong kind 403; no answer repeats the token."""
    url = ask.services.urls["bigpanda"]
    wrong = requests.get(
        f"{url}/resources/v2.0/environments",
        headers={"Authorization": f"Bearer {WRONG}"},
        timeout=10,
    )
    assert wrong.status_code == 401
    assert ask.bigpanda("/resources/v2.0/environments", org=True).status_code == 403
    assert ask.bigpanda("/resources/v1.0/enrichments").status_code == 403
    assert ask.bigpanda("/resources/v1.0/enrichments", org=True).status_code == 200
    assert WRONG not in wrong.text


def test_activities_of_an_incident_come_newest_first(ask):
    """The activities of one incident, by type, in pages."""
    rows = ask.services.organisation.bigpanda["activities"]
    incident = next(row["incident_id"] for row in rows if row["type"] == "incident_assigned")
    path = f"/resources/v2.0/incidents/{incident}/activities"
    body = ask.bigpanda(path).json()
    times = [item["timestamp"] for item in body["items"]]
    assert len(times) == body["total"] == sum(row["incident_id"] == incident for row in rows)
    assert times == sorted(times, reverse=True)
    only = ask.bigpanda(path, types="incident_assigned,incident_reopen").json()
    assert [item["type"] for item in only["items"]] == ["incident_assigned"]


def test_the_raw_events_of_an_integration_come_by_page(ask):
    """All pages of an integration give its payloads of the seed, in order of time."""
    rows, page = [], 1
    while True:
        params = NAGIOS | {"page": page, "limit": 1_000}
        body = ask.bigpanda("/resources/v2.1/integration-alerts", **params).json()
        if not body["items"]:
            break
        rows += body["items"]
        page += 1
    events = ask.services.organisation.bigpanda["events"]
    assert rows == [row for row in events if row["app_key"] == "nagios.core"]
    since = rows[100]["timestamp"]
    late = ask.bigpanda("/resources/v2.1/integration-alerts", since=since, **NAGIOS).json()
    assert late["total"] == sum(row["timestamp"] >= since for row in rows)


def test_sent_alerts_can_be_read_back(fresh):
    """New payloads answer 201 and join the feed; the same ones again answer 204."""
    alerts = [{"status": "critical", "host": "new-01.example.com", "timestamp": 1780315000}]
    data = json.dumps({"app_key": "fresh.feed", "alerts": alerts})
    first = fresh.bigpanda("/data/v2/alerts", "POST", org=True, data=data)
    again = fresh.bigpanda("/data/v2/alerts", "POST", org=True, data=data)
    assert (first.status_code, again.status_code, again.content) == (201, 204, b"")
    found = fresh.bigpanda("/resources/v2.1/integration-alerts", app_key="fresh.feed").json()
    assert found["items"] == [{"app_key": "fresh.feed"} | alerts[0]]


@pytest.mark.parametrize(
    "payload",
    [
        "not json",
        json.dumps({"status": "critical", "host": "a"}),
        json.dumps(NAGIOS | {"status": "broken", "host": "a"}),
        json.dumps(NAGIOS | {"status": "ok", "check": "no subject"}),
        json.dumps(NAGIOS | {"alerts": [{"status": "ok", "host": "a"}, {"host": "b"}]}),
    ],
)
def test_payloads_without_what_they_need_are_refused(fresh, payload):
    """One bad payload refuses the whole batch with 400, and nothing of it is kept."""
    before = fresh.bigpanda("/resources/v2.1/integration-alerts", **NAGIOS).json()["total"]
    answer = fresh.bigpanda("/data/v2/alerts", "POST", org=True, data=payload)
    assert answer.status_code == 400
    after = fresh.bigpanda("/resources/v2.1/integration-alerts", **NAGIOS).json()["total"]
    assert after == before


def test_patterns_can_be_asked_for_by_activity(ask):
    """Inactive patterns are left out with active=true; one alone calls its id `id`."""
    every = ask.bigpanda("/resources/v2.0/correlation-patterns").json()["data"]
    active = ask.bigpanda("/resources/v2.0/correlation-patterns", active="true").json()["data"]
    assert [row for row in every if row["active"]] == active
    assert 0 < len(active) < len(every)
