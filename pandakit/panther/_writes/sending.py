"""Save records one by one: look up, send where needed, keep the outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pandakit.errors import OutcomeUnknownError, PandakitError, ServerError
from pandakit.frames import Column, add_facts, build_frame
from pandakit.panther._lists.resources import RESOURCES
from pandakit.panther._writes.bodies import (
    Writing,
    changed_columns,
    create_body,
    update_body,
)
from pandakit.panther._writes.lookup import find_object, find_objects
from pandakit.transport import Call, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from pandakit.transport import Client, Reply, Session

__all__ = ["WRITE_RESULT", "Options", "run_deletes", "run_saves"]

Row = dict[str, Any]

WRITE_RESULT = (
    Column("id", "text", meaning="the object; missing for a query that is yet to be created"),
    Column("status", "text", meaning="what happened, or would happen"),
    Column("status_code", "integer", meaning="HTTP status; missing when nothing was sent"),
    Column("message", "text", meaning="what the service said"),
    Column("changed", "list", meaning="columns that differ from what the service had"),
    Column("tests", "list", meaning="results of unit tests, where the service sent them"),
)
_ANSWERS = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How records are saved; see `save`."""

    create: bool
    dry_run: bool
    run_tests_first: bool
    run_tests_only: bool


@dataclass
class _Job:
    """Writes that can be interrupted: what is done so far, and how to continue.

    Parameters
    ----------
    client
        The client whose session sends.
    rows
        One per record.
    key_field, keys
        The field by which objects are looked up, and its value in each row.
    n_listed
        How many objects the list has at least.
    """

    client: Client
    kind: str
    rows: Sequence[Row]
    key_field: str
    one: Callable[[_Job, Row], Row]
    facts: Row
    n_listed: int = 0
    current: dict[str, Row] | None = None
    results: list[Row] = field(default_factory=list)
    unsure: bool = False  # whether the answer to the next row's write was lost

    @property
    def session(self) -> Session:
        """The session of the client."""
        return self.client._session  # noqa: SLF001 - the client's own part

    def key(self, row: Row) -> str:
        """Return the value by which a row's object is looked up."""
        return str(row[self.key_field])

    def run(self) -> pd.DataFrame:
        """Continue until all rows are done.

        Raises
        ------
        PandakitError
            With the rows so far as `partial`, and `resume()`.
        """
        try:
            self._go_on()
        except PandakitError as error:
            raise error.extended(
                f" ({len(self.results)} of {len(self.rows)} {self.kind} were done)",
                partial=self.frame(),
                resume=self.run,
            ) from None
        except KeyboardInterrupt as interrupt:
            interrupt.partial = self.frame()  # type: ignore[attr-defined]
            interrupt.resume = self.run  # type: ignore[attr-defined]
            raise
        return self.frame()

    def _go_on(self) -> None:
        if self.current is None:
            keys = map(self.key, self.rows)
            self.current = find_objects(
                self.session, self.kind, keys, self.key_field, self.n_listed
            )
        while len(self.results) < len(self.rows):
            self.results.append(self.one(self, self.rows[len(self.results)]))
            self.unsure = False

    def frame(self) -> pd.DataFrame:
        """Return the results so far."""
        frame = build_frame(self.results, WRITE_RESULT)
        complete = len(self.results) == len(self.rows)
        return add_facts(
            frame, source=self.client.source, rows=len(frame), complete=complete, **self.facts
        )


def run_saves(
    client: Client,
    writing: Writing,
    rows: Sequence[Row],
    options: Options,
    n_listed: int = 0,
) -> pd.DataFrame:
    """Save rows that have been checked."""

    def one(job: _Job, row: Row) -> Row:
        return _save_one(job, writing, row, options)

    by_name = options.create and writing.kind == "queries"
    key_field = "name" if by_name else "id"
    facts = {"dry_run": options.dry_run}
    return _Job(client, writing.kind, rows, key_field, one, facts, n_listed).run()


def _save_one(job: _Job, writing: Writing, row: Row, options: Options) -> Row:
    if job.unsure:
        return _after_lost_answer(job, writing, row, options)
    current = (job.current or {}).get(job.key(row))
    if options.create:
        return _create_one(job, writing, row, current, options)
    return _update_one(job, writing, row, current, options)


def _create_one(
    job: _Job, writing: Writing, row: Row, current: Row | None, options: Options
) -> Row:
    if current is not None:
        return _result(current, "conflict", message="it exists already")
    changed = [each.name for each in writing.columns if each.name in row]
    if options.dry_run:
        key = row if writing.kind != "queries" else {}  # the service makes the id of a query
        return _result(key, "would_create", changed=changed)
    return _send(job, writing, row, create_body(writing, row), options) | {"changed": changed}


def _update_one(
    job: _Job, writing: Writing, row: Row, current: Row | None, options: Options
) -> Row:
    if current is None:
        return _result(row, "missing", message="the service has no such object")
    changed = changed_columns(writing, row, current)
    if not changed and not options.run_tests_only:
        return _result(row, "unchanged")
    if options.dry_run:
        return _result(row, "would_update", changed=changed)
    body = update_body(writing, row, current)
    return _send(job, writing, row, body, options) | {"changed": changed}


def _result(row: Row, status: str, **more: Any) -> Row:
    return {"id": row.get("id"), "status": status, "changed": [], **more}


