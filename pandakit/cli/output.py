"""The one writer to the terminal: nothing that comes from a file or a service can steer it."""

from __future__ import annotations

import sys

import click

from pandakit.redaction import shown

__all__ = ["error", "prepare", "write"]


def write(text: str) -> None:
    """Write text and a line end to standard output."""
    click.echo(shown(text))


def error(text: str) -> None:
    """Write text and a line end to standard error."""
    click.echo(shown(text), err=True)


def prepare() -> None:
    """Escape what the terminal's encoding has no characters for, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
