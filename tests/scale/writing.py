"""Frames as files: cut anywhere, in any row groups, in any types that hold the same text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from pandakit.text import to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FRAMES = ("alerts", "incidents", "funnel")


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a table whose columns Parquet can hold; those of mixed cells are in text form."""
    return pa.table({name: column(frame[name]) for name in frame.columns})


def column(cells: pd.Series) -> Any:
    """Return a column, in text form where Arrow has no type for its cells."""
    try:
        found = pa.array(cells.array, from_pandas=True)
    except (pa.ArrowException, TypeError):
        found = to_text(cells)
    return to_text(cells) if pa.types.is_dictionary(found.type) else found


def in_type(table: pa.Table, kind: str) -> pa.Table:
    """Return the same texts in other types."""
    for place, field in enumerate(table.schema):
        if field.name == "timestamp" or kind == "as it is":
            continue
        text = to_text(table.column(place)).cast(pa.large_string())
        cells = text.dictionary_encode() if kind == "dictionary" else text
        table = table.set_column(place, field.name, cells)
    return table


@st.composite
def cuts(draw: st.DrawFn, n_rows: int) -> list[tuple[int, int, int, str, bool]]:
    """Draw where files begin and stop, their row groups and types, and if they have statistics."""
    inner = draw(st.lists(st.integers(0, n_rows), max_size=4))
    bounds = sorted({0, n_rows, *inner})
    pairs = list(itertools.pairwise(bounds)) or [(0, 0)]
    return [
        (
            begin,
            stop,
            draw(st.sampled_from([1, 3, 10, 1000])),
            draw(st.sampled_from(["as it is", "as it is", "text", "dictionary"])),
            draw(st.sampled_from([True, True, False])),
        )
        for begin, stop in pairs
    ]


def write(table: pa.Table, parts: list[tuple[int, int, int, str, bool]], folder: Path) -> list[str]:
    """Write the parts of a table to files, and return their paths in order."""
    paths = []
    for number, (begin, stop, group, kind, statistics) in enumerate(parts):
        paths.append(str(folder / f"{number}.parquet"))
        part = in_type(table.slice(begin, stop - begin), kind)
        pq.write_table(part, paths[-1], row_group_size=group, write_statistics=statistics)
    return paths


def assert_same(found: Any, expected: Any) -> None:
    """Compare two results, frame by frame."""
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert found.n_conflicting_duplicates == expected.n_conflicting_duplicates


def attempt(call: Callable[[], Any]) -> Any:
    """Return what a call returns, None if it refuses the events."""
    try:
        return call()
    except ValueError:
        return None


def assert_same_files(out: Path, expected: Path) -> None:
    """Compare two folders byte for byte."""
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*.*"))
    assert names == sorted(str(path.relative_to(expected)) for path in expected.rglob("*.*"))
    for name in names:
        assert (out / name).read_bytes() == (expected / name).read_bytes(), name
