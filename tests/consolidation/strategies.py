"""Random timelines with random settings, for the reference engine and the package alike.

A `Scenario` holds the raw rows that the reference engine reads, and builds the frame that
the package reads. Its `repr` can be pasted into a test: a failure becomes a case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

SECOND = 10**6
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
INDIA = timezone(timedelta(hours=5, minutes=30))

# ---------------------------------------------------------------- columns and their cells

TEXT_FORMS = ("inferred", "object", "category", "string", "arrow", "dictionary")
Pool = tuple[tuple[Any, ...], tuple[str, ...]]  # cells, and the dtypes that can hold them

NAMES: Pool = (("a", "b", "a", "a", "c", "b", "a", None), TEXT_FORMS)
MANY: Pool = ((*"abcdefghi", None), TEXT_FORMS)
EXACT: Pool = (("a", "A", "a ", *"aaab", "", None), TEXT_FORMS)
WEBS: Pool = (("web-1", "Web-1", "db 1", "api.eu", "web-1"), TEXT_FORMS)
NUMBERS: Pool = ((1, 2, 3, 1), ("inferred", "object", "category"))
GAPS: Pool = ((1.0, 2.0, 1, 3, 1, 2, None), ("inferred", "object", "category"))
FRACTIONS: Pool = ((0.1, 2.5, 1e-07, 2.0, 0.1, 2, float("nan")), ("inferred", "object"))
FLAGS: Pool = ((True, False, None, True), ("inferred", "object"))
MIXED: Pool = ((7, "7", 7.0, True, "true", 1, "1", pd.NA, float("nan"), ""), ("object",))
LISTS: Pool = ((["x"], ["x", "y"], "x|y", ("x", "y"), [1, 2.0], "x", None), ("object",))

POOLS: dict[str, tuple[Pool, ...]] = {
    "host": (NAMES, MANY, WEBS, EXACT, NUMBERS, GAPS, FRACTIONS, MIXED),
    "service": (NAMES, WEBS, LISTS),
    "application": (NAMES, FLAGS),
    "device": (NAMES, NUMBERS),
    "check": (MANY, MANY, MANY, EXACT, GAPS, MIXED),
    "cluster": (NAMES, WEBS, LISTS),
    "description": ((("up", "down", None, ""), TEXT_FORMS),),
    "app_key": ((("x", "y", "x"), TEXT_FORMS), (("x", "y", None, *"xxxxxx"), TEXT_FORMS)),
    "incident_identifier": ((("i", *(None,) * 6, "a"), TEXT_FORMS), NUMBERS),
    "primary_property": (
        (("host", "service", "region", "status", *(None,) * 7, "nowhere"), TEXT_FORMS),
    ),
    "secondary_property": ((("check", "region", *(None,) * 4, "nowhere"), TEXT_FORMS),),
    "seconday_property": ((("host", "region", "", None), TEXT_FORMS),),
    "source_system": (NAMES, WEBS),
    "region": (NAMES, EXACT),
    "rank": (NUMBERS, GAPS, FRACTIONS),
    "on_call": (FLAGS, MIXED),
    "teams": (LISTS,),
    "tier": ((("gold", "tin", None), ("category",)), NUMBERS),
}
STATUSES: Pool = (
    (*("critical", "warning", "acknowledged", "unknown", "Warning") * 2, *("ok",) * 4, "OK"),
    TEXT_FORMS,
)
BAD_STATUSES: Pool = ((*STATUSES[0] * 2, "fatal", " ok", None, ""), TEXT_FORMS)
SOMETIMES = ("service", "application", "device", "description", "incident_identifier",
             "primary_property", "secondary_property", "seconday_property", "source_system",
             "rank", "on_call", "teams", "tier")  # fmt: skip
OFTEN = ("check", "cluster", "cluster", "app_key", "app_key", "region", "description")
KNOWN = ("service", "application", "check", "cluster", "description", "app_key", "device",
         "incident_identifier")  # fmt: skip

# ---------------------------------------------------------------- timestamps

TIME_FORMS = (
    *("s", "s", "ms", "us", "ns", "utc", "berlin"),
    *("iso", "offset", "digits", "decimals", "mixed"),
)
UNITS = {"s": "s", "ms": "ms", "ns": "ns"}
BAD_TIMES = (None, "yesterday", True, float("inf"), "", float("nan"), "1e3", "2026-01-01T25:00:00Z")


def render_time(time: int, form: str) -> Any:
    """Write microseconds since the epoch as a cell of the given form."""
    moment = EPOCH + timedelta(microseconds=time)
    written: dict[str, Any] = {
        "s": time // SECOND if time % SECOND == 0 else time / SECOND,
        "ms": time / 1000,
        "us": time,
        "ns": time * 1000,
        "utc": moment,
        "berlin": moment.astimezone(BERLIN),
        "iso": moment.isoformat().replace("+00:00", "Zz"[time % 2]),
        "offset": moment.astimezone(INDIA).isoformat(),
        "digits": str(time),
        "decimals": f"{time}.0",
        "naive": moment.isoformat().replace("+00:00", ""),
    }
    return written[form]


def time_series(cells: list[Any], form: str) -> pd.Series:
    """Build the timestamp column, with the dtype that its form would have in practice."""
    if form in {"utc", "berlin"}:
        zone = "UTC" if form == "utc" else BERLIN
        return pd.Series(pd.to_datetime(cells, utc=True).tz_convert(zone))
    if form in {"iso", "offset", "digits", "decimals", "naive"}:
        return pd.Series(cells)
    return pd.Series(cells, dtype=object) if form == "mixed" else pd.Series(cells)


# ---------------------------------------------------------------- a scenario


@dataclass(frozen=True)
class Scenario:
    """One timeline with its settings; `forms` are the dtypes of its columns."""

    rows: list[dict[str, Any]]
    forms: dict[str, str]
    settings: dict[str, Any]
    index: str = "range"

    @property
    def columns(self) -> list[str]:
        """The columns of the frame."""
        return list(self.forms)

    def frame(self) -> pd.DataFrame:
        """Build the frame that the package reads."""
        data = {
            name: column(name, [row.get(name) for row in self.rows], form)
            for name, form in self.forms.items()
        }
        frame = pd.DataFrame(data)
        frame.index = index_of(self.index, len(self.rows))
        return frame


def column(name: str, cells: list[Any], form: str) -> pd.Series:
    """Build one column; an empty or all-missing one keeps whatever pandas makes of it."""
    if name == "timestamp":
        return time_series(cells, form)
    if form == "category":
        return pd.Series(cells).astype("category")
    if form == "dictionary":
        kind = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
        return pd.Series(cells, dtype=pd.ArrowDtype(pa.string())).astype(kind)
    kinds = {"object": object, "string": "string", "arrow": pd.ArrowDtype(pa.string())}
    return pd.Series(cells, dtype=kinds.get(form))


def index_of(kind: str, size: int) -> pd.Index:
    """Build a row index: results must keep it, whatever it is."""
    if kind == "shuffled":
        return pd.Index(np.arange(size)[::-1] * 7 % max(size, 1))
    if kind == "text":
        return pd.Index([f"row {number}" for number in range(size)], dtype=object, name="id")
    if kind == "repeated":
        return pd.Index(np.zeros(size, dtype="int64"))
    return pd.RangeIndex(size)


# ---------------------------------------------------------------- filters


def bpql(tree: Any) -> str:
    """Write a filter tree as text, with as few parentheses as AND before OR allows."""
    if tree[0] == "all":
        return "*"
    operator, left, right = tree
    if operator in {"AND", "OR"}:
        sides = [
            f"({bpql(side)})" if (operator, side[0]) == ("AND", "OR") else bpql(side)
            for side in (left, right)
        ]
        return f" {operator} ".join(sides)
    if operator in {"IN", "NOT IN"}:
        return f"{left} {operator} [{', '.join(map(literal, right))}]"
    return f"{left} {operator} {literal(right)}"


def literal(value: tuple[str, str]) -> str:
    """Write a value, in quotes where it needs them."""
    kind, text = value
    if kind == "regex":
        return f"/{text}/"
    return text if re.fullmatch(r"[\w.*-]+", text) else f'"{text}"'


VALUES = st.sampled_from(
    [("text", text) for text in ("a", "A", "web-1", "WEB-1", "db 1", "1", "2.5", "true", "x")]
    + [("wildcard", text) for text in ("web*", "*1", "*", "a*")]
    + [("regex", text) for text in ("^a", "[0-9]", "b$", "WEB-[0-9]+")]
)
PLAIN = st.sampled_from([("text", text) for text in ("a", "A", "web-1", "db 1", "1", "x")])
LISTED = st.lists(VALUES, min_size=1, max_size=3)


def conditions(tags: list[str]) -> st.SearchStrategy[Any]:
    """Draw one comparison."""
    tag = st.sampled_from(tags)
    return st.one_of(
        st.tuples(st.sampled_from(["=", "!="]), tag, VALUES),
        st.tuples(st.just("==="), tag, PLAIN),
        st.tuples(st.sampled_from(["IN", "NOT IN"]), tag, LISTED),
    )


def trees(tags: list[str]) -> st.SearchStrategy[Any]:
    """Draw a filter of one to three comparisons."""
    one = conditions(tags)
    two = st.tuples(st.sampled_from(["AND", "OR"]), one, one)
    return st.one_of(
        one, st.just(("all",)), two, st.tuples(st.sampled_from(["AND", "OR"]), two, one)
    )


# ---------------------------------------------------------------- settings


WINDOWS = (10 * MINUTE, HOUR, 4 * HOUR, DAY)
ALWAYS = ("primary", "primary", "host", "host", "source_system", "secondary", "status")


@st.composite
def patterns(draw: st.DrawFn, columns: list[str]) -> list[dict[str, Any]]:
    """Draw one to four patterns over columns that are there or that the API knows."""
    own = [name for name in columns if name not in {"timestamp", "status"}]
    tags = [*ALWAYS, *own * 2, *draw(st.lists(st.sampled_from(KNOWN), max_size=1))]
    filterable = [*own, "source_system", "status", "STATUS", "Host", "Check"]
    known = [name for name in filterable if name.lower() in {*columns, *KNOWN, "source_system"}]
    tag = st.sampled_from(tags)
    drawn = []
    for number in range(draw(st.sampled_from([1, 1, 2, 2, 3, 4]))):
        size = draw(st.sampled_from([1, 1, 1, 1, 2, 2, 3]))
        drawn.append(
            {
                "name": f"p{number}",
                "tags": draw(st.lists(tag, min_size=size, max_size=size, unique=True)),
                "window": draw(st.sampled_from(WINDOWS)),
                "filter": draw(trees(known)) if draw(st.integers(0, 3)) == 3 else None,
                "cross_source": draw(st.sampled_from([True, True, False])),
            }
        )
    return drawn


SETTINGS = st.fixed_dictionaries(
    {
        "dedup": st.sampled_from(["identity_timestamp", "payload", "none"]),
        "reopen_window": st.sampled_from([0, 30 * MINUTE, HOUR, 48 * HOUR, None]),
        "expire_after": st.sampled_from([30 * DAY, 30 * DAY, HOUR, 5 * HOUR, None]),
        "anchor": st.sampled_from(["first", "latest", "bucket"]),
        "matchers": st.sampled_from(["union", "intersect"]),
        "join_resolved": st.booleans(),
        "max_alerts": st.sampled_from([None, None, 1, 2, 3, 5]),
        "order": st.sampled_from(["longest_window_first", "as_given"]),
        "flap_changes": st.sampled_from([5, 3, 2]),
        "flap_window": st.sampled_from([HOUR, 10 * MINUTE]),
    }
)


def bounds(settings: dict[str, Any]) -> list[int]:
    """List the spans at which a rule of these settings turns."""
    spans = [pattern["window"] for pattern in settings["patterns"]]
    spans += [settings["reopen_window"], settings["expire_after"], settings["flap_window"]]
    return sorted({span for span in spans if span})


# ---------------------------------------------------------------- timelines

BASES = (20_000 * DAY, 20_000 * DAY + 12_345_678_901, 0, -10 * DAY)
SMALL = (0, 0, 0, 1, MINUTE, MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, HOUR // 4)
BACK = (1, 1, 1, 1, 2, 3, 5, 1000)  # from which earlier event a gap is measured
ARRIVALS = ("sorted", "drawn", "reversed", "interleaved")


def times_from(base: int, steps: list[tuple[int, int]]) -> list[int]:
    """Turn (back, gap) pairs into times: each gap counts from some earlier event."""
    times = [base]
    for back, gap in steps:
        times.append(times[-min(back, len(times))] + gap)
    return times


def arrange(rows: list[Any], arrival: str) -> list[Any]:
    """Put (time, row) pairs in the order in which they arrive."""
    if arrival == "sorted":
        return sorted(rows, key=lambda row: row[0])
    if arrival == "reversed":
        return rows[::-1]
    return rows[::2] + rows[1::2] if arrival == "interleaved" else rows


SMALL_SIZES = st.integers(0, 24)
LARGE_SIZES = st.integers(50, 80)
SIZES = st.sampled_from(["small", "large", "small", "large", "small"]).flatmap(
    lambda kind: LARGE_SIZES if kind == "large" else SMALL_SIZES
)


@st.composite
def scenarios(
    draw: st.DrawFn, *, sizes: st.SearchStrategy[int] = SIZES, refused: bool = False
) -> Scenario:
    """Draw a timeline with its settings; with `refused` also such as are refused as a whole."""
    columns = [
        "host",
        *draw(st.sampled_from([("check",), ("check",), ()])),
        *draw(st.lists(st.sampled_from(OFTEN), max_size=6)),
    ]
    columns += draw(st.lists(st.sampled_from(SOMETIMES), max_size=3))
    columns = list(dict.fromkeys(columns))
    settings = draw(SETTINGS) | {"patterns": draw(patterns(columns))}
    rows, forms, time_form = draw(tables(columns, settings, draw(sizes), refused=refused))
    settings |= {"unit": UNITS.get(time_form, "us"), "as_of": None}
    if rows and draw(st.booleans()):
        later = draw(st.sampled_from([0, 1, *bounds(settings), 31 * DAY, 31 * DAY + 1]))
        settings["as_of"] = max(time for time, _ in rows) + later
    index = draw(st.sampled_from(["range", "shuffled", "text", "repeated"]))
    return Scenario([row for _, row in rows], forms, settings, index)


@st.composite
def tables(
    draw: st.DrawFn, columns: list[str], settings: dict[str, Any], size: int, *, refused: bool
) -> Any:
    """Draw rows with their times, the columns' forms, and how the times are written."""
    pools = {name: draw(st.sampled_from(POOLS[name])) for name in columns}
    pools["status"] = draw(st.sampled_from([STATUSES, STATUSES, BAD_STATUSES]))
    forms = {name: draw(st.sampled_from(forms)) for name, (_, forms) in pools.items()}
    cells = st.tuples(*[st.sampled_from(values) for values, _ in pools.values()])
    spans = [span + extra for span in bounds(settings) for extra in (-1, 0, 0, 1)]
    step = st.tuples(st.sampled_from(BACK), st.sampled_from([*SMALL * 4, *spans]))
    base = draw(st.sampled_from(BASES))
    steps = draw(st.lists(step, min_size=max(size - 1, 0), max_size=max(size - 1, 0)))
    times = times_from(base, steps)[:size]
    drawn = draw(st.lists(cells, min_size=size, max_size=size))
    form = draw(st.sampled_from((*TIME_FORMS, "naive") if refused else TIME_FORMS))
    if form == "s" and draw(st.booleans()):
        times = [time - time % SECOND for time in times]
    if form == "digits" and base < 0:
        form = "us"  # a minus sign is not a digit
    bad = draw(st.sampled_from([0, 0, 1])) if form == "mixed" else 0
    rows = [
        (time, dict(zip(pools, values, strict=True)) | {"timestamp": cell})
        for number, (time, values) in enumerate(zip(times, drawn, strict=True))
        for cell in [time_cell(time, number, form, bad)]
    ]
    if rows and not refused:
        accepted = {"status": "critical", "primary_property": "host"}
        accepted |= {
            name: pool[0][0] for name, pool in pools.items() if name in {"host", "app_key"}
        }
        rows[0][1].update({name: cell for name, cell in accepted.items() if name in pools})
    rows = arrange(rows, draw(st.sampled_from(ARRIVALS)))
    return rows, {"timestamp": form, **forms}, form


def time_cell(time: int, number: int, form: str, bad: int) -> Any:
    """Write one timestamp; in the mixed form every row is written in another way."""
    if form != "mixed":
        return render_time(time, form)
    if bad and number % 5 == 4:
        return BAD_TIMES[number // 5 % len(BAD_TIMES)]
    ways = ("us", "iso", "utc", "berlin", "offset", "us")
    cell = render_time(time, ways[number % len(ways)])
    return float(cell) if number % len(ways) == 5 else cell
