"""`pandakit sandbox`, `check` and `settings`: the services and how to reach them."""

from __future__ import annotations

import threading

import click

from pandakit.cli import output
from pandakit.connection import connect
from pandakit.errors import PandakitError
from pandakit.settings import show_settings

__all__ = ["check", "sandbox", "settings"]


@click.command()
def settings() -> None:
    """Show every setting and where it comes from; secrets are masked."""
    output.write(show_settings().fillna("").to_string(index=False))


@click.command()
def check() -> int:
    """Make one cheap authorised call to each service; exit code 1 when one fails."""
    failed = False
    with connect(sandbox="never") as services:
        for name in ("panther", "bigpanda", "pangea"):
            try:
                output.write(str(getattr(services, name).check()))
            except PandakitError as error:
                failed = True
                output.error(f"{name}: {type(error).__name__}: {error}")
    return int(failed)


@click.command()
@click.option("--seed", type=int, default=0, show_default=True)
def sandbox(seed: int) -> None:
    """Run the three services on loopback until Ctrl-C and print their settings."""
    from pandakit.sandbox import start  # noqa: PLC0415 - needs the sandbox extra

    with start(seed=seed) as running:
        for name, value in running.env.items():
            output.write(f"export {name}={value}")
        output.error("# running; Ctrl-C ends it")
        threading.Event().wait()
