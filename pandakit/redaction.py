r"""Secrets, and keeping them out of everything that people read.

A token enters through `read_token`, lives in a `Secret`, and leaves only through `reveal`,
which the transport calls when it writes the header. Text that comes from outside (an error
body, a log record) passes `redact` first.

>>> token = read_token("  pts_abcdefgh  ", "PANGEA_AUDIT_TOKEN")
>>> token
Secret(***)
>>> redact("refused: pts_abcdefgh", [token])
'refused: ***'
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets as _random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from weakref import WeakSet

from pandakit.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MASK", "RedactingFilter", "Secret", "mask_logs", "read_token", "redact"]

MASK = "***"
_SALT = _random.token_bytes(16)
# Shorter texts are no secrets: masking them would eat ordinary words.
_SHORTEST = 4
_SURELY = 12  # what base64 makes of a part of a shorter text may be a word


class Secret:
    """A value that shows itself only to `reveal`.

    `repr`, `str`, formatting, pickles and copies never hold it: a pickled or copied secret
    comes out empty, and says so when it is revealed.

    Examples
    --------
    >>> secret = Secret("s3cr3t")
    >>> f"{secret} {secret!r}"
    '*** Secret(***)'
    >>> secret.reveal()
    's3cr3t'
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str | None) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value; only the code that writes a header should ask.

        Raises
        ------
        SettingsError
            When the secret was dropped by a pickle or a copy.
        """
        if self._value is None:
            raise SettingsError(
                "this token was left out when its object was pickled or copied: make a new client"
            )
        return self._value

    def fingerprint(self) -> str:
        """Give a text that is equal for equal secrets within this process, and tells nothing."""
        value = (self._value or "").encode()
        return hashlib.blake2b(value, key=_SALT, digest_size=12).hexdigest()

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[None]]:
        return Secret, (None,)


def read_token(text: str, name: str) -> Secret:
    """Check a token and wrap it: surrounding blanks go, anything else odd is refused.

    Parameters
    ----------
    text
        The token as the user or a file gave it; a trailing newline is normal.
    name
        What to call it in the error: the setting's name.

    Raises
    ------
    SettingsError
        When it is empty, or has an inner blank, a line break, a quote or a character outside
        ASCII. The message never repeats the token.
    """
    stripped = text.strip() if isinstance(text, str) else ""
    fault = _fault(stripped)
    secret = Secret(stripped)
    del text, stripped  # a traceback that shows locals must not show these
    if fault:
        raise SettingsError(f"{name} {fault}; paste the token again, without quotes or line breaks")
    return secret


def _fault(token: str) -> str:
    if not token:
        return "is empty"
    if not token.isascii():
        return "has a character outside ASCII"
    if any(letter in "\"'`" for letter in token):
        return "has a quotation mark in it"
    if not all("!" <= letter <= "~" for letter in token):
        return "has a blank, a line break or a control character inside"
    return ""


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Mask every secret in the text, also where it is URL-, JSON- or base64-encoded.

    Examples
    --------
    >>> redact("GET /?key=a%2Fb%2Fc", [Secret("a/b/c")])
    'GET /?key=***'
    """
    for secret in secrets:
        if secret:
            for form in _forms(secret.reveal()):
                text = text.replace(form, MASK)
    return text


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
    """Give what base64 makes of a value within a longer text, such as `Bearer value`."""
    whole = base64.b64encode(b"\0" * shift + value.encode()).decode()
    # The outermost characters depend on what stands before and after.
    before, after = (0, 2, 3)[shift], (0, 3, 2)[(shift + len(value.encode())) % 3]
    return whole[before : len(whole) - after]


class RedactingFilter(logging.Filter):
    """A logging filter that masks secrets in the finished message of every record.

    Parameters
    ----------
    secrets
        What to mask.

    Examples
    --------
    >>> secret = Secret("s3cr3t")
    >>> record = logging.makeLogRecord({"msg": "sent %s", "args": ("s3cr3t",)})
    >>> RedactingFilter([secret]).filter(record), record.getMessage()
    (True, 'sent ***')
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__()
        # A log outlives clients: it must not keep their tokens alive.
        self.secrets = WeakSet(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; always lets it through."""
        message = record.getMessage()
        masked = redact(message, self.secrets)
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info:
            record.exc_text = redact(_format_exception(record), self.secrets)
        return True


def _format_exception(record: logging.LogRecord) -> str:
    info: Any = record.exc_info
    return logging.Formatter().formatException(info)


_in_logs = RedactingFilter(())


def mask_logs(names: Iterable[str], secrets: Iterable[Secret]) -> None:
    """Mask secrets in everything that the named loggers write, for as long as they are in use."""
    _in_logs.secrets.update(secrets)
    for name in names:
        logging.getLogger(name).addFilter(_in_logs)
