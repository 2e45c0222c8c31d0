"""The shape of results: columns and dtypes, also of nothing, and one kernel in two forms."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pandakit.consolidation import (
    CLASSIC,
    CURRENT,
    Pattern,
    consolidate,
    events_from_alarms,
)
from pandakit.errors import EventError, RejectedEventsWarning
from pandakit.lab import sweep

TIME, SPAN, TEXT = "datetime64[ns, UTC]", "timedelta64[ns]", "string"
DTYPES = {
    "events": {"outcome": TEXT, "reason": TEXT, "alert_id": "Int64", "incident_id": "Int64"},
    "alerts": {
        "incident_id": "int64",
        "app_key": TEXT,
        "primary_property": TEXT,
        "primary_value": TEXT,
        "secondary_property": TEXT,
        "secondary_value": TEXT,
        "incident_identifier": TEXT,
        "start": TIME,
        "end": TIME,
        "last_event_at": TIME,
        "status": TEXT,
        "severity": TEXT,
        "description": TEXT,
        "n_events": "int64",
        "n_reopens": "int64",
        "flapping": "bool",
        "end_reason": TEXT,
        "joined_by": TEXT,
        "anchor_alert_id": "Int64",
        "gap": SPAN,
        "margin": SPAN,
    },
    "incidents": {
        "start": TIME,
        "end": TIME,
        "active": "bool",
        "status": TEXT,
        "severity": TEXT,
        "title": TEXT,
        "subtitle": TEXT,
        "n_alerts": "int64",
        "n_open_alerts": "int64",
        "n_events": "int64",
        "patterns": "object",
    },
    "funnel": {"value": "object", "numerator": "Int64", "denominator": "Int64"},
}
FULL = pd.DataFrame(
    {
        "timestamp": [0, 60, 120],
        "status": ["critical", "warning", "ok"],
        "host": ["a", "b", "a"],
        "cluster": ["x", "x", None],
    }
)


@pytest.mark.parametrize("policy", [CLASSIC, CURRENT], ids=["CLASSIC", "CURRENT"])
@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("part", DTYPES)
def test_columns_and_dtypes(policy, rows, part):
    """Every frame has its columns in order and its dtypes, with rows or without."""
    frame = getattr(consolidate(FULL[:rows], policy), part)
    assert frame.dtypes.astype(str).to_dict() == DTYPES[part]
    assert list(frame.columns) == list(DTYPES[part])


def test_a_funnel_of_nothing():
    """Nothing received is zero everywhere, and a share of nothing is missing."""
    funnel = consolidate(FULL[:0]).funnel
    assert funnel["value"].tolist()[:6] == [0.0] * 6
    assert funnel["value"][6:].isna().all()


def test_a_funnel():
    """The funnel counts down from rows to incidents, with both sides of every share."""
    frame = pd.concat([FULL, FULL[:1], FULL[:1].assign(status="?")], ignore_index=True)
    funnel = consolidate(frame).funnel
    assert funnel["value"].tolist() == pytest.approx(
        [5, 1, 1, 3, 2, 1, 1 - 2 / 3, 1 - 1 / 2, 1 - 1 / 3]
    )
    assert funnel["numerator"].tolist()[6:] == [2, 1, 1]
    assert funnel["denominator"].tolist()[6:] == [3, 2, 3]


def test_the_display_shows_rejections():
    """The short display has the counts, with the rejected rows when there are any."""
    assert repr(consolidate(FULL)) == "<Consolidation: 3 events -> 2 alerts -> 1 incident>"
    bad = FULL.assign(status=["?", "warning", "ok"])
    assert repr(consolidate(bad)).endswith("1 rejected>")


_SCRIPT = """
import hashlib, sys
import numpy as np, pandas as pd
from pandakit.consolidation import CLASSIC, CURRENT, Pattern, Policy, consolidate
from pandakit.consolidation._arrays.compile import COMPILED
rng = np.random.default_rng(3)
n = 3000
frame = pd.DataFrame({
    "timestamp": rng.integers(0, 400, n) * 600,
    "status": rng.choice(["critical", "warning", "ok"], n),
    "host": rng.choice([f"h{i}" for i in range(12)], n),
    "check": rng.choice(["a", "b", "c"], n),
    "cluster": rng.choice(["x", "y", None], n),
})
three = Policy(patterns=[Pattern("primary", "2h"), Pattern(["cluster", "check"], "1h"),
                         Pattern("check", "30min")])
