"""The BigPanda client: each method is the function of its topic's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.bigpanda import (
    enrichments,
    events,
    incidents,
    patterns,
    refreshes,
    setup,
    simulation,
    uploads,
)
from pandakit.bigpanda.service import Account, base_url as base_url_of, bigpanda_service
from pandakit.errors import SettingsError
from pandakit.settings import find, missing_message, read_token, token_reader
from pandakit.transport import Check, Session

if TYPE_CHECKING:
    import requests

    from pandakit.bigpanda.service import Region

__all__ = ["BigPanda"]


class BigPanda(Account):
    """A client of a BigPanda organisation: incidents, alerts, patterns and mapping enrichments.

    Parameters
    ----------
    api_key
        User API key, for everything but v1.0 enrichments and sending alerts. Default: the
        setting `BIGPANDA_API_KEY`.
    org_token
        Org token, for v1.0 enrichments and sending alerts. Default: the setting
        `BIGPANDA_ORG_TOKEN`.
    region
        `"us"` or `"eu"`. Default: the setting `BIGPANDA_REGION`, else `"us"`.
    base_url
        URL of the API, instead of the region. Default: the setting `BIGPANDA_BASE_URL`.
    rate
        Requests per second and endpoint; the service's limit is 5. `None` for no limit.
    session
        A `requests.Session` of your own (client certificates, adapters).
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal and
        in a notebook.

    Raises
    ------
    SettingsError
        When neither token is set, or a setting is malformed.

    Notes
    -----
    `environment` is an environment's id or its name. Every loader takes `max_rows` (a cap that
    warns with `TruncatedWarning`), `progress` and `store`, and records its load in
    `df.attrs["pandakit"]`. Columns are declared: their names and dtypes do not depend on the
    rows. Tags follow as `tag.<name>`: text, or a list where there are several values. Words
    such as statuses are lower case.

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
        region: Region | None = None,
        base_url: str | None = None,
        rate: float | None = 5.0,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        found = [find("BIGPANDA_API_KEY", api_key), find("BIGPANDA_ORG_TOKEN", org_token)]
        del api_key, org_token  # tracebacks may show the locals
        set_tokens = [each for each in found if each.value]
        if not set_tokens:
            raise SettingsError(missing_message("BIGPANDA_API_KEY", "BIGPANDA_ORG_TOKEN"))
        service = bigpanda_service(base_url_of(region, base_url, *set_tokens), rate)
        self._sessions = {
            each.setting.name: Session(
                service,
                read_token(str(each.value), each.setting.name),
                session=session,
                refresh=token_reader(each),
            )
            for each in set_tokens
        }
        first = set_tokens[0]
        super().__init__(self._sessions[first.setting.name], first, progress)

    def close(self) -> None:
        """Release the connections."""
        for session in self._sessions.values():
            session.close()

    def check(self) -> Check:
        """Return the result of one cheap authorised call: listing the environments.

        Returns
        -------
        Check
            The service, the setting with the token, and the response.

        Raises
        ------
        AuthenticationError
            When the token is refused.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     answer = services.bigpanda.check()
        >>> answer.service
        'BigPanda sandbox'
        """
        if "BIGPANDA_API_KEY" in self._sessions:
            return self._checked(f"{len(self.environments(progress=False))} environments")
        found = self.enrichments(api_version="v1.0", progress=False)
        return self._checked(f"the org token works; {len(found)} enrichments of v1.0")

    # A method's first parameter is the client, wherever it is defined: one module for each topic,
    # and this class is their table of contents.
    environments = incidents.environments
    incident = incidents.incident
    refresh = refreshes.refresh
    alerts = incidents.alerts
    activities = incidents.activities
    raw_alerts = events.raw_alerts
    send_alerts = events.send_alerts
    replay = events.replay
    correlation_patterns = patterns.correlation_patterns
    policy = patterns.policy
    simulate = simulation.simulate
    maintenance_plans = setup.maintenance_plans
    alert_filters = setup.alert_filters
    incident_tags = setup.incident_tags
    troubleshooting_logs = setup.troubleshooting_logs
    enrichment_schema = enrichments.enrichment_schema
    enrichment_size = enrichments.enrichment_size
    enrichment_table = enrichments.enrichment_table
    preview_enrichment = enrichments.preview_enrichment
    upload_enrichment = uploads.upload_enrichment
    verify_upload = uploads.verify_upload
    job = uploads.job
    # Last, because in this class these names no longer mean the modules.
    incidents = incidents.incidents
    enrichments = enrichments.enrichments
