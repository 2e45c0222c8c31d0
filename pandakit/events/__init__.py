"""Events from files, folders and frames of any tool.

`_files` finds and parses files into tables, `_profiles` knows the formats of monitoring tools,
and `_mapping` turns a table into events.
"""

from __future__ import annotations

from pandakit.events._profiles.table import PROFILE_NAMES
from pandakit.events.read import read_events

__all__ = ["PROFILE_NAMES", "read_events"]
