"""Unit tests of detections, run here and compared with the service's results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.detections._run.engine import FUNCTIONS
from pandakit.detections._run.process import Runner
from pandakit.detections.columns import DETECTIONS
from pandakit.detections.rows import is_missing, plain_rows, same_value
from pandakit.errors import PartialWarning, warn_user
from pandakit.frames import Column, add_facts, build_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RESULT_COLUMNS", "compare_tests", "run_tests"]

Row = dict[str, Any]

_OUTPUTS = tuple(
    column
    for name in ("detection", *FUNCTIONS)
    for column in (
        Column(name, "text", meaning=f"output of `{name}`"),
        Column(f"{name}_error", "text", meaning=f"error of `{name}`"),
    )
)
RESULT_COLUMNS = (
    Column("kind", "text", meaning="the list of the detection"),
    Column("id", "text", meaning="the detection"),
    Column("name", "text", meaning="name of the test"),
    Column("expected", "boolean", meaning="whether it should trigger an alert"),
    Column("passed", "boolean", meaning="whether it passed; missing when only the service knows"),
    Column("errored", "boolean", meaning="whether a function failed, or the test could not run"),
    Column("error", "text", meaning="why"),
    Column("trigger_alert", "boolean", meaning="whether it would trigger an alert"),
    *_OUTPUTS,
)
_BY_SERVICE = {
    "simple_rules": "simple rules are evaluated by the service only",
    "correlation_rules": "correlation rules are evaluated by the service only",
}
_MOST_NAMED = 3


def run_tests(frame: pd.DataFrame, *, timeout: float = 15) -> pd.DataFrame:
    r"""Return the results of the unit tests of detections, run here, one row per test.

    Parameters
    ----------
    frame
        From `read`, or loaders concatenated, each with its `kind`. The helpers (`globals`) and
        data models that the detections use must be rows of it.
    timeout
        Seconds that loading a detection, or one test, may take.

    Returns
    -------
    pandas.DataFrame
        `kind`, `id`, `name`, `expected`, `passed`, `errored`, `error`, `trigger_alert`, then the
        output of each function and its error: `detection` (the main function), `title`,
        `dedup`, `severity`, `description`, `reference`, `runbook`, `destinations`,
        `alert_context`, `unique`. A test that expects an alert passes when it triggers and no
        function failed; one that expects none passes when it does not trigger. A test that
        cannot run (a missing module, a broken helper or data model) is errored and not passed.
        For simple and correlation rules, which only the service evaluates, `passed` is missing.

    Raises
    ------
    ValueError
        When the kind of rows cannot be determined, or `timeout` is not positive.

    Warns
    -----
    PartialWarning
        When rules have inline filters, which only the service evaluates: they run without them.

    Notes
    -----
    Detections run in a separate process with at most 1 GiB of memory, without network, child
    processes, file writes or the caller's environment; an endless loop, an exit or a crash fails
    only one test. This guards against accidents, not against malice: run rules only if you would
    run any other code by their authors.

    Sources: "Writing Python detections", "Testing".

    Examples
    --------
    >>> rule = {"kind": "rules", "id": "Root", "body": "def rule(event):\n    return event['root']",
    ...         "tests": [{"name": "root", "expectedResult": True, "log": {"Root": True}}]}
    >>> run_tests(pd.DataFrame([rule]))[["name", "passed"]].to_dict("records")
    [{'name': 'root', 'passed': True}]
    """
    if not timeout > 0:
        raise ValueError(f"timeout={timeout} must be positive")
    rows = plain_rows(frame)
    warn_of_filters(rows)
    with runner_for(rows, timeout) as runner:
        records = [
            record
            for row in rows
            if row["kind"] in DETECTIONS and row.get("tests")
            for record in _tests_of(row, runner)
        ]
    results = build_frame(records, RESULT_COLUMNS)
    return add_facts(results, rows=len(results))


def runner_for(rows: list[Row], timeout: float) -> Runner:
    """Return a runner with the helpers and data models among some rows."""
    helpers = {
        row["id"]: row.get("body", "") for row in rows if row["kind"] == "globals" and "id" in row
    }
    models = [row for row in rows if row["kind"] == "data_models" and "id" in row]
    wanted = ("id", "body", "enabled", "log_types", "mappings")
    return Runner(helpers, [{n: row[n] for n in wanted if n in row} for row in models], timeout)


def loadable(row: Row) -> Row:
    """Return the parts of a detection that the runner needs."""
    return {name: row.get(name) for name in ("kind", "id", "severity", "body")}


def warn_of_filters(rows: list[Row]) -> None:
    """Warn when rules run without their inline filters."""
    ids = [row.get("id") for row in rows if row["kind"] == "rules" and row.get("inline_filters")]
    if ids:
        named = ", ".join(map(repr, ids[:_MOST_NAMED])) + (", ..." if ids[_MOST_NAMED:] else "")
        warn_user(
            f"{len(ids)} rules run without their inline filters, which only the service "
            f"evaluates: {named}",
            PartialWarning,
        )


def _tests_of(row: Row, runner: Runner) -> Iterator[Row]:
    reason = _BY_SERVICE.get(row["kind"])
    failure = None if reason else runner.load(loadable(row))
    for test in row["tests"]:
        if not isinstance(test, dict):
            head = {"kind": row["kind"], "id": row.get("id")}
            yield head | _not_run(f"the test is {type(test).__name__}; must be a map")
            continue
        expected = test.get("expectedResult")
        head = {"kind": row["kind"], "id": row.get("id"), "name": test.get("name")}
        head["expected"] = expected if isinstance(expected, bool) else None
        if reason:
            yield head | {"errored": False, "error": reason}
        elif failure:
            yield head | _not_run(failure)
        else:
            yield head | _one_test(test, runner)


def _not_run(reason: str) -> Row:
    return {"passed": False, "errored": True, "error": reason}


def _one_test(test: Row, runner: Runner) -> Row:
    event = _event(test)
    if not isinstance(event, dict):
        return _not_run(f"the event of the test is {type(event).__name__}; must be a map")
    if not isinstance(test.get("expectedResult"), bool):
        return _not_run("the test does not say what it expects (expectedResult)")
    answer = runner.run({"do": "test", "event": event, "mocks": test.get("mocks") or []})
    if "error" in answer:
        return _not_run(answer["error"])
    return _with_outcome(answer, expected=test["expectedResult"])


def _event(test: Row) -> Any:
    event = test.get("log") if test.get("log") is not None else test.get("resource")
    try:
        return json.loads(event) if isinstance(event, str) else event
    except ValueError:
        return event


def _with_outcome(answer: Row, *, expected: bool) -> Row:
    triggered, main_error = answer["main"]
    failed = {name: error for name, (_, error) in answer["functions"].items() if error is not None}
    error = answer["broken"] or main_error
    if error is None and failed:
        name = next(iter(failed))
        error = f"{name}: {failed[name]}"
    could_run = answer["broken"] is None and main_error is None
    passed = could_run and triggered == expected and not (expected and failed)
    outputs = {"detection": answer["main"], **answer["functions"]}
    return {
        "passed": passed,
        "errored": error is not None,
        "error": error,
        "trigger_alert": triggered,
        **{name: _as_text(output) for name, (output, _) in outputs.items()},
        **{f"{name}_error": problem for name, (_, problem) in outputs.items()},
    }


def _as_text(output: Any) -> str | None:
    if output is None or isinstance(output, str):
        return output
    return json.dumps(output, ensure_ascii=False)


def compare_tests(local: pd.DataFrame, service: pd.DataFrame) -> pd.DataFrame:
    """Return where the service's results of unit tests differ from those of `run_tests`.

    Parameters
    ----------
    local
        From `run_tests`.
    service
        From `Panther.test_results`.

    Returns
    -------
    pandas.DataFrame
        One row per test and field that differs: `id`, `name`, `field`, `local`, `service`.
        Fields are `passed`, `trigger_alert` and the output of each function, compared where both
        sides have one; `present` is for a test that only one side has. Tests that only the
        service can evaluate are left out.

    Raises
    ------
    ValueError
        When a frame has no `id` or `name`, or a test twice.

    Examples
    --------
    >>> ours = pd.DataFrame({"id": ["A"], "name": ["t"], "passed": [True]})
    >>> compare_tests(ours, ours.assign(passed=False))[["field", "local", "service"]].values
    array([['passed', True, False]], dtype=object)
    """
    ours, theirs = _by_test(local, "local"), _by_test(service, "service")
    records = [
        (*test, field, mine, other)
        for test in dict.fromkeys((*ours, *theirs))
        for field, mine, other in _test_differences(ours.get(test), theirs.get(test))
    ]
    columns = ["id", "name", "field", "local", "service"]
    frame = pd.DataFrame(records, columns=columns, dtype=object)
    return frame.astype(dict.fromkeys(columns[:3], "string[pyarrow]"))


def _by_test(frame: pd.DataFrame, name: str) -> dict[tuple[str, str], Row]:
    if missing := {"id", "name"} - set(frame.columns):
        raise ValueError(f"{name} has no column {', '.join(sorted(missing))}")
    tests: dict[tuple[str, str], Row] = {}
    for place, row in enumerate(frame.astype(object).to_dict("records")):
        if (row["id"], row["name"]) in tests:
            raise ValueError(f"{name}, row {place}: the test {row['name']!r} is there twice")
        tests[row["id"], row["name"]] = {str(key): value for key, value in row.items()}
    return tests


def _test_differences(ours: Row | None, theirs: Row | None) -> Iterator[tuple[str, Any, Any]]:
    if ours is None or theirs is None:
        yield "present", ours is not None, theirs is not None
        return
    for field in ("passed", "trigger_alert", "detection", *FUNCTIONS):
        mine, other = ours.get(field), theirs.get(field)
        if is_missing(mine) or is_missing(other):
            continue
        if not same_value(_decoded(mine), _decoded(other)):
            yield field, mine, other


def _decoded(output: Any) -> Any:
    """Return an output for comparison: JSON text is decoded, so its layout does not matter."""
    try:
        return json.loads(output) if isinstance(output, str) else output
    except ValueError:
        return output
