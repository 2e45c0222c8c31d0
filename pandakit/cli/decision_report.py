"""The report on a window, made from a user's events, with the figures behind it."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from pandakit import _html
from pandakit.cli.simulation_text import reading_notes
from pandakit.consolidation import consolidate
from pandakit.lab import sweep
from pandakit.spans import span_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandakit.consolidation import Consolidation, Pattern, Policy

__all__ = ["WINDOWS", "Arguments", "arguments", "report_page"]

WINDOWS = ("15min", "30min", "1h", "2h", "4h", "8h", "12h", "24h", "48h", "72h")
_LARGEST = 10
_COLUMNS = ["title", "subtitle", "severity", "n_alerts", "n_events", "start", "end"]
# Below this share a difference counts as small; above it, a part counts as large.
_FLAT, _LARGE, _MANY, _CLOSE = 0.05, 0.10, 0.5, 0.1


class Arguments(NamedTuple):
    """The evidence on the window of one pattern."""

    speaks_for: list[str]
    speaks_against: list[str]


def report_page(events: pd.DataFrame, policy: Policy, pattern: Pattern) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    events
        Events as `read_events` returns them, with their attrs.
    policy
        The current settings.
    pattern
        The pattern of the policy whose window is in question.
    """
    simulation = consolidate(events, policy)
    windows = sorted({*map(pd.Timedelta, WINDOWS), *_around(pattern.window)})
    swept = sweep(events, policy, windows=windows, pattern=pattern.name)
    found = arguments(simulation, swept, pattern)
    facts = events.attrs["pandakit"]
    today = span_text(pattern.window)
    sections: dict[str, Iterable[Any]] = {
        "What was read": [
            _table(pd.DataFrame(facts["mapping"])),
            *_lines([*facts["files"], *(f"Note: {note}" for note in reading_notes(events))]),
        ],
        "Events, alerts, incidents": [_html.Html(simulation._repr_html_())],
        "Patterns": [_table(_patterns(policy))],
        "All other settings": [_table(_settings(policy))],
        f"Which window for {pattern.name}?": [*_curve(swept, pattern), _table(_counts(swept))],
        f"For today's window of {today}": _lines(found.speaks_for or ["Nothing."]),
        f"Against today's window of {today}": _lines(found.speaks_against or ["Nothing."]),
        "The largest incidents": [_table(_largest(simulation))],
    }
    lead = f"{facts['source']}, {len(events):,} events; {datetime.now(UTC):%Y-%m-%d}"
    return _html.page("Alert consolidation", lead, sections)


def _around(window: timedelta) -> list[pd.Timedelta]:
    return [pd.Timedelta(window) / 2, pd.Timedelta(window), pd.Timedelta(window) * 2]


def arguments(simulation: Consolidation, swept: pd.DataFrame, pattern: Pattern) -> Arguments:
    """Return the evidence for and against a pattern's current window."""
    found = Arguments([], [])
    counts = swept.drop_duplicates("window").set_index("window")["incidents"]
    shorter, today, longer = (int(counts[window]) for window in _around(pattern.window))
    alerts = simulation.alerts
    _compare(found, "Half", shorter, today)
    _compare(found, "Twice", longer, today)
    sizes = simulation.incidents["n_alerts"]
    largest, single = int(sizes.max()), int((sizes == 1).sum())
    _weigh(
        found,
        f"The largest incident has {largest:,} of {len(alerts):,} alerts",
        largest / len(alerts),
        _LARGE,
        "check whether it is one problem",
    )
    _weigh(
        found,
        f"{single:,} of {len(sizes):,} incidents have a single alert",
        single / len(sizes),
        _MANY,
        "few alerts are grouped",
    )
    joined = alerts[alerts["joined_by"] == pattern.name]
    close = int((joined["margin"] < pd.Timedelta(pattern.window) * _CLOSE).sum())
    if len(joined):
        _weigh(
            found,
            f"{close:,} of {len(joined):,} alerts that joined by {pattern.name} had less than "
            f"a tenth of the window left",
            close / len(joined),
            _LARGE,
            "a slightly shorter window would change the result",
        )
    return found


def _compare(found: Arguments, length: str, there: int, today: int) -> None:
    change = (there - today) / today
    what = f"{length} the window makes {there:,} incidents instead of {today:,} ({change:+.1%})"
    if abs(change) <= _FLAT:
        found.speaks_for.append(f"{what}: the result hardly depends on it.")
    else:
        found.speaks_against.append(f"{what}: the result depends on it.")


def _weigh(found: Arguments, what: str, share: float, limit: float, but: str) -> None:
    if share > limit:
        found.speaks_against.append(f"{what} ({share:.1%}): {but}.")
    else:
        found.speaks_for.append(f"{what} ({share:.1%}).")


def _lines(texts: Iterable[str]) -> list[_html.Html]:
    return [_html.line(text) for text in texts]


def _table(frame: pd.DataFrame) -> _html.Html:
    return _html.frame_table(frame, len(frame))


def _settings(policy: Policy) -> pd.DataFrame:
    values = {field.name: getattr(policy, field.name) for field in dataclasses.fields(policy)}
    values.pop("patterns")
    shown = {name: _shown(value) for name, value in values.items()}
    return pd.DataFrame({"setting": list(shown), "value": list(shown.values())})


def _shown(value: Any) -> str:
    if value is None:
        return "no limit"
    return span_text(value) if isinstance(value, timedelta) else str(value)


def _patterns(policy: Policy) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pattern": [pattern.name for pattern in policy.patterns],
            "window": [span_text(pattern.window) for pattern in policy.patterns],
            "tags": [", ".join(pattern.tags) for pattern in policy.patterns],
            "filter": [pattern.filter or "" for pattern in policy.patterns],
            "cross_source": [str(pattern.cross_source) for pattern in policy.patterns],
        }
    )


def _counts(swept: pd.DataFrame) -> pd.DataFrame:
    spans = [span_text(window) for window in swept["window"]]
    return pd.DataFrame({"window": spans, **{n: swept[n] for n in ("incidents", "largest")}})


def _largest(simulation: Consolidation) -> pd.DataFrame:
    incidents = simulation.incidents.sort_values("n_alerts", ascending=False, kind="stable")
    return incidents.head(_LARGEST)[_COLUMNS].reset_index()


def _curve(swept: pd.DataFrame, pattern: Pattern) -> list[_html.Html]:
    """Return the plot of the sweep; a sentence where matplotlib is not installed."""
    from pandakit import plots  # noqa: PLC0415 - needs the notebook extra

    picture = io.BytesIO()
    try:
        plots.sweep(swept, today=pattern.window).savefig(picture, format="png")
    except ImportError:
        return [_html.line("The plot needs matplotlib: pip install 'pandakit[notebook]'")]
    return [_html.picture(picture.getvalue(), f"Incidents by the window of {pattern.name}")]
