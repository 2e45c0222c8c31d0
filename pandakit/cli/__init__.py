"""The command line `pandakit`: demo, sandbox, check, settings, simulate, validate."""

from __future__ import annotations

from pandakit.cli._commands import cli, main

__all__ = ["cli", "main"]
