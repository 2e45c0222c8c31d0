"""The options that choose a policy: a preset, a file, and single settings."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pandakit.cli.options import ANCHORS, PAIR, SPAN, add
from pandakit.cli.toml_file import read_toml
from pandakit.consolidation import CLASSIC, CURRENT, Policy
from pandakit.spans import read_span

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["choose_policy", "policy_options"]

_PRESETS = {"classic": CLASSIC, "current": CURRENT}
# TOML has no null: this word means no limit.
_NO_LIMIT = "none"
# Keys under which the service returns its list.
_ANSWERS = ("items", "data", "results", "correlation_patterns")
_MAY_BE_NONE = ("reopen_window", "expire_after", "max_alerts")

policy_options = add(
    (
        click.option(
            "--policy",
            default="classic",
            show_default=True,
            metavar="NAME|FILE",
            help="classic, current, a TOML file with the settings of a policy (patterns as "
            "[[patterns]]), or the tenant's correlation patterns as JSON.",
        ),
        click.option(
            "--window",
            type=PAIR,
            multiple=True,
            metavar="PATTERN=SPAN",
            help="Another window for a pattern, as in primary=4h; repeatable.",
        ),
        click.option(
            "--anchor", type=click.Choice(ANCHORS), help="What windows are measured from."
        ),
        click.option(
            "--reopen-window",
            type=SPAN,
            metavar="SPAN",
            help='How long a closed alert can be reopened: "48h", "0s", or "none" for no limit.',
        ),
    )
)


def choose_policy(options: dict[str, Any]) -> Policy:
    """Return the policy of the command line; its options are removed from `options`.

    Raises
    ------
    click.UsageError
        There is no such preset, file, pattern or setting.
    """
    policy = _preset_or_file(options.pop("policy"))
    windows, anchor = options.pop("window"), options.pop("anchor")
    reopen_window = options.pop("reopen_window")
    changes: dict[str, Any] = {"patterns": _with_windows(policy, windows)}
    if anchor is not None:
        changes["anchor"] = anchor
    if reopen_window is not None:
        changes["reopen_window"] = None if reopen_window == _NO_LIMIT else reopen_window
    return policy.replace(**changes)


def _preset_or_file(name: str) -> Policy:
    if name in _PRESETS:
        return _PRESETS[name]
    file = Path(name).expanduser()
    if not file.is_file():
        raise click.UsageError(
            f"--policy {name}: this is neither {' nor '.join(_PRESETS)} nor a file"
        )
    where = f"--policy {file}"
    settings = _json(file) if file.suffix.lower() == ".json" else read_toml(file, "--policy")
    try:
        return _policy_of(settings)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise click.UsageError(f"{where}: {error}") from None


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except (ValueError, OSError) as error:
        raise click.UsageError(f"--policy {file}: this is not JSON: {error}") from None


def _policy_of(settings: Any) -> Policy:
    """Return the policy of settings from `Policy.to_dict`, or of the service's patterns."""
    records = settings if isinstance(settings, list) else None
    if isinstance(settings, dict):
        records = next((settings[key] for key in _ANSWERS if key in settings), None)
    if records is not None:
        from pandakit.bigpanda import policy_of_patterns  # noqa: PLC0415 - only for such files

        return policy_of_patterns(records)
    if not isinstance(settings, dict):
        raise TypeError("a policy is a table of settings, or a list of correlation patterns")
    if not settings.get("patterns"):
        raise ValueError("there is no pattern; write at least one table [[patterns]]")
    limits = {name: None for name in _MAY_BE_NONE if settings.get(name) == _NO_LIMIT}
    return Policy.from_dict({**settings, **limits})


def _with_windows(policy: Policy, windows: Iterable[tuple[str, str]]) -> tuple[Any, ...]:
    patterns = {pattern.name: pattern for pattern in policy.patterns}
    for name, window in windows:
        if name not in patterns:
            raise click.UsageError(
                f"--window {name}={window}: the policy has no pattern {name!r}; it has "
                f"{', '.join(patterns)}"
            )
        try:
            patterns[name] = dataclasses.replace(
                patterns[name], window=read_span(window, f"--window {name}")
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    return tuple(patterns.values())
