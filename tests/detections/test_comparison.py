"""Drift: what is a difference between a folder and a tenant, and what is not."""

import pandas as pd
import pytest

from pandakit import detections

BASE = {"kind": "rules", "id": "A", "severity": "LOW"}


def drift(local, tenant):
    """Compare one row with another; gives the records of the result."""
    frame = detections.drift(pd.DataFrame([BASE | local]), pd.DataFrame([BASE | tenant]))
    return frame.astype(object).to_dict("records")


@pytest.mark.parametrize(
    ("local", "tenant"),
    [
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}),
        ({"reports": {"M": ["x", "y"]}}, {"reports": {"M": ["y", "x"], "N": []}}),
        ({}, {"threshold": 1, "dedup_period_minutes": 60, "create_alert": True}),
        ({}, {"description": "", "tags": [], "reports": {}, "tests": []}),
        ({"body": "def rule(e): ...\n"}, {"body": "\ndef rule(e): ...\r\n\r\n"}),
        (
            {"tests": [{"name": "t", "expectedResult": True, "log": {"a": 1}}]},
            {"tests": [{"name": "t", "expectedResult": True, "resource": '{"a":1}', "mocks": []}]},
        ),
        (
            {"tests": [{"name": "a", "log": {}}, {"name": "b", "log": {}}]},
            {"tests": [{"name": "b", "log": {}}, {"name": "a", "log": {}}]},
        ),
        (
            {"tests": [{"log": {}, "mocks": [{"objectName": "f", "returnValue": True}]}]},
            {"tests": [{"log": {}, "mocks": [{"objectName": "f", "returnValue": "true"}]}]},
        ),
        ({"inline_filters": "- Key: a\n"}, {"inline_filters": "[{'Key': a}]  # same"}),
        ({"created_by_external": "me"}, {"created_by_external": "ci"}),
        ({"other": {"Status": "Stable"}, "file": "a.yml"}, {"managed": False}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_no_drift(local, tenant):
    """Order in sets, spelled-out defaults, whitespace at ends, JSON and YAML layout, authors."""
    (found,) = drift(local, tenant)
    assert found["status"] == "same", found


@pytest.mark.parametrize(
    ("field", "local", "tenant"),
    [
        ("severity", "HIGH", "LOW"),
        ("threshold", 2, 1),
        ("enabled", True, False),
        ("tags", ["a"], ["a", "b"]),
        ("body", "a\n\nb", "a\nb"),
        ("reports", {"M": ["x"]}, {"M": ["y"]}),
        ("inline_filters", "- a", "- b"),
        ("tests", [{"name": "t", "log": {"a": 1}}], [{"name": "t", "log": {"a": 2}}]),
        ("tests", [{"name": "t", "log": {"a": 1}}], [{"name": "t", "log": {"a": True}}]),
        ("inline_filters", "- 1", "- true"),
        ("runbook", "look", None),
    ],
)
def test_a_field_that_differs_is_a_row(field, local, tenant):
    """One row per field that differs, with both values."""
    found = drift({field: local}, {field: tenant})
    assert [(row["status"], row["field"]) for row in found] == [("changed", field)]
    assert (found[0]["local"], found[0]["tenant"]) == (local, tenant)


def test_content_of_one_side_only():
    """Content that one side lacks is one row without field; a query goes by its name."""
    local = pd.DataFrame([BASE, BASE | {"id": "B"}, {"kind": "queries", "id": "Q", "name": "Q"}])
    tenant = pd.DataFrame([BASE | {"id": "C"}, {"kind": "queries", "id": "uuid", "name": "Q"}])
    found = detections.drift(local, tenant)
    assert found[["kind", "id", "status"]].to_numpy().tolist() == [
        ["queries", "Q", "same"],
        ["rules", "A", "only_local"],
        ["rules", "B", "only_local"],
        ["rules", "C", "only_tenant"],
    ]
    assert found["field"].isna().all()


def test_rows_that_cannot_be_told_apart_are_refused():
    """Two rows of one kind and id on a side are an error, not a guess."""
    twice = pd.DataFrame([BASE, BASE])
    with pytest.raises(ValueError, match="tenant, row 1, column id"):
        detections.drift(twice[:1], twice)
    with pytest.raises(ValueError, match="local, row 0, column id"):
        detections.drift(pd.DataFrame([{"kind": "rules"}]), twice[:1])


def test_a_folder_that_was_written_from_a_tenant_does_not_drift(panther, tmp_path):
    """Content of the sandbox, written and read, is the same in every row."""
    others = ("globals", "data_models", "queries")
    parts = [panther.detections(), *(getattr(panther, name)().assign(kind=name) for name in others)]
    tenant = pd.concat([part.dropna(axis=1, how="all") for part in parts], ignore_index=True)
    detections.write(tenant, tmp_path)
    found = detections.drift(detections.read(tmp_path, strict=True), tenant)
    assert set(found["status"]) == {"same"}
    assert len(found) == len(tenant)
