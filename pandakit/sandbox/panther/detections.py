"""Panther detections and their dependencies: globals, data models and queries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pandakit.sandbox import words
from pandakit.sandbox.panther.people import actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.sandbox.draw import Draw

Row = dict[str, Any]

_SEVERITIES = ("INFO", "LOW", "MEDIUM", "MEDIUM", "HIGH", "CRITICAL")
_RARE = 40
_PLANTED_KINDS = ("failing", "erring", "untested", "one_sided", "noisy")
# The planted problems: kind -> position among the rules.
PLANTED = {"failing": 3, "erring": 4, "untested": 5, "one_sided": 6, "noisy": 8, "never_fired": 7}
_ZERO_TIME = "0001-01-01T00:00:00Z"
_BODY = """from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "{name}")


def title(event):
    return f"{name} by {{event.get('user', '<unknown>')}}"
"""
# One alert per user: without it, matches are grouped by a title that has the address as well.
_NOISY_BODY = """from larkfield_helpers_00 import is_action


def rule(event):
    return is_action(event, "{name}")


def title(event):
    return f"{name} by {{event.get('user', '<unknown>')}} from {{event.get('sourceIPAddress')}}"
"""
_ERRING_BODY = """def rule(event):
    return event["requestParameters"]["policy"] == "{name}"
"""
_HELPER = """def is_action(event, name):
    return event.get("action") == name
"""
_DETECTION_YAML = """MatchFilters:
  - Key: action
    Condition: Equals
    Values: ["{name}"]
"""


def build_detections(draw: Draw, users: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each list: about 300 detections, and their dependencies."""
    queries = [_query(draw, number) for number in range(130)]

    def scheduled(row: Row) -> Row:
        return row | {"scheduledQueries": [draw.one(queries)["name"]]}

    makers: dict[str, tuple[int, Callable[[Row], Row]]] = {
        "rules": (205, lambda row: _rule(draw, row)),
        "scheduled_rules": (20, lambda row: scheduled(_python(draw, row))),
        "simple_rules": (18, lambda row: _simple(draw, row)),
        "correlation_rules": (7, lambda row: _correlation(row, users)),
        "policies": (60, lambda row: _policy(draw, row)),
    }
    lists = {
        kind: [make(_shared(draw, kind, number, users)) for number in range(count)]
        for kind, (count, make) in makers.items()
    }
    _plant(lists["rules"])
    for row, rule in zip(lists["correlation_rules"], lists["rules"], strict=False):
        row["correlationRuleReferenceIds"] = [rule["id"]]
    return lists | {
        "globals": [_global(draw, number) for number in range(12)],
        "data_models": [_data_model(draw, log_type) for log_type in words.LOG_TYPES],
        "queries": queries,
    }


def _shared(draw: Draw, kind: str, number: int, users: list[Row]) -> Row:
    """Return the fields that all detections share; some are null or left out."""
    subject, verb = draw.one(words.DETECTION_OBJECTS), draw.one(words.DETECTION_VERBS)
    log_type = draw.one(words.LOG_TYPES)
    row: Row = {
        "id": f"{log_type}.{subject}.{verb}-{kind[:3]}{number:03d}",
        "displayName": f"{subject.replace('.', ' ')} {verb.lower()}",
        "description": f"Seen: {subject.lower().replace('.', ' ')} {verb.lower()}.",
        "severity": draw.one(_SEVERITIES),
        "enabled": draw.chance(0.85),
        "createdBy": actor(draw.one(users)),
        "createdAt": draw.nanoseconds(draw.ago(700, 120)),
        "lastModified": draw.nanoseconds(draw.ago(119)),
    }
    optional: Row = {
        "managed": draw.chance(0.5),
        "tags": draw.some(words.TACTICS, 1, 3),
        "reports": {
            "MITRE ATT&CK": [f"TA00{draw.between(1, 43):02d}:T1{draw.between(0, 599):03d}"]
        },
        "outputIDs": [draw.uuid()],
        "createdByExternal": "ci",
    }
    row |= {name: value for name, value in optional.items() if draw.chance(0.7)}
    if number % _RARE == 0:  # its creation was never recorded
        row |= {"createdAt": _ZERO_TIME, "createdBy": None}
    return row


def _tests(draw: Draw, name: str) -> list[Row]:
    event = {"action": name, "sourceIPAddress": f"198.51.100.{draw.between(1, 254)}"}
    return [
        {"name": "it happens", "expectedResult": True, "resource": json.dumps(event)},
        {"name": "it does not", "expectedResult": False, "log": {"action": "Nothing"}},
    ]


