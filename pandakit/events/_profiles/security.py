"""Formats of tools that watch for attacks, and of the services that this package talks to."""

from __future__ import annotations

from pandakit.events._profiles import derive
from pandakit.events._profiles.profile import Profile
from pandakit.events._profiles.severities import FIRING

__all__ = ["SECURITY"]

SECURITY: tuple[Profile, ...] = (
    Profile(
        names=("wazuh",),
        form="alerts JSON",
        source="Wazuh: Alert management; Rules classification",
        marks=("timestamp", "rule.level", ("rule.description", "rule.id")),
        fields={
            "host": ("agent.name", "predecoder.hostname", "manager.name"),
            "check": ("rule.description", "rule.id"),
            "description": ("full_log",),
        },
        constants={"app_key": "wazuh"},
        time=("timestamp",),
        status=("rule.level",),
        statuses={
            **dict.fromkeys(map(str, range(7)), "unknown"),
            **dict.fromkeys(map(str, range(7, 12)), "warning"),
            **dict.fromkeys(map(str, range(12, 17)), "critical"),
        },
        otherwise=None,
    ),
    Profile(
        names=("aminer",),
        form="JSON",
        source="logdata-anomaly-miner: Configuration, JsonConverterHandler",
        marks=("AnalysisComponent.AnalysisComponentName", "LogData.Timestamps"),
        fields={
            "host": ("AMiner.ID", "LogData.LogResources", "LogResource"),
            "check": ("AnalysisComponent.AnalysisComponentName", "AnalysisComponent.Message"),
            "description": ("AnalysisComponent.Message",),
        },
        constants={"app_key": "aminer", "status": "warning"},
        time=("LogData.Timestamps",),
        unit="s",
        derive=derive.last_timestamp,
    ),
    Profile(
        names=("suricata",),
        form="EVE JSON",
        source="Suricata User Guide: Eve JSON Format",
        marks=("timestamp", "event_type", ("alert.signature", "flow_id", "src_ip", "proto")),
        fields={
            "host": ("host", "alert.target.ip", "dest_ip", "src_ip"),
            "check": ("alert.signature",),
            "description": ("alert.category",),
        },
        constants={"app_key": "suricata"},
        time=("timestamp",),
        status=("alert.severity",),
        statuses={"1": "critical", "2": "warning"},
        otherwise="unknown",
        only={"event_type": ("alert",)},
    ),
    Profile(
        names=("wazuh", "aminer", "suricata"),
        form="AIT Alert Data Set CSV",
        source="AIT Alert Data Set (Zenodo 8263181), alerts_csv",
        marks=("time", "name", "host", "short", "time_label"),
        fields={"app_key": ("detector",), "host": ("host",), "check": ("name",)},
        constants={"status": "warning"},
        time=("time",),
        unit="s",
        derive=derive.detector_of_name,
    ),
    Profile(
        names=("panther",),
        form="alerts",
        source="Panther: REST API, Alerts",
        marks=("severity", "title", ("created_at", "createdAt"), ("detection_id", "detection.id")),
        fields={
            "service": ("detection_id", "detection.id", "type"),
            "check": ("title",),
            "description": ("runbook",),
            "incident_identifier": ("id",),
        },
        constants={"app_key": "panther"},
        time=("created_at", "createdAt"),
        status=("severity",),
        statuses=FIRING,
    ),
    Profile(
        names=("bigpanda",),
        form="Alerts API JSON",
        source="BigPanda: Alerts REST API",
        marks=(
            "timestamp",
            "status",
            ("host", "service", "application", "device", "primary_property"),
        ),
        fields={},
        time=("timestamp",),
        unit="s",
        status=("status",),
        otherwise=None,
    ),
)
