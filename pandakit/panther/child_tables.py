"""Child tables: lists and maps in the cells of a Panther frame, one row per item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from pandakit.frames import Column, build_frame

__all__ = ["MAPPING", "REPORT", "UNIT_TEST", "mappings", "reports", "unit_tests"]

Row = dict[str, Any]

UNIT_TEST = (
    Column("id", "text", meaning="detection of the test"),
    Column("kind", "text", meaning="its list, when the frame has a column `kind`"),
    Column("name", "text", meaning="name of the test"),
    Column("expected_result", "boolean", ("expectedResult",), "whether it should match"),
    Column("event", "any", meaning="event or resource; JSON text is decoded"),
    Column("mocks", "list", meaning="mocked functions and what they return"),
    Column("rule_outputs", "list", ("ruleOutputs",), "outputs of rules, for correlation rules"),
)
REPORT = (
    Column("id", "text", meaning="detection"),
    Column("kind", "text", meaning="its list, when the frame has a column `kind`"),
    Column("framework", "text", meaning="framework, such as MITRE ATT&CK"),
    Column("control", "text", meaning="control, tactic or technique in it"),
)
MAPPING = (
    Column("id", "text", meaning="data model"),
    Column("name", "text", meaning="common name"),
    Column("path", "text", meaning="path in the event"),
    Column("method", "text", meaning="or function of the model's body"),
)


def unit_tests(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per unit test of the detections in a frame.

    Parameters
    ----------
    frame
        From `detections`, `rules` or another loader with `tests`; it is not changed.

    Returns
    -------
    pandas.DataFrame
        `id`, `kind`, `name`, `expected_result`, `event`, `mocks`, `rule_outputs`.

    Raises
    ------
    ValueError
        When the frame has no `id` or no `tests`.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     tests = services.panther.unit_tests(services.panther.rules())
    >>> tests[["name", "expected_result"]].dtypes.astype(str).tolist()
    ['string', 'boolean']
    """
    records = (
        {**test, "event": _event(test), **parent}
        for parent, tests in _filled_cells(frame, "tests", Sequence)
        for test in tests
        if isinstance(test, Mapping)
    )
    return build_frame(records, UNIT_TEST, ignore=("resource", "log"))


def reports(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per framework and control that the detections in a frame report to.

    Parameters
    ----------
    frame
        From `detections`, `rules` or another loader with `reports`; it is not changed.

    Returns
    -------
    pandas.DataFrame
        `id`, `kind`, `framework`, `control`.

    Raises
    ------
    ValueError
        When the frame has no `id` or no `reports`.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     reports = services.panther.reports(services.panther.rules())
    >>> reports["framework"].unique().tolist()
    ['MITRE ATT&CK']
    """
    records = (
        {**parent, "framework": framework, "control": control}
        for parent, found in _filled_cells(frame, "reports", Mapping)
        for framework, controls in found.items()
        for control in (controls if isinstance(controls, list) else [controls])
        if control is not None
    )
    return build_frame(records, REPORT)


def mappings(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per mapping of the data models in a frame.

    Parameters
    ----------
    frame
        From `data_models`; it is not changed.

    Returns
    -------
    pandas.DataFrame
        `id`, `name`, `path`, `method`.

    Raises
    ------
    ValueError
        When the frame has no `id` or no `mappings`.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     mappings = services.panther.mappings(services.panther.data_models())
    >>> mappings.columns.tolist()
    ['id', 'name', 'path', 'method']
    """
    records = (
        {**mapping, **parent}
        for parent, found in _filled_cells(frame, "mappings", Sequence)
        for mapping in found
        if isinstance(mapping, Mapping)
    )
    return build_frame(records, MAPPING)


def _filled_cells(frame: pd.DataFrame, column: str, kind: type) -> Iterator[tuple[Row, Any]]:
    """Yield the filled cells of a column, each with the id and kind of its row."""
    if missing := [name for name in ("id", column) if name not in frame.columns]:
        raise ValueError(f"the frame has no column {', '.join(missing)}: pass a frame of a loader")
    keys = [name for name in ("id", "kind") if name in frame.columns]
    parents = frame[keys].astype(object).to_dict("records")
    for parent, cell in zip(parents, frame[column], strict=True):
        if isinstance(cell, kind) and not isinstance(cell, str):
            yield (
                {str(key): None if value is pd.NA else value for key, value in parent.items()},
                cell,
            )


def _event(test: Mapping[str, Any]) -> Any:
    """Return the event of a test: `log`, else `resource`, which is JSON as text."""
    if test.get("log") is not None:
        return test["log"]
    text = test.get("resource")
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
