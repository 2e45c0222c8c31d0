"""One attempt over requests: send, read the whole answer under limits, classify what went wrong."""

from __future__ import annotations

import math
from http import HTTPStatus
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as u3

from pandakit.errors import (
    PandakitError,
    ProtocolError,
    SettingsError,
    TransportError,
    error_for_status,
)
from pandakit.transport.reply import Problem, Reply, parse_retry_after
from pandakit.transport.service import has_bad_proxy, origin_of
from pandakit.transport.wire import BadBody, DeadlinePassed, read_body, watch, watching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.transport.options import Clock, TransportOptions
    from pandakit.transport.service import Call, Service

__all__ = ["NOTHING_DONE", "PASSING", "AttemptFailed", "failure_of", "fetch"]

# With these statuses the service has not processed the request.
NOTHING_DONE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
# Faults that may pass.
PASSING = NOTHING_DONE | {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
}


class AttemptFailed(Exception):  # noqa: N818 - never leaves the transport
    """One attempt that failed, and what is known about it.

    Parameters
    ----------
    error
        The error that the user sees if this was the last attempt.
    passing
        Whether the fault may be temporary.
    sent
        Whether the service may have received the request.
    status
        The status, when there was an answer.
    retry_after
        Seconds that the service asked for.
    """

    def __init__(
        self,
        error: PandakitError,
        *,
        passing: bool,
        sent: bool = True,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.passing = passing
        self.sent = sent
        self.status = status
        self.retry_after = retry_after


def fetch(
    http: requests.Session,
    prepared: dict[str, Any],
    call: Call,
    *,
    options: TransportOptions,
    clock: Clock,
    deadline: float,
) -> tuple[int, Any, bytes]:
    """Send once; return status, headers and the whole body.

    Raises
    ------
    AttemptFailed
        With an error that names the host and never quotes the HTTP library.
    """
    url = prepared["url"]
    host = url.split("/")[2]
    fault: AttemptFailed | KeyboardInterrupt

    def check() -> None:
        if clock.monotonic() > deadline:
            raise DeadlinePassed

    left = deadline - clock.monotonic()
    waits = (_at_most(options.connect, left), _at_most(options.read, left))
    try:
        watch(http.get_adapter(url))
        with (
            watching(check),
            http.request(
                call.method, **prepared, stream=True, allow_redirects=False, timeout=waits
            ) as response,
        ):
            body = read_body(response, options.body_most, check)
            return response.status_code, response.headers, body
    except BadBody as bad:
        fault = AttemptFailed(bad.kind(f"{host}: {bad}"), passing=bad.passing)
    except (requests.RequestException, u3.HTTPError, HTTPException, OSError, ValueError) as exc:
        fault = _classify(exc, host, url)
    except KeyboardInterrupt:
        # Raised again, because the library's frames hold the header with the token.
        fault = KeyboardInterrupt()
    raise fault  # outside of the handler: no chain leads to the library's exceptions


def _at_most(limit: float, left: float) -> float | None:
    wait = max(0.001, min(limit, left))
    return None if math.isinf(wait) else wait


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """Walk the exceptions that lower layers wrapped: causes, `reason`s and arguments."""
    todo, seen = [exc], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        todo += [cause for cause in inner if isinstance(cause, BaseException)]


try:
    import ssl
except ModuleNotFoundError:  # in a browser, where no call gets here
    _BAD_CERTIFICATE: tuple[type[BaseException], ...] = ()
    _BROKEN_TLS: tuple[type[BaseException], ...] = ()
else:
    _BAD_CERTIFICATE = (ssl.SSLCertVerificationError,)
    _BROKEN_TLS = (ssl.SSLError,)
_SOCKS = "socks"  # the package that speaks to such proxies, if it is installed
_UNSENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    u3.NewConnectionError,
    u3.NameResolutionError,
    u3.ConnectTimeoutError,
)
# (sign in the chain of causes, error class, passing, message); the first match counts
_FAULTS: tuple[tuple[tuple[type[BaseException], ...], type[PandakitError], bool, str], ...] = (
    (
        (DeadlinePassed,),
        TransportError,
        False,
        "the answer was not complete within the total deadline",
    ),
    (
        _BAD_CERTIFICATE,
        TransportError,
        False,
        (
            "its TLS certificate could not be verified (expired, another name, or a private "
            "authority: then point REQUESTS_CA_BUNDLE at its file)"
        ),
    ),
    (
        (requests.exceptions.InvalidSchema,),
        SettingsError,
        False,
        (
            "a SOCKS proxy of the environment needs a package that is not installed: "
            "pip install 'requests[socks]', or look at HTTPS_PROXY and ALL_PROXY"
        ),
    ),
    (
        (requests.exceptions.InvalidProxyURL,),
        SettingsError,
        False,
        "the proxy of the session has no usable address: look at its `proxies`",
    ),
    (
        (requests.exceptions.ProxyError, u3.ProxyError),
        TransportError,
        True,
        "the proxy of the environment refused or failed: look at HTTPS_PROXY and its password",
    ),
    ((u3.NameResolutionError,), TransportError, True, "its name could not be resolved"),
    # a NewConnectionError is a ConnectTimeoutError too, for old times' sake
    ((u3.NewConnectionError,), TransportError, True, "the connection was refused"),
    (
        (requests.exceptions.ConnectTimeout, u3.ConnectTimeoutError),
        TransportError,
        True,
        "no connection within the connect deadline",
    ),
    (
        (requests.exceptions.ReadTimeout, u3.ReadTimeoutError, TimeoutError),
        TransportError,
        True,
        "no byte arrived within the read deadline",
    ),
    (
        (RemoteDisconnected, ConnectionError),
        TransportError,
        True,
        "the connection broke before the answer was complete",
    ),
    ((u3.IncompleteRead, IncompleteRead), TransportError, True, "the answer was cut"),
    (
        (BadStatusLine, HTTPException, u3.HeaderParsingError, u3.InvalidHeader),
        ProtocolError,
        False,
        "it does not speak proper HTTP (its status line or headers are malformed)",
    ),
    (_BROKEN_TLS, TransportError, True, "the TLS connection broke"),
    (
        (requests.exceptions.InvalidHeader, ValueError),
        ProtocolError,
        False,
        "the request, or an address in the answer, cannot be put into HTTP",
    ),
)


