"""Executors: rows exchanged by identity, reduced, grouped; the answer of one frame."""

from __future__ import annotations

import os
import resource
import tempfile
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from pandakit import (
    CLASSIC,
    CURRENT,
    EventError,
    PandakitError,
    RejectedEventsWarning,
    consolidate,
    consolidate_dataset,
)
from pandakit.scale import dataset, many_machines
from pandakit.scale._order import watermark
from pandakit.scale._tasks import exchange as exchange_module, grouping
from tests.consolidation import engines
from tests.consolidation.strategies import Scenario, scenarios
from tests.fuzz import examples
from tests.scale.writing import (
    as_arrow,
    assert_same,
    assert_same_files,
    attempt,
    cuts,
    write,
)


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
@examples(quick=8, full=5_000)
@given(scenarios(), st.data(), st.sampled_from([1, 2, 7]), st.sampled_from([1, 7, 1000]))
def test_buckets_give_what_the_frame_gives(scenario: Scenario, data, n_buckets, chunk_rows):
    """Random files, cuts, ties, rejects, policies and buckets: equal frames and outcomes.

    So too if entries and texts that no longer matter are dropped after every other alert.
    """
    evict_from = data.draw(st.sampled_from([0, 2, 1000]))
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
            patch.object(many_machines, "MOST_ROWS", 4),
            patch.object(many_machines, "FEWEST_ROWS", 1),
            patch.object(grouping, "GROUP_ROWS", chunk_rows),
            patch.object(grouping, "EVICT_FROM", evict_from),
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


ROWS = 2_000


@pytest.fixture
def folder(tmp_path):
    """Files by integration; types differ between them, the texts do not."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "timestamp": 1_700_000_000 + rng.integers(0, 400_000, ROWS),
            "status": rng.choice(["critical", "warning", "ok"], ROWS),
            "host": rng.integers(0, 60, ROWS),
            "check": rng.choice(["disk", "ping", ""], ROWS),
            "description": [f"event {n}" for n in range(ROWS)],
            "app_key": rng.choice(["core", "edge", "shop"], ROWS),
        }
    )
    found = tmp_path / "events"
    found.mkdir()
    for number, (_, part) in enumerate(frame.groupby("app_key")):
        typed = part.astype({"host": str}) if number else part
        typed.to_parquet(found / f"{number}.parquet", row_group_size=100, index=False)
    return found


def whole(folder):
    """The frame that the files make together."""
    parts = [pd.read_parquet(path) for path in sorted(folder.iterdir())]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def dask_executor():
    """Two processes of a Dask cluster on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", protocol="tcp"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


@pytest.mark.parametrize("policy", [CLASSIC, CURRENT], ids=["CLASSIC", "CURRENT"])
@pytest.mark.parametrize("column", [None, "app_key"])
def test_dask(folder, dask_executor, policy, column):
    """Dask gives what one process gives, with and without the exchange."""
    found = consolidate_dataset(folder, policy, executor=dask_executor, partitioned_by=column)
    assert_same(found, consolidate(whole(folder), policy))
    assert found.notes == consolidate_dataset(folder, policy).notes


