"""The table of profiles: a new format of events is a row here, with a sample and a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandakit.events._profiles.monitoring import MONITORING
from pandakit.events._profiles.security import SECURITY

if TYPE_CHECKING:
    from pandakit.events._profiles.profile import Profile

__all__ = ["PROFILES", "PROFILE_NAMES"]

PROFILES: tuple[Profile, ...] = (*MONITORING, *SECURITY)

#: The values that `profile=` accepts.
PROFILE_NAMES: tuple[str, ...] = tuple(
    sorted({name for profile in PROFILES for name in profile.names})
)
