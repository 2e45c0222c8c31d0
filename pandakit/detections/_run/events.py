"""The event that a rule sees: read-only, with keys that ignore case at every level.

Source: "Writing Python detections", "Event object functions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = ["Event", "ImmutableCaseInsensitiveDict", "ImmutableList", "LookupMissingError"]

# Returns whether a data model has a value for an event, and the value.
Udm = Callable[[Any, str], tuple[bool, Any]]


class LookupMissingError(LookupError):
    """A rule used a lookup table, which only the service has."""


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return ImmutableCaseInsensitiveDict(value)
    return ImmutableList(value) if isinstance(value, list) else value


def _thawed(value: Any) -> Any:
    if isinstance(value, ImmutableCaseInsensitiveDict | ImmutableList):
        return value.to_plain()
    return value


class ImmutableCaseInsensitiveDict(Mapping[str, Any]):
    """A map that cannot be changed; a key is found in any case, its own case first."""

    __slots__ = ("_data", "_lowered")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data: dict[str, Any] = dict(_thawed(data)) if not isinstance(data, dict) else data
        self._lowered: dict[str, str] | None = None

    def _key(self, key: Any) -> Any:
        """Return the key as the data has it, or `None`."""
        if key in self._data or not isinstance(key, str):
            return key if key in self._data else None
        if self._lowered is None:
            self._lowered = {}
            for name in self._data:
                if isinstance(name, str):
                    self._lowered.setdefault(name.lower(), name)
        return self._lowered.get(key.lower())

    def __getitem__(self, key: str) -> Any:
        found = self._key(key)
        if found is None:
            raise KeyError(key)
        return _frozen(self._data[found])

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        found = self._key(key)
        return default if found is None else _frozen(self._data[found])

    def __contains__(self, key: object) -> bool:
        return self._key(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return repr(self._data)

    def __eq__(self, other: object) -> bool:
        return bool(self._data == _thawed(other))

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> dict[str, Any]:
        """Return a copy that may be changed."""
        return self.to_plain()

    def to_plain(self) -> dict[str, Any]:
        """Return plain dicts and lists that may be changed."""
        return {key: _copied(value) for key, value in self._data.items()}


class ImmutableList(Sequence[Any]):
    """A list that cannot be changed."""

    __slots__ = ("_data",)

    def __init__(self, data: Sequence[Any] = ()) -> None:
        self._data = data if isinstance(data, list) else list(data)

    def __getitem__(self, place: Any) -> Any:
        found = self._data[place]
        return ImmutableList(found) if isinstance(place, slice) else _frozen(found)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return repr(self._data)

    def __eq__(self, other: object) -> bool:
        return bool(self._data == _thawed(other))

    def __add__(self, other: Any) -> list[Any]:
        return self.to_plain() + list(_thawed(other))

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> list[Any]:
        """Return a copy that may be changed."""
        return self.to_plain()

    def to_plain(self) -> list[Any]:
        """Return plain dicts and lists that may be changed."""
        return [_copied(item) for item in self._data]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(member) for key, member in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


class Event(ImmutableCaseInsensitiveDict):
    """A log event, with the methods that rules use.

    Parameters
    ----------
    data
        The event as decoded JSON.
    udm
        Looks a common name up in the data model of the event's log type.
    """

    __slots__ = ("_udm",)

    def __init__(self, data: Mapping[str, Any], udm: Udm | None = None) -> None:
        super().__init__(data)
        self._udm = udm if callable(udm) else None

    def deep_get(self, *keys: Any, default: Any = None) -> Any:
        """Return a nested value; the default when it is missing or null."""
        value: Any = self
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
            if value is None:
                return default
        return value

    def deep_walk(self, *keys: Any, default: Any = None, return_val: str = "all") -> Any:
        """Return nested values; if a list is on the path, the values of each item.

        With lists on the path, `return_val` selects `"all"` distinct values, the `"first"` or the
        `"last"`.
        """
        through_list, found = False, [_thawed(self)]
        for key in keys:
            through_list = through_list or any(isinstance(value, list) for value in found)
            found = [value for item in _items(found) if (value := _member(item, key)) is not None]
        if any(isinstance(value, list) for value in found) and through_list:
            found = list(_items(found))
        if not found:
            return default
        if not through_list:
            return _frozen(found[0])
        different = [item for place, item in enumerate(found) if item not in found[:place]]
        chosen = {"first": different[0], "last": different[-1]}.get(return_val, different)
        return _frozen(chosen)

    def udm(self, *keys: Any, default: Any = None) -> Any:
        """Return a field by its common name: from the data model, `p_udm`, or the event."""
        if self._udm is not None and len(keys) == 1:
            found, value = self._udm(self, keys[0])
            if found and value is not None:
                return _frozen(value)
        for path in (("p_udm", *keys), keys):
            value = self.deep_get(*path)
            if value is not None:
                return value
        return default

    def udm_path(self, name: str) -> Any:
        """Return the data model's path for a common name, or `None`."""
        return getattr(self._udm, "path_of", lambda *_: None)(self, name)

    def lookup(self, table: str, key: Any) -> Any:
        """Return a row of a lookup table, which a unit test has in `_mocked_lookup_data_`."""
        mocked = self.get("_mocked_lookup_data_")
        if not isinstance(mocked, Mapping):
            raise LookupMissingError(
                f"lookup table {table!r}: only the service has it; a test mocks it with "
                "_mocked_lookup_data_"
            )
        rows = mocked.get(table)
        return rows.get(str(key)) if isinstance(rows, Mapping) else None

    def event_time_epoch(self) -> float:
        """Return the seconds since 1970 of `p_event_time`."""
        moment = datetime.fromisoformat(str(self.get("p_event_time")))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    def to_dict(self) -> dict[str, Any]:
        """Return a plain copy that may be changed."""
        return self.to_plain()


def _items(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _items(value)
        else:
            yield value


def _member(item: Any, key: Any) -> Any:
    return _thawed(ImmutableCaseInsensitiveDict(item).get(key)) if isinstance(item, dict) else None