def _plant(rules: list[Row]) -> None:
    """Change rules so that they fail, raise errors, lack tests, test one side, or are noisy."""
    failing, erring, untested, one_sided, noisy = (rules[PLANTED[name]] for name in _PLANTED_KINDS)
    failing["tests"][0]["resource"] = json.dumps({"action": failing["displayName"].upper()})
    erring["body"] = _ERRING_BODY.format(name=erring["displayName"])
    untested.pop("tests")
    one_sided["tests"].pop()
    noisy |= {
        "body": _NOISY_BODY.format(name=noisy["displayName"]),
        "enabled": True,
        "createAlert": True,
        "dedupPeriodMinutes": 15,
        "threshold": 1,
        "severity": "MEDIUM",
        "logTypes": [_log_type(noisy)],
    }


def _alerting(draw: Draw, row: Row) -> Row:
    extra: Row = {
        "dedupPeriodMinutes": draw.one((15, 60, 60, 720)),
        "threshold": draw.one((1, 1, 1, 5, 20)),
        "tests": _tests(draw, row["displayName"]),
    }
    if draw.chance(0.6):
        extra |= {"runbook": "Ask the owner, then revoke.", "reference": ""}
    if draw.chance(0.4):
        extra |= {"summaryAttributes": ["user", "sourceIPAddress"], "createAlert": True}
    return row | extra


def _python(draw: Draw, row: Row) -> Row:
    body = _BODY.format(name=row["displayName"])
    return _alerting(draw, row) | {"body": body}


def _rule(draw: Draw, row: Row) -> Row:
    row = _python(draw, row)
    if draw.chance(0.95):
        row["logTypes"] = [_log_type(row)]
    if draw.chance(0.02):
        row["inlineFilters"] = "All:\n  - Key: region\n    Condition: Exists\n"
    return row


def _simple(draw: Draw, row: Row) -> Row:
    return _alerting(draw, row) | {
        "logTypes": [_log_type(row)],
        "detection": _DETECTION_YAML.format(name=row["displayName"]),
        "groupBy": "- user\n",
        "alertTitle": "",
    }


def _correlation(row: Row, users: list[Row]) -> Row:
    return row | {
        "detection": "- Sequence:\n    - ID: first\n    - ID: second\n",
        "logTypes": [_log_type(row)],
        "lastModifiedBy": actor(users[0]),
        "dedupPeriodMinutes": 60,
        "threshold": 1,
    }


def _policy(draw: Draw, row: Row) -> Row:
    body = 'def policy(resource):\n    return bool(resource.get("Encrypted"))\n'
    suppressions = ["sandbox-*"] if draw.chance(0.2) else []
    return row | {
        "body": body,
        "resourceTypes": [draw.one(words.RESOURCE_TYPES)],
        "suppressions": suppressions,
        "tests": _tests(draw, row["displayName"])[:1],
    }


def _log_type(row: Row) -> str:
    return ".".join(row["id"].split(".")[:2])


def _global(draw: Draw, number: int) -> Row:
    row: Row = {
        "id": f"larkfield_helpers_{number:02d}",
        "body": f"{_HELPER}\n\ndef helper_{number}(event):\n    return event.get('user')\n",
        "description": "Shared helpers",
        "createdAt": draw.nanoseconds(draw.ago(700, 300)),
        "lastModified": draw.nanoseconds(draw.ago(299)),
    }
    return row | ({"tags": ["shared"]} if draw.chance(0.5) else {})


def _data_model(draw: Draw, log_type: str) -> Row:
    return {
        "id": f"Standard.{log_type}",
        "displayName": f"{log_type} data model",
        "body": "def get_event_type(event):\n    return event.get('action')\n",
        "enabled": True,
        "logTypes": [log_type],
        "mappings": [
            {"name": "actor_user", "path": "user.name"},
            {"name": "event_type", "method": "get_event_type"},
        ],
        "managed": draw.chance(0.5),  # not in the published specification
        "createdAt": draw.nanoseconds(draw.ago(700, 300)),
        "lastModified": draw.nanoseconds(draw.ago(299)),
    }


def _query(draw: Draw, number: int) -> Row:
    log_type = draw.one(words.LOG_TYPES)
    table = log_type.replace(".", "_").lower()
    row: Row = {
        "id": draw.uuid(),
        "name": f"{log_type} search {number:03d}",
        "sql": f"SELECT * FROM panther_logs.public.{table} LIMIT 10",  # noqa: S608 - never run
        "description": "",
        "managed": draw.chance(0.3),
        "createdAt": draw.seconds(draw.ago(600, 200)),
        "updatedAt": draw.seconds(draw.ago(199)),
    }
    if draw.chance(0.4):
        row["schedule"] = {
            "cron": "",
            "rateMinutes": draw.one((15, 60, 1440)),
            "timeoutMinutes": 5,
            "disabled": draw.chance(0.2),
        }
    elif draw.chance(0.3):
        row["schedule"] = {"cron": "0 6 * * 1", "rateMinutes": None, "timeoutMinutes": 10}
    return row
