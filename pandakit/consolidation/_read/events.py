"""Reading events: the columns of the caller's table become whole numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pandakit.consolidation._arrays.codes import NamedCodes, Pairs, Vocabularies, distinct
from pandakit.consolidation._arrays.table import Table, row_list, run_all
from pandakit.consolidation._read.requirements import (
    INCIDENT_IDENTIFIER,
    PRIMARIES,
    PRIMARY_PROPERTY,
    SECONDARIES,
    SECONDARY_PROPERTY,
    STATUSES,
    Rejections,
    check_columns,
)
from pandakit.consolidation._read.ticks import BAD_TIME, check_unit, moment
from pandakit.consolidation._read.timestamps import to_ticks
from pandakit.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pandakit.consolidation.policy import Policy

__all__ = ["EncodedEvents", "Reader"]

_ACCEPTED = -1
_STATUS_LABELS = pa.array(STATUSES, pa.large_string())
_IDENTITY_COLUMNS = (
    "app_key",
    *PRIMARIES,
    *SECONDARIES,
    *PRIMARY_PROPERTY,
    *SECONDARY_PROPERTY,
    INCIDENT_IDENTIFIER,
)


class EncodedEvents(NamedTuple):
    """The rows of a chunk as numbers; a code of -1 is a missing value."""

    table: Table
    reason: np.ndarray
    order: np.ndarray | None
    """The accepted rows in time order; None if that is all rows as they are."""
    time: np.ndarray
    status: np.ndarray
    app: np.ndarray
    primary: np.ndarray
    secondary: np.ndarray
    incident_identifier: np.ndarray | None
    identity: np.ndarray
    n_identities: int
    """Of this chunk and all before."""
    codes: dict[str, np.ndarray]
    absent: list[set[str]]
    """For each pattern of the policy, the columns that it looks at and the table lacks."""
    vocabularies: Vocabularies
    primaries: NamedCodes
    secondaries: NamedCodes

    @property
    def n_accepted(self) -> int:
        """How many rows were accepted."""
        return len(self.time) if self.order is None else len(self.order)


class _Cells(NamedTuple):
    """The table, and the columns that were read so far."""

    table: Table
    status: np.ndarray
    codes: dict[str, np.ndarray]


class Reader:
    """Reads chunks of events; a value has the same number in all of them."""

    def __init__(self, policy: Policy, unit: str) -> None:
        check_unit(unit)
        self.unit = unit
        self.earliest: int | None = None
        self.until: int | None = None
        self.rejections = Rejections(unit)
        self.vocabularies = Vocabularies()
        self.primaries = NamedCodes()
        self.secondaries = NamedCodes()
        self._patterns = policy.patterns
        self._subjects = NamedCodes()
        self._owners = Pairs()
        self._identities = Pairs()

    def read(self, events: Any, place: Callable[[int], str] | None = None) -> EncodedEvents:
        """Read all rows; those that the service would refuse get a reason.

        `place` returns the name of a row for messages; by default its number among all rows.

        Raises
        ------
        EventError
            The table cannot be read, or has events before the end of the last chunk.
        """
        table = Table(events)
        absent = check_columns(table, self._patterns)
        time, status, codes = self._read_columns(table)
        app = codes["app_key"] if "app_key" in codes else self._one_app(table.n_rows)
        cells = _Cells(table, status, codes)
        primary = self._choose(cells, self.primaries, PRIMARY_PROPERTY, PRIMARIES)
        secondary = self._choose(cells, self.secondaries, SECONDARY_PROPERTY, SECONDARIES)
        identifier = codes.get(INCIDENT_IDENTIFIER)
        reason = _reasons(app, time, status, primary)
        order = _time_order(time, reason)
        identity = self._identify(app, primary, secondary, identifier)
        self._advance(time, order, reason)
        self.rejections.add(table, reason, place)
        return EncodedEvents(
            table=table,
            reason=reason,
            order=order,
            time=time,
            status=status,
            app=app,
            primary=primary,
            secondary=secondary,
            incident_identifier=identifier,
            identity=identity,
            n_identities=self._identities.size,
            codes=codes,
            absent=absent,
            vocabularies=self.vocabularies,
            primaries=self.primaries,
            secondaries=self.secondaries,
        )

    def _read_columns(self, table: Table) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Read the times, the statuses, and the codes of the columns of an identity."""
        names = [name for name in _IDENTITY_COLUMNS if name in table]
        time, status, *found = run_all(
            [
                partial(to_ticks, table["timestamp"], self.unit),
                partial(_statuses, table),
                *(partial(_distinct, table, name) for name in names),
            ],
            table.n_rows,
        )
        codes = {
            name: self.vocabularies[name].adopt(*part)
            for name, part in zip(names, found, strict=True)
        }
        return time, status, codes

    def _one_app(self, n_rows: int) -> np.ndarray:
        code = self.vocabularies["app_key"].code_of("")
        return np.full(n_rows, code, dtype=np.int32)

    def _choose(
        self,
        cells: _Cells,
        numbers: NamedCodes,
        properties: tuple[str, ...],
        defaults: tuple[str, ...],
    ) -> np.ndarray:
        """Return the number of each row's (name, value): from the named column, else a default."""
        table, codes = cells.table, cells.codes

        def named(column: str) -> np.ndarray:
            if column not in codes:
                codes[column] = self._encode(cells, column)
            return numbers.number(column, codes[column], self.vocabularies[column].size)

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
            decided = codes[property_column]
            chosen = np.where(decided >= 0, np.int32(-1), chosen)
            names = self.vocabularies[property_column].labels.to_pylist()
            for code in np.unique(decided[decided >= 0]):
                if names[code] in table:
                    rows = decided == code
                    chosen[rows] = named(names[code])[rows]
        return chosen

    def _encode(self, cells: _Cells, column: str) -> np.ndarray:
        if column == "status":  # in lower case here too
            statuses = cells.status.astype(np.int32)
            return self.vocabularies[column].adopt(statuses, _STATUS_LABELS)
        return self.vocabularies.encode(cells.table, column)

    def _identify(
        self,
        app: np.ndarray,
        primary: np.ndarray,
        secondary: np.ndarray,
        identifier: np.ndarray | None,
    ) -> np.ndarray:
        """Return the number of each row's identity; an identifier replaces both properties."""
        subject = self._subjects.number("primary", primary, self.primaries.size)
        if identifier is not None:
            size = self.vocabularies[INCIDENT_IDENTIFIER].size
            named = self._subjects.number(INCIDENT_IDENTIFIER, identifier, size)
            subject = np.where(identifier >= 0, named, subject)
            secondary = np.where(identifier >= 0, np.int32(-1), secondary)
        return self._identities.encode(self._owners.encode(app, subject), secondary)

    def _advance(self, time: np.ndarray, order: np.ndarray | None, reason: np.ndarray) -> None:
        """Move the clock to the last event; refuse events from before the last chunk's end."""
        accepted = time if order is None else time[order]
        if len(accepted) and self.until is not None and accepted[0] < self.until:
            rows = np.flatnonzero(reason < 0)
            raise EventError(
                f"column 'timestamp': events of this chunk are earlier than {moment(self.until)}, "
                f"the end of the last chunk ({row_list(rows[time[rows] < self.until])}); sort all "
                f"events by time before cutting them into chunks"
            )
        if len(accepted):
            self.earliest = int(accepted[0]) if self.earliest is None else self.earliest
            self.until = int(accepted[-1])


