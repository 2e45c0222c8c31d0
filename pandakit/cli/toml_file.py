"""The user's TOML files."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_toml"]


def read_toml(file: Path, option: str) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    click.UsageError
        The file is not TOML; the message names the option.
    """
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{option} {file}: this is not TOML: {error}") from None
    except OSError as error:
        raise click.UsageError(f"{option} {file}: {error.strerror}") from None
