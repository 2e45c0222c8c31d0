"""Write tests/contract/public_signatures.txt: one line for each public name, sorted."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandakit

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = Path(__file__).parent.parent / "tests" / "contract" / "public_signatures.txt"


def signatures() -> list[str]:
    """Return the lines of every public name that can be imported here, sorted."""
    found: set[str] = set()
    for name in pandakit.__all__:
        try:
            value = getattr(pandakit, name)
        except ImportError:  # its extra is not installed
            continue
        found.update(described(f"pandakit.{name}", value))
    return sorted(found)


def described(name: str, value: Any) -> Iterator[str]:
    """Yield the lines of one name: a module's names, a class and its members, or a function."""
    if inspect.ismodule(value):
        for each in set(value.__all__) - set(pandakit.__all__):
            yield from described(f"{name}.{each}", getattr(value, each))
    elif inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__)
        yield f"{name}{signature(value)} [{bases}]"
        for each in dir(value):
            if not each.startswith("_") and is_ours(value, each):
                yield from member(f"{name}.{each}", inspect.getattr_static(value, each))
    else:
        yield name + (signature(value) if callable(value) else f" = {value!r}")


def is_ours(kind: type, name: str) -> bool:
    """Return whether pandakit defines the member, and no other public class lists it already."""
    owner = next(base for base in kind.__mro__ if name in vars(base))
    listed = owner is not kind and owner.__name__ in pandakit.__all__
    return owner.__module__.startswith("pandakit") and not listed


def member(name: str, value: Any) -> Iterator[str]:
    """Yield the line of a method or an attribute."""
    plain = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    yield name + (signature(plain) if inspect.isfunction(plain) else "")


def signature(value: Any) -> str:
    """Return the signature as text, or nothing where Python knows none."""
    try:
        return str(inspect.signature(value))
    except ValueError:
        return ""


if __name__ == "__main__":
    lines = signatures()
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {len(lines)} signatures to {TARGET}")
