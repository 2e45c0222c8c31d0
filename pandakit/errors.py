"""Every error and warning that pandakit raises.

::

    PandakitError
    ├── SettingsError            a setting is missing or malformed
    ├── AuthenticationError      401: the token is missing, wrong or expired
    ├── PermissionDeniedError    403: the token may not do this
    ├── NotFoundError            404
    ├── ConflictError            409
    ├── GoneError                410
    ├── InvalidRequestError      400, 422: the service refused the request
    ├── RateLimitError           429
    ├── ServerError              5xx
    ├── TransportError           no connection, a timeout, a cut body
    ├── ProtocolError            an answer without the promised shape
    ├── PaginationError          a repeated cursor, an endless list, a ceiling
    ├── JobFailedError           a job ended as failed
    ├── JobTimeoutError          a job did not end in time
    ├── OutcomeUnknownError      a write whose answer was lost
    ├── EnrichmentError          a table that the service would refuse (also a ValueError)
    ├── EventError               events that cannot be read (also a ValueError)
    └── BpqlSyntaxError          a query that cannot be read (also a ValueError)

    UserWarning
    └── PandakitWarning
        ├── CellWarning              a value that its column cannot hold
        ├── DefaultWindowWarning     a window that the caller did not choose
        ├── PartialWarning           a part of what was requested is missing
        ├── RejectedEventsWarning    events that could not be read
        ├── ServiceWarning           an unexpected response of the service
        ├── TruncatedWarning         the caller's own cap was reached
        ├── StoreWarning             a store holds pages of another token, or damaged files
        └── UnknownFieldWarning      a query uses a field that the data does not have
"""

from __future__ import annotations

import sys
import warnings
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from pandakit.redaction import shown
from pandakit.tracebacks import short_traceback, wants_short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

__all__ = [
    "AuthenticationError",
    "BpqlSyntaxError",
    "CellWarning",
    "ConflictError",
    "DefaultWindowWarning",
    "EnrichmentError",
    "EventError",
    "GoneError",
    "InvalidRequestError",
    "JobFailedError",
    "JobTimeoutError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PaginationError",
    "PandakitError",
    "PandakitWarning",
    "PartialWarning",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RejectedEventsWarning",
    "ServerError",
    "ServiceWarning",
    "SettingsError",
    "StoreWarning",
    "TransportError",
    "TruncatedWarning",
    "UnknownFieldWarning",
    "error_for_status",
    "warn_user",
]


