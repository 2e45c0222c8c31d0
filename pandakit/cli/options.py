"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pandakit.consolidation import Policy

__all__ = ["FILE", "FOLDER", "add", "policy_from", "simulation_options"]

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class Span(click.ParamType):  # type: ignore[type-arg]
    """A span such as "48h", or "none" for no limit; messages name the option."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a timedelta or "none"."""
        if value == "none":
            return value
        try:
            return read_span(value, "the value")
        except ValueError as error:
            self.fail(str(error).removeprefix("the value: "), param, ctx)


def add(options: Iterable[Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options in the order of the help text."""

    def decorate(command: Any) -> Any:
        for option in reversed(tuple(options)):
            command = option(command)
        return command

    return decorate


_ALARMS = (
    click.option("--start", metavar="COLUMN", help="Alarms: the column of the start."),
    click.option("--end", metavar="COLUMN", help="Alarms: the column of the end."),
    click.option("--primary", metavar="COLUMN", help="Alarms: the column of the host."),
    click.option("--secondary", metavar="COLUMN", help="Alarms: the column of the check."),
)
_UNIT = click.option(
    "--unit",
    type=click.Choice(["s", "ms", "us", "ns"]),
    default="s",
    show_default=True,
    help="Unit of numeric times.",
)
_POLICY = (
    click.option(
        "--policy",
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
        type=Span(),
        metavar="SPAN",
        help='How long a closed alert reopens: "48h", "0s", or "none" for no limit.',
    ),
)

simulation_options = add((*_ALARMS, _UNIT, *_POLICY))


def policy_from(policy: str, *, anchor: str | None, reopen_window: Any) -> Policy:
    """Return the preset with the settings of the command line in it."""
    from pandakit.consolidation import CLASSIC, CURRENT  # noqa: PLC0415 - not needed for help

    changed: dict[str, Any] = {}
    if anchor is not None:
        changed["anchor"] = anchor
    if reopen_window is not None:
        changed["reopen_window"] = None if reopen_window == "none" else reopen_window
    return {"classic": CLASSIC, "current": CURRENT}[policy].replace(**changed)
