"""Rows of another list than was asked for, as a mixed-up answer brings: an error, never a frame."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from itertools import permutations

import pytest
import requests.adapters

import pandakit as pk
from tests.services.answers import Tape
from tests.services.test_mutated_answers import LISTED, OPERATIONS, client_of

#: Service -> list -> how it is loaded, and how the path ends that its rows come from.
LISTS = {
    "panther": {
        name: (OPERATIONS["panther"][name], end)
        for name, end in {
            "data_models": "/data-models", "globals": "/globals", "policies": "/policies",
            "queries": "/queries", "rules": "/rules", "scheduled_rules": "/scheduled-rules",
            "simple_rules": "/simple-rules", "correlation_rules": "/correlation-rules",
            "alerts": "/alerts", "alert_events": "/events", "alert_comments": "/alert-comments",
            "alert_context_tags": "/alert-context-tags", "users": "/users", "roles": "/roles",
            "api_tokens": "/api-tokens",
        }.items()
    },
    "bigpanda": {
        **{
            name: (OPERATIONS["bigpanda"][name], end)
            for name, end in {
                "environments": "/environments", "activities": "/activities",
                "correlation_patterns": "/correlation-patterns",
                "enrichments": "/mapping-enrichment",
                "raw_alerts": "/integration-alerts", "alert_filters": "/plans",
                "maintenance_plans": "/ordered-maintenance-plans",
                "incident_tags": "/tags/definitions", "troubleshooting_logs": "/logs",
                "enrichment_table": "/map",
            }.items()
        },
        "incidents": (lambda client: client.incidents(LISTED, start="7d"), "/incidents"),
        "alerts": (lambda client: client.alerts(LISTED, start="3d"), "/incidents"),
    },
    "pangea": {
        "search": (OPERATIONS["pangea"]["search"], "/request/.*"),
        "results": (OPERATIONS["pangea"]["results"], "/results"),
        "schema": (OPERATIONS["pangea"]["schema"], "/schema"),
        "root": (OPERATIONS["pangea"]["root"], "/root"),
    },
}  # fmt: skip

#: Pairs (asked, answered) whose rows cannot be told apart, and why.
FEW = "the fields of these are among those of the others, or ones that any list may have"
FREE = "its rows may have any fields"
INCIDENTS = "both are read from incidents"
SAME = "both are the results of a search"
ALIKE = {
    "panther": {
        ("data_models", "globals"): FEW,
        ("policies", "globals"): FEW,
        ("rules", "globals"): FEW,
        ("scheduled_rules", "globals"): FEW,
        ("alert_comments", "globals"): FEW,
        ("alert_events", "globals"): FREE,
        ("alert_events", "queries"): FREE,
        ("alert_events", "alert_context_tags"): FREE,
    },
    "bigpanda": {
        ("activities", "incident_tags"): FEW,
        ("enrichments", "incident_tags"): FEW,
        ("raw_alerts", "enrichment_table"): FREE,
        ("incidents", "alerts"): INCIDENTS,
        ("alerts", "incidents"): INCIDENTS,
    },
    "pangea": {("search", "results"): SAME, ("results", "search"): SAME},
}

# The sandbox has no such entries before it refused an event.
TROUBLE = {"log_id": "1", "log_type": "invalid_payload", "level": "error", "message": "no host"}
HOLDERS = ("results", "items", "data", "events", "fields")


class Mixed:
    """The recorded answers of all lists, and clients that get the rows of one for another."""

    def __init__(self):
        self.recorded, self.rows = {}, {}
        with pk.sandbox.start(incidents=30, audit_events=150, requests_per_second=None) as services:
            self.env = services.env
            for service, lists in LISTS.items():
                for name in lists:
                    tape = Tape(requests.adapters.HTTPAdapter())
                    self.load(service, name, tape)
                    tape.close()
                    self.recorded[service, name] = tape.answers
        for (service, name), answers in self.recorded.items():
            pages = [rows_of(each) for each in answers if self.is_page(service, name, each)]
            self.rows[service, name] = next(filter(None, pages), [TROUBLE])

    def is_page(self, service, name, answer):
        """Return whether an answer has rows of the list."""
        return re.search(f"{LISTS[service][name][1]}$", answer.path)

    def load(self, service, name, tape):
        """Load a list from a tape."""
        with (
            warnings.catch_warnings(action="ignore"),
            client_of(service, self.env, tape) as client,
        ):
            return LISTS[service][name][0](client)

    def ask(self, service, asked, answered):
        """Load a list whose pages have the rows of another one."""
        rows = self.rows[service, answered]
        answers = [
            with_rows(each, rows) if self.is_page(service, asked, each) else each
            for each in self.recorded[service, asked]
        ]
        return self.load(service, asked, Tape(None, answers))


def holder(document):
    """Return the key under which an answer has its rows, if it has any."""
    return next((key for key in HOLDERS if key in document), None)


def rows_of(answer):
    """Return the rows of an answer; a lone object is one row."""
    document = json.loads(answer.body)
    if isinstance(document, dict):
        document = document.get("result", document) or {}
        document = document.get(holder(document), [])
    return document if isinstance(document, list) else [document]


def with_rows(answer, rows):
    """Return an answer with other rows."""
    document = json.loads(answer.body)
    if isinstance(document, list):
        document = rows
    else:
        part = document.get("result", document) or {}
        key = holder(part)
        if key is None:  # a page without rows, or the answer that these come later
            return answer
        part[key] = rows if isinstance(part[key], list) else rows[0]
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    return replace(answer, headers=headers, body=json.dumps(document).encode())


@pytest.fixture(scope="module")
def mixed():
    """Lists that are answered with the rows of others; recorded once."""
    return Mixed()


@pytest.mark.parametrize("service", LISTS)
def test_rows_of_another_list_are_no_frame(mixed, service):
    """Whichever list answers for another: an error, wherever their rows can be told apart."""
    alike = set()
    for asked, answered in permutations(LISTS[service], 2):
        try:
            mixed.ask(service, asked, answered)
        except pk.PandakitError as error:
            if "of another list" in str(error):
                continue
        alike.add((asked, answered))
    assert alike == set(ALIKE[service])


@pytest.mark.parametrize("service", LISTS)
def test_rows_of_a_list_are_its_frame(mixed, service):
    """A list that is answered with its own rows is not refused."""
    for name in LISTS[service]:
        mixed.load(service, name, Tape(None, mixed.recorded[service, name]))


RULES = [{"id": "a", "body": "x", "logTypes": ["l"]}, {"id": "b", "severity": "LOW", "new": 1}]
QUERIES = [{"id": "c", "name": "q", "sql": "select 1"}]


def paged(pages):
    """Return a service's answer: pages by their number, each with a cursor to the next."""

    def answer(request):
        number = int(request.args.get("cursor", 0))
        more = {"next": str(number + 1)} if number + 1 < len(pages) else {}
        return {"results": pages[number], **more}

    return answer


