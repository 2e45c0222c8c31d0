"""The tokens that the tests use, and how each of them would look where it leaked.

Every token of the tests stands here, since the last step of a run searches for all of them
(`tests/sweep.py`); a client that is given any other one fails the run.
"""

from __future__ import annotations

import base64
from urllib.parse import quote

# In no other text; the tokens have it, so that a piece of one is found too.
MARK = "7f3aCANARY9c"

CANARY = f"tok/en+{MARK}=x"  # with what URLs and JSON write in another way
PANTHER = f"panther-{MARK}"
BIGPANDA_USER = f"user-{MARK}"
BIGPANDA_ORG = f"org-{MARK}"
PANGEA = f"pts_{MARK}"
FRESH = f"fresh-{MARK}"
WRONG = f"wrong-{MARK}"
PASSWORD = f"pass{MARK}"

LITERAL = ("canary-token", "a${HOME}b", "secret-user-key")  # written out where they are used
# How the query of an address begins that the sandbox signs: the same for everybody, no secret.
PRESIGNED = "signature=sandbox"
# How the tokens begin that a sandbox draws, whatever its seed is.
SANDBOX = ("sandbox-panther-", "BPUsandbox", "sandboxorg", "pts_sandbox")


def forms(text: str) -> frozenset[bytes]:
    """
    Give the bytes to search for: plain, as in a URL or in JSON, as UTF-16 and as hexadecimal
    digits, and what base64 makes of it wherever it stands in what was encoded (`Bearer x`).
    """
    plain = text.encode()
    written = {plain, quote(text).encode(), quote(text, safe="").encode()}
    written |= {text.replace("/", "\\/").encode(), text.encode("utf-16-le"), plain.hex().encode()}
    for shift in range(3):
        # The outermost characters depend on what stands before and after.
        whole = base64.b64encode(b"\0" * shift + plain)
        before, after = (0, 2, 3)[shift], (0, 3, 2)[(shift + len(plain)) % 3]
        core = whole[before : len(whole) - after]
        written |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return frozenset(written)


_SEARCHED = frozenset().union(*map(forms, (MARK, *LITERAL, *SANDBOX)))


def holds_token(data: bytes) -> bool:
    """Say whether a token of the tests, or the marked piece of one, stands in the bytes."""
    return any(form in data for form in _SEARCHED)


def is_known(token: str) -> bool:
    """Say whether a token is one that is searched for."""
    return MARK in token or token in LITERAL or token.startswith((*SANDBOX, PRESIGNED))
