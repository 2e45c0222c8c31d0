"""The sandbox's Panther keeps to the document of the API's content operations, writes included."""

import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from pandakit import sandbox

DOCUMENT = json.loads((Path(__file__).parent / "schemas" / "panther-openapi.json").read_text())
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def service():
    """A sandbox that may be written to."""
    with sandbox.start(incidents=1, audit_events=1) as running:
        yield running


@schema.parametrize()
@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
def test_every_answer_is_one_that_the_document_declares(case, service):
    """Any request, well-formed or not, gets a declared status with a body of its schema."""
    headers = {"X-API-Key": service.env["PANTHER_API_TOKEN"]}
    response = case.call(base_url=service.urls["panther"], headers=headers)
    assert response.status_code < 500
    declared = case.operation.definition.raw["responses"]
    assert str(response.status_code) in {*declared, "405"}
    if response.status_code >= 400:
        assert isinstance(response.json()["message"], str)
    elif response.status_code != 204:
        assert isinstance(response.json(), dict)
