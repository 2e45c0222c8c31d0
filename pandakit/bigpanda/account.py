"""One organisation at BigPanda: its two tokens, and how its lists are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.bigpanda._lists.resources import RESOURCES, user_call
from pandakit.bigpanda._lists.rows import pattern_id, to_frame
from pandakit.bigpanda.service import TOKENS
from pandakit.errors import SettingsError
from pandakit.settings import missing_message
from pandakit.transport import Client, Listing

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pandakit.timewindow import Window
    from pandakit.transport import Session

__all__ = ["Account"]


class Account(Client):
    """What every group of BigPanda's methods needs: a session for each token, and its lists."""

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

    def _load_resource(
        self,
        name: str,
        *,
        max_rows: int | None,
        progress: bool | None,
        window: Window | None = None,
        **params: Any,
    ) -> pd.DataFrame:
        """Load a list that needs no more than its row in `RESOURCES`."""
        resource = RESOURCES[name]
        return self._load(
            Listing(
                user_call(resource.path, resource.path, params),
                resource.pages,
                pattern_id if name == "correlation_patterns" else resource.id_field,
                label=f"BigPanda {name}",
            ),
            to_frame(name),
            session=self._user_session,
            window=window,
            max_rows=max_rows,
            progress=progress,
        )
