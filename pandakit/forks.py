"""What a forked process must not share with its parent: connections, locks and queues.

A child of `fork` has copies of all objects, but only the thread that forked. A lock that another
thread held is never released in the child, and a connection is shared with the parent: whoever
reads first gets the other's answer. So objects with locks or connections renew them in the child,
before it runs anything else.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["Renewable", "renew_in_children"]


class Renewable(Protocol):
    """Anything with state that a forked child must not share."""

    def renew(self) -> None:
        """Replace that state, without waiting for a lock."""


_renewables: WeakSet[Renewable] = WeakSet()


def renew_in_children(thing: Renewable) -> None:
    """Call `thing.renew()` in every child that this process forks, as long as `thing` exists."""
    _renewables.add(thing)


def _renew_all() -> None:
    for thing in list(_renewables):
        thing.renew()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
