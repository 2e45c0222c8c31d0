"""Faults on demand, for tests and rehearsals with the running services."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "Call", "Control", "JobPlan", "Move", "Tampering"]

JobOutcome = Literal["done", "failed", "lost", "stuck"]
Change = Literal["update", "resolve", "reopen", "add"]
Tampering = Literal[
    "event",
    "rehash",
    "proof",
    "drop",
    "drop_batch",
    "reorder",
    "forge",
    "root",
    "arweave",
]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that a service answered; it holds no header and so no token."""

    service: str
    method: str
    path: str
    query: str
    status: int


@dataclass(kw_only=True)
class Answer:
    """An answer that replaces the service's own, after some requests and for a number of them."""

    service: str
    path: re.Pattern[str]
    status: int
    body: str
    content_type: str
    headers: dict[str, str]
    times: int
    after: int


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """The course of an upload's job: its end, after how many polls, and the message."""

    outcome: JobOutcome = "done"
    message: str = "the enrichment service could not store the table"
    looks: int = 2
    location: bool = True


@dataclass(frozen=True, kw_only=True)
class Move:
    """A change of one BigPanda incident, before the response to a search."""

    change: Change
    incident: int = 0


@dataclass
class Control:
    """Plants faults in a running sandbox.

    Parameters
    ----------
    calls
        The requests so far, oldest first.
    clock
        The clock of the rate limit, in seconds.
    delay
        Seconds that every response takes.
    newest_first
        Whether searches for incidents are newest first, or oldest first.
    shuffled
        Whether equal incidents change their order between responses.
    tampering
        The last argument of `tamper`; empty for none.

    Examples
    --------
    >>> from pandakit import sandbox
    >>> import requests
    >>> with sandbox.start(incidents=5, audit_events=5) as services:
    ...     services.control.answer("bigpanda", "/environments$", 502, "<html>", times=1)
    ...     url = services.urls["bigpanda"] + "/resources/v2.0/environments"
    ...     requests.get(url, timeout=5).status_code, services.control.calls[0].status
    (502, 502)
    """

    calls: list[Call] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    tampering: str = ""
    delay: float = 0.0
    newest_first: bool = True
    shuffled: bool = False
    _moves: deque[list[Move]] = field(default_factory=deque)
    _answers: list[Answer] = field(default_factory=list)
    _lost: list[tuple[str, re.Pattern[str], int]] = field(default_factory=list)
    _jobs: deque[JobPlan] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def answer(
        self,
        service: str,
        path: str,
        status: int,
        body: str = "",
        *,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Answer the next `times` requests whose path matches with this response.

        Parameters
        ----------
        service
            `"panther"`, `"bigpanda"` or `"pangea"`.
        path
            A regular expression, searched in the path.
        status, body, content_type, headers
            The response.
        times
            How many requests, before the service itself responds again.
        after
            How many matching requests the service itself answers first. With ``after=2``, the third
            page of a list fails.

        Examples
        --------
        >>> import pandakit as pk
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     services.control.answer("panther", "/users$", 403)
        ...     try:
        ...         users = services.panther.users()
        ...     except pk.PermissionDeniedError as error:
        ...         print(error.status_code)
        403
        """
        planned = Answer(
            service=service,
            path=re.compile(path),
            status=status,
            body=body,
            content_type=content_type,
            headers=headers or {},
            times=times,
            after=after,
        )
        with self._lock:
            self._answers.append(planned)

    def lose_page(self, service: str, path: str, page: int) -> None:
        """Leave the rows of one page (counted from 1) out of the lists that match.

        Parameters
        ----------
        service, path
            As in `answer`.
        page
            Counted from 1.

        Examples
        --------
        >>> import pandakit as pk
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     services.control.lose_page("bigpanda", "/integration-alerts", 1)
        ...     try:
        ...         events = services.bigpanda.raw_alerts("nagios.core", start="2026-05-01")
        ...     except pk.PaginationError as error:
        ...         print(type(error).__name__)
        PaginationError
        """
        with self._lock:
            self._lost.append((service, re.compile(path), page))

    def move(self, change: Change, incident: int = 0, *, after: int = 0) -> None:
        """Change a BigPanda incident between two responses to incident searches.

        Parameters
        ----------
        change
            `"update"`, `"resolve"`, `"reopen"`, or `"add"` (a new one that starts now, with
            alerts of its own). All but the first write an activity.
        incident
            The incident, by its position from the newest start (0).
        after
            How many searches are answered before that.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     services.control.move("add")
        ...     incidents = services.bigpanda.incidents("All Incidents", start="2026-05-01")
        >>> len(incidents)
        6
        """
        with self._lock:
            while len(self._moves) <= after:
                self._moves.append([])
            self._moves[after].append(Move(change=change, incident=incident))

    def plan_job(
        self,
        outcome: JobOutcome = "done",
        *,
        message: str = JobPlan.message,
        looks: int = 2,
        location: bool = True,
    ) -> None:
        """Plan the outcome of the next upload's job; plans are used in order.

        Parameters
        ----------
        outcome
            `"done"`, `"failed"`, `"lost"` (404 from the second poll on), or `"stuck"` (never
            ends).
        message
            The message of a failed job.
        looks
            How many polls find the job unfinished (first pending, then started).
        location
            Whether the upload's response has a `Location` header.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> with sandbox.start(incidents=5, audit_events=5) as services:
        ...     services.control.plan_job("failed", message="no space left")
        ...     bigpanda = services.bigpanda
        ...     schema_id = bigpanda.enrichments()["schema_id"].iloc[0]
        ...     table = bigpanda.enrichment_table(schema_id).head(2)
        ...     job = bigpanda.upload_enrichment(table, schema_id, wait=False)
        ...     jobs = [bigpanda.job(job) for _ in range(3)]
        >>> jobs[-1].status, jobs[-1].detail
        ('failed', 'no space left')
        """
        plan = JobPlan(outcome=outcome, message=message, looks=looks, location=location)
        with self._lock:
            self._jobs.append(plan)

    def tamper(self, kind: Tampering | None) -> None:
        """Serve Pangea's log, from now on, as if it had been tampered with.

        Parameters
        ----------
        kind
            `"event"`: an event is altered; `"rehash"`: so is its hash; `"proof"`: its proof is;
            `"drop"`: an event is left out; `"drop_batch"`: a whole batch is; `"reorder"`: two
            events changed places; `"forge"`: an event is altered and the whole log rebuilt,
            so that it agrees with itself; `"root"`: the root of the answers is another;
            `"arweave"`: the roots on Arweave are. `None` ends it.

        Raises
        ------
        ValueError
            If there is no such kind.

        Examples
        --------
        >>> from pandakit import sandbox
        >>> from pandakit.pangea import verify
        >>> with sandbox.start(incidents=5, audit_events=100) as services:
        ...     services.control.tamper("event")
        ...     events = services.pangea.search(start="2026-05-01")
        >>> verify(events).counts["failed"]
        1
        """
        if kind is not None and kind not in get_args(Tampering):
            raise ValueError(f"kind={kind!r}: must be one of {', '.join(get_args(Tampering))}")
        self.tampering = kind or ""

    def clear(self) -> None:
        """Forget all plans and calls."""
        self.tampering = ""
        with self._lock:
            for planned in (self.calls, self._answers, self._lost, self._jobs, self._moves):
                planned.clear()

    def seconds(self) -> float:
        """Return the time of the clock (for the rate limit)."""
        return self.clock()

    def note(self, call: Call) -> None:
        """Record a call (for the services)."""
        with self._lock:
            self.calls.append(call)

    def planned(self, service: str, path: str) -> Answer | None:
        """Return the answer that replaces the service's own, if any (for the services)."""
        with self._lock:
            for planned in self._answers:
                if not planned.times or planned.service != service:
                    continue
                if planned.path.search(path):
                    if planned.after:
                        planned.after -= 1
                        continue
                    planned.times -= 1
                    return planned
        return None

    def is_lost(self, service: str, path: str, page: int) -> bool:
        """Return whether a page is to be left out (for the services)."""
        with self._lock:
            return any(
                (name, number) == (service, page) and pattern.search(path)
                for name, pattern, number in self._lost
            )

    def next_moves(self) -> list[Move]:
        """Return the changes that are due before this search (for the services)."""
        with self._lock:
            return self._moves.popleft() if self._moves else []

    def next_job(self) -> JobPlan:
        """Return the plan of the next job (for the services)."""
        with self._lock:
            return self._jobs.popleft() if self._jobs else JobPlan()
