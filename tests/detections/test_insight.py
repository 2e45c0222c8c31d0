"""Coverage, ATT&CK, findings and noise, on frames small enough to count by hand."""

import pandas as pd
import pytest

from pandakit import detections

PASS = {"name": "a", "expectedResult": True, "log": {}}
QUIET = {"name": "b", "expectedResult": False, "log": {}}
GOOD = {
    "enabled": True, "tests": [PASS, QUIET], "runbook": "look",
    "reports": {"MITRE ATT&CK": ["TA0001:T1078"]}, "severity": "LOW", "log_types": ["Okta"],
}  # fmt: skip


def frame(*rows):
    """Make a content frame of rules."""
    return pd.DataFrame([{"kind": "rules", **row} for row in rows])


def test_coverage_is_log_types_by_severity():
    """A detection counts once for each log type; those that cannot be placed are counted."""
    rows = frame(
        {"id": "a", "severity": "HIGH", "log_types": ["Zeek", "Okta", "Okta"]},
        {"id": "b", "severity": "HIGH", "log_types": ["Okta"]},
        {"id": "c", "severity": "LOW", "log_types": []},
        {"id": "d", "kind": "data_models", "log_types": ["Okta"]},
    )
    table = detections.coverage(rows)
    assert table.columns.tolist() == ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
    assert table["HIGH"].to_dict() == {"Okta": 2, "Zeek": 1}
    assert table.to_numpy().sum() == 3
    assert table.attrs["pandakit"]["not_counted"] == 1
    empty = detections.coverage(rows[:0])
    assert empty.dtypes.to_dict() == table.dtypes.to_dict()
    assert empty.index.name == table.index.name == "log_type"


def test_mitre_counts_each_detection_once():
    """Tactic and technique are split, what is no id stays, other frameworks are left out."""
    rows = frame(
        {"id": "a", "enabled": True, "reports": {"MITRE ATT&CK": ["TA0001:T1078", "TA0001:T1078"]}},
        {"id": "b", "enabled": False, "reports": {"MITRE ATT&CK": ["TA0001:T1078", "TA01:T1"]}},
        {"id": "c", "enabled": True, "reports": {"MITRE ATT&CK": ["TA0002:T1059.004", "TA0003"]}},
        {"id": "d", "reports": {"CIS": ["1.1"]}},
        {"id": "e"},
    )
    table = detections.mitre(rows)
    found = table.astype(object).where(table.notna(), None).to_numpy().tolist()
    assert found == [
        ["TA0001", "T1078", 2, 1],
        ["TA0002", "T1059.004", 1, 1],
        ["TA0003", None, 1, 1],
        [None, "TA01:T1", 1, 0],
    ]
    assert detections.mitre(rows[3:]).dtypes.to_dict() == table.dtypes.to_dict()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"enabled": False}, ["disabled"]),
        ({"tests": []}, ["untested"]),
        ({"tests": None}, ["untested"]),
        ({"tests": [PASS, PASS]}, ["one_sided"]),
        ({"runbook": " \n"}, ["no_runbook"]),
        ({"kind": "policies", "runbook": None}, []),
        ({"reports": {"MITRE ATT&CK": []}}, ["no_reports"]),
        ({"id": "silent"}, ["never_fired"]),
        ({"id": "silent", "enabled": False}, ["disabled"]),
        ({"id": "silent", "create_alert": False}, []),
    ],
)
def test_each_finding(change, expected):
    """A finding comes for its reason alone."""
    alerts = pd.DataFrame({"detection_id": ["loud", None]})
    found = detections.findings(frame({"id": "loud", **GOOD, **change}), alerts)
    assert found["finding"].tolist() == expected
    without = detections.findings(frame({"id": "loud", **GOOD, **change}))
    assert without["finding"].tolist() == [each for each in expected if each != "never_fired"]


def test_findings_are_about_detections():
    """Helpers and queries have no findings; alerts of another shape are refused."""
    helper = pd.DataFrame([{"kind": "globals", "id": "g"}])
    assert len(detections.findings(helper)) == 0
    with pytest.raises(ValueError, match="detection_id"):
        detections.findings(helper, pd.DataFrame({"id": ["a"]}))


def test_noise_counts_and_shares():
    """Alerts and events are sums, shares are of all alerts; the quiet ones come on request."""
    alerts = pd.DataFrame(
        {
            "detection_id": ["a", "a", "a", "b", None],
            "event_count": pd.array([1, 2, pd.NA, 4, 9], dtype="Int64"),
            "status": ["CLOSED", "OPEN", "CLOSED", "OPEN", "OPEN"],
            "quality": pd.array(["NOISE", None, "USEFUL", "NOISE", None], dtype="string"),
        }
    )
    table = detections.noise(alerts)
    assert table.to_numpy().tolist() == [["a", 3, 3, 2 / 3, 1 / 3], ["b", 1, 4, 0.0, 1.0]]
    assert table.attrs["pandakit"]["without_detection"] == 1
    known = frame({"id": "b"}, {"id": "c"}, {"id": "g", "kind": "globals"})
    every = detections.noise(alerts, known)
    assert every["detection_id"].tolist() == ["a", "b", "c"]
    assert every.iloc[2, 1:3].tolist() == [0, 0]
    assert every.iloc[2, 3:].isna().all()
    empty = detections.noise(alerts[:0])
    assert empty.dtypes.to_dict() == table.dtypes.to_dict()
    with pytest.raises(ValueError, match="no column quality"):
        detections.noise(alerts.drop(columns="quality"))
