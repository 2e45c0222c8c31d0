"""Simulated and real alerts in the same columns: key, source, start, alert, incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.frames import epoch_nanoseconds, facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from pandakit.consolidation import Consolidation

__all__ = ["production_alerts", "simulated_alerts"]

_NEEDED = ("incident_id", "alert_id", "start")
_UTC = "datetime64[ns, UTC]"


def simulated_alerts(consolidation: Consolidation, sources: Mapping[str, str]) -> pd.DataFrame:
    """Return the alerts of a simulation, and the time that its events cover."""
    alerts = consolidation.alerts
    key = _joined(alerts["primary_value"], alerts["secondary_value"])
    source = alerts["app_key"].astype(object)
    frame = pd.DataFrame(
        {
            "alert_id": alerts.index.to_numpy(),
            "incident_id": alerts["incident_id"].to_numpy(),
            "key": _first_there(alerts.get("incident_identifier"), key),
            "source": source.map(lambda each: sources.get(each, each)).to_numpy(),
            "is_mapped": source.isin(list(sources)).to_numpy(),
            "start": alerts["start"].to_numpy(),
        }
    )
    frame["start"] = pd.to_datetime(frame["start"], utc=True).astype(_UTC)
    frame.attrs["covers"] = (frame["start"].min(), consolidation.as_of)
    return frame


def production_alerts(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts of production, and the time that their load covers.

    Raises
    ------
    ValueError
        When the frame has neither alerts nor incidents with their alerts.
    """
    covers = facts(alerts).get("window") or [None, None]
    if "alert_id" not in alerts and "alerts" in alerts:
        alerts = _unnested(alerts)
    missing = [name for name in _NEEDED if name not in alerts]
    if missing:
        raise ValueError(
            f"the alerts have no column {', '.join(missing)}: pass the frame of BigPanda.alerts, "
            'or of BigPanda.incidents(expand="alerts")'
        )
    alerts = alerts.drop_duplicates(["incident_id", "alert_id"])
    key = _joined(_column(alerts, "primary_value"), _column(alerts, "secondary_value"))
    frame = pd.DataFrame(
        {
            "alert_id": alerts["alert_id"].to_numpy(),
            "incident_id": alerts["incident_id"].to_numpy(),
            "key": _first_there(alerts.get("incident_key"), key),
            "source": _column(alerts, "source_system").astype(object).to_numpy(),
            "start": pd.to_datetime(alerts["start"], utc=True).astype(_UTC).array,
        }
    )
    ends = [frame["start"].min(), frame["start"].max()]
    frame.attrs["covers"] = tuple(
        pd.Timestamp(told) if told else found for told, found in zip(covers, ends, strict=True)
    )
    return frame


def _unnested(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts of incidents that were loaded with them."""
    rows = [
        {**_flat(alert), "incident_id": incident}
        for incident, alerts in zip(incidents["incident_id"], incidents["alerts"], strict=True)
        for alert in (alerts if isinstance(alerts, list) else [])
    ]
    if any("start" not in row for row in rows):
        raise ValueError('the incidents were loaded without their alerts: use expand="alerts"')
    frame = pd.DataFrame(rows, columns=None if rows else list(_NEEDED))
    nanoseconds = [epoch_nanoseconds(each) for each in frame["start"]]
    frame["start"] = pd.to_datetime(pd.Series(nanoseconds, dtype="int64"), utc=True)
    return frame


def _flat(alert: Any) -> dict[str, Any]:
    tags = {tag.get("name"): tag.get("value") for tag in alert.get("tags") or []}
    return {
        **{key: value for key, value in alert.items() if key not in {"id", "tags"}},
        "alert_id": alert.get("id") or alert.get("alert_id"),
        "primary_value": tags.get(alert.get("primary_property")),
        "secondary_value": tags.get(alert.get("secondary_property")),
    }


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype=object)


def _joined(primary: pd.Series, secondary: pd.Series) -> pd.Series:
    """Return the identity as the service writes it: primary, two underscores, secondary."""
    first, second = primary.astype("string"), secondary.astype("string")
    return first.where(second.isna(), first + "__" + second)


def _first_there(preferred: pd.Series | None, other: pd.Series) -> np.ndarray:
    """Return the preferred values, or the other ones where these are missing."""
    if preferred is None:
        preferred = pd.Series(pd.NA, index=other.index, dtype="string")
    there = preferred.astype("string")
    filled: np.ndarray = there.where(there.notna(), other.astype("string").array).to_numpy(object)
    return filled
