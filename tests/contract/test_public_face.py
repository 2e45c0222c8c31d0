"""What `import pandakit` gives, and what it costs."""

import ast
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import pandakit as pk

HEAVY = ("matplotlib", "ipywidgets", "IPython", "numba", "werkzeug", "cryptography", "requests")
MOST_DISTRIBUTIONS = 18


def loaded_after(code):
    """Run code in a fresh process and give the modules that are loaded then."""
    script = f"{code}\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", pk.__all__)
def test_every_public_name_exists_and_is_documented(name):
    """Each name in `__all__` says what it is, or which extra it needs."""
    try:
        value = getattr(pk, name)
    except ImportError as error:
        assert f"pandakit[{name}]" in str(error)  # noqa: PT017 - only where an extra is missing
        return
    if callable(value) or hasattr(value, "__path__"):
        assert (value.__doc__ or "").strip()


def test_all_is_sorted_and_is_what_dir_shows():
    """The list of public names is in order and is the list that completion offers."""
    assert pk.__all__ == sorted(pk.__all__)
    assert set(pk.__all__) < set(dir(pk))


def test_no_module_takes_the_place_of_a_public_name():
    """Importing every module of the top floor leaves each public name what it was."""
    folder = Path(pk.__file__).parent
    modules = {path.stem for path in folder.iterdir()} - {"__init__", "__main__"}
    functions = {name for name, home in pk._HOMES.items() if home is not None}
    assert not functions & modules


def test_what_type_checkers_see_is_what_is_there():
    """The names imported for type checkers are the names that load on first use."""
    (block,) = [
        node
        for node in ast.parse(Path(pk.__file__).read_text()).body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    seen = [alias.asname for node in block.body for alias in node.names]
    assert sorted(seen) == pk.__all__


def test_a_name_that_does_not_exist_is_an_attribute_error():
    """A name that no finished work provides is an AttributeError, not a stub."""
    with pytest.raises(AttributeError, match="consolidat0r"):
        _ = pk.consolidat0r


def test_import_loads_nothing_heavy():
    """`import pandakit` loads no plotting, widget, compiler, server or HTTP library."""
    loaded = loaded_after("import pandakit")
    assert not loaded.intersection(HEAVY)


def test_the_core_installs_few_distributions():
    """A core install brings at most 18 distributions besides pandakit."""
    found, waiting = set(), ["pandakit"]
    while waiting:
        for line in distribution(waiting.pop()).requires or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and name not in found:
                found.add(name)
                waiting.append(name)
    assert len(found) <= MOST_DISTRIBUTIONS, sorted(found)


def test_no_network_library_is_needed_to_simulate():
    """The pure rooms load neither requests nor the adapters."""
    loaded = loaded_after("import pandakit as pk; pk.consolidate; pk.Bpql; pk.validate_enrichment")
    assert not {"requests", "pandakit.transport", "pandakit.bigpanda"} & loaded
