"""Policies: every setting of the consolidation, checked when it is made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, get_args

import pandas as pd

from pandakit import _html
from pandakit.consolidation.pattern import CheckedSettings, Pattern, check_flag, refuse_unknown
from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

__all__ = ["CLASSIC", "CURRENT", "FOREVER", "Anchor", "Policy", "TimeUnit", "check_policy"]

Dedup: TypeAlias = Literal["identity_timestamp", "payload", "none"]
Anchor: TypeAlias = Literal["first", "latest", "bucket"]
Matchers: TypeAlias = Literal["union", "intersect"]
Order: TypeAlias = Literal["longest_window_first", "as_given"]
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]

FOREVER = 1 << 62  # microseconds; twice as long still fits into 64 bits

_CHOICES = {"dedup": Dedup, "anchor": Anchor, "matchers": Matchers, "order": Order}
_SPANS = ("reopen_window", "expire_after", "flap_window")
_COUNTS = ("max_alerts", "flap_changes")
_MAY_BE_NONE = ("reopen_window", "expire_after", "max_alerts")
# The time of each of these changes is kept for every identity.
_MOST_FLAP_CHANGES = 1_000
_MICROSECOND = timedelta(microseconds=1)


class PolicySettings(TypedDict, total=False):
    """The settings of a policy, as `Policy.replace` accepts them."""

    patterns: Iterable[Pattern]
    dedup: Dedup
    reopen_window: str | timedelta | None
    expire_after: str | timedelta | None
    anchor: Anchor
    matchers: Matchers
    join_resolved: bool
    max_alerts: int | None
    order: Order
    flap_changes: int
    flap_window: str | timedelta


@dataclass(frozen=True, kw_only=True, repr=False)
class Policy(CheckedSettings):
    """All settings of a consolidation. The defaults are those of `CLASSIC`.

    Parameters
    ----------
    patterns
        At least one `Pattern`, with different names.
    dedup
        Which events are dropped as repeats: ``"identity_timestamp"`` (same identity and
        timestamp), ``"payload"`` (all fields equal as well) or ``"none"``.
    reopen_window
        How long after its end an alert is reopened by a firing event; later events open a
        new alert. ``None``: always reopened.
    expire_after
        An open alert without events for longer than this is closed. ``None``: never.
    anchor
        What a pattern's window is counted from: the ``"first"`` alert that had the value, the
        ``"latest"`` one (a *session window* in stream processing), or calendar slots of the
        window's length, from the epoch in UTC (``"bucket"``, a *tumbling window*).
    matchers
        ``"union"``: an incident takes over every value of its alerts, so alerts chain.
        ``"intersect"``: it keeps only what all its alerts share.
    join_resolved
        Whether a new alert may join an incident without an open alert.
    max_alerts
        The greatest number of alerts in an incident; ``None``: no limit.
    order
        Which pattern is tried first: ``"longest_window_first"`` or ``"as_given"``.
    flap_changes, flap_window
        An alert is flapping if this many changes of its state fall into this span.

    Raises
    ------
    ValueError
        A setting is unknown or invalid; the message names it.

    Notes
    -----
    Sources: BigPanda, "Alerts REST API", "Correlation Pattern Object", "Flapping".

    Examples
    --------
    >>> policy = Policy(patterns=[Pattern("host", "1h")], reopen_window="0s")
    >>> policy
    Policy([Pattern('host', 1 h)], reopen_window=0 s)
    >>> policy.replace(anchor="latest").anchor
    'latest'
    """

    patterns: tuple[Pattern, ...] = ()
    dedup: Dedup = "identity_timestamp"
    reopen_window: timedelta | None = timedelta(hours=48)
    expire_after: timedelta | None = timedelta(days=30)
    anchor: Anchor = "first"
    matchers: Matchers = "union"
    join_resolved: bool = True
    max_alerts: int | None = None
    order: Order = "longest_window_first"
    flap_changes: int = 5
    flap_window: timedelta = timedelta(hours=1)

    if TYPE_CHECKING:  # the accepted types; the fields above have the types that are stored

        def __init__(  # noqa: PLR0913 - one parameter per setting
            self,
            *,
            patterns: Iterable[Pattern] = (),
            dedup: Dedup = "identity_timestamp",
            reopen_window: str | timedelta | None = "48h",
            expire_after: str | timedelta | None = "30d",
            anchor: Anchor = "first",
            matchers: Matchers = "union",
            join_resolved: bool = True,
            max_alerts: int | None = None,
            order: Order = "longest_window_first",
            flap_changes: int = 5,
            flap_window: str | timedelta = "1h",
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check_patterns()
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choices):
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(get_args(choices))}")
        for name in _SPANS:
            self._check_span(name)
        for name in _COUNTS:
            self._check_count(name)
        check_flag("join_resolved", self.join_resolved)

    def _check_patterns(self) -> None:
        given = [self.patterns] if isinstance(self.patterns, Pattern) else list(self.patterns or ())
        self._set("patterns", tuple(given))
        if not given:
            raise ValueError("patterns: a policy has at least one pattern")
        if not all(isinstance(pattern, Pattern) for pattern in given):
            raise ValueError(f"patterns: pass Pattern objects, not {given!r}")
        names = [pattern.name for pattern in given]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"patterns: the names {twice} are used twice; set name= of each")

    def _check_span(self, name: str) -> None:
        value = getattr(self, name)
        if value is None and name in _MAY_BE_NONE:
            return
        span = read_span(value, name)
        self._set(name, span)
        if span < timedelta(0) or (name == "expire_after" and not span):
            least = "above zero" if name == "expire_after" else "zero or more"
            raise ValueError(f"{name}: {value!r} is not {least}")

    def _check_count(self, name: str) -> None:
        value = getattr(self, name)
        if value is None and name in _MAY_BE_NONE:
            return
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name}: {value!r} is not a whole number of 1 or more")
        if name == "flap_changes" and int(value) > _MOST_FLAP_CHANGES:
            raise ValueError(f"flap_changes: {value!r} is more than {_MOST_FLAP_CHANGES:,}")
        self._set(name, int(value))

    def in_run_order(self) -> tuple[Pattern, ...]:
        """Return the patterns in the order in which they are tried.

        Examples
        --------
        >>> [pattern.name for pattern in CLASSIC.in_run_order()]
        ['primary', 'cluster']
        """
        if self.order == "as_given":
            return self.patterns
        return tuple(sorted(self.patterns, key=lambda pattern: pattern.window, reverse=True))

    def microseconds(self, setting: str) -> int:
        """Return a span as whole microseconds; no limit is longer than any time there can be.

        Examples
        --------
        >>> CLASSIC.microseconds("flap_window")
        3600000000
        """
        span = getattr(self, setting)
        return FOREVER if span is None else span // _MICROSECOND

    def windows(self) -> list[int]:
        """Return the windows of the patterns in microseconds, in the order of `patterns`.

        Examples
        --------
        >>> CURRENT.windows()
        [3600000000]
        """
        return [pattern.window // _MICROSECOND for pattern in self.patterns]

    def replace(self, **settings: Unpack[PolicySettings]) -> Policy:
        """Return a policy that differs in the given settings.

        Examples
        --------
        >>> CLASSIC.replace(max_alerts=300).max_alerts
        300
        """
        refuse_unknown(settings, "Policy", [f.name for f in dataclasses.fields(self)])
        changed: dict[str, Any] = dict(settings)
        return dataclasses.replace(self, **changed)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values; `from_dict` reads them back.

        Examples
        --------
        >>> Policy.from_dict(CURRENT.to_dict()) == CURRENT
        True
        """
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        texts = {name: span_text(values[name]) for name in _SPANS if values[name] is not None}
        patterns = [pattern.to_dict() for pattern in self.patterns]
        return {**values, **texts, "patterns": patterns}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Policy:
        """Return the policy that `to_dict` wrote; absent settings are those of `CLASSIC`.

        Examples
        --------
        >>> Policy.from_dict({"patterns": [{"tags": ["host"], "window": "1h"}]}).dedup
        'identity_timestamp'
        """
        patterns = [Pattern.from_dict(pattern) for pattern in settings.get("patterns", ())]
        return cls(**{**settings, "patterns": patterns})

    def _repr_html_(self) -> str:
        patterns = pd.DataFrame([pattern.to_dict() for pattern in self.in_run_order()])
        patterns["tags"] = patterns["tags"].map(" + ".join)
        settings = [
            (setting.name, _written(getattr(self, setting.name)), _written(setting.default))
            for setting in dataclasses.fields(self)[1:]
        ]
        shown = patterns[["name", "tags", "window", "filter", "cross_source"]]
        return _html.card(
            _html.title("Policy: patterns in run order"),
            _html.frame_table(shown, len(shown)),
            _html.line("Settings", "section"),
            _html.table(("setting", "value", "default"), settings),
        )

    def __repr__(self) -> str:
        parts = [f"[{', '.join(map(repr, self.patterns))}]"]
        for setting in dataclasses.fields(self)[1:]:
            value = getattr(self, setting.name)
            if value != setting.default:
                parts.append(f"{setting.name}={_written(value)}")
        return f"Policy({', '.join(parts)})"


def _written(value: Any) -> str:
    return span_text(value) if isinstance(value, timedelta) else repr(value)


def check_policy(policy: Any) -> Policy:
    """Return the policy, or raise for anything else."""
    if not isinstance(policy, Policy):
        raise TypeError(f"policy: pass a Policy, such as CLASSIC or CURRENT, not {policy!r}")
    return policy


CLASSIC = Policy(patterns=(Pattern("primary", "24h"), Pattern("cluster", "4h")))
"""The rules of BigPanda's page "Alerts REST API": primary within 24 h, cluster within 4 h."""

CURRENT = Policy(
    patterns=(Pattern("host", "60min"),),
    dedup="payload",
    matchers="intersect",
    join_resolved=False,
    max_alerts=300,
)
"""BigPanda's current published defaults: host within 60 min, at most 300 alerts."""
