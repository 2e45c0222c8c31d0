"""The session: credentials, hosts, limits and errors of every call."""

from __future__ import annotations

import json as _json
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.utils import get_environ_proxies, requote_uri

from pandakit.errors import AuthenticationError, SettingsError, TransportError
from pandakit.forks import renew_in_children
from pandakit.redaction import Secret, mask_logs
from pandakit.settings import read_token
from pandakit.transport.attempt import AttemptFailed, fetch
from pandakit.transport.connections import RoomyAdapter, leave_connections
from pandakit.transport.hosts import Home, is_loopback
from pandakit.transport.options import Clock, TransportOptions
from pandakit.transport.ratelimit import limiter_for
from pandakit.transport.refusals import failure_of
from pandakit.transport.reply import Reply
from pandakit.transport.retry import RetryBudget, with_retries
from pandakit.transport.service_clock import ServiceClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.progress import ProgressLine
    from pandakit.transport.call import Call
    from pandakit.transport.service import Service

__all__ = ["Session"]

# What the layers below write to at DEBUG; their text may quote what a service sent.
_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.response",
    "pandakit.transport",
)


# A shorter value of a presigned address (a date, a key's name) is not a signature.
_SIGNATURE = 16


class _HeaderAuth(requests.auth.AuthBase):
    """Writes the token into the header; without a token it only keeps netrc away."""

    def __init__(self, service: Service, token: Secret | None) -> None:
        self._service = service
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            value = self._service.auth_prefix + self._token.reveal()
            request.headers[self._service.auth_header] = value
        return request


