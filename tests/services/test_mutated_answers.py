"""Answers of any shape: each becomes a frame or a typed error, whatever node or header is odd."""

from __future__ import annotations

import random
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
import requests
import requests.adapters
from hypothesis import given, strategies as st

import pandakit as pk
from tests.fuzz import examples
from tests.services.answers import Tape, mutated
from tests.transport.clock import FakeClock


def _first(frame, column):
    return next(iter(_ids(frame[column])), "none")


def _ids(column):
    """Return the cells that can be ids: others are refused as arguments."""
    return [each for each in column.dropna() if each not in {"", ".", ".."}]


ALERTS = pd.DataFrame(
    {"host": ["a", "b"], "check": ["c", None], "status": ["critical", "ok"], "timestamp": [10, 20]}
)
RULE = {"id": "New.Rule", "body": "def rule(event):\n    return True\n", "severity": "LOW"}
LISTED = "All Incidents"
ALL_SEARCHES = {"start": "90d", "max_rows": 200}


def _table(client):
    """Load a schema and a few rows of its table."""
    key = _first(client.enrichments(), "schema_id")
    tags = client.enrichment_schema(key)
    table = client.enrichment_table(key).head(3)
    return table.reindex(columns=list(tags.columns)), key


def _sent_later(client):
    job = client.upload_enrichment(*_table(client), wait=False)
    return client.job(job, wait=True)


def _tested(client):
    done = client.save("rules", {**RULE, "id": "Tested.Rule"}, create=True, dry_run=False)
    return client.test_results(done)


def _search_id(client):
    found = client.search(start="90d", max_rows=5).attrs["pandakit"].get("search", {})
    return str(found.get("id"))


def _download(client, ending):
    with TemporaryDirectory() as folder:
        return client.download(_search_id(client), Path(folder, f"found.{ending}"))


def plain(*names):
    """Return the loaders that need nothing."""
    return {name: (lambda client, name=name: getattr(client, name)()) for name in names}


#: Service -> method, and which way of it after a comma -> how it is called.
OPERATIONS = {
    "panther": {
        **plain(
            "data_models", "globals", "policies", "queries", "rules", "scheduled_rules",
            "simple_rules", "correlation_rules", "alert_context_tags", "users", "roles",
            "api_tokens", "detections", "inventory", "check",
        ),
        "alerts": lambda client: client.alerts(start="7d", type="all"),
        "alert_events": lambda client: client.alert_events(client.alerts(start="3d").head(2)),
        "alert_comments": lambda client: client.alert_comments(client.alerts(start="3d").head(2)),
        "get": lambda client: client.get("rules", _first(client.rules(max_rows=1), "id")),
        "unit_tests": lambda client: client.unit_tests(client.rules()),
        "reports": lambda client: client.reports(client.policies()),
        "mappings": lambda client: client.mappings(client.data_models()),
        "save, planned": lambda client: client.save("rules", RULE, create=True),
        "save": lambda client: client.save("rules", RULE, create=True, dry_run=False),
        "save, changed": lambda client: client.save(
            "rules",
            client.rules().dropna(subset=["id"]).head(3).assign(severity="HIGH"),
            dry_run=False,
        ),
        "save, a query": lambda client: client.save(
            "queries", {"name": "new", "sql": "select 1"}, create=True, dry_run=False
        ),
        "test_results": _tested,
        "delete": lambda client: client.delete("rules", ["New.Rule", "none"], dry_run=False),
    },
    "bigpanda": {
        **plain(
            "environments", "correlation_patterns", "policy", "enrichments", "check",
            "maintenance_plans", "alert_filters", "incident_tags", "troubleshooting_logs",
        ),
        "incidents": lambda client: client.incidents(LISTED, start="7d"),
        "alerts": lambda client: client.alerts(LISTED, start="3d"),
        "incident": lambda client: client.incident(
            LISTED, _first(client.incidents(LISTED, start="7d"), "incident_id")
        ),
        "activities": lambda client: client.activities(
            _ids(client.incidents(LISTED, start="7d")["incident_id"].head(2))
        ),
        "refresh": lambda client: client.refresh(client.incidents(LISTED, start="7d")),
        "raw_alerts": lambda client: client.raw_alerts("nagios.core", start="3d"),
        "send_alerts": lambda client: client.send_alerts(ALERTS, app_key="k", dry_run=False),
        "replay": lambda client: client.replay(ALERTS, app_key="k", dry_run=False),
        "simulate": lambda client: client.simulate(LISTED, ["nagios.core"], start="3d"),
        "enrichment_schema": lambda client: client.enrichment_schema(
            _first(client.enrichments(), "schema_id")
        ),
        "enrichment_size": lambda client: client.enrichment_size(
            _first(client.enrichments(), "schema_id")
        ),
        "enrichment_table": lambda client: client.enrichment_table(
            _first(client.enrichments(), "schema_id")
        ),
        "preview_enrichment": lambda client: client.preview_enrichment(*_table(client)),
        "upload_enrichment": lambda client: client.upload_enrichment(*_table(client)),
        "verify_upload": lambda client: client.verify_upload(*_table(client)),
        "job": _sent_later,
    },
    "pangea": {
        **plain("schema", "root", "check"),
        "search": lambda client: client.search(**ALL_SEARCHES),
        "search, verified": lambda client: client.search(**ALL_SEARCHES, verify_events=True),
        "results": lambda client: client.results(_search_id(client)),
        "roots": lambda client: client.roots(client.search(**ALL_SEARCHES)),
        "root, of a size": lambda client: client.root(2),
        "verify": lambda client: pk.pangea.verify(
            found := client.search(**ALL_SEARCHES), roots=client.roots(found)
        ),
        "download": lambda client: _download(client, "json"),
        "download, packed": lambda client: _download(client, "csv.gz"),
    },
}  # fmt: skip
NAMES = [(service, name) for service, names in OPERATIONS.items() for name in names]


