"""The command line `pandakit`.

`app` has the group and the table of commands, `_commands` one module per group of commands,
`options` what they share, and `output` the one writer to the terminal.
"""

from __future__ import annotations

from pandakit.cli.app import cli, main

__all__ = ["cli", "main"]