print(COMPILED)
for base in (CLASSIC, CURRENT, three):
    for anchor in ("first", "latest", "bucket"):
        for joins in (True, False):
            policy = base.replace(anchor=anchor, join_resolved=joins, reopen_window="1h",
                                  expire_after="5h")
            result = consolidate(frame, policy)
            text = "".join(getattr(result, part).to_csv() for part in
                           ("events", "alerts", "incidents", "funnel"))
            print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_compiled_equals_interpreted(monkeypatch):
    """The kernel gives the same answers to the byte with numba and without."""
    pytest.importorskip("numba")
    outputs = []
    for no_numba in ("", "1"):
        monkeypatch.setenv("PANDAKIT_NO_NUMBA", no_numba)
        run = subprocess.run(
            [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
        )
        outputs.append(run.stdout.split("\n", 1))
    (compiled, one), (interpreted, other) = outputs
    assert (compiled, interpreted) == ("True", "False")
    assert one == other


def test_a_flapping_host_stays_linear():
    """A host that flaps without end leaves no heap of dead entries to search through."""
    n = 60_000
    frame = pd.DataFrame(
        {
            "timestamp": np.arange(n),
            "status": np.where(np.arange(n) % 2, "ok", "critical"),
            "host": "h",
            "check": np.arange(n) // 2,
        }
    )
    policy = CURRENT.replace(reopen_window="48h", dedup="none")
    result = consolidate(frame, policy.replace(patterns=[Pattern("host", "30d")]))
    assert len(result.incidents) == n // 2


def test_alarms_become_events():
    """Each alarm gives its start and its end, in order of time, starts before ends."""
    alarms = pd.DataFrame(
        {"element": [1, 2, 3], "name": ["a", None, "b"], "from": [10, 5, 10], "to": [10, None, 12]}
    )
    events = events_from_alarms(alarms, start="from", end="to", primary="element", secondary="name")
    assert events.columns.tolist() == ["timestamp", "status", "host", "check"]
    assert events["timestamp"].tolist() == [5, 10, 10, 10, 12]
    assert events["status"].tolist() == ["critical", "critical", "ok", "critical", "ok"]
    assert events["host"].tolist() == [2, 1, 1, 3, 3]


def test_alarms_keep_what_they_say():
    """A primary with a known name keeps it; status may be a column; zones are kept."""
    alarms = pd.DataFrame(
        {
            "service": ["s"],
            "level": ["warning"],
            "from": pd.to_datetime(["2026-01-01T00:00:00+01:00"]),
            "to": pd.to_datetime(["2026-01-01T01:00:00+01:00"]),
        }
    )
    events = events_from_alarms(alarms, start="from", end="to", primary="service", status="level")
    assert events["status"].tolist() == ["warning", "ok"]
    alerts = consolidate(events).alerts
    assert alerts["primary_property"].tolist() == ["service"]
    assert (alerts["end"] - alerts["start"]).tolist() == [pd.Timedelta("1h")]


ALARMS = pd.DataFrame({"host": ["a", "b", "c"], "from": [1, 5, 9], "to": [2, 4, 8]})
BAD_ALARMS = {
    "reversed": ({}, r"alarms end before they start \(2 rows: 1, 2\)"),
    "no column": ({"start": "form"}, "no column 'form' .nearest: from"),
    "status": ({"status": "bad"}, "status: 'bad' is neither"),
}


@pytest.mark.parametrize("name", BAD_ALARMS)
def test_bad_alarms(name):
    """Alarms that would give wrong numbers raise and name rows or columns."""
    settings, message = BAD_ALARMS[name]
    alarms = ALARMS if name == "reversed" else ALARMS[:1]
    given = {"start": "from", "end": "to", "primary": "host", **settings}
    with pytest.raises(EventError, match=message):
        events_from_alarms(alarms, **given)


def test_sweep_equals_consolidate():
    """Every row of a sweep has the counts of a consolidation with that setting."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "timestamp": np.sort(rng.integers(0, 10**6, 2000)),
            "status": rng.choice(["critical", "ok"], 2000),
            "host": rng.choice(list("abcdefgh"), 2000),
            "check": rng.choice(list("xyz"), 2000),
            "cluster": rng.choice(["k", "l", None], 2000),
        }
    )
    policy = CLASSIC.replace(reopen_window="10min", join_resolved=False)
    tried = {"windows": ["30min", "4h"], "anchors": ["first", "latest", "bucket"]}
    table = sweep(frame, policy, **tried, pattern="all")
    assert len(table) == 6
    for row in table.itertuples():
        patterns = [Pattern(p.tags, row.window) for p in policy.patterns]
        result = consolidate(frame, policy.replace(patterns=patterns, anchor=row.anchor))
        sizes = result.incidents["n_alerts"]
        assert (row.alerts, row.incidents) == (len(result.alerts), len(sizes))
        assert row.largest == sizes.max()
        assert row.compression == pytest.approx(1 - row.numerator / row.denominator)


def test_a_sweep_moves_one_pattern():
    """The first pattern is moved unless another is named; the table says which."""
    first, default = (
        sweep(FULL, windows=["1s", "1h"], **named) for named in ({"pattern": "primary"}, {})
    )
    pd.testing.assert_frame_equal(first, default)
    assert default["pattern"].tolist() == ["primary"] * 2
    table = sweep(FULL, windows=["1s", "1h"], pattern="cluster")
    assert table["incidents"].tolist() == [2, 1]
    for row in table.itertuples():
        patterns = [CLASSIC.patterns[0], Pattern("cluster", row.window)]
        assert row.incidents == len(consolidate(FULL, CLASSIC.replace(patterns=patterns)).incidents)
    assert sweep(FULL, windows="1h", pattern="all")["pattern"].tolist() == ["all"]


def test_a_sweep_of_nothing():
    """Without windows none is named; without events the shares are missing."""
    assert sweep(FULL)[["pattern", "window"]].isna().all(axis=None)
    assert sweep(FULL[:0])["compression"].isna().all()


def test_a_sweep_counts_what_was_lost():
    """Every row has how many events were received, rejected and dropped."""
    frame = pd.concat([FULL, FULL[:1], FULL[:1].assign(status="?")])
    with pytest.warns(RejectedEventsWarning):
        table = sweep(frame, windows=["1s", "1h"])
    funnel = consolidate(frame).funnel["value"]
    for name in ("received", "rejected", "duplicates", "alerts"):
        assert table[name].tolist() == [funnel[name]] * 2


BAD_SWEEPS = {
    "pattern": (
        {"pattern": "clusters"},
        r"pattern: .*'clusters'; there is primary, cluster, or 'all'",
    ),
    "anchor": ({"anchors": ["last"]}, "anchor: 'last' is not one of first"),
    "window": ({"windows": ["4"]}, "windows: '4' is not a span"),
    "zero": ({"windows": ["0h"]}, "not above zero"),
    "300 years": ({"windows": ["110000d"]}, "windows: .* longer than"),
}


@pytest.mark.parametrize("nothing", [{}, {"windows": []}, {"anchors": []}], ids=repr)
@pytest.mark.parametrize("name", BAD_SWEEPS)
def test_a_sweep_checks_its_arguments(name, nothing):
    """What has no meaning is refused, also when another empty list leaves nothing to vary."""
    arguments, message = BAD_SWEEPS[name]
    with pytest.raises(ValueError, match=message):
        sweep(FULL, **{**nothing, **arguments})


def test_a_sweep_over_one():
    """One window or anchor needs no list."""
    table = sweep(FULL, windows="4h", anchors="latest")
    pd.testing.assert_frame_equal(table, sweep(FULL, windows=["4h"], anchors=["latest"]))
    pd.testing.assert_frame_equal(sweep(FULL, windows=pd.Timedelta("4h"), anchors="latest"), table)


@pytest.mark.parametrize("nothing", [{"windows": []}, {"anchors": []}], ids=repr)
def test_a_sweep_over_nothing(nothing):
    """No window or no anchor gives no row, in the columns and dtypes of any other sweep."""
    table = sweep(FULL, **nothing)
    assert table.empty
    assert table.dtypes.equals(sweep(FULL).dtypes)
    with pytest.raises(EventError, match="no column 'status'"):
        sweep(FULL.drop(columns="status"), **nothing)
