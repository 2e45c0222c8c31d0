"""The columns of alerts that come from the input: what is kept of each chunk for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pandakit.consolidation._arrays.codes import one_chunk
from pandakit.consolidation._read.requirements import INCIDENT_IDENTIFIER

if TYPE_CHECKING:
    from pandakit.consolidation._merge.merger import Merged
    from pandakit.consolidation._read.events import EncodedEvents, Reader

__all__ = ["AlertColumns", "NewestDescriptions", "identity_codes", "identity_columns"]

_COMPACT_FROM = 1024


class AlertColumns:
    """The columns of alerts that come from the input; memory grows with alerts, not with events.

    The identity is that of the event that opened the alert, the description that of its newest.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._codes: list[dict[str, np.ndarray]] = []
        self._descriptions = NewestDescriptions()

    def add(self, encoded: EncodedEvents, merged: Merged) -> None:
        """Keep what a chunk adds."""
        self._codes.append(identity_codes(encoded, merged.opened_rows))
        self._descriptions.add(encoded, merged)

    def identity(self) -> dict[str, tuple[Any, np.ndarray]]:
        """Return labels and codes of each column of the identity."""
        if len(self._codes) != 1:
            none = np.zeros(0, dtype=np.int32)
            names = ("app_key", "primary", "secondary", INCIDENT_IDENTIFIER)
            parts = {name: [none, *(codes[name] for codes in self._codes)] for name in names}
            self._codes = [{name: np.concatenate(arrays) for name, arrays in parts.items()}]
        return identity_columns(self._reader, self._codes[0])

    def description(self, n_alerts: int) -> pa.Array:
        """Return the newest description of every alert."""
        return self._descriptions.of_all(n_alerts)


def identity_codes(encoded: EncodedEvents, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the parts of the identity of some rows as codes."""
    identifier = encoded.incident_identifier
    if identifier is None:
        identifier = np.full(len(encoded.time), -1, dtype=np.int32)
    return {
        "app_key": encoded.app[rows],
        "primary": encoded.primary[rows],
        "secondary": encoded.secondary[rows],
        INCIDENT_IDENTIFIER: identifier[rows],
    }


def identity_columns(
    reader: Reader, codes: dict[str, np.ndarray]
) -> dict[str, tuple[Any, np.ndarray]]:
    """Return labels and codes of each column of the identity, for codes of its parts."""
    vocabularies = reader.vocabularies
    columns = {"app_key": (vocabularies["app_key"].labels, codes["app_key"])}
    for role, numbers in (("primary", reader.primaries), ("secondary", reader.secondaries)):
        names, owners, values = numbers.split(codes[role])
        labels, offsets = vocabularies.joined(names)
        if len(names) > 1:
            values = values + np.append(offsets, np.int32(0))[owners]
        columns[f"{role}_property"] = (names, owners)
        columns[f"{role}_value"] = (labels, values)
    labels = vocabularies[INCIDENT_IDENTIFIER].labels
    columns[INCIDENT_IDENTIFIER] = (labels, codes[INCIDENT_IDENTIFIER])
    return columns


class NewestDescriptions:
    """The description of the newest event of each alert."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, pa.Array]] = []
        self._size = 0

    def add(self, encoded: EncodedEvents, merged: Merged) -> None:
        """Keep the descriptions of a chunk."""
        if "description" not in encoded.table and not self._parts:
            return
        n_alerts = len(merged.start)
        taken = merged.alert if encoded.order is None else merged.alert[encoded.order]
        rows = np.flatnonzero(taken >= 0)
        rows = rows if encoded.order is None else encoded.order[rows]
        newest = np.full(n_alerts, -1, dtype=np.int64)
        newest[merged.alert[rows]] = rows  # where an alert has several rows, the last one stays
        alerts = np.flatnonzero(newest >= 0)
        if "description" in encoded.table:
            texts = one_chunk(encoded.table.text("description", newest[alerts]))
        else:
            texts = pa.nulls(len(alerts), pa.large_string())
        self._put(alerts, texts, n_alerts)

    def _put(self, alerts: np.ndarray, texts: pa.Array, n_alerts: int) -> None:
        """Set the texts of some alerts; a missing text replaces an older one too."""
        self._parts.append((alerts, texts.cast(pa.large_string())))
        self._size += len(alerts)
        if self._size > 2 * n_alerts + _COMPACT_FROM:
            self._parts = [(np.arange(n_alerts), self.of_all(n_alerts))]
            self._size = n_alerts

    def of_all(self, n_alerts: int) -> pa.Array:
        """Return the description of every alert."""
        if not self._parts:
            return pa.nulls(n_alerts, pa.large_string())
        position = np.full(n_alerts, -1, dtype=np.int64)
        offset = 0
        for alerts, texts in self._parts:
            position[alerts] = np.arange(offset, offset + len(texts))
            offset += len(texts)
        joined = pa.concat_arrays([texts for _, texts in self._parts])
        return joined.take(pa.array(position, mask=position < 0))
