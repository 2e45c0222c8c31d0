"""`pandakit detections test` and `drift`: rules as code, alone and against a tenant."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from pandakit import detections as content
from pandakit.cli import output
from pandakit.connection import connect
from pandakit.detections.rows import is_missing

__all__ = ["detections"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SHOWN = 60  # characters of a value


@click.group()
def detections() -> None:
    """Test rules as code, and compare them with a tenant."""


@detections.command()
@click.argument("folder", type=_FOLDER)
@click.option("--timeout", type=float, default=15, show_default=True, help="Seconds per test.")
def test(folder: Path, timeout: float) -> int:
    """Run the unit tests of the rules below FOLDER; exit code 1 when one fails.

    A file that cannot be read is an error. Tests that only the service can run are counted.
    """
    results = content.run_tests(content.read(folder, strict=True), timeout=timeout)
    failed = results[results["passed"].eq(False).fillna(value=False)]  # noqa: FBT003 - pandas' own
    for row in failed.astype(object).to_dict("records"):
        reason = row["error"] if not is_missing(row["error"]) else _verdict(row)
        output.write(f"FAILED {row['kind']} {row['id']}: {row['name']}: {reason}")
    not_run = int(results["passed"].isna().sum())
    passed = len(results) - len(failed) - not_run
    output.write(f"{passed} passed, {len(failed)} failed, {not_run} only the service can run")
    if results.empty:
        output.error(f"no unit tests below {folder}")
    return int(results.empty or not failed.empty)


def _verdict(row: dict[str, object]) -> str:
    return "an alert was expected" if row["expected"] else "no alert was expected"


@detections.command()
@click.argument("folder", type=_FOLDER)
def drift(folder: Path) -> int:
    """Compare the rules below FOLDER with the tenant of the settings; exit code 1 on drift.

    Only the kinds of content that the folder has are compared.
    """
    local = content.read(folder, strict=True)
    with connect(sandbox="never") as services:
        panther = services.panther
        kinds = list(dict.fromkeys(local["kind"]))
        parts = [getattr(panther, kind)().assign(kind=kind) for kind in kinds]
    filled = [part.dropna(axis=1, how="all") for part in parts]
    tenant = pd.concat(filled, ignore_index=True) if filled else local
    found = content.drift(local, tenant)
    differs = found[found["status"] != "same"]
    for row in differs.astype(object).to_dict("records"):
        output.write(_difference(row))
    same = len(found) - len(differs)
    output.write(f"{same} the same, {len(differs)} differences")
    return int(not differs.empty)


def _difference(row: dict[str, object]) -> str:
    words = f"{row['status']} {row['kind']} {row['id']}"
    if row["status"] != "changed":
        return words
    return f"{words}: {row['field']}: {_short(row['local'])} here, {_short(row['tenant'])} there"


def _short(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
