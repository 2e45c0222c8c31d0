"""Filters as query parameters: each is checked by the type that declares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

__all__ = ["Filter", "declared_filters", "query_parameters"]

FilterKind = Literal["text", "list", "boolean", "integer"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the service.

    Parameters
    ----------
    name
        Keyword of the loader; the query parameter has dashes instead of underscores.
    kind
        `text`; `list` (one text or several: rows that match any); `boolean`; `integer`.
    choices
        The values that the service knows, in its spelling; ours may differ in case.
    """

    name: str
    kind: FilterKind = "text"
    choices: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """The query parameter."""
        return self.name.replace("_", "-")


@cache
def declared_filters(declaration: type | None) -> dict[str, Filter]:
    """Return the filters that a `TypedDict` declares, by name.

    Examples
    --------
    >>> from pandakit.panther.filters import RuleFilters
    >>> declared_filters(RuleFilters)["state"]
    Filter(name='state', kind='text', choices=('enabled', 'disabled'))
    """
    hints = {} if declaration is None else get_type_hints(declaration)
    return {name: _filter(name, hint) for name, hint in hints.items()}


def _filter(name: str, hint: Any) -> Filter:
    if hint in (bool, int):
        return Filter(name, "boolean" if hint is bool else "integer")
    alternatives = get_args(hint)
    if any(get_origin(each) is Sequence for each in alternatives):  # `X | Sequence[X]`
        return Filter(name, "list", get_args(alternatives[0]))
    return Filter(name, "text", alternatives)


def query_parameters(
    loader: str, known: Mapping[str, Filter], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the query parameters of filters.

    Parameters
    ----------
    loader
        Name of the method, for messages.
    known, given
        Filters of the list, and values by name; `None` leaves a filter out.

    Raises
    ------
    TypeError
        For a filter that the list does not have, or a value of another type.
    ValueError
        For a value that the service does not know, or an empty one.

    Examples
    --------
    >>> from pandakit.panther.filters import RuleFilters
    >>> given = {"severity": "high", "name_contains": "Login"}
    >>> query_parameters("rules", declared_filters(RuleFilters), given)
    {'severity': ['HIGH'], 'name-contains': 'Login'}
    """
    if unknown := sorted(set(given) - set(known)):
        listed = ", ".join(known) or "none"
        raise TypeError(
            f"{loader}() has no filter {', '.join(map(repr, unknown))}; it has: {listed}"
        )
    wanted = ((known[name], value) for name, value in given.items() if value is not None)
    return {each.parameter: _value(each, value) for each, value in wanted}


def _value(declared: Filter, value: Any) -> Any:
    if declared.kind == "list":
        several = [value] if isinstance(value, str) else value
        _check_type(declared, several, (Sequence, set, frozenset), "one text or several")
        if not several:
            raise ValueError(f"{declared.name} is an empty list; leave it out to ask for all")
        return [_chosen(declared, one) for one in several]
    if declared.kind == "boolean":
        return _check_type(declared, value, (bool,), "True or False")
    if declared.kind == "integer":
        return _check_type(declared, value, (int,), "a whole number")
    return _chosen(declared, value)


def _chosen(declared: Filter, value: Any) -> Any:
    _check_type(declared, value, (str,), "text")
    if not value:
        raise ValueError(f"{declared.name} is empty; leave it out to ask for all")
    if not declared.choices:
        return value
    spelling = {choice.lower(): choice for choice in declared.choices}
    if value.lower() not in spelling:
        raise ValueError(f"{declared.name}={value!r}: must be one of {', '.join(declared.choices)}")
    return spelling[value.lower()]


def _check_type(declared: Filter, value: Any, types: tuple[type, ...], wanted: str) -> Any:
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{declared.name} is {type(value).__name__}; pass {wanted}")
    return value
