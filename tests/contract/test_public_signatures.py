"""The public names and their signatures change only on purpose."""

import importlib.util
from pathlib import Path

import pandakit as pk

ROOT = Path(__file__).parents[2]


def script():
    """Load the script that writes the list."""
    path = ROOT / "scripts" / "public_signatures.py"
    spec = importlib.util.spec_from_file_location("public_signatures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_installed(name):
    """Return whether the extra of a public name is there."""
    try:
        getattr(pk, name)
    except ImportError:
        return False
    return True


def test_the_list_of_signatures_is_fresh():
    """public_signatures.txt is what the code says; `make signatures` writes it after a change.

    Review the diff: each changed line needs an entry in CHANGELOG.md.
    """
    written = (ROOT / "tests/contract/public_signatures.txt").read_text(encoding="utf-8")
    lines = written.splitlines()
    assert lines == sorted(lines)
    there = {name for name in pk.__all__ if is_installed(name)}
    expected = [line for line in lines if line.split(".")[1].split("(")[0].split()[0] in there]
    assert script().signatures() == expected