def test_the_error_says_which_row_and_keeps_the_rest(panther_at):
    """The error names list, page, row and fields; what came before is kept, `resume()` goes on."""
    pages = [RULES, [{"id": "d", "threshold": 1}, *QUERIES]]
    client, calls = panther_at(paged(pages))
    with pytest.raises(pk.ProtocolError, match=r"than rules: row 2 has .* \(sql\)") as caught:
        client.rules()
    assert "(Panther rules, page 2: 2 rows of 1 pages were fetched)" in str(caught.value)
    assert caught.value.partial["id"].tolist() == ["a", "b"]
    pages[1] = [{"id": "d", "threshold": 1}]
    assert caught.value.resume()["id"].tolist() == ["a", "b", "d"]
    assert len(calls) == 3


def test_numbered_pages_are_named(bigpanda_at):
    """Of pages that are read at the same time, the error names the one with the row."""

    def answer(request):
        odd = request.args["page"] == "2"
        return {"total": 2, "items": [{"log_id": "1", "log_type": "x"} if odd else {"host": "a"}]}

    client, _ = bigpanda_at(answer)
    with pytest.raises(pk.ProtocolError, match="row 1 of page 2 has fields"):
        client.raw_alerts("key", start="2026-01-01", page_size=1)


def test_a_row_with_nothing_of_its_list_is_an_error(panther_at):
    """A row that has fields, but none that its list declares, is of no list that is known."""
    client, _ = panther_at(lambda _: {"results": [*RULES, {"sensor": 1, "celsius": 20}]})
    with pytest.raises(pk.ProtocolError, match="row 3 has none of the fields of its list"):
        client.rules()


@pytest.mark.parametrize("row", [
    {"id": "a"}, {}, {"new": 1, "id": None}, {"body": "x", "resourceTypes": ["t"], "logTypes": []},
    {"tags": None, "displayName": "d", "reports": {}, "reference": ""},
])  # fmt: skip
def test_absent_and_added_fields_are_tolerated(panther_at, row):
    """Services leave out fields, and add others: also ones that another list has already."""
    client, _ = panther_at(lambda _: {"results": [row]})
    assert len(client.rules()) == 1


@pytest.mark.parametrize("added", ["displayName", "managed", "severity"])
def test_a_list_may_gain_one_field_of_a_larger_one(panther_at, added):
    """Globals declare nothing that rules do not: one more field does not make a rule of them."""
    client, _ = panther_at(lambda _: {"results": [{"id": "g", "body": "x", added: "LOW"}]})
    assert len(client.globals()) == 1


def test_events_may_have_any_fields(panther_at):
    """Log events are not taken for alerts because of the names of some fields."""
    event = {"id": "1", "severity": "HIGH", "title": "t", "type": "x", "arn": "y", "region": "z"}
    client, _ = panther_at(lambda _: {"results": [event]})
    assert len(client.alert_events("a")) == 1
