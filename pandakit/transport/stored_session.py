"""A session whose replies are kept in a store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pandakit.transport.session import Session

if TYPE_CHECKING:
    from pandakit.progress import ProgressLine
    from pandakit.transport.reply import Reply
    from pandakit.transport.service import Call
    from pandakit.transport.store import StoredLoad

__all__ = ["StoredSession"]


class StoredSession(Session):
    """A session that looks for replies in a store, and keeps those that it receives there.

    Parameters
    ----------
    session
        Sends the calls whose replies are not in the store.
    kept
        The load's part of the store.
    """

    is_stored = True

    def __init__(self, session: Session, kept: StoredLoad) -> None:
        self._session, self._kept = session, kept
        self.service, self.options = session.service, session.options
        self.service_clock = session.service_clock
        self.clock = replace(session.clock, wall=self.server_time)

    def __repr__(self) -> str:
        return repr(self._session)

    def send(self, call: Call, progress: ProgressLine | None = None) -> Reply:
        """Return the reply from the store, or send the call and keep its reply."""
        is_private = call.anonymous or not call.repeatable  # a presigned address, or a write
        if is_private or self._session.is_closed:  # which raises
            return self._session.send(call, progress)
        found = self._kept.find(call)
        return self._kept.add(call, self._session.send(call, progress)) if found is None else found

    def server_time(self) -> float:
        """Return when the load began, by the service's clock."""
        return self._kept.moment(self._session.server_time)

    @property
    def knows_time(self) -> bool:
        """Whether `server_time` is the service's."""
        return self._kept.has_moment or self._session.knows_time

    def own_url(self, address: str, path: str) -> str | None:
        """Return an address as an absolute URL, if it is the service's own."""
        return self._session.own_url(address, path)

    def use_token(self, token: str) -> None:
        """Use another token from now on."""
        self._session.use_token(token)

    def close(self) -> None:
        """Close the session that sends."""
        self._session.close()
