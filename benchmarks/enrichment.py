"""What validating and writing an enrichment table costs, over pandas' own `to_csv`; uploading."""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pandakit import sandbox
from pandakit.bigpanda import BigPanda
from pandakit.enrichment import (
    CsvFile,
    EnrichmentSchema,
    validate_enrichment,
    write_enrichment_csv,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, RUNS = 3_000_000, 5
UPLOAD_BYTES = 500_000_000
SCHEMA = EnrichmentSchema(["host", "app"], ["owner", "site", "note"])
MIB = 1 << 20


def table(*, plain: bool) -> pd.DataFrame:
    """Make a table of Arrow-backed text, about 320 MB as CSV.

    `plain` is lower-case ASCII; otherwise keys have capitals, results accents and quotes.
    """
    random = np.random.default_rng(5)
    shapes = (("host-", 10**9, ".example.net"), ("app-", 10**6, ""), ("team-", 10**3, "-oncall"))
    shapes += (("eu-west-", 50, "-rack"), ("documented in the runbook, page ", 10**8, ""))
    if not plain:
        shapes = (("Host-", *shapes[0][1:]), ("App-", *shapes[1][1:]), *shapes[2:4])
        shapes += (('siehe "Büroplan", Seite ', 10**8, " ök"),)
    columns = [
        pc.binary_join_element_wise(
            pa.scalar(before),
            pc.utf8_lpad(pc.cast(pa.array(random.integers(0, most, ROWS)), pa.string()), 9, "0"),
            pa.scalar(after),
            "",
        )
        for before, most, after in shapes
    ]
    return pa.table(columns, names=list(SCHEMA.columns)).to_pandas(types_mapper=pd.ArrowDtype)


def _seconds(call: Callable[[], object]) -> float:
    """Return the processor time of a call."""
    started = time.process_time()
    call()
    return time.process_time() - started


def _figures(frame: pd.DataFrame, folder: Path) -> dict[str, float]:
    """Time each way to write the frame once."""
    target = folder / "t.csv"

    def both() -> None:
        assert validate_enrichment(frame, SCHEMA).ok
        write_enrichment_csv(frame, SCHEMA, target)

    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    ways: dict[str, Callable[[], object]] = {
        "to_csv": lambda: frame.to_csv(target, index=False),
        "write_enrichment_csv, which validates": lambda: write_enrichment_csv(
            frame, SCHEMA, target
        ),
        "validate_enrichment, then write_enrichment_csv": both,
        "pyarrow's writer alone": lambda: csv.write_csv(arrow, target),
        "validate_enrichment of the written file": lambda: validate_enrichment(target, SCHEMA),
    }
    return {name: _seconds(way) for name, way in ways.items()}


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _peak() -> None:
    """Print, in a process of its own, by how much writing raises the memory in use."""
    frame = table(plain=sys.argv[2] == "plain")
    before = _reset_peak()
    with tempfile.TemporaryDirectory() as folder:
        write_enrichment_csv(frame, SCHEMA, Path(folder, "t.csv"))
    print(_status("VmHWM:") - before)


def _reset_peak() -> int:
    """Forget the peak so far; give the memory in use."""
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return _status("VmRSS:")


def _big_file(path: Path) -> CsvFile:
    """Write a table of the sandbox's map of hosts, 500 MB."""
    row = '"host-{:09}.example.com","' + "t" * 60 + '","tier-1"\n'
    header = '"host","owner_team","tier"\n'
    rows = (UPLOAD_BYTES - len(header)) // len(row.format(0))
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for start in range(0, rows, 10_000):
            lines = map(row.format, range(start, min(rows, start + 10_000)))
            chunk = ((header if not start else "") + "".join(lines)).encode()
            digest.update(chunk)
            size += file.write(chunk)
    return CsvFile(path, rows, size, digest.hexdigest())


def _sandbox() -> None:
    """Serve the sandbox until standard input ends."""
    with sandbox.start(incidents=5, audit_events=5) as services:
        print(json.dumps(services.env), flush=True)
        sys.stdin.read()


def _upload() -> None:
    """Print, in a process of its own, by how much an upload raises the memory of an idle client."""
    env, path, *rest = json.loads(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]
    table = path if not rest else csv.read_csv(path).to_pandas(types_mapper=pd.ArrowDtype)
    if len(rest) > 1:
        table = CsvFile(path, int(rest[0]), int(rest[1]), rest[2])
    with BigPanda(env["BIGPANDA_API_KEY"], base_url=env["BIGPANDA_BASE_URL"]) as client:
        maps = client.enrichments().set_index("name")["schema_id"]
        client.enrichment_schema(maps["Host owners"])
        before, started = _reset_peak(), time.perf_counter()
        job = client.upload_enrichment(table, maps["Host owners"])
        assert (job.status, job.bytes) == ("done", path.stat().st_size)
        print(_status("VmHWM:") - before, time.perf_counter() - started)


def _run_upload() -> None:
    """Print what an upload of 500 MB to a sandbox in another process needs."""
    me = [sys.executable, "-m", "benchmarks.enrichment"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([*me, "sandbox"], **pipes) as server,
    ):
        env = server.stdout.readline()
        file = _big_file(Path(folder, "big.csv"))
        facts = [str(fact) for fact in (file.rows, file.bytes, file.sha256)]
        print(f"enrichment, upload of {file.bytes:,} bytes, {file.rows:,} rows")
        ways = {"a CsvFile": facts, "a path, judged first": [], "a frame": ["frame"]}
        for name, more in ways.items():
            command = [*me, "upload", env, str(file.path), *more]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peak, seconds = map(float, done.stdout.split())
            print(f"  {name}: {peak / MIB:.1f} MiB above the idle client, {seconds:.0f} s")
        server.stdin.close()


def run() -> None:
    """Print the median ratios over `to_csv`, peak memories, and what an upload needs."""
    _run_tables()
    _run_upload()


def _run_tables() -> None:
    for kind in ("plain", "mixed"):
        frame = table(plain=kind == "plain")
        with tempfile.TemporaryDirectory() as folder:
            rounds = [_figures(frame, Path(folder)) for _ in range(RUNS)]
        del frame
        base = statistics.median(each["to_csv"] for each in rounds)
        print(f"enrichment, {ROWS:,} rows of {kind} text: to_csv takes {base:.1f} s")
        for name in list(rounds[0])[1:]:
            ratio = statistics.median(each[name] / each["to_csv"] for each in rounds)
            print(f"  {name}: {ratio:.2f} of to_csv (median of {RUNS})")
        command = [sys.executable, "-m", "benchmarks.enrichment", "peak", kind]
        peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        most = 40 * ROWS + 200_000_000
        print(f"  peak memory above the frame: {peak / MIB:.0f} MiB (at most {most / MIB:.0f})")


if __name__ == "__main__":
    parts = {"peak": _peak, "sandbox": _sandbox, "tables": _run_tables, "upload": _upload}
    parts |= {"uploads": _run_upload}
    parts.get("".join(sys.argv[1:2]), run)()
