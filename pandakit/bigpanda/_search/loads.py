"""Make the loads that read an environment's incidents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pandakit.bigpanda._lists.resources import RESOURCES, user_call
from pandakit.bigpanda._lists.rows import alert_rows, load_resource
from pandakit.bigpanda._search.load import CEILING, IncidentLoad
from pandakit.errors import NotFoundError, PermissionDeniedError
from pandakit.transport import Call, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandakit.bigpanda.service import Account
    from pandakit.timewindow import Window
    from pandakit.transport import Session

__all__ = ["incident_call", "new_load", "time_of_start"]

AnyLoad = TypeVar("AnyLoad", bound=IncidentLoad)

_PAGE = 100
_EXPANDED_PAGE = 10  # the service refuses more when alerts are expanded
_SLACK = 2  # seconds: changes made while the first answer was on its way are read again
_ID = re.compile(r"[0-9a-f]{24}")


def new_load(
    self: Account,
    kind: type[AnyLoad],
    name: str,
    environment: str,
    params: dict[str, Any],
    window: Window,
    max_rows: int | None = None,
) -> AnyLoad:
    """Return a load that has no task yet.

    Parameters
    ----------
    self
        The organisation.
    kind
        The class of the load.
    name
        Name of the loader: `incidents` or `alerts`.
    environment
        Id or name.
    params
        The parameters of the search; see `search_params`.
    window
        The window that the caller chose.
    max_rows
        Where to stop; `None` for all rows.
    """
    session = self._user_session
    call = incident_call(self, environment, params)
    moment = time_of_start(session)
    said = {
        "list": name,
        "environment": call.url.split("/")[4],
        **{key: params.get(key) for key in ("query", "folder", "expand")},
        "to_present": window.end is None,
    }
    return kind(
        call,
        f"BigPanda {name} {environment}",
        size=_EXPANDED_PAGE if "expand" in params else _PAGE,
        now=session.server_time,
        rows_of=alert_rows if name == "alerts" else lambda row: [row],
        max_rows=max_rows,
        facts=lambda: {**said, "loaded_at": moment()},
        window=window,
        ceiling=CEILING,
    )


def time_of_start(session: Session) -> Callable[[], int]:
    """Return a function that returns the current time by the service's clock, in epoch seconds.

    It may be called as soon as a response has the service's time. The time is a little early, so
    that nothing that changes from now on is older.
    """
    started = session.clock.monotonic()
    return lambda: int(session.server_time() - (session.clock.monotonic() - started)) - _SLACK


def incident_call(self: Account, environment: str, params: dict[str, Any], tail: str = "") -> Call:
    """Return the call that searches an environment, or with a `tail` that reads one incident."""
    path = RESOURCES["incidents"].path
    key = path_segment(_environment_id(self, environment))
    return user_call(path.format(environment=key) + tail, path + tail[:1], params)


def _environment_id(self: Account, environment: str) -> str:
    """Return the id of an environment; only a name is looked up."""
    if _ID.fullmatch(environment):
        return environment
    try:
        known = load_resource(self, "environments", max_rows=None, progress=False)
    except (NotFoundError, PermissionDeniedError):
        return environment  # without permission to list environments, it can only be an id
    ids = known.loc[known["environment_id"] == environment, "environment_id"]
    named = known.loc[known["name"] == environment, "environment_id"]
    found = list(ids) or list(named)
    if len(found) == 1 and isinstance(found[0], str) and found[0]:
        return found[0]
    names = ", ".join(map(repr, known["name"]))
    problem = f"{len(found)} environments are called" if found else "no environment is called"
    raise NotFoundError(f"{problem} {environment!r}: use an id, or one of the names {names}")
