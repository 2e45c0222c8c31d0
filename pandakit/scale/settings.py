"""The settings of a run, without its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pandakit.consolidation.policy import Policy, TimeUnit

__all__ = ["Settings"]


class Settings(NamedTuple):
    """The settings that determine the result."""

    policy: Policy
    unit: TimeUnit = "s"
    as_of: Any = None
    events: bool = False
