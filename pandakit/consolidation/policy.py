"""Policies: every setting of the consolidation, checked when it is made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandakit.bpql import Bpql

__all__ = ["CLASSIC", "CURRENT", "Pattern", "Policy", "check_policy"]

_MOST_TAGS = 5
_CHOICES = {
    "dedup": ("identity_timestamp", "payload", "none"),
    "anchor": ("first", "latest", "bucket"),
    "matchers": ("union", "intersect"),
    "order": ("longest_window_first", "as_given"),
}
_SPANS = ("reopen_window", "expire_after", "flap_window")
_COUNTS = ("max_alerts", "flap_changes")
_MAY_BE_NONE = ("reopen_window", "expire_after", "max_alerts")


class _Settings:
    """Refuses unknown settings with the nearest names, instead of Python's `TypeError`."""

    def __new__(cls, *_: Any, **settings: Any) -> Self:
        refuse_unknown(settings, cls.__name__, [f.name for f in dataclasses.fields(cls)])  # type: ignore[arg-type]
        return super().__new__(cls)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def refuse_unknown(given: Iterable[str], owner: str, known: Sequence[str]) -> None:
    """Raise `ValueError` for the first name that is not known."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, 3) or known
            raise ValueError(f"{owner} has no setting {name!r}; there is {', '.join(near)}")


@dataclass(frozen=True, repr=False)
class Pattern(_Settings):
    """A rule that puts alerts together: equal values of some tags within a window.

    Parameters
    ----------
    tags
        One to five names of columns, or ``primary``, ``secondary``, ``source_system``.
    window
        Above zero: text such as ``"4h"`` or a timedelta.
    filter
        A BPQL query over the columns of the event that opens an alert.
    cross_source
        Whether alerts of different ``app_key`` may come together.
    name
        For messages and results; the tags joined with ``+`` when not given.

    Raises
    ------
    ValueError
        A setting has no meaning; the message names it.

    Notes
    -----
    Source of the limits: BigPanda, "Correlation Pattern Object".

    Examples
    --------
    >>> Pattern(["cluster", "check"], "4h")
    Pattern('cluster+check', 4h)
    """

    tags: tuple[str, ...]
    window: timedelta
    filter: str | None = field(default=None, kw_only=True)
    cross_source: bool = field(default=True, kw_only=True)
    name: str = field(default="", kw_only=True)

    if TYPE_CHECKING:  # what may be given, beside what is kept

        def __init__(
            self,
            tags: str | Sequence[str],
            window: str | timedelta,
            *,
            filter: str | None = None,  # noqa: A002 - the field's name at BigPanda
            cross_source: bool = True,
            name: str | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        given: Any = self.tags
        tags = (given,) if isinstance(given, str) else tuple(given or ())
        self._set("tags", tags)
        self._set("name", "+".join(map(str, tags)) if self.name in {None, ""} else self.name)
        self._set("window", read_span(self.window, f"window of pattern {self.name!r}"))
        if not 1 <= len(tags) <= _MOST_TAGS or len(set(tags)) < len(tags) or "" in tags:
            raise ValueError(
                f"tags: a pattern has 1 to {_MOST_TAGS} different tags, this one has {list(tags)}"
            )
        if not all(isinstance(text, str) for text in (*tags, self.name)):
            raise ValueError(f"tags and name of a pattern are text: {list(tags)}, {self.name!r}")
        if self.window <= timedelta(0):
            raise ValueError(
                f"window of pattern {self.name!r}: {span_text(self.window)} is not above zero"
            )
        _check_flag("cross_source", self.cross_source)
        self._check_filter()

    def _check_filter(self) -> None:
        if self.filter is None:
            return
        if not isinstance(self.filter, str) or not self.filter:
            raise ValueError(
                f"filter of pattern {self.name!r}: give the query as text, not {self.filter!r}"
            )
        _ = self.query

    @cached_property
    def query(self) -> Bpql | None:
        """The filter, compiled; None without one."""
        if self.filter is None:
            return None
        from pandakit.bpql import Bpql  # noqa: PLC0415 - only policies with filters need it

        return Bpql(self.filter)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings as JSON values; `from_dict` reads them back.

        Examples
        --------
        >>> Pattern("host", "60min").to_dict()["window"]
        '1h'
        """
        return {
            "tags": list(self.tags),
            "window": span_text(self.window),
            "filter": self.filter,
            "cross_source": self.cross_source,
            "name": self.name,
        }

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Pattern:
        """Read what `to_dict` gave.

        Examples
        --------
        >>> Pattern.from_dict({"tags": ["host"], "window": "1h"})
        Pattern('host', 1h)
        """
        return cls(**settings)

    def __repr__(self) -> str:
        parts = [repr(self.name), span_text(self.window)]
        if self.name != "+".join(self.tags):
            parts.append(f"tags={list(self.tags)}")
        if self.filter is not None:
            parts.append(f"filter={self.filter!r}")
        if not self.cross_source:
            parts.append("cross_source=False")
        return f"Pattern({', '.join(parts)})"


