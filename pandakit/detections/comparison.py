"""How the rules of a folder differ from those of a tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.detections._files.fields import FIELDS
from pandakit.detections._files.yaml12 import YamlError, load
from pandakit.detections.columns import COLUMNS
from pandakit.detections.rows import plain_rows, same_text, same_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["drift"]

Row = dict[str, Any]

_COLUMNS = ("kind", "id", "status", "field", "local", "tenant")
# What a field means when it is missing.
_DEFAULTS: Row = {
    "dedup_period_minutes": 60,
    "threshold": 1,
    "create_alert": True,
    "schedule_disabled": False,
}
_EMAIL_DEFAULTS = {"sendEmpty": False, "preferAttachment": False}
_SETS = frozenset(
    {"tags", "log_types", "resource_types", "scheduled_queries", "output_ids", "suppressions"}
    | {"summary_attributes"}
)
# Fields of files that cannot be saved.
_NOT_COMPARED = frozenset({"created_by_external"})


def drift(local: pd.DataFrame, tenant: pd.DataFrame) -> pd.DataFrame:
    """Return how the content of a folder differs from that of a tenant.

    Parameters
    ----------
    local
        From `read`.
    tenant
        From `Panther.detections` or another loader; concatenate several, each with its `kind`,
        to compare helpers, data models and queries as well.

    Returns
    -------
    pandas.DataFrame
        `kind`, `id`, `status`, `field`, `local`, `tenant`. One row per field that differs
        (`changed`), and one row, without field, for content that is `only_local`, `only_tenant`
        or the `same`. The id of a query is its name. These are not drift: order in sets, a default
        that one side spells out, leading and trailing whitespace, `log` in place of `resource`
        in a test, and the layout of YAML.

    Raises
    ------
    ValueError
        When the kind of rows cannot be determined, or two rows share kind and id.

    Examples
    --------
    >>> local = pd.DataFrame({"kind": ["rules"], "id": ["A"], "severity": ["HIGH"]})
    >>> tenant = local.assign(severity="LOW", threshold=1)
    >>> drift(local, tenant).iloc[0].tolist()
    ['rules', 'A', 'changed', 'severity', 'HIGH', 'LOW']
    """
    ours, theirs = _by_key(local, "local"), _by_key(tenant, "tenant")
    records = [
        record for key in sorted({*ours, *theirs}) for record in _compared(key, ours, theirs)
    ]
    frame = pd.DataFrame(records, columns=list(_COLUMNS), dtype=object)
    return frame.astype(dict.fromkeys(_COLUMNS[:4], "string[pyarrow]"))


def _by_key(frame: pd.DataFrame, name: str) -> dict[tuple[str, str], Row]:
    rows: dict[tuple[str, str], Row] = {}
    for place, row in enumerate(plain_rows(frame)):
        identity = row.get("name") if row["kind"] == "queries" else row.get("id")
        if not isinstance(identity, str):
            raise ValueError(f"{name}, row {place}, column id: it is missing")  # noqa: TRY004
        if (row["kind"], identity) in rows:
            raise ValueError(f"{name}, row {place}, column id: {identity!r} is there twice")
        rows[row["kind"], identity] = row
    return rows


def _compared(
    key: tuple[str, str], ours: dict[tuple[str, str], Row], theirs: dict[tuple[str, str], Row]
) -> Iterator[tuple[Any, ...]]:
    kind, identity = key
    if key not in theirs or key not in ours:
        yield kind, identity, "only_local" if key in ours else "only_tenant", None, None, None
        return
    local, tenant = ours[key], theirs[key]
    fields = [name for name in _fields(kind) if not _same(name, local.get(name), tenant.get(name))]
    for name in fields:
        yield kind, identity, "changed", name, local.get(name), tenant.get(name)
    if not fields:
        yield kind, identity, "same", None, None, None


def _fields(kind: str) -> list[str]:
    declared = {each.field for each in FIELDS[kind]} | {"body"}
    names = [column.name for column in COLUMNS[kind] if column.sources[0] in declared]
    return [name for name in names if name not in _NOT_COMPARED]


def _same(name: str, local: Any, tenant: Any) -> bool:
    return same_value(_canonical(name, local), _canonical(name, tenant))


def _canonical(name: str, value: Any) -> Any:
    """Return a value in a form that is the same for equivalent values."""
    if value is None:
        return _DEFAULTS.get(name)
    if value in ("", [], {}):
        return None
    if name in _SETS and isinstance(value, list):
        return sorted(map(str, value))
    canonical = _CANONICAL.get(name)
    if canonical is not None:
        return canonical(value)
    return (same_text(value) or None) if isinstance(value, str) else value


def _reports(reports: Any) -> Any:
    return {
        framework: sorted(map(str, controls)) if isinstance(controls, list) else controls
        for framework, controls in reports.items()
        if controls
    } or None


def _tests(tests: Any) -> Any:
    return sorted((_test(test) for test in tests), key=lambda test: json.dumps(test, default=str))


def _test(test: Any) -> Any:
    if not isinstance(test, dict):
        return test
    kept = {name: value for name, value in test.items() if name not in {"log", "resource"}}
    kept = {name: value for name, value in kept.items() if value not in (None, "", [], {})}
    event = test.get("log") if test.get("log") is not None else test.get("resource")
    kept["event"] = _decoded(event)
    kept["mocks"] = [_mock(mock) for mock in test.get("mocks") or []]
    return kept


def _decoded(event: Any) -> Any:
    try:
        return json.loads(event) if isinstance(event, str) else event
    except ValueError:
        return event


def _mock(mock: Any) -> Any:
    """Return a mock with its values as text, as the service has them."""
    if not isinstance(mock, dict):
        return mock
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in mock.items()
    }


def _mappings(mappings: Any) -> Any:
    filled = [
        {name: value for name, value in each.items() if value} if isinstance(each, dict) else each
        for each in mappings
    ]
    return sorted(filled, key=lambda each: json.dumps(each, sort_keys=True, default=str))


def _yaml(text: Any) -> Any:
    try:
        return load(text) if isinstance(text, str) else text
    except YamlError:
        return same_text(text)


def _email(value: Any) -> Any:
    recipients = sorted(map(str, value.get("recipients") or []))
    return {**_EMAIL_DEFAULTS, **value, "recipients": recipients}


_CANONICAL: dict[str, Callable[[Any], Any]] = {
    "reports": _reports,
    "tests": _tests,
    "mappings": _mappings,
    "email_config": _email,
    **dict.fromkeys(
        ("detection", "inline_filters", "group_by", "alert_context", "dynamic_severities"), _yaml
    ),
}
