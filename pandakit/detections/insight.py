"""What detections cover, which have problems, and which are noisy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.detections.columns import DETECTIONS
from pandakit.detections.rows import plain_rows
from pandakit.frames import add_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["coverage", "findings", "mitre", "noise"]

Row = dict[str, Any]

_SEVERITIES = ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
_ATTACK = re.compile(r"(?:(TA\d{4})(?::(T\d{4}(?:\.\d{3})?))?|(T\d{4}(?:\.\d{3})?))")


def coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many detections read each log type, by severity.

    Parameters
    ----------
    frame
        From `read` or `Panther.detections`; filter it first to count only enabled ones.

    Returns
    -------
    pandas.DataFrame
        One row per `log_type` (the index), one column per severity from INFO to CRITICAL. A
        detection counts once for each of its log types; those without log types or severity
        are counted in `attrs["pandakit"]["not_counted"]`.

    Examples
    --------
    >>> rules = pd.DataFrame({"kind": "rules", "id": ["A", "B"], "severity": ["HIGH", "LOW"],
    ...                       "log_types": [["Okta"], ["Okta", "Zeek"]]})
    >>> coverage(rules)[["LOW", "HIGH"]].to_dict("index")
    {'Okta': {'LOW': 1, 'HIGH': 1}, 'Zeek': {'LOW': 1, 'HIGH': 0}}
    """
    rows = [row for row in plain_rows(frame) if row["kind"] in DETECTIONS]
    cells = [
        (str(log_type), row["severity"])
        for row in rows
        for log_type in dict.fromkeys(row.get("log_types") or [])
        if row.get("severity") in _SEVERITIES
    ]
    pairs = pd.DataFrame(cells, columns=["log_type", "severity"], dtype="str")
    table = (
        pairs.groupby(["log_type", "severity"], sort=True)
        .size()
        .unstack("severity", fill_value=0)
        .reindex(columns=pd.Index(_SEVERITIES, name="severity"), fill_value=0)
        .astype("int64")
    )
    counted = sum(bool(row.get("log_types")) and row.get("severity") in _SEVERITIES for row in rows)
    return add_facts(table, rows=len(table), not_counted=len(rows) - counted)


