"""The BigPanda client: incidents, alerts, patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._incidents import Incidents
from pandakit.bigpanda._records import (
    event_row,
    to_frame,
)
from pandakit.bigpanda._resources import RESOURCES, pages_of, user_call
from pandakit.bigpanda._service import base_url as _base_url, bigpanda_service
from pandakit.errors import SettingsError
from pandakit.frames import add_facts
from pandakit.redaction import read_token
from pandakit.settings import find, missing_message
from pandakit.timewindow import TimeLike, to_time
from pandakit.transport import (
    ChainedPages,
    Check,
    Listing,
    Part,
    Session,
    path_segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import requests

    from pandakit.consolidation import Policy

__all__ = ["BigPanda"]

Row = dict[str, Any]


class BigPanda(Incidents):
    """A BigPanda organisation: incidents, alerts, patterns and mapping enrichments.

    Parameters
    ----------
    api_key
        User API key, for all but v1.0. Default: the setting `BIGPANDA_API_KEY`.
    org_token
        Org token, for v1.0 enrichments. Default: the setting `BIGPANDA_ORG_TOKEN`.
    region
        `"us"` or `"eu"`. Default: the setting `BIGPANDA_REGION`, else `"us"`.
    base_url
        In place of the region. Default: the setting `BIGPANDA_BASE_URL`.
    rate
        Requests a second for each endpoint; the service's limit is 5. `None` for no limit.
    session
        A `requests.Session` of your own (client certificates, adapters).
    progress
        `True` and `False` force the progress line; `None` shows it where someone watches.

    Raises
    ------
    SettingsError
        When there is no token at all, or a setting is malformed.

    Notes
    -----
    `environment` is an environment's id or its name. Every loader takes `max_rows` (a cap warns
    with `TruncatedWarning`) and `progress`, and puts the facts of its load into
    `df.attrs["pandakit"]`. Columns are declared: their names and dtypes do not depend on the
    rows. Tags follow as `tag.<name>`, as they came: text, or a list where there are several
    values. Words such as statuses are in lower case.

    A search reaches the first 10,000 incidents; when more match, `PaginationError` is raised,
    with the first page as `partial`, instead of a silent cut.

    Source: "Introduction to BigPanda APIs".

    Examples
    --------
    >>> BigPanda("a-key", region="eu")
    BigPanda(BigPanda at https://eu-api.bigpanda.io, token from argument)

    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-01-01")
    ...     len(incidents), sorted(incidents["folders"][0])
    (5, [...])
    """

    def __init__(
        self,
        api_key: str | None = None,
        org_token: str | None = None,
        *,
        region: str | None = None,
        base_url: str | None = None,
        rate: float | None = 5.0,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        found = [find("BIGPANDA_API_KEY", api_key), find("BIGPANDA_ORG_TOKEN", org_token)]
        del api_key, org_token  # tracebacks may show the locals
        given = [each for each in found if each.value]
        if not given:
            raise SettingsError(missing_message("BIGPANDA_API_KEY", "BIGPANDA_ORG_TOKEN"))
        service = bigpanda_service(_base_url(region, base_url), rate)
        tokens = {
            each.setting.name: read_token(str(each.value), each.setting.name) for each in given
        }
        secrets = tuple(tokens.values())
        self._sessions = {
            name: Session(service, token, session=session, secrets=secrets)
            for name, token in tokens.items()
        }
        first = given[0]
        super().__init__(self._sessions[first.setting.name], first, progress)

    def close(self) -> None:
        """Release the connections."""
        for session in self._sessions.values():
            session.close()

    def check(self) -> Check:
        """Make one cheap authorised call: list the environments.

        Returns
        -------
        Check
            Whom was asked with which setting, and the answer.

        Raises
        ------
        AuthenticationError
            When the token is refused.
        """
        if "BIGPANDA_API_KEY" in self._sessions:
            return self._checked(f"{len(self.environments(progress=False))} environments")
        found = self.enrichments(api_version="v1.0", progress=False)
        return self._checked(f"the org token works; {len(found)} enrichments of v1.0")

    def activities(
        self,
        incident_ids: str | Iterable[str],
        *,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load what was done with incidents: assigned, commented, resolved, reopened ...

        Parameters
        ----------
        incident_ids
            One id, or several (a column of `incidents` too).
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per activity, newest first within each incident.
        """
        ids = [incident_ids] if isinstance(incident_ids, str) else list(dict.fromkeys(incident_ids))
        shape = to_frame("activities")
        if not ids:
            facts = {"source": self.source, "requests": 0, "pages": 0, "rows": 0}
            return add_facts(shape([]), **facts, window=[None, None], capped=False, complete=True)
        resource = RESOURCES["activities"]
        parts = tuple(
            Part(
                user_call(resource.path.format(incident_id=path_segment(each)), resource.path),
                resource.pages,
                {"incident_id": each},
            )
            for each in ids
        )
        return self._load(
            Listing(
                parts[0].call,
                ChainedPages(parts),
                lambda row: (row["incident_id"], row["id"]) if "id" in row else None,
                label="BigPanda activities",
            ),
            shape,
            session=self._user_session,
            max_rows=max_rows,
            progress=progress,
        )

    def correlation_patterns(
        self,
        *,
        active: bool | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the correlation patterns.

        Parameters
        ----------
        active
            `True` for those in use only.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per pattern; `time_window` is in minutes.
        """
        shape = to_frame("correlation_patterns")
        return self._list("correlation_patterns", shape, max_rows, progress, active=active)

    def policy(self, *, progress: bool | None = None) -> Policy:
        """Load the patterns in use as a policy, to consolidate as this tenant does.

        Parameters
        ----------
        progress
            As in every loader.

        Returns
        -------
        Policy
            The patterns in their run order: as set by hand where they have an
            `execution_order`, else longest window first. All other settings are those of
            `CURRENT`; the service does not tell them.

        Raises
        ------
        NotFoundError
            When no pattern is in use.
        ValueError
            When a pattern cannot be simulated; the message names it.

        Warns
        -----
        ServiceWarning
            When a window is longer than the 4,320 minutes that the service allows: such a
            number is taken as seconds.

        Notes
        -----
        Source: "Correlation Pattern Object".
        """
        from pandakit.bigpanda._policy import policy_of  # noqa: PLC0415 - loads the simulation

        return policy_of(self.correlation_patterns(progress=progress))

    def raw_alerts(
        self,
        app_key: str,
        *,
        start: TimeLike,
        page_size: int = 100,
        max_rows: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Load the events that an integration sent, before enrichment.

        Parameters
        ----------
        app_key
            The integration.
        start
            First moment.
        page_size
            Rows a request; more are faster, where the service allows them.
        max_rows, progress
            As in every loader.

        Returns
        -------
        pandas.DataFrame
            One row per event, as `consolidate` takes them; the sender's own fields keep their
            names.
        """
        asked = self._window(start, None)
        since = asked.start or to_time(start)  # None is refused
        resource = RESOURCES["raw_alerts"]
        params = {"app_key": app_key, "since": int(since.timestamp())}
        return self._load(
            Listing(
                user_call(resource.path, resource.path, params),
                pages_of("limit", page_size),
                label=f"BigPanda events {app_key}",
            ),
            to_frame("raw_alerts", lambda row: {"app_key": app_key, **event_row(row)}),
            session=self._user_session,
            window=asked,
            max_rows=max_rows,
            progress=progress,
        )
