"""Each profile reads a sample of its format: the events that are in it, and nothing else."""

# ruff: noqa: E501 - cases stand in tables, one a line

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import pandakit as pk
from pandakit import EventError, sandbox
from pandakit.events import PROFILE_NAMES, read_events
from pandakit.events._profiles.table import PROFILES

SAMPLES = Path(__file__).parents[2] / "data-samples" / "formats"
DISK = "Free disk space is less than 5 % on /var"

# file -> profile, options, what else is in the file, and each event as
# "minute of 2026-03-01, status, primary, check"
CASES = {
    "alertmanager-webhook.json": ("alertmanager", {}, 1, [
        "03:30 warning db-2.example.com:9100 DiskFull", "04:00 critical db-1.example.com:9100 DiskFull",
        "04:05 ok db-2.example.com:9100 DiskFull", "04:30 ok db-1.example.com:9100 DiskFull"]),
    "alertmanager-api.json": ("alertmanager", {}, 0, [
        "04:00 critical web-1.example.com:9100 InstanceDown", "04:30 warning checkout ErrorRate"]),
    "grafana-webhook.json": ("grafana", {}, 0, [
        "08:30 warning web-2 CPU usage", "09:00 critical web-1 CPU usage", "09:01 ok web-2 CPU usage"]),
    "grafana-annotations.json": ("grafana", {}, 1, [
        "09:00 critical queues Queue length", "09:10 ok queues Queue length"]),
    "nagios.log": ("nagios", {}, 5, [
        "00:03 critical web-1 HTTP", "00:04 critical web-1 -", "00:09 ok web-1 -", "00:10 ok web-1 HTTP"]),
    "icinga.log": ("icinga", {}, 1, ["00:01 warning db-1 disk", "00:11 ok db-1 disk"]),
    "icinga-events.jsonl": ("icinga", {}, 2, [
        "00:01 critical db-1 disk", "00:02 critical db-2 -", "00:11 ok db-1 disk"]),
    "zabbix-export.ndjson": ("zabbix", {}, 0, [
        f"00:00 critical db-1 {DISK}", "00:00 critical web-1 Zabbix agent is not available",
        "00:01 unknown web-1 Operating system description has changed", f"00:05 ok db-1 {DISK}"]),
    "zabbix-api.json": ("zabbix", {}, 1, [f"00:00 critical db-1 {DISK}", f"00:05 ok db-1 {DISK}"]),
    "zabbix-problems.csv": ("zabbix", {"tz": "UTC"}, 0, [
        f"00:00 critical db-1 {DISK}", f"00:05 ok db-1 {DISK}", "00:10 warning web-1 High CPU utilization"]),
    "pagerduty-incidents.json": ("pagerduty", {}, 0, [
        "04:00 critical Checkout Checkout is slow", "04:10 warning Mail Mail queue grows",
        "04:40 ok Checkout Checkout is slow"]),
    "pagerduty-incidents.csv": ("pagerduty", {}, 0, [
        "04:00 critical Checkout Checkout is slow", "04:10 warning Mail Mail queue grows",
        "04:40 ok Checkout Checkout is slow"]),
    "pagerduty-log-entries.json": ("pagerduty", {}, 1, [
        "04:00 critical Checkout [#101] Checkout is slow", "04:01 acknowledged Checkout [#101] Checkout is slow",
        "04:40 ok Checkout [#101] Checkout is slow"]),
    "pagerduty-log-entries.csv": ("pagerduty", {}, 1, [
        "04:00 critical Checkout Checkout is slow", "04:40 ok Checkout Checkout is slow"]),
    "servicenow-em_event.json": ("servicenow", {}, 0, [
        "04:00 critical db-1 Free space", "04:01 warning web-1 Load", "04:30 ok db-1 Free space",
        "04:31 ok web-1 Load"]),
    "servicenow-em_event.csv": ("servicenow", {}, 0, [
        "04:00 critical db-1 Free space", "04:30 ok db-1 Free space"]),
    "datadog-events-v1.json": ("datadog", {}, 1, [
        "00:00 critical web-1 CPU is high", "00:10 ok web-1 CPU is high", "00:13 warning db-1 Disk is filling"]),
    "datadog-events-v2.json": ("datadog", {}, 1, [
        "00:00 critical web-1 CPU is high", "00:10 ok web-1 CPU is high"]),
    "cloudwatch-alarm-history.json": ("cloudwatch", {}, 2, [
        "04:20 ok orders-latency -", "04:00 critical orders-latency -"]),
    "cloudwatch-eventbridge.jsonl": ("cloudwatch", {}, 0, [
        "04:00 critical orders-latency -", "04:20 ok orders-latency -"]),
    "splunk_itsi.csv": ("splunk_itsi", {}, 0, [
        "04:00 critical web-1 CPU is high", "04:05 warning Checkout Latency is high", "04:20 ok web-1 CPU is high"]),
    "splunk_itsi.json": ("splunk_itsi", {}, 0, [
        "04:00 critical web-1 CPU is high", "04:20 ok web-1 CPU is high"]),
    "wazuh-alerts.json": ("wazuh", {}, 0, [
        "04:00 unknown web-1 sshd: authentication failed.",
        "04:00 warning web-1 sshd: brute force trying to get access to the system.",
        "04:02 critical wazuh-1 Possible attack on the ssh server."]),
    "aminer.json": ("aminer", {}, 0, [
        "04:00 warning 192.0.2.11 AMiner: New request method in Apache Access log.",
        "04:01 warning 192.0.2.11 AMiner: Unusual occurrence frequencies of Apache Access logs."]),
    "suricata-eve.json": ("suricata", {}, 2, [
        "04:00 critical 192.0.2.11 EXAMPLE Exploit attempt",
        "04:00 unknown 192.0.2.12 EXAMPLE TLS invalid record"]),
    "ait-alerts.csv": ("wazuh", {}, 0, [
        "04:00 warning web-1 Wazuh: Web server 400 error code.",
        "04:00 warning mail-1 Suricata: Alert - EXAMPLE TLS invalid record",
        "04:00 warning web-1 AMiner: New request method in Apache Access log."]),
    "panther-alerts.json": ("panther", {}, 0, [
        "04:00 critical AWS.Console.RootLogin Root login without MFA",
        "04:20 warning Okta.NewUserAgent New user agent"]),
    "bigpanda-alerts.json": ("bigpanda", {}, 0, ["04:00 critical db-1 disk", "04:30 ok db-1 disk"]),
}  # fmt: skip


