"""One detection on one event: what its functions return, and what that means.

Source: "Writing Python detections", "Detection functions", "Testing".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pandakit.detections._run.events import Event, LookupMissingError
from pandakit.detections._run.modules import BrokenHelperError, describe, new_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from pandakit.detections._run.models import DataModels

__all__ = ["FUNCTIONS", "Detection", "FunctionResult"]

FUNCTIONS = (
    "title",
    "dedup",
    "severity",
    "description",
    "reference",
    "runbook",
    "destinations",
    "alert_context",
    "unique",
)
_MAIN = {"rules": "rule", "scheduled_rules": "rule", "policies": "policy"}
_SEVERITIES = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_LONGEST = 1_000
_CUT = "... (truncated)"
# What a function returned, and its error.
FunctionResult = tuple[Any, str | None]


class Detection:
    """A rule, scheduled rule or policy that has been loaded.

    Parameters
    ----------
    row
        `kind`, `id`, `severity`, `body`.
    models
        The data models; only rules have one.
    """

    def __init__(self, row: Mapping[str, Any], models: DataModels) -> None:
        self.id = row["id"]
        self.kind = row["kind"]
        self._severity = row.get("severity")
        self._models = models if self.kind == "rules" else None
        self._module: ModuleType = new_module(f"detection {self.id}", row.get("body") or "")
        self._main = getattr(self._module, _MAIN[self.kind], None)
        if self._main is None and self.kind != "scheduled_rules":
            raise BrokenHelperError(f"the body has no function {_MAIN[self.kind]}")

    def event(self, data: dict[str, Any]) -> Any:
        """Return an event as the detection sees it: policies get a plain dict."""
        return data if self.kind == "policies" else Event(data, self._models)

    def main(self, event: Any) -> FunctionResult:
        """Return whether the main function triggers an alert."""
        if self._main is None:  # a scheduled rule without `rule` matches every row
            return True, None
        output, error = _called(self._main, event, _boolean)
        if error is not None:
            return None, error
        return output is not (self.kind == "policies"), None

    def optional(self, event: Any) -> dict[str, FunctionResult]:
        """Return the outcome of each optional function that the detection has."""
        return {
            name: _called(function, event, _CHECKS[name])
            for name in FUNCTIONS
            if callable(function := getattr(self._module, name, None))
        }

    def severity_of(self, outcome: FunctionResult | None) -> Any:
        """Return the severity of an alert; the detection's own if the function failed."""
        output, error = outcome or (None, "")
        return self._severity if error is not None or output == "DEFAULT" else output

    def dedup_of(self, outcomes: dict[str, FunctionResult]) -> str:
        """Return the deduplication string of a match."""
        name = "dedup" if "dedup" in outcomes else "title"
        output, error = outcomes.get(name, (None, None))
        text = str(output) if error is None and output else ""
        return text or f"defaultDedupString:{self.id}"

    @contextmanager
    def mocked(self, mocks: Sequence[Mapping[str, Any]]) -> Iterator[None]:
        """Replace names of the detection's module while a test runs."""
        before = dict(vars(self._module))
        try:
            for mock in mocks:
                name = str(mock.get("objectName"))
                if name not in before:
                    raise NameError(f"the mocked name {name!r} is not in the body")
                vars(self._module)[name] = _returning(mock.get("returnValue"))
            yield
        finally:
            vars(self._module).clear()
            vars(self._module).update(before)


def _returning(value: Any) -> Callable[..., Any]:
    return lambda *_args, **_kwargs: value


def _called(
    function: Callable[[Any], Any], event: Any, check: Callable[[Any], Any]
) -> FunctionResult:
    try:
        return check(function(event)), None
    except MemoryError:
        raise
    except (BrokenHelperError, LookupMissingError) as error:
        return None, str(error)
    except BaseException as error:  # noqa: BLE001 - even SystemExit fails only this test
        return None, describe(error)


def _boolean(output: Any) -> bool:
    if not isinstance(output, bool):
        raise TypeError(f"returned {type(output).__name__}; must be a bool")
    return output


def _text(output: Any) -> str:
    if not isinstance(output, str):
        raise TypeError(f"returned {type(output).__name__}; must be text")
    return output if len(output) <= _LONGEST else output[: _LONGEST - len(_CUT)] + _CUT


def _severity(output: Any) -> str:
    text = _text(output).upper()
    if text not in (*_SEVERITIES, "DEFAULT"):
        raise ValueError(f"returned {text!r}; must be one of {', '.join(_SEVERITIES)}, DEFAULT")
    return text


def _destinations(output: Any) -> list[str]:
    if not isinstance(output, Sequence) or isinstance(output, str):
        raise TypeError(f"returned {type(output).__name__}; must be a list of text")
    if wrong := [item for item in output if not isinstance(item, str)]:
        raise TypeError(f"returned a list with {type(wrong[0]).__name__}; must be a list of text")
    return list(output)


def _context(output: Any) -> Any:
    if not isinstance(output, Mapping):
        raise TypeError(f"returned {type(output).__name__}; must be a map")
    return json.loads(json.dumps(output, default=_plain, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is not JSON")


_CHECKS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(FUNCTIONS, _text),
    "severity": _severity,
    "destinations": _destinations,
    "alert_context": _context,
}
