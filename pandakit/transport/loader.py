"""What turns a method into a loader: with `store=FOLDER` its replies are kept in a folder.

A loader with a store runs on a copy of its client. The sessions of the copy look for each reply in
the folder before they send the call. Their clock is fixed at the start of the load, so that a load
that is continued sends the same calls.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import pandas as pd

from pandakit.errors import (
    GoneError,
    InvalidRequestError,
    NotFoundError,
    PaginationError,
    PandakitError,
    StoreWarning,
    warn_user,
)
from pandakit.frames import add_facts, facts
from pandakit.spans import read_span
from pandakit.timewindow import counts_back, to_time
from pandakit.transport.interrupts import Interrupted
from pandakit.transport.store import open_load

if TYPE_CHECKING:
    from pandakit.transport.client import Client
    from pandakit.transport.store import StoredLoad

__all__ = ["Update", "loader"]

F = TypeVar("F", bound=Callable[..., pd.DataFrame])
Update: TypeAlias = Callable[[Any, pd.DataFrame, dict[str, Any]], pd.DataFrame | None]

_NO_LONGER_THERE = (GoneError, InvalidRequestError, NotFoundError)
_ENDS = ("start", "end")
_NOT_ASKED = ("self", "progress", "store")  # arguments that do not change what is requested


def loader(update: Update | None = None) -> Callable[[F], F]:
    """Return a decorator that adds `store` to a method.

    Parameters
    ----------
    update
        `update(client, frame, arguments)` brings the frame of an earlier load up to date, or
        returns `None` if everything has to be requested again. Without `update` it always is.
    """

    def decorate(load: F) -> F:
        signature = inspect.signature(load)

        @functools.wraps(load)
        def run(self: Client, /, *given: Any, **named: Any) -> pd.DataFrame:
            if named.get("store") is None:
                return load(self, *given, **named)
            bound = signature.bind(self, *given, **named)
            bound.apply_defaults()
            for name, value in bound.arguments.items():
                bound.arguments[name] = list(value) if isinstance(value, Iterator) else value
            question = {
                **self._identity(),
                "operation": load.__name__,
                "arguments": {
                    name: _plain(name, value)
                    for name, value in bound.arguments.items()
                    if name not in _NOT_ASKED
                },
            }
            kept = open_load(named["store"], question)
            prepare = functools.partial(self._stored, knows_time="start" in bound.arguments)
            frame: pd.DataFrame = _StoredCall(load, bound, update, prepare, kept).run()
            return frame

        return cast("F", run)

    return decorate


@dataclass(slots=True)
class _StoredCall:
    """One call of a loader with a store: the method, its arguments and the load's folder."""

    load: Callable[..., pd.DataFrame]
    bound: inspect.BoundArguments
    update: Update | None
    prepare: Callable[[StoredLoad], Client]
    kept: StoredLoad
    how: str = "new"

    def run(self) -> pd.DataFrame:
        """Return the frame of the load, as far as possible from the folder."""
        return _then(self._read, self._finish)

    def _read(self) -> pd.DataFrame:
        is_known, earlier = self.kept.earlier_result()
        if earlier is not None and self.update is not None:
            frame = self._up_to_date(self.update, earlier)
            if frame is not None:
                return frame
        again = "everything again" if is_known else "new"
        self.how = "resumed" if self.kept.has_replies else again
        try:
            return self._ask()
        except _NO_LONGER_THERE:
            if self.kept.n_new or not self.kept.n_found:
                raise
        # What old replies point to no longer exists.
        self.kept, self.how = self.kept.following(), "everything again"
        return self._ask()

    def _up_to_date(self, update: Update, earlier: pd.DataFrame) -> pd.DataFrame | None:
        self.how = "updated"
        try:
            return update(self.prepare(self.kept), earlier, self.bound.arguments)
        except PaginationError:  # too much has changed
            return None

    def _ask(self) -> pd.DataFrame:
        self.bound.arguments["self"] = self.prepare(self.kept)
        return self.load(*self.bound.args, **self.bound.kwargs)

    def _finish(self, frame: pd.DataFrame) -> pd.DataFrame:
        rows = facts(frame).get("rows_from_store", 0)
        add_facts(frame, store=self.how, rows_from_store=rows)
        if self.kept.n_damaged:
            warn_user(
                f"{self.kept}: {self.kept.n_damaged} damaged files were not used; what they held "
                "was requested again",
                StoreWarning,
            )
            self.kept.n_damaged = 0
        try:
            self.kept.finish(None if self.update is None else frame)
        except PandakitError as error:
            failure = error
        else:
            return frame
        raise failure.extended(partial=lambda: frame, resume=lambda: self._finish(frame))


def _then(read: Callable[[], pd.DataFrame], finish: Callable[[pd.DataFrame], pd.DataFrame]) -> Any:
    """Return `finish(read())`; after a failure, `resume()` reads the rest and returns that."""
    failure: PandakitError | Interrupted
    try:
        found = read()
    except (PandakitError, Interrupted) as error:
        failure = error
    else:
        return finish(found)

    def resume(**options: Any) -> Any:
        return _then(lambda: failure.resume(**options), finish)

    # Outside of the handler: no chain leads to frames that hold the token.
    if isinstance(failure, Interrupted):
        raise Interrupted(str(failure), partial=lambda: failure.partial, resume=resume)
    raise failure.extended(resume=resume)


def _plain(name: str, value: Any) -> Any:
    """Return an argument as a JSON value that is the same for equivalent arguments."""
    if isinstance(value, dict):
        return {key: _plain(key, each) for key, each in value.items()}
    if value is not None and name in _ENDS:
        return str(read_span(value, name)) if counts_back(value) else to_time(value).isoformat()
    if isinstance(
        value, pd.DataFrame
    ):  # objects with an id: the rest of their content does not matter
        return list(value["id"]) if "id" in value else value.to_json()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else value
