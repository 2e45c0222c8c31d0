"""The options that say how a file is read as events, and the function that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pandakit.cli.options import FILE, PAIR, add, refuse_unknown
from pandakit.cli.toml_file import read_toml
from pandakit.errors import EventError
from pandakit.events import PROFILE_NAMES, read_events

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["SOURCE_OPTIONS", "given_options", "read_source", "source_options"]

_UNITS = ("s", "ms", "us", "ns")
_TEXTS = ("profile", "time", "time_format", "tz", "unit", "start", "end")
_PAIRS = {"column": "columns", "constant": "constants", "status": "status"}
_KEYS = (*_TEXTS, "skip_bad", *_PAIRS.values())

source_options = add(
    (
        click.option(
            "--profile",
            type=click.Choice(PROFILE_NAMES),
            metavar="TOOL",
            help=f"The tool that wrote the file: {', '.join(PROFILE_NAMES)}. Default: guessed.",
        ),
        click.option(
            "--column",
            type=PAIR,
            multiple=True,
            metavar="FIELD=COLUMN",
            help="A column of the events and its column in FILE, as in host=device_id; repeatable.",
        ),
        click.option(
            "--constant",
            type=PAIR,
            multiple=True,
            metavar="FIELD=VALUE",
            help="A value for every row, as in status=critical; repeatable.",
        ),
        click.option(
            "--status",
            type=PAIR,
            multiple=True,
            metavar="VALUE=STATUS",
            help="What a value of the status column means, as in firing=critical; repeatable.",
        ),
        click.option("--time", metavar="COLUMN", help="The column with the time."),
        click.option(
            "--time-format", metavar="FORMAT", help='Its strptime format, as in "%d/%m/%Y %H:%M".'
        ),
        click.option(
            "--tz", metavar="ZONE", help="The zone of times without one, as in Europe/Berlin."
        ),
        click.option(
            "--unit", type=click.Choice(_UNITS), help="The unit of numeric times. Default: guessed."
        ),
        click.option("--start", metavar="COLUMN", help="For alarms: the column with their start."),
        click.option("--end", metavar="COLUMN", help="For alarms: the column with their end."),
        click.option(
            "--skip-bad",
            is_flag=True,
            default=None,
            help="Leave out rows that are not events, and count them.",
        ),
        click.option(
            "--mapping",
            type=FILE,
            metavar="FILE",
            help="All of this as TOML: the same keys, and the tables [columns], [constants], "
            "[status]. Options go before the file.",
        ),
    )
)
#: The parameters of a command that `source_options` adds.
SOURCE_OPTIONS = (*_TEXTS, *_PAIRS, "skip_bad", "mapping")


def given_options(options: dict[str, Any]) -> str:
    """Return the given options about reading, without the unit, for a message."""
    given = [name for name in SOURCE_OPTIONS if options[name] not in (None, ()) and name != "unit"]
    return ", ".join("--" + name.replace("_", "-") for name in given)


def read_source(source: str | list[str], options: dict[str, Any]) -> pd.DataFrame:
    """Return the events of files, folders or patterns; their options are removed from `options`.

    Raises
    ------
    click.UsageError
        An option or a key of the mapping is invalid.
    EventError
        The file cannot be read as events.
    """
    given = {name: options.pop(name) for name in SOURCE_OPTIONS}
    settings = _from_file(given["mapping"])
    for name in (*_TEXTS, "skip_bad"):
        if given[name] is not None:
            settings[name] = given[name]
    for option, key in _PAIRS.items():
        settings[key] = {**settings.get(key, {}), **dict(given[option])} or None
    try:
        return read_events(source, **settings)
    except EventError:
        raise
    except ValueError as error:  # an invalid option, or two that contradict each other
        raise click.UsageError(str(error)) from None


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    settings = read_toml(file, "--mapping")
    where = f"--mapping {file}"
    refuse_unknown(settings, _KEYS, where)
    for key, value in settings.items():
        is_right = isinstance(value, dict if key in _PAIRS.values() else (str, bool))
        if not is_right:
            kind = f"a table [{key}]" if key in _PAIRS.values() else "text"
            raise click.UsageError(f"{where}: {key} must be {kind}, not {value!r}")
    return settings
