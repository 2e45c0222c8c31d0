"""The part of the BigPanda client that is about incidents and their alerts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pandakit.bigpanda._enrichments import Enrichments
from pandakit.bigpanda._records import alert_rows, incident_row, newer, to_frame
from pandakit.bigpanda._resources import RESOURCES, user_call
from pandakit.errors import NotFoundError, PermissionDeniedError
from pandakit.transport import Call, Listing, MappedPages, NumberedPages, OneAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pandakit.timewindow import TimeLike, Window
    from pandakit.transport import Session

__all__ = ["Incidents"]

Row = dict[str, Any]

_FOLDERS = ("active", "shared", "snoozed", "resolved", "unhandled", "maintenance")
_LONGEST_QUERY = 2_000
_EXPANDED_PAGE = 10
_ID = re.compile(r"[0-9a-f]{24}")


class Incidents(Enrichments):
    """What `BigPanda` offers for environments, incidents and alerts."""

    def environments(
        self, *, max_rows: int | None = None, progress: bool | None = None
    ) -> pd.DataFrame:
        """Load the environments that the token may see.

        Parameters
        ----------
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per environment.
        """
        return self._list("environments", to_frame("environments"), max_rows, progress)

    def incidents(
        self,
        environment: str,
        *,
        query: str | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        folder: str | None = None,
        expand: str | Iterable[str] | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the incidents of an environment.

        Parameters
        ----------
        environment
            Its id or its name.
        query
            BPQL text, at most 2,000 characters; default all.
        start, end
            Incidents that were active at any moment between the two, not only those that
            started then. Default: as the service decides, up to now.
        folder
            `active`, `shared`, `snoozed`, `resolved`, `unhandled` or `maintenance`.
        expand
            What to give in full, one name or several: `"alerts"`. Ten incidents a request
            then, instead of a hundred; `alerts` gives them as a table of their own.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per incident; incident tags as `tag.<id>`.

        Raises
        ------
        PaginationError
            When more than 10,000 match; the service gives no more.
        """
        asked, params = self._search(query, start, end, folder, expand)
        call, label = self._incident_call(environment, params), f"BigPanda incidents {environment}"
        pages = NumberedPages(size=_EXPANDED_PAGE) if expand else RESOURCES["incidents"].pages
        return self._load(
            Listing(call, pages, "id", newer, label=label),
            to_frame("incidents", incident_row),
            session=self._user_session,
            window=asked,
            max_rows=max_rows,
            progress=progress,
        )

    def incident(
        self,
        environment: str,
        id: str,  # noqa: A002 - the service's own word
        *,
        expand: str | Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Load one incident.

        Parameters
        ----------
        environment
            An environment that it is in: id or name.
        id
            The incident's.
        expand
            What to give in full, one name or several: `"alerts"`.

        Returns
        -------
        pandas.DataFrame
            One row, with the columns of `incidents`.

        Raises
        ------
        NotFoundError
            When it is not in this environment.
        """
        call = self._incident_call(environment, _expansion(expand), f"/{quote(id, safe='')}")
        listing = Listing(call, OneAnswer(), label=f"BigPanda incident {id}")
        shape = to_frame("incidents", incident_row)
        return self._load(listing, shape, session=self._user_session)

    def alerts(
        self,
        environment: str,
        *,
        query: str | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        folder: str | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the alerts of an environment's incidents, ten incidents a request.

        Parameters
        ----------
        environment, query, start, end, folder
            Which incidents, as for `incidents`.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per alert, with its `incident_id`; tags as `tag.<name>`.

        Raises
        ------
        PaginationError
            When more than 10,000 incidents match; the service gives no more.
        """
        asked, params = self._search(query, start, end, folder, "alerts")
        return self._load(
            Listing(
                self._incident_call(environment, params),
                MappedPages(RESOURCES["alerts"].pages, alert_rows),
                lambda row: (row["incident_id"], row.get("id") or row.get("alert_id")),
                newer,
                label=f"BigPanda alerts {environment}",
            ),
            to_frame("alerts"),
            session=self._user_session,
            window=asked,
            max_rows=max_rows,
            progress=progress,
        )

    @property
    def _user_session(self) -> Session:
        return self._session_of("v2.1")

    def _list(
        self,
        name: str,
        shape: Any,
        max_rows: int | None,
        progress: bool | None,  # noqa: FBT001 - handed on from a keyword
        **params: Any,
    ) -> pd.DataFrame:
        resource = RESOURCES[name]
        return self._load(
            Listing(
                user_call(resource.path, resource.path, params),
                resource.pages,
                _first_id if name == "correlation_patterns" else resource.id_field,
                label=f"BigPanda {name}",
            ),
            shape,
            session=self._user_session,
            max_rows=max_rows,
            progress=progress,
        )

    def _incident_call(self, environment: str, params: Row, tail: str = "") -> Call:
        path = RESOURCES["incidents"].path
        key = quote(self._environment_id(environment), safe="")
        return user_call(path.format(environment=key) + tail, path + tail[:1], params)

    def _environment_id(self, environment: str) -> str:
        """Give the id of an environment; only what does not look like an id is looked up."""
        if _ID.fullmatch(environment):
            return environment
        try:
            known = self.environments(progress=False)
        except (NotFoundError, PermissionDeniedError):
            return environment  # no list to look it up in: it can only be an id
        ids = known.loc[known["environment_id"] == environment, "environment_id"]
        named = known.loc[known["name"] == environment, "environment_id"]
        found = list(ids) or list(named)
        if len(found) == 1:
            return str(found[0])
        names = ", ".join(map(repr, known["name"]))
        what = f"{len(found)} environments are called" if found else "no environment is called"
        raise NotFoundError(f"{what} {environment!r}: give an id, or one of the names {names}")

    def _search(
        self,
        query: str | None,
        start: TimeLike | None,
        end: TimeLike | None,
        folder: str | None,
        expand: str | Iterable[str] | None,
    ) -> tuple[Window, Row]:
        if query is not None and len(query) > _LONGEST_QUERY:
            raise ValueError(f"query has {len(query)} characters; at most {_LONGEST_QUERY} go")
        if folder is not None and folder not in _FOLDERS:
            raise ValueError(f"folder={folder!r}: one of {', '.join(_FOLDERS)}")
        asked = self._window(start, end)
        times = {
            "from": asked.start and int(asked.start.timestamp()),
            "to": asked.end and -int(-asked.end.timestamp() // 1),
        }
        # Sorted by what does not change, so that incidents do not wander between the pages.
        return asked, {
            "query": query, "folder": folder, "sort_by": "start", **times, **_expansion(expand)
        }  # fmt: skip


def _expansion(expand: str | Iterable[str] | None) -> Row:
    names = [expand] if isinstance(expand, str) else list(expand or ())
    return {"expand": names} if names else {}


def _first_id(row: Row) -> Any:
    return row.get("id") or row.get("correlation_id")
