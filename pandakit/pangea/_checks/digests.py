"""The hash check: SHA-256 of the canonical envelope, exactly as received.

Almost all envelopes of a log contain only text and have one of a few sets of keys. For these the
canonical JSON is a template, filled with the encoded values; everything else goes through
`canonical`.

Source: "Pangea API reference", "Tamperproofing".
"""

from __future__ import annotations

from hashlib import sha256
from json.encoder import encode_basestring
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pandakit.pangea._checks.canonical import NotCanonicalError, canonical_forms
from pandakit.pangea._checks.outcome import FAIL, NONE, PASS, CheckOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Digests", "check_hash", "digest_all"]

Row = dict[str, Any]

_EVENT = "event"
_SIGNATURE_KEYS = ("signature", "public_key")


class Digests:
    """The hashes of a list of envelopes.

    Attributes
    ----------
    hashes
        The hash of each envelope in Python's form; `None` if it has no canonical form.
    faults
        Position -> the reason why an envelope has no hash.
    signed
        Positions of the envelopes that hold a signature or a public key.
    """

    def __init__(self) -> None:
        self.hashes: list[bytes | None] = []
        self.faults: dict[int, CheckOutcome] = {}
        self.signed: list[int] = []


class _Template:
    """The canonical JSON of all envelopes that have the same keys in the same order."""

    __slots__ = ("event", "pieces", "rest", "signed")

    def __init__(self, envelope: Row) -> None:
        event = sorted(envelope[_EVENT])
        if not event:
            raise KeyError(
                _EVENT
            )  # through `canonical`: empty text and an empty list have no keys either
        rest = sorted(key for key in envelope if key != _EVENT)
        if rest and rest[0] < _EVENT:
            raise KeyError(rest[0])  # through `canonical`: only malformed events have such a key
        # Literal text alternates with gaps for the encoded values.
        members = ",".join(f"{encode_basestring(key)}:\0" for key in event)
        others = "".join(f",{encode_basestring(key)}:\0" for key in rest)
        text = f"{{{encode_basestring(_EVENT)}:{{{members}}}{others}}}"
        self.pieces = [piece for literal in text.split("\0") for piece in (literal, "")][:-1]
        self.event, self.rest = _getter(event), _getter(rest)
        self.signed = not envelope.keys().isdisjoint(_SIGNATURE_KEYS)


def _getter(keys: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    if len(keys) > 1:
        return itemgetter(*keys)
    if not keys:
        return lambda _: ()
    key = keys[0]
    return lambda row: (row[key],)


def digest_all(envelopes: Iterable[Any]) -> Digests:
    """Return the hashes of envelopes.

    Examples
    --------
    >>> digest_all([{"event": {"message": "test"}}]).hashes[0].hex()
    '9c9c3b5a627cce035d517c14c10779656e900532bf6e76a5d2c69148e45fdb8d'
    """
    found = Digests()
    templates: dict[Any, _Template] = {}
    add, quote = found.hashes.append, encode_basestring
    template, last = _Template({_EVENT: {"": ""}}), None
    for position, envelope in enumerate(envelopes):
        try:
            event = envelope[_EVENT]
            keys = (*envelope, *event)
            if keys != last:
                template = templates.get(keys) or templates.setdefault(keys, _Template(envelope))
                last = keys
            if template.signed:
                found.signed.append(position)
            pieces = template.pieces.copy()
            pieces[1::2] = *map(quote, template.event(event)), *map(quote, template.rest(envelope))
            add(sha256("".join(pieces).encode()).digest())
        except (TypeError, KeyError, AttributeError, ValueError):
            add(_general_digest(envelope, position, found))
    return found


def _general_digest(envelope: Any, position: int, found: Digests) -> bytes | None:
    if isinstance(envelope, dict):
        if position not in found.signed[-1:] and not envelope.keys().isdisjoint(_SIGNATURE_KEYS):
            found.signed.append(position)
        try:
            return sha256(canonical_forms(envelope)[0]).digest()
        except NotCanonicalError as error:
            found.faults[position] = CheckOutcome(FAIL, f"the envelope holds {error}")
    elif envelope is None:
        found.faults[position] = CheckOutcome(NONE, "no envelope")
    else:
        found.faults[position] = CheckOutcome(FAIL, "the envelope is not an object")
    return None


def check_hash(envelope: Row, claimed: Any) -> tuple[CheckOutcome, bytes | None]:
    """Return the outcome for an envelope whose hash in Python's form is not the one claimed.

    The second value is the hash in the form that matches, if one does.
    """
    if claimed is None:
        return CheckOutcome(NONE, "the event has no hash"), None
    if not isinstance(claimed, str):
        return CheckOutcome(FAIL, "the hash is not text"), None
    without_nulls = {key: value for key, value in envelope.items() if value is not None}
    for candidate in (envelope, without_nulls):
        for form in canonical_forms(candidate):
            found = sha256(form)
            if found.hexdigest() == claimed:
                return PASS, found.digest()
    return CheckOutcome(FAIL, "the envelope has another hash"), None
