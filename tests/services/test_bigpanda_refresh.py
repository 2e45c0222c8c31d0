"""A refreshed frame is equal to a fresh load, for fewer requests."""

import pandas as pd
import pytest

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


def test_what_cannot_be_refreshed_is_refused(client):
    """A frame of another list, or one that was cut, is a ValueError."""
    with pytest.raises(ValueError, match="incidents\\(\\) or alerts\\(\\)"):
        client.refresh(client.environments())
    with pytest.warns(pk.TruncatedWarning):
        cut = client.incidents(ALL, max_rows=5)
    with pytest.raises(ValueError, match="capped=True"):
        client.refresh(cut)
