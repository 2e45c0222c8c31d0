"""`pandakit demo`: the whole tour against the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pandakit.cli import output
from pandakit.cli.options import FOLDER
from pandakit.cli.policy_file import choose_policy, policy_options

__all__ = ["demo"]


@click.command()
@click.option(
    "--output",
    "folder",
    type=FOLDER,
    default=Path("demo-output"),
    show_default=True,
    metavar="FOLDER",
    help="The folder for the report.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the sandbox.")
@click.option("--force", is_flag=True, help="Overwrite the files of an earlier run.")
@policy_options
def demo(folder: Path, seed: int, *, force: bool, **options: Any) -> None:
    """Run the whole tour against the sandbox: no account, no network."""
    from pandakit.demo import run_demo  # noqa: PLC0415 - needs the sandbox extra

    policy = choose_policy(options)
    report = run_demo(folder, seed=seed, policy=policy, overwrite=force, echo=output.write)
    output.write(report.to_text())
