"""How many examples a property is tried on: few on each run, all of them in `make fuzz`.

A run tries the same examples each time, so that it fails for a change and never by chance;
`make fuzz` (PANDAKIT_FUZZ=1) tries new ones.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

FULL = bool(os.environ.get("PANDAKIT_FUZZ"))


# Properties that name no numbers: no timing, as many examples as Hypothesis tries by itself.
settings.register_profile(
    "pandakit",
    max_examples=1_000 if FULL else 30,
    derandomize=not FULL,
    database=None,
    deadline=None,
    print_blob=False,
)


def examples(quick: int, full: int, **options: Any) -> settings:
    """Return the settings of a property: `quick` examples on each run, `full` in `make fuzz`."""
    return settings(
        max_examples=full if FULL else quick,
        derandomize=not FULL,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        **options,
    )
