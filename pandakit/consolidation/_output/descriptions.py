"""Text columns of results, and the newest description of each alert."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pandakit.consolidation._read.codes import one_chunk

__all__ = ["NewestTexts", "text_column"]

_TEXT = pd.StringDtype("pyarrow")
_COMPACT_FROM = 1024


def text_column(labels: Any, codes: np.ndarray) -> Any:
    """Give a pandas text array: the label of each code, missing where it is -1."""
    texts = one_chunk(labels) if isinstance(labels, (pa.Array, pa.ChunkedArray)) else None
    if texts is None:
        texts = pa.array(labels, type=pa.large_string())
    missing = codes < 0
    places = pa.array(codes, mask=missing if missing.any() else None)
    return as_text(texts.take(places))


def as_text(texts: Any) -> Any:
    """Give an Arrow array of text as a pandas array, without a copy."""
    chunked = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
    return _TEXT.__from_arrow__(chunked.cast(pa.large_string()))


class NewestTexts:
    """The text that came last for each alert; memory grows with alerts, not with events."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, pa.Array]] = []
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Whether no text was set so far."""
        return not self._parts

    def put(self, alerts: np.ndarray, texts: pa.Array, n_alerts: int) -> None:
        """Set the text of some alerts; a missing text replaces an older one too."""
        self._parts.append((alerts, texts.cast(pa.large_string())))
        self._size += len(alerts)
        if self._size > 2 * n_alerts + _COMPACT_FROM:
            texts = self.of_all(n_alerts)
            self._parts = [(np.arange(n_alerts), texts)]
            self._size = n_alerts

    def of_all(self, n_alerts: int) -> pa.Array:
        """Give the text of every alert."""
        if self.is_empty:
            return pa.nulls(n_alerts, pa.large_string())
        owner = np.full(n_alerts, -1, dtype=np.int64)
        offset = 0
        for alerts, texts in self._parts:
            owner[alerts] = np.arange(offset, offset + len(texts))
            offset += len(texts)
        texts = [texts for _, texts in self._parts]
        return pa.concat_arrays(texts).take(pa.array(owner, mask=owner < 0))
