"""The presets and the shape of the results."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from pandakit import consolidation
from tests.consolidation import engines
from tests.consolidation.strategies import DAY
from tests.consolidation.timelines import CLASSIC, CURRENT

TIME, SPAN = "datetime64[ns, UTC]", "timedelta64[ns]"
ALERTS = {
    "incident_id": "int64", "start": TIME, "end": TIME, "last_event_at": TIME,
    "n_events": "int64", "n_reopens": "int64", "flapping": "bool",
    "anchor_alert_id": "Int64", "gap": SPAN, "margin": SPAN,
}  # fmt: skip
ALERT_TEXTS = {
    "app_key", "primary_property", "primary_value", "secondary_property", "secondary_value",
    "status", "severity", "description", "end_reason", "joined_by",
}  # fmt: skip
INCIDENTS = {
    "start": TIME, "end": TIME, "active": "bool", "n_alerts": "int64",
    "n_open_alerts": "int64", "n_events": "int64",
}  # fmt: skip
INCIDENT_TEXTS = {"status", "severity", "title", "subtitle"}


def some_events() -> pd.DataFrame:
    """Give four rows: two alerts, one resolved, and a rejected row."""
    return pd.DataFrame(
        {
            "timestamp": [0, 60, 120, 180],
            "status": ["critical", "warning", "ok", "fatal"],
            "host": ["a", "a", "a", "b"],
            "check": ["cpu", "disk", "cpu", "cpu"],
        }
    )


@pytest.mark.parametrize(
    ("preset", "settings"),
    [(consolidation.CLASSIC, CLASSIC), (consolidation.CURRENT, CURRENT)],
    ids=["CLASSIC", "CURRENT"],
)
def test_the_presets_hold_the_published_settings(preset, settings):
    """`CLASSIC` and `CURRENT` are the settings that the documentation names."""
    assert preset == engines.policy_of(settings)


def test_a_policy_takes_the_rest_from_classic():
    """With patterns alone, every other setting is that of `CLASSIC`."""
    pattern = consolidation.Pattern(["host"], "2h")
    assert consolidation.Policy(patterns=[pattern]) == consolidation.CLASSIC.replace(
        patterns=[pattern]
    )


@pytest.mark.parametrize("rows", [0, 4])
def test_columns_and_types_do_not_depend_on_the_rows(rows: int):
    """Empty and filled results have the same columns, in the types that are documented."""
    result = consolidation.consolidate(some_events().head(rows))
    assert list(result.events.columns) == ["outcome", "reason", "alert_id", "incident_id"]
    assert result.events[["alert_id", "incident_id"]].dtypes.astype(str).tolist() == ["Int64"] * 2
    for frame, types, texts in (
        (result.alerts, ALERTS, ALERT_TEXTS),
        (result.incidents, INCIDENTS, INCIDENT_TEXTS),
    ):
        found = frame.dtypes.astype(str).to_dict()
        assert {name: found[name] for name in types} == types
        assert texts <= found.keys()
        assert str(frame.index.dtype) == "int64"
    assert (result.alerts.index.name, result.incidents.index.name) == ("alert_id", "incident_id")


def test_empty_and_filled_results_look_alike():
    """All dtypes of an empty answer, texts included, are those of a filled one."""
    filled = consolidation.consolidate(some_events())
    empty = consolidation.consolidate(some_events().head(0))
    for part in engines.PARTS:
        assert (getattr(empty, part).dtypes == getattr(filled, part).dtypes).all()


def test_an_arrow_table_is_read_as_the_frame_is():
    """The answer does not depend on whether the events are a frame or a table."""
    frame = some_events()
    answers = [
        engines.plain(consolidation.consolidate(events))
        for events in (frame, pa.Table.from_pandas(frame))
    ]
    assert answers[0] == answers[1]


def test_ratios_of_nothing_are_missing():
    """Compression of no events is 0/0: missing, not zero and not an error."""
    funnel = consolidation.consolidate(some_events().head(0)).funnel
    assert funnel["value"].iloc[:6].tolist() == [0] * 6
    assert funnel["value"].iloc[6:].isna().all()


def test_an_absent_known_column_is_noted():
    """`CLASSIC` on events without clusters says that one pattern matches nothing."""
    notes = consolidation.consolidate(some_events()).notes
    assert [note for note in notes if "matches nothing" in note and "cluster" in note]


def test_the_clock_cannot_run_back():
    """An `as_of` before the greatest accepted timestamp is refused."""
    early = engines.moment(-DAY)
    with pytest.raises(ValueError, match="as_of"):
        consolidation.consolidate(some_events(), as_of=early)
