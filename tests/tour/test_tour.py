"""The tour: its numbers are the organisation's, and it does not smooth over a fault."""

import csv
import hashlib
import re

import pandas as pd
import pytest

import pandakit as pk
from pandakit import sandbox
from pandakit.demo import run_demo, tour as steps
from tests.consolidation import reference_engine

PANTHER_KINDS = ("rules", "scheduled_rules", "simple_rules", "correlation_rules", "policies")
HOUR = 3_600_000_000


def rows_by_hand(organisation):
    """Count each list in the seed's own data."""
    panther, bigpanda = organisation.panther, organisation.bigpanda
    payments = environment_id(organisation, "Payments")
    shown = [row for row in bigpanda["incidents"] if payments in row["environments"]]
    counts = {
        f"Panther {name}": len(panther[name]) for name in steps._PANTHER_LISTS if name in panther
    }
    return counts | {
        "Panther detections": sum(len(panther[kind]) for kind in PANTHER_KINDS),
        "BigPanda environments": len(bigpanda["environments"]),
        "BigPanda incidents": len(bigpanda["incidents"]),
        "BigPanda alerts of Payments": sum(len(row["alerts"]) for row in shown),
        "BigPanda events": len(bigpanda["events"]),
        "Pangea audit events": len(organisation.pangea.events),
    }


def environment_id(organisation, name):
    """Look an environment up in the seed's data."""
    (found,) = [row for row in organisation.bigpanda["environments"] if row["name"] == name]
    return found["id"]


def counts_by_hand(organisation):
    """Consolidate the seed's events with the second engine, under the classic settings."""
    pattern = {"filter": None, "cross_source": True}
    settings = {
        "patterns": [
            {"name": "primary", "tags": ["primary"], "window": 24 * HOUR, **pattern},
            {"name": "cluster", "tags": ["cluster"], "window": 4 * HOUR, **pattern},
        ],
        "dedup": "identity_timestamp",
        "reopen_window": 48 * HOUR,
        "expire_after": 30 * 24 * HOUR,
        "anchor": "first",
        "matchers": "union",
        "join_resolved": True,
        "max_alerts": None,
        "order": "longest_window_first",
        "flap_changes": 5,
        "flap_window": HOUR,
        "unit": "s",
        "as_of": None,
    }
    events = organisation.bigpanda["events"]
    ordered = sorted(events, key=lambda row: steps.APP_KEYS.index(row["app_key"]))
    columns = list(dict.fromkeys(name for row in events for name in row))
    return reference_engine.run(ordered, columns, settings)["funnel"]


def test_every_list_is_whole(tour, small):
    """The row counts of the report are those of the seed's data, list by list."""
    report, _, _ = tour
    loaded = report.loaded.set_index("list")["rows"].to_dict()
    assert loaded == rows_by_hand(small.organisation)


def test_the_app_keys_that_the_tour_types_are_all(small):
    """The integrations that the tour names are those that the organisation has."""
    events = small.organisation.bigpanda["events"]
    assert {row["app_key"] for row in events} == set(steps.APP_KEYS)


def test_the_funnel_is_that_of_the_second_engine(tour, small):
    """Events, alerts and incidents of the report are recomputed from the seed's own events."""
    report, _, _ = tour
    expected = counts_by_hand(small.organisation)
    funnel = report.simulation.funnel["value"].to_dict()
    assert funnel == pytest.approx({name: value for name, (value, _, _) in expected.items()})


def test_the_uploaded_table_is_the_file_and_names_every_host(tour, small):
    """The table has one row per host with an alert, its checksum is the file's, and it arrived."""
    report, folder, _ = tour
    content = (folder / "owners.csv").read_bytes()
    assert report.table.sha256 == hashlib.sha256(content).hexdigest()
    assert report.table.bytes == len(content)
    rows = list(csv.DictReader(content.decode().splitlines()))
    payments = environment_id(small.organisation, "Payments")
    tags = [
        tag
        for incident in small.organisation.bigpanda["incidents"]
        if payments in incident["environments"]
        for alert in incident["alerts"]
        for tag in alert["tags"]
    ]
    assert {row["host"] for row in rows} == {t["value"] for t in tags if t["name"] == "host"}
    assert report.table.rows == len(rows)
    assert report.job_status == "done"