def _distinct(table: Table, column: str) -> tuple[np.ndarray, pa.Array]:
    try:
        return distinct(table[column], column)
    except ValueError as error:
        table.refuse(column, error)


def _statuses(table: Table) -> np.ndarray:
    codes, labels = _distinct(table, "status")
    known = {text: code for code, text in enumerate(STATUSES)}
    of_labels = [known.get(label.lower(), -1) for label in labels.to_pylist()]
    statuses: np.ndarray = np.array([*of_labels, -1], dtype=np.int8)[codes]
    return statuses


def _reasons(
    app: np.ndarray, time: np.ndarray, status: np.ndarray, primary: np.ndarray
) -> np.ndarray:
    """Return the first reason to reject each row, -1 where there is none."""
    reason = np.full(len(time), _ACCEPTED, dtype=np.int8)
    checked = ((app, 0), (time, BAD_TIME + 1), (status, 0), (primary, 0))
    for code, (values, least) in reversed(list(enumerate(checked))):
        if values.min(initial=least) < least:
            reason[values < least] = code
    return reason


def _time_order(time: np.ndarray, reason: np.ndarray) -> np.ndarray | None:
    """Return the accepted rows in time order, rows of equal times as they are."""
    accepted = None
    if not len(time) or (reason >= 0).any():
        accepted = np.flatnonzero(reason < 0)
        time = time[accepted]
    if (time[1:] >= time[:-1]).all():
        return accepted
    order = np.argsort(time, kind="stable")
    return order if accepted is None else accepted[order]
