"""Columns of the resulting frames, built from numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._arrays.codes import one_chunk
from pandakit.consolidation._arrays.parallel import run_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["frame_of", "id_column", "label_column", "span_column", "text_column", "time_column"]

_TEXT = pd.StringDtype("pyarrow")
_NAT = np.iinfo(np.int64).min


def frame_of(columns: Mapping[str, Callable[[], Any]], index: pd.Index) -> pd.DataFrame:
    """Build the columns in parallel, and a frame of them without copying them again."""
    arrays = run_all(list(columns.values()), len(index))
    return pd.DataFrame(dict(zip(columns, arrays, strict=True)), index=index, copy=False)


def label_column(labels: Any, codes: np.ndarray) -> Any:
    """Return the label of each code as text, missing where the code is -1."""
    is_arrow = isinstance(labels, (pa.Array, pa.ChunkedArray))
    texts = one_chunk(labels) if is_arrow else pa.array(labels, type=pa.large_string())
    missing = codes < 0
    positions = pa.array(codes, mask=missing if missing.any() else None)
    return text_column(texts.take(positions))


def text_column(texts: Any) -> Any:
    """Return Arrow text as a pandas array, without a copy."""
    chunked = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
    return _TEXT.__from_arrow__(chunked.cast(pa.large_string()))


def id_column(numbers: np.ndarray) -> Any:
    """Return ids as `Int64`, missing where they are negative."""
    missing = numbers < 0
    return pd.arrays.IntegerArray(np.where(missing, 0, numbers).astype(np.int64), missing)


def time_column(times: np.ndarray, missing: np.ndarray | None = None) -> Any:
    """Return microseconds as `datetime64[ns, UTC]`."""
    nanoseconds = times * 1_000
    if missing is not None:
        nanoseconds[missing] = _NAT
    return pd.DatetimeIndex(nanoseconds.view("M8[ns]"), tz="UTC").array


def span_column(spans: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return microseconds as `timedelta64[ns]`."""
    nanoseconds = spans * 1_000
    nanoseconds[missing] = _NAT
    return nanoseconds.view("m8[ns]")
