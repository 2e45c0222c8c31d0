"""Reading events: columns of the caller's frame become whole numbers, or a reason not to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.consolidation._read.codes import NamedCodes, Pairs, Vocabulary, distinct
from pandakit.consolidation._read.side_by_side import side_by_side
from pandakit.consolidation._read.timestamps import BAD_TIME, check_unit, read_times
from pandakit.errors import EventError

if TYPE_CHECKING:
    from pandakit.consolidation._read.table import Table

__all__ = ["PRIMARIES", "REASONS", "STATUSES", "Reader", "Reading"]

STATUSES = ("ok", "acknowledged", "unknown", "warning", "critical")
REASONS = ("no_app_key", "bad_timestamp", "bad_status", "no_primary")
PRIMARIES = ("host", "service", "application", "device")
_SECONDARIES = ("check",)
_PRIMARY_PROPERTY = ("primary_property",)
_SECONDARY_PROPERTY = ("secondary_property", "seconday_property")
_INCIDENT_IDENTIFIER = "incident_identifier"
_ACCEPTED = -1
_COLUMNS = (
    "app_key",
    *PRIMARIES,
    *_SECONDARIES,
    *_PRIMARY_PROPERTY,
    *_SECONDARY_PROPERTY,
    _INCIDENT_IDENTIFIER,
)


class Reading(NamedTuple):
    """Rows as numbers; a code of -1 is a missing value."""

    table: Table
    reason: np.ndarray
    time: np.ndarray
    status: np.ndarray
    app: np.ndarray
    primary: np.ndarray
    secondary: np.ndarray
    incident_identifier: np.ndarray | None
    identity: np.ndarray
    codes: dict[str, np.ndarray]


class Reader:
    """Reads chunks of events; the same value has the same number in all of them."""

    def __init__(self, unit: str) -> None:
        check_unit(unit)
        self.unit = unit
        self._columns: dict[str, Vocabulary] = {}
        self.primaries = NamedCodes()
        self.secondaries = NamedCodes()
        self._subjects = NamedCodes()
        self._owners = Pairs()
        self._identities = Pairs()

    @property
    def n_identities(self) -> int:
        """How many identities there are so far."""
        return self._identities.size

    def vocabulary(self, column: str) -> Vocabulary:
        """Give the vocabulary of a column."""
        return self._columns.setdefault(column, Vocabulary())

    def joined_labels(self, columns: list[str]) -> tuple[pa.Array, np.ndarray]:
        """Give the labels of several columns one after the other, and where each begins."""
        labels = [self.vocabulary(column).labels for column in columns]
        sizes = [len(part) for part in labels]
        offsets = np.cumsum([0, *sizes])[:-1].astype(np.int32)
        return pa.concat_arrays([*labels, pa.nulls(0, pa.large_string())]), offsets

    def encode(self, table: Table, column: str, rows: np.ndarray | None = None) -> np.ndarray:
        """Give the codes of the cells of a column, all or those of some rows."""
        cells = table[column] if rows is None else table.rows(column, rows)
        try:
            return self.vocabulary(column).encode(cells, column)
        except ValueError as error:
            table.refuse(column, error)

    def read(self, table: Table) -> Reading:
        """Read all rows; those that the service would refuse get a reason."""
        _require_columns(table)
        time, status, codes = self._read_columns(table)
        app = codes["app_key"] if "app_key" in codes else self._one_app(table.n_rows)
        primary = self._choose(table, self.primaries, _PRIMARY_PROPERTY, PRIMARIES, codes)
        secondary = self._choose(table, self.secondaries, _SECONDARY_PROPERTY, _SECONDARIES, codes)
        by_name = codes.get(_INCIDENT_IDENTIFIER)
        reason = np.full(table.n_rows, _ACCEPTED, dtype=np.int8)
        lowest = ((app, 0), (time, BAD_TIME + 1), (status, 0), (primary, 0))
        for code, (values, least) in reversed(list(enumerate(lowest))):
            if values.min(initial=least) < least:
                reason[values < least] = code
        identity = self._identify(app, primary, secondary, by_name)
        return Reading(
            table, reason, time, status, app, primary, secondary, by_name, identity, codes
        )

    def _read_columns(self, table: Table) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Read the times, the statuses, and the codes of the columns of an identity."""
        names = [name for name in _COLUMNS if name in table]
        time, status, *found = side_by_side(
            [
                partial(read_times, table["timestamp"], self.unit),
                partial(self._statuses, table),
                *(partial(self._distinct, table, name) for name in names),
            ],
            table.n_rows,
        )
        codes = {
            name: self.vocabulary(name).adopt(*part)
            for name, part in zip(names, found, strict=True)
        }
        return time, status, codes

    def _distinct(self, table: Table, column: str) -> tuple[np.ndarray, pa.Array]:
        try:
            return distinct(table[column], column)
        except ValueError as error:
            table.refuse(column, error)

    def _statuses(self, table: Table) -> np.ndarray:
        codes, labels = self._distinct(table, "status")
        known = {text: code for code, text in enumerate(STATUSES)}
        places = [known.get(label.lower(), -1) for label in labels.to_pylist()]
        statuses: np.ndarray = np.array([*places, -1], dtype=np.int8)[codes]
        return statuses

    def _one_app(self, n_rows: int) -> np.ndarray:
        return np.full(n_rows, self.vocabulary("app_key").code_of(""), dtype=np.int32)

    def _codes(self, table: Table, column: str, cache: dict[str, np.ndarray]) -> np.ndarray:
        if column not in cache:
            cache[column] = self.encode(table, column)
        return cache[column]

    def _choose(
        self,
        table: Table,
        numbers: NamedCodes,
        properties: tuple[str, ...],
        defaults: tuple[str, ...],
        cache: dict[str, np.ndarray],
    ) -> np.ndarray:
        """Give the (name, value) of each row: the property's column, else the first default."""

        def named(column: str) -> np.ndarray:
            codes = self._codes(table, column, cache)
            return numbers.number(column, codes, self.vocabulary(column).size)

        chosen: np.ndarray | None = None
        for column in reversed(defaults):
            if column in table:
                values = named(column)
                chosen = values if chosen is None else np.where(values >= 0, values, chosen)
        if chosen is None:
            chosen = np.full(table.n_rows, -1, dtype=np.int32)
        for property_column in reversed(properties):
            if property_column not in table:
                continue
            decided = self._codes(table, property_column, cache)
            chosen = np.where(decided >= 0, np.int32(-1), chosen)
            names = self.vocabulary(property_column).labels.to_pylist()
            for code in np.unique(decided[decided >= 0]):
                if names[code] in table:
                    rows = decided == code
                    chosen[rows] = named(names[code])[rows]
        return chosen

    def _identify(
        self,
        app: np.ndarray,
        primary: np.ndarray,
        secondary: np.ndarray,
        by_name: np.ndarray | None,
    ) -> np.ndarray:
        subject = self._subjects.number("primary", primary, self.primaries.size)
        if by_name is not None:
            size = self.vocabulary(_INCIDENT_IDENTIFIER).size
            named = self._subjects.number(_INCIDENT_IDENTIFIER, by_name, size)
            subject = np.where(by_name >= 0, named, subject)
            secondary = np.where(by_name >= 0, np.int32(-1), secondary)
        return self._identities.encode(self._owners.encode(app, subject), secondary)


def _require_columns(table: Table) -> None:
    for column in ("timestamp", "status"):
        if column not in table:
            raise EventError(
                f"the events have no column {column!r} ({table.nearest(column)}); rename yours, "
                f"or see events_from_alarms for rows with a start and an end"
            )
    if not any(column in table for column in (*PRIMARIES, *_PRIMARY_PROPERTY)):
        raise EventError(
            f"the events have none of the columns {', '.join(PRIMARIES)}, which name what an "
            f"alert is about ({table.nearest('host')}); rename yours, or name it in a column "
            f"'primary_property'"
        )
