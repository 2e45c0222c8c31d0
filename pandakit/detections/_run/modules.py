"""What detections import: helpers of the frame, and stand-ins for modules of the service."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pandakit.detections._run.events import Event, ImmutableCaseInsensitiveDict, ImmutableList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec

__all__ = ["BrokenHelperError", "Cache", "Helpers", "describe", "install_stand_ins", "new_module"]


class BrokenHelperError(Exception):
    """A helper or data model that cannot be loaded; not an ImportError, which rules may catch."""


def describe(error: BaseException) -> str:
    """Return the type and the text of an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def new_module(name: str, body: str, before: Mapping[str, Any] | None = None) -> ModuleType:
    """Return a module that has run a body."""
    module = ModuleType(name)
    module.__dict__.update(before or {})
    exec(compile(body.removeprefix("\ufeff"), f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - the purpose of this process
    return module


class Helpers(MetaPathFinder, Loader):
    """Finds globals by their id, before installed modules of the same name.

    Parameters
    ----------
    bodies
        Id to Python source.

    Attributes
    ----------
    broken
        Why helpers could not be loaded, since it was last cleared.
    """

    def __init__(self, bodies: Mapping[str, str]) -> None:
        self._bodies = {
            name: body for name, body in bodies.items() if name not in sys.stdlib_module_names
        }
        self.broken: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the import spec of a helper."""
        del path, target
        return spec_from_loader(fullname, self) if fullname in self._bodies else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the body of a helper."""
        name = module.__name__
        try:
            code = compile(self._bodies[name].removeprefix("\ufeff"), f"<{name}>", "exec")
            exec(code, module.__dict__)  # noqa: S102 - the purpose of this process
        except BrokenHelperError:
            raise
        except Exception as error:
            reason = f"the helper {name!r} cannot be loaded: {describe(error)}"
            self.broken.append(reason)
            raise BrokenHelperError(reason) from error


class Cache:
    """Stands in for the service's key-value store; empty at the start of each test."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()

    def functions(self) -> dict[str, Any]:
        """Return the functions of the service's module by name."""
        names = [name for name in dir(type(self)) if not name.startswith("_")]
        return {name: getattr(self, name) for name in names if name not in {"clear", "functions"}}

    def get_string_set(self, key: str, force_ttl_check: bool = False) -> set[str]:  # noqa: FBT001, FBT002 - the service's
        del force_ttl_check
        return set(self._values.get(key, ()))

    def put_string_set(self, key: str, val: Any, epoch_seconds: Any = None) -> None:
        del epoch_seconds
        self._values[key] = set(val)

    def add_to_string_set(self, key: str, val: Any, epoch_seconds: Any = None) -> set[str]:
        del epoch_seconds
        added = {val} if isinstance(val, str) else set(val)
        self._values[key] = set(self._values.get(key, ())) | added
        return set(self._values[key])

    def remove_from_string_set(self, key: str, val: Any) -> set[str]:
        removed = {val} if isinstance(val, str) else set(val)
        self._values[key] = set(self._values.get(key, ())) - removed
        return set(self._values[key])

    def get_dictionary(self, key: str, force_ttl_check: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
        del force_ttl_check
        return dict(self._values.get(key, {}))

    def put_dictionary(self, key: str, val: Any, epoch_seconds: Any = None) -> None:
        del epoch_seconds
        self._values[key] = dict(val)

    def get_counter(self, key: str, force_ttl_check: bool = False) -> int:  # noqa: FBT001, FBT002
        del force_ttl_check
        return int(self._values.get(key, 0))

    def increment_counter(self, key: str, val: int = 1, epoch_seconds: Any = None) -> int:
        del epoch_seconds
        self._values[key] = int(self._values.get(key, 0)) + val
        return int(self._values[key])

    def reset_counter(self, key: str) -> None:
        self._values[key] = 0

    def set_key_expiration(self, key: str, epoch_seconds: Any) -> None:
        del key, epoch_seconds

    def evaluate_threshold(self, key: str, threshold: int = 10, expiry_seconds: int = 3600) -> bool:
        del expiry_seconds
        reached = self.increment_counter(key) >= threshold
        if reached:
            self.reset_counter(key)
        return reached


def install_stand_ins(cache: Cache) -> None:
    """Make the names that rules import from the service's runtime importable."""
    immutable = {
        "ImmutableList": ImmutableList,
        "ImmutableDict": ImmutableCaseInsensitiveDict,
        "ImmutableCaseInsensitiveDict": ImmutableCaseInsensitiveDict,
    }
    modules: dict[str, dict[str, Any]] = {
        "panther_core": {"PantherEvent": Event},
        "panther_core.enriched_event": {"PantherEvent": Event},
        "panther_core.immutable": immutable,
        "panther_detection_helpers": {},
        "panther_detection_helpers.caching": cache.functions(),
    }
    for name, members in modules.items():
        module = ModuleType(name)
        module.__path__ = []
        module.__dict__.update(members)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
