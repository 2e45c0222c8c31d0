"""Executors: rows exchanged by identity, reduced, grouped; the answer of one frame."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import Phase, given, strategies as st

from pandakit import consolidate, consolidate_dataset
from pandakit.scale import many_machines
from pandakit.scale._order import watermark
from pandakit.scale._tasks import reduction
from tests.consolidation import engines
from tests.consolidation.strategies import Scenario, scenarios
from tests.fuzz import examples
from tests.scale.writing import as_arrow, assert_same, attempt, cuts, write


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
@examples(quick=40, full=5_000, phases=[Phase.generate])
@given(scenarios(), st.data(), st.sampled_from([1, 2, 7]), st.sampled_from([1, 7, 1000]))
def test_buckets_give_what_the_frame_gives(scenario: Scenario, data, n_buckets, chunk_rows):
    """Random files, cuts, ties, rejects, policies and buckets: equal frames and outcomes."""
    policy, settings = engines.policy_of(scenario.settings), scenario.settings
    options = {"as_of": engines.moment(settings["as_of"]), "unit": settings["unit"]}
    table = as_arrow(scenario.frame())
    parts = data.draw(cuts(table.num_rows))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as executor:
        folder = Path(name)
        paths = write(table, parts, folder)
        options |= {"executor": executor, "out": folder / "out", "events": True}
        with (
            patch.object(watermark, "CHUNK_ROWS", chunk_rows),
            patch.object(many_machines, "FEWEST_BUCKETS", n_buckets),
            patch.object(many_machines, "TASK_ROWS", 10),
            patch.object(reduction, "_SEGMENT", 4),
        ):
            plain = {name: options[name] for name in ("as_of", "unit")}
            expected = attempt(lambda: consolidate(table, policy, **plain))
            out = attempt(lambda: consolidate_dataset(paths, policy, **options))
            if expected is None or out is None:
                assert expected is out
                return
            found = consolidate_dataset(paths, policy, **plain, executor=executor)
        assert_same(found, expected)
        for part in ("alerts", "incidents"):
            read = pd.read_parquet(out / f"{part}.parquet")
            pd.testing.assert_frame_equal(read, getattr(expected, part))
        events = [pd.read_parquet(each) for each in sorted((out / "events").iterdir())]
        pd.testing.assert_frame_equal(pd.concat(events, ignore_index=True), expected.events)
