"""The activities of several incidents, read in parallel."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

from pandakit.bigpanda._lists.resources import RESOURCES, user_call
from pandakit.errors import PaginationError
from pandakit.transport import MAX_IDLE_PAGES, Collected, ParallelLoad, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pandakit.transport import Task

__all__ = ["ActivityLoad", "ActivityType", "wanted_types"]

ActivityType = Literal[
    "incident_created",
    "incident_opened",
    "incident_assigned",
    "incident_unassigned",
    "incident_become_flapping",
    "incident_commented",
    "incident_resolved_ui_manually",
    "incident_resolved_api",
    "incident_resolved_by_alerts",
    "incident_alerts_resolved",
    "incident_reopen",
    "incident_reopened",
    "incident_tag_updated",
    "incident_tag_removed",
    "incident_merged_source",
    "incident_merged_destination",
    "incident_splitted_source",
    "incident_splitted_destination",
    "incident_rcc_update",
    "incident_shared",
    "incident_snoozed",
    "incident_unsnoozed",
]
_FILTER_SPELLING = {"incident_reopened": "incident_reopen"}


def wanted_types(types: str | Iterable[str] | None) -> str | None:
    """Return the parameter that filters activities by type.

    Raises
    ------
    ValueError
        When a type is unknown.
    """
    names = [types] if isinstance(types, str) else list(types or ())
    unknown = [name for name in names if name not in get_args(ActivityType)]
    if unknown:
        raise ValueError(f"types={unknown[0]!r}: one of {', '.join(get_args(ActivityType))}")
    return ",".join(dict.fromkeys(_FILTER_SPELLING.get(name, name) for name in names)) or None


class ActivityLoad(ParallelLoad):
    """The activities of incidents: one task for each incident.

    Parameters
    ----------
    incident_ids
        The incidents, each once.
    types
        The filter by type, if any.
    max_rows
        Where to stop; `None` for all rows.
    environment
        The id of the incidents' environment, if it is known.
    loaded_at
        Returns the time when the load began, in epoch seconds.
    """

    def __init__(
        self,
        incident_ids: Sequence[str],
        types: str | None,
        max_rows: int | None,
        *,
        environment: str | None,
        loaded_at: Callable[[], int],
    ) -> None:
        super().__init__("BigPanda activities")
        self._types, self._max_rows = types, max_rows
        self._environment, self._loaded_at = environment, loaded_at
        self._rows: dict[str, dict[Any, dict[str, Any]]] = {each: {} for each in incident_ids}
        self._unfinished = set(incident_ids)
        self._n_stored = 0
        for each in incident_ids:
            self.queue.add(partial(self._read, each))

    def _read(self, incident_id: str) -> Task:
        """Read the pages of one incident."""
        resource = RESOURCES["activities"]
        path = resource.path.format(incident_id=path_segment(incident_id))
        call = user_call(path, resource.path, {"types": self._types})
        found = self._rows[incident_id]
        position: Any = None
        idle = 0
        while not self._has_enough(incident_id):
            [reply] = yield [resource.pages.request(call, position)]
            page = resource.pages.read(reply, position)
            known = len(found)
            for row in page.rows:
                found.setdefault(row.get("id") or len(found), {**row, "incident_id": incident_id})
            self._n_stored += reply.is_stored * (len(found) - known)
            self.pages += 1
            self.count += len(found) - known
            position = page.next
            if position is None:
                self._unfinished.discard(incident_id)
                return
            idle = 0 if len(found) > known else idle + 1
            if idle >= MAX_IDLE_PAGES:
                raise PaginationError(
                    f"{idle} pages in a row had no new activity of incident {incident_id}: the "
                    "list does not end"
                )

    def _has_enough(self, incident_id: str) -> bool:
        """Return whether the incidents up to this one have as many rows as requested."""
        if self._max_rows is None:
            return False
        count = 0
        for key, rows in self._rows.items():
            if count >= self._max_rows or (key in self._unfinished and key != incident_id):
                break
            count += len(rows)
            if key == incident_id:
                break
        return count >= self._max_rows

    def collected(self) -> Collected:
        """Return the rows so far, in the order of the incidents."""
        records = [row for rows in self._rows.values() for row in rows.values()]
        cap = self._max_rows
        capped = cap is not None and (
            len(records) > cap or (len(records) == cap and bool(self._unfinished))
        )
        records = records[:cap]
        return Collected(
            records=records,
            pages=self.pages,
            capped=capped,
            stored_rows=min(self._n_stored, len(records)),
            facts=self._facts(),
        )

    def _facts(self) -> dict[str, Any]:
        return {
            "list": "activities",
            # As text, because pandas copies a list in `attrs` with each operation.
            "incident_ids": json.dumps(list(self._rows)),
            "types": self._types,
            "environment": self._environment,
            "loaded_at": self._loaded_at(),
        }
