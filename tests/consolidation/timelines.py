"""Read the hand-made timelines: documents with the events and the answers written out.

In a document, a heading names the timeline, the sentence below it is the rule, and an
indented block holds the events with what must become of each::

    set reopen_window=0 as_of=30d
    pattern host 4h filter=["=", "host", ["wildcard", "db*"]]
    0        critical  host=db-1 check=cpu   | opened 0 in 0
    4h+1us   critical  host=db-1 check=disk  | opened 1 in 0 by primary from 0: 4h of 24h
    5h       ok        host=db-2             | orphan_ok
    alert 0: end=null severity=critical
    incident 0: n_open_alerts=2
    total: n_conflicting_duplicates=0

Times count from a midnight; a literal timestamp follows an `@`. "by primary from 0: 4h of
24h" reads: joined by the pattern `primary`, measured from alert 0, gap 4 h of a window of
24 h (no "of" under `bucket`). Every join must be written; columns that are not written are
not compared. Values are JSON where they can be, else text. Settings start from `CLASSIC`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.consolidation.strategies import DAY, HOUR, MINUTE, SECOND, Scenario

FOLDER = Path(__file__).parent / "hand_made"
MIDNIGHT = 20_000 * DAY
UNITS = {"us": 1, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
TIMES = {"start", "end", "last_event_at", "as_of"}
SPANS = {"reopen_window", "expire_after", "flap_window", "window"}


def pattern(tags: str, window: str, **options: Any) -> dict[str, Any]:
    """Return a pattern as the reference engine takes it."""
    names = tags.split("+")
    plain = {"name": tags, "tags": names, "window": span(window)}
    return plain | {"filter": None, "cross_source": True} | options


def span(text: str) -> int:
    """Read a sum such as `4h+1us` as microseconds."""
    if text == "0":
        return 0
    parts = [re.fullmatch(r"(-?\d+)(us|s|min|h|d)", part) for part in text.split("+")]
    return sum(int(part[1]) * UNITS[part[2]] for part in parts)


CLASSIC: dict[str, Any] = {
    "patterns": [pattern("primary", "24h"), pattern("cluster", "4h")],
    "dedup": "identity_timestamp",
    "reopen_window": 48 * HOUR,
    "expire_after": 30 * DAY,
    "anchor": "first",
    "matchers": "union",
    "join_resolved": True,
    "max_alerts": None,
    "order": "longest_window_first",
    "flap_changes": 5,
    "flap_window": HOUR,
    "unit": "us",
    "as_of": None,
}
CURRENT: dict[str, Any] = CLASSIC | {
    "patterns": [pattern("host", "60min")],
    "dedup": "payload",
    "matchers": "intersect",
    "join_resolved": False,
    "max_alerts": 300,
}


@dataclass
class Timeline:
    """One hand-made timeline."""

    name: str
    claim: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=lambda: dict(CLASSIC))
    events: list[dict[str, Any]] = field(default_factory=list)
    joins: dict[int, dict[str, Any]] = field(default_factory=dict)
    alerts: dict[int, dict[str, Any]] = field(default_factory=dict)
    incidents: dict[int, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """Give the timeline as both engines take it."""
        columns = dict.fromkeys(
            ["timestamp", "status", *(name for row in self.rows for name in row)]
        )
        return Scenario(self.rows, {**dict.fromkeys(columns, "object"), "timestamp": "mixed"},
                        self.settings)  # fmt: skip


# ---------------------------------------------------------------- reading a document


def pairs(text: str) -> dict[str, Any]:
    """Read `name=value` pairs; a value is JSON where it can be, else text up to a blank."""
    found, rest = {}, text.strip()
    while rest:
        name, equals, rest = rest.partition("=")
        if not (equals and re.fullmatch(r"\w+", name)):
            raise ValueError(f"no name=value in {text!r}")
        try:
            found[name], size = json.JSONDecoder().raw_decode(rest)
            complete = rest[size : size + 1] in {"", " "}
        except ValueError:
            complete = False
        if not complete:
            size = len(rest.split(" ")[0])
            found[name] = rest[:size]
        rest = rest[size:].strip()
    return found


def measured(found: dict[str, Any]) -> dict[str, Any]:
    """Turn the times and spans among the values into microseconds."""
    values = dict(found)
    for name in values.keys() & (TIMES | SPANS):
        if values[name] is not None:
            start = MIDNIGHT if name in TIMES else 0
            values[name] = start + span(str(values[name]))
    return values


def frozen(tree: Any) -> Any:
    """Turn the lists of a filter into the tuples that the reference engine reads."""
    return tuple(map(frozen, tree)) if isinstance(tree, list) else tree


JOIN = re.compile(r"by (?P<by>\S+) from (?P<anchor>\d+): (?P<gap>\S+)( of (?P<window>\S+))?")


def read_event(timeline: Timeline, line: str) -> None:
    """Read a line with an event and what becomes of it."""
    left, _, right = line.rpartition("|")
    when, status, fields = [*re.split(r"\s+", left.strip(), maxsplit=2), ""][:3]
    stamp = json.loads(when[1:]) if when.startswith("@") else MIDNIGHT + span(when)
    status = {} if status == "-" else {"status": status}
    timeline.rows.append({"timestamp": stamp, **status, **pairs(fields)})
    outcome, *words = right.split(maxsplit=1)
    expected = {"outcome": outcome, "reason": None, "alert_id": None}
    if outcome == "rejected":
        expected["reason"] = words[0]
    elif outcome == "opened":
        number, _, incident, *join = words[0].split(" ", maxsplit=3)
        expected |= {"alert_id": int(number), "incident_id": int(incident)}
        timeline.joins[int(number)] = read_join(join)
    elif words:
        expected["alert_id"] = int(words[0])
    timeline.events.append(expected)


def read_join(text: list[str]) -> dict[str, Any]:
    """Read why an alert joined, nothing when it opened an incident."""
    nothing = dict.fromkeys(["joined_by", "anchor_alert_id", "gap", "margin"])
    if not text:
        return nothing
    found = JOIN.fullmatch(text[0])
    gap = span(found["gap"])
    margin = None if found["window"] is None else span(found["window"]) - gap
    return {"joined_by": found["by"], "anchor_alert_id": int(found["anchor"]),
            "gap": gap, "margin": margin}  # fmt: skip


def read_line(timeline: Timeline, line: str, own_patterns: list[dict[str, Any]]) -> None:
    """Read one line of a block."""
    word, _, rest = line.partition(" ")
    if word == "set":
        timeline.settings |= measured(pairs(rest))
    elif word == "pattern":
        tags, window, *options = rest.split(" ", maxsplit=2)
        given = pairs("".join(options))
        own_patterns.append(
            pattern(tags, window, **given | {"filter": frozen(given.get("filter"))})
        )
    elif word in {"alert", "incident"}:
        number, _, values = rest.partition(":")
        table = timeline.alerts if word == "alert" else timeline.incidents
        table[int(number)] = measured(pairs(values))
    elif word == "total:":
        timeline.totals = pairs(rest)
    else:
        read_event(timeline, line)


def read_document(path: Path) -> list[Timeline]:
    """Read all timelines of a document."""
    found: list[Timeline] = []
    for section in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, *lines = section.splitlines()
        timeline, own_patterns = Timeline(name.strip()), []
        timeline.claim = " ".join(x.strip() for x in lines if x and not x.startswith("    "))
        for line in lines:
            if line.startswith("    "):
                read_line(timeline, line.strip(), own_patterns)
        if own_patterns:
            timeline.settings["patterns"] = own_patterns
        found.append(timeline)
    return found


TIMELINES = [t for path in sorted(FOLDER.glob("*.md")) for t in read_document(path)]
