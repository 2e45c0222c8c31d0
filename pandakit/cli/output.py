"""The only writer to the terminal; in messages, settings are named as command-line options."""

from __future__ import annotations

import re
import shlex
import sys

import click

from pandakit.redaction import shown

__all__ = ["error", "in_options", "prepare", "write"]

_NAMES = "profile|time|tz|time_format|unit|start|end|pattern|windows|anchors"
# A setting as it is written in Python: a dict of one pair, a text, a flag, or its name alone.
_SETTING = re.compile(
    r"\b(?P<dict>columns|constants|status)=\{'(?P<key>[^']*)': '?(?P<of_key>[^'}]*)'?\}"
    rf"|\b(?P<name>{_NAMES})='(?P<value>[^']*)'"
    r"|\b(?P<flag>skip_bad|overwrite)=True"
    rf"|\b(?P<alone>{_NAMES}|columns|constants)="
    r"|^(?P<start>windows|anchors|pattern)(?=: )"
)
_NAMED_OTHERWISE = {"columns": "column", "constants": "constant", "overwrite": "force"}


def in_options(message: str) -> str:
    """Return a message in which settings are named as on the command line.

    Examples
    --------
    >>> in_options("no zone; say tz='Europe/Berlin', or columns={'host': 'device id'}")
    "no zone; say --tz Europe/Berlin, or --column 'host=device id'"
    """
    return _SETTING.sub(_as_option, message)


def _as_option(found: re.Match[str]) -> str:
    part = found.groupdict()
    name = next(part[kind] for kind in ("dict", "name", "flag", "alone", "start") if part[kind])
    option = "--" + _NAMED_OTHERWISE.get(name, name).replace("_", "-")
    if part["dict"]:
        pair = f"{part['key']}={part['of_key']}"
        return f"{option} {shlex.quote(pair)}"
    return f"{option} {shlex.quote(part['value'])}" if part["name"] else option


def write(text: str) -> None:
    """Write text and a line end to standard output."""
    click.echo(shown(text))


def error(text: str) -> None:
    """Write text and a line end to standard error."""
    click.echo(shown(text), err=True)


def prepare() -> None:
    """Escape characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
