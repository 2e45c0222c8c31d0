"""What the clients of all services share: life cycle, `check`, and lists that become frames."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from pandakit import _html
from pandakit.browser import need_network
from pandakit.errors import (
    PandakitError,
    PartialWarning,
    ProtocolError,
    ServiceWarning,
    TransportError,
    TruncatedWarning,
    warn_user,
)
from pandakit.frames import add_facts
from pandakit.timewindow import TimeLike, Window, counts_back, window
from pandakit.transport.collect import collect
from pandakit.transport.parallel import ParallelLoad, collect_parallel
from pandakit.transport.reply import read_or_raise
from pandakit.transport.stored_session import StoredSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from pandakit.settings import Found
    from pandakit.transport.collect import Collected, Listing
    from pandakit.transport.session import Session
    from pandakit.transport.store import StoredLoad

__all__ = ["Check", "Client", "warn_user"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one cheap authorised call to a service.

    Parameters
    ----------
    service, host
        The service, and its host.
    setting, source
        The setting with the token, and where it was found.
    answer
        The response, in a few words.

    Examples
    --------
    >>> print(Check("Panther", "api.example.net", "PANTHER_API_TOKEN", "environment", "fine"))
    Panther at api.example.net answered: fine (PANTHER_API_TOKEN from environment)
    """

    service: str
    host: str
    setting: str
    source: str
    answer: str

    def __str__(self) -> str:
        return (
            f"{self.service} at {self.host} answered: {self.answer} "
            f"({self.setting} from {self.source})"
        )


