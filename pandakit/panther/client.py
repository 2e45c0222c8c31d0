"""The Panther client: each method is the function of its topic's module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.errors import NotFoundError
from pandakit.panther import alert_lists, child_tables, content, overview, people, writes
from pandakit.panther.service import panther_service
from pandakit.settings import check_trust, read_token, require, token_reader
from pandakit.transport import Call, Check, Client, Session

if TYPE_CHECKING:
    import requests

    from pandakit.transport import Reply

__all__ = ["Panther"]


class Panther(Client):
    """A client of a Panther instance: each loader returns one whole list as a frame.

    Parameters
    ----------
    host
        Host or URL of the API (`api.example.runpanther.net`); the console's GraphQL URL works
        too. Default: the setting `PANTHER_API_HOST`.
    token
        API token. Default: the setting `PANTHER_API_TOKEN`.
    session
        A `requests.Session` of your own (client certificates, adapters).
    progress
        `True` shows progress lines and `False` hides them; default: shown in a terminal or a
        notebook.

    Raises
    ------
    SettingsError
        When a setting is missing or malformed.

    Notes
    -----
    Filters are keyword arguments in snake_case, checked before a request is sent: an unknown one
    is a `TypeError` that lists the known ones, an unknown value a `ValueError`.

    Every loader takes `max_rows`, `progress` and `store`, and records the load in
    `df.attrs["pandakit"]`. Column names and dtypes do not depend on the rows; fields that
    pandakit does not declare follow the declared columns.

    The REST API neither lists log sources nor runs data-lake queries, so there are no loaders
    for them.

    Source: "Panther REST API".

    Examples
    --------
    >>> panther = Panther("api.example.runpanther.net", "a-token")
    >>> panther
    Panther(Panther at https://api.example.runpanther.net, token from argument)
    >>> panther.rules(colour="red")
    Traceback (most recent call last):
    TypeError: rules() has no filter 'colour'; it has: name_contains, created_by, ...

    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rules = services.panther.rules(severity=["HIGH", "CRITICAL"], state="enabled")
    ...     sorted(rules["severity"].unique()), rules["created_at"].dtype
    (['CRITICAL', 'HIGH'], datetime64[ns, UTC])
    """

    def __init__(
        self,
        host: str | None = None,
        token: str | None = None,
        *,
        session: requests.Session | None = None,
        progress: bool | None = None,
    ) -> None:
        secret = require("PANTHER_API_TOKEN", token)
        del token  # tracebacks may show the locals
        where = require("PANTHER_API_HOST", host)
        check_trust(where, secret)
        service = panther_service(str(where.value))
        read = read_token(str(secret.value), secret.setting.name)
        super().__init__(
            Session(service, read, session=session, refresh=token_reader(secret)), secret, progress
        )

    def check(self) -> Check:
        """Return the result of one cheap authorised call: fetching this token's permissions.

        Returns
        -------
        Check
            The service, the setting that was used, and the answer.

        Raises
        ------
        AuthenticationError
            When the token is refused.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     answer = services.panther.check()
        >>> answer.service
        'Panther sandbox'
        """
        try:
            reply = self._session.send(Call("GET", "/api-tokens/self", endpoint="/api-tokens"))
        except NotFoundError:  # versions before 1.112 have no such path
            self._session.send(Call("GET", "/data-models", params={"limit": 1}))
            return self._checked("the token works")
        return self._checked(reply.read(_described_token))

    # A method's first parameter is the client, wherever it is defined: one module for each topic,
    # and this class is their table of contents.
    data_models = content.data_models
    globals = content.globals
    policies = content.policies
    queries = content.queries
    rules = content.rules
    scheduled_rules = content.scheduled_rules
    simple_rules = content.simple_rules
    correlation_rules = content.correlation_rules
    detections = overview.detections
    get = overview.get
    inventory = overview.inventory
    alerts = alert_lists.alerts
    alert_events = alert_lists.alert_events
    alert_comments = alert_lists.alert_comments
    alert_context_tags = alert_lists.alert_context_tags
    users = people.users
    roles = people.roles
    api_tokens = people.api_tokens
    save = writes.save
    delete = writes.delete
    test_results = staticmethod(writes.test_results)
    unit_tests = staticmethod(child_tables.unit_tests)
    reports = staticmethod(child_tables.reports)
    mappings = staticmethod(child_tables.mappings)


def _described_token(reply: Reply) -> str:
    token = reply.object()
    rights = ", ".join(map(str, token.get("permissions") or [])) or "none named"
    return f"the token {token.get('name')!r} works; permissions: {rights}"
