"""The steps of the demo, with the same calls that a user would type."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit import plots, sandbox
from pandakit.consolidation import CLASSIC, consolidate
from pandakit.demo.report import Report
from pandakit.enrichment import validate_enrichment, write_enrichment_csv
from pandakit.files import atomic_write, refuse_existing
from pandakit.frames import facts
from pandakit.lab import sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

    from pandakit.consolidation import Consolidation, Policy
    from pandakit.consolidation.policy import Anchor
    from pandakit.enrichment import CsvFile, ValidationReport

__all__ = ["run_demo"]

# The names that a user at the invented company would type.
ENVIRONMENT = "Payments"
APP_KEYS = ("cloudmetrics.eu", "cloudmetrics.us", "nagios.core", "synthetics.edge")
MAP_NAME = "Host owners"
PAGE, TEXT, TABLE = "report.html", "report.txt", "owners.csv"
PICTURES = ("funnel.png", "windows.png", "incidents.png")
#: Every file that the demo writes.
FILES = (PAGE, TEXT, TABLE, *PICTURES)
ALERTS = f"BigPanda alerts of {ENVIRONMENT}"
EVENTS = "BigPanda events"
WINDOWS = ("15min", "30min", "1h", "2h", "4h", "8h", "12h", "24h", "48h", "72h")
ANCHORS: tuple[Anchor, ...] = ("first", "latest", "bucket")

_PANTHER_LISTS = (
    "data_models",
    "globals",
    "policies",
    "queries",
    "rules",
    "scheduled_rules",
    "simple_rules",
    "detections",
)


def run_demo(
    output: Path,
    *,
    seed: int = 0,
    policy: Policy = CLASSIC,
    services: sandbox.Sandbox | None = None,
    overwrite: bool = False,
    echo: Callable[[str], Any] = print,
) -> Report:
    """Load, consolidate, enrich, and return the report.

    Parameters
    ----------
    output
        The folder for the report, its pictures and the table.
    seed
        The seed of the sandbox that is started.
    policy
        The settings of the simulation.
    services
        A running sandbox; default: a new one.
    overwrite
        Whether files of an earlier run may be replaced.
    echo
        Called with one line per step.

    Returns
    -------
    Report
        What `report.html` shows.

    Raises
    ------
    FileExistsError
        A file of an earlier run exists, and `overwrite` is false; nothing was done.
    PandakitError
        A list cannot be loaded completely, or the table is refused.
    """
    if not overwrite:
        refuse_existing(*(output / name for name in FILES))
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if services is None:
            services = stack.enter_context(sandbox.start(seed, requests_per_second=None))
        echo(f"1/5 the sandbox is running: {', '.join(services.urls)}")
        frames = _load(services, echo)
        echo("3/5 consolidating")
        events = frames[EVENTS]
        simulation = consolidate(events, policy)
        first = policy.patterns[0]
        windows = sweep(events, policy, windows=WINDOWS, anchors=ANCHORS, pattern=first.name)
        echo("4/5 building, validating and uploading an enrichment table")
        table, refused, job_status = _enrich(services, frames[ALERTS], output)
    echo(f"5/5 writing the report to {output}")
    report = Report(
        source=", ".join(dict.fromkeys(facts(frame)["source"] for frame in frames.values())),
        loaded=_loaded(frames),
        simulation=simulation,
        windows=windows,
        table=table,
        refused=refused,
        job_status=job_status,
        swept_pattern=first.name,
        pictures=_draw(output, simulation, plots.sweep(windows, today=first.window)),
    )
    _write(report.to_html(), output / PAGE)
    _write(report.to_text() + "\n", output / TEXT)
    return report


def _write(text: str, path: Path) -> None:
    with atomic_write(path) as file:
        file.write(text.encode())


def _load(services: sandbox.Sandbox, echo: Callable[[str], Any]) -> dict[str, pd.DataFrame]:
    """Return every list that the demo shows, loaded in parallel."""
    echo("2/5 loading: Panther, BigPanda, Pangea")
    panther, bigpanda, pangea = services.panther, services.bigpanda, services.pangea
    loaders: dict[str, Callable[[], pd.DataFrame]] = {
        **{f"Panther {name}": getattr(panther, name) for name in _PANTHER_LISTS},
        "BigPanda environments": bigpanda.environments,
        "BigPanda incidents": lambda: bigpanda.incidents("All Incidents"),
        ALERTS: lambda: bigpanda.alerts(ENVIRONMENT),
        EVENTS: lambda: _events(bigpanda),
        "Pangea audit events": lambda: pangea.search(start="2026-05-01"),
    }
    with ThreadPoolExecutor(max_workers=4) as pool:
        frames = list(pool.map(lambda load: load(), loaders.values()))
    return dict(zip(loaders, frames, strict=True))


def _events(bigpanda: Any) -> pd.DataFrame:
    """Return the events of all integrations as one frame, in time order."""
    loaded = [
        bigpanda.raw_alerts(app_key, start="2026-01-01", page_size=1_000) for app_key in APP_KEYS
    ]
    events = pd.concat(loaded, ignore_index=True)
    merged = {
        **facts(loaded[0]),
        **{name: sum(facts(frame)[name] for frame in loaded) for name in ("pages", "requests")},
    }
    events = events.sort_values("timestamp", kind="stable", ignore_index=True)
    events.attrs["pandakit"] = merged
    return events


def _enrich(
    services: sandbox.Sandbox, alerts: pd.DataFrame, output: Path
) -> tuple[CsvFile, ValidationReport, str]:
    """Write and upload a table of owners, and validate one with mistakes."""
    bigpanda = services.bigpanda
    maps = bigpanda.enrichments().set_index("name")
    schema_id = maps.loc[MAP_NAME, "schema_id"]
    schema = bigpanda.enrichment_schema(schema_id)
    owners = owners_of(alerts)
    table = write_enrichment_csv(owners, schema, output / TABLE)
    refused = validate_enrichment(spoil(owners), schema)
    job = bigpanda.upload_enrichment(table, schema_id)
    return table, refused, job.status


def owners_of(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the table of owners: one row per host that had an alert.

    Examples
    --------
    >>> owners_of(pd.DataFrame({"tag.host": ["checkout-db-01.example.com", None]})).iloc[0].tolist()
    ['checkout-db-01.example.com', 'checkout', 'tier-1']
    """
    hosts = alerts["tag.host"].dropna().drop_duplicates().sort_values(ignore_index=True)
    team = hosts.str.split("-").str[0]
    tier = hosts.str.contains("-db-").map({True: "tier-1", False: "tier-2"})
    return pd.DataFrame({"host": hosts, "owner_team": team, "tier": tier})


