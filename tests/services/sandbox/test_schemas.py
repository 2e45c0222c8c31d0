"""Answers against JSON Schemas that cite where each shape is described.

The schemas are written from the documentation, not from the servers, so that client and
sandbox do not agree by accident.
"""

import json
import re
from pathlib import Path

import jsonschema
import pytest

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "docs" / "services"
SCHEMAS = {
    service: json.loads((HERE / "schemas" / f"{service}.json").read_text())
    for service in ("bigpanda", "pangea", "panther")
}
PANTHER_LISTS = [
    *("rules", "scheduled-rules", "simple-rules", "correlation-rules", "policies", "globals"),
    *("data-models", "queries", "alerts", "users", "alert-context-tags", "roles", "api-tokens"),
]
PROMISED = ("alerts", "users", "alert-context-tags", "roles", "api-tokens")


def check(service, name, value):
    """Hold a value against a schema."""
    schema = SCHEMAS[service] | {"$ref": f"#/$defs/{name}"}
    jsonschema.Draft202012Validator(schema).validate(value)


COMMENTS = [
    pytest.param(schema["$comment"], id=f"{service}-{name}")
    for service, schemas in SCHEMAS.items()
    for name, schema in schemas["$defs"].items()
]


@pytest.mark.parametrize("comment", COMMENTS)
def test_a_schema_cites_a_section_of_our_documentation_and_a_vendor_page(comment):
    """Each schema names a heading that exists under docs/services, and a page of the vendor."""
    place, vendor_page = comment.split(" | ")
    path, anchor = place.split("#")
    headings = re.findall(r"^#+ (.+)$", (DOCS.parents[1] / path).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert vendor_page


def test_the_schemas_refuse_what_is_not_documented():
    """The schemas are tight enough to refuse a wrong answer of each service."""
    for service, name, value in (
        ("panther", "rules", {"id": "x", "body": "", "severity": "High"}),
        ("bigpanda", "error", {"message": "no"}),
        ("pangea", "root", {"tree_name": "t", "size": 0, "root_hash": "00"}),
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(service, name, value)


@pytest.mark.parametrize("kind", PANTHER_LISTS)
def test_panther_lists_have_the_documented_shape(ask, kind):
    """A page of each Panther list, and each row in it, is as documented."""
    page = ask.panther(f"/{kind}").json()
    check("panther", "promised_list" if kind in PROMISED else "list", page)
    assert page["results"]
    for row in page["results"]:
        check("panther", kind, row)


def test_panther_single_objects_have_the_shape_of_list_rows(ask):
    """An object fetched by its id is as documented for the rows of its list."""
    row = ask.services.organisation.panther["rules"][3]
    check("panther", "rules", ask.panther(f"/rules/{row['id']}").json())


def test_panther_comments_have_the_documented_shape(ask):
    """The comments of an alert are as documented."""
    alert = ask.services.organisation.panther["alert_comments"][0]["alertId"]
    page = ask.panther("/alert-comments", **{"alert-id": alert}).json()
    check("panther", "promised_list", page)
    for row in page["results"]:
        check("panther", "alert-comments", row)


def test_panther_errors_have_the_documented_shapes(ask):
    """A missing object, a bad parameter and a bad filter value answer as documented."""
    check("panther", "error", ask.panther("/rules/none").json())
    for answer in (ask.panther("/alerts", limit=51), ask.panther("/rules", severity="high")):
        check("panther", "parameter_error", answer.json())


def test_bigpanda_incidents_have_the_documented_shape(ask):
    """Environments, pages of incidents with and without alerts are as documented."""
    check("bigpanda", "environments", ask.bigpanda("/resources/v2.0/environments").json())
    plain = ask.bigpanda(ask.environment(), page_size=100).json()
    full = ask.bigpanda(ask.environment(), page_size=10, expand="alerts").json()
    for name, page in (("incident", plain), ("expanded_incident", full)):
        check("bigpanda", "page", page)
        for row in page["items"]:
            check("bigpanda", name, row)


def test_bigpanda_small_lists_have_the_documented_shapes(ask):
    """Activities, patterns, events and mapping schemas are as documented."""
    incident = ask.services.organisation.bigpanda["incidents"][0]["id"]
    activities = ask.bigpanda(f"/resources/v2.0/incidents/{incident}/activities").json()
    patterns = ask.bigpanda("/resources/v2.0/correlation-patterns").json()["data"]
    key = patterns[0]["correlation_id"]
    one = ask.bigpanda(f"/resources/v2.0/correlation-patterns/{key}").json()
    events = ask.bigpanda("/resources/v2.1/integration-alerts", app_key="nagios.core").json()
    schemas = ask.bigpanda("/resources/v2.1/mapping-enrichment").json()["data"]
    check("bigpanda", "page", activities)
    check("bigpanda", "page", events)
    for name, rows in (
        ("activity", activities["items"]),
        ("pattern", [*patterns, one]),
        ("event", events["items"]),
        ("schema", schemas),
    ):
        assert rows
        for row in rows:
            check("bigpanda", name, row)


def test_bigpanda_uploads_and_jobs_have_the_documented_shapes(fresh):
    """The answer to an upload, every state of its job, and the table are as documented."""
    schema = fresh.services.organisation.bigpanda["schemas"][0]["id"]
    path = f"/resources/v2.1/mapping-enrichment/{schema}/map"
    data = b"host,owner_team,tier\na,b,c\n"
    answer = fresh.bigpanda(path, "POST", kind="text/csv", data=data)
    check("bigpanda", "accepted", answer.json())
    for _ in range(4):
        check("bigpanda", "job", fresh.bigpanda(answer.headers["Location"]).json())
    check("bigpanda", "table", fresh.bigpanda(path).json())


def test_bigpanda_errors_have_the_documented_shape(ask):
    """Refusals of every status have the documented body, with the status in it."""
    for answer, status in (
        (ask.bigpanda("/resources/v2.0/environments/none/incidents"), 404),
        (ask.bigpanda("/resources/v2.0/environments", org=True), 403),
        (ask.bigpanda(ask.environment(), page_size=101), 400),
        (ask.bigpanda("/resources/v2.0/environments", "DELETE"), 405),
    ):
        check("bigpanda", "error", answer.json())
        assert answer.status_code == answer.json()["status"] == status


def test_pangea_searches_have_the_documented_shape(ask):
    """A search, a later page of it, and a search without proofs are as documented."""
    answer = ask.pangea("search", query="", limit=400).json()
    check("pangea", "envelope", answer)
    check("pangea", "search", answer["result"])
    later = ask.pangea("results", id=answer["result"]["id"], offset=400, limit=50).json()
    check("pangea", "results", later["result"])
    for row in ask.pangea("search", query="", verbose=False).json()["result"]["events"]:
        check("pangea", "bare_event", row)


def test_pangea_other_answers_have_the_documented_shapes(ask):
    """Roots, schema, refusals and accepted requests are as documented."""
    check("pangea", "root_answer", ask.pangea("root", tree_size=9).json()["result"])
    check("pangea", "schema", ask.pangea("schema").json()["result"])
    bad = ask.pangea("search", query="(").json()
    check("pangea", "envelope", bad)
    check("pangea", "invalid", bad["result"])
    check("pangea", "accepted", ask.pangea("search", query="", start="30d").json()["result"])
