"""Spans such as "7d" count back from the service's clock, not from ours."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from werkzeug.wrappers import Response

import pandakit as pk
from pandakit import sandbox
from tests.services.conftest import hurried, told
from tests.tokens import PANTHER

# By the service's clock, which is five hours ahead of ours.
OURS = datetime.now(UTC)
NOON = OURS.replace(second=0, microsecond=0) + timedelta(hours=5)
WEEK_BEFORE = (NOON - timedelta(days=7)).isoformat()
YEARS_OFF = ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT")


def says(body, status=200, date=None):
    """Answer by the service's clock."""
    headers = {"Date": date or NOON.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    return Response(json.dumps(body), status, headers, content_type="application/json")


def pangea_answer(_):
    """Answer a search with no events."""
    return says({"status": "Success", "result": {"count": 0, "events": [], "fields": []}})


def started(frame):
    """Give the start of the window to the second."""
    return pd.Timestamp(told(frame)["window"][0]).round("1min").isoformat()


def test_a_span_counts_back_from_the_services_clock(panther_at, bigpanda_at, pangea_at):
    """Each client asks once for the time and takes it from the `Date` header."""
    panther, _ = panther_at(lambda _: says({"results": []}))
    bigpanda, _ = bigpanda_at(lambda _: says([]))
    pangea, _ = pangea_at(pangea_answer)
    frames = [
        panther.alerts(start="7d"),
        bigpanda.incidents("0123456789abcdef01234567", start="7d"),
        bigpanda.raw_alerts("key", start="7d"),
        pangea.search(start="7d"),
    ]
    assert [started(frame) for frame in frames] == [WEEK_BEFORE] * 4


@pytest.mark.parametrize("date", YEARS_OFF)
def test_a_clock_that_is_more_than_a_day_off_is_not_used(panther_at, date):
    """A `Date` in 1970 or 9999 moves no window: our clock counts, and a warning says so."""
    client, _ = panther_at(lambda _: says({"results": []}, date=date))
    with pytest.warns(pk.ServiceWarning, match="24 h") as told_user:
        frame = client.alerts(start="7d")
    assert len(told_user) == 1
    start = pd.Timestamp(told(frame)["window"][0])
    assert abs(datetime.now(UTC) - timedelta(days=7) - start) < timedelta(minutes=5)


def test_the_time_is_asked_for_once_and_only_for_spans(panther_at):
    """A start with a date sends the list's call alone; a second span asks nothing more."""
    client, calls = panther_at(lambda _: says({"results": []}))
    client.alerts(start="2031-03-01")
    assert [call.path for call in calls] == ["/alerts"]
    other, calls = panther_at(lambda _: says({"results": []}))
    other.alerts(start="7d")
    other.alerts(start="36h", end="1h")
    assert [call.path for call in calls] == ["/api-tokens/self", "/alerts", "/alerts"]


def test_a_refused_check_tells_the_time_too(panther_at):
    """A token that may not ask about itself still learns the time from the refusal."""
    client, _ = panther_at(
        lambda request: says({"results": []}, 403 if "tokens" in request.path else 200)
    )
    assert started(client.alerts(start="7d")) == WEEK_BEFORE


def test_a_span_that_cannot_be_read_sends_nothing(panther_at):
    """A wrong window is refused before the time is asked for."""
    client, calls = panther_at(lambda _: says({"results": []}))
    for start, end in (("7 parsecs", None), ("1d", "7d")):
        with pytest.raises(ValueError, match=r"span|before start"):
            client.alerts(start=start, end=end)
    assert calls == []


def test_nobody_there_is_said_at_once():
    """When no connection comes about, the question for the time raises TransportError."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        host = services.env["PANTHER_API_HOST"]
    with pytest.raises(pk.TransportError, match=r"api-tokens|refused"):
        hurried(pk.Panther(host, PANTHER)).alerts(start="7d")


def test_spans_find_rows_in_the_sandbox(services):
    """The sandbox's time stands still, and "7d" counts back from where it stands."""
    env = services.env
    with pk.Panther(env["PANTHER_API_HOST"], env["PANTHER_API_TOKEN"]) as panther:
        assert len(panther.alerts(start="7d")) > 0
    keys = {"base_url": env["BIGPANDA_BASE_URL"], "rate": None}
    with pk.BigPanda(env["BIGPANDA_API_KEY"], **keys) as bigpanda:
        assert len(bigpanda.incidents("All Incidents", start="7d")) > 0
    template = env["PANGEA_BASE_URL_TEMPLATE"]
    config = env["PANGEA_AUDIT_CONFIG_ID"]
    with pk.Pangea(
        env["PANGEA_AUDIT_TOKEN"], base_url_template=template, config_id=config
    ) as pangea:
        assert len(pangea.search(start="7d")) > 0


def test_an_end_without_a_start_loads_the_days_before_it(panther_at):
    """The 30 days of a missing start count back from the end, in the call and in attrs."""
    client, calls = panther_at(lambda _: {"results": []})
    with pytest.warns(pk.DefaultWindowWarning, match="30 days before the end"):
        frame = client.alerts(end="2024-03-31")
    assert calls[0].args["created-after"] == "2024-03-01T00:00:00Z"
    assert told(frame)["window"] == ["2024-03-01T00:00:00+00:00", "2024-03-31T00:00:00+00:00"]
