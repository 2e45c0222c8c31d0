"""HTTP for every service, without knowledge of any.

An adapter declares its service as data. It gets complete lists, or an error that says how far
they were read:

>>> from pandakit.redaction import Secret
>>> from pandakit.transport import Call, CursorPages, Listing, Service, Session, collect
>>> service = Service("Panther", "https://api.example.net", "X-API-Key", "",
...                   hints={401: "Set PANTHER_API_TOKEN."})
>>> session = Session(service, Secret("a-token"))
>>> rules = Call("GET", "/rules", params={"limit": 100}, endpoint="/rules",
...              needs="the permission View Rules")
>>> listing = Listing(rules, CursorPages(), row_id="id", label="Panther rules")
>>> def to_frame(collected):
...     return len(collected.records)

and then, with a network::

    frame = collect(session, listing, max_rows=None, progress=None, finish=to_frame)

`to_frame` is called with a `Collected` (records, pages, requests, duplicates, capped, total,
elapsed_s) for the whole list. If a page fails, it is also called for `error.partial`, and again for
`error.resume()`.

Errors in envelopes: `Service.read_error(reply)` is called for *every* answer, even a 200, and
returns `Problem(message, status, request_id)` or `None`. For deferred answers (202), pass
`Listing(..., send=function(call, line))` with a function that waits with `wait_for`.

Jobs: `find_job(session, reply, template="/jobs/{id}")` returns a `Job(id, url)`, and
`wait_for(session, Call("GET", job.url), JobRules(states={"done": "done", "failed": "failed",
"started": "running"}), timeout=900)` its last answer.

A write is a `Call(..., repeatable=False)`; a lost answer raises `OutcomeUnknownError`.
"""

from __future__ import annotations

from pandakit.transport.client import Check, Client, warn_user
from pandakit.transport.collect import MAX_IDLE_PAGES, MAX_PAGES, Collected, Listing, collect
from pandakit.transport.compose import ChainedPages, MappedPages, OneAnswer, Part
from pandakit.transport.interrupts import Interrupted, interrupted
from pandakit.transport.jobs import JOB_PATH, Job, JobRules, find_job, wait_for
from pandakit.transport.loader import loader
from pandakit.transport.options import Clock, TransportOptions
from pandakit.transport.paginate import (
    CursorPages,
    NumberedPages,
    OffsetPages,
    OnePage,
    Page,
    PageStyle,
)
from pandakit.transport.parallel import ParallelLoad, Task, TaskQueue, collect_parallel
from pandakit.transport.reply import Problem, Reply, read_or_raise
from pandakit.transport.row_checks import RowCheck, declared_fields, row_check, row_checks
from pandakit.transport.service import Call, Service, checked_address, path_segment
from pandakit.transport.session import Session
from pandakit.transport.store import StorePath

__all__ = [
    "JOB_PATH",
    "MAX_IDLE_PAGES",
    "MAX_PAGES",
    "Call",
    "ChainedPages",
    "Check",
    "Client",
    "Clock",
    "Collected",
    "CursorPages",
    "Interrupted",
    "Job",
    "JobRules",
    "Listing",
    "MappedPages",
    "NumberedPages",
    "OffsetPages",
    "OneAnswer",
    "OnePage",
    "Page",
    "PageStyle",
    "ParallelLoad",
    "Part",
    "Problem",
    "Reply",
    "RowCheck",
    "Service",
    "Session",
    "StorePath",
    "Task",
    "TaskQueue",
    "TransportOptions",
    "checked_address",
    "collect",
    "collect_parallel",
    "declared_fields",
    "find_job",
    "interrupted",
    "loader",
    "path_segment",
    "read_or_raise",
    "row_check",
    "row_checks",
    "wait_for",
    "warn_user",
]
