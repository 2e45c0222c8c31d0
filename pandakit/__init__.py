"""Panther, BigPanda and Pangea in pandas.

Loaders give complete frames, `consolidate` simulates BigPanda's alert consolidation, and
enrichment tables are validated before they are uploaded. Submodules load on first use.

>>> import pandakit as pk
>>> pk.CLASSIC.patterns[0].name
'primary'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandakit.errors import *  # noqa: F403

# name -> the module that defines it; None marks a submodule
_HOMES: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "AuthenticationError",
            "BpqlSyntaxError",
            "ConflictError",
            "EnrichmentError",
            "EventError",
            "GoneError",
            "InvalidRequestError",
            "JobFailedError",
            "JobTimeoutError",
            "NotFoundError",
            "OutcomeUnknownError",
            "PaginationError",
            "PandakitError",
            "PartialWarning",
            "PermissionDeniedError",
            "ProtocolError",
            "RateLimitError",
            "ServerError",
            "SettingsError",
            "TransportError",
            "TruncatedWarning",
        ),
        "pandakit.errors",
    ),
    "Bpql": "pandakit.bpql",
    **dict.fromkeys(
        (
            "CLASSIC",
            "CURRENT",
            "Consolidation",
            "Consolidator",
            "Explanation",
            "Pattern",
            "Policy",
            "consolidate",
            "events_from_alarms",
            "sweep",
        ),
        "pandakit.consolidation",
    ),
    **dict.fromkeys(
        (
            "AppliedEnrichment",
            "CsvFile",
            "EnrichmentSchema",
            "ValidationReport",
            "apply_enrichment",
            "compare_tables",
            "validate_enrichment",
            "write_enrichment_csv",
        ),
        "pandakit.enrichment",
    ),
    "BigPanda": "pandakit.bigpanda",
    "Panther": "pandakit.panther",
    "Pangea": "pandakit.pangea",
    "connect": "pandakit.connect",
    "load": "pandakit.snapshot",
    "bigpanda": None,
    "pangea": None,
    "panther": None,
    "plots": None,
    "sandbox": None,
    "save": "pandakit.snapshot",
    "show_settings": "pandakit.settings",
    "widgets": None,
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("pandakit")
    if name not in _HOMES:
        raise AttributeError(f"module 'pandakit' has no attribute {name!r}")
    home = _HOMES[name]
    value = (
        import_module(f"pandakit.{name}") if home is None else getattr(import_module(home), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
