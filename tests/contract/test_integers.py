"""Whole numbers have 64 bits in a browser too, where Python's `int` as a dtype has 32."""

from __future__ import annotations

import ast
from pathlib import Path

import pandakit

PACKAGE = Path(pandakit.__file__).parent
PURE = ("consolidation", "lab", "bpql", "enrichment", "events", "plots", "scale")
_PLATFORM = {"int_", "uint", "long", "ulong", "intc"}
_TAKE_A_DTYPE = {"astype", "view", "array", "asarray", "zeros", "ones", "empty", "full", "arange"}


def platform_integers(source):
    """Return the lines in which the width of whole numbers is left to the platform."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in _PLATFORM:
            found.append(node.lineno)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [each.value for each in node.keywords if each.arg == "dtype"]
            given += node.args if name in _TAKE_A_DTYPE else []
            found += [each.lineno for each in given if _is_platform_integer(each)]
    return found


def _is_platform_integer(node):
    if isinstance(node, ast.Constant):
        return node.value in {"int", "uint", "i", "l"}
    return isinstance(node, ast.Name) and node.id == "int"


def test_no_width_is_left_to_the_platform():
    """No pure package asks for "int": microseconds and counts of bytes need 64 bits."""
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for folder in PURE
        for path in (PACKAGE / folder).rglob("*.py")
        for line in platform_integers(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_each_spelling_is_found():
    """The guard sees every way to ask for the platform's integers."""
    for text in (
        "x.astype(int)",
        "x.astype('int')",
        "np.zeros(3, dtype=int)",
        "np.zeros(3, int)",
        "np.array(x, np.int_)",
        "x.view(np.long)",
        "pd.Series(x, dtype='int')",
    ):
        assert platform_integers(text) == [1], text
    for text in ("x.astype(np.int64)", "int(x)", "np.array(x)", "x.sum(axis=int(y))"):
        assert platform_integers(text) == [], text