def _send(job: _Job, writing: Writing, row: Row, body: Row, options: Options) -> Row:
    call = _save_call(writing, row, body, options)
    try:
        reply = job.session.send(call)
    except OutcomeUnknownError as error:
        job.unsure = True
        if options.run_tests_only or not _arrived(job, writing, row, body):
            raise _known_failure(error) from None
        job.unsure = False
        status = "created" if options.create else "updated"
        message = "the answer was lost; the object was found at the service"
        return _result(row, status, message=message)
    return _saved(row, reply, options)


def _save_call(writing: Writing, row: Row, body: Row, options: Options) -> Call:
    path = RESOURCES[writing.kind].path
    tests = {"run-tests-first": options.run_tests_first, "run-tests-only": options.run_tests_only}
    return Call(
        "POST" if options.create else writing.update,
        path if options.create else f"{path}/{path_segment(row['id'])}",
        params=tests if writing.has_tests else None,
        json=body,
        endpoint=path,
        repeatable=False,
        needs=f"the permission {writing.needs}",
        expected=_ANSWERS,
    )


def _saved(row: Row, reply: Reply, options: Options) -> Row:
    """Return the outcome that an answer to a save stands for."""
    result = _result(row, "", status_code=reply.status)
    if reply.status == HTTPStatus.NO_CONTENT:
        return result | {"status": "tested"}
    body = _object(reply)
    if reply.status == HTTPStatus.CONFLICT:
        return result | {"status": "conflict", "message": _message(body, reply)}
    if reply.status == HTTPStatus.NOT_FOUND:
        return result | {"status": "missing", "message": _message(body, reply)}
    if reply.status == HTTPStatus.BAD_REQUEST:
        tests = body.get("testResults")
        status = "tests_failed" if isinstance(tests, list) else "refused"
        return result | {"status": status, "message": _message(body, reply), "tests": tests}
    saved = body["data"] if isinstance(body.get("data"), dict) and "id" not in body else body
    result |= {"status": "created" if options.create else "updated"}
    return result | {"id": saved.get("id", row.get("id")), "tests": saved.get("testResults")}


def _object(reply: Reply) -> Row:
    """Return the body as an object; any other body counts as empty."""
    try:
        body = json.loads(reply.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(body: Row, reply: Reply) -> str:
    return str(body.get("message") or reply.excerpt())


def _arrived(job: _Job, writing: Writing, row: Row, body: Row) -> bool:
    """Ask the service whether it has what was sent."""
    current = find_object(job.session, writing.kind, job.key(row), job.key_field)
    return _is_there(writing, _columns_of(writing, body), current)


def _is_there(writing: Writing, row: Row, current: Row | None) -> bool:
    return current is not None and not changed_columns(writing, row, current)


def _columns_of(writing: Writing, body: Row) -> Row:
    flat = {}
    for column in writing.columns:
        value: Any = body
        for part in column.sources[0].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            flat[column.name] = value
    return flat


def _known_failure(error: OutcomeUnknownError) -> PandakitError:
    """Return the error of a write that did not arrive: 500 is an answer, the others are not."""
    if error.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
        return error
    return ServerError(
        f"{error}. It was looked up: the service does not have it",
        status_code=error.status_code,
        retry_after=error.retry_after,
        request_id=error.request_id,
    )


def _after_lost_answer(job: _Job, writing: Writing, row: Row, options: Options) -> Row:
    """Continue at a write whose answer was lost: it is looked up, and a POST is not repeated."""
    current = find_object(job.session, writing.kind, job.key(row), job.key_field)
    if not options.create and writing.update == "PUT":
        job.unsure = False
        job.current = dict(job.current or {})
        job.current.pop(job.key(row), None)
        if current is not None:
            job.current[job.key(row)] = current
        return _save_one(job, writing, row, options)
    if options.run_tests_only or not _is_there(writing, row, current):
        raise OutcomeUnknownError(
            f"the answer to the POST of {job.key(row)!r} was lost, and the service does not have "
            "it: it is not sent again, since it may still arrive; check the service and save again"
        )
    return _result(current or row, "created" if options.create else "updated")


def run_deletes(
    client: Client, writing: Writing, ids: Sequence[str], *, dry_run: bool, n_listed: int = 0
) -> pd.DataFrame:
    """Delete objects by id."""

    def one(job: _Job, row: Row) -> Row:
        if row["id"] not in (job.current or {}):
            return _result(row, "missing", message="the service has no such object")
        return _result(row, "would_delete") if dry_run else _delete_one(job, writing, row)

    rows = [{"id": key} for key in ids]
    return _Job(client, writing.kind, rows, "id", one, {"dry_run": dry_run}, n_listed).run()


def _delete_one(job: _Job, writing: Writing, row: Row) -> Row:
    path = RESOURCES[writing.kind].path
    if job.unsure and find_object(job.session, writing.kind, row["id"], "id") is None:
        return _result(row, "deleted", message="the answer was lost; the object is gone")
    call = Call(
        "DELETE",
        f"{path}/{path_segment(row['id'])}",
        endpoint=path,
        repeatable=False,
        needs=f"the permission {writing.needs}",
        expected=_ANSWERS,
    )
    try:
        reply = job.session.send(call)
    except OutcomeUnknownError as error:
        job.unsure = True
        if find_object(job.session, writing.kind, row["id"], "id") is not None:
            raise _known_failure(error) from None
        return _result(row, "deleted", message="the answer was lost; the object is gone")
    result = _result(row, "deleted", status_code=reply.status)
    if reply.status < HTTPStatus.BAD_REQUEST:
        return result
    status = "missing" if reply.status == HTTPStatus.NOT_FOUND else "refused"
    return result | {"status": status, "message": _message(_object(reply), reply)}