def shown(events):
    """Write events as in `CASES`."""
    nothing = pd.Series(pd.NA, index=events.index, dtype="string")
    primary = nothing
    for name in ("host", "service", "application", "device"):
        primary = primary.fillna(events.get(name, nothing))
    check = events.get("check", nothing).fillna("-")
    minute = events["timestamp"].dt.strftime("%H:%M")
    parts = zip(minute, events["status"], primary, check, strict=True)
    return [" ".join(map(str, part)) for part in parts]


def test_every_profile_has_a_sample():
    """No profile and no form goes untested, and no sample lies about."""
    assert {case[0] for case in CASES.values()} | {"aminer", "suricata"} == set(PROFILE_NAMES)
    assert {path.name for path in SAMPLES.iterdir()} == set(CASES)
    assert all(profile.source for profile in PROFILES)


@pytest.mark.parametrize("file", CASES)
@pytest.mark.parametrize("guess", [False, True], ids=["named", "guessed"])
def test_a_sample_is_read_as_its_events(file, guess, capsys):
    """Named or guessed: the events of the sample; notifications, flows and changes are counted."""
    profile, options, others, expected = CASES[file]
    events = read_events(SAMPLES / file, profile=None if guess else profile, **options)
    facts = events.attrs["pandakit"]
    assert shown(events) == expected
    assert events["timestamp"].dt.date.unique().tolist() == [pd.Timestamp("2026-03-01").date()]
    assert sum(facts["no_events"].values()) == others
    told = capsys.readouterr().err
    guessed = guess and file != "bigpanda-alerts.json"  # has the columns of events already
    assert ("guessed" in told) == ("profile" in told) == guessed


