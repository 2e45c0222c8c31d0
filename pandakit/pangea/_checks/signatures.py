"""The signature check: Ed25519 over the canonical event.

The key comes with the event, so a valid signature shows only that the holder of the key signed
it, not who that is. Trusted keys answer that.

Source: "Secure Audit Log API".
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from pandakit.pangea._checks.canonical import NotCanonicalError, canonical_forms
from pandakit.pangea._checks.keys import KeyFormatError, has_cryptography, public_key
from pandakit.pangea._checks.outcome import FAIL, NONE, PASS, CheckOutcome

__all__ = ["UNSIGNED", "check_signature"]

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSIGNED = CheckOutcome(NONE, "not signed")

Row = dict[str, Any]


def check_signature(
    envelope: Row, trusted: frozenset[bytes] | None
) -> tuple[CheckOutcome, str | None]:
    """Return the outcome, and the public key as base64 of its 32 bytes if it can be read.

    Parameters
    ----------
    envelope
        The envelope, with `event`, `signature` and `public_key`.
    trusted
        The keys that may sign; `None` for any.
    """
    signature, key = envelope.get("signature"), envelope.get("public_key")
    if signature is None and key is None:
        return UNSIGNED, None
    if signature is None or key is None:
        missing = "signature" if signature is None else "public key"
        return CheckOutcome(FAIL, f"the {missing} is missing"), None
    if not has_cryptography():
        return CheckOutcome(
            NONE, "cryptography is not installed: pip install 'pandakit[verify]'"
        ), None
    try:
        raw = public_key(key)
    except KeyFormatError as error:
        return CheckOutcome(FAIL, str(error)), None
    shown = base64.b64encode(raw).decode()
    if trusted is not None and raw not in trusted:
        return CheckOutcome(FAIL, "the public key is not a trusted one"), shown
    return _check(envelope.get("event"), signature, raw), shown


def _check(event: Any, signature: Any, raw: bytes) -> CheckOutcome:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
        Ed25519PublicKey,
    )

    try:
        signed = base64.b64decode("".join(signature.split()), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        return CheckOutcome(FAIL, "the signature is not base64")
    try:
        key = Ed25519PublicKey.from_public_bytes(raw)
        for message in _messages(event):
            try:
                key.verify(signed, message)
            except InvalidSignature:
                continue
            return PASS
    except (NotCanonicalError, ValueError):
        return CheckOutcome(FAIL, "the event or the key cannot be read")
    return CheckOutcome(FAIL, "the signature is not of this event")


def _messages(event: Any) -> Iterator[bytes]:
    """Yield the texts that may have been signed: the event, with and without null members."""
    yield from canonical_forms(event)
    if isinstance(event, dict) and None in event.values():
        yield from canonical_forms({k: v for k, v in event.items() if v is not None})