@dataclass(frozen=True, kw_only=True, repr=False)
class Policy(_Settings):
    """All settings of a consolidation. What is not given is as in `CLASSIC`.

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
        An open alert without events for longer is closed. ``None``: never.
    anchor
        From where a pattern's window is counted: ``"first"`` alert, ``"latest"`` alert that
        shared the value, or calendar slots of the window's length (``"bucket"``).
    matchers
        ``"union"``: an incident takes over every value of its alerts, so alerts chain.
        ``"intersect"``: it keeps only what all its alerts share.
    join_resolved
        Whether a new alert may join an incident without an open alert.
    max_alerts
        The most alerts of an incident; ``None``: no limit.
    order
        Which pattern is tried first: ``"longest_window_first"`` or ``"as_given"``.
    flap_changes, flap_window
        An alert is flapping when this many changes of its state fall into this span.

    Raises
    ------
    ValueError
        A setting is unknown or has no meaning; the message names it.

    Notes
    -----
    Sources: BigPanda, "Alerts REST API", "Correlation Pattern Object", "Flapping".

    Examples
    --------
    >>> policy = Policy(patterns=[Pattern("host", "1h")], reopen_window="0s")
    >>> policy
    Policy([Pattern('host', 1h)], reopen_window=0s)
    >>> policy.replace(anchor="latest").anchor
    'latest'
    """

    patterns: tuple[Pattern, ...] = ()
    dedup: str = "identity_timestamp"
    reopen_window: timedelta | None = timedelta(hours=48)
    expire_after: timedelta | None = timedelta(days=30)
    anchor: str = "first"
    matchers: str = "union"
    join_resolved: bool = True
    max_alerts: int | None = None
    order: str = "longest_window_first"
    flap_changes: int = 5
    flap_window: timedelta = timedelta(hours=1)

    if TYPE_CHECKING:  # what may be given, beside what is kept

        def __init__(  # noqa: PLR0913 - one parameter per setting
            self,
            *,
            patterns: Iterable[Pattern] = (),
            dedup: str = "identity_timestamp",
            reopen_window: str | timedelta | None = "48h",
            expire_after: str | timedelta | None = "30d",
            anchor: str = "first",
            matchers: str = "union",
            join_resolved: bool = True,
            max_alerts: int | None = None,
            order: str = "longest_window_first",
            flap_changes: int = 5,
            flap_window: str | timedelta = "1h",
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check_patterns()
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(choices)}")
        for name in _SPANS:
            self._check_span(name)
        for name in _COUNTS:
            self._check_count(name)
        _check_flag("join_resolved", self.join_resolved)

    def _check_patterns(self) -> None:
        given = [self.patterns] if isinstance(self.patterns, Pattern) else list(self.patterns or ())
        self._set("patterns", tuple(given))
        if not given:
            raise ValueError("patterns: a policy has at least one pattern")
        if not all(isinstance(pattern, Pattern) for pattern in given):
            raise ValueError(f"patterns: give Pattern objects, not {given!r}")
        names = [pattern.name for pattern in given]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"patterns: the names {twice} are there twice; give name= to each")

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
        self._set(name, int(value))

    def in_run_order(self) -> tuple[Pattern, ...]:
        """Give the patterns in the order in which they are tried.

        Examples
        --------
        >>> [pattern.name for pattern in CLASSIC.in_run_order()]
        ['primary', 'cluster']
        """
        if self.order == "as_given":
            return self.patterns
        return tuple(sorted(self.patterns, key=lambda pattern: pattern.window, reverse=True))

    def replace(self, **settings: Any) -> Policy:
        """Give a policy that differs in the given settings.

        Examples
        --------
        >>> CLASSIC.replace(max_alerts=300).max_alerts
        300
        """
        refuse_unknown(settings, "Policy", [f.name for f in dataclasses.fields(self)])
        return dataclasses.replace(self, **settings)

    def to_dict(self) -> dict[str, Any]:
        """Give the settings as JSON values; `from_dict` reads them back.

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
        """Read what `to_dict` gave; settings that are not there are as in `CLASSIC`.

        Examples
        --------
        >>> Policy.from_dict({"patterns": [{"tags": ["host"], "window": "1h"}]}).dedup
        'identity_timestamp'
        """
        patterns = [Pattern.from_dict(pattern) for pattern in settings.get("patterns", ())]
        return cls(**{**settings, "patterns": patterns})

    def __repr__(self) -> str:
        parts = [f"[{', '.join(map(repr, self.patterns))}]"]
        for setting in dataclasses.fields(self)[1:]:
            value = getattr(self, setting.name)
            if value != setting.default:
                shown = span_text(value) if isinstance(value, timedelta) else repr(value)
                parts.append(f"{setting.name}={shown}")
        return f"Policy({', '.join(parts)})"


def check_policy(policy: Any) -> Policy:
    """Give the policy back, or say what one is."""
    if not isinstance(policy, Policy):
        raise TypeError(f"policy: give a Policy, such as CLASSIC or CURRENT, not {policy!r}")
    return policy


def _check_flag(name: str, value: Any) -> None:
    if value is not True and value is not False:
        raise ValueError(f"{name}: {value!r} is not True or False")


CLASSIC = Policy(patterns=(Pattern("primary", "24h"), Pattern("cluster", "4h")))
"""The rules of BigPanda's page "Alerts REST API": primary within 24 h, cluster within 4 h."""

CURRENT = Policy(
    patterns=(Pattern("host", "60min"),),
    dedup="payload",
    matchers="intersect",
    join_resolved=False,
    max_alerts=300,
)
"""BigPanda's published defaults of today: host within 60 min, at most 300 alerts."""