@pytest.mark.parametrize("file", CASES)
def test_a_sample_consolidates_to_alerts_that_open_and_close(file):
    """Opening and closing events of a sample find each other: no orphan, no rejected row."""
    _, options, _, expected = CASES[file]
    result = pk.consolidate(read_events(SAMPLES / file, **options))
    assert not {"orphan_ok", "rejected"} & set(result.events["outcome"])
    closed = sum(" ok " in event for event in expected)
    assert (result.alerts["status"] == "ok").sum() == closed


@pytest.mark.parametrize("file", [name for name in CASES if name.endswith((".json", ".jsonl"))])
def test_a_frame_of_the_same_records_reads_alike(file, tmp_path):
    """Events read from a JSON file and saved as Parquet by anybody's script stay the same."""
    _, options, _, expected = CASES[file]
    from pandakit.events._files.find import find
    from pandakit.events._files.records import read_records

    (member,) = find(SAMPLES / file)[0]
    table = read_records(member).table
    pa.parquet.write_table(table, tmp_path / "saved.parquet")
    assert shown(read_events(tmp_path / "saved.parquet", **options)) == expected
    frame = table.to_pandas()
    assert shown(read_events(frame, **options)) == expected
    texts = [name for name in frame if pd.api.types.infer_dtype(frame[name]) == "string"]
    assert shown(read_events(frame.astype(dict.fromkeys(texts, "category")), **options)) == expected


def test_labels_are_tags_under_their_own_names():
    """Labels and tags of a tool can be used in patterns as they are called."""
    prometheus = read_events(SAMPLES / "alertmanager-webhook.json")
    assert set(prometheus["team"]) == {"storage"}
    assert set(prometheus["cluster"]) == {"db-eu"}
    datadog = read_events(SAMPLES / "datadog-events-v1.json")
    assert datadog["cluster"].tolist()[0] == "shop-eu"
    zabbix = read_events(SAMPLES / "zabbix-export.ndjson")
    assert zabbix["scope"].tolist()[0] == "capacity"


def test_the_tools_of_one_form_are_told_apart():
    """A log that names Icinga is of Icinga; the profile that is given decides anyway."""
    assert set(read_events(SAMPLES / "icinga.log")["app_key"]) == {"icinga"}
    assert set(read_events(SAMPLES / "nagios.log")["app_key"]) == {"nagios"}
    assert set(read_events(SAMPLES / "icinga.log", profile="nagios")["app_key"]) == {"nagios"}
    detectors = read_events(SAMPLES / "ait-alerts.csv", profile="suricata")["app_key"]
    assert detectors.tolist() == ["Wazuh", "Suricata", "AMiner"]


def test_arguments_go_before_the_profile():
    """Columns, constants and statuses of the caller replace those of the profile."""
    events = read_events(
        SAMPLES / "alertmanager-webhook.json",
        profile="alertmanager",
        columns={"host": "labels.team"},
        constants={"app_key": "mine"},
        status={"warning": "critical"},
    )
    assert set(events["host"]) == {"storage"}
    assert set(events["app_key"]) == {"mine"}
    assert set(events["status"]) == {"critical", "ok"}


def test_an_end_that_lies_ahead_is_no_end(tmp_path):
    """An alarm that ends in the future, or at the zero of Go's clock, is still open."""
    path = tmp_path / "alarms.csv"
    path.write_text(
        "host,start,end\n"
        "a,2026-03-01T00:00:00Z,2199-01-01T00:00:00Z\n"
        "b,2026-03-01T00:00:00Z,0001-01-01T00:00:00Z\n"
        "c,2026-03-01T00:00:00Z,\n"
        "d,2026-03-01T00:00:00Z,NULL\n"
    )
    assert read_events(path)["status"].tolist() == ["critical"] * 4


