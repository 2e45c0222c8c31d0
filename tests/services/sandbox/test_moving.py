"""Incidents of the sandbox move between answers, and a client's load stays complete."""

import pytest

from pandakit import sandbox
from pandakit.bigpanda._search import loads
from tests.services.conftest import bigpanda_of, told

ALL = "All Incidents"


@pytest.fixture
def running():
    """A sandbox of 300 incidents within three seconds, without a rate limit."""
    with sandbox.start(
        incidents=300, audit_events=5, within=3, requests_per_second=None
    ) as services:
        yield services


@pytest.fixture
def client(running):
    """A client of it."""
    with bigpanda_of(running) as bigpanda:
        bigpanda.environments()  # learns the time
        yield bigpanda


def test_many_incidents_start_within_a_few_seconds(running, client):
    """All of them are loaded, in either order, also while equal starts change their order."""
    rows = running.organisation.bigpanda["incidents"]
    assert len({row["start"] for row in rows}) == 3
    for newest_first, shuffled in ((True, False), (False, False), (True, True)):
        running.control.newest_first, running.control.shuffled = newest_first, shuffled
        frame = client.incidents(ALL)
        assert set(frame["incident_id"]) == {row["id"] for row in rows}
        assert told(frame)["complete"]


def test_incidents_move_between_answers(running, client):
    """Updates, ends, returns and beginnings show up in the next answer."""
    everything = client.incidents(ALL)
    assert len(everything) == 300
    running.control.move("update", 0)
    running.control.move("add")
    frame = client.incidents(ALL)
    assert len(frame) == 301
    assert (frame["updated_at"] > everything["updated_at"].max()).sum() == 2
    open_ = client.incidents(ALL, folder="active")
    running.control.move("reopen", 5)
    reopened = client.incidents(ALL, folder="active")
    assert len(reopened) == len(open_) + 1
    running.control.move("resolve", 5)
    assert len(client.incidents(ALL, folder="active")) == len(open_)


@pytest.mark.parametrize("options", [{}, {"folder": "resolved"}])
def test_a_second_beyond_the_ceiling_is_read_in_parts(monkeypatch, options):
    """By folder, and within a folder by status and severity; a query of the caller's holds."""
    monkeypatch.setattr(loads, "CEILING", 200)
    with sandbox.start(
        incidents=300, audit_events=5, within=1, requests_per_second=None, most_results=200
    ) as running:
        rows = running.organisation.bigpanda["incidents"]
        frame = running.bigpanda.incidents(ALL, query="host = *", **options)
        queries = {call.query for call in running.control.calls}
    folder = options.get("folder")
    wanted = {row["id"] for row in rows if folder is None or folder in row["folders"]}
    assert len(wanted) > 200
    assert set(frame["incident_id"]) == wanted
    assert frame["incident_id"].is_unique
    assert any("folder=active" in query for query in queries) == (folder is None)
    assert any("severity" in query for query in queries)


def test_moves_are_written_down(running, client):
    """A reopened incident has a reopen activity in front, and both spellings find it."""
    newest = client.incidents(ALL)["incident_id"][0]
    before = client.activities(newest)
    running.control.move("resolve", 0)
    running.control.move("reopen", 0)
    client.incidents(ALL)
    after = client.activities(newest)
    assert list(after["type"][:2]) == ["incident_reopened", "incident_resolved_api"]
    assert list(after["activity_id"][2:]) == list(before["activity_id"])
    assert len(client.activities(newest, types="incident_reopen")) == 1


def test_an_added_incident_has_alerts_of_its_own(running, client):
    """It shares neither alert ids nor activities with the incident that it is like."""
    before = client.alerts(ALL, start="2026-05-01")
    running.control.move("add")
    after = client.alerts(ALL, start="2026-05-01")
    assert after["alert_id"].is_unique
    added = after[~after["alert_id"].isin(before["alert_id"])]
    assert added["incident_id"].nunique() == 1
    assert added["active"].all()
    assert (added["start"] == running.now).all()
    types = client.activities(added["incident_id"].iloc[0])["type"]
    assert list(types) == ["incident_created"]


def test_an_incident_that_leaves_hides_no_other(running, client):
    """One that resolves after the first page of a folder costs no other its place."""
    for number in range(250):
        running.control.move("reopen", number)
    before = client.incidents(ALL, folder="active")
    assert len(before) >= 250
    running.control.move("resolve", 0, after=1)
    after = client.incidents(ALL, folder="active")
    assert set(before["incident_id"]) - set(after["incident_id"]) <= {before["incident_id"][0]}
    assert after["incident_id"].is_unique


def test_thousands_of_incidents_are_built():
    """More incidents than the usual hosts can have get hosts of their own."""
    organisation = sandbox.build(incidents=6_000, audit_events=1)
    assert len(organisation.bigpanda["incidents"]) == 6_000
