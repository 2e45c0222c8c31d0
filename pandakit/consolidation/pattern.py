"""Patterns: which alerts are grouped; checked when they are created."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pandakit.spans import read_span, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandakit.bpql import Bpql

__all__ = ["CheckedSettings", "Pattern", "check_flag", "refuse_unknown"]

_MOST_TAGS = 5


class CheckedSettings:
    """A frozen dataclass that refuses unknown settings with the nearest names."""

    def __new__(cls, *_: Any, **settings: Any) -> Self:
        """Raise `ValueError` instead of Python's `TypeError`."""
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
class Pattern(CheckedSettings):
    """A rule that groups alerts: equal values of some tags within a window.

    Parameters
    ----------
    tags
        One to five names of columns, or ``primary``, ``secondary``, ``source_system``.
    window
        A span above zero: text such as ``"4h"`` or a timedelta.
    filter
        A BPQL query over the columns of the event that opens an alert.
    cross_source
        Whether alerts of different ``app_key`` may share an incident.
    name
        Its name in messages and results; default: the tags joined with ``+``.

    Raises
    ------
    ValueError
        A setting is invalid; the message names it.

    Notes
    -----
    Source of the limits: BigPanda, "Correlation Pattern Object".

    Examples
    --------
    >>> Pattern(["cluster", "check"], "4h")
    Pattern('cluster+check', 4 h)
    """

    tags: tuple[str, ...]
    window: timedelta
    filter: str | None = field(default=None, kw_only=True)
    cross_source: bool = field(default=True, kw_only=True)
    name: str = field(default="", kw_only=True)

    if TYPE_CHECKING:  # the accepted types; the fields above have the types that are stored

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
        check_flag("cross_source", self.cross_source)
        self._check_filter()

    def _check_filter(self) -> None:
        if self.filter is None:
            return
        if not isinstance(self.filter, str) or not self.filter:
            raise ValueError(
                f"filter of pattern {self.name!r}: pass the query as text, not {self.filter!r}"
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
        """Return the settings as JSON values; `from_dict` reads them back.

        Examples
        --------
        >>> Pattern("host", "60min").to_dict()["window"]
        '1 h'
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
        """Return the pattern that `to_dict` wrote.

        Examples
        --------
        >>> Pattern.from_dict({"tags": ["host"], "window": "1h"})
        Pattern('host', 1 h)
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


def check_flag(name: str, value: Any) -> None:
    """Raise `ValueError` unless the value is True or False."""
    if value is not True and value is not False:
        raise ValueError(f"{name}: {value!r} is not True or False")