class Client(ABC):
    """One service with one account; a context manager, safe to share between threads.

    Parameters
    ----------
    session
        The authorised session of its ordinary calls.
    token
        The setting with the token.
    progress
        Whether loads show progress; `None`: on a terminal and in a notebook.
    """

    is_sandbox = False  # the sandbox sets it on the clients that it makes

    def __new__(cls, *arguments: object, **settings: object) -> Self:
        """Refuse in a browser, whatever settings there are."""
        del arguments, settings  # tracebacks may show the locals
        need_network(cls.__name__)
        return super().__new__(cls)

    def __init__(self, session: Session, token: Found, progress: bool | None) -> None:  # noqa: FBT001 - passed on from a keyword
        self._session = session
        self._setting, self._setting_source = token.setting.name, token.source
        self._progress = progress

    def __repr__(self) -> str:
        if "_session" not in vars(self):  # visible in the traceback of a constructor that failed
            return f"<{type(self).__name__}, not made yet>"
        return f"{type(self).__name__}({self.source}, token from {self._setting_source})"

    def _repr_html_(self) -> str:
        loaders = [name for name in dir(type(self)) if not name.startswith("_")]
        methods = ", ".join(name for name in loaders if callable(getattr(type(self), name)))
        return _html.card(
            _html.title(self.source),
            _html.table([], [["token", f"{self._setting} from {self._setting_source}"]]),
            _html.line("Methods", "section"),
            _html.line(_html.code(methods)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the connections; later calls raise `TransportError`."""
        self._session.close()

    @property
    def source(self) -> str:
        """The service and its address, as in `df.attrs["pandakit"]`.

        The sandbox's address is left out, because its ports differ each time.
        """
        service = self._session.service
        return f"{service.name} " + ("sandbox" if self.is_sandbox else f"at {service.base_url}")

    @abstractmethod
    def check(self) -> Check:
        """Make one cheap authorised call."""

    def _identity(self) -> dict[str, Any]:
        """Return the part of a question that identifies this client in a store."""
        service = self._session.service
        return {"service": service.name, "host": service.base_url}

    def _stored(self, kept: StoredLoad, *, knows_time: bool) -> Self:
        """Return a copy whose replies are kept, and whose "now" is the start of the load."""
        kept.note_token(self._session.token_mark)
        client = copy.copy(self)
        client._use_sessions(lambda session: StoredSession(session, kept))  # noqa: SLF001 - of a copy of self
        if knows_time and not client._session.knows_time:  # noqa: SLF001 - of a copy of self
            self._learn_time()  # not from the store: only a response from the service has the time
        if knows_time:
            client._now()  # noqa: SLF001 - of a copy of self
        return client

    def _use_sessions(self, wrap: Callable[[Session], Session]) -> None:
        self._session = wrap(self._session)

    def _now(self) -> datetime:
        """Return the time by the service's clock, or by ours until a response has it."""
        return datetime.fromtimestamp(self._session.server_time(), UTC)

    def _window(self, start: TimeLike | None, end: TimeLike | None) -> Window:
        """Read both ends; a span counts back from the service's clock, which is read once."""
        if not (counts_back(start) or counts_back(end)):
            return window(start, end)
        window(start, end)  # refuses an invalid window before anything is sent
        if not self._session.knows_time:
            self._learn_time()
        if date := self._session.service_clock.odd_date:
            name = self._session.service.name
            warn_user(
                f"{name} says that it is {date!r}, more than 24 h from this machine's time: "
                "the span counts back from this machine's clock; pass a time with a date if that "
                "is not what you mean",
                ServiceWarning,
            )
        return window(start, end, now=self._now())

    def _learn_time(self) -> None:
        """Make the cheap call for its `Date` header, which refusals have too."""
        try:
            self.check()
        except TransportError:
            raise  # no response: the call itself would fail too
        except PandakitError:
            return  # the call itself will raise the error

    def _checked(self, answer: str) -> Check:
        host = urlsplit(self._session.service.base_url).netloc
        name = self._session.service.name
        return Check(
            f"{name} sandbox" if self.is_sandbox else name,
            host,
            self._setting,
            self._setting_source,
            answer,
        )

    def _load(
        self,
        listing: Listing | ParallelLoad,
        to_frame: Callable[[Sequence[Row]], pd.DataFrame],
        *,
        session: Session | None = None,
        window: Window | None = None,
        max_rows: int | None = None,
        progress: bool | None = None,
        **said: Any,
    ) -> pd.DataFrame:
        """Read a list into a frame with the facts of its load; `said` are further facts."""
        _check_max_rows(max_rows)
        service = self._session.service.name
        where = session or self._session

        def finish(state: Collected) -> pd.DataFrame:
            frame = read_or_raise(
                lambda: to_frame(state.records),
                lambda why: ProtocolError(f"{listing.label}: {service} {why}"),
            )
            _warn_of_missing(listing.label, state)
            if state.capped:
                warn_user(
                    f"{listing.label}: cut at max_rows={max_rows}; the list has more rows",
                    TruncatedWarning,
                )
            stored = {"rows_from_store": state.stored_rows} if where.is_stored else {}
            known = self._facts(frame, state, window) | stored | said | state.facts
            return add_facts(frame, **known)

        show = self._progress if progress is None else progress
        loaded: pd.DataFrame
        if isinstance(listing, ParallelLoad):
            loaded = collect_parallel(where, listing, progress=show, finish=finish)
        else:
            loaded = collect(where, listing, max_rows=max_rows, progress=show, finish=finish)
        return loaded

    def _facts(self, frame: pd.DataFrame, state: Collected, window: Window | None) -> Row:
        return {
            "source": self.source,
            "requests": state.requests,
            "pages": state.pages,
            "rows": len(frame),
            "window": (window or Window(None, None)).as_text(),
            "capped": state.capped,
            "complete": state.complete,
            "duplicates": state.duplicates,
            "elapsed_s": round(state.elapsed_s, 3),
        }


def _warn_of_missing(label: str, state: Collected) -> None:
    """Warn if fewer rows were read than the service counts, because some moved meanwhile."""
    fetched = len(state.records)
    if state.complete and not state.capped and state.total is not None and fetched < state.total:
        warn_user(
            f"{label}: the service counts {state.total} rows, but {fetched} were fetched and "
            f"{state.duplicates} were repeated: rows moved between the pages while they were read; "
            "load again to get them all",
            PartialWarning,
        )


def _check_max_rows(max_rows: int | None) -> None:
    if max_rows is None:
        return
    if isinstance(max_rows, bool) or not isinstance(max_rows, int):
        raise TypeError(f"max_rows is {type(max_rows).__name__}; pass a whole number, or None")
    if max_rows < 1:
        raise ValueError(f"max_rows={max_rows}; pass at least 1, or None for all rows")
