"""The command line: demo, sandbox, check, settings, simulate, validate."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.errors import PandakitError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from pandakit.consolidation import Policy

__all__ = ["cli", "main"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_ALARM_COLUMNS = ("start", "end", "primary", "secondary")
# Wrong input has a message of its own; anything else is a defect of ours and keeps its trace.
_EXPECTED = (PandakitError, ValueError, OSError, ImportError)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an expected error is one clear line and exit code 1."""
    warnings.showwarning = _show_warning
    try:
        cli.main(args=arguments, prog_name="pandakit", standalone_mode=False)
    except click.Abort:
        _leave("stopped", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except _EXPECTED as error:
        _leave(f"{type(error).__name__}: {error}", 1)


def _simulation_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that read alarms and choose a policy."""
    for option in reversed(
        (
            click.option("--start", metavar="COLUMN", help="Alarms: the column of the start."),
            click.option("--end", metavar="COLUMN", help="Alarms: the column of the end."),
            click.option("--primary", metavar="COLUMN", help="Alarms: the column of the host."),
            click.option("--secondary", metavar="COLUMN", help="Alarms: the column of the check."),
            click.option(
                "--unit",
                type=click.Choice(["s", "ms", "us", "ns"]),
                default="s",
                show_default=True,
                help="Unit of numeric times.",
            ),
            click.option(
                "--policy",
                "policy_name",
                type=click.Choice(["classic", "current"]),
                default="classic",
                show_default=True,
                help="The preset to start from.",
            ),
            click.option(
                "--anchor",
                type=click.Choice(["first", "latest", "bucket"]),
                help="What a window counts from.",
            ),
            click.option(
                "--reopen-window",
                metavar="SPAN",
                help='How long a closed alert reopens: "48h", "0s", or "none" for no limit.',
            ),
        )
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pandakit")
def cli() -> None:
    """Panther, BigPanda and Pangea in pandas."""


@cli.command()
@click.option("--events", type=_FILE, help="Your own events or alarms (CSV, Parquet).")
@click.option(
    "--output",
    type=_FOLDER,
    default=Path("demo-output"),
    show_default=True,
    help="Where the report goes.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the sandbox.")
@_simulation_options
def demo(output: Path, seed: int, events: Path | None, **options: Any) -> None:
    """Run the whole tour against the sandbox: no account, no network."""
    from pandakit.demo import run_demo  # noqa: PLC0415 - loaded on use

    if events is None and any(options[name] for name in _ALARM_COLUMNS):
        raise click.UsageError("--start, --end, --primary, --secondary describe --events FILE")
    policy = _policy(options)
    own = None if events is None else _read(events, options)
    report = run_demo(
        output, seed=seed, policy=policy, events=own, unit=options["unit"], echo=click.echo
    )
    click.echo(report.to_text())


@cli.command()
@click.argument("file", type=_FILE)
@_simulation_options
def simulate(file: Path, **options: Any) -> None:
    """Consolidate the events or alarms of FILE (CSV, Parquet) and print the funnel."""
    from pandakit.cli._events_file import simulation_text  # noqa: PLC0415 - loaded on use
    from pandakit.consolidation import consolidate  # noqa: PLC0415 - loaded on use

    result = consolidate(_read(file, options), _policy(options), unit=options["unit"])
    click.echo(simulation_text(result))


@cli.command()
@click.argument("file", type=_FILE)
@click.option("--schema", "schema_file", type=_FILE, help="The schema as the service's own JSON.")
@click.option("--query", metavar="NAMES", help="In place of it: query columns, as in a,b.")
@click.option("--result", metavar="NAMES", help="In place of it: result columns, as in c.")
@click.option("--strict", is_flag=True, help="Refuse what a stricter reading would refuse.")
def validate(file: Path, *, strict: bool, **options: Any) -> None:
    """Say whether BigPanda would accept the enrichment table in FILE; exit code 1 when not."""
    from pandakit.cli._table_file import read_schema  # noqa: PLC0415 - loaded on use
    from pandakit.enrichment import validate_enrichment  # noqa: PLC0415 - loaded on use

    report = validate_enrichment(file, read_schema(**options), strict=strict)
    click.echo(str(report))
    sys.exit(0 if report.ok else 1)


@cli.command()
def settings() -> None:
    """Show every setting and where it comes from; secrets are masked."""
    from pandakit.settings import show_settings  # noqa: PLC0415 - loaded on use

    click.echo(show_settings().fillna("").to_string(index=False))


@cli.command()
def check() -> None:
    """Make one cheap authorised call to each service; exit code 1 when one fails."""
    from pandakit.connection import connect  # noqa: PLC0415 - loaded on use

    failed = False
    with connect(sandbox="never") as services:
        for name in ("panther", "bigpanda", "pangea"):
            try:
                click.echo(str(getattr(services, name).check()))
            except PandakitError as error:
                failed = True
                click.echo(f"{name}: {type(error).__name__}: {error}", err=True)
    sys.exit(1 if failed else 0)


@cli.command()
@click.option("--seed", type=int, default=0, show_default=True)
def sandbox(seed: int) -> None:
    """Run the three services on loopback until Ctrl-C and print their settings."""
    import threading  # noqa: PLC0415 - loaded on use

    from pandakit.sandbox import start  # noqa: PLC0415 - loaded on use

    with start(seed=seed) as running:
        for name, value in running.env.items():
            click.echo(f"export {name}={value}")
        click.echo("# running; Ctrl-C ends it", err=True)
        threading.Event().wait()


def _policy(options: dict[str, Any]) -> Policy:
    from pandakit.cli._events_file import policy_of  # noqa: PLC0415 - loaded on use

    return policy_of(
        options["policy_name"],
        anchor=options["anchor"],
        reopen_window=options["reopen_window"],
    )


def _read(file: Path, options: dict[str, Any]) -> pd.DataFrame:
    from pandakit.cli._events_file import read_events  # noqa: PLC0415 - loaded on use

    return read_events(file, **{name: options[name] for name in _ALARM_COLUMNS})


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    click.echo(f"{category.__name__}: {message}", err=True)


def _leave(message: str, code: int) -> None:
    click.echo(message, err=True)
    sys.exit(code)
