"""Data models: common names for the fields of a log type, as a path or a function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pandakit.detections._run.modules import BrokenHelperError, describe, new_module

__all__ = ["DataModels"]

_PLAIN_PATH = re.compile(r"(?:\$\.)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class DataModels:
    """The enabled data models, by log type.

    Parameters
    ----------
    rows
        Data models as dicts: `id`, `body`, `enabled`, `log_types`, `mappings`.

    Attributes
    ----------
    broken
        Why a data model could not be used, since it was last cleared.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._by_log_type: dict[str, dict[str, Any]] = {}
        for row in rows:
            if row.get("enabled") is not False:
                for log_type in row.get("log_types") or []:
                    self._by_log_type.setdefault(log_type, row)
        self._modules: dict[str, Any] = {}
        self._parsed: dict[str, Any] = {}
        self.broken: list[str] = []

    def __call__(self, event: Any, name: str) -> tuple[bool, Any]:
        """Return whether the event's data model has a common name, and its value."""
        mapping, row = self._mapping(event, name)
        if mapping is None or row is None:
            return False, None
        try:
            if mapping.get("method"):
                return True, getattr(self._module(row), mapping["method"])(event)
            return True, self._at_path(event, mapping["path"])
        except Exception as error:
            reason = f"the data model {row.get('id')!r} cannot evaluate {name!r}: {describe(error)}"
            self.broken.append(reason)
            raise BrokenHelperError(reason) from error

    def path_of(self, event: Any, name: str) -> Any:
        """Return the path of a common name, or `None`."""
        mapping, _ = self._mapping(event, name)
        return None if mapping is None else mapping.get("path")

    def _mapping(self, event: Any, name: str) -> tuple[Any, Any]:
        row = self._by_log_type.get(event.get("p_log_type"))
        mappings = [] if row is None else row.get("mappings") or []
        return next((each for each in mappings if each.get("name") == name), None), row

    def _module(self, row: dict[str, Any]) -> Any:
        key = row["id"]
        if key not in self._modules:
            self._modules[key] = new_module(f"data model {key}", row.get("body") or "")
        return self._modules[key]

    def _at_path(self, event: Any, path: str) -> Any:
        if _PLAIN_PATH.fullmatch(path):
            value: Any = event
            for part in path.removeprefix("$.").split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            return value
        found = self._json_path(path).find(event.to_dict())
        return found[0].value if found else None

    def _json_path(self, path: str) -> Any:
        if path not in self._parsed:
            try:
                from jsonpath_ng.parser import parse  # noqa: PLC0415 - an extra
            except ImportError as error:
                raise ImportError(
                    'this path needs jsonpath-ng: pip install "pandakit[detections]"'
                ) from error
            self._parsed[path] = parse(path)
        return self._parsed[path]
