"""A BigPanda tenant in memory whose incidents move between its answers."""

import json
import random
from threading import Lock
from types import SimpleNamespace

from pandakit.transport import Reply
from tests.transport.clock import FakeClock


class Tenant:
    """Answers searches for incidents; each answer shows one moment.

    `moves` yields, before each answer, functions that change the tenant. `order` is `"newest"`,
    `"oldest"` or `"mixed"`; equal starts change their order from answer to answer with `shuffle`.
    Without `lists_changes` it ignores `sort_by`.
    """

    def __init__(
        self, starts, *, moves=(), order="newest", shuffle=False, ceiling=10_000, watched=True
    ):
        self.rows = {}
        self._ordered = None
        self.clock = FakeClock().clock
        self.now = max(starts, default=0) + 10
        self.calls = []
        self.snapshots = []
        self.received = {}
        self.failures = []
        self.lists_changes = True
        self.order = order
        self._moves, self._shuffle, self._ceiling = iter(moves), shuffle, ceiling
        self._watched = watched
        self._lock = Lock()
        self._random = random.Random(0)
        for start in starts:
            self.add(start)

    def server_time(self):
        """Return the present by the tenant's clock."""
        return self.now

    def add(self, start):
        """Let an incident begin."""
        key = f"i{len(self.rows):05d}"
        self.rows[key] = {
            "id": key, "start": start, "end": None, "updated_at": start, "folder": "active",
            "status": ("critical", "warning")[len(self.rows) % 2],
            "severity": ("critical", "unknown")[len(self.rows) // 2 % 2],
        }  # fmt: skip

    def change(self, number, **values):
        """Change the incident of a number; resolving and reopening are such changes."""
        self.now += 1
        if self.rows:
            key = sorted(self.rows)[number % len(self.rows)]
            self.rows[key] = {**self.rows[key], **values, "updated_at": self.now}

    def resolve(self, number):
        """Let an incident leave the active ones."""
        self.change(number, folder="resolved", end=self.now)

    def reopen(self, number):
        """Let an incident come back."""
        self.change(number, folder="active", end=None)

    def send(self, call, _=None):
        """Answer a call."""
        with self._lock:
            for move in next(self._moves, ()):
                move(self)
                self._ordered = None
            if self.failures:
                failure = self.failures.pop(0)
                if failure is not None:
                    raise failure
            params = call.params
            self.calls.append(params)
            if self._watched:
                self.snapshots.append(dict(self.rows))
            page, size = params["page"], params["page_size"]
            assert page * size <= self._ceiling, "beyond the first results of a query"
            found = self._matching(params)
            items = found[(page - 1) * size : page * size]
            for row in items:
                self.received.setdefault(row["id"], []).append(row["updated_at"])
            return reply_of({"total": len(found), "items": items})

    def _matching(self, params):
        by_change = params.get("sort_by") == "last_change" and self.lists_changes
        by = "updated_at" if by_change else "start"
        if self._ordered is None or self._shuffle or self.order == "mixed":
            self._ordered = {}
        if by not in self._ordered:
            rows = list(self.rows.values())
            if self._shuffle or self.order == "mixed":
                self._random.shuffle(rows)
            if self.order != "mixed":
                rows.sort(key=lambda row: row[by], reverse=self.order == "newest")
            self._ordered[by] = rows
        high = self.now if params.get("to") is None else params["to"]
        return [row for row in self._ordered[by] if matches(row, params, high)]


def matches(row, params, high):
    """Return whether a search finds a row: it started by `to` and had not ended before `from`."""
    query = params.get("query") or ""
    conditions = [part.split(" = ") for part in query.split(" AND ") if part]
    return (
        row["start"] <= high
        and (row["end"] is None or row["end"] >= (params.get("from") or 0))
        and params.get("folder") in (None, row["folder"])
        and all(row[name] == value for name, value in conditions)
    )


def reply_of(body):
    """Return an answer with a JSON body."""
    return Reply(200, {}, json.dumps(body).encode())


def session_of(tenant):
    """Return what a load needs of a session."""
    return SimpleNamespace(
        send=tenant.send, clock=tenant.clock, server_time=tenant.server_time, is_stored=False
    )


def session_of_answers(send):
    """Return what a load needs of a session, with a function that answers calls."""
    return SimpleNamespace(send=send, clock=FakeClock().clock, is_stored=False)
