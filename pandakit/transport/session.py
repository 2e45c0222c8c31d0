"""The session: credentials, hosts, limits and errors of every call; the service's clock."""

from __future__ import annotations

import json as _json
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import requests

from pandakit.errors import AuthenticationError, SettingsError, TransportError
from pandakit.forks import renew_in_children
from pandakit.redaction import mask_logs
from pandakit.settings import read_token
from pandakit.transport.attempt import AttemptFailed, failure_of, fetch
from pandakit.transport.options import Clock, TransportOptions
from pandakit.transport.pacing import RetryBudget, limiter_for, with_retries
from pandakit.transport.reply import Reply, http_date
from pandakit.transport.service import HeaderAuth, Home, is_loopback, proxy_passwords, signature
from pandakit.transport.wire import RoomyAdapter, leave_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pandakit.progress import ProgressLine
    from pandakit.redaction import Secret
    from pandakit.transport.service import Call, Service

__all__ = ["ServiceClock", "Session"]


# The loggers of the layers below; at DEBUG they may quote what a service sent.
_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.response",
    "pandakit.transport",
)


class Session:
    """Sends the calls of one service with one token; safe to share between threads.

    Parameters
    ----------
    service
        The declaration of the service.
    token
        The credential; it is sent to the host of `service.base_url` and nowhere else.
    session
        A `requests.Session` of your own (adapters, client certificates, a CA file in `verify`).
    options
        Deadlines, attempts, limits.
    clock
        Time and chance.
    refresh
        Called when a token is refused (401); returns a new one, or `None`.

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
        # Not used, but masked in texts while they are kept here.
        self._masked = proxy_passwords(service.base_url)
        mask_logs(_LOGGERS)
        self._budget = RetryBudget(self.options.retry_budget)
        self._limiters: dict[str, Any] = {}
        self.is_closed = False
        """Whether `close` was called."""
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
        """Release the connections, unless the session is the caller's; later calls raise."""
        self.is_closed = True
        if self._own:
            self._http.close()

    def server_time(self) -> float:
        """Return seconds since 1970 by the service's clock, as far as an answer has shown it."""
        return self.service_clock.time(self.clock)

    @property
    def knows_time(self) -> bool:
        """Whether an answer has shown the service's clock."""
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
        if self.is_closed:
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

    def token_mark(self, salt: bytes) -> str:
        """Return a text, equal for equal tokens and salts, too short to recover the token."""
        return self._token.mark(salt)

    def use_token(self, token: str) -> None:
        """Use another token from now on.

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
        signed = signature(url) if call.anonymous else ()
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
        # The two encodings that can be unpacked under a limit.
        common = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        headers: dict[str, str | None] = {**common, **self.service.headers, **(call.headers or {})}
        if call.json is not None:
            body = _json.dumps(call.json, ensure_ascii=False, allow_nan=False).encode()
            headers.setdefault("Content-Type", "application/json")
        if call.anonymous:  # nor does the caller's own session add its encodings
            headers |= {self.service.auth_header: None, "Authorization": None}
        verify = self._http.verify
        host = urlsplit(url).hostname
        return {
            # A request to this machine would leave it through a proxy, perhaps unencrypted.
            "proxies": {"no_proxy": host} if is_loopback(host) else {},
            "url": url,
            "params": call.plain_params(),
            "data": body,
            "headers": headers,
            "auth": HeaderAuth(self.service, None if call.anonymous else self._token),
            "verify": verify if isinstance(verify, str) else True,
        }


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


# In this header the sandbox sends its fixed time; it is accepted only from this machine.
_SANDBOX_TIME = "X-Sandbox-Time"
_SKEW_MOST = 24 * 3600.0  # seconds; a clock that is further off is ignored


class ServiceClock:
    """The difference between the service's clock and ours.

    Parameters
    ----------
    is_loopback
        Whether the service is on this machine, where it may be a sandbox.
    """

    def __init__(self, *, is_loopback: bool) -> None:
        self._is_loopback = is_loopback
        self._skew: float | None = None
        self._stands_still: float | None = None
        self.odd_date = ""
        """A `Date` that was ignored."""

    @property
    def is_known(self) -> bool:
        """Whether an answer has shown the time."""
        return self._skew is not None

    def time(self, clock: Clock) -> float:
        """Return seconds since 1970 by the service's clock, or by ours until it is known."""
        if self._stands_still is not None:
            return self._stands_still
        return clock.wall() + (self._skew or 0.0)

    def learn(self, headers: Mapping[str, str], clock: Clock) -> None:
        """Read the time from an answer."""
        stands_still = headers.get(_SANDBOX_TIME) if self._is_loopback else None
        # A proxy in front may add its own `Date` before it: the last one is the service's.
        sent = http_date(stands_still or headers.get("Date", "").rpartition("GMT, ")[2])
        if sent is None:
            return
        skew = sent - clock.wall()
        self._stands_still = None if stands_still is None else sent
        believed = stands_still is not None or abs(skew) <= _SKEW_MOST
        self._skew = skew if believed else 0.0
        self.odd_date = "" if believed else headers["Date"][-60:]
