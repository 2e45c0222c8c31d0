"""The result folder: complete or not there; an interrupted run goes on; changes are noticed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pandakit import CLASSIC, CURRENT, EventError, consolidate, consolidate_dataset
from pandakit.scale import one_machine
from pandakit.scale._folder import output
from pandakit.scale._order import checkpoint, runs, watermark
from tests.scale.writing import assert_same_files

ROWS = 1_500


@pytest.fixture
def frame():
    """Events in no order, a few of them rejected."""
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "timestamp": 1.7e9 + rng.integers(0, 400_000, ROWS),
            "status": rng.choice(
                ["critical", "warning", "ok", "?"], ROWS, p=[0.5, 0.2, 0.295, 0.005]
            ),
            "host": [f"h{n}" for n in rng.integers(0, 30, ROWS)],
            "cluster": rng.choice(["x", "y", None], ROWS),
            "description": [f"event {n}" for n in range(ROWS)],
        }
    )


@pytest.fixture
def folder(frame, tmp_path):
    """Two files, the second of which overlaps with the first."""
    found = tmp_path / "events"
    found.mkdir()
    for number, half in enumerate((frame[:700], frame[700:])):
        half.sort_values("timestamp", kind="stable", ignore_index=True).to_parquet(
            found / f"part.{number}.parquet", row_group_size=50
        )
    return found


def whole(folder):
    """The frame that the files make together."""
    return pd.concat(
        [pd.read_parquet(path) for path in sorted(folder.iterdir())], ignore_index=True
    )


def test_what_is_in_the_folder(folder, tmp_path):
    """Alerts, incidents, funnel, the outcome of each row by input, and what it was made of."""
    out = consolidate_dataset(folder, CURRENT, out=tmp_path / "out", events=True)
    expected = consolidate(whole(folder), CURRENT)
    assert out == tmp_path / "out"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events", "out"]
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*")) == [
        "alerts.parquet",
        "events",
        "events/00000-part.parquet",
        "events/00001-part.parquet",
        "funnel.json",
        "incidents.parquet",
        "manifest.json",
    ]
    pd.testing.assert_frame_equal(pd.read_parquet(out / "alerts.parquet"), expected.alerts)
    events = pd.concat([pd.read_parquet(path) for path in sorted((out / "events").iterdir())])
    pd.testing.assert_frame_equal(events.reset_index(drop=True), expected.events)
    funnel = json.loads((out / "funnel.json").read_text())
    assert funnel["alerts"]["value"] == len(expected.alerts)
    assert funnel["event_compression"] == expected.funnel.loc["event_compression"].to_dict()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["inputs"][1]["path"].endswith("part.1.parquet")
    assert manifest["rejected"]["bad_status"] == expected.funnel.loc["rejected", "value"]


def test_same_call_twice(folder, tmp_path, monkeypatch):
    """The same call finds its result, and reads no event again."""
    out = consolidate_dataset(folder, out=tmp_path / "out")
    before = (out / "alerts.parquet").stat().st_mtime_ns
    monkeypatch.setattr(one_machine, "in_time_order", lambda *_: 1 / 0)
    assert consolidate_dataset(folder, out=out) == out
    assert (out / "alerts.parquet").stat().st_mtime_ns == before


def test_another_call_for_the_same_folder(folder, tmp_path):
    """Other settings, other inputs and a folder of something else are refused."""
    out = consolidate_dataset(folder, out=tmp_path / "out")
    for settings, message in (
        ({"policy": CURRENT}, "was made with policy"),
        ({"events": True}, "was made with events False, not True"),
    ):
        with pytest.raises(EventError, match=message):
            consolidate_dataset(folder, out=out, **settings)
    first = folder / "part.0.parquet"
    first.write_bytes((folder / "part.1.parquet").read_bytes())
    with pytest.raises(EventError, match=r"part\.0\.parquet changed \("):
        consolidate_dataset(folder, out=out)
    (folder / "part.2.parquet").write_bytes(first.read_bytes())
    first.unlink()
    with pytest.raises(EventError, match=r"part\.2\.parquet is new"):
        consolidate_dataset(folder, out=out)
    with pytest.raises(EventError, match="is no result of consolidate_dataset"):
        consolidate_dataset(folder, out=folder)


class Killed(BaseException):
    """What ends the process."""


@pytest.mark.parametrize("on_disk", [False, True], ids=["merged", "sorted on disk"])
@pytest.mark.parametrize("policy", [CLASSIC, CURRENT, CURRENT.replace(dedup="identity_timestamp")])
@pytest.mark.parametrize("after", [1, 4, 9])
def test_interrupted(folder, tmp_path, monkeypatch, policy, after, on_disk):
    """A run that is killed goes on from its checkpoint, to the same bytes."""
    monkeypatch.setattr(watermark, "CHUNK_ROWS", 120)
    monkeypatch.setattr(checkpoint, "EVERY", 240)
    if on_disk:
        monkeypatch.setattr(runs, "MEMORY", 20_000)
        monkeypatch.setattr(runs, "_FEWEST", 60)
    expected = consolidate_dataset(folder, policy, out=tmp_path / "at once", events=True)
    run, chunks = one_machine.Stages.run, []

    def die(stages, *arguments):
        if len(chunks) == after:
            raise Killed
        chunks.append(arguments)
        return run(stages, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(one_machine.Stages, "run", die)
        with pytest.raises(Killed):
            consolidate_dataset(folder, policy, out=tmp_path / "out", events=True)
    assert not (tmp_path / "out").exists()
    out = consolidate_dataset(folder, policy, out=tmp_path / "out", events=True)
    assert_same_files(out, expected)


def test_a_checkpoint_spares_the_chunks_before_it(folder, tmp_path, monkeypatch):
    """Rows that went through before a checkpoint are not read again."""
    monkeypatch.setattr(watermark, "CHUNK_ROWS", 120)
    monkeypatch.setattr(checkpoint, "EVERY", 1)
    run, rows = one_machine.Stages.run, []

    def die(stages, table, place):
        if len(rows) == 8:
            raise Killed
        rows.append(len(table))
        return run(stages, table, place)

    monkeypatch.setattr(one_machine.Stages, "run", die)
    with pytest.raises(Killed):
        consolidate_dataset(folder, out=tmp_path / "out")
    rows.append(0)
    consolidate_dataset(folder, out=tmp_path / "out")
    assert sum(rows) == ROWS


def test_input_changed_in_between(folder, tmp_path, monkeypatch):
    """A run does not go on with other files than it began with."""
    with monkeypatch.context() as patch:
        patch.setattr(one_machine.Stages, "run", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            consolidate_dataset(folder, out=tmp_path / "out")
    (folder / "part.2.parquet").write_bytes((folder / "part.1.parquet").read_bytes())
    with pytest.raises(EventError, match=r"\.out\.unfinished was made of other inputs: .*2\.parq"):
        consolidate_dataset(folder, out=tmp_path / "out")


def test_a_full_disk(folder, tmp_path, monkeypatch):
    """Without room for the result, the error is the system's, and the next call goes on."""
    with monkeypatch.context() as patch:
        patch.setattr(output, "write_frames", lambda *_: (_ for _ in ()).throw(OSError(28, "x")))
        with pytest.raises(OSError, match="28"):
            consolidate_dataset(folder, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    out = consolidate_dataset(folder, out=tmp_path / "out")
    alerts = consolidate(whole(folder)).alerts
    pd.testing.assert_frame_equal(pd.read_parquet(out / "alerts.parquet"), alerts)