class Session:
    """Sends the calls of one service with one token; safe to share between threads.

    Parameters
    ----------
    service
        What the adapter declares.
    token
        The credential; goes to the host of `service.base_url` and nowhere else.
    session
        A `requests.Session` of your own (adapters, client certificates, a CA file in `verify`).
    options
        Deadlines, attempts, limits.
    clock
        Time and chance.
    refresh
        Called when a token is refused (401); returns another one, or `None`.

    Raises
    ------
    SettingsError
        For plain http outside loopback, credentials in the URL, or a session that does not
        verify TLS.
    """

    is_stored = False
    """Whether replies are kept in a store."""

    def __init__(
        self,
        service: Service,
        token: Secret,
        *,
        session: requests.Session | None = None,
        options: TransportOptions | None = None,
        clock: Clock | None = None,
        refresh: Callable[[], Secret | None] | None = None,
    ) -> None:
        self.service = service
        self.options = options or TransportOptions()
        self.clock = clock or Clock()
        self._home = Home(service)
        self.service_clock = ServiceClock(is_loopback=self._home.is_loopback)
        self._token = token
        self._refresh = refresh
        self._own = session is None
        self._http = _new_http() if session is None else _checked_http(session)
        # Not used, but masked in texts for as long as they are kept here.
        self._masked = _proxy_passwords(service.base_url)
        mask_logs(_LOGGERS)
        self._budget = RetryBudget(self.options.retry_budget)
        self._limiters: dict[str, Any] = {}
        self._is_closed = False
        renew_in_children(self)

    def __repr__(self) -> str:
        return f"Session({self.service.name}, {self.service.base_url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a session holds a connection and a token: make a new client instead")

    def renew(self) -> None:
        """Leave all connections to the parent process."""
        leave_connections(self._http)

    def close(self) -> None:
        """Release the connections (of a session of our own); later calls raise."""
        self._is_closed = True
        if self._own:
            self._http.close()

    def server_time(self) -> float:
        """Return seconds since 1970 by the service's clock, as far as an answer told it."""
        return self.service_clock.time(self.clock)

    @property
    def knows_time(self) -> bool:
        """Whether an answer has told the service's clock."""
        return self.service_clock.is_known

    def own_url(self, address: str, path: str) -> str | None:
        """Return an address as an absolute URL, if it is the service's own; see `Home.own_url`."""
        return self._home.own_url(address, path)

    def send(self, call: Call, progress: ProgressLine | None = None) -> Reply:
        """Send a call and return the whole answer.

        Raises
        ------
        PandakitError
            The class of the status (`AuthenticationError` ...), `TransportError` (also after
            `close`), `ProtocolError`, or `OutcomeUnknownError` for a write whose answer was lost.
        """
        if self._is_closed:
            raise TransportError(f"this {self.service.name} client is closed: make a new one")
        refused: AuthenticationError | None = None
        try:
            return self._send(call, progress)
        except AuthenticationError as error:
            refused = error
        fresh = None if self._refresh is None or call.anonymous else self._refresh()
        if fresh is None or fresh.fingerprint() == self._token.fingerprint():
            raise refused
        self._replace_token(fresh)
        return self._send(call, progress)

    def use_token(self, token: str) -> None:
        """Send another token from now on.

        Raises
        ------
        SettingsError
            When it is malformed.
        """
        self._replace_token(read_token(token, "the new token"))

    def _replace_token(self, token: Secret) -> None:
        self._masked.append(self._token)
        self._token = token
        self._limiters.clear()

    def _send(self, call: Call, progress: ProgressLine | None) -> Reply:
        url = self._home.url_of(call)
        signed = _signature(url) if call.anonymous else ()
        # The first turn is waited for before the deadline starts: a queue is not a fault.
        self._take_turn(call, progress)
        return with_retries(
            lambda deadline: self._attempt(call, url, deadline, signed),
            call,
            before_again=lambda: self._take_turn(call, progress),
            options=self.options,
            clock=self.clock,
            budget=self._budget,
            progress=progress,
            name=self.service.name,
        )

    def _take_turn(self, call: Call, progress: ProgressLine | None) -> None:
        if self.service.rate is None or call.anonymous:
            return
        limiter = self._limiters.get(call.endpoint)
        if limiter is None:
            key = (self.service.base_url, self._token.fingerprint(), call.endpoint)
            limiter = limiter_for(key, self.service.rate, self.clock)
            self._limiters[call.endpoint] = limiter
        waited = limiter.acquire()
        if progress is not None and waited >= 1:
            progress.wait(waited, "rate limit")

    def _attempt(self, call: Call, url: str, deadline: float, signed: tuple[Secret, ...]) -> Reply:
        if self.clock.monotonic() >= deadline:
            raise AttemptFailed(self._late(), passing=False, sent=False)
        status, headers, content = fetch(
            self._http,
            self._prepared(call, url),
            call,
            options=self.options,
            clock=self.clock,
            deadline=deadline,
        )
        self.service_clock.learn(headers, self.clock)
        reply = Reply(
            status,
            headers,
            content,
            url.partition("?")[0],
            headers.get("X-Request-Id"),
            check=lambda: self._check_time(deadline),
            secrets=signed,
        )
        failure = failure_of(self.service, call, reply, self.clock.wall())
        if failure is not None:
            raise failure
        return reply

    def _check_time(self, deadline: float) -> None:
        if self.clock.monotonic() >= deadline:
            raise self._late()

    def _late(self) -> TransportError:
        return TransportError(f"{self.service.name}: the total deadline of the call passed")

    def _prepared(self, call: Call, url: str) -> dict[str, Any]:
        body = call.body() if callable(call.body) else call.body
        # The two that we can unpack under a limit.
        common = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        headers: dict[str, str | None] = {**common, **self.service.headers, **(call.headers or {})}
        if call.json is not None:
            body = _json.dumps(call.json, ensure_ascii=False, allow_nan=False).encode()
            headers.setdefault("Content-Type", "application/json")
        if call.anonymous:  # nor does a session of the user's own add what it has
            headers |= {self.service.auth_header: None, "Authorization": None}
        verify = self._http.verify
        host = urlsplit(url).hostname
        return {
            # What is meant for this machine would leave it through a proxy, perhaps in the clear.
            "proxies": {"no_proxy": host} if is_loopback(host) else {},
            "url": url,
            "params": call.plain_params(),
            "data": body,
            "headers": headers,
            "auth": _HeaderAuth(self.service, None if call.anonymous else self._token),
            "verify": verify if isinstance(verify, str) else True,
        }


def _proxy_passwords(url: str) -> list[Secret]:
    found = []
    for proxy in get_environ_proxies(url).values():
        with suppress(ValueError):  # of a malformed address, which requests refuses
            found.append(Secret(urlsplit(proxy).password))
    return found


def _signature(url: str) -> tuple[Secret, ...]:
    """Return what makes a presigned address a credential: its query, whole and in long pieces."""
    query = urlsplit(url).query
    pieces = [value for _, value in parse_qsl(query) if len(value) >= _SIGNATURE]
    secrets = filter(None, (query, requote_uri(query), *pieces))
    return tuple(Secret(each, in_pieces=False) for each in secrets)


def _new_http() -> requests.Session:
    http = requests.Session()
    http.mount("https://", RoomyAdapter())
    http.mount("http://", RoomyAdapter())
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


def _checked_http(http: requests.Session) -> requests.Session:
    if not http.verify:
        raise SettingsError(
            "the given session has verify=False: tokens are only sent over verified TLS; "
            "set verify to the path of your authority's certificates instead"
        )
    return http
