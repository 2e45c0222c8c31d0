"""Alerts against a model of the service that loses answers: each row is received once at most."""

import json
from functools import partial
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import pandakit as pk
from pandakit.bigpanda import BigPanda
from pandakit.transport import session as transport
from pandakit.transport.attempt import AttemptFailed
from tests.fuzz import examples
from tests.services.conftest import hurried
from tests.tokens import BIGPANDA_ORG, BIGPANDA_USER

TAKEN = {"accepted": 1, "duplicate": 1, "refused": 0, "not_sent": 0}
ANSWERS = ["201", "204", "400", "401", "404", "429", "500", "503", "lost", "lost before", "Ctrl-C"]


class Model:
    """Receives alerts, and answers by a script; without one it accepts them."""

    def __init__(self, script):
        self.script = list(script)
        self.received = []

    def fetch(self, _, prepared, *__, **___):
        """Stand for the function that sends one request."""
        body = json.loads(prepared["data"])
        rows = [alert["row"] for alert in body.get("alerts", [body])]
        answer = self.script.pop(0) if self.script else "201"
        if answer in ("201", "204", "500", "lost", "Ctrl-C"):
            self.received += rows
        if answer == "Ctrl-C":
            raise KeyboardInterrupt
        if not answer.isdigit():
            error = pk.TransportError("the connection broke")
            raise AttemptFailed(error, passing=True, sent=answer == "lost")
        return int(answer), {}, b"" if answer == "204" else b"{}"


@pytest.fixture(scope="module")
def client():
    """A client whose waits take no time."""
    with BigPanda(BIGPANDA_USER, BIGPANDA_ORG, rate=None) as bigpanda:
        yield hurried(bigpanda)


TIMES = st.sampled_from([None, 10, 20.5, pd.Timestamp(20, unit="s", tz="Asia/Tokyo")])


@examples(40, 2_000)
@given(
    times=st.lists(TIMES, max_size=12),
    script=st.lists(st.sampled_from(ANSWERS), max_size=8),
    batch_size=st.sampled_from([1, 2, 5, 100]),
)
def test_rows_are_received_once_at_most(client, times, script, batch_size):
    """After all resumes every outcome is what the service knows, and the order is that of time."""
    model = Model(script)
    index = [f"r{n % 5}" for n in range(len(times))]
    frame = pd.DataFrame(
        {"host": "h", "status": "ok", "row": range(len(times)), "timestamp": times}, index=index
    ).astype({"timestamp": object})
    with patch.object(transport, "fetch", model.fetch):
        result = until_sent(client, frame, batch_size)
    assert list(result.index) == index
    for number, outcome in enumerate(result["outcome"]):
        count = model.received.count(number)
        assert count == TAKEN[outcome] if outcome in TAKEN else count <= 1
    order = [(seconds(times[number]), number) for number in model.received]
    assert order == sorted(order)
    assert "not_sent" not in set(result["outcome"])


def until_sent(client, frame, batch_size):
    """Send a frame, and resume twice after each failure: the second time nothing is left."""
    options = {"app_key": "k", "dry_run": False, "batch_size": batch_size}
    send = partial(client.send_alerts, frame, **options)
    is_resumed = False
    while True:
        try:
            result = send()
            return send() if is_resumed else result
        except (pk.PandakitError, KeyboardInterrupt) as error:
            send, is_resumed = error.resume, True


def seconds(time):
    """Return a time as the service counts it; none is the moment of arrival."""
    if time is None:
        return np.inf
    return int(time.timestamp()) if isinstance(time, pd.Timestamp) else int(time)


@examples(20, 1_000)
@given(
    times=st.lists(st.integers(0, 3), max_size=8),
    script=st.lists(st.sampled_from(ANSWERS), max_size=5),
)
def test_replayed_rows_are_received_once_at_most(client, times, script):
    """Also after a failure, which ends a replay: what it had not sent stays unsent."""
    model = Model(script)
    frame = pd.DataFrame({"host": "h", "status": "ok", "row": range(len(times))})
    frame["timestamp"] = times
    with patch.object(transport, "fetch", model.fetch):
        try:
            result = client.replay(frame, app_key="k", dry_run=False, progress=False)
        except (pk.PandakitError, KeyboardInterrupt) as error:
            result = error.partial
    for number, outcome in enumerate(result["outcome"]):
        count = model.received.count(number)
        assert count == TAKEN[outcome] if outcome in TAKEN else count <= 1
    order = [(times[number], number) for number in model.received]
    assert order == sorted(order)


JUNK = [
    b"x", 1j, object(), range(3), pd.Series([1]), {}, [[1]], "\ud800", ["\ud800"], float("inf"),
]  # fmt: skip


@pytest.mark.parametrize("cell", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("name", ["load", "host", "timestamp"])
def test_cells_that_json_cannot_hold_send_nothing(client, name, cell):
    """Objects, bytes and text that is no Unicode are an EventError before anything is sent."""
    frame = pd.DataFrame({"host": ["h"], "status": "ok", "timestamp": 1, "load": 1}, dtype=object)
    frame[name] = pd.Series([cell, None], dtype=object).head(1)
    with pytest.raises(pk.EventError, match="nothing was sent"):
        client.send_alerts(frame, app_key="k")


@pytest.mark.parametrize("name", [1, None, "", ("a", "b")])
def test_columns_without_a_name_send_nothing(client, name):
    """Two columns could become one tag, and one would be lost."""
    columns = pd.Index(["host", "status", "1", name], tupleize_cols=False)
    frame = pd.DataFrame([["h", "ok", "x", "y"]], columns=columns)
    with pytest.raises(pk.EventError, match="rename it"):
        client.send_alerts(frame, app_key="k")