@pytest.mark.filterwarnings("ignore::pandakit.TruncatedWarning")
def test_frames_of_the_loaders_are_read():
    """`panther.alerts()` and `bigpanda.raw_alerts()` go in as they come out."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        alerts = services.panther.alerts(start="2026-01-01")
        raw = services.bigpanda.raw_alerts("nagios.core", start="2026-01-01", max_rows=20)
    read = read_events(alerts, profile="panther")
    assert len(read) == len(alerts) > 0
    assert read["service"].notna().all()
    pd.testing.assert_series_equal(read["timestamp"], alerts["created_at"], check_names=False)
    assert read_events(raw)["host"].tolist() == raw["host"].tolist()


ALERT = {
    "status": "firing",
    "labels": {"alertname": "Down", "instance": "a"},
    "startsAt": "2026-03-01T04:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
OTHER = {**ALERT, "labels": {"alertname": "Down", "instance": "b"}}
ENDED = {**ALERT, "status": "resolved", "endsAt": "2026-03-01T04:30:00Z"}
WAZUH = {
    "timestamp": "2026-03-01T04:00:00Z",
    "rule": {"level": 12, "id": "1"},
    "agent": {"name": "a"},
}
VARIANTS = {
    "bodies in a list": ([{"alerts": [ALERT, OTHER]}, {"alerts": [ENDED]}], "alertmanager"),
    "older, with data around": ({"status": "success", "data": [ALERT, OTHER, ENDED]}, "alertmanager"),
    "newest first": ([ENDED, OTHER, ALERT], "alertmanager"),
    "hits of a search": ({"hits": {"hits": [{"_index": "w", "_source": WAZUH}]}}, "wazuh"),
    "one object": ({"incident": {"id": "Q1", "incident_number": 1, "title": "t", "urgency": "high",
                   "status": "triggered", "created_at": "2026-03-01T04:00:00Z",
                   "service": {"summary": "a"}}}, "pagerduty"),
}  # fmt: skip


@pytest.mark.parametrize("kind", VARIANTS)
def test_records_are_found_wherever_a_tool_puts_them(kind, tmp_path):
    """Lists of answers, searches, single objects; a notification that is repeated counts once."""
    content, profile = VARIANTS[kind]
    (tmp_path / "answer.json").write_text(json.dumps(content))
    events = read_events(tmp_path / "answer.json", profile=profile)
    expected = {"alertmanager": ["04:00 critical a Down", "04:00 critical b Down", "04:30 ok a Down"],
                "wazuh": ["04:00 critical a 1"], "pagerduty": ["04:00 critical a t"]}  # fmt: skip
    assert sorted(shown(events)) == expected[profile]


def test_columns_of_a_profile_are_found_in_any_spelling():
    """A tool's column is known by its words, whatever the case and the separators."""
    rows = pd.read_csv(SAMPLES / "pagerduty-incidents.csv", dtype=str)
    rows.columns = [name.replace("_", " ").title() for name in rows.columns]
    assert shown(read_events(rows)) == CASES["pagerduty-incidents.csv"][3]


def test_unknown_profiles_and_other_forms_are_refused():
    """An unknown name is refused with the list; a file in another form with what is expected."""
    with pytest.raises(ValueError, match=", ".join(PROFILE_NAMES)):
        read_events(SAMPLES / "nagios.log", profile="nagos")
    with pytest.raises(
        EventError, match=r"not in a form of profile='zabbix'.*the profile needs .*clock"
    ):
        read_events(SAMPLES / "nagios.log", profile="zabbix")


def test_two_profiles_that_fit_are_not_chosen_between():
    """A file that could be of two tools is refused with both names."""
    wazuh_and_suricata = pd.DataFrame(
        {
            "timestamp": ["2026-03-01T00:00:00Z"],
            "rule.level": [5],
            "rule.id": ["1"],
            "event_type": ["alert"],
            "alert.signature": ["x"],
        }
    )
    with pytest.raises(
        EventError, match=r"fits several profiles: wazuh.*suricata.*pass profile='wazuh'"
    ):
        read_events(wazuh_and_suricata)
