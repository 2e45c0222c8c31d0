"""A refreshed frame is equal to a fresh load, for fewer requests."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from werkzeug.wrappers import Response

import pandakit as pk
from pandakit import sandbox
from tests.services.conftest import bigpanda_of, told

ALL = "All Incidents"


@pytest.fixture
def running():
    """A sandbox whose incidents can move."""
    with sandbox.start(incidents=400, audit_events=5, requests_per_second=None) as services:
        yield services


@pytest.fixture
def client(running):
    """A client of it."""
    with bigpanda_of(running) as bigpanda:
        bigpanda.environments()
        yield bigpanda


def move(running):
    """Let incidents change, end, come back and begin before the next search."""
    for change, number in (
        ("update", 3), ("resolve", 0), ("resolve", 7), ("reopen", 50), ("reopen", 120), ("add", 0),
    ):  # fmt: skip
        running.control.move(change, number)


def same(one, other):
    """Compare two frames cell by cell, whatever order further columns have."""
    pd.testing.assert_frame_equal(one[sorted(one)], other[sorted(other)])


@pytest.mark.parametrize("options", [{}, {"folder": "active"}, {"start": "2026-05-20"}])
@pytest.mark.parametrize("name", ["incidents", "alerts"])
def test_a_refreshed_frame_is_that_of_a_fresh_load(running, client, name, options, tmp_path):
    """Changed rows are new, rows that match no longer are gone, new ones are there."""
    load = getattr(client, name)
    frame = load(ALL, **options)
    pk.save(frame, tmp_path / "frame.parquet")
    move(running)
    refreshed = client.refresh(pk.load(tmp_path / "frame.parquet"))
    same(refreshed, load(ALL, **options))
    assert told(refreshed)["requests"] < 12
    same(client.refresh(refreshed), refreshed)


@pytest.mark.parametrize("change", ["update", "resolve", "reopen", "add"])
def test_incidents_that_move_during_a_refresh(running, client, change):
    """Between any two of its requests an incident moves: no other row is lost, and none is old."""
    for number in range(15):
        running.control.move("reopen", number)
    frame = client.incidents(ALL, folder="active")
    for after in range(4):
        running.control.move("update", 14)
        running.control.move(change, after, after=after)
        refreshed = client.refresh(frame)
        after_it = client.incidents(ALL, folder="active")
        always = set(frame["incident_id"]) & set(after_it["incident_id"])
        assert always <= set(refreshed["incident_id"])
        assert refreshed["incident_id"].is_unique
        frame = client.refresh(refreshed)
        same(frame, after_it)
        running.control.clear()


@pytest.mark.parametrize("types", [None, ("incident_reopen", "incident_commented")])
def test_refreshed_activities_are_those_of_a_fresh_load(running, client, types, tmp_path):
    """Only the incidents that were touched are read again, when their environment is known."""
    ids = client.incidents(ALL)["incident_id"].head(60)
    known, unknown = client.activities(ids, types=types), client.activities(list(ids), types=types)
    pk.save(known, tmp_path / "frame.parquet")
    move(running)
    client.incidents(ALL)
    fresh = client.activities(ids, types=types)
    assert len(fresh) > len(known)
    refreshed = client.refresh(pk.load(tmp_path / "frame.parquet"))
    same(refreshed, fresh)
    assert told(refreshed)["requests"] < 10
    same(client.refresh(refreshed), fresh)
    again = client.refresh(unknown)
    same(again, fresh)
    assert told(again)["requests"] == len(ids)


def test_a_load_began_before_its_first_answer(bigpanda_at):
    """A refresh counts from the moment of the first request, by the service's clock."""

    def answer(_):
        client._session.clock.sleep(60)  # as long as the answer takes
        body = json.dumps({"total": 0, "items": []})
        return Response(body, headers={"Date": date.strftime("%a, %d %b %Y %H:%M:%S GMT")})

    date = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    client, _ = bigpanda_at(answer)
    begin = date.timestamp() - 60
    for frame in (client.incidents("a" * 24), client.activities("a" * 24)):
        assert begin - 5 <= told(frame)["loaded_at"] <= begin


def test_what_cannot_be_refreshed_is_refused(client):
    """A frame of another list, or one that was cut, is a ValueError."""
    with pytest.raises(ValueError, match="takes a whole frame of incidents"):
        client.refresh(client.environments())
    with pytest.warns(pk.TruncatedWarning):
        cut = client.incidents(ALL, max_rows=5)
    with pytest.raises(ValueError, match="capped=True"):
        client.refresh(cut)
