"""Loaders of several lists at once, and of one object; methods of `Panther`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pandakit.detections.columns import DETECTIONS, content_columns
from pandakit.errors import PandakitError
from pandakit.frames import Column, add_facts, build_frame
from pandakit.panther._lists.listings import (
    detections_listing,
    object_call,
    to_frame,
)
from pandakit.panther._lists.parameters import query_parameters
from pandakit.panther._lists.resources import RESOURCES
from pandakit.progress import progress_line
from pandakit.transport import Listing, OneAnswer, loader

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    import pandas as pd

    from pandakit.panther.filters import DetectionFilters
    from pandakit.progress import ProgressLine
    from pandakit.transport import Client, StorePath

__all__ = ["INVENTORY", "ObjectKind", "detections", "get", "inventory"]

ObjectKind: TypeAlias = Literal[
    "data_models",
    "globals",
    "policies",
    "queries",
    "rules",
    "scheduled_rules",
    "simple_rules",
    "correlation_rules",
    "alerts",
    "alert_comments",
    "users",
    "roles",
    "api_tokens",
]
Row = dict[str, Any]

INVENTORY = (
    Column("resource", "text", meaning="the list, by the name of its loader"),
    Column("rows", "integer", meaning="rows; missing when it could not be read"),
    Column("pages", "integer", meaning="pages read"),
    Column("requests", "integer", meaning="requests sent"),
    Column("status", "text", meaning="ok, or the name of the error"),
    Column("message", "text", meaning="what the error says"),
)
_INVENTORY_OF = tuple(name for name in RESOURCES if name not in {"alert_events", "alert_comments"})
_SIDE_BY_SIDE = 4  # lists read at a time: the vendor documents no limit, so stay modest


@loader()
def detections(
    self: Client,
    *,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
    **filters: Unpack[DetectionFilters],
) -> pd.DataFrame:
    """Return the rules of every kind and the policies in one frame.

    Parameters
    ----------
    max_rows
        Stop after this many rows and warn with `TruncatedWarning`; default: all rows.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.
    **filters
        Those that all five lists have: `name_contains`, `state` (enabled, disabled),
        `severity`, `tag` (one or several: rows that match any), `created_by`,
        `last_modified_by` (id of a user or API token).

    Returns
    -------
    pandas.DataFrame
        `kind` (rules, scheduled_rules, simple_rules, correlation_rules, policies), then the
        columns of all five; a field that a kind does not have is missing.

    Warns
    -----
    PartialWarning
        When the instance has no correlation rules; `df.attrs["pandakit"]["unavailable"]`
        has the service's message.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     detections = services.panther.detections(state="enabled")
    >>> sorted(detections["kind"].unique())
    ['correlation_rules', 'policies', 'rules', 'scheduled_rules', 'simple_rules']
    """
    known = RESOURCES["correlation_rules"].filters
    params = query_parameters("detections", known, dict(filters))
    unavailable: dict[str, str] = {}
    return self._load(
        detections_listing(params, self._session, unavailable),
        partial(build_frame, columns=content_columns(DETECTIONS)),
        max_rows=max_rows,
        progress=progress,
        unavailable=unavailable,
    )


@loader()
def get(
    self: Client,
    kind: ObjectKind,
    id: str,  # noqa: A002 - the service's own word
    *,
    include_python: bool = False,
    max_rows: int | None = None,
    progress: bool | None = None,
    store: StorePath | None = None,
) -> pd.DataFrame:
    """Return one object.

    Parameters
    ----------
    kind
        The list that it is in, by the name of its loader: `"rules"`, `"alerts"` ...
    id
        Its id.
    include_python
        Whether to fill the column `python_body`, for `"simple_rules"` only.
    max_rows
        As for every loader; there is one row.
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.
    store
        Folder to keep the pages in; if the process dies, the same call resumes where it stopped.

    Returns
    -------
    pandas.DataFrame
        One row, with the columns of the list's loader.

    Raises
    ------
    NotFoundError
        When there is no such object.
    ValueError
        For an unknown kind, or `include_python` for another kind than simple rules.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.rules()
    ...     rule = services.panther.get("rules", rules["id"].iloc[0])
    >>> len(rule), rule["id"].eq(rules["id"].iloc[0]).item()
    (1, True)
    """
    kinds = [row.name for row in RESOURCES.values() if row.single]
    if kind not in kinds:
        raise ValueError(f"kind={kind!r}: must be one of {', '.join(kinds)}")
    if include_python and kind != "simple_rules":
        raise ValueError(f"include_python=True is for simple_rules; {kind} have no python_body")
    resource = RESOURCES[kind]
    params = {"include-python": True} if include_python else {}
    call = object_call(resource, id, **params)
    return self._load(
        Listing(call, OneAnswer(check=resource.check), label=f"Panther {kind} {id}"),
        to_frame(resource),
        max_rows=max_rows,
        progress=progress,
    )


def inventory(self: Client, *, progress: bool | None = None) -> pd.DataFrame:
    """Return how many rows each list has; a refused list does not stop the others.

    The lists are read in parallel.

    Parameters
    ----------
    progress
        `True` shows a progress line and `False` hides it; default: shown in a terminal
        or a notebook.

    Returns
    -------
    pandas.DataFrame
        One row per list: `resource`, `rows`, `pages`, `requests`, `status` (ok, or the name
        of the error), `message`. Alerts are those of the last 30 days, of every type.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     lists = services.panther.inventory()
    >>> lists["status"].unique().tolist()
    ['ok']
    """
    with (
        progress_line("Panther inventory", progress=progress) as line,
        ThreadPoolExecutor(_SIDE_BY_SIDE) as threads,
    ):
        rows = list(threads.map(partial(_inventory_row, self, line), _INVENTORY_OF))
    counts = {name: sum(row.get(name, 0) for row in rows) for name in ("requests", "pages")}
    frame = build_frame(rows, INVENTORY)
    return add_facts(frame, source=self.source, **counts, rows=len(rows))


def _inventory_row(self: Client, line: ProgressLine, name: str) -> Row:
    load: Callable[..., pd.DataFrame] = getattr(self, name)
    window = {"start": "30d", "type": "all"} if name == "alerts" else {}
    try:
        frame = load(progress=False, **window)
    except PandakitError as error:
        return {"resource": name, "status": type(error).__name__, "message": str(error)}
    finally:
        line.advance(pages=1)
    loaded = frame.attrs["pandakit"]
    counts = {each: loaded[each] for each in ("rows", "pages", "requests")}
    return {"resource": name, **counts, "status": "ok"}
