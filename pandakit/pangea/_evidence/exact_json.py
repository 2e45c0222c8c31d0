"""Read JSON without losing what a hash depends on: the text of numbers, and repeated keys."""

from __future__ import annotations

import json
from typing import Any, Self

__all__ = ["RepeatedKey", "WrittenFloat", "decode", "decoder"]


class WrittenFloat(float):
    """A float that keeps its text: `1.50` and `1.5` are the same number, but hash differently.

    Examples
    --------
    >>> number = WrittenFloat("1.50")
    >>> number + 1, number.text
    (2.5, '1.50')
    """

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


class RepeatedKey:
    """Stands for the value of a key that an object has more than once.

    It is deliberately not a JSON value: parsers disagree about which value counts, so nothing may
    hash, show or save one of them as if it were the only one.

    Parameters
    ----------
    values
        All values, in order.
    """

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"RepeatedKey({self.values!r})"


def decode(text: str) -> Any:
    """Return a JSON document with `WrittenFloat` numbers and `RepeatedKey` values.

    Raises
    ------
    ValueError
        If the text is not one strict JSON document (NaN and Infinity are not JSON).
    RecursionError
        If it is nested too deeply.

    Examples
    --------
    >>> decode('{"a": 1, "a": 2}')
    {'a': RepeatedKey([1, 2])}
    """
    return decoder.decode(text)


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        for key in found:
            if keys.count(key) > 1:
                found[key] = RepeatedKey([value for name, value in pairs if name == key])
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


decoder = json.JSONDecoder(
    object_pairs_hook=_to_object, parse_float=WrittenFloat, parse_constant=_refuse
)
