"""One machine: files in any order, cut anywhere, give what one frame gives."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit import consolidate, consolidate_dataset
from pandakit.scale._order import runs, watermark
from tests.consolidation import engines
from tests.consolidation.strategies import Scenario, scenarios
from tests.fuzz import examples
from tests.scale.writing import as_arrow, assert_same, attempt, cuts, write


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
@examples(quick=10, full=5_000)
@given(scenarios(), st.data(), st.sampled_from([1, 7, 1000]), st.sampled_from([400, 1 << 30]))
def test_files_give_what_the_frame_gives(scenario: Scenario, data, chunk_rows, memory):
    """Random files, cuts, ties, rejects, policies: equal frames, and each row's outcome."""
    policy, settings = engines.policy_of(scenario.settings), scenario.settings
    options = {"as_of": engines.moment(settings["as_of"]), "unit": settings["unit"]}
    table = as_arrow(scenario.frame())
    parts = data.draw(cuts(table.num_rows))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(table, parts, folder)
        with (
            patch.object(watermark, "CHUNK_ROWS", chunk_rows),
            patch.object(runs, "MEMORY", memory),
            patch.object(runs, "_FEWEST", 2),
        ):
            expected = attempt(lambda: consolidate(table, policy, **options))
            found = attempt(lambda: consolidate_dataset(paths, policy, **options))
            if expected is None or found is None:
                assert expected is found
                return
            assert_same(found, expected)
            out = consolidate_dataset(paths, policy, out=folder / "out", events=True, **options)
        for part in ("alerts", "incidents"):
            read = pd.read_parquet(out / f"{part}.parquet")
            pd.testing.assert_frame_equal(read, getattr(expected, part))
        events = [pd.read_parquet(each) for each in sorted((out / "events").iterdir())]
        pd.testing.assert_frame_equal(pd.concat(events, ignore_index=True), expected.events)