class PandakitError(Exception):
    """The base of all errors: catch it, then branch on the fields.

    Parameters
    ----------
    message
        What happened, where, and what to do.
    status_code
        The HTTP status, when there was an answer.
    retry_after
        Seconds that the service asks to wait.
    retryable
        Whether the same call may succeed later.
    request_id
        The service's own id of the call.
    partial
        A frame of what was fetched before the failure, or the function that makes it.
    resume
        A function that requests only the rest and returns the whole.

    Examples
    --------
    >>> error = PandakitError("the list broke off at page 3", status_code=502, retryable=True)
    >>> error.status_code, error.retryable, error.partial
    (502, True, None)
    """

    retryable_by_default = False

    def __init__(
        self,
        message: str = "",
        *,
        status_code: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        request_id: str | None = None,
        partial: pd.DataFrame | Callable[[], pd.DataFrame] | None = None,
        resume: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(shown(message))
        self.status_code = status_code
        self.retry_after = retry_after
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.request_id = None if request_id is None else shown(str(request_id))
        self._partial = partial
        self._resume = resume

    @property
    def partial(self) -> pd.DataFrame | None:
        """What was fetched before the failure, typed like a whole frame; built on access."""
        if callable(self._partial):
            self._partial = self._partial()
        return self._partial

    def resume(self, *, token: str | None = None) -> Any:
        """Request only what is missing and return the whole.

        Parameters
        ----------
        token
            A new token for the rest. Without it, settings are read again after a 401.

        Raises
        ------
        PandakitError
            When there is nothing to resume, or the rest fails too (that error can resume in turn).
        """
        if self._resume is None:
            raise PandakitError("nothing to resume: call again from the start")
        return self._resume() if token is None else self._resume(token=token)

    def extended(
        self,
        note: str = "",
        *,
        partial: Callable[[], pd.DataFrame] | None = None,
        resume: Callable[..., Any] | None = None,
    ) -> Self:
        """Return a copy with a longer message, and with `resume` and `partial` if given."""
        error = type(self)(str(self) + note)
        changed = {} if partial is None else {"_partial": partial}
        error.__dict__ |= self.__dict__ | changed | {"_resume": resume}
        return error

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """Return what IPython shows instead of the whole traceback."""
        if not wants_short():
            raise AttributeError("_render_traceback_")
        return lambda: short_traceback(self)

    def __getstate__(self) -> dict[str, Any]:
        # A resume function holds a client, and a client holds a token.
        return {**self.__dict__, "_partial": self.partial, "_resume": None}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, self.__getstate__()


class SettingsError(PandakitError):
    """A setting is missing or malformed; the message names it, where we looked and the fix."""


class AuthenticationError(PandakitError):
    """401: the token is missing, wrong or expired."""


class PermissionDeniedError(PandakitError):
    """403: the token is known, but may not do this."""


class NotFoundError(PandakitError):
    """404: no such path or object; BigPanda also returns it in the wrong region."""


class ConflictError(PandakitError):
    """409: the request contradicts the present state."""


class GoneError(PandakitError):
    """410: removed for good."""


class InvalidRequestError(PandakitError):
    """400 or 422: the service refused the request."""


class RateLimitError(PandakitError):
    """429: too many requests; `retry_after` is set if the service said how long to wait."""

    retryable_by_default = True


class ServerError(PandakitError):
    """5xx: the service failed."""

    retryable_by_default = True


class TransportError(PandakitError):
    """No connection, a timeout, or a body that was cut."""

    retryable_by_default = True


class ProtocolError(PandakitError):
    """The answer does not have the shape that the service promises."""


class PaginationError(PandakitError):
    """A list that cannot be read to its end: a repeated cursor, no end, or a ceiling."""


class JobFailedError(PandakitError):
    """The service ended a job as failed."""


class JobTimeoutError(PandakitError):
    """A job did not end before the deadline; it may still."""

    retryable_by_default = True


class OutcomeUnknownError(PandakitError):
    """A write was sent and its answer was lost: it may or may not have happened.

    Parameters
    ----------
    message
        What happened, where, and what to do.
    sent
        What was sent, if that is known: for a table ``rows``, ``bytes``, ``sha256`` and
        ``sent_at``.
    verify
        A function that asks the service whether it arrived.
    """

    def __init__(
        self,
        message: str = "",
        *,
        sent: Mapping[str, Any] | None = None,
        verify: Callable[[], bool] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message, **fields)
        self.sent = dict(sent or {})
        self._verify = verify

    def verify(self) -> bool:
        """Return whether the service has what was sent.

        Raises
        ------
        PandakitError
            When there is no way to find out, or asking fails too.
        """
        if self._verify is None:
            raise PandakitError("there is no way to find out from here: look at the service")
        return self._verify()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_verify": None}


class EnrichmentError(PandakitError, ValueError):
    """A table that the service would refuse; `report` has the findings."""

    def __init__(self, message: str = "", *, report: Any = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.report = report


class EventError(PandakitError, ValueError):
    """Events that cannot be read: the message names the column, the rows and the fix."""


class BpqlSyntaxError(PandakitError, ValueError):
    """A query that cannot be read; the message has a caret under the character.

    Parameters
    ----------
    message
        What is wrong.
    text
        The whole query.
    position
        The 0-based character in it.
    """

    def __init__(
        self, message: str = "", *, text: str = "", position: int = 0, **fields: Any
    ) -> None:
        super().__init__(message, **fields)
        self.text = text
        self.position = position


class PandakitWarning(UserWarning):
    """The base of all warnings: filter it to silence them, or to turn them into errors."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(shown(str(each)) for each in args))


class CellWarning(PandakitWarning):
    """A value that its column cannot hold is missing in the frame.

    ``df.attrs["pandakit"]["unreadable"]`` has the column, the row and the value as text.
    """


class DefaultWindowWarning(PandakitWarning):
    """No `start` was given, so the service chose the window; pass `start` to choose it."""


class PartialWarning(PandakitWarning):
    """A part of what was requested is missing; the message and `attrs` say which.

    Load it separately, or load again where the message says that rows moved.
    """


class RejectedEventsWarning(PandakitWarning):
    """More than 1 % of the events could not be read, so every count is too low.

    The message has the counts by reason, examples and the values that are accepted; correct
    the events before you decide on a number.
    """


class ServiceWarning(PandakitWarning):
    """The service answered oddly; the message says how the answer was interpreted.

    Check that against the service, and report it if it recurs.
    """


class StoreWarning(PandakitWarning):
    """A store holds pages that another token fetched, or files that are damaged.

    What damaged files held is requested again.

    If the tokens belong to two accounts, use a folder for each; after a new token for the same
    account there is nothing to do.
    """


class TruncatedWarning(PandakitWarning):
    """The caller's cap was reached: the frame is not the whole list.

    Raise `max_rows`, or leave it out to load everything.
    """


class UnknownFieldWarning(PandakitWarning):
    """A query uses a field that the data does not have, so it is missing in every row.

    The message suggests the nearest names; correct the query, or filter the warning out if
    the field is optional.
    """


_BY_STATUS: dict[int, type[PandakitError]] = {
    HTTPStatus.BAD_REQUEST: InvalidRequestError,
    HTTPStatus.UNAUTHORIZED: AuthenticationError,
    HTTPStatus.FORBIDDEN: PermissionDeniedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: GoneError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidRequestError,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimitError,
}


def error_for_status(status: int) -> type[PandakitError]:
    """Return the error class for an HTTP status; all services share this mapping.

    Examples
    --------
    >>> error_for_status(429).__name__, error_for_status(503).__name__
    ('RateLimitError', 'ServerError')
    >>> error_for_status(418).__name__
    'InvalidRequestError'
    """
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    if status >= HTTPStatus.BAD_REQUEST:
        return InvalidRequestError
    return ProtocolError


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's own code, however deep the call is in pandakit."""
    depth, frame = 1, sys._getframe()  # noqa: SLF001 - inspect.currentframe() is the same, slower
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("pandakit."):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, category, stacklevel=depth)
