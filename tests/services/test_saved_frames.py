"""Loaded frames are kept in a file and go on offline as they were."""

import pandas as pd
import pytest

from pandakit.snapshot import load, save
from tests.services.conftest import told

LOADS = {
    "detections": lambda panther, bigpanda, pangea: panther.detections(),
    "users": lambda panther, bigpanda, pangea: panther.users(),
    "empty": lambda panther, bigpanda, pangea: bigpanda.incidents("Laboratory"),
    "incidents": lambda panther, bigpanda, pangea: bigpanda.incidents("Payments", expand="alerts"),
    "alerts": lambda panther, bigpanda, pangea: bigpanda.alerts("Payments"),
    "search": lambda panther, bigpanda, pangea: pangea.search(start="2026-05-20"),
}


@pytest.mark.parametrize("name", LOADS)
def test_a_saved_frame_comes_back_equal(panther, bigpanda, pangea, tmp_path, name):
    """Cells, dtypes and the facts of the load are the same after saving and loading."""
    frame = LOADS[name](panther, bigpanda, pangea)
    save(frame, tmp_path / "frame.parquet")
    again = load(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(again, frame)
    for key in ("source", "rows", "window", "capped", "complete"):
        assert told(again)[key] == told(frame)[key]


def test_child_tables_of_a_saved_frame(panther, tmp_path):
    """Unit tests and reports are made of a loaded file as of the frame itself."""
    frame = panther.detections()
    save(frame, tmp_path / "frame.parquet")
    again = load(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(panther.unit_tests(again), panther.unit_tests(frame))
    pd.testing.assert_frame_equal(panther.reports(again), panther.reports(frame))
