"""The group of all commands, and how one run of the command line ends.

A new command is a function in a module of `_commands` and a row of `COMMANDS`. It returns its
exit code (nothing for 0), raises errors that say how to fix them, and writes through `output`.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import Any

import click

from pandakit.cli import output
from pandakit.errors import PandakitError

__all__ = ["COMMANDS", "cli", "main"]

#: Command -> the module of `pandakit.cli._commands` that has it, loaded on first use.
COMMANDS = {
    "demo": "demo",
    "sandbox": "services",
    "check": "services",
    "settings": "services",
    "simulate": "simulation",
    "sweep": "simulation",
    "explain": "simulation",
    "report": "simulation",
    "validate": "enrichment",
    "detections": "detections",
    "verify": "verification",
}

# Older releases of click print the help themselves.
_NO_COMMAND = getattr(click.exceptions, "NoArgsIsHelpError", ())
OK, FINDINGS, USAGE, INTERRUPTED = 0, 1, 2, 130
# Bad input raises one of these; anything else is a bug in pandakit and keeps its traceback.
_EXPECTED = (PandakitError, ValueError, OSError, ImportError)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS]

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"pandakit.cli._commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pandakit")
def cli() -> None:
    """Panther, BigPanda and Pangea in pandas.

    Exit codes: 0 done; 1 something was found, the input cannot be read or a service failed;
    2 the command line is wrong.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an expected error is one message and an exit code."""
    output.prepare()
    warnings.showwarning = _show_warning
    try:
        code = cli.main(args=arguments, prog_name="pandakit", standalone_mode=False)
    except click.Abort:
        output.error("stopped")
        code = INTERRUPTED
    except click.ClickException as error:
        output.error(output.in_options(_usage(error)))
        code = error.exit_code
    except BrokenPipeError:
        # The reader, such as `head`, has exited; Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FINDINGS
    except FileExistsError as error:
        output.error(output.in_options(str(error)))
        code = USAGE
    except _EXPECTED as error:
        output.error(f"{type(error).__name__}: {output.in_options(str(error))}")
        code = FINDINGS
    if code:
        sys.exit(code)


def _usage(error: click.ClickException) -> str:
    if isinstance(error, _NO_COMMAND):
        return str(error.format_message())  # the whole help
    context = getattr(error, "ctx", None)
    lines = [] if context is None else [context.get_usage(), f"Help: {context.command_path} -h"]
    return "\n".join([*lines, f"Error: {error.format_message()}"])


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    output.error(f"{category.__name__}: {output.in_options(str(message))}")
