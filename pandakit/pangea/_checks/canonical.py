"""The canonical JSON that is hashed and signed, in the forms that services have used.

All forms sort keys, omit whitespace and write text as raw UTF-8. They differ in numbers: Python
writes `1.0` and every digit of an integer, RFC 8785 writes `1` and `1e+30`, and some services
hash the text as it was. A form is used only if it denotes exactly the number that was received;
otherwise a digit beyond a double's precision could change unnoticed.

Source: "RFC 8785, JSON Canonicalization Scheme".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

from pandakit.pangea._evidence.exact_json import RepeatedKey, WrittenFloat

__all__ = ["NotCanonicalError", "canonical_forms"]

_FEW_DIGITS = 21  # up to here RFC 8785 writes numbers without an exponent
_FEW_ZEROS = -6
_MOST_EXPONENT = 400  # beyond a double's range, no two forms can agree

SortKey = Callable[[str], Any]


class NotCanonicalError(ValueError):
    """A value that has no canonical form; the message says why."""


def canonical_forms(value: Any) -> list[bytes]:
    """Return the canonical forms of a JSON value, Python's first, each once.

    Raises
    ------
    NotCanonicalError
        If there is none: a repeated key, text that UTF-8 cannot encode, or NaN.

    Examples
    --------
    >>> canonical_forms({"b": WrittenFloat("1.00"), "a": 10**30})
    [b'{"a":1000000000000000000000000000000,"b":1.0}',
     b'{"a":1000000000000000000000000000000,"b":1.00}',
     b'{"a":1e+30,"b":1}']
    """
    found: dict[bytes, None] = {}
    fault = None
    for write_number, order in _FORMS:
        try:
            found[_write(value, write_number, order).encode()] = None
        except UnicodeEncodeError:
            raise NotCanonicalError("text that UTF-8 cannot encode") from None
        except RecursionError:
            raise NotCanonicalError("nested too deeply") from None
        except _OtherNumberError as error:
            fault = error
    if not found:
        raise NotCanonicalError(str(fault))
    return list(found)


class _OtherNumberError(ValueError):
    """A form would write a number other than the one received."""


def _write(value: Any, write_number: Callable[[Any], str], order: SortKey) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return write_number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(item, write_number, order) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(_members(value, write_number, order)) + "}"
    raise NotCanonicalError(f"a {type(value).__name__}, which JSON does not have")


def _members(
    value: dict[Any, Any], write_number: Callable[[Any], str], order: SortKey
) -> list[str]:
    for key, member in value.items():
        if not isinstance(key, str):
            raise NotCanonicalError(f"the key {key!r}, which is not text")
        if isinstance(member, RepeatedKey):
            raise NotCanonicalError(f"the key {key!r} more than once")
    return [
        f"{encode_basestring(key)}:{_write(value[key], write_number, order)}"
        for key in sorted(value, key=order)
    ]


def _as_written(number: float) -> str:
    if isinstance(number, WrittenFloat):
        return number.text
    if isinstance(number, float) and not isfinite(number):
        raise NotCanonicalError(f"the number {number}, which JSON does not have")
    return int.__repr__(number) if isinstance(number, int) else float.__repr__(number)


def _as_python(number: float) -> str:
    if isinstance(number, int):
        return int.__repr__(number)
    return _same_number(float.__repr__(number), number)


def _as_rfc8785(number: float) -> str:
    try:
        double = float(number)
    except OverflowError:
        raise _OtherNumberError(f"{str(number)[:40]} is beyond a double") from None
    if not isfinite(double):
        raise _OtherNumberError(f"{number} is beyond a double")
    return _same_number(_ecmascript(double), number)


def _same_number(text: str, number: float) -> str:
    """Return the text if it denotes exactly the number that was received."""
    written = _as_written(number)
    if text == written:
        return text
    if not isfinite(float(text)) or Decimal(text) != Decimal(written):
        raise _OtherNumberError(f"{text} is not {written[:40]}")
    return text


def _ecmascript(number: float) -> str:
    """Return a double as ECMAScript writes it."""
    if number == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # the position of the decimal point, counted in digits
    if len(text) <= point <= _FEW_DIGITS:
        shown = text + "0" * (point - len(text))
    elif 0 < point <= _FEW_DIGITS:
        shown = f"{text[:point]}.{text[point:]}"
    elif _FEW_ZEROS < point <= 0:
        shown = "0." + "0" * -point + text
    else:
        fraction = f".{text[1:]}" if text[1:] else ""
        shown = f"{text[0]}{fraction}e{point - 1:+d}"
    return "-" * sign + shown


def _code_points(key: str) -> str:
    return key


def _utf16_units(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


_FORMS: tuple[tuple[Callable[[Any], str], SortKey], ...] = (
    (_as_python, _code_points),
    (_as_written, _code_points),
    (_as_rfc8785, _utf16_units),
)
