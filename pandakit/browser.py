"""What a browser lacks: Python has no sockets there, so nothing is loaded from a service."""

from __future__ import annotations

import sys

from pandakit.errors import TransportError

__all__ = ["need_network"]


def need_network(what: str) -> None:
    """Raise `TransportError` in a browser, before anything is read or sent.

    Parameters
    ----------
    what
        The client or server that needs it.

    Examples
    --------
    >>> need_network("BigPanda")
    """
    if sys.platform == "emscripten":
        raise TransportError(
            f"no network in this browser: {what} needs Python on a machine; "
            "save() the frame there and load() it here"
        )
