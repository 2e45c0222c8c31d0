"""The sandbox's Panther keeps to the document of the API's operations, writes included."""

import json
from pathlib import Path

import pytest
import schemathesis
from schemathesis.specs.openapi.checks import response_schema_conformance

from pandakit import sandbox
from tests.fuzz import FULL, examples

DOCUMENT = json.loads((Path(__file__).parent / "schemas" / "panther-openapi.json").read_text())
# The thousands of requests that cover each keyword of the document are made in `make fuzz` only.
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": FULL}}})
schema = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
PATHS = DOCUMENT["paths"]
LISTS = [path for path in PATHS if not path.endswith(("}", "/events", "/self", "-comments"))]


@pytest.fixture(scope="module")
def service():
    """A sandbox that may be written to."""
    with sandbox.start(incidents=1, audit_events=1) as running:
        yield running


def get(service, path, **parameters):
    """Return the body of a GET, which has to have the declared schema."""
    case = schema[path]["GET"].Case(**parameters)
    headers = {"X-API-Key": service.env["PANTHER_API_TOKEN"]}
    response = case.call(base_url=service.urls["panther"], headers=headers)
    assert response.status_code == 200
    case.validate_response(response, checks=[response_schema_conformance])
    return response.json()


@pytest.mark.parametrize("path", LISTS)
def test_rows_are_what_the_document_declares(path, service):
    """The rows of a list, and one of them by its id, are of the declared schema."""
    (row, *_) = get(service, path)["results"]
    if f"{path}/{{id}}" in PATHS:
        assert get(service, f"{path}/{{id}}", path_parameters={"id": row["id"]})["id"] == row["id"]


def test_comments_are_what_the_document_declares(service):
    """Pages of comments, and one comment by its id, are of the declared schema."""
    alerts = get(service, "/alerts", query={"limit": 50})["results"]
    comment = next(row for alert in alerts for row in comments(service, alert["id"]))
    path = {"id": comment["id"]}
    assert get(service, "/alert-comments/{id}", path_parameters=path)["id"] == comment["id"]


def comments(service, alert):
    """Yield the comments on an alert; pages in between may be empty."""
    query = {"alert-id": alert, "limit": 50}
    while page := get(service, "/alert-comments", query=query):
        yield from page["results"]
        if not page.get("next"):
            return
        query["cursor"] = page["next"]


def test_events_and_the_own_token_are_what_the_document_declares(service):
    """An alert has events, and the token that asks is shown without its secret."""
    alert = get(service, "/alerts", query={"limit": 1})["results"][0]["id"]
    assert get(service, "/alerts/{id}/events", path_parameters={"id": alert})["results"]
    assert "value" not in get(service, "/api-tokens/self")


@schema.parametrize()
@examples(3, 30)
def test_every_answer_is_one_that_the_document_declares(case, service):
    """Any request, well-formed or not, gets a declared status with a body of its schema."""
    headers = {"X-API-Key": service.env["PANTHER_API_TOKEN"]}
    response = case.call(base_url=service.urls["panther"], headers=headers)
    declared = case.operation.definition.raw["responses"]
    assert str(response.status_code) in {*declared, "405"}
    case.validate_response(response, checks=[response_schema_conformance])
    if response.status_code >= 400:
        assert isinstance(response.json()["message"], str)
