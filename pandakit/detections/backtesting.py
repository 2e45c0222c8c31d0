"""A rule run on past events: its matches, and the alerts that they raise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pandakit.detections.deduplication import dedup
from pandakit.detections.rows import is_missing, plain_rows
from pandakit.detections.unit_tests import loadable, runner_for, warn_of_filters
from pandakit.frames import Column, build_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandakit.detections._run.process import Runner

__all__ = ["Backtest", "backtest"]

Row = dict[str, Any]

_RUN_HERE = ("rules", "scheduled_rules")
_NEEDED = ("globals", "data_models")
_TIMEOUT = 15.0  # seconds that a function may take in production
_BATCH = 500
_TIMES = ("p_parse_time", "p_event_time")
_MATCH_COLUMNS = (
    Column("event", "integer", meaning="position of the event"),
    Column("rule_id", "text", meaning="the rule"),
    Column("time", "time", meaning="`p_parse_time`, else `p_event_time`"),
    Column("title", "text", meaning="title of the alert"),
    Column("dedup", "text", meaning="deduplication string"),
    Column("severity", "text", meaning="severity of the alert"),
    Column("unique", "text", meaning="value that the threshold counts"),
)
_ERROR_COLUMNS = (
    Column("event", "integer", meaning="position of the event"),
    Column("function", "text", meaning="the function that failed"),
    Column("error", "text", meaning="why"),
)


@dataclass(frozen=True)
class Backtest:
    """The matches, errors and alerts of a rule on past events.

    Attributes
    ----------
    matches : pandas.DataFrame
        `event` (position among the events, from 0), `rule_id`, `time`, `title`, `dedup`,
        `severity`, `unique`.
    errors : pandas.DataFrame
        `event`, `function`, `error`.
    alerts : pandas.DataFrame
        The result of `dedup` with the rule's own period and threshold; empty for a rule that
        raises no alerts.
    n_events, n_other_log_types : int
        Events that were run, and events of log types that the rule does not read.
    """

    matches: pd.DataFrame = field(repr=False)
    errors: pd.DataFrame = field(repr=False)
    rule: Row = field(repr=False)
    n_events: int
    n_other_log_types: int

    @cached_property
    def alerts(self) -> pd.DataFrame:
        """The alerts that the matches would have raised."""
        makes_alerts = self.rule.get("create_alert") is not False
        return dedup(
            self.matches if makes_alerts else self.matches[:0],
            period=timedelta(minutes=int(self.rule.get("dedup_period_minutes", 60))),
            threshold=int(self.rule.get("threshold", 1)),
        )


def backtest(rule: pd.DataFrame, events: pd.DataFrame | Iterable[Mapping[str, Any]]) -> Backtest:
    r"""Return what a rule would have matched among past events.

    Parameters
    ----------
    rule
        A frame of one rule or scheduled rule, and the helpers (`globals`) and data models that
        it needs.
    events
        From `Panther.alert_events`, any frame with one event per row, or dicts. In a frame, a
        missing cell is a field that the event does not have, and times become ISO 8601 text.

    Returns
    -------
    Backtest
        `.matches`, `.alerts` and `.errors`. When an optional function fails, the match falls
        back as in production (`title` to the id, `severity` to the rule's own, `dedup` to the
        default) and the failure is in `.errors`. Events whose `p_log_type` the rule does not read
        are not run, and are counted in `.n_other_log_types`.

    Raises
    ------
    ValueError
        When the frame does not have exactly one rule that runs here, the rule cannot be loaded,
        or an event is not a map. `.alerts` raises it when matches have no time.

    Warns
    -----
    PartialWarning
        When the rule has inline filters, which only the service evaluates: it runs without them.

    Notes
    -----
    The rule runs in a separate process, as in `run_tests`; each event may take 15 seconds.

    Examples
    --------
    >>> rule = {"kind": "rules", "id": "Root", "severity": "HIGH", "threshold": 2,
    ...         "body": "def rule(event):\n    return event.get('user') == 'root'"}
    >>> times = ["2026-01-01T10:00:00Z", "2026-01-01T10:10:00Z", "2026-01-01T10:20:00Z"]
    >>> events = [{"user": "root", "p_event_time": time} for time in times]
    >>> result = backtest(pd.DataFrame([rule]), events)
    >>> len(result.matches), result.alerts["event_count"].tolist()
    (3, [3])
    """
    rows = plain_rows(rule)
    chosen = _the_rule(rows)
    records = _records(events)
    warn_of_filters([chosen])
    numbered = [(n, data) for n, data in enumerate(records) if _is_read(chosen, data)]
    with runner_for(rows, _TIMEOUT) as runner:
        if failure := runner.load(loadable(chosen)):
            raise ValueError(f"the rule {chosen['id']!r} cannot be loaded: {failure}")
        outcomes = list(_outcomes(runner, numbered))
    matches = [_match(chosen, records, each) for each in outcomes if "error" not in each]
    errors = [error for each in outcomes for error in _errors(each)]
    return Backtest(
        build_frame(matches, _MATCH_COLUMNS),
        build_frame(errors, _ERROR_COLUMNS),
        chosen,
        len(numbered),
        len(records) - len(numbered),
    )


def _the_rule(rows: list[Row]) -> Row:
    detections = [row for row in rows if row["kind"] not in _NEEDED]
    if len(detections) != 1:
        raise ValueError(
            f"rule has {len(detections)} detections; pass one, with the globals and data models "
            "that it needs"
        )
    (chosen,) = detections
    if chosen["kind"] not in _RUN_HERE:
        raise ValueError(f"{chosen['kind']} cannot be run here; pass a rule or scheduled rule")
    if "id" not in chosen:
        raise ValueError("rule, column id: it is missing")
    return chosen


def _records(events: pd.DataFrame | Iterable[Mapping[str, Any]]) -> list[Row]:
    if isinstance(events, pd.DataFrame):
        return _frame_records(events)
    records = list(events)
    for number, event in enumerate(records):
        if not isinstance(event, Mapping):
            raise ValueError(f"event {number} is {type(event).__name__}; must be a map")  # noqa: TRY004 - one of many
    return [dict(event) for event in records]


def _frame_records(events: pd.DataFrame) -> list[Row]:
    names = [str(name) for name in events.columns]
    columns = [_cells(events.iloc[:, place]) for place in range(len(names))]
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if not is_missing(cell)}
        for row in (zip(*columns, strict=True) if columns else ((),) * len(events))
    ]


def _cells(column: pd.Series) -> list[Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype) or np.issubdtype(_numpy(column), np.datetime64):
        return [None if cell is pd.NaT else _iso(cell) for cell in column]
    return [_plain_cell(cell) for cell in column.astype(object).tolist()]


def _numpy(column: pd.Series) -> Any:
    return column.dtype if isinstance(column.dtype, np.dtype) else np.dtype(object)


def _iso(moment: pd.Timestamp) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")


def _plain_cell(cell: Any) -> Any:
    if isinstance(cell, np.generic):
        return cell.item()
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    return _iso(cell) if isinstance(cell, pd.Timestamp) else cell


def _is_read(rule: Row, event: Row) -> bool:
    log_types, log_type = rule.get("log_types"), event.get("p_log_type")
    return not log_types or log_type is None or log_type in log_types


def _outcomes(runner: Runner, events: list[tuple[int, Row]]) -> Iterator[Row]:
    """Run events in batches; a batch that fails as a whole is run again event by event."""
    for start in range(0, len(events), _BATCH):
        batch = events[start : start + _BATCH]
        answer = runner.run({"do": "events", "events": batch})
        if "error" not in answer:
            yield from answer["outcomes"]
            continue
        for number, data in batch:
            answer = runner.run({"do": "events", "events": [(number, data)]})
            yield from answer.get("outcomes", [{"event": number, **answer}])


def _match(rule: Row, records: list[Row], outcome: Row) -> Row:
    functions = outcome["functions"]
    title, title_error = functions.get("title", (None, "none"))
    event = records[outcome["event"]]
    return {
        "event": outcome["event"],
        "rule_id": rule["id"],
        "time": next((event[name] for name in _TIMES if event.get(name)), None),
        "title": rule["id"] if title_error is not None else title,
        "dedup": outcome["dedup"],
        "severity": outcome["severity"],
        "unique": functions.get("unique", (None, None))[0],
    }


def _errors(outcome: Row) -> Iterator[Row]:
    if "error" in outcome:
        yield {"event": outcome["event"], "function": "rule", "error": outcome["error"]}
    for name, (_, error) in outcome.get("functions", {}).items():
        if error is not None:
            yield {"event": outcome["event"], "function": name, "error": error}