def _is_bad_certificate_file(cause: BaseException) -> bool:
    """Return whether the local certificates, not the service's, are missing or malformed."""
    if isinstance(cause, _BROKEN_TLS):
        library, reason = (getattr(cause, name, None) for name in ("library", "reason"))
        return library in {"X509", "PEM"} or reason == "NO_CERTIFICATE_OR_CRL_FOUND"
    # An error of requests that has no class of its own.
    return isinstance(cause, OSError) and str(cause).startswith("Could not find ")


def _bad_setting(causes: list[BaseException], url: str) -> str | None:
    """Return what is wrong with the environment, if that is why the request failed."""
    if any(map(_is_bad_certificate_file, causes)):
        return (
            "the file or folder of certificates cannot be read: look at REQUESTS_CA_BUNDLE and "
            "CURL_CA_BUNDLE, and at `verify` and `cert` of a session of your own"
        )
    if has_bad_proxy(url):
        return (
            "the proxy of the environment has no usable address: look at HTTPS_PROXY, HTTP_PROXY "
            "and ALL_PROXY"
        )
    return None


def _classify(exc: BaseException, host: str, url: str) -> AttemptFailed:
    causes = list(_causes(exc))
    if words := _bad_setting(causes, url):
        return AttemptFailed(SettingsError(f"{host}: {words}"), passing=False, sent=False)
    if any(type(cause).__module__ == _SOCKS for cause in causes):
        refused = TransportError(f"{host}: the SOCKS proxy of the environment refused or failed")
        return AttemptFailed(refused, passing=True, sent=False)
    sent = not any(isinstance(cause, _UNSENT) for cause in causes)
    for kinds, error, passing, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in causes):
            return AttemptFailed(error(f"{host}: {words}"), passing=passing, sent=sent)
    return AttemptFailed(
        TransportError(f"{host}: the connection failed ({type(exc).__name__})"),
        passing=True,
        sent=sent,
    )


def failure_of(service: Service, call: Call, reply: Reply, now: float) -> AttemptFailed | None:
    """Return the failure in an answer, by its envelope first and its status second."""
    if reply.status in call.expected:
        return None
    problem = None if call.anonymous else reply.read(service.read_error)
    if problem is None and reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    problem = problem or Problem(reply.excerpt())
    status = problem.status or reply.status
    wait = parse_retry_after(reply.headers, now)
    error = error_for_status(status)(
        _message(service, call, reply, status, problem),
        status_code=status,
        retry_after=wait,
        retryable=status in PASSING,
        request_id=problem.request_id or reply.request_id,
    )
    return AttemptFailed(error, passing=False, status=status, retry_after=wait)


def _message(service: Service, call: Call, reply: Reply, status: int, problem: Problem) -> str:
    words = f"{service.name} answered {status} to {call.method} {urlsplit(reply.url).path}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = origin_of(reply.headers.get("Location", ""), reply.url)
        words += f": a redirect to {target}, not followed since it may leak the token"
    elif problem.message:
        words += f": {problem.message}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) and call.needs:
        words += f". This call needs {call.needs}"
    if hint := service.hints.get(status):
        words += f". {hint}"
    return words
