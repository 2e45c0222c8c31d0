"""Events or alarms from a file of the user, and their consolidation as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pandakit.consolidation import events_from_alarms, readable_funnel
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pathlib import Path

    from pandakit.consolidation import Consolidation

__all__ = ["read_events", "simulation_text"]

_LARGEST = 5


def read_events(
    file: Path,
    *,
    start: str | None = None,
    end: str | None = None,
    primary: str | None = None,
    secondary: str | None = None,
) -> pd.DataFrame:
    """Read the events, or with `start`, `end` and `primary` the alarms, of a file.

    Raises
    ------
    EventError
        When the file cannot be read as a table, or none of its rows as an event or alarm.
    """
    frame = _read_table(file)
    if start is None and end is None and primary is None and secondary is None:
        return frame
    if start is None or end is None or primary is None:
        given = {"--start": start, "--end": end, "--primary": primary}
        missing = ", ".join(option for option, column in given.items() if column is None)
        raise EventError(f"alarms also need {missing}; columns: {_names(frame)}")
    return events_from_alarms(frame, start=start, end=end, primary=primary, secondary=secondary)


def simulation_text(simulation: Consolidation) -> str:
    """Write the policy, the funnel, what was noted and the largest incidents.

    Raises
    ------
    EventError
        When every row was rejected: numbers of no events look like those of a quiet day.
    """
    rejected = simulation.events["outcome"] == "rejected"
    if len(rejected) and rejected.all():
        raise EventError(f"no row is an event. {' '.join(_rejections(simulation))}")
    incidents = simulation.incidents.sort_values("n_alerts", ascending=False, kind="stable")
    largest = incidents.head(_LARGEST)[["title", "severity", "n_alerts", "n_events", "start"]]
    parts = [
        str(simulation.policy),
        readable_funnel(simulation.funnel).to_string(index=False),
        *_rejections(simulation),
        *(f"Note: {note}" for note in simulation.notes),
    ]
    if len(largest):
        parts.append(f"The {len(largest)} largest of {len(incidents):,} incidents:")
        parts.append(largest.to_string(na_rep="-"))
    return "\n\n".join(parts)


def _rejections(simulation: Consolidation) -> list[str]:
    """Return how many rows were rejected, for which reasons, and where the first of each is."""
    rejected = simulation.events[simulation.events["outcome"] == "rejected"]
    counts = rejected["reason"].value_counts()
    reasons = [
        f"{count:,} {reason} (first in row {rejected.index[rejected['reason'] == reason][0]})"
        for reason, count in counts.items()
    ]
    return [f"Rejected: {', '.join(reasons)}; rows count from 0"] if reasons else []


def _read_table(file: Path) -> pd.DataFrame:
    try:
        if file.suffix.lower() in {".parquet", ".pq"}:
            return _read_parquet(file)
        return _read_csv(file)
    except EventError:
        raise
    except UnicodeDecodeError as error:
        raise EventError(
            f"{file} cannot be read as a table: no UTF-8 ({error.reason} at byte {error.start}); "
            "save it as UTF-8"
        ) from None
    except (ValueError, OSError) as error:
        raise EventError(f"{file} cannot be read as a table: {error}") from None


def _read_parquet(file: Path) -> pd.DataFrame:
    from pyarrow import parquet  # noqa: PLC0415 - loaded on use

    # By its name: Arrow's threads may outlive a Python object, and wait for it at the end.
    with parquet.ParquetFile(str(file)) as source:
        return source.read().to_pandas()


def _read_csv(file: Path) -> pd.DataFrame:
    """Read all cells as text, so that an id such as 007 stays what it is; no row may be ragged."""
    from pyarrow import csv, string  # noqa: PLC0415 - loaded on use

    first = pd.read_csv(file, header=None, nrows=1, dtype="string", keep_default_na=False)
    header = first.iloc[0].tolist()
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        raise EventError(f"{file} has several columns called {', '.join(map(repr, repeated))}")
    if len(header) == 1:
        raise EventError(f"{file} has one column only, {header[0]!r}: separate columns by commas")
    table = csv.read_csv(
        file,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    return table.to_pandas(types_mapper={string(): pd.StringDtype("pyarrow")}.get)


def _names(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns))
