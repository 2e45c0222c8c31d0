"""Clients of the real services where there are settings, of the sandbox where there are none."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, Self

from pandakit import _html
from pandakit.bigpanda import BigPanda
from pandakit.browser import need_network
from pandakit.errors import SettingsError, TransportError
from pandakit.forks import renew_in_children
from pandakit.pangea import Pangea
from pandakit.panther import Panther
from pandakit.settings import SETTINGS, find

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Connection", "connect"]

Mode = Literal["auto", "missing", "never", "always"]

_CLIENTS: dict[str, Callable[[], Any]] = {
    "panther": Panther,
    "bigpanda": BigPanda,
    "pangea": Pangea,
}
_MODES = ("auto", "missing", "never", "always")


class Connection:
    """The clients of the three services, each made on first use; a context manager.

    `connect` makes it.

    Parameters
    ----------
    in_sandbox
        The services that the sandbox stands in for.
    """

    def __init__(self, in_sandbox: frozenset[str]) -> None:
        self._in_sandbox = in_sandbox
        self._clients: dict[str, Any] = {}
        self._stack = ExitStack()
        self._sandbox: Any = None
        self._is_closed = False
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Start unlocked in a forked process: a thread of the parent may hold the lock."""
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {self._kind(name)}" for name in _CLIENTS)
        return f"Connection({shown})"

    def _repr_html_(self) -> str:
        rows = [[name, self._kind(name), _found_settings(name)] for name in _CLIENTS]
        title = "Services, closed" if self._is_closed else "Services"
        return _html.card(_html.title(title), _html.table(["service", "is", "settings"], rows))

    def _kind(self, name: str) -> str:
        return "sandbox" if name in self._in_sandbox else _place(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release all connections and stop the sandbox, if it was started; later calls raise."""
        with self._lock:
            self._is_closed = True
            self._clients.clear()
            self._sandbox = None
            self._stack.close()

    @property
    def panther(self) -> Panther:
        """The Panther client."""
        client: Panther = self._client("panther")
        return client

    @property
    def bigpanda(self) -> BigPanda:
        """The BigPanda client."""
        client: BigPanda = self._client("bigpanda")
        return client

    @property
    def pangea(self) -> Pangea:
        """The Pangea client."""
        client: Pangea = self._client("pangea")
        return client

    def _client(self, name: str) -> Any:
        with self._lock:
            if self._is_closed:
                raise TransportError("this connection is closed: call pandakit.connect() again")
            if name not in self._clients:
                sandboxed = name in self._in_sandbox
                made = getattr(self._started(), name) if sandboxed else _CLIENTS[name]()
                self._clients[name] = self._stack.enter_context(made)
            return self._clients[name]

    def _started(self) -> Any:
        if self._sandbox is None:
            self._sandbox = self._stack.enter_context(_start_sandbox())
        return self._sandbox


def _start_sandbox() -> Any:
    missing = ""
    try:
        from pandakit.sandbox import start  # noqa: PLC0415 - loaded on use
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith("pandakit"):
            raise
    if missing:
        raise SettingsError(
            f"the sandbox needs {missing}, which is not installed: "
            "pip install 'pandakit[sandbox]', or set the settings of the real services"
        )
    return start()


def _found_settings(service: str) -> str:
    """Return the names of the settings that a service has, each with its source."""
    mine = [find(each.name) for each in SETTINGS.values() if each.service == service]
    return ", ".join(f"{each.setting.name} from {each.source}" for each in mine if each.value)


def _place(name: str) -> str:
    return "set" if _has_settings(name) else "no settings"


def _has_settings(service: str) -> bool:
    """Return whether anything is set for a service, so that the sandbox must not replace it."""
    return any(find(each.name).value for each in SETTINGS.values() if each.service == service)


def connect(sandbox: Mode = "auto") -> Connection:
    """Return clients of the three services.

    Parameters
    ----------
    sandbox
        When the sandbox replaces a service. `"auto"`: all three if none of them has settings; as
        soon as one has, the others raise `SettingsError` on first use, so that a typo never
        sends an upload to a fake. `"missing"`: each service without settings. Or `"never"` or
        `"always"`.

    Returns
    -------
    Connection
        With `.panther`, `.bigpanda` and `.pangea`; close it, or use it as a context manager.
        Its `repr`, those of the clients and `df.attrs["pandakit"]["source"]` show which is which.

    Raises
    ------
    TransportError
        In a browser, which has no network.
    ValueError
        For another mode.
    SettingsError
        On first use of a service that has no settings and that the sandbox does not replace, or
        when the sandbox is not installed.

    Examples
    --------
    >>> connect("always")
    Connection(panther: sandbox, bigpanda: sandbox, pangea: sandbox)
    """
    need_network("connect()")
    if sandbox not in _MODES:
        raise ValueError(f"sandbox={sandbox!r}: one of {', '.join(_MODES)}")
    bare = frozenset(name for name in _CLIENTS if not _has_settings(name))
    chosen = {
        "always": frozenset(_CLIENTS),
        "never": frozenset[str](),
        "missing": bare,
        "auto": bare if bare == frozenset(_CLIENTS) else frozenset[str](),
    }
    return Connection(chosen[sandbox])
