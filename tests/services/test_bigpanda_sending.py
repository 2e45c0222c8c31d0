"""Alerts are checked before any is sent, sent in order, and never sent twice blindly."""

import json
import signal
import threading

import numpy as np
import pandas as pd
import pytest
from werkzeug.wrappers import Response

import pandakit as pk
from pandakit import sandbox
from tests.services.conftest import bigpanda_of, told
from tests.tokens import BIGPANDA_ORG

FRAME = pd.DataFrame(
    {
        "host": ["a", "b", "c", "d", None],
        "service": [None, None, None, None, "web"],
        "status": ["critical", "ok", "warning", "unknown", "acknowledged"],
        "timestamp": [30, 10, 30, 20, 10],
        "count": [1.0, None, 3.0, 4.0, 5.0],
    },
    index=list("vwxyz"),
)


def posted(calls):
    """Give the bodies of the requests."""
    return [json.loads(call.get_data()) for call in calls]


def answering(*statuses):
    """Answer posts with these statuses in turn; text is cut off before it is complete."""
    left = list(statuses)

    def answer(_):
        status = left.pop(0) if left else 201
        return Response("", 204) if status == 204 else ({"errors": ["no"]}, status)

    return answer


def test_alerts_are_sent_by_time_over_all_batches(bigpanda_at):
    """Times ascend over the batches, ties keep the row order, missing cells are left out."""
    client, calls = bigpanda_at(answering(201, 204, 201))
    result = client.send_alerts(FRAME, app_key="k", dry_run=False, batch_size=2)
    bodies = posted(calls)
    assert [body["app_key"] for body in bodies] == ["k"] * 3
    sent = [alert for body in bodies for alert in body["alerts"]]
    assert [alert.get("host", "web") for alert in sent] == ["b", "web", "d", "a", "c"]
    assert sent[0] == {"host": "b", "status": "ok", "timestamp": 10}
    assert sent[3] == {"host": "a", "status": "critical", "timestamp": 30, "count": 1}
    assert {call.headers["Authorization"] for call in calls} == {f"Bearer {BIGPANDA_ORG}"}
    assert result["outcome"].to_dict() == {
        "v": "duplicate", "w": "accepted", "x": "accepted", "y": "duplicate", "z": "accepted",
    }  # fmt: skip
    assert told(result)["requests"] == 3


def test_a_dry_run_sends_nothing(bigpanda_at):
    """By default every row is checked, and planned."""
    client, calls = bigpanda_at(answering())
    assert set(client.send_alerts(FRAME, app_key="k")["outcome"]) == {"planned"}
    assert calls == []


def test_the_single_form(bigpanda_at):
    """A batch of one is sent without a list; named properties are in each payload."""
    client, calls = bigpanda_at(answering())
    frame = pd.DataFrame({"pod": ["p"], "status": ["ok"], "probe": ["up"]})
    options = {"primary_property": "pod", "secondary_property": "probe", "batch_size": 1}
    client.send_alerts(frame, app_key="k", dry_run=False, **options)
    assert posted(calls) == [
        {"app_key": "k", "pod": "p", "status": "ok", "probe": "up",
         "primary_property": "pod", "secondary_property": "probe"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "fine"}, "its status is 'fine'"),
        ({"status": None}, "its status is None"),
        ({"host": None}, "no subject"),
        ({"timestamp": pd.Timestamp("2026-01-01")}, "no zone"),
        ({"timestamp": "yesterday"}, "epoch seconds"),
        ({"timestamp": 1_700_000_000_000}, "epoch seconds"),
        ({"labels": {"a": 1}}, "nested"),
        ({"labels": [["a"]]}, "nested"),
        ({"app_key": "other"}, "app_key is 'other'"),
        ({"load": np.inf}, "JSON"),
    ],
)
def test_rows_that_would_be_refused_send_nothing(bigpanda_at, change, words):
    """One bad row among good ones is an EventError with its label, before anything is sent."""
    client, calls = bigpanda_at(answering())
    rows = [{"host": "a", "status": "ok"}, {"host": "b", "status": "ok", **change}]
    frame = pd.DataFrame(rows, index=[7, 9], dtype=object)
    with pytest.raises(pk.EventError, match=f"(?s)1 of 2 rows.*row 9: .*{words}"):
        client.send_alerts(frame, app_key="k", dry_run=False)
    assert calls == []


def test_values_that_are_sent(bigpanda_at):
    """Zoned times are seconds, lists stay lists, whole floats are whole numbers."""
    client, calls = bigpanda_at(answering())
    frame = pd.DataFrame(
        {
            "host": ["a"],
            "status": ["ok"],
            "timestamp": [pd.Timestamp("2026-01-01T01:00:00.9+01:00")],
            "tags": [["x", None, 2.0]],
            "up": [True],
        }
    )
    client.send_alerts(frame, app_key="k", dry_run=False)
    assert posted(calls)[0]["alerts"] == [
        {"host": "a", "status": "ok", "timestamp": 1767225600, "tags": ["x", 2], "up": "true"}
    ]


def test_a_refused_batch_is_told_and_the_others_are_sent(bigpanda_at):
    """400 marks the rows of its batch, with the service's words."""
    client, calls = bigpanda_at(answering(201, 400, 201))
    result = client.send_alerts(FRAME, app_key="k", dry_run=False, batch_size=2)
    assert list(result["outcome"]) == ["refused", "accepted", "accepted", "refused", "accepted"]
    assert "no" in result["message"]["v"]
    assert len(calls) == 3


