"""Rows of a content frame as plain Python: for the writer, drift and the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pandakit.detections.columns import COLUMNS

__all__ = ["is_missing", "kinds_of", "plain_rows", "same_text", "same_value"]

Row = dict[str, Any]


def plain_rows(frame: pd.DataFrame) -> list[Row]:
    """Return one dict per row: column to value, without missing values, with `kind`.

    Parameters
    ----------
    frame
        From `read`, `Panther.detections` or the loader of one kind.

    Raises
    ------
    ValueError
        When the kind of the rows cannot be determined.

    Examples
    --------
    >>> frame = pd.DataFrame({"kind": ["rules"], "id": ["A"], "threshold": [pd.NA]})
    >>> plain_rows(frame)
    [{'kind': 'rules', 'id': 'A'}]
    """
    kinds = kinds_of(frame)
    names = [str(name) for name in frame.columns if name != "kind"]
    cells = [frame[name].astype(object).tolist() for name in names]
    rows = zip(*cells, strict=True) if cells else ((),) * len(frame)
    return [
        {"kind": kind}
        | {
            name: _plain(value)
            for name, value in zip(names, row, strict=True)
            if not is_missing(value)
        }
        for kind, row in zip(kinds, rows, strict=True)
    ]


def kinds_of(frame: pd.DataFrame) -> list[str]:
    """Return the kind of each row: from the column `kind`, else from the loader's columns.

    Raises
    ------
    ValueError
        For an unknown kind, or when the columns are not those of a loader.
    """
    if "kind" in frame.columns:
        kinds: list[str] = frame["kind"].astype(object).tolist()
        for row, kind in enumerate(kinds):
            if kind not in COLUMNS:
                raise ValueError(
                    f"row {row}, column kind: {kind!r} is unknown; must be one of "
                    f"{', '.join(COLUMNS)}"
                )
        return kinds
    present = set(frame.columns)
    fitting = {
        kind: len(columns)
        for kind, columns in COLUMNS.items()
        if present.issuperset(column.name for column in columns)
    }
    if not fitting:
        raise ValueError(
            "the frame has no column kind: pass a frame of detections.read(), "
            'Panther.detections() or another loader, or add it with frame.assign(kind="rules")'
        )
    return [max(fitting, key=lambda kind: fitting[kind])] * len(frame)


def is_missing(value: Any) -> bool:
    """Return whether a cell is missing.

    Examples
    --------
    >>> is_missing(pd.NA), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - NaN


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value


def same_text(text: str) -> str:
    """Return a text without what editors change: line ends, leading and trailing whitespace."""
    return text.replace("\r\n", "\n").strip()


def same_value(left: Any, right: Any) -> bool:
    """Return whether two JSON values are the same, at any depth: `1` is `1.0` and not `true`.

    Examples
    --------
    >>> same_value({"a": [1]}, {"a": [1.0]}), same_value({"a": [1]}, {"a": [True]})
    (True, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys()
        return keys == right.keys() and all(same_value(left[key], right[key]) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same_value(*pair) for pair in pairs)
    return bool(left == right)
