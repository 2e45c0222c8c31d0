"""How incidents were handled, and what caused them: measures, and the noisiest identities."""

from __future__ import annotations

import pandas as pd

__all__ = ["measures", "noisiest"]

_ACTIONS = ("incident_assigned", "incident_commented", "incident_shared")
_REOPENS = ("incident_reopen", "incident_reopened")
_COLUMNS = ("value", "numerator", "denominator", "median", "p90")
_NEEDED = ("incident_id", "start", "end", "flapping", "n_alerts")
_IDENTITY = ("source_system", "incident_key")
HOUR_OF_WEEK = "hour_of_week"


def measures(
    incidents: pd.DataFrame, activities: pd.DataFrame | None = None, *, by: str | None = None
) -> pd.DataFrame:
    """Return how incidents were acknowledged, resolved and reopened, and how noisy they were.

    Parameters
    ----------
    incidents
        From `BigPanda.incidents`.
    activities
        From `BigPanda.activities` for the same incidents; without them the measures that need
        them are missing.
    by
        A column of `incidents` to group by, or `"hour_of_week"` (of the start, UTC, 0 is Monday
        0:00); `None` for all incidents together.

    Returns
    -------
    pandas.DataFrame
        Index `measure`, under `by` when given. `value` is `numerator` / `denominator`:

        - `time_to_acknowledge`: seconds from creation (else start) to the first assignment,
          comment or share, over the incidents that have one; with `median` and `p90`
        - `acknowledged`, `not_actioned`: incidents with and without one, over all
        - `time_to_resolve`: seconds from start to end, over the incidents that ended; with
          `median` and `p90`
        - `resolved`, `single_alert`, `flapping`: such incidents, over all
        - `reopened`: incidents with a reopen activity, over those that ended or were reopened
        - `correlation_compression`: incidents over alerts; its value is 1 less that ratio

        0/0 is missing.

    Raises
    ------
    ValueError
        When a column is missing, or `by` has values that cannot be grouped.

    Notes
    -----
    Source: "Glossary" (actioned incidents), "Retrieve Incident Activities".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=20, audit_events=5, requests_per_second=None) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents")
    ...     activities = services.bigpanda.activities(incidents["incident_id"])
    >>> float(measures(incidents, activities).loc["resolved", "denominator"])
    20.0
    """
    missing = [name for name in _NEEDED if name not in incidents]
    if missing:
        raise ValueError(f"the incidents have no column {', '.join(missing)}")
    facts = _facts(incidents, activities)
    if by is None:
        return _measures_of(facts)
    if by == HOUR_OF_WEEK:
        start = incidents["start"].dt.tz_convert("UTC")
        key = (start.dt.day_of_week * 24 + start.dt.hour).astype("Int64")
    elif by in incidents:
        key = incidents[by]
    else:
        raise ValueError(f"by={by!r}: a column of the incidents, or {HOUR_OF_WEEK!r}")
    try:
        groups = facts.groupby(key.to_numpy(), dropna=False, sort=True)
        parts = {name: _measures_of(part) for name, part in groups}
    except TypeError as error:
        raise ValueError(f"by={by!r} has values that cannot be grouped: {error}") from None
    if not parts:
        return _measures_of(facts).head(0)
    return pd.concat(parts, names=[by, "measure"])


