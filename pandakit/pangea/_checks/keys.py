"""Public keys in the forms that signers use: all of them Ed25519."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from pandakit.pangea._evidence.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KeyFormatError", "has_cryptography", "public_key", "trusted_keys"]

_RAW = 32  # bytes of a public key


class KeyFormatError(ValueError):
    """A public key that cannot be read; the message says why."""


def has_cryptography() -> bool:
    """Return whether the extra `verify` is installed."""
    try:
        import cryptography  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return False
    return True


def public_key(text: Any) -> bytes:
    """Return the 32 bytes of an Ed25519 public key.

    Parameters
    ----------
    text
        Base64 of the raw key or of its DER form, PEM, OpenSSH, or a JSON object with such a
        text as `key`.

    Raises
    ------
    KeyFormatError
        For anything else, and for keys of other algorithms.

    Examples
    --------
    >>> public_key("lvOyDMpK2DQ16NI8G41yINl01wMHzINBahtDPoh4+mE=").hex()[:8]
    '96f3b20c'
    """
    if isinstance(text, bytes):
        if len(text) == _RAW:
            return text
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str):
        raise KeyFormatError("the public key is not text")
    plain = text.strip()
    if plain.startswith("{"):
        plain = _key_of_json(plain)
    if plain.startswith("-----BEGIN"):
        return _loaded(plain.encode(), "load_pem_public_key")
    if plain.startswith(("ssh-", "ecdsa-")):
        return _loaded(plain.encode(), "load_ssh_public_key")
    return _of_base64(plain)


def _key_of_json(text: str) -> str:
    try:
        found = decode(text)
    except (ValueError, RecursionError):
        raise KeyFormatError("the public key is neither a key nor JSON") from None
    key = found.get("key") if isinstance(found, dict) else None
    if not isinstance(key, str):
        raise KeyFormatError("the JSON of the public key has no text 'key'")
    return key.strip()


def _of_base64(text: str) -> bytes:
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise KeyFormatError("the public key has no known form") from None
    return raw if len(raw) == _RAW else _loaded(raw, "load_der_public_key")


def _loaded(data: bytes, loader: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
        Ed25519PublicKey,
    )

    load: Callable[[bytes], Any] = getattr(serialization, loader)
    try:
        key = load(data)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFormatError("the public key cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFormatError("the public key is not an Ed25519 key")
    return key.public_bytes_raw()


def trusted_keys(keys: Any) -> frozenset[bytes] | None:
    """Return the keys that a caller trusts; `None` for no restriction.

    Raises
    ------
    KeyFormatError
        If one cannot be read; the message counts from 0.
    """
    if keys is None:
        return None
    found = []
    for place, key in enumerate([keys] if isinstance(keys, str | bytes) else keys):
        try:
            found.append(public_key(key))
        except KeyFormatError as error:
            raise KeyFormatError(f"keys[{place}]: {error}") from None
    return frozenset(found)
