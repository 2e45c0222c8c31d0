"""The hand-made timelines, asked of the package and of the reference engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.consolidation import engines
from tests.consolidation.timelines import TIMELINES, Timeline

ENGINES = {"package": engines.package, "reference": engines.reference}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("timeline", TIMELINES, ids=lambda timeline: timeline.name)
def test_the_answer_is_the_one_written_down(timeline: Timeline, engine: str):
    """Every event, join and written column of a hand-made timeline comes out as written."""
    answer = ENGINES[engine](timeline.scenario())
    assert shown(answer["events"], timeline.events) == timeline.events
    assert len(answer["alerts"]) == len(timeline.joins)
    for table, written in (
        ("alerts", timeline.joins),
        ("alerts", timeline.alerts),
        ("incidents", timeline.incidents),
    ):
        rows = [answer[table][number] for number in written]
        assert shown(rows, written.values()) == list(written.values())
    assert {name: answer[name] for name in timeline.totals} == timeline.totals


def shown(rows: list[dict[str, Any]], written: Any) -> list[dict[str, Any]]:
    """Leave the columns that the document names."""
    return [{name: row[name] for name in names} for row, names in zip(rows, written, strict=True)]


def test_every_timeline_is_short_and_told_apart():
    """The documents hold at least forty timelines of two to eight events, each with a rule."""
    names = [timeline.name for timeline in TIMELINES]
    assert len(set(names)) == len(names) >= 40
    assert all(timeline.claim for timeline in TIMELINES)
    assert all(2 <= len(timeline.rows) <= 8 for timeline in TIMELINES)
