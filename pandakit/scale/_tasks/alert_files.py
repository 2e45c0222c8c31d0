"""The finished alerts of a bucket, in the order in which they opened: read in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.consolidation._merge.layout import ALERT_COLUMNS
from pandakit.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation._merge.merger import Alerts

__all__ = ["AlertFile", "FinishedAlerts", "join_alerts", "write_alerts"]

_SCHEMA = pa.schema(
    [
        ("last_event", pa.int64()),
        ("row", pa.list_(pa.int32(), ALERT_COLUMNS)),
        ("description", pa.large_string()),
    ]
)


class FinishedAlerts(NamedTuple):
    """What is known of alerts before they are grouped."""

    last_event: np.ndarray
    rows: np.ndarray
    description: pa.Array


def write_alerts(path: Path, alerts: Alerts, description: pa.Array, batch_rows: int) -> None:
    """Write the alerts of a bucket in batches, each of which is read at once."""
    rows = pa.FixedSizeListArray.from_arrays(pa.array(alerts.rows.ravel()), ALERT_COLUMNS)
    table = pa.table([alerts.last_event, rows, description], schema=_SCHEMA)
    with atomic_write(path) as file, pa.ipc.new_file(file, _SCHEMA) as writer:
        writer.write_table(table, max_chunksize=batch_rows)


class AlertFile:
    """Reads the alerts of a bucket one after another; holds a batch of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = pa.RecordBatch.from_pylist([], _SCHEMA)
        self._n_read = 0

    def take(self, n_alerts: int) -> list[FinishedAlerts]:
        """Return the next alerts, in one or more parts."""
        parts = []
        while n_alerts > 0:
            if not self._held.num_rows:
                with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
                    self._held = reader.get_batch(self._n_read)
                self._n_read += 1
            parts.append(_from_batch(self._held[:n_alerts]))
            n_alerts -= len(parts[-1].rows)
            self._held = self._held[len(parts[-1].rows) :]
        return parts


def _from_batch(batch: pa.RecordBatch) -> FinishedAlerts:
    last_event, rows, description = batch.columns
    return FinishedAlerts(
        last_event.to_numpy(), rows.flatten().to_numpy().reshape(-1, ALERT_COLUMNS), description
    )


def join_alerts(parts: list[FinishedAlerts]) -> FinishedAlerts:
    """Return the alerts of all parts, one after another."""
    none = _from_batch(pa.RecordBatch.from_pylist([], _SCHEMA))
    last_event, rows, description = zip(none, *parts, strict=True)
    return FinishedAlerts(
        np.concatenate(last_event), np.concatenate(rows), pa.concat_arrays(description)
    )
