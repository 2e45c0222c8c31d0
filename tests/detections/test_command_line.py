"""`pandakit detections`: what it prints, and its exit codes."""

from pathlib import Path

import pandas as pd
import pytest

from pandakit import detections

SAMPLES = Path(__file__).parents[2] / "data-samples" / "detections"


@pytest.fixture
def tenant(services, monkeypatch):
    """The settings of the sandbox, as those of a tenant."""
    for name in ("PANTHER_API_HOST", "PANTHER_API_TOKEN"):
        monkeypatch.setenv(name, services.env[name])


def test_failing_tests_are_named(run):
    """Each failing test is a line with its reason, then the counts; exit code 1."""
    code, out, _ = run("detections", "test", SAMPLES)
    lines = out.splitlines()
    assert code == 1
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "FAILED rules AWS.VPCFlow.Firewall.Rule.Shared-rul003",
        *["FAILED rules Slack.AuditLogs.Snapshot.Deleted-rul004"] * 2,
    ]
    assert "an alert was expected" in lines[0]
    assert "KeyError" in lines[1]
    assert lines[-1].endswith("passed, 3 failed, 4 only the service can run")


def test_a_folder_whose_tests_pass(run, tmp_path):
    """Exit code 0 when all tests pass; a folder without tests, or with a bad file, is 1."""
    code, _, errors = run("detections", "test", tmp_path)
    assert (code, "no unit tests" in errors) == (1, True)
    tests = [{"name": "t", "expectedResult": True, "log": {}}]
    row = {"kind": "rules", "id": "A", "body": "def rule(event): return True", "tests": tests}
    detections.write(pd.DataFrame([row]), tmp_path)
    assert run("detections", "test", tmp_path)[:2] == (
        0, "1 passed, 0 failed, 0 only the service can run\n",
    )  # fmt: skip
    (tmp_path / "bad.yml").write_text("AnalysisType: rule")
    code, _, errors = run("detections", "test", tmp_path)
    assert (code, "bad.yml" in errors) == (1, True)
    assert run("detections", "test", tmp_path / "gone")[0] == 2


def test_drift_is_named(run, tenant):
    """Each difference is a line, then the counts; exit code 1."""
    code, out, _ = run("detections", "drift", SAMPLES)
    assert code == 1
    assert "only_local rules Larkfield.Only.Here\n" in out
    assert ": threshold: 7 here, " in out
    assert "only_tenant rules" in out
    assert out.splitlines()[-1].endswith("differences")


def test_no_drift(run, tenant, panther, tmp_path):
    """A folder that was written from the tenant does not drift; exit code 0."""
    detections.write(panther.globals().assign(kind="globals"), tmp_path)
    assert run("detections", "drift", tmp_path)[:2] == (0, "12 the same, 0 differences\n")


def test_drift_needs_a_tenant(run, monkeypatch):
    """Without settings the sandbox is never taken for the tenant."""
    monkeypatch.delenv("PANTHER_API_TOKEN", raising=False)
    monkeypatch.delenv("PANTHER_API_HOST", raising=False)
    code, _, errors = run("detections", "drift", SAMPLES)
    assert (code, "PANTHER_API" in errors) == (1, True)
