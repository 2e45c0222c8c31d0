"""Child tables: what stands as a list or a map in one cell of a Panther frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from pandakit.frames import Column, build_frame

__all__ = ["MAPPING", "REPORT", "UNIT_TEST", "mappings", "reports", "unit_tests"]

Row = dict[str, Any]

UNIT_TEST = (
    Column("id", "text", meaning="detection that the test belongs to"),
    Column("kind", "text", meaning="its list, where the frame says it (`detections()`)"),
    Column("name", "text", meaning="name of the test"),
    Column("expected_result", "boolean", ("expectedResult",), "whether it should match"),
    Column("event", "any", meaning="event or resource, decoded where it was JSON in a text"),
    Column("mocks", "list", meaning="mocked functions and what they return"),
    Column("rule_outputs", "list", ("ruleOutputs",), "outputs of rules, for correlation rules"),
)
REPORT = (
    Column("id", "text", meaning="detection"),
    Column("kind", "text", meaning="its list, where the frame says it (`detections()`)"),
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
    """Give one row per unit test of the detections in a frame."""
    records = (
        {**test, "event": _event(test), **parent}
        for parent, tests in _cells(frame, "tests", Sequence)
        for test in tests
        if isinstance(test, Mapping)
    )
    return build_frame(records, UNIT_TEST, ignore=("resource", "log"))


def reports(frame: pd.DataFrame) -> pd.DataFrame:
    """Give one row per framework and control of the detections in a frame."""
    records = (
        {**parent, "framework": framework, "control": control}
        for parent, found in _cells(frame, "reports", Mapping)
        for framework, controls in found.items()
        for control in ([controls] if isinstance(controls, str) else controls or [])
    )
    return build_frame(records, REPORT)


def mappings(frame: pd.DataFrame) -> pd.DataFrame:
    """Give one row per mapping of the data models in a frame."""
    records = (
        {**mapping, **parent}
        for parent, found in _cells(frame, "mappings", Sequence)
        for mapping in found
        if isinstance(mapping, Mapping)
    )
    return build_frame(records, MAPPING)


def _cells(frame: pd.DataFrame, column: str, kind: type) -> Iterator[tuple[Row, Any]]:
    """Give the cells of a column that hold something, each with what identifies its row."""
    if missing := [name for name in ("id", column) if name not in frame.columns]:
        raise ValueError(f"the frame has no column {', '.join(missing)}: give one of a loader")
    keys = [name for name in ("id", "kind") if name in frame.columns]
    parents = frame[keys].astype(object).to_dict("records")
    for parent, cell in zip(parents, frame[column], strict=True):
        if isinstance(cell, kind) and not isinstance(cell, str):
            yield (
                {str(key): None if value is pd.NA else value for key, value in parent.items()},
                cell,
            )


def _event(test: Mapping[str, Any]) -> Any:
    """Give the event of a test: `log`, else `resource`, which holds JSON as text."""
    if test.get("log") is not None:
        return test["log"]
    text = test.get("resource")
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