def test_the_bad_table_is_told_what_is_wrong(tour):
    """The table that is bad on purpose is refused for each of its three faults."""
    report, _, _ = tour
    assert not report.refused.ok
    rules = set(report.refused.to_frame()["rule"])
    assert {"line_break", "duplicate_row", "key_conflict"} <= rules


def test_the_folder_has_a_page_and_pictures(tour):
    """There are at least two pictures, and a page that has them inside and needs no other file."""
    _, folder, said = tour
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) >= 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(pictures)
    assert not re.search(r"(?:src|href)=['\"](?!data:)", page)
    assert "$" not in re.sub(r"base64,[^']*", "", page)
    assert len(said) == 5


def test_no_token_in_anything_that_the_tour_wrote(tour, small):
    """None of the sandbox's tokens stands in the page, the text or the table."""
    _, folder, said = tour
    everything = "".join(said) + "".join(
        path.read_text() for path in folder.iterdir() if path.suffix != ".png"
    )
    tokens = [value for name, value in small.env.items() if "TOKEN" in name or "KEY" in name]
    assert tokens
    assert not [token for token in tokens if token in everything]


def test_the_same_seed_gives_the_same_report(tour, small, tmp_path):
    """A second tour of the same seed writes the same bytes."""
    _, folder, _ = tour
    again = tmp_path / "again"  # beside it lies the state of the tests' own user
    run_demo(again, services=small, echo=lambda _line: None)
    for path in sorted(again.iterdir()):
        if path.name not in {"report.html", "report.txt"}:  # these name the job's end alone
            assert path.read_bytes() == (folder / path.name).read_bytes(), path.name
    assert (again / "report.txt").read_text() == (folder / "report.txt").read_text()


@pytest.fixture
def tampered():
    """A fresh small sandbox to plant faults in."""
    with sandbox.start(
        seed=7, incidents=150, audit_events=120, requests_per_second=None
    ) as services:
        yield services


def test_a_lost_page_of_incidents_is_an_error(tampered, tmp_path):
    """BigPanda says how many there are: a lost page is an error with what came, not a report."""
    tampered.control.lose_page("bigpanda", "/incidents$", 1)
    with pytest.raises(pk.PandakitError) as caught:
        run_demo(tmp_path, services=tampered, echo=lambda _line: None)
    assert isinstance(caught.value.partial, pd.DataFrame)
    assert not (tmp_path / "report.html").exists()


def test_a_lost_page_of_rules_changes_the_report(tampered, tmp_path):
    """Panther gives no total: the report shows the rows that came, and they are fewer."""
    tampered.control.lose_page("panther", "/rules$", 1)
    report = run_demo(tmp_path, services=tampered, echo=lambda _line: None)
    loaded = report.loaded.set_index("list")["rows"]
    assert loaded["Panther rules"] < len(tampered.organisation.panther["rules"])


def test_a_refused_table_ends_the_tour(tampered, tmp_path):
    """A job that fails is a typed error with the service's own words."""
    tampered.control.plan_job("failed", message="the table is not to our liking")
    with pytest.raises(pk.JobFailedError, match="not to our liking"):
        run_demo(tmp_path, services=tampered, echo=lambda _line: None)


def test_the_sweep_has_today_s_answer_in_it(tour):
    """Where the swept window is the policy's own, the sweep and the funnel agree."""
    report, _, _ = tour
    today = report.simulation.policy.patterns[0].window
    swept = report.windows.set_index(["anchor", "window"])["incidents"]
    assert swept["first", today] == len(report.simulation.incidents)