def spoil(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with common mistakes: a repeated row, a line break, a key with two owners.

    Examples
    --------
    >>> good = owners_of(pd.DataFrame({"tag.host": [f"web-{i}.example.com" for i in range(3)]}))
    >>> len(spoil(good)) - len(good)
    2
    """
    bad = pd.concat([table, table.head(1), table.tail(1)], ignore_index=True).astype(object)
    bad.loc[1, "owner_team"] = "payments\nand friends"
    bad.loc[len(bad) - 1, "owner_team"] = "somebody else"
    return bad


def _loaded(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "list": list(frames),
            "rows": [len(frame) for frame in frames.values()],
            "pages": [facts(frame)["pages"] for frame in frames.values()],
            "requests": [facts(frame)["requests"] for frame in frames.values()],
        }
    )


def _draw(output: Path, simulation: Consolidation, windows: Figure) -> dict[str, Path]:
    pictures = {
        "From events to incidents": plots.funnel(simulation),
        "Incidents by window and anchor": windows,
        "The largest incidents": plots.largest_incidents(simulation),
    }
    paths = {caption: output / name for name, caption in zip(PICTURES, pictures, strict=True)}
    for caption, figure in pictures.items():
        with atomic_write(paths[caption]) as file:
            figure.savefig(file, format="png")
    return paths
