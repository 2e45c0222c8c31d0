r"""Secrets, and the one function that every text passes on its way to a person.

A token enters through `pandakit.settings.read_token`, lives in a `Secret`, and leaves only through
`reveal`, which the transport calls when it writes the header. Errors, warnings, log records and
the command line show a text through `shown`, which masks every secret that is in use and escapes
what a terminal would obey.

>>> token = Secret("pts_abcdefgh")
>>> token
Secret(***)
>>> print(shown("refused: pts_abcdefgh\x1b[2J"))
refused: ***\x1b[2J
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets as _random
from typing import TYPE_CHECKING, Any
from unicodedata import category
from urllib.parse import quote, quote_plus
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MASK", "RedactingFilter", "Secret", "holds_secret", "mask_logs", "redact", "shown"]

MASK = "***"
_SALT = _random.token_bytes(16)
# Shorter texts are not secrets: masking them would mask ordinary words.
_SHORTEST = 6
# A piece of a secret this long is masked too: services and gateways cut what they echo.
_PIECE = 8
_PART = 1 << 20  # bytes that are searched at a time
_MARK = 4  # bytes
_SURELY = 12  # what base64 makes of a part of a shorter text may be a word
_LINE_ENDS = {"Zl", "Zp"}


class Secret:
    """A value that only `reveal` returns, and that is masked in all texts while it is in use.

    `repr`, `str`, formatting, pickles and copies never contain it: a pickled or copied secret
    is empty, and `reveal` raises an error that says so.

    Parameters
    ----------
    value
        The secret; empty for none.
    in_pieces
        Whether its pieces are secret too, as those of a token are. The query of a presigned
        address is secret as a whole: its pieces are ordinary words.

    Examples
    --------
    >>> secret = Secret("s3cr3t")
    >>> f"{secret} {secret!r}"
    '*** Secret(***)'
    >>> secret.reveal()
    's3cr3t'
    """

    __slots__ = ("__weakref__", "_forms", "_pieces", "_value")

    def __init__(self, value: str | None, *, in_pieces: bool = True) -> None:
        self._value = value
        self._forms = _forms(value or "")
        self._pieces = frozenset(
            form[at : at + _PIECE]
            for form in (self._forms if in_pieces else ())
            for at in range(len(form) - _PIECE + 1)
        )
        if value:
            _in_use.add(self)

    def reveal(self) -> str:
        """Return the value; only the code that writes a header should ask.

        Raises
        ------
        TypeError
            When the secret was dropped by a pickle or a copy.
        """
        if self._value is None:
            raise TypeError(
                "this token was left out when its object was pickled or copied: make a new client"
            )
        return self._value

    def fingerprint(self) -> str:
        """Return a text that is equal for equal secrets in this process, and reveals nothing."""
        value = (self._value or "").encode()
        return hashlib.blake2b(value, key=_SALT, digest_size=12).hexdigest()

    @property
    def forms(self) -> list[str]:
        """The secret as it is, and as URLs, JSON and base64 encode it."""
        return self._forms

    def mark(self, salt: bytes) -> str:
        """Return a text, equal for equal secrets and salts, too short to recover the secret."""
        value = (self._value or "").encode()
        return hashlib.blake2b(value, key=salt, digest_size=_MARK).hexdigest()

    def mask_in(self, text: str) -> str:
        """Return a text without this secret, however it is encoded, and without its pieces."""
        for form in self._forms:
            text = text.replace(form, MASK)
        if not self._pieces or len(text) < _PIECE:
            return text
        places = range(len(text) - _PIECE + 1)
        found = [at for at in places if text[at : at + _PIECE] in self._pieces]
        return _without(text, found) if found else text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[None]]:
        return Secret, (None,)


# Texts outlive clients: this must not keep their tokens alive.
_in_use: WeakSet[Secret] = WeakSet()


def _without(text: str, starts: list[int]) -> str:
    """Replace each run of pieces with one mask."""
    parts: list[str] = []
    end = 0
    for start in starts:
        if start > end or not parts:
            parts += [text[end:start], MASK]
        end = start + _PIECE
    return "".join([*parts, text[end:]])


def redact(text: str) -> str:
    """Return a text with every secret in use masked, also URL-, JSON- and base64-encoded ones.

    Examples
    --------
    >>> secret = Secret("a/b/c/d")
    >>> redact("GET /?key=a%2Fb%2Fc%2Fd")
    'GET /?key=***'
    """
    for secret in list(_in_use):
        text = secret.mask_in(text)
    return text


def holds_secret(content: bytes) -> bool:
    r"""Return whether a secret in use, or a long piece of one, stands in bytes.

    Examples
    --------
    >>> secret = Secret("a/b/c/d")
    >>> holds_secret(rb'{"echo": "a\/b\/c\/d"}'), holds_secret(b"a, b, c, d")
    (True, False)
    """
    plain = content.replace(rb"\/", b"/")  # how some services write a slash in JSON
    forms = [form.encode() for secret in list(_in_use) for form in secret.forms]
    if any(form in plain for form in forms):
        return True
    pieces = {form[at : at + _SURELY] for form in forms for at in range(len(form) - _SURELY + 1)}
    parts = (plain[at : at + _PART + _SURELY] for at in range(0, len(plain), _PART))
    return bool(pieces) and any(_holds_piece(part, pieces) for part in parts)


def _holds_piece(content: bytes, pieces: set[bytes]) -> bool:
    """Return whether bytes contain a piece; compares pairs of bytes at all places at once."""
    import numpy as np  # noqa: PLC0415 - heavy, loaded on first use

    if len(content) < _SURELY:
        return False
    data = np.frombuffer(content, np.uint8).astype(np.uint16)
    pairs = data[:-1] << 8 | data[1:]
    is_start = np.ones(len(data) - _SURELY + 1, bool)
    for at in range(0, _SURELY, 2):
        occurs = np.zeros(1 << 16, bool)
        occurs[[int.from_bytes(piece[at : at + 2]) for piece in pieces]] = True
        is_start &= occurs[pairs[at : at + len(is_start)]]
    places = np.flatnonzero(is_start).tolist()
    return any(content[at : at + _SURELY] in pieces for at in places)


def shown(text: str) -> str:
    r"""Return a text that is fit for display: without secrets, and safe for a terminal.

    Control characters, escape sequences, marks that change the direction of text, characters
    without an assigned meaning, and line separators other than the line feed are escaped.

    Examples
    --------
    >>> print(shown("db-1\x1b[2J\u202e\nnext line"))
    db-1\x1b[2J\u202e
    next line
    """
    text = redact(text)
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    kind = category(character)
    if character == "\n" or (kind[0] != "C" and kind not in _LINE_ENDS):
        return character
    return character.encode("unicode_escape").decode()


def _forms(value: str) -> list[str]:
    if len(value) < _SHORTEST:
        return []
    forms = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        base64.b64encode(value.encode()).decode(),
    }
    if len(value) >= _SURELY:
        forms |= {_within_base64(value, shift) for shift in range(3)}
    return sorted(forms, key=len, reverse=True)


def _within_base64(value: str, shift: int) -> str:
    """Return what base64 makes of a value within a longer text, such as `Bearer value`."""
    whole = base64.b64encode(b"\0" * shift + value.encode()).decode()
    # The outermost characters depend on the neighbouring bytes.
    before, after = (0, 2, 3)[shift], (0, 3, 2)[(shift + len(value.encode())) % 3]
    return whole[before : len(whole) - after]


class RedactingFilter(logging.Filter):
    """A logging filter that masks the secrets in use in the finished message of every record.

    Examples
    --------
    >>> secret = Secret("s3cr3t")
    >>> record = logging.makeLogRecord({"msg": "sent %s", "args": ("s3cr3t",)})
    >>> RedactingFilter().filter(record), record.getMessage()
    (True, 'sent ***')
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; always lets it through."""
        message = record.getMessage()
        masked = redact(message)
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info:
            record.exc_text = redact(_format_exception(record))
        return True


def _format_exception(record: logging.LogRecord) -> str:
    info: Any = record.exc_info
    return logging.Formatter().formatException(info)


_in_logs = RedactingFilter()


def mask_logs(names: Iterable[str]) -> None:
    """Mask the secrets in use in everything that the named loggers write."""
    for name in names:
        logging.getLogger(name).addFilter(_in_logs)
