"""The types of values that options accept, and how they are checked."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "ANCHORS",
    "ANCHOR_LIST",
    "FILE",
    "FOLDER",
    "PAIR",
    "SOURCE",
    "SPAN",
    "SPANS",
    "add",
    "refuse_unknown",
]

ANCHORS = ("first", "latest", "bucket")

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class _Source(click.ParamType):  # type: ignore[type-arg]
    """A file, a folder or a pattern, whose content is not read yet."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path as text."""
        path = Path(value).expanduser()
        matches = has_magic(value) and glob(str(path), recursive=True)  # noqa: PTH207 - as read_events
        if not value.strip() or not (path.exists() or matches):
            self.fail(f"{value!r} does not exist", param, ctx)
        return value


class _Span(click.ParamType):  # type: ignore[type-arg]
    """A span such as "48h", or "none" for no limit."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a timedelta, or "none"."""
        if value == "none":
            return value
        try:
            return read_span(value, "")
        except ValueError as error:
            self.fail(str(error).removeprefix(": "), param, ctx)


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """A name and a value with an equals sign between them."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name and the value."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            self.fail(f"{value!r} has no '='; write NAME=VALUE", param, ctx)
        return name.strip(), text


class _Spans(_Span):
    """Spans, separated by commas."""

    name = "spans"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of timedeltas above zero."""
        spans = [super(_Spans, self).convert(text, param, ctx) for text in value.split(",")]
        if not all(isinstance(span, timedelta) and span > timedelta(0) for span in spans):
            self.fail(f"{value!r} has a span that is not above zero", param, ctx)
        return spans


class _Anchors(click.ParamType):  # type: ignore[type-arg]
    """Names of anchors, separated by commas."""

    name = "anchors"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of anchors."""
        names = [name.strip() for name in value.split(",")]
        if not set(names) <= set(ANCHORS):
            self.fail(f"{value!r} is not a list of {', '.join(ANCHORS)}", param, ctx)
        return names


SOURCE, SPAN, SPANS, PAIR = _Source(), _Span(), _Spans(), _Pair()
ANCHOR_LIST = _Anchors()


def add(options: Iterable[Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options in the order of the help text."""

    def decorate(command: Any) -> Any:
        for option in reversed(tuple(options)):
            command = option(command)
        return command

    return decorate


def refuse_unknown(given: Iterable[str], known: Sequence[str], where: str) -> None:
    """Raise a usage error for the first key that is not known, with the nearest ones."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, 3) or known
            raise click.UsageError(f"{where}: there is no key {name!r}, but {', '.join(near)}")
