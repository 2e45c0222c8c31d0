"""The filters of Panther's lists as types: editors complete them, and mypy catches typos.

Filters are checked against the same types before a request is sent
(`pandakit.panther._lists.parameters`), so what an editor offers is what a loader accepts.
At run time the case of a choice does not matter, and a sequence may be any collection.

Source: "Panther REST API".
"""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - the types are read at run time
from typing import Literal, TypeAlias, TypedDict

__all__ = [
    "AlertFilters",
    "AlertStatus",
    "AlertSubType",
    "AlertType",
    "AuthorFilters",
    "ComplianceStatus",
    "ContextTagFilters",
    "DetectionFilters",
    "PolicyFilters",
    "Quality",
    "RoleFilters",
    "RuleFilters",
    "ScheduledRuleFilters",
    "Severity",
    "SimpleRuleFilters",
    "SortDirection",
    "State",
    "UserFilters",
]

Severity: TypeAlias = Literal["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
State: TypeAlias = Literal["enabled", "disabled"]
ComplianceStatus: TypeAlias = Literal["PASS", "FAIL", "ERROR"]
SortDirection: TypeAlias = Literal["asc", "desc"]
AlertType: TypeAlias = Literal["ALERT", "DETECTION_ERROR", "SYSTEM_ERROR"]
AlertSubType: TypeAlias = Literal[
    "RULE",
    "RULE_ERROR",
    "SCHEDULED_RULE",
    "SCHEDULED_RULE_ERROR",
    "POLICY",
    "SYSTEM_ERROR",
    "CORRELATION_RULE",
    "CORRELATION_RULE_ERROR",
]
AlertStatus: TypeAlias = Literal["OPEN", "TRIAGED", "RESOLVED", "CLOSED"]
Quality: TypeAlias = Literal["NOISE", "USEFUL"]


class AuthorFilters(TypedDict, total=False):
    """Filters of `globals()`; authors are named by the id of a user or API token."""

    name_contains: str
    created_by: str
    last_modified_by: str


class DetectionFilters(AuthorFilters, total=False):
    """Filters that rules of every kind and policies share."""

    state: State
    severity: Severity | Sequence[Severity]
    tag: str | Sequence[str]


class RuleFilters(DetectionFilters, total=False):
    """Filters of `rules()`."""

    log_type: str | Sequence[str]


class SimpleRuleFilters(RuleFilters, total=False):
    """Filters of `simple_rules()`; `include_python=True` fills the column `python_body`."""

    include_python: bool


class ScheduledRuleFilters(DetectionFilters, total=False):
    """Filters of `scheduled_rules()`."""

    scheduled_query: str | Sequence[str]


class PolicyFilters(DetectionFilters, total=False):
    """Filters of `policies()`."""

    compliance_status: ComplianceStatus
    resource_type: str | Sequence[str]


class AlertFilters(TypedDict, total=False):
    """Filters of `alerts()`, besides its window and `type`."""

    sub_type: AlertSubType | Sequence[AlertSubType]
    sort_dir: SortDirection
    detection_id: str
    name_contains: str
    severity: Severity | Sequence[Severity]
    status: AlertStatus | Sequence[AlertStatus]
    assignee: str | Sequence[str]
    log_source: str | Sequence[str]
    log_type: str | Sequence[str]
    resource_type: str | Sequence[str]
    event_count_min: int
    event_count_max: int
    quality: Quality | Sequence[Quality]
    context_tag: str | Sequence[str]


class ContextTagFilters(TypedDict, total=False):
    """Filters of `alert_context_tags()`."""

    managed: bool


class UserFilters(TypedDict, total=False):
    """Filters of `users()`; `email` is exact, and the service then ignores the others."""

    contains: str
    email: str
    id: str | Sequence[str]
    include_deactivated: bool
    status: str


class RoleFilters(TypedDict, total=False):
    """Filters of `roles()`; `name` is exact, and the service then ignores the others."""

    name_contains: str
    name: str
    id: str | Sequence[str]
    sort_dir: SortDirection
