"""The audit service: its address, and the envelope, whose status says whether a call failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.errors import ProtocolError, SettingsError
from pandakit.pangea.columns import EVENT_COLUMNS, HIDDEN, ROOT_COLUMNS, SCHEMA_COLUMNS
from pandakit.settings import Found, check_trust, find, missing_message
from pandakit.transport import Problem, Service, declared_fields, row_checks

if TYPE_CHECKING:
    from pandakit.transport import Reply

__all__ = ["ROW_CHECKS", "base_url", "pangea_service", "read_result", "read_status"]

Row = dict[str, Any]

ROW_CHECKS = row_checks(
    {
        "events": declared_fields(EVENT_COLUMNS, *HIDDEN, "fpe_context"),
        "schema": declared_fields(SCHEMA_COLUMNS),
        "root": declared_fields(ROOT_COLUMNS),
    },
    common=(),
)
_SERVICE_NAME = "{SERVICE_NAME}"
_SUCCESS = {"success", "accepted"}
# The HTTP status that each status name corresponds to; other names keep the HTTP status.
_STATUSES = {
    "badoffset": 400,
    "failed": 400,
    "internalerror": 500,
    "missingconfigid": 400,
    "missingconfigidscope": 400,
    "notfound": 404,
    "providererror": 502,
    "servicenotavailable": 503,
    "toomanyrequests": 429,
    "treenotfound": 404,
    "unauthorized": 401,
    "validationerror": 400,
}
_REFUSALS = (401, 403)
_HINTS = {
    401: "Check PANGEA_AUDIT_TOKEN, and that PANGEA_DOMAIN is the token's own",
    403: "Check PANGEA_AUDIT_TOKEN, and that PANGEA_DOMAIN is the token's own",
}


def base_url(domain: str | None, template: str | None, *tokens: Found) -> str:
    """Return the base URL of the audit service, from the template or else from the domain.

    Raises
    ------
    SettingsError
        If neither is set, the domain is a URL, or one of the `tokens` must not be sent there.

    Examples
    --------
    >>> base_url("aws.eu.pangea.cloud", None)
    'https://audit.aws.eu.pangea.cloud'
    >>> base_url(None, "https://proxy.example.com/{SERVICE_NAME}")
    'https://proxy.example.com/audit'
    """
    given = find("PANGEA_BASE_URL_TEMPLATE", template)
    if given.value and (template is not None or domain is None):
        check_trust(given, *tokens)
        return given.value.replace(_SERVICE_NAME, "audit").rstrip("/")
    found = find("PANGEA_DOMAIN", domain)
    name = found.value
    if not name:
        raise SettingsError(missing_message("PANGEA_DOMAIN", "PANGEA_BASE_URL_TEMPLATE"))
    if "/" in name:
        raise SettingsError(
            f"PANGEA_DOMAIN is {name!r}: set the domain alone, as in aws.us.pangea.cloud, or "
            "put the URL in PANGEA_BASE_URL_TEMPLATE"
        )
    check_trust(found, *tokens)
    return f"https://audit.{name.removeprefix('audit.')}"


def pangea_service(url: str) -> Service:
    """Return the declaration of the audit service at a base URL.

    Source: "Pangea API reference".
    """
    return Service("Pangea", url, read_error=_read_error, hints=_HINTS)


def read_status(reply: Reply) -> str:
    """Return the status of a reply in lower case; empty if it has none."""
    body = reply.json()
    return str(body.get("status", "")).lower() if isinstance(body, dict) else ""


def read_result(reply: Reply, *needed: str) -> Row:
    """Return the result of a successful reply.

    Raises
    ------
    ProtocolError
        If there is no result, or it lacks a member that it must have.
    """
    result = reply.object().get("result")
    if not isinstance(result, dict):
        raise reply.malformed("reported success without a result")
    if missing := [key for key in needed if key not in result]:
        raise reply.malformed(f"returned a result without {', '.join(missing)}")
    return result


def _read_error(reply: Reply) -> Problem | None:
    """Return the error that the envelope reports; its status decides, not HTTP's."""
    if reply.content.lstrip()[:1] == b"<":
        return Problem(f"a web page, not JSON: {reply.excerpt()!r}. Check PANGEA_DOMAIN")
    try:
        body = reply.json()
    except ProtocolError:
        return Problem(reply.excerpt() or "an empty reply")
    if not isinstance(body, dict) or not isinstance(body.get("status"), str):
        return Problem(f"no Pangea envelope: {reply.excerpt()!r}")
    name = body["status"]
    if name.lower() in _SUCCESS:
        return None
    return Problem(_describe(name, body), _status(name, reply.status), body.get("request_id"))


def _status(name: str, http: int) -> int:
    if name.lower() == "unauthorized" and http in _REFUSALS:
        return http
    return _STATUSES.get(name.lower(), max(http, 400))


def _describe(name: str, body: Row) -> str:
    result = body.get("result")
    errors = result.get("errors") if isinstance(result, dict) else None
    details = [
        f"{each.get('source', '')} {each.get('code', '')}: {each.get('detail', '')}".strip()
        for each in errors or []
        if isinstance(each, dict)
    ]
    return "; ".join([f"{name}: {body.get('summary') or 'no summary'}", *details])
