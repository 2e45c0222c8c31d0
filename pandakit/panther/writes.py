"""Saving and deleting content; methods of `Panther`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandakit.frames import Column, build_frame, facts, snake_case
from pandakit.panther._writes.checks import checked_ids, checked_rows, writing_of
from pandakit.panther._writes.sending import Options, run_deletes, run_saves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from pandakit.panther._writes.bodies import WritableKind
    from pandakit.transport import Client

__all__ = ["delete", "save", "test_results"]

Row = dict[str, Any]

_FUNCTIONS = (
    "detection",
    "title",
    "dedup",
    "severity",
    "description",
    "reference",
    "runbook",
    "destinations",
    "alert_context",
)
TEST_RESULT = (
    Column("id", "text", meaning="the detection"),
    Column("name", "text", meaning="name of the test"),
    Column("passed", "boolean", meaning="whether it passed"),
    Column("errored", "boolean", meaning="whether a function failed"),
    Column("trigger_alert", "boolean", meaning="whether it triggers an alert"),
    Column("error", "text", meaning="why it failed"),
    *(
        column
        for name in _FUNCTIONS
        for column in (
            Column(name, "text", meaning=f"output of `{name}`"),
            Column(f"{name}_error", "text", meaning=f"error of `{name}`"),
        )
    ),
)


def save(
    self: Client,
    kind: WritableKind,
    records: pd.DataFrame | Mapping[str, Any] | Iterable[Mapping[str, Any]],
    *,
    create: bool = False,
    dry_run: bool = True,
    run_tests_first: bool = True,
    run_tests_only: bool = False,
) -> pd.DataFrame:
    """Update content of the instance, or create it, and return the outcome of each record.

    Parameters
    ----------
    kind
        `"rules"`, `"scheduled_rules"`, `"simple_rules"`, `"correlation_rules"`, `"policies"`,
        `"globals"`, `"data_models"` or `"queries"`.
    records
        A frame of a loader or of `detections.read`, a dict, or several dicts, with the columns
        of the loader. Absent columns and missing values leave the service's values as they
        are; an empty text, list or map clears. Columns that only the service sets (authors,
        times) are ignored.
    create
        `False` only updates what exists, `True` only creates what does not.
    dry_run
        Only read, and report what would happen.
    run_tests_first
        Let the service run the unit tests of detections; failing ones block the save.
    run_tests_only
        Let the service run the unit tests, and save nothing.

    Returns
    -------
    pandas.DataFrame
        One row per record, in order: `id`, `status`, `status_code`, `message`, `changed` (names
        of columns), `tests` (see `test_results`). A dry run says `would_create`,
        `would_update`, `unchanged`, `missing` (nothing to update) or `conflict` (it exists, and
        `create` never overwrites). Otherwise `created`, `updated`, `unchanged` (nothing was
        sent), `missing`, `conflict`, `tests_failed`, `tested` (with `run_tests_only`), or
        `refused` by the service for another reason.

    Raises
    ------
    ValueError, TypeError
        With row and column, before anything is sent: an id that is missing or repeated (the
        name, for new queries), an unknown column, a wrong type or severity, a threshold or
        deduplication period below 1, a required column that is missing or blank.
        `run_tests_only` with `dry_run`, or for a kind without tests.
    AuthenticationError, PermissionDeniedError, ServerError, TransportError
        With the results so far as `partial`, and `resume()` for the rest.
    OutcomeUnknownError
        When a response was lost and the service does not have what was sent. A creation is never
        sent twice, not even by `resume()`.

    Notes
    -----
    The service does not version content: changes that others save between our read and our write
    are overwritten. Needs the permission Manage Rules, Manage Policies or Manage Saved Searches.

    Source: "Panther REST API".

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     rule = services.panther.rules().head(1)
    ...     plan = services.panther.save("rules", rule.assign(threshold=7))
    >>> plan[["status", "changed"]].to_dict("records")
    [{'status': 'would_update', 'changed': ['threshold']}]
    """
    writing = writing_of(kind)
    if run_tests_only and dry_run:
        raise ValueError("run_tests_only=True asks the service to run tests: pass dry_run=False")
    if run_tests_only and not writing.has_tests:
        raise ValueError(f"run_tests_only=True: {kind} have no unit tests")
    rows = checked_rows(writing, records, create=create)
    options = Options(
        create=create,
        dry_run=dry_run,
        run_tests_first=run_tests_first,
        run_tests_only=run_tests_only,
    )
    return run_saves(self, writing, rows, options, _n_listed(self, records))


def _n_listed(client: Client, records: Any) -> int:
    """Return how many rows were loaded when the records were: the list has at least as many."""
    loaded = facts(records) if hasattr(records, "attrs") else {}
    return int(loaded.get("rows", 0)) if loaded.get("source") == client.source else 0


def delete(
    self: Client,
    kind: WritableKind,
    ids: str | Iterable[str] | pd.DataFrame,
    *,
    dry_run: bool = True,
) -> pd.DataFrame:
    """Delete content of the instance, and return the outcome of each id.

    Parameters
    ----------
    kind
        As for `save`.
    ids
        One id, several, or a frame with a column `id`.
    dry_run
        Only read, and report what would happen.

    Returns
    -------
    pandas.DataFrame
        One row per id, in order, with the columns of `save`. A dry run says `would_delete` or
        `missing`; otherwise `deleted`, `missing` or `refused`.

    Raises
    ------
    ValueError, TypeError
        Before anything is sent: an id that is empty, repeated, or not text.
    AuthenticationError, PermissionDeniedError, ServerError, TransportError
        With the results so far as `partial`, and `resume()` for the rest.
    OutcomeUnknownError
        When a response was lost and the object still exists.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     services.panther.delete("rules", ["No.Such.Rule"])["status"].tolist()
    ['missing']
    """
    writing, checked = writing_of(kind), checked_ids(ids)
    return run_deletes(self, writing, checked, dry_run=dry_run, n_listed=_n_listed(self, ids))


def test_results(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the results of unit tests that the service sent, one row per test.

    Parameters
    ----------
    frame
        From `save`; it is not changed.

    Returns
    -------
    pandas.DataFrame
        `id`, `name`, `passed`, `errored`, `trigger_alert`, `error`, then for each function its
        output and its error: `detection`, `title`, `dedup`, `severity`, `description`,
        `reference`, `runbook`, `destinations`, `alert_context`, each with `..._error`.

    Raises
    ------
    ValueError
        When the frame has no `id` or no `tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> saved = pd.DataFrame({"id": ["A"], "tests": [[{"name": "t", "passed": False}]]})
    >>> test_results(saved)[["id", "name", "passed"]].to_dict("records")
    [{'id': 'A', 'name': 't', 'passed': False}]
    """
    if missing := [name for name in ("id", "tests") if name not in frame.columns]:
        raise ValueError(f"the frame has no column {', '.join(missing)}: pass a frame of save()")
    return build_frame(_records(frame), TEST_RESULT)


def _records(frame: pd.DataFrame) -> Iterator[Row]:
    for key, tests in zip(frame["id"].astype(object), frame["tests"], strict=True):
        for test in tests if isinstance(tests, list) else []:
            functions = test.get("functions") or {}
            record = {name: value for name, value in test.items() if name != "functions"}
            record = {snake_case(name): value for name, value in record.items()}
            record |= {"id": key, "error": _error_text(record.get("error"))}
            for name, outcome in functions.items():
                if isinstance(outcome, dict):
                    record[snake_case(name)] = outcome.get("output")
                    record[f"{snake_case(name)}_error"] = _error_text(outcome.get("error"))
            yield record


def _error_text(error: Any) -> str | None:
    """Return the message of an error, which is text or an object."""
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or error) if error else None
    return error or None
