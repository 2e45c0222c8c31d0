"""The columns of an event, and the names under which tables have them."""

from __future__ import annotations

import re

__all__ = ["ALIASES", "FIELDS", "PRIMARIES", "normalized"]

PRIMARIES = ("host", "service", "application", "device")
#: The columns of an event that can be mapped, in the order of the result.
FIELDS = (
    "timestamp",
    "status",
    "app_key",
    *PRIMARIES,
    "check",
    "cluster",
    "description",
    "incident_identifier",
)

#: The column names from which a field is guessed: lower case, words joined by "_".
ALIASES: dict[str, frozenset[str]] = {
    field: frozenset(names.split())
    for field, names in {
        "timestamp": (
            "timestamp time ts date datetime date_time event_time eventtime event_timestamp "
            "time_of_event occurred occurred_at created created_at createdat received_at epoch "
            "clock time_stamp event_date"
        ),
        "start": (
            "start start_time starttime start_timestamp start_date started started_at starts_at "
            "startsat begin begin_time begin_timestamp opened opened_at open_time raised "
            "raised_at raise_time first_occurrence alarm_start onset"
        ),
        "end": (
            "end end_time endtime end_timestamp end_date ended ended_at ends_at endsat closed "
            "closed_at close_time resolved resolved_at cleared cleared_at clear_time finish "
            "finished_at recovery_time alarm_end stop stop_time"
        ),
        "status": "status state severity alert_status event_status alarm_status level",
        "host": (
            "host hostname host_name node node_name nodename device device_id device_name server "
            "server_name machine instance entity ci ci_name configuration_item computer_name"
        ),
        "check": (
            "check check_name service_description alarm alarm_id alarm_name alarm_type alert "
            "alert_name alertname alert_type metric metric_name monitor monitor_name rule "
            "rule_name trigger trigger_name problem event_name event_type signature test_name"
        ),
        "cluster": "cluster cluster_name",
        "description": "description message msg summary text output details",
        "app_key": "app_key appkey",
    }.items()
}


def normalized(column: str) -> str:
    """Return a column name in lower case, with its words joined by underscores.

    Examples
    --------
    >>> normalized("Host Name"), normalized("@timestamp"), normalized("startsAt")
    ('host_name', 'timestamp', 'startsat')
    """
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
