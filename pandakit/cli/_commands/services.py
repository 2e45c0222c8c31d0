"""`pandakit sandbox`, `check` and `settings`: the services and how to reach them."""

from __future__ import annotations

import threading

import click

from pandakit.cli import output
from pandakit.connection import connect
from pandakit.errors import PandakitError
from pandakit.settings import SETTINGS, find, show_settings

__all__ = ["check", "sandbox", "settings"]


@click.command()
def settings() -> None:
    """Show every setting and where it comes from; secrets are masked."""
    output.write(show_settings().fillna("").to_string(index=False))


@click.command()
def check() -> int:
    """Make one cheap authorised call to each service that has settings.

    Prints one line for each; exit code 1 if one fails, or if no service has settings.
    """
    every = list(dict.fromkeys(setting.service for setting in SETTINGS.values()))
    asked = [service for service in every if _has_settings(service)]
    failed = not asked
    with connect(sandbox="never") as services:
        for name in asked or every:  # without any settings, each service reports what it needs
            try:
                output.write(str(getattr(services, name).check()))
            except PandakitError as error:
                failed = True
                output.error(f"{name}: {type(error).__name__}: {error}")
    return int(failed)


def _has_settings(service: str) -> bool:
    return any(find(each.name).value for each in SETTINGS.values() if each.service == service)


@click.command()
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the sandbox.")
def sandbox(seed: int) -> None:
    """Run the three services on loopback until Ctrl-C and print their settings."""
    from pandakit.sandbox import start  # noqa: PLC0415 - needs the sandbox extra

    with start(seed=seed) as running:
        for name, value in running.env.items():
            output.write(f"export {name}={value}")
        output.error("# running; Ctrl-C ends it")
        threading.Event().wait()
