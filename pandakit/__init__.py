"""Panther, BigPanda and Pangea in pandas.

Loaders return complete frames, `consolidate` simulates BigPanda's alert consolidation, and
enrichment tables are validated before they are uploaded. Submodules load on first use.

>>> import pandakit as pk
>>> pk.CLASSIC.patterns[0].name
'primary'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pandakit.errors import __all__ as _names_of_errors

if TYPE_CHECKING:
    from pandakit import (
        bigpanda as bigpanda,
        detections as detections,
        pangea as pangea,
        panther as panther,
        plots as plots,
        sandbox as sandbox,
        widgets as widgets,
    )
    from pandakit.bigpanda import BigPanda as BigPanda
    from pandakit.bpql import Bpql as Bpql
    from pandakit.connection import connect as connect
    from pandakit.consolidation import (
        CLASSIC as CLASSIC,
        CURRENT as CURRENT,
        Consolidation as Consolidation,
        Consolidator as Consolidator,
        Explanation as Explanation,
        Pattern as Pattern,
        Policy as Policy,
        consolidate as consolidate,
        events_from_alarms as events_from_alarms,
    )
    from pandakit.enrichment import (
        AppliedEnrichment as AppliedEnrichment,
        CsvFile as CsvFile,
        EnrichmentSchema as EnrichmentSchema,
        TablePreview as TablePreview,
        ValidationReport as ValidationReport,
        apply_enrichment as apply_enrichment,
        diff_enrichment as diff_enrichment,
        preview_enrichment as preview_enrichment,
        validate_enrichment as validate_enrichment,
        write_enrichment_csv as write_enrichment_csv,
    )
    from pandakit.errors import (
        AuthenticationError as AuthenticationError,
        BpqlSyntaxError as BpqlSyntaxError,
        CellWarning as CellWarning,
        ConflictError as ConflictError,
        DefaultWindowWarning as DefaultWindowWarning,
        EnrichmentError as EnrichmentError,
        EventError as EventError,
        GoneError as GoneError,
        InvalidRequestError as InvalidRequestError,
        JobFailedError as JobFailedError,
        JobTimeoutError as JobTimeoutError,
        NotFoundError as NotFoundError,
        OutcomeUnknownError as OutcomeUnknownError,
        PaginationError as PaginationError,
        PandakitError as PandakitError,
        PandakitWarning as PandakitWarning,
        PartialWarning as PartialWarning,
        PermissionDeniedError as PermissionDeniedError,
        ProtocolError as ProtocolError,
        RateLimitError as RateLimitError,
        RejectedEventsWarning as RejectedEventsWarning,
        ServerError as ServerError,
        ServiceWarning as ServiceWarning,
        SettingsError as SettingsError,
        StoreWarning as StoreWarning,
        TransportError as TransportError,
        TruncatedWarning as TruncatedWarning,
        UnknownFieldWarning as UnknownFieldWarning,
    )
    from pandakit.events import read_events as read_events
    from pandakit.lab import (
        Agreement as Agreement,
        Calibration as Calibration,
        Diff as Diff,
        SmallestWindow as SmallestWindow,
        agreement as agreement,
        calibrate as calibrate,
        diff as diff,
        sensitivity as sensitivity,
        smallest_window as smallest_window,
        suggest_patterns as suggest_patterns,
        sweep as sweep,
    )
    from pandakit.pangea import Pangea as Pangea
    from pandakit.panther import Panther as Panther
    from pandakit.scale import consolidate_dataset as consolidate_dataset
    from pandakit.settings import show_settings as show_settings
    from pandakit.snapshot import load as load, save as save

# name -> the module that defines it; None marks a submodule
_HOMES: dict[str, str | None] = {
    **dict.fromkeys((name for name in _names_of_errors if name[0].isupper()), "pandakit.errors"),
    "BigPanda": "pandakit.bigpanda",
    "Bpql": "pandakit.bpql",
    "connect": "pandakit.connection",
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
        ),
        "pandakit.consolidation",
    ),
    **dict.fromkeys(
        (
            "AppliedEnrichment",
            "CsvFile",
            "EnrichmentSchema",
            "TablePreview",
            "ValidationReport",
            "apply_enrichment",
            "diff_enrichment",
            "preview_enrichment",
            "validate_enrichment",
            "write_enrichment_csv",
        ),
        "pandakit.enrichment",
    ),
    "consolidate_dataset": "pandakit.scale",
    "read_events": "pandakit.events",
    **dict.fromkeys(
        (
            "Agreement",
            "Calibration",
            "Diff",
            "SmallestWindow",
            "agreement",
            "calibrate",
            "diff",
            "sensitivity",
            "smallest_window",
            "suggest_patterns",
            "sweep",
        ),
        "pandakit.lab",
    ),
    "Pangea": "pandakit.pangea",
    "Panther": "pandakit.panther",
    "show_settings": "pandakit.settings",
    **dict.fromkeys(("load", "save"), "pandakit.snapshot"),
    **dict.fromkeys(
        ("bigpanda", "detections", "pangea", "panther", "plots", "sandbox", "widgets"), None
    ),
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