def noisiest(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the identities with the most alerts, the noisiest first.

    Parameters
    ----------
    alerts
        From `BigPanda.alerts`.

    Returns
    -------
    pandas.DataFrame
        One row per identity, which is `source_system` and `incident_key`: `alerts`, `incidents`
        that they are in, `share` of all alerts, `cumulative_share` with the rows above, and
        `median_open_s`, the seconds from start to end of those that ended. Equally noisy
        identities are in alphabetical order.

    Raises
    ------
    ValueError
        When a column is missing.

    Notes
    -----
    Source: "Alert Object" (`incident_key` is the identity by which events are deduplicated).

    Examples
    --------
    >>> alerts = pd.DataFrame({"incident_id": ["a", "b", "b"], "source_system": "api.checks",
    ...     "incident_key": ["db-1__disk", "db-1__disk", "web-1__ping"],
    ...     "start": pd.to_datetime([0, 60, 60], unit="s", utc=True),
    ...     "end": pd.to_datetime([30, 100, None], unit="s", utc=True)})
    >>> noisiest(alerts)[["incident_key", "alerts", "incidents", "median_open_s"]]
      incident_key  alerts  incidents  median_open_s
    0   db-1__disk       2          2           35.0
    1  web-1__ping       1          1            NaN
    """
    missing = [name for name in (*_IDENTITY, "incident_id", "start", "end") if name not in alerts]
    if missing:
        raise ValueError(f"the alerts have no column {', '.join(missing)}")
    open_s = (alerts["end"] - alerts["start"]).dt.total_seconds()
    groups = alerts.assign(open_s=open_s).groupby(list(_IDENTITY), dropna=False, sort=True)
    found = groups.agg(
        alerts=("open_s", "size"),
        incidents=("incident_id", "nunique"),
        median_open_s=("open_s", "median"),
    )
    found = found.sort_values("alerts", ascending=False, kind="stable").reset_index()
    share = found["alerts"] / max(1, len(alerts))
    found.insert(4, "share", share)
    found.insert(5, "cumulative_share", share.cumsum())
    return found


def _facts(incidents: pd.DataFrame, activities: pd.DataFrame | None) -> pd.DataFrame:
    """Return what is counted, one row per incident."""
    ids = incidents["incident_id"]
    facts = pd.DataFrame(
        {
            "ended": incidents["end"].notna(),
            "seconds_to_resolve": (incidents["end"] - incidents["start"]).dt.total_seconds(),
            "n_alerts": incidents["n_alerts"].astype("Float64"),
            "single_alert": incidents["n_alerts"].eq(1).fillna(value=False).astype(bool),
            "flapping": incidents["flapping"].fillna(value=False).astype(bool),
        }
    )
    if activities is None:
        return facts
    created = ids.map(_first_of(activities, ("incident_created",)))
    acted = ids.map(_first_of(activities, _ACTIONS))
    waited = acted - created.fillna(incidents["start"])
    return facts.assign(
        actioned=acted.notna(),
        seconds_to_acknowledge=waited.dt.total_seconds(),
        reopened=ids.isin(activities.loc[activities["type"].isin(_REOPENS), "incident_id"]),
    )


def _first_of(activities: pd.DataFrame, types: tuple[str, ...]) -> pd.Series:
    """Return the time of each incident's first activity of some types."""
    chosen = activities[activities["type"].isin(types)]
    return chosen.groupby("incident_id")["timestamp"].min()


def _measures_of(facts: pd.DataFrame) -> pd.DataFrame:
    count = len(facts)
    rows = {
        "time_to_acknowledge": _times(facts.get("seconds_to_acknowledge")),
        "acknowledged": _share(facts.get("actioned"), count),
        "not_actioned": _share(None if "actioned" not in facts else ~facts["actioned"], count),
        "time_to_resolve": _times(facts["seconds_to_resolve"]),
        "resolved": _share(facts["ended"], count),
        "single_alert": _share(facts["single_alert"], count),
        "flapping": _share(facts["flapping"], count),
        "reopened": _reopened(facts),
        "correlation_compression": _compression(facts),
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(_COLUMNS), dtype="float64")
    return frame.rename_axis("measure")


def _times(seconds: pd.Series | None) -> tuple[float | None, ...]:
    if seconds is None:
        return (None,) * len(_COLUMNS)
    known = seconds.dropna()
    value = _ratio(known.sum(), len(known))
    return value, known.sum(), len(known), known.median(), known.quantile(0.9)


def _share(chosen: pd.Series | None, count: int) -> tuple[float | None, ...]:
    if chosen is None:
        return (None,) * len(_COLUMNS)
    return _ratio(chosen.sum(), count), chosen.sum(), count, None, None


def _reopened(facts: pd.DataFrame) -> tuple[float | None, ...]:
    if "reopened" not in facts:
        return (None,) * len(_COLUMNS)
    return _share(facts["reopened"], int((facts["ended"] | facts["reopened"]).sum()))


def _compression(facts: pd.DataFrame) -> tuple[float | None, ...]:
    alerts = float(facts["n_alerts"].sum())
    ratio = _ratio(len(facts), alerts)
    return None if ratio is None else 1 - ratio, len(facts), alerts, None, None


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