def mitre(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many detections report to each technique of MITRE ATT&CK.

    Parameters
    ----------
    frame
        From `read` or `Panther.detections`.

    Returns
    -------
    pandas.DataFrame
        `tactic`, `technique`, `detections`, `enabled` (how many of these are enabled), ordered by
        tactic and technique. An entry of a report that is not an ATT&CK id stays in `technique`,
        without a tactic.

    Notes
    -----
    Reports name the framework `MITRE ATT&CK` and entries `TA0001:T1078` or `TA0001:T1078.004`.

    Examples
    --------
    >>> rules = pd.DataFrame({"kind": "rules", "id": ["A", "B"], "enabled": [True, False],
    ...                       "reports": [{"MITRE ATT&CK": ["TA0001:T1078"]}] * 2})
    >>> mitre(rules).to_dict("records")
    [{'tactic': 'TA0001', 'technique': 'T1078', 'detections': 2, 'enabled': 1}]
    """
    entries = [
        (*_attack_ids(entry), (row["kind"], row.get("id")), row.get("enabled") is True)
        for row in plain_rows(frame)
        for entry in _mitre_entries(row)
    ]
    table = pd.DataFrame(entries, columns=["tactic", "technique", "detection", "enabled"])
    table = table.drop_duplicates(["tactic", "technique", "detection"])
    counted = (
        table.groupby(["tactic", "technique"], dropna=False, sort=True)
        .agg(detections=("detection", "size"), enabled=("enabled", "sum"))
        .reset_index()
    )
    texts = dict.fromkeys(("tactic", "technique"), "string[pyarrow]")
    return counted.astype({**texts, "detections": "int64", "enabled": "int64"})


def _mitre_entries(row: Row) -> Iterator[str]:
    reports = row.get("reports")
    for framework, entries in (reports if isinstance(reports, dict) else {}).items():
        if "mitre" in str(framework).lower():
            yield from map(str, entries if isinstance(entries, list) else [entries])


def _attack_ids(entry: str) -> tuple[str | None, str | None]:
    found = _ATTACK.fullmatch(entry.strip())
    return (found[1], found[2] or found[3]) if found else (None, entry)


def findings(frame: pd.DataFrame, alerts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the problems of detections, one row per detection and finding.

    Parameters
    ----------
    frame
        From `read` or `Panther.detections`.
    alerts
        From `Panther.alerts`, for `never_fired`, which covers the window of these alerts.

    Returns
    -------
    pandas.DataFrame
        `kind`, `id`, `finding`: `disabled`; `untested` (no unit test); `one_sided` (all tests
        expect the same); `no_runbook` (not for policies, which have none); `no_reports`;
        `never_fired` (enabled and able to raise alerts, but none of `alerts` is from it).

    Raises
    ------
    ValueError
        When `alerts` has no column `detection_id`.

    Examples
    --------
    >>> rules = pd.DataFrame({"kind": ["rules"], "id": ["A"], "enabled": [False]})
    >>> findings(rules)["finding"].tolist()
    ['disabled', 'untested', 'no_runbook', 'no_reports']
    """
    fired = None if alerts is None else set(_detection_ids(alerts).dropna())
    records = [
        (row["kind"], row.get("id"), finding)
        for row in plain_rows(frame)
        if row["kind"] in DETECTIONS
        for finding in _findings_of(row, fired)
    ]
    return pd.DataFrame(records, columns=["kind", "id", "finding"], dtype="string[pyarrow]")


def _findings_of(row: Row, fired: set[str] | None) -> Iterator[str]:
    expected = {test.get("expectedResult") for test in row.get("tests") or []}
    enabled = row.get("enabled")
    silent = fired is not None and row.get("id") not in fired
    checks = {
        "disabled": enabled is False,
        "untested": not expected,
        "one_sided": len(expected) == 1,
        "no_runbook": row["kind"] != "policies" and not str(row.get("runbook") or "").strip(),
        "no_reports": not any((row.get("reports") or {}).values()),
        "never_fired": silent and enabled is True and row.get("create_alert") is not False,
    }
    return (finding for finding, applies in checks.items() if applies)


def noise(alerts: pd.DataFrame, detections: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return how noisy each detection is, the noisiest first.

    Parameters
    ----------
    alerts
        From `Panther.alerts`. Alerts without detection (system errors) are counted in
        `attrs["pandakit"]["without_detection"]`.
    detections
        From `read` or `Panther.detections`: those without alerts are then included.

    Returns
    -------
    pandas.DataFrame
        `detection_id`; `alerts`; `events` (of all its alerts); `closed_share` (alerts with the
        status CLOSED, the false positives) and `noise_share` (alerts with the quality NOISE), of
        all its alerts and missing where there are none.

    Raises
    ------
    ValueError
        When a column is missing.

    Examples
    --------
    >>> alerts = pd.DataFrame({"detection_id": ["A", "A"], "event_count": [3, 4],
    ...                        "status": ["CLOSED", "OPEN"], "quality": [pd.NA, "NOISE"]})
    >>> noise(alerts)[["alerts", "events", "closed_share", "noise_share"]].to_dict("records")
    [{'alerts': 2, 'events': 7, 'closed_share': 0.5, 'noise_share': 0.5}]
    """
    ids = _detection_ids(alerts)
    for name in ("event_count", "status", "quality"):
        _check_column(alerts, name)
    table = pd.DataFrame(
        {
            "detection_id": ids,
            "alerts": 1,
            "events": alerts["event_count"].astype("Int64"),
            "closed_share": alerts["status"].eq("CLOSED").fillna(value=False).astype(float),
            "noise_share": alerts["quality"].eq("NOISE").fillna(value=False).astype(float),
        }
    ).dropna(subset="detection_id")
    how = {"alerts": "sum", "events": "sum", "closed_share": "mean", "noise_share": "mean"}
    loud = table.groupby("detection_id", sort=True).agg(how)
    if detections is not None:
        known = [row["id"] for row in plain_rows(detections) if row["kind"] in DETECTIONS]
        loud = loud.reindex(loud.index.union(pd.Index(known, dtype=loud.index.dtype)))
        loud = loud.fillna({"alerts": 0, "events": 0})
    loud = (
        loud.rename_axis("detection_id")
        .reset_index()
        .sort_values(["alerts", "detection_id"], ascending=[False, True])
    )
    dtypes = {"detection_id": "string[pyarrow]", "alerts": "int64", "events": "int64"}
    frame = loud.astype(dtypes).reset_index(drop=True)
    return add_facts(frame, rows=len(frame), without_detection=int(ids.isna().sum()))


def _detection_ids(alerts: pd.DataFrame) -> pd.Series:
    _check_column(alerts, "detection_id")
    return alerts["detection_id"]


def _check_column(alerts: pd.DataFrame, name: str) -> None:
    if name not in alerts.columns:
        raise ValueError(f"alerts has no column {name}: pass a frame of Panther.alerts()")