def test_a_lost_answer_is_never_sent_again(bigpanda_at):
    """An unknown outcome names the rows; `resume` sends what was not sent, and only that."""
    client, calls = bigpanda_at(answering(201, 502, 201))
    with pytest.raises(pk.OutcomeUnknownError, match=r"rows 'y' to 'v'.*1 rows were not") as caught:
        client.send_alerts(FRAME, app_key="k", dry_run=False, batch_size=2)
    assert list(caught.value.partial["outcome"]) == [
        "unknown", "accepted", "not_sent", "unknown", "accepted",
    ]  # fmt: skip
    assert len(calls) == 2
    result = caught.value.resume()
    assert list(result["outcome"]) == ["unknown", "accepted", "accepted", "unknown", "accepted"]
    assert [alert["host"] for alert in posted(calls)[2]["alerts"]] == ["c"]


def interrupting(answered):
    """Interrupt the main thread while the second request waits for its answer."""
    count = 0

    def answer(_):
        nonlocal count
        count += 1
        if count == 2:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            answered.wait(10)
        return {}, 201

    return answer


def test_an_interrupted_replay_leaves_its_rows_unknown(bigpanda_at):
    """Ctrl-C while the answer to a replayed event is awaited: it is unknown, the later not sent."""
    answered = threading.Event()
    client, calls = bigpanda_at(interrupting(answered))
    with pytest.raises(KeyboardInterrupt) as caught:
        client.replay(FRAME, app_key="k", dry_run=False)
    answered.set()
    assert list(caught.value.partial["outcome"]) == [
        "not_sent", "accepted", "not_sent", "unknown", "accepted",
    ]  # fmt: skip
    assert len(calls) == 2


def test_only_what_was_not_sent_is_sent_after_an_interrupt(bigpanda_at):
    """`resume` of an interrupt sends the rows after those under way, however often it is called."""
    answered = threading.Event()
    client, calls = bigpanda_at(interrupting(answered))
    with pytest.raises(KeyboardInterrupt) as caught:
        client.send_alerts(FRAME, app_key="k", dry_run=False, batch_size=2)
    answered.set()
    assert list(caught.value.partial["outcome"]) == [
        "unknown", "accepted", "not_sent", "unknown", "accepted",
    ]  # fmt: skip
    for _ in range(2):
        result = caught.value.resume()
        assert list(result["outcome"]) == [
            "unknown", "accepted", "accepted", "unknown", "accepted",
        ]  # fmt: skip
        assert [alert["host"] for alert in posted(calls[2:])[0]["alerts"]] == ["c"]
        assert len(calls) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_only_answers_that_say_that_nothing_happened_are_retried(bigpanda_at, status):
    """429 and 503 are retried with the same body."""
    client, calls = bigpanda_at(answering(status, 201))
    result = client.send_alerts(FRAME, app_key="k", dry_run=False)
    assert set(result["outcome"]) == {"accepted"}
    assert posted(calls)[0] == posted(calls)[1]


def test_a_refused_token_leaves_the_rows_unsent(bigpanda_at):
    """401 is an AuthenticationError whose outcomes are all `not_sent`."""
    client, _ = bigpanda_at(answering(401))
    with pytest.raises(pk.AuthenticationError, match="org token") as caught:
        client.send_alerts(FRAME, app_key="k", dry_run=False)
    assert set(caught.value.partial["outcome"]) == {"not_sent"}


def test_events_are_replayed_at_their_pace(bigpanda_at):
    """Each event is sent when its time has come, stamped with that moment."""
    client, calls = bigpanda_at(answering())
    session = client._sessions["BIGPANDA_ORG_TOKEN"]
    planned = client.replay(FRAME, app_key="k", speed=10)
    assert list(planned["seconds_after_start"]) == [2.0, 0.0, 2.0, 1.0, 0.0]
    assert calls == []
    began, stamp = session.clock.monotonic(), session.server_time()
    result = client.replay(FRAME, app_key="k", speed=10, dry_run=False)
    assert session.clock.monotonic() - began == pytest.approx(2)
    alerts = [body.get("alerts", [body]) for body in posted(calls)]
    assert [[each.get("host", "web") for each in batch] for batch in alerts] == [
        ["b", "web"], ["d"], ["a", "c"],
    ]  # fmt: skip
    stamps = [batch[0]["timestamp"] for batch in alerts]
    assert stamps == [int(stamp), int(stamp + 1), int(stamp + 2)]
    assert set(result["outcome"]) == {"accepted"}
    with pytest.raises(pk.EventError, match="no timestamp"):
        client.replay(FRAME.drop(columns="timestamp"), app_key="k")


def test_the_sandbox_takes_alerts_once():
    """What was sent comes back as raw alerts; the same again is a duplicate."""
    with (
        sandbox.start(requests_per_second=None, incidents=5, audit_events=5) as services,
        bigpanda_of(services) as client,
    ):
        frame = FRAME.assign(timestamp=services.organisation.now)
        first = client.send_alerts(frame, app_key="k", dry_run=False)
        again = client.send_alerts(frame, app_key="k", dry_run=False)
        assert set(first["outcome"]) == {"accepted"}
        assert set(again["outcome"]) == {"duplicate"}
        assert len(client.raw_alerts("k", start="2026-05-01")) == 5
        assert client.troubleshooting_logs().empty