def test_processes(folder, tmp_path):
    """Processes write the same files as one process, byte for byte."""
    one = consolidate_dataset(folder, CURRENT, out=tmp_path / "one", events=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        many = consolidate_dataset(
            folder, CURRENT, out=tmp_path / "many", events=True, executor=executor
        )
    assert_same_files(many, one)


def test_split_by_another_column(folder, tmp_path):
    """The claim that files are split is checked: by values, and as a part of the identity."""
    with ThreadPoolExecutor(1) as executor:
        for column, message in (
            ("host", r"the files are not split by 'host': .*0\.parquet and .*1\.parquet both have"),
            ("description", "'description' is no part of the identity of"),
            ("region", "the events have no column 'region'"),
        ):
            with pytest.raises(EventError, match=message):
                consolidate_dataset(folder, executor=executor, partitioned_by=column)
    with pytest.raises(ValueError, match="pass executor= too"):
        consolidate_dataset(folder, partitioned_by="app_key")


def test_files_that_share_values_stay_together(folder):
    """Files of one integration each, and several of one, are reduced together."""
    first = pd.read_parquet(folder / "0.parquet")
    first[:300].to_parquet(folder / "0.parquet", index=False)
    first[300:].to_parquet(folder / "3.parquet", index=False)
    with ThreadPoolExecutor(1) as executor:
        found = consolidate_dataset(folder, executor=executor, partitioned_by="app_key")
    assert_same(found, consolidate(whole(folder)))


@pytest.fixture
def identifier_and_host(tmp_path):
    """Two files of an event each: an identifier replaces the host of the first."""
    frame = pd.DataFrame(
        {
            "timestamp": [1.7e9, 1.7e9 + 1],
            "status": "critical",
            "host": ["a", "b"],
            "incident_identifier": ["x", None],
        }
    )
    for number in range(2):
        frame[number : number + 1].to_parquet(tmp_path / f"{number}.parquet")
    return tmp_path, frame


def test_identifier_and_host_are_two_identities(identifier_and_host):
    """An event whose identifier replaces its host cannot be split by host."""
    folder, frame = identifier_and_host
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(EventError, match="'host' is no part of the identity of 1 rows"):
            consolidate_dataset(folder, executor=executor, partitioned_by="host")
        assert_same(consolidate_dataset(folder, executor=executor), consolidate(frame))


class Lagging(ThreadPoolExecutor):
    """Every second task takes a moment longer."""

    def __init__(self):
        super().__init__(2)
        self.futures = []

    def submit(self, call):
        """Run a task now or a moment later."""
        wait = 0.3 if len(self.futures) % 2 else 0
        self.futures.append(super().submit(lambda: (Event().wait(wait), call())[1]))
        return self.futures[-1]


@pytest.mark.parametrize("keep", [True, False])
def test_an_error_waits_for_the_tasks_that_still_run(identifier_and_host, tmp_path, keep):
    """The error of one task comes when no other one writes any more, and nothing stays."""
    folder, _ = identifier_and_host
    out = tmp_path / "out" if keep else None
    with Lagging() as executor:
        with pytest.raises(EventError, match="'host' is no part of the identity of 1 rows"):
            consolidate_dataset(
                sorted(folder.glob("*.parquet")), out=out, executor=executor, partitioned_by="host"
            )
        assert all(future.done() for future in executor.futures)
    assert {path.name for path in tmp_path.iterdir()} == {"0.parquet", "1.parquet"}


@pytest.mark.filterwarnings("ignore::pandakit.errors.RejectedEventsWarning")
def test_rejected_rows_are_counted_once(folder, tmp_path):
    """Rejections of all tasks add up, and their examples name the file."""
    frame = pd.read_parquet(folder / "1.parquet")
    frame.assign(status=frame["status"].replace("ok", "fine")).to_parquet(folder / "1.parquet")
    one = consolidate_dataset(folder, CURRENT)
    with ThreadPoolExecutor(1) as executor:
        for column in (None, "app_key"):
            with pytest.warns(RejectedEventsWarning, match=r"'fine' in .*1\.parquet, row \d+"):
                many = consolidate_dataset(
                    folder, CURRENT, executor=executor, partitioned_by=column
                )
            assert_same(many, one)
            assert many.notes == one.notes


class LostError(Exception):
    """What an executor raises for a task whose worker is gone."""


class Losing(Executor):
    """An executor that runs tasks at once and loses one of them, before or after its work."""

    def __init__(self, nth: int, *, after: bool) -> None:
        self.left, self.after, self.done = nth, after, 0

    def submit(self, call, /, *arguments, **options):
        """Run the call, or lose it."""
        future = Future()
        self.left -= 1
        if self.left or self.after:
            result = call(*arguments, **options)
            self.done += 1
        if self.left:
            future.set_result(result)
        else:
            future.set_exception(LostError("worker 7 was killed"))
        return future


@pytest.mark.parametrize("after", [False, True], ids=["before its work", "after its work"])
@pytest.mark.parametrize("nth", [1, 3, 4, 7])
def test_a_lost_task(folder, tmp_path, nth, after):
    """A task that is lost, in map or reduce, is one error; the same call does only the rest."""
    expected = consolidate_dataset(folder, CURRENT, out=tmp_path / "one")
    losing = Losing(nth, after=after)
    with pytest.raises(PandakitError, match=r"the executor lost the task, .* worker 7 was killed"):
        consolidate_dataset(folder, CURRENT, out=tmp_path / "out", executor=losing)
    assert not (tmp_path / "out").exists()
    rest = Losing(0, after=False)
    out = consolidate_dataset(folder, CURRENT, out=tmp_path / "out", executor=rest)
    assert losing.done + rest.done == 3 + 4  # files and buckets
    assert_same_files(out, expected)


@pytest.mark.parametrize("place", ["segments.atomic_write", "segments.json.dumps"])
def test_killed_between_write_and_rename(folder, tmp_path, monkeypatch, place):
    """What a task left half-written is not read: the same bytes after a restart."""
    expected = consolidate_dataset(folder, CURRENT, out=tmp_path / "one")
    segments = many_machines.reduce_bucket.__globals__["write_segments"].__globals__
    real, calls = segments["atomic_write"], []

    @contextmanager
    def dying(path, **options):
        calls.append(path)
        with real(path, **options) as file:
            yield file
            if len(calls) == (3 if place.endswith("write") else 4):
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(segments, "atomic_write", dying)
        with pytest.raises(KeyboardInterrupt):
            consolidate_dataset(
                folder, CURRENT, out=tmp_path / "out", executor=Losing(0, after=False)
            )
    assert not (tmp_path / "out").exists()
    out = consolidate_dataset(
        folder, CURRENT, out=tmp_path / "out", executor=Losing(0, after=False)
    )
    assert_same_files(out, expected)


def test_a_worker_that_dies(folder, tmp_path, monkeypatch):
    """A process that ends in the middle of a task is one error, and the next run goes on."""
    expected = consolidate_dataset(folder, CURRENT, out=tmp_path / "one")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        executor.submit(os.getpid).result()
        dying = executor.submit(os._exit, 1)
        with pytest.raises(PandakitError, match="the executor lost the task") as caught:
            consolidate_dataset(folder, CURRENT, out=tmp_path / "out", executor=executor)
        assert caught.value.retryable
        assert dying.exception() is not None
    with ThreadPoolExecutor(1) as executor:
        out = consolidate_dataset(folder, CURRENT, out=tmp_path / "out", executor=executor)
    assert_same_files(out, expected)


@contextmanager
def file_sizes_limited_to(n_bytes):
    """Make every longer file fail, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    ("module", "step"),
    [(many_machines, "exchange"), (many_machines, "reduce_bucket"), (dataset, "write_result")],
)
def test_a_full_disk(folder, tmp_path, monkeypatch, module, step):
    """A full disk in any step is one error of the system's; the same call does the rest later."""
    expected = consolidate_dataset(folder, CURRENT, out=tmp_path / "one")
    run = getattr(module, step)

    def limited(*arguments):
        with file_sizes_limited_to(3_000):
            return run(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, limited)
        with pytest.raises(OSError, match="File too large"):
            consolidate_dataset(
                folder, CURRENT, out=tmp_path / "out", executor=Losing(0, after=False)
            )
    assert not (tmp_path / "out").exists()
    out = consolidate_dataset(
        folder, CURRENT, out=tmp_path / "out", executor=Losing(0, after=False)
    )
    assert_same_files(out, expected)


def test_a_lost_scheduler(folder, tmp_path, monkeypatch):
    """Dask's cluster that goes away in the middle is one error, and a new one does the rest."""
    distributed = pytest.importorskip("distributed")
    expected = consolidate_dataset(folder, CURRENT, out=tmp_path / "one")
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 1}

    def run():
        with (
            distributed.LocalCluster(**options, dashboard_address=":0") as cluster,
            distributed.Client(cluster) as client,
        ):
            lost.append(cluster)
            return consolidate_dataset(
                folder, CURRENT, out=tmp_path / "out", executor=client.get_executor()
            )

    lost, over = [], Event()

    def close(*_):
        Thread(target=lost[0].close).start()
        over.wait(60)

    with monkeypatch.context() as patched:
        patched.setattr(many_machines, "reduce_bucket", close)
        with pytest.raises(PandakitError, match="the executor lost the task"):
            run()
        over.set()
    assert not (tmp_path / "out").exists()
    assert_same_files(run(), expected)


def test_order_is_checked_in_each_bucket(folder, monkeypatch):
    """A part whose rows are not in the order of its index is refused."""
    real = exchange_module.write_segments

    def shuffled(path, segments, facts):
        def turned():
            for each in segments:
                yield replace(each, time=each.time[::-1].copy())

        real(path, turned(), facts)

    monkeypatch.setattr(exchange_module, "write_segments", shuffled)
    with pytest.raises(EventError, match=r"part-\d+\.arrow is not in the order of time"):
        consolidate_dataset(folder, executor=Losing(0, after=False))
