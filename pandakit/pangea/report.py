"""Reports of verifications, for an auditor to keep and for anyone with the file to check again.

A report is JSON. The same file, roots, keys and time always make the same bytes. So to check a
report, verify the file again and compare.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pandas as pd

from pandakit.errors import EventError
from pandakit.pangea._checks.keys import public_key, trusted_keys
from pandakit.pangea._evidence.exact_json import decode
from pandakit.pangea.verification import Verification, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Evidence", "differences", "read_report", "report_json", "sign_report"]

Row = dict[str, Any]

_FORMAT = "pandakit verification 1"
_OWN_HASH = "report_sha256"
_SIGNATURE = ("signature", "public_key")
_OF_ROOT = ("source", "tree_name", "size", "root_hash", "url", "published_at")


@dataclass(frozen=True)
class Evidence:
    """What a report is about.

    Parameters
    ----------
    name, data
        The name of the file, and its bytes.
    events
        The frame that was loaded from it.
    roots, keys, complete
        As for `verify`.
    """

    name: str
    data: bytes
    events: pd.DataFrame
    roots: Any = None
    keys: Sequence[str] | None = None
    complete: bool = False

    def verify(self) -> Verification:
        """Return the verification of the file."""
        return verify(self.events, roots=self.roots, keys=self.keys, complete=self.complete)

    def report(self, found: Verification, at: datetime) -> Row:
        """Return the report of a verification.

        Parameters
        ----------
        found
            The verification of this file.
        at
            When it was made.
        """
        failures = found.failures
        trusted = trusted_keys(self.keys)
        body = {
            "format": _FORMAT,
            "verified_at": at.astimezone(UTC).isoformat(),
            "input": {
                "name": self.name,
                "bytes": len(self.data),
                "sha256": sha256(self.data).hexdigest(),
            },
            "complete": self.complete,
            "verdict": found.verdict,
            "counts": found.counts,
            "failures": [
                {"row": str(label), "received_at": _text(received), "reason": reason}
                for label, received, reason in failures.itertuples(name=None)
            ],
            "batches": {str(k): int(v) for k, v in found.batches["verdict"].value_counts().items()},
            "keys": None if trusted is None else sorted(map(_base64, trusted)),
            "roots": [
                {
                    name: _text(getattr(root, "tree" if name == "tree_name" else name))
                    for name in _OF_ROOT
                }
                for root in found.roots
            ],
            "rows_sha256": _rows_hash(found.events),
        }
        return {**body, _OWN_HASH: _hash(body)}


def sign_report(report: Row, private_key: bytes) -> Row:
    """Return a report with a signature over its canonical JSON.

    Parameters
    ----------
    report
        The report.
    private_key
        An Ed25519 key without a password: PEM or OpenSSH.

    Raises
    ------
    EventError
        If the key is of a different kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - an extra
        load_pem_private_key,
        load_ssh_private_key,
    )

    load = load_ssh_private_key if b"OPENSSH" in private_key else load_pem_private_key
    try:
        key: Any = load(private_key, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EventError("the key to sign with is not an Ed25519 private key without a password")
    signature, public = key.sign(_canonical(report)), key.public_key().public_bytes_raw()
    return {**report, "signature": _base64(signature), "public_key": _base64(public)}


def report_json(report: Row) -> str:
    """Return the text of a report."""
    return json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read_report(path: Path) -> Row:
    """Return a report that was saved as JSON.

    Raises
    ------
    EventError
        If the file is not a report.
    """
    try:
        found = decode(path.read_bytes().decode("utf-8-sig"))
        _canonical(found)  # which a repeated key has not
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise EventError(f"{path} is not a report of this version of `pandakit verify`")
    return found


def differences(known: Row, fresh: Row) -> list[str]:
    """Return how a report differs from verifying the file again.

    Parameters
    ----------
    known
        The report to check.
    fresh
        The report of the same file, with the time and the name of the known one.
    """
    plain = {name: value for name, value in known.items() if name not in _SIGNATURE}
    body = {name: value for name, value in plain.items() if name != _OWN_HASH}
    found = []
    if plain.get(_OWN_HASH) != _hash(body):
        found.append("the report was altered: its report_sha256 does not match")
    if any(name in known for name in _SIGNATURE) and not _is_signed(known, plain):
        found.append("the signature does not match this report")
    if _part(known, "input", "sha256") != fresh["input"]["sha256"]:
        return [*found, "the report is about another file"]
    names = sorted(
        name for name in {*body, *fresh} - {_OWN_HASH} if not _is_same(body, fresh, name)
    )
    if names:
        found.append(f"verifying the file again finds a different {', '.join(names)}")
    return found


def _is_same(known: Row, fresh: Row, name: str) -> bool:
    """Return whether two reports are equal byte for byte: `1` is neither `true` nor `1.0`."""
    both = name in known and name in fresh
    return both and _canonical(known[name]) == _canonical(fresh[name])


def _is_signed(report: Row, plain: Row) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - an extra
        Ed25519PublicKey,
    )

    try:
        key = Ed25519PublicKey.from_public_bytes(public_key(report.get("public_key")))
        key.verify(base64.b64decode(report["signature"], validate=True), _canonical(plain))
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def _part(report: Row, name: str, key: str) -> Any:
    part = report.get(name)
    return part.get(key) if isinstance(part, dict) else None


def _rows_hash(events: pd.DataFrame) -> str:
    """Return the hash of what was found for every row."""
    found = sha256()
    for row in events.itertuples(name=None):
        found.update(_canonical([_text(value) for value in row]) + b"\n")
    return found.hexdigest()


def _text(value: Any) -> Any:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return value if isinstance(value, int) else str(value)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def _hash(value: Any) -> str:
    return sha256(_canonical(value)).hexdigest()
