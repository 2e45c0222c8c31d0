"""Three signed audit events, made once with a key that is used for nothing else.

Signing needs a library that the sandbox does not use, so the signatures are kept here.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["signed_envelopes"]

_ACTOR = "release-robot@example.com"
_KEY = "JgIF+qdNgBgMydcXx8V8CtwF7DvdO6xv07gmoNu5ha8="
_PEM = f"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{_KEY}\n-----END PUBLIC KEY-----\n"
_JSON_KEY = json.dumps({"key": _PEM, "algorithm": "ED25519"})  # the newer form

# action, message, status, target, signature, public key
_SIGNED = (
    (
        "approve",
        "release 1.4.0",
        "success",
        "release-140",
        "CjgVhVWbiVGAvvFQvC3DupHgllosokiSTfMGKS3hBYkMjeIEc2P0OXh30GRehp4V4RTRtqJpnbvA7pFua+dSAg==",
        _KEY,
    ),
    (
        "approve",
        "release 1.4.1 \u2013 schöne Grüße",
        "success",
        "release-141",
        "Wa1cemaevdz2fjW+DvYPwFBFm2ugo73dSprRSIpeVWTuA4uw6yqTzy2nkV3rygQyOGYpnFlb/wfJ7q3aXNOfDw==",
        _JSON_KEY,
    ),
    (
        "reject",
        "release 1.5.0",
        "failure",
        "release-150",
        "lQe6yAJAOQQbaPqDCGCvnKzXOyp86s8nywqF7+kfHG/K9Ej3eOS5RWr938QTvP7Fk4p4dsBUtHhhlgIiIfOYDA==",
        _JSON_KEY,
    ),
)


def signed_envelopes() -> list[dict[str, Any]]:
    """Return envelopes without `received_at`: event, signature and public key."""
    return [
        {
            "event": {
                "actor": _ACTOR,
                "action": action,
                "message": message,
                "status": status,
                "target": target,
            },
            "signature": signature,
            "public_key": key,
        }
        for action, message, status, target, signature, key in _SIGNED
    ]
