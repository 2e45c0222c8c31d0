"""A policy applied to the tenant's own events, compared with production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from pandakit.bigpanda.events import raw_alerts
from pandakit.bigpanda.incidents import alerts
from pandakit.bigpanda.patterns import policy as policy_in_force
from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from pandakit.bigpanda.service import Account
    from pandakit.consolidation import Consolidation, Policy
    from pandakit.lab import Agreement
    from pandakit.timewindow import TimeLike

__all__ = ["Simulation", "simulate"]


@dataclass(frozen=True, eq=False)
class Simulation:
    """A simulation compared with production. Made by `BigPanda.simulate`.

    Attributes
    ----------
    policy
        The policy that was simulated.
    consolidation
        Its result for the events.
    production
        The alerts of production that started in the window.
    agreement
        How well the two agree.
    """

    policy: Policy
    consolidation: Consolidation
    production: pd.DataFrame
    agreement: Agreement

    def __repr__(self) -> str:
        return f"Simulation({self.agreement!r})"


def simulate(
    self: Account,
    environment: str,
    app_keys: str | Iterable[str],
    *,
    start: TimeLike,
    end: TimeLike | None = None,
    policy: Policy | None = None,
    warmup: str | timedelta = "1d",
    progress: bool | None = None,
) -> Simulation:
    """Return a simulation of the tenant's own events, compared with production's incidents.

    Parameters
    ----------
    environment
        Id or name of the environment with production's incidents.
    app_keys
        The integrations that feed it, one or several.
    start, end
        Alerts that started between the two are compared. Each is a zone-aware datetime, ISO 8601
        text with a zone, a date (UTC midnight) or a span back from now (`"7d"`, `"36h"`,
        `"15min"`); `end` defaults to now.
    policy
        The policy to simulate; `None` is the tenant's own, from `policy`.
    warmup
        How much earlier the events start, as a span, so that alerts open at `start` are included.
    progress
        `True` and `False` force the progress line on and off; `None` shows it on a terminal
        and in a notebook.

    Returns
    -------
    Simulation
        `.policy`, `.consolidation`, `.production` and `.agreement`. Simulated alerts that
        started during the warmup are in `.agreement.unmatched` as `outside`.

    Raises
    ------
    EventError
        When the integrations sent no events that can be simulated.
    PandakitError
        When a load fails; call again, since a simulation cannot resume.

    Notes
    -----
    Source: "Integration Alerts", "Correlation Pattern Object", "Search Incidents".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=120, requests_per_second=None) as services:
    ...     keys = ["nagios.core", "cloudmetrics.eu", "cloudmetrics.us", "synthetics.edge"]
    ...     services.bigpanda.simulate("All Incidents", keys, start="2026-05-01")
    Simulation(Agreement(... alerts matched, 0 without a match; precision 1.00, ...))
    """
    from pandakit.consolidation import consolidate  # noqa: PLC0415 - loads the simulation
    from pandakit.lab import agreement  # noqa: PLC0415 - loads the simulation

    asked = self._window(start, end)
    first = asked.start or datetime.fromtimestamp(0, UTC)
    last = asked.end or self._now()
    keys = [app_keys] if isinstance(app_keys, str) else list(dict.fromkeys(app_keys))
    chosen = policy or policy_in_force(self, progress=progress)
    since = first - read_span(warmup, "warmup")
    loaded = [raw_alerts(self, key, start=since, progress=progress) for key in keys]
    events = pd.concat(loaded, ignore_index=True)
    events = events[events["timestamp"] <= last].reset_index(drop=True)
    consolidation = consolidate(events, chosen, as_of=last)
    found = alerts(self, environment, start=first, end=last, progress=progress)
    production = found[found["start"].between(first, last)].reset_index(drop=True)
    return Simulation(chosen, consolidation, production, agreement(consolidation, production))
