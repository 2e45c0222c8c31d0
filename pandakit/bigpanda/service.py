"""How BigPanda is reached: regions, an account's two tokens, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pandakit.errors import ProtocolError, SettingsError
from pandakit.settings import Found, check_trust, find, missing_message
from pandakit.transport import Call, Client, Problem, Service, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.enrichment import EnrichmentSchema
    from pandakit.transport import Reply, Session

__all__ = [
    "ENRICHMENT_PATHS",
    "JOB_ADDRESSES",
    "JOB_PATHS",
    "NEEDS",
    "NEEDS_ORG",
    "NEEDS_USER",
    "TOKENS",
    "Account",
    "ApiVersion",
    "Region",
    "base_url",
    "bigpanda_service",
    "enrichment_call",
    "read_schema",
]

Region = Literal["us", "eu"]
ApiVersion = Literal["v2.1", "v1.0"]

NEEDS_USER = "a user API key (BIGPANDA_API_KEY; such keys usually begin with BPU)"
NEEDS_ORG = "an org token (BIGPANDA_ORG_TOKEN), not a user API key"
# API version of mapping enrichments -> the setting of the token that it takes, and the hint.
TOKENS = {"v2.1": "BIGPANDA_API_KEY", "v1.0": "BIGPANDA_ORG_TOKEN"}
NEEDS = {"v2.1": NEEDS_USER, "v1.0": NEEDS_ORG}

# API version -> path of mapping enrichments, and of their jobs.
ENRICHMENT_PATHS = {
    "v2.1": "/resources/v2.1/mapping-enrichment",
    "v1.0": "/resources/v1.0/enrichments",
}
JOB_PATHS = {
    "v2.1": "/resources/v2.1/alert-enrichments-jobs/{id}",
    "v1.0": "/resources/v1.0/enrichment-jobs/{id}",
}

# The service writes the address of a job in at least five ways, all of which look like this.
JOB_ADDRESSES = (
    r"/resources/(?:v[0-9.]+|alert-enricher)/(?:[a-z-]*jobs|[a-z-]*enrichments?/[^/]+/map)/[^/]+"
)

_REGIONS = {"us": "https://api.bigpanda.io", "eu": "https://eu-api.bigpanda.io"}
_HINTS = {
    404: "BigPanda answers 404 in the wrong region (BIGPANDA_REGION) too, and for ids that this "
    "token may not see",
    413: "A table may have 500 MB: leave out rows that no alert looks up",
}


def base_url(region: str | None, url: str | None, *tokens: Found) -> str:
    """Return the base URL: the given one, else the region's, else that of the settings.

    Raises
    ------
    SettingsError
        For an unknown region, and for a URL that one of the `tokens` must not be sent to.

    Examples
    --------
    >>> base_url("eu", None)
    'https://eu-api.bigpanda.io'
    """
    found = find("BIGPANDA_BASE_URL", url)
    if url is not None or (region is None and found.value):
        check_trust(found, *tokens)
        return (found.value or "").rstrip("/")
    name = (find("BIGPANDA_REGION", region).value or "us").lower()
    if name not in _REGIONS:
        raise SettingsError(
            f"BIGPANDA_REGION is {name!r}: one of {', '.join(_REGIONS)}, "
            "or set BIGPANDA_BASE_URL instead"
        )
    return _REGIONS[name]


def bigpanda_service(url: str, rate: float | None) -> Service:
    """Return the declaration of BigPanda at a base URL.

    Source: "Introduction to BigPanda APIs".
    """
    return Service("BigPanda", url, rate=rate, read_error=_read_error, hints=_HINTS)


class Account(Client):
    """One organisation: what each of BigPanda's methods needs, a session for either token."""

    _sessions: dict[str, Session]  # name of the setting -> session with that token

    def _use_sessions(self, wrap: Callable[[Session], Session]) -> None:
        super()._use_sessions(wrap)
        self._sessions = {name: wrap(session) for name, session in self._sessions.items()}

    def _session_for(self, api_version: str) -> Session:
        """Return the session whose token an API version takes.

        Raises
        ------
        ValueError
            When there is no such version.
        SettingsError
            When its token is not set.
        """
        if api_version not in TOKENS:
            raise ValueError(f"api_version={api_version!r}: one of {', '.join(TOKENS)}")
        name = TOKENS[api_version]
        if name not in self._sessions:
            raise SettingsError(missing_message(name))
        return self._sessions[name]

    @property
    def _user_session(self) -> Session:
        return self._session_for("v2.1")


def enrichment_call(api_version: str, tail: str = "") -> Call:
    """Return the call that reads enrichments; `tail` follows the path of their list."""
    path = ENRICHMENT_PATHS[api_version]
    return Call("GET", path + tail, endpoint=path, needs=NEEDS[api_version])


def read_schema(session: Session, schema_id: str, api_version: str) -> EnrichmentSchema:
    """Return the schema of a mapping enrichment."""
    from pandakit.enrichment import EnrichmentSchema  # noqa: PLC0415 - loaded on use

    reply = session.send(enrichment_call(api_version, f"/{path_segment(schema_id)}"))
    return reply.read(lambda reply: EnrichmentSchema.from_api(reply.object()))


def _read_error(reply: Reply) -> Problem | None:
    """Read both envelopes: `{status, errors}`, and the newer `{statusCode, error, message}`."""
    if reply.content.lstrip()[:1] == b"<":
        return Problem(
            f"a web page, not JSON: {reply.excerpt()!r}. The base URL must be that of the API"
        )
    if reply.status < 400:  # noqa: PLR2004 - HTTP's bound
        return None
    try:
        body = reply.json()
    except ProtocolError:
        body = None
    message = body.get("errors") or body.get("message") if isinstance(body, dict) else None
    if isinstance(message, list):
        message = "; ".join(map(str, message))
    return Problem(str(message) if message else reply.excerpt())
