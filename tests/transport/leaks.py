# ruff: noqa: D102 - helpers of the tests, whose names say what they do
"""Look for the canary token in everything that a failure leaves behind."""

from __future__ import annotations

import logging
import pickle
import traceback
from typing import Any, Self

from tests.tokens import holds_token


class LogTrap(logging.Handler):
    """Keeps what every logger writes, at DEBUG, as a file would have it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)


def find_leaks(*things: Any) -> list[str]:
    """Give the texts that hold the token in any of its forms."""
    texts = [text for thing in things for text in _texts(thing)]
    return [text[:200] for text in texts if holds_token(text.encode(errors="replace"))]


def _texts(thing: Any) -> list[str]:
    if isinstance(thing, BaseException):
        told = traceback.TracebackException.from_exception(thing, capture_locals=True)
        parts = [str(thing), repr(thing), "".join(told.format(chain=True))]
        if isinstance(thing, Exception):
            parts.append(pickle.dumps(thing, 0).decode("latin-1"))
        for inner in (thing.__cause__, thing.__context__):
            parts += _texts(inner) if inner is not None else []
        return parts
    if isinstance(thing, list | tuple | set):
        return [text for one in thing for text in _texts(one)]
    return [str(thing), repr(thing)]
