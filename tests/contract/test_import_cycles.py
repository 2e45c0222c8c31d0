"""Modules can be read one after the other: none imports, even indirectly, one that imports it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pandakit

PACKAGE = Path(pandakit.__file__).parent


def module_name(path: Path, root: Path = PACKAGE) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module) -> set[str]:
    """Return every name that a module imports, anywhere in it, for type checkers or not."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def graph(root: Path = PACKAGE) -> dict[str, set[str]]:
    """Return for each module those of the package that it imports.

    The face of the package, which loads everything on first use, is left out.
    """
    trees = {
        module_name(path, root): ast.parse(path.read_text(encoding="utf-8"))
        for path in root.rglob("*.py")
    }
    del trees[root.name]
    imports = {name: imported(tree) & trees.keys() for name, tree in trees.items()}
    # `from package import module` names the package as well, but only needs the module.
    return {
        name: {one for one in found if not any(other.startswith(f"{one}.") for other in found)}
        - {name}
        for name, found in imports.items()
    }


def test_no_module_imports_itself_in_a_roundabout_way():
    """There is no cycle of imports, those for type checkers included."""
    TopologicalSorter(graph()).prepare()


@pytest.mark.parametrize("late", ["import {0}", "if TYPE_CHECKING:\n    from {0} import a"])
def test_a_cycle_is_found(tmp_path, late):
    """Two modules that import each other are found, also when one does so for its types."""
    root = tmp_path / "house"
    root.mkdir()
    for name, text in (("__init__", ""), ("a", "import house.b"), ("b", late.format("house.a"))):
        (root / f"{name}.py").write_text(text, encoding="utf-8")
    with pytest.raises(CycleError):
        TopologicalSorter(graph(root)).prepare()