@pytest.fixture(scope="module")
def play():
    """A function that runs an operation on its recorded answers, one of them mutated if asked."""
    recorded = {}
    with (
        pk.sandbox.start(incidents=30, audit_events=150, requests_per_second=None) as services,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for service, name in NAMES:
            tape = Tape(requests.adapters.HTTPAdapter())
            with client_of(service, services.env, tape) as client:
                OPERATIONS[service][name](client)
            tape.close()
            recorded[service, name] = tape.answers

    def play(service, name, chance=None):
        answers = list(recorded[service, name])
        if chance is not None:
            number = chance.randrange(len(answers))
            answers[number] = mutated(answers[number], chance)
        tape = Tape(None, answers)
        with warnings.catch_warnings(), client_of(service, services.env, tape) as client:
            warnings.simplefilter("ignore")
            OPERATIONS[service][name](client)
        return tape

    return play


def client_of(service, env, tape):
    """Make a client whose answers come from a tape, and whose waits take no time."""
    session = requests.Session()
    session.mount("http://", tape)
    client = {
        "panther": lambda: pk.Panther(
            env["PANTHER_API_HOST"], env["PANTHER_API_TOKEN"], session=session, progress=False
        ),
        "bigpanda": lambda: pk.BigPanda(
            env["BIGPANDA_API_KEY"], org_token=env["BIGPANDA_ORG_TOKEN"],
            base_url=env["BIGPANDA_BASE_URL"], rate=None,
            session=session, progress=False,
        ),
        "pangea": lambda: pk.Pangea(
            env["PANGEA_AUDIT_TOKEN"], base_url_template=env["PANGEA_BASE_URL_TEMPLATE"],
            config_id=env["PANGEA_AUDIT_CONFIG_ID"], arweave_url=env["PANGEA_ARWEAVE_URL"],
            session=session, progress=False,
        ),
    }[service]()  # fmt: skip
    for one in getattr(client, "_sessions", {"only": client._session}).values():
        one.clock = FakeClock().clock
    return client


@pytest.mark.parametrize("kind", [pk.Panther, pk.BigPanda, pk.Pangea])
def test_every_method_is_tried(kind):
    """No method of a client is left out, so that none can be forgotten."""
    methods = {name for name in dir(kind) if name[0] != "_"} - {"close", "is_sandbox", "source"}
    assert methods <= {name.split(",")[0] for name in OPERATIONS[kind.__name__.lower()]}


@pytest.mark.parametrize(("service", "name"), NAMES)
def test_answers_that_are_played_again_are_a_result(play, service, name):
    """What is mutated are answers that an operation reads to its end."""
    tape = play(service, name)
    assert sorted(tape.played) == [*range(len(tape.answers))]


@pytest.mark.parametrize(("service", "name"), NAMES)
@examples(quick=5, full=1_000)
@given(seed=st.integers(0, 2**63))
def test_any_answer_is_a_frame_or_a_typed_error(play, service, name, seed):
    """
    Whichever node of an answer is another kind of value, is odd or absent, and whichever byte,
    header or status is odd: a call returns or raises a PandakitError, never anything else.
    """
    with suppress(pk.PandakitError):
        play(service, name, random.Random(seed))
