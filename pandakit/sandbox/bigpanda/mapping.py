"""BigPanda's mapping enrichment: schemas, table uploads and their jobs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from pandakit.sandbox.bigpanda.request import asked_page
from pandakit.sandbox.bigpanda.table import Malformed, TooLarge, UploadedTable, read_upload
from pandakit.sandbox.service import Refused, json_response, read_object

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.wrappers import Request, Response

    from pandakit.sandbox.control import Control, JobPlan
    from pandakit.sandbox.organisation import Organisation

__all__ = ["MappingRoutes"]

Row = dict[str, Any]

_NEW = "/resources/v2.1/mapping-enrichment"
_OLD = "/resources/v1.0/enrichments"
_NEW_JOBS = "/resources/v2.1/alert-enrichments-jobs"
_OLD_JOBS = "/resources/v1.0/enrichment-jobs"
_MOST_ROWS = 1_000
_KINDS = {"query_tag", "result_tag"}


@dataclass
class _Job:
    """An upload in progress: each poll advances it by one step."""

    id: str
    schema: str
    table: UploadedTable
    plan: JobPlan
    start: int
    looks: int = 0
    stored: bool = False

    @property
    def status(self) -> str:
        """The status at the last poll."""
        if self.plan.outcome == "stuck" or self.looks <= self.plan.looks:
            return "pending" if self.looks <= 1 else "started"
        return "failed" if self.errors else "done"

    @property
    def errors(self) -> list[str]:
        """Why it fails, if it does."""
        return [self.plan.message] if self.plan.outcome == "failed" else self.table.faults


class MappingRoutes:
    """The part of BigPanda that keeps enrichment tables.

    Parameters
    ----------
    organisation
        Its schemas and the tables that are there from the start.
    control
        How jobs end.
    folder
        Where uploads are kept.
    most_bytes
        Larger uploads are refused.
    """

    mapping_routes: ClassVar = (
        ("GET", _NEW, "schemas"),
        ("POST", _NEW, "create_schema"),
        ("GET", f"{_NEW}/<key>", "schema"),
        ("POST", f"{_NEW}/<key>/map", "upload"),
        ("GET", f"{_NEW}/<key>/map", "table"),
        ("GET", f"{_NEW_JOBS}/<job>", "job"),
        ("GET", _OLD, "schemas"),
        ("GET", f"{_OLD}/<key>", "schema"),
        ("POST", f"{_OLD}/<key>/map", "upload"),
        ("GET", f"{_OLD}/<key>/map", "table"),
        ("GET", f"{_OLD_JOBS}/<job>", "job"),
    )
    control: Control
    epoch: int
    name: ClassVar[str]

    def __init__(
        self, organisation: Organisation, control: Control, folder: Path, most_bytes: int
    ) -> None:
        self.control = control
        self._folder = folder
        self._most_bytes = most_bytes
        self._schemas: dict[str, Row] = {row["id"]: row for row in organisation.bigpanda["schemas"]}
        self._seeded: dict[str, list[Row]] = organisation.bigpanda["tables"]
        self._tables: dict[str, UploadedTable] = {}
        self._jobs: dict[str, _Job] = {}
        self._numbers = count(1)

    def streams(self, request: Request) -> bool:
        return request.path.endswith("/map")

    def schemas(self, request: Request) -> Response:
        del request
        return json_response({"data": list(self._schemas.values())})

    def schema(self, request: Request, key: str) -> Response:
        del request
        return json_response(self._schema(key))

    def create_schema(self, request: Request) -> Response:
        try:
            body = read_object(request)
            fields = body["config"]["fields"]
            kinds = {field["type"] for field in fields if field["title"]}
        except (ValueError, TypeError, KeyError):
            raise Refused(
                400, "config.fields must be a list of fields with title and type"
            ) from None
        if kinds != _KINDS:
            raise Refused(400, "a schema needs a query_tag and a result_tag, and no other type")
        key = f"00000000-0000-4000-8000-{next(self._numbers):012d}"
        row = {"active": True, "when": None, "note": None, "version": 1} | body | {"id": key}
        self._schemas[key] = row
        return json_response(row, 201)

    def upload(self, request: Request, key: str) -> Response:
        schema = self._schema(key)
        if request.mimetype != "text/csv":
            raise Refused(400, "the body must be text/csv")
        if (request.content_length or 0) > self._most_bytes:
            raise Refused(413, f"the table is larger than {self._most_bytes} bytes")
        number = next(self._numbers)
        path = self._folder / f"{number}.csv"
        columns = [field["title"] for field in schema["config"]["fields"]]
        try:
            table = read_upload(request.stream, path, columns, self._most_bytes)
        except Malformed as fault:
            path.unlink()
            raise Refused(413 if isinstance(fault, TooLarge) else 400, str(fault)) from None
        job = _Job(
            id=f"{key}_{self.epoch + number}_indexcsv",
            schema=key,
            table=table,
            plan=self.control.next_job(),
            start=self.epoch + number,
        )
        self._jobs[job.id] = job
        return self._accepted(request, job)

    def _accepted(self, request: Request, job: _Job) -> Response:
        old = request.path.startswith(_OLD)
        place = f"{_OLD_JOBS if old else _NEW_JOBS}/{job.id}"
        # The service's example leaves the first two segments of the path out of this one.
        trigger = place.replace("/resources/v2.1", "").replace("/resources/v1.0", "")
        body = {"status": "pending", "job_id": job.id, "trigger_uri": trigger}
        return json_response(body, 202, {"Location": place} if job.plan.location else {})

    def job(self, request: Request, job: str) -> Response:
        del request
        found = self._jobs.get(job)
        if found is None or (found.plan.outcome == "lost" and found.looks):
            raise Refused(404, "Not Found")
        found.looks += 1
        row: Row = {"status": found.status, "job_id": found.id, "start_time": found.start}
        if found.status == "done" and not found.stored:
            self._tables[found.schema] = found.table  # all at once: the old one is gone
            found.stored = True
        if found.status in {"done", "failed"}:
            row["end_time"] = found.start + 30
        if found.status == "failed":
            row["errors"] = found.errors
        return json_response(row)

    def table(self, request: Request, key: str) -> Response:
        self._schema(key)
        page, size = asked_page(request, "per_page", default=100, most=_MOST_ROWS)
        kept = self._tables.get(key)
        seeded = self._seeded.get(key, [])
        total = kept.rows if kept else len(seeded)
        items = kept.page(page, size) if kept else seeded[(page - 1) * size : page * size]
        if self.control.is_lost(self.name, request.path, page):
            items = []
        name = "total_count" if request.path.startswith(_OLD) else "total_results"
        return json_response({"items": items, name: total})

    def _schema(self, key: str) -> Row:
        if key not in self._schemas:
            raise Refused(404, "Not Found")
        return self._schemas[key]
